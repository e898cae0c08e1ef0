//! Which stub comes first: one total order, written once.
//!
//! Exact host before wildcard before none; longer base path; then segment by segment literal before parameter before
//! rest; method before ANY; more query conditions in `match`; then file order. The index visits candidates in exactly
//! this order by its shape: [`HostRank`] orders its groups, base paths are tried from the longest, a walk of the trie
//! visits literals before parameters before rests, and [`StubRank`] orders what shares a place.

use std::cmp::Reverse;

use super::path_template::{Segment, Template};
use super::postman::row::Row;
use super::scenario::HostPattern;

/// How specific a mock's hold on a host is; the smaller comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostRank {
    /// It names the host.
    Exact,
    /// It names a domain above; the longer the domain, the earlier.
    Below(Reverse<usize>),
    /// It names no host.
    Any,
}

impl HostRank {
    /// The rank of a pattern; `None` is a mock without hosts.
    pub fn of(pattern: Option<&HostPattern>) -> Self {
        match pattern {
            Some(HostPattern::Exact(_)) => HostRank::Exact,
            Some(HostPattern::Below(suffix)) => HostRank::Below(Reverse(suffix.len())),
            None => HostRank::Any,
        }
    }
}

/// How close a path of either kind of matching is, where host and base path are shared: which kind of mock a request
/// belongs to. A stub that says exactly what it answers comes before an example that the request resembles as much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Closeness {
    /// A stub whose path is all literal.
    Literal,
    /// An example that fits by the rows 1 to 4.
    Same(Row),
    /// A stub with parameters.
    Parameter,
    /// An example that fits by row 5.
    Wildcard,
    /// A stub that takes all that is left of a path.
    Rest,
    /// An example that fits by the rows 6 to 8.
    Alike(Row),
}

impl Closeness {
    /// That of a stub that fits.
    pub fn of_stub(path: &Template) -> Self {
        let has = |kind: &Segment| path.segments().contains(kind);
        match () {
            () if has(&Segment::Rest) => Closeness::Rest,
            () if has(&Segment::Param) => Closeness::Parameter,
            () => Closeness::Literal,
        }
    }

    /// That of an example that fits by this row.
    pub fn of_row(row: Row) -> Self {
        match row {
            Row::Identical | Row::Slash | Row::Case | Row::SlashAndCase => Closeness::Same(row),
            Row::Wildcard => Closeness::Wildcard,
            Row::Id | Row::SlashAndId | Row::Near => Closeness::Alike(row),
        }
    }
}

/// The order of stubs that share host, base path, path shape and method; the smaller comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StubRank {
    query: Reverse<u32>,
    file_order: u32,
}

impl StubRank {
    /// `query` is the number of query conditions in `match`, `file_order` the stub's number.
    pub fn new(query: u32, file_order: u32) -> Self {
        StubRank { query: Reverse(query), file_order }
    }
}

/// The order in which the scenarios of a stub are tried: more conditions first, then file order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScenarioRank {
    conditions: Reverse<u32>,
    file_order: u32,
}

impl ScenarioRank {
    /// `conditions` is their number, `file_order` the scenario's place in its stub.
    pub fn new(conditions: u32, file_order: u32) -> Self {
        ScenarioRank { conditions: Reverse(conditions), file_order }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_host_beats_a_longer_wildcard_beats_a_shorter_beats_none() {
        let below = |suffix: &str| HostRank::of(Some(&HostPattern::Below(suffix.into())));
        assert!(HostRank::of(Some(&HostPattern::Exact("a".into()))) < below(".a.test"));
        assert!(below(".a.test") < below(".test"));
        assert!(below(".test") < HostRank::of(None));
    }

    #[test]
    fn a_path_that_is_said_exactly_comes_before_one_that_resembles_it_as_much() {
        let stub = |text| Closeness::of_stub(&Template::parse(text).unwrap());
        let row = |number: usize| Closeness::of_row(Row::ALL[number - 1]);
        let order = [
            stub("/a"),
            row(1),
            row(2),
            row(3),
            row(4),
            stub("/{a}"),
            row(5),
            stub("/{a}/{b...}"),
            row(6),
            row(7),
            row(8),
        ];
        assert!(order.is_sorted_by(|a, b| a < b), "{order:?}");
    }

    #[test]
    fn more_query_conditions_beat_file_order() {
        assert!(StubRank::new(2, 9) < StubRank::new(1, 0));
        assert!(StubRank::new(1, 0) < StubRank::new(1, 1));
    }

    #[test]
    fn more_conditions_beat_file_order() {
        assert!(ScenarioRank::new(1, 9) < ScenarioRank::new(0, 0));
        assert!(ScenarioRank::new(1, 0) < ScenarioRank::new(1, 1));
    }
}
