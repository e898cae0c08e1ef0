//! The lane and the door of pingora's: one answer for one request, whichever way it takes, byte for byte, and the same
//! said of it in the log and in the metrics.

use std::io::Read as _;
use std::net::TcpStream;

use fastrand::Rng;

use crate::support::{Client, Sidecar, Upstream, sidecar, wait_for};

/// How many connections of random requests; `.ci/run` takes as many.
const CASES: usize = 5_000;
/// So many connections are compared in the log at once.
const BATCH: usize = 100;

/// Mocks of every kind that answer by themselves, and some that do not.
const CONFIG: &str = r#"
limits = { head_timeout = "5s", body_timeout = "5s", match_body_timeout = "5s", keepalive_timeout = "5s", head = "2KiB" }
call_log = { bodies_per_second = 1000000, access_log = "none", redact_query = ["secret"] }
random = { seed = 7 }
[[stub]]
match = "GET /templated/{x}"
headers = { x-number = "{{ seq('a') }}" }
json = { id = "{{ uuid() }}", x = "{{ path.x }}", n = "{{ query.n | int }}" }
[[stub]]
match = "POST /echo"
body = "{{ body.a }} {{ random_int(1, 100000) }}"
delay = "1ms"
[[stub]]
match = "GET /static"
json = { id = 123, name = "Ada" }
headers = { x-CaSe = "a", set-cookie = ["a=1", "b=2"] }
[[stub]]
match = "ANY /empty"
[[stub]]
match = "GET /no-content"
status = 204
[[stub]]
match = "GET /not-modified"
status = 304
headers = { date = "Thu, 01 Jan 1970 00:00:00 GMT", etag = "\"x\"" }
[[stub]]
match = "GET /reset"
status = 205
[[stub]]
match = "GET /unknown-status"
status = 599
body = "odd"
[[stub]]
match = "GET /long"
file = "long.txt"
[[stub]]
match = "GET /delayed"
body = "late"
delay = "2ms"
[[stub]]
match = "POST /posted"
status = 201
[[stub]]
match = "GET /many/{x}"
  [[stub.scenario]]
  name = "by header"
  id = "the-id"
  when.header.x-plan = "gold"
  status = 402
  [[stub.scenario]]
  name = "by query"
  when.query.q = "1"
  json = { q = 1 }
  [[stub.scenario]]
  name = "down"
  when.query.down = { present = true }
  server_stub = "sick"
[[stub]]
match = "POST /json"
when.json."$.a" = 1
json = "one"
[[server_stub]]
name = "sick"
status = 503
headers = { retry-after = "30" }
json = { error = "sick" }
"#;

const PRIVATE: &str = r#"
base_path = "/private"
access = { private = true, keys = [{ env = "MOCK_KEY" }] }
cors = { origins = ["https://app.test"], credentials = true }
[[stub]]
match = "GET /a"
json = { private = true }
"#;

const DOWN: &str = r#"
hosts = ["down.test"]
cors = false
active_server_stub = "gone"
server_stub_scope = "all"
[[server_stub]]
name = "gone"
status = 500
body = "gone"
[[stub]]
match = "GET /static"
"#;

const SAVED: &str = r#"
base_path = "/saved"
matching = "postman"
closest = "fuzzy"
[[stub]]
match = "GET /users"
  [[stub.scenario]]
  body = "all"
  [[stub.scenario]]
  id = "staff"
  when.query.role = "staff"
  when.header.x-plan = "gold"
  body = "staff"
  [[stub.scenario]]
  status = 402
  when.body = "text"
[[stub]]
match = "GET /users/{id}"
body = "one"
[[stub]]
match = "POST /users"
  [[stub.scenario]]
  name = "created"
  status = 201
  [[stub.scenario]]
  name = "taken"
  status = 409
  when.json."$" = { eq = { a = 1 } }
[[stub]]
match = "GET /orders/12"
body = "order"
"#;

const KEPT: &str = r#"
base_path = "/kept"
matching = "postman"
match_body = true
match_headers = ["x-plan"]
access = { private = true, keys = [{ env = "MOCK_KEY" }] }
[[stub]]
match = "GET /a"
  [[stub.scenario]]
  body = "kept"
  [[stub.scenario]]
  when.header.x-plan = "GOLD"
  body = "gold"
  [[stub.scenario]]
  when.json."$" = { eq = { a = 1 } }
  body = "one"
"#;

const BARE: &str = "base_path = \"/bare\"\nmatching = \"postman\"\n";

fn start(lane: bool, more: &str) -> Sidecar {
    let builder = sidecar().config(&format!("mocks = [\"mocks/*.toml\"]\n{more}"));
    // By a variable, which is above a variable of the run too.
    let builder = builder.variable("STANDIN_PROXY__LANE", &lane.to_string());
    let builder = builder.config(CONFIG).file("mocks/private.toml", PRIVATE).file("mocks/down.toml", DOWN);
    let builder = builder.file("mocks/saved.toml", SAVED).file("mocks/kept.toml", KEPT).file("mocks/bare.toml", BARE);
    builder.file("long.txt", &"0123456789abcdef".repeat(4000)).variable("MOCK_KEY", "s3cret-key").threads(1).start()
}

/// Ends whatever was left open: a head, a short body, a connection.
const TAIL: &str = "\r\n\r\nGET /end HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n";

/// Sends pieces and reads all that comes back, to the end of the connection.
fn talk(sidecar: &Sidecar, pieces: &[&[u8]]) -> Vec<u8> {
    let mut client = Client::connect(sidecar.address());
    let tail = TAIL.repeat(3);
    for piece in pieces.iter().chain(&[tail.as_bytes()]) {
        if client.try_send(piece).is_err() {
            break;
        }
        if pieces.len() > 1 {
            std::thread::yield_now(); // so that pieces arrive apart, more often than not
        }
    }
    let mut answer = Vec::new();
    let mut stream: &TcpStream = client.stream();
    // A reset is an end too: the other side was not interested in what it had been sent last.
    let _ = stream.read_to_end(&mut answer);
    answer
}

/// Takes out what differs from call to call.
fn comparable(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    let lines = text.split("\r\n").map(|line| match line.split_once(": ") {
        Some((name, _)) if name.eq_ignore_ascii_case("server-timing") => format!("{name}: *"),
        Some((name, value)) if name == "Date" && value.ends_with(" GMT") && !value.contains("1970") => {
            format!("Date: {} long", value.len())
        }
        Some(("standin", value)) => {
            let parts = value.split("; ").map(|part| if part.starts_with("miss=") { "miss" } else { part });
            format!("standin: {}", parts.collect::<Vec<_>>().join("; "))
        }
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\r\n")
}

/// What the log says of the newest calls, without what differs from call to call.
fn told(sidecar: &Sidecar) -> Vec<serde_json::Value> {
    let mut calls = wait_for("all calls to be over", || {
        let calls = sidecar.calls();
        calls.iter().all(|call| call["duration_us"]["total"].is_u64()).then_some(calls)
    });
    for call in &mut calls {
        for key in ["id", "at", "client", "duration_us"] {
            call.as_object_mut().unwrap().remove(key);
        }
    }
    calls
}

/// The counters of a sidecar.
fn counted(sidecar: &Sidecar) -> Vec<String> {
    let families = ["standin_requests_total{", "standin_misses_total{", "standin_rejected_total{"];
    let counts = ["standin_request_duration_seconds_count", "standin_overhead_seconds_count", "standin_inflight"];
    let metrics = sidecar.metrics();
    let wanted = metrics.lines().filter(|line| families.iter().chain(&counts).any(|name| line.starts_with(name)));
    wanted.map(str::to_owned).collect()
}

/// One request, sound or not.
fn request(dice: &mut Rng) -> Vec<u8> {
    let pick = |dice: &mut Rng, list: &[&str]| list[dice.usize(..list.len())].to_owned();
    let method = pick(dice, &["GET", "GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "DELETE", "get"]);
    let target = pick(
        dice,
        &[
            "/static",
            "/static",
            "/static?a=b",
            "/empty",
            "/no-content",
            "/not-modified",
            "/reset",
            "/unknown-status",
            "/long",
            "/delayed",
            "/posted",
            "/echo",
            "/templated/1?n=7",
            "/templated/1?n=fails",
            "/many/1",
            "/many/1?q=1",
            "/many/1?down",
            "/many/%C3%A9?q=1&secret=x",
            "/json",
            "/private/a",
            "/saved/users",
            "/saved/users/?role=staff",
            "/saved/Users/7",
            "/saved/orders/13",
            "/saved/orderz",
            "/kept/a",
            "/kept/a?apikey=s3cret-key",
            "/bare/a",
            "/nothing",
            "//static",
            "/a/../static",
            "/%zz",
            "/stat<ic",
            "http://a.test/static",
            "*",
            "/static#x",
            "",
        ],
    );
    let version =
        if dice.u8(..40) == 0 { pick(dice, &["HTTP/1.0", "HTTP/1.2", "HTTP/2.0"]) } else { "HTTP/1.1".into() };
    let mut head = format!("{method} {target} {version}\r\n");
    if dice.u8(..60) > 0 {
        head.push_str(&pick(
            dice,
            &["Host: a.test\r\n", "host: down.test:80\r\n", "HOST:a.test\r\n", "Host: a.test\r\n"],
        ));
    }
    let mut body = String::new();
    for _ in 0..dice.usize(..4) {
        match dice.usize(..30) {
            0 => head.push_str("x-plan: gold\r\n"),
            1 => head.push_str("Origin: https://app.test\r\n"),
            2 => head.push_str("Access-Control-Request-Method: GET\r\nOrigin: https://app.test\r\n"),
            3 => head.push_str("x-api-key: s3cret-key\r\n"),
            4 => head.push_str("x-api-key: wrong\r\n"),
            5 => head.push_str("x-mock-response-code: 402\r\n"),
            6 => head.push_str("x-mock-response-name: by query\r\n"),
            7 => head.push_str("x-mock-response-id: nobody\r\n"),
            8 => head.push_str("x-mock-response-delay: 1\r\n"),
            9 => head.push_str("x-mock-response-delay: soon\r\n"),
            10 => head.push_str("Connection: keep-alive\r\n"),
            11 => head.push_str("Connection: Close\r\n"),
            12 => head.push_str("Connection: keep-alive, x-plan\r\n"),
            13 => head.push_str("Connection: x y\r\n"),
            14 => head.push_str("standin-debug: 1\r\n"),
            15 => head.push_str("Authorization: Bearer abc\r\nCookie: a=b\r\n"),
            16 => head.push_str("Expect: 100-continue\r\n"),
            17 => head.push_str("Upgrade: websocket\r\nConnection: upgrade\r\n"),
            18 => head.push_str("Content-Length: 0\r\n"),
            19 if body.is_empty() => {
                body = pick(dice, &["{\"a\":1}", "{\"a\":2}", "text"]);
                head.push_str(&format!("Content-Length: {}\r\n", body.len()));
            }
            20 if body.is_empty() => {
                body = "7\r\n{\"a\":1}\r\n0\r\n\r\n".to_owned();
                head.push_str("Transfer-Encoding: chunked\r\n");
            }
            21 => head.push_str("TE: trailers\r\nAccept: */*\r\nUser-Agent: test\r\n"),
            22 => head.push_str(&format!("x-long: {}\r\n", "y".repeat(dice.usize(..2500)))),
            23 => head.push_str("x-sent: the s3cret-key itself\r\n"),
            24 => head.push_str("x-mock-match-request-headers: x-plan\r\n"),
            25 => head.push_str("x-mock-match-request-body: true\r\n"),
            26 => head.push_str("x-mock-response-id: staff\r\n"),
            _ => {}
        }
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    if dice.u8(..30) == 0 {
        let at = dice.usize(..bytes.len());
        match dice.u8(..3) {
            0 => bytes[at] = dice.u8(..),
            1 => bytes.insert(at, dice.choice(*b"\r\n :\0\t,").unwrap_or(b'\r')),
            _ => drop(bytes.remove(at)),
        }
    }
    bytes.extend_from_slice(body.as_bytes());
    bytes
}

/// Cuts bytes into pieces.
fn cut<'b>(bytes: &'b [u8], dice: &mut Rng) -> Vec<&'b [u8]> {
    let mut pieces = Vec::new();
    let mut rest = bytes;
    let cuts = dice.usize(..4);
    for _ in 0..cuts {
        if rest.len() > 1 {
            let (piece, more) = rest.split_at(dice.usize(1..rest.len()));
            pieces.push(piece);
            rest = more;
        }
    }
    pieces.push(rest);
    pieces
}

fn both_say_the_same(lanes: &[Sidecar; 2], pieces: &[&[u8]], about: &str) {
    let [with, without] = [&lanes[0], &lanes[1]].map(|sidecar| comparable(&talk(sidecar, pieces)));
    let sent = String::from_utf8_lossy(&pieces.concat()).into_owned();
    assert_eq!(with, without, "{about}: {sent:?} in {} pieces", pieces.len());
}

#[test]
fn random_requests_are_answered_alike_by_both_doors() {
    let upstream = Upstream::echo();
    let forward = format!("upstreams.real.url = \"http://{}\"", upstream.address());
    for (number, more) in ["", forward.as_str()].into_iter().enumerate() {
        let named = if more.is_empty() { String::new() } else { format!("proxy.upstream = \"real\"\n{more}\n") };
        let lanes = [start(true, &named), start(false, &named)];
        for batch in 0..CASES / 2 / BATCH {
            for case in 0..BATCH {
                let seed = ((number * CASES) + batch * BATCH + case) as u64;
                let mut dice = Rng::with_seed(seed);
                let count = 1 + dice.usize(..4);
                let bytes: Vec<u8> = (0..count).flat_map(|_| request(&mut dice)).collect();
                both_say_the_same(&lanes, &cut(&bytes, &mut dice), &format!("seed {seed}"));
            }
            let [with, without] = [told(&lanes[0]), told(&lanes[1])];
            assert_eq!(with.len(), without.len(), "calls of batch {batch}");
            for (with, without) in with.iter().zip(&without) {
                assert_eq!(with, without, "the log of batch {batch}");
            }
        }
        assert_eq!(counted(&lanes[0]), counted(&lanes[1]));
    }
}

#[test]
fn requests_that_are_split_at_any_byte_are_answered_alike_by_both_doors() {
    let lanes = [start(true, ""), start(false, "")];
    let bytes = b"\r\nGET /static HTTP/1.1\r\nHost: a.test\r\nx-a: b\r\n\r\n\
        HEAD /long HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n\
        POST /json HTTP/1.1\r\nHost: a.test\r\nContent-Length: 7\r\n\r\n{\"a\":1}\
        GET /delayed HTTP/1.1\r\nhost: a.test\r\n\r\n\
        GET /nothing HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n";
    for at in 0..bytes.len() {
        let (first, second) = bytes.split_at(at);
        both_say_the_same(&lanes, &[first, second], "split");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    both_say_the_same(&lanes, &single, "byte by byte");
    assert_eq!(told(&lanes[0]).len(), told(&lanes[1]).len());
}

#[test]
fn a_caller_who_reads_nothing_ends_as_one_who_left() {
    let sidecar = start(true, "");
    let mut client = Client::connect(sidecar.address());
    for _ in 0..2 {
        client.get("/long"); // the second goes by the lane
    }
    // Far more than the buffers of both sides hold.
    let many = "GET /long HTTP/1.1\r\nHost: a.test\r\n\r\n".repeat(400);
    let _ = client.try_send(many);
    wait_for("a call whose caller took nothing", || {
        sidecar.calls().iter().any(|call| call["failure"] == "caller-left").then_some(())
    });
    assert!(sidecar.metric("standin_requests_total{code=\"200\",decision=\"failed\",mock=\"default\"").is_some());
    wait_for("nothing to be under way", || (sidecar.metric("standin_inflight_requests") == Some(0.0)).then_some(()));
}
