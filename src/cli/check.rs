//! `standin check`: the configuration as start and reload would see it, and its examples.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{REFUSED, Source, WRONG, closing, colour, count, say, tell};
use crate::config;
use crate::problem::Problems;

/// Check a configuration.
#[derive(Args, Debug)]
pub struct Check {
    #[command(flatten)]
    source: Source,
    /// Show each value with where it came from and when a change takes effect
    #[arg(long)]
    effective: bool,
    /// The form of the report: text goes to standard error, the others to standard output
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// For programs
    Json,
    /// For editors and code hosts: SARIF 2.1.0
    Sarif,
}

impl Check {
    pub fn run(self) -> ExitCode {
        if self.effective && self.format != Form::Text {
            tell("error: --effective is printed as text only: leave --format out");
            return ExitCode::from(WRONG);
        }
        let request = config::Request { examples: true, ..self.source.request() };
        let loaded = match config::load(&request) {
            Ok(loaded) => loaded,
            Err(refused) => {
                if self.format == Form::Text {
                    return super::run::refused(&refused.problems);
                }
                print(&refused.problems, self.format);
                tell(closing(&refused.problems));
                return ExitCode::from(REFUSED);
            }
        };
        let problems = &loaded.problems;
        if self.format != Form::Text {
            print(problems, self.format);
        } else if !problems.list().is_empty() {
            tell(format_args!("{}\n", problems.render(colour(&std::io::stderr())).trim_end()));
        }
        if self.effective {
            for row in &loaded.effective {
                say(row);
            }
        }
        let table = &loaded.table;
        let examples = match loaded.examples {
            0 => String::new(),
            asked => format!(", {}", count(asked, "example")),
        };
        tell(format_args!(
            "{}: {}, {}, {}, {}{examples}",
            closing(problems),
            count(table.mocks().len(), "mock"),
            count(table.stubs().len(), "stub"),
            count(table.scenarios().len(), "scenario"),
            count(table.server_stubs().len(), "server stub"),
        ));
        ExitCode::SUCCESS
    }
}

fn print(problems: &Problems, form: Form) {
    fn json(document: &impl Serialize) {
        say(serde_json::to_string_pretty(document).unwrap_or_default());
    }
    match form {
        Form::Sarif => json(&problems.sarif()),
        Form::Text | Form::Json => json(&problems.report()),
    }
}
