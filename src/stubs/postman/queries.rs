//! Which of many examples has the query closest to a request's, without looking at each.
//!
//! Examples with the same keys form a class. In a class only the number of equal pairs tells examples apart: what they
//! have in common with the request in keys is the same for all. So the lists of the examples that have a given pair,
//! shortest first, lead to the best, and a list need not be read to its end: examples are numbered in the order in which
//! ties go, so the first one with as many pairs as are still possible is the best of its list. Of examples with the same
//! query only the first is kept. Of classes that share no key with the request the one with the fewest keys is the best,
//! or, beyond ten missing pairs, the first.

use smallvec::SmallVec;

use super::collection::Entry;
use super::score::{Params, common};
use super::words::Asked;
use crate::stubs::Map;
use crate::stubs::tree::SCAN;

/// An example by its number, and how its query compares.
pub(super) type Found = (Params, u32);

/// Examples; at least one, ascending.
#[derive(Debug)]
pub(super) enum Queries {
    Few(Box<[u32]>),
    Many(Box<Many>),
}

#[derive(Debug)]
pub(super) struct Many {
    /// By their number of keys, then by their first example.
    classes: Box<[Class]>,
    /// Classes by the keys that they have, where there are more than a few.
    by_key: Map<u32, Vec<u32>>,
    /// The class with the first of all examples.
    first: u32,
}

/// Examples with the same keys.
#[derive(Debug)]
struct Class {
    keys: Box<[u32]>,
    examples: Box<[u32]>,
    /// Examples by a pair that they have, where there are more than a few.
    by_pair: Map<u32, Vec<u32>>,
}

impl Queries {
    /// Compiles ascending numbers; `None` for none.
    pub(super) fn build(numbers: &[u32], entries: &[Entry]) -> Option<Self> {
        if numbers.len() <= SCAN {
            return (!numbers.is_empty()).then(|| Queries::Few(numbers.into()));
        }
        let mut by_keys: Map<&[u32], Vec<u32>> = Map::default();
        for number in numbers {
            by_keys.entry(&entries[*number as usize].query.keys).or_default().push(*number);
        }
        let mut classes: Vec<Class> =
            by_keys.into_iter().map(|(keys, examples)| Class::build(keys, examples, entries)).collect();
        classes.sort_by_key(|class| (class.keys.len(), class.examples[0]));
        let mut by_key: Map<u32, Vec<u32>> = Map::default();
        if classes.len() > SCAN {
            for (at, class) in classes.iter().enumerate() {
                for key in class.keys.chunk_by(u32::eq) {
                    by_key.entry(key[0]).or_default().push(at as u32);
                }
            }
        }
        let first = classes.iter().position(|class| class.examples[0] == numbers[0]).unwrap_or_default() as u32;
        Some(Queries::Many(Box::new(Many { classes: classes.into(), by_key, first })))
    }

    /// The best example; ties go to the lower number.
    pub(super) fn best(&self, asked: &Asked, entries: &[Entry]) -> Option<Found> {
        let mut best: Option<Found> = None;
        match self {
            Queries::Few(numbers) => {
                for number in numbers {
                    keep(&mut best, (asked.compare(&entries[*number as usize].query), *number));
                }
            }
            Queries::Many(many) => {
                let mut consider = |class: &Class| keep(&mut best, class.best(asked, entries));
                if many.classes.len() <= SCAN {
                    many.classes.iter().for_each(consider);
                    return best;
                }
                let mut sharing: SmallVec<[u32; 16]> = SmallVec::from_slice(&[0, many.first]);
                for key in asked.keys.chunk_by(u32::eq) {
                    sharing.extend(many.by_key.get(&key[0]).into_iter().flatten().copied());
                }
                sharing.sort_unstable();
                sharing.dedup();
                sharing.iter().for_each(|at| consider(&many.classes[*at as usize]));
            }
        }
        best
    }
}

/// Keeps the better of two.
fn keep(best: &mut Option<Found>, other: Found) {
    let is_better = |(params, number): &Found| {
        let (own, others) = (params.change(), other.0.change());
        others > own || others == own && other.1 < *number
    };
    if best.as_ref().is_none_or(is_better) {
        *best = Some(other);
    }
}

impl Class {
    fn build(keys: &[u32], mut examples: Vec<u32>, entries: &[Entry]) -> Self {
        let mut seen: Map<&[u32], ()> = Map::default();
        examples.retain(|number| seen.insert(&entries[*number as usize].query.pairs, ()).is_none());
        let mut by_pair: Map<u32, Vec<u32>> = Map::default();
        if examples.len() > SCAN {
            for number in &examples {
                for pair in entries[*number as usize].query.pairs.chunk_by(u32::eq) {
                    by_pair.entry(pair[0]).or_default().push(*number);
                }
            }
        }
        Class { keys: keys.into(), examples: examples.into(), by_pair }
    }

    fn best(&self, asked: &Asked, entries: &[Entry]) -> Found {
        let keys = common(&self.keys, &asked.keys);
        let equal = |number: u32| common(&entries[number as usize].query.pairs, &asked.pairs);
        let (mut best, mut number) = (0, self.examples[0]);
        let mut consider = |pairs: usize, other: u32| {
            if pairs > best || pairs == best && other < number {
                (best, number) = (pairs, other);
            }
            (best, number)
        };
        if self.examples.len() <= SCAN {
            for example in &self.examples {
                consider(equal(*example), *example);
            }
        } else {
            // The examples that have one of the request's pairs, with how often it has it.
            let mut lists: SmallVec<[(&[u32], usize); 8]> = asked
                .pairs
                .chunk_by(u32::eq)
                .filter_map(|pairs| Some((self.by_pair.get(&pairs[0])?.as_slice(), pairs.len())))
                .collect();
            lists.sort_unstable_by_key(|(list, _)| list.len());
            let mut left: usize = lists.iter().map(|(_, times)| times).sum();
            for (list, times) in lists {
                // What is in none of the lists before has no more pairs than this.
                let possible = left.min(keys);
                left -= times;
                for example in list {
                    let (best, number) = consider(0, u32::MAX);
                    if best > possible || best == possible && number <= *example {
                        break;
                    }
                    consider(equal(*example), *example);
                }
            }
        }
        (Params::of(best, keys, self.keys.len(), asked.total), number)
    }
}
