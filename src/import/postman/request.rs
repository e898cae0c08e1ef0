//! A saved request: what a scenario's own request had, as the conditions that Postman's matching ranks by.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::Purpose;
use super::fields::{self, Field};
use super::url::{self, Segment, Url};
use super::variables::Variables;
use crate::file::leaf::{List, Named, Scalar, Value};
use crate::file::read::At;
use crate::file::{Condition, OperatorTable, WhenTable};
use crate::import::json::{Kind, Node, Object};
use crate::problem::Place;

/// What one saved request asked for.
#[derive(Debug)]
pub struct Request {
    /// In capitals.
    pub method: String,
    /// Path and query.
    pub url: Url,
    /// Conditions on query, header and body.
    pub when: Option<At<WhenTable>>,
    /// What was left out, and which.
    pub lost: Vec<(&'static str, String)>,
}

/// Reads a request; a text is a URL.
pub fn read(node: Node<'_>, variables: &Variables, purpose: Purpose) -> Request {
    let place = node.place();
    let request = Object::of(node);
    let address = if node.kind() == Kind::Text { Some(node) } else { request.get("url") };
    let method = request.text("method").map(|method| variables.fill(method.trim()).to_ascii_uppercase());
    let url = url::read(address, variables);
    let mut lost = Vec::new();
    let headers = headers(fields::read(request.get("header")), variables, &mut lost);
    // Early exports of version 2.0 call it `data`.
    let sent = request.get("body").or_else(|| request.get("data"));
    let body = body(sent, &headers, variables, &mut lost);
    let (query, header) = (pairs(url.query.clone(), place), pairs(headers, place));
    let mut when = WhenTable { query, header, ..WhenTable::default() };
    match body {
        Body::None => {}
        Body::Form(fields) => when.form = pairs(fields, place),
        Body::Json(json, text) if purpose.is_written() && !has_toml_form(&json) => when.body = Some(is(text, place)),
        Body::Json(json, _) => {
            let value = At { value: Value { json, text: None }, place };
            let operators = OperatorTable { eq: Some(value), ..OperatorTable::default() };
            let condition = Condition::Operators(At { value: Box::new(operators), place });
            let whole = At { value: "$".to_owned(), place };
            when.json = Some(At { value: Named(vec![(whole, At { value: condition, place })]), place });
        }
        Body::Text(text) => when.body = Some(is(text, place)),
    }
    let WhenTable { path: _, query, header, cookie: _, form, json, body, target: _, any: _ } = &when;
    let is_empty = query.is_none() && header.is_none() && form.is_none() && json.is_none() && body.is_none();
    Request {
        method: method.filter(|method| !method.is_empty()).unwrap_or_else(|| "GET".to_owned()),
        when: (!is_empty).then_some(At { value: when, place }),
        url,
        lost,
    }
}

/// The path as `match` writes it, with the name in Postman and here of each wildcard.
pub fn template(path: &[Segment]) -> (String, Vec<(String, String)>) {
    let mut text = String::new();
    let mut names: Vec<(String, String)> = Vec::new();
    for segment in path {
        text.push('/');
        match segment {
            Segment::Literal(literal) => encode(literal, &mut text),
            Segment::Wildcard(name) => {
                let own = parameter(name, &names);
                text.extend(["{", &own, "}"]);
                names.push((name.clone(), own));
            }
        }
    }
    (text, names)
}

/// A name that `match` can hold, and that no other wildcard of the path has.
fn parameter(name: &str, taken: &[(String, String)]) -> String {
    let sound = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '-' };
    let name: String = name.chars().map(sound).collect();
    let name = name.trim_matches('-');
    let name = if name.is_empty() { "wildcard" } else { name };
    let free = |name: &str| taken.iter().all(|(_, own)| own != name);
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|name| free(name)).unwrap_or_default()
}

/// Percent-encodes what a `match` line holds in no other way; what is encoded already stays.
fn encode(segment: &str, out: &mut String) {
    for (at, c) in segment.char_indices() {
        let plain = match c {
            '%' => segment.get(at + 1..at + 3).is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit())),
            ':' => at > 0,
            c => c.is_alphanumeric() || "-._~!$&'()+,;=@".contains(c),
        };
        if plain {
            out.push(c);
        } else {
            let mut bytes = [0; 4];
            out.extend(c.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")));
        }
    }
}

/// Equality with a text.
fn is(text: String, place: Place) -> At<Condition> {
    let value = Value { json: Json::String(text.clone()), text: Some(text) };
    At { value: Condition::Equals(At { value, place }), place }
}

/// Equality of the values of a key; all of them, where it stands more than once.
fn pairs(pairs: Vec<(String, String)>, place: Place) -> Option<At<Named<Condition>>> {
    let mut keys: Vec<(String, Vec<String>)> = Vec::new();
    let mut numbers: HashMap<String, usize> = HashMap::new();
    for (key, value) in pairs {
        let number = *numbers.entry(key.clone()).or_insert(keys.len());
        match keys.get_mut(number) {
            Some((_, values)) => values.push(value),
            None => keys.push((key, vec![value])),
        }
    }
    let condition = |(key, mut values): (String, Vec<String>)| {
        let key = At { value: key, place };
        if values.len() == 1 {
            return (key, is(values.remove(0), place));
        }
        let scalar = |value: String| Scalar(Value { json: Json::String(value.clone()), text: Some(value) });
        let values = values.into_iter().map(|value| At { value: scalar(value), place }).collect();
        (key, At { value: Condition::Values(At { value: List(values), place }), place })
    };
    let named: Vec<_> = keys.into_iter().map(condition).collect();
    (!named.is_empty()).then_some(At { value: Named(named), place })
}

/// Header fields that can be compared. Of a name that stands twice the last one counts; what chooses answers is no
/// part of the request.
fn headers(fields: Vec<Field>, variables: &Variables, lost: &mut Vec<(&'static str, String)>) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    for Field { name, value, .. } in fields {
        let name = variables.fill(&name).to_ascii_lowercase();
        if name.starts_with("x-mock-") {
            continue;
        }
        if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
            lost.push(("left out of the conditions: no header name", format!("{name:?}")));
            continue;
        }
        out.retain(|(other, _)| *other != name);
        out.push((name, variables.fill(&value).into_owned()));
    }
    out
}

/// What a saved request sent.
enum Body {
    None,
    /// With the text that it was read from.
    Json(Json, String),
    Text(String),
    Form(Vec<(String, String)>),
}

fn body(
    node: Option<Node<'_>>,
    headers: &[(String, String)],
    variables: &Variables,
    lost: &mut Vec<(&'static str, String)>,
) -> Body {
    let Some(node) = node else { return Body::None };
    let body = Object::of(node);
    if body.is_disabled() {
        return Body::None;
    }
    let mode = if node.kind() == Kind::Text { "raw".into() } else { body.text("mode").unwrap_or_default() };
    match &*mode {
        "raw" => {
            let raw = if node.kind() == Kind::Text { node.text() } else { body.text("raw") };
            let text = variables.fill(&raw.unwrap_or_default()).into_owned();
            let options = body.get("options").map(Object::of).and_then(|options| options.get("raw"));
            let language = options.map(Object::of).and_then(|raw| raw.text("language"));
            text_body(text, language.as_deref() == Some("json"), headers)
        }
        "urlencoded" => match body.get("urlencoded") {
            Some(list) if list.kind() == Kind::Text => {
                let text = variables.fill(&list.text().unwrap_or_default()).into_owned();
                form(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
            }
            list => form(entries(list, variables, lost)),
        },
        "formdata" => form(entries(body.get("formdata"), variables, lost)),
        "graphql" => graphql(body.get("graphql"), variables),
        "file" => {
            lost.push(("left out of the conditions: a body that is a file", String::new()));
            Body::None
        }
        "" => Body::None,
        other => {
            lost.push(("left out of the conditions: a body of an unknown kind", format!("`{other}`")));
            Body::None
        }
    }
}

fn text_body(text: String, is_json: bool, headers: &[(String, String)]) -> Body {
    let said =
        headers.iter().any(|(name, value)| name == "content-type" && value.to_ascii_lowercase().contains("json"));
    let looks = text.trim_start().starts_with(['{', '[']);
    match serde_json::from_str(&text) {
        _ if text.is_empty() => Body::None,
        Ok(json) if said || is_json || looks => Body::Json(json, text),
        _ => Body::Text(text),
    }
}

fn form(fields: Vec<(String, String)>) -> Body {
    if fields.is_empty() { Body::None } else { Body::Form(fields) }
}

fn entries(
    list: Option<Node<'_>>,
    variables: &Variables,
    lost: &mut Vec<(&'static str, String)>,
) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for node in list.map(|list| list.items()).unwrap_or_default() {
        let entry = Object::of(node);
        let key = entry.scalar("key").unwrap_or_default();
        let value = entry.scalar("value");
        if entry.is_disabled() || (key.is_empty() && value.is_none()) {
            continue;
        }
        if entry.text("type").as_deref() == Some("file") {
            lost.push(("left out of the conditions: a file in a form", format!("`{key}`")));
            continue;
        }
        let fill = |text: &str| variables.fill(text).into_owned();
        fields.push((fill(&key), fill(&value.unwrap_or_default())));
    }
    fields
}

/// What Postman sends for GraphQL: an object of `query`, `operationName` and `variables`, those that are there.
fn graphql(node: Option<Node<'_>>, variables: &Variables) -> Body {
    let Some(node) = node else { return Body::None };
    if let Some(text) = node.text() {
        return text_body(variables.fill(&text).into_owned(), true, &[]);
    }
    let parts = Object::of(node);
    let mut whole = serde_json::Map::new();
    for name in ["query", "operationName", "variables"] {
        let Some(part) = parts.get(name) else { continue };
        let text = part.text().map(|text| variables.fill(&text).into_owned());
        let value = match (name, text) {
            // Written as a text in the editor, sent as an object.
            ("variables", Some(text)) if text.trim().is_empty() => continue,
            ("variables", Some(text)) => serde_json::from_str(&text).unwrap_or(Json::String(text)),
            (_, Some(text)) => Json::String(text),
            (_, None) => serde_json::from_str(&variables.fill(part.raw())).unwrap_or(Json::Null),
        };
        whole.insert(name.to_owned(), value);
    }
    if whole.is_empty() {
        return Body::None;
    }
    let json = Json::Object(whole);
    let text = json.to_string();
    Body::Json(json, text)
}

/// Whether TOML can say it: it has no null, and no whole number beyond 64 bits.
fn has_toml_form(json: &Json) -> bool {
    match json {
        Json::Null => false,
        Json::Number(number) => number.is_i64() || number.is_f64(),
        Json::Bool(_) | Json::String(_) => true,
        Json::Array(items) => items.iter().all(has_toml_form),
        Json::Object(members) => members.values().all(has_toml_form),
    }
}
