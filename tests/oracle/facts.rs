//! What a request says, taken apart by the text of the rules.

use std::fmt;

use serde_json::Value;

/// A request as a value.
#[derive(Clone)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.method, self.target)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        if self.body.is_empty() { Ok(()) } else { writeln!(f, "\n{}", self.body) }
    }
}

/// Everything that a condition may look at.
pub struct Facts {
    /// Path and query as they were sent.
    pub target: String,
    /// The normal form; a last empty segment is a trailing slash.
    pub path: Vec<String>,
    pub query: Vec<(String, String)>,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub cookies: Vec<(String, String)>,
    pub body: String,
    /// `None` where the body is no form.
    pub form: Option<Vec<(String, String)>>,
    /// `None` where the body is no JSON.
    pub json: Option<Value>,
}

impl Facts {
    /// `None` for a path that is refused before matching.
    pub fn of(request: &Request) -> Option<Facts> {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let headers: Vec<(String, String)> =
            request.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect();
        let media = headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| media_type(value));
        let is_form = media.is_none_or(|media| media == "application/x-www-form-urlencoded");
        let body = request.body.clone();
        let form = is_form.then(|| pairs(&body));
        let json = serde_json::from_str(&body).ok();
        let cookies = headers.iter().filter(|(name, _)| name == "cookie").flat_map(|(_, line)| cookies(line)).collect();
        let target = request.target.clone();
        Some(Facts { target, path: normal_form(path)?, query: pairs(query), headers, cookies, body, form, json })
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A host without port and final dot, in lower case.
pub fn bare_host(host: &str) -> String {
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

fn media_type(value: &str) -> String {
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Split at raw slashes, each segment decoded, doubled slashes collapsed, dot segments resolved.
fn normal_form(path: &str) -> Option<Vec<String>> {
    let mut decoded = Vec::new();
    for raw in path.strip_prefix('/')?.split('/') {
        let segment = percent_decoded(raw)?;
        if segment.contains(['\\', '\0']) {
            return None;
        }
        decoded.push(segment);
    }
    // An empty segment before the last is a doubled slash; the last one is the trailing slash.
    let last = decoded.len() - 1;
    let collapsed = decoded.iter().enumerate().filter(|(i, segment)| *i == last || !segment.is_empty());
    let mut segments: Vec<String> = Vec::new();
    let mut open = false;
    for (_, segment) in collapsed {
        open = matches!(segment.as_str(), "." | "..");
        match segment.as_str() {
            "." => {}
            ".." => drop(segments.pop()?),
            _ => segments.push(segment.clone()),
        }
    }
    // `/a/.` and `/a/b/..` name the folder `/a/` (RFC 3986, 5.2.4).
    if open {
        segments.push(String::new());
    }
    Some(segments)
}

fn percent_decoded(raw: &str) -> Option<String> {
    let bytes = raw.as_bytes();
    let mut out = Vec::new();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] == b'%' {
            out.push(hex_pair(bytes, i + 1)?);
            i += 3;
        } else {
            out.push(bytes[i]);
            i += 1;
        }
    }
    Some(String::from_utf8(out).expect("the alphabets spell UTF-8 only"))
}

fn hex_pair(bytes: &[u8], at: usize) -> Option<u8> {
    let digit = |i: usize| bytes.get(i).and_then(|byte| (*byte as char).to_digit(16));
    Some((digit(at)? * 16 + digit(at + 1)?) as u8)
}

/// Name and value pairs, as of a form: `+` is a space, a lone `%` stands for itself.
fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (form_decoded(name), form_decoded(value)))
        .collect()
}

fn form_decoded(raw: &str) -> String {
    let bytes = raw.as_bytes();
    let mut out = Vec::new();
    let mut i = 0;
    while i < bytes.len() {
        match (bytes[i], hex_pair(bytes, i + 1)) {
            (b'%', Some(byte)) => {
                out.push(byte);
                i += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        i += 1;
    }
    String::from_utf8(out).expect("the alphabets spell UTF-8 only")
}

fn cookies(line: &str) -> Vec<(String, String)> {
    let pairs = line.split(';').filter_map(|item| item.split_once('='));
    pairs.map(|(name, value)| (name.trim().into(), bare(value.trim()))).collect()
}

fn bare(value: &str) -> String {
    value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value).into()
}
