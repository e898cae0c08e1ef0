//! The body of an answer, in each of the forms that a mapping has for it.

use serde_json::Value as Json;

use super::{Body, Filled, Remark, Surroundings};
use crate::import::json::{Node, Object};

/// A text of the answer.
pub(super) struct Text {
    pub(super) text: String,
    pub(super) is_template: bool,
}

pub(super) enum Found {
    /// A text, and whether it is JSON by its key.
    Text(Text, bool),
    /// In base64.
    Bytes(String),
    File(Body),
}

pub(super) fn body<'t>(
    response: &Object<'t>,
    fill: Filled<'t, '_>,
    around: &Surroundings<'_>,
) -> Result<Option<Found>, Remark<'t>> {
    let filled = |node: Node<'t>, text: String, is_json: bool| {
        let template = fill(node, &text)?;
        Ok(Some(Found::Text(Text { is_template: template.is_some(), text: template.unwrap_or(text) }, is_json)))
    };
    let keys = ["body", "jsonBody", "base64Body", "bodyFileName"];
    let mut given = keys.iter().filter_map(|key| response.get(key).map(|node| (*key, node)));
    let Some((key, node)) = given.next() else { return Ok(None) };
    if let Some((_, other)) = given.next() {
        return Err((other, "left out: an answer with two bodies", String::new()));
    }
    match key {
        "body" => match node.scalar() {
            Some(text) if text.is_empty() => Ok(None),
            Some(text) => filled(node, text.into_owned(), false),
            None => Err((node, "left out: a body that is no text", node.described().to_owned())),
        },
        // Without the white space of the file, as WireMock sends it.
        "jsonBody" => match serde_json::from_str::<Json>(node.raw()) {
            Ok(json) => filled(node, json.to_string(), true),
            Err(_) => Err((node, "left out: a body of JSON that is nested too deeply", String::new())),
        },
        "base64Body" => {
            use base64::Engine as _;
            let text = node.text().unwrap_or_default();
            match base64::engine::general_purpose::STANDARD.decode(text.as_bytes()) {
                Ok(bytes) if bytes.is_empty() => Ok(None),
                Ok(bytes) => match fill(node, &String::from_utf8_lossy(&bytes))? {
                    Some(text) => Ok(Some(Found::Text(Text { text, is_template: true }, false))),
                    None => Ok(Some(Found::Bytes(text.into_owned()))),
                },
                Err(error) => Err((node, "left out: a body that is no base64", error.to_string())),
            }
        }
        _ => {
            let path = node.text().unwrap_or_default();
            if path.contains("{{") {
                return Err((node, "left out: a body file whose name is a template", format!("`{path}`")));
            }
            let bytes = (around.files)(&path)
                .map_err(|why| (node, "left out: its body file cannot be read", format!("`{path}`: {why}")))?;
            match std::str::from_utf8(&bytes) {
                Ok(text) => match fill(node, text)? {
                    Some(text) => Ok(Some(Found::Text(Text { text, is_template: true }, false))),
                    None => Ok(Some(Found::File(Body { path: path.into_owned(), bytes }))),
                },
                Err(_) => Ok(Some(Found::File(Body { path: path.into_owned(), bytes }))),
            }
        }
    }
}
