//! The published JSON Schema and the reader accept the same files, and what the documents say of keys is so.

#[path = "schema/broken.rs"]
mod broken;
#[path = "schema/documented.rs"]
mod documented;

use std::path::Path;

use serde_json::{Value, json};
use standin::config::{self, Loaded, Refused, Request};
use standin::problem::{Code, Severity};

use crate::support::root;

/// Which file a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// standin.toml.
    Standin,
    /// A file under `mocks`.
    Mock,
}

/// What the schema says against a file; nothing where it is content.
pub fn schema_refuses(role: Role, text: &str) -> Option<String> {
    let schema = match role {
        Role::Standin => config::schema(),
        Role::Mock => config::mock_schema(),
    };
    let instance = match text.parse::<toml::Table>() {
        Ok(table) => to_json(toml::Value::Table(table)),
        Err(error) => return Some(error.to_string()),
    };
    let validator = jsonschema::validator_for(&schema).unwrap();
    validator.iter_errors(&instance).next().map(|error| format!("{}: {error}", error.instance_path()))
}

/// TOML as editors show it to a JSON Schema: a date is a text.
fn to_json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => json!(number),
        toml::Value::Boolean(value) => value.into(),
        toml::Value::Datetime(date) => date.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(to_json).collect(),
        toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, to_json(value))).collect(),
    }
}

/// Loads a file in a folder of its own; a mock file beside a standin.toml that names it.
pub fn load(role: Role, text: &str) -> Result<Loaded, Box<Refused>> {
    let dir = tempfile::tempdir().unwrap();
    match role {
        Role::Standin => std::fs::write(dir.path().join("standin.toml"), text).unwrap(),
        Role::Mock => {
            std::fs::write(dir.path().join("standin.toml"), "mocks = [\"mocks/*.toml\"]\n").unwrap();
            std::fs::create_dir(dir.path().join("mocks")).unwrap();
            std::fs::write(dir.path().join("mocks/mock.toml"), text).unwrap();
        }
    }
    load_folder(dir.path())
}

pub fn load_folder(folder: &Path) -> Result<Loaded, Box<Refused>> {
    let environment = [("MOCK_KEY", "secret"), ("KEY", "secret"), ("ADMIN_TOKEN", "a-token-of-the-example")];
    config::load(&Request {
        config: Some(folder.join("standin.toml")),
        environment: environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ..Request::default()
    })
}

/// The codes of a refused file.
pub fn codes(role: Role, text: &str) -> Vec<Code> {
    match load(role, text) {
        Ok(_) => Vec::new(),
        Err(refused) => {
            let errors = refused.problems.list().iter().filter(|problem| problem.severity == Severity::Error);
            errors.map(|problem| problem.code).collect()
        }
    }
}

#[test]
fn the_examples_satisfy_schema_and_reader() {
    let folder = root().join("config");
    let loaded = load_folder(&folder).unwrap_or_else(|refused| panic!("{}", refused.problems.render(false)));
    assert_eq!(loaded.problems.list().len(), 0, "{}", loaded.problems.render(false));
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    assert_eq!(schema_refuses(Role::Standin, &read(&folder.join("standin.toml"))), None);
    for entry in std::fs::read_dir(folder.join("mocks")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            assert_eq!(schema_refuses(Role::Mock, &read(&path)), None, "{}", path.display());
        }
    }
}

/// What a block of a document cannot bring along: files, secrets and upstreams that stand elsewhere.
const ELSEWHERE: [Code; 4] =
    [Code::UnreadableFile, Code::MissingSecret, Code::UnknownUpstream, Code::UnknownServerStub];

#[test]
fn the_blocks_of_the_readme_satisfy_schema_and_reader() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    for (line, block) in toml_blocks(&text) {
        let both = [Role::Standin, Role::Mock].map(|role| {
            let foreign: Vec<_> = codes(role, &block).into_iter().filter(|code| !ELSEWHERE.contains(code)).collect();
            (schema_refuses(role, &block), foreign)
        });
        let sound = both.iter().any(|(schema, reader)| schema.is_none() && reader.is_empty());
        assert!(sound, "README.md:{line}: neither a standin.toml nor a mock file: {both:?}\n{block}");
        for (schema, reader) in both {
            // A block is one or the other; for what it is not, both say no.
            assert!(schema.is_none() || !reader.is_empty(), "README.md:{line}: only the schema refuses: {schema:?}");
        }
    }
}

/// The blocks marked as TOML, with the line they begin on.
fn toml_blocks(text: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in text.lines().enumerate() {
        match (&mut open, line.trim()) {
            // What is refused shows a report.
            (None, fence) if fence.starts_with("```toml") && !fence.ends_with(" refused") => {
                open = Some((number + 2, String::new()));
            }
            (Some(_), "```") => blocks.extend(open.take()),
            (Some((_, block)), _) => block.push_str(&format!("{line}\n")),
            (None, _) => {}
        }
    }
    blocks
}

#[test]
fn random_sound_configurations_satisfy_the_schema() {
    for files in crate::oracle::random_files(100) {
        for (name, text) in files {
            let role = if name == "standin.toml" { Role::Standin } else { Role::Mock };
            assert_eq!(schema_refuses(role, &text), None, "{name}\n{text}");
        }
    }
}

#[test]
fn what_the_schema_refuses_the_reader_refuses() {
    for (role, text, code) in broken::BOTH {
        assert!(schema_refuses(*role, text).is_some(), "the schema accepts:\n{text}");
        let found = codes(*role, text);
        assert!(found.contains(code), "expected {code}, the reader found {found:?} in:\n{text}");
    }
}

/// A schema sees one value at a time: what lies between values, in their text or in other files, only the reader sees.
#[test]
fn what_only_the_reader_can_refuse_the_schema_accepts() {
    for (role, text, code) in broken::READER_ONLY {
        assert_eq!(schema_refuses(*role, text), None, "the schema refuses this too, so it belongs into BOTH:\n{text}");
        let found = codes(*role, text);
        assert!(found.contains(code), "expected {code}, the reader found {found:?} in:\n{text}");
    }
}
