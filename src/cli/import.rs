//! `standin import`: a mock file made of what another tool has written.

mod openapi;
mod postman;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::run::refused;
use super::{FAILED, count, say, tell};
use crate::config;
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
}

/// Where a mock file goes.
#[derive(Args, Debug)]
struct Target {
    /// Name of the mock [default: that of what is read]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
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
        }
    }
}

impl Target {
    /// The name of a mock and that of its files: as asked for, else as what was read is called, else as its file is.
    fn names(&self, title: &str, file: &Path, otherwise: &str) -> (String, String) {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let name = [self.name.clone().unwrap_or_default(), slug(title), slug(&stem)];
        let name = name.into_iter().find(|name| !name.is_empty() && name != "default");
        let name = name.unwrap_or_else(|| otherwise.to_owned());
        let folder = if slug(&name).is_empty() { "mock".to_owned() } else { slug(&name) };
        (name, folder)
    }

    /// Checks a mock, writes it, and tells what became of what was read.
    fn put(&self, made: Result<Made, Vec<Problem>>, sources: Sources) -> ExitCode {
        let made = match made {
            Ok(made) => made,
            Err(problems) => return refused(&Problems::new(problems, sources)),
        };
        let (file, written) = (made.file(&self.output), &made.written);
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        if let Err(failed) = checked(written) {
            tell("error: the mock that was made does not pass `standin check`; nothing was written");
            return refused(&failed.problems);
        }
        if !self.dry_run
            && let Err(error) = place(&file, &folder, written, self.force)
        {
            tell(format_args!("error: {error}"));
            return ExitCode::from(FAILED);
        }
        made.tell(&sources);
        let verb = if self.dry_run { "would write" } else { "wrote" };
        let bodies = match written.bodies.len() {
            0 => String::new(),
            bodies => format!(" and {} beside it", count(bodies, "body file")),
        };
        say(format_args!("{verb} {}{bodies}: {}", file.display(), made.sum));
        ExitCode::SUCCESS
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
        let mut cursor = Cursor::default();
        for Note { place, entry, what, detail, weight } in &self.notes {
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

/// Loads the mock as `standin check` would, in a folder of its own.
fn checked(written: &Written) -> Result<(), Box<config::Refused>> {
    let refused = |error: std::io::Error| {
        let problem = Problem::of(crate::problem::Code::UnreadableFile, None, error.to_string());
        let problems = Problems::new(vec![problem], Sources::default());
        Box::new(config::Refused { problems, fingerprint: config::Fingerprint::default() })
    };
    let dir = tempfile::tempdir().map_err(refused)?;
    let root = dir.path().join("standin.toml");
    std::fs::write(&root, "mocks = [\"mock.toml\"]\n").map_err(refused)?;
    put(&dir.path().join("mock.toml"), dir.path(), written).map_err(refused)?;
    config::load(&config::Request { config: Some(root), ..config::Request::default() }).map(drop)
}

/// Writes the files where they belong. The mock file comes last and as a whole: whoever watches it sees all or nothing.
fn place(file: &Path, folder: &Path, written: &Written, force: bool) -> Result<(), String> {
    let bodies = written.bodies.iter().map(|(path, _)| folder.join(path));
    if let Some(taken) = std::iter::once(file.to_owned()).chain(bodies).find(|path| !force && path.exists()) {
        return Err(format!("{} exists already; --force writes over it", taken.display()));
    }
    std::fs::create_dir_all(folder).and_then(|()| put(file, folder, written)).map_err(|error| error.to_string())
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
