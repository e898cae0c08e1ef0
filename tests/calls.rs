//! What passed through can be looked up, and secrets cannot.

use crate::admin::ask;
use crate::support::{Client, Upstream, sidecar, wait_for};

const STUBS: &str = "[[stub]]\nmatch = \"GET /a\"\nbody = \"hello\"\n[[stub]]\nmatch = \"POST /b\"\nwhen.header.x = \"1\"\nbody = \"b\"";

#[test]
fn a_call_is_readable_before_its_answer_has_left() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).config(STUBS).start();
    let mut client = sidecar.connect();
    for n in 1..=200 {
        let path = if n % 2 == 0 { "/a" } else { "/forwarded" };
        client.get(path);
        let calls = sidecar.calls();
        assert_eq!(calls.len(), n);
        assert_eq!((calls[0]["path"].as_str(), calls[0]["status"].as_u64()), (Some(path), Some(200)));
    }
}

#[test]
fn a_call_says_what_was_done_with_it() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).config(STUBS).start();
    sidecar.get("/a?x=1");
    let call = sidecar.last_call();
    for (key, value) in [
        ("method", "GET"),
        ("path", "/a"),
        ("query", "x=1"),
        ("host", "a.test"),
        ("protocol", "HTTP/1.1"),
        ("decision", "mocked"),
        ("mock", "default"),
        ("stub", "get-a"),
        ("scenario", "default"),
    ] {
        assert_eq!(call[key], value, "{key}");
    }
    assert_eq!((call["status"].as_u64(), call["generation"].as_u64()), (Some(200), Some(1)));
    assert!(call["client"].as_str().unwrap().starts_with("127.0.0.1:"));
    let at = call["at"].as_str().unwrap();
    assert!(at.len() == 27 && at.ends_with('Z') && &at[10..11] == "T", "RFC 3339 with microseconds: {at}");
    let times = &call["duration_us"];
    assert_eq!(times["total"].as_u64(), Some(times["own"].as_u64().unwrap() + times["delay"].as_u64().unwrap()));
}

#[test]
fn one_call_is_shown_with_heads_and_bodies() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).config(&format!("call_log.body = \"8B\"\n{STUBS}")).start();
    sidecar.connect().post("/forwarded", "X-A: 1\r\n", b"0123456789");
    let id = sidecar.last_call()["id"].as_str().unwrap().to_owned();
    let call = sidecar.admin(&format!("/v1/calls/{id}"));
    let headers = call["request"]["headers"].as_array().unwrap();
    assert!(headers.iter().any(|h| h[0].as_str().unwrap().eq_ignore_ascii_case("x-a") && h[1] == "1"), "{headers:?}");
    assert_eq!(call["request"]["body"], serde_json::json!({ "length": 10, "truncated": true, "text": "01234567" }));
    assert_eq!(call["response"]["body"]["text"], "real POS");
    let headers = call["response"]["headers"].as_array().unwrap();
    assert!(headers.iter().any(|h| h[1] == "upstream"), "{headers:?}");
    sidecar.connect().post("/a", "", &[0xff, 0, 1]);
    let id = sidecar.last_call()["id"].as_str().unwrap().to_owned();
    assert_eq!(sidecar.admin(&format!("/v1/calls/{id}"))["request"]["body"]["base64"], "/wAB");
}

#[test]
fn calls_are_found_by_filters_and_pages() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).config(STUBS).start();
    let mut client = sidecar.connect();
    for n in 0..30 {
        client.get(&format!("/other/{n}"));
        client.get("/a");
    }
    client.post("/b", "", b"");
    sidecar.last_call();
    let count =
        |query: &str| sidecar.admin(&format!("/v1/calls?limit=1000&{query}"))["calls"].as_array().unwrap().len();
    assert_eq!(count("decision=mocked"), 30);
    assert_eq!(count("stub=get-a&scenario=default&mock=default"), 30);
    assert_eq!(count("decision=forwarded"), 31);
    assert_eq!(count("path=/other/7"), 1);
    assert_eq!(count("path=/other/*"), 30);
    assert_eq!(count("method=post"), 1);
    assert_eq!(count("status=200"), 61);
    assert_eq!(count("status=2xx"), 61);
    assert_eq!(count("status=404"), 0);
    assert_eq!(count("since=2099-01-01T00:00:00Z"), 0);
    assert_eq!(count("since=2020-01-01T00:00:00Z"), 61);
    let mut seen = Vec::new();
    let mut query = "/v1/calls?limit=7".to_owned();
    loop {
        let page = sidecar.admin(&query);
        seen.extend(page["calls"].as_array().unwrap().iter().map(|call| call["id"].as_str().unwrap().to_owned()));
        client.get("/a"); // a call that comes between two pages shifts nothing
        match page["next"].as_str() {
            Some(next) => query = format!("/v1/calls?limit=7&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 61);
    let mut distinct = seen.clone();
    distinct.dedup();
    assert_eq!(distinct, seen);
    assert_eq!(sidecar.admin("/v1/calls")["oldest"].as_str(), seen.last().map(String::as_str));
}

#[test]
fn bad_questions_get_an_answer_that_helps() {
    let sidecar = sidecar().start();
    for (target, status, word) in [
        ("/v1/calls?stats=200", 400, "did you mean `status`?"),
        ("/v1/calls?status=abc", 400, "404 or 4xx"),
        ("/v1/calls?decision=mock", 400, "mocked"),
        ("/v1/calls?limit=0", 400, "1 to 1000"),
        ("/v1/calls?since=yesterday", 400, "RFC 3339"),
        ("/v1/calls?cursor=x", 400, "cursor"),
        ("/v1/calls?mock=", 400, "empty"),
        ("/v1/calls?mock=a&mock=b", 400, "twice"),
        ("/v1/calls/nothing", 404, "there is no call"),
        ("/v1/nothing", 404, "there is no route"),
    ] {
        let response = Client::connect(sidecar.app().admin()).as_host("localhost").get(target);
        assert_eq!(response.status, status, "{target}");
        assert_eq!(response.header("content-type"), Some("application/problem+json"));
        assert!(response.text().contains(word), "{target}: {}", response.text());
    }
    let mut client = Client::connect(sidecar.app().admin()).as_host("localhost");
    client.send("POST /v1/calls HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(client.response().status, 405);
}

#[test]
fn the_admin_listener_answers_only_to_names_of_this_machine() {
    let sidecar = sidecar().start();
    let status = |host: &'static str| Client::connect(sidecar.app().admin()).as_host(host).get("/v1/calls").status;
    assert_eq!(status("localhost:1"), 200);
    assert_eq!(status("127.0.0.1"), 200);
    assert_eq!(status("evil.test"), 403);
    assert_eq!(status("127.0.0.1.evil.test"), 403);
    let mut client = Client::connect(sidecar.app().admin()).as_host("localhost");
    client.send("GET /v1/calls HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.test\r\n\r\n");
    assert_eq!(client.response().status, 403);
}

#[test]
fn secrets_never_reach_the_log() {
    let upstream = Upstream::new(|_, stream| {
        crate::support::upstream::respond(
            stream,
            200,
            "Set-Cookie: sid=TOPSECRET\r\nX-Echo: mock-key-1\r\n",
            b"body mock-key-1",
        );
        true
    });
    let config = "call_log = { access_log = \"all\", redact_query = [\"token\"] }\n\
                  default.access = { keys = [{ env = \"KEY\" }], header = \"x-own-key\" }\n[[stub]]\nmatch = \"GET /a\"";
    let sidecar = sidecar().upstream(&upstream).variable("KEY", "mock-key-1").config(config).start();
    // However it is written.
    let packed = crate::support::gzip(b"{\"name\": \"mock-key-1\"}");
    let head = "Content-Encoding: gzip\r\nReferer: /?mock%2Dkey%2D1\r\n";
    sidecar.connect().post("/x?c=mock%2Dkey%2d1", head, &packed);
    let id = sidecar.last_call()["id"].as_str().unwrap().to_owned();
    let packed = wait_for("the call to be over", || {
        let call = sidecar.admin(&format!("/v1/calls/{id}"));
        (!call["duration_us"].is_null()).then(|| call.to_string())
    });
    assert!(
        packed.contains(r#""query":"c=[redacted]""#) && packed.contains(r#"{\"name\": \"[redacted]\"}"#),
        "{packed}"
    );
    assert!(!packed.contains("mock-key-1") && !packed.contains("mock%2D"), "{packed}");
    let har = ask(sidecar.app().admin(), "GET", "/v1/calls/export?format=har", "", "").text();
    assert!(!har.contains("mock-key-1") && !har.contains("mock%2D"), "{har}");
    let headers = "Authorization: Bearer TOPSECRET\r\nCookie: sid=TOPSECRET\r\nX-Api-Key: TOPSECRET\r\n\
                   Proxy-Authorization: TOPSECRET\r\nX-Own-Key: mock-key-1\r\nX-Other: a mock-key-1 b\r\n";
    sidecar.connect().get_with("/x?token=TOPSECRET&b=1&k=mock-key-1", headers);
    let id = sidecar.last_call()["id"].as_str().unwrap().to_owned();
    let call = sidecar.admin(&format!("/v1/calls/{id}")).to_string();
    let lines = wait_for("the access line", || Some(sidecar.lines()).filter(|lines| !lines.is_empty()));
    for shown in [call.as_str(), &lines[0].to_string(), &sidecar.metrics()] {
        assert!(!shown.contains("TOPSECRET") && !shown.contains("mock-key-1"), "{shown}");
    }
    assert!(call.contains("token=[redacted]&b=1"), "{call}");
    assert!(call.contains("a [redacted] b"), "{call}");
}

#[test]
fn the_access_log_writes_what_it_is_told_to() {
    let upstream = Upstream::echo();
    let count = |setting: &str, expected: usize| {
        let config = format!("call_log.access_log = \"{setting}\"\ndefault.base_path = \"/m\"\n{STUBS}");
        let sidecar = sidecar().upstream(&upstream).config(&config).start();
        let mut client = sidecar.connect();
        client.get("/m/a"); // mocked
        client.get("/plain"); // plain pass-through
        client.post("/m/b", "", b""); // a miss
        client.send("GET / HTTP/1.1\r\n\r\n"); // rejected
        client.response();
        let lines = wait_for("the access lines", || Some(sidecar.lines()).filter(|lines| lines.len() >= expected));
        assert_eq!(lines.len(), expected, "{setting}: {lines:?}");
        lines
    };
    assert_eq!(count("all", 4).len(), 4);
    let lines = count("misses", 2);
    assert_eq!((lines[0]["miss"].as_str(), lines[1]["rejection"].as_str()), (Some("header"), Some("host")));
    count("none", 0);
}

#[test]
fn the_log_is_bounded_by_bytes_and_lets_the_oldest_go() {
    let sidecar = sidecar().config("call_log.memory = \"256KiB\"\n[[stub]]\nmatch = \"GET /{x}\"").start();
    let mut client = sidecar.connect();
    for n in 0..3000 {
        client.get(&format!("/{n}"));
    }
    sidecar.last_call();
    let bytes = sidecar.metric("standin_call_log_bytes").unwrap();
    assert!(bytes > 200_000.0 && bytes <= 262_144.0, "{bytes}");
    let page = sidecar.admin("/v1/calls?limit=1000");
    let calls = page["calls"].as_array().unwrap();
    assert_eq!(calls.len() as u64 + page["evicted"].as_u64().unwrap(), 3000);
    let paths: Vec<u32> = calls.iter().map(|c| c["path"].as_str().unwrap()[1..].parse().unwrap()).collect();
    // The parts of the ring let go one by one, so that only the oldest entries have gaps between them.
    let newest: Vec<u32> = (0..3000).rev().take(paths.len() * 9 / 10).collect();
    assert_eq!(paths[..newest.len()], newest, "the newest, without a gap");
    assert!(paths.is_sorted_by(|a, b| a > b) && paths.len() > 300 && paths.len() < 1000, "{}", paths.len());
    assert_eq!(sidecar.metric("standin_call_log_dropped_total"), Some(0.0));
}

#[test]
fn bodies_are_kept_for_some_calls_a_second() {
    let config = "call_log.bodies_per_second = 3\n[[stub]]\nmatch = \"GET /a\"\nbody = \"hello\"";
    let sidecar = sidecar().config(config).start();
    let mut client = sidecar.connect();
    for _ in 0..20 {
        client.get("/a");
    }
    sidecar.last_call();
    let kept = sidecar
        .calls()
        .iter()
        .filter(|call| {
            let id = call["id"].as_str().unwrap();
            !sidecar.admin(&format!("/v1/calls/{id}"))["response"]["body"].is_null()
        })
        .count();
    // Twenty calls take well under a second; should a second turn meanwhile, it has its own three.
    assert!((3..=6).contains(&kept), "{kept}");
}

#[test]
fn a_reader_of_the_log_holds_nobody_up() {
    let sidecar = sidecar().config("[[stub]]\nmatch = \"GET /a\"").start();
    let admin = sidecar.app().admin();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stopped = stop.clone();
    let reader = std::thread::spawn(move || {
        let mut client = Client::connect(admin).as_host("localhost");
        while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
            client.get("/v1/calls?limit=1000");
        }
    });
    let mut client = sidecar.connect();
    for _ in 0..3000 {
        assert_eq!(client.get("/a").status, 200);
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    reader.join().unwrap();
    let kept = sidecar.calls().len() + sidecar.admin("/v1/calls")["evicted"].as_u64().unwrap() as usize;
    let dropped = sidecar.metric("standin_call_log_dropped_total").unwrap() as usize;
    assert!(kept >= 1000 && dropped == 0, "{kept} kept, {dropped} dropped");
}
