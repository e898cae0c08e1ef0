//! Spans: what a collector is sent of a mocked, a forwarded, a failed and a rejected call, and what never leaves.

use super::collector::{CLIENT, Collector, INTERNAL, Sent, exporting};
use crate::protocols::Authority;
use crate::support::process::{Process, free_port};
use crate::support::{Client, Upstream, wait_for};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const OTHER: &str = "5bf92f3577b34da6a3ce929d0e0e4737";
const PARENT: &str = "00f067aa0ba902b7";
const MILLISECOND: u64 = 1_000_000;
/// Longer than a test waits for anything.
const NEVER: &str = "3600000";

fn traceparent(trace: &str, flags: &str) -> String {
    format!("traceparent: 00-{trace}-{PARENT}-{flags}\r\n")
}

fn terminate(mut sidecar: Process) -> Process {
    sidecar.signal("TERM");
    assert_eq!(sidecar.wait().code(), Some(0));
    sidecar
}

fn ids(spans: &[Sent]) -> Vec<String> {
    spans.iter().map(Sent::trace_id).collect()
}

#[test]
fn a_mocked_call_is_a_child_of_the_callers_span_with_its_decision_and_its_delay() {
    let collector = Collector::start();
    let stub = "[[stub]]\nmatch = \"GET /a/{x}\"\nname = \"a\"\nbody = \"a\"\ndelay = \"80ms\"";
    let sidecar = exporting(stub, &collector, &[]);
    sidecar.connect().get_with("/a/1?q=2", &format!("{}User-Agent: me\r\n", traceparent(TRACE, "01")));
    let trace = collector.trace(TRACE);
    let call = &trace.call;
    assert_eq!((call.parent_id().as_str(), call.0.name.as_str(), call.status()), (PARENT, "GET", 0));
    let http = ["http.request.method", "url.path", "url.query", "url.scheme", "http.response.status_code"];
    assert_eq!(call.attributes(http), ["GET", "/a/1", "q=2", "http", "200"]);
    let network = ["network.protocol.version", "client.address", "user_agent.original", "error.type"];
    assert_eq!(call.attributes(network), ["1.1", "127.0.0.1", "me", ""]);
    let own = ["standin.decision", "standin.mock", "standin.stub", "standin.scenario", "standin.miss"];
    assert_eq!(call.attributes(own), ["mocked", "default", "a", "default", ""]);
    assert_eq!(trace.child("decide").0.kind, INTERNAL);
    let delay = trace.child("delay");
    assert!(delay.nanoseconds() >= 80 * MILLISECOND && call.nanoseconds() >= delay.nanoseconds(), "{trace:?}");
    assert!(delay.0.start_time_unix_nano >= trace.child("decide").0.end_time_unix_nano, "{trace:?}");
    assert_eq!(trace.children.len(), 2);
}

#[test]
fn a_forwarded_call_has_a_span_of_its_upstream_which_is_sent_what_the_caller_sent() {
    let (collector, upstream) = (Collector::start(), Upstream::echo());
    let config = format!("proxy.upstream = \"app\"\n[upstreams.app]\nurl = \"http://{}\"", upstream.address());
    let sidecar = exporting(&config, &collector, &[]);
    let fields = format!("{}tracestate: a=1\r\nbaggage: b=2\r\n", traceparent(TRACE, "01"));
    sidecar.connect().post("/real?x=1", &fields, b"body");
    let trace = collector.trace(TRACE);
    let asked = trace.child("POST");
    assert_eq!((asked.0.kind, asked.status()), (CLIENT, 0));
    let port = upstream.address().port().to_string();
    let url = format!("http://127.0.0.1:{port}/real?x=1");
    let keys = ["server.address", "server.port", "url.full", "http.response.status_code", "standin.upstream"];
    assert_eq!(asked.attributes(keys), ["127.0.0.1", port.as_str(), url.as_str(), "200", "app"]);
    assert_eq!(trace.call.attributes(["standin.decision", "standin.upstream"]), ["forwarded", "app"]);
    assert_eq!((trace.call.0.trace_state.as_str(), trace.names().len()), ("a=1", 2));
    // The caller's span, not ours, is the parent of what the upstream makes of it.
    let seen = upstream.only();
    let sent = format!("00-{TRACE}-{PARENT}-01");
    assert_eq!(
        ["traceparent", "tracestate", "baggage"].map(|name| seen.header(name)),
        [Some(sent.as_str()), Some("a=1"), Some("b=2")]
    );
}

#[test]
fn a_delay_that_a_caller_does_not_wait_for_is_as_long_as_it_was() {
    let collector = Collector::start();
    let stub = "[[stub]]\nmatch = \"GET /a\"\nbody = \"a\"\ndelay = \"100s\"";
    let sidecar = exporting(stub, &collector, &[]);
    let mut client = sidecar.connect();
    client.send(format!("GET /a HTTP/1.1\r\nHost: a\r\n{}\r\n", traceparent(TRACE, "01")));
    wait_for("the delay to begin", || {
        let metrics = Client::connect(sidecar.ops).get("/metrics").text();
        metrics.contains("standin_inflight_requests 1").then_some(())
    });
    drop(client);
    let trace = collector.trace(TRACE);
    assert_eq!(trace.call.attributes(["error.type", "standin.stub"]), ["caller-left", "get-a"]);
    assert!(trace.child("delay").nanoseconds() < 100_000 * MILLISECOND, "{trace:?}");
}

#[test]
fn a_call_that_fails_says_what_failed() {
    let collector = Collector::start();
    let port = free_port();
    let sidecar = exporting(&format!("proxy.upstream = \"http://127.0.0.1:{port}\""), &collector, &[]);
    assert_eq!(sidecar.connect().get_with("/", &traceparent(TRACE, "01")).status, 502);
    let trace = collector.trace(TRACE);
    let failed = ["standin.decision", "error.type", "http.response.status_code"];
    assert_eq!(
        (trace.call.attributes(failed), trace.call.status()),
        (["failed", "connect-refused", "502"].map(Into::into), 2)
    );
    let asked = trace.child("GET");
    let failed = ["error.type", "http.response.status_code", "http.request.resend_count"];
    assert_eq!((asked.attributes(failed), asked.status()), (["connect-refused", "", ""].map(Into::into), 2));
}

#[test]
fn a_rejected_call_has_a_span_and_no_decision() {
    let collector = Collector::start();
    let sidecar = exporting("", &collector, &[]);
    let mut client = sidecar.connect();
    client.send(format!("BREW /%zz HTTP/1.1\r\nHost: a.test:81\r\n{}\r\n", traceparent(TRACE, "01")));
    assert_eq!(client.response().status, 400);
    let trace = collector.trace(TRACE);
    let keys = ["http.request.method", "http.request.method_original", "server.address", "server.port"];
    assert_eq!(trace.call.attributes(keys), ["_OTHER", "BREW", "a.test", "81"]);
    assert_eq!(trace.call.attributes(["standin.decision", "error.type"]), ["rejected", "path"]);
    assert_eq!((trace.call.0.name.as_str(), trace.names().len()), ("HTTP", 0));
}

#[test]
fn what_the_caller_does_not_sample_is_not_exported_and_without_a_caller_the_variables_say() {
    let collector = Collector::start();
    let variables = [("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0")];
    let sidecar = exporting("", &collector, &variables);
    let mut client = sidecar.connect();
    client.get_with("/", &traceparent(OTHER, "00"));
    client.get("/");
    client.get_with("/", &traceparent(TRACE, "01").replace('\n', "\nTraceparent: 00-1-2-01\r\n"));
    client.get_with("/", &traceparent(TRACE, "01"));
    terminate(sidecar);
    let mut found = ids(&collector.spans());
    found.dedup();
    assert_eq!(found, [TRACE]);
}

#[test]
fn a_call_without_a_trace_begins_one() {
    let collector = Collector::start();
    let sidecar = exporting("", &collector, &[]);
    sidecar.connect().get("/");
    let spans = wait_for("a span", || Some(collector.spans()).filter(|spans| !spans.is_empty()));
    assert!(spans.iter().any(|span| span.parent_id().is_empty()), "{spans:?}");
}

#[test]
fn secrets_are_taken_out() {
    let collector = Collector::start();
    let config = "call_log.redact_query = [\"token\"]\n[[stub]]\nmatch = \"GET /{x}\"\nbody = \"a\"\n\
                  [default]\naccess = { private = true, keys = [{ env = \"MOCK_KEY\" }] }";
    let fields = format!("{}User-Agent: k3y-of-mock\r\nX-Api-Key: k3y-of-mock\r\n", traceparent(TRACE, "01"));
    let sidecar = exporting(config, &collector, &[("MOCK_KEY", "k3y-of-mock")]);
    assert_eq!(sidecar.connect().get_with("/k3y-of-mock?token=s3cret&a=1", &fields).status, 200);
    let trace = collector.trace(TRACE);
    let keys = ["url.path", "url.query", "user_agent.original"];
    assert_eq!(trace.call.attributes(keys), ["/[redacted]", "token=[redacted]&a=1", "[redacted]"]);
    terminate(sidecar);
    for request in collector.arrived() {
        let sent = String::from_utf8_lossy(&request.body);
        assert!(!sent.contains("k3y-of-mock") && !sent.contains("s3cret"), "{sent}");
    }
}

#[test]
fn the_variables_name_the_sender_and_add_fields() {
    let collector = Collector::start();
    let variables = [
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-token=abc"),
        ("OTEL_SERVICE_NAME", "orders"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=staging,service.name=other"),
    ];
    let sidecar = exporting("", &collector, &variables);
    sidecar.connect().get_with("/", &traceparent(TRACE, "01"));
    collector.trace(TRACE);
    let arrived = &collector.arrived()[0];
    assert_eq!((arrived.line(), arrived.header("x-token")), ("POST /v1/traces HTTP/1.1", Some("abc")));
    let resource = collector.resource();
    for (key, value) in [("service.name", "orders"), ("deployment.environment.name", "staging")] {
        assert!(resource.contains(&(key.to_owned(), value.to_owned())), "{resource:?}");
    }
}

#[test]
fn batches_are_compressed_where_the_variables_ask_for_it() {
    let collector = Collector::start();
    let sidecar = exporting("", &collector, &[("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")]);
    sidecar.connect().get("/");
    terminate(sidecar);
    let arrived = &collector.arrived()[0];
    assert_eq!((arrived.header("content-encoding"), &arrived.body[..2]), (Some("gzip"), &[0x1f, 0x8b][..]));
}

#[test]
fn a_collector_behind_tls_is_believed_by_its_authority_only() {
    let collector = Collector::start();
    let (authority, dir) = (Authority::new(), tempfile::tempdir().unwrap());
    authority.write(dir.path(), "server");
    let file = |name: &str| dir.path().join(name).display().to_string();
    let config = format!(
        "proxy.upstream = \"{}\"\nproxy.tls = {{ cert = \"{}\", key = \"{}\" }}",
        collector.url(),
        file("server.pem"),
        file("server.key")
    );
    let front = Process::start(&config); // a sidecar of its own speaks TLS for the collector
    let url = format!("https://localhost:{}", front.data.port());
    std::fs::write(dir.path().join("other.pem"), Authority::new().pem()).unwrap();
    for (ca, trace, believed) in [("other.pem", OTHER, false), ("ca.pem", TRACE, true)] {
        let ca = file(ca);
        let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()), ("OTEL_EXPORTER_OTLP_CERTIFICATE", &ca)];
        let sidecar = exporting("", &collector, &variables);
        sidecar.connect().get_with("/", &traceparent(trace, "01"));
        terminate(sidecar);
        assert_eq!(ids(&collector.spans()).contains(&trace.to_owned()), believed, "{ca}");
    }
}

#[test]
fn the_last_spans_are_sent_when_the_sidecar_stops() {
    let collector = Collector::start();
    let sidecar = exporting("", &collector, &[("OTEL_BSP_SCHEDULE_DELAY", NEVER)]);
    sidecar.connect().get_with("/", &traceparent(TRACE, "01"));
    terminate(sidecar);
    assert!(ids(&collector.spans()).contains(&TRACE.to_owned()));
}

#[test]
fn a_collector_that_takes_nothing_harms_nobody() {
    let silent = Collector::silent();
    let nobody = format!("http://127.0.0.1:{}", free_port());
    for endpoint in [silent.url(), nobody] {
        let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("OTEL_EXPORTER_OTLP_TIMEOUT", NEVER)];
        let sidecar = exporting("[[stub]]\nmatch = \"GET /a\"\nbody = \"a\"", &silent, &variables);
        let mut client = sidecar.connect();
        for _ in 0..3000 {
            assert_eq!(client.get("/a").status, 200);
        }
        drop(client);
        // Well within what a test waits, though no batch would ever time out.
        terminate(sidecar);
    }
}

#[test]
fn what_cannot_be_exported_is_said_and_nothing_is_exported_where_it_is_switched_off() {
    for (variable, value, problem) in [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", Some("`http/protobuf` is what Standin speaks")),
        ("OTEL_TRACES_EXPORTER", "zipkin", Some("write `otlp` or `none`")),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon", Some("write milliseconds")),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://[", Some("see the OTEL_EXPORTER_OTLP_* variables")),
        ("OTEL_TRACES_EXPORTER", "none", None),
        ("OTEL_SDK_DISABLED", "true", None),
    ] {
        let collector = Collector::start();
        let sidecar = exporting("", &collector, &[(variable, value)]);
        assert_eq!(sidecar.connect().get_with("/", &traceparent(TRACE, "01")).status, 404);
        let sidecar = terminate(sidecar);
        assert!(collector.arrived().is_empty(), "{variable}={value}");
        let log = sidecar.stderr();
        match problem {
            Some(help) => assert!(log.contains("no spans are exported") && log.contains(help), "{log}"),
            None => assert!(!log.contains("WARN"), "{log}"),
        }
    }
}
