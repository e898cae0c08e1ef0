//! From a response as it is written to the answer that is sent.

use std::path::Path;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};

use super::Context;
use super::body::{decoded, file_body, media_type, text_body};
use super::templates::{Draft, Templating};
use crate::file::read::At;
use crate::file::{HeaderMap, ResponseKeys};
use crate::problem::{Code, Place, Problem};
use crate::stubs::accept::Media;
use crate::stubs::answer::Answer;
use crate::stubs::template::{Body, Field};

/// Where body files may lie.
pub struct Bodies<'a> {
    /// The directory that `file` is relative to.
    pub directory: &'a Path,
}

/// Which statuses a table allows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Statuses {
    /// 200 to 599.
    Any,
    /// 500 to 599, as for server stubs.
    ServerErrors,
}

/// Fields that belong to framing, to the connection, or to Standin itself.
const OWN: &[(&str, &str)] = &[
    ("content-length", "Standin computes it"),
    ("transfer-encoding", "Standin frames the body"),
    ("connection", "it belongs to the connection, not to the answer"),
    ("keep-alive", "it belongs to the connection, not to the answer"),
    ("proxy-connection", "it belongs to the connection, not to the answer"),
    ("te", "it belongs to the connection, not to the answer"),
    ("trailer", "Standin sends no trailers"),
    ("upgrade", "it belongs to the connection, not to the answer"),
    ("standin", "Standin says in it what it did; `[proxy] marker = false` switches it off"),
];

/// Compiles a response.
pub fn compile(
    keys: ResponseKeys,
    statuses: Statuses,
    bodies: &Bodies<'_>,
    templating: Templating<'_>,
    cx: &mut Context<'_>,
) -> Answer {
    let mut draft = Draft::new(templating);
    let ResponseKeys { status, headers, json, body, r#type, file, base64 } = keys;
    let status_place = status.as_ref().map(|status| status.place);
    let status = status.and_then(|status| checked_status(status.map(|count| count.0), statuses, cx));
    let status = status.unwrap_or(if statuses == Statuses::Any { 200 } else { 503 });
    let mut headers = headers.map(|headers| fields(headers.value, &mut draft, cx)).unwrap_or_default();

    exclusive(
        &[
            ("json", json.as_ref().map(|v| v.place)),
            ("body", body.as_ref().map(|v| v.place)),
            ("file", file.as_ref().map(|v| v.place)),
            ("base64", base64.as_ref().map(|v| v.place)),
        ],
        "a response has one body",
        cx,
    );
    let body_place = [
        json.as_ref().map(|v| v.place),
        body.as_ref().map(|v| v.place),
        file.as_ref().map(|v| v.place),
        base64.as_ref().map(|v| v.place),
    ]
    .into_iter()
    .flatten()
    .next();
    if let Some(place) = body_place.filter(|_| !Answer::may_have_body(status)) {
        let mut problem =
            Problem::at(Code::BodyNotAllowed, place, format!("an answer with status {status} has no body"))
                .help("leave the body out, or choose another status");
        if let Some(at) = status_place {
            problem = problem.also(at, "because of this");
        }
        cx.report(problem);
    }
    if let (Some(kind), None) = (&r#type, body_place) {
        cx.report(
            Problem::at(Code::ConflictingKeys, kind.place, "`type` says what a body is, and there is none")
                .help("add `json`, `body`, `file` or `base64`, or leave `type` out"),
        );
    }
    let (implied, body) = match (json, body, file, base64) {
        (Some(value), ..) => ("application/json".to_owned(), draft.json(&value.json, value.place, cx)),
        (_, Some(text), ..) => text_body(text, r#type.as_ref(), &mut draft, cx),
        (_, _, Some(file), _) => file_body(&file, r#type.as_ref(), bodies, &mut draft, cx),
        (_, _, _, Some(encoded)) => ("application/octet-stream".to_owned(), Body::Static(decoded(&encoded, cx))),
        _ => (String::new(), Body::Static(Bytes::new())),
    };
    let media = match &r#type {
        Some(kind) => media_type(kind, cx).unwrap_or(implied),
        None => implied,
    };
    let set = headers.iter().find(|(name, _, _)| *name == CONTENT_TYPE);
    match (set, &r#type) {
        (Some((_, _, place)), Some(kind)) => cx.report(
            Problem::at(Code::ConflictingKeys, kind.place, "`type` and the header `content-type` say the same thing")
                .also(*place, "the header")
                .help("keep one of the two"),
        ),
        (None, _) if !media.is_empty() => {
            if let Ok(value) = HeaderValue::from_str(&media) {
                headers.insert(0, (CONTENT_TYPE, Field::Static(value), status_place.unwrap_or(NOWHERE)));
            }
        }
        _ => {}
    }
    draft.finish(status, headers.into_iter().map(|(name, field, _)| (name, field)).collect(), body)
}

/// A place that is never shown: it belongs to a header that Standin itself added.
const NOWHERE: Place = Place { source: crate::problem::SourceId::NONE, start: 0, end: 0 };

/// The media type of a response, as far as its keys say it without a template.
pub fn media_of(keys: &ResponseKeys) -> Option<Media> {
    let field = keys.headers.iter().flat_map(|headers| &headers.value.0);
    let field = field.filter(|(name, _)| name.value.eq_ignore_ascii_case("content-type"));
    let said = field.filter_map(|(_, values)| values.0.first()).map(|value| value.value.0.clone()).next();
    let named = || match keys.r#type.as_ref()?.value.as_str() {
        "json" => Some("application/json".to_owned()),
        "text" => Some("text/plain".to_owned()),
        "html" => Some("text/html".to_owned()),
        "xml" => Some("application/xml".to_owned()),
        other => Some(other.to_owned()),
    };
    let implied = || match (&keys.json, &keys.body, &keys.file, &keys.base64) {
        (Some(_), ..) => Some("application/json".to_owned()),
        (_, Some(_), ..) => Some("text/plain".to_owned()),
        (_, _, Some(file), _) => Some(super::body::implied_by_extension(file)),
        (.., Some(_)) => Some("application/octet-stream".to_owned()),
        _ => None,
    };
    Media::parse(&said.or_else(named).or_else(implied)?)
}

/// The first key of a response that is set, with its place.
pub fn first_key(keys: &ResponseKeys) -> Option<(&'static str, Place)> {
    let ResponseKeys { status, headers, json, body, r#type, file, base64 } = keys;
    let places = [
        ("status", status.as_ref().map(|v| v.place)),
        ("headers", headers.as_ref().map(|v| v.place)),
        ("json", json.as_ref().map(|v| v.place)),
        ("body", body.as_ref().map(|v| v.place)),
        ("type", r#type.as_ref().map(|v| v.place)),
        ("file", file.as_ref().map(|v| v.place)),
        ("base64", base64.as_ref().map(|v| v.place)),
    ];
    let set = places.into_iter().filter_map(|(key, place)| place.map(|place| (key, place)));
    set.min_by_key(|(_, place)| place.start)
}

pub(super) fn checked_status(status: At<u64>, statuses: Statuses, cx: &mut Context<'_>) -> Option<u16> {
    let (range, help) = match statuses {
        Statuses::Any => (200..=599, "a response has a status from 200 to 599; 1xx are not final answers"),
        Statuses::ServerErrors => (500..=599, "a server stub simulates a failing server: its status is 500 to 599"),
    };
    if range.contains(&status.value) {
        return Some(status.value as u16);
    }
    cx.report(
        Problem::at(Code::BadStatus, status.place, format!("the status {} is not allowed here", status.value))
            .label(format!("expected {} to {}", range.start(), range.end()))
            .help(help),
    );
    None
}

/// Reports all but the first of keys that exclude each other.
pub fn exclusive(keys: &[(&str, Option<Place>)], why: &str, cx: &mut Context<'_>) {
    let set: Vec<(&str, Place)> = keys.iter().filter_map(|(key, place)| place.map(|place| (*key, place))).collect();
    if let [(first, first_place), rest @ ..] = set.as_slice() {
        for (key, place) in rest {
            cx.report(
                Problem::at(Code::ConflictingKeys, *place, format!("`{key}` and `{first}` exclude each other"))
                    .label(format!("beside `{first}`"))
                    .also(*first_place, format!("`{first}` is here"))
                    .help(why.to_owned()),
            );
        }
    }
}

fn fields(headers: HeaderMap, draft: &mut Draft<'_>, cx: &mut Context<'_>) -> Vec<(HeaderName, Field, Place)> {
    let mut out = Vec::new();
    for (name, values) in headers.0 {
        let Ok(header) = HeaderName::from_bytes(name.value.as_bytes()) else {
            cx.report(bad_header_name(&name));
            continue;
        };
        if let Some((_, why)) = OWN.iter().find(|(own, _)| *own == header.as_str()) {
            cx.report(
                Problem::at(Code::BadHeader, name.place, format!("`{header}` is not yours to set"))
                    .label(*why)
                    .help("leave it out"),
            );
            continue;
        }
        for value in values.0 {
            out.extend(draft.header(&header, &value, cx).map(|field| (header.clone(), field, name.place)));
        }
    }
    out
}

/// The report for a name that no header has.
pub fn bad_header_name(name: &At<String>) -> Problem {
    let problem = Problem::at(Code::BadHeader, name.place, format!("{:?} is no header name", name.value));
    let meant = name.value.trim().trim_end_matches(':').replace([' ', ':'], "-");
    match HeaderName::from_bytes(meant.as_bytes()) {
        Ok(_) => problem.help(format!("did you mean {meant:?}?")),
        Err(_) => problem.help("a header name is made of letters, digits and `-`; some other signs are allowed"),
    }
}
