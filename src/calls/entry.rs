//! The forms in which the API shows a call: an entry of a list, and the whole with headers and bodies.

use std::sync::Arc;

use base64::Engine as _;
use serde::Serialize;

use super::{Call, CallLog, Captured, Head, Times};
use crate::words::{Failure, Reason, Rejection};

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
