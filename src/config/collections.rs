//! Collections and environments of Postman: read like any other file, found where body files are found.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::Context;
use super::body::inside;
use super::drafts::{Drafted, MockDraft};
use super::files::ReadError;
use super::mocks::Compiler;
use crate::file::DefaultTable;
use crate::file::leaf::List;
use crate::file::pieces::Stubs;
use crate::file::read::At;
use crate::import::names::slug;
use crate::import::postman::{self, Purpose, Variable};
use crate::import::{Note, Weight};
use crate::problem::{Code, Place, Problem, Severity, SourceId};

/// The file of a collection.
#[derive(Clone)]
pub enum Collection {
    /// Named in a file, which says where it may lie.
    Within(At<String>),
    /// Named on the command line.
    Given(PathBuf),
}

impl Collection {
    /// The file as it is named.
    pub fn shown(&self) -> String {
        match self {
            Collection::Within(name) => name.value.clone(),
            Collection::Given(path) => path.display().to_string(),
        }
    }

    /// Where a file names it.
    pub fn place(&self) -> Option<Place> {
        match self {
            Collection::Within(name) => Some(name.place),
            Collection::Given(_) => None,
        }
    }
}

/// The texts of collections and environments: releases may share them.
pub type Texts = HashMap<PathBuf, Option<SourceId>>;

impl Compiler<'_, '_> {
    /// The stubs of a collection, its variables filled in with those of an environment over them.
    pub(super) fn collection(
        &mut self,
        collection: &Collection,
        directory: &Path,
        environment: &[Variable],
    ) -> Option<Stubs> {
        let (path, named) = match collection {
            Collection::Within(name) => (inside(name, directory, "a collection", self.cx)?, Some(name.place)),
            Collection::Given(path) => (path.clone(), None),
        };
        let source = self.text(path, named)?;
        let text = self.cx.sources.get(source).text.clone();
        let read = match postman::collection(&text, source, environment, Purpose::Loaded) {
            Ok(read) => read,
            Err(problem) => {
                self.cx.report(named.into_iter().fold(*problem, |problem, place| problem.also(place, "named here")));
                return None;
            }
        };
        if read.stubs.is_empty() {
            let title = "the collection has no saved example that can be an answer";
            self.cx.report(
                Problem::at(Code::NoExamples, read.name.place, title)
                    .warning()
                    .help("to mock a request, save an example of it in Postman, and export the collection again"),
            );
        }
        report(&read.notes, "postman", self.cx);
        Some(List(read.stubs).into())
    }

    /// The variables of an exported environment.
    pub(super) fn postman_environment(&mut self, name: &At<String>) -> Vec<Variable> {
        let directory = self.files.clone().unwrap_or_else(|| self.beside.clone());
        let Some(source) =
            inside(name, &directory, "an environment", self.cx).and_then(|path| self.text(path, Some(name.place)))
        else {
            return Vec::new();
        };
        let text = self.cx.sources.get(source).text.clone();
        match postman::environment(&text, source) {
            Ok((variables, notes)) => {
                report(&notes, "postman", self.cx);
                variables
            }
            Err(problem) => {
                self.cx.report(problem.also(name.place, "named here"));
                Vec::new()
            }
        }
    }

    /// The text of a file, read once.
    pub(super) fn text(&mut self, path: PathBuf, named: Option<Place>) -> Option<SourceId> {
        if let Some(known) = self.texts.get(&path) {
            return *known;
        }
        let source = text(&path, named, self.cx);
        self.texts.insert(path, source);
        source
    }
}

pub(super) fn text(path: &Path, named: Option<Place>, cx: &mut Context<'_>) -> Option<SourceId> {
    let name = path.display().to_string();
    let error = match cx.files.read_text(path) {
        Ok(text) => return Some(cx.sources.add(name, text)),
        Err(error) => error,
    };
    let (code, help) = match error {
        ReadError::TooLarge => (Code::FileTooLarge, "split it into several, each a mock of its own"),
        ReadError::NotText { .. } => (Code::UnreadableFile, "save it, or export it, as UTF-8"),
        ReadError::Io(_) => (
            Code::UnreadableFile,
            "its path is relative to the directory of the file that names it, or to `[proxy] files`",
        ),
    };
    let title = format!("cannot read `{name}`: {error}");
    cx.report(match named {
        Some(place) => Problem::at(code, place, title).help(help),
        None => Problem::of(code, Some(name), title),
    });
    None
}

/// One warning for each kind of thing that was lost, however often: `import --dry-run` tells each of them.
pub(super) fn report(notes: &[Note], kind: &str, cx: &mut Context<'_>) {
    let mut kinds: Vec<(&'static str, Vec<&Note>)> = Vec::new();
    for note in notes.iter().filter(|note| note.weight == Weight::Lost) {
        match kinds.iter_mut().find(|(what, _)| *what == note.what) {
            Some((_, notes)) => notes.push(note),
            None => kinds.push((note.what, vec![note])),
        }
    }
    for (what, notes) in kinds {
        let Some(first) = notes.first() else { continue };
        let times = if notes.len() == 1 { String::new() } else { format!(" ({} times)", notes.len()) };
        cx.report(Problem {
            code: Code::NotTranslated,
            severity: Severity::Warning,
            title: format!("{}: {what}{times}", first.entry),
            place: first.place.map(|place| (place, first.detail.clone())),
            file: None,
            related: Vec::new(),
            help: Some(format!("`standin import {kind} FILE --dry-run` lists all that has no form here")),
        });
    }
}

/// The mock of a collection that the command line names: called as the collection is.
pub(super) fn given(path: &Path, texts: &mut Texts, cx: &mut Context<'_>) -> MockDraft {
    let source = text(path, None, cx);
    texts.insert(path.to_owned(), source);
    let text = source.map(|source| cx.sources.get(source).text.clone());
    let name = text.and_then(|text| postman::name(&text)).map(|name| slug(&name)).unwrap_or_default();
    let name = if name.is_empty() || name == super::drafts::DEFAULT { "collection".to_owned() } else { name };
    let place = Place { source: source.unwrap_or(SourceId::NONE), start: 0, end: 0 };
    let file = Drafted {
        collection: Some(Collection::Given(path.to_owned())),
        directory: path.parent().unwrap_or(Path::new("")).to_owned(),
        ..Drafted::default()
    };
    MockDraft::new(At { value: name, place }, DefaultTable::default(), place, file)
}
