//! Response templates (Handlebars), as ours.
//!
//! Expressions that have a counterpart are translated; any other makes the whole mapping one that is left out, since an
//! answer with a hole in it is another answer. Nothing is escaped in either.

use super::json_path;
use crate::import::postman::answer::{insert, member, quote, string};

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

/// A part of an expression.
#[derive(Clone, Debug, PartialEq)]
enum Part {
    Word(String),
    Text(String),
    Inner(Vec<Part>),
    Named(String, Box<Part>),
}

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
            let condition = condition.ok_or_else(|| fault(code))?;
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

/// Takes an expression apart at white space outside quotes and parentheses.
fn parts(text: &str) -> Option<Vec<Part>> {
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

fn now(named: &[(&str, &Part)]) -> Option<String> {
    let mut format = "%Y-%m-%dT%H:%M:%SZ".to_owned();
    let mut offset = None;
    for (name, part) in named {
        let Part::Text(text) = part else { return None };
        match *name {
            "format" if text == "epoch" => format = "unix_ms".to_owned(),
            "format" if text == "unix" => format = "unix".to_owned(),
            "format" => format = date_format(text)?,
            "offset" => offset = Some(self::offset(text)?),
            "timezone" if matches!(text.as_str(), "UTC" | "GMT" | "Z") => {}
            _ => return None,
        }
    }
    let offset = offset.map(|offset| format!(", {}", string(&offset))).unwrap_or_default();
    Some(format!("now({}{offset})", string(&format)))
}

/// `3 days`, `-2 hours`: a number and a unit.
fn offset(text: &str) -> Option<String> {
    let (number, unit) = text.trim().split_once(' ')?;
    number.parse::<i32>().ok()?;
    let unit = unit.trim().trim_end_matches('s');
    matches!(unit, "second" | "minute" | "hour" | "day" | "month" | "year").then(|| format!("{number} {unit}s"))
}

/// A format of Java's `SimpleDateFormat`, as strftime writes it.
fn date_format(java: &str) -> Option<String> {
    const LETTERS: &[(&str, &str)] = &[
        ("yyyy", "%Y"),
        ("yy", "%y"),
        ("MMMM", "%B"),
        ("MMM", "%b"),
        ("MM", "%m"),
        ("dd", "%d"),
        ("HH", "%H"),
        ("hh", "%I"),
        ("mm", "%M"),
        ("ss", "%S"),
        ("SSS", "%3f"),
        ("EEEE", "%A"),
        ("EEE", "%a"),
        ("a", "%p"),
        ("Z", "+0000"),
        ("XXX", "Z"),
        ("X", "Z"),
    ];
    let mut out = String::new();
    let mut rest = java;
    while let Some(c) = rest.chars().next() {
        if c == '\'' {
            let (quoted, after) = rest[1..].split_once('\'')?;
            out.push_str(if quoted.is_empty() { "'" } else { quoted });
            rest = after;
        } else if c.is_ascii_alphabetic() {
            let length = rest.len() - rest.trim_start_matches(c).len();
            let (_, own) = LETTERS.iter().find(|(letters, _)| *letters == &rest[..length])?;
            out.push_str(own);
            rest = &rest[length..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    (!java.contains('%')).then_some(out)
}

fn random_int(named: &[(&str, &Part)]) -> Option<String> {
    let number = |name: &str| {
        let found = named.iter().find(|(own, _)| *own == name).map(|(_, part)| *part)?;
        if let Part::Word(word) = found { word.parse::<i64>().ok() } else { None }
    };
    let (lower, upper) = (number("lower")?, number("upper")?);
    // The upper end is none of the numbers.
    (named.len() == 2 && lower < upper).then(|| format!("random_int({lower}, {})", upper - 1))
}

/// Names of the faker extension whose values ours has too.
fn fake(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "Name.first_name" | "Name.firstName" => "randomFirstName",
        "Name.last_name" | "Name.lastName" => "randomLastName",
        "Name.full_name" | "Name.fullName" => "randomFullName",
        "Address.city" => "randomCity",
        "Address.country" => "randomCountry",
        "Internet.email_address" | "Internet.emailAddress" => "randomEmail",
        "Company.name" => "randomCompanyName",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let given = [None, Some("user id".to_owned())];
        let names = [String::new(), "user_id".to_owned()];
        match translate(text, &Scope { given: &given, names: &names }) {
            Ok(Some(template)) => template,
            Ok(None) => "static".to_owned(),
            Err((what, which)) => format!("{what}: {which}"),
        }
    }

    #[test]
    fn each_expression_becomes_the_one_that_gives_the_same() {
        for (handlebars, expected) in [
            ("plain {% x", "static"),
            ("{{request.url}} {% x", "{{ target }} {{ '{%' }} x"),
            ("{{request.path}}", "{{ (target | split('?') | first) }}"),
            (
                "{{request.path.[1]}}{{{request.pathSegments.[0]}}}",
                "{{ postman_segment(1, '') }}{{ postman_segment(0, '') }}",
            ),
            ("{{request.path.[user id]}}", "{{ path.user_id }}"),
            ("{{request.query.a}} {{request.query.[b-c].[1]}}", "{{ query.a }} {{ query.all('b-c')[1] }}"),
            ("{{request.headers.X-Y}} {{request.cookies.s}}", "{{ header['X-Y'] }} {{ cookie.s }}"),
            ("{{request.body}} {{request.method}}", "{{ postman_body() }} {{ method }}"),
            ("{{jsonPath request.body '$.a.[0].b-c'}}", "{{ body.a[0]['b-c'] }}"),
            ("{\"a\":{{jsonPath request.body '$.a'}}}", "{\"a\":{{ body.a }}}"),
            ("{{now}}", "{{ now('%Y-%m-%dT%H:%M:%SZ') }}"),
            ("{{now format='yyyy/MM/dd' offset='-3 days'}}", "{{ now('%Y/%m/%d', '-3 days') }}"),
            ("{{randomValue type='UUID'}} {{randomInt lower=5 upper=9}}", "{{ uuid() }} {{ random_int(5, 8) }}"),
            ("{{upper (trim request.query.a)}}", "{{ (query.a | trim) | upper }}"),
            ("{{base64 request.body decode=true}}", "{{ postman_body() | b64decode }}"),
            ("{{#if request.query.a}}yes{{else}}no{{/if}}", "{% if query.all('a') %}yes{% else %}no{% endif %}"),
            ("{{#unless request.body}}no{{/unless}}", "{% if not (postman_body()) %}no{% endif %}"),
            ("{{defaultIfEmpty request.headers.h 'x'}}", "{{ header.h if header.all('h') else 'x' }}"),
            ("{{defaultIfEmpty request.body 'x'}}", "{{ postman_body() or 'x' }}"),
            ("{{#eq request.body 'GET'}}g{{/eq}}", "{% if postman_body() == 'GET' %}g{% endif %}"),
            ("a{{! nothing }}b", "ab"),
        ] {
            assert_eq!(read(handlebars), expected, "{handlebars}");
        }
    }

    #[test]
    fn what_has_no_counterpart_is_a_fault() {
        for handlebars in [
            "{{anyBoolean}}",
            "{{request.clientIp}}",
            "{{request.path.nobody}}",
            "{{xPath request.body '/a'}}",
            "{{jsonPath request.body '$..a'}}",
            "{{#each request.query.a}}x{{/each}}",
            "{{#if request.body}}",
            "{{#eq request.method 'GET'}}g{{/eq}}",
            "{{#eq request.query.a 'x'}}g{{/eq}}",
            "{{/if}}",
            "{{now format='w'}}",
            "{{now timezone='Europe/Paris'}}",
            "{{randomInt}}",
            "{{randomValue length=3}}",
            "{{~request.body}}",
            "{{request.body",
            "{{}}",
            "{{upper 'a}}",
            "\\{{request.body}}",
            &format!("{{{{{}1{}}}}}", "(".repeat(100), ")".repeat(100)),
        ] {
            assert!(read(handlebars).contains(": "), "{handlebars}");
        }
    }
}
