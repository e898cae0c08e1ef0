//! `standin import postman`: a collection, and an environment beside it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::{Made, Target, folder, named, scenarios};
use crate::cli::count;
use crate::cli::run::refused;
use crate::config;
use crate::import::Note;
use crate::import::names::slug;
use crate::import::postman::{self, Purpose, Variable};
use crate::import::write;
use crate::problem::{Problem, Problems, Sources};

/// Make a mock file of a Postman collection.
#[derive(Args, Debug)]
pub struct Postman {
    /// The exported collection
    file: PathBuf,
    /// An exported environment, whose values are written into the answers
    /// [default: answers refer to variables by name, and the environment can be switched]
    #[arg(long, value_name = "FILE")]
    environment: Option<PathBuf>,
    /// Name of the mock [default: that of the collection]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    target: Target,
}

impl Postman {
    pub fn run(self) -> ExitCode {
        let mut sources = Sources::default();
        match self.make(&mut sources) {
            Ok(made) => self.target.take(&[made], &sources),
            Err(problem) => refused(&Problems::new(vec![*problem], sources)),
        }
    }

    fn make(&self, sources: &mut Sources) -> Result<Made, Box<Problem>> {
        let mut read = |path: &Path| {
            let source = sources.add(path.display().to_string(), config::read_text(path)?);
            Ok::<_, Box<Problem>>((sources.get(source).text.clone(), source))
        };
        let (variables, mut notes): (Vec<Variable>, Vec<Note>) = match &self.environment {
            None => (Vec::new(), Vec::new()),
            Some(path) => {
                let (text, source) = read(path)?;
                postman::environment(&text, source)?
            }
        };
        let (text, source) = read(&self.file)?;
        let purpose = Purpose::Written { switchable: self.environment.is_none() };
        let collection = postman::collection(&text, source, &variables, purpose)?;
        let sum = format!(
            "{} and {} from {} with {}",
            count(collection.stubs.len(), "stub"),
            count(scenarios(&collection.stubs), "scenario"),
            count(collection.requests, "request"),
            count(collection.examples, "saved example"),
        );
        let stem = self.file.file_stem().unwrap_or_default().to_string_lossy();
        let name = [self.name.clone().unwrap_or_default(), slug(&collection.name.value), slug(&stem)];
        let name = named(name, "collection");
        let origin = self.file.file_name().unwrap_or_default().to_string_lossy();
        let folder = folder(&name);
        let mock = write::Mock {
            name: &name,
            folder: &folder,
            origin: &origin,
            variables: &collection.used,
            stubs: collection.stubs,
            hosts: &[],
            files: BTreeMap::new(),
        };
        let written = write::postman(mock);
        notes.extend(collection.notes);
        Ok(Made { folder, written, notes, sum })
    }
}
