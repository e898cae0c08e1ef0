//! Whether conditions hold, operator by operator.

use std::cmp::Ordering;

use serde_json::Value;
use serde_json_path::JsonPath;

use super::facts::Facts;
use super::model::{Condition, Operand, Operator, Place, Test, When};

/// Path parameters by name.
pub type Parameters = Vec<(String, String)>;

/// Something that a condition looks at.
enum Seen<'a> {
    Text(&'a str),
    Json(&'a Value),
}

impl When {
    pub fn holds(&self, facts: &Facts, parameters: &Parameters) -> bool {
        let branch = |branch: &Vec<Condition>| every(branch, facts, parameters);
        branch(&self.all) && (self.any.is_empty() || self.any.iter().any(branch))
    }

    /// Whether a condition looks at the body.
    pub fn asks_for_body(&self) -> bool {
        let asks = |condition: &Condition| matches!(condition.place, Place::Form | Place::Json | Place::Body);
        self.all.iter().chain(self.any.iter().flatten()).any(asks)
    }

    /// How many conditions there are: each operator counts 1, `any` counts as its smallest branch.
    pub fn conditions(&self) -> usize {
        let count = |branch: &Vec<Condition>| branch.iter().map(Condition::operators).sum::<usize>();
        count(&self.all) + self.any.iter().map(count).min().unwrap_or(0)
    }
}

/// Whether all conditions hold.
pub fn every(conditions: &[Condition], facts: &Facts, parameters: &Parameters) -> bool {
    conditions.iter().all(|condition| condition.holds(facts, parameters))
}

impl Condition {
    fn operators(&self) -> usize {
        match &self.test {
            Test::Is(_) => 1,
            Test::Table(operators) => operators.len(),
        }
    }

    fn holds(&self, facts: &Facts, parameters: &Parameters) -> bool {
        let named = |pairs: &[(String, String)]| -> Vec<String> {
            pairs.iter().filter(|(name, _)| *name == self.name).map(|(_, value)| value.clone()).collect()
        };
        let texts = match self.place {
            // The whole path, as a gate asks for it.
            Place::Path if self.name.is_empty() => vec![format!("/{}", facts.path.join("/"))],
            Place::Path => named(parameters),
            Place::Query => named(&facts.query),
            Place::Header => {
                let name = self.name.to_ascii_lowercase();
                facts.headers.iter().filter(|(key, _)| *key == name).map(|(_, value)| value.clone()).collect()
            }
            Place::Cookie => named(&facts.cookies),
            // As for JSON: of a body that is no form nothing is said, also not that a field is absent.
            Place::Form => match &facts.form {
                Some(form) => named(form),
                None => return false,
            },
            Place::Body => Some(facts.body.clone()).into_iter().filter(|text| !text.is_empty()).collect(),
            Place::Target => vec![facts.target.clone()],
            Place::Json => {
                let Some(json) = &facts.json else { return false };
                let nodes = JsonPath::parse(&self.name).unwrap().query(json).all();
                return self.test.holds(&nodes.into_iter().map(Seen::Json).collect::<Vec<_>>());
            }
        };
        self.test.holds(&texts.iter().map(|text| Seen::Text(text)).collect::<Vec<_>>())
    }
}

impl Test {
    fn holds(&self, seen: &[Seen]) -> bool {
        let operators = match self {
            Test::Is(operand) => &vec![Operator::Eq(operand.clone())],
            Test::Table(operators) => operators,
        };
        if let [Operator::Absent] = operators.as_slice() {
            return seen.is_empty();
        }
        let (negative, positive): (Vec<&Operator>, Vec<&Operator>) =
            operators.iter().partition(|operator| matches!(operator, Operator::Ne(_) | Operator::Not(_)));
        // The first line is also what makes a missing value fail.
        seen.iter().any(|one| positive.iter().all(|operator| operator.holds(one)))
            && seen.iter().all(|one| negative.iter().all(|operator| operator.holds(one)))
    }
}

impl Operator {
    fn holds(&self, seen: &Seen) -> bool {
        match self {
            Operator::Eq(operand) => equal(seen, operand),
            Operator::Ne(operand) => !equal(seen, operand),
            Operator::Gt(operand) => compares(seen, operand, |order| order == Ordering::Greater),
            Operator::Ge(operand) => compares(seen, operand, |order| order != Ordering::Less),
            Operator::Lt(operand) => compares(seen, operand, |order| order == Ordering::Less),
            Operator::Le(operand) => compares(seen, operand, |order| order != Ordering::Greater),
            Operator::In(list) => list.iter().any(|operand| equal(seen, operand)),
            Operator::Contains(operand) => contains(seen, operand),
            Operator::Prefix(part) => text(seen).is_some_and(|text| text.starts_with(part)),
            Operator::Suffix(part) => text(seen).is_some_and(|text| text.ends_with(part)),
            Operator::Re(pattern) => text(seen).is_some_and(|text| regex::Regex::new(pattern).unwrap().is_match(&text)),
            Operator::Present => true,
            Operator::Absent => false,
            Operator::Subset(operand) => matches!(seen, Seen::Json(value) if subset(&operand.json(), value)),
            Operator::Not(operators) => !operators.iter().all(|operator| operator.holds(seen)),
        }
    }
}

/// The text that text operators look at: of JSON, the scalars have one.
fn text(seen: &Seen) -> Option<String> {
    match seen {
        Seen::Text(text) => Some((*text).into()),
        Seen::Json(Value::String(text)) => Some(text.clone()),
        Seen::Json(Value::Number(_) | Value::Bool(_)) => Some(seen_json(seen)),
        Seen::Json(_) => None,
    }
}

fn seen_json(seen: &Seen) -> String {
    match seen {
        Seen::Text(text) => (*text).into(),
        Seen::Json(value) => value.to_string(),
    }
}

fn equal(seen: &Seen, operand: &Operand) -> bool {
    match seen {
        Seen::Text(text) => *text == operand.text(),
        Seen::Json(value) => same(value, &operand.json()),
    }
}

fn contains(seen: &Seen, operand: &Operand) -> bool {
    match seen {
        Seen::Json(Value::Array(elements)) => elements.iter().any(|element| same(element, &operand.json())),
        _ => text(seen).is_some_and(|text| text.contains(&operand.text())),
    }
}

fn compares(seen: &Seen, operand: &Operand, holds: fn(Ordering) -> bool) -> bool {
    let value = match seen {
        Seen::Text(text) => Number::read(text),
        Seen::Json(Value::String(text)) => Number::read(text),
        Seen::Json(Value::Number(number)) => Number::read(&number.to_string()),
        Seen::Json(_) => None,
    };
    value.is_some_and(|value| holds(value.compare(Number::read(&operand.text()).unwrap())))
}

impl Operand {
    /// The text that a scalar compares by.
    pub fn text(&self) -> String {
        match self {
            Operand::Text(text) | Operand::Number(text) => text.clone(),
            Operand::Bool(value) => value.to_string(),
            Operand::List(_) | Operand::Table(_) => unreachable!("only json takes arrays and tables"),
        }
    }

    pub fn json(&self) -> Value {
        match self {
            Operand::Text(text) => Value::String(text.clone()),
            Operand::Number(text) => {
                text.parse::<i64>().map_or_else(|_| text.parse::<f64>().unwrap().into(), Value::from)
            }
            Operand::Bool(value) => Value::Bool(*value),
            Operand::List(items) => items.iter().map(Operand::json).collect(),
            Operand::Table(members) => members.iter().map(|(key, value)| (key.clone(), value.json())).collect(),
        }
    }
}

/// A finite number, compared without loss.
#[derive(Clone, Copy)]
enum Number {
    Whole(i128),
    Float(f64),
}

impl Number {
    fn read(text: &str) -> Option<Number> {
        match text.parse::<i128>() {
            Ok(whole) => Some(Number::Whole(whole)),
            Err(_) => text.parse::<f64>().ok().filter(|float| float.is_finite()).map(Number::Float),
        }
    }

    fn compare(self, other: Number) -> Ordering {
        match (self, other) {
            (Number::Whole(a), Number::Whole(b)) => a.cmp(&b),
            (Number::Float(a), Number::Float(b)) => a.partial_cmp(&b).unwrap(),
            (Number::Float(_), Number::Whole(_)) => other.compare(self).reverse(),
            // Between two whole numbers a float compares as its floor does.
            (Number::Whole(a), Number::Float(b)) => {
                a.cmp(&(b.floor() as i128)).then(b.floor().partial_cmp(&b).unwrap())
            }
        }
    }
}

/// Equality of JSON by value: 1 is 1.0.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (Number::read(&a.to_string()), Number::read(&b.to_string()));
            a.zip(b).is_some_and(|(a, b)| a.compare(b) == Ordering::Equal)
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// Whether every member of `part` is in `whole`, arrays by element in order.
fn subset(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            part.iter().all(|(key, part)| whole.get(key).is_some_and(|whole| subset(part, whole)))
        }
        (Value::Array(part), Value::Array(whole)) => {
            // Each element is looked for behind the one before: taking the earliest never takes too much.
            let mut rest = whole.iter();
            part.iter().all(|part| rest.any(|whole| subset(part, whole)))
        }
        _ => same(part, whole),
    }
}
