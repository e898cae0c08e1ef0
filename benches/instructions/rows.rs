//! What is counted: doors, tables, and the requests of each row.

use std::fmt::Write as _;
use std::net::SocketAddr;

use crate::support::BODY;

/// A way into Standin: the variables of its process that choose it.
pub struct Door {
    pub name: &'static str,
    pub environment: &'static [(&'static str, &'static str)],
    /// The rows that count here.
    pub counts: fn(&Row) -> bool,
    /// How many of [`TABLES`] are measured.
    pub tables: usize,
}

/// As shipped: the lane for what it answers, pingora for the rest. Then pingora for what the lane would answer. Then what
/// the call log adds to the plainest answer and to pass-through, whatever the size of the table: nothing kept of bodies,
/// every body kept, and every call written as an access line, which a thread of its own does.
pub const DOORS: [Door; 5] = [
    Door { name: "shipped", environment: &[], counts: |_| true, tables: 2 },
    Door { name: "pingora", environment: &[("STANDIN_PROXY__LANE", "false")], counts: |row| row.lane, tables: 2 },
    Door { name: "no-bodies", environment: &[NO_BODIES], counts: |row| row.plain, tables: 1 },
    Door { name: "all-bodies", environment: &[ALL_BODIES], counts: |row| row.plain, tables: 1 },
    Door { name: "access-lines", environment: &[NO_BODIES, ALL_LINES], counts: |row| row.plain, tables: 1 },
];

const NO_BODIES: (&str, &str) = ("STANDIN_CALL_LOG__BODIES_PER_SECOND", "0");
const ALL_BODIES: (&str, &str) = ("STANDIN_CALL_LOG__BODIES_PER_SECOND", "1000000");
const ALL_LINES: (&str, &str) = ("STANDIN_CALL_LOG__ACCESS_LOG", "all");

/// A configuration: so many stubs told apart by path, and three more of so many scenarios each.
#[derive(Clone, Copy)]
pub struct Table {
    pub stubs: usize,
    pub scenarios: usize,
}

/// The first is the one that growth is counted from.
pub const TABLES: [Table; 2] = [Table { stubs: 10, scenarios: 10 }, Table { stubs: 100_000, scenarios: 10_000 }];

/// A kind of request.
pub struct Row {
    pub name: &'static str,
    /// How many there are to choose from.
    pub size: fn(&Table) -> usize,
    pub request: fn(usize) -> String,
    pub mocked: bool,
    /// Whether the lane answers it.
    pub lane: bool,
    /// Whether it is what others are held against.
    pub plain: bool,
}

pub const ROWS: [Row; 5] = [
    Row {
        name: "mocked, by path",
        size: |table| table.stubs,
        request: |i| get(&format!("/v1/things/{i}"), ""),
        mocked: true,
        lane: true,
        plain: true,
    },
    Row {
        name: "forwarded",
        size: |table| table.stubs,
        request: |i| get(&format!("/v2/things/{i}"), ""),
        mocked: false,
        lane: false,
        plain: true,
    },
    Row {
        name: "mocked, scenarios by query",
        size: |table| table.scenarios,
        request: |i| get(&format!("/query?q=term{i}"), ""),
        mocked: true,
        lane: true,
        plain: false,
    },
    Row {
        name: "mocked, scenarios by header",
        size: |table| table.scenarios,
        request: |i| get("/header", &format!("X-User: u{i}\r\n")),
        mocked: true,
        lane: true,
        plain: false,
    },
    Row {
        name: "mocked, scenarios by JSON",
        size: |table| table.scenarios,
        request: |i| {
            let body = format!("{{\"user\": {{\"id\": {i}, \"name\": \"Ada\"}}}}");
            let fields = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
            format!("POST /json HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n{fields}\r\n{body}")
        },
        mocked: true,
        lane: false,
        plain: false,
    },
];

/// A request as wrk sends it. The host is always the same, so that a port with fewer digits costs no less.
fn get(target: &str, fields: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n{fields}\r\n")
}

impl Table {
    /// The configuration in TOML.
    pub fn config(&self, upstream: SocketAddr) -> String {
        let mut out = format!("proxy.upstream = \"http://{upstream}\"\n");
        let answer = format!("type = \"json\"\nbody = '''{BODY}'''\n");
        for i in 0..self.stubs {
            write!(out, "[[stub]]\nmatch = \"GET /v1/things/{i}\"\n{answer}").unwrap();
        }
        let mut scenarios = |line: &str, when: fn(usize) -> String| {
            writeln!(out, "[[stub]]\nmatch = \"{line}\"").unwrap();
            for i in 0..self.scenarios {
                write!(out, "[[stub.scenario]]\nname = \"s{i}\"\n{}\n{answer}", when(i)).unwrap();
            }
        };
        scenarios("GET /query", |i| format!("when.query.q = \"term{i}\""));
        scenarios("GET /header", |i| format!("when.header.x-user = \"u{i}\""));
        scenarios("POST /json", |i| format!("when.json.\"$.user.id\" = {i}"));
        out
    }
}
