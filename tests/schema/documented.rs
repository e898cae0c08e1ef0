//! `config/standin.toml` names every key, and what it says of a default is the default.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use standin::config;

use super::load_folder;
use crate::support::root;

/// Keys that `config/standin.toml` shows with an example, because there is no default that could be written down.
const EXAMPLES: [&str; 7] = [
    "proxy.files",
    "call_log.redact_query",
    "limits.request_body",
    "mock default: hosts",
    "mock default: base_path",
    "mock default: upstream",
    "mock default: delay",
];
const ACCESS: &str = "mock default: access";

/// A line `# key = value` of the example, by the name under which `check --effective` shows the key.
struct Commented {
    line: usize,
    key: String,
}

fn commented(text: &str) -> Vec<Commented> {
    let mut table = String::new();
    let mut found = Vec::new();
    for (line, content) in text.lines().enumerate() {
        if let Some(name) = content.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            table = name.to_owned();
        }
        let key = content.strip_prefix("# ").and_then(|rest| rest.split_once(" =")).map(|(key, _)| key.trim_end());
        let Some(key) = key.filter(|key| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')) else { continue };
        let key = if table == "default" { format!("mock default: {key}") } else { format!("{table}.{key}") };
        found.push(Commented { line, key });
    }
    found
}

/// What is in force, by key, with the example changed by `edit`.
fn effective(edit: impl FnOnce(&str) -> String) -> Result<BTreeMap<String, String>, String> {
    let dir = tempfile::tempdir().unwrap();
    copy(&root().join("config/mocks"), &dir.path().join("mocks"));
    let text = std::fs::read_to_string(root().join("config/standin.toml")).unwrap();
    std::fs::write(dir.path().join("standin.toml"), edit(&text)).unwrap();
    match load_folder(dir.path()) {
        Ok(loaded) => Ok(loaded.effective.into_iter().map(|row| (row.key, row.value)).collect()),
        Err(refused) => Err(refused.problems.render(false)),
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn uncomment(text: &str, line: usize) -> String {
    let lines = text.lines().enumerate();
    lines.map(|(at, text)| if at == line { format!("{}\n", &text[2..]) } else { format!("{text}\n") }).collect()
}

#[test]
fn each_commented_key_is_accepted_and_its_default_is_in_force() {
    let text = std::fs::read_to_string(root().join("config/standin.toml")).unwrap();
    let before = effective(str::to_owned).unwrap();
    let keys = commented(&text);
    assert!(keys.len() >= 30, "only {} keys were found", keys.len());
    for Commented { line, key } in keys {
        let after = effective(|text| uncomment(text, line)).unwrap_or_else(|report| panic!("{key}:\n{report}"));
        let unchanged = before.get(&key) == after.get(&key);
        assert!(after.contains_key(&key), "{key} is not shown by `check --effective`");
        let example = EXAMPLES.contains(&key.as_str()) || key == ACCESS;
        let shown = (&before[&key], &after[&key]);
        assert_eq!(unchanged, !example, "{key}: in force and as the example writes it: {shown:?}");
    }
}

/// Every table of the two schemas with its keys.
fn known() -> BTreeSet<(String, String)> {
    let mut out = BTreeSet::new();
    for (name, schema) in [("standin.toml", config::schema()), ("mock file", config::mock_schema())] {
        let mut tables = vec![(name.to_owned(), schema.clone())];
        if let Some(defs) = schema["$defs"].as_object() {
            tables.extend(defs.iter().map(|(name, table)| (name.clone(), table.clone())));
        }
        for (name, table) in tables {
            let keys = table["properties"].as_object().into_iter().flat_map(|keys| keys.keys());
            out.extend(keys.map(|key| (name.clone(), key.clone())));
        }
    }
    out
}

#[test]
fn every_key_is_documented() {
    let mut documents = vec![root().join("config/standin.toml"), root().join("README.md")];
    documents.extend(std::fs::read_dir(root().join("config/mocks")).unwrap().map(|entry| entry.unwrap().path()));
    let text: String = documents.iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    let words: BTreeSet<&str> = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).collect();
    let missing: Vec<_> = known().into_iter().filter(|(_, key)| !words.contains(key.as_str())).collect();
    assert!(missing.is_empty(), "neither the examples nor the README name {missing:?}");
}
