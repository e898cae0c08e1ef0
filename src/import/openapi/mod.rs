//! OpenAPI documents of versions 3.0 and 3.1, in JSON and YAML.
//!
//! An operation becomes a stub; each example of its responses becomes a scenario, and where a response has a schema and
//! no example, one is made from it. The first scenario is that of the lowest status from 200 to 299; selectors choose the
//! others. What other media types a response has are alternatives, among which `Accept` chooses.
//!
//! The document is read as a tree and not into types of its own, because those of the libraries there are know one
//! version each, and no places. What a schema demands is read here too: whoever makes values from it has to ask it
//! otherwise than whoever checks them. Tests hold what is made against a library that checks.

mod document;
mod media;
mod operations;
mod path;
mod responses;
mod schema;
mod xml;

use super::Note;
use super::tree::Tree;
use crate::file::StubTable;
use crate::file::read::At;
use crate::problem::{Problem, SourceId};
use document::Document;

/// What a document is read with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// What made-up values derive from: the same number makes the same values again.
    pub seed: u64,
    /// Whether stubs lie below the paths of `servers`; else at the paths that operations have in the document.
    pub servers: bool,
    /// Whether it is read to be written as a mock file, which people like to read.
    pub written: bool,
}

/// A document, as types of the file.
#[derive(Debug)]
pub struct Spec {
    /// Its title.
    pub name: At<String>,
    /// Its stubs, in the order in which they are to be tried.
    pub stubs: Vec<At<StubTable>>,
    /// What was left out or changed, in the order of the text.
    pub notes: Vec<Note>,
    /// How many operations it has.
    pub operations: usize,
    /// How many bodies were made from schemas.
    pub made: usize,
}

/// Reads a document.
///
/// # Errors
/// Where the text is no document of a known version, or refers to what it does not hold: all such places.
pub fn spec(text: &str, source: SourceId, options: Options) -> Result<Spec, Vec<Problem>> {
    let tree = Tree::parse(text, source).map_err(|problem| vec![*problem])?;
    let document = Document::read(&tree)?;
    let name = document.title();
    let mut reader = operations::Reader::new(&document, options);
    reader.paths().map_err(|problem| vec![*problem])?;
    let operations::Reader { stubs, mut notes, operations, made, .. } = reader;
    notes.sort_by_key(|note| note.place.map_or(0, |place| place.start));
    Ok(Spec { name, stubs, notes, operations, made })
}

/// The title of a document; none where the text is no such document.
pub fn name(text: &str) -> Option<String> {
    let tree = Tree::parse(text, SourceId::NONE).ok()?;
    let title = Document::read(&tree).ok()?.title().value;
    (!title.is_empty()).then_some(title)
}

#[cfg(test)]
mod tests;
