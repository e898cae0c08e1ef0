//! The web UI in a headless Chromium, at the size of a desk and of a hand. Each flow is a script in `flows`, which
//! `run.mjs` plays against a sidecar of its own.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::support::{Sidecar, Upstream, root, sidecar};

/// Width and height of windows.
const SIZES: [(&str, &str); 2] = [("1280", "800"), ("390", "844")];
const KEY: &str = "a-key-of-the-tests-0123456789";
const TOKEN: &str = "a-token-of-the-tests-0123456789";
const ORDERS: &str = include_str!("orders.toml");

/// One browser at a time: it takes a core to itself.
static BROWSER: Mutex<()> = Mutex::new(());

/// Plays a flow against a sidecar with two mocks, once for each size.
fn flow(name: &str, config: &str) {
    let _turn = BROWSER.lock().unwrap_or_else(PoisonError::into_inner);
    let upstream = Upstream::echo();
    for size in SIZES {
        let mocks = root().join("config/mocks");
        let read = |path: &str| std::fs::read_to_string(mocks.join(path)).unwrap();
        let sidecar = sidecar()
            .variable("KEY", KEY)
            .variable("TOKEN", TOKEN)
            .upstream(&upstream)
            .config(&format!("mocks = [\"mocks/*.toml\"]\n{config}"))
            .file("mocks/shop.toml", &read("shop.toml"))
            .file("mocks/bodies/product.json", &read("bodies/product.json"))
            .file("mocks/orders.toml", ORDERS)
            .start();
        play(name, &sidecar, size, config.contains("token"));
    }
}

fn play(name: &str, sidecar: &Sidecar, (width, height): (&str, &str), has_token: bool) {
    let tools: PathBuf = root().join("target/tools/browser");
    assert!(tools.exists(), "run `.ci/install test`, as `make test` does: {} is missing", tools.display());
    let mut command = Command::new("node");
    command
        .arg(root().join("tests/browser/run.mjs"))
        .arg(name)
        .env("ADMIN", format!("http://127.0.0.1:{}", sidecar.app().admin().port()))
        .env("DATA", format!("http://{}", sidecar.address()))
        .env("DIR", sidecar.dir.path())
        .env("TOOLS", tools)
        .env("KEY", KEY)
        .env("WIDTH", width)
        .env("HEIGHT", height)
        .env_remove("TOKEN")
        .stdin(Stdio::null());
    if has_token {
        command.env("TOKEN", TOKEN);
    }
    let played = command.output().unwrap_or_else(|error| panic!("node: {error}; `make test` installs it"));
    let said = String::from_utf8_lossy(&played.stderr).into_owned();
    assert!(played.status.success(), "{name} at {width} by {height}:\n{said}");
}

#[test]
fn mocks_are_shown_with_stubs_scenarios_and_server_stubs_and_their_url_is_copied() {
    flow("mocks", "");
}

#[test]
fn a_response_is_tested_and_the_page_says_who_answered() {
    flow("test_response", "");
}

#[test]
fn the_configuration_of_a_mock_takes_effect_at_once_and_is_undone() {
    flow("settings", "");
}

#[test]
fn a_scenario_is_forced_and_a_stub_is_off_until_that_is_undone() {
    flow("overrides", "");
}

#[test]
fn the_call_log_is_live_filtered_searched_expanded_exported_and_emptied() {
    flow("calls", "");
}

#[test]
fn a_miss_is_explained_condition_by_condition() {
    flow("explain", "");
}

#[test]
fn ten_thousand_calls_put_only_the_rows_in_sight_into_the_document() {
    flow("many", "call_log.body = \"0B\"");
}

#[test]
fn calls_that_were_missed_and_a_server_that_is_gone_are_told() {
    flow("tail", "");
}

#[test]
fn files_are_checked_and_reloaded_and_their_mistakes_are_shown() {
    flow("config", "");
}

#[test]
fn usage_is_counted_by_mock_stub_and_scenario() {
    flow("usage", "");
}

#[test]
fn one_signs_in_once_comes_back_to_the_same_page_and_signs_out() {
    flow("sign_in", "admin.token = { env = \"TOKEN\" }");
}

#[test]
fn where_it_is_read_only_controls_rest_and_say_why() {
    flow("read_only", "admin.read_only = true");
}

#[test]
fn what_callers_send_never_becomes_markup() {
    flow("hostile", "");
}

#[test]
fn a_page_of_another_origin_calls_a_mock() {
    flow("cors", "");
}

#[test]
fn everybody_can_use_every_page_by_keys_in_either_scheme_and_at_360_pixels() {
    flow("access", "");
}

/// For the README: `make screenshots`.
#[test]
#[ignore = "writes into the sources"]
fn screenshots() {
    let _turn = BROWSER.lock().unwrap_or_else(PoisonError::into_inner);
    let upstream = Upstream::echo();
    let mocks = root().join("config/mocks");
    let read = |path: &str| std::fs::read_to_string(mocks.join(path)).unwrap();
    let sidecar = sidecar()
        .variable("KEY", KEY)
        .upstream(&upstream)
        .config("mocks = [\"mocks/*.toml\"]")
        .file("mocks/shop.toml", &read("shop.toml"))
        .file("mocks/partner.toml", &read("partner.toml"))
        .file("mocks/bodies/product.json", &read("bodies/product.json"))
        .file("mocks/orders.toml", ORDERS)
        .start();
    play("screenshots", &sidecar, SIZES[0], false);
}
