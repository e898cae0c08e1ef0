//! Calls on their way to becoming spans: handed over when they are over, with the times of their stages.
//!
//! The request path makes no spans. It hands a pointer to a bounded queue, and only where somebody exports spans; a full
//! queue drops and counts.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;

use super::Call;
use crate::metrics::Counter;
use crate::settings::Upstream;

/// How many calls may wait: a tenth of a second of a busy sidecar. The thread behind never waits for the network.
const QUEUE: usize = 2048;

/// The way to the thread that makes spans.
#[derive(Clone, Debug)]
pub struct Traces {
    sender: mpsc::Sender<Traced>,
    dropped: Counter,
}

/// A call that is over.
#[derive(Debug)]
pub struct Traced {
    /// The call.
    pub call: Arc<Call>,
    /// Whether the caller spoke TLS.
    pub secure: bool,
    /// When its head was complete.
    pub started: Instant,
    /// When it was decided; the moment of `call.at`.
    pub decided: Instant,
    /// When it was over.
    pub ended: Instant,
    /// What happened in between.
    pub course: Course,
}

/// The stages of a call that not every call has.
#[derive(Debug, Default)]
pub struct Course {
    /// The simulated delay, as long as it was waited.
    pub delay: Option<Range<Instant>>,
    /// The upstream's part.
    pub upstream: Option<Asked>,
}

/// What an upstream was asked.
#[derive(Debug)]
pub struct Asked {
    /// From forwarding to the end of its answer.
    pub time: Range<Instant>,
    /// Which upstream.
    pub to: Arc<Upstream>,
    /// The status that came back.
    pub status: Option<u16>,
    /// How often it was asked again, at another address.
    pub resends: usize,
}

impl Traces {
    /// The way, and its end. What finds no room is counted.
    pub fn new(dropped: Counter) -> (Self, mpsc::Receiver<Traced>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Traces { sender, dropped }, receiver)
    }

    pub(super) fn send(&self, traced: Traced) {
        if self.sender.try_send(traced).is_err() {
            self.dropped.inc();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_counted_and_nobody_waits() {
        let dropped = Counter::new("dropped", "of a test").unwrap();
        let (traces, mut calls) = Traces::new(dropped.clone());
        let call = Call::sample(1);
        let now = Instant::now();
        for _ in 0..QUEUE + 2 {
            let (call, course) = (call.clone(), Course::default());
            traces.send(Traced { call, secure: false, started: now, decided: now, ended: now, course });
        }
        assert_eq!(dropped.get(), 2);
        assert!(calls.try_recv().is_ok());
    }
}
