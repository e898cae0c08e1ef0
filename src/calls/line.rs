//! The access line of a call: one JSON object, or a line for people.

use serde::Serialize;

use super::entry::Entry;

/// A call as the access log shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Line<'a> {
    ts: &'a str,
    msg: &'static str,
    id: &'a str,
    client: &'a str,
    method: &'a str,
    host: Option<&'a str>,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<&'a str>,
    protocol: &'a str,
    status: Option<u16>,
    decision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mock: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stub: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scenario: Option<&'a str>,
    generation: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    miss: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejection: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<&'a str>,
    dur_us: Option<u64>,
    own_us: Option<u64>,
    delay_us: Option<u64>,
    upstream_us: Option<u64>,
}

impl Entry {
    /// The entry as a line of the access log.
    pub fn line(&self) -> Line<'_> {
        let times = self.duration_us;
        Line {
            ts: &self.at,
            msg: "access",
            id: &self.id,
            client: &self.client,
            method: &self.method,
            host: self.host.as_deref(),
            path: &self.path,
            query: self.query.as_deref(),
            protocol: &self.protocol,
            status: self.status,
            decision: self.decision,
            mock: self.mock.as_deref(),
            stub: self.stub.as_deref(),
            scenario: self.scenario.as_deref(),
            generation: self.generation,
            miss: self.miss,
            rejection: self.rejection,
            failure: self.failure,
            upstream: self.upstream.as_deref(),
            dur_us: times.map(|t| t.total),
            own_us: times.map(|t| t.own),
            delay_us: times.map(|t| t.delay),
            upstream_us: times.map(|t| t.upstream),
        }
    }

    /// The entry as a line for people. Control characters that a caller sent are shown, not obeyed.
    pub fn text_line(&self) -> String {
        use std::fmt::Write as _;
        let status = self.status.map_or("-".to_owned(), |status| status.to_string());
        let millis = self.duration_us.map_or(0.0, |t| t.total as f64 / 1000.0);
        let mut line = format!("{} {status} {} {} {} {millis:.1}ms", self.at, self.method, self.path, self.decision);
        let facts = [
            ("mock", self.mock.as_deref()),
            ("stub", self.stub.as_deref()),
            ("scenario", self.scenario.as_deref()),
            ("miss", self.miss),
            ("rejection", self.rejection),
            ("failure", self.failure),
            ("upstream", self.upstream.as_deref()),
        ];
        for (name, value) in facts {
            if let Some(value) = value {
                let _ = write!(line, " {name}={value:?}");
            }
        }
        line.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
    }
}
