//! Path templates: the path part of a `match` line, its segments, and where its parameters stand.
//!
//! A template is read once, when the configuration is loaded; the index is made of its segments. What it is held
//! against is the [normal form](super::path) of a request path, so its literal segments are decoded as those are.

mod text;

use std::borrow::Cow;

use super::path::{NormalPath, PathFault, decode, readable};

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
        literal_path(&self.segments)
    }
}

/// The path of segments that are all literal.
pub(super) fn literal_path(segments: &[Segment]) -> Option<Vec<u8>> {
    let mut path = Vec::new();
    for segment in segments {
        let Segment::Literal(bytes) = segment else { return None };
        path.push(b'/');
        path.extend_from_slice(bytes);
    }
    Some(path)
}

/// What a template's parameters capture of a path that it fits, as people read it, in the order of the template.
pub fn captures<'a>(
    template: &'a Template,
    path: &'a NormalPath<'_>,
) -> impl Iterator<Item = (&'a str, Cow<'a, [u8]>)> + 'a {
    template.names().filter_map(|name| Some((name, template.parameter(name)?.value(path)?)))
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
    fn captures_are_the_named_parameters_in_their_order() {
        let template = Template::parse("/{b}/*/{a}").unwrap();
        let path = NormalPath::of(b"/x%2Fy/z/1/").unwrap();
        let captured: Vec<_> = captures(&template, &path).map(|(name, value)| (name, value.into_owned())).collect();
        assert_eq!(captured, [("b", b"x/y".to_vec()), ("a", b"1".to_vec())]);
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
