//! Conditions and bodies as the API shows them: conditions in the words of a file, secrets taken out.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::calls::{Body, Captured};
use crate::redact::{REDACTED, Redactor};
use crate::stubs::answer::Answer;
use crate::stubs::delay::Delay;
use crate::stubs::matcher::{Conditions, Subject};
use crate::stubs::number::Number;
use crate::stubs::operator::Operator;
use crate::stubs::path_template::Template;

/// How much of a body is shown, bytes.
const BODY: usize = 64 << 10;

/// A duration as a file writes it.
pub fn span(duration: Duration) -> String {
    match duration.as_micros() {
        0 => "0ms".to_owned(),
        n if n % 1_000_000 == 0 => format!("{}s", n / 1_000_000),
        n if n % 1_000 == 0 => format!("{}ms", n / 1_000),
        n => format!("{n}us"),
    }
}

/// A delay in words.
pub fn delay(delay: Delay) -> String {
    match delay {
        Delay::Fixed(duration) => span(duration),
        Delay::Even { min, max } => format!("{} to {}", span(min), span(max)),
    }
}

/// Header fields of an answer.
pub fn headers(answer: &Answer, redactor: &Redactor) -> Vec<[String; 2]> {
    let field = |name: &str, value: &[u8]| {
        [name.to_owned(), String::from_utf8_lossy(&redactor.header(name, value)).into_owned()]
    };
    answer.headers.iter().map(|(name, value)| field(name.as_str(), value.as_bytes())).collect()
}

/// The body of an answer, or the beginning of a long one.
pub fn body(answer: &Answer, redactor: &Redactor) -> Body {
    let coding = answer.headers.iter().find(|(name, _)| name.as_str() == "content-encoding");
    let kept = redactor.text(&answer.body[..answer.body.len().min(BODY)]).into_owned();
    let captured = Captured { bytes: kept.into(), length: answer.body.len() as u64 };
    Body::shown(&captured, coding.and_then(|(_, value)| value.to_str().ok()), redactor)
}

/// Conditions as a file writes them in `when`.
pub fn when(conditions: &Conditions, path: &Template, redactor: &Redactor) -> Value {
    let mut out = Map::new();
    for test in conditions.tests() {
        let (kind, name) = match &test.subject {
            Subject::Path => ("path", None),
            Subject::Parameter(parameter) => ("path", Some(path.name_of(*parameter).unwrap_or("*").to_owned())),
            Subject::Query(key) => ("query", Some(key.to_string())),
            Subject::Header(name) => ("header", Some(name.to_string())),
            Subject::Cookie(name) => ("cookie", Some(name.to_string())),
            Subject::Form(key) => ("form", Some(key.to_string())),
            Subject::Json(path) => ("json", Some(path.to_string())),
            Subject::Body => ("body", None),
            Subject::Target => ("target", None),
        };
        let mut operand = operators(&test.operators);
        if is_secret(&test.subject, redactor)
            || (matches!(test.subject, Subject::Target) && names_secret(&operand, redactor))
        {
            operand = json!(REDACTED);
        }
        match name {
            None => drop(out.insert(kind.to_owned(), operand)),
            Some(name) => {
                if let Some(table) = out.entry(kind).or_insert_with(|| json!({})).as_object_mut() {
                    table.insert(name, operand);
                }
            }
        }
    }
    for (at, branches) in conditions.groups().iter().enumerate() {
        let branches: Vec<Value> = branches.iter().map(|branch| when(branch, path, redactor)).collect();
        out.insert(if at == 0 { "any".to_owned() } else { format!("any {}", at + 1) }, branches.into());
    }
    Value::Object(out)
}

/// Whether the values of a subject are shown nowhere.
pub fn is_secret(subject: &Subject, redactor: &Redactor) -> bool {
    match subject {
        Subject::Header(name) => redactor.headers.contains(name),
        Subject::Cookie(_) => redactor.headers.iter().any(|name| &**name == "cookie"),
        Subject::Query(key) => redactor.query.contains(key),
        _ => false,
    }
}

/// Whether an operand for a target names a key of the query whose values are shown nowhere.
fn names_secret(operand: &Value, redactor: &Redactor) -> bool {
    let text = operand.to_string();
    redactor.query.iter().any(|key| text.contains(&format!("{key}=")))
}

fn operators(operators: &[Operator]) -> Value {
    if let [Operator::Eq(operand)] = operators {
        return operand.json.clone();
    }
    let mut out = Map::new();
    for operator in operators {
        let (word, operand) = match operator {
            Operator::Eq(operand) => ("eq", operand.json.clone()),
            Operator::Ne(operand) => ("ne", operand.json.clone()),
            Operator::Gt(n) => ("gt", number(*n)),
            Operator::Ge(n) => ("ge", number(*n)),
            Operator::Lt(n) => ("lt", number(*n)),
            Operator::Le(n) => ("le", number(*n)),
            Operator::In(operands) => ("in", operands.iter().map(|operand| operand.json.clone()).collect()),
            Operator::Contains(operand) => ("contains", operand.json.clone()),
            Operator::Prefix(text) => ("prefix", String::from_utf8_lossy(text).into()),
            Operator::Suffix(text) => ("suffix", String::from_utf8_lossy(text).into()),
            Operator::Re(regex) => ("re", regex.as_str().into()),
            Operator::Present => ("present", true.into()),
            Operator::Absent => ("absent", true.into()),
            Operator::Subset(value) => ("subset", value.clone()),
            Operator::Not(inner) => ("not", operators_table(inner)),
        };
        out.insert(word.to_owned(), operand);
    }
    Value::Object(out)
}

/// The same, always as a table.
fn operators_table(inner: &[Operator]) -> Value {
    match operators(inner) {
        table @ Value::Object(_) if !matches!(inner, [Operator::Eq(_)]) => table,
        scalar => json!({ "eq": scalar }),
    }
}

/// A number as JSON writes it; one that JSON's readers would not hold exactly, as text.
pub fn number(number: Number) -> Value {
    match number {
        Number::Whole(whole) => match i64::try_from(whole) {
            Ok(whole) => whole.into(),
            Err(_) => whole.to_string().into(),
        },
        Number::Float(float) => float.into(),
    }
}
