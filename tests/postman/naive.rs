//! The published rules, read aloud: every example is looked at, step by step, with no index and no thought of speed.
//!
//! What their text leaves open is decided as the README lists it; nothing of the product's matching is used.

use serde_json::Value;

use crate::oracle::facts::{Facts, Request};

#[derive(Clone, Debug)]
pub struct Mock {
    pub fuzzy: bool,
    pub match_body: bool,
    pub match_headers: Vec<String>,
    pub examples: Vec<Example>,
}

#[derive(Clone, Debug)]
pub struct Example {
    pub name: String,
    pub id: Option<String>,
    pub status: u16,
    pub method: String,
    pub path: Vec<Segment>,
    pub slash: bool,
    pub query: Vec<(String, String)>,
    /// How many pairs of the query stand in `match`.
    pub in_match: usize,
    pub headers: Vec<(String, String)>,
    pub body: Option<Body>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Segment {
    Literal(String),
    Wildcard(Option<String>),
}

#[derive(Clone, Debug)]
pub enum Body {
    Json(Value),
    Form(Vec<(String, String)>),
    Text(String),
}

/// Points are counted in this part of one, so that every share of ten is a whole number.
pub const PART: i64 = 720_720;

/// An example that is left, with its score.
#[derive(Clone, Copy)]
struct Scored<'m> {
    example: &'m Example,
    order: usize,
    score: i64,
}

impl Scored<'_> {
    fn stub(self) -> String {
        format!("s{}", self.order)
    }
}

/// What answers, and whether the body may be asked for before that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The stub of the example, `s` and its position; `None` where none does.
    pub answer: Option<String>,
    pub may_ask_for_body: bool,
}

/// Decides. `None` for a path that is refused.
pub fn decide(mock: &Mock, request: &Request) -> Option<Verdict> {
    let facts = Facts::of(request)?;
    let all: Vec<(usize, &Example)> = mock.examples.iter().enumerate().collect();
    // The method, then what the selectors say.
    let mut left: Vec<(usize, &Example)> =
        all.into_iter().filter(|(_, example)| example.method == request.method).collect();
    let of_method = left.clone();
    let sure = |answer| Some(Verdict { answer, may_ask_for_body: false });
    if let Some(code) = facts.header("x-mock-response-code") {
        left.retain(|(_, example)| example.status.to_string() == code);
    }
    if let Some(id) = facts.header("x-mock-response-id") {
        let found = left.iter().find(|(order, example)| id_of(example, *order) == id);
        return sure(found.map(|(order, _)| format!("s{order}")));
    }
    if let Some(name) = facts.header("x-mock-response-name") {
        let named = left.iter().filter(|(_, example)| example.name == name);
        let named = named.map(|(order, example)| Scored { example, order: *order, score: 0 }).collect();
        return sure(pick(named).map(Scored::stub));
    }
    // The URL, and the parameters.
    let exact = left.iter().any(|(_, example)| row(example, &facts, mock.fuzzy).is_some_and(|row| row < 8));
    let scored = left.iter().filter_map(|(order, example)| {
        let row = row(example, &facts, mock.fuzzy).filter(|row| *row < 8 || !exact)?;
        let url = 100 - [0, 5, 10, 15, 20, 21, 25, 30][row - 1];
        Some(Scored { example, order: *order, score: url * PART + parameters(&example.query, &facts.query) })
    });
    let mut left: Vec<Scored> = scored.collect();
    // The header filter.
    let keys: Vec<String> = match header_values(&facts, "x-mock-match-request-headers") {
        Some(list) => list.split(',').map(|key| key.trim().to_lowercase()).filter(|key| !key.is_empty()).collect(),
        None => mock.match_headers.clone(),
    };
    left.retain(|scored| {
        let own = |key: &String| {
            let values = scored.example.headers.iter().filter(|(name, _)| name.to_lowercase() == *key);
            let values: Vec<&str> = values.map(|(_, value)| value.as_str()).collect();
            (!values.is_empty()).then(|| values.join(", ").to_lowercase())
        };
        keys.iter().all(|key| own(key) == header_values(&facts, key).map(|value| value.to_lowercase()))
    });
    // The body filter, or the bonus.
    let explicit = match facts.header("x-mock-match-request-body") {
        Some("true") => true,
        Some("false") => false,
        _ => mock.match_body,
    };
    let head = pick(left.clone());
    let may_ask_for_body = match (head, explicit) {
        (None, _) => false,
        (Some(_), true) => true,
        (Some(head), false) => {
            let fits = |(_, example): &&(usize, &Example)| row(example, &facts, mock.fuzzy).is_some();
            let fitting: Vec<usize> = of_method
                .iter()
                .filter(fits)
                .filter(|(_, example)| example.body.is_some())
                .map(|(order, _)| *order)
                .collect();
            may_change(head, &left, &fitting)
        }
    };
    if explicit {
        left.retain(|scored| has_equal_body(scored.example.body.as_ref(), &facts));
    } else {
        for scored in &mut left {
            let is_equal = scored.example.body.is_some() && has_equal_body(scored.example.body.as_ref(), &facts);
            scored.score += if is_equal { 5 * PART } else { 0 };
        }
    }
    Some(Verdict { answer: pick(left).map(Scored::stub), may_ask_for_body })
}

/// Whether the path fits some example, but none by another row than the last.
pub fn last_row(mock: &Mock, request: &Request) -> bool {
    let Some(facts) = Facts::of(request) else { return false };
    let of_method = mock.examples.iter().filter(|example| example.method == request.method);
    of_method.filter_map(|example| row(example, &facts, mock.fuzzy)).min() == Some(8)
}

/// Whether another example has a body that could make it the best. Where the best has a body itself, any other with a
/// body whose path fits is reason enough, filters aside: `fitting` has these.
fn may_change(head: Scored, left: &[Scored], fitting: &[usize]) -> bool {
    let overtakes = |other: &Scored| {
        let with_bonus = Scored { score: other.score + 5 * PART, ..*other };
        pick(vec![head, with_bonus]).is_some_and(|best| best.order == other.order)
    };
    let mut others = left.iter().filter(|other| other.order != head.order && other.example.body.is_some());
    others.any(overtakes) || head.example.body.is_some() && fitting.iter().any(|order| *order != head.order)
}

/// The highest score; of several the first by ID that has status 200, else the first. Without IDs by file.
fn pick(mut left: Vec<Scored>) -> Option<Scored> {
    let best = left.iter().map(|scored| scored.score).max()?;
    left.retain(|scored| scored.score == best);
    left.sort_by_key(|scored| (scored.example.id.is_none(), scored.example.id.clone(), scored.order));
    left.iter().find(|scored| scored.example.status == 200).or(left.first()).copied()
}

/// What `x-mock-response-id` names; stubs are named after their position.
pub fn id_of(example: &Example, order: usize) -> String {
    example.id.clone().unwrap_or_else(|| format!("s{order}/{}", example.name))
}

/// All values of a header.
fn header_values(facts: &Facts, name: &str) -> Option<String> {
    let values: Vec<&str> =
        facts.headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// The first row that fits, from 1.
fn row(example: &Example, facts: &Facts, fuzzy: bool) -> Option<usize> {
    // A slash inside a segment is none between segments.
    let shown = |segment: &str| segment.replace('/', "\u{1}");
    let own: Vec<(String, bool)> = example
        .path
        .iter()
        .map(|segment| match segment {
            Segment::Literal(text) => (shown(text), false),
            Segment::Wildcard(_) => ("{{x}}".to_owned(), true),
        })
        .collect();
    let mut asked: Vec<String> = facts.path.iter().map(|segment| shown(segment)).collect();
    let asked_slash = asked.last().is_some_and(String::is_empty);
    asked.retain(|segment| !segment.is_empty());
    let text = |segments: Vec<&str>, slash: bool| format!("/{}{}", segments.join("/"), if slash { "/" } else { "" });
    let a = text(own.iter().map(|(text, _)| text.as_str()).collect(), example.slash && !own.is_empty());
    let b = text(asked.iter().map(String::as_str).collect(), asked_slash && !asked.is_empty());
    let bare = |path: &str| path.trim_end_matches('/').to_owned();
    let lower = |path: &str| path.to_ascii_lowercase();
    if a == b {
        return Some(1);
    }
    if bare(&a) == bare(&b) {
        return Some(2);
    }
    if lower(&a) == lower(&b) {
        return Some(3);
    }
    if bare(&lower(&a)) == bare(&lower(&b)) {
        return Some(4);
    }
    if own.len() != asked.len() {
        return None;
    }
    // Wildcards taken out on both sides.
    let pairs: Vec<(String, String)> = own
        .iter()
        .zip(&asked)
        .filter(|((_, wildcard), _)| !wildcard)
        .map(|((own, _), asked)| (lower(own), lower(asked)))
        .collect();
    if pairs.iter().all(|(own, asked)| own == asked) {
        return Some(5);
    }
    if !fuzzy {
        return None;
    }
    let without_id = |segment: &str| if is_id(segment) { "<id>".to_owned() } else { segment.to_owned() };
    if pairs.iter().all(|(own, asked)| without_id(own) == without_id(asked)) {
        return Some(if example.slash == asked_slash { 6 } else { 7 });
    }
    let alike = |(own, asked): &(String, String)| (is_id(own) && is_id(asked)) || likeness(own, asked) >= 75.0;
    pairs.iter().all(alike).then_some(8)
}

/// A number, or something with a UUID in it, or something very long.
fn is_id(segment: &str) -> bool {
    let is_number = segment.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && segment.parse::<f64>().is_ok_and(f64::is_finite);
    let groups = |text: &str| {
        let lengths: Vec<usize> = text.split('-').map(str::len).collect();
        lengths == [8, 4, 4, 4, 12] && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
    };
    let has_uuid = (0..segment.len()).filter_map(|at| segment.get(at..at + 36)).any(groups);
    is_number || has_uuid || segment.len() >= 256
}

fn likeness(own: &str, asked: &str) -> f64 {
    let (own, asked) = (own.as_bytes(), asked.as_bytes());
    let mut table = vec![vec![0usize; asked.len() + 1]; own.len() + 1];
    for i in 0..=own.len() {
        for j in 0..=asked.len() {
            table[i][j] = match (i, j) {
                (0, n) | (n, 0) => n,
                _ => {
                    let change = table[i - 1][j - 1] + usize::from(own[i - 1] != asked[j - 1]);
                    change.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1)
                }
            };
        }
    }
    let distance = table[own.len()][asked.len()] as f64;
    (100.0 * (asked.len() as f64 - distance) / asked.len() as f64).round()
}

fn parameters(own: &[(String, String)], asked: &[(String, String)]) -> i64 {
    // Equal pairs find each other first, then equal keys; each pair at most once.
    let (mut own, mut asked) = (own.to_vec(), asked.to_vec());
    let mut meet = |same: fn(&(String, String), &(String, String)) -> bool| {
        let mut count = 0;
        own.retain(|pair| {
            let found = asked.iter().position(|other| same(pair, other));
            found.map(|at| asked.remove(at)).inspect(|_| count += 1).is_none()
        });
        (count, (own.len() + asked.len()) as i64)
    };
    let (matched, _) = meet(|a, b| a == b);
    let (partial, missing) = meet(|a, b| a.0 == b.0);
    match matched {
        0 => -missing.min(10) * PART,
        _ => {
            assert!(matched + partial + missing <= 16, "a share of so many is no whole number of parts");
            10 * PART * matched / (matched + partial + missing)
        }
    }
}

/// Whether both have the same body, or neither has one.
fn has_equal_body(own: Option<&Body>, facts: &Facts) -> bool {
    match own {
        None => facts.body.is_empty(),
        Some(_) if facts.body.is_empty() => false,
        Some(Body::Json(own)) => facts.json.as_ref().is_some_and(|json| same(own, json)),
        Some(Body::Form(own)) => facts.form.as_ref().is_some_and(|form| {
            let sorted = |pairs: &[(String, String)]| {
                let mut pairs = pairs.to_vec();
                pairs.sort();
                pairs
            };
            sorted(own) == sorted(form)
        }),
        Some(Body::Text(own)) => *own == facts.body,
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}
