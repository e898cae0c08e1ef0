//! The one normal form of a request path, and the templates that fit it.
//!
//! Matching never sees `.` and `..`, doubled slashes or percent-encodings: [`NormalPath`] has resolved them. The target
//! itself goes upstream as it was sent. The path is split at raw slashes first and decoded after, so an encoded slash
//! stays inside its segment; in the normal form it is a NUL, which no path can hold, since `%00` is refused.

use std::borrow::Cow;

/// Why a path has no normal form. Each is answered with 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    /// The target is neither a path nor `*`.
    #[error("the request target is not a path")]
    NotAPath,
    /// A `%` without two hexadecimal digits behind it.
    #[error("a percent sign in the path is not followed by two hexadecimal digits")]
    BadEncoding,
    /// An encoded NUL.
    #[error("the path contains an encoded NUL")]
    Nul,
    /// A backslash, raw or encoded: servers disagree whether it is a slash.
    #[error("the path contains a backslash")]
    Backslash,
    /// More `..` than there are segments before it.
    #[error("the path climbs above the root")]
    AboveRoot,
}

/// A path with dot segments, doubled slashes and percent-encodings resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NormalPath<'a>(Cow<'a, [u8]>);

/// Stands for an encoded slash inside a segment.
const SLASH: u8 = 0;

impl<'a> NormalPath<'a> {
    /// Resolves a path as it was sent, without its query.
    ///
    /// # Errors
    /// Where the path must be refused: see [`PathFault`].
    pub fn of(path: &'a [u8]) -> Result<Self, PathFault> {
        if path == b"*" {
            return Ok(NormalPath(Cow::Borrowed(path)));
        }
        if path.first() != Some(&b'/') {
            return Err(PathFault::NotAPath);
        }
        if is_normal(path) {
            return Ok(NormalPath(Cow::Borrowed(path)));
        }
        let mut out: Vec<&[u8]> = Vec::new();
        let mut decoded: Vec<Cow<'_, [u8]>> = Vec::new();
        for segment in path[1..].split(|b| *b == b'/') {
            decoded.push(decode(segment)?);
        }
        let last = decoded.len() - 1;
        for (at, segment) in decoded.iter().enumerate() {
            match segment.as_ref() {
                b"" if at < last => {} // a doubled slash
                b"." if at < last => {}
                b"." => out.push(b""),
                b".." => {
                    if out.pop().is_none() {
                        return Err(PathFault::AboveRoot);
                    }
                    if at == last {
                        out.push(b"");
                    }
                }
                segment => out.push(segment),
            }
        }
        let mut joined = Vec::with_capacity(path.len());
        for segment in out {
            joined.push(b'/');
            joined.extend_from_slice(segment);
        }
        if joined.is_empty() {
            joined.push(b'/');
        }
        Ok(NormalPath(Cow::Owned(joined)))
    }

    /// The bytes of the normal form; an encoded slash is a NUL.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The segments, without the leading slash; none for `*`.
    pub fn segments(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.0.strip_prefix(b"/").into_iter().flat_map(|rest| rest.split(|b| *b == b'/'))
    }

    /// The path as people read it, encoded slashes shown as slashes.
    pub fn readable(&self) -> Cow<'_, [u8]> {
        readable(&self.0)
    }
}

/// A captured value as people read it, with its slashes back.
pub fn readable(bytes: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(SLASH, bytes).is_none() {
        return Cow::Borrowed(bytes);
    }
    Cow::Owned(bytes.iter().map(|b| if *b == SLASH { b'/' } else { *b }).collect())
}

/// Whether a path is its own normal form; true for almost every real one, at the price of one pass.
fn is_normal(path: &[u8]) -> bool {
    let mut previous = 0;
    for byte in path {
        match *byte {
            b'%' | b'\\' | SLASH => return false,
            b'/' | b'.' if previous == b'/' => return false,
            _ => {}
        }
        previous = *byte;
    }
    true
}

/// Decodes one segment.
fn decode(segment: &[u8]) -> Result<Cow<'_, [u8]>, PathFault> {
    if memchr::memchr(b'\\', segment).is_some() {
        return Err(PathFault::Backslash);
    }
    if memchr::memchr(SLASH, segment).is_some() {
        return Err(PathFault::Nul);
    }
    if memchr::memchr(b'%', segment).is_none() {
        return Ok(Cow::Borrowed(segment));
    }
    let mut out = Vec::with_capacity(segment.len());
    let mut bytes = segment.iter();
    while let Some(byte) = bytes.next() {
        if *byte != b'%' {
            out.push(*byte);
            continue;
        }
        let (Some(high), Some(low)) = (bytes.next().and_then(|b| hex(*b)), bytes.next().and_then(|b| hex(*b))) else {
            return Err(PathFault::BadEncoding);
        };
        match high << 4 | low {
            0 => return Err(PathFault::Nul),
            b'\\' => return Err(PathFault::Backslash),
            b'/' => out.push(SLASH),
            byte => out.push(byte),
        }
    }
    Ok(Cow::Owned(out))
}

fn hex(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).map(|digit| digit as u8)
}

/// One segment of a template.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// These bytes.
    Literal(Box<[u8]>),
    /// Any one segment that is not empty.
    Param,
    /// All that is left, at least one segment, which may be empty. Always last.
    Rest,
}

/// The path part of a `match` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    segments: Box<[Segment]>,
    /// Parameter names by segment; anonymous ones have none.
    names: Box<[(Box<str>, u16)]>,
}

/// Why a template is malformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// It does not begin with a slash.
    #[error("a path begins with `/`")]
    NotAbsolute,
    /// A parameter is only part of a segment.
    #[error("`{0}`: a parameter is a whole segment")]
    PartialParameter(String),
    /// A `*` is only part of a segment.
    #[error("`{0}`: `*` stands for a whole segment")]
    PartialStar(String),
    /// A parameter's name is malformed.
    #[error("`{0}` is no parameter: a name is made of letters, digits, `_` and `-`")]
    BadParameter(String),
    /// A name stands twice.
    #[error("the parameter `{0}` stands twice")]
    DuplicateParameter(String),
    /// A rest parameter is not last.
    #[error("`{{{0}...}}` takes all that is left, so it stands last")]
    RestNotLast(String),
    /// It could never fit, since no request path has this in its normal form.
    #[error("{0}")]
    NeverNormal(PathFault),
    /// A doubled slash or a dot segment, which matching never sees.
    #[error("doubled slashes and dot segments never reach matching")]
    Collapsed,
    /// More than 65,535 segments.
    #[error("the path has too many segments")]
    TooLong,
}

impl Template {
    /// Reads `/users/{id}/{rest...}`; literal segments may be percent-encoded.
    ///
    /// # Errors
    /// A [`TemplateFault`] that says what is wrong with the first bad segment.
    pub fn parse(text: &str) -> Result<Self, TemplateFault> {
        let Some(rest) = text.strip_prefix('/') else { return Err(TemplateFault::NotAbsolute) };
        let parts: Vec<&str> = rest.split('/').collect();
        let last = parts.len() - 1;
        if last > usize::from(u16::MAX) - 1 {
            return Err(TemplateFault::TooLong);
        }
        let mut segments = Vec::with_capacity(parts.len());
        let mut names: Vec<(Box<str>, u16)> = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            if *part == "*" {
                segments.push(Segment::Param);
                continue;
            }
            if part.contains(['{', '}']) {
                let Some(name) = part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) else {
                    return Err(TemplateFault::PartialParameter((*part).to_owned()));
                };
                let (name, rest) = match name.strip_suffix("...") {
                    Some(name) => (name, true),
                    None => (name, false),
                };
                if !is_name(name) {
                    return Err(TemplateFault::BadParameter((*part).to_owned()));
                }
                if rest && at != last {
                    return Err(TemplateFault::RestNotLast(name.to_owned()));
                }
                if names.iter().any(|(other, _)| **other == *name) {
                    return Err(TemplateFault::DuplicateParameter(name.to_owned()));
                }
                names.push((name.into(), at as u16));
                segments.push(if rest { Segment::Rest } else { Segment::Param });
                continue;
            }
            if part.contains('*') {
                return Err(TemplateFault::PartialStar((*part).to_owned()));
            }
            let literal = decode(part.as_bytes()).map_err(TemplateFault::NeverNormal)?;
            if (literal.is_empty() && at != last) || matches!(literal.as_ref(), b"." | b"..") {
                return Err(TemplateFault::Collapsed);
            }
            segments.push(Segment::Literal(literal.into_owned().into()));
        }
        Ok(Template { segments: segments.into(), names: names.into() })
    }

    /// The same template below `base`.
    pub fn below(&self, base: &Template) -> Template {
        let shift = base.segments.len() as u16;
        Template {
            segments: base.segments.iter().chain(&self.segments).cloned().collect(),
            names: self.names.iter().map(|(name, at)| (name.clone(), at + shift)).collect(),
        }
    }

    /// Its segments.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The segment that the parameter `name` captures.
    pub fn parameter(&self, name: &str) -> Option<Parameter> {
        let (_, at) = self.names.iter().find(|(other, _)| **other == *name)?;
        Some(Parameter { at: *at, rest: self.segments[usize::from(*at)] == Segment::Rest })
    }

    /// The names of its parameters.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|(name, _)| &**name)
    }

    /// Whether every segment is literal; its path is then the only one it fits.
    pub fn literal_path(&self) -> Option<Vec<u8>> {
        let mut path = Vec::new();
        for segment in &self.segments {
            let Segment::Literal(bytes) = segment else { return None };
            path.push(b'/');
            path.extend_from_slice(bytes);
        }
        Some(path)
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Where a path parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Parameter {
    at: u16,
    rest: bool,
}

impl Parameter {
    /// What it captures of a path that its template fits.
    pub fn value<'p>(&self, path: &'p NormalPath<'_>) -> Option<Cow<'p, [u8]>> {
        if !self.rest {
            return path.segments().nth(usize::from(self.at)).map(readable);
        }
        let mut start = 1;
        for segment in path.segments().take(usize::from(self.at)) {
            start += segment.len() + 1;
        }
        path.as_bytes().get(start..).map(readable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(path: &str) -> String {
        match NormalPath::of(path.as_bytes()) {
            Ok(path) => String::from_utf8_lossy(path.as_bytes()).into_owned(),
            Err(fault) => format!("{fault:?}"),
        }
    }

    #[test]
    fn dot_segments_doubled_slashes_and_encodings_are_resolved() {
        for (sent, expected) in [
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("/a/", "/a/"),
            ("//a///b", "/a/b"),
            ("/a//", "/a/"),
            ("/a/./b", "/a/b"),
            ("/a/.", "/a/"),
            ("/a/..", "/"),
            ("/a/b/..", "/a/"),
            ("/a/b/../c", "/a/c"),
            ("/a/%2e%2E/c", "/c"),
            ("/a//../c", "/c"),
            ("/caf%C3%A9", "/café"),
            ("/a%2Fb", "/a\0b"),
            ("/a%252Fb", "/a%2Fb"),
            ("/...", "/..."),
            ("/.well-known/x", "/.well-known/x"),
            ("*", "*"),
        ] {
            assert_eq!(normal(sent), expected, "{sent}");
        }
    }

    #[test]
    fn paths_that_servers_read_differently_are_refused() {
        for (sent, expected) in [
            ("/%", "BadEncoding"),
            ("/%4", "BadEncoding"),
            ("/%zz", "BadEncoding"),
            ("/a%00", "Nul"),
            ("/a\\b", "Backslash"),
            ("/a%5cb", "Backslash"),
            ("/..", "AboveRoot"),
            ("/a/../../b", "AboveRoot"),
            ("/%2e%2e/b", "AboveRoot"),
            ("a", "NotAPath"),
            ("", "NotAPath"),
        ] {
            assert_eq!(normal(sent), expected, "{sent}");
        }
    }

    #[test]
    fn parameters_capture_their_segments() {
        let template = Template::parse("/users/{id}/files/{path...}").unwrap();
        let path = NormalPath::of(b"/users/a%2Fb/files/x/y/").unwrap();
        let value = |name| template.parameter(name).and_then(|p| p.value(&path).map(|v| v.into_owned()));
        assert_eq!(value("id").as_deref(), Some(&b"a/b"[..]));
        assert_eq!(value("path").as_deref(), Some(&b"x/y/"[..]));
        assert_eq!(value("nothing"), None);
    }

    #[test]
    fn malformed_templates_say_why() {
        for (text, expected) in [
            ("users", "a path begins with `/`"),
            ("/file-{x}.json", "`file-{x}.json`: a parameter is a whole segment"),
            ("/a*", "`a*`: `*` stands for a whole segment"),
            ("/{}", "`{}` is no parameter: a name is made of letters, digits, `_` and `-`"),
            ("/{a}/{a}", "the parameter `a` stands twice"),
            ("/{a...}/b", "`{a...}` takes all that is left, so it stands last"),
            ("/a//b", "doubled slashes and dot segments never reach matching"),
            ("/a/../b", "doubled slashes and dot segments never reach matching"),
            ("/%zz", "a percent sign in the path is not followed by two hexadecimal digits"),
        ] {
            assert_eq!(Template::parse(text).unwrap_err().to_string(), expected, "{text}");
        }
    }
}
