//! `standin logs`: the call log of a running sidecar, on the terminal.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::remote::{Asking, Remote};
use super::{say, tell};

/// Show the calls of a running sidecar.
#[derive(Args, Debug)]
pub struct Logs {
    #[command(flatten)]
    remote: Remote,
    /// Show calls as they pass as well, until Ctrl-C
    #[arg(short, long)]
    follow: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// How many of the newest
    #[arg(short, long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// Only calls that a stub could have answered and did not
    #[arg(long, conflicts_with = "miss")]
    misses: bool,
    #[command(flatten)]
    filters: Filters,
}

/// The filters of `GET /v1/calls`.
#[derive(Args, Debug)]
struct Filters {
    /// Name of the mock
    #[arg(long, value_name = "NAME")]
    mock: Option<String>,
    /// Name of the stub or server stub
    #[arg(long, value_name = "NAME")]
    stub: Option<String>,
    /// Name of the scenario
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    /// What was done, such as mocked
    #[arg(long, value_name = "WORD")]
    decision: Option<String>,
    /// 404, or a class: 4xx
    #[arg(long, value_name = "CODE")]
    status: Option<String>,
    /// The method, in any case
    #[arg(long, value_name = "METHOD")]
    method: Option<String>,
    /// The path; with * at its end a prefix
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// Not before this time, RFC 3339
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Not after this time, RFC 3339
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Why no stub answered, such as json
    #[arg(long, value_name = "REASON")]
    miss: Option<String>,
    /// Text in path, headers and kept bodies
    #[arg(long, value_name = "TEXT")]
    q: Option<String>,
}

impl Filters {
    fn pairs(&self) -> Vec<(&'static str, &str)> {
        let Filters { mock, stub, scenario, decision, status, method, path, since, until, miss, q } = self;
        let all = [
            ("mock", mock),
            ("stub", stub),
            ("scenario", scenario),
            ("decision", decision),
            ("status", status),
            ("method", method),
            ("path", path),
            ("since", since),
            ("until", until),
            ("miss", miss),
            ("q", q),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
    }
}

impl Logs {
    pub fn run(self) -> ExitCode {
        self.remote.run(|asking| if self.follow { self.follow(asking) } else { self.list(asking) })
    }

    fn pairs(&self) -> Vec<(&'static str, &str)> {
        let misses = self.misses.then_some(("miss", "any"));
        self.filters.pairs().into_iter().chain(misses).collect()
    }

    /// The newest calls, oldest first: the newest stands last, where one looks first.
    fn newest(&self, asking: &Asking) -> Result<Vec<Value>, String> {
        let limit = self.limit.to_string();
        let mut page = asking.get("/v1/calls", &[&self.pairs()[..], &[("limit", &limit)]].concat())?.json()?;
        let Value::Array(mut calls) = page["calls"].take() else {
            return Err("this is no admin listener".to_owned());
        };
        calls.reverse();
        Ok(calls)
    }

    fn list(&self, asking: &Asking) -> Result<(), String> {
        self.newest(asking)?.iter().for_each(|call| self.show(call));
        Ok(())
    }

    fn follow(&self, asking: &Asking) -> Result<(), String> {
        // The stream first: a call that ends in between is in both, and one that is under way comes with its end.
        let said = asking.get("/v1/calls/stream", &self.pairs())?;
        let mut known = HashSet::new();
        for call in self.newest(asking)?.into_iter().filter(|call| !call["duration_us"].is_null()) {
            self.show(&call);
            known.extend(call["id"].as_str().map(str::to_owned));
        }
        let mut event = String::new();
        for line in BufReader::new(said.reader()).lines() {
            let line = line.map_err(|error| error.to_string())?;
            if let Some(name) = line.strip_prefix("event: ") {
                event = name.to_owned();
            } else if let Some(text) = line.strip_prefix("data: ") {
                let said: Value = serde_json::from_str(text).unwrap_or_default();
                match event.as_str() {
                    "missed" => tell(format_args!("… {} more", said["missed"])),
                    _ if said["id"].as_str().is_some_and(|id| known.remove(id)) => {}
                    _ => self.show(&said),
                }
            }
        }
        Err("the sidecar has closed the connection".to_owned())
    }

    fn show(&self, call: &Value) {
        if self.json { say(call) } else { say(line(call)) }
    }
}

/// A call as the access log shows it to people. Control characters that a caller sent are shown, not obeyed.
fn line(call: &Value) -> String {
    let text = |name: &str| call[name].as_str().unwrap_or("-").to_owned();
    let status = call["status"].as_u64().map_or("-".to_owned(), |status| status.to_string());
    let millis = call["duration_us"]["total"].as_f64().map_or("-".to_owned(), |us| format!("{:.1}ms", us / 1000.0));
    let mut line = format!("{} {status} {} {} {} {millis}", text("at"), text("method"), text("path"), text("decision"));
    for name in ["mock", "stub", "scenario", "miss", "rejection", "failure", "upstream"] {
        if let Some(value) = call[name].as_str() {
            line.push_str(&format!(" {name}={value:?}"));
        }
    }
    line.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
