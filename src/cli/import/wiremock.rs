//! `standin import wiremock`: a folder of mappings with its body files, or one file.

use std::cell::Cell;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::{Made, Progress, Target, folder, named, nothing, scenarios};
use crate::cli::count;
use crate::cli::run::refused;
use crate::config;
use crate::import::names::slug;
use crate::import::wiremock::{self, Mappings, Surroundings};
use crate::import::write;
use crate::problem::{Code, Problem, Problems, Sources};

/// How much all files together may hold, bytes.
const MOST: u64 = 256 << 20;

/// How many files a folder may hold, and how deep folders may lie in folders.
const FILES: usize = 100_000;
const DEEPEST: usize = 50;

/// Make a mock file of WireMock's mappings.
#[derive(Args, Debug)]
pub struct Wiremock {
    /// WireMock's root folder, a folder of mappings, or one file with one mapping or a list `mappings`
    #[arg(value_name = "SOURCE")]
    source: PathBuf,
    /// The folder of body files [default: `__files` of the root folder]
    #[arg(long, value_name = "DIR")]
    files: Option<PathBuf>,
    /// Take every answer for a template, as WireMock does with the option of this name
    #[arg(long)]
    global_response_templating: bool,
    /// Name of the mock [default: that of the folder or file]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    target: Target,
}

impl Wiremock {
    pub fn run(self) -> ExitCode {
        let mut sources = Sources::default();
        match self.make(&mut sources) {
            Ok(Ok(made)) => self.target.take(&[made], &sources),
            Ok(Err(found)) => nothing(&found.notes, &sources, "none of the mappings can answer"),
            Err(problems) => refused(&Problems::new(problems, sources)),
        }
    }

    fn make(&self, sources: &mut Sources) -> Result<Result<Made, Mappings>, Vec<Problem>> {
        let (list, mut problems) = self.list()?;
        let mut texts = Vec::new();
        let mut progress = Progress::new("files read", list.len());
        let mut size = 0;
        for (number, path) in list.iter().enumerate() {
            progress.at(number);
            match config::read_text(path) {
                Ok(text) => {
                    size += text.len() as u64;
                    if size > MOST {
                        return Err(vec![too_large(path, "mappings")]);
                    }
                    let source = sources.add(path.display().to_string(), text);
                    texts.push((sources.get(source).text.clone(), source));
                }
                Err(problem) => problems.push(*problem),
            }
        }
        let mut nodes = Vec::new();
        for (text, source) in &texts {
            match wiremock::mappings(text, *source) {
                Ok(found) => nodes.extend(found),
                Err(problem) => problems.push(*problem),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let bodies = self.body_folder();
        let read = Cell::new(0);
        let files = |path: &str| body_file(bodies.as_deref(), path, &read);
        let around = Surroundings { files: &files, global_templating: self.global_response_templating };
        let mut progress = Progress::new("mappings", nodes.len());
        let found =
            wiremock::stubs(&nodes, &around, &mut |done| progress.at(done)).map_err(|problem| vec![*problem])?;
        if found.stubs.is_empty() {
            return Ok(Err(found));
        }
        let sum = format!(
            "{} and {} from {} of {}",
            count(found.stubs.len(), "stub"),
            count(scenarios(&found.stubs), "scenario"),
            found.kept,
            count(found.read, "mapping"),
        );
        let own = std::path::absolute(&self.source).unwrap_or_else(|_| self.source.clone());
        let stem = own.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let name = named([self.name.clone().unwrap_or_default(), slug(&stem)], "wiremock");
        let origin = own.file_name().unwrap_or_default().to_string_lossy();
        let folder = folder(&name);
        let mock = write::Mock {
            name: &name,
            folder: &folder,
            origin: &origin,
            variables: &[],
            stubs: found.stubs,
            hosts: &[],
            files: found.files,
        };
        let written = write::strict(mock, "wiremock");
        Ok(Ok(Made { folder, written, notes: found.notes, sum }))
    }

    /// The files of mappings, in the order in which WireMock reads them.
    fn list(&self) -> Result<(Vec<PathBuf>, Vec<Problem>), Vec<Problem>> {
        if !self.source.is_dir() {
            return Ok((vec![self.source.clone()], Vec::new()));
        }
        let mappings = self.source.join("mappings");
        let root = if mappings.is_dir() { mappings } else { self.source.clone() };
        let mut list = Vec::new();
        let mut problems = Vec::new();
        walk(&root, 0, &mut list, &mut problems);
        list.sort();
        if list.is_empty() && problems.is_empty() {
            let name = root.display().to_string();
            let problem =
                Problem::of(Code::BadMapping, Some(name), "the folder holds no mappings: no file ends in `.json`");
            return Err(vec![problem.help("name WireMock's root folder, which holds `mappings` and `__files`")]);
        }
        if list.len() > FILES {
            let name = root.display().to_string();
            let problem = Problem::of(Code::BadMapping, Some(name), format!("the folder holds {} files", list.len()));
            return Err(vec![problem.help("100,000 are read: import folders of them one by one")]);
        }
        Ok((list, problems))
    }

    /// The folder of body files, if there is one.
    fn body_folder(&self) -> Option<PathBuf> {
        if let Some(files) = &self.files {
            return Some(files.clone());
        }
        let own = std::path::absolute(&self.source).unwrap_or_else(|_| self.source.clone());
        let mut near = own.ancestors().skip(usize::from(!self.source.is_dir())).take(3);
        near.find_map(|folder| Some(folder.join("__files")).filter(|files| files.is_dir()))
    }
}

/// Lists the JSON files below a folder; links to folders are not followed, names with a dot in front left out.
fn walk(folder: &Path, depth: usize, list: &mut Vec<PathBuf>, problems: &mut Vec<Problem>) {
    let fail = |why: String| {
        let name = folder.display().to_string();
        Problem::of(Code::UnreadableFile, Some(name.clone()), format!("cannot read `{name}`: {why}"))
    };
    if depth > DEEPEST {
        return problems.push(fail("folders lie in folders more than 50 deep".to_owned()));
    }
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return problems.push(fail(error.to_string())),
    };
    for entry in entries {
        let (path, kind) = match entry.and_then(|entry| Ok((entry.path(), entry.file_type()?))) {
            Ok(found) => found,
            Err(error) => return problems.push(fail(error.to_string())),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "__files" || list.len() > FILES {
            continue;
        }
        if kind.is_dir() {
            walk(&path, depth + 1, list, problems);
        } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
            // A pipe would be waited for.
            if std::fs::metadata(&path).is_ok_and(|found| !found.is_file()) {
                let name = path.display().to_string();
                let title = format!("cannot read `{name}`: it is no file");
                problems.push(Problem::of(Code::UnreadableFile, Some(name), title));
                continue;
            }
            list.push(path);
        }
    }
}

/// Reads a body file below its folder; all of them together are bounded.
fn body_file(folder: Option<&Path>, path: &str, read: &Cell<u64>) -> Result<Vec<u8>, String> {
    let folder = folder.ok_or("there is no folder `__files`; name it with --files")?;
    let below = Path::new(path);
    if path.is_empty() || !below.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err("it lies outside the folder of body files".to_owned());
    }
    let whole = folder.join(below);
    let text = |error: std::io::Error| error.to_string();
    let (root, real) = (folder.canonicalize().map_err(text)?, whole.canonicalize().map_err(text)?);
    if !real.starts_with(&root) {
        return Err("a link leads out of the folder of body files".to_owned());
    }
    let size = std::fs::metadata(&real).map_err(text)?;
    if !size.is_file() {
        return Err("it is no file".to_owned());
    }
    read.set(read.get().saturating_add(size.len()));
    if read.get() > MOST {
        return Err("all body files together are larger than 256 MiB".to_owned());
    }
    std::fs::read(real).map_err(text)
}

fn too_large(path: &Path, what: &str) -> Problem {
    let name = path.display().to_string();
    Problem::of(Code::FileTooLarge, Some(name), format!("all {what} together are larger than 256 MiB"))
        .help("import folders of them one by one")
}
