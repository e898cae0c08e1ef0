//! Conditions of a mapping as another path has them, and whether two conjunctions can hold together.

use super::super::mapping::Mapping;
use super::super::regex::Ready;
use super::super::route::{END_OF_PATH, Segment, shown, written};
use crate::import::clause::{Clauses, Op, Subject, Test};

/// The conditions of a mapping as another path has them.
pub(super) enum Restated {
    /// No request with that path fits the mapping.
    Never,
    As(Clauses),
    /// They cannot be said there.
    Unsayable,
}

pub(super) fn restate(mappings: &[Mapping<'_>], at: usize, segments: &[Segment], ready: &Ready) -> Restated {
    let Mapping { route, clauses, .. } = &mappings[at];
    let own = &route.segments;
    if own == segments {
        return Restated::As(clauses.clone());
    }
    if clauses.groups.iter().flatten().any(names_path) {
        return Restated::Unsayable;
    }
    if never_holds(own, clauses, segments, ready) {
        return Restated::Never;
    }
    let of =
        |at: usize| -> Vec<&Test> { clauses.tests.iter().filter(|test| test.subject == Subject::Path(at)).collect() };
    let mut said = Clauses::default();
    said.groups.clone_from(&clauses.groups);
    said.tests = clauses.tests.iter().filter(|test| !matches!(test.subject, Subject::Path(_))).cloned().collect();
    for (at, (mine, theirs)) in own.iter().zip(segments).enumerate() {
        let (tests, subject) = (of(at), Subject::Path(at));
        match (mine, theirs) {
            (Segment::Literal(mine), Segment::Literal(theirs)) if mine == theirs => {}
            (Segment::Literal(_), Segment::Literal(_)) => return Restated::Never,
            (Segment::Literal(text), Segment::Param) => said.test(subject, vec![Op::Eq(shown(text).into())]),
            (Segment::Param, Segment::Literal(text)) => {
                if text.is_empty() || !tests.iter().all(|test| hold(&test.ops, &shown(text), ready)) {
                    return Restated::Never;
                }
            }
            (Segment::Param, Segment::Param) | (Segment::Rest, Segment::Rest) => {
                said.tests.extend(tests.into_iter().cloned())
            }
            (Segment::Rest, rest) => {
                let literal: Option<Vec<String>> = segments[at..]
                    .iter()
                    .map(|segment| if let Segment::Literal(text) = segment { Some(shown(text)) } else { None })
                    .collect();
                return match literal {
                    _ if tests.is_empty() => Restated::As(said),
                    Some(texts) if tests.iter().all(|test| hold(&test.ops, &texts.join("/"), ready)) => {
                        Restated::As(said)
                    }
                    Some(_) => Restated::Never,
                    // All that is left is one parameter, which is never empty.
                    None if *rest == Segment::Param && segments.len() == at + 1 => {
                        said.tests.extend(tests.into_iter().cloned());
                        Restated::As(said)
                    }
                    None => Restated::Unsayable,
                };
            }
            (_, Segment::Rest) => {
                let literal: Option<Vec<String>> = own[at..]
                    .iter()
                    .map(|s| if let Segment::Literal(text) = s { Some(shown(text)) } else { None })
                    .collect();
                let Some(texts) = literal else { return Restated::Unsayable };
                said.test(subject, vec![Op::Eq(texts.join("/").into())]);
                return Restated::As(said);
            }
        }
    }
    if own.len() == segments.len() { Restated::As(said) } else { Restated::Never }
}

/// Whether no request with a literal path fits. Most are told apart here, before anything is put together.
fn never_holds(own: &[Segment], clauses: &Clauses, segments: &[Segment], ready: &Ready) -> bool {
    let text = |segment: &Segment| if let Segment::Literal(text) = segment { Some(shown(text)) } else { None };
    let Some(texts) = segments.iter().map(text).collect::<Option<Vec<String>>>() else { return false };
    clauses.tests.iter().any(|test| match test.subject {
        Subject::Path(at) => match (own.get(at), texts.get(at)) {
            (Some(Segment::Rest), Some(_)) => !hold(&test.ops, &texts[at..].join("/"), ready),
            (_, Some(text)) => !hold(&test.ops, text, ready),
            (_, None) => true,
        },
        // An expression for the path alone, which is held against the target, says here whether it can hold at all.
        Subject::Target => test.ops.iter().any(|op| {
            let path = || written(segments, &vec![String::new(); segments.len()]);
            matches!(op, Op::Re(re) if re.ends_with(END_OF_PATH) && !ready.holds(re, &path()))
        }),
        _ => false,
    })
}

fn names_path(clauses: &Clauses) -> bool {
    clauses.tests.iter().any(|test| matches!(test.subject, Subject::Path(_)))
        || clauses.groups.iter().flatten().any(names_path)
}

/// Whether operators hold for a text.
fn hold(ops: &[Op], text: &str, ready: &Ready) -> bool {
    ops.iter().all(|op| match op {
        Op::Eq(json) => json.as_str() == Some(text),
        Op::Ne(json) => json.as_str() != Some(text),
        Op::Contains(part) => text.contains(part.as_str()),
        Op::Re(re) => ready.holds(re, text),
        Op::Present => true,
        Op::Absent | Op::Subset(_) => false,
        Op::Not(ops) => !hold(ops, text, ready),
    })
}

/// Whether no request satisfies both, as far as is easily seen. Of what a caller may repeat one value is looked at.
pub(super) fn are_apart(one: &Clauses, other: &Clauses, ready: &Ready) -> bool {
    let apart = |a: &Test, b: &Test| {
        let is_single =
            !matches!(&a.subject, Subject::Json(path) if path.contains(['*', '?', ':']) || path.contains(".."));
        let fails = |a: &Test, b: &Test| match a.ops.as_slice() {
            [Op::Eq(json)] => match (&a.subject, b.ops.as_slice()) {
                (Subject::Json(_), [Op::Eq(other)]) => !same(json, other),
                (Subject::Json(_), _) => false,
                (_, ops) => json.as_str().is_some_and(|text| !hold(ops, text, ready)),
            },
            [Op::Absent] => !b.ops.contains(&Op::Absent),
            _ => false,
        };
        a.subject == b.subject && is_single && (fails(a, b) || fails(b, a))
    };
    one.tests.iter().any(|a| other.tests.iter().any(|b| apart(a, b)))
}

/// Whether two JSON values may be equal: numbers are not looked at closely.
fn same(one: &serde_json::Value, other: &serde_json::Value) -> bool {
    one == other || (!one.is_string() && !one.is_boolean()) || (!other.is_string() && !other.is_boolean())
}
