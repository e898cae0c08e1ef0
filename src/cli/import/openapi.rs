//! `standin import openapi`: a mock file made of an OpenAPI document.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{Made, Target, folder, named, scenarios};
use crate::cli::count;
use crate::cli::run::refused;
use crate::config;
use crate::import::names::slug;
use crate::import::openapi::{self, Options};
use crate::import::write;
use crate::problem::{Problem, Problems, Sources};

/// Make a mock file of an OpenAPI document.
#[derive(Args, Debug)]
pub struct Openapi {
    /// The document, JSON or YAML
    file: PathBuf,
    /// A number from which made-up values derive
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
    /// Leave the paths of `servers` out of the routes
    #[arg(long)]
    no_servers: bool,
    /// Name of the mock [default: the title of the document]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    target: Target,
}

impl Openapi {
    pub fn run(self) -> ExitCode {
        let mut sources = Sources::default();
        match self.make(&mut sources) {
            Ok(made) => self.target.take(&[made], &sources),
            Err(problems) => refused(&Problems::new(problems, sources)),
        }
    }

    fn make(&self, sources: &mut Sources) -> Result<Made, Vec<Problem>> {
        let text = config::read_text(&self.file).map_err(|problem| vec![*problem])?;
        let source = sources.add(self.file.display().to_string(), text);
        let text = sources.get(source).text.clone();
        let options = Options { seed: self.seed, servers: !self.no_servers, written: true };
        let spec = openapi::spec(&text, source, options)?;
        let sum = format!(
            "{} and {} from {}, {} made from schemas",
            count(spec.stubs.len(), "stub"),
            count(scenarios(&spec.stubs), "scenario"),
            count(spec.operations, "operation"),
            count(spec.made, "value"),
        );
        let stem = self.file.file_stem().unwrap_or_default().to_string_lossy();
        let name = named([self.name.clone().unwrap_or_default(), slug(&spec.name.value), slug(&stem)], "openapi");
        let folder = folder(&name);
        let origin = self.file.file_name().unwrap_or_default().to_string_lossy();
        let mock = write::Mock {
            name: &name,
            folder: &folder,
            origin: &origin,
            variables: &[],
            stubs: spec.stubs,
            hosts: &[],
            files: BTreeMap::new(),
        };
        let written = write::strict(mock, "openapi");
        Ok(Made { folder, written, notes: spec.notes, sum })
    }
}
