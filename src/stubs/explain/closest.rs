//! Which scenarios to show: for an answer those that were tried, for a miss those that are closest.
//!
//! Closeness is for people. It is cheap for most stubs, whose paths have nothing to do with the request's, and only a
//! bounded number of scenarios is held against the request, so that an explanation takes milliseconds in a table of
//! 100,000 stubs.

use super::Question;
use super::path::is_like;
use crate::stubs::bucket::Rule;
use crate::stubs::decision::Decision;
use crate::stubs::index::Candidates;
use crate::stubs::matcher::{Conditions, Outcome, one_of};
use crate::stubs::path_template::Segment;
use crate::stubs::postman::Closest;
use crate::stubs::postman::choose::Choice;
use crate::stubs::postman::row::row;
use crate::stubs::scenario::{Mock, Stub};
use crate::stubs::table::Table;
use crate::stubs::table::selectors::Asked;

/// How many stubs are looked at more closely.
const STUBS: usize = 64;

/// How many scenarios are held against the request.
const SCENARIOS: usize = 2_000;

/// What a difference counts. Another host or method weighs more than a condition, and less than another path.
const METHOD: u32 = 3;
const HOST: u32 = 3;
const CONDITION: u32 = 2;
const SEGMENT: u32 = 8;
const LENGTH: u32 = 6;
const PREFIX: u32 = 4;

/// The scenarios that were tried up to the one that answers, that one first, and how many more there were.
pub(super) fn tried(table: &Table, question: &Question<'_, '_>, scenario: u32) -> (Vec<Rule>, usize) {
    let found = table.index().candidates(question.view, question.view.method);
    let mut rules = examples(table, question, &found).unwrap_or_default();
    rules.extend(found.buckets.iter().flat_map(|bucket| bucket.rules()).copied());
    let at = rules.iter().position(|rule| rule.scenario == scenario);
    match (at, found.hits.is_some()) {
        // Of examples those behind the best are of interest: what they have scored.
        (Some(at), true) => rules[..=at].rotate_right(1),
        (Some(at), false) => {
            rules.truncate(at + 1);
            rules.rotate_right(1);
        }
        // Named by a selector, whatever its path.
        (None, _) => {
            let stub = table.stubs().iter().position(|stub| stub.scenarios.contains(&scenario));
            rules = stub.map(|stub| Rule { stub: stub as u32, scenario }).into_iter().collect();
        }
    }
    shown(rules, question)
}

/// The scenarios that are closest to a request that none answers, and how many more are close.
pub(super) fn closest(table: &Table, question: &Question<'_, '_>, decision: &Decision<'_>) -> (Vec<Rule>, usize) {
    let found = table.index().candidates(question.view, question.view.method);
    if let Some(rules) = examples(table, question, &found) {
        return shown(rules, question);
    }
    let asked: Vec<&[u8]> = question.view.path.segments().collect();
    let mut stubs: Vec<(u32, u32)> = table
        .stubs()
        .iter()
        .zip(0..)
        .filter_map(|(stub, number)| Some((route(table, stub, question, &asked)?, number)))
        .collect();
    // A stub that the request can reach comes before one of another mock that looks the same.
    let reached = |number: u32| Some(table.stubs()[number as usize].mock) == decision.mock.map(|mock| mock.number);
    stubs.sort_by_key(|(distance, number)| (*distance, !reached(*number), *number));
    let more: usize = stubs.iter().skip(STUBS).map(|(_, number)| table.stubs()[*number as usize].scenarios.len()).sum();
    let rules = stubs.iter().take(STUBS).flat_map(|(distance, number)| {
        let scenarios = &table.stubs()[*number as usize].scenarios;
        scenarios.iter().map(|scenario| (*distance, Rule { stub: *number, scenario: *scenario }))
    });
    let mut rules: Vec<(u32, Rule)> = rules.collect();
    let unread = rules.len().saturating_sub(SCENARIOS);
    rules.truncate(SCENARIOS);
    let mut ranked: Vec<(bool, u32, bool, usize, Rule)> = rules
        .into_iter()
        .enumerate()
        .map(|(at, (distance, rule))| {
            let own = distance + CONDITION * failing(table, question, rule);
            (distance > 0, own, !reached(rule.stub), at, rule)
        })
        .collect();
    // What the request fits comes first, and of that what is in its own mock: there the reason lies.
    ranked.sort_by_key(|(is_other, distance, foreign, at, _)| {
        (*is_other, *foreign && !*is_other, *distance, *foreign, *at)
    });
    let (rules, left_out) = shown(ranked.into_iter().map(|(.., rule)| rule).collect(), question);
    (rules, left_out + more + unread)
}

fn shown(mut rules: Vec<Rule>, question: &Question<'_, '_>) -> (Vec<Rule>, usize) {
    let left_out = rules.len().saturating_sub(question.candidates);
    rules.truncate(question.candidates);
    (rules, left_out)
}

/// The examples of Postman's matching that the index found, best first.
fn examples(table: &Table, question: &Question<'_, '_>, found: &Candidates<'_>) -> Option<Vec<Rule>> {
    let mock = &table.mocks()[found.mock? as usize];
    let selectors = mock.selectors.are_on(question.view);
    let asked = if selectors { Asked::by(question.view) } else { Asked::default() };
    let (left, code) = table.left(question.view, found, asked)?;
    let (hits, choice) = (left.as_ref(), Choice { scenarios: table.scenarios(), code, selectors, off: &[] });
    let standings = hits.collection().standings(hits, question.view, &choice);
    Some(standings.into_iter().map(|standing| standing.rule).collect())
}

/// How many conditions of a scenario fail, those of its stub's `match` included.
fn failing(table: &Table, question: &Question<'_, '_>, rule: Rule) -> u32 {
    let count = |own: &Conditions| {
        let fails = |outcome| matches!(outcome, Outcome::Fails(_));
        let tests = own.tests().iter().filter(|test| fails(test.check(question.view))).count();
        (tests + own.groups().iter().filter(|branches| fails(one_of(branches, question.view))).count()) as u32
    };
    count(&table.stubs()[rule.stub as usize].query) + count(&table.scenarios()[rule.scenario as usize].conditions)
}

/// How far a stub's host, method and path are from the request's; `None` where they have nothing in common.
fn route(table: &Table, stub: &Stub, question: &Question<'_, '_>, asked: &[&[u8]]) -> Option<u32> {
    let mock = &table.mocks()[stub.mock as usize];
    let path = match &mock.postman {
        Some(_) => match row(&stub.path, &question.view.path, Closest::Fuzzy) {
            Some(row) => u32::from(row.number()) - 1,
            None => distance(stub.path.segments(), asked)?,
        },
        None => distance_of(mock, stub, asked)?,
    };
    let method = if takes(mock, stub, question.view.method) { 0 } else { METHOD };
    let host = if serves(mock, question.view.host.as_deref()) { 0 } else { HOST };
    Some(path + method + host)
}

/// Whether a stub answers this method.
pub(super) fn takes(mock: &Mock, stub: &Stub, method: &str) -> bool {
    match stub.method.as_deref() {
        None => mock.postman.is_none() || method.is_empty(),
        Some(own) => own == method || method == "HEAD" && own == "GET" && mock.postman.is_none(),
    }
}

/// Whether a mock serves this host.
pub(super) fn serves(mock: &Mock, host: Option<&str>) -> bool {
    mock.hosts.is_empty() || host.is_some_and(|host| mock.hosts.iter().any(|own| own.covers(host)))
}

/// How far a path is from a stub's, with the mock's base path or without it.
fn distance_of(mock: &Mock, stub: &Stub, asked: &[&[u8]]) -> Option<u32> {
    let own = stub.path.segments();
    let below = mock.base.as_ref().and_then(|base| distance(&own[base.segments().len().min(own.len())..], asked));
    let whole = distance(own, asked);
    [whole, below.map(|distance| distance + PREFIX)].into_iter().flatten().min()
}

/// How far a path is from a template; `None` where no literal segment is alike.
fn distance(own: &[Segment], asked: &[&[u8]]) -> Option<u32> {
    let from_start = aligned(own, asked);
    let before = asked.len().saturating_sub(own.len());
    let from_end = (before > 0).then(|| aligned(own, &asked[before..])).flatten().map(|distance| distance + PREFIX);
    [from_start, from_end].into_iter().flatten().min()
}

fn aligned(own: &[Segment], asked: &[&[u8]]) -> Option<u32> {
    let bare = |literal: &[u8]| literal.is_empty();
    let own_slash = matches!(own.last(), Some(Segment::Literal(last)) if bare(last));
    let slash = asked.last().is_some_and(|last| last.is_empty());
    let (own, asked) = (&own[..own.len() - usize::from(own_slash)], &asked[..asked.len() - usize::from(slash)]);
    let is_open = matches!(own.last(), Some(Segment::Rest));
    let mut distance = u32::from(own_slash != slash && !is_open);
    let (mut literals, mut shared) = (0, 0);
    for (own, asked) in own.iter().zip(asked) {
        let Segment::Literal(own) = own else { continue };
        literals += 1;
        let decoded = |asked| percent_encoding::percent_decode(asked).eq(own.iter().copied());
        // An encoded slash or question mark hides what follows.
        let first = || asked.split(|byte| matches!(byte, 0 | b'?')).next().unwrap_or(asked);
        let pair = match () {
            () if **own == **asked => 0,
            () if own.eq_ignore_ascii_case(asked) => 1,
            () if is_like(own, asked) => 2,
            () if decoded(asked) || decoded(first()) => 2,
            () => SEGMENT,
        };
        shared += u32::from(pair < SEGMENT);
        distance += pair;
    }
    let lengths = own.len().abs_diff(asked.len()) as u32;
    distance += match is_open {
        true if asked.len() + 1 >= own.len() => 0,
        _ => lengths * LENGTH,
    };
    (shared > 0 || distance == u32::from(own_slash != slash) || literals == 0 && distance <= LENGTH).then_some(distance)
}
