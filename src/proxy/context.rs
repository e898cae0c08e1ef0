//! What a request carries from phase to phase.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use super::DataPlane;
use super::budget::Share;
use super::decide::Plan;
use super::exchange::Exchange;
use super::headers::Edits;
use crate::calls::{Asked, Captured, Course, Outcome, Ticket};
use crate::live::UpstreamState;
use crate::redact::Redactor;
use crate::stubs::scenario::Mock;
use crate::words::{Failure, Reason, Rejection};

/// What a connection hands to pingora's phases with a request.
#[derive(Debug)]
pub struct Handed {
    /// What is to be done.
    pub plan: Plan,
    /// The request.
    pub request: Box<Request>,
    /// What happens to its body before an early answer.
    pub body: BodyPlan,
    /// The time a body may rest without progress; `None` where none is read.
    pub read_timeout: Option<Duration>,
    /// Whether the caller speaks HTTP/1.0.
    pub is_http10: bool,
    /// Whether the caller wants the connection closed behind the answer.
    pub closes: bool,
}

/// A way for [`Handed`] through the head of a request: pingora's sessions of HTTP/2 carry nothing else.
#[derive(Clone, Debug)]
pub struct Parcel(Arc<Mutex<Option<Handed>>>);

impl Parcel {
    /// Packs it.
    pub fn new(handed: Handed) -> Self {
        Parcel(Arc::new(Mutex::new(Some(handed))))
    }

    /// Takes it out, once.
    pub fn take(&self) -> Option<Handed> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
    }
}

/// What happens to a request's body before an early answer.
#[derive(Clone, Copy, Debug)]
pub enum BodyPlan {
    /// It stays unread.
    Leave,
    /// It is read away if it is no longer than this.
    Drain(usize),
}

/// The state of a request.
#[derive(Debug, Default)]
pub struct Context {
    /// What is to be done, until it is.
    pub plan: Option<(Plan, BodyPlan)>,
    /// What came of deciding; holds no snapshot, so that a tunnel of hours pins no old table.
    pub request: Option<Box<Request>>,
}

/// A request that was decided.
#[derive(Debug)]
pub struct Request {
    /// Closes exactly once.
    pub ticket: Option<Ticket>,
    /// When the head was complete.
    pub started: Instant,
    /// The configuration that decided.
    pub generation: u64,
    /// The mock, for its cross-origin policy.
    pub mock: Option<Arc<Mock>>,
    /// Why no stub answered.
    pub miss: Option<Reason>,
    /// What never reaches a log.
    pub redactor: Arc<Redactor>,
    /// Whether answers carry the `standin` field.
    pub marker: bool,
    /// Whether the caller asked to see it on a forwarded answer too.
    pub debug: bool,
    /// What is shared with the stream.
    pub exchange: Arc<Exchange>,
    /// Where it goes, if it is forwarded.
    pub forward: Option<Forward>,
    /// Simulated delay.
    pub delay: Duration,
    /// When waiting it began, and when it was over.
    pub waited: Option<(Instant, Option<Instant>)>,
    /// What failed.
    pub failure: Option<Failure>,
    /// Why it was rejected in the middle.
    pub rejection: Option<Rejection>,
    /// Bytes of the request's body that were passed on.
    pub passed: u64,
    /// The beginning of the request's body, if bodies are kept.
    pub request_body: Option<Capture>,
    /// The beginning of the answer's body.
    pub response_body: Option<Capture>,
    /// The memory of the inspected body; given back when the request is over.
    pub share: Option<Share>,
}

impl Drop for Request {
    fn drop(&mut self) {
        if self.ticket.is_none() {
            return;
        }
        // One that is dropped in the middle was given up by its connection, or by its caller.
        let course = self.course(Instant::now());
        match self.ticket.take() {
            Some(ticket) if self.exchange.is_late() => {
                ticket.close(Outcome { failure: Some(Failure::ReadTimeout), course, ..Outcome::default() });
            }
            Some(ticket) => ticket.give_up(course),
            None => {}
        }
    }
}

impl Request {
    /// Closes the ticket: the call is over.
    pub fn close(mut self: Box<Self>, plane: &DataPlane) {
        let ended = Instant::now();
        let mut spent = Duration::ZERO;
        if let Some(forward) = &self.forward
            && let Some(at) = forward.at
        {
            spent = ended.saturating_duration_since(at);
            if let Some(status) = forward.status {
                forward.upstream.series.answered(&plane.metrics, status, spent.as_secs_f64());
            }
        }
        let course = self.course(ended);
        if let Some(ticket) = self.ticket.take() {
            ticket.close(Outcome {
                ended: Some(ended),
                failure: self.failure,
                rejection: self.rejection,
                delay: self.delay,
                upstream: spent,
                course,
                request_body: self.request_body.take().and_then(|capture| capture.finish(&self.redactor)),
                response_body: self.response_body.take().and_then(|capture| capture.finish(&self.redactor)),
            });
        }
    }

    /// The times of its stages, where somebody asks for them.
    pub fn course(&self, ended: Instant) -> Course {
        if !self.ticket.as_ref().is_some_and(Ticket::is_traced) {
            return Course::default();
        }
        let asked = |forward: &Forward| {
            let (time, to) = (forward.at?..ended, forward.upstream.settings.clone());
            let resends = forward.tries.saturating_sub(usize::from(!forward.connected));
            Some(Asked { time, to, status: forward.status, resends })
        };
        Course {
            delay: self.waited.map(|(begin, end)| begin..end.unwrap_or(ended)),
            upstream: self.forward.as_ref().and_then(asked),
        }
    }
}

/// A request on its way to an upstream.
#[derive(Debug)]
pub struct Forward {
    /// The upstream.
    pub upstream: Arc<UpstreamState>,
    /// How many addresses failed.
    pub tries: usize,
    /// The address that is tried now.
    pub address: usize,
    /// What is changed in its head.
    pub edits: Edits,
    /// Whether it is sent by HTTP/2.
    pub http2: bool,
    /// Whether sending it cannot block, so that no time-out is needed.
    pub small: bool,
    /// When forwarding began.
    pub at: Option<Instant>,
    /// Whether a connection was there to send it on.
    pub connected: bool,
    /// The status that came back.
    pub status: Option<u16>,
}

/// Keeps the beginning of a body.
#[derive(Debug)]
pub struct Capture {
    kept: BytesMut,
    whole: Option<Bytes>,
    limit: usize,
    length: u64,
}

impl Capture {
    /// Keeps up to `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Capture { kept: BytesMut::new(), whole: None, limit, length: 0 }
    }

    /// Takes in the next piece.
    pub fn add(&mut self, piece: &[u8]) {
        let room = self.limit.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&piece[..piece.len().min(room)]);
        self.length += piece.len() as u64;
    }

    /// Takes in a whole body; a short one is shared, not copied.
    pub fn add_whole(&mut self, body: &Bytes) {
        if body.len() <= self.limit {
            self.length = body.len() as u64;
            self.whole = Some(body.clone());
        } else {
            self.add(body);
        }
    }

    /// What was kept, secrets taken out.
    pub fn finish(self, redactor: &Redactor) -> Option<Captured> {
        if self.length == 0 {
            return None;
        }
        let bytes = self.whole.unwrap_or_else(|| self.kept.freeze());
        let bytes = match redactor.text(&bytes) {
            std::borrow::Cow::Borrowed(_) => bytes,
            std::borrow::Cow::Owned(clean) => clean.into(),
        };
        Some(Captured { bytes, length: self.length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_keeps_the_beginning_and_counts_the_rest() {
        let mut capture = Capture::new(4);
        capture.add(b"abc");
        capture.add(b"def");
        let captured = capture.finish(&Redactor::default()).unwrap();
        assert_eq!((&captured.bytes[..], captured.length), (&b"abcd"[..], 6));
        assert!(Capture::new(4).finish(&Redactor::default()).is_none());
    }
}
