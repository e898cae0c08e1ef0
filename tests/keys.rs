//! No accepted key is inert: keys whose effect no other test shows, each with the value that it leads to.

use std::time::Duration;

use standin::config::{self, Loaded, Request};
use standin::settings::{Http2, Settings};

use crate::support::{root, sidecar};

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
    let limits =
        settings("limits = { connections = 7, h2_streams = 8, drain_delay = \"0s\", drain_timeout = \"9s\" }").limits;
    assert_eq!((limits.connections, limits.h2_streams), (7, 8));
    assert_eq!((limits.drain_delay, limits.drain_timeout), (Duration::ZERO, Duration::from_secs(9)));
    assert_eq!(settings("metrics.max_stubs = 7").max_stubs, 7);
}

/// A configuration with the files of `tests/certificates` beside it.
fn with_certificates(text: &str) -> Settings {
    let read = |name: &str| std::fs::read_to_string(root().join("tests/certificates").join(name)).unwrap();
    let names = ["ca.crt", "valid.crt", "valid.key"];
    let contents = names.map(read);
    let mut files: Vec<_> = names.into_iter().zip(contents.iter().map(String::as_str)).collect();
    files.push(("standin.toml", text));
    load(&files).settings
}

#[test]
fn each_key_of_tls_reaches_the_settings() {
    let own = "cert = \"valid.crt\", key = \"valid.key\"";
    let plain = with_certificates(&format!("proxy.tls = {{ {own} }}")).proxy.tls.unwrap();
    let private = with_certificates(&format!("proxy.tls = {{ {own}, client_ca = \"ca.crt\" }}")).proxy.tls.unwrap();
    assert_ne!(plain, private);
    let upstream = |tls: &str| {
        let text = format!("[upstreams.app]\nurl = \"https://app.test\"\n{tls}");
        with_certificates(&text).upstreams[0].tls.clone().unwrap()
    };
    let tls = upstream("");
    assert_eq!((&*tls.server_name, tls.authorities.is_some(), tls.identity.is_some()), ("app.test", false, false));
    let tls = upstream(&format!("tls = {{ {own}, ca = \"ca.crt\", server_name = \"other.test\" }}"));
    assert_eq!((&*tls.server_name, tls.authorities.is_some(), tls.identity.is_some()), ("other.test", true, true));
}

#[test]
fn the_port_of_an_https_upstream_is_443_and_the_words_of_http2_reach_it() {
    for (word, http2) in [("grpc", Http2::Grpc), ("always", Http2::Always), ("never", Http2::Never)] {
        let settings = settings(&format!("[upstreams.app]\nurl = \"https://app.test\"\nhttp2 = \"{word}\""));
        assert_eq!((settings.upstreams[0].port, settings.upstreams[0].http2), (443, http2));
    }
    let settings = settings("[proxy]\nupstream = \"https://app.test\"");
    assert!(settings.upstreams[0].tls.is_some(), "one that is given by its URL is verified too");
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
