//! The compiled index: from host, path and method to the stubs that fit, in rank order, without a scan.
//!
//! Groups by host, in each group base paths from the longest, below each base path a segment trie (`trie`). What shares
//! a place is a [`Bucket`], compiled in [`bucket`](super::bucket). The cost is that of the path's length, not of the
//! number of stubs.

use std::collections::HashMap;

use smallvec::SmallVec;

use super::Map;
use super::bucket::Bucket;
use super::path::NormalPath;
use super::path_template::Template;
use super::rank::HostRank;
use super::request::RequestView;
use super::scenario::{HostPattern, Mock, Scenario, Stub};
use super::trie::{Base, Methods};

/// The compiled index.
#[derive(Debug, Default)]
pub struct Index {
    exact: Map<Box<str>, Group>,
    below: Map<Box<str>, Group>,
    any: Group,
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
        let mut index = Index::default();
        for (place, draft) in drafts {
            let mut base = Base::new(draft.owner);
            let mut leaves: Vec<Methods> = Vec::new();
            for mock in &draft.mocks {
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
                base.visit(&view.path, &mut |leaf| {
                    found.path_seen = true;
                    for bucket in leaf.for_method(method) {
                        if *found.mock.get_or_insert(bucket.mock()) == bucket.mock() {
                            found.buckets.push(bucket);
                        }
                    }
                });
            }
        }
        found.mock = found.mock.or(owner);
        found
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

/// A host and a base path that a mock lives at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Place {
    host: Option<HostPattern>,
    base: Box<[u8]>,
    segments: u16,
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

fn places(mock: &Mock) -> Vec<Place> {
    let base: Box<[u8]> = mock.base.as_ref().and_then(Template::literal_path).unwrap_or_default().into();
    let segments = mock.base.as_ref().map_or(0, |base| base.segments().len() as u16);
    let place = |host| Place { host, base: base.clone(), segments };
    if mock.hosts.is_empty() {
        return vec![place(None)];
    }
    let mut hosts = mock.hosts.to_vec();
    hosts.sort_by_key(|host| HostRank::of(Some(host)));
    hosts.dedup();
    hosts.into_iter().map(|host| place(Some(host))).collect()
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
