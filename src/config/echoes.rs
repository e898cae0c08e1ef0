//! Which of the problems say nothing new.

use std::collections::HashSet;

use crate::problem::{Code, Place, Problem, SourceId, Sources};

/// Drops problems that only repeat another in other words.
pub fn drop_echoes(problems: &mut Vec<Problem>, sources: &Sources) {
    let at = |problem: &Problem| problem.place.as_ref().map(|(place, _)| *place);
    // The parser's recovery guesses; a guess in what is broken anyway makes only noise.
    let parsed = |problem: &Problem| matches!(problem.code, Code::TomlSyntax | Code::DuplicateKey);
    let range = |place: Place| {
        let range = crate::file::broken_by(&sources.get(place.source).text, place.start as usize);
        (place.source, range.start, range.end)
    };
    let mut broken: Vec<(SourceId, usize, usize)> =
        problems.iter().filter(|problem| parsed(problem)).filter_map(at).map(range).collect();
    // A broken table may hold a broken line: of what begins first, the end counts that lies furthest.
    broken.sort();
    let mut whole: Vec<(SourceId, usize, usize)> = Vec::with_capacity(broken.len());
    for (source, start, end) in broken {
        match whole.last_mut() {
            Some(last) if last.0 == source && start < last.2 => last.2 = last.2.max(end),
            _ => whole.push((source, start, end)),
        }
    }
    let is_broken = |place: Place| {
        let at = place.start as usize;
        let before = whole.partition_point(|(source, start, _)| (*source, *start) <= (place.source, at));
        before
            .checked_sub(1)
            .and_then(|last| whole.get(last))
            .is_some_and(|(source, _, end)| *source == place.source && at < *end)
    };
    problems.retain(|problem| parsed(problem) || !at(problem).is_some_and(is_broken));
    // Names made of two equal `match` lines are equal; that the lines are equal says more.
    let twins: HashSet<(SourceId, u32)> = problems
        .iter()
        .filter(|problem| problem.code == Code::SameMatch)
        .filter_map(at)
        .map(|place| (place.source, place.start))
        .collect();
    problems.retain(|problem| {
        problem.code != Code::DuplicateName || !at(problem).is_some_and(|at| twins.contains(&(at.source, at.start)))
    });
}
