//! Paths of mappings: literal, with parameters, or by a regular expression.
//!
//! An expression is taken apart at its slashes where each part stays within its segment; so most become a path with
//! parameters, which the index finds at once. Any other is looked at with the rest of the path, or with the target.

mod pattern;

use super::regex;
use crate::import::clause::{Clauses, Op, Subject};
use crate::stubs::path::{NormalPath, readable};
use pattern::{by_segments, is_anything, prefix, without_query};

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

#[cfg(test)]
mod tests;
