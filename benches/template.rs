//! What it costs to render an answer: `cargo bench --bench template`.
//!
//! Each row is one answer: how long deciding on it and rendering it take, and how many a second that is on one core. The
//! static answer beside them is decided on only: it was serialised when it was loaded. Figures are the median of rounds in
//! which all rows take turns.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a bench ends with its first mistake")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use standin::config;
use standin::stubs::decision::{Action, Inputs};
use standin::stubs::request::{BodyView, HeaderField, RequestView};
use standin::stubs::table::Table;
use standin::stubs::template::{Counters, Scope, seed};

/// An allocator like that of the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_millis(40);

/// An answer, and the body that it is asked with.
struct Row {
    name: &'static str,
    answer: &'static str,
    body: &'static str,
}

const ROWS: [Row; 8] = [
    Row { name: "static JSON", answer: r#"json = { id = 7, name = "Ada", city = "Paris" }"#, body: "" },
    Row { name: "one parameter, text", answer: r#"body = "id {{ path.id }}""#, body: "" },
    Row {
        name: "small JSON",
        answer: r#"json = { id = "{{ path.id | int }}", name = "{{ query.name | default('Ada') }}", city = "Paris" }"#,
        body: "",
    },
    Row {
        name: "one header, static JSON",
        answer: "headers = { etag = '{{ path.id }}' }\njson = { id = 7 }",
        body: "",
    },
    Row { name: "UUID and time", answer: r#"json = { id = "{{ uuid() }}", at = "{{ now() }}" }"#, body: "" },
    Row {
        name: "made-up person",
        answer: r#"json = { name = "{{ fake('randomFullName') }}", mail = "{{ fake('randomEmail') }}" }"#,
        body: "",
    },
    Row {
        name: "echo of a JSON body",
        answer: r#"json = { total = "{{ body.total }}", items = "{{ body.items }}" }"#,
        body: r#"{"total": 12.5, "items": [{"id": 1, "name": "lamp"}, {"id": 2, "name": "pen"}]}"#,
    },
    Row {
        name: "list of 100, by a loop",
        answer: r#"body = "[{% for i in range(100) %}{% if i %},{% endif %}{\"id\":{{ i }},\"of\":\"{{ path.id }}\"}{% endfor %}]""#,
        body: "",
    },
];

fn load() -> Table {
    let stubs: String = ROWS
        .iter()
        .enumerate()
        .map(|(at, row)| format!("[[stub]]\nmatch = \"POST /{at}/{{id}}\"\n{}\n", row.answer))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("standin.toml");
    std::fs::write(&file, stubs).unwrap();
    match config::load(&config::Request { config: Some(file), ..Default::default() }) {
        Ok(loaded) => loaded.table,
        Err(refused) => panic!("{}", refused.problems.render(false)),
    }
}

/// Nanoseconds of one answer.
fn measure(table: &Table, at: usize, row: &Row, counters: &Arc<Counters>) -> f64 {
    let target = format!("/{at}/4711?page=1&name=Grace");
    let fields = [("host", "127.0.0.1:8080"), ("user-agent", "bench"), ("accept", "*/*")];
    let fields = fields.map(|(name, value)| HeaderField { name, value: value.as_bytes() });
    let inputs = Inputs { dice: 0, delay_cap: Duration::from_secs(180), now: Duration::ZERO };
    let start = Instant::now();
    let mut count = 0_u64;
    while start.elapsed() < ROUND {
        for _ in 0..64 {
            let body = BodyView::Whole(row.body.as_bytes());
            let view = RequestView::new("POST", black_box(target.as_bytes()), &fields, body).unwrap();
            let Action::Scenario(scenario, _) = table.decide(&view, &inputs).action else {
                panic!("{target} is mocked")
            };
            if let Some(template) = &scenario.answer.template {
                let path = scenario.path.as_ref();
                let now = Duration::from_secs(1_769_947_200);
                let seed = seed(42, &[b"default", b"stub", b"default", &count.to_be_bytes()]);
                let answer =
                    template.render(200, &Scope { view: &view, path: Some(path), base: 0, now, seed, counters });
                black_box(answer.unwrap());
            }
            count += 1;
        }
    }
    start.elapsed().as_nanos() as f64 / count as f64
}

fn main() {
    let table = load();
    let counters = Arc::default();
    let mut rounds: Vec<Vec<f64>> = vec![Vec::new(); ROWS.len()];
    for _ in 0..ROUNDS {
        for (at, row) in ROWS.iter().enumerate() {
            rounds[at].push(measure(&table, at, row, &counters));
        }
    }
    println!("{:26} {:>10} {:>12}", "", "ns/answer", "answers/s");
    for (row, mut figures) in ROWS.iter().zip(rounds) {
        figures.sort_by(f64::total_cmp);
        let figure = figures[figures.len() / 2];
        println!("{:26} {figure:>10.0} {:>12.0}", row.name, 1e9 / figure);
    }
}
