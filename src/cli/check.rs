//! `standin check`: the configuration as start and reload would see it.

use std::process::ExitCode;

use clap::Args;

use super::{Source, closing, colour, count, say, tell};
use crate::config;

/// Check a configuration.
#[derive(Args, Debug)]
pub struct Check {
    #[command(flatten)]
    source: Source,
    /// Show each value with where it came from and when a change takes effect
    #[arg(long)]
    effective: bool,
}

impl Check {
    pub fn run(self) -> ExitCode {
        let loaded = match config::load(&self.source.request()) {
            Ok(loaded) => loaded,
            Err(refused) => return super::run::refused(&refused.problems),
        };
        let problems = &loaded.problems;
        if !problems.list().is_empty() {
            tell(format_args!("{}\n", problems.render(colour(&std::io::stderr())).trim_end()));
        }
        if self.effective {
            for row in &loaded.effective {
                say(row);
            }
        }
        let table = &loaded.table;
        tell(format_args!(
            "{}: {}, {}, {}, {}",
            closing(problems),
            count(table.mocks().len(), "mock"),
            count(table.stubs().len(), "stub"),
            count(table.scenarios().len(), "scenario"),
            count(table.server_stubs().len(), "server stub"),
        ));
        ExitCode::SUCCESS
    }
}
