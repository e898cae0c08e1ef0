//! Random collections and requests, from alphabets so small that examples collide.

use std::fmt::Write as _;

use fastrand::Rng;
use serde_json::{Value, json};

use super::naive::{Body, Example, Mock, Segment, id_of};
use crate::oracle::facts::Request;

const UUID: &str = "c4505a1e-7261-497c-91ff-db4bd51351a6";
const SEGMENTS: [&str; 15] =
    ["a", "A", "b", "users", "Users", "usars", "orders", "12", "7", "-1.5", "7a", UUID, "é", "a/b", "answering"];
const KEYS: [&str; 4] = ["k", "q", "K", "[x]"];
const VALUES: [&str; 5] = ["1", "2", "a b", "é", ""];
const HEADERS: [&str; 2] = ["x-a", "x-b"];
const HEADER_VALUES: [&str; 4] = ["v", "V", "w", "v, w"];
const METHODS: [&str; 6] = ["GET", "GET", "GET", "POST", "HEAD", "PURGE"];
const STATUSES: [u16; 4] = [200, 200, 201, 404];

fn one<T: Copy>(rng: &mut Rng, list: &[T]) -> T {
    list[rng.usize(..list.len())]
}

fn some<T>(rng: &mut Rng, most: usize, mut item: impl FnMut(&mut Rng) -> T) -> Vec<T> {
    (0..rng.usize(..=most)).map(|_| item(rng)).collect()
}

pub fn mock(rng: &mut Rng, fuzzy: bool) -> Mock {
    let mut examples = some(rng, 6, example);
    if rng.u8(..6) == 0 {
        examples.extend(bulk(rng));
    }
    if rng.u8(..3) == 0 {
        examples.iter_mut().for_each(|example| example.method = "GET".to_owned());
    }
    for (at, example) in examples.iter_mut().enumerate() {
        // Some names repeat, which is allowed where IDs differ.
        example.name = format!("n{}", at / 2);
        example.id = (rng.bool() || at % 2 == 1).then(|| format!("{}{at}", one(rng, &["a", "b", "Z", "1-"])));
    }
    let match_headers = match rng.u8(..4) {
        0 => some(rng, 2, |rng| one(rng, &HEADERS).to_owned()),
        _ => Vec::new(),
    };
    Mock { fuzzy, match_body: rng.u8(..5) == 0, match_headers, examples }
}

fn example(rng: &mut Rng) -> Example {
    let query = some(rng, 3, pair);
    Example {
        name: String::new(),
        id: None,
        status: one(rng, &STATUSES),
        method: one(rng, &METHODS).to_owned(),
        path: some(rng, 3, segment),
        slash: rng.u8(..4) == 0,
        in_match: rng.usize(..=query.len()),
        query,
        headers: some(rng, 2, header),
        body: (rng.u8(..3) == 0).then(|| body(rng)),
    }
}

/// Many examples whose paths fit the same requests: what an index has to tell apart.
fn bulk(rng: &mut Rng) -> Vec<Example> {
    let model = example(rng);
    let ids = rng.u8(..3) == 0;
    let values = rng.u32(2..20);
    let count = rng.usize(9..40);
    let one = |rng: &mut Rng| {
        let mut made = Example { status: one(rng, &STATUSES), ..model.clone() };
        if ids {
            made.path.push(Segment::Literal(rng.u32(..50).to_string()));
        }
        // A few keys with many values, or many keys.
        made.query = some(rng, 3, |rng| match rng.u8(..4) {
            0 => (format!("k{}", rng.u32(..20)), "1".to_owned()),
            1 => pair(rng),
            _ => (super::generate::one(rng, &["k", "q", "r"]).to_owned(), rng.u32(..values).to_string()),
        });
        made.in_match = rng.usize(..=made.query.len());
        made.headers = some(rng, 2, header);
        made.body = (rng.u8(..3) > 0).then(|| body(rng));
        made
    };
    (0..count).map(|_| one(rng)).collect()
}

fn segment(rng: &mut Rng) -> Segment {
    match rng.u8(..5) {
        0 => Segment::Wildcard(rng.bool().then(String::new)),
        _ => Segment::Literal(one(rng, &SEGMENTS).to_owned()),
    }
}

fn pair(rng: &mut Rng) -> (String, String) {
    (one(rng, &KEYS).to_owned(), one(rng, &VALUES).to_owned())
}

fn header(rng: &mut Rng) -> (String, String) {
    (one(rng, &HEADERS).to_owned(), one(rng, &HEADER_VALUES).to_owned())
}

fn body(rng: &mut Rng) -> Body {
    match rng.u8(..5) {
        0 | 1 => Body::Json(one(rng, &[0, 1, 2]).into()),
        2 => Body::Json(json!({"a": rng.u8(..3), "b": [one(rng, &["x", "y"])]})),
        3 => Body::Form((0..=rng.usize(..2)).map(|_| pair(rng)).collect()),
        _ => Body::Text(one(rng, &["text", "<a/>", "a=1"]).to_owned()),
    }
}

pub fn request(rng: &mut Rng, mock: &Mock) -> Request {
    let aim = (!mock.examples.is_empty() && rng.u8(..10) > 0).then(|| {
        let at = rng.usize(..mock.examples.len());
        (at, mock.examples[at].clone())
    });
    let (at, example) = aim.unwrap_or_else(|| (0, example(rng)));
    let mut segments: Vec<String> = example
        .path
        .iter()
        .map(|segment| match segment {
            Segment::Literal(text) => spelled(rng, text),
            Segment::Wildcard(_) => {
                let text = one(rng, &SEGMENTS);
                encoded(rng, text)
            }
        })
        .collect();
    if rng.u8(..12) == 0 {
        segments.push("a".to_owned());
    }
    let slash = !segments.is_empty() && if rng.u8(..4) == 0 { !example.slash } else { example.slash };
    let mut target = format!("/{}{}", segments.join("/"), if slash { "/" } else { "" });
    let mut query = example.query.clone();
    match rng.u8(..6) {
        0 => query = some(rng, 3, pair),
        1 => query.push(pair(rng)),
        2 => drop(query.pop()),
        _ => rng.shuffle(&mut query),
    }
    if !query.is_empty() {
        let pairs: Vec<String> =
            query.iter().map(|(key, value)| format!("{}={}", encoded(rng, key), encoded(rng, value))).collect();
        target = format!("{target}?{}", pairs.join("&"));
    }
    let mut headers = example.headers.clone();
    headers.retain(|_| rng.u8(..5) > 0);
    if rng.u8(..5) == 0 {
        headers.push(header(rng));
    }
    let sent = match rng.u8(..4) {
        0 => Some(body(rng)),
        1 => None,
        _ => example.body.clone(),
    };
    let body = sent.map(|body| written(rng, &body, &mut headers)).unwrap_or_default();
    flags(rng, &mut headers);
    select(rng, &mut headers, &example, at);
    let method = if rng.u8(..10) == 0 { one(rng, &METHODS).to_owned() } else { example.method };
    Request { method, target, headers, body }
}

/// A segment as another caller would write it, or nearly so.
fn spelled(rng: &mut Rng, text: &str) -> String {
    let text = match rng.u8(..8) {
        0 => text.to_uppercase(),
        1 if text.parse::<f64>().is_ok() => one(rng, &["99", UUID, "1e3"]).to_owned(),
        2 => one(rng, &SEGMENTS).to_owned(),
        3 => {
            let mut letters: Vec<char> = text.chars().collect();
            let at = rng.usize(..letters.len());
            letters[at] = 'z';
            letters.into_iter().collect()
        }
        4 => format!("{text}s"),
        _ => text.to_owned(),
    };
    encoded(rng, &text)
}

/// Percent-encoded where it must be, and sometimes where it need not be.
fn encoded(rng: &mut Rng, text: &str) -> String {
    let eager = rng.u8(..8) == 0;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() && !eager || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02x}").unwrap();
        }
    }
    out
}

fn written(rng: &mut Rng, body: &Body, headers: &mut Vec<(String, String)>) -> String {
    let form = "application/x-www-form-urlencoded";
    let (media, text) = match body {
        Body::Json(Value::Object(members)) if rng.bool() => {
            let turned: serde_json::Map<String, Value> =
                members.iter().rev().map(|(key, value)| (key.clone(), value.clone())).collect();
            ("application/json", serde_json::to_string_pretty(&turned).unwrap())
        }
        Body::Json(Value::Number(number)) if rng.bool() => ("application/json", format!("{number}.0")),
        Body::Json(value) => ("application/json", value.to_string()),
        Body::Form(pairs) => {
            let mut pairs = pairs.clone();
            rng.shuffle(&mut pairs);
            let pairs: Vec<String> =
                pairs.iter().map(|(key, value)| format!("{}={}", encoded(rng, key), encoded(rng, value))).collect();
            (form, pairs.join("&"))
        }
        Body::Text(text) => ("text/plain", text.clone()),
    };
    match rng.u8(..4) {
        0 => {}
        1 => headers.push(("Content-Type".to_owned(), form.to_owned())),
        _ => headers.push(("Content-Type".to_owned(), media.to_owned())),
    }
    text
}

fn flags(rng: &mut Rng, headers: &mut Vec<(String, String)>) {
    let mut add = |name: &str, value: &str| headers.push((name.to_owned(), value.to_owned()));
    if rng.u8(..8) == 0 {
        add("x-mock-match-request-body", one(rng, &["true", "false", "maybe"]));
    }
    if rng.u8(..8) == 0 {
        add("x-mock-match-request-headers", one(rng, &["x-a", "X-B, x-a", "", "x-none"]));
    }
}

fn select(rng: &mut Rng, headers: &mut Vec<(String, String)>, example: &Example, at: usize) {
    let mut add = |name: &str, value: String| headers.push((name.to_owned(), value));
    match rng.u8(..24) {
        0 => add("x-mock-response-id", id_of(example, at)),
        1 => add("x-mock-response-id", "nobody".to_owned()),
        2 => add("x-mock-response-name", example.name.clone()),
        _ => {}
    }
    if rng.u8(..10) == 0 {
        add("x-mock-response-code", one(rng, &["200", "201", "404", "500", "2xx"]).to_owned());
    }
}

/// The mock as a file.
pub fn file(mock: &Mock) -> String {
    let mut out = format!(
        "matching = \"postman\"\nclosest = \"{}\"\nmatch_body = {}\nmatch_headers = {:?}\n",
        if mock.fuzzy { "fuzzy" } else { "wildcard" },
        mock.match_body,
        mock.match_headers
    );
    let mut rng = Rng::with_seed(mock.examples.len() as u64);
    for (at, example) in mock.examples.iter().enumerate() {
        let mut wildcards = 0;
        let segments: Vec<String> = example
            .path
            .iter()
            .map(|segment| match segment {
                Segment::Literal(text) => encoded(&mut rng, text),
                Segment::Wildcard(None) => "*".to_owned(),
                Segment::Wildcard(Some(_)) => {
                    wildcards += 1;
                    format!("{{w{wildcards}}}")
                }
            })
            .collect();
        let slash = if example.slash && !segments.is_empty() { "/" } else { "" };
        let pairs: Vec<String> = example.query[..example.in_match]
            .iter()
            .map(|(key, value)| format!("{}={}", encoded(&mut rng, key), encoded(&mut rng, value)))
            .collect();
        let query = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
        let line = format!("{} /{}{slash}{query}", example.method, segments.join("/"));
        writeln!(out, "[[stub]]\nname = \"s{at}\"\nmatch = {line:?}").unwrap();
        writeln!(out, "[[stub.scenario]]\nname = {:?}\nstatus = {}", example.name, example.status).unwrap();
        if let Some(id) = &example.id {
            writeln!(out, "id = {id:?}").unwrap();
        }
        lists(&mut out, "query", &example.query[example.in_match..]);
        lists(&mut out, "header", &example.headers);
        match &example.body {
            Some(Body::Json(value)) => writeln!(out, "when.json.\"$\" = {{ eq = {} }}", toml_of(value)).unwrap(),
            Some(Body::Form(pairs)) => lists(&mut out, "form", pairs),
            Some(Body::Text(text)) => writeln!(out, "when.body = {text:?}").unwrap(),
            None => {}
        }
    }
    out
}

/// Values by key, several as an array.
fn lists(out: &mut String, place: &str, pairs: &[(String, String)]) {
    let mut keys: Vec<&String> = pairs.iter().map(|(key, _)| key).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let values: Vec<&String> = pairs.iter().filter(|(own, _)| own == key).map(|(_, value)| value).collect();
        match values.as_slice() {
            [value] => writeln!(out, "when.{place}.{key:?} = {value:?}").unwrap(),
            values => writeln!(out, "when.{place}.{key:?} = {values:?}").unwrap(),
        }
    }
}

fn toml_of(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(key, value)| format!("{key} = {}", toml_of(value))).collect();
            format!("{{ {} }}", members.join(", "))
        }
        other => other.to_string(),
    }
}
