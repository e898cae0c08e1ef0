//! What one mock can be in several ways: environments, which are sets of variables, and releases, which are sets of stubs.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use toml::Spanned;
use toml::de::DeValue;

use super::leaf::{List, Named, Text, Value};
use super::mock::{SecretTable, ServerStubTable};
use super::pieces::Stubs;
use super::read::{Read, Reader, keys, read_table};

keys! {
    /// A set of variables for templates.
    EnvironmentTable "[environments.NAME]" {
        /// The variables, `env.NAME` in templates: any value, or `{ env = "NAME" }` and `{ file = "PATH" }` for secrets.
        vars: Named<VariableValue>,
        /// An environment that was exported from Postman, in place of `vars`.
        postman: Text,
    }
}

keys! {
    /// A set of stubs.
    ReleaseTable "[releases.NAME]" {
        /// Files with stubs and server stubs, as patterns relative to this file's directory.
        files: List<Text>,
        /// A collection of Postman, in place of the mock's own.
        postman: Text,
    }
}

keys! {
    /// Stubs and server stubs of a release.
    ReleaseFile "a release's file" {
        /// Named 5xx answers.
        server_stub: List<ServerStubTable>,
        /// Endpoint stubs.
        stub: Stubs,
    }
}

/// The value of a variable.
#[derive(Clone, Debug)]
pub enum VariableValue {
    /// Where a secret comes from.
    Secret(SecretTable),
    /// The value itself.
    Plain(Value),
}

impl Read for VariableValue {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        if let DeValue::Table(table) = value.get_ref()
            && let Some((key, from)) = table.iter().next()
            && table.len() == 1
            && matches!(key.get_ref().as_ref(), "env" | "file")
            && from.get_ref().is_str()
        {
            return read_table(value, reader).map(VariableValue::Secret);
        }
        Value::read(value, reader).map(VariableValue::Plain)
    }
}

impl JsonSchema for VariableValue {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Variable".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Value>()
    }
}
