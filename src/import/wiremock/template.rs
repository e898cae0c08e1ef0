//! Response templates (Handlebars), as ours.
//!
//! Expressions that have a counterpart are translated; any other makes the whole mapping one that is left out, since an
//! answer with a hole in it is another answer. Nothing is escaped in either.

mod made;
mod parts;

use super::json_path;
use crate::import::postman::answer::{insert, member, quote, string};
use made::{fake, now, random_int};
use parts::{Part, parts};

/// What stands in a template: its names of path parameters, by position.
pub struct Scope<'a> {
    /// Names of parameters as the mapping gives them, by position.
    pub given: &'a [Option<String>],
    /// Their names here, by position; an empty one is none.
    pub names: &'a [String],
}

/// Why a template cannot be translated, and which part.
pub type Fault = (&'static str, String);

const UNKNOWN: &str = "a template expression without counterpart";

/// How deep blocks may lie in blocks; our templates nest to 150.
const DEEPEST: usize = 50;

/// A text that is a template, as ours; none where nothing in it is one.
///
/// # Errors
/// Where it holds something without counterpart.
pub fn translate(text: &str, scope: &Scope<'_>) -> Result<Option<String>, Fault> {
    let mut out = String::with_capacity(text.len());
    let mut blocks: Vec<&str> = Vec::new();
    let mut rest = text;
    let mut found = false;
    while let Some(at) = rest.find("{{") {
        quote(&rest[..at], &mut out);
        let (open, close) = if rest[at..].starts_with("{{{") { ("{{{", "}}}") } else { ("{{", "}}") };
        let inner = &rest[at + open.len()..];
        let fault = |which: &str| (UNKNOWN, format!("`{open}{which}{close}`"));
        if rest[..at].ends_with('\\') {
            return Err(("an escaped template expression", String::new()));
        }
        let Some(end) = inner.find(close) else {
            return Err((UNKNOWN, "`{{` that is not closed".to_owned()));
        };
        found = true;
        let code = inner[..end].trim();
        rest = &inner[end + close.len()..];
        let keyword = code.split_whitespace().next().unwrap_or("");
        if code.starts_with(['~', '&', '>']) || code.ends_with('~') {
            return Err(fault(code));
        } else if code.starts_with('!') {
            continue;
        } else if let Some(name) = keyword.strip_prefix('#') {
            let parts = parts(code[keyword.len()..].trim()).ok_or_else(|| fault(code))?;
            let condition = match (name, parts.as_slice()) {
                ("if", [one]) => truth(one, scope),
                ("unless", [one]) => truth(one, scope).map(|truth| format!("not ({truth})")),
                ("eq", [one, other]) => compared(one, "==", other, scope),
                ("neq", [one, other]) => compared(one, "!=", other, scope),
                _ => None,
            };
            let condition = condition.filter(|_| blocks.len() < DEEPEST).ok_or_else(|| fault(code))?;
            blocks.push(["if", "unless", "eq", "neq"].into_iter().find(|known| *known == name).unwrap_or("if"));
            out.extend(["{% if ", &condition, " %}"]);
        } else if code == "else" && !blocks.is_empty() {
            out.push_str("{% else %}");
        } else if let Some(name) = code.strip_prefix('/') {
            if blocks.pop() != Some(name) {
                return Err(fault(code));
            }
            out.push_str("{% endif %}");
        } else {
            let parts = parts(code).ok_or_else(|| fault(code))?;
            insert(&call(&parts, scope).ok_or_else(|| fault(code))?, &mut out);
        }
    }
    if !blocks.is_empty() {
        return Err((UNKNOWN, "a block that is not closed".to_owned()));
    }
    quote(rest, &mut out);
    Ok(found.then_some(out))
}

/// The value of one part.
fn value(part: &Part, scope: &Scope<'_>) -> Option<String> {
    match part {
        Part::Text(text) => Some(string(text)),
        Part::Inner(parts) => call(parts, scope).map(|call| format!("({call})")),
        Part::Word(word)
            if word.parse::<f64>().is_ok_and(f64::is_finite) || matches!(word.as_str(), "true" | "false") =>
        {
            Some(word.clone())
        }
        Part::Word(_) => call(std::slice::from_ref(part), scope),
        Part::Named(..) => None,
    }
}

/// The expression for a helper with its arguments, or for a value.
fn call(parts: &[Part], scope: &Scope<'_>) -> Option<String> {
    let (Part::Word(name), arguments) = parts.split_first()? else {
        return if let [one] = parts { value(one, scope) } else { None };
    };
    let plain: Vec<&Part> = arguments.iter().filter(|part| !matches!(part, Part::Named(..))).collect();
    let named: Vec<(&str, &Part)> = arguments
        .iter()
        .filter_map(|part| if let Part::Named(name, value) = part { Some((name.as_str(), &**value)) } else { None })
        .collect();
    let filtered = |filter: &str| match (plain.as_slice(), named.as_slice()) {
        ([one], []) => value(one, scope).map(|value| format!("{value} | {filter}")),
        _ => None,
    };
    let decoding = match named.as_slice() {
        [] => Some(false),
        [("decode", Part::Word(word))] => Some(word == "true"),
        _ => None,
    };
    match (name.as_str(), plain.as_slice()) {
        ("jsonPath", [Part::Word(body), Part::Text(path)]) if body == "request.body" && named.is_empty() => {
            body_member(path)
        }
        ("now", []) => now(&named),
        ("randomValue", []) if named.len() == 1 && named[0] == ("type", &Part::Text("UUID".to_owned())) => {
            Some("uuid()".to_owned())
        }
        ("randomInt", []) => random_int(&named),
        ("random", [Part::Text(kind)]) => fake(kind).map(|name| format!("fake({})", string(name))),
        ("lower", _) => filtered("lower"),
        ("upper", _) => filtered("upper"),
        ("trim", _) => filtered("trim"),
        ("base64", [one]) => {
            let filter = if decoding? { "b64decode" } else { "b64encode" };
            value(one, scope).map(|value| format!("{value} | {filter}"))
        }
        ("urlEncode", [one]) if !decoding? => {
            value(one, scope).map(|value| format!("{value} | urlencode | replace('/', '%2F') | replace('%20', '+')"))
        }
        ("defaultIfEmpty", [one, other]) if named.is_empty() => {
            let (value, truth, default) = (value(one, scope)?, truth(one, scope)?, value(other, scope)?);
            Some(if value == truth {
                format!("{value} or {default}")
            } else {
                format!("{value} if {truth} else {default}")
            })
        }
        ("replace", [one, Part::Text(from), Part::Text(to)]) if named.is_empty() => {
            value(one, scope).map(|value| format!("{value} | replace({}, {})", string(from), string(to)))
        }
        ("eq", [one, other]) if named.is_empty() => compared(one, "==", other, scope),
        (path, []) if named.is_empty() => request(path.strip_prefix("request.")?, scope),
        _ => None,
    }
}

/// What decides whether a value counts as one: of a field whether it was sent, were it empty.
fn truth(part: &Part, scope: &Scope<'_>) -> Option<String> {
    let Part::Word(word) = part else { return value(part, scope) };
    match steps(word.strip_prefix("request.").unwrap_or("")).unwrap_or_default().as_slice() {
        [fields, name] if is_fields(fields) => Some(format!("{}.all({})", fields_here(fields), string(name))),
        _ => value(part, scope),
    }
}

/// Two values compared. What WireMock has no text of is equal to none: then there is no counterpart.
fn compared(one: &Part, operator: &str, other: &Part, scope: &Scope<'_>) -> Option<String> {
    let is_text = |part: &Part| {
        let Part::Word(word) = part else { return true };
        let steps = word.strip_prefix("request.").and_then(steps).unwrap_or_default();
        match steps.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["method" | "path"] | ["path", ..] => matches!(steps.get(1), Some(at) if at.parse::<usize>().is_ok()),
            [fields, _] => !is_fields(fields),
            _ => true,
        }
    };
    let (a, b) = value(one, scope).zip(value(other, scope))?;
    (is_text(one) && is_text(other)).then(|| format!("{a} {operator} {b}"))
}

fn is_fields(root: &str) -> bool {
    matches!(root, "query" | "headers" | "cookies")
}

/// What ours calls the fields that WireMock calls so.
fn fields_here(root: &str) -> &'static str {
    match root {
        "query" => "query",
        "headers" => "header",
        _ => "cookie",
    }
}

/// A part of the request.
fn request(path: &str, scope: &Scope<'_>) -> Option<String> {
    let mut steps = steps(path)?.into_iter();
    let root = steps.next()?;
    let steps: Vec<String> = steps.collect();
    match (root.as_str(), steps.as_slice()) {
        ("url", []) => Some("target".to_owned()),
        ("path", []) => Some("(target | split('?') | first)".to_owned()),
        ("method" | "host", []) => Some(root),
        ("body", []) => Some("postman_body()".to_owned()),
        ("path" | "pathSegments", [one]) => match one.parse::<usize>() {
            Ok(number) => Some(format!("postman_segment({number}, '')")),
            Err(_) if root == "path" => {
                let at = scope.given.iter().position(|name| name.as_deref() == Some(one))?;
                let own = scope.names.get(at).filter(|own| !own.is_empty())?;
                Some(member("path", own))
            }
            Err(_) => None,
        },
        ("query" | "headers" | "cookies", [name, index @ ..]) => {
            let fields = fields_here(&root);
            match index {
                [] => Some(member(fields, name)),
                [index] => Some(format!("{fields}.all({})[{}]", string(name), index.parse::<usize>().ok()?)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The steps of a path: names, and numbers or names in brackets.
fn steps(path: &str) -> Option<Vec<String>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (step, after) = match rest.strip_prefix('[') {
            Some(inner) => inner.split_once(']')?,
            None => rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len())),
        };
        let step = step.trim_matches(['\'', '"']);
        if step.is_empty() {
            return None;
        }
        steps.push(step.to_owned());
        rest = after.strip_prefix('.').unwrap_or(after);
    }
    Some(steps)
}

/// The member of a JSON body that a plain JSONPath names.
fn body_member(path: &str) -> Option<String> {
    let json_path::Path { base, is_definite: true, filter: None } = json_path::read(path)? else { return None };
    let rest = base.strip_prefix('$')?;
    if rest.is_empty() {
        return Some("postman_body()".to_owned());
    }
    // Names and places are written alike in both languages.
    (!rest.contains("[-")).then(|| format!("body{rest}"))
}

#[cfg(test)]
mod tests;
