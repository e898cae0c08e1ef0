//! What is counted: doors, tables, and the requests of each row.

use std::fmt::Write as _;
use std::net::SocketAddr;

use crate::support::BODY;

/// A way into Standin: the variables of its process that choose it.
pub struct Door {
    pub name: &'static str,
    pub environment: &'static [(&'static str, &'static str)],
    /// Whether only rows count that the lane would answer.
    pub for_lane: bool,
}

/// As shipped: the lane for what it answers, pingora for the rest. Then pingora for what the lane would answer.
pub const DOORS: [Door; 2] = [
    Door { name: "shipped", environment: &[], for_lane: false },
    Door { name: "pingora", environment: &[("STANDIN_PROXY__LANE", "false")], for_lane: true },
];

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
}

pub const ROWS: [Row; 5] = [
    Row {
        name: "mocked, by path",
        size: |table| table.stubs,
        request: |i| get(&format!("/v1/things/{i}"), ""),
        mocked: true,
        lane: true,
    },
    Row {
        name: "forwarded",
        size: |table| table.stubs,
        request: |i| get(&format!("/v2/things/{i}"), ""),
        mocked: false,
        lane: false,
    },
    Row {
        name: "mocked, scenarios by query",
        size: |table| table.scenarios,
        request: |i| get(&format!("/query?q=term{i}"), ""),
        mocked: true,
        lane: true,
    },
    Row {
        name: "mocked, scenarios by header",
        size: |table| table.scenarios,
        request: |i| get("/header", &format!("X-User: u{i}\r\n")),
        mocked: true,
        lane: true,
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
