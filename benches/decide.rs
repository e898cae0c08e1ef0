//! What a decision costs with 10 to 100,000 stubs: `cargo bench --bench decide`.
//!
//! Each figure is the time of one decision, the reading of the request's query, headers or body that it asks for
//! included: the median of rounds in which all sizes take turns. `x 10` is the ratio to ten stubs. Requests are spread
//! over all stubs, so that a large table pays for its cache misses. Regular expressions cannot be looked up by value:
//! they are tried one by one, and their row says what that costs.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a bench ends with its first mistake")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use standin::config;
use standin::stubs::decision::{Action, Inputs};
use standin::stubs::request::{BodyView, HeaderField, RequestView};
use standin::stubs::table::Table;

/// The allocator of the product: where tables lie in memory is part of what a decision costs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SIZES: [usize; 4] = [10, 1_000, 10_000, 100_000];
const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_millis(60);
/// So many different requests take turns.
const REQUESTS: usize = 1024;

/// A way to tell stubs apart.
struct Kind {
    name: &'static str,
    largest: usize,
    /// The configuration of so many stubs.
    stubs: fn(usize) -> String,
    /// The request for one of them.
    request: fn(usize) -> Asked,
}

/// A request: target, one header, body.
struct Asked(String, Option<(&'static str, String)>, String);

const KINDS: [Kind; 16] = [
    Kind {
        name: "exact path",
        largest: 100_000,
        stubs: |n| each(n, |i| format!("[[stub]]\nmatch = \"GET /v1/things/{i}\"\n")),
        request: |i| Asked(format!("/v1/things/{i}"), None, String::new()),
    },
    Kind {
        name: "template",
        largest: 100_000,
        stubs: |n| each(n, |i| format!("[[stub]]\nmatch = \"GET /v1/{{tenant}}/things{i}/{{id}}\"\n")),
        request: |i| Asked(format!("/v1/acme/things{i}/77"), None, String::new()),
    },
    Kind {
        name: "query in match",
        largest: 100_000,
        stubs: |n| each(n, |i| format!("[[stub]]\nmatch = \"GET /search?q=term{i}\"\n")),
        request: |i| Asked(format!("/search?page=1&q=term{i}"), None, String::new()),
    },
    Kind {
        name: "query",
        largest: 100_000,
        stubs: |n| scenarios(n, |i| format!("when.query.q = \"term{i}\"")),
        request: |i| Asked(format!("/one?page=1&q=term{i}"), None, String::new()),
    },
    Kind {
        name: "header",
        largest: 100_000,
        stubs: |n| scenarios(n, |i| format!("when.header.x-user = \"u{i}\"")),
        request: |i| Asked("/one".to_owned(), Some(("x-user", format!("u{i}"))), String::new()),
    },
    Kind {
        name: "template and header",
        largest: 100_000,
        stubs: |n| {
            let scenarios = each(n, |i| format!("[[stub.scenario]]\nname = \"s{i}\"\nwhen.header.x-user = \"u{i}\"\n"));
            format!("[[stub]]\nmatch = \"POST /{{area}}/{{id}}\"\n{scenarios}")
        },
        request: |i| Asked("/one/two".to_owned(), Some(("x-user", format!("u{i}"))), String::new()),
    },
    Kind {
        name: "JSON",
        largest: 100_000,
        stubs: |n| scenarios(n, |i| format!("when.json.\"$.user.id\" = {i}")),
        request: |i| Asked("/one".to_owned(), None, format!("{{\"user\": {{\"id\": {i}, \"name\": \"Ada\"}}}}")),
    },
    Kind {
        name: "regular expression",
        largest: 1_000,
        stubs: |n| scenarios(n, |i| format!("when.header.x-user = {{ re = '^u{i}-[0-9]+$' }}")),
        request: |i| Asked("/one".to_owned(), Some(("x-user", format!("u{i}-7"))), String::new()),
    },
    Kind {
        name: "Postman path",
        largest: 100_000,
        stubs: |n| postman("", each(n, |i| format!("[[stub]]\nmatch = \"GET /v1/things/a{i}\"\n"))),
        request: |i| Asked(format!("/v1/Things/a{i}/?page=1"), None, String::new()),
    },
    Kind {
        name: "Postman wildcard",
        largest: 100_000,
        stubs: |n| postman("", each(n, |i| format!("[[stub]]\nmatch = \"GET /v1/{{tenant}}/things{i}/{{id}}\"\n"))),
        request: |i| Asked(format!("/v1/acme/things{i}/77"), None, String::new()),
    },
    Kind {
        name: "Postman query",
        largest: 100_000,
        stubs: |n| postman("", scenarios(n, |i| format!("when.query = {{ v = 1, q = \"term{i}\" }}"))),
        request: |i| Asked(format!("/one?page=1&v=1&q=term{i}"), None, String::new()),
    },
    Kind {
        // Each of two pairs is in half of the examples, and both are in none: one half is read.
        name: "Postman torn query",
        largest: 100_000,
        stubs: |n| {
            let pair = |i| if i % 2 == 0 { format!("a = 1, b = \"x{i}\"") } else { format!("a = \"x{i}\", b = 1") };
            postman("", scenarios(n, |i| format!("when.query = {{ {} }}", pair(i))))
        },
        request: |i| Asked(format!("/one?a=1&b=1&page={i}"), None, String::new()),
    },
    Kind {
        name: "Postman body",
        largest: 100_000,
        stubs: |n| {
            postman("", scenarios(n, |i| format!("when.json.\"$\" = {{ eq = {{ id = {i}, name = \"Ada\" }} }}")))
        },
        request: |i| Asked("/one".to_owned(), None, format!("{{\"name\": \"Ada\", \"id\": {i}}}")),
    },
    Kind {
        name: "Postman header",
        largest: 100_000,
        stubs: |n| {
            postman(
                "default.match_headers = [\"x-user\"]\n",
                scenarios(n, |i| format!("when.header.x-user = \"u{i}\"")),
            )
        },
        request: |i| Asked("/one".to_owned(), Some(("x-user", format!("U{i}"))), String::new()),
    },
    Kind {
        name: "Postman IDs",
        largest: 100_000,
        stubs: |n| postman(FUZZY, each(n, |i| format!("[[stub]]\nmatch = \"GET /v1/things/{i}?q=term{i}\"\n"))),
        request: |i| Asked(format!("/v1/things/x-c4505a1e-7261-497c-91ff-db4bd51351a6?q=term{i}"), None, String::new()),
    },
    Kind {
        // What has no index: the cost of row 8.
        name: "Postman row 8",
        largest: 100_000,
        stubs: |n| postman(FUZZY, each(n, |i| format!("[[stub]]\nmatch = \"GET /v1/things-{i:05}-x\"\n"))),
        request: |i| Asked(format!("/v1/thingz-{i:05}-z"), None, String::new()),
    },
];

const FUZZY: &str = "default.closest = \"fuzzy\"\n";

/// A mock with Postman's matching.
fn postman(keys: &str, stubs: String) -> String {
    format!("default.matching = \"postman\"\n{keys}{stubs}")
}

fn each(n: usize, one: impl Fn(usize) -> String) -> String {
    (0..n).map(one).collect()
}

fn scenarios(n: usize, when: impl Fn(usize) -> String) -> String {
    let mut out = "[[stub]]\nmatch = \"POST /one\"\n".to_owned();
    for i in 0..n {
        writeln!(out, "[[stub.scenario]]\nname = \"s{i}\"\n{}", when(i)).unwrap();
    }
    out
}

fn load(text: &str) -> (Table, Duration) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("standin.toml");
    std::fs::write(&file, format!("proxy.upstream = \"http://127.0.0.1:9\"\n{text}")).unwrap();
    let request = config::Request { config: Some(file), environment: HashMap::new(), ..Default::default() };
    let start = Instant::now();
    match config::load(&request) {
        Ok(loaded) => (loaded.table, start.elapsed()),
        Err(refused) => panic!("{}", refused.problems.render(false)),
    }
}

/// Nanoseconds of one decision.
fn measure(table: &Table, requests: &[Asked]) -> f64 {
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < ROUND {
        for Asked(target, header, body) in requests {
            let fields: Vec<HeaderField<'_>> =
                header.iter().map(|(name, value)| HeaderField { name, value: value.as_bytes() }).collect();
            let method = if target.starts_with("/one") { "POST" } else { "GET" };
            let view = RequestView::new(method, target.as_bytes(), &fields, BodyView::Whole(body.as_bytes())).unwrap();
            let inputs = Inputs { dice: 0, delay_cap: Duration::from_secs(180), now: Duration::ZERO };
            let decision = table.decide(black_box(&view), &inputs);
            assert!(matches!(decision.action, Action::Scenario(..)), "{target} is mocked");
        }
        count += requests.len();
    }
    start.elapsed().as_nanos() as f64 / count as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    println!("{:20} {:>10} {:>12} {:>8} {:>10}", "", "stubs", "ns/decision", "x 10", "load ms");
    for kind in KINDS {
        let sizes: Vec<usize> = SIZES.into_iter().filter(|size| *size <= kind.largest).collect();
        let tables: Vec<_> = sizes.iter().map(|size| load(&(kind.stubs)(*size))).collect();
        let asked: Vec<Vec<Asked>> = sizes
            .iter()
            // A step that shares no factor with the size, so that neighbours in time are none in the table.
            .map(|size| (0..REQUESTS).map(|n| (kind.request)(n * 7919 % size)).collect())
            .collect();
        let mut rounds: Vec<Vec<f64>> = vec![Vec::new(); sizes.len()];
        for _ in 0..ROUNDS {
            for (at, (table, _)) in tables.iter().enumerate() {
                rounds[at].push(measure(table, &asked[at]));
            }
        }
        let figures: Vec<f64> = rounds.into_iter().map(median).collect();
        for ((size, figure), (_, load)) in sizes.iter().zip(&figures).zip(&tables) {
            let ratio = figure / figures[0];
            println!("{:20} {size:>10} {figure:>12.0} {ratio:>8.2} {:>10}", kind.name, load.as_millis());
        }
    }
}
