//! `standin completions`: what a shell completes commands and flags by.

use std::process::ExitCode;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

/// Print the completions of a shell.
#[derive(Args, Debug)]
pub struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> ExitCode {
        let mut command = super::Cli::command();
        // Into memory first: the generator panics where its writer fails, as a pipe does that nobody reads any more.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "standin", &mut script);
        super::put(&script);
        ExitCode::SUCCESS
    }
}
