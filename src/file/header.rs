//! Header fields of a response.

use std::borrow::Cow;
use std::collections::HashMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::Spanned;
use toml::de::DeValue;

use super::leaf::{Named, OneOrMany, Value};
use super::read::{At, Read, Reader};
use crate::problem::{Code, Place, Problem};

/// Header fields with the places of their names.
#[derive(Clone, Debug)]
pub struct HeaderMap(pub Vec<(At<String>, OneOrMany<HeaderText>)>);

/// A header value: text, or a scalar that has a text.
#[derive(Clone, Debug)]
pub struct HeaderText(pub String);

impl Read for HeaderText {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.get_ref() {
            DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) => {
                Value::read(value, reader)?.text.map(HeaderText)
            }
            _ => {
                let help = "write it in quotes; several values of one header stand in an array".to_owned();
                reader.wrong_type_with(&value, "a header value", Some(help))
            }
        }
    }
}

impl JsonSchema for HeaderText {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "HeaderText".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}

impl Read for HeaderMap {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        if !value.get_ref().is_table() {
            let help = "write `headers = { name = \"value\" }`".to_owned();
            return reader.wrong_type_with(&value, "a table of header fields", Some(help));
        }
        let DeValue::Table(table) = value.into_inner() else { return None };
        let mut seen: HashMap<String, Place> = HashMap::new();
        let mut out = Vec::new();
        for (key, value) in table {
            let place = reader.place(key.span());
            let name = key.into_inner().into_owned();
            if let Some(first) = seen.get(&name.to_ascii_lowercase()) {
                reader.problems.push(
                    Problem::at(Code::HeaderTwice, place, format!("the header `{name}` stands twice"))
                        .label("the same header, spelled otherwise")
                        .also(*first, "first here")
                        .help("header names ignore case; for several values write one array"),
                );
                continue;
            }
            seen.insert(name.to_ascii_lowercase(), place);
            if let DeValue::Table(inner) = value.get_ref()
                && let Some(key) = inner.keys().next()
            {
                let end = reader.place(key.span()).end;
                let dotted = format!("{name}.{}", key.get_ref());
                reader.problems.push(dotted_key(Place { end, ..place }, &name, &dotted));
                continue;
            }
            if let Some(values) = OneOrMany::read(value, reader) {
                out.push((At { value: name, place }, values));
            }
        }
        Some(HeaderMap(out))
    }
}

/// The report for a name with a dot that was not quoted.
pub(super) fn dotted_key(place: Place, name: &str, dotted: &str) -> Problem {
    Problem::at(Code::DottedKey, place, format!("TOML made a table `{name}` of a name with a dot"))
        .label("TOML splits a bare key at its dots")
        .help(format!("put the whole name in quotes: \"{dotted}\""))
}

impl JsonSchema for HeaderMap {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Headers".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Named<OneOrMany<HeaderText>>>()
    }
}
