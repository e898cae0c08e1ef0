//! The paths of a collection, and the examples whose path fits a request's: steps 3 and 5 of the algorithm.

use std::sync::Arc;

use smallvec::SmallVec;

use super::collection::{Collection, Entry};
use super::near::Near;
use super::row::{Row, is_id, row, without_slash};
use super::set::Set;
use super::{Closest, folded};
use crate::stubs::bucket::Rule;
use crate::stubs::path::NormalPath;
use crate::stubs::path_template::{Segment, Template};
use crate::stubs::trie::Shapes;

/// The examples that fit a request, by the row by which they do; at least one set.
///
/// An example may be in two sets: in that of the rows 1 to 5, and in a worse one of the rows 6 and 7. The better one
/// always wins.
#[derive(Debug)]
pub struct Hits<'t> {
    collection: &'t Collection,
    pub(super) sets: SmallVec<[(Row, &'t Set); 4]>,
}

/// The paths of one method.
#[derive(Debug, Default)]
pub(super) struct Paths {
    /// Rows 1 to 5: folded paths.
    folded: Shapes,
    /// What lies at each, as it is written.
    groups: Vec<SmallVec<[Group; 1]>>,
    /// Rows 6 and 7: folded paths that have IDs, without these.
    erased: Shapes,
    /// What lies at each, without and with a trailing slash.
    by_ids: Vec<[Option<Set>; 2]>,
    /// Row 8; numbers are those of `groups`.
    near: Option<Near>,
}

/// Examples with one path.
#[derive(Debug)]
struct Group {
    path: Arc<Template>,
    set: Set,
}

/// Stands for an ID: no path has a backslash.
const ID: &[u8] = b"\\";

impl Paths {
    /// Compiles the examples of a method: ascending numbers, each with its path.
    pub(super) fn build(examples: &[(u32, Arc<Template>)], closest: Closest, entries: &[Entry]) -> Self {
        let mut paths = Paths::default();
        let mut groups: Vec<Vec<(Arc<Template>, Vec<u32>)>> = Vec::new();
        let mut by_ids: Vec<[Vec<u32>; 2]> = Vec::new();
        let mut shapes: Vec<Vec<Segment>> = Vec::new();
        for (number, path) in examples {
            let (segments, slash) = lower_case(path);
            let at = paths.folded.number_of(&segments) as usize;
            if closest == Closest::Fuzzy && segments.iter().any(is_literal_id) {
                let erased: Vec<Segment> =
                    segments.iter().map(|own| if is_literal_id(own) { literal(ID) } else { own.clone() }).collect();
                let at = paths.erased.number_of(&erased) as usize;
                by_ids.resize_with(by_ids.len().max(at + 1), Default::default);
                by_ids[at][usize::from(slash)].push(*number);
            }
            if at == groups.len() {
                groups.push(Vec::new());
                shapes.push(segments);
            }
            match groups[at].iter_mut().find(|(own, _)| own.segments() == path.segments()) {
                Some((_, numbers)) => numbers.push(*number),
                None => groups[at].push((path.clone(), vec![*number])),
            }
        }
        let group = |(path, numbers)| Group { path, set: Set::build(numbers, entries) };
        let set = |numbers: Vec<u32>| (!numbers.is_empty()).then(|| Set::build(numbers, entries));
        paths.groups = groups.into_iter().map(|groups| groups.into_iter().map(group).collect()).collect();
        paths.by_ids = by_ids.into_iter().map(|sets| sets.map(set)).collect();
        if closest == Closest::Fuzzy {
            paths.near = Some(Near::build(shapes.iter().zip(0..).map(|(segments, at)| (segments.as_slice(), at))));
        }
        paths
    }
}

impl Collection {
    /// The examples of a method whose path fits by a row that the mock allows.
    pub(in crate::stubs) fn candidates(&self, method: &str, path: &NormalPath<'_>) -> Option<Hits<'_>> {
        self.hits(method, path).or_else(|| self.near(method, path))
    }

    /// The examples of a method whose path fits by rows 1 to 7, as far as the mock allows them.
    pub(in crate::stubs) fn hits(&self, method: &str, path: &NormalPath<'_>) -> Option<Hits<'_>> {
        let paths = self.of_method(method)?;
        let (bytes, slash) = folded(path)?;
        let mut hits = Hits { collection: self, sets: SmallVec::new() };
        paths.folded.visit(&bytes, &mut |at| {
            for group in &paths.groups[at as usize] {
                hits.sets.extend(row(&group.path, path, Closest::Wildcard).map(|row| (row, &group.set)));
            }
        });
        if !paths.by_ids.is_empty()
            && let Some(erased) = erased(&bytes)
        {
            paths.erased.visit(&erased, &mut |at| {
                for (own, set) in paths.by_ids[at as usize].iter().enumerate() {
                    let row = if own == usize::from(slash) { Row::Id } else { Row::SlashAndId };
                    hits.sets.extend(set.as_ref().map(|set| (row, set)));
                }
            });
        }
        (!hits.sets.is_empty()).then_some(hits)
    }

    /// The examples of a method whose path is like the request's: row 8.
    pub(in crate::stubs) fn near(&self, method: &str, path: &NormalPath<'_>) -> Option<Hits<'_>> {
        let paths = self.of_method(method)?;
        let (bytes, _) = folded(path)?;
        let found = paths.near.as_ref()?.like(&bytes);
        let sets: SmallVec<_> =
            found.iter().flat_map(|at| &paths.groups[*at as usize]).map(|group| (Row::Near, &group.set)).collect();
        (!sets.is_empty()).then_some(Hits { collection: self, sets })
    }

    /// Whether some example, of whatever method, has the path by rows 1 to 5.
    pub(in crate::stubs) fn has_path(&self, path: &NormalPath<'_>) -> bool {
        let Some((bytes, _)) = folded(path) else { return false };
        let mut found = false;
        self.paths().for_each(|paths| paths.folded.visit(&bytes, &mut |_| found = true));
        found
    }
}

impl<'t> Hits<'t> {
    /// Their collection.
    pub(in crate::stubs) fn collection(&self) -> &'t Collection {
        self.collection
    }

    /// The first example of the best row: what a miss shows as the closest.
    pub(in crate::stubs) fn first(&self) -> Option<Rule> {
        let (_, set) = self.sets.iter().min_by_key(|(row, set)| (*row, set.first()))?;
        Some(self.collection.entries[set.first() as usize].rule)
    }

    /// Whether some example has this status. It looks at each, but only where a caller asks for a status.
    pub(in crate::stubs) fn has_status(&self, status: u16) -> bool {
        let mut numbers = self.sets.iter().flat_map(|(_, set)| set.numbers());
        numbers.any(|number| self.collection.entries[*number as usize].status == status)
    }

    /// The stubs of the examples, each as often as it has some.
    pub(in crate::stubs) fn stubs(&self) -> impl Iterator<Item = u32> {
        let numbers = self.sets.iter().flat_map(|(_, set)| set.numbers());
        numbers.map(|number| self.collection.entries[*number as usize].rule.stub)
    }

    /// The best row.
    pub(in crate::stubs) fn row(&self) -> Row {
        self.sets.iter().map(|(row, _)| *row).min().unwrap_or(Row::Near)
    }
}

fn literal(text: &[u8]) -> Segment {
    Segment::Literal(text.into())
}

fn is_literal_id(segment: &Segment) -> bool {
    matches!(segment, Segment::Literal(text) if is_id(text))
}

/// A template's segments in lower case, without that of a trailing slash, and whether there was one.
fn lower_case(path: &Template) -> (Vec<Segment>, bool) {
    let (segments, slash) = without_slash(path.segments());
    let lower = |segment: &Segment| match segment {
        Segment::Literal(text) => literal(&text.to_ascii_lowercase()),
        wildcard => wildcard.clone(),
    };
    (segments.iter().map(lower).collect(), slash)
}

/// A folded path without its IDs; `None` where it has none.
fn erased(path: &[u8]) -> Option<SmallVec<[u8; 128]>> {
    let mut out: SmallVec<[u8; 128]> = SmallVec::new();
    let mut any = false;
    for segment in path.strip_prefix(b"/")?.split(|byte| *byte == b'/') {
        let id = is_id(segment);
        any |= id;
        out.push(b'/');
        out.extend_from_slice(if id { ID } else { segment });
    }
    any.then_some(out)
}
