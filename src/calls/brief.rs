//! A call that is answered in one go: no wait lies between its decision and its answer, so it needs no place among the
//! calls under way. Its entry is written to the ring before the answer leaves, and completed there.
//!
//! The same as a [`Ticket`](super::Ticket) in what is seen of it: entry, metrics, access line.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::fixed::{End, Fixed};
use super::log::Spot;
use super::past::{Draft, note};
use super::{CallLog, Decision, Sinks, Times};
use crate::metrics::{CallCounter, Series};
use crate::settings::AccessLog;
use crate::words::{Decided, Failure};

/// An open call that is answered in one go. It must be closed: it is not noticed when it is dropped.
#[must_use]
#[derive(Debug)]
pub struct Brief<'l> {
    log: &'l CallLog,
    spot: Option<Spot>,
    started: Instant,
    decided: Decided,
}

/// What is said of such a call when it opens.
#[derive(Debug)]
pub struct Told<'t> {
    /// When its head was complete.
    pub started: Instant,
    /// The same by the clock: since the epoch.
    pub at: Duration,
    /// The socket's peer.
    pub client: SocketAddr,
    /// What was decided.
    pub decided: Decided,
    /// What [`Told::note`] has made of the decision.
    pub note: &'t [u8],
    /// Head of the request, secrets taken out.
    pub request: &'t [u8],
    /// Head of the answer, as [`Head`](super::Head) keeps it.
    pub response: &'t [u8],
    /// The beginning of the answer's body, and its length, if it is kept.
    pub body: Option<(&'t [u8], u64)>,
}

/// How such a call is counted.
#[derive(Clone, Copy)]
pub struct Counts<'c> {
    /// Handles of the snapshot that decided.
    pub series: &'c Series,
    /// The counter of the scenario or server stub that answers.
    pub stub: &'c CallCounter,
    /// Number and name of the mock, where it has one.
    pub mock: Option<(usize, &'c str)>,
    /// The status of the answer.
    pub status: u16,
}

impl std::fmt::Debug for Counts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Counts").field("mock", &self.mock).field("status", &self.status).finish_non_exhaustive()
    }
}

impl Told<'_> {
    /// What all calls of one decision share in the log: made once for many of them.
    pub fn note(decision: &Decision, status: u16, head: &[u8]) -> Option<Box<[u8]>> {
        note(decision, status, head.len())
    }
}

impl<'l> Brief<'l> {
    /// Opens it: from now on the call is shown.
    pub fn open(log: &'l CallLog, told: &Told<'_>) -> Self {
        let Told { started, at, client, decided, note, request, response, body } = *told;
        let fixed = Fixed {
            lengths: [0; 5],
            number: log.number(),
            at: at.as_nanos() as u64, // enough for 584 years
            end: End::default(),
            client,
            bodies: [None, body.map(|(_, length)| length)],
        };
        let kept = body.map_or(&[][..], |(kept, _)| kept);
        let spot = log.write(Draft { fixed, meta: note, parts: [request, response, &[], kept] });
        log.metrics.inflight.inc();
        Brief { log, spot, started, decided }
    }

    /// Closes it; says when that was.
    pub fn close(self, failure: Option<Failure>, counts: Counts<'_>, sinks: &Sinks, access_log: AccessLog) -> Instant {
        let Brief { log, spot, started, decided } = self;
        let closed = Instant::now();
        let total = closed.saturating_duration_since(started);
        let times = Times { total, delay: Duration::ZERO, upstream: Duration::ZERO };
        let ended = if failure.is_some() { Decided::Failed } else { decided };
        if let Some(spot) = spot {
            log.complete(spot, End { times, how: Some((ended, failure, None)) });
        }
        let metrics = &log.metrics;
        match failure {
            None => counts.stub.inc(),
            Some(_) => counts.series.count_other(metrics, counts.mock, ended, Some(counts.status)),
        }
        metrics.observe(ended, total, total);
        metrics.inflight.dec();
        // One that succeeds is not written unless all are, and then it has a ticket.
        if failure.is_some()
            && access_log != AccessLog::None
            && let (Some(lines), Some(spot)) = (&sinks.lines, spot)
            && let Some(call) = log.at(spot)
            && !lines.send(call)
        {
            metrics.call_log_dropped.inc();
        }
        closed
    }
}
