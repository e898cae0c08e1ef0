//! The house rules that a compiler does not know: who may import whom, where each outside crate lives, no state in
//! statics, a pure core, files that one can read in one sitting. A failure names file, line and rule.

mod checker;
mod source;
mod trials;

use std::path::Path;

use crate::support::root;
use checker::{Broken, check};

/// Rooms from bottom to top. A room may import those of the rows above it in this list: never its own row, never a
/// later one.
const ROOMS: &[&[&str]] = &[
    &["problem", "words", "redact", "tls", "allocator"],
    &["stubs", "settings", "metrics"],
    &["file"],
    &["import"],
    &["live", "config", "calls"],
    &["reload"],
    &["proxy", "ops", "admin", "telemetry"],
    &["app", "inject"],
    &["cli"],
    &["main", "lib"],
];

/// Where each outside crate may be named. A room, or one file or folder of a room; `*` is everywhere but in `stubs`' forbidden
/// list.
const HOMES: &[(&str, &[&str])] = &[
    ("annotate_snippets", &["problem"]),
    ("arc_swap", &["live"]),
    ("async_trait", &["proxy", "telemetry"]),
    ("axum", &["admin", "ops", "cli/demo.rs"]),
    ("base64", &["config", "calls", "import", "stubs/template"]),
    ("brotli", &["calls"]),
    ("bytes", &["*"]),
    ("bytesize", &["file"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("crossbeam_queue", &["calls"]),
    ("fake", &["stubs/template"]),
    ("fastrand", &["proxy"]),
    ("flate2", &["calls", "import"]),
    ("foldhash", &["stubs"]),
    ("form_urlencoded", &["config", "import", "redact", "calls", "admin", "cli/remote.rs"]),
    ("futures_core", &["proxy", "admin"]),
    ("glob", &["config"]),
    ("granit_parser", &["import/tree", "inject"]),
    ("h2", &["proxy"]),
    ("http", &["*"]),
    ("httparse", &["proxy"]),
    ("http_body_util", &["admin"]),
    ("httpdate", &["proxy"]),
    ("hyper", &["admin"]),
    ("hyper_util", &["admin"]),
    ("ipnet", &["config", "stubs"]),
    ("jiff", &["file", "calls", "tls", "admin", "stubs/template"]),
    ("libmimalloc_sys", &["allocator"]),
    ("memchr", &["*"]),
    ("mime_guess", &["config"]),
    ("logroller", &["calls/file.rs"]),
    ("minijinja", &["stubs/template"]),
    ("notify", &["reload"]),
    ("opentelemetry", &["telemetry"]),
    ("opentelemetry_http", &["telemetry"]),
    ("opentelemetry_otlp", &["telemetry"]),
    ("opentelemetry_sdk", &["telemetry"]),
    ("percent_encoding", &["stubs", "import", "admin/guard.rs", "cli/export.rs", "cli/force.rs"]),
    ("pingora", &["proxy", "app"]),
    ("postcard", &["calls"]),
    ("rusqlite", &["calls/database"]),
    ("prometheus", &["metrics"]),
    ("rand", &["import/openapi", "stubs/template"]),
    ("regex", &["config", "import", "stubs", "calls", "admin"]),
    ("regex_syntax", &["import/openapi"]),
    ("rustls", &["tls"]),
    ("rustls_native_certs", &["telemetry", "tls"]),
    ("schemars", &["file", "config"]),
    ("serde", &["*"]),
    ("serde_json", &["*"]),
    ("serde_json_path", &["config", "import", "stubs"]),
    ("serde_path_to_error", &["admin"]),
    ("sfv", &["stubs"]),
    ("slab", &["calls"]),
    ("smallvec", &["*"]),
    ("socket2", &["app"]),
    ("strsim", &["problem"]),
    ("subtle", &["stubs", "redact", "admin"]),
    ("tempfile", &["app", "cli", "config", "calls", "reload"]),
    ("thiserror", &["*"]),
    ("tokio", &["*"]),
    ("tokio_rustls", &["proxy", "admin"]),
    ("toml", &["file"]),
    ("toml_writer", &["import"]),
    ("tracing", &["app", "calls", "cli", "live", "proxy", "reload", "ops", "admin", "telemetry"]),
    ("tracing_log", &["telemetry"]),
    ("tracing_subscriber", &["telemetry"]),
    ("ureq", &["telemetry", "cli/remote.rs"]),
    ("utoipa", &["admin", "calls", "stubs/explain"]),
    ("utoipa_axum", &["admin"]),
    ("x509_parser", &["tls"]),
    ("zstd", &["calls"]),
];

/// What the pure core never names: it has no clock, no dice, no files, no sockets.
const IMPURE: &[&str] = &[
    "std::env",
    "std::fs",
    "std::io",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::ToSocketAddrs",
    "std::net::UdpSocket",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "fastrand",
    "pingora",
    "tokio",
    "tracing",
];

/// Statics that hold no state of ours, by file and name.
const STATICS: &[(&str, &str)] = &[
    ("src/main.rs", "ALLOCATOR"),
    ("src/metrics/sharded.rs", "MARK"), // never written: its address tells threads apart
];

/// How many lines a file may have.
const LINES: usize = 300;

/// Files that are longer, with the length they may not exceed, in fifties. Split one and delete its line; add none.
const TOO_LONG: &[(&str, usize)] = &[];

/// Every source file, by its path from the root of the repository.
fn sources() -> Vec<(String, String)> {
    fn collect(directory: &Path, into: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                into.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    collect(&root().join("src"), &mut found);
    found.sort();
    assert!(found.len() > 50, "the sources are not where they were");
    found
}

fn shown(broken: &[Broken]) -> String {
    broken.iter().map(|broken| format!("\n  {broken}")).collect()
}

#[test]
fn the_rooms_keep_to_their_rules() {
    let broken: Vec<Broken> = sources().iter().flat_map(|(path, text)| check(path, text)).collect();
    assert!(broken.is_empty(), "{} broken:{}", broken.len(), shown(&broken));
}

#[test]
fn no_file_is_too_long_to_read() {
    let lengths: Vec<(String, usize)> =
        sources().into_iter().map(|(path, text)| (path, text.lines().count())).collect();
    let broken = checker::lengths(&lengths, TOO_LONG);
    assert!(broken.is_empty(), "{} broken:{}", broken.len(), shown(&broken));
}

#[test]
fn every_dependency_has_a_home_and_a_reason_and_is_used() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let parsed: toml::Table = manifest.parse().unwrap();
    let named: Vec<String> =
        parsed["dependencies"].as_table().unwrap().keys().map(|name| name.replace('-', "_")).collect();
    let homes: Vec<&str> = HOMES.iter().map(|(name, _)| *name).collect();
    for name in &named {
        assert!(homes.contains(&name.as_str()), "Cargo.toml: `{name}` has no home in tests/architecture/mod.rs");
    }
    let used: Vec<String> = sources().iter().flat_map(|(path, text)| checker::crates(path, text)).collect();
    for name in homes {
        assert!(
            named.iter().any(|named| named == name),
            "tests/architecture/mod.rs: `{name}` is no dependency any more"
        );
        assert!(used.iter().any(|used| used == name), "Cargo.toml: `{name}` is named nowhere in src: remove it");
    }
    let of_dependencies = manifest.split("\n[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    for (at, line) in of_dependencies.lines().enumerate() {
        let (is_entry, has_reason) = (line.contains(" = "), line.contains(" # "));
        assert!(!is_entry || has_reason, "Cargo.toml, dependency {at}: no reason: {line}");
    }
}
