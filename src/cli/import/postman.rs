//! `standin import postman`: a mock file made of a collection.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::{Made, Target};
use crate::cli::count;
use crate::config;
use crate::import::Note;
use crate::import::postman::{self, Purpose, Variable};
use crate::import::write;
use crate::problem::{Problem, Sources};

/// Make a mock file of a Postman collection.
#[derive(Args, Debug)]
pub(super) struct Postman {
    /// The exported collection
    file: PathBuf,
    /// An exported environment, whose values are written into the answers
    /// [default: answers refer to variables by name, and the environment can be switched]
    #[arg(long, value_name = "FILE")]
    environment: Option<PathBuf>,
    #[command(flatten)]
    target: Target,
}

impl Postman {
    pub(super) fn run(self) -> ExitCode {
        let mut sources = Sources::default();
        let made = self.make(&mut sources).map_err(|problem| vec![*problem]);
        self.target.put(made, sources)
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
        let scenarios = |stub: &crate::file::StubTable| stub.scenario.as_ref().map_or(0, |list| list.value.0.len());
        let sum = format!(
            "{} and {} from {} with {}",
            count(collection.stubs.len(), "stub"),
            count(collection.stubs.iter().map(|stub| scenarios(&stub.value)).sum(), "scenario"),
            count(collection.requests, "request"),
            count(collection.examples, "saved example"),
        );
        let (name, folder) = self.target.names(&collection.name.value, &self.file, "collection");
        let origin = self.file.file_name().unwrap_or_default().to_string_lossy();
        let mock = write::Mock {
            name: &name,
            folder: &folder,
            origin: &origin,
            variables: &collection.used,
            stubs: collection.stubs,
        };
        let written = write::postman(mock);
        notes.extend(collection.notes);
        Ok(Made { folder, written, notes, sum })
    }
}
