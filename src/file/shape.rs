//! The JSON Schema of tables.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::read::At;

/// Adds a described property.
pub fn property(properties: &mut serde_json::Map<String, serde_json::Value>, key: &str, doc: &str, schema: Schema) {
    let mut schema = schema;
    if schema.get("description").is_none() {
        schema.insert("description".to_owned(), tidy(doc).into());
    }
    properties.insert(key.to_owned(), schema.to_value());
}

/// Takes in the properties of a flattened table; the taking table's own win.
pub fn take_in(properties: &mut serde_json::Map<String, serde_json::Value>, schema: Schema) {
    let Some(serde_json::Value::Object(inner)) = schema.get("properties").cloned() else { return };
    for (key, value) in inner {
        properties.entry(key).or_insert(value);
    }
}

/// A table that takes these properties and no others.
pub fn table_schema(about: &str, properties: serde_json::Map<String, serde_json::Value>, required: &[&str]) -> Schema {
    let mut schema = schemars::json_schema!({
        "type": "object",
        "description": tidy(about),
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    schema
}

fn tidy(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
