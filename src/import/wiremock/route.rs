//! Paths of mappings: literal, with parameters, or by a regular expression.
//!
//! An expression is taken apart at its slashes where each part stays within its segment; so most become a path with
//! parameters, which the index finds at once. Any other is looked at with the rest of the path, or with the target.

use super::regex;
use crate::import::clause::{Clauses, Op, Subject};
use crate::stubs::path::{NormalPath, readable};

/// A segment of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// This one, decoded.
    Literal(String),
    /// Any one that is not empty.
    Param,
    /// All that is left.
    Rest,
}

/// A path with what is asked of its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Its segments.
    pub segments: Vec<Segment>,
    /// Names of parameters by position, where the mapping gives them.
    pub names: Vec<Option<String>>,
    /// What is asked of path and target.
    pub clauses: Clauses,
}

/// Why a path cannot be taken, and which.
pub type Fault = (&'static str, String);

/// How an expression for a path ends that is held against the target.
pub const END_OF_PATH: &str = r"(?:\?|$)";

const NO_PATH: &str = "no request has this path";
const NO_REGEX: &str = "a regular expression without counterpart";

impl Route {
    fn of(segments: Vec<Segment>, clauses: Clauses) -> Self {
        let names = vec![None; segments.len()];
        Route { segments, names, clauses }
    }

    /// Every path.
    pub fn any() -> Self {
        Route::of(vec![Segment::Rest], Clauses::default())
    }

    /// `url`: path and query as they are sent.
    ///
    /// # Errors
    /// Where no request has it.
    pub fn url(url: &str) -> Result<Self, Fault> {
        let path = url.split('?').next().unwrap_or(url);
        let mut route = Route::of(literals(path)?, Clauses::default());
        route.clauses.test(Subject::Target, vec![Op::Eq(url.into())]);
        Ok(route)
    }

    /// `urlPath`: the path, whatever the query.
    ///
    /// # Errors
    /// Where no request has it.
    pub fn path(path: &str) -> Result<Self, Fault> {
        let mut route = Route::of(literals(path)?, Clauses::default());
        // Dot segments and doubled slashes are resolved before a path is matched; who asks for them gets only them.
        if path.contains("//") || path.split('/').any(|segment| matches!(segment, "." | "..")) {
            let re = format!("^{}{END_OF_PATH}", ::regex::escape(path));
            route.clauses.test(Subject::Target, vec![Op::Re(re)]);
        }
        Ok(route)
    }

    /// `urlPathTemplate`: a path whose parameters stand in braces.
    ///
    /// # Errors
    /// Where a parameter is no whole segment, or no request has the path.
    pub fn template(template: &str) -> Result<Self, Fault> {
        let partial = |segment: &str| ("a parameter that is no whole segment", format!("`{segment}`"));
        let mut route = Route::of(Vec::new(), Clauses::default());
        let Some(rest) = template.strip_prefix('/') else { return Err((NO_PATH, format!("`{template}`"))) };
        for segment in rest.split('/') {
            let name = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}'));
            if let Some(name) = name.filter(|name| !name.contains(['{', '}', '+', '*', ':'])) {
                route.segments.push(Segment::Param);
                route.names.push(Some(name.to_owned()));
            } else if segment.contains(['{', '}']) {
                return Err(partial(segment));
            } else {
                route.segments.extend(literals(&format!("/{segment}"))?);
                route.names.push(None);
            }
        }
        Ok(route)
    }

    /// `urlPathPattern`: an expression for the path.
    ///
    /// # Errors
    /// Where the expression has no counterpart.
    pub fn path_pattern(java: &str) -> Result<Self, Fault> {
        let whole = regex::whole(java).ok_or_else(|| (NO_REGEX, format!("`{java}`")))?;
        if let Some(route) = by_segments(java) {
            return Ok(route);
        }
        let (prefix, length) = prefix(java);
        let rest = &java[length..];
        let mut route = Route::of(prefix, Clauses::default());
        route.segments.push(Segment::Rest);
        route.names.push(None);
        let at = route.segments.len() - 1;
        match regex::whole(rest).filter(|_| length > 0) {
            Some(re) if !is_anything(rest) => route.clauses.test(Subject::Path(at), vec![Op::Re(re)]),
            Some(_) => {}
            None if is_anything(java) => {}
            // The slash at its beginning cannot be taken off: it is held against the target.
            None => {
                let fault = || ("a regular expression that cannot be held against the path alone", format!("`{java}`"));
                let inner = without_query(&whole[1..whole.len() - 1]).ok_or_else(fault)?;
                route.clauses.test(Subject::Target, vec![Op::Re(format!("^(?:{inner}){END_OF_PATH}"))]);
            }
        }
        Ok(route)
    }

    /// `urlPattern`: an expression for path and query.
    ///
    /// # Errors
    /// Where the expression has no counterpart.
    pub fn url_pattern(java: &str) -> Result<Self, Fault> {
        let whole = regex::whole(java).ok_or_else(|| (NO_REGEX, format!("`{java}`")))?;
        // An escaped question mark ends the path.
        let path = java.find(r"\?").map_or(java, |end| &java[..end]);
        let is_exact = path.len() < java.len() && !regex::has_alternatives(java);
        let mut route = match is_exact.then(|| by_segments(path)).flatten().filter(|route| route.clauses.is_empty()) {
            Some(route) => route,
            None => {
                let mut route = Route::of(prefix(java).0, Clauses::default());
                route.segments.push(Segment::Rest);
                route.names.push(None);
                route
            }
        };
        if !is_anything(java) {
            route.clauses.test(Subject::Target, vec![Op::Re(whole)]);
        }
        Ok(route)
    }

    /// Whether all of it is literal.
    pub fn is_literal(&self) -> bool {
        self.segments.iter().all(|segment| matches!(segment, Segment::Literal(_)))
    }
}

/// The names of parameters, by position: those that are given, made fit and unlike each other, else numbered.
pub fn names(segments: &[Segment], given: &[Option<String>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut number = 0;
    for (at, segment) in segments.iter().enumerate() {
        let name = match segment {
            Segment::Literal(_) => String::new(),
            Segment::Rest => "rest".to_owned(),
            Segment::Param => {
                number += 1;
                let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
                match given.get(at).cloned().flatten().map(|name| name.chars().map(plain).collect::<String>()) {
                    Some(name) if !name.is_empty() && !names.contains(&name) => name,
                    _ => format!("p{number}"),
                }
            }
        };
        names.push(name);
    }
    names
}

/// The path as `match` writes it.
pub fn written(segments: &[Segment], names: &[String]) -> String {
    let mut line = String::new();
    for (segment, name) in segments.iter().zip(names) {
        line.push('/');
        match segment {
            Segment::Literal(text) => encode(text, &mut line),
            Segment::Param => line.push_str(&format!("{{{name}}}")),
            Segment::Rest => line.push_str(&format!("{{{name}...}}")),
        }
    }
    line
}

/// Percent-encodes what a `match` line does not hold as it is.
fn encode(segment: &str, out: &mut String) {
    for (at, c) in segment.char_indices() {
        if c.is_alphanumeric() || "-._~!$&'()+,;=@".contains(c) || (c == ':' && at > 0) {
            out.push(c);
        } else {
            // In the normal form an encoded slash is a NUL.
            let c = if c == '\0' { '/' } else { c };
            out.extend(c.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("%{byte:02X}")));
        }
    }
}

/// The segments of a literal path.
pub fn literals(path: &str) -> Result<Vec<Segment>, Fault> {
    let no = || (NO_PATH, format!("`{path}`"));
    let normal = NormalPath::of(path.as_bytes()).map_err(|_| no())?;
    if normal.as_bytes() == b"*" || path.contains(['#', ' ']) {
        return Err(no());
    }
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map(Segment::Literal).map_err(|_| no());
    normal.segments().map(text).collect()
}

/// A segment as a condition sees it.
pub fn shown(literal: &str) -> String {
    String::from_utf8_lossy(&readable(literal.as_bytes())).into_owned()
}

/// An expression that takes no question mark, and else what it took; so it ends where the path does.
fn without_query(re: &str) -> Option<String> {
    let mut out = String::with_capacity(re.len() + 8);
    let mut chars = re.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next()?.1 {
                '?' => return None,
                escaped => out.extend(['\\', escaped]),
            },
            '.' => out.push_str("[^?]"),
            '[' => {
                let end = at + class_end(&re[at..])?;
                match re[at + 1..end].strip_prefix('^') {
                    Some(taken_out) => out.push_str(&format!("[^?{taken_out}]")),
                    None if re[at..end].contains('?') => return None,
                    None => out.push_str(&re[at..=end]),
                }
                chars = re.char_indices();
                chars.by_ref().take_while(|(next, _)| *next < end).for_each(drop);
            }
            c => out.push(c),
        }
    }
    ::regex::Regex::new(&out).is_ok().then_some(out)
}

/// Whether an expression holds for every path.
fn is_anything(java: &str) -> bool {
    matches!(java.trim_start_matches('^').trim_end_matches('$'), ".*" | "/.*" | "(.*)" | "/(.*)" | "")
        && !matches!(java, "" | "^" | "$" | "^$")
}

/// A path with parameters out of an expression each of whose parts stays within its segment.
fn by_segments(java: &str) -> Option<Route> {
    let java = java.strip_prefix('^').unwrap_or(java);
    let java = java.strip_suffix('$').filter(|rest| !rest.ends_with('\\')).unwrap_or(java);
    let parts = split(java)?;
    let mut route = Route::of(Vec::new(), Clauses::default());
    for (at, part) in parts.iter().enumerate() {
        route.names.push(None);
        if let Some(literal) = unescaped(part) {
            // An empty segment that is not the last never reaches matching.
            if literal.is_empty() && at + 1 < parts.len() {
                return None;
            }
            route.segments.extend(literals(&format!("/{literal}")).ok()?);
            continue;
        }
        let re = regex::whole(part)?;
        if regex::holds(&re, "") {
            return None;
        }
        route.segments.push(Segment::Param);
        if !matches!(*part, "[^/]+" | "([^/]+)" | "[^/]+?" | "([^/]+?)") {
            route.clauses.test(Subject::Path(at), vec![Op::Re(re)]);
        }
    }
    (route.segments.len() == parts.len()).then_some(route)
}

/// The parts between the slashes of an expression, if each stays within its segment.
fn split(java: &str) -> Option<Vec<&str>> {
    let rest = java.strip_prefix('/')?;
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    let mut chars = rest.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next()?.1 {
                'S' | 'D' | 'W' | 'Q' | '/' => return None,
                _ => {}
            },
            '[' => {
                let end = at + class_end(&rest[at..])?;
                if takes_slash(&rest[at + 1..end]) {
                    return None;
                }
                while chars.next_if(|(next, _)| *next <= end).is_some() {}
            }
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            '.' | '|' if c == '.' || depth == 0 => return None,
            '/' if depth > 0 => return None,
            '/' => {
                parts.push(&rest[start..at]);
                start = at + 1;
            }
            '?' | '*' | '+' | '{' if at == start => return None,
            _ => {}
        }
    }
    parts.push(&rest[start..]);
    Some(parts)
}

/// Where a class in brackets ends; nested ones have no end here.
fn class_end(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '[' => return None,
            ']' if at > 1 => return Some(at),
            _ => {}
        }
    }
    None
}

/// Whether a class may take a slash.
fn takes_slash(class: &str) -> bool {
    if let Some(taken_out) = class.strip_prefix('^') {
        return !taken_out.contains('/');
    }
    let odd = class.contains('/') || ["\\S", "\\D", "\\W"].iter().any(|escape| class.contains(escape));
    let chars: Vec<char> = class.chars().collect();
    odd || chars.windows(3).any(|range| range[1] == '-' && range[0] <= '/' && range[2] >= '/')
}

/// The text that an expression stands for, where it stands for one.
fn unescaped(java: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = java.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(chars.next().filter(|c| !c.is_alphanumeric())?),
            '.' | '[' | ']' | '(' | ')' | '{' | '}' | '*' | '+' | '?' | '|' | '^' | '$' => return None,
            c => out.push(c),
        }
    }
    Some(out)
}

/// The literal segments that an expression begins with, and how many bytes of it they are, the slash behind included.
fn prefix(java: &str) -> (Vec<Segment>, usize) {
    let nothing = (Vec::new(), 0);
    let start = usize::from(java.starts_with('^'));
    if regex::has_alternatives(java) || !java[start..].starts_with('/') {
        return nothing;
    }
    let mut end = start;
    let mut open = start;
    // Each turn takes one literal segment with the slash behind it.
    while let Some(length) = java[open + 1..].find('/') {
        let next = open + 1 + length;
        let is_quantified = java[next + 1..].starts_with(['?', '*', '+', '{']);
        if unescaped(&java[open + 1..next]).is_none() || is_quantified {
            break;
        }
        open = next;
        end = next;
    }
    let quantified = java[start + 1..].starts_with(['?', '*', '+', '{']);
    if end == start {
        return if quantified { nothing } else { (Vec::new(), start + 1) };
    }
    let literal = java[start..end].split('/').filter_map(unescaped).collect::<Vec<_>>().join("/");
    match literals(&literal) {
        Ok(segments) => (segments, end + 1),
        Err(_) => nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(route: Result<Route, Fault>) -> String {
        match route {
            Ok(Route { segments, names: given, clauses }) => {
                let asked: Vec<_> =
                    clauses.tests.iter().map(|test| format!(" {:?} {:?}", test.subject, test.ops)).collect();
                format!("{}{}", written(&segments, &names(&segments, &given)), asked.concat())
            }
            Err((why, which)) => format!("{why}: {which}"),
        }
    }

    #[test]
    fn a_path_of_every_form() {
        for (route, expected) in [(Route::any(), "/{rest...}"), (Route::path("/a%20b/c:d/").unwrap(), "/a%20b/c:d/")] {
            assert_eq!(shown(Ok(route)), expected);
        }
        assert_eq!(shown(Route::url("/a?b=1")), "/a Target [Eq(String(\"/a?b=1\"))]");
        assert_eq!(shown(Route::path("/a//b")), r#"/a/b Target [Re("^/a//b(?:\\?|$)")]"#);
        assert_eq!(shown(Route::path("a")), "no request has this path: `a`");
        assert_eq!(shown(Route::template("/t/{id}/{id}/x")), "/t/{id}/{p2}/x");
        assert_eq!(shown(Route::template("/t/a-{id}")), "a parameter that is no whole segment: `a-{id}`");
    }

    #[test]
    fn an_expression_becomes_a_path_where_its_parts_stay_within_their_segments() {
        for (java, expected) in [
            ("/users/[0-9]+", r#"/users/{p1} Path(1) [Re("^[0-9]+$")]"#),
            ("^/users/([^/]+)/x$", "/users/{p1}/x"),
            (r"/v1\.0/(a|b)", r#"/v1.0/{p1} Path(1) [Re("^(a|b)$")]"#),
            (r"/a/\w+", r#"/a/{p1} Path(1) [Re("^[0-9A-Za-z_]+$")]"#),
            ("/a/b", "/a/b"),
            ("/a/.*", "/a/{rest...}"),
            ("/a/.+", r#"/a/{rest...} Path(1) [Re("^.+$")]"#),
            ("/a/[^x]*", r#"/a/{rest...} Path(1) [Re("^[^x]*$")]"#),
            ("/a/b/?", "/a/{rest...} Path(1) [Re(\"^b/?$\")]"),
            (".*", "/{rest...}"),
            ("/.*", "/{rest...}"),
            ("/(a|b)/.*", r#"/{rest...} Path(0) [Re("^(a|b)/.*$")]"#),
            (".*/x", r#"/{rest...} Target [Re("^(?:[^?]*/x)(?:\\?|$)")]"#),
            ("[^b]+/[xy]", r#"/{rest...} Target [Re("^(?:[^?b]+/[xy])(?:\\?|$)")]"#),
            (".*[?]", "a regular expression that cannot be held against the path alone: `.*[?]`"),
            (r"/(?=a).*", "a regular expression without counterpart: `/(?=a).*`"),
        ] {
            assert_eq!(shown(Route::path_pattern(java)), expected, "{java}");
        }
    }

    #[test]
    fn an_expression_for_path_and_query_is_held_against_the_target() {
        for (java, expected) in [
            (r"/a/b\?x=[0-9]+", r#"/a/b Target [Re("^/a/b\\?x=[0-9]+$")]"#),
            (r"/a/[a-z]+\?x=1", r#"/a/{rest...} Target [Re("^/a/[a-z]+\\?x=1$")]"#),
            ("/a/.*", r#"/a/{rest...} Target [Re("^/a/.*$")]"#),
            ("/(a|b)", r#"/{rest...} Target [Re("^/(a|b)$")]"#),
            (".*", "/{rest...}"),
        ] {
            assert_eq!(shown(Route::url_pattern(java)), expected, "{java}");
        }
    }
}
