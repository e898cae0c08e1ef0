//! The forms in which the API shows a call: an entry of a list, and the whole with headers and bodies.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use serde::Serialize;

use super::decode::decode;
use super::log::id;
use super::{Call, CallLog, Captured, Closed, Head, Times};
use crate::redact::Redactor;
use crate::words::{Failure, Reason, Rejection};

/// A call as the API shows it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
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
    #[schema(required = false)]
    pub notes: Vec<&'static str>,
    /// Where the time went; absent while the call is under way.
    pub duration_us: Option<Durations>,
}

/// Where the time of a call went, microseconds.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
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
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
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
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Message {
    /// Header fields in order, secrets taken out.
    pub headers: Vec<[String; 2]>,
    /// The body, where it was kept.
    pub body: Option<Body>,
}

/// The beginning of a body.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
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
    /// The content-encoding that was undone to show it; `length` is that of what passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
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
        self.entry_of(log.run())
    }

    /// The same of a call that a run of the sidecar has served.
    pub(super) fn entry_of(&self, run: u64) -> Entry {
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
            id: id(run, self.number),
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
            notes: [
                (decision.bad_delay, "x-mock-response-delay was ignored for its value"),
                (decision.overridden, "an override has changed what was decided"),
            ]
            .into_iter()
            .filter_map(|(holds, note)| holds.then_some(note))
            .collect(),
            duration_us: self.times().map(Durations::from),
        }
    }

    /// The call with heads and bodies, as a run of the sidecar has served it. Secrets are not in it any more, but for
    /// those that a content-encoding hid.
    pub(super) fn whole_of(&self, run: u64, redactor: &Redactor) -> Whole {
        let message = |head: &Head, body: Option<&Captured>| {
            let coding = head.fields().find(|(name, _)| name.eq_ignore_ascii_case(b"content-encoding"));
            let coding = coding.map(|(_, value)| lossy(value));
            Message {
                headers: head.fields().map(|(name, value)| [lossy(name), lossy(value)]).collect(),
                body: body.map(|body| Body::shown(body, coding.as_deref(), redactor)),
            }
        };
        let closed = self.closed.get();
        let body = |body: fn(&Closed) -> &Option<Captured>| closed.and_then(|closed| body(closed).as_ref());
        Whole {
            entry: self.entry_of(run),
            request: message(&self.request, body(|closed| &closed.request_body)),
            response: self.answered.get().map(|answered| message(&answered.head, body(|closed| &closed.response_body))),
        }
    }
}

impl Body {
    /// A body as it is shown: without its content-encoding where that can be undone, as text where it is text.
    pub fn shown(captured: &Captured, content_encoding: Option<&str>, redactor: &Redactor) -> Self {
        let cut = (captured.bytes.len() as u64) < captured.length;
        let decoded = content_encoding.and_then(|coding| Some((coding, decode(&captured.bytes, coding)?)));
        let (content_encoding, bytes, truncated) = match &decoded {
            Some((coding, (bytes, more))) => (Some((*coding).to_owned()), redactor.text(bytes), cut || *more),
            None => (None, Cow::Borrowed(&captured.bytes[..]), cut),
        };
        let bytes = &*bytes;
        // A cut may fall into a character: what is text up to there is still text.
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => Some(text.to_owned()),
            Err(error) if truncated && error.error_len().is_none() => Some(lossy(&bytes[..error.valid_up_to()])),
            Err(_) => None,
        };
        let base64 = text.is_none().then(|| base64::engine::general_purpose::STANDARD.encode(bytes));
        Body { length: captured.length, truncated, text, base64, content_encoding }
    }
}
