//! Postman's tokens: `{{` and `}}` around a name that holds no braces (reference, section 4).

/// A stretch of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'t> {
    /// Nothing but text.
    Text(&'t str),
    /// What stands between the braces of a token.
    Token(&'t str),
}

/// Takes a text apart.
pub fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    let mut token = None;
    std::iter::from_fn(move || {
        if let Some(name) = token.take() {
            return Some(Piece::Token(name));
        }
        if rest.is_empty() {
            return None;
        }
        match first(rest) {
            Some((start, name)) => {
                let before = &rest[..start];
                rest = &rest[start + name.len() + 4..];
                if before.is_empty() {
                    return Some(Piece::Token(name));
                }
                token = Some(name);
                Some(Piece::Text(before))
            }
            None => Some(Piece::Text(std::mem::take(&mut rest))),
        }
    })
}

/// The name of a text that is one token and nothing else.
pub fn whole(text: &str) -> Option<&str> {
    let name = text.strip_prefix("{{")?.strip_suffix("}}")?;
    (!name.contains(['{', '}'])).then_some(name)
}

/// Where the first token begins, and its name.
fn first(text: &str) -> Option<(usize, &str)> {
    let mut from = 0;
    loop {
        let start = from + memchr::memmem::find(&text.as_bytes()[from..], b"{{")?;
        let name = start + 2;
        let end = name + text[name..].find(['{', '}'])?;
        if text[end..].starts_with("}}") {
            return Some((start, &text[name..end]));
        }
        // Of three braces the last two open the token.
        from = if text[end..].starts_with('{') && end == name { start + 1 } else { end };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_holds_no_braces() {
        use Piece::{Text, Token};
        for (text, expected) in [
            ("", &[][..]),
            ("plain", &[Text("plain")]),
            ("{{a}}", &[Token("a")]),
            ("x{{a}}{{b c}}y", &[Text("x"), Token("a"), Token("b c"), Text("y")]),
            ("{{{a}}}", &[Text("{"), Token("a"), Text("}")]),
            ("{{a{{b}}}}", &[Text("{{a"), Token("b"), Text("}}")]),
            ("{{a}", &[Text("{{a}")]),
            ("{{a} {{b}}", &[Text("{{a} "), Token("b")]),
            ("{{}}", &[Token("")]),
            ("{\"a\":{\"b\":{{c}}}}", &[Text("{\"a\":{\"b\":"), Token("c"), Text("}}")]),
        ] {
            assert_eq!(pieces(text).collect::<Vec<_>>(), expected, "{text}");
        }
        assert_eq!((whole("{{a b}}"), whole("x{{a}}"), whole("{{a}}{{b}}")), (Some("a b"), None, None));
    }
}
