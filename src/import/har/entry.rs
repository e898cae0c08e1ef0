//! One recorded call: what it asks, and what was answered.

use http::{HeaderName, HeaderValue};
use serde_json::Value as Json;

use super::content::{self, Content};
use super::secret::{self, Secrets, pairs};
use crate::file::leaf::{OneOrMany, Status};
use crate::file::read::At;
use crate::file::{HeaderMap, HeaderText, ResponseKeys};
use crate::import::Note;
use crate::import::clause::{Clauses, Op, Subject, has_toml_form};
use crate::import::json::{Kind, Node, Object};
use crate::import::postman::answer::has_syntax;
use crate::import::wiremock::route::{Segment, literals};
use crate::redact::REDACTED;

/// The longest body of a request that is compared, bytes, and how many values of it.
const LONGEST: usize = 16 << 10;
const LEAVES: usize = 100;

/// Fields of an answer that say how it was framed or packed, and when.
const FRAMING: &[&str] = &[
    "content-length",
    "transfer-encoding",
    "content-encoding",
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "upgrade",
    "standin",
    "date",
];

/// A call that can be answered again.
pub struct Entry<'t> {
    /// Where it stands.
    pub node: Node<'t>,
    /// What reports call it.
    pub name: String,
    /// The host, in lower case, without its port.
    pub host: String,
    /// In capitals.
    pub method: String,
    /// The path.
    pub segments: Vec<Segment>,
    /// The query; no value where it is a secret.
    pub query: Vec<(String, Option<String>)>,
    /// What is asked of the body.
    pub body: Clauses,
    /// Whether there was a body, compared or not.
    pub has_body: bool,
    /// The answer.
    pub answer: Answer,
    /// Whether fields of framing were left out.
    pub was_framed: bool,
}

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
    /// All of it in one text, for comparison.
    key: String,
}

impl PartialEq for Answer {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.bytes == other.bytes
    }
}

impl Entry<'_> {
    /// What tells this request from others of its method and path.
    pub fn request_key(&self) -> String {
        format!("{:?} {} {:?}", self.query, self.has_body, self.body)
    }
}

/// Reads a call; none where it is left out, which is noted.
pub fn read<'t>(node: Node<'t>, secrets: &Secrets, only: &[String], notes: &mut Vec<Note>) -> Option<Entry<'t>> {
    let entry = Object::of(node);
    let part = |key: &str| entry.get(key).filter(|part| part.kind() == Kind::Object).map(Object::of);
    let (Some(request), Some(response)) = (part("request"), part("response")) else {
        let what = "left out: a call without `request` or `response`";
        notes.push(Note::lost(Some(node.place()), "a call", what, node.described().to_owned()));
        return None;
    };
    let url = request.text("url").unwrap_or_default();
    let method = request.text("method").unwrap_or_default().trim().to_ascii_uppercase();
    let shown = url.split(['?', '#']).next().unwrap_or("");
    let name: String =
        secrets.taken_out(&format!("{method} {shown}")).chars().filter(|c| !c.is_control()).take(200).collect();
    let lost = |what: &'static str, detail: String| Note::lost(Some(node.place()), &name, what, detail);
    let routine = |what: &'static str, detail: String| Note::routine(Some(node.place()), &name, what, detail);
    let Some((host, target)) = address(&url) else {
        notes.push(lost("left out: its URL is none of HTTP", url.chars().take(80).collect()));
        return None;
    };
    if !only.is_empty() && !only.contains(&host) {
        notes.push(routine("left out: of another host", format!("`{host}`")));
        return None;
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let segments = match literals(path) {
        Ok(segments) => segments,
        Err((_, which)) => {
            notes.push(lost("left out: no request has its path", which));
            return None;
        }
    };
    let known = !method.is_empty() && method.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if !known || matches!(method.as_str(), "CONNECT" | "ANY") {
        notes.push(lost("left out: no stub can have its method", format!("`{method}`")));
        return None;
    }
    let asked = pairs(request.get("headers"));
    if method == "OPTIONS" && asked.iter().any(|(name, _)| name.eq_ignore_ascii_case("access-control-request-method")) {
        notes.push(routine("left out: a preflight, which Standin answers itself", String::new()));
        return None;
    }
    let (answer, was_framed) = match answer(&response, secrets, node, &name, notes) {
        Ok(answer) => answer,
        Err((what, detail)) => {
            notes.push(lost(what, detail));
            return None;
        }
    };
    if path.contains(|c: char| c.is_ascii_alphanumeric()) && secrets.are_in(path) {
        notes.push(lost("left out: a secret stands in its path", String::new()));
        return None;
    }
    let mut hidden = false;
    let query = form_urlencoded::parse(query.as_bytes())
        .map(|(key, value)| {
            let is_secret = secret::is_name(&key) || secrets.are_in(&value);
            hidden |= is_secret;
            (key.into_owned(), (!is_secret).then(|| value.into_owned()))
        })
        .collect();
    if hidden {
        notes.push(routine("a secret in its query: any value fits", String::new()));
    }
    let (body, has_body) = match body(request.get("postData"), secrets) {
        Ok(body) => body,
        Err((what, detail)) => {
            notes.push(lost(what, detail));
            (Clauses::default(), true)
        }
    };
    Some(Entry { node, name, host, method, segments, query, body, has_body, answer, was_framed })
}

/// Host and target of a URL; none where it is no URL of HTTP.
fn address(url: &str) -> Option<(String, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
        return None;
    }
    let rest = rest.split('#').next().unwrap_or(rest);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let host = match host.rfind(':') {
        Some(at) if !host[at..].contains(']') => &host[..at],
        _ => host,
    };
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    // `http://host?a=b` asks for the root.
    let target = if target.is_empty() { "/" } else { target };
    (!host.is_empty() && target.starts_with('/')).then_some((host, target))
}

/// What is asked of the body, and whether there is one.
fn body(post: Option<Node<'_>>, secrets: &Secrets) -> Result<(Clauses, bool), (&'static str, String)> {
    let Some(post) = post.map(Object::of) else { return Ok((Clauses::default(), false)) };
    let media = post.text("mimeType").unwrap_or_default().to_ascii_lowercase();
    let text = post.scalar("text").unwrap_or_default();
    let params = pairs(post.get("params"));
    if text.is_empty() && params.is_empty() {
        return Ok((Clauses::default(), false));
    }
    let mut clauses = Clauses::default();
    if media.starts_with("multipart/") {
        return Err(("its body is not compared: it has several parts", String::new()));
    }
    if text.len() > LONGEST {
        return Err(("its body is not compared: it is longer than 16 KiB", String::new()));
    }
    if media.starts_with("application/x-www-form-urlencoded") {
        let parsed = form_urlencoded::parse(text.as_bytes()).map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
        let fields: Vec<(String, String)> = if params.is_empty() { parsed } else { params };
        if fields.len() > LEAVES {
            return Err(("its body is not compared: it has more than 100 values", String::new()));
        }
        for (key, value) in fields {
            let is_secret = secret::is_name(&key) || secrets.are_in(&value);
            clauses.test(Subject::Form(key), vec![if is_secret { Op::Present } else { Op::Eq(value.into()) }]);
        }
        return Ok((clauses, true));
    }
    if let Ok(json) = serde_json::from_str::<Json>(&text) {
        let mut shown = json.clone();
        let hides = secret::redact(&mut shown) || secrets.are_in(&text);
        if !hides && has_toml_form(&json) {
            clauses.test(Subject::Json("$".to_owned()), vec![Op::Eq(json)]);
        } else {
            leaves(&json, "$", secrets, &mut clauses);
        }
        if clauses.tests.len() > LEAVES {
            return Err(("its body is not compared: it has more than 100 values", String::new()));
        }
        return Ok((clauses, true));
    }
    let is_text = media.is_empty()
        || media.starts_with("text/")
        || media.contains("xml")
        || media.contains("json")
        || media.contains("graphql");
    if !is_text || secrets.are_in(&text) {
        return Err(("its body is not compared", media));
    }
    clauses.test(Subject::Body, vec![Op::Eq(text.into_owned().into())]);
    Ok((clauses, true))
}

/// Every value of a JSON body by its place; of a secret that it is there.
fn leaves(json: &Json, path: &str, secrets: &Secrets, clauses: &mut Clauses) {
    if clauses.tests.len() > LEAVES {
        return;
    }
    match json {
        Json::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                leaves(item, &format!("{path}[{at}]"), secrets, clauses);
            }
        }
        Json::Object(members) => {
            for (name, member) in members {
                let path = format!("{path}['{}']", name.replace('\\', r"\\").replace('\'', r"\'"));
                if secret::is_name(name) {
                    clauses.test(Subject::Json(path), vec![Op::Present]);
                } else {
                    leaves(member, &path, secrets, clauses);
                }
            }
        }
        scalar => {
            let is_hidden = scalar.as_str().is_some_and(|text| secrets.are_in(text));
            let op = if is_hidden || !has_toml_form(scalar) { Op::Present } else { Op::Eq(scalar.clone()) };
            clauses.test(Subject::Json(path.to_owned()), vec![op]);
        }
    }
}

/// The answer, and whether fields of framing were left out.
fn answer(
    response: &Object<'_>,
    secrets: &Secrets,
    node: Node<'_>,
    name: &str,
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
    let mut coding =
        fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-encoding")).map(|(_, value)| value.clone());
    let content = response.get("content").map_or_else(Object::of_nothing, Object::of);
    let may_have_body = !matches!(status, 204 | 205);
    let body = if may_have_body { content::read(&content, &mut coding, secrets)? } else { Content::None };
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
        if (FRAMING.contains(&lower.as_str()) && !keeps_coding) || lower.starts_with(':') {
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
    let key = format!(
        "{status} {:?} {:?}",
        keys.headers.as_ref().map(|headers| shown(&headers.value)),
        keys.body.as_ref().map(|body| &body.value)
    );
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
