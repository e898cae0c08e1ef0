//! What a configuration is gathered from: standin.toml, variables and flags over it, and the files under `mocks`.

use std::path::{Path, PathBuf};

use super::files::{ReadError, is_pattern};
use super::{Context, Large, Request};
use crate::file::pieces::{self, Stubs, Torn};
use crate::file::read::{self, At, Read as _, Reader};
use crate::file::{MockFile, StandinFile, StubTable};
use crate::problem::{Code, Place, Problem, Severity, SourceId};

/// A file under `mocks`, read.
pub(super) struct MockSource {
    pub file: MockFile,
    pub source: SourceId,
    pub path: PathBuf,
}

/// Reads and parses one file; the stubs of a large one are left for later.
pub(super) fn read_file<T: read::Keys>(path: &Path, cx: &mut Context<'_>) -> Option<(T, SourceId)> {
    let name = path.display().to_string();
    let text = match cx.files.read_text(path) {
        Ok(text) => text,
        Err(error) => {
            cx.incomplete = true;
            let code = if matches!(error, ReadError::TooLarge) { Code::FileTooLarge } else { Code::UnreadableFile };
            let help = match error {
                ReadError::NotText { .. } => "save the file as UTF-8",
                ReadError::TooLarge => "split it into several mocks, and keep large bodies in files of their own",
                ReadError::Io(_) => "name a file that can be read; a directory stands for the standin.toml in it",
            };
            cx.report(Problem::of(code, Some(name.clone()), format!("cannot read `{name}`: {error}")).help(help));
            return None;
        }
    };
    let source = cx.sources.add(name, text.as_str());
    let before = cx.problems.len();
    let file = match cx.large {
        Large::InPieces if text.len() >= pieces::LARGE => {
            let mut reader = Reader::new(source, &text, read::Origin::File, &mut cx.problems, &mut cx.unread);
            pieces::parse(&mut reader).unwrap_or_else(|Torn| {
                cx.torn = true;
                T::default()
            })
        }
        Large::WithoutSound if text.len() >= pieces::LARGE => {
            let (rest, sound) = pieces::without_sound(&text, source);
            let mut reader = Reader::new(source, &rest, read::Origin::File, &mut cx.problems, &mut cx.unread);
            let file = pieces::parse_rest(sound, &mut reader);
            cx.mistaken |= cx.problems[before..].iter().any(|problem| problem.severity == Severity::Error);
            file
        }
        _ => read::parse(&mut Reader::new(source, &text, read::Origin::File, &mut cx.problems, &mut cx.unread)),
    };
    cx.incomplete |= cx.problems[before..].iter().any(|p| matches!(p.code, Code::TomlSyntax | Code::DuplicateKey));
    Some((file, source))
}

impl Context<'_> {
    /// The next stubs of a file. `None` at their end, and where the load must start over.
    pub(super) fn next_stubs(&mut self, stubs: &mut Stubs) -> Option<Vec<At<StubTable>>> {
        let source = stubs.source().map(|source| (source, self.sources.get(source).text.clone()));
        let (source, text) = source.unwrap_or((SourceId::NONE, "".into()));
        let mut reader = Reader::new(source, &text, read::Origin::File, &mut self.problems, &mut self.unread);
        match stubs.next(&mut reader) {
            Ok(tables) => tables,
            Err(Torn) => {
                self.torn = true;
                None
            }
        }
    }
}

/// Lays environment variables and flags over the file: flag before variable before file.
pub(super) fn overrides(request: &Request, root: &mut StandinFile, cx: &mut Context<'_>) {
    let mut words: Vec<(String, Vec<String>, String)> = Vec::new();
    let mut variables: Vec<_> = request.environment.iter().filter(|(name, _)| name.starts_with("STANDIN_")).collect();
    variables.sort();
    for (name, value) in variables {
        // Only names with `__` are configuration: Kubernetes injects STANDIN_PORT and the like.
        let Some((table, keys)) = name["STANDIN_".len()..].split_once("__") else { continue };
        let path = std::iter::once(table).chain(keys.split("__")).map(str::to_lowercase).collect();
        words.push((name.clone(), path, value.clone()));
    }
    let flag =
        |flag: &str, key: &str, value: String| (flag.to_owned(), vec!["proxy".to_owned(), key.to_owned()], value);
    if !request.listen.is_empty() {
        words.push(flag("--listen", "listen", request.listen.join(",")));
    }
    if let Some(upstream) = &request.upstream {
        words.push(flag("--upstream", "upstream", upstream.clone()));
    }
    for (name, path, value) in words {
        let source = cx.sources.add(name, value.as_str());
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let mut reader = Reader::new(source, &value, read::Origin::Word, &mut cx.problems, &mut cx.unread);
        let over: StandinFile = read::parse_word(&path, &mut reader);
        root.overlay(over);
    }
}

/// Reads the files that `mocks` names, in the order of their paths' bytes.
pub(super) fn read_mocks(
    root: &StandinFile,
    own: Option<&Path>,
    directory: &Path,
    cx: &mut Context<'_>,
) -> Vec<MockSource> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for pattern in root.mocks.iter().flat_map(|list| &list.value.0) {
        let mut found = listed(pattern, pattern.place, directory, cx);
        if found.iter().any(|path| Some(path.as_path()) == own) {
            found.retain(|path| Some(path.as_path()) != own);
            cx.report(
                Problem::at(Code::BadPattern, pattern.place, "the pattern fits the configuration file itself")
                    .label("the file that holds this line is no mock")
                    .help("keep mocks in a directory of their own: `mocks = [\"mocks/*.toml\"]`"),
            );
        }
        paths.extend(found);
    }
    paths.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    paths.dedup();
    paths
        .into_iter()
        .filter_map(|path| read_file(&path, cx).map(|(file, source)| MockSource { file, source, path }))
        .collect()
}

pub(super) fn listed(pattern: &str, place: Place, directory: &Path, cx: &mut Context<'_>) -> Vec<PathBuf> {
    let full = directory.join(pattern).display().to_string();
    match cx.files.list(&full) {
        Err(error) => {
            cx.report(
                Problem::at(Code::BadPattern, place, "the pattern is malformed")
                    .label(error.msg)
                    .help("`*` fits within one name, `**` stands alone between slashes: \"mocks/**/*.toml\""),
            );
            Vec::new()
        }
        Ok(found) if found.is_empty() && !is_pattern(pattern) => {
            cx.incomplete = true;
            cx.report(
                Problem::at(Code::BadPattern, place, "there is no such file")
                    .label(format!("`{full}` is missing"))
                    .help("paths are relative to the directory of the file that names them"),
            );
            found
        }
        Ok(found) if found.is_empty() => {
            cx.report(
                Problem::at(Code::EmptyPattern, place, "the pattern fits no file")
                    .warning()
                    .label(format!("nothing fits `{full}`"))
                    .help(
                        "paths are relative to the directory of the file that names them; names that begin with a dot are left out",
                    ),
            );
            found
        }
        Ok(found) => found,
    }
}
