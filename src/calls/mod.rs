//! Calls: what passed through, who answered and how long it took.
//!
//! A [`Ticket`] is opened for each request before its answer leaves and closes exactly once, on drop at the latest;
//! closing counts the metrics and writes the access line. What it leaves behind is a [`Call`] in the [`CallLog`], which
//! is bounded and never makes a request wait.

mod brief;
mod database;
mod decode;
mod entry;
mod export;
mod file;
mod filter;
mod fixed;
mod line;
mod log;
mod open;
mod past;
mod query;
mod replay;
mod sink;
mod tail;
mod ticket;
mod trace;
mod verify;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use bytes::Bytes;

pub use brief::{Brief, Counts, Told};
pub use database::{DatabaseState, Keeper};
pub use entry::{Body, Durations, Entry, Message, Whole};
pub use filter::{BadParameter, FILTERS, Filter, checked};
pub use log::CallLog;
pub use query::{CallPage, CallQuery, PAGE, limit};
pub use replay::Replay;
pub use sink::{AccessLines, LineFormat};
pub use tail::{News, Tail};
pub use ticket::{Counting, Outcome, Sinks, Ticket};
pub use trace::{Asked, Course, Traced, Traces};
pub use verify::{Criteria, Difference, Expected, Near, Range, Verified};

use crate::redact::Redactor;
use crate::words::{Decided, Failure, Reason, Rejection};

/// One request that passed through.
#[derive(Debug)]
pub struct Call {
    /// Its number since start; later calls have higher ones.
    pub number: u64,
    /// When its head had arrived.
    pub at: SystemTime,
    /// The socket's peer.
    pub client: SocketAddr,
    /// Request line and header fields as they were sent, secrets taken out.
    pub request: Head,
    /// What was decided.
    pub decision: Decision,
    answered: OnceLock<Answered>,
    closed: OnceLock<Closed>,
}

/// What was decided for a call.
#[derive(Clone, Debug)]
pub struct Decision {
    /// What to do; the outcome may still be that it failed.
    pub decided: Decided,
    /// The mock.
    pub mock: Option<Arc<str>>,
    /// The stub, or the server stub.
    pub stub: Option<Arc<str>>,
    /// The scenario.
    pub scenario: Option<Arc<str>>,
    /// The configuration.
    pub generation: u64,
    /// Why no stub answered.
    pub miss: Option<Reason>,
    /// Why the request was rejected.
    pub rejection: Option<Rejection>,
    /// The upstream.
    pub upstream: Option<Arc<str>>,
    /// Whether an `x-mock-response-delay` was ignored for its value.
    pub bad_delay: bool,
    /// Whether an override has changed what was decided.
    pub overridden: bool,
}

impl Decision {
    /// A decision that names nothing yet.
    pub fn new(decided: Decided, generation: u64) -> Self {
        Decision {
            decided,
            mock: None,
            stub: None,
            scenario: None,
            generation,
            miss: None,
            rejection: None,
            upstream: None,
            bad_delay: false,
            overridden: false,
        }
    }
}

/// The head of the answer, known before it leaves.
#[derive(Debug)]
struct Answered {
    status: u16,
    head: Head,
}

/// What is known when all is over.
#[derive(Debug)]
struct Closed {
    decided: Decided,
    failure: Option<Failure>,
    rejection: Option<Rejection>,
    times: Times,
    request_body: Option<Captured>,
    response_body: Option<Captured>,
}

/// Where the time of a call went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// From the end of the head to the end of the answer.
    pub total: Duration,
    /// Simulated delay.
    pub delay: Duration,
    /// From forwarding to the end of the upstream's answer.
    pub upstream: Duration,
}

impl Times {
    /// What Standin itself took.
    pub fn own(&self) -> Duration {
        self.total.saturating_sub(self.delay).saturating_sub(self.upstream)
    }
}

/// The beginning of a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captured {
    /// What was kept of it.
    pub bytes: Bytes,
    /// How long it was, as far as it passed.
    pub length: u64,
}

/// A message head as it is kept: first line and fields in HTTP/1.1 form, whatever the protocol and the line ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head(Bytes);

impl Head {
    /// The head of a request, secrets taken out.
    pub fn request<'a>(
        method: &str,
        target: &[u8],
        protocol: &str,
        fields: impl IntoIterator<Item = (&'a str, &'a [u8])>,
        redactor: &Redactor,
    ) -> Self {
        let mut out = Vec::with_capacity(512);
        out.extend_from_slice(method.as_bytes());
        out.push(b' ');
        out.extend_from_slice(&redactor.target(target));
        out.push(b' ');
        out.extend_from_slice(protocol.as_bytes());
        Self::with_fields(out, fields, redactor)
    }

    /// The head of a request as it was sent, if it holds no secrets.
    pub fn raw<'a>(
        head: &[u8],
        target: &[u8],
        names: impl Iterator<Item = &'a str>,
        redactor: &Redactor,
    ) -> Option<Self> {
        redactor.leaves(head, target, names).then(|| Head(Bytes::copy_from_slice(head)))
    }

    /// The head of an answer, secrets taken out.
    pub fn response<'a>(fields: impl IntoIterator<Item = (&'a str, &'a [u8])>, redactor: &Redactor) -> Self {
        Self::with_fields(Vec::with_capacity(256), fields, redactor)
    }

    /// A head that was made before.
    pub fn told(bytes: Bytes) -> Self {
        Head(bytes)
    }

    /// The head to be made again with [`Head::told`]; shares its memory.
    pub fn shared(&self) -> Bytes {
        self.0.clone()
    }

    fn with_fields<'a>(
        mut out: Vec<u8>,
        fields: impl IntoIterator<Item = (&'a str, &'a [u8])>,
        redactor: &Redactor,
    ) -> Self {
        for (name, value) in fields {
            out.push(b'\n');
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(&redactor.header(name, value));
        }
        Head(Bytes::from(out.into_boxed_slice()))
    }

    /// Method, target and protocol of a request's head.
    fn request_line(&self) -> (&[u8], &[u8], &[u8]) {
        let line = self.0.split(|b| *b == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let method = line.split(|b| *b == b' ').next().unwrap_or_default();
        let protocol = line.rsplit(|b| *b == b' ').next().unwrap_or_default();
        let target = line.get(method.len() + 1..line.len().saturating_sub(protocol.len() + 1)).unwrap_or_default();
        (method, target, protocol)
    }

    /// The fields, in order.
    fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.split(|b| *b == b'\n').skip(1).filter_map(|line| {
            let at = memchr::memchr(b':', line)?;
            Some((&line[..at], line[at + 1..].trim_ascii()))
        })
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

impl Call {
    /// What was done in the end, or is being done.
    pub fn decided(&self) -> Decided {
        self.closed.get().map_or(self.decision.decided, |closed| closed.decided)
    }

    /// The status of the answer, once there is one.
    pub fn status(&self) -> Option<u16> {
        self.answered.get().map(|answered| answered.status)
    }

    /// The method of the request.
    pub fn method(&self) -> &[u8] {
        self.request.request_line().0
    }

    /// Values of a field of the request, secrets taken out.
    pub fn request_field<'c>(&'c self, name: &'c str) -> impl Iterator<Item = &'c [u8]> {
        self.request.fields().filter(|(own, _)| own.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// What failed, once something has.
    pub fn failure(&self) -> Option<Failure> {
        self.closed.get().and_then(|closed| closed.failure)
    }

    /// Why it was rejected, at once or in the middle of its body.
    pub fn rejection(&self) -> Option<Rejection> {
        self.decision.rejection.or_else(|| self.closed.get().and_then(|closed| closed.rejection))
    }

    /// Where the time went, once the call is over.
    pub fn times(&self) -> Option<Times> {
        self.closed.get().map(|closed| closed.times)
    }
}

#[cfg(test)]
impl Call {
    /// A call under way, for tests.
    fn sample(number: u64) -> Arc<Call> {
        Arc::new(Call {
            number,
            at: std::time::UNIX_EPOCH,
            client: SocketAddr::from(([127, 0, 0, 1], 1)),
            request: Head::request("GET", b"/", "HTTP/1.1", [], &Redactor::default()),
            decision: Decision::new(Decided::Mocked, 1),
            answered: OnceLock::new(),
            closed: OnceLock::new(),
        })
    }
}
