//! One way out: each request opens a ticket before its answer leaves, and closes it exactly once.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use super::open::Place;
use super::sink::AccessLines;
use super::{Answered, Call, CallLog, Captured, Closed, Course, Decision, Head, Times, Traced, Traces};
use crate::metrics::{CallCounter, Series};
use crate::settings::AccessLog;
use crate::words::{Decided, Failure, Rejection};

/// An open call. Dropped without [`Ticket::close`], it closes as one whose caller left, or as one that a panic ended.
#[derive(Debug)]
pub struct Ticket {
    call: Arc<Call>,
    place: Option<Place>,
    log: Arc<CallLog>,
    sinks: Sinks,
    access_log: AccessLog,
    started: Instant,
    /// When it was opened, and whether the caller spoke TLS; only where spans are exported.
    opened: Option<(Instant, bool)>,
    counting: Option<Counting>,
}

/// Who is told of calls that are over.
#[derive(Clone, Debug, Default)]
pub struct Sinks {
    /// Where access lines go; `None` for nowhere.
    pub lines: Option<AccessLines>,
    /// Where spans are made; `None` where nobody collects them.
    pub traces: Option<Traces>,
}

/// How a call is counted: found at its decision, so that no snapshot is held until its end.
pub struct Counting {
    /// Handles of the snapshot that decided.
    pub series: Arc<Series>,
    /// The number of the mock.
    pub mock: Option<usize>,
    /// The counter of the scenario or server stub that answers.
    pub stub: Option<CallCounter>,
}

impl std::fmt::Debug for Counting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Counting").field("mock", &self.mock).finish_non_exhaustive()
    }
}

/// How a call ended.
#[derive(Debug, Default)]
pub struct Outcome {
    /// When the call was over; now, if it is not said.
    pub ended: Option<Instant>,
    /// What failed.
    pub failure: Option<Failure>,
    /// Why the request was rejected in the middle of its body.
    pub rejection: Option<Rejection>,
    /// Simulated delay.
    pub delay: Duration,
    /// From forwarding to the end of the upstream's answer.
    pub upstream: Duration,
    /// The times of its stages; looked at only where [`Ticket::is_traced`].
    pub course: Course,
    /// The beginning of the request's body.
    pub request_body: Option<Captured>,
    /// The beginning of the answer's body.
    pub response_body: Option<Captured>,
}

impl Ticket {
    /// Opens a ticket: from now on the call is shown.
    pub fn open(
        log: &Arc<CallLog>,
        sinks: Sinks,
        access_log: AccessLog,
        (started, client, secure): (Instant, SocketAddr, bool),
        (request, decision): (Head, Decision),
        counting: Counting,
    ) -> Self {
        let number = log.number();
        let call = Arc::new(Call {
            number,
            at: SystemTime::now(),
            client,
            request,
            decision,
            answered: OnceLock::new(),
            closed: OnceLock::new(),
        });
        let place = log.open(&call);
        log.metrics.inflight.inc();
        let opened = sinks.traces.as_ref().map(|_| (Instant::now(), secure));
        Ticket { call, place, log: log.clone(), sinks, access_log, started, opened, counting: Some(counting) }
    }

    /// The call's id.
    pub fn id(&self) -> String {
        self.log.id(self.call.number)
    }

    /// Whether somebody asks for the times of its stages.
    pub fn is_traced(&self) -> bool {
        self.opened.is_some()
    }

    /// Notes the head of the answer, before it leaves. Only the first counts.
    pub fn answered(&self, status: u16, head: Head) {
        let _ = self.call.answered.set(Answered { status, head });
    }

    /// Closes the ticket.
    pub fn close(mut self, outcome: Outcome) {
        self.finish(outcome);
    }

    /// Closes the ticket of a call that came to no end, as dropping it does.
    pub fn give_up(mut self, course: Course) {
        self.abandon(course);
    }

    fn abandon(&mut self, course: Course) {
        let failure = if std::thread::panicking() { Failure::Panic } else { Failure::CallerLeft };
        self.finish(Outcome { failure: Some(failure), course, ..Outcome::default() });
    }

    fn finish(&mut self, outcome: Outcome) {
        let Some(counting) = self.counting.take() else { return };
        let Outcome { ended, failure, rejection, delay, upstream, course, request_body, response_body } = outcome;
        let ended = ended.unwrap_or_else(Instant::now);
        let times = Times { total: ended.saturating_duration_since(self.started), delay, upstream };
        let call = &self.call;
        let decided = match (failure, rejection) {
            (_, Some(_)) => Decided::Rejected,
            (Some(_), None) => Decided::Failed,
            (None, None) => call.decision.decided,
        };
        let _ = call.closed.set(Closed { decided, failure, rejection, times, request_body, response_body });
        self.log.close(call, self.place);
        self.count(&counting, decided, times);
        let metrics = &self.log.metrics;
        metrics.inflight.dec();
        // One that unwinds through here is counted by its connection.
        if failure == Some(Failure::Panic) && !std::thread::panicking() {
            metrics.panics.inc();
        }
        if let (Some(traces), Some((decided, secure))) = (&self.sinks.traces, self.opened) {
            traces.send(Traced { call: call.clone(), secure, started: self.started, decided, ended, course });
        }
        if let Some(lines) = &self.sinks.lines {
            let wanted = match self.access_log {
                AccessLog::All => true,
                AccessLog::None => false,
                AccessLog::Misses => {
                    call.decision.miss.is_some()
                        || matches!(
                            decided,
                            Decided::Failed
                                | Decided::Rejected
                                | Decided::Denied
                                | Decided::Limited
                                | Decided::Unmatched
                        )
                }
            };
            if wanted && !lines.send(call.clone()) {
                metrics.call_log_dropped.inc();
            }
        }
    }

    fn count(&self, counting: &Counting, decided: Decided, times: Times) {
        let metrics = &self.log.metrics;
        let decision = &self.call.decision;
        match (&counting.stub, decided) {
            (Some(counter), Decided::Mocked | Decided::ServerStub) => counter.inc(),
            _ => {
                let name = decision.mock.as_deref().unwrap_or("");
                let mock = counting.mock.map(|number| (number, name));
                counting.series.count_other(metrics, mock, decided, self.call.status());
            }
        }
        if let Some(reason) = decision.miss {
            metrics.missed(reason);
        }
        if let Some(rejection) = self.call.rejection() {
            metrics.rejected(rejection);
        }
        if let (Some(number), false) = (counting.mock, times.delay.is_zero()) {
            let name = decision.mock.as_deref().unwrap_or("");
            counting.series.observe_delay(metrics, number, name, times.delay.as_secs_f64());
        }
        metrics.observe(decided, times.total, times.own());
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.counting.is_some() {
            self.abandon(Course::default());
        }
    }
}
