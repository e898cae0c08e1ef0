//! From a response as it is written to the answer that is sent.

use std::path::{Component, Path, PathBuf};

use base64::Engine as _;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};

use super::Context;
use super::files::ReadError;
use crate::file::read::At;
use crate::file::{HeaderMap, ResponseKeys};
use crate::problem::{Code, Place, Problem, nearest};
use crate::stubs::answer::Answer;

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
pub fn compile(keys: ResponseKeys, statuses: Statuses, bodies: &Bodies<'_>, cx: &mut Context<'_>) -> Answer {
    let ResponseKeys { status, headers, json, body, r#type, file, base64 } = keys;
    let status_place = status.as_ref().map(|status| status.place);
    let status = status.and_then(|status| checked_status(status.map(|count| count.0), statuses, cx));
    let status = status.unwrap_or(if statuses == Statuses::Any { 200 } else { 503 });
    let mut headers = headers.map(|headers| fields(headers.value, cx)).unwrap_or_default();

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
    let (implied, bytes) = match (json, body, file, base64) {
        (Some(value), ..) => {
            template_in_json(&value.json, value.place, cx);
            ("application/json".to_owned(), Bytes::from(value.value.json.to_string()))
        }
        (_, Some(text), ..) => text_body(text, r#type.as_ref(), cx),
        (_, _, Some(file), _) => file_body(&file, r#type.as_ref(), bodies, cx),
        (_, _, _, Some(encoded)) => ("application/octet-stream".to_owned(), decoded(&encoded, cx)),
        _ => (String::new(), Bytes::new()),
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
                headers.insert(0, (CONTENT_TYPE, value, status_place.unwrap_or(NOWHERE)));
            }
        }
        _ => {}
    }
    Answer { status, headers: headers.into_iter().map(|(name, value, _)| (name, value)).collect(), body: bytes }
}

/// A place that is never shown: it belongs to a header that Standin itself added.
const NOWHERE: Place = Place { source: crate::problem::SourceId::NONE, start: 0, end: 0 };

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

fn checked_status(status: At<u64>, statuses: Statuses, cx: &mut Context<'_>) -> Option<u16> {
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

fn fields(headers: HeaderMap, cx: &mut Context<'_>) -> Vec<(HeaderName, HeaderValue, Place)> {
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
            template(&value.value.0, value.place, cx);
            match HeaderValue::from_bytes(value.value.0.as_bytes()) {
                Ok(text) => out.push((header.clone(), text, name.place)),
                Err(_) => cx.report(
                    Problem::at(Code::BadHeader, value.place, "the value of a header holds no control characters")
                        .help("a header is one line; several values of one header stand in an array"),
                ),
            }
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

fn text_body(text: At<String>, kind: Option<&At<String>>, cx: &mut Context<'_>) -> (String, Bytes) {
    template(&text.value, text.place, cx);
    if kind.is_some_and(|kind| kind.value == "json")
        && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&text.value)
    {
        cx.report(
            Problem::at(Code::BadJson, text.place, "the body is said to be JSON and is none")
                .label(error.to_string())
                .help("mend it, or say `type = \"text\"` and set `content-type` to serve it as it is"),
        );
    }
    ("text/plain; charset=utf-8".to_owned(), Bytes::from(text.value))
}

fn file_body(
    file: &At<String>,
    kind: Option<&At<String>>,
    bodies: &Bodies<'_>,
    cx: &mut Context<'_>,
) -> (String, Bytes) {
    let media = implied_by_extension(&file.value);
    let Some(path) = inside(file, bodies.directory, cx) else { return (media, Bytes::new()) };
    match cx.files.read(&path) {
        Ok(bytes) => {
            let kind = kind.map_or(media.as_str(), |kind| kind.value.as_str());
            if is_text(kind)
                && let Ok(text) = std::str::from_utf8(&bytes)
            {
                template(text, file.place, cx);
            }
            (media, Bytes::from(bytes))
        }
        Err(error) => {
            let code = if matches!(error, ReadError::TooLarge) { Code::FileTooLarge } else { Code::UnreadableFile };
            cx.report(
                Problem::at(code, file.place, format!("cannot read the body file: {error}"))
                    .label(path.display().to_string())
                    .help("`file` is relative to the directory of the file that names it, or to `[proxy] files`"),
            );
            (media, Bytes::new())
        }
    }
}

/// The path of a body file, if it lies in its directory, all links followed.
fn inside(file: &At<String>, directory: &Path, cx: &mut Context<'_>) -> Option<PathBuf> {
    let path = Path::new(&file.value);
    let outside = |label: String| {
        Problem::at(Code::FileOutside, file.place, "a body file lies in its directory")
            .label(label)
            .help("write a path below the directory of this file, or name another one in `[proxy] files`")
    };
    if path.is_absolute() || path.components().any(|part| matches!(part, Component::ParentDir)) || file.value.is_empty()
    {
        cx.report(outside("neither an absolute path nor `..`".to_owned()));
        return None;
    }
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let full = directory.join(path);
    // Links are followed before the check, so that a link cannot lead out. A missing file is reported by its reader.
    if let (Ok(real), Ok(root)) = (full.canonicalize(), directory.canonicalize())
        && !real.starts_with(&root)
    {
        cx.report(outside("a link leads out of it".to_owned()));
        return None;
    }
    Some(full)
}

fn decoded(encoded: &At<String>, cx: &mut Context<'_>) -> Bytes {
    let compact: String = encoded.value.split_ascii_whitespace().collect();
    match base64::engine::general_purpose::STANDARD.decode(&compact) {
        Ok(bytes) => Bytes::from(bytes),
        Err(error) => {
            cx.report(
                Problem::at(Code::BadBase64, encoded.place, "the body is no base64").label(bad_base64(&error)).help(
                    if compact.starts_with("data:") {
                        "leave out what stands before the comma: `data:…;base64,`"
                    } else if compact.contains(['-', '_']) {
                        "this looks like the alphabet for URLs: write `+` for `-`, and `/` for `_`"
                    } else {
                        "the alphabet is the standard one, with padding; white space does not count"
                    },
                ),
            );
            Bytes::new()
        }
    }
}

fn bad_base64(error: &base64::DecodeError) -> String {
    match error {
        base64::DecodeError::InvalidByte(at, byte) => {
            format!("`{}`, character {}, is none of it", char::from(*byte).escape_default(), at + 1)
        }
        base64::DecodeError::InvalidLength(_) => "the last group of four is not complete".to_owned(),
        base64::DecodeError::InvalidLastSymbol(..) => "its last character leaves bits over".to_owned(),
        base64::DecodeError::InvalidPadding => "the padding `=` at its end is missing or too long".to_owned(),
    }
}

/// The media type that `type` names.
fn media_type(kind: &At<String>, cx: &mut Context<'_>) -> Option<String> {
    Some(match kind.value.as_str() {
        "json" => "application/json".to_owned(),
        "text" => "text/plain; charset=utf-8".to_owned(),
        "html" => "text/html; charset=utf-8".to_owned(),
        "xml" => "application/xml".to_owned(),
        other => {
            let sound = other.parse::<mime_guess::Mime>().is_ok_and(|media| media.subtype() != "");
            if !sound {
                let slip =
                    nearest(other, ["json", "text", "html", "xml"]).map(|slip| format!("did you mean {slip:?}?"));
                cx.report(
                    Problem::at(Code::BadType, kind.place, format!("{other:?} is no media type"))
                        .help("write \"json\", \"text\", \"html\", \"xml\", or a media type such as \"application/problem+json\"")
                        .maybe_help(slip),
                );
                return None;
            }
            other.to_owned()
        }
    })
}

fn implied_by_extension(file: &str) -> String {
    let media = mime_guess::from_path(file).first_or_octet_stream();
    if media.type_() == "text" && media.get_param("charset").is_none() {
        format!("{media}; charset=utf-8")
    } else {
        media.to_string()
    }
}

/// Whether a body of this type is text, so that a later version would look for templates in it.
fn is_text(media: &str) -> bool {
    let essence = media.split(';').next().unwrap_or(media).trim();
    matches!(essence, "json" | "text" | "html" | "xml")
        || essence.starts_with("text/")
        || ["json", "xml", "javascript", "x-www-form-urlencoded", "yaml"].iter().any(|end| essence.ends_with(end))
}

fn template_in_json(value: &serde_json::Value, place: Place, cx: &mut Context<'_>) {
    fn found(value: &serde_json::Value) -> bool {
        match value {
            serde_json::Value::String(text) => is_template(text),
            serde_json::Value::Array(items) => items.iter().any(found),
            serde_json::Value::Object(map) => map.values().any(found),
            _ => false,
        }
    }
    if found(value) {
        report_template(place, cx);
    }
}

fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

fn template(text: &str, place: Place, cx: &mut Context<'_>) {
    if is_template(text) {
        report_template(place, cx);
    }
}

/// Reports a template: what this version would send as it stands, a later one would fill in. The caret stands at the
/// first one, unless it lies in another file.
fn report_template(place: Place, cx: &mut Context<'_>) {
    let source = &cx.sources.get(place.source).text;
    let text = source.get(place.start as usize..place.end as usize).unwrap_or("");
    let first = ["{{", "{%"].iter().filter_map(|open| text.find(open)).min();
    let (place, label) = match first {
        Some(at) => {
            let start = place.start + at as u32;
            (Place { start, end: start + 2, ..place }, "a template begins here")
        }
        None => (place, "the file holds `{{` or `{%`"),
    };
    cx.report(
        Problem::at(Code::TemplateNotAvailable, place, "templates are not available in this version")
            .label(label)
            .help("write the value out; a later version fills templates in"),
    );
}
