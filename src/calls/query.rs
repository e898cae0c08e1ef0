//! Looking calls up: filters, pages by key, and the forms in which a call is shown.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine as _;
use serde::Serialize;

use super::{Call, CallLog, Captured, Head, Times};
use crate::problem::nearest;
use crate::words::{Decided, Failure, Reason, Rejection};

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
        let all = log.all();
        let oldest = all.last().map(|call| log.id(call.number));
        let mut fitting = all.iter().filter(|call| call.number < below && self.fits(call));
        let calls: Vec<Arc<Call>> = fitting.by_ref().take(limit).cloned().collect();
        let more = fitting.next().is_some();
        let next = calls.last().filter(|_| more).map(|call| log.id(call.number));
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

/// A call as the API shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Unique across restarts.
    pub id: String,
    /// RFC 3339, microseconds.
    pub at: String,
    /// The socket's peer.
    pub client: String,
    /// `HTTP/1.1`.
    pub protocol: String,
    /// The method.
    pub method: String,
    /// The `Host` field.
    pub host: Option<String>,
    /// The path as it was sent.
    pub path: String,
    /// The query as it was sent, secrets taken out.
    pub query: Option<String>,
    /// The status of the answer; absent while there is none.
    pub status: Option<u16>,
    /// What was done.
    pub decision: &'static str,
    /// The mock.
    pub mock: Option<String>,
    /// The stub.
    pub stub: Option<String>,
    /// The scenario.
    pub scenario: Option<String>,
    /// The configuration that decided.
    pub generation: u64,
    /// Why no stub answered.
    pub miss: Option<&'static str>,
    /// Why it was rejected.
    pub rejection: Option<&'static str>,
    /// What failed.
    pub failure: Option<&'static str>,
    /// The upstream.
    pub upstream: Option<String>,
    /// Odd things that were passed over.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<&'static str>,
    /// Where the time went; absent while the call is under way.
    pub duration_us: Option<Durations>,
}

/// Where the time of a call went, microseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Durations {
    /// From the end of the head to the end of the answer.
    pub total: u64,
    /// What Standin itself took.
    pub own: u64,
    /// Simulated delay.
    pub delay: u64,
    /// From forwarding to the end of the upstream's answer.
    pub upstream: u64,
}

/// A call with heads and bodies.
#[derive(Clone, Debug, Serialize)]
pub struct Whole {
    /// What lists show.
    #[serde(flatten)]
    pub entry: Entry,
    /// The request.
    pub request: Message,
    /// The answer; absent while there is none.
    pub response: Option<Message>,
}

/// Fields and body of a message.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    /// Header fields in order, secrets taken out.
    pub headers: Vec<[String; 2]>,
    /// The body, where it was kept.
    pub body: Option<Body>,
}

/// The beginning of a body.
#[derive(Clone, Debug, Serialize)]
pub struct Body {
    /// How long it was, bytes.
    pub length: u64,
    /// Whether only its beginning is here.
    pub truncated: bool,
    /// What was kept, if it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What was kept, if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
}

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

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl From<Times> for Durations {
    fn from(times: Times) -> Self {
        Durations {
            total: micros(times.total),
            own: micros(times.own()),
            delay: micros(times.delay),
            upstream: micros(times.upstream),
        }
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Call {
    /// The call as lists show it.
    pub fn entry(&self, log: &CallLog) -> Entry {
        let (method, target, protocol) = self.request.request_line();
        let (path, query) = match memchr::memchr(b'?', target) {
            Some(at) => (&target[..at], Some(lossy(&target[at + 1..]))),
            None => (target, None),
        };
        let host = self.request.fields().find(|(name, _)| name.eq_ignore_ascii_case(b"host")).map(|(_, v)| lossy(v));
        let at = jiff::Timestamp::try_from(self.at).map(|at| format!("{at:.6}")).unwrap_or_default();
        let decision = &self.decision;
        let text = |name: &Option<Arc<str>>| name.as_deref().map(str::to_owned);
        Entry {
            id: log.id(self.number),
            at,
            client: self.client.to_string(),
            protocol: lossy(protocol),
            method: lossy(method),
            host,
            path: lossy(path),
            query,
            status: self.status(),
            decision: self.decided().as_str(),
            mock: text(&decision.mock),
            stub: text(&decision.stub),
            scenario: text(&decision.scenario),
            generation: decision.generation,
            miss: decision.miss.map(Reason::as_str),
            rejection: self.rejection().map(Rejection::as_str),
            failure: self.failure().map(Failure::as_str),
            upstream: text(&decision.upstream),
            notes: if decision.bad_delay {
                vec!["x-mock-response-delay was ignored for its value"]
            } else {
                Vec::new()
            },
            duration_us: self.times().map(Durations::from),
        }
    }

    /// The call with heads and bodies.
    pub fn whole(&self, log: &CallLog) -> Whole {
        let fields = |head: &Head| head.fields().map(|(name, value)| [lossy(name), lossy(value)]).collect();
        let closed = self.closed.get();
        let body = |body: Option<&Captured>| body.map(Body::from);
        Whole {
            entry: self.entry(log),
            request: Message {
                headers: fields(&self.request),
                body: body(closed.and_then(|closed| closed.request_body.as_ref())),
            },
            response: self.answered.get().map(|answered| Message {
                headers: fields(&answered.head),
                body: body(closed.and_then(|closed| closed.response_body.as_ref())),
            }),
        }
    }
}

impl From<&Captured> for Body {
    fn from(captured: &Captured) -> Self {
        let truncated = (captured.bytes.len() as u64) < captured.length;
        // A cut may fall into a character: what is text up to there is still text.
        let text = match std::str::from_utf8(&captured.bytes) {
            Ok(text) => Some(text.to_owned()),
            Err(error) if truncated && error.error_len().is_none() => {
                Some(lossy(&captured.bytes[..error.valid_up_to()]))
            }
            Err(_) => None,
        };
        let base64 = text.is_none().then(|| base64::engine::general_purpose::STANDARD.encode(&captured.bytes));
        Body { length: captured.length, truncated, text, base64 }
    }
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
