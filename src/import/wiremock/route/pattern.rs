//! Expressions for paths, taken apart: what they begin with, and what stands between their slashes.

use super::super::regex;
use super::{Route, Segment, literals};
use crate::import::clause::{Clauses, Op, Subject};

/// An expression that takes no question mark, and else what it took; so it ends where the path does.
pub(super) fn without_query(re: &str) -> Option<String> {
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
pub(super) fn is_anything(java: &str) -> bool {
    matches!(java.trim_start_matches('^').trim_end_matches('$'), ".*" | "/.*" | "(.*)" | "/(.*)" | "")
        && !matches!(java, "" | "^" | "$" | "^$")
}

/// A path with parameters out of an expression each of whose parts stays within its segment.
pub(super) fn by_segments(java: &str) -> Option<Route> {
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
pub(super) fn prefix(java: &str) -> (Vec<Segment>, usize) {
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
