//! What an example scores: the parts of the formula, and their sum without rounding.

use std::cmp::Ordering;
use std::fmt;

use super::row::Row;

/// A score with its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    /// How the paths fit.
    pub row: Row,
    /// How the queries compare.
    pub params: Params,
    /// Whether an equal body counts: only where body matching is not explicitly on.
    pub body: bool,
}

/// The pairs of two queries. Pairs are compared as a multiset, each with at most one of the other side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Params {
    /// Key and value are equal.
    pub matched: u32,
    /// The key is equal, the value another.
    pub partial: u32,
    /// The pair has no counterpart on the other side.
    pub missing: u32,
}

/// A score as an exact fraction: thirds of ten have no end, and ties must be ties.
#[derive(Clone, Copy, Debug)]
pub struct Total {
    numerator: i64,
    /// Positive.
    denominator: i64,
}

/// The most that matching parameters bring, and that missing ones cost.
const PARAMS: i64 = 10;

/// What an equal body brings.
const BODY: i64 = 5;

impl Score {
    /// The points of the URL: 100 less the row's penalty.
    pub fn url(&self) -> u8 {
        self.row.url()
    }

    /// The sum.
    pub fn total(&self) -> Total {
        let whole = i64::from(self.url()) + if self.body { BODY } else { 0 };
        let Total { numerator, denominator } = self.params.change();
        Total { numerator: whole * denominator + numerator, denominator }
    }
}

impl Params {
    /// From the sizes: how many pairs and how many keys are on both sides, and how many pairs each side has.
    pub(super) fn of(pairs: usize, keys: usize, example: usize, request: usize) -> Self {
        let (matched, partial) = (pairs as u32, (keys - pairs) as u32);
        Params { matched, partial, missing: (example + request - 2 * keys) as u32 }
    }

    /// Compares two lists of pairs.
    pub fn compare<'p>(
        example: impl Iterator<Item = (&'p [u8], &'p [u8])>,
        request: impl Iterator<Item = (&'p [u8], &'p [u8])>,
    ) -> Self {
        let sorted = |pairs: &mut dyn Iterator<Item = (&'p [u8], &'p [u8])>| {
            let mut pairs: Vec<_> = pairs.collect();
            pairs.sort_unstable();
            let keys: Vec<&[u8]> = pairs.iter().map(|(key, _)| *key).collect();
            (pairs, keys)
        };
        let ((own, own_keys), (sent, sent_keys)) = (sorted(&mut { example }), sorted(&mut { request }));
        Params::of(common(&own, &sent), common(&own_keys, &sent_keys), own.len(), sent.len())
    }

    /// What they change: +10 for all, +10 by share for some, one less per missing pair, up to ten, for none. Nothing
    /// where neither side has a query.
    pub fn change(self) -> Total {
        let [matched, partial, missing] = [self.matched, self.partial, self.missing].map(i64::from);
        match matched {
            0 => Total { numerator: -missing.min(PARAMS), denominator: 1 },
            _ => Total { numerator: PARAMS * matched, denominator: matched + partial + missing },
        }
    }
}

/// How many items two sorted lists share, each counted as often as both have it.
pub(super) fn common<T: Ord>(few: &[T], many: &[T]) -> usize {
    let mut count = 0;
    for run in few.chunk_by(T::eq) {
        let Some(item) = run.first() else { continue };
        let start = many.partition_point(|other| other < item);
        count += many[start..].iter().take(run.len()).take_while(|other| *other == item).count();
    }
    count
}

impl Total {
    /// As a number, for people.
    pub fn value(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

impl PartialEq for Total {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Total {}

impl PartialOrd for Total {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Total {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.numerator * other.denominator).cmp(&(other.numerator * self.denominator))
    }
}

impl fmt::Display for Total {
    /// With two decimals at most, such as `103.33`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.2}", self.value());
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(example: &[(&str, &str)], request: &[(&str, &str)]) -> [u32; 3] {
        fn bytes<'p>(pairs: &'p [(&str, &str)]) -> impl Iterator<Item = (&'p [u8], &'p [u8])> {
            pairs.iter().map(|(key, value)| (key.as_bytes(), value.as_bytes()))
        }
        let Params { matched, partial, missing } = Params::compare(bytes(example), bytes(request));
        [matched, partial, missing]
    }

    #[test]
    fn pairs_are_compared_as_a_multiset() {
        assert_eq!(params(&[("a", "1")], &[("a", "1")]), [1, 0, 0]);
        assert_eq!(params(&[("a", "1"), ("a", "2")], &[("a", "2"), ("a", "1")]), [2, 0, 0]);
        assert_eq!(params(&[("a", "1"), ("a", "1")], &[("a", "1")]), [1, 0, 1]);
        assert_eq!(params(&[("a", "1"), ("a", "2")], &[("a", "2"), ("a", "3")]), [1, 1, 0]);
        assert_eq!(params(&[("a", "1")], &[("A", "1")]), [0, 0, 2]);
        assert_eq!(params(&[], &[]), [0, 0, 0]);
    }

    #[test]
    fn equal_scores_are_equal_however_they_come_about() {
        let score = |matched, missing, body| {
            Score { row: Row::Identical, params: Params { matched, partial: 0, missing }, body }.total()
        };
        assert_eq!(score(1, 2, false), score(2, 4, false));
        assert_eq!(score(1, 1, true), score(1, 0, false), "5 of 10, and 5 for the body");
        assert!(score(1, 2, false) < score(1, 1, false));
    }

    #[test]
    fn totals_are_shown_with_two_decimals_at_most() {
        let score = |row, matched, partial, missing| {
            Score { row, params: Params { matched, partial, missing }, body: false }.total().to_string()
        };
        assert_eq!(score(Row::Identical, 1, 1, 1), "103.33");
        assert_eq!(score(Row::Identical, 0, 0, 0), "100");
        assert_eq!(score(Row::Near, 0, 0, 12), "60");
    }
}
