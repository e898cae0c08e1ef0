//! A template as text: as a file writes it, and with values in place of its parameters.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::{Parameter, Segment, Template};

/// What a segment of a path is written without (RFC 3986, `pchar`).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

impl Template {
    /// The name of a parameter of this template; none for `*`.
    pub fn name_of(&self, parameter: Parameter) -> Option<&str> {
        self.name_at(usize::from(parameter.at))
    }

    fn name_at(&self, at: usize) -> Option<&str> {
        self.names.iter().find(|(_, own)| usize::from(*own) == at).map(|(name, _)| &**name)
    }

    /// A path that it fits, with these values in place of its parameters; anonymous ones are asked for without a name.
    /// A value for a rest may have several segments.
    pub fn filled(&self, mut value: impl FnMut(Option<&str>) -> String) -> String {
        let mut path = String::new();
        for (at, segment) in self.segments.iter().enumerate() {
            path.push('/');
            match segment {
                Segment::Literal(bytes) => path.extend(percent_encode(bytes, ESCAPED)),
                Segment::Param => path.extend(percent_encode(value(self.name_at(at)).as_bytes(), ESCAPED)),
                Segment::Rest => {
                    let value = value(self.name_at(at));
                    let parts: Vec<String> =
                        value.split('/').map(|part| percent_encode(part.as_bytes(), ESCAPED).to_string()).collect();
                    path.push_str(&parts.join("/"));
                }
            }
        }
        path
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.segments.iter().enumerate() {
            match (segment, self.name_at(at)) {
                (Segment::Literal(bytes), _) => write!(f, "/{}", percent_encode(bytes, ESCAPED))?,
                (Segment::Param, Some(name)) => write!(f, "/{{{name}}}")?,
                (Segment::Param, None) => f.write_str("/*")?,
                (Segment::Rest, name) => write!(f, "/{{{}...}}", name.unwrap_or_default())?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_shown_as_it_was_written_and_filled_with_values() {
        for (text, filled) in
            [("/users/{id}/*/files/{path...}", "/users/a%2Fb/a%2Fb/files/a/b"), ("/a%20b/", "/a%20b/"), ("/", "/")]
        {
            let template = Template::parse(text).unwrap();
            assert_eq!(template.to_string(), text);
            assert_eq!(template.filled(|_| "a/b".to_owned()), filled);
        }
        let template = Template::parse("/x/{a}").unwrap();
        assert_eq!(template.name_of(template.parameter("a").unwrap()), Some("a"));
    }
}
