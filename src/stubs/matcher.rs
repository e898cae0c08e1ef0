//! Conditions: what a scenario asks of a request, and whether it holds.
//!
//! A [`Conditions`] is a conjunction of [`Test`]s and of `any` groups. Each test looks at one [`Subject`] and applies
//! operators to its values. Several values (a repeated query key, several JSONPath nodes) hold if one of them satisfies
//! every operator, but `ne` and `not` must hold for all of them; a missing value fails every operator but `absent`.

use std::borrow::Cow;

use serde_json::Value;
use serde_json_path::JsonPath;
use smallvec::SmallVec;

use super::json::{json_contains, json_equal};
use super::number::Number;
use super::path::Parameter;
use super::request::{BodyFault, NoValue, RequestView};
use crate::words::Reason;

/// A conjunction of conditions.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    tests: Box<[Test]>,
    any: Box<[Vec<Conditions>]>,
    count: u32,
    needs_body: bool,
}

/// Operators on one subject.
#[derive(Clone, Debug)]
pub struct Test {
    /// What is looked at.
    pub subject: Subject,
    /// What must hold of it, all of it.
    pub operators: SmallVec<[Operator; 1]>,
}

/// What a test looks at.
#[derive(Clone, Debug)]
pub enum Subject {
    /// The whole path in its normal form; of the gate only.
    Path,
    /// A path parameter.
    Parameter(Parameter),
    /// Values of a query key.
    Query(Box<str>),
    /// Values of a header, its name in lower case.
    Header(Box<str>),
    /// Values of a cookie.
    Cookie(Box<str>),
    /// Values of a form key.
    Form(Box<str>),
    /// Nodes of a JSONPath.
    Json(Box<JsonPath>),
    /// The body's text.
    Body,
}

/// One operator with its operand.
#[derive(Clone, Debug)]
pub enum Operator {
    /// Equal.
    Eq(Operand),
    /// Not equal.
    Ne(Operand),
    /// Greater.
    Gt(Number),
    /// Greater or equal.
    Ge(Number),
    /// Less.
    Lt(Number),
    /// Less or equal.
    Le(Number),
    /// Equal to one of these.
    In(Box<[Operand]>),
    /// Text holds this text; a JSON array holds this element.
    Contains(Operand),
    /// Text begins so.
    Prefix(Box<[u8]>),
    /// Text ends so.
    Suffix(Box<[u8]>),
    /// The expression is found.
    Re(regex::bytes::Regex),
    /// Something is there.
    Present,
    /// Nothing is there.
    Absent,
    /// Every member of this is in it.
    Subset(Value),
    /// These do not all hold.
    Not(Box<[Operator]>),
}

/// What a value is compared with: as JSON, or by the text that the operand has in the file.
#[derive(Clone, Debug)]
pub struct Operand {
    /// The JSON value.
    pub json: Value,
    /// The text of a scalar.
    pub text: Option<Box<[u8]>>,
}

/// Whether conditions hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// They do.
    Holds,
    /// They do not; the first that fails, and why.
    Fails(Reason),
    /// It depends on a body that nobody has read.
    NeedsBody,
}

impl Conditions {
    /// A conjunction of tests and of groups, each of which needs one branch that holds.
    pub fn new(mut tests: Vec<Test>, any: Vec<Vec<Conditions>>) -> Self {
        // Tests on the head come first, so that a body is asked for only where the head fits.
        tests.sort_by_key(|test| test.subject.needs_body());
        let in_tests: usize = tests.iter().map(|test| test.operators.len()).sum();
        let in_any: u32 = any.iter().map(|branches| branches.iter().map(|b| b.count).min().unwrap_or(0)).sum();
        let needs_body =
            tests.iter().any(|test| test.subject.needs_body()) || any.iter().flatten().any(|branch| branch.needs_body);
        Conditions { tests: tests.into(), any: any.into(), count: in_tests as u32 + in_any, needs_body }
    }

    /// How many conditions these are: each operator counts one, a group its smallest branch.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tests.is_empty() && self.any.is_empty()
    }

    /// Whether there are tests only, and no groups of alternatives.
    pub fn is_conjunction(&self) -> bool {
        self.any.is_empty()
    }

    /// Whether any of them looks at the body.
    pub fn needs_body(&self) -> bool {
        self.needs_body
    }

    /// The tests outside groups.
    pub fn tests(&self) -> &[Test] {
        &self.tests
    }

    /// Whether they hold.
    pub fn check(&self, view: &RequestView<'_>) -> Outcome {
        let mut waiting = false;
        for test in &self.tests {
            match test.check(view) {
                Outcome::Holds => {}
                Outcome::NeedsBody => {
                    waiting = true;
                    break; // tests on the body come last
                }
                fails => return fails,
            }
        }
        for branches in &self.any {
            let mut group = Outcome::Fails(Reason::Any);
            for branch in branches {
                match branch.check(view) {
                    Outcome::Holds => {
                        group = Outcome::Holds;
                        break;
                    }
                    Outcome::NeedsBody => group = Outcome::NeedsBody,
                    Outcome::Fails(reason) => {
                        if let (Outcome::Fails(Reason::Any), true) = (group, is_body_fault(reason)) {
                            group = Outcome::Fails(reason);
                        }
                    }
                }
            }
            match group {
                Outcome::Holds => {}
                Outcome::NeedsBody => waiting = true,
                fails => return fails,
            }
        }
        if waiting { Outcome::NeedsBody } else { Outcome::Holds }
    }
}

/// Whether a reason says that the body could not be looked at, which is worth more than which condition failed.
pub fn is_body_fault(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::BodyNotJson
            | Reason::BodyNotForm
            | Reason::BodyEncoded
            | Reason::BodyTooLong
            | Reason::BodyBudget
            | Reason::BodyTimeout
    )
}

impl Subject {
    /// Whether it lies in the body.
    pub fn needs_body(&self) -> bool {
        matches!(self, Subject::Form(_) | Subject::Json(_) | Subject::Body)
    }

    /// The reason of a miss that it explains.
    pub fn reason(&self) -> Reason {
        match self {
            Subject::Path => Reason::Path,
            Subject::Parameter(_) => Reason::Parameter,
            Subject::Query(_) => Reason::Query,
            Subject::Header(_) => Reason::Header,
            Subject::Cookie(_) => Reason::Cookie,
            Subject::Form(_) => Reason::Form,
            Subject::Json(_) => Reason::Json,
            Subject::Body => Reason::Body,
        }
    }
}

impl Test {
    /// Whether it holds.
    pub fn check(&self, view: &RequestView<'_>) -> Outcome {
        let reason = self.subject.reason();
        let held = match &self.subject {
            Subject::Path => {
                let path = view.path.readable();
                self.over(std::iter::once(Found::Text(&path)))
            }
            Subject::Parameter(parameter) => {
                let value = parameter.value(&view.path);
                self.over(value.iter().map(|value| Found::Text(value)))
            }
            Subject::Query(key) => self.over(values(view.query(), key)),
            Subject::Header(name) => self.over(view.header_values(name).map(Found::Text)),
            Subject::Cookie(name) => self.over(values(view.cookies(), name)),
            Subject::Form(key) => match view.form() {
                Ok(form) => self.over(values(form, key)),
                Err(why) => return no_value(why, Reason::BodyNotForm),
            },
            Subject::Json(path) => match view.json() {
                Ok(json) => {
                    let nodes = path.query(json).all();
                    self.over(nodes.iter().map(|node| Found::Json(node)))
                }
                Err(why) => return no_value(why, Reason::BodyNotJson),
            },
            Subject::Body => match view.body() {
                // No body is a missing value, so that `absent` can ask for it.
                Ok(body) => self.over(std::iter::once(body).filter(|body| !body.is_empty()).map(Found::Text)),
                Err(why) => return no_value(why, Reason::Body),
            },
        };
        if held { Outcome::Holds } else { Outcome::Fails(reason) }
    }

    /// Whether the operators hold over the values of the subject.
    fn over<'v>(&self, mut values: impl Iterator<Item = Found<'v>> + Clone) -> bool {
        if values.clone().next().is_none() {
            return self.operators.iter().all(|operator| matches!(operator, Operator::Absent));
        }
        if let [operator] = self.operators.as_slice()
            && !operator.is_negative()
        {
            return values.any(|value| operator.holds(value));
        }
        let positive = self.operators.iter().filter(|operator| !operator.is_negative());
        let mut negative = self.operators.iter().filter(|operator| operator.is_negative());
        values.clone().any(|value| positive.clone().all(|operator| operator.holds(value)))
            && negative.all(|operator| values.clone().all(|value| operator.holds(value)))
    }
}

/// The answer for a body that has no value of the kind that is asked for.
pub fn no_value(why: NoValue, other_form: Reason) -> Outcome {
    match why {
        NoValue::Unread => Outcome::NeedsBody,
        NoValue::Fault(BodyFault::TooLong) => Outcome::Fails(Reason::BodyTooLong),
        NoValue::Fault(BodyFault::Budget) => Outcome::Fails(Reason::BodyBudget),
        NoValue::Fault(BodyFault::Timeout) => Outcome::Fails(Reason::BodyTimeout),
        NoValue::Encoded => Outcome::Fails(Reason::BodyEncoded),
        NoValue::OtherForm => Outcome::Fails(other_form),
    }
}

fn values<'v>(pairs: &'v super::request::Pairs<'_>, key: &'v str) -> impl Iterator<Item = Found<'v>> + Clone {
    pairs.iter().filter(move |(name, _)| name.as_ref() == key.as_bytes()).map(|(_, value)| Found::Text(value))
}

/// A value that operators look at.
#[derive(Clone, Copy, Debug)]
enum Found<'v> {
    Text(&'v [u8]),
    Json(&'v Value),
}

impl<'v> Found<'v> {
    /// The text of text, and of JSON scalars.
    fn text(self) -> Option<Cow<'v, [u8]>> {
        match self {
            Found::Text(text) => Some(Cow::Borrowed(text)),
            Found::Json(Value::String(text)) => Some(Cow::Borrowed(text.as_bytes())),
            Found::Json(Value::Number(number)) => Some(Cow::Owned(number.to_string().into_bytes())),
            Found::Json(Value::Bool(value)) => Some(Cow::Borrowed(if *value { b"true" } else { b"false" })),
            Found::Json(_) => None,
        }
    }

    /// The number that it is, or reads as.
    fn number(self) -> Option<Number> {
        match self {
            Found::Json(Value::Number(number)) => Number::from_json(number),
            Found::Text(text) => Number::from_text(text),
            Found::Json(Value::String(text)) => Number::from_text(text.as_bytes()),
            Found::Json(_) => None,
        }
    }

    fn equals(self, operand: &Operand) -> bool {
        match self {
            Found::Text(text) => operand.text.as_deref() == Some(text),
            Found::Json(value) => json_equal(value, &operand.json),
        }
    }
}

impl Operator {
    /// Whether it must hold for every value.
    fn is_negative(&self) -> bool {
        matches!(self, Operator::Ne(_) | Operator::Not(_))
    }

    fn holds(&self, found: Found<'_>) -> bool {
        let number = |compare: fn(&Number, &Number) -> bool, operand: &Number| {
            found.number().is_some_and(|n| compare(&n, operand))
        };
        let text = |test: &dyn Fn(&[u8]) -> bool| found.text().is_some_and(|text| test(&text));
        match self {
            Operator::Eq(operand) => found.equals(operand),
            Operator::Ne(operand) => !found.equals(operand),
            Operator::Gt(operand) => number(Number::gt, operand),
            Operator::Ge(operand) => number(Number::ge, operand),
            Operator::Lt(operand) => number(Number::lt, operand),
            Operator::Le(operand) => number(Number::le, operand),
            Operator::In(operands) => operands.iter().any(|operand| found.equals(operand)),
            Operator::Contains(operand) => match (found, &operand.text) {
                (Found::Json(Value::Array(items)), _) => items.iter().any(|item| json_equal(item, &operand.json)),
                (_, Some(needle)) => text(&|text| memchr::memmem::find(text, needle).is_some()),
                (_, None) => false,
            },
            Operator::Prefix(prefix) => text(&|text| text.starts_with(prefix)),
            Operator::Suffix(suffix) => text(&|text| text.ends_with(suffix)),
            Operator::Re(regex) => text(&|text| regex.is_match(text)),
            Operator::Present => true,
            Operator::Absent => false,
            Operator::Subset(part) => match found {
                Found::Json(value) => json_contains(value, part),
                Found::Text(_) => false,
            },
            Operator::Not(operators) => !operators.iter().all(|operator| operator.holds(found)),
        }
    }
}

#[cfg(test)]
mod tests;
