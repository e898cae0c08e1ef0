//! Requests and answers that two readers could read differently, on raw sockets. What counts is what the other side saw:
//! of a request nothing, or exactly the one that was meant; of an answer nothing that belongs to another request.

use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::upstream::respond;
use crate::support::{Client, Upstream, sidecar, wait_for};

/// What a smuggler hopes will be taken for a request of its own.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: evil\r\n\r\n";

/// Framing that is refused before anything reaches the upstream, each with a body that hides a request.
const OBFUSCATED: &[&str] = &[
    // lengths
    "Content-Length: 0x5",
    "Content-Length: 5 5",
    "Content-Length: -1",
    "Content-Length: 99999999999999999999999",
    "Content-Length:",
    "Content-Length: 5;",
    "Content-Length: \u{0b}5",
    "Content-Length: 5\r\nContent-Length: 5",
    "content-length: 5\r\nCONTENT-LENGTH: 44",
    "Content-Length : 5",
    "Content_Length: 5\r\nContent-Length: 5\r\nContent-Length:6",
    // codings
    "Transfer-Encoding: chunked\r\nContent-Length: 5",
    "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding: \"chunked\"",
    "Transfer-Encoding: chunked;q=1",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: identity, chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
    "Transfer-Encoding: chunked\r\n\tx: y",
    "Transfer-Encoding:\r\n chunked",
    "Transfer-Encoding: \u{0b}chunked",
    "Transfer-Encoding: chu\u{0}nked",
    "Transfer-Encoding: cow",
    "Transfer-Encoding",
    " Transfer-Encoding: chunked",
    "X: y\nTransfer-Encoding: chunked",
    "X: y\rTransfer-Encoding: chunked",
    "Transfer\u{0}-Encoding: chunked",
    "Transfer-Encoding\t: chunked",
];

#[test]
fn obfuscated_framing_never_reaches_the_upstream() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).start();
    for fields in OBFUSCATED {
        let mut client = sidecar.connect();
        let body = format!("0\r\n\r\n{SMUGGLED}");
        let _ = client.try_send(format!("POST /outer HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n{body}"));
        let response = client.response();
        assert!((400..=501).contains(&response.status), "{fields:?}: {response:?}");
        assert_eq!(response.header("connection"), Some("close"), "{fields:?}");
        assert!(client.is_closed(), "{fields:?}: nothing behind it is read as a request");
    }
    assert!(upstream.arrived().is_empty(), "{:?}", upstream.arrived());
}

#[test]
fn a_body_that_looks_like_a_request_is_a_body() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).start();
    let mut client = sidecar.connect();
    let length = SMUGGLED.len();
    for (fields, body) in [
        (format!("Content-Length: {length}"), SMUGGLED.to_owned()),
        (format!("Content-Length: 00{length}"), SMUGGLED.to_owned()),
        ("Transfer-Encoding: chunked".to_owned(), format!("{length:x}\r\n{SMUGGLED}\r\n0\r\n\r\n")),
        ("Transfer-Encoding: Chunked".to_owned(), format!("{length:X};a=\"b;\r\n{SMUGGLED}\r\n0\r\nx: y\r\n\r\n")),
    ] {
        let refused = fields.contains("00") || body.contains("a=\"b;");
        client.send(format!("POST /outer HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n{body}"));
        let response = client.response();
        if response.status != 200 {
            assert!(refused, "{fields:?}: {response:?}");
            client = sidecar.connect();
        }
    }
    for arrived in upstream.arrived() {
        assert_eq!(arrived.line(), "POST /outer HTTP/1.1");
        assert_eq!(arrived.body, SMUGGLED.as_bytes());
        let (length, coding) = (arrived.header("content-length"), arrived.header("transfer-encoding"));
        assert!(length.is_some() != coding.is_some(), "one framing: {}", arrived.head);
    }
    assert!(upstream.arrived().len() >= 2);
}

#[test]
fn what_follows_a_refused_or_broken_request_is_never_served() {
    let upstream = Upstream::echo();
    let config = "[[stub]]\nmatch = \"GET /smuggled\"\nbody = \"mocked\"";
    let sidecar = sidecar().upstream(&upstream).config(config).start();
    for first in [
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n".to_owned(),
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_owned(),
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX0\r\n\r\n".to_owned(),
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n".to_owned(),
    ] {
        let mut client = sidecar.connect();
        client.send(format!("{first}{SMUGGLED}"));
        assert_eq!(client.response().status, 400, "{first:?}");
        assert!(client.is_closed(), "{first:?}");
    }
    assert!(sidecar.calls().iter().all(|call| call["path"] != "/smuggled"), "nobody has seen it");
    assert!(upstream.arrived().iter().all(|request| !request.line().contains("smuggled")));
}

#[test]
fn an_upgrade_that_is_refused_leaves_nothing_open() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).start();
    let mut client = sidecar.connect();
    // The upstream answers 200: what was sent behind the head is a request like any other, and passes the front.
    client.send(format!(
        "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nGET /%zz HTTP/1.1\r\nHost: a\r\n\r\n{SMUGGLED}"
    ));
    assert_eq!(client.response().text(), "real GET /ws HTTP/1.1");
    assert_eq!(client.response().status, 400);
    assert!(client.is_closed());
    assert_eq!(upstream.arrived().len(), 1);
}

#[test]
fn a_caller_that_leaves_in_the_middle_of_a_body_leaves_no_half_request_behind() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).start();
    for fields in ["Content-Length: 100\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n64\r\nhalf"] {
        let mut client = sidecar.connect();
        client.send(format!("POST /cut HTTP/1.1\r\nHost: a\r\n{fields}"));
        wait_for("a connection to the upstream", || (upstream.connections() > 0).then_some(()));
        drop(client);
        // Whoever comes next gets a connection of which nothing is left over.
        assert_eq!(sidecar.get("/next").text(), "real GET /next HTTP/1.1");
    }
    assert!(upstream.arrived().iter().all(|request| request.line().starts_with("GET /next")));
}

/// Answers that no server should give.
const HOSTILE: &[&str] = &[
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello!",
    "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nevil\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    "HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil",
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nevil",
    "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nX\0: a\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 20 Short\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "ICY 200 OK\r\n\r\nok",
    "\r\n\r\n\r\n",
    "\0\0\0\0\0\0\0\0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ncut",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\ncut",
    "HTTP/1.1 200",
    "",
];

#[test]
fn an_upstreams_hostile_answer_harms_nobody_but_its_own_request() {
    for hostile in HOSTILE {
        let count = AtomicUsize::new(0);
        let upstream = Upstream::new(move |request, stream| {
            if count.fetch_add(1, Ordering::Relaxed) == 0 {
                let _ = stream.write_all(hostile.as_bytes());
                // Some stay open, so that what they left over could be taken for the next answer.
                return hostile.contains("evil");
            }
            let line = format!("real {}", request.line());
            respond(stream, 200, "", line.as_bytes());
            true
        });
        let sidecar = sidecar()
            .config(&format!(
                "proxy.upstream = \"app\"\nupstreams.app = {{ url = \"http://{}\", read_timeout = \"1s\" }}",
                upstream.address()
            ))
            .start();
        let mut client = sidecar.connect();
        client.send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n");
        // Whatever this caller gets: a gateway's error, an answer that is cut off, or one that means what it says.
        if let Some(response) = client.try_response() {
            assert!(!response.text().contains("evil") || response.status == 200, "{hostile:?}: {response:?}");
            assert!([200, 204, 304, 502, 504, 999].contains(&response.status), "{hostile:?}: {response:?}");
            assert!(response.all("content-length").len() <= 1, "{hostile:?}: {response:?}");
        }
        for number in 0..4 {
            let text = Client::connect(sidecar.address()).get(&format!("/n{number}")).text();
            assert_eq!(text, format!("real GET /n{number} HTTP/1.1"), "after {hostile:?}");
        }
        wait_for("the call to end", || {
            sidecar.calls().into_iter().find(|call| call["path"] == "/first" && !call["duration_us"].is_null())
        });
    }
}

#[test]
fn a_head_without_end_from_an_upstream_is_bounded() {
    let upstream = Upstream::new(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n").is_ok() {}
        false
    });
    let sidecar = sidecar().upstream(&upstream).start();
    let response = sidecar.get("/");
    assert_eq!((response.status, response.json()["code"].as_str()), (502, Some("invalid-answer")));
}

#[test]
fn interim_answers_without_end_are_bounded_by_the_caller() {
    let upstream = Upstream::new(|_, stream| {
        while stream.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n").is_ok() {}
        false
    });
    let sidecar = sidecar().upstream(&upstream).start();
    let mut client = sidecar.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(client.try_head().unwrap().starts_with("HTTP/1.1 103"));
    drop(client);
    wait_for("the request to end", || (sidecar.metric("standin_inflight_requests") == Some(0.0)).then_some(()));
}
