//! OpenAPI documents as sources of mocks: read like any other file, found where body files are found.

use std::path::{Path, PathBuf};

use super::Context;
use super::body::inside;
use super::collections::{Texts, report, text};
use super::drafts::{DEFAULT, Drafted, MockDraft};
use super::mocks::Compiler;
use crate::file::leaf::{Count, List};
use crate::file::pieces::Stubs;
use crate::file::read::At;
use crate::file::{DefaultTable, OpenapiTable};
use crate::import::names::slug;
use crate::import::openapi::{self, Options};
use crate::problem::{Code, Place, Problem, SourceId};

/// The file of a document.
#[derive(Clone)]
pub struct Spec {
    from: From,
    seed: u64,
}

#[derive(Clone)]
enum From {
    /// Named in a file, which says where it may lie.
    Within(At<String>),
    /// Named on the command line.
    Given(PathBuf),
}

impl Spec {
    /// What a mock file says of it.
    pub(super) fn named(table: At<OpenapiTable>, cx: &mut Context<'_>) -> Option<Self> {
        let OpenapiTable { spec, seed } = table.value;
        if spec.is_none() {
            cx.missing("spec", table.place, "name the file: `spec = \"api.yaml\"`");
        }
        let seed = seed.map_or(0, |At { value: Count(seed), .. }| seed);
        Some(Spec { from: From::Within(spec?), seed })
    }

    /// Where a file names it.
    pub(super) fn place(&self) -> Option<Place> {
        match &self.from {
            From::Within(name) => Some(name.place),
            From::Given(_) => None,
        }
    }
}

impl Compiler<'_, '_> {
    /// The stubs of a document; below the paths of its servers, unless the mock says itself where its stubs lie.
    pub(super) fn spec(&mut self, spec: &Spec, directory: &Path, has_base: bool, is_postman: bool) -> Option<Stubs> {
        if let Some(place) = spec.place().filter(|_| is_postman) {
            self.cx.report(
                Problem::at(Code::ConflictingKeys, place, "the operations of a document are no saved requests")
                    .help("leave `matching = \"postman\"`, or the collection of the release, out of this mock"),
            );
            return None;
        }
        let (path, named) = match &spec.from {
            From::Within(name) => (inside(name, directory, "an OpenAPI document", self.cx)?, Some(name.place)),
            From::Given(path) => (path.clone(), None),
        };
        let source = self.text(path, named)?;
        let text = self.cx.sources.get(source).text.clone();
        let options = Options { seed: spec.seed, servers: !has_base, written: false };
        let read = match openapi::spec(&text, source, options) {
            Ok(read) => read,
            Err(problems) => {
                for problem in problems {
                    self.cx.report(named.into_iter().fold(problem, |problem, place| problem.also(place, "named here")));
                }
                return None;
            }
        };
        if read.stubs.is_empty() {
            let title = "the document has no operation that can be mocked";
            self.cx.report(
                Problem::at(Code::NoExamples, read.name.place, title)
                    .warning()
                    .help("operations stand under `paths`; webhooks and callbacks are called by the service itself"),
            );
        }
        report(&read.notes, "openapi", self.cx);
        Some(List(read.stubs).into())
    }
}

/// Reports a mock that has two sources, which are matched differently.
pub(super) fn sources_conflict(collection: Option<Place>, spec: Option<Place>, cx: &mut Context<'_>) -> bool {
    let (Some(first), Some(second)) = (collection, spec) else { return false };
    cx.report(
        Problem::at(Code::ConflictingKeys, second, "a mock has either a collection or an OpenAPI document")
            .also(first, "the collection")
            .help("give each a mock file of its own: they are matched differently"),
    );
    true
}

/// The mock of a document that the command line names: called as the document is.
pub(super) fn given(path: &Path, texts: &mut Texts, cx: &mut Context<'_>) -> MockDraft {
    let source = text(path, None, cx);
    texts.insert(path.to_owned(), source);
    let text = source.map(|source| cx.sources.get(source).text.clone());
    let name = text.and_then(|text| openapi::name(&text)).map(|name| slug(&name)).unwrap_or_default();
    let name = if name.is_empty() || name == DEFAULT { "openapi".to_owned() } else { name };
    let place = Place { source: source.unwrap_or(SourceId::NONE), start: 0, end: 0 };
    let file = Drafted {
        spec: Some(Spec { from: From::Given(path.to_owned()), seed: 0 }),
        directory: path.parent().unwrap_or(Path::new("")).to_owned(),
        ..Drafted::default()
    };
    MockDraft::new(At { value: name, place }, DefaultTable::default(), place, file)
}
