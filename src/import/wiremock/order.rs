//! Which mapping answers: WireMock's order, in stubs that are ranked otherwise.
//!
//! WireMock tries mappings by priority, of equal ones the last that was read first. Here the more specific path comes
//! first, and within a stub the scenario with more conditions. Where both orders differ for requests that two mappings
//! fit, the earlier mapping gets a scenario in the later one's stub too, and conditions are said twice until the count is
//! right. What cannot be put right so is left out: nothing answers a request that another mapping answers in WireMock.

mod restate;

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher as _, RandomState};

use super::mapping::Mapping;
use super::regex::Ready;
use super::route::Segment;
use crate::import::clause::Clauses;
use restate::{Restated, are_apart, restate};

/// How many scenarios may be said twice, all mappings together.
const COPIES: usize = 100_000;

/// Method and path of a stub.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// None is every method.
    pub method: Option<String>,
    /// The path.
    pub segments: Vec<Segment>,
}

/// A mapping in a stub.
#[derive(Debug)]
pub struct Placed {
    /// Its position in WireMock's order.
    pub mapping: usize,
    /// Its conditions there.
    pub clauses: Clauses,
    /// Whether it is there for the sake of the order only.
    pub is_copy: bool,
}

/// What came of the mappings.
#[derive(Debug, Default)]
pub struct Ordered {
    /// Stubs, each with its scenarios in the order in which they must be tried.
    pub stubs: Vec<(Key, Vec<Placed>)>,
    /// Mappings that are left out, and for which other's sake.
    pub conflicts: Vec<(usize, usize)>,
    /// Mappings that never answer, and what always comes before.
    pub shadowed: Vec<(usize, usize)>,
}

/// WireMock's order.
pub fn sort(mappings: &mut [Mapping<'_>]) {
    mappings.sort_by_key(|mapping| (mapping.priority, Reverse(mapping.number)));
}

/// Finds stubs for mappings in WireMock's order. `tick` hears how far it is.
pub fn place(mappings: &[Mapping<'_>], tick: &mut dyn FnMut(usize)) -> Ordered {
    let mut placing = Placing::new(mappings);
    for (at, mapping) in mappings.iter().enumerate() {
        tick(at);
        match placing.shadow(at) {
            Some(by) => {
                placing.gone.insert(at);
                placing.out.shadowed.push((at, by));
            }
            None => placing.put(at, placing.homes[at].clone(), mapping.clauses.clone(), false),
        }
        while let Some((mapping, key)) = placing.open.pop_front() {
            placing.settle(mapping, &key);
        }
    }
    placing.finish()
}

struct Placing<'a, 't> {
    mappings: &'a [Mapping<'t>],
    homes: Vec<Key>,
    /// A bit for each condition: what another includes has no other bits.
    bits: Vec<u64>,
    /// Mappings with this literal path, and all others.
    literal: HashMap<&'a [Segment], Vec<usize>>,
    open_paths: Vec<usize>,
    stubs: HashMap<Key, Vec<Placed>>,
    order: Vec<Key>,
    open: VecDeque<(usize, Key)>,
    gone: HashSet<usize>,
    copies: usize,
    ready: Ready,
    out: Ordered,
}

impl<'a, 't> Placing<'a, 't> {
    fn new(mappings: &'a [Mapping<'t>]) -> Self {
        let home =
            |mapping: &Mapping<'_>| Key { method: mapping.method.clone(), segments: mapping.route.segments.clone() };
        let hasher = RandomState::new();
        let bits = |clauses: &Clauses| {
            let tests = clauses.tests.iter().map(|test| hasher.hash_one(format!("{test:?}")));
            let groups = clauses.groups.iter().map(|group| hasher.hash_one(format!("{group:?}")));
            tests.chain(groups).fold(0_u64, |bits, hash| bits | 1 << (hash % 64))
        };
        let mut literal: HashMap<&[Segment], Vec<usize>> = HashMap::new();
        let mut open_paths = Vec::new();
        for (at, mapping) in mappings.iter().enumerate() {
            if mapping.route.is_literal() {
                literal.entry(&mapping.route.segments).or_default().push(at);
            } else {
                open_paths.push(at);
            }
        }
        Placing {
            mappings,
            homes: mappings.iter().map(home).collect(),
            bits: mappings.iter().map(|mapping| bits(&mapping.clauses)).collect(),
            literal,
            open_paths,
            stubs: HashMap::new(),
            order: Vec::new(),
            open: VecDeque::new(),
            gone: HashSet::new(),
            copies: 0,
            ready: Ready::default(),
            out: Ordered::default(),
        }
    }

    /// Mappings that come before one and whose path may fit where this one does.
    fn before(&self, at: usize, segments: &[Segment]) -> Vec<usize> {
        let is_literal = segments.iter().all(|segment| matches!(segment, Segment::Literal(_)));
        let earlier = |other: &usize| *other < at && !self.gone.contains(other);
        if !is_literal {
            let fits = |other: &usize| meet(&self.homes[*other].segments, segments);
            return (0..at).filter(earlier).filter(fits).collect();
        }
        let same = self.literal.get(segments).into_iter().flatten();
        let open = self.open_paths.iter().filter(|other| meet(&self.homes[**other].segments, segments));
        same.chain(open).copied().filter(earlier).collect()
    }

    /// The mapping that always answers before this one, if there is one.
    fn shadow(&self, at: usize) -> Option<usize> {
        let (key, own) = (&self.homes[at], &self.mappings[at].clauses);
        self.before(at, &key.segments).into_iter().find(|other| {
            let takes_method = self.homes[*other].method.is_none() || self.homes[*other].method == key.method;
            let is_same = self.homes[*other].segments == key.segments;
            takes_method
                && match is_same {
                    true => self.bits[*other] & !self.bits[at] == 0 && own.include(&self.mappings[*other].clauses),
                    false => matches!(restate(self.mappings, *other, &key.segments, &self.ready), Restated::As(clauses) if own.include(&clauses)),
                }
        })
    }

    fn put(&mut self, mapping: usize, key: Key, clauses: Clauses, is_copy: bool) {
        let list = self.stubs.entry(key.clone()).or_insert_with(|| {
            self.order.push(key.clone());
            Vec::new()
        });
        if list.iter().all(|placed| placed.mapping != mapping) {
            list.push(Placed { mapping, clauses, is_copy });
            self.copies += usize::from(is_copy);
            self.open.push_back((mapping, key));
        }
    }

    /// Sees that whatever comes before a mapping in WireMock comes before it in this stub.
    fn settle(&mut self, at: usize, key: &Key) {
        if self.gone.contains(&at) {
            return;
        }
        let Some(own) = self.stubs.get(key).and_then(|list| list.iter().find(|placed| placed.mapping == at)) else {
            return;
        };
        let own = own.clauses.clone();
        for other in self.before(at, &key.segments) {
            let home = &self.homes[other];
            let share_method = home.method.is_none() || key.method.is_none() || home.method == key.method;
            if !share_method || home == key || comes_before(home, key) {
                continue;
            }
            let clauses = match restate(self.mappings, other, &key.segments, &self.ready) {
                Restated::Never => continue,
                Restated::As(clauses) if are_apart(&clauses, &own, &self.ready) => continue,
                Restated::As(clauses) if self.copies < COPIES => clauses,
                Restated::As(_) | Restated::Unsayable => {
                    self.gone.insert(at);
                    self.out.conflicts.push((at, other));
                    return;
                }
            };
            let method = home.method.clone().or_else(|| key.method.clone());
            self.put(other, Key { method, segments: key.segments.clone() }, clauses, true);
        }
    }

    fn finish(mut self) -> Ordered {
        for key in std::mem::take(&mut self.order) {
            let mut list = self.stubs.remove(&key).unwrap_or_default();
            list.retain(|placed| !self.gone.contains(&placed.mapping));
            list.sort_by_key(|placed| placed.mapping);
            tidy(&mut list, &self.ready);
            // A stub whose last own mapping was left out is there for nothing.
            if list.iter().any(|placed| !placed.is_copy) || (key.method.is_some() && !list.is_empty()) {
                self.out.stubs.push((key, list));
            }
        }
        let first = |list: &[Placed]| list.iter().map(|placed| self.mappings[placed.mapping].number).min();
        self.out.stubs.sort_by_key(|(_, list)| first(list));
        self.out
    }
}

/// Takes out what another always comes before, and says conditions twice where the count of another is higher.
fn tidy(list: &mut Vec<Placed>, ready: &Ready) {
    let is_only_one = list.len() < 2;
    if !is_only_one && list.iter().any(|placed| placed.is_copy) {
        let mut kept: Vec<Placed> = Vec::new();
        for placed in list.drain(..) {
            if !kept.iter().any(|earlier| placed.clauses.include(&earlier.clauses)) {
                kept.push(placed);
            }
        }
        *list = kept;
    }
    let mut most = 0;
    for at in (0..list.len()).rev() {
        let count = list[at].clauses.count();
        if count < most {
            let (own, later) = list.split_at_mut(at + 1);
            let own = &mut own[at].clauses;
            let rivals =
                later.iter().filter(|later| later.clauses.count() > count && !are_apart(own, &later.clauses, ready));
            let needed = rivals.map(|later| later.clauses.count()).max().unwrap_or(0);
            own.pad(needed);
        }
        most = most.max(list[at].clauses.count());
    }
}

/// Whether some path fits both.
fn meet(one: &[Segment], other: &[Segment]) -> bool {
    for (a, b) in one.iter().zip(other) {
        match (a, b) {
            (Segment::Rest, _) | (_, Segment::Rest) => return true,
            (Segment::Literal(a), Segment::Literal(b)) if a != b => return false,
            // A parameter is never empty.
            (Segment::Literal(text), Segment::Param) | (Segment::Param, Segment::Literal(text)) if text.is_empty() => {
                return false;
            }
            _ => {}
        }
    }
    one.len() == other.len()
}

/// Whether stubs are ranked so, of two whose paths meet.
fn comes_before(one: &Key, other: &Key) -> bool {
    let rank = |segment: &Segment| match segment {
        Segment::Literal(_) => 0,
        Segment::Param => 1,
        Segment::Rest => 2,
    };
    let ranks = |key: &Key| key.segments.iter().map(rank).collect::<Vec<_>>();
    (ranks(one), one.method.is_none()) < (ranks(other), other.method.is_none())
}
