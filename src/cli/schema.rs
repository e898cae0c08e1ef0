//! `standin schema`: what editors complete and check by.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::config;

/// Print a JSON Schema.
#[derive(Args, Debug)]
pub struct Schema {
    /// Which file
    #[arg(value_enum, default_value = "standin")]
    file: File,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum File {
    /// standin.toml
    Standin,
    /// A file under `mocks`
    Mock,
    /// A file of a release
    Release,
}

impl Schema {
    pub fn run(self) -> ExitCode {
        let schema = match self.file {
            File::Standin => config::schema(),
            File::Mock => config::mock_schema(),
            File::Release => config::release_schema(),
        };
        super::say(format_args!("{schema:#}"));
        ExitCode::SUCCESS
    }
}
