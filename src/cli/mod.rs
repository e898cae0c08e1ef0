//! The command line: one file per command, each thin.
//!
//! Exit codes: 0 success, 1 a failure at run time (a port in use, an unreachable sidecar), 2 a wrong command line,
//! 3 a configuration, a manifest, or a file to import, that was refused, 4 a request that no mock answers.

mod check;
mod completions;
mod demo;
mod explain;
mod export;
mod force;
mod import;
mod inject;
mod logs;
mod ping;
mod remote;
mod run;
mod schema;

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config;

/// A reverse-proxy sidecar that mocks selected routes and forwards everything else to the real upstream.
#[derive(Debug, Parser)]
#[command(name = "standin", version, arg_required_else_help = true, infer_subcommands = false)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the sidecar
    Run(run::Run),
    /// Run a small backend and a sidecar with sample mocks, and print what to try
    Demo(demo::Demo),
    /// Check a configuration: all problems of all files at once
    Check(check::Check),
    /// Say how a request would be answered, and why
    Explain(explain::Explain),
    /// Print the JSON Schema of the configuration files
    Schema(schema::Schema),
    /// Show the calls of a running sidecar
    Logs(Box<logs::Logs>),
    /// Force a scenario of a running sidecar, or switch a stub off
    Force(force::Force),
    /// Ask a running sidecar whether it is ready: exit code 0 if so
    Ping(ping::Ping),
    /// Make a mock file of what another tool has written
    Import(import::Import),
    /// Print what other tools take in
    Export(export::Export),
    /// Print a Kubernetes manifest with the sidecar in it
    Inject(inject::Inject),
    /// Print the completions of a shell
    Completions(completions::Completions),
}

/// Where the configuration comes from.
#[derive(Args, Clone, Debug, Default)]
pub struct Source {
    /// Configuration file, or a directory with a standin.toml
    /// [default: $STANDIN_CONFIG, ./standin.toml, /etc/standin/standin.toml]
    #[arg(short, long, value_name = "FILE|DIR")]
    config: Option<PathBuf>,
    /// Where requests go that no stub answers: a URL, or a name from [upstreams]
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,
    /// A Postman collection that is a mock by itself, called as the collection is
    #[arg(long, value_name = "FILE")]
    postman: Option<PathBuf>,
    /// An OpenAPI document that is a mock by itself, called as the document is
    #[arg(long, value_name = "FILE")]
    openapi: Option<PathBuf>,
    /// Address of the data listener; may be given several times
    #[arg(long, value_name = "ADDR")]
    listen: Vec<String>,
}

impl Source {
    /// The request for a configuration, with this process's environment.
    pub fn request(self) -> config::Request {
        let environment: HashMap<String, String> =
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect();
        config::Request {
            config: self.config,
            upstream: self.upstream,
            listen: self.listen,
            postman: self.postman,
            openapi: self.openapi,
            memory: crate::app::memory_limit(),
            examples: false,
            environment,
            overlay: Vec::new(),
        }
    }
}

/// A failure at run time.
pub const FAILED: u8 = 1;
/// A wrong command line; it is clap that finds most of them.
pub const WRONG: u8 = 2;
/// A configuration, a manifest, or a file to import, that was refused.
pub const REFUSED: u8 = 3;
/// `explain` found that no mock answers the request.
pub const UNANSWERED: u8 = 4;

/// Runs the command that the arguments name.
pub fn run() -> ExitCode {
    match Cli::parse().command {
        Command::Run(run) => run.run(),
        Command::Demo(demo) => demo.run(),
        Command::Ping(ping) => ping.run(),
        Command::Logs(logs) => logs.run(),
        Command::Force(force) => force.run(),
        Command::Check(check) => check.run(),
        Command::Explain(explain) => explain.run(),
        Command::Schema(schema) => schema.run(),
        Command::Import(import) => import.run(),
        Command::Export(export) => export.run(),
        Command::Inject(inject) => inject.run(),
        Command::Completions(completions) => completions.run(),
    }
}

/// Writes to standard output. A reader that has left is no failure: `standin check --effective | head` ends quietly.
pub fn say(text: impl std::fmt::Display) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Writes to standard output, likewise, and adds nothing.
pub fn put(bytes: &[u8]) {
    use std::io::Write as _;
    let _ = std::io::stdout().lock().write_all(bytes);
}

/// Writes to standard error, likewise.
pub fn tell(text: impl std::fmt::Display) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Whether reports on this stream may be coloured: on a terminal, unless `NO_COLOR` is set to something.
pub fn colour(stream: &impl std::io::IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// A number of things, such as "1 stub" and "2 stubs".
pub fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// The line that closes a report.
pub fn closing(problems: &crate::problem::Problems) -> String {
    match (problems.errors(), problems.warnings()) {
        (0, 0) => "no problems".to_owned(),
        (0, warnings) => count(warnings, "warning"),
        (errors, 0) => count(errors, "error"),
        (errors, warnings) => format!("{} and {}", count(errors, "error"), count(warnings, "warning")),
    }
}
