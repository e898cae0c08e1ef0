//! The checker itself, on sources made up for it: a check that cannot fail is worth nothing.

use super::checker::{check, crates, lengths};
use super::source::{paths, tokens};

/// What one file breaks, as `line: rule`.
fn broken(file: &str, source: &str) -> Vec<String> {
    check(file, source).iter().map(|broken| format!("{}: {}", broken.line, broken.rule)).collect()
}

#[track_caller]
fn fails(file: &str, source: &str, expected: &[&str]) {
    let found = broken(file, source);
    assert_eq!(found.len(), expected.len(), "{file}: {found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{file}: {found:?} does not say {expected:?}");
    }
}

#[track_caller]
fn passes(file: &str, source: &str) {
    assert_eq!(broken(file, source), Vec::<String>::new(), "{file}");
}

#[test]
fn an_import_upwards_is_found_however_it_is_written() {
    let up = "`live` imports `proxy` above it";
    for source in [
        "use crate::proxy::Context;",
        "pub use crate::proxy;",
        "use crate::{metrics::Metrics, proxy::Context as Other};",
        "fn f() { crate::proxy::run::<u8>(); }",
        "fn f(_: &dyn crate::proxy::Act) {}",
        "use super::proxy::Context;",
        "#[cfg(test)] mod tests { use super::super::proxy; }",
        "macro_rules! m { () => { $crate::proxy::x() } }",
        "use {crate::proxy};",
        "use ::standin::proxy;",
    ] {
        fails("src/live/mod.rs", source, &[up]);
    }
    fails("src/live/resolve.rs", "use super::super::proxy::Context;", &[up]);
}

#[test]
fn the_line_of_a_find_is_its_own() {
    let source = "//! Head.\n\nuse crate::{\n    metrics::Metrics,\n    proxy::{\n        Context,\n        Hooks,\n    },\n};\n/* one\ntwo */ use crate::app::App;";
    fails(
        "src/reload/mod.rs",
        source,
        &["6: `reload` imports `proxy`", "7: `reload` imports `proxy`", "11: `reload` imports `app`"],
    );
}

#[test]
fn neighbours_do_not_meet() {
    fails("src/proxy/view.rs", "use crate::ops::Ops;", &["`proxy` imports its neighbour `ops`"]);
    fails("src/admin/mod.rs", "use crate::proxy::Hooks;", &["its neighbour `proxy`"]);
    fails("src/stubs/table.rs", "use crate::metrics::Metrics;", &["its neighbour `metrics`"]);
}

#[test]
fn a_room_without_a_place_in_the_table_is_found() {
    fails("src/helpers.rs", "", &["1: the room `helpers` has no place"]);
    fails("src/app.rs", "use crate::helpers::x;", &["1: `app` imports `helpers`, which is no room"]);
    fails("src/app.rs", "use crate::*;", &["`*`, which is no room"]);
}

#[test]
fn what_points_down_or_stays_inside_passes() {
    passes("src/app.rs", "use crate::{admin, live::{Live, resolve}, words::Reason};\nuse std::net::SocketAddr;");
    passes("src/live/mod.rs", "mod tests { use super::*; use super::resolve; mod deep { use super::super::Live; } }");
    passes("src/live/resolve.rs", "use super::{Live, UpstreamState};\nuse self::inner::X;\nuse crate::live::Live;");
    passes("src/stubs/matcher/tests.rs", "use super::super::json;");
    passes("src/main.rs", "fn main() -> ExitCode { standin::cli::run() }");
}

#[test]
fn comments_text_and_lookalikes_are_not_code() {
    passes(
        "src/words.rs",
        r####"
// use crate::proxy::Hooks;
/// [`x`](crate::app::App)
/* use crate::app; /* static NESTED: u8 = 0; */ run_forever */
const A: &str = "use crate::app::App; \" static X"; const B: &[u8] = b"crate::app::x";
const C: &str = r#"crate::app::x "quoted" static Y"#; const D: char = '"'; const E: char = '\'';
fn f<'a>(x: &'a str, y: &'static str) -> char { let _ = 'x'; 'static_: loop { break 'static_; } '/' }
"####,
    );
}

#[test]
fn text_that_looks_open_does_not_hide_what_follows() {
    for before in [
        "const A: char = '\"';",
        "const A: &[u8] = b\"\\\\\";",
        "const A: &str = r\"\\\";",
        "fn f<'a>() {}",
        "const A: u8 = b'\\'';",
    ] {
        fails("src/words.rs", &format!("{before}\nuse crate::app::App;"), &["2: `words` imports `app`"]);
    }
}

#[test]
fn a_crate_away_from_home_is_found() {
    for (file, source, name) in [
        ("src/config/mod.rs", "let t: toml::Table = x;", "toml"),
        ("src/proxy/mod.rs", "use arc_swap::ArcSwap;", "arc_swap"),
        ("src/proxy/mod.rs", "use {prometheus::IntCounter};", "prometheus"),
        ("src/app.rs", "fn f(routes: axum::Router) {}", "axum"),
        ("src/cli/run.rs", "use axum::Json;", "axum"),
        ("src/ops.rs", "use pingora::prelude::*;", "pingora"),
        ("src/app.rs", "use clap::Parser;", "clap"),
        ("src/live/mod.rs", "use notify::Watcher as _;", "notify"),
    ] {
        fails(file, source, &[&format!("the crate `{name}` is named in")]);
    }
    passes("src/cli/demo.rs", "use axum::Json;");
    passes("src/reload/watch.rs", "use notify::Watcher as _;");
    assert_eq!(crates("src/x.rs", "use toml::Spanned; use std::fmt; fn f() { clap::x() }"), ["toml", "clap"]);
}

#[test]
fn state_in_a_static_is_found() {
    fails("src/proxy/mod.rs", "static COUNT: AtomicU64 = AtomicU64::new(0);", &["1: the static `COUNT`"]);
    fails("src/proxy/mod.rs", "fn f() {\n pub(crate) static mut X: u8 = 0; }", &["2: the static `X`"]);
    fails(
        "src/proxy/mod.rs",
        "thread_local! { static X: Cell<u8> = const { Cell::new(0) }; }",
        &["thread-local", "the static `X`"],
    );
    fails("src/app.rs", "static ALLOCATOR: M = M;", &["the static `ALLOCATOR`"]);
    passes("src/main.rs", "static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;");
}

#[test]
fn the_server_of_the_engine_is_found() {
    fails("src/app.rs", "use pingora::server::Server;", &["`Server` is not used"]);
    fails("src/app.rs", "let s = pingora::prelude::Server::new(None);", &["`Server` is not used"]);
    fails("src/app.rs", "server.run_forever();", &["`Server::run*` is never called"]);
    passes("src/app.rs", "use pingora::server::Fds;");
}

#[test]
fn a_core_with_a_clock_or_a_socket_is_found() {
    for source in [
        "use std::time::{Duration, Instant};",
        "let now = std::time::SystemTime::now();",
        "use std::{fs, fmt};",
        "use std::net::TcpStream;",
        "use tokio::time::sleep;",
    ] {
        fails("src/stubs/delay.rs", source, &["in the pure core"]);
    }
    fails("src/stubs/delay.rs", "use tracing::info;", &["its home is", "in the pure core"]);
    passes("src/stubs/delay.rs", "use std::time::Duration;\nuse std::net::IpAddr;");
    passes("src/live/mod.rs", "use std::time::Instant;");
}

#[test]
fn long_files_and_idle_exceptions_are_found() {
    let files = [("src/a.rs".to_owned(), 301), ("src/b.rs".to_owned(), 300), ("src/c.rs".to_owned(), 500)];
    let found = |exceptions: &[(&str, usize)]| -> Vec<String> {
        lengths(&files, exceptions).iter().map(ToString::to_string).collect()
    };
    assert_eq!(found(&[("src/a.rs", 301), ("src/c.rs", 500)]), Vec::<String>::new());
    assert_eq!(found(&[("src/c.rs", 500)]), ["src/a.rs:301: 301 lines, 300 are allowed"]);
    assert_eq!(found(&[("src/a.rs", 301), ("src/c.rs", 400)]), ["src/c.rs:401: 500 lines, 400 are allowed"]);
    let idle = found(&[("src/a.rs", 301), ("src/c.rs", 500), ("src/b.rs", 400), ("src/gone.rs", 400)]);
    assert_eq!(idle.len(), 2, "{idle:?}");
    assert!(
        idle[0].contains("src/b.rs is not too long") && idle[1].contains("src/gone.rs is not too long"),
        "{idle:?}"
    );
}

#[test]
fn use_trees_unfold() {
    let named = paths(&tokens(
        "use a::{b::{self, c as d}, e::*, f};\nimpl X { fn g() -> impl Y + use<'a> { h::i::<j::k>() } }",
    ));
    let found: Vec<String> = named.iter().map(|named| named.path.join("::")).collect();
    assert_eq!(found, ["a::b::self", "a::b::c", "a::e::*", "a::f", "h::i", "j::k"]);
}
