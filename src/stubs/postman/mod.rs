//! Postman's matching: among the saved examples of a mock the closest one answers.
//!
//! The rules are those that Postman publishes as "matching algorithm"; the README lists them with what their text leaves
//! open and how that is decided here. [`row`] says how an example's path fits, [`mod@score`] what that and the query bring;
//! `collection` is the compiled form of a mock, in which the best example is found without looking at each.

pub mod body;
pub mod choose;
pub mod collection;
pub mod example;
pub mod hits;
mod multipart;
mod near;
mod queries;
pub mod row;
pub mod score;
mod set;
mod words;

use crate::stubs::path::NormalPath;
use crate::stubs::path_template::Template;
use crate::stubs::request::RequestView;
use example::Example;
use score::Score;

/// The lowest row that may match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Closest {
    /// Rows 1 to 5: for a sidecar, which forwards what no example was saved for.
    Wildcard,
    /// All rows, as in Postman.
    Fuzzy,
}

/// What a mock says of its matching.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The lowest row that may match.
    pub closest: Closest,
    /// Whether an example must have the request's body.
    pub match_body: bool,
    /// Headers that an example and the request must agree on; in lower case.
    pub match_headers: Box<[Box<str>]>,
    /// Whether the mock has any example.
    pub has_examples: bool,
}

/// What an example scores for a request, filters aside; `None` where its path does not fit. Row 8 counts only where no
/// example of the mock fits by another row. `body` is to be `false` where body matching is explicitly on.
pub fn score(
    path: &Template,
    example: &Example,
    view: &RequestView<'_>,
    closest: Closest,
    body: bool,
) -> Option<Score> {
    let row = row::row(path, &view.path, closest)?;
    Some(Score { row, params: example.params(view), body: body && example.has_body_of(view) })
}

/// A path in the form in which case and a trailing slash do not count, and whether it had one; `None` for `*`.
fn folded(path: &NormalPath<'_>) -> Option<(smallvec::SmallVec<[u8; 128]>, bool)> {
    let bytes = path.as_bytes();
    let (bare, slash) = match bytes.split_last() {
        Some((b'/', bare)) => (bare, true),
        Some(_) if bytes.starts_with(b"/") => (bytes, false),
        _ => return None,
    };
    Some((bare.iter().map(u8::to_ascii_lowercase).collect(), slash))
}
