//! The operational log: `tracing` on standard error, pingora's own `log` records included.
//!
//! Standard output belongs to the access lines. On a terminal the log is text, elsewhere one JSON object per line.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

/// What is logged unless `STANDIN_LOG` says otherwise: our own words, and what the proxy engine warns of.
const DEFAULT_FILTER: &str = "info,pingora_core=error,pingora_proxy=error";

/// Starts the log. A second call does nothing.
pub fn start() {
    let filter = EnvFilter::try_from_env("STANDIN_LOG").unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let terminal = std::io::stderr().is_terminal();
    let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour);
    // Whoever has set a subscriber already, such as a test, keeps it.
    let _ = if terminal {
        builder.with_target(false).try_init()
    } else {
        builder.json().flatten_event(true).with_target(false).try_init()
    };
}
