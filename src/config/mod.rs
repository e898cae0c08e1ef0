//! The only door to a configuration: files, environment and flags in, a complete and checked [`Loaded`] out, or all
//! problems at once.
//!
//! `check`, start and reload take this same path. Nothing fallible is left in what it returns.

mod access;
mod admin;
mod alternatives;
mod body;
mod call_log;
mod collections;
mod conditions;
mod drafts;
mod echoes;
mod effective;
mod environments;
mod examples;
mod files;
mod gather;
mod hosts;
mod limit;
mod limits;
mod line;
mod lint;
mod listeners;
mod mocks;
mod names;
mod openapi;
mod operators;
pub mod overlay;
mod postman;
mod releases;
mod response;
mod schema;
mod secrets;
mod settings;
mod stubs;
mod templates;
mod tls;
mod upstreams;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use effective::{Effective, Origin, TakesEffect};
pub use files::Fingerprint;
pub use schema::{mock_schema, release_schema, schema};

use crate::file::StandinFile;
use crate::file::read;
use crate::problem::{Code, Place, Problem, Problems, Sources};
use crate::settings::Settings;
use crate::stubs::table::Table;
use echoes::drop_echoes;
use files::Files;
use gather::{MockSource, overrides, read_file, read_mocks};

/// Where a configuration comes from.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `-c`: a file, or a directory with a `standin.toml`.
    pub config: Option<PathBuf>,
    /// `--upstream`.
    pub upstream: Option<String>,
    /// `--listen`.
    pub listen: Vec<String>,
    /// `--postman`: a collection that is a mock by itself.
    pub postman: Option<PathBuf>,
    /// `--openapi`: an OpenAPI document that is a mock by itself.
    pub openapi: Option<PathBuf>,
    /// How much memory the sidecar may take, bytes; `None` where nothing says so. Defaults of memory budgets follow it.
    pub memory: Option<u64>,
    /// Whether the examples of the stubs are asked, and refuse the configuration where they do not get what they must.
    pub examples: bool,
    /// Environment variables: overrides, `STANDIN_CONFIG`, and secrets.
    pub environment: HashMap<String, String>,
    /// What lies over the files; here only environments and releases count.
    pub overlay: Vec<Arc<overlay::Entry>>,
}

/// A complete and checked configuration.
#[derive(Debug)]
pub struct Loaded {
    /// The file that `standin.toml` was read from; `None` for a plain proxy.
    pub path: Option<PathBuf>,
    /// Everything but the mocks.
    pub settings: Settings,
    /// The mocks, compiled.
    pub table: Table,
    /// Warnings.
    pub problems: Problems,
    /// How many examples were asked, all of which got what they must get.
    pub examples: usize,
    /// Each value with where it came from.
    pub effective: Vec<Effective>,
    /// What was read, to notice changes.
    pub fingerprint: Fingerprint,
}

/// A configuration that was refused.
#[derive(Debug)]
pub struct Refused {
    /// All that is wrong with it.
    pub problems: Problems,
    /// What was read, to notice when it is mended.
    pub fingerprint: Fingerprint,
}

/// How often a load starts over before it says that the files do not rest.
const ATTEMPTS: usize = 5;

/// Loads a configuration.
///
/// # Errors
/// All problems of all files. Nothing is half loaded.
pub fn load(request: &Request) -> Result<Loaded, Box<Refused>> {
    let mut attempt = 1;
    loop {
        let mut files = Files::default();
        let result = load_once(request, &mut files);
        // A writer may have been at work between two of our reads: what does not rest is read again.
        if files.moved() {
            if attempt < ATTEMPTS {
                attempt += 1;
                continue;
            }
            let problem =
                Problem::of(Code::FilesMoving, None, "the files changed while they were read, five times in a row")
                    .help("write files aside and rename them into place");
            let problems = Problems::new(vec![problem], Sources::default());
            return Err(Box::new(Refused { problems, fingerprint: files.into_fingerprint() }));
        }
        let fingerprint = files.into_fingerprint();
        return match result {
            Ok(parts) => Ok(Loaded { fingerprint, ..parts }),
            Err(problems) => Err(Box::new(Refused { problems, fingerprint })),
        };
    }
}

/// What a load works with.
pub(crate) struct Context<'a> {
    files: &'a mut Files,
    sources: Sources,
    problems: Vec<Problem>,
    environment: &'a HashMap<String, String>,
    memory: Option<u64>,
    unread: read::Unread,
    effective: Vec<Effective>,
    /// Whether some file is no TOML: what it defines is then unknown, and nobody is blamed for using it.
    incomplete: bool,
    large: Large,
    /// Whether a large file cannot be read so, and nothing of this load counts.
    torn: bool,
    /// Whether a large file has mistakes outside its sound pieces.
    mistaken: bool,
    /// Whether examples are asked, and how many were.
    ask_examples: bool,
    examples: usize,
}

/// How large files are read: as the first of these that does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Large {
    /// Their stubs when they are compiled, which takes a fraction of the memory.
    InPieces,
    /// The same, but for what is not sound by itself. It does where this has mistakes: then the load is refused.
    WithoutSound,
    /// At once.
    AsWholes,
}

impl Context<'_> {
    /// A budget in bytes: this, or a share of the memory that the sidecar may take, if that is less.
    fn budget(&self, usual: usize, share: u64) -> usize {
        let most = self.memory.map_or(usize::MAX, |memory| usize::try_from(memory / share).unwrap_or(usize::MAX));
        usual.min(most)
    }

    fn report(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Reports a key that is missing from the table at `table`, unless it stands there and could not be read.
    fn missing(&mut self, key: &str, table: Place, help: &str) {
        self.missing_at(key, table, table, format!("`{key}` is missing"), help);
    }

    /// The same with a place and a title of its own.
    fn missing_at(&mut self, key: &str, table: Place, at: Place, title: String, help: &str) {
        if !self.unread.key(table, key) && !self.is_garbled(table) {
            self.report(Problem::at(Code::MissingKey, at, title).help(help));
        }
    }

    /// Whether a line of the table that begins here is no TOML: it may hold what seems to be missing.
    fn is_garbled(&self, table: Place) -> bool {
        let lines = crate::file::broken_by(&self.sources.get(table.source).text, table.start as usize);
        let within = |place: &Place| place.source == table.source && lines.contains(&(place.start as usize));
        let mut garbled = self.problems.iter().filter(|problem| problem.code == Code::TomlSyntax);
        garbled.any(|problem| problem.place.as_ref().is_some_and(|(place, _)| within(place)))
    }

    /// Whether nothing was reported of the table at `table`, nor since there were `before` problems: only then is
    /// something that says nothing a mistake of its own.
    fn is_sound(&self, table: Place, before: usize) -> bool {
        self.problems.len() == before && !self.unread.table(table)
    }
}

fn load_once(request: &Request, files: &mut Files) -> Result<Loaded, Problems> {
    load_as(Large::InPieces, request, files)
}

fn load_as(large: Large, request: &Request, files: &mut Files) -> Result<Loaded, Problems> {
    let mut cx = Context {
        memory: request.memory,
        large,
        ask_examples: request.examples,
        ..overlay::context(files, &request.environment)
    };
    let path = match locate(request, &mut cx) {
        Ok(path) => path,
        Err(problem) => return Err(Problems::new(vec![*problem], cx.sources)),
    };
    let mut root = StandinFile::default();
    if let Some(path) = &path {
        root = read_file(path, &mut cx).map(|(file, _)| file).unwrap_or_default();
    }
    overrides(request, &mut root, &mut cx);
    let directory = path.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
    let mock_files = read_mocks(&root, path.as_deref(), &directory, &mut cx);
    let given = settings::Given {
        collection: request.postman.as_deref(),
        spec: request.openapi.as_deref(),
        overlay: &request.overlay,
    };
    let (settings, table) = settings::compile(root, &directory, mock_files, given, &mut cx);
    secrets::lint(&mut cx);
    let Context { sources, mut problems, effective, torn, mistaken, examples, .. } = cx;
    let next = match large {
        Large::InPieces if torn => Some(Large::WithoutSound),
        Large::WithoutSound if torn || !mistaken => Some(Large::AsWholes),
        _ => None,
    };
    if let Some(next) = next {
        // That takes enough memory by itself.
        drop((settings, table, sources, problems, effective));
        return load_as(next, request, files);
    }
    drop_echoes(&mut problems, &sources);
    // Texts are kept for what points into them, and no longer.
    let sources = if problems.is_empty() { Sources::default() } else { sources };
    let problems = Problems::new(problems, sources);
    if problems.errors() > 0 {
        return Err(problems);
    }
    Ok(Loaded { path, settings, table, problems, examples, effective, fingerprint: Fingerprint::default() })
}

/// The configuration file: what was named, else the first of the default places that exists.
fn locate(request: &Request, cx: &mut Context<'_>) -> Result<Option<PathBuf>, Box<Problem>> {
    let named = request.config.clone().or_else(|| cx.environment.get("STANDIN_CONFIG").map(PathBuf::from));
    if let Some(named) = named {
        let path = if named.is_dir() { named.join("standin.toml") } else { named };
        return Ok(Some(path));
    }
    for place in ["standin.toml", "/etc/standin/standin.toml"] {
        if Path::new(place).exists() {
            return Ok(Some(PathBuf::from(place)));
        }
    }
    let by_environment = cx.environment.contains_key("STANDIN_PROXY__UPSTREAM");
    let is_mock = request.postman.is_some() || request.openapi.is_some();
    if request.upstream.is_some() || by_environment || is_mock {
        return Ok(None);
    }
    let problem = Problem::of(
        Code::NoConfig,
        None,
        "there is no configuration: neither ./standin.toml nor /etc/standin/standin.toml exists",
    );
    let help = "name one with `-c FILE`, or start a plain proxy with `standin run --upstream http://127.0.0.1:3000`";
    Err(Box::new(problem.help(help)))
}

/// Reads a text file as a load would: at most 64 MiB of UTF-8, without the byte order mark that some editors write.
///
/// # Errors
/// Where it cannot be read, with the reason.
pub fn read_text(path: &Path) -> Result<String, Box<Problem>> {
    Files::default().read_text(path).map_err(|error| {
        let name = path.display().to_string();
        let code = if matches!(error, files::ReadError::TooLarge) { Code::FileTooLarge } else { Code::UnreadableFile };
        Box::new(Problem::of(code, Some(name.clone()), format!("cannot read `{name}`: {error}")))
    })
}
