//! Paths of operations and servers as `match` has them.

use std::fmt::Write as _;

use super::document::Document;
use crate::import::tree::Node;
use crate::stubs::path_template::Template;

/// A path as `match` has it.
#[derive(Debug, Default, PartialEq)]
pub struct Path {
    /// The path, with the query that it demands.
    pub text: String,
    /// Parameters that are only part of a segment: the name, and the regular expression of the whole segment.
    pub parts: Vec<(String, String)>,
    /// Keys of the query that must be there.
    pub asked: Vec<String>,
    /// The same text without names: what no other path may have.
    pub shape: String,
    /// How much of partial segments is literal: the more, the earlier it is tried.
    pub literal: usize,
}

/// Reads the path of an operation.
///
/// # Errors
/// Why no request can have it.
pub fn path(text: &str) -> Result<Path, String> {
    if text.contains('#') {
        return Err("no request carries what stands behind `#`".to_owned());
    }
    let (path, query) = text.split_once('?').map_or((text, ""), |(path, query)| (path, query));
    let Some(rest) = path.strip_prefix('/') else { return Err("a path begins with `/`".to_owned()) };
    let mut out = Path::default();
    let mut names: Vec<String> = Vec::new();
    let segments: Vec<&str> = rest.split('/').collect();
    for (at, segment) in segments.iter().enumerate() {
        out.text.push('/');
        out.shape.push('/');
        let is_last = at + 1 == segments.len();
        match segment
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
            .filter(|name| !name.contains(['{', '}']))
        {
            // As API gateways write what takes all that is left.
            Some(name) if is_last && name.ends_with('+') => {
                let _ = write!(out.text, "{{{}...}}", named(name, &mut names));
                out.shape.push_str("{...}");
            }
            Some(name) => {
                let _ = write!(out.text, "{{{}}}", named(name, &mut names));
                out.shape.push_str("{}");
            }
            None if segment.contains('{') => {
                let (name, pattern, literal) = partial(segment)?;
                let name = named(name, &mut names);
                let _ = write!(out.text, "{{{name}}}");
                let _ = write!(out.shape, "{{{pattern}}}");
                out.literal += literal;
                out.parts.push((name, pattern));
            }
            None => {
                let literal = literal(segment);
                out.text.push_str(&literal);
                out.shape.push_str(&literal);
            }
        }
    }
    Template::parse(&out.text).map_err(|fault| fault.to_string())?;
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        if value.is_empty() || value.contains('{') {
            out.asked.push(key.into_owned());
        } else {
            pairs.append_pair(&key, &value);
        }
    }
    let pairs = pairs.finish();
    if !pairs.is_empty() {
        let _ = write!(out.text, "?{pairs}");
    }
    let _ = write!(out.shape, "?{pairs}&{}", out.asked.join("&"));
    Ok(out)
}

/// A segment with parameters and other text in it: its first name, its regular expression, how much of it is literal.
fn partial(segment: &str) -> Result<(&str, String, usize), String> {
    let (mut pattern, mut literal, mut first) = ("^".to_owned(), 0, None);
    let mut rest = segment;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            return Err(format!("`{segment}`: a brace is not closed"));
        };
        pattern.push_str(&regex::escape(before));
        pattern.push_str(".+");
        literal += before.len();
        first = first.or(Some(name));
        rest = after;
    }
    pattern.push_str(&regex::escape(rest));
    pattern.push('$');
    Ok((first.unwrap_or_default(), pattern, literal + rest.len()))
}

/// A name that `match` takes and that its path does not have yet.
fn named(name: &str, names: &mut Vec<String>) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
    let base: String = name.trim_end_matches(['+', '*']).chars().map(plain).collect();
    let base = if base.is_empty() { "value".to_owned() } else { base };
    let free = |name: &String| !names.contains(name);
    let name = std::iter::once(base.clone()).chain((2..).map(|number| format!("{base}_{number}"))).find(free);
    let name = name.unwrap_or(base);
    names.push(name.clone());
    name
}

/// A literal segment: what `match` would take for something else is percent-encoded.
fn literal(segment: &str) -> String {
    let mut out = String::with_capacity(segment.len());
    let bytes = segment.as_bytes();
    for (at, c) in segment.char_indices() {
        let is_escape = c == '%' && bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        let strange = c.is_whitespace() || c.is_control() || matches!(c, '*' | '}') || (c == ':' && at == 0);
        if strange || (c == '%' && !is_escape) {
            let mut buffer = [0; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                let _ = write!(out, "%{byte:02X}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// The paths of servers, each once, without a slash at their ends; the nearest list counts. Without servers the one path
/// is empty.
///
/// # Errors
/// Servers whose paths cannot be read, with the reason.
pub fn bases<'t>(lists: &[Option<Node<'t>>], document: &Document<'t>) -> (Vec<String>, Vec<(Node<'t>, String)>) {
    let servers = lists.iter().flatten().find(|list| list.items().len() > 0);
    let (mut found, mut strange) = (Vec::new(), Vec::new());
    for server in servers.into_iter().flat_map(|list| list.items()) {
        let server = document.resolve(server);
        let Some(url) = server.text_at("url") else {
            strange.push((server, "it has no `url`".to_owned()));
            continue;
        };
        match base(&filled(url, server)) {
            Ok(base) if found.contains(&base) => {}
            Ok(base) => found.push(base),
            Err(why) => strange.push((server, why)),
        }
    }
    if found.is_empty() {
        found.push(String::new());
    }
    (found, strange)
}

/// The URL of a server, its variables filled in with their defaults.
fn filled(url: &str, server: Node<'_>) -> String {
    let mut url = url.to_owned();
    for (_, name, variable) in server.get("variables").into_iter().flat_map(|variables| variables.members()) {
        let default = variable.get("default");
        let number = default.and_then(|default| default.number()).map(ToString::to_string);
        let text = default.and_then(|default| default.text().map(str::to_owned)).or(number).unwrap_or_default();
        url = url.replace(&format!("{{{name}}}"), &text);
    }
    url
}

fn base(url: &str) -> Result<String, String> {
    // Behind scheme and host, or, of a relative URL, from its first slash on.
    let path = match url.split_once("//") {
        Some((scheme, rest)) if scheme.is_empty() || scheme.ends_with(':') => {
            rest.find('/').map_or("", |at| &rest[at..])
        }
        _ => url,
    };
    let path = path.split(['?', '#']).next().unwrap_or("").trim_end_matches('/');
    let path = path.strip_prefix("./").or(path.strip_prefix('.')).unwrap_or(path);
    let path = if path.is_empty() || path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let text: Vec<String> = path.split('/').map(literal).collect();
    let text = text.join("/");
    if text.contains('{') {
        return Err(format!("`{path}`: a variable without a default"));
    }
    if !text.is_empty() {
        Template::parse(&text).map_err(|fault| format!("`{path}`: {fault}"))?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_what_match_has() {
        for (text, expected) in [
            ("/", "/"),
            ("/pets/{petId}", "/pets/{petId}"),
            ("/pets/", "/pets/"),
            ("/a/{x.y}/{x y}", "/a/{x_y}/{x_y_2}"),
            ("/files/{path+}", "/files/{path...}"),
            ("/a b/:c/d*/100%/%20", "/a%20b/%3Ac/d%2A/100%25/%20"),
            ("/a?b=c d&e=f", "/a?b=c+d&e=f"),
        ] {
            assert_eq!(path(text).unwrap().text, expected, "{text}");
        }
    }

    #[test]
    fn a_parameter_that_is_part_of_a_segment_is_narrowed() {
        let read = path("/a/{Sid}.json/{x}-{y}").unwrap();
        assert_eq!(read.text, "/a/{Sid}/{x}");
        let parts: Vec<(&str, &str)> = read.parts.iter().map(|(name, re)| (name.as_str(), re.as_str())).collect();
        assert_eq!(parts, [("Sid", r"^.+\.json$"), ("x", r"^.+\-.+$")]);
        assert_eq!((path("/a/{b}").unwrap().shape, read.literal), (path("/a/{c}").unwrap().shape, 6));
        assert_ne!(path("/a/{b}.json").unwrap().shape, path("/a/{b}.xml").unwrap().shape);
    }

    #[test]
    fn what_a_query_must_have_is_asked_for() {
        let read = path("/a?b&c={d}&e=1").unwrap();
        assert_eq!((read.text.as_str(), read.asked), ("/a?e=1", vec!["b".to_owned(), "c".to_owned()]));
    }

    #[test]
    fn a_path_that_no_request_can_have_says_why() {
        for (text, why) in
            [("a", "begins with"), ("/#x", "behind `#`"), ("/a//b", "doubled"), ("/{a", "not closed"), ("/%00", "")]
        {
            let fault = path(text).unwrap_err();
            assert!(fault.contains(why), "{text}: {fault}");
        }
    }

    #[test]
    fn a_server_has_a_path() {
        for (url, expected) in [
            ("https://api.test/v1/", "/v1"),
            ("https://api.test", ""),
            ("//api.test/v1", "/v1"),
            ("/v1/x?y#z", "/v1/x"),
            ("v1", "/v1"),
            ("./v1", "/v1"),
            ("/", ""),
            (".", ""),
        ] {
            assert_eq!(base(url).unwrap(), expected, "{url}");
        }
        assert!(base("https://x/{v}").unwrap_err().contains("without a default"));
        assert!(base("https://x/a//b").is_err());
    }
}
