//! `standin import`: a mock file made of what another tool has written.

mod har;
mod openapi;
mod postman;
mod wiremock;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};

use super::run::refused;
use super::{FAILED, REFUSED, WRONG, count, say, tell};
use crate::config;
use crate::file::StubTable;
use crate::file::read::At;
use crate::import::names::slug;
use crate::import::write::Written;
use crate::import::{Note, Weight};
use crate::problem::{Place, Problem, Problems, Sources};

/// Make a mock file of what another tool has written.
#[derive(Args, Debug)]
pub struct Import {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, Subcommand)]
enum From {
    /// A Postman collection, version 2.0 or 2.1
    Postman(postman::Postman),
    /// An OpenAPI document, version 3.0 or 3.1, in JSON or YAML
    Openapi(openapi::Openapi),
    /// Mappings of WireMock
    Wiremock(wiremock::Wiremock),
    /// A HAR archive: calls that a browser or a proxy has recorded
    Har(har::Har),
}

/// Where what was made goes.
#[derive(Args, Debug)]
struct Target {
    /// Folder for the mock file, or the file itself where it ends in .toml
    #[arg(short, long, value_name = "DIR|FILE", default_value = ".")]
    output: PathBuf,
    /// Write over files that exist
    #[arg(long)]
    force: bool,
    /// Write nothing; say what would be written
    #[arg(long)]
    dry_run: bool,
}

impl Import {
    pub fn run(self) -> ExitCode {
        match self.from {
            From::Postman(postman) => postman.run(),
            From::Openapi(openapi) => openapi.run(),
            From::Wiremock(wiremock) => wiremock.run(),
            From::Har(har) => har.run(),
        }
    }
}

impl Target {
    /// Checks what was made, writes it, and tells what became of everything.
    fn take(&self, made: &[Made], sources: &Sources) -> ExitCode {
        let is_file = self.output.extension().is_some_and(|extension| extension == "toml");
        if is_file && made.len() > 1 {
            let names: Vec<&str> = made.iter().map(|made| made.folder.as_str()).collect();
            tell(format_args!("error: there are several mocks, and --output is one file: {}", names.join(", ")));
            return ExitCode::from(WRONG);
        }
        if let Err(failed) = checked(made) {
            tell("error: the mock that was made does not pass `standin check`; nothing was written");
            return refused(&failed.problems);
        }
        if !self.dry_run
            && let Err(error) = place(made, &self.output, self.force)
        {
            tell(format_args!("error: {error}"));
            return ExitCode::from(FAILED);
        }
        for made in made {
            made.tell(sources);
        }
        let verb = if self.dry_run { "would write" } else { "wrote" };
        for made in made {
            let bodies = match made.written.bodies.len() {
                0 => String::new(),
                bodies => format!(" and {} beside it", count(bodies, "body file")),
            };
            say(format_args!("{verb} {}{bodies}: {}", made.file(&self.output).display(), made.sum));
        }
        ExitCode::SUCCESS
    }
}

/// Says what came of a source that nothing could be made of: nothing is written.
fn nothing(notes: &[Note], sources: &Sources, what: &str) -> ExitCode {
    tell_notes(notes, sources);
    tell(format_args!("error: {what}; nothing was written"));
    ExitCode::from(REFUSED)
}

/// The name of a mock: the first of these that is one.
fn named(names: impl IntoIterator<Item = String>, otherwise: &str) -> String {
    let name = names.into_iter().find(|name| !name.is_empty() && name != "default");
    name.unwrap_or_else(|| otherwise.to_owned())
}

/// The folder of a mock of this name.
fn folder(name: &str) -> String {
    if slug(name).is_empty() { "mock".to_owned() } else { slug(name) }
}

/// How many scenarios stubs have.
fn scenarios(stubs: &[At<StubTable>]) -> usize {
    stubs.iter().map(|stub| stub.value.scenario.as_ref().map_or(0, |list| list.value.0.len())).sum()
}

/// Tells on a terminal how far long work is, once a second.
struct Progress {
    what: &'static str,
    all: usize,
    last: Instant,
}

impl Progress {
    fn new(what: &'static str, all: usize) -> Self {
        Progress { what, all, last: Instant::now() }
    }

    fn at(&mut self, done: usize) {
        if self.last.elapsed() >= Duration::from_secs(1) {
            self.last = Instant::now();
            if std::io::stderr().is_terminal() {
                tell(format_args!("{}: {done} of {}", self.what, self.all));
            }
        }
    }
}

/// A mock that was made.
struct Made {
    /// The name of its file, and of the folder beside it.
    folder: String,
    written: Written,
    notes: Vec<Note>,
    /// What it was made of, in numbers.
    sum: String,
}

impl Made {
    fn file(&self, output: &Path) -> PathBuf {
        if output.extension().is_some_and(|extension| extension == "toml") {
            return output.to_owned();
        }
        output.join(format!("{}.toml", self.folder))
    }

    /// Tells what was left out or changed, one line for each.
    fn tell(&self, sources: &Sources) {
        tell_notes(&self.notes, sources);
    }
}

fn tell_notes(notes: &[Note], sources: &Sources) {
    let mut cursor = Cursor::default();
    for Note { place, entry, what, detail, weight } in notes {
        let kind = match weight {
            Weight::Lost => "warning",
            Weight::Routine => "note",
        };
        let place = place.map_or(String::new(), |place| {
            let (line, column) = cursor.at(place, sources);
            format!("{}:{line}:{column}: ", sources.get(place.source).name)
        });
        let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
        say(format_args!("{kind}: {place}{entry}: {what}{detail}"));
    }
}

/// Lines and columns of places, each counted from the one before where they come in order: a collection without line
/// breaks is one line of many MiB.
#[derive(Default)]
struct Cursor {
    last: Option<Place>,
    line: usize,
    column: usize,
}

impl Cursor {
    fn at(&mut self, place: Place, sources: &Sources) -> (usize, usize) {
        let between = self.last.filter(|last| last.source == place.source).and_then(|last| {
            let text = &sources.get(place.source).text;
            text.get(last.start as usize..place.start as usize).filter(|text| !text.contains('\n'))
        });
        match between {
            Some(text) => self.column += text.chars().count(),
            None => (self.line, self.column) = sources.line_column(place),
        }
        self.last = Some(place);
        (self.line, self.column)
    }
}

/// Loads the mocks as `standin check` would, in a folder of their own.
fn checked(made: &[Made]) -> Result<(), Box<config::Refused>> {
    let refused = |error: std::io::Error| {
        let problem = Problem::of(crate::problem::Code::UnreadableFile, None, error.to_string());
        let problems = Problems::new(vec![problem], Sources::default());
        Box::new(config::Refused { problems, fingerprint: config::Fingerprint::default() })
    };
    let dir = tempfile::tempdir().map_err(refused)?;
    let root = dir.path().join("standin.toml");
    std::fs::write(&root, "mocks = [\"*.mock.toml\"]\n").map_err(refused)?;
    for Made { folder, written, .. } in made {
        put(&dir.path().join(format!("{folder}.mock.toml")), dir.path(), written).map_err(refused)?;
    }
    config::load(&config::Request { config: Some(root), ..config::Request::default() }).map(drop)
}

/// Writes the files where they belong. A mock file comes last and as a whole: whoever watches it sees all or nothing.
fn place(made: &[Made], output: &Path, force: bool) -> Result<(), String> {
    let files = || made.iter().map(|made| (made.file(output), &made.written));
    let folder = |file: &Path| file.parent().unwrap_or(Path::new("")).to_owned();
    for (file, written) in files() {
        let bodies = written.bodies.iter().map(|(path, _)| folder(&file).join(path));
        if let Some(taken) = std::iter::once(file.clone()).chain(bodies).find(|path| !force && path.exists()) {
            return Err(format!("{} exists already; --force writes over it", taken.display()));
        }
    }
    for (file, written) in files() {
        let folder = folder(&file);
        std::fs::create_dir_all(&folder)
            .and_then(|()| put(&file, &folder, written))
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn put(file: &Path, folder: &Path, written: &Written) -> std::io::Result<()> {
    for (path, body) in &written.bodies {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
        std::fs::write(path, body)?;
    }
    let aside = file.with_extension("toml.new");
    std::fs::write(&aside, &written.text)?;
    std::fs::rename(aside, file)
}
