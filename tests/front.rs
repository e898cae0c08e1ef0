//! The strict front on real sockets: what is refused never reaches the upstream, and is answered, logged and counted.

use std::time::{Duration, Instant};

use crate::support::{Upstream, sidecar, wait_for};

/// Malformed requests with the reason for which they are refused, and the status.
const REFUSED: &[(&str, &str, u16)] = &[
    ("GET / HTTP/1.1\r\n\r\n", "host", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "host", 400),
    ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "host", 400),
    ("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "host", 400),
    (
        "GET / HTTP/1.1\r\nHost: a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.\
         a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.\
         a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a\r\n\r\n",
        "host",
        400,
    ),
    ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "request-line", 400),
    ("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "request-line", 400),
    ("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "request-line", 400),
    ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", "version", 505),
    ("PRI * HTTP/2.0\r\n\r\n", "version", 505), // what follows makes no preface of it
    ("GET /\r\n\r\n", "request-line", 400),
    ("GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", "target", 400),
    ("GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n", "header", 400),
    ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", "target", 400),
    ("POST * HTTP/1.1\r\nHost: a\r\n\r\n", "target", 400),
    ("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "path", 400),
    ("GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", "path", 400),
    ("GET /a/%2e%2E/.%2e/b HTTP/1.1\r\nHost: a\r\n\r\n", "path", 400),
    ("GET /a%5c..%5cb HTTP/1.1\r\nHost: a\r\n\r\n", "path", 400),
    ("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", "connect", 405),
    ("GET / HTTP/1.1\nHost: a\n\n", "bare-lf", 400),
    ("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", "bare-lf", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n", "header", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close, Host\r\n\r\n", "header", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\nConnection: x-forwarded-for\r\n\r\n", "header", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\nConnection: \"x\"\r\n\r\n", "header", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", "header", 400),
    ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", "header", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n", "header", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", "header", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "content-length", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello", "content-length", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello", "content-length", 400),
    (
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding",
        400,
    ),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", "transfer-encoding", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "transfer-encoding", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "transfer-encoding", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n", "header", 400),
    ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "transfer-encoding", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "transfer-coding", 501),
];

#[test]
fn malformed_heads_are_refused_by_name_and_never_reach_the_upstream() {
    let upstream = Upstream::echo();
    let sidecar = sidecar()
        .upstream(&upstream)
        .config("[[stub]]\nmatch = \"ANY /{rest...}\"\nwhen.header.x-never = \"y\"")
        .start();
    for (request, reason, status) in REFUSED {
        let mut client = sidecar.connect();
        // What follows a refused request must not be taken for another one.
        client.send(request).try_send("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let response = client.response();
        assert_eq!(response.status, *status, "{request:?}: {response:?}");
        assert_eq!(response.header("content-type"), Some("application/problem+json"));
        assert_eq!(response.json()["code"], *reason, "{request:?}");
        assert_eq!(response.standin(), format!("rejected; generation=1; reason=\"{reason}\""), "{request:?}");
        assert_eq!(response.header("connection"), Some("close"));
        assert!(client.is_closed(), "{request:?}");
    }
    assert!(upstream.arrived().is_empty(), "{:?}", upstream.arrived());
    let calls = sidecar.calls();
    assert_eq!(calls.len(), REFUSED.len());
    for (call, (request, reason, _)) in calls.iter().rev().zip(REFUSED) {
        assert_eq!(
            (call["decision"].as_str(), call["rejection"].as_str()),
            (Some("rejected"), Some(*reason)),
            "{request:?}"
        );
    }
    let hosts = REFUSED.iter().filter(|(_, reason, _)| *reason == "host").count();
    assert_eq!(sidecar.metric("standin_rejected_total{reason=\"host\"}"), Some(hosts as f64));
    let lines = wait_for("the access lines", || Some(sidecar.lines()).filter(|lines| lines.len() == REFUSED.len()));
    assert!(lines.iter().all(|line| line["decision"] == "rejected"), "rejections are written by default");
}

#[test]
fn malformed_chunks_are_a_400_and_the_upstream_gets_no_complete_body() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).start();
    for body in [
        "\r\nhello\r\n0\r\n\r\n",
        "5\r\nhelloX\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\nzz\r\n",
        "ffffffffffffffff1\r\n",
        "5 ;\x01\r\nhello\r\n0\r\n\r\n",
    ] {
        let mut client = sidecar.connect();
        client.send(format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}"));
        let response = client.response();
        assert_eq!((response.status, response.json()["code"].as_str()), (400, Some("chunk")), "{body:?}");
        assert!(client.is_closed());
    }
    assert!(upstream.arrived().is_empty(), "{:?}", upstream.arrived());
    assert_eq!(sidecar.last_call()["rejection"], "chunk");
}

#[test]
fn an_absolute_target_is_forwarded_as_a_path_to_its_own_host() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).config("[[stub]]\nmatch = \"GET /mock\"\nbody = \"mocked\"").start();
    let mut client = sidecar.connect();
    client.send("GET http://b.test/x?y HTTP/1.1\r\nHost: a.test\r\n\r\n");
    assert_eq!(client.response().status, 200);
    assert_eq!(upstream.only().line(), "GET /x?y HTTP/1.1");
    assert_eq!(upstream.only().header("host"), Some("b.test"));
    client.send("GET http://b.test/mock HTTP/1.1\r\nHost: a.test\r\n\r\n");
    assert_eq!(client.response().text(), "mocked");
}

#[test]
fn empty_lines_before_a_request_do_not_count() {
    let sidecar = sidecar().config("[[stub]]\nmatch = \"GET /\"\nbody = \"x\"").start();
    let mut client = sidecar.connect();
    client.send("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.response().text(), "x");
    assert_eq!(client.response().text(), "x");
}

#[test]
fn a_request_cut_at_any_byte_is_read_all_the_same() {
    let sidecar = sidecar().config("[[stub]]\nmatch = \"POST /a\"\nwhen.body = \"hello\"\nbody = \"x\"").start();
    let request = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let mut client = sidecar.connect();
    for cut in 1..request.len() {
        client.send(&request[..cut]);
        std::thread::yield_now();
        client.send(&request[cut..]);
        assert_eq!(client.response().text(), "x", "cut at {cut}");
    }
}

#[test]
fn heads_over_the_limit_are_a_431() {
    let sidecar = sidecar().config("limits.head = \"2KiB\"\n[[stub]]\nmatch = \"GET /\"\nbody = \"x\"").start();
    let fits = format!("X: {}\r\n", "a".repeat(1900));
    assert_eq!(sidecar.connect().get_with("/", &fits).status, 200);
    for bytes in [2100, 200_000] {
        let mut client = sidecar.connect();
        let _ = client.try_send(format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "a".repeat(bytes)));
        let response = client.response();
        assert_eq!((response.status, response.json()["code"].as_str()), (431, Some("head-too-large")));
    }
    let many: String = (0..300).map(|n| format!("X{n}: 1\r\n")).collect();
    let sidecar = self::sidecar().config("[[stub]]\nmatch = \"GET /\"").start();
    assert_eq!(sidecar.connect().get_with("/", &many).status, 431);
}

#[test]
fn a_slow_head_is_a_408_also_when_bytes_trickle() {
    let sidecar = sidecar().config("limits.head_timeout = \"300ms\"").start();
    let mut client = sidecar.connect();
    let begun = Instant::now();
    let head =
        b"GET / HTTP/1.1\r\nHost: a\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    for byte in head {
        if client.try_send([*byte]).is_err() || begun.elapsed() > Duration::from_secs(5) {
            break;
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    let response = client.response();
    assert_eq!((response.status, response.json()["code"].as_str()), (408, Some("head-timeout")));
    assert!(client.is_closed());
}

#[test]
fn a_preface_of_http_2_that_is_cut_off_is_a_408_and_one_that_comes_late_a_505() {
    let sidecar = sidecar().config("limits.head_timeout = \"300ms\"\n[[stub]]\nmatch = \"GET /\"").start();
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for cut in [1, 16, 18, preface.len() - 1] {
        let mut client = sidecar.connect();
        client.send(&preface[..cut]);
        let response = client.response();
        assert_eq!((response.status, response.json()["code"].as_str()), (408, Some("head-timeout")), "cut at {cut}");
        assert!(client.is_closed());
    }
    // A connection that has begun with HTTP/1.1 stays with it.
    let mut client = sidecar.connect();
    assert_eq!(client.get("/").status, 200);
    client.send(preface);
    let response = client.response();
    assert_eq!((response.status, response.json()["code"].as_str()), (505, Some("version")));
}

#[test]
fn a_silent_connection_is_closed_without_a_word() {
    let sidecar = sidecar()
        .config("limits = { head_timeout = \"200ms\", keepalive_timeout = \"200ms\" }\n[[stub]]\nmatch = \"GET /\"")
        .start();
    assert!(sidecar.connect().is_closed(), "never said anything");
    let mut client = sidecar.connect();
    client.get("/");
    assert!(client.is_closed(), "rested after a request");
    assert_eq!(sidecar.calls().len(), 1, "neither is a call");
}

#[test]
fn bodies_over_the_limit_are_a_413() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).config("limits.request_body = \"1KiB\"").start();
    assert_eq!(sidecar.connect().post("/", "", &[b'x'; 1024]).status, 200);
    let response = sidecar.connect().post("/", "", &[b'x'; 1025]);
    assert_eq!((response.status, response.json()["code"].as_str()), (413, Some("body-too-large")));
    let mut client = sidecar.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for _ in 0..3 {
        let _ = client.try_send(format!("200\r\n{}\r\n", "x".repeat(512)));
    }
    let response = client.response();
    assert_eq!((response.status, response.json()["code"].as_str()), (413, Some("body-too-large")));
    assert_eq!(upstream.arrived().len(), 1, "only the one that fits arrived whole");
}

#[test]
fn a_body_that_rests_is_a_408() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).config("limits.body_timeout = \"200ms\"").start();
    let mut client = sidecar.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
    let response = client.response();
    assert_eq!((response.status, response.json()["code"].as_str()), (408, Some("body-timeout")));
}

#[test]
fn a_large_body_that_nobody_reads_does_not_cost_the_caller_its_answer() {
    let sidecar =
        sidecar().config("limits.request_body = \"1KiB\"\n[[stub]]\nmatch = \"POST /mock\"\nbody = \"mocked\"").start();
    let mut client = sidecar.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n");
    let piece = vec![b'x'; 100_000];
    for _ in 0..40 {
        if client.try_send(&piece).is_err() {
            break;
        }
    }
    assert_eq!(client.response().status, 413, "the answer is not lost to a reset");
}

#[test]
fn a_rejected_caller_who_goes_on_sending_gets_the_answer() {
    let sidecar = sidecar().config("limits.request_body = \"1KiB\"").start();
    let mut client = sidecar.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n");
    sidecar.last_call();
    for _ in 0..20 {
        client.send(vec![b'x'; 100_000]);
    }
    assert_eq!(client.response().status, 413);
}

#[test]
fn a_rejected_http_1_0_request_is_logged_as_one() {
    let sidecar = sidecar().start();
    let mut client = sidecar.connect();
    client.send("GET /a/../../x HTTP/1.0\r\n\r\n");
    assert_eq!(client.response().status, 400);
    assert_eq!(sidecar.last_call()["protocol"], "HTTP/1.0");
}
