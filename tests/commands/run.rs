//! `standin run`: how it starts, and why it does not.

use std::net::TcpListener;

use super::{FREE_PORTS, folder, write};
use crate::support::process::{Process, closed_port, output, output_with, standin};
use crate::support::{Client, PORTS, wait_for};

#[test]
fn a_port_in_use_is_named_at_once() {
    let dir = folder(&[]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (listener, variable) in
        [("data", "STANDIN_PROXY__LISTEN"), ("ops", "STANDIN_OPS__LISTEN"), ("admin", "STANDIN_ADMIN__LISTEN")]
    {
        let mut variables = FREE_PORTS.to_vec();
        variables.push((variable, &address));
        let ended = output_with(&["run", "--upstream", "http://127.0.0.1:1"], &variables, dir.path());
        assert_eq!((ended.code, ended.stdout.as_str()), (1, ""), "{ended:?}");
        let says = format!("error: the {listener} listener cannot use {address}: Address already in use");
        assert!(ended.stderr.contains(&says), "{listener}: {ended:?}");
        assert!(!ended.stderr.contains("standin is ready"), "{ended:?}");
    }
}

#[test]
fn a_refused_configuration_binds_nothing_and_exits_with_3() {
    // The port is taken: whoever tried to bind it would say so.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let dir = folder(&[(
        "standin.toml",
        &format!("[proxy]\nlisten = [\"{address}\"]\n[[stub]]\nmatch = \"GET /a\"\nstaus = 201\n"),
    )]);
    let ended = output(&["run"], dir.path());
    assert_eq!((ended.code, ended.stdout.as_str()), (3, ""), "{ended:?}");
    assert!(ended.stderr.contains("error[unknown-key]") && ended.stderr.contains(" --> standin.toml:5:1"), "{ended:?}");
    assert!(ended.stderr.ends_with("\n1 error\n") && !ended.stderr.contains("listener"), "{ended:?}");
}

#[test]
fn a_file_that_is_missing_or_unreadable_is_named() {
    let dir = folder(&[]);
    write(dir.path(), "latin1.toml", b"# caf\xe9\n");
    write(dir.path(), "mocks.toml", b"mocks = [\"gone.toml\"]\n");
    write(dir.path(), "body.toml", b"[[stub]]\nmatch = \"GET /a\"\nfile = \"gone.json\"\n");
    write(
        dir.path(),
        "key.toml",
        b"default.access = { private = true, keys = [{ file = \"gone.key\" }] }\n[[stub]]\nmatch = \"GET /a\"\n",
    );
    for (name, says) in [
        ("missing.toml", "cannot read `missing.toml`"),
        ("no-such-folder/standin.toml", "cannot read `no-such-folder/standin.toml`"),
        ("latin1.toml", "cannot read `latin1.toml`"),
        ("mocks.toml", "`gone.toml` is missing"),
        ("body.toml", "gone.json"),
        ("key.toml", "gone.key"),
    ] {
        let ended = output_with(&["run", "-c", name], FREE_PORTS, dir.path());
        assert_eq!(ended.code, 3, "{name}: {ended:?}");
        assert!(ended.stderr.contains(says), "{name}: {ended:?}");
    }
    let ended = output(&["run"], dir.path());
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stderr.contains("error[no-config]") && ended.stderr.contains("standin run --upstream"), "{ended:?}");
}

#[test]
fn an_upstream_that_cannot_be_reached_is_a_warning_and_heals() {
    let (socket, port) = closed_port();
    let sidecar = Process::start(&format!(
        "proxy.upstream = \"app\"\nupstreams.app.url = \"http://127.0.0.1:{port}\"\n\
         upstreams.lost.url = \"http://nowhere.invalid\"\n[[stub]]\nmatch = \"GET /a\"\nbody = \"x\""
    ));
    let unreachable = sidecar.wait_for_log("upstream cannot be reached yet");
    assert_eq!((unreachable["level"].as_str(), unreachable["upstream"].as_str()), (Some("WARN"), Some("app")));
    let unresolved = sidecar.wait_for_log("upstream does not resolve yet");
    assert_eq!((unresolved["level"].as_str(), unresolved["host"].as_str()), (Some("WARN"), Some("nowhere.invalid")));
    assert_eq!(sidecar.connect().get("/a").text(), "x");
    assert_eq!(Client::connect(sidecar.ops).get("/readyz").status, 200, "it may start before its app");
    let response = sidecar.connect().get("/other");
    assert_eq!(response.status, 502);
    assert!(
        response.standin().starts_with("failed;") && response.standin().contains("kind=\"connect-refused\""),
        "{response:?}"
    );

    socket.listen(16).unwrap();
    let _upstream = crate::support::Upstream::on(socket.into(), |_, stream| {
        crate::support::upstream::respond(stream, 200, "", b"here now");
        true
    });
    assert_eq!(sidecar.connect().get("/other").text(), "here now");
}

#[test]
fn the_ops_listener_shows_probes_and_version_and_nothing_else() {
    let sidecar = Process::start("[[stub]]\nmatch = \"GET /a\"\nbody = \"x\"");
    let mut ops = Client::connect(sidecar.ops);
    for path in ["/livez", "/startupz"] {
        let response = ops.get(path);
        assert_eq!((response.status, response.text()), (200, "ok\n".to_owned()), "{path}");
    }
    let ready = ops.get("/readyz");
    assert_eq!(ready.status, 200);
    assert_eq!(ready.json(), serde_json::json!({ "ready": true, "generation": 1, "config": null }));
    assert_eq!(
        ops.get("/version").json(),
        serde_json::json!({ "name": "standin", "version": env!("CARGO_PKG_VERSION") })
    );
    assert_eq!(ops.get("/metrics").header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(ops.get("/v1/calls").status, 404, "no request is shown here");
    assert_eq!(ops.post("/readyz", "", b"").status, 405, "nothing can be changed here");
    // And nothing is reserved on the data listener.
    assert_eq!(sidecar.connect().get("/livez").status, 404);
}

#[test]
fn a_hang_up_reloads_and_a_bad_file_is_reported() {
    let stub = |body: &str| format!("[[stub]]\nmatch = \"GET /a\"\nbody = \"{body}\"");
    let sidecar = Process::start(&stub("one"));
    // At once, before anything else: it must not kill the process.
    sidecar.signal("HUP");
    assert_eq!(sidecar.connect().get("/a").text(), "one");
    sidecar.reload_with(&stub("two"));
    assert_eq!(sidecar.connect().get("/a").text(), "two");
    write(
        sidecar.dir.path(),
        "standin.toml",
        format!("{PORTS}[[stub]]\nmatch = \"GET /a\"\nbdoy = \"three\"").as_bytes(),
    );
    sidecar.signal("HUP");
    let refused = sidecar.wait_for_log("configuration refused, the one in force stays");
    assert_eq!((refused["level"].as_str(), refused["code"].as_str()), (Some("ERROR"), Some("unknown-key")));
    assert_eq!(refused["line"].as_u64(), Some(6));
    assert!(refused["report"].as_str().unwrap().contains("did you mean `body`?"), "{refused}");
    assert_eq!(sidecar.connect().get("/a").text(), "two");
    let ready = wait_for("the mistake on /readyz", || {
        let ready = Client::connect(sidecar.ops).get("/readyz");
        assert_eq!(ready.status, 200);
        Some(ready.json()).filter(|ready| !ready["config"].is_null())
    });
    assert_eq!((ready["generation"].as_u64(), ready["config"]["code"].as_str()), (Some(2), Some("unknown-key")));
}

#[test]
fn standard_output_belongs_to_the_access_lines() {
    let mut command = standin();
    command.arg("run").env("STANDIN_CALL_LOG__ACCESS_LOG", "all");
    let dir = folder(&[("standin.toml", &format!("{PORTS}[[stub]]\nmatch = \"GET /a\"\nbody = \"x\""))]);
    let sidecar = Process::launch(command, dir);
    sidecar.connect().get("/a");
    sidecar.connect().get("/b");
    let lines = wait_for("two lines", || {
        let lines: Vec<serde_json::Value> =
            sidecar.stdout().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (lines.len() == 2).then_some(lines)
    });
    assert_eq!((lines[0]["path"].as_str(), lines[0]["decision"].as_str()), (Some("/a"), Some("mocked")));
    assert_eq!((lines[1]["path"].as_str(), lines[1]["decision"].as_str()), (Some("/b"), Some("unmatched")));
    assert!(!sidecar.stderr().contains("/a"), "requests are no business of the operational log");
}
