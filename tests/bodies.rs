//! Bodies that a stub asks for: within the limits they are looked at, and whatever is forwarded is forwarded whole.

use crate::support::upstream::respond;
use crate::support::{Client, Sidecar, Upstream, sidecar};

const STUB: &str = "[[stub]]\nmatch = \"POST /orders\"\nwhen.json.\"$.kind\" = \"gold\"\nbody = \"mocked\"";

/// A JSON document of exactly so many bytes.
fn document(kind: &str, size: usize) -> Vec<u8> {
    let frame = format!("{{\"kind\":\"{kind}\",\"fill\":\"\"}}").len();
    format!("{{\"kind\":\"{kind}\",\"fill\":\"{}\"}}", "x".repeat(size - frame)).into_bytes()
}

fn chunked(client: &mut Client, body: &[u8], piece: usize) -> String {
    client.send("POST /orders HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    let mut framed = Vec::new();
    for piece in body.chunks(piece) {
        framed.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        framed.extend_from_slice(piece);
        framed.extend_from_slice(b"\r\n");
    }
    framed.extend_from_slice(b"0\r\n\r\n");
    client.send(framed);
    client.response().text()
}

fn echo() -> Upstream {
    Upstream::new(|request, stream| {
        respond(stream, 200, "", format!("forwarded {}", request.body.len()).as_bytes());
        true
    })
}

/// The reason of the last call's miss.
fn miss(sidecar: &Sidecar) -> String {
    sidecar.last_call()["miss"].as_str().unwrap_or("none").to_owned()
}

#[test]
fn up_to_the_limit_a_holding_condition_is_answered_and_another_forwarded_byte_for_byte() {
    let upstream = echo();
    let sidecar = sidecar().upstream(&upstream).config(STUB).start();
    let kib = 1 << 10;
    for size in [40, 64 * kib - 1, 64 * kib, 64 * kib + 1, 300_000, 1024 * kib - 1, 1024 * kib] {
        let mut client = sidecar.connect();
        assert_eq!(client.post("/orders", "", &document("gold", size)).text(), "mocked", "{size} with a length");
        assert_eq!(chunked(&mut client, &document("gold", size), 8000), "mocked", "{size} chunked");
        let other = document("iron", size);
        for framing in ["length", "chunked"] {
            let answer = match framing {
                "length" => client.post("/orders", "", &other).text(),
                _ => chunked(&mut client, &other, 8000),
            };
            assert_eq!(answer, format!("forwarded {size}"), "{framing}");
            assert!(upstream.arrived().pop().unwrap().body == other, "{size} {framing}: not the same bytes");
            assert_eq!(miss(&sidecar), "json");
        }
    }
}

#[test]
fn above_the_limit_everything_is_forwarded_byte_for_byte_and_the_miss_says_why() {
    let upstream = echo();
    let sidecar = sidecar().upstream(&upstream).config(STUB).start();
    for size in [(1 << 20) + 1, 5_000_000] {
        let body = document("gold", size);
        let mut client = sidecar.connect();
        assert_eq!(client.post("/orders", "", &body).text(), format!("forwarded {size}"));
        assert!(upstream.arrived().pop().unwrap().body == body);
        assert_eq!(miss(&sidecar), "body-too-long");
        assert_eq!(chunked(&mut client, &body, 60_000), format!("forwarded {size}"));
        assert!(upstream.arrived().pop().unwrap().body == body);
        assert_eq!(miss(&sidecar), "body-too-long");
        assert_eq!(client.post("/orders", "", &document("gold", 100)).text(), "mocked", "the connection lives on");
    }
}

#[test]
fn tiny_chunks_are_bounded_by_what_they_take_on_the_wire() {
    let upstream = echo();
    let sidecar = sidecar().upstream(&upstream).config(STUB).config("").start();
    let body = document("gold", 3000);
    assert_eq!(chunked(&mut sidecar.connect(), &body, 3), "mocked");
    let body = document("gold", 700_000);
    assert_eq!(chunked(&mut sidecar.connect(), &body, 1), "forwarded 700000");
    assert!(upstream.only().body == body);
    assert_eq!(miss(&sidecar), "body-too-long");
}

#[test]
fn bodies_that_are_no_json_are_forwarded_and_the_miss_says_why() {
    let upstream = echo();
    let sidecar = sidecar().upstream(&upstream).config(STUB).start();
    for (headers, body, reason) in [
        ("", &b"kind=gold"[..], "body-not-json"),
        ("", b"{\"kind\":", "body-not-json"),
        ("", b"{\"kind\":\"gold\"}{}", "body-not-json"),
        ("", b"", "body-not-json"),
        ("Content-Encoding: gzip\r\n", b"{\"kind\":\"gold\"}", "body-encoded"),
        ("", b"{\"kind\":\"iron\"}", "json"),
        ("", b"[]", "json"),
    ] {
        let answer = sidecar.connect().post("/orders", headers, body).text();
        assert_eq!(answer, format!("forwarded {}", body.len()));
        assert_eq!(miss(&sidecar), reason, "{:?}", String::from_utf8_lossy(body));
    }
}

#[test]
fn a_body_is_read_only_if_a_stub_that_fits_the_head_asks_for_it() {
    let upstream = echo();
    let config =
        "[[stub]]\nmatch = \"POST /orders\"\nwhen.json.\"$.a\" = 1\nwhen.header.x-plan = \"gold\"\nbody = \"mocked\"";
    let sidecar = sidecar().upstream(&upstream).config(config).config("").start();
    // The head does not fit, so the request is forwarded before its body has come.
    let mut client = sidecar.connect();
    client.send("POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
    let mut other = sidecar.connect();
    other.send("POST /orders HTTP/1.1\r\nHost: a\r\nX-Plan: gold\r\nContent-Length: 7\r\n\r\n");
    client.send("hello");
    assert_eq!(client.response().text(), "forwarded 5");
    other.send("{\"a\":1}");
    assert_eq!(other.response().text(), "mocked");
}

#[test]
fn a_caller_that_waits_for_100_gets_it_once() {
    let upstream = echo();
    let sidecar = sidecar().upstream(&upstream).config(STUB).start();
    for (kind, answer) in [("gold", "mocked"), ("iron", "forwarded 100")] {
        let mut client = sidecar.connect();
        client.send("POST /orders HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n");
        assert_eq!(client.try_head().unwrap(), "HTTP/1.1 100 Continue");
        client.send(document(kind, 100));
        let head = client.try_head().unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let _ = client.exactly(answer.len());
    }
    assert_eq!(upstream.only().header("expect"), None, "the question was answered here");
}

#[test]
fn a_caller_that_waits_for_100_is_answered_at_once_where_no_body_is_needed() {
    let sidecar = sidecar().config("[[stub]]\nmatch = \"POST /a\"\nbody = \"mocked\"").start();
    let mut client = sidecar.connect();
    client.send("POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n");
    let response = client.response();
    assert_eq!((response.text().as_str(), response.header("connection")), ("mocked", Some("close")));
}

#[test]
fn the_memory_of_all_inspected_bodies_is_bounded() {
    let upstream = echo();
    let config = format!("limits.match_body_total = \"1KiB\"\n{STUB}");
    let sidecar = sidecar().upstream(&upstream).config(&config).start();
    assert_eq!(sidecar.connect().post("/orders", "", &document("gold", 1000)).text(), "mocked");
    assert_eq!(sidecar.connect().post("/orders", "", &document("gold", 2000)).text(), "forwarded 2000");
    assert_eq!(miss(&sidecar), "body-budget");
    assert_eq!(sidecar.connect().post("/orders", "", &document("gold", 1000)).text(), "mocked", "it was given back");
}

#[test]
fn a_body_that_comes_too_slowly_is_forwarded_as_it_comes() {
    let upstream = echo();
    let config = format!("limits.match_body_timeout = \"150ms\"\n{STUB}");
    let sidecar = sidecar().upstream(&upstream).config(&config).start();
    let body = document("gold", 1000);
    let mut client = sidecar.connect();
    client.send("POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n").send(&body[..500]);
    assert!(client.is_silent_for(std::time::Duration::from_millis(400)));
    client.send(&body[500..]);
    assert_eq!(client.response().text(), "forwarded 1000");
    assert!(upstream.only().body == body);
    assert_eq!(miss(&sidecar), "body-timeout");
}

#[test]
fn a_small_unread_body_is_drained_and_a_large_one_closes_the_connection() {
    let sidecar = sidecar().config("[[stub]]\nmatch = \"POST /a\"\nbody = \"mocked\"").start();
    let mut client = sidecar.connect();
    for size in [0, 1, 60_000] {
        assert_eq!(client.post("/a", "", &vec![b'x'; size]).header("connection"), Some("keep-alive"), "{size}");
    }
    let mut client = sidecar.connect();
    client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    let _ = client.try_send(vec![b'x'; 1_000_000]);
    let response = client.response();
    assert_eq!((response.text().as_str(), response.header("connection")), ("mocked", Some("close")));
}

#[test]
fn no_body_may_be_longer_than_any_whether_or_not_it_is_looked_at() {
    let upstream = echo();
    let config = format!("limits.request_body = \"1KiB\"\n{STUB}");
    let sidecar = sidecar().upstream(&upstream).config(&config).start();
    let at_most = chunked(&mut sidecar.connect(), &document("gold", 1024), 100);
    assert_eq!(at_most, "mocked");
    for kind in ["gold", "other"] {
        let refused = chunked(&mut sidecar.connect(), &document(kind, 5000), 100);
        assert!(refused.contains("body-too-large"), "{refused}");
    }
    for upgrade in ["", "Connection: upgrade\r\nUpgrade: foo\r\n"] {
        let mut client = sidecar.connect();
        client.send(format!("POST /x HTTP/1.1\r\nHost: a\r\n{upgrade}Transfer-Encoding: chunked\r\n\r\n"));
        client.send(format!("1388\r\n{}\r\n0\r\n\r\n", "x".repeat(5000)));
        assert_eq!(client.response().status, 413, "{upgrade}");
    }
    assert!(upstream.arrived().iter().all(|arrived| arrived.body.len() <= 1024));
}
