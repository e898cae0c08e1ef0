//! What other tools have written, as types of the file: `[postman]` and `[openapi]` of a mock, and `standin import`, read
//! it here. Of WireMock's mappings and of HAR archives `standin import` alone makes mock files.
//!
//! A reader either refuses a file, with one problem that says where and why, or takes all of it; what has no form here
//! is left out and noted, entry by entry. Nothing is half read.

pub mod clause;
pub mod har;
pub mod json;
pub mod names;
pub mod openapi;
pub mod postman;
pub mod tree;
pub mod wiremock;
pub mod write;

pub use write::toml as toml_value;

use crate::problem::Place;

/// Fields that say how an answer was sent: Standin frames its own, and other tools keep the decoded text.
pub const FRAMING: &[&str] = &[
    "content-length",
    "transfer-encoding",
    "content-encoding",
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "upgrade",
    "standin",
];

/// Something that was read otherwise than it stands there.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// Where it stands.
    pub place: Option<Place>,
    /// What it belongs to, such as `Orders / Create order / Created`.
    pub entry: String,
    /// What became of it; the same words for the same thing.
    pub what: &'static str,
    /// Which one, where that says more.
    pub detail: String,
    /// Whether something is missing from the answers for it.
    pub weight: Weight,
}

/// How much a note matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Callers notice nothing.
    Routine,
    /// Some answer is another than in the other tool, or is missing.
    Lost,
}

impl Note {
    /// Something that is missing or different now.
    pub fn lost(place: Option<Place>, entry: &str, what: &'static str, detail: String) -> Self {
        Note { place, entry: entry.to_owned(), what, detail, weight: Weight::Lost }
    }

    /// Something that callers do not notice.
    pub fn routine(place: Option<Place>, entry: &str, what: &'static str, detail: String) -> Self {
        Note { place, entry: entry.to_owned(), what, detail, weight: Weight::Routine }
    }
}
