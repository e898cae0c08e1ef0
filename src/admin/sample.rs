//! A request that a scenario answers, made from its conditions.
//!
//! Whether it does is not guessed: it is decided as a request of the data port is. Where another would answer, the
//! selector `x-mock-response-id` is added.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::shown::number;
use crate::live::Snapshot;
use crate::stubs::decision::{Action, Inputs};
use crate::stubs::matcher::{Conditions, Subject, Test};
use crate::stubs::number::Number;
use crate::stubs::operator::Operator;
use crate::stubs::postman::{self, example::Example};
use crate::stubs::request::{BodyView, HeaderField, RequestView};
use crate::stubs::scenario::{HostPattern, Mock, Scenario, Stub};

/// A request.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Header fields, `host` first.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<String>,
    /// What is odd about it.
    pub notes: Vec<String>,
}

/// Values that conditions ask for.
#[derive(Default)]
struct Parts {
    target: Option<String>,
    path: Vec<(String, String)>,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    cookies: Vec<(String, String)>,
    form: Vec<(String, String)>,
    json: Option<Value>,
    body: Option<String>,
    notes: Vec<String>,
}

/// Makes the request for a scenario. `own` is the address of the data port.
pub fn sample(snapshot: &Snapshot, mock: &Mock, stub: &Stub, scenario: &Scenario, own: SocketAddr) -> Sample {
    let mut parts = Parts::default();
    parts.take_all(&stub.query, stub);
    parts.take_all(&scenario.conditions, stub);
    if let Some(example) = &scenario.example {
        parts.take_example(example);
    }
    let mut sample = parts.into_sample(stub, host(mock, own));
    if let (true, Some(key)) = (mock.access.private, mock.access.keys.first()) {
        let key = String::from_utf8_lossy(key.secret()).into_owned();
        sample.headers.push((mock.access.header.to_string(), key));
    }
    if !answers(snapshot, scenario, &sample, own.ip()) {
        sample.headers.push(("x-mock-response-id".to_owned(), scenario.id.to_string()));
        sample.notes.push(match answers(snapshot, scenario, &sample, own.ip()) {
            true => "the request names its scenario by x-mock-response-id: by itself it would be answered otherwise"
                .to_owned(),
            false => "as it stands, the request is answered otherwise: edit it".to_owned(),
        });
    }
    sample
}

/// Whether the scenario answers this request.
fn answers(snapshot: &Snapshot, scenario: &Scenario, sample: &Sample, peer: IpAddr) -> bool {
    let fields: Vec<HeaderField<'_>> =
        sample.headers.iter().map(|(name, value)| HeaderField { name, value: value.as_bytes() }).collect();
    let body = BodyView::Whole(sample.body.as_deref().unwrap_or_default().as_bytes());
    let Ok(view) = RequestView::new(&sample.method, sample.target.as_bytes(), &fields, body) else { return false };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let inputs = Inputs { dice: 0, delay_cap: Duration::ZERO, now };
    let decision = snapshot.table.decide(&view.from_peer(peer), &inputs);
    matches!(decision.action, Action::Scenario(found, _) if found.number == scenario.number)
}

/// A host that the mock serves.
fn host(mock: &Mock, own: SocketAddr) -> String {
    match mock.hosts.first() {
        None => own.to_string(),
        Some(HostPattern::Exact(host)) => host.to_string(),
        Some(HostPattern::Below(end)) => format!("sample{end}"),
    }
}

impl Parts {
    fn take_all(&mut self, conditions: &Conditions, stub: &Stub) {
        conditions.tests().iter().for_each(|test| self.take(test, stub));
        for branches in conditions.groups() {
            // One branch is enough; the first is what an author thinks of first.
            if let Some(branch) = branches.first() {
                self.take_all(branch, stub);
            }
        }
    }

    /// The request that an example of a collection was saved for.
    fn take_example(&mut self, example: &Example) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        self.query.extend(example.query.iter().map(|(key, value)| (text(key), text(value))));
        self.headers.extend(example.headers.iter().map(|(name, value)| (name.to_string(), text(value))));
        match &example.body {
            None => {}
            Some(postman::body::Body::Text(body)) => self.body = Some(text(body)),
            Some(_) => self.notes.push("the body of the example is not kept as it was written: write one".to_owned()),
        }
    }

    fn take(&mut self, test: &Test, stub: &Stub) {
        let Some(value) = value(&test.operators) else {
            if !matches!(test.operators.as_slice(), [Operator::Absent]) {
                self.notes.push(format!("no value was found for a condition on {}", test.subject.reason()));
            }
            return;
        };
        let text = match &value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match &test.subject {
            Subject::Path => {}
            Subject::Parameter(parameter) => {
                self.path.push((stub.path.name_of(*parameter).unwrap_or_default().to_owned(), text));
            }
            Subject::Query(key) => self.query.push((key.to_string(), text)),
            Subject::Header(name) => self.headers.push((name.to_string(), text)),
            Subject::Cookie(name) => self.cookies.push((name.to_string(), text)),
            Subject::Form(key) => self.form.push((key.to_string(), text)),
            Subject::Body => self.body = Some(text),
            // Path and query at once; what is only a part of them is none.
            Subject::Target if text.starts_with('/') => self.target = Some(text),
            Subject::Target => self.notes.push("no target was made for a condition on it".to_owned()),
            Subject::Json(path) => {
                let path = path.to_string();
                match steps(&path) {
                    Some(steps) => put(self.json.get_or_insert(Value::Null), &steps, value),
                    None => self.notes.push(format!("no body was made for {path}")),
                }
            }
        }
    }

    fn into_sample(self, stub: &Stub, host: String) -> Sample {
        let Parts { target, path: values, query, mut headers, cookies, form, json, body, notes } = self;
        let path = stub.path.filled(|name| {
            let found = values.iter().find(|(own, _)| Some(own.as_str()) == name).map(|(_, value)| value.clone());
            found.filter(|value| !value.is_empty()).unwrap_or_else(|| "1".to_owned())
        });
        let encoded =
            |pairs: &[(String, String)]| form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let made = || if query.is_empty() { path } else { format!("{path}?{}", encoded(&query)) };
        let target = target.unwrap_or_else(made);
        if !cookies.is_empty() {
            let cookies: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            headers.push(("cookie".to_owned(), cookies.join("; ")));
        }
        let (body, kind) = match (json, form.is_empty(), body) {
            (Some(json), _, _) => (Some(json.to_string()), Some("application/json")),
            (None, false, _) => (Some(encoded(&form)), Some("application/x-www-form-urlencoded")),
            (None, true, body) => (body, None),
        };
        if let Some(kind) = kind.filter(|_| headers.iter().all(|(name, _)| name != "content-type")) {
            headers.push(("content-type".to_owned(), kind.to_owned()));
        }
        headers.retain(|(name, _)| name != "host" && name != "content-length");
        headers.insert(0, ("host".to_owned(), host));
        Sample { method: stub.method.as_deref().unwrap_or("GET").to_owned(), target, headers, body, notes }
    }
}

/// A value for which the first operator holds that asks for one.
fn value(operators: &[Operator]) -> Option<Value> {
    operators.iter().find_map(|operator| match operator {
        Operator::Eq(operand) | Operator::Contains(operand) => Some(operand.json.clone()),
        Operator::Ne(operand) => Some(format!("not {}", operand.json).into()),
        Operator::In(operands) => operands.first().map(|operand| operand.json.clone()),
        Operator::Ge(n) | Operator::Le(n) => Some(number(*n)),
        Operator::Gt(n) => Some(number(moved(*n, 1))),
        Operator::Lt(n) => Some(number(moved(*n, -1))),
        Operator::Prefix(text) | Operator::Suffix(text) => Some(String::from_utf8_lossy(text).into()),
        Operator::Present => Some("1".into()),
        Operator::Subset(value) => Some(value.clone()),
        Operator::Re(_) | Operator::Absent | Operator::Not(_) => None,
    })
}

fn moved(number: Number, by: i8) -> Number {
    match number {
        Number::Whole(whole) => Number::Whole(whole.saturating_add(by.into())),
        Number::Float(float) => Number::Float(float + f64::from(by)),
    }
}

/// A step of a JSONPath that leads to one place.
enum Step {
    Member(String),
    Element(usize),
}

/// The steps of a path such as `$["a"][0]` or `$.a.b`; `None` for one that may lead to several places.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(name) = rest.strip_prefix('.') {
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
            steps.push(Step::Member(Some(&name[..end]).filter(|name| is_name(name))?.to_owned()));
            rest = &name[end..];
        } else {
            let inside = rest.strip_prefix('[')?;
            let (step, end) = match inside.chars().next()? {
                quote @ ('"' | '\'') => {
                    let end = inside[1..].find(quote)? + 1;
                    let name = Some(&inside[1..end]).filter(|name| !name.contains('\\'))?;
                    (Step::Member(name.to_owned()), end + 1)
                }
                _ => {
                    let end = inside.find(']')?;
                    (Step::Element(inside[..end].parse().ok()?), end)
                }
            };
            steps.push(step);
            rest = inside[end..].strip_prefix(']')?;
        }
    }
    Some(steps)
}

/// The longest array that is made for an element of it.
const LONGEST: usize = 100;

/// Puts a value where the steps lead, making what is missing on the way.
fn put(into: &mut Value, steps: &[Step], value: Value) {
    let Some((step, rest)) = steps.split_first() else {
        match (into, value) {
            // Two conditions on one object: it has the members of both.
            (Value::Object(own), Value::Object(more)) => own.extend(more),
            (into, value) => *into = value,
        }
        return;
    };
    match step {
        Step::Member(name) => {
            if !into.is_object() {
                *into = Value::Object(Map::new());
            }
            if let Some(members) = into.as_object_mut() {
                put(members.entry(name.clone()).or_insert(Value::Null), rest, value);
            }
        }
        Step::Element(at) => {
            if !into.is_array() {
                *into = Value::Array(Vec::new());
            }
            if let Some(elements) = into.as_array_mut().filter(|_| *at < LONGEST) {
                elements.resize((at + 1).max(elements.len()), Value::Null);
                put(&mut elements[*at], rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_where_a_path_leads() {
        let mut value = Value::Null;
        for (path, own) in [("$.a.b", "1"), ("$[\"a\"]['c'][1]", "2"), ("$.d", "{\"e\":3}"), ("$.d", "{\"f\":4}")] {
            put(&mut value, &steps(path).unwrap(), serde_json::from_str(own).unwrap());
        }
        assert_eq!(value.to_string(), r#"{"a":{"b":1,"c":[null,2]},"d":{"e":3,"f":4}}"#);
        for path in ["$..a", "$.*", "$[?@.a]", "$[1:2]", "$[-1]", "$.a.", "a", "$['a\\'b']"] {
            assert!(steps(path).is_none(), "{path}");
        }
        assert!(steps("$").is_some_and(|steps| steps.is_empty()));
    }
}
