//! Telemetry: the operational log, and spans for a collector.
//!
//! The log is `tracing` on standard error, pingora's own `log` records included; standard output belongs to the access
//! lines. No call site may flood it (`limit`). Spans are made when a call is over, on a thread of their own
//! (`spans`): the request path knows nothing of them.

mod attributes;
mod collector;
mod limit;
mod spans;

use std::io::IsTerminal as _;
use std::sync::Arc;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format;
use tracing_subscriber::fmt::format::JsonFields;

pub use spans::{SpanThread, Unusable, start as start_spans};

use crate::calls::LineFormat;
use crate::metrics::Counter;
use limit::{Limited, Limiter};

/// What is logged unless `STANDIN_LOG` says otherwise: our own words, and what the libraries warn of.
const DEFAULT_FILTER: &str = "info,pingora=warn,opentelemetry=warn";

/// A variable of the log that means nothing.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadVariable {
    /// `STANDIN_LOG_FORMAT`.
    #[error("STANDIN_LOG_FORMAT is `{0}`")]
    Format(String),
    /// `STANDIN_LOG`.
    #[error("STANDIN_LOG is no filter: {0}")]
    Filter(String),
}

impl BadVariable {
    /// What to write in its place.
    pub fn help(&self) -> &'static str {
        match self {
            BadVariable::Format(_) => {
                "write `json` or `text`; without it the log is text on a terminal, JSON elsewhere"
            }
            BadVariable::Filter(_) => "write a level, such as `debug`, or levels by target: `info,pingora=error`",
        }
    }
}

/// The log of this process.
#[derive(Clone, Debug)]
pub struct Log {
    limiter: Arc<Limiter>,
    format: Option<LineFormat>,
}

impl Log {
    /// Counts the lines that are left out from now on.
    pub fn count_in(&self, counter: Counter) {
        self.limiter.count_in(counter);
    }

    /// How lines look: as `STANDIN_LOG_FORMAT` says, else for people on a terminal and JSON elsewhere.
    pub fn format(&self, is_terminal: bool) -> LineFormat {
        self.format.unwrap_or(if is_terminal { LineFormat::Text } else { LineFormat::Json })
    }
}

/// The value of `STANDIN_LOG_FORMAT`; nothing is no choice.
fn chosen(value: &str) -> Result<Option<LineFormat>, BadVariable> {
    match value {
        "" => Ok(None),
        "json" => Ok(Some(LineFormat::Json)),
        "text" => Ok(Some(LineFormat::Text)),
        other => Err(BadVariable::Format(other.to_owned())),
    }
}

/// Starts the log. A second call changes nothing.
///
/// # Errors
/// Where a variable means nothing.
pub fn start() -> Result<Log, BadVariable> {
    let read = |name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()).unwrap_or_default();
    let filter = match read("STANDIN_LOG").as_str() {
        "" => EnvFilter::new(DEFAULT_FILTER),
        value => EnvFilter::try_new(value).map_err(|error| BadVariable::Filter(format!("`{value}`: {error}")))?,
    };
    let log = Log { limiter: Arc::default(), format: chosen(&read("STANDIN_LOG_FORMAT"))? };
    let terminal = std::io::stderr().is_terminal();
    let colour = terminal && read("NO_COLOR").is_empty();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour);
    let limiter = log.limiter.clone();
    // Whoever has set a subscriber already, such as a test, keeps it.
    let _ = match log.format(terminal) {
        LineFormat::Text => {
            let format = format().with_target(false).with_ansi(colour);
            builder.event_format(Limited::text(format, limiter)).try_init()
        }
        LineFormat::Json => {
            let format = format().json().flatten_event(true).with_target(false);
            builder.fmt_fields(JsonFields::new()).event_format(Limited::json(format, limiter)).try_init()
        }
    };
    Ok(log)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_that_of_the_variable_or_fits_where_the_log_goes() {
        let log = |value| chosen(value).map(|format| Log { limiter: Arc::default(), format });
        assert_eq!(log("").unwrap().format(true), LineFormat::Text);
        assert_eq!(log("").unwrap().format(false), LineFormat::Json);
        assert_eq!(log("json").unwrap().format(true), LineFormat::Json);
        assert_eq!(log("text").unwrap().format(false), LineFormat::Text);
        assert_eq!(log("JSON").unwrap_err(), BadVariable::Format("JSON".to_owned()));
    }
}
