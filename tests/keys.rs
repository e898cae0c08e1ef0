//! No accepted key is inert: keys whose effect no other test shows, each with the value that it leads to.

use std::time::Duration;

use standin::config::{self, Loaded, Request};
use standin::settings::Settings;

use crate::support::sidecar;

fn load(files: &[(&str, &str)]) -> Loaded {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let request = Request { config: Some(dir.path().join("standin.toml")), ..Request::default() };
    config::load(&request).unwrap_or_else(|refused| panic!("{}", refused.problems.render(false)))
}

fn settings(text: &str) -> Settings {
    load(&[("standin.toml", text)]).settings
}

#[test]
fn each_time_limit_of_an_upstream_reaches_it() {
    let text = "[upstreams.app]\nurl = \"http://127.0.0.1:3000\"\nconnect_timeout = \"2s\"\nread_timeout = \"3s\"\n\
                write_timeout = \"4s\"\nidle_timeout = \"5s\"\n";
    let settings = settings(text);
    let app = &settings.upstreams[0];
    let found = [app.connect_timeout, app.read_timeout, app.write_timeout, app.idle_timeout];
    assert_eq!(found, [2, 3, 4, 5].map(Duration::from_secs));
}

#[test]
fn each_limit_reaches_the_settings() {
    let defaults = settings("").limits;
    let limits = settings("limits = { match_body = \"2MiB\", early_drain = \"1KiB\", delay = \"1s\" }").limits;
    assert_ne!(limits.match_body, defaults.match_body);
    assert_eq!((limits.match_body, limits.early_drain, limits.delay), (2 << 20, 1 << 10, Duration::from_secs(1)));
    assert_eq!(settings("metrics.max_stubs = 7").max_stubs, 7);
}

#[test]
fn body_files_lie_where_proxy_files_says() {
    let stub = "[[stub]]\nmatch = \"GET /a\"\nfile = \"a.txt\"\n";
    let files = [("mocks/m.toml", stub), ("mocks/a.txt", "beside"), ("bodies/a.txt", "elsewhere")];
    for (root, body) in [
        ("mocks = [\"mocks/*.toml\"]", "beside"),
        ("mocks = [\"mocks/*.toml\"]\nproxy.files = \"bodies\"", "elsewhere"),
    ] {
        let loaded = load(&[&[("standin.toml", root)], &files[..]].concat());
        assert_eq!(loaded.table.scenarios()[0].answer.body, body);
    }
}

#[test]
fn with_real_by_default_mocks_are_on_where_mock_when_holds() {
    let gate = "[gate]\ndefault = \"real\"\nmock_when.header.x-mock = \"on\"\n[[stub]]\nmatch = \"GET /a\"";
    let sidecar = sidecar().config(gate).start();
    assert_eq!(sidecar.get("/a").status, 404);
    assert_eq!(sidecar.connect().get_with("/a", "x-mock: on\r\n").status, 200);
}
