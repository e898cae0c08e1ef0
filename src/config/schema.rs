//! The JSON Schemas of the files: made of the types that read them.

use crate::file::{MockFile, ReleaseFile, StandinFile};

/// The JSON Schema of `standin.toml`.
pub fn schema() -> serde_json::Value {
    schema_of::<StandinFile>("standin.toml of a Standin sidecar")
}

/// The JSON Schema of a file under `mocks`.
pub fn mock_schema() -> serde_json::Value {
    schema_of::<MockFile>("A mock file of a Standin sidecar")
}

/// The JSON Schema of a file of a release.
pub fn release_schema() -> serde_json::Value {
    schema_of::<ReleaseFile>("A file of a release of a mock")
}

fn schema_of<T: schemars::JsonSchema>(title: &str) -> serde_json::Value {
    let mut schema = schemars::generate::SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema.to_value()
}
