//! The answer of a mapping: status, header fields, body, delay.

mod body;
mod delay;

use http::{HeaderName, HeaderValue};
use serde_json::Value as Json;

use super::template::{self, Scope};
use crate::file::leaf::{OneOrMany, Status, Value};
use crate::file::read::At;
use crate::file::{DelayValue, HeaderMap, HeaderText, ResponseKeys};
use crate::import::FRAMING;
use crate::import::clause::has_toml_form;
use crate::import::json::{Kind, Node, Object};
use crate::import::postman::answer::{has_syntax, quoted};
use crate::problem::Place;
use body::{Found, Text, body};
use delay::delay;

/// The longest JSON that is written as a TOML value, bytes; longer ones are files.
const INLINE: usize = 300;

/// What is said of something in an answer: where, what, and which.
pub type Remark<'t> = (Node<'t>, &'static str, String);

/// An answer.
#[derive(Clone)]
pub struct Answer<'t> {
    /// As the file holds it; without the body where that is a file.
    pub keys: ResponseKeys,
    /// The body, where it is a file.
    pub file: Option<Body>,
    /// Whether it holds what would be taken for templates, and none is one.
    pub is_plain: bool,
    /// How long it takes.
    pub delay: Option<DelayValue>,
    /// What is different now.
    pub lost: Vec<Remark<'t>>,
    /// What is different, and nobody notices.
    pub routine: Vec<Remark<'t>>,
}

/// A body file.
#[derive(Clone, Debug, PartialEq)]
pub struct Body {
    /// Its path below `__files`.
    pub path: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// What answers are made of beside the mapping.
pub struct Surroundings<'a> {
    /// Reads a file of `__files`.
    pub files: &'a dyn Fn(&str) -> Result<Vec<u8>, String>,
    /// Whether all answers are templates, as with `--global-response-templating`.
    pub global_templating: bool,
}

/// Keys of a response that are read, or said to be lost.
const KNOWN: &[&str] = &[
    "status",
    "statusMessage",
    "body",
    "jsonBody",
    "base64Body",
    "bodyFileName",
    "headers",
    "fixedDelayMilliseconds",
    "delayDistribution",
    "chunkedDribbleDelay",
    "fault",
    "proxyBaseUrl",
    "transformers",
    "transformerParameters",
    "additionalProxyRequestHeaders",
    "removeProxyRequestHeaders",
    "fromConfiguredStub",
];

/// Reads an answer.
///
/// # Errors
/// What makes it one that cannot be given.
pub fn read<'t>(
    node: Option<Node<'t>>,
    mapping: Node<'t>,
    scope: &Scope<'_>,
    around: &Surroundings<'_>,
) -> Result<Answer<'t>, Remark<'t>> {
    let response = node.map_or_else(Object::of_nothing, Object::of);
    let node = node.unwrap_or(mapping);
    let mut lost: Vec<Remark<'t>> = Vec::new();
    let mut routine: Vec<Remark<'t>> = Vec::new();
    for (key, what) in [
        ("fault", "left out: it answers with a fault"),
        ("proxyBaseUrl", "left out: it is forwarded, to an address of its own"),
    ] {
        if let Some(found) = response.get(key) {
            return Err((found, what, found.scalar().unwrap_or_default().into_owned()));
        }
    }
    let is_template = templating(&response, around)?;
    let status = status(&response)?;
    let place = node.place();
    let text = |node: Node<'t>, text: &str| match is_template {
        true => template::translate(text, scope).map_err(|(what, which)| (node, remark(what), which)),
        false => Ok(None),
    };
    let mut texts: Vec<Text> = Vec::new();
    let headers = headers(&response, &text, &mut texts, (&mut lost, &mut routine))?;
    let mut body = body(&response, &text, around)?;
    if matches!(status, 204 | 205 | 304) && body.is_some() {
        lost.push((node, "sent without its body: such a status has none", status.to_string()));
        body = None;
    }
    if let Some(found) = response.get("statusMessage") {
        routine.push((found, "left out: a reason phrase", found.scalar().unwrap_or_default().into_owned()));
    }
    for (key, value) in response.all() {
        if !KNOWN.contains(&key) {
            lost.push((value, "left out: a key of the response that is not known", format!("`{key}`")));
        }
    }
    let delay = delay(&response, &mut lost);
    let body_text = match &body {
        Some(Found::Text(text, _)) => Some(text),
        _ => None,
    };
    let all = || texts.iter().chain(body_text);
    let is_any_template = all().any(|text| text.is_template);
    let may_mislead = all().any(|text| has_syntax(&text.text));
    let mut files = None;
    let mut keys = ResponseKeys {
        status: (status != 200).then_some(At { value: Status(status.into()), place }),
        ..ResponseKeys::default()
    };
    let has_type = headers.iter().any(|(name, _)| name == "content-type");
    let mut is_plain = !is_any_template && may_mislead;
    let written =
        |text: &Text| if is_any_template && !text.is_template { quoted(&text.text) } else { text.text.clone() };
    match body {
        None => {}
        Some(Found::Text(text, is_json)) => {
            let json = (is_json && !is_any_template).then(|| serde_json::from_str::<Json>(&text.text).ok()).flatten();
            match json.filter(|json| has_toml_form(json) && text.text.len() <= INLINE) {
                Some(json) => keys.json = Some(At { value: Value { json, text: None }, place }),
                None => {
                    keys.body = Some(At { value: written(&text), place });
                    if is_json && !has_type {
                        keys.r#type = Some(At { value: "json".to_owned(), place });
                    }
                }
            }
        }
        Some(Found::Bytes(base64)) => keys.base64 = Some(At { value: base64, place }),
        Some(Found::File(file)) => {
            is_plain |= !is_any_template && has_braces(&file.bytes);
            if is_any_template && has_braces(&file.bytes) {
                return Err((
                    node,
                    "left out: a body file that holds braces beside headers that are templates",
                    file.path,
                ));
            }
            files = Some(file);
        }
    }
    let mut map: Vec<(At<String>, OneOrMany<HeaderText>)> = Vec::new();
    for ((name, at), text) in headers.into_iter().zip(&texts) {
        let value = At { value: HeaderText(written(text)), place: at };
        match map.iter_mut().find(|(own, _)| own.value == name) {
            Some((_, values)) => values.0.push(value),
            None => map.push((At { value: name, place: at }, OneOrMany(vec![value]))),
        }
    }
    keys.headers = (!map.is_empty()).then_some(At { value: HeaderMap(map), place });
    Ok(Answer { keys, file: files, is_plain, delay, lost, routine })
}

fn has_braces(bytes: &[u8]) -> bool {
    [&b"{{"[..], b"{%"].iter().any(|open| memchr::memmem::find(bytes, open).is_some())
}

/// A template's fault as the report says it: the mapping is left out for it.
fn remark(what: &'static str) -> &'static str {
    match what {
        "a template expression without counterpart" => "left out: a template expression without counterpart",
        _ => "left out: an escaped template expression",
    }
}

/// Whether the answer is a template.
fn templating<'t>(response: &Object<'t>, around: &Surroundings<'_>) -> Result<bool, Remark<'t>> {
    let mut is_template = around.global_templating;
    for transformer in response.get("transformers").map(|list| list.items()).unwrap_or_default() {
        match transformer.text().as_deref() {
            Some("response-template") => is_template = true,
            other => {
                let which = format!("`{}`", other.unwrap_or_default());
                return Err((transformer, "left out: it is changed by an extension", which));
            }
        }
    }
    if let Some(parameters) = response.get("transformerParameters").filter(|node| node.kind() == Kind::Object) {
        let is_off = Object::of(parameters).is_true("disableBodyFileTemplating");
        if is_off && is_template {
            return Err((parameters, "left out: it switches off templates in its body file", String::new()));
        }
    }
    Ok(is_template)
}

fn status<'t>(response: &Object<'t>) -> Result<u16, Remark<'t>> {
    let Some(node) = response.get("status") else { return Ok(200) };
    let status = node.scalar().and_then(|text| text.parse::<u16>().ok()).filter(|status| (200..600).contains(status));
    let what = "left out: a status that is not 200 to 599";
    status.ok_or_else(|| (node, what, format!("`{}`", node.scalar().unwrap_or_default())))
}

type Filled<'t, 'f> = &'f dyn Fn(Node<'t>, &str) -> Result<Option<String>, Remark<'t>>;

/// Names and places of the fields; their values go to `texts`.
fn headers<'t>(
    response: &Object<'t>,
    fill: Filled<'t, '_>,
    texts: &mut Vec<Text>,
    (lost, routine): (&mut Vec<Remark<'t>>, &mut Vec<Remark<'t>>),
) -> Result<Vec<(String, Place)>, Remark<'t>> {
    let mut headers = Vec::new();
    for (name, node) in response.get("headers").map(|node| node.members()).unwrap_or_default() {
        let lower = name.trim().to_ascii_lowercase();
        if HeaderName::from_bytes(lower.as_bytes()).is_err() {
            lost.push((node, "left out: no header name", format!("{name:?}")));
            continue;
        }
        // A mapping holds the body as it is sent, packed or not.
        if FRAMING.contains(&lower.as_str()) && lower != "content-encoding" {
            routine.push((node, "left out: Standin frames its answers itself", format!("`{lower}`")));
            continue;
        }
        let values = if node.kind() == Kind::Array { node.items() } else { vec![node] };
        for value in values {
            let Some(text) = value.scalar() else {
                lost.push((value, "left out: a header that is no text", format!("`{lower}`")));
                continue;
            };
            if HeaderValue::from_bytes(text.as_bytes()).is_err() {
                lost.push((value, "left out: a header whose value holds control characters", format!("`{lower}`")));
                continue;
            }
            let template = fill(value, &text)?;
            texts.push(Text { is_template: template.is_some(), text: template.unwrap_or_else(|| text.into_owned()) });
            headers.push((lower.clone(), value.place()));
        }
    }
    Ok(headers)
}
