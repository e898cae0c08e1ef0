//! Bodies: text, files and base64, with the media type that each implies.

use std::path::{Component, Path, PathBuf};

use base64::Engine as _;
use bytes::Bytes;

use super::Context;
use super::files::ReadError;
use super::response::Bodies;
use super::templates::Draft;
use crate::file::read::At;
use crate::problem::{Code, Place, Problem, nearest};
use crate::stubs::template::Body;

pub(super) fn text_body(
    text: At<String>,
    kind: Option<&At<String>>,
    draft: &mut Draft<'_>,
    cx: &mut Context<'_>,
) -> (String, Body) {
    let media = "text/plain; charset=utf-8".to_owned();
    if draft.takes(&text.value) {
        return (media, draft.text(&text.value, "body", text.place, cx));
    }
    if kind.is_some_and(|kind| kind.value == "json")
        && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&text.value)
    {
        cx.report(
            Problem::at(Code::BadJson, text.place, "the body is said to be JSON and is none")
                .label(error.to_string())
                .help("mend it, or say `type = \"text\"` and set `content-type` to serve it as it is"),
        );
    }
    (media, Body::Static(text.value.into()))
}

pub(super) fn file_body(
    file: &At<String>,
    kind: Option<&At<String>>,
    bodies: &Bodies<'_>,
    draft: &mut Draft<'_>,
    cx: &mut Context<'_>,
) -> (String, Body) {
    let media = implied_by_extension(&file.value);
    let nothing = Body::Static(Bytes::new());
    let Some(path) = inside(file, bodies.directory, "a body file", cx) else { return (media, nothing) };
    match cx.files.read(&path) {
        Ok(bytes) => {
            let kind = kind.map_or(media.as_str(), |kind| kind.value.as_str());
            if is_text(kind)
                && let Ok(text) = std::str::from_utf8(&bytes)
                && draft.takes(text)
            {
                let source = cx.sources.add(path.display().to_string(), text);
                let place = Place { source, start: 0, end: text.len() as u32 };
                return (media, draft.text(text, "file", place, cx));
            }
            (media, Body::Static(bytes.into()))
        }
        Err(error) => {
            let code = if matches!(error, ReadError::TooLarge) { Code::FileTooLarge } else { Code::UnreadableFile };
            cx.report(
                Problem::at(code, file.place, format!("cannot read the body file: {error}"))
                    .label(path.display().to_string())
                    .help("`file` is relative to the directory of the file that names it, or to `[proxy] files`"),
            );
            (media, nothing)
        }
    }
}

/// The path of a file, if it lies in its directory, all links followed; `what` is what a report calls it.
pub(super) fn inside(file: &At<String>, directory: &Path, what: &str, cx: &mut Context<'_>) -> Option<PathBuf> {
    let path = Path::new(&file.value);
    let outside = |label: String| {
        Problem::at(Code::FileOutside, file.place, format!("{what} lies in its directory"))
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

pub(super) fn decoded(encoded: &At<String>, cx: &mut Context<'_>) -> Bytes {
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

pub(super) fn bad_base64(error: &base64::DecodeError) -> String {
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
pub(super) fn media_type(kind: &At<String>, cx: &mut Context<'_>) -> Option<String> {
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

pub(super) fn implied_by_extension(file: &str) -> String {
    let media = mime_guess::from_path(file).first_or_octet_stream();
    if media.type_() == "text" && media.get_param("charset").is_none() {
        format!("{media}; charset=utf-8")
    } else {
        media.to_string()
    }
}

/// Whether a body of this type is text, and may be a template.
pub(super) fn is_text(media: &str) -> bool {
    let essence = media.split(';').next().unwrap_or(media).trim();
    matches!(essence, "json" | "text" | "html" | "xml")
        || essence.starts_with("text/")
        || ["json", "xml", "javascript", "x-www-form-urlencoded", "yaml"].iter().any(|end| essence.ends_with(end))
}
