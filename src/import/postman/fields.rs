//! Header fields, in every form in which collections hold them: a list of objects or of lines, one text, an object.

use crate::import::json::{Kind, Node, Object};
use crate::problem::Place;

/// A header field that is not switched off.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name as it is written, without white space around it.
    pub name: String,
    /// Its value as it is written, likewise.
    pub value: String,
    /// Where it stands.
    pub place: Place,
}

/// Reads header fields; null and other things hold none.
pub fn read(node: Option<Node<'_>>) -> Vec<Field> {
    let Some(node) = node else { return Vec::new() };
    match node.kind() {
        Kind::Array => node.items().into_iter().flat_map(entry).collect(),
        Kind::Object => {
            let members = node.members().into_iter();
            members.filter_map(|(name, value)| field(&name, &value.scalar()?, value)).collect()
        }
        Kind::Text => entry(node),
        Kind::Number | Kind::Bool | Kind::Null => Vec::new(),
    }
}

fn entry(node: Node<'_>) -> Vec<Field> {
    if let Some(text) = node.text() {
        let line = |line: &str| line.split_once(':').and_then(|(name, value)| field(name, value, node));
        return text.lines().filter_map(line).collect();
    }
    let header = Object::of(node);
    if header.is_disabled() {
        return Vec::new();
    }
    let name = header.scalar("key").unwrap_or_default();
    field(&name, &header.scalar("value").unwrap_or_default(), node).into_iter().collect()
}

fn field(name: &str, value: &str, node: Node<'_>) -> Option<Field> {
    let (name, value) = (name.trim(), value.trim());
    (!name.is_empty()).then(|| Field { name: name.to_owned(), value: value.to_owned(), place: node.place() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::json::parse;
    use crate::problem::SourceId;

    #[test]
    fn header_fields_in_every_form() {
        for (json, expected) in [
            (
                r#"[{"key": "A", "value": "1"}, {"key": "B", "value": "2", "disabled": true}, {"key": "C"}, "D: 4", {}, 5]"#,
                "A=1 C= D=4",
            ),
            (r#"[{"key": "A", "value": 1, "enabled": true}, {"key": "B", "enabled": false}]"#, "A=1"),
            (r#""A: 1\r\nB : x:y\n\nnothing""#, "A=1 B=x:y"),
            (r#"{"A": "1", "B": true, "C": null}"#, "A=1 B=true"),
            ("null", ""),
            ("7", ""),
        ] {
            let node = parse(json, SourceId::NONE).unwrap_or_else(|problem| panic!("{problem:?}"));
            let shown: Vec<_> =
                read(Some(node)).iter().map(|field| format!("{}={}", field.name, field.value)).collect();
            assert_eq!(shown.join(" "), expected, "{json}");
        }
    }
}
