//! `config/standin.toml` names every key, and what it says of a default is the default.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

use standin::config;

use super::load_folder;
use crate::support::root;

/// Keys that `config/standin.toml` shows with an example, because there is no default that could be written down.
const EXAMPLES: [&str; 11] = [
    "admin.token",
    "admin.state_file",
    "random.seed",
    "random.header",
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
    /// The lines that are uncommented together: this one, or the whole of a table whose head is commented out.
    lines: Range<usize>,
    key: String,
    /// Whether it stands in such a table: that is an example, whatever its keys default to.
    in_example: bool,
}

fn commented(text: &str) -> Vec<Commented> {
    let lines: Vec<&str> = text.lines().collect();
    let mut table = String::new();
    let mut example = 0..0;
    let mut found = Vec::new();
    for (line, content) in lines.iter().enumerate() {
        let head = content.strip_prefix("# [").filter(|head| !head.starts_with('['));
        if let Some(name) = head.or_else(|| content.strip_prefix('[')).and_then(|rest| rest.split(']').next()) {
            table = name.to_owned();
        }
        if head.is_some() && !example.contains(&line) {
            example = line..line + lines[line..].iter().take_while(|line| line.starts_with("# ")).count();
        }
        let key = content.strip_prefix("# ").and_then(|rest| rest.split_once(" =")).map(|(key, _)| key.trim_end());
        let Some(key) = key.filter(|key| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')) else { continue };
        let key = match table.as_str() {
            "" => key.to_owned(),
            "default" => format!("mock default: {key}"),
            table => format!("{table}.{key}"),
        };
        let in_example = example.contains(&line);
        found.push(Commented { lines: if in_example { example.clone() } else { line..line + 1 }, key, in_example });
    }
    found
}

/// What is in force, by key, with the example changed by `edit`.
fn effective(edit: impl FnOnce(&str) -> String) -> Result<BTreeMap<String, String>, String> {
    let dir = tempfile::tempdir().unwrap();
    copy(&root().join("config/mocks"), &dir.path().join("mocks"));
    let text = std::fs::read_to_string(root().join("config/standin.toml")).unwrap();
    std::fs::write(dir.path().join("standin.toml"), edit(&text)).unwrap();
    std::fs::create_dir(dir.path().join("tls")).unwrap();
    for (certificate, name) in [("valid.crt", "crt.pem"), ("valid.key", "key.pem"), ("ca.crt", "ca.pem")] {
        let from = root().join("tests/certificates").join(certificate);
        std::fs::copy(from, dir.path().join("tls").join(name)).unwrap();
    }
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

fn uncomment(text: &str, range: &Range<usize>) -> String {
    let lines = text.lines().enumerate();
    lines.map(|(at, text)| format!("{}\n", if range.contains(&at) { &text[2..] } else { text })).collect()
}

#[test]
fn each_commented_key_is_accepted_and_its_default_is_in_force() {
    let text = std::fs::read_to_string(root().join("config/standin.toml")).unwrap();
    let before = effective(str::to_owned).unwrap();
    let keys = commented(&text);
    assert!(keys.len() >= 30, "only {} keys were found", keys.len());
    for Commented { lines, key, in_example } in keys {
        let after = effective(|text| uncomment(text, &lines)).unwrap_or_else(|report| panic!("{key}:\n{report}"));
        let unchanged = before.get(&key) == after.get(&key);
        assert!(after.contains_key(&key), "{key} is not shown by `check --effective`");
        let example = in_example || EXAMPLES.contains(&key.as_str()) || key == ACCESS;
        let shown = (before.get(&key), &after[&key]);
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
