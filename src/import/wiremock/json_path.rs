//! JSONPath as WireMock's library reads it (Jayway), as RFC 9535 has it.
//!
//! A filter of Jayway looks at the object itself where it stands behind one, and at the elements of an array; the RFC's
//! looks at what is below. Both forms are said, each for its kind of node.

use serde_json::Value as Json;
use serde_json_path::JsonPath;

use super::regex;

/// An expression with a counterpart.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The expression up to its filter, or all of it.
    pub base: String,
    /// Whether it names at most one node.
    pub is_definite: bool,
    /// Its filter, and what stands behind it.
    pub filter: Option<(Vec<Comparison>, String)>,
}

/// What a filter asks of a member.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The way to the member, such as `.a.b`.
    pub member: String,
    /// How it is compared.
    pub with: With,
}

/// How a filter compares.
#[derive(Clone, Debug, PartialEq)]
pub enum With {
    /// It is there.
    There,
    /// `==` with a literal.
    Equal(Json),
    /// `=~`: an expression that holds for the whole.
    Re(String),
}

impl Path {
    /// The whole expression with its filter, which then looks at elements of an array.
    pub fn of_elements(&self) -> Option<String> {
        let (comparisons, rest) = self.filter.as_ref()?;
        let tests: Vec<String> = comparisons.iter().map(Comparison::written).collect();
        let whole = format!("{}[?{}]{rest}", self.base, tests.join(" && "));
        JsonPath::parse(&whole).is_ok().then_some(whole)
    }
}

impl Comparison {
    fn written(&self) -> String {
        let member = &self.member;
        match &self.with {
            With::There => format!("@{member}"),
            With::Equal(json) => format!("@{member} == {}", literal(json)),
            With::Re(re) => format!("match(@{member}, {})", literal(&Json::String(re.clone()))),
        }
    }
}

/// A literal of a filter: strings in single quotes.
fn literal(json: &Json) -> String {
    match json {
        Json::String(text) => format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'")),
        json => json.to_string(),
    }
}

/// Reads an expression; none where it has no counterpart.
pub fn read(text: &str) -> Option<Path> {
    let mut rest = text.trim().strip_prefix('$')?;
    let mut path = Path { base: "$".to_owned(), is_definite: true, filter: None };
    while !rest.is_empty() {
        if rest.starts_with("[?") || rest.starts_with(".[?") {
            if !path.is_definite || path.filter.is_some() {
                return None;
            }
            let inner = rest.trim_start_matches('.');
            let end = bracket_end(inner)?;
            let filter = filter(inner[2..end].trim())?;
            rest = &inner[end + 1..];
            path.filter = Some((filter, String::new()));
            continue;
        }
        let (step, definite, after) = step(rest)?;
        match &mut path.filter {
            Some((_, behind)) => behind.push_str(&step),
            None => {
                path.base.push_str(&step);
                path.is_definite &= definite;
            }
        }
        rest = after;
    }
    JsonPath::parse(&path.base).ok()?;
    if path.filter.is_some() {
        path.of_elements()?;
    }
    Some(path)
}

/// One step as the RFC writes it, whether it names one node, and what follows.
fn step(text: &str) -> Option<(String, bool, &str)> {
    if let Some(after) = text.strip_prefix("..") {
        if after.starts_with(['*', '[']) {
            let (step, _, rest) = step(after.strip_prefix('*').map_or(after, |_| after))?;
            return Some((format!("..{}", step.trim_start_matches('.')), false, rest));
        }
        let (name, rest) = name(after)?;
        return Some((format!("..{}", named(name).trim_start_matches('.')), false, rest));
    }
    if let Some(rest) = text.strip_prefix(".*").or_else(|| text.strip_prefix('*')) {
        return Some((".*".to_owned(), false, rest));
    }
    let brackets = text.strip_prefix('.').filter(|rest| rest.starts_with('[')).unwrap_or(text);
    if brackets.starts_with('[') {
        let end = bracket_end(brackets)?;
        let inner = brackets[1..end].trim();
        let (written, definite) = selector(inner)?;
        return Some((written, definite, &brackets[end + 1..]));
    }
    let (name, rest) = name(text.strip_prefix('.')?)?;
    Some((named(name), true, rest))
}

/// A name up to the next step; one with parentheses is a function, which the RFC does not have.
fn name(text: &str) -> Option<(&str, &str)> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let name = &text[..end];
    let sound = !name.is_empty() && !name.contains(['(', ')', '\'', '"', ' ', '*', '@', '?', ',']);
    sound.then_some((name, &text[end..]))
}

fn named(name: &str) -> String {
    let mut chars = name.chars();
    let plain = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain { format!(".{name}") } else { format!("[{}]", literal(&Json::String(name.to_owned()))) }
}

fn selector(inner: &str) -> Option<(String, bool)> {
    if inner == "*" {
        return Some(("[*]".to_owned(), false));
    }
    if let Some(quote) = inner.chars().next().filter(|c| matches!(c, '\'' | '"')) {
        let name = inner.strip_prefix(quote)?.strip_suffix(quote)?;
        return (!name.contains([quote, '\\'])).then(|| (named(name), true));
    }
    let whole = |text: &str| text.is_empty() || text.parse::<i32>().is_ok();
    match inner.split(':').collect::<Vec<_>>().as_slice() {
        [index] if !index.is_empty() && whole(index) => Some((format!("[{index}]"), true)),
        [from, to] if whole(from) && whole(to) => Some((format!("[{inner}]"), false)),
        _ => None,
    }
}

/// Where the bracket that a text begins with is closed.
fn bracket_end(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (_, '\\') => drop(chars.next()),
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            // An expression between slashes; nothing else in a filter holds one.
            (None, '/') => quote = Some('/'),
            (None, '[') => depth += 1,
            (None, ']') => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The comparisons of a filter, all of which must hold.
fn filter(text: &str) -> Option<Vec<Comparison>> {
    let mut rest = text.strip_prefix('(')?.strip_suffix(')')?.trim();
    let mut comparisons = Vec::new();
    loop {
        let (comparison, after) = comparison(rest)?;
        comparisons.push(comparison);
        let after = after.trim_start();
        if after.is_empty() {
            return Some(comparisons);
        }
        rest = after.strip_prefix("&&")?.trim_start();
    }
}

fn comparison(text: &str) -> Option<(Comparison, &str)> {
    let mut rest = text.strip_prefix('@')?;
    let mut member = String::new();
    while rest.starts_with(['.', '[']) {
        // A name ends at white space or at an operator here.
        let end = rest[1..].find([' ', '=', '!', '<', '>', '&']).map_or(rest.len(), |end| end + 1);
        let (step, definite, after) = match rest.starts_with('[') || rest.starts_with(".[") {
            true => step(rest)?,
            false => {
                let (step, definite, left) = step(&rest[..end])?;
                let consumed = end - left.len();
                (step, definite, &rest[consumed..])
            }
        };
        if !definite {
            return None;
        }
        member.push_str(&step);
        rest = after;
    }
    if member.is_empty() {
        return None;
    }
    let rest = rest.trim_start();
    if let Some(operand) = rest.strip_prefix("==") {
        let (json, after) = operand_of(operand.trim_start())?;
        return Some((Comparison { member, with: With::Equal(json) }, after));
    }
    if let Some(operand) = rest.strip_prefix("=~") {
        let inner = operand.trim_start().strip_prefix('/')?;
        let mut escaped = false;
        let end = inner.find(|c: char| {
            let ends = c == '/' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        })?;
        let after = &inner[end + 1..];
        let (flag, after) = after.strip_prefix('i').map_or(("", after), |after| ("(?i)", after));
        let re = regex::whole(&inner[..end])?;
        return Some((Comparison { member, with: With::Re(format!("{flag}{re}")) }, after));
    }
    let is_end = rest.is_empty() || rest.starts_with("&&");
    is_end.then_some((Comparison { member, with: With::There }, rest))
}

/// A literal of a filter.
fn operand_of(text: &str) -> Option<(Json, &str)> {
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '\'' | '"')) {
        let inner = &text[1..];
        let end = inner.find(quote)?;
        let literal = &inner[..end];
        return (!literal.contains('\\')).then(|| (Json::String(literal.to_owned()), &inner[end + 1..]));
    }
    let end = text.find([' ', '&']).unwrap_or(text.len());
    let json: Json = serde_json::from_str(&text[..end]).ok()?;
    (!json.is_null()).then_some((json, &text[end..]))
}

#[cfg(test)]
mod tests;
