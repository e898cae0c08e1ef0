//! `standin import openapi`: a mock file made of an OpenAPI document.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{Made, Target};
use crate::cli::count;
use crate::config;
use crate::import::openapi::{self, Options};
use crate::import::write;
use crate::problem::{Problem, Sources};

/// Make a mock file of an OpenAPI document.
#[derive(Args, Debug)]
pub(super) struct Openapi {
    /// The document, JSON or YAML
    file: PathBuf,
    /// A number from which made-up values derive
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
    /// Leave the paths of `servers` out of the routes
    #[arg(long)]
    no_servers: bool,
    #[command(flatten)]
    target: Target,
}

impl Openapi {
    pub(super) fn run(self) -> ExitCode {
        let mut sources = Sources::default();
        let made = self.make(&mut sources);
        self.target.put(made, sources)
    }

    fn make(&self, sources: &mut Sources) -> Result<Made, Vec<Problem>> {
        let text = config::read_text(&self.file).map_err(|problem| vec![*problem])?;
        let source = sources.add(self.file.display().to_string(), text);
        let text = sources.get(source).text.clone();
        let options = Options { seed: self.seed, servers: !self.no_servers, written: true };
        let spec = openapi::spec(&text, source, options)?;
        let scenarios = spec.stubs.iter().filter_map(|stub| stub.value.scenario.as_ref());
        let sum = format!(
            "{} and {} from {}, {} made from schemas",
            count(spec.stubs.len(), "stub"),
            count(scenarios.map(|list| list.value.0.len()).sum(), "scenario"),
            count(spec.operations, "operation"),
            count(spec.made, "value"),
        );
        let (name, folder) = self.target.names(&spec.name.value, &self.file, "openapi");
        let origin = self.file.file_name().unwrap_or_default().to_string_lossy();
        let (variables, stubs) = (&[][..], spec.stubs);
        let mock = write::Mock { name: &name, folder: &folder, origin: &origin, variables, stubs };
        let written = write::strict(mock, "openapi");
        Ok(Made { folder, written, notes: spec.notes, sum })
    }
}
