//! An expression of Handlebars, taken apart into words, texts and what stands in parentheses.

/// A part of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Word(String),
    Text(String),
    Inner(Vec<Part>),
    Named(String, Box<Part>),
}

/// Takes an expression apart at white space outside quotes and parentheses.
pub(super) fn parts(text: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (part, after) = part(rest)?;
        parts.push(part);
        if !after.is_empty() && !after.starts_with(char::is_whitespace) {
            return None;
        }
        rest = after.trim_start();
    }
    (!parts.is_empty()).then_some(parts)
}

fn part(text: &str) -> Option<(Part, &str)> {
    let first = text.chars().next()?;
    if matches!(first, '\'' | '"') {
        let end = text[1..].find(first)? + 1;
        return Some((Part::Text(text[1..end].to_owned()), &text[end + 1..]));
    }
    if first == '(' {
        let (mut depth, mut quote) = (0_usize, None);
        for (at, c) in text.char_indices() {
            match (quote, c) {
                (Some(open), c) if c == open => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') => quote = Some(c),
                (None, '(') => depth += 1,
                (None, ')') => {
                    depth -= 1;
                    if depth == 0 {
                        // Parentheses nest at most as deep as people write them.
                        return (text[..at].matches('(').count() < 20)
                            .then(|| parts(&text[1..at]))
                            .flatten()
                            .map(|inner| (Part::Inner(inner), &text[at + 1..]));
                    }
                }
                _ => {}
            }
        }
        return None;
    }
    // A name in brackets may hold anything.
    let mut in_brackets = false;
    let end = text
        .find(|c: char| {
            in_brackets = (in_brackets || c == '[') && c != ']';
            !in_brackets && (c.is_whitespace() || matches!(c, '=' | ')' | '\'' | '"'))
        })
        .unwrap_or(text.len());
    let word = &text[..end];
    if let Some(after) = text[end..].strip_prefix('=') {
        let (inner, rest) = part(after)?;
        return (!word.is_empty()).then(|| (Part::Named(word.to_owned(), Box::new(inner)), rest));
    }
    (!word.is_empty()).then(|| (Part::Word(word.to_owned()), &text[end..]))
}
