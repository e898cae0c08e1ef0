//! Standin beside nginx, HAProxy, Envoy, WireMock, Mockoon, Prism, bare hyper and bare pingora: `make compare`.
//!
//! Each server has one core and one worker, the generator another core; the upstream of what is forwarded is one nginx.
//! Before it is measured, each server must give the right answers. Then rounds: in each, every server has its turn in an
//! order that changes; wrk (h2load for HTTP/2) sends as fast as it is answered, and oha at a fixed rate, which counts
//! each latency from the moment when the request was due. Printed are medians, spreads, and the medians of each round's
//! ratios. CPU per request is the robust figure: rates and latencies suffer from whatever else a machine does.
//!
//! | module | what it does |
//! |---|---|
//! | `options` | what a person may ask for |
//! | `sections` | who is asked what |
//! | `worlds` | what servers are set up with, requests and answers |
//! | `peers` | the servers, and how each is set up |
//! | `server` | a running server: its answers, its CPU, its memory |
//! | `load` | the generators |
//! | `measure` | rounds |
//! | `table` | what is printed |
//! | `machine` | cores, and what the machine is |
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench that cannot go on says so by a panic, and prints what it found"
)]

mod load;
mod machine;
mod measure;
mod options;
mod peers;
mod sections;
mod server;
mod table;
mod worlds;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser as _;

use load::{ARRIVALS, CONNECTIONS, FEW_CONNECTIONS};
use options::Options;
use server::{Ground, Server};
use worlds::{LARGE, SMALL, forwarded};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, serve, which, port, upstream] = arguments.as_slice()
        && serve == "serve"
    {
        peers::serve(which, port.parse().expect("a port"), upstream.parse().expect("a port"));
        return ExitCode::SUCCESS;
    }
    match compare(&Options::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(invalid) => {
            eprintln!("error: {invalid} servers or rows have no valid figures; the tables say why");
            ExitCode::FAILURE
        }
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Runs what was asked for, prints it and keeps it in `target/compare`. Returns how many rows have no valid figures.
fn compare(options: &Options) -> Result<usize, String> {
    let begin = Instant::now();
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let standin = options.binary.clone().unwrap_or_else(|| env!("CARGO_BIN_EXE_standin").into());
    let standin = std::fs::canonicalize(&standin).map_err(|error| format!("{}: {error}", standin.display()))?;
    let ground =
        Ground { dir: dir.path().to_owned(), cores: machine::Cores::choose(), standin, upstream: server::free_port() };
    let answers = [forwarded(SMALL), forwarded(LARGE)];
    let upstream = Server::upstream(&ground).and_then(|mut server| server.wait(&answers).map(|()| server));
    let _upstream = upstream.map_err(|failure| format!("nginx, the upstream: {failure:?}"))?;

    let peers = sections::peers(options);
    let versions: Vec<(&str, Option<String>)> = peers.iter().map(|peer| (peer.slug, (peer.version)())).collect();
    let oha = peers::version("oha", &["oha", "--version"]);
    let head = head(options, &ground, &versions, oha.as_deref());
    println!("{head}");
    let is_here = |slug: &str| versions.iter().any(|(found, version)| *found == slug && version.is_some());
    let sections = sections::all(options, |peer| is_here(peer.slug));
    if sections.is_empty() {
        return Err("none of these servers has a place in these tables".to_owned());
    }
    // Who only wants to see that everything works wants to know that something was left out.
    let mut invalid =
        if options.short { peers.iter().filter(|peer| !peer.may_miss && !is_here(peer.slug)).count() } else { 0 };
    let mut report = head;
    for section in sections {
        eprintln!("{} s: {} …", begin.elapsed().as_secs(), section.title);
        let figures = measure::measure(&section, options, &ground, oha.is_some());
        invalid += section.rows.iter().zip(&figures).filter(|(row, figures)| figures.is_invalid(row)).count();
        let table = table::table(&section, &figures);
        println!("{table}");
        report.push_str(&format!("\n{table}"));
    }
    eprintln!("{} s in all", begin.elapsed().as_secs());
    let path = keep(options, &report).map_err(|error| format!("the report cannot be kept: {error}"))?;
    eprintln!("kept in {path}");
    Ok(invalid)
}

/// The machine, the versions and the method.
fn head(options: &Options, ground: &Ground, versions: &[(&str, Option<String>)], oha: Option<&str>) -> String {
    let here: Vec<&str> = versions.iter().filter_map(|(_, version)| version.as_deref()).collect();
    let missing: Vec<&str> = versions.iter().filter(|(_, version)| version.is_none()).map(|(slug, _)| *slug).collect();
    let missing = if missing.is_empty() { String::new() } else { format!(" Missing: {}.", missing.join(", ")) };
    let generators = [
        peers::version("wrk", &["wrk", "-v"]),
        peers::version("h2load", &["h2load", "--version"]),
        Some(oha.unwrap_or("no oha, hence no latency").to_owned()),
    ];
    let generators: Vec<String> = generators.into_iter().flatten().collect();
    let profile = ground.standin.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let mut here: Vec<&str> = here;
    here.dedup();
    format!(
        "{} {}\n\nStandin's profile: `{}`. Servers: {}.{missing} Generators: {}.\n\n\
         {} rounds in changing order, each of {} ms as fast as it goes ({CONNECTIONS} requests under way, \
         {FEW_CONNECTIONS} for JVM and Node) and {} ms at {ARRIVALS} requests/s. Medians (quartiles); \
         \"to …\" is the median of each round's ratio.{}\n",
        machine::description(),
        ground.cores.sentence(),
        profile.unwrap_or_default(),
        here.join(", "),
        generators.join(", "),
        options.rounds(),
        options.closed().as_millis(),
        options.open().as_millis(),
        if options.short { " **The short form: it shows that everything works, and no more.**" } else { "" },
    )
}

/// Writes the report: a whole comparison to `latest.md`, anything less to `partial.md`.
fn keep(options: &Options, report: &str) -> std::io::Result<String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/compare");
    std::fs::create_dir_all(&dir)?;
    let name = if options.is_whole() { "latest.md" } else { "partial.md" };
    std::fs::write(dir.join(name), report)?;
    Ok(format!("target/compare/{name}"))
}
