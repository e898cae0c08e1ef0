//! A value as XML, by what schemas say of it under `xml`.

use serde_json::{Map, Value as Json};

use super::document::{Document, reference};
use crate::import::tree::Node;

/// How many schemas are looked through for what they say of one member.
const MOST: usize = 100;

/// Writes a value with a declaration in front.
pub fn text<'t>(value: &Json, schema: Option<Node<'t>>, document: &Document<'t>) -> String {
    let named = schema.and_then(reference).and_then(|(_, to)| to.rsplit('/').next());
    let name = schema.and_then(|schema| said(schema, "name", document)).or(named).unwrap_or("root");
    let mut writer = Writer { document, out: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_owned() };
    match value {
        // A document has one root.
        Json::Array(items) => writer.wrapped(name, items, schema),
        value => writer.element(name, value, schema),
    }
    writer.out
}

struct Writer<'d, 't> {
    document: &'d Document<'t>,
    out: String,
}

impl<'t> Writer<'_, 't> {
    /// A value as an element, or as several of the same name.
    fn element(&mut self, name: &str, value: &Json, schema: Option<Node<'t>>) {
        let own = schema.and_then(|schema| said(schema, "name", self.document));
        match value {
            Json::Array(items) => {
                if schema.is_some_and(|schema| is(schema, "wrapped", self.document)) {
                    return self.wrapped(own.unwrap_or(name), items, schema);
                }
                let inner = schema.and_then(|schema| item(schema, self.document));
                items.iter().for_each(|item| self.element(name, item, inner));
            }
            Json::Object(members) => self.object(&self.qualified(own.unwrap_or(name), schema), members, schema),
            scalar => {
                let name = self.qualified(own.unwrap_or(name), schema);
                self.open(&name, schema);
                self.out.push('>');
                escape(&plain(scalar), &mut self.out);
                self.close(&name);
            }
        }
    }

    fn wrapped(&mut self, name: &str, items: &[Json], schema: Option<Node<'t>>) {
        let name = self.qualified(name, schema);
        self.open(&name, schema);
        self.out.push('>');
        let inner = schema.and_then(|schema| item(schema, self.document));
        let each = if schema.is_none() { "item" } else { &name };
        items.iter().for_each(|item| self.element(each, item, inner));
        self.close(&name);
    }

    fn object(&mut self, name: &str, members: &Map<String, Json>, schema: Option<Node<'t>>) {
        self.open(name, schema);
        let members = members.iter().map(|(name, value)| {
            let own = schema.and_then(|schema| property(schema, name, self.document));
            (name.as_str(), value, own)
        });
        let is_attribute = |own: &Option<Node<'t>>| own.is_some_and(|own| is(own, "attribute", self.document));
        let (attributes, elements): (Vec<_>, Vec<_>) = members.partition(|(_, _, own)| is_attribute(own));
        for (name, value, own) in attributes {
            let name = own.and_then(|own| said(own, "name", self.document)).unwrap_or(name);
            let name = self.qualified(name, own);
            self.out.push_str(&format!(" {name}=\""));
            escape(&plain(value), &mut self.out);
            self.out.push('"');
        }
        self.out.push('>');
        for (name, value, own) in elements {
            self.element(name, value, own);
        }
        self.close(name);
    }

    /// Begins a tag; what closes it is written by who knows what else stands in it.
    fn open(&mut self, name: &str, schema: Option<Node<'t>>) {
        self.out.push_str(&format!("<{name}"));
        let Some(space) = schema.and_then(|schema| said(schema, "namespace", self.document)) else { return };
        let prefix = schema.and_then(|schema| said(schema, "prefix", self.document));
        self.out.push_str(&prefix.map_or(" xmlns=\"".to_owned(), |prefix| format!(" xmlns:{}=\"", tidy(prefix))));
        escape(space, &mut self.out);
        self.out.push('"');
    }

    fn close(&mut self, name: &str) {
        self.out.push_str(&format!("</{name}>"));
    }

    fn qualified(&self, name: &str, schema: Option<Node<'t>>) -> String {
        match schema.and_then(|schema| said(schema, "prefix", self.document)) {
            Some(prefix) => format!("{}:{}", tidy(prefix), tidy(name)),
            None => tidy(name),
        }
    }
}

/// A name that XML takes.
fn tidy(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '_' | '-' | '.') { c } else { '_' };
    let name: String = name.chars().map(plain).collect();
    if name.starts_with(|c: char| c.is_alphabetic() || c == '_') { name } else { format!("_{name}") }
}

/// The text of a scalar; what is none stands as JSON.
fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// Escapes what has a meaning in XML, and drops the control characters that it has no form for.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') => {}
            c => out.push(c),
        }
    }
}

/// The schema itself, what it refers to, and all that it is made of, until one of them has an answer.
fn within<'t, T>(schema: Node<'t>, document: &Document<'t>, look: impl Fn(Node<'t>) -> Option<T>) -> Option<T> {
    // The last is looked at first.
    let (mut open, mut seen) = (vec![schema], Vec::new());
    while let Some(part) = open.pop() {
        if seen.contains(&part.id()) {
            continue;
        }
        if seen.len() == MOST {
            return None;
        }
        seen.push(part.id());
        if let Some(found) = look(part) {
            return Some(found);
        }
        for key in ["anyOf", "oneOf", "allOf"] {
            let parts = part.get(key).into_iter().flat_map(|list| list.items().take(MOST).rev());
            open.extend(parts);
        }
        open.extend(reference(part).and_then(|(_, to)| document.target(to)));
    }
    None
}

fn said<'t>(schema: Node<'t>, key: &str, document: &Document<'t>) -> Option<&'t str> {
    within(schema, document, |part| part.get("xml")?.text_at(key))
}

fn is<'t>(schema: Node<'t>, key: &str, document: &Document<'t>) -> bool {
    within(schema, document, |part| part.get("xml")?.get(key)?.bool()) == Some(true)
}

fn item<'t>(schema: Node<'t>, document: &Document<'t>) -> Option<Node<'t>> {
    within(schema, document, |part| part.get("items"))
}

fn property<'t>(schema: Node<'t>, name: &str, document: &Document<'t>) -> Option<Node<'t>> {
    within(schema, document, |part| part.get("properties")?.get(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::import::tree::Tree;
    use crate::problem::SourceId;

    /// Each schema is looked at once, and so many of them and no more.
    #[test]
    fn what_a_schema_is_made_of_is_looked_through_to_an_end() {
        let itself = json!({"$ref": "#/components/schemas/S"});
        let many = vec![json!({"oneOf": vec![itself; 1000]}); 1000];
        let found = json!({"allOf": [{"anyOf": [{"properties": {"id": {"xml": {"attribute": true}}}}]}]});
        let text =
            json!({"openapi": "3.0.0", "components": {"schemas": {"S": {"oneOf": many}, "T": found}}}).to_string();
        let tree = Tree::parse(&text, SourceId::NONE).unwrap();
        let document = Document::read(&tree).unwrap_or_else(|problems| panic!("{problems:?}"));
        let schema = |name: &str| document.target(&format!("#/components/schemas/{name}"));
        let written = |name: &str| super::text(&json!({"id": 7}), schema(name), &document);
        assert!(written("S").ends_with("<root><id>7</id></root>"), "{}", written("S"));
        assert!(written("T").ends_with("<root id=\"7\"></root>"), "{}", written("T"));
    }
}
