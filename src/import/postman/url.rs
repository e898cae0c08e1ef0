//! The URL of a saved request: its path, segment by segment, and its query.
//!
//! Scheme, host and port are left out: Postman compares the path alone. A URL is written as one text first and read from
//! it after its variables were filled in, so that a base URL may bring a path of its own (reference, section 2.4).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::token;
use super::variables::Variables;
use crate::import::json::{Kind, Node, Object};

/// Path and query of a saved request.
#[derive(Debug, Default, PartialEq)]
pub struct Url {
    /// The segments, in a normal form: no dot segments, no empty ones but the last.
    pub path: Vec<Segment>,
    /// Keys and values, decoded, in order.
    pub query: Vec<(String, String)>,
    /// Why no request can have this path.
    pub fault: Option<&'static str>,
    /// What is worth a word to whoever wrote it.
    pub remarks: Vec<String>,
}

/// One segment of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// This text, percent-encoded or not.
    Literal(String),
    /// Any one segment; the name under which it is known.
    Wildcard(String),
}

/// Reads the `url` of a request, in any of its forms.
pub fn read(node: Option<Node<'_>>, variables: &Variables) -> Url {
    let Some(node) = node else { return finish("", None, &[], variables) };
    if let Some(text) = node.text() {
        return finish(&text, None, &[], variables);
    }
    let url = Object::of(node);
    let values: Vec<(String, String)> =
        url.get("variable").map(|list| path_variables(list, variables)).unwrap_or_default();
    let (host, path) = (url.get("host"), url.get("path"));
    if host.is_none() && path.is_none() && url.get("query").is_none() {
        return finish(&url.text("raw").unwrap_or_default(), None, &values, variables);
    }
    let mut text = String::new();
    if let Some(protocol) = url.text("protocol").filter(|protocol| !protocol.is_empty()) {
        text.push_str(protocol.trim_end_matches([':', '/']));
        text.push_str("://");
    }
    text.push_str(&joined(host, "."));
    if let Some(port) = url.scalar("port").filter(|port| !port.is_empty()) {
        text.push(':');
        text.push_str(&port);
    }
    let path = joined(path, "/");
    if !path.is_empty() && !path.starts_with('/') {
        text.push('/');
    }
    text.push_str(&path);
    finish(&text, url.get("query"), &values, variables)
}

/// What the parts of a list come to; a text stands for itself.
fn joined<'t>(node: Option<Node<'t>>, by: &str) -> Cow<'t, str> {
    let Some(node) = node else { return Cow::Borrowed("") };
    match node.kind() {
        Kind::Array => {
            let part =
                |node: &Node<'t>| node.scalar().or_else(|| Object::of(*node).scalar("value")).unwrap_or_default();
            Cow::Owned(node.items().iter().map(part).collect::<Vec<_>>().join(by))
        }
        _ => node.scalar().unwrap_or_default(),
    }
}

/// The values of `:name` segments. Of a name that stands twice the last one counts.
fn path_variables(list: Node<'_>, variables: &Variables) -> Vec<(String, String)> {
    let read = |node: Node<'_>| {
        let variable = Object::of(node);
        let name = variable.text("key").or_else(|| variable.text("id"))?;
        let value = variable.scalar("value").unwrap_or_default();
        (!variable.is_disabled()).then(|| (name.into_owned(), variables.fill(&value).into_owned()))
    };
    let mut values: Vec<_> = list.items().into_iter().filter_map(read).collect();
    values.reverse();
    values
}

fn finish(text: &str, query: Option<Node<'_>>, values: &[(String, String)], variables: &Variables) -> Url {
    let filled = variables.fill(text);
    let whole = filled.trim();
    let whole = whole.split('#').next().unwrap_or("");
    let (address, own) = whole.split_once('?').unwrap_or((whole, ""));
    let mut url = Url::default();
    match query.filter(|list| list.kind() == Kind::Array) {
        Some(list) => {
            url.query = list.items().into_iter().filter_map(|pair| parameter(pair, variables)).collect();
            // What a base URL brings along counts too.
            url.query.splice(0..0, pairs(own));
        }
        None => {
            let text = query.and_then(|query| query.text());
            let filled = text.as_ref().map(|text| variables.fill(text));
            url.query = pairs(own);
            url.query.extend(filled.map(|text| pairs(&text)).unwrap_or_default());
        }
    }
    // Two slashes that a variable brought about are no host: a base URL of `/` is meant to be one.
    let has_host = text.trim_start().starts_with("//") || !address.starts_with('/');
    segments(if has_host { path_of(address) } else { address }, values, &mut url);
    url
}

/// One entry of `query`; a key without a value has an empty one.
fn parameter(node: Node<'_>, variables: &Variables) -> Option<(String, String)> {
    if let Some(text) = node.text() {
        return pairs(&variables.fill(&text)).into_iter().next();
    }
    let pair = Object::of(node);
    let (key, value) = (pair.scalar("key").unwrap_or_default(), pair.scalar("value").unwrap_or_default());
    if pair.is_disabled() || (key.is_empty() && value.is_empty()) {
        return None;
    }
    Some((decoded(&variables.fill(&key)), decoded(&variables.fill(&value))))
}

/// The pairs of a query, as Standin reads those of a request.
fn pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).map(|(key, value)| (key.into_owned(), value.into_owned())).collect()
}

/// Part of a query as it arrives: `+` is a space, `%41` is an `A`.
fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// What follows scheme, host and port.
fn path_of(address: &str) -> &str {
    let rest = match address.find("://") {
        // In the path it is part of another URL.
        Some(at) if !address[..at].contains('/') => &address[at + 3..],
        _ => address.strip_prefix("//").unwrap_or(address),
    };
    rest.find('/').map_or("", |at| &rest[at..])
}

/// Resolves `:name`, tells wildcards from text, and brings the path into the form in which matching sees it.
fn segments(path: &str, values: &[(String, String)], url: &mut Url) {
    let mut parts: Vec<Segment> = Vec::new();
    for part in path.strip_prefix('/').unwrap_or(path).split('/') {
        match named(part, values) {
            Named::Text(text) => {
                if part.starts_with(':') && text.starts_with('<') && text.ends_with('>') {
                    url.remarks.push(format!(
                        "only the text `{text}` fits `{part}`: clear the variable's value to fit any text"
                    ));
                }
                parts.extend(text.split('/').map(|text| match token::whole(text) {
                    Some(name) => Segment::Wildcard(name.to_owned()),
                    None => Segment::Literal(text.to_owned()),
                }));
            }
            Named::Free(name) => parts.push(Segment::Wildcard(name.to_owned())),
            Named::Stuck(name) => {
                url.remarks.push(format!(
                    "`{part}` is taken as it stands: `{name}` has no value, and is only part of a segment"
                ));
                parts.push(Segment::Literal(part.to_owned()));
            }
        }
    }
    let last = parts.len() - 1;
    for (at, part) in parts.into_iter().enumerate() {
        let text = match &part {
            Segment::Literal(text) => percent_decode_str(text).collect::<Vec<u8>>(),
            Segment::Wildcard(_) => {
                url.path.push(part);
                continue;
            }
        };
        match text.as_slice() {
            b"" | b"." if at < last => {}
            b"." => url.path.push(Segment::Literal(String::new())),
            b".." => {
                if url.path.pop().is_none() {
                    url.fault = Some("its path climbs above the root");
                }
                if at == last {
                    url.path.push(Segment::Literal(String::new()));
                }
            }
            text => {
                if text.contains(&b'\\') || text.contains(&0) {
                    url.fault = Some("its path holds a backslash or a NUL, and such requests are refused");
                }
                url.path.push(part);
            }
        }
    }
    if url.path.is_empty() {
        url.path.push(Segment::Literal(String::new()));
    }
}

/// What a segment of a path comes to.
enum Named<'a> {
    /// This text, which may hold slashes.
    Text(Cow<'a, str>),
    /// `:name` without a value.
    Free(&'a str),
    /// `:name.json` without a value.
    Stuck(&'a str),
}

/// Resolves `:name` and `:name.json`: a name ends at the first dot.
fn named<'a>(part: &'a str, values: &'a [(String, String)]) -> Named<'a> {
    let rest = part.strip_prefix(':').unwrap_or("");
    let (name, suffix) = rest.split_at(rest.find('.').unwrap_or(rest.len()));
    if name.is_empty() {
        return Named::Text(Cow::Borrowed(part));
    }
    let value = values.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str());
    match (value, suffix) {
        (Some(value), "") => Named::Text(Cow::Borrowed(value)),
        (Some(value), suffix) => Named::Text(Cow::Owned(format!("{value}{suffix}"))),
        (None, "") => Named::Free(name),
        (None, _) => Named::Stuck(name),
    }
}

#[cfg(test)]
mod tests;
