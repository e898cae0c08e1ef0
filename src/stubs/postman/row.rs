//! By which row an example's path fits a request's: step 5 of the algorithm.
//!
//! A row allows everything that the rows above it allow, but for the trailing slash, which rows 1, 3 and 6 count. What
//! the published rules leave open is decided here: case is that of ASCII; an ID stands for an ID and not for nothing; a
//! wildcard stays a wildcard in rows 6 to 8; likeness is judged segment by segment.

use smallvec::SmallVec;

use super::Closest;
use crate::stubs::number::Number;
use crate::stubs::path::NormalPath;
use crate::stubs::path_template::{Segment, Template};

/// A row of the table of URL scores, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Row {
    /// The paths are identical.
    Identical,
    /// They are, but for a trailing slash.
    Slash,
    /// They are, but for upper and lower case.
    Case,
    /// They are, but for both.
    SlashAndCase,
    /// Wildcards stand for the segments that differ; slash and case do not count.
    Wildcard,
    /// IDs stand for IDs; case does not count.
    Id,
    /// IDs stand for IDs; slash and case do not count.
    SlashAndId,
    /// Every segment is like the other one.
    Near,
}

impl Row {
    /// Every row, best first.
    pub const ALL: [Row; 8] =
        [Row::Identical, Row::Slash, Row::Case, Row::SlashAndCase, Row::Wildcard, Row::Id, Row::SlashAndId, Row::Near];

    /// Its number in the table, from 1.
    pub fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The points that it leaves of 100.
    pub fn url(self) -> u8 {
        [100, 95, 90, 85, 80, 79, 75, 70][self as usize]
    }
}

/// The first row by which an example's path fits a request's. Row 8 counts only where no example of the mock fits by
/// another: that is for the collection to know.
pub fn row(example: &Template, request: &NormalPath<'_>, closest: Closest) -> Option<Row> {
    let (own, own_slash) = without_slash(example.segments());
    let mut asked: SmallVec<[&[u8]; 16]> = request.segments().collect();
    let slash = asked.last().is_some_and(|last| last.is_empty());
    asked.truncate(asked.len() - usize::from(slash));
    if own.len() != asked.len() || request.as_bytes() == b"*" {
        return None;
    }
    let fits = |wild: bool, same: fn(&[u8], &[u8]) -> bool| {
        own.iter().zip(&asked).all(|(own, asked)| match own {
            Segment::Literal(own) => same(own, asked),
            Segment::Param | Segment::Rest => wild,
        })
    };
    let by_slash = |with: Row, without: Row| Some(if slash == own_slash { with } else { without });
    if fits(false, |own, asked| own == asked) {
        return by_slash(Row::Identical, Row::Slash);
    }
    if fits(false, <[u8]>::eq_ignore_ascii_case) {
        return by_slash(Row::Case, Row::SlashAndCase);
    }
    if fits(true, <[u8]>::eq_ignore_ascii_case) {
        return Some(Row::Wildcard);
    }
    if closest == Closest::Wildcard {
        return None;
    }
    let same_or_ids = |own: &[u8], asked: &[u8]| own.eq_ignore_ascii_case(asked) || is_id(own) && is_id(asked);
    if fits(true, same_or_ids) {
        return by_slash(Row::Id, Row::SlashAndId);
    }
    fits(true, |own, asked| is_id(own) && is_id(asked) || is_like(own, asked)).then_some(Row::Near)
}

/// Segments without the empty one of a trailing slash, and whether there was one.
pub(super) fn without_slash(segments: &[Segment]) -> (&[Segment], bool) {
    match segments.split_last() {
        Some((Segment::Literal(last), rest)) if last.is_empty() => (rest, true),
        _ => (segments, false),
    }
}

/// From this length on a segment is an ID, whatever it is made of; bytes.
const LONG: usize = 256;

/// Whether a segment is an "alphanumeric ID": a number, one that holds a UUID, or one of 256 bytes and more.
pub fn is_id(segment: &[u8]) -> bool {
    if segment.len() >= LONG {
        return true;
    }
    segment.first().is_some_and(|first| !first.is_ascii_alphabetic()) && Number::from_text(segment).is_some()
        || segment.len() >= UUID && segment.windows(UUID).any(is_uuid)
}

/// How long a UUID is; bytes.
const UUID: usize = 36;

/// Whether this is a UUID, in either case.
pub(super) fn is_uuid(text: &[u8]) -> bool {
    let is_dash = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let fits = |(at, byte): (usize, &u8)| if is_dash(at) { *byte == b'-' } else { byte.is_ascii_hexdigit() };
    text.len() == UUID && text.iter().enumerate().all(fits)
}

/// The most edits (Levenshtein) by which a segment of so many bytes may differ: it is then 75 % alike, where likeness is
/// `round(100 * (length - edits) / length)`.
pub(in crate::stubs) fn edits_allowed(length: usize) -> usize {
    length * 51 / 200
}

/// Whether a segment of an example is like a segment of a request; case does not count.
fn is_like(own: &[u8], asked: &[u8]) -> bool {
    is_within(own, asked, edits_allowed(asked.len()))
}

/// Whether at most so many edits (Levenshtein) lie between two segments, case aside. It looks at a band of the table
/// only, so its cost is that of the shorter length times the limit.
pub(in crate::stubs) fn is_within(a: &[u8], b: &[u8], limit: usize) -> bool {
    let same = |(a, b): &(&u8, &u8)| a.eq_ignore_ascii_case(b);
    let start = a.iter().zip(b).take_while(same).count();
    let (a, b) = (&a[start..], &b[start..]);
    let end = a.iter().rev().zip(b.iter().rev()).take_while(same).count();
    let (a, b) = (&a[..a.len() - end], &b[..b.len() - end]);
    if a.len().abs_diff(b.len()) > limit {
        return false;
    }
    if a.is_empty() || b.is_empty() {
        return true;
    }
    // `row[j]` is the distance of what was seen of `a` to the first `j` bytes of `b`, or more than the limit.
    let mut row: SmallVec<[usize; 64]> = (0..=b.len()).collect();
    for (i, byte) in a.iter().enumerate() {
        let first = (i + 1).saturating_sub(limit).max(1);
        let last = (i + 1 + limit).min(b.len());
        let mut diagonal = row[first - 1];
        row[first - 1] = if first == 1 { i + 1 } else { limit + 1 };
        let mut least = row[first - 1];
        for j in first..=last {
            let change = diagonal + usize::from(!byte.eq_ignore_ascii_case(&b[j - 1]));
            diagonal = row[j];
            // Beyond the band of the row before nothing is known, and it would be too far.
            let above = if j == i + 1 + limit { limit + 1 } else { row[j] };
            row[j] = change.min(above + 1).min(row[j - 1] + 1);
            least = least.min(row[j]);
        }
        if least > limit {
            return false;
        }
    }
    row[b.len()] <= limit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(example: &str, request: &str) -> Option<u8> {
        let template = Template::parse(example).unwrap();
        row(&template, &NormalPath::of(request.as_bytes()).unwrap(), Closest::Fuzzy).map(Row::number)
    }

    #[test]
    fn each_row_is_found_in_its_order() {
        for (example, request, expected) in [
            ("/users", "/users", Some(1)),
            ("/users", "/users/", Some(2)),
            ("/users/", "/users", Some(2)),
            ("/users", "/USERS", Some(3)),
            ("/users", "/Users/", Some(4)),
            ("/users/{id}", "/users/7", Some(5)),
            ("/users/{id}", "/Users/7/", Some(5)),
            ("/users/{id}", "/users/a/b", None),
            ("/users/{id}", "/users/", None),
            ("/users/12", "/users/7", Some(6)),
            ("/users/12", "/Users/7", Some(6)),
            ("/users/12", "/users/7/", Some(7)),
            ("/users/12/", "/users/7/", Some(6)),
            ("/users/{id}/orders/12", "/users/ada/orders/13", Some(6)),
            ("/users/12", "/users/ada", None),
            ("/users/12", "/users", None),
            ("/answer", "/anser", Some(8)),
            ("/answer/{id}/x", "/answr/7/x", Some(8)),
            ("/answers/1", "/answer/2", Some(8)),
            ("/test", "/about", None),
            ("/test", "/help", None),
            ("/", "/", Some(1)),
            ("/*", "/a", Some(5)),
            ("/*", "/", None),
            ("/a", "*", None),
        ] {
            assert_eq!(of(example, request), expected, "{example} {request}");
        }
    }

    #[test]
    fn a_wildcard_mock_stops_at_row_5() {
        let request = NormalPath::of(b"/users/7").unwrap();
        assert_eq!(row(&Template::parse("/users/12").unwrap(), &request, Closest::Wildcard), None);
    }

    #[test]
    fn numbers_uuids_and_very_long_segments_are_ids() {
        let long = "a".repeat(256);
        for (segment, expected) in [
            ("7", true),
            ("-1.5", true),
            ("3e2", true),
            ("inf", false),
            ("7a", false),
            ("", false),
            ("c4505a1e-7261-497c-91ff-db4bd51351a6", true),
            ("x-C4505A1E-7261-497C-91FF-DB4BD51351A6.json", true),
            ("c4505a1e-7261-497c-91ff-db4bd51351ag", false),
            (&long, true),
            (&long[1..], false),
        ] {
            assert_eq!(is_id(segment.as_bytes()), expected, "{segment}");
        }
    }

    /// The whole table, from the definition.
    fn distance(a: &[u8], b: &[u8]) -> usize {
        match (a, b) {
            ([], rest) | (rest, []) => rest.len(),
            ([x, xs @ ..], [y, ys @ ..]) => {
                let change = distance(xs, ys) + usize::from(!x.eq_ignore_ascii_case(y));
                change.min(distance(xs, b) + 1).min(distance(a, ys) + 1)
            }
        }
    }

    #[test]
    fn the_band_knows_the_distance_up_to_its_limit() {
        let words = ["", "a", "ab", "ba", "abc", "bca", "aabb", "bbaa", "abAb", "cabcab", "bcabca", "abcabc"];
        for a in words {
            for b in words {
                for limit in 0..6 {
                    let expected = distance(a.as_bytes(), b.as_bytes()) <= limit;
                    assert_eq!(is_within(a.as_bytes(), b.as_bytes(), limit), expected, "{a} {b} {limit}");
                }
            }
        }
    }

    #[test]
    fn three_quarters_alike_is_like() {
        for length in 1..600usize {
            let alike = |edits: usize| (100.0 * (length - edits) as f64 / length as f64).round() >= 75.0;
            let most = (0..=length).rev().find(|edits| alike(*edits)).unwrap();
            assert_eq!(edits_allowed(length), most, "{length}");
        }
    }
}
