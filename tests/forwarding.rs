//! What no stub answers reaches the upstream as it was sent, and comes back as it was answered.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use crate::support::upstream::respond;
use crate::support::{Client, PATIENCE, Upstream, sidecar};

#[test]
fn method_target_and_fields_reach_the_upstream_as_they_were_sent() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).start();
    for (method, target) in [
        ("GET", "/a/../b//c/%41%2f?x=%zz&y=a+b|{}&&"),
        ("PURGE", "/caf\u{e9}"),
        ("get", "/"),
        ("OPTIONS", "*"),
        ("DELETE", "/a?"),
        ("PATCH", "/;p=1/@:!$&'()*,;=~^\"[]{}|?`^|[]{}"),
    ] {
        let mut client = sidecar.connect();
        client.send(format!(
            "{method} {target} HTTP/1.1\r\nHost: A.test:81\r\nX-Case: MiXeD  value\r\nx-two: 1\r\nX-Two: 2\r\n\r\n"
        ));
        let response = client.response();
        assert_eq!(response.status, 200, "{method} {target}: {response:?}");
        let arrived = upstream.arrived().pop().unwrap();
        assert_eq!(arrived.line(), format!("{method} {target} HTTP/1.1"));
        assert_eq!(arrived.header("host"), Some("A.test:81"));
        assert_eq!(arrived.header("x-case"), Some("MiXeD  value"));
        assert_eq!(arrived.all("x-two"), ["1", "2"]);
        assert!(arrived.head.contains("X-Case:"), "the case of names is kept: {}", arrived.head);
    }
}

#[test]
fn characters_that_no_url_may_hold_are_encoded_and_nothing_else() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).start();
    let mut client = sidecar.connect();
    client.send("GET /<a>`?q=\"x\"<%2F> HTTP/1.1\r\nHost: a\r\nX-Quoted: \"<>`\"\r\n\r\n");
    assert_eq!(client.response().status, 200);
    assert_eq!(upstream.only().line(), "GET /%3Ca%3E%60?q=%22x%22%3C%2F%3E HTTP/1.1");
    assert_eq!(upstream.only().header("x-quoted"), Some("\"<>`\""));
}

#[test]
fn field_bytes_beyond_ascii_pass_unchanged() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Bytes: \xe9\xff\r\n\r\n".to_vec();
    let upstream = Upstream::saying(answer);
    let sidecar = sidecar().upstream(&upstream).start();
    let mut client = sidecar.connect();
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-Bytes: \xe9\xff\r\n\r\n");
    assert_eq!(client.response().header("x-bytes"), Some("\u{fffd}\u{fffd}"));
    assert_eq!(upstream.only().header("x-bytes"), Some("\u{fffd}\u{fffd}"));
}

#[test]
fn an_answer_comes_back_as_it_was_given() {
    let body = (0..=255).collect::<Vec<u8>>();
    let answer = [
        b"HTTP/1.1 203 Fine by me\r\nContent-Length: 256\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nSet-Cookie: a=1\r\n"
            .to_vec(),
        b"Set-Cookie: b=2\r\nX-MiXed: Case\r\nServer: it\r\nETag: \"x\"\r\nKeep-Alive: timeout=5\r\n".to_vec(),
        b"Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nProxy-Connection: a\r\nStandin: theirs\r\n\r\n".to_vec(),
        body.clone(),
    ]
    .concat();
    let upstream = Upstream::saying(answer);
    let sidecar = sidecar().upstream(&upstream).start();
    let response = sidecar.get("/");
    assert_eq!(response.status, 203);
    assert!(response.head.starts_with("HTTP/1.1 203 Fine by me"), "{}", response.head);
    assert_eq!(response.header("date"), Some("Thu, 01 Jan 1970 00:00:00 GMT"), "the upstream's own date");
    assert_eq!(response.all("set-cookie"), ["a=1", "b=2"]);
    assert!(response.head.contains("X-MiXed: Case"));
    assert_eq!(response.header("standin"), Some("theirs"), "nothing of ours is added");
    for hop in ["keep-alive", "x-hop", "proxy-connection"] {
        assert_eq!(response.header(hop), None, "{hop}");
    }
    assert_eq!(response.body, body);
}

#[test]
fn an_answer_without_a_date_gets_one() {
    let upstream = Upstream::saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let sidecar = sidecar().upstream(&upstream).start();
    assert!(sidecar.get("/").header("date").is_some());
}

#[test]
fn bodies_pass_with_a_length_and_chunked() {
    let upstream = Upstream::new(|request, stream| {
        respond(stream, 200, "", &request.body);
        true
    });
    let sidecar = sidecar().upstream(&upstream).start();
    let body: Vec<u8> = (0..300_000u32).map(|n| n as u8).collect();
    let mut client = sidecar.connect();
    assert_eq!(client.post("/a", "", &body).body, body);
    client.send("POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for piece in body.chunks(7777) {
        client.send(format!("{:x};ext=1\r\n", piece.len())).send(piece).send("\r\n");
    }
    client.send("0\r\nX-Trailer: gone\r\n\r\n");
    assert_eq!(client.response().body, body);
    let arrived = upstream.wait_for(2);
    assert_eq!(arrived.header("transfer-encoding"), Some("chunked"));
    assert_eq!(arrived.header("content-length"), None);
    assert_eq!(upstream.arrived()[0].header("content-length"), Some("300000"));
    assert_eq!(client.get("/c").status, 200, "the connection lives on");
}

#[test]
fn chunked_and_close_delimited_answers_stream() {
    for chunked in [true, false] {
        // The next event is sent only once the test has seen this one: nothing may hold it back.
        let (seen, wait) = mpsc::channel::<()>();
        let wait = Mutex::new(wait);
        let upstream = Upstream::new(move |_, stream| {
            let head = if chunked { "Transfer-Encoding: chunked\r\n" } else { "" };
            let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n").as_bytes());
            for event in 0..3 {
                let text = format!("data: {event}\n\n");
                let piece = if chunked { format!("{:x}\r\n{text}\r\n", text.len()) } else { text };
                let _ = stream.write_all(piece.as_bytes());
                let _ = wait.lock().unwrap().recv_timeout(PATIENCE);
            }
            let _ = stream.write_all(if chunked { b"0\r\n\r\n" } else { b"" });
            false
        });
        let sidecar = sidecar().upstream(&upstream).start();
        let mut client = sidecar.connect();
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        client.try_head().unwrap();
        for event in 0..3 {
            assert_eq!(client.line().as_deref(), Some("9"), "chunked: {chunked}");
            assert_eq!(client.exactly(11).unwrap(), format!("data: {event}\n\n\r\n").as_bytes());
            seen.send(()).unwrap();
        }
        assert_eq!(client.line().as_deref(), Some("0"), "the end is told, whatever the upstream did");
    }
}

#[test]
fn head_has_no_body_and_keeps_its_length() {
    let upstream = Upstream::saying("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
    let sidecar = sidecar().upstream(&upstream).start();
    let mut client = sidecar.connect();
    for _ in 0..2 {
        client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.head_response().header("content-length"), Some("1234"));
    }
}

#[test]
fn interim_answers_pass_and_the_expectation_is_the_upstreams_to_meet() {
    let upstream = Upstream::new(|request, stream| {
        let _ = stream.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
        respond(stream, 200, "", &request.body);
        true
    });
    let sidecar = sidecar().upstream(&upstream).start();
    let mut client = sidecar.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(client.try_head().unwrap().starts_with("HTTP/1.1 103 Early Hints\r\nLink: </a>"));
    assert_eq!(client.response().status, 200);

    let sidecar = self::sidecar().config(&format!("proxy.upstream = \"http://{}\"", expecting())).start();
    let mut client = sidecar.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    assert!(client.try_head().unwrap().starts_with("HTTP/1.1 100"));
    client.send("hello");
    assert_eq!(client.response().text(), "hello");
}

/// An upstream that says 100 before it reads the body.
fn expecting() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = |mut stream: TcpStream| -> std::io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        assert!(String::from_utf8_lossy(&head).to_lowercase().contains("expect: 100-continue"));
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        let mut body = [0; 5];
        stream.read_exact(&mut body)?;
        respond(&mut stream, 200, "", &body);
        stream.read(&mut [0]).map(drop)
    };
    std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(serve(stream))));
    address
}

#[test]
fn an_http_1_0_caller_gets_what_it_understands() {
    let upstream = Upstream::saying(
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    );
    let sidecar = sidecar().upstream(&upstream).start();
    let mut client = sidecar.connect();
    client.send("GET / HTTP/1.0\r\n\r\n");
    let head = client.try_head().unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "no interim answer: {head}");
    assert!(!head.to_lowercase().contains("transfer-encoding"), "{head}");
    while client.fill() > 0 {}
    assert_eq!(client.exactly(5).unwrap(), b"hello");
    assert!(client.is_closed());
    let host = upstream.address().to_string();
    assert_eq!(upstream.arrived()[0].header("host"), Some(&*host), "HTTP/1.1 asks for a host");
}

#[test]
fn forwarding_fields_follow_the_setting() {
    let upstream = Upstream::echo();
    let sent = "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\nForwarded: for=1.1.1.1\r\n";
    let fields = |config: &str, sent: &str| {
        let sidecar = sidecar().upstream(&upstream).config(config).start();
        sidecar.connect().get_with("/", sent);
        let arrived = upstream.arrived().pop().unwrap();
        ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded"]
            .map(|name| arrived.all(name).join(" | "))
    };
    assert_eq!(fields("", ""), ["127.0.0.1", "http", "a.test", ""]);
    assert_eq!(
        fields("", sent),
        ["1.1.1.1, 2.2.2.2, 127.0.0.1", "http", "a.test", "for=1.1.1.1, for=127.0.0.1;host=\"a.test\";proto=http"]
    );
    assert_eq!(fields("", "X-Forwarded-Proto: https\r\nX-Forwarded-Host: b\r\n")[1..3], ["https", "b"]);
    assert_eq!(fields("proxy.forwarded = \"replace\"", sent), ["127.0.0.1", "http", "a.test", ""]);
    assert_eq!(fields("proxy.forwarded = \"pass\"", sent), ["1.1.1.1 | 2.2.2.2", "", "", "for=1.1.1.1"]);
    assert_eq!(fields("proxy.forwarded = \"pass\"", ""), ["", "", "", ""]);
}

#[test]
fn hop_by_hop_fields_stay_behind_and_trace_context_passes() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).start();
    sidecar.connect().get_with(
        "/",
        "Connection: keep-alive, X-Hop, HTTP2-Settings\r\nX-Hop: 1\r\nKeep-Alive: a\r\nTE: trailers\r\n\
         Proxy-Connection: a\r\nTrailer: b\r\nUpgrade: h2c\r\nHTTP2-Settings: c\r\nX-HOP: 2\r\n\
         traceparent: t\r\ntracestate: s\r\nbaggage: b\r\nstandin-debug: 1\r\nx-mock-response-code: 200\r\nx-api-key: k\r\n",
    );
    let arrived = upstream.only();
    let gone = ["connection", "x-hop", "keep-alive", "te", "proxy-connection", "standin-debug", "trailer", "upgrade"];
    for gone in gone.into_iter().chain(["http2-settings"]) {
        assert_eq!(arrived.header(gone), None, "{gone}");
    }
    assert_eq!(arrived.header("traceparent"), Some("t"));
    assert_eq!(arrived.header("tracestate"), Some("s"));
    assert_eq!(arrived.header("baggage"), Some("b"));
    assert_eq!(arrived.header("x-api-key"), Some("k"), "no mock knows this key");
    assert_eq!(arrived.header("x-mock-response-code"), Some("200"), "no mock is concerned");
}

#[test]
fn selectors_and_keys_of_a_mock_stay_behind() {
    let upstream = Upstream::echo();
    let sidecar = sidecar()
        .upstream(&upstream)
        .variable("KEY", "right")
        .config("default.base_path = \"/api\"\ndefault.access = { keys = [{ env = \"KEY\" }] }\n[[stub]]\nmatch = \"GET /a\"")
        .start();
    let send = |target: &str, headers: &str| {
        sidecar.connect().get_with(target, headers);
        upstream.arrived().pop().unwrap()
    };
    let arrived =
        send("/api/other", "x-mock-response-name: n\r\nX-Mock-Match-Request-Body: true\r\nX-Api-Key: right\r\n");
    assert_eq!(arrived.header("x-mock-response-name"), None);
    assert_eq!(arrived.header("x-mock-match-request-body"), None);
    assert_eq!(arrived.header("x-api-key"), None);
    let arrived = send("/api/other", "X-Api-Key: wrong\r\n");
    assert_eq!(arrived.header("x-api-key"), Some("wrong"));
    let arrived = send("/elsewhere", "x-mock-response-name: n\r\nX-Api-Key: right\r\n");
    assert_eq!(arrived.header("x-mock-response-name"), Some("n"));
    assert_eq!(arrived.header("x-api-key"), Some("right"));
}

#[test]
fn connections_to_the_upstream_are_kept() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).start();
    // One caller: a second one may come in the moment between an answer and the return of its connection.
    let mut client = sidecar.connect();
    for _ in 0..5 {
        assert_eq!(client.get("/").status, 200);
    }
    let arrived = upstream.arrived();
    assert!(arrived.iter().all(|other| other.connection == arrived[0].connection));
    assert!(arrived.iter().all(|other| other.header("connection").is_none()), "nobody asked for more than that");
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).config("[[stub]]\nmatch = \"GET /mock\"\nbody = \"mocked\"").start();
    let mut client = sidecar.connect();
    let host = "HTTP/1.1\r\nHost: a\r\n";
    client.send(format!(
        "GET /1 {host}\r\nGET /mock {host}\r\nPOST /2 {host}Content-Length: 3\r\n\r\nabcGET /mock {host}\r\n\
         POST /3 {host}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /4 {host}\r\n"
    ));
    let bodies: Vec<String> = (0..6).map(|_| client.response().text()).collect();
    assert_eq!(
        bodies,
        [
            "real GET /1 HTTP/1.1",
            "mocked",
            "real POST /2 HTTP/1.1",
            "mocked",
            "real POST /3 HTTP/1.1",
            "real GET /4 HTTP/1.1"
        ]
    );
}

#[test]
fn a_caller_that_ends_its_side_still_gets_its_mocked_answers() {
    let sidecar = sidecar().config("[[stub]]\nmatch = \"GET /mock\"\nbody = \"mocked\"").start();
    let mut client = sidecar.connect();
    client.send("GET /mock HTTP/1.1\r\nHost: a\r\n\r\nGET /mock HTTP/1.1\r\nHost: a\r\n\r\n").end();
    assert_eq!(client.response().text(), "mocked");
    assert_eq!(client.response().text(), "mocked");
    assert!(client.is_closed());
}

#[test]
fn a_refused_connection_is_a_502_that_says_whose() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let sidecar =
        sidecar().config(&format!("proxy.upstream = \"app\"\nupstreams.app.url = \"http://127.0.0.1:{port}\"")).start();
    let response = sidecar.get("/a");
    assert_eq!(response.status, 502);
    assert_eq!(response.header("content-type"), Some("application/problem+json"));
    assert_eq!(response.json()["code"], "connect-refused");
    assert_eq!(response.json()["detail"], "the upstream `app` refuses connections");
    assert_eq!(response.standin(), "failed; generation=1; upstream=\"app\"; kind=\"connect-refused\"");
    let call = sidecar.last_call();
    assert_eq!((call["decision"].as_str(), call["failure"].as_str()), (Some("failed"), Some("connect-refused")));
    assert_eq!(call["status"], 502);
    assert!(call["duration_us"]["upstream"].as_u64() > Some(0), "connecting is the upstream's time: {call}");
    let errors = sidecar.metric("standin_upstream_errors_total{kind=\"connect-refused\",upstream=\"app\"}");
    assert_eq!(errors, Some(1.0));
}

#[test]
fn failures_of_the_upstream_are_told_apart() {
    let silent = Upstream::new(|_, stream| {
        let _ = stream.read(&mut [0]);
        false
    });
    let closing = Upstream::new(|_, _| false);
    let garbage = Upstream::saying("SSH-2.0-OpenSSH_9\r\n\r\n");
    let upgrading = Upstream::saying("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
    for (upstream, status, code) in [
        (&silent, 504, "read-timeout"),
        (&closing, 502, "closed"),
        (&garbage, 502, "invalid-answer"),
        (&upgrading, 502, "invalid-answer"),
    ] {
        let url = upstream.address();
        let config =
            format!("proxy.upstream = \"app\"\nupstreams.app = {{ url = \"http://{url}\", read_timeout = \"200ms\" }}");
        let sidecar = sidecar().config(&config).start();
        let response = sidecar.get("/");
        assert_eq!((response.status, response.json()["code"].as_str()), (status, Some(code)), "{response:?}");
        assert!(response.standin().starts_with("failed; "), "{response:?}");
    }
}

#[test]
fn an_answer_that_is_cut_off_is_cut_off_for_the_caller() {
    let upstream = Upstream::new(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        false
    });
    let sidecar = sidecar().upstream(&upstream).start();
    let mut client = sidecar.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(client.try_response().is_none(), "the body is incomplete, and the connection ends");
    let call = sidecar.last_call();
    assert_eq!((call["status"].as_u64(), call["failure"].as_str()), (Some(200), Some("closed")));
}

/// An upstream that closes the connection of its first request when a second comes on it, as one whose idle time-out
/// has just run out.
fn stale() -> Upstream {
    let first = AtomicUsize::new(usize::MAX);
    Upstream::new(move |request, stream| {
        if request.line().contains("/first") {
            first.store(request.connection, Ordering::Relaxed);
        }
        let is_stale = request.connection == first.load(Ordering::Relaxed) && !request.line().contains("/first");
        if !is_stale {
            respond(stream, 200, "", &[request.line().as_bytes(), b" ", &request.body].concat());
        }
        !is_stale
    })
}

#[test]
fn a_stale_connection_costs_an_idempotent_request_nothing() {
    for (method, body) in [("GET", ""), ("PUT", "all of the body")] {
        let upstream = stale();
        let sidecar = sidecar().upstream(&upstream).start();
        assert_eq!(sidecar.get("/first").status, 200);
        let mut client = sidecar.connect();
        client.send(format!("{method} /a HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
        let response = client.response();
        assert_eq!((response.status, response.text()), (200, format!("{method} /a HTTP/1.1 {body}")));
        let [old, again, fresh] = &upstream.arrived()[..] else { panic!("{:?}", upstream.arrived()) };
        assert_eq!(old.connection, again.connection);
        assert_ne!(again.connection, fresh.connection);
    }
}

#[test]
fn a_request_that_may_have_had_an_effect_is_not_sent_twice() {
    let upstream = stale();
    let sidecar = sidecar().upstream(&upstream).start();
    assert_eq!(sidecar.get("/first").status, 200);
    let response = sidecar.connect().post("/a", "", b"order");
    assert_eq!((response.status, response.json()["code"].as_str()), (502, Some("closed")));
    assert_eq!(upstream.arrived().len(), 2);
}

#[test]
fn all_addresses_of_an_upstream_are_tried() {
    // localhost resolves to ::1 and 127.0.0.1 on most machines; only one of them listens.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let upstream = Upstream::on(listener, |_, stream| {
        respond(stream, 200, "", b"here");
        true
    });
    let sidecar = sidecar().config(&format!("proxy.upstream = \"http://localhost:{port}\"")).start();
    assert_eq!(sidecar.get("/").text(), "here");
    assert_eq!(upstream.arrived().len(), 1);
}

#[test]
fn a_name_that_does_not_resolve_is_a_503() {
    let sidecar = sidecar().config("proxy.upstream = \"http://no-such-host.invalid:80\"").start();
    let response = sidecar.get("/");
    assert_eq!((response.status, response.json()["code"].as_str()), (503, Some("dns")));
}

#[test]
fn without_an_upstream_an_unmatched_request_is_postmans_404() {
    let sidecar = sidecar().start();
    let response = sidecar.get("/a");
    assert_eq!(response.status, 404);
    assert_eq!(
        response.text(),
        r#"{"error":{"name":"mockRequestNotFoundError","message":"Double check your method and the request path and try again.","header":"No matching requests"}}"#
    );
    let call = sidecar.last_call();
    let id = call["id"].as_str().unwrap();
    assert!(response.standin().contains(&format!("miss=\"{id}\"")), "{}", response.standin());
    assert_eq!(call["decision"], "unmatched");
}

#[test]
fn a_caller_that_leaves_ends_the_request_upstream() {
    let upstream = Upstream::new(|_, stream| {
        // Waits for the sidecar to hang up.
        let _ = stream.read(&mut [0]);
        false
    });
    let sidecar = sidecar().upstream(&upstream).start();
    let mut client = sidecar.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    upstream.wait_for(1);
    drop(client);
    let call = sidecar.last_call();
    assert_eq!(call["failure"], "caller-left");
    assert!(call["status"].is_null());
}

#[test]
fn websockets_pass() {
    let upstream = Upstream::new(|request, stream| {
        assert_eq!(request.header("upgrade"), Some("websocket"));
        let _ = stream
            .write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nfirst");
        let mut bytes = [0; 64];
        while let Ok(count) = stream.read(&mut bytes) {
            if count == 0 || stream.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        false
    });
    let sidecar = sidecar().upstream(&upstream).start();
    // Often: an upstream that answers at once must not be quicker than the end of the empty body.
    for _ in 0..200 {
        let mut client = sidecar.connect();
        client.send("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        let response = client.response();
        assert_eq!(response.status, 101);
        assert_eq!(response.header("upgrade"), Some("websocket"));
        assert_eq!(client.exactly(5).unwrap(), b"first");
        client.send("\x00\r\n\r\nraw");
        assert_eq!(client.exactly(8).unwrap(), b"\x00\r\n\r\nraw");
    }
}

#[test]
fn a_forwarded_answer_says_why_it_was_no_mock_when_asked() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).config("[[stub]]\nmatch = \"GET /a?id=1\"\nbody = \"x\"").start();
    let response = sidecar.connect().get_with("/a?id=2", "standin-debug: 1\r\n");
    let standin = response.standin();
    assert!(standin.starts_with("forwarded; mock=\"default\"; generation=1; miss=\""), "{standin}");
    assert!(standin.contains("reason=\"query\"; upstream=\"127.0.0.1:"), "{standin}");
    assert!(response.header("server-timing").unwrap().starts_with("standin;dur="));
    assert_eq!(sidecar.get("/a?id=2").header("standin"), None);
}

#[test]
fn a_slow_answer_of_known_length_arrives_as_it_is_made() {
    let upstream = Upstream::new(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
        let _ = stream.read(&mut [0]); // until the caller has hung up
        false
    });
    let sidecar = sidecar().upstream(&upstream).start();
    let mut client: Client = sidecar.connect();
    client.stream().set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.try_head().unwrap();
    assert_eq!(client.exactly(5).unwrap(), b"first");
}

#[test]
fn a_change_of_protocol_that_is_not_taken_up_leaves_the_connection_as_it_was() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).config("[[stub]]\nmatch = \"GET /mock\"\nbody = \"mocked\"").start();
    let mut client = sidecar.connect();
    let asks = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    for _ in 0..2 {
        let response = client.get_with("/mock", asks);
        assert_eq!(response.text(), "mocked");
        if response.header("connection") == Some("close") {
            client = sidecar.connect();
        }
    }
    assert_eq!(client.get_with("/real", asks).text(), "real GET /real HTTP/1.1");
}

#[test]
fn what_follows_a_request_for_another_protocol_waits_until_it_is_agreed_to() {
    // The caller does not wait for the 101, and the upstream declines.
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).start();
    let mut client = sidecar.connect();
    client.send(
        "GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    assert_eq!(client.response().text(), "real GET /a HTTP/1.1");
    for arrived in upstream.arrived() {
        assert!(arrived.line().starts_with("GET /a ") || arrived.line().starts_with("GET /b "), "{arrived:?}");
    }
}

#[test]
fn one_thread_serves_waits_forwards_reloads_and_stops() {
    let upstream = Upstream::echo();
    let stubs = "[[stub]]\nmatch = \"GET /slow\"\nbody = \"slow\"\ndelay = \"300ms\"";
    let sidecar = sidecar().threads(1).upstream(&upstream).config(stubs).start();
    let slow = sidecar.address();
    let slow = std::thread::spawn(move || Client::connect(slow).get("/slow").text());
    assert_eq!(sidecar.get("/x").text(), "real GET /x HTTP/1.1");
    let config =
        format!("proxy.upstream = \"http://{}\"\n[[stub]]\nmatch = \"GET /x\"\nbody = \"one\"", upstream.address());
    sidecar.reload_with(&config).unwrap();
    assert_eq!(sidecar.get("/x").text(), "one");
    assert_eq!(slow.join().unwrap(), "slow");
    let address = sidecar.address();
    sidecar.stop();
    assert!(std::net::TcpStream::connect(address).is_err());
}
