//! Settings that are written in one of several forms: secrets, CORS, selectors and delays.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::Spanned;
use toml::de::DeValue;

use super::leaf::{List, Span, Text};
use super::mock::SecretTable;
use super::read::{Read, Reader, keys, read_table};
use crate::problem::{Code, Problem};

/// A secret: never the secret itself.
#[derive(Clone, Debug)]
pub struct SecretValue(pub SecretTable);

impl Read for SecretValue {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        if value.get_ref().is_str() {
            let place = reader.place(value.span());
            return reader.fail(
                Problem::at(Code::PlainSecret, place, "a secret does not stand in a configuration file")
                    .label("name where it comes from")
                    .help("write `{ env = \"NAME\" }` or `{ file = \"PATH\" }`"),
            );
        }
        read_table(value, reader).map(SecretValue)
    }
}

impl JsonSchema for SecretValue {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<SecretTable>()
    }
}

keys! {
    /// Cross-origin access.
    CorsTable "cors" {
        /// The origins that may read answers.
        origins: List<Text>,
        /// Whether they may send cookies. Default: false.
        credentials: bool,
    }
    required ["origins"]
}

/// `true`, `false`, or a table.
#[derive(Clone, Debug)]
pub enum CorsValue {
    /// On for everybody, or off.
    Switch(bool),
    /// On for some.
    Table(CorsTable),
}

impl Read for CorsValue {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.get_ref() {
            DeValue::Boolean(on) => Some(CorsValue::Switch(*on)),
            DeValue::Table(_) => read_table(value, reader).map(CorsValue::Table),
            _ => reader.wrong_type(&value, "`true`, `false` or `{ origins = [..], credentials = true }`"),
        }
    }
}

impl JsonSchema for CorsValue {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Cors".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<CorsTable>();
        json_schema!({ "anyOf": [{ "type": "boolean" }, table] })
    }
}

keys! {
    /// Who may choose answers.
    TrustTable "selectors" {
        /// Ranges of addresses of the socket's peer, such as "10.0.0.0/8".
        trust: List<Text>,
    }
    required ["trust"]
}

/// `"on"`, `"off"`, or a table.
#[derive(Clone, Debug)]
pub enum SelectorsValue {
    /// For everybody, or for nobody.
    Switch(bool),
    /// For callers in some ranges.
    Table(TrustTable),
}

impl Read for SelectorsValue {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        if value.get_ref().is_table() {
            return read_table(value, reader).map(SelectorsValue::Table);
        }
        super::leaf::word(&value, &[("on", true), ("off", false)], &[], reader).map(SelectorsValue::Switch)
    }
}

impl JsonSchema for SelectorsValue {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Selectors".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<TrustTable>();
        json_schema!({ "anyOf": [{ "enum": ["on", "off"] }, table] })
    }
}

keys! {
    /// A delay drawn evenly from a range.
    DelayTable "delay" {
        /// The shortest.
        min: Span,
        /// The longest.
        max: Span,
    }
    required ["min", "max"]
    later ["p50", "p90", "p99", "p999", "median", "sigma", "mean"]
}

/// A duration, a preset, or a range.
#[derive(Clone, Debug)]
pub enum DelayValue {
    /// Always as long.
    Fixed(Span),
    /// Drawn from a range.
    Range(DelayTable),
}

/// Postman's presets: reference, section 7.
const PRESETS: &[(&str, u64)] = &[("2g", 300), ("3g", 100)];

impl Read for DelayValue {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        if let Some(preset) = value.get_ref().as_str().and_then(|text| PRESETS.iter().find(|(name, _)| *name == text)) {
            return Some(DelayValue::Fixed(Span(std::time::Duration::from_millis(preset.1))));
        }
        if value.get_ref().is_table() {
            return read_table(value, reader).map(DelayValue::Range);
        }
        Span::read(value, reader).map(DelayValue::Fixed)
    }
}

impl JsonSchema for DelayValue {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Delay".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let fixed = generator.subschema_for::<Span>();
        let range = generator.subschema_for::<DelayTable>();
        json_schema!({ "anyOf": [{ "enum": ["2g", "3g"] }, fixed, range] })
    }
}
