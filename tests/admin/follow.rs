//! The live tail: what passes is told, to a slow reader how much it missed.

use super::{ask, get, refusal};
use crate::support::{Client, Sidecar, sidecar, wait_for};

const STUBS: &str = "[[stub]]\nmatch = \"GET /a\"\nbody = \"a\"\n[[stub]]\nmatch = \"GET /b\"\nbody = \"b\"";

/// How many calls pass by the slow reader.
const CALLS: u64 = 5000;

/// A reader of the stream.
struct Reader(Client);

impl Reader {
    fn open(sidecar: &Sidecar, query: &str, headers: &str) -> Reader {
        let mut client = Client::connect(sidecar.app().admin());
        client.send(format!("GET /v1/calls/stream{query} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"));
        let head = client.try_head().unwrap();
        assert!(head.contains(" 200 ") && head.contains("content-type: text/event-stream"), "{head}");
        Reader(client)
    }

    /// The next event: its name, its id and what it says. Comments are passed over.
    fn event(&mut self) -> (String, String, serde_json::Value) {
        let (mut name, mut id) = (String::new(), String::new());
        loop {
            // A piece of the stream is a chunk; the lines of an event never hold one of its sizes alone.
            let line = self.0.line_any().expect("an event");
            if let Some(text) = line.strip_prefix("event: ") {
                name = text.to_owned();
            } else if let Some(text) = line.strip_prefix("id: ") {
                id = text.to_owned();
            } else if let Some(text) = line.strip_prefix("data: ") {
                return (name, id, serde_json::from_str(text).unwrap());
            }
        }
    }
}

#[test]
fn calls_are_told_as_they_pass_once_and_as_the_log_has_them() {
    let sidecar = sidecar().config(STUBS).start();
    sidecar.get("/a");
    let mut reader = Reader::open(&sidecar, "", "");
    for n in 0..20 {
        sidecar.get(if n % 2 == 0 { "/a" } else { "/b" });
    }
    let told: Vec<_> = (0..20).map(|_| reader.event()).collect();
    let calls = wait_for("all to be over", || {
        let calls = sidecar.calls();
        calls.iter().all(|call| !call["duration_us"].is_null()).then_some(calls)
    });
    for ((name, id, call), logged) in told.iter().zip(calls.iter().rev().skip(1)) {
        assert_eq!((name.as_str(), id.as_str()), ("call", logged["id"].as_str().unwrap()));
        assert_eq!(call, logged);
    }
}

#[test]
fn a_reader_is_told_what_it_asks_for_and_goes_on_where_it_was() {
    let sidecar = sidecar().config(STUBS).start();
    let mut reader = Reader::open(&sidecar, "?path=/b", "");
    sidecar.get("/a");
    sidecar.get("/b");
    let (_, id, call) = reader.event();
    assert_eq!(call["path"], "/b");
    drop(reader);
    sidecar.get("/a");
    sidecar.get("/b");
    let field = format!("Last-Event-ID: {id}\r\n");
    let mut again = Reader::open(&sidecar, "?path=/b", &field);
    let (_, next, call) = again.event();
    assert!(next != id && call["path"] == "/b", "{next}");
    let mut after = Reader::open(&sidecar, &format!("?after={id}"), "");
    assert_eq!(after.event().2["path"], "/a");
    // To whoever followed another run everything is new.
    let mut other = Reader::open(&sidecar, "?after=1-7", "");
    let (_, first, _) = other.event();
    assert!(first.ends_with("-1"), "{first}");
    let run = id.split('-').next().unwrap();
    for (query, header) in
        [(format!("?after={run}-ff"), ""), ("?after=zz".to_owned(), ""), (String::new(), "Last-Event-ID: zz\r\n")]
    {
        let response = ask(sidecar.app().admin(), "GET", &format!("/v1/calls/stream{query}"), header, "");
        assert_eq!(refusal(&response).1, "bad-parameter", "{query}{header}");
    }
}

#[test]
fn a_stream_ends_with_the_sign_in_that_opened_it() {
    let sidecar = sidecar().variable("T", "a-token-of-the-tests").config("admin.token = { env = \"T\" }").start();
    let admin = sidecar.app().admin();
    let signed_in = ask(admin, "POST", "/v1/session", "", "{\"token\": \"a-token-of-the-tests\"}");
    let cookie = signed_in.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let field = format!("Cookie: {cookie}\r\n");
    let mut reader = Reader::open(&sidecar, "", &field);
    sidecar.get("/a");
    assert_eq!(reader.event().2["path"], "/a");
    assert_eq!(ask(admin, "DELETE", "/v1/session", &field, "").status, 204);
    while let Some(line) = reader.0.line_any() {
        assert!(!line.starts_with("event"), "{line}");
    }
}

#[test]
fn a_slow_reader_is_told_how_many_it_missed_and_holds_nobody_up() {
    // The log holds a handful of calls: however slow this machine, more than that pass from one look to the next.
    let sidecar = sidecar().config(&format!("call_log.memory = \"2KiB\"\n{STUBS}")).start();
    let mut reader = Reader::open(&sidecar, "", "");
    let mut client = sidecar.connect();
    for _ in 0..CALLS {
        assert_eq!(client.get("/a").status, 200);
    }
    wait_for("all to be counted", || (get(&sidecar, "/v1/usage")["calls"] == CALLS).then_some(()));
    // What a writer had to drop because the only part of so small a log was held just then.
    let dropped = sidecar.metric("standin_call_log_dropped_total").unwrap() as u64;
    let (mut told, mut missed) = (0, 0);
    while told + missed + dropped < CALLS {
        match reader.event() {
            (name, _, said) if name == "missed" => missed += said["missed"].as_u64().unwrap(),
            _ => told += 1,
        }
    }
    assert!(missed > 0 && told > 0, "{told} told, {missed} missed");
    assert_eq!(told + missed + dropped, CALLS);
}
