//! A saved response: status, header fields and body.

use http::{HeaderName, HeaderValue};

use super::answer::{Read, Texts, has_syntax, quoted};
use super::fields;
use crate::file::leaf::{OneOrMany, Status};
use crate::file::read::At;
use crate::file::{HeaderMap, HeaderText, ResponseKeys};
use crate::import::FRAMING;
use crate::import::json::{Node, Object};
use crate::problem::Place;

/// A response that can be sent, and what it lost.
pub struct Response {
    /// As the file holds it.
    pub keys: ResponseKeys,
    /// Whether it holds what would be taken for templates, and none is one.
    pub is_plain: bool,
    /// What was left out without anybody noticing, and which.
    pub routine: Vec<(&'static str, String)>,
    /// What is missing, and which.
    pub lost: Vec<(&'static str, String)>,
}

/// Reads a saved response.
///
/// # Errors
/// Why it cannot be sent at all.
pub fn read(node: Node<'_>, texts: &mut Texts<'_>) -> Result<Response, (&'static str, String)> {
    let saved = Object::of(node);
    let (mut routine, mut lost) = (Vec::new(), Vec::new());
    let status = status(&saved, &mut routine)?;
    let place = node.place();
    let headers = headers(&saved, texts, &mut routine, &mut lost);
    let early = saved.get("data").filter(|data| saved.get("body").is_none() && data.text().is_some());
    if early.is_some() {
        routine.push(("taken from `data`: a body in the form of an early export", String::new()));
    }
    let body_node = saved.get("body").or(early);
    let body = match body_node {
        None => String::new(),
        Some(body) => body.scalar().map(|text| text.into_owned()).unwrap_or_else(|| {
            lost.push(("sent without a body: it is no text", body.described().to_owned()));
            String::new()
        }),
    };
    if !saved.get("cookie").map(|list| list.items()).unwrap_or_default().is_empty()
        && !headers.iter().any(|header| header.name == "set-cookie")
    {
        routine.push(("not sent: saved cookies without a header `set-cookie`", String::new()));
    }
    let may_have_body = !matches!(status, 204 | 205 | 304);
    if !may_have_body && !body.is_empty() {
        lost.push(("sent without its body: such a status has none", status.to_string()));
    }
    let body = (may_have_body && !body.is_empty()).then(|| texts.read(&body));
    let language = saved.text("_postman_previewlanguage").unwrap_or_default();
    let (keys, is_plain) =
        keys(status, headers, body, &language, (place, body_node.map_or(place, |node| node.place())));
    Ok(Response { keys, is_plain, routine, lost })
}

fn status(saved: &Object<'_>, routine: &mut Vec<(&'static str, String)>) -> Result<u16, (&'static str, String)> {
    let Some(code) = saved.scalar("code").filter(|code| !code.is_empty()) else {
        routine.push(("taken as 200: a response without a status", String::new()));
        return Ok(200);
    };
    match code.parse::<f64>() {
        Ok(code) if (200.0..600.0).contains(&code) => Ok(code as u16),
        _ => Err(("left out: a status that is not 200 to 599", format!("`{code}`"))),
    }
}

/// A header field with its texts read.
struct Header {
    /// In lower case.
    name: String,
    value: Read,
    place: Place,
}

fn headers(
    saved: &Object<'_>,
    texts: &mut Texts<'_>,
    routine: &mut Vec<(&'static str, String)>,
    lost: &mut Vec<(&'static str, String)>,
) -> Vec<Header> {
    let mut headers = Vec::new();
    let mut framing = Vec::new();
    for field in fields::read(saved.get("header")) {
        let name = texts.variables.fill(&field.name).to_ascii_lowercase();
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            lost.push(("left out: no header name", format!("{name:?}")));
        } else if FRAMING.contains(&name.as_str()) {
            framing.push(format!("`{name}`"));
        } else if HeaderValue::from_bytes(texts.variables.fill(&field.value).as_bytes()).is_err() {
            lost.push(("left out: a header whose value holds control characters", format!("`{name}`")));
        } else {
            let value = texts.read(&field.value);
            headers.push(Header { name, value, place: field.place });
        }
    }
    if !framing.is_empty() {
        routine.push(("left out: Standin frames its answers itself", framing.join(", ")));
    }
    headers
}

/// The response as the file holds it. One template among its texts makes templates of all: the others are quoted then.
fn keys(
    status: u16,
    headers: Vec<Header>,
    body: Option<Read>,
    language: &str,
    (place, body_place): (Place, Place),
) -> (ResponseKeys, bool) {
    let all = || headers.iter().map(|header| &header.value).chain(&body);
    let is_template = all().any(|text| matches!(text, Read::Template(_)));
    let has_syntax = all().any(|text| matches!(text, Read::Static(text) if has_syntax(text)));
    let text = |read: Read| match read {
        Read::Static(text) if is_template => quoted(&text),
        Read::Static(text) | Read::Template(text) => text,
    };
    let at = |place| move |value: String| At { value, place };
    let typed = headers.iter().any(|header| header.name == "content-type");
    let media = (!typed && body.is_some()).then(|| media(language)).flatten();
    let mut fields: Vec<(At<String>, OneOrMany<HeaderText>)> = Vec::new();
    for Header { name, value, place } in headers {
        let value = At { value: HeaderText(text(value)), place };
        match fields.iter_mut().find(|(other, _)| other.value == name) {
            Some((_, values)) => values.0.push(value),
            None => fields.push((At { value: name, place }, OneOrMany(vec![value]))),
        }
    }
    let keys = ResponseKeys {
        status: (status != 200).then_some(At { value: Status(u64::from(status)), place }),
        headers: (!fields.is_empty()).then_some(At { value: HeaderMap(fields), place }),
        body: body.map(text).map(at(body_place)),
        r#type: media.map(str::to_owned).map(at(place)),
        ..ResponseKeys::default()
    };
    (keys, has_syntax && !is_template)
}

/// The media type that the editor's hint stands for, where a response says nothing itself.
fn media(language: &str) -> Option<&'static str> {
    match language {
        "json" => Some("application/json"),
        "html" => Some("html"),
        "xml" => Some("xml"),
        _ => None,
    }
}
