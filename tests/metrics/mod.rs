//! `/metrics`: every metric moves, real tools accept it, and no caller can make it grow.

mod moves;
mod series;
mod tools;

use std::collections::BTreeMap;

use crate::support::{Builder, Sidecar, Upstream, sidecar};

/// Series and their values.
type Scrape = BTreeMap<String, f64>;

/// Everything that is exposed now, but for what tells the time.
fn scrape(sidecar: &Sidecar) -> Scrape {
    let text = sidecar.metrics();
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect()
}

/// A sidecar that can come to every decision: a mock for each way to answer or to fail, and no default upstream.
fn varied(upstream: &Upstream, closed_port: u16) -> Builder {
    sidecar()
        .config(&format!(
            "mocks = [\"mocks/*.toml\"]\ncall_log.access_log = \"all\"\nupstreams.app.url = \"http://{}\"\n\
             upstreams.dead.url = \"http://127.0.0.1:{closed_port}\"\n\
             [[stub]]\nmatch = \"GET /mock\"\nbody = \"x\"\n\
             [[stub]]\nname = 'wei\"rd \\ ü'\nmatch = \"GET /late\"\nbody = \"x\"\ndelay = \"300ms\"\n\
             [[stub]]\nmatch = \"ANY /miss\"\nwhen.header.x-wanted = \"1\"\n\
             [[stub]]\nmatch = \"ANY /any/{{rest...}}\"\n",
            upstream.address()
        ))
        .file("mocks/real.toml", "base_path = \"/real\"\nupstream = \"app\"")
        .file("mocks/dead.toml", "base_path = \"/dead\"\nupstream = \"dead\"")
        .file(
            "mocks/private.toml",
            "base_path = \"/private\"\naccess = { private = true, keys = [{ env = \"KEY\" }] }\n[[stub]]\nmatch = \"GET /a\"",
        )
        .file(
            "mocks/down.toml",
            "base_path = \"/down\"\nactive_server_stub = \"off\"\n[[server_stub]]\nname = \"off\"\nstatus = 503\n\
             [[stub]]\nmatch = \"GET /a\"",
        )
        .variable("KEY", "secret")
}

/// One request for each decision.
fn traffic(sidecar: &Sidecar) {
    let status = |target: &str| sidecar.get(target).status;
    assert_eq!(status("/mock"), 200);
    assert_eq!(status("/late"), 200);
    assert_eq!(status("/miss"), 404);
    assert_eq!(status("/nothing"), 404);
    assert_eq!(status("/real/a"), 200);
    assert_eq!(status("/dead/a"), 502);
    assert_eq!(status("/private/a"), 401);
    assert_eq!(status("/down/a"), 503);
    assert_eq!(status("/any/a"), 200);
    assert_eq!(status("/%zz"), 400);
    let mut client = sidecar.connect();
    client.send(
        "OPTIONS /mock HTTP/1.1\r\nHost: a\r\nOrigin: https://a.test\r\nAccess-Control-Request-Method: GET\r\n\r\n",
    );
    assert!(client.response().standin().starts_with("preflight"));
}
