//! What was answered: status, header fields, body; without secrets, and without how it was framed.

use http::{HeaderName, HeaderValue};

use super::content::{self, Content, Room};
use super::secret::{self, Secrets, pairs};
use crate::file::leaf::{OneOrMany, Status};
use crate::file::read::At;
use crate::file::{HeaderMap, HeaderText, ResponseKeys};
use crate::import::json::{Node, Object};
use crate::import::postman::answer::has_syntax;
use crate::import::{FRAMING, Note};
use crate::redact::REDACTED;

/// What was answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// As the file holds it, bodies that are no text left out.
    pub keys: ResponseKeys,
    /// A body that is no text.
    pub bytes: Option<Vec<u8>>,
    /// The ending of a file for it.
    pub extension: &'static str,
    /// Whether it would be taken for a template.
    pub is_plain: bool,
    /// Status and header fields in one text, for comparison.
    key: String,
}

impl PartialEq for Answer {
    fn eq(&self, other: &Self) -> bool {
        let [own, others] = [self, other].map(|answer| answer.keys.body.as_ref().map(|body| &body.value));
        self.key == other.key && own == others && self.bytes == other.bytes
    }
}

/// The answer, and whether fields of framing were left out.
pub fn read(
    response: &Object<'_>,
    secrets: &Secrets,
    node: Node<'_>,
    name: &str,
    room: &mut Room,
    notes: &mut Vec<Note>,
) -> Result<(Answer, bool), (&'static str, String)> {
    let status = response.scalar("status").unwrap_or_default();
    let status = match status.parse::<f64>() {
        Ok(101.0) => return Err(("left out: a change of protocol, such as to WebSocket", String::new())),
        Ok(304.0) => {
            return Err(("left out: the caller had the answer already, and was sent none", "`304`".to_owned()));
        }
        Ok(code) if (200.0..600.0).contains(&code) => code as u16,
        Ok(0.0) => return Err(("left out: it was not answered", String::new())),
        _ => return Err(("left out: a status that is not 200 to 599", format!("`{status}`"))),
    };
    let place = node.place();
    let fields = pairs(response.get("headers"));
    let mut coding = content::coding(&fields);
    let content = response.get("content").map_or_else(Object::of_nothing, Object::of);
    let may_have_body = !matches!(status, 204 | 205);
    let body = if may_have_body { content::read(&content, &mut coding, secrets, room)? } else { Content::None };
    let mut was_framed = false;
    let mut hidden = false;
    let mut map: Vec<(At<String>, OneOrMany<HeaderText>)> = Vec::new();
    let mut put = |name: &str, value: String| {
        let value = At { value: HeaderText(value), place };
        match map.iter_mut().find(|(own, _)| own.value == name) {
            Some((_, values)) => values.0.push(value),
            None => map.push((At { value: name.to_owned(), place }, OneOrMany(vec![value]))),
        }
    };
    let mut has_type = false;
    for (field, value) in fields {
        let lower = field.trim().to_ascii_lowercase();
        let is_sound = HeaderName::from_bytes(lower.as_bytes()).is_ok() && !value.contains('\n');
        let keeps_coding = lower == "content-encoding" && coding.is_some();
        let is_framing = FRAMING.contains(&lower.as_str()) || lower == "date";
        if (is_framing && !keeps_coding) || lower.starts_with(':') {
            was_framed = true;
            continue;
        }
        // Browsers join several cookies by line breaks.
        if lower == "set-cookie" {
            hidden = true;
            value.lines().for_each(|cookie| put(&lower, without_value(cookie)));
            continue;
        }
        if !is_sound || HeaderValue::from_bytes(value.trim().as_bytes()).is_err() {
            notes.push(Note::lost(Some(place), name, "left out: a header that cannot be sent", format!("{lower:?}")));
            continue;
        }
        has_type |= lower == "content-type";
        let is_secret = secret::is_header(&lower);
        hidden |= is_secret || secrets.are_in(&value);
        put(&lower, if is_secret { REDACTED.to_owned() } else { secrets.taken_out(value.trim()).into_owned() });
    }
    let mut keys = ResponseKeys {
        status: (status != 200).then_some(At { value: Status(status.into()), place }),
        ..ResponseKeys::default()
    };
    let media = content.text("mimeType").unwrap_or_default().into_owned();
    let is_media =
        media.contains('/') && HeaderValue::from_bytes(media.as_bytes()).is_ok() && !media.starts_with("x-unknown");
    if !has_type && is_media && body != Content::None {
        put("content-type", media.clone());
    }
    let mut bytes = None;
    match body {
        Content::None => {}
        Content::Text(text, was_hidden) => {
            hidden |= was_hidden;
            keys.body = Some(At { value: text, place });
        }
        Content::Bytes(found) => bytes = Some(found),
    }
    if hidden {
        notes.push(Note::routine(Some(place), name, "secrets of its answer were taken out", String::new()));
    }
    let texts = map.iter().flat_map(|(_, values)| &values.0).map(|value| value.value.0.as_str());
    let is_plain = texts.chain(keys.body.as_ref().map(|body| body.value.as_str())).any(has_syntax);
    keys.headers = (!map.is_empty()).then_some(At { value: HeaderMap(map), place });
    let key = format!("{status} {:?}", keys.headers.as_ref().map(|headers| shown(&headers.value)));
    Ok((Answer { keys, bytes, extension: extension(&media), is_plain, key }, was_framed))
}

/// Header fields without those that differ from answer to answer.
fn shown(headers: &HeaderMap) -> Vec<(&str, Vec<&str>)> {
    const VOLATILE: &[&str] =
        &["age", "expires", "last-modified", "x-request-id", "cf-ray", "server-timing", "etag", "via"];
    headers
        .0
        .iter()
        .filter(|(name, _)| !VOLATILE.contains(&name.value.as_str()) && !name.value.starts_with("x-amz"))
        .map(|(name, values)| (name.value.as_str(), values.0.iter().map(|value| value.value.0.as_str()).collect()))
        .collect()
}

/// A cookie with its name and attributes, and no value.
fn without_value(cookie: &str) -> String {
    let (pair, attributes) = cookie.split_once(';').map_or((cookie, ""), |(pair, attributes)| (pair, attributes));
    let name = pair.split_once('=').map_or("", |(name, _)| name).trim();
    let attributes: String = attributes.chars().filter(|c| !c.is_control()).collect();
    if attributes.is_empty() { format!("{name}={REDACTED}") } else { format!("{name}={REDACTED};{attributes}") }
}

/// The ending by which people know a file of this type.
fn extension(media: &str) -> &'static str {
    let essence = media.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    match essence.as_str() {
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "image/x-icon" | "image/vnd.microsoft.icon" => "ico",
        "font/woff2" => "woff2",
        "font/woff" => "woff",
        "application/pdf" => "pdf",
        "application/zip" => "zip",
        _ => "bin",
    }
}
