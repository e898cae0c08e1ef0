//! Values as lines of YAML, in block style, for both YAML 1.1 and 1.2.

use serde_json::Value;

/// The lines of a mapping or a list, each closed by a line feed.
pub fn block(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                out.push_str(&scalar(&Value::String(key.clone())));
                out.push(':');
                if is_nested(value) {
                    out.push('\n');
                    block(value).lines().for_each(|line| out.extend(["  ", line, "\n"]));
                } else {
                    out.extend([" ", &scalar(value), "\n"]);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                let text = if is_nested(item) { block(item) } else { scalar(item) };
                for (at, line) in text.lines().enumerate() {
                    out.extend([if at == 0 { "- " } else { "  " }, line, "\n"]);
                }
            }
        }
        other => out.extend([&scalar(other), "\n"]),
    }
    out
}

/// Whether a value takes lines of its own.
fn is_nested(value: &Value) -> bool {
    match value {
        Value::Object(entries) => !entries.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

/// A value on one line: JSON, which is YAML, but for text that no reader takes for anything else.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Words that a reader of YAML 1.1 takes for something else than text.
const WORDS: &[&str] = &["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

fn is_plain(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_that_reads_as_something_else_is_quoted() {
        for text in
            ["yes", "On", "NULL", "8080", "0.0.0.0:1", "a: b", "- a", "", "a b", "a #b", "~", "1e3", "ä", "a\nb"]
        {
            assert_eq!(scalar(&json!(text)), json!(text).to_string());
        }
        for text in ["standin", "/etc/standin", "run", "64Mi", "registry.test/a-b_c"] {
            assert_eq!(scalar(&json!(text)).starts_with('"'), text == "64Mi");
        }
    }

    #[test]
    fn lists_and_mappings_nest() {
        let value = json!([{ "name": "a", "list": [1, [2]], "none": {}, "map": { "k": "v w" } }, "b"]);
        let text = "- name: a\n  list:\n    - 1\n    - - 2\n  none: {}\n  map:\n    k: \"v w\"\n- b\n";
        assert_eq!(block(&value), text);
    }
}
