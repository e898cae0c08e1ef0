//! Operators: what one value of a request is compared with, and whether it holds.
//!
//! A value is text, of the head or of a form, or a node of a JSON body; an operator says of either whether it holds.
//! What becomes of several values, and of none, is for the [matcher](super::matcher) to say.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use super::json::{json_contains, json_equal};
use super::number::Number;

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

/// A value that operators look at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'v> {
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
    pub(super) fn is_negative(&self) -> bool {
        matches!(self, Operator::Ne(_) | Operator::Not(_))
    }

    pub(super) fn holds(&self, found: Found<'_>) -> bool {
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

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.json.fmt(f)
    }
}

impl fmt::Display for Operator {
    /// As the file has it, such as `gt = 10`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |text: &[u8]| Value::from(String::from_utf8_lossy(text));
        let list = |items: &[String]| items.join(", ");
        match self {
            Operator::Eq(operand) => write!(f, "eq = {operand}"),
            Operator::Ne(operand) => write!(f, "ne = {operand}"),
            Operator::Gt(number) => write!(f, "gt = {number}"),
            Operator::Ge(number) => write!(f, "ge = {number}"),
            Operator::Lt(number) => write!(f, "lt = {number}"),
            Operator::Le(number) => write!(f, "le = {number}"),
            Operator::In(operands) => {
                write!(f, "in = [{}]", list(&operands.iter().map(Operand::to_string).collect::<Vec<_>>()))
            }
            Operator::Contains(operand) => write!(f, "contains = {operand}"),
            Operator::Prefix(prefix) => write!(f, "prefix = {}", text(prefix)),
            Operator::Suffix(suffix) => write!(f, "suffix = {}", text(suffix)),
            Operator::Re(regex) => write!(f, "re = '{regex}'"),
            Operator::Present => f.write_str("present = true"),
            Operator::Absent => f.write_str("absent = true"),
            Operator::Subset(value) => write!(f, "subset = {value}"),
            Operator::Not(operators) => {
                write!(f, "not = {{ {} }}", list(&operators.iter().map(Operator::to_string).collect::<Vec<_>>()))
            }
        }
    }
}
