//! The values that keys take: text and numbers here, the others in files of their own.
//!
//! Units are checked here, meaning is not: whether a host, a URL or a regular expression is sound is for `config`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::Spanned;
use toml::de::DeValue;

pub use super::lists::{List, Named, OneOrMany};
pub use super::units::{Rate, Size, Span, duration};
pub use super::value::{Scalar, Value, json};
pub use super::word::{
    AccessLog, Closest, ExpectedDecision, Forwarded, GateDefault, Http2, Matching, Per, ServerStubScope, word,
};

use super::read::{Origin, Read, Reader};
use crate::problem::{Code, Problem};

/// Text.
pub type Text = String;

impl Read for String {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        if reader.origin() == Origin::Word && !value.get_ref().is_str() {
            return Some(reader.text().trim().to_owned());
        }
        match value.get_ref() {
            DeValue::String(text) => Some(text.clone().into_owned()),
            _ => reader.wrong_type(&value, "a string"),
        }
    }
}

impl Read for bool {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.get_ref().as_bool() {
            Some(value) => Some(value),
            None => {
                let word = value.get_ref().as_str().map(str::to_lowercase);
                let help = match word.as_deref() {
                    Some("true" | "yes" | "on" | "1") => Some("write `true`, without quotes".to_owned()),
                    Some("false" | "no" | "off" | "0") => Some("write `false`, without quotes".to_owned()),
                    _ => None,
                };
                reader.wrong_type_with(&value, "`true` or `false`", help)
            }
        }
    }
}

/// A whole number that counts something.
#[derive(Clone, Copy, Debug)]
pub struct Count(pub u64);

impl Read for Count {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        let place = reader.place(value.span());
        match value.get_ref().as_integer() {
            Some(number) => match u64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Some(Count(number)),
                Err(_) => reader.fail(
                    Problem::at(Code::OutOfRange, place, format!("{} is no count", number.as_str()))
                        .help("write a whole number from 0 to 2^64 - 1"),
                ),
            },
            None => {
                let text = value.get_ref().as_str().unwrap_or("");
                let digits = &text[..text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())];
                let help = (!digits.is_empty()).then(|| format!("write the bare number: {digits}"));
                reader.wrong_type_with(&value, "a whole number", help)
            }
        }
    }
}

impl JsonSchema for Count {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Count".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 0 })
    }
}

/// A status code. Its range is checked by `config`, for a server stub allows less than a stub.
#[derive(Clone, Copy, Debug)]
pub struct Status(pub u64);

impl Read for Status {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        Count::read(value, reader).map(|count| Status(count.0))
    }
}

impl JsonSchema for Status {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Status".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 200, "maximum": 599 })
    }
}
