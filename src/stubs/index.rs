//! The compiled index: from host, path and method to the stubs that fit, in rank order, without a scan.
//!
//! Groups by host, in each group base paths from the longest, below each base path a segment trie (`trie`). What shares
//! a place is a [`Bucket`], compiled in [`bucket`](super::bucket). The cost is that of the path's length, not of the
//! number of stubs.

use std::collections::HashMap;

use smallvec::SmallVec;

use super::Map;
use super::bucket::{Bucket, Rule};
use super::path::NormalPath;
use super::place::{Place, claimed_twice, places};
use super::postman::collection::Collection;
use super::postman::hits::Hits;
use super::rank::Closeness;
use super::request::RequestView;
use super::scenario::{HostPattern, Mock, Scenario, Stub};
use super::trie::{Base, Methods};

/// The compiled index.
#[derive(Debug, Default)]
pub struct Index {
    exact: Map<Box<str>, Group>,
    below: Map<Box<str>, Group>,
    any: Group,
    /// By the number of the mock, for mocks with Postman's matching.
    collections: Vec<Option<Box<Collection>>>,
}

/// All mocks that share a hold on a host.
#[derive(Debug, Default)]
struct Group {
    /// How many segments base paths have here, longest first.
    lengths: Vec<u16>,
    bases: Map<Box<[u8]>, Base>,
}

/// What a look-up found.
#[derive(Debug, Default)]
pub struct Candidates<'t> {
    /// Buckets in rank order, all of one mock.
    pub buckets: SmallVec<[&'t Bucket; 4]>,
    /// Examples of one mock with Postman's matching, in place of buckets.
    pub hits: Option<Box<Hits<'t>>>,
    /// The request's mock: that of the first candidate or, failing that, the one that covers the path.
    pub mock: Option<u32>,
    /// Whether a stub has the path, if for another method.
    pub path_seen: bool,
}

/// Two stubs of different mocks that claim one route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The stub that answers.
    pub first: u32,
    /// The one that never would.
    pub second: u32,
}

impl Candidates<'_> {
    /// Whether there is any candidate.
    pub fn any(&self) -> bool {
        !self.buckets.is_empty() || self.hits.is_some()
    }

    /// The first candidate.
    pub fn first(&self) -> Option<Rule> {
        match self.buckets.first() {
            Some(bucket) => bucket.first(),
            None => self.hits.as_ref().and_then(|hits| hits.first()),
        }
    }
}

impl Index {
    /// Compiles an index. Stubs are numbered in file order; each carries its full path.
    ///
    /// # Errors
    /// All pairs of stubs of different mocks that claim one route: the second could never answer.
    pub fn build(mocks: &[impl AsRef<Mock>], stubs: &[Stub], scenarios: &[impl AsRef<Scenario>]) -> (Self, Vec<Taken>) {
        let mut drafts: Vec<(Place, Draft)> = Vec::new();
        let mut by_place: HashMap<Place, usize> = HashMap::new();
        for (number, mock) in mocks.iter().enumerate() {
            for place in places(mock.as_ref()) {
                let at = *by_place.entry(place.clone()).or_insert_with(|| {
                    drafts.push((place, Draft::new(number as u32)));
                    drafts.len() - 1
                });
                drafts[at].1.mocks.push(number as u32);
            }
        }
        let mut taken = Vec::new();
        let mut seen = std::collections::HashSet::new();
        let mut of_mock: Vec<Vec<u32>> = vec![Vec::new(); mocks.len()];
        for (number, stub) in stubs.iter().enumerate() {
            of_mock[stub.mock as usize].push(number as u32);
        }
        let collections = mocks
            .iter()
            .zip(&of_mock)
            .map(|(mock, numbers)| {
                let settings = mock.as_ref().postman.as_ref()?;
                Some(Box::new(Collection::build(settings, numbers, stubs, scenarios)))
            })
            .collect();
        let mut index = Index { collections, ..Index::default() };
        for (place, draft) in drafts {
            let mut base = Base::new(draft.owner);
            let mut leaves: Vec<Methods> = Vec::new();
            let (postman, strict): (Vec<u32>, Vec<u32>) =
                draft.mocks.iter().partition(|mock| index.collections[**mock as usize].is_some());
            for pair in claimed_twice(&strict, &postman, &of_mock, stubs) {
                if seen.insert((pair.first, pair.second)) {
                    taken.push(pair);
                }
            }
            base.postman = postman;
            for mock in &strict {
                for number in &of_mock[*mock as usize] {
                    let stub = &stubs[*number as usize];
                    let leaf = base.leaf_of(&stub.path, &mut leaves);
                    let methods = &mut leaves[leaf as usize];
                    match methods.iter_mut().find(|(method, _)| *method == stub.method) {
                        Some((_, numbers)) => {
                            let first = numbers[0];
                            if stubs[first as usize].mock != stub.mock {
                                if seen.insert((first, *number)) {
                                    taken.push(Taken { first, second: *number });
                                }
                            } else {
                                numbers.push(*number);
                            }
                        }
                        None => methods.push((stub.method.clone(), vec![*number])),
                    }
                }
            }
            base.compile(leaves, stubs, scenarios);
            index.insert(place, base);
        }
        (index, taken)
    }

    fn insert(&mut self, place: Place, base: Base) {
        let group = match place.host {
            Some(HostPattern::Exact(host)) => self.exact.entry(host).or_default(),
            Some(HostPattern::Below(suffix)) => self.below.entry(suffix).or_default(),
            None => &mut self.any,
        };
        if !group.lengths.contains(&place.segments) {
            group.lengths.push(place.segments);
            group.lengths.sort_unstable_by(|a, b| b.cmp(a));
        }
        group.bases.insert(place.base, base);
    }

    /// All stubs that fit host, base path, path and method, as buckets in rank order.
    pub fn candidates<'t>(&'t self, view: &RequestView<'_>, method: &str) -> Candidates<'t> {
        let mut found = Candidates::default();
        let mut owner = None;
        for group in self.groups(view.host.as_deref()) {
            for base in group.covering(&view.path) {
                owner = owner.or(Some(base.owner()));
                let before = found.mock;
                base.visit(&view.path, |leaf| {
                    found.path_seen = true;
                    for bucket in leaf.for_method(method) {
                        if *found.mock.get_or_insert(bucket.mock()) == bucket.mock() {
                            found.buckets.push(bucket);
                        }
                    }
                });
                if !base.postman.is_empty() && before.is_none() {
                    self.examples(base, view, method, &mut found);
                }
            }
        }
        found.mock = found.mock.or(owner);
        found
    }

    /// Looks for examples where no more specific place had a candidate; what the place itself has gives way to an
    /// example that is closer.
    fn examples<'t>(&'t self, base: &'t Base, view: &RequestView<'_>, method: &str, found: &mut Candidates<'t>) {
        let stub = base.closeness(&view.path, method);
        let mut best: Option<(Closeness, u32, Hits<'t>)> = None;
        for mock in &base.postman {
            let Some(hits) = self.collection(*mock).and_then(|collection| collection.candidates(method, &view.path))
            else {
                continue;
            };
            let closeness = Closeness::of_row(hits.row());
            if stub.is_none_or(|stub| closeness < stub) && best.as_ref().is_none_or(|(best, ..)| closeness < *best) {
                best = Some((closeness, *mock, hits));
            }
        }
        if let Some((_, mock, hits)) = best {
            found.buckets.clear();
            found.mock = Some(mock);
            found.hits = Some(Box::new(hits));
        }
    }

    /// The examples of a mock with Postman's matching.
    pub fn collection(&self, mock: u32) -> Option<&Collection> {
        self.collections.get(mock as usize)?.as_deref()
    }

    /// Whether some example that this request could have reached, had it another method, has the path.
    pub fn example_has_path(&self, view: &RequestView<'_>) -> bool {
        let groups = self.groups(view.host.as_deref());
        let mut mocks = groups.iter().flat_map(|group| group.covering(&view.path)).flat_map(|base| &base.postman);
        mocks.any(|mock| self.collection(*mock).is_some_and(|collection| collection.has_path(&view.path)))
    }

    /// The groups that hold a host, most specific first.
    fn groups<'t>(&'t self, host: Option<&str>) -> SmallVec<[&'t Group; 3]> {
        let mut groups = SmallVec::new();
        if let Some(host) = host {
            if !self.exact.is_empty() {
                groups.extend(self.exact.get(host));
            }
            if !self.below.is_empty() {
                for (at, _) in host.match_indices('.').filter(|(at, _)| *at > 0) {
                    groups.extend(self.below.get(&host[at..]));
                }
            }
        }
        groups.push(&self.any);
        groups
    }
}

struct Draft {
    owner: u32,
    mocks: Vec<u32>,
}

impl Draft {
    fn new(owner: u32) -> Self {
        Draft { owner, mocks: Vec::new() }
    }
}

impl Group {
    /// The base paths that cover a path, longest first.
    fn covering<'g>(&'g self, path: &NormalPath<'_>) -> impl Iterator<Item = &'g Base> {
        self.lengths.iter().filter_map(move |length| self.bases.get(prefix(path.as_bytes(), *length)?))
    }
}

/// The first `segments` segments of a path, if a segment border follows them.
fn prefix(path: &[u8], segments: u16) -> Option<&[u8]> {
    if segments == 0 {
        return Some(b"");
    }
    let mut borders = memchr::memchr_iter(b'/', path).skip(1).chain(std::iter::once(path.len()));
    borders.nth(usize::from(segments) - 1).map(|end| &path[..end])
}
