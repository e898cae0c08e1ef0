//! What probably went wrong with a path. A guess is tried: the request's path, changed by it, fits the template.

use super::Guess;
use crate::stubs::path::{NormalPath, readable};
use crate::stubs::path_template::{Segment, Template};
use crate::stubs::postman::row::{edits_allowed, is_within};
use crate::stubs::trie::Shapes;
use crate::words::Slip;

/// How many segments may stand before the path that was meant.
const BEFORE: usize = 3;

/// Whether a path fits a template: the index of this template alone.
pub(super) fn fits(template: &Template, path: &NormalPath<'_>) -> bool {
    Shapes::fits(template.segments(), path.as_bytes())
}

/// What probably went wrong with a path that does not fit; `base` is the mock's base path.
pub(super) fn guess(template: &Template, base: Option<&Template>, path: &NormalPath<'_>) -> Option<Guess> {
    let sent = path.as_bytes();
    let lower = lower(template);
    let fits = |path: &[u8]| Shapes::fits(template.segments(), path);
    let other_slash = |path: &[u8]| match path.strip_suffix(b"/") {
        Some(bare) if !bare.is_empty() => bare.to_owned(),
        _ => [path, b"/"].concat(),
    };
    let is = |kind, text: String| Some(Guess::new(kind, text));
    if fits(&other_slash(sent)) {
        let (own, other) = if sent.ends_with(b"/") { ("no slash", "a slash") } else { ("a slash", "no slash") };
        return is(Slip::TrailingSlash, format!("the stub's path ends with {own}, the request's with {other}"));
    }
    let folded = sent.to_ascii_lowercase();
    if Shapes::fits(&lower, &folded) {
        return is(Slip::Case, "upper and lower case differ: paths are compared as they are written".to_owned());
    }
    if Shapes::fits(&lower, &other_slash(&folded)) {
        return is(Slip::Case, "upper and lower case differ, and so does the trailing slash".to_owned());
    }
    if sent.contains(&0) && fits(&readable(sent)) {
        return is(Slip::Encoding, "`%2F` is a slash inside a segment: it parts nothing".to_owned());
    }
    let decoded: Vec<u8> = percent_encoding::percent_decode(sent).collect();
    if fits(&decoded) {
        return is(Slip::Encoding, "the path is percent-encoded twice".to_owned());
    }
    let spaced: Vec<u8> = sent.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    if fits(&spaced) {
        return is(Slip::Encoding, "in a path `+` is a plus sign: a space is `%20`".to_owned());
    }
    if let Some(at) = memchr::memchr(b'?', sent).filter(|at| fits(&sent[..*at])) {
        let query = String::from_utf8_lossy(&sent[at + 1..]).into_owned();
        return is(Slip::Encoding, format!("`%3F` is part of the path, so `{query}` is no query"));
    }
    if let Some(base) = base
        && let Some(literal) = base.literal_path()
        && fits(&[&literal, sent].concat())
    {
        return is(Slip::Prefix, format!("the stubs of this mock lie below `{base}`"));
    }
    let mut rest = sent;
    for _ in 0..BEFORE {
        let Some(border) = rest.get(1..).and_then(|rest| memchr::memchr(b'/', rest)) else { break };
        rest = &rest[border + 1..];
        if fits(rest) {
            let before = String::from_utf8_lossy(&sent[..sent.len() - rest.len()]).into_owned();
            return is(Slip::Prefix, format!("`{before}` stands before the path of the stub"));
        }
    }
    if sent.ends_with(b"/") && fits(&[sent, b"x"].concat()) {
        return is(Slip::EmptyParameter, "a path parameter is never empty".to_owned());
    }
    spelling(template, path)
}

/// A segment that is like the one that is asked for, where all others fit.
fn spelling(template: &Template, path: &NormalPath<'_>) -> Option<Guess> {
    let (own, asked): (&[Segment], Vec<&[u8]>) = (template.segments(), path.segments().collect());
    let mut other: Option<(&[u8], &[u8])> = None;
    let (fixed, is_open) = match own.split_last() {
        Some((Segment::Rest, fixed)) => (fixed, true),
        _ => (own, false),
    };
    if asked.len() < fixed.len() || !is_open && asked.len() > fixed.len() {
        return None;
    }
    for (own, asked) in fixed.iter().zip(asked) {
        match own {
            Segment::Literal(own) if **own == *asked => {}
            Segment::Literal(own) if is_like(own, asked) => other = other.or(Some((own, asked))),
            Segment::Param if !asked.is_empty() => {}
            _ => return None,
        }
    }
    let (own, asked) = other?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(&readable(bytes)).into_owned();
    Some(Guess::new(Slip::Spelling, format!("`{}` was sent where the stub has `{}`", text(asked), text(own))))
}

/// Whether two segments are alike, case aside: within a quarter of their length, but at least one edit.
pub(super) fn is_like(own: &[u8], asked: &[u8]) -> bool {
    let longest = own.len().max(asked.len());
    longest > 1 && is_within(own, asked, edits_allowed(longest).max(usize::from(longest > 2)))
}

fn lower(template: &Template) -> Vec<Segment> {
    let lower = |segment: &Segment| match segment {
        Segment::Literal(text) => Segment::Literal(text.to_ascii_lowercase().into()),
        wildcard => wildcard.clone(),
    };
    template.segments().iter().map(lower).collect()
}
