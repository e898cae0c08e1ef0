//! Texts of a saved response: Postman's tokens, as templates where they mean something.
//!
//! Where nothing in a text means something it stays a static text. Tokens that nobody knows stay as they are written,
//! as Postman leaves them; beside a template they are quoted, and so is what a template language would take for its own.

use super::Purpose;
use super::token::{Piece, pieces};
use super::variables::Variables;
use crate::stubs::template::fake as fakes;

/// Reads the texts of one response.
pub struct Texts<'a> {
    /// The variables of the collection and its environment.
    pub variables: &'a Variables,
    /// What stands for each wildcard of the request's path: its name in Postman, and here.
    pub wildcards: &'a [(String, String)],
    /// What the result is for.
    pub purpose: Purpose,
    /// Variables that a template refers to by name, in the order in which they were met.
    pub used: Vec<String>,
    /// Tokens that mean nothing.
    pub unknown: Vec<String>,
}

/// A text that was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Read {
    /// It is sent as it stands.
    Static(String),
    /// It is filled in for each call.
    Template(String),
}

/// Helpers of Postman, and the functions that do the same.
const HELPERS: &[(&str, &str)] = &[
    ("$body", "postman_body"),
    ("$queryParams", "postman_query"),
    ("$headers", "postman_header"),
    ("$pathSegments", "postman_segment"),
];

impl Texts<'_> {
    /// Reads a text.
    pub fn read(&mut self, text: &str) -> Read {
        let filled = match self.purpose {
            Purpose::Written { switchable: true } => self.fill_all_but_plain(text),
            Purpose::Loaded | Purpose::Written { switchable: false } => self.variables.fill(text).into_owned(),
        };
        let mut out = String::with_capacity(filled.len());
        let mut is_template = false;
        for piece in pieces(&filled) {
            match piece {
                Piece::Text(text) => quote(text, &mut out),
                Piece::Token(token) => match self.expression(token) {
                    Some(expression) => {
                        is_template = true;
                        insert(&expression, &mut out);
                    }
                    None => {
                        if !self.unknown.iter().any(|other| other == token) {
                            self.unknown.push(token.to_owned());
                        }
                        insert(&string(&format!("{{{{{token}}}}}")), &mut out);
                    }
                },
            }
        }
        if is_template { Read::Template(out) } else { Read::Static(filled) }
    }

    /// Fills in the variables that a template cannot refer to: those whose text holds tokens.
    fn fill_all_but_plain(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Token(name) => {
                    let token = format!("{{{{{name}}}}}");
                    let by_name = self.variables.plain(name).is_some();
                    out.push_str(&if by_name { token.into() } else { self.variables.fill(&token) });
                }
            }
        }
        out
    }

    /// The expression that gives what a token gives in Postman; none where it means nothing.
    fn expression(&mut self, token: &str) -> Option<String> {
        if self.variables.plain(token).is_some() {
            if !self.used.iter().any(|name| name == token) {
                self.used.push(token.to_owned());
            }
            return Some(member("env", token));
        }
        if let Some((_, own)) = self.wildcards.iter().find(|(name, _)| name == token) {
            return Some(member("path", own));
        }
        let token = token.trim();
        if let Some(name) = token.strip_prefix('$').filter(|name| fakes::names().any(|own| own == *name)) {
            return Some(format!("fake({})", string(name)));
        }
        let (helper, rest) = token.split_at(token.find(char::is_whitespace).unwrap_or(token.len()));
        let (_, function) = HELPERS.iter().find(|(name, _)| *name == helper)?;
        let arguments = arguments(rest)?;
        let fits = match *function {
            "postman_body" => arguments.len() <= 2,
            "postman_segment" => (1..=2).contains(&arguments.len()) && arguments[0].parse::<usize>().is_ok(),
            _ => (1..=2).contains(&arguments.len()),
        };
        let arguments: Vec<String> = arguments.iter().map(|argument| string(argument)).collect();
        fits.then(|| format!("{function}({})", arguments.join(", ")))
    }
}

/// A static text that is part of a response which holds templates elsewhere.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    quote(text, &mut out);
    out
}

/// Whether a text of an answer would be taken for a template.
pub fn has_syntax(text: &str) -> bool {
    ["{{", "{%"].iter().any(|open| text.contains(open))
}

/// Adds an expression. A brace before it would be taken for part of it.
pub(in crate::import) fn insert(expression: &str, out: &mut String) {
    if out.ends_with('{') {
        out.pop();
        out.push_str("{{ '{' }}");
    }
    out.extend(["{{ ", expression, " }}"]);
}

/// Adds a text so that a template gives it back as it is.
pub(in crate::import) fn quote(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find("{{").into_iter().chain(rest.find("{%")).chain(rest.find("{#")).min() {
        out.push_str(&rest[..at]);
        out.extend(["{{ '", &rest[at..at + 2], "' }}"]);
        rest = &rest[at + 2..];
    }
    out.push_str(rest);
}

/// The arguments of a helper: texts in quotes, by white space apart.
fn arguments(text: &str) -> Option<Vec<String>> {
    let mut arguments = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let inner = &rest[1..];
        let end = inner.find(quote)?;
        arguments.push(inner[..end].to_owned());
        let after = &inner[end + 1..];
        rest = after.trim_start();
        if !rest.is_empty() && rest.len() == after.len() {
            return None;
        }
    }
    Some(arguments)
}

/// A member of an object of the template's scope.
pub(in crate::import) fn member(object: &str, name: &str) -> String {
    let mut chars = name.chars();
    let sound = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
    // A word of the template language would be read as such.
    let reserved = matches!(name, "and" | "or" | "not" | "in" | "is" | "if" | "else" | "true" | "false" | "none");
    if sound && !reserved { format!("{object}.{name}") } else { format!("{object}[{}]", string(name)) }
}

/// A text as the template language writes it: in single quotes where it can be, so that templates in JSON read well.
pub(in crate::import) fn string(text: &str) -> String {
    let quote = if text.contains('\'') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '"' if quote == '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::postman::variables::known;

    fn texts(text: &str, purpose: Purpose) -> (Read, Vec<String>, Vec<String>) {
        let pairs = [("city", "Paris"), ("my var", "x"), ("odd", "{%"), ("made", "{{$guid}}")];
        let variables = Variables::new(&known(&pairs), &[], &mut Vec::new());
        let wildcards = [("id".to_owned(), "id".to_owned()), ("user id".to_owned(), "user-id".to_owned())];
        let mut texts = Texts { variables: &variables, wildcards: &wildcards, purpose, used: vec![], unknown: vec![] };
        let read = texts.read(text);
        (read, texts.used, texts.unknown)
    }

    #[test]
    fn each_token_becomes_the_expression_that_gives_the_same() {
        for (text, expected) in [
            ("{{id}}", "{{ path.id }}"),
            ("{{user id}}", "{{ path['user-id'] }}"),
            ("{{$guid}} {{$randomFirstName}}", "{{ fake('guid') }} {{ fake('randomFirstName') }}"),
            ("{{$body}}", "{{ postman_body() }}"),
            ("{{$body 'a.b.0'}}", "{{ postman_body('a.b.0') }}"),
            (r"{{$body 'a\.a' 'x'}}", r"{{ postman_body('a\\.a', 'x') }}"),
            ("{{ $queryParams \"k\" }}", "{{ postman_query('k') }}"),
            ("{{$headers 'k' ''}}", "{{ postman_header('k', '') }}"),
            ("{{$pathSegments '1'}}", "{{ postman_segment('1') }}"),
            ("{{made}}", "{{ fake('guid') }}"),
            ("{\"a\":{{{id}}}}", "{\"a\":{{ '{' }}{{ path.id }}}}"),
            ("{{id}} {{nobody}} {# {%", "{{ path.id }} {{ '{{nobody}}' }} {{ '{#' }} {{ '{%' }}"),
            ("{{id}}{{odd}}", "{{ path.id }}{{ '{%' }}"),
        ] {
            let (read, _, _) = texts(text, Purpose::Loaded);
            assert_eq!(read, Read::Template(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn each_name_of_a_dynamic_variable_is_known() {
        let names: Vec<&str> = fakes::names().collect();
        assert_eq!(names.len(), 118);
        for name in names {
            let (read, _, _) = texts(&format!("{{{{${name}}}}}"), Purpose::Loaded);
            assert_eq!(read, Read::Template(format!("{{{{ fake('{name}') }}}}")));
        }
    }

    #[test]
    fn what_means_nothing_stays_a_static_text() {
        for text in [
            "plain",
            "{{nobody}}",
            "{% x %}",
            "{{$nobody}}",
            "{{$queryParams}}",
            "{{$pathSegments 'x'}}",
            "{{$body a}}",
            "{{$body 'a''b'}}",
            "{{$body 'a}}",
            "{{ id }}",
        ] {
            let (read, _, unknown) = texts(text, Purpose::Loaded);
            assert_eq!(read, Read::Static(text.to_owned()));
            assert_eq!(unknown.is_empty(), !text.starts_with("{{"), "{text}");
        }
        assert_eq!(texts("in {{city}}", Purpose::Loaded).0, Read::Static("in Paris".to_owned()));
    }

    #[test]
    fn what_is_written_refers_to_variables_by_name() {
        let written = Purpose::Written { switchable: true };
        let (read, used, _) = texts("{{city}} {{my var}} {{city}}", written);
        assert_eq!(read, Read::Template("{{ env.city }} {{ env['my var'] }} {{ env.city }}".to_owned()));
        assert_eq!(used, ["city", "my var"]);
        assert_eq!(texts("{{made}}", written).0, Read::Template("{{ fake('guid') }}".to_owned()));
        assert_eq!(texts("{{city}}", Purpose::Written { switchable: false }).0, Read::Static("Paris".to_owned()));
    }
}
