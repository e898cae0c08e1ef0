//! A template that fails when it is rendered: who is told, and how often.

use crate::support::process::Process;
use crate::support::{sidecar, wait_for};

const FAILS: &str = r#"
    [[stub]]
    name  = "fails"
    match = "GET /a"
    json  = { ok = 1, list = ["{{ query.n | int }}"] }
"#;

#[test]
fn the_answer_says_where_and_why_and_the_call_counts_as_failed() {
    let sidecar = sidecar().config(&format!("default.delay = \"50s\"\n{FAILS}")).start();
    let mut client = sidecar.connect();
    let answer = client.get("/a?n=x");
    assert_eq!(answer.status, 500);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(
        answer.standin(),
        r#"failed; mock="default"; stub="fails"; scenario="default"; generation=1; kind="template""#
    );
    let problem = answer.json();
    assert_eq!(problem["code"], "template");
    assert_eq!(
        problem["detail"],
        "the template of `json $.list[0]` (standin.toml:9) failed: invalid float literal, at `int`"
    );
    // The connection lives, and nobody has waited a delay.
    assert_eq!(client.get("/a?n=y").status, 500);
    let call = sidecar.last_call();
    assert_eq!(
        ["decision", "failure", "stub", "scenario"].map(|field| call[field].as_str().unwrap()),
        ["failed", "template", "fails", "default"]
    );
    assert_eq!((&call["status"], &call["duration_us"]["delay"]), (&500.into(), &0.into()));
    wait_for("both to be counted", || {
        (sidecar.metric("standin_template_errors_total{mock=\"default\",stub=\"fails\"}") == Some(2.0)).then_some(())
    });
    let failed = "standin_requests_total{code=\"500\",decision=\"failed\",mock=\"default\",scenario=\"\",stub=\"\"}";
    wait_for("both to be over", || (sidecar.metric(failed) == Some(2.0)).then_some(()));
    assert!(!sidecar.metrics().contains("decision=\"mocked\""), "the stub has not answered");
    // The series goes with its stub.
    sidecar.reload_with("[[stub]]\nmatch = \"GET /b\"").unwrap();
    assert!(!sidecar.metrics().contains("standin_template_errors_total{"));
}

#[test]
fn a_stub_is_logged_once_a_minute_however_often_it_fails() {
    let other = FAILS.replace("/a", "/b").replace("fails", "other");
    let sidecar = Process::start(&format!("{FAILS}{other}"));
    let mut client = sidecar.connect();
    for _ in 0..20 {
        assert_eq!(client.get("/a?n=x").status, 500);
    }
    assert_eq!(client.get("/b?n=x").status, 500);
    let line = wait_for("the line of the other stub", || {
        let log = sidecar.stderr();
        log.lines().find(|line| line.contains("\"stub\":\"other\"")).map(str::to_owned)
    });
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["level"], "WARN");
    assert_eq!(line["part"], "json $.list[0]");
    assert!(line["file"].as_str().unwrap().ends_with("standin.toml"), "{line}");
    // Lines come in order: those of the first stub are there.
    let log = sidecar.stderr();
    let lines = log.lines().filter(|line| line.contains("a template failed") && line.contains("\"stub\":\"fails\""));
    assert_eq!(lines.count(), 1);
}

#[test]
fn work_output_and_header_values_have_their_limits() {
    let sidecar = sidecar()
        .config(
            r#"
            limits.template_work = 5000
            limits.template_output = "1KiB"
            [[stub]]
            match = "GET /work"
            body  = "{% for i in range(50000) %}{% endfor %}{{ query.a }}"
            [[stub]]
            match = "GET /output"
            body  = "{{ 'x' * (query.n | int) }}"
            [[stub]]
            match = "GET /header"
            headers = { x-a = "{{ query.a }}" }
            "#,
        )
        .start();
    let mut client = sidecar.connect();
    let detail = |answer: crate::support::Response| {
        assert_eq!(answer.status, 500, "{answer:?}");
        answer.json()["detail"].as_str().unwrap().to_owned()
    };
    assert!(detail(client.get("/work")).contains("limits.template_work"));
    assert_eq!(client.get("/output?n=1024").body.len(), 1024);
    assert!(detail(client.get("/output?n=1025")).contains("limits.template_output"));
    assert_eq!(client.get("/header?a=x").header("x-a"), Some("x"));
    assert!(detail(client.get("/header?a=x%0d%0aset-cookie:%20b")).contains("no line break"));
}
