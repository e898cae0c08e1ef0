//! Looking calls up: filters, and pages by key.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

use serde::Serialize;

use super::entry::Entry;
use super::{Call, CallLog};
use crate::problem::nearest;
use crate::words::Decided;

/// Which calls are asked for.
#[derive(Clone, Debug, Default)]
pub struct CallQuery {
    mock: Option<String>,
    stub: Option<String>,
    scenario: Option<String>,
    decision: Option<Decided>,
    status: Option<StatusFilter>,
    method: Option<String>,
    path: Option<String>,
    since: Option<SystemTime>,
    cursor: Option<Cursor>,
    limit: Option<usize>,
}

/// A page ends at an id, and the next begins behind it: new calls shift nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(String);

/// A status, or a class of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusFilter {
    /// Exactly this.
    Code(u16),
    /// Of this hundred.
    Class(u16),
}

/// A parameter that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadParameter {
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub message: String,
    /// How to mend it.
    pub help: String,
}

/// The parameters, as help texts list them.
pub const PARAMETERS: &[&str] =
    &["mock", "stub", "scenario", "decision", "status", "method", "path", "since", "cursor", "limit"];

/// How many calls a page has unless asked otherwise, and at most.
const PAGE: (usize, usize) = (100, 1000);

impl CallQuery {
    /// Reads decoded query pairs.
    ///
    /// # Errors
    /// The first parameter that is unknown, stands twice, or has a bad value.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Result<Self, BadParameter> {
        let mut query = CallQuery::default();
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in pairs {
            let bad =
                |message: String, help: &str| BadParameter { name: name.to_string(), message, help: help.to_owned() };
            if seen.iter().any(|other| *other == name) {
                return Err(bad(format!("the parameter `{name}` stands twice"), "give it once"));
            }
            seen.push(name.to_string());
            let text = Some(value.to_string()).filter(|text| !text.is_empty());
            if text.is_none() {
                return Err(bad(format!("the parameter `{name}` is empty"), "give it a value, or leave it out"));
            }
            match name.as_ref() {
                "mock" => query.mock = text,
                "stub" => query.stub = text,
                "scenario" => query.scenario = text,
                "method" => query.method = text,
                "path" => query.path = text,
                "cursor" => query.cursor = text.map(Cursor),
                "decision" => {
                    let words: Vec<&str> = Decided::ALL.iter().map(|word| word.as_str()).collect();
                    let found = Decided::from_word(&value);
                    query.decision = Some(found.ok_or_else(|| {
                        bad(format!("`{value}` is no decision"), &format!("one of {}", words.join(", ")))
                    })?);
                }
                "status" => {
                    let found = StatusFilter::parse(&value);
                    query.status =
                        Some(found.ok_or_else(|| bad(format!("`{value}` is no status"), "write 404 or 4xx"))?);
                }
                "since" => {
                    let time: Result<jiff::Timestamp, _> = value.parse();
                    let time = time.map_err(|_| {
                        bad(format!("`{value}` is no time"), "write it as RFC 3339, such as 2026-01-31T12:00:00Z")
                    })?;
                    query.since = Some(time.into());
                }
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=PAGE.1).contains(limit));
                    query.limit =
                        Some(limit.ok_or_else(|| bad(format!("`{value}` is no limit"), "a number from 1 to 1000"))?);
                }
                other => {
                    let help = match nearest(other, PARAMETERS.iter().copied()) {
                        Some(slip) => format!("did you mean `{slip}`?"),
                        None => format!("the parameters are {}", PARAMETERS.join(", ")),
                    };
                    return Err(bad(format!("there is no parameter `{other}`"), &help));
                }
            }
        }
        Ok(query)
    }

    /// The calls that fit, newest first.
    ///
    /// # Errors
    /// Where the cursor belongs to another run of the sidecar.
    pub fn run(&self, log: &CallLog) -> Result<CallPage, BadParameter> {
        let below = match &self.cursor {
            None => u64::MAX,
            Some(Cursor(id)) => log.number_of(id).ok_or_else(|| BadParameter {
                name: "cursor".to_owned(),
                message: format!("`{id}` is no cursor of this run"),
                help: "take `next` of the page before; after a restart begin without a cursor".to_owned(),
            })?,
        };
        let limit = self.limit.unwrap_or(PAGE.0);
        let mut oldest = None;
        let mut calls: Vec<Arc<Call>> = Vec::new();
        // One more than the page holds says whether there is a next one. The list is cut now and then, so that a page
        // out of a full log takes the memory of a page.
        log.each(|call| {
            oldest = Some(oldest.map_or(call.number, |oldest: u64| oldest.min(call.number)));
            if call.number < below && self.fits(&call) {
                calls.push(call);
                if calls.len() > 2 * limit + 64 {
                    newest(&mut calls, limit + 1);
                }
            }
        });
        newest(&mut calls, limit + 1);
        let more = calls.len() > limit;
        calls.truncate(limit);
        let next = calls.last().filter(|_| more).map(|call| log.id(call.number));
        let oldest = oldest.map(|number| log.id(number));
        let calls = calls.iter().map(|call| call.entry(log)).collect();
        Ok(CallPage { calls, next, oldest, evicted: log.evicted() })
    }

    fn fits(&self, call: &Call) -> bool {
        let is = |wanted: &Option<String>, own: &Option<Arc<str>>| {
            wanted.as_ref().is_none_or(|wanted| own.as_deref() == Some(wanted))
        };
        let (method, target, _) = call.request.request_line();
        let path = target.split(|b| *b == b'?').next().unwrap_or(target);
        is(&self.mock, &call.decision.mock)
            && is(&self.stub, &call.decision.stub)
            && is(&self.scenario, &call.decision.scenario)
            && self.decision.is_none_or(|wanted| wanted == call.decided())
            && self.status.is_none_or(|wanted| call.status().is_some_and(|status| wanted.fits(status)))
            && self.method.as_ref().is_none_or(|wanted| wanted.as_bytes().eq_ignore_ascii_case(method))
            && self.since.is_none_or(|since| call.at >= since)
            && self.path.as_ref().is_none_or(|wanted| match wanted.strip_suffix('*') {
                Some(prefix) => path.starts_with(prefix.as_bytes()),
                None => path == wanted.as_bytes(),
            })
    }
}

/// Keeps the newest calls, newest first. One that closed while the log was read is there twice; both say the same.
fn newest(calls: &mut Vec<Arc<Call>>, keep: usize) {
    calls.sort_by_key(|call| std::cmp::Reverse(call.number));
    calls.dedup_by_key(|call| call.number);
    calls.truncate(keep);
}

impl StatusFilter {
    fn parse(text: &str) -> Option<Self> {
        if let Some(class) = text.strip_suffix("xx") {
            let class: u16 = class.parse().ok()?;
            return (1..=5).contains(&class).then_some(StatusFilter::Class(class));
        }
        let code: u16 = text.parse().ok()?;
        (100..=999).contains(&code).then_some(StatusFilter::Code(code))
    }

    fn fits(self, status: u16) -> bool {
        match self {
            StatusFilter::Code(code) => code == status,
            StatusFilter::Class(class) => class == status / 100,
        }
    }
}

/// Some calls, newest first.
#[derive(Clone, Debug, Serialize)]
pub struct CallPage {
    /// The calls.
    pub calls: Vec<Entry>,
    /// The cursor of the next page; absent on the last.
    pub next: Option<String>,
    /// The oldest call that the log still holds.
    pub oldest: Option<String>,
    /// How many calls the log has let go since start.
    pub evicted: u64,
}
