//! The first look at a request of HTTP/1.1: what the lane can answer at once is answered here, in one go.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::admit::{Admitted, Met};
use super::{Arrived, Connections, Over, Peer};
use crate::live::Snapshot;
use crate::proxy::head::Refusal;
use crate::proxy::lane::{Clock, Sheet, Slow};
use crate::proxy::replay::Replay;
use crate::settings::Limits;

/// A request that the lane has not answered.
pub(super) struct Further {
    pub snapshot: Arc<Snapshot>,
    pub started: Instant,
    /// The head as it came.
    pub raw: Bytes,
    pub admitted: Result<Box<Admitted>, Refusal>,
}

/// What came of a first look at a request.
pub(super) enum Look<'p> {
    /// It is answered.
    Answered { at: Instant, closing: bool },
    /// Its answer is on the way, and the caller takes it slowly.
    Slow { slow: Slow<'p>, rest: Option<Bytes>, closing: bool },
    /// Everything else.
    Further(Further),
}

impl Connections {
    /// Looks at a request, of whose head the first `length` bytes are there, and answers it if that can be done without
    /// waiting for anything.
    pub(super) fn look(
        &self,
        stream: &mut Replay,
        length: usize,
        started: Instant,
        peer: &Peer,
        clock: &mut Clock,
        limits: &mut Limits,
    ) -> Look<'_> {
        let borrowed = self.plane.live.borrow();
        *limits = borrowed.settings.limits;
        let exchange = stream.exchange().clone();
        let arrived = Arrived { snapshot: &borrowed, started, peer, exchange: &exchange, over: Over::Http1 };
        let (head, out) = stream.halves(length);
        let met = self.meet(head, &arrived, Sheet { clock, out });
        let mut further = |admitted| {
            let raw = stream.take(length).freeze();
            Look::Further(Further { snapshot: Arc::clone(&borrowed), started, raw, admitted })
        };
        let (leaving, plain) = match met {
            Ok(Met::Answered(leaving, plain)) => (leaving, plain),
            Ok(Met::Admitted(admitted)) => return further(Ok(admitted)),
            Err(refusal) => return further(Err(refusal)),
        };
        stream.forget(length);
        stream.be_patient(limits.body_timeout);
        let rest = leaving.rest;
        match stream.send_now(rest.map_or(&[], |rest| rest)) {
            Ok(None) => Look::Answered { at: leaving.left(&self.plane), closing: plain.closing },
            // An error comes again when the rest is written, and is noted there.
            sent => {
                let at = sent.ok().flatten().unwrap_or(0);
                let rest = rest.map(|rest| rest.slice(at..)).filter(|rest| !rest.is_empty());
                Look::Slow { slow: leaving.slow(&self.plane), rest, closing: plain.closing }
            }
        }
    }
}
