//! What a person may ask for, by flag or by variable: `make compare ONLY=mocked PEERS=standin,nginx`.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::{Parser, ValueEnum};

/// Standin beside other servers, on one core each.
#[derive(Parser, Debug)]
#[command(name = "compare")]
pub struct Options {
    /// The sections to run; all by default
    #[arg(long, env = "ONLY", value_enum, value_delimiter = ',')]
    pub only: Vec<Part>,
    /// The servers to run, such as standin,nginx; all that are here by default
    #[arg(long, env = "PEERS", value_delimiter = ',', value_parser = crate::peers::PEERS.map(|peer| peer.slug))]
    pub peers: Vec<String>,
    /// So many rounds: 9 by default, 1 with --short
    #[arg(long, env = "ROUNDS")]
    pub rounds: Option<usize>,
    /// Only see that everything works: one short round over small tables; the figures mean little
    #[arg(long, env = "SHORT", value_parser = FalseyValueParser::new())]
    pub short: bool,
    /// The sidecar to measure, in place of the one just built
    #[arg(long, env = "BINARY")]
    pub binary: Option<PathBuf>,
    /// What cargo calls every bench with
    #[arg(long, hide = true)]
    bench: bool,
}

/// A section of the comparison.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub enum Part {
    /// Mocked answers of 200 B and of 10 KB
    Mocked,
    /// The same from the upstream
    Forwarded,
    /// 10 to 100,000 stubs
    Stubs,
    /// 10,000 scenarios of one stub
    Scenarios,
    /// Mocked and forwarded over HTTP/2 without TLS
    H2c,
}

impl Options {
    pub fn has(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    /// Whether this is the whole comparison, whose result is kept.
    pub fn is_whole(&self) -> bool {
        self.only.is_empty() && self.peers.is_empty() && !self.short
    }

    pub fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.short { 1 } else { 9 }).max(1)
    }

    /// How long requests are sent as fast as possible, in each round.
    pub fn closed(&self) -> Duration {
        Duration::from_millis(if self.short { 300 } else { 600 })
    }

    /// How long they are sent at the fixed rate.
    pub fn open(&self) -> Duration {
        Duration::from_millis(if self.short { 300 } else { 600 })
    }

    /// How long a slow server is warmed up for each row.
    pub fn warm_up(&self) -> Duration {
        Duration::from_secs(if self.short { 1 } else { 3 })
    }
}
