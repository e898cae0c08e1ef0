//! The pages of the web UI: files that are part of the binary, served as they are in the sources.
//!
//! A name is looked up in a list and never in a file system, so that there is no path to break out of. Every address of
//! the UI gets the same page, whose scripts look at the address. They ask the public API like everybody else, so that the
//! files themselves are shown before anybody has signed in.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Admin;
use super::error::ApiError;

/// Declares the files of `ui/`.
macro_rules! files {
    ($($name:literal,)+) => {
        /// Names and contents.
        const FILES: &[(&str, &[u8])] = &[$( ($name, include_bytes!(concat!("ui/", $name))), )+];
    };
}

files! {
    "api.js", "base.css", "call.js", "calls.css", "calls.js", "config.js", "dom.js", "filters.js", "format.js", "icon.svg",
    "index.html", "live.js", "main.js", "message.js", "mock.js", "mocks.css", "mocks.js", "overrides.js", "parts.css",
    "parts.js", "route.js", "rows.js", "scenario.js", "server.js", "session.js", "settings.js", "shell.css", "stubs.js",
    "switch.js", "test.js", "theme.js", "usage.js", "why.js", "words.js",
}

/// The page that all addresses of the UI get.
const PAGE: &str = "index.html";
/// These addresses.
const ADDRESSES: &[&str] = &["/", "/mocks", "/mocks/{mock}", "/calls", "/overrides", "/config", "/usage"];

/// The routes of the pages, which are no part of the API.
pub fn routes() -> Router<Arc<Admin>> {
    let router = Router::new().route("/ui/{file}", get(file));
    ADDRESSES.iter().fold(router, |router, address| router.route(address, get(page)))
}

async fn page(headers: HeaderMap) -> Response {
    show(PAGE, &headers)
}

/// Whether a person asks, with a browser.
pub fn is_wanted(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).iter().any(|value| value.as_bytes().windows(9).any(|part| part == b"text/html"))
}

/// The page for an address where there is none: it says so.
pub fn nothing() -> Response {
    (StatusCode::NOT_FOUND, show(PAGE, &HeaderMap::new())).into_response()
}

async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    show(&name, &headers)
}

/// A file, or word that the caller has it already: a browser keeps files, and asks each time whether they have changed.
fn show(wanted: &str, headers: &HeaderMap) -> Response {
    let Some((name, bytes)) = FILES.iter().find(|(name, _)| *name == wanted) else {
        return ApiError::no_such("file", wanted, FILES.iter().map(|(name, _)| *name)).into_response();
    };
    let tag = tag(bytes);
    let fields = [(CACHE_CONTROL, HeaderValue::from_static("no-cache")), (ETAG, tag.clone())];
    if has(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, fields).into_response();
    }
    (fields, [(CONTENT_TYPE, kind(name))], *bytes).into_response()
}

/// A name for these bytes, the same in each process of one build.
fn tag(bytes: &[u8]) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    // Hexadecimal digits between quotation marks are a value.
    HeaderValue::try_from(format!("\"{:016x}\"", hasher.finish())).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Whether the caller says that it has what is tagged so (RFC 9110, 13.1.2: compared weakly).
fn has(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let fields = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = fields.flat_map(|field| field.split(',')).map(|one| one.trim().trim_start_matches("W/"));
    tags.any(|one| one == "*" || one.as_bytes() == tag.as_bytes())
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed() -> Vec<&'static str> {
        FILES.iter().map(|(name, _)| *name).collect()
    }

    #[test]
    fn every_file_of_the_folder_is_listed_with_its_kind() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/admin/ui");
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let mut names: Vec<String> = entries
            .filter(|entry| entry.file_type().unwrap().is_file())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(listed(), names);
        assert!(names.iter().all(|name| kind(name) != "application/octet-stream"));
    }

    #[test]
    fn a_browser_that_has_a_file_is_told_so() {
        let ask = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::try_from(value).unwrap());
            show("dom.js", &headers).status()
        };
        let tag = tag(FILES.iter().find(|(name, _)| *name == "dom.js").unwrap().1);
        let tag = tag.to_str().unwrap();
        assert_eq!(ask(tag), StatusCode::NOT_MODIFIED);
        assert_eq!(ask(&format!("\"other\", W/{tag}")), StatusCode::NOT_MODIFIED);
        assert_eq!(ask("\"other\""), StatusCode::OK);
    }

    #[test]
    fn no_file_is_too_long_to_read_and_none_has_what_the_policy_forbids() {
        for (name, bytes) in FILES {
            let text = std::str::from_utf8(bytes).unwrap();
            assert!(text.lines().count() <= 300, "{name} has {} lines", text.lines().count());
            for forbidden in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "eval(",
                "document.write",
                " style=",
                "<script>",
                "<style",
            ] {
                assert!(!text.contains(forbidden), "{name}: {forbidden}");
            }
            assert!(!text.replace("http://www.w3.org/", "").contains("://") || !name.ends_with("html"), "{name}");
        }
    }
}
