//! `standin run`: the sidecar.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Args;

use super::{FAILED, REFUSED, Source, closing, colour, tell};
use crate::app::{App, Options, StartError};
use crate::problem::Problems;
use crate::telemetry;

/// Run the sidecar.
#[derive(Args, Debug)]
pub struct Run {
    #[command(flatten)]
    source: Source,
}

impl Run {
    pub fn run(self) -> ExitCode {
        let log = match telemetry::start() {
            Ok(log) => log,
            Err(error) => return no_log(&error),
        };
        let options = Options { traces: true, ..options(self.source.request(), log) };
        match App::start(options) {
            Ok(app) => finish(app),
            Err(error) => failed(&error),
        }
    }
}

/// The options of a sidecar in the foreground: access lines on standard output.
pub fn options(request: crate::config::Request, log: telemetry::Log) -> Options {
    let stdout = std::io::stdout();
    let format = log.format(stdout.is_terminal());
    Options {
        request,
        access_lines: Some((format, Box::new(stdout))),
        signals: true,
        log: Some(log),
        ..Options::default()
    }
}

/// Says which variable of the log means nothing.
pub fn no_log(error: &telemetry::BadVariable) -> ExitCode {
    tell(format_args!("error: {error}\nhelp: {}", error.help()));
    ExitCode::from(REFUSED)
}

/// Runs until told to stop.
pub fn finish(app: App) -> ExitCode {
    match app.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(format_args!("error: signals cannot be listened for: {error}"));
            ExitCode::from(FAILED)
        }
    }
}

/// Says why a sidecar did not start.
pub fn failed(error: &StartError) -> ExitCode {
    match error {
        StartError::Config(problems) => refused(problems),
        error => {
            tell(format_args!("error: {error}"));
            ExitCode::from(FAILED)
        }
    }
}

/// Prints the report of a configuration that was refused.
pub fn refused(problems: &Problems) -> ExitCode {
    tell(problems.render(colour(&std::io::stderr())).trim_end());
    tell(format_args!("\n{}", closing(problems)));
    ExitCode::from(REFUSED)
}
