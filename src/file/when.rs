//! Conditions: `when` of a scenario, and the two conditions of the gate.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::habits;
use super::leaf::{List, Named, Scalar, Text, Value};
use super::read::{At, Read, Reader, keys, listed, read_table};
use crate::problem::{Code, Place, Problem, nearest};

keys! {
    /// Conditions, all of which must hold.
    WhenTable "when" {
        /// Path parameters by name.
        path: Named<Condition>,
        /// Query values by key.
        query: Named<Condition>,
        /// Header values by name.
        header: Named<Condition>,
        /// Cookie values by name.
        cookie: Named<Condition>,
        /// Values of an `application/x-www-form-urlencoded` body by key.
        form: Named<Condition>,
        /// Values of a JSON body by JSONPath; "$" is the whole body.
        json: Named<Condition>,
        /// The whole body as text.
        body: Condition,
        /// Path and query as they were sent.
        target: Condition,
        /// Branches, of which one must hold.
        any: List<WhenTable>,
    }
    later ["state"]
}

keys! {
    /// Conditions of the gate, all of which must hold.
    GateWhenTable "a gate condition" {
        /// The whole path in its normal form.
        path: Condition,
        /// Query values by key.
        query: Named<Condition>,
        /// Header values by name.
        header: Named<Condition>,
        /// Cookie values by name.
        cookie: Named<Condition>,
    }
    unknown unknown_in_gate
}

/// A scalar means equality; a table holds operators. In Postman's matching an array holds the values of a repeated key.
#[derive(Clone, Debug)]
pub enum Condition {
    /// Equality.
    Equals(At<Value>),
    /// Several values: those that a saved request has, in Postman's matching.
    Values(At<List<Scalar>>),
    /// Operators, all of which must hold.
    Operators(At<Box<OperatorTable>>),
}

impl Read for Condition {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        let place = reader.place(value.span());
        match value.get_ref() {
            DeValue::Table(table) => {
                if let Some(problem) = dotted(place, table, reader).or_else(|| no_operators(place, table)) {
                    return reader.fail(problem);
                }
                read_table(value, reader).map(|table| Condition::Operators(At { value: Box::new(table), place }))
            }
            DeValue::Array(_) => List::read(value, reader).map(|value| Condition::Values(At { value, place })),
            _ => Scalar::read(value, reader).map(|scalar| Condition::Equals(At { value: scalar.0, place })),
        }
    }
}

impl JsonSchema for Condition {
    fn schema_name() -> Cow<'static, str> {
        "Condition".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let scalar = generator.subschema_for::<Scalar>();
        let table = generator.subschema_for::<OperatorTable>();
        json_schema!({
            "description": "A scalar means equality; a table holds operators, all of which must hold. An array holds the values that a saved request repeats, in Postman's matching only.",
            "anyOf": [scalar, table, { "type": "array", "items": scalar }]
        })
    }
}

keys! {
    /// Operators, all of which must hold.
    OperatorTable "a condition" {
        /// Equal: text as text, JSON by value.
        eq: Value,
        /// Not equal.
        ne: Value,
        /// A number, or text that reads as one, greater than this.
        gt: Number,
        /// Greater or equal.
        ge: Number,
        /// Less.
        lt: Number,
        /// Less or equal.
        le: Number,
        /// Equal to one of these.
        r#in = "in": List<Scalar>,
        /// Holds this text, or, for a JSON array, this element.
        contains: Value,
        /// Begins with this text.
        prefix: Text,
        /// Ends with this text.
        suffix: Text,
        /// A regular expression is found in it.
        re: Text,
        /// The key or node is there; takes `true` only.
        present: True,
        /// The key or node is not there; takes `true` only.
        absent: True,
        /// Every member of this JSON value is in it.
        subset: Value,
        /// A table of operators that does not hold.
        not: Box<OperatorTable>,
    }
    unknown unknown_operator
}

impl Read for Box<OperatorTable> {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        OperatorTable::read(value, reader).map(Box::new)
    }
}

/// Every operator, as reports list them.
const OPERATORS: &[&str] = &[
    "eq", "ne", "gt", "ge", "lt", "le", "in", "contains", "prefix", "suffix", "re", "present", "absent", "subset",
    "not",
];

/// The operator that was probably meant: that of another tool, else a slip of the finger. Of the short operators a slip
/// keeps the first letter; `age` is none for `ge`.
fn meant(key: &str) -> Option<&'static str> {
    let slips = OPERATORS.iter().copied().filter(|own| own.len() > 3 || key.chars().next() == own.chars().next());
    let plain = OPERATORS.iter().copied().find(|own| key.strip_prefix('$') == Some(own));
    plain.or_else(|| habits::operator(key)).or_else(|| nearest(key, slips))
}

/// A table that a dot made of a name: `when.query.filter.status = "open"`.
fn dotted(place: Place, table: &DeTable<'_>, reader: &Reader<'_>) -> Option<Problem> {
    let (key, _) = table.iter().next()?;
    let inner = reader.place(key.span());
    if reader.before_dot(inner).is_none()
        || OPERATORS.contains(&key.get_ref().as_ref())
        || meant(key.get_ref()).is_some()
    {
        return None;
    }
    let name = reader.text_at(place).trim_matches(['"', '\'']);
    // Under `when.json` the name is a JSONPath.
    let root = if reader.before_dot(place) == Some("json") && !name.starts_with('$') { "$." } else { "" };
    let whole = format!("{root}{name}.{}", key.get_ref());
    let at = Place { end: inner.end, ..place };
    Some(super::header::dotted_key(at, name, &whole))
}

/// A table of which no key is an operator, nor meant to be one: something to compare with.
fn no_operators(place: Place, table: &DeTable<'_>) -> Option<Problem> {
    let strange = |key: &str| !OPERATORS.contains(&key) && meant(key).is_none();
    if table.is_empty() || !table.keys().all(|key| strange(key.get_ref())) {
        return None;
    }
    let names: Vec<&str> = table.keys().map(|key| key.get_ref().as_ref()).collect();
    let what = if names.len() == 1 { "is no operator" } else { "are no operators" };
    Some(
        Problem::at(Code::UnknownOperator, place, format!("{} {what}", listed(&names)))
            .label("a table holds operators")
            .help(format!(
                "to compare with a whole table, write `{{ eq = {{ … }} }}`; the operators are {}",
                listed(OPERATORS)
            )),
    )
}

fn unknown_operator(key: &str, place: Place, _: &Spanned<DeValue<'_>>, reader: &mut Reader<'_>) {
    let help = match meant(key) {
        Some(slip) => format!("did you mean `{slip}`?"),
        None => format!("the operators are {}", listed(OPERATORS)),
    };
    reader.problems.push(
        Problem::at(Code::UnknownOperator, place, format!("unknown operator `{key}`"))
            .label("not an operator")
            .help(help),
    );
}

fn unknown_in_gate(key: &str, place: Place, value: &Spanned<DeValue<'_>>, reader: &mut Reader<'_>) {
    let _ = value;
    if matches!(key, "form" | "json" | "body" | "any" | "state") {
        reader.problems.push(
            Problem::at(Code::MisplacedKey, place, format!("the gate does not look at `{key}`"))
                .label("a key of `when` only")
                .help("the gate is decided before any body is read: it takes `path`, `query`, `header` and `cookie`"),
        );
    } else {
        super::read::unknown_key::<GateWhenTable>(key, place, reader);
    }
}

/// A finite number.
#[derive(Clone, Debug)]
pub struct Number(pub serde_json::Number);

impl Read for Number {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.get_ref() {
            DeValue::Integer(_) | DeValue::Float(_) => match super::leaf::json(value, reader)? {
                serde_json::Value::Number(number) => Some(Number(number)),
                _ => None,
            },
            value_ref => {
                let number = value_ref.as_str().filter(|text| text.parse::<f64>().is_ok_and(f64::is_finite));
                let help = number.map(|text| format!("write it without quotes: {text}"));
                reader.wrong_type_with(&value, "a number", help)
            }
        }
    }
}

impl JsonSchema for Number {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number" })
    }
}

/// `true`, and nothing else: `present = false` would be `absent = true` in disguise.
#[derive(Clone, Copy, Debug)]
pub struct True;

impl Read for True {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        let place = reader.place(value.span());
        match value.get_ref().as_bool() {
            Some(true) => Some(True),
            Some(false) => reader.fail(
                Problem::at(Code::BadOperand, place, "`present` and `absent` take `true` only")
                    .label("`false` is not taken")
                    .help("`absent = true` says that it is not there, `present = true` that it is"),
            ),
            None => reader.wrong_type(&value, "`true`"),
        }
    }
}

impl JsonSchema for True {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "True".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "const": true })
    }
}
