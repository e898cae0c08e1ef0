//! Releases of a mock: stubs in files of their own, of which one set answers beside those of the mock's file.
//!
//! The files of all releases are read and checked, so that a switch cannot fail for a typo.

use std::collections::{HashMap, HashSet};
use std::mem::take;
use std::path::{Path, PathBuf};

use super::collections::Collection;
use super::drafts::{Drafted, MockDraft};
use super::gather::{listed, read_file};
use super::lint;
use super::mocks::Compiler;
use super::names::Given;
use crate::file::{ReleaseFile, ReleaseTable};
use crate::problem::{Code, Place, Problem, SourceId};
use crate::stubs::table::Table;

/// The stubs of one release.
pub(super) struct Release {
    name: String,
    place: Place,
    files: Vec<Drafted>,
    sources: HashSet<SourceId>,
}

/// A mock as it would be with a release that is not active.
pub(super) struct Rehearsal {
    draft: MockDraft,
    release: Release,
}

impl Compiler<'_, '_> {
    /// Compiles a mock with its active release; gives back what it would be with each of the others.
    pub(super) fn with_releases(&mut self, mut draft: MockDraft, mocks: &HashSet<PathBuf>) -> Vec<Rehearsal> {
        let releases = self.releases(&mut draft, mocks);
        let active = draft.settings.release.clone();
        if let Some(active) = &active
            && !releases.iter().any(|release| release.name == active.value)
        {
            let known: Vec<&str> = releases.iter().map(|release| release.name.as_str()).collect();
            self.unknown(Code::UnknownRelease, "release", "files = [\"v1/*.toml\"]", active, &known);
        }
        let is_active = |release: &Release| active.as_ref().is_some_and(|active| active.value == release.name);
        let (active, others): (Vec<_>, Vec<_>) = releases.into_iter().partition(is_active);
        let with = |files: &[Drafted]| {
            let mut draft = draft.clone();
            // A collection of a release is another version of the mock's own.
            if files.iter().any(|file| file.collection.is_some()) {
                draft.files.iter_mut().for_each(|file| file.collection = None);
            }
            draft.files.extend(files.iter().cloned());
            draft
        };
        self.mock(with(active.first().map_or(&[], |release| &release.files)));
        others.into_iter().map(|release| Rehearsal { draft: with(&release.files), release }).collect()
    }

    /// Reads the files of all releases.
    fn releases(&mut self, draft: &mut MockDraft, mocks: &HashSet<PathBuf>) -> Vec<Release> {
        let directory = draft.beside.clone();
        let mut read: HashMap<PathBuf, Option<(Drafted, SourceId)>> = HashMap::new();
        let tables = draft.settings.releases.take();
        tables
            .into_iter()
            .flat_map(|tables| tables.value.0)
            .map(|(name, table)| {
                let mut release = Release {
                    name: super::names::checked(&name, self.cx),
                    place: name.place,
                    files: Vec::new(),
                    sources: HashSet::new(),
                };
                let ReleaseTable { files, postman } = table.value;
                if files.is_none() && postman.is_none() && !self.cx.unread.table(table.place) {
                    let help = "name its files, `files = [\"v1/*.toml\"]`, or its collection, `postman = \"v1.json\"`";
                    self.cx.missing_at("files", table.place, name.place, "the release has no `files`".to_owned(), help);
                }
                release.files.extend(postman.map(|collection| Drafted {
                    collection: Some(Collection::Within(collection)),
                    directory: directory.clone(),
                    ..Drafted::default()
                }));
                let mut paths: Vec<(PathBuf, Place)> = Vec::new();
                for pattern in files.into_iter().flat_map(|files| files.value.0) {
                    let found = listed(&pattern, pattern.place, &directory, self.cx);
                    paths.extend(found.into_iter().map(|path| (path, pattern.place)));
                }
                paths.sort_by(|(a, _), (b, _)| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
                paths.dedup_by(|(a, _), (b, _)| a == b);
                for (path, place) in paths {
                    if mocks.contains(&canonical(&path)) {
                        self.cx.report(
                            Problem::at(Code::BadPattern, place, "a file of the release is a mock of its own too")
                                .label(format!("fits `{}`", path.display()))
                                .help("keep the files of releases where no pattern of `mocks` fits them"),
                        );
                        continue;
                    }
                    let file = read.entry(path).or_insert_with_key(|path| {
                        let (ReleaseFile { server_stub, stub }, source) = read_file(path, self.cx)?;
                        let directory = path.parent().unwrap_or(Path::new("")).to_owned();
                        let (server_stubs, stubs) = (server_stub, stub);
                        Some((Drafted { server_stubs, stubs, directory, ..Drafted::default() }, source))
                    });
                    if let Some((file, source)) = file {
                        release.files.push(file.clone());
                        release.sources.insert(*source);
                    }
                }
                release
            })
            .collect()
    }

    /// Compiles a mock with a release that is not active, for what can be wrong with it, and lets go of the result. All
    /// else has been compiled and reported.
    pub(super) fn rehearse(&mut self, rehearsal: Rehearsal) {
        let Rehearsal { draft, release } = rehearsal;
        let (before, shown) = (self.cx.problems.len(), self.cx.effective.len());
        self.mocks = Given::default();
        self.mock(draft);
        let (table, _) = Table::build(take(&mut self.parts));
        lint::reach(&table, &take(&mut self.origins), self.cx);
        self.cx.effective.truncate(shown);
        for mut problem in self.cx.problems.split_off(before) {
            // What is wrong with the mock whatever its release was reported.
            let known = |other: &Problem| {
                (other.code, &other.place, &other.title) == (problem.code, &problem.place, &problem.title)
            };
            if self.cx.problems.iter().any(known) {
                continue;
            }
            if problem.place.as_ref().is_none_or(|(place, _)| !release.sources.contains(&place.source)) {
                problem = problem.also(release.place, "with this release");
            }
            self.cx.problems.push(problem);
        }
    }
}

pub(super) fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
