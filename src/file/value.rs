//! Values of any type, in their JSON form.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::Spanned;
use toml::de::DeValue;

use super::read::{Read, Reader};
use crate::problem::{Code, Place, Problem};

/// Any TOML value in its JSON form, with the text a scalar has in the file.
#[derive(Clone, Debug)]
pub struct Value {
    /// The JSON form.
    pub json: serde_json::Value,
    /// The text of a scalar: what it equals in a query, a header, a cookie or a form.
    pub text: Option<String>,
}

impl Read for Value {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = match value.get_ref() {
            DeValue::String(text) => Some(text.clone().into_owned()),
            DeValue::Integer(number) => {
                i64::from_str_radix(number.as_str(), number.radix()).ok().map(|n| n.to_string())
            }
            DeValue::Float(number) => Some(number.as_str().to_owned()),
            DeValue::Boolean(value) => Some(value.to_string()),
            _ => None,
        };
        Some(Value { json: json(value, reader)?, text })
    }
}

impl JsonSchema for Value {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

/// A scalar: text, a number, `true` or `false`.
#[derive(Clone, Debug)]
pub struct Scalar(pub Value);

impl Read for Scalar {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.get_ref() {
            DeValue::Array(_) | DeValue::Table(_) | DeValue::Datetime(_) => {
                let date = matches!(value.get_ref(), DeValue::Datetime(_));
                let help = date.then(|| "put quotes around a date: it is compared as text".to_owned());
                reader.wrong_type_with(&value, "a string, a number, `true` or `false`", help)
            }
            _ => Value::read(value, reader).map(Scalar),
        }
    }
}

impl JsonSchema for Scalar {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Scalar".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}

/// The JSON form of a TOML value. Dates, `inf` and `nan` have none.
pub fn json(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<serde_json::Value> {
    let place = reader.place(value.span());
    Some(match value.into_inner() {
        DeValue::String(text) => serde_json::Value::String(text.into_owned()),
        DeValue::Boolean(value) => value.into(),
        DeValue::Integer(number) => {
            let digits = number.as_str();
            match (i64::from_str_radix(digits, number.radix()), u64::from_str_radix(digits, number.radix())) {
                (Ok(number), _) => number.into(),
                (_, Ok(number)) => number.into(),
                _ => return reader.fail(no_json_form(place, "the number is larger than 64 bits hold")),
            }
        }
        DeValue::Float(number) => match number.as_str().parse().ok().and_then(serde_json::Number::from_f64) {
            Some(number) => serde_json::Value::Number(number),
            None => return reader.fail(no_json_form(place, "JSON has no `inf` and no `nan`")),
        },
        DeValue::Datetime(_) => {
            return reader.fail(no_json_form(place, "JSON has no dates: put quotes around it"));
        }
        DeValue::Array(items) => {
            let items: Vec<_> = items.into_iter().map(|item| json(item, reader)).collect();
            serde_json::Value::Array(items.into_iter().collect::<Option<_>>()?)
        }
        DeValue::Table(table) => {
            let mut map = serde_json::Map::new();
            let mut whole = true;
            for (key, value) in table {
                match json(value, reader) {
                    Some(value) => drop(map.insert(key.into_inner().into_owned(), value)),
                    None => whole = false,
                }
            }
            if !whole {
                return None;
            }
            serde_json::Value::Object(map)
        }
    })
}

fn no_json_form(place: Place, why: &str) -> Problem {
    Problem::at(Code::NoJsonForm, place, "the value has no JSON form").label(why)
}
