//! Query keys and pairs of a collection as numbers, so that many examples are compared without comparing text.

use smallvec::SmallVec;

use super::example::Pair;
use super::score::common;
use crate::stubs::Map;
use crate::stubs::request::Pairs;

/// The keys and values that a collection's examples have.
#[derive(Debug, Default)]
pub(super) struct Words {
    keys: Map<Box<[u8]>, Key>,
    pairs: u32,
}

#[derive(Debug)]
struct Key {
    number: u32,
    values: Map<Box<[u8]>, u32>,
}

/// A query in numbers, both lists sorted.
#[derive(Clone, Debug, Default)]
pub(super) struct Query {
    /// The key of every pair.
    pub keys: Box<[u32]>,
    /// Every pair.
    pub pairs: Box<[u32]>,
}

/// A request's query in numbers, as far as the collection knows its words; both lists sorted.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub keys: SmallVec<[u32; 8]>,
    pub pairs: SmallVec<[u32; 8]>,
    /// How many pairs there are, with those that the collection does not know.
    pub total: usize,
}

impl Words {
    pub(super) fn take_in(&mut self, query: &[Pair]) -> Query {
        let (mut keys, mut pairs) = (Vec::new(), Vec::new());
        for (key, value) in query {
            let fresh = self.keys.len() as u32;
            let key = self.keys.entry(key.clone()).or_insert_with(|| Key { number: fresh, values: Map::default() });
            let pair = *key.values.entry(value.clone()).or_insert(self.pairs);
            self.pairs += u32::from(pair == self.pairs);
            keys.push(key.number);
            pairs.push(pair);
        }
        keys.sort_unstable();
        pairs.sort_unstable();
        Query { keys: keys.into(), pairs: pairs.into() }
    }

    pub(super) fn asked(&self, query: &Pairs<'_>) -> Asked {
        let mut asked = Asked { total: query.len(), ..Asked::default() };
        for (key, value) in query {
            let Some(key) = self.keys.get(key.as_ref()) else { continue };
            asked.keys.push(key.number);
            asked.pairs.extend(key.values.get(value.as_ref()).copied());
        }
        asked.keys.sort_unstable();
        asked.pairs.sort_unstable();
        asked
    }
}

impl Asked {
    /// How an example's query compares with this one.
    pub(super) fn compare(&self, query: &Query) -> super::score::Params {
        let (pairs, keys) = (common(&query.pairs, &self.pairs), common(&query.keys, &self.keys));
        super::score::Params::of(pairs, keys, query.pairs.len(), self.total)
    }
}
