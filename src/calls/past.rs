//! A stretch of the ring: calls that are over, one behind the other in one piece of memory.
//!
//! An entry is written once, in one go, over what was written longest ago: no call in the log keeps an allocation or a
//! configuration alive, and the memory is touched in order, which is what caches and their prefetchers are good at.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Answered, Call, Captured, Closed, Decision, Head, Times};
use crate::words::{Decided, Failure, Reason, Rejection};

/// Two lengths before each entry: of all of it, and of its [`Meta`].
const LENGTHS: usize = 8;

/// Entries of a fixed amount of memory, oldest first.
#[derive(Debug)]
pub(super) struct Past {
    memory: VecDeque<u8>,
    budget: usize,
    /// Where a [`Meta`] is written before it is copied: kept so that it is allocated once.
    scratch: Vec<u8>,
    /// How many entries were let go.
    pub evicted: u64,
}

/// Everything of a call but its heads and bodies, which follow it.
#[derive(Serialize, Deserialize)]
struct Meta<'a> {
    number: u64,
    /// Nanoseconds since the epoch.
    at: u64,
    client: SocketAddr,
    request: usize,
    decided: Decided,
    #[serde(borrow)]
    names: [Option<&'a str>; 4],
    generation: u64,
    miss: Option<Reason>,
    rejection: Option<Rejection>,
    bad_delay: bool,
    answered: Option<(u16, usize)>,
    closed: Option<MetaClosed>,
}

#[derive(Serialize, Deserialize)]
struct MetaClosed {
    decided: Decided,
    failure: Option<Failure>,
    rejection: Option<Rejection>,
    /// Nanoseconds: total, delay, upstream.
    times: [u64; 3],
    /// Bytes kept, and bytes that passed.
    bodies: [Option<(usize, u64)>; 2],
}

impl Past {
    /// Room for `budget` bytes; the memory is taken as it is written.
    pub fn new(budget: usize) -> Self {
        Past { memory: VecDeque::with_capacity(budget), budget, scratch: Vec::new(), evicted: 0 }
    }

    /// Bytes that the entries take.
    pub fn bytes(&self) -> usize {
        self.memory.len()
    }

    /// Writes an entry over the oldest ones; says whether there was room. Bodies that this memory cannot hold beside
    /// other calls are left out.
    pub fn push(&mut self, call: &Call) -> bool {
        let parts = parts(call);
        let bodies: usize = parts[2..].iter().map(|body| body.len()).sum();
        let with_bodies = bodies <= self.budget / 2;
        let parts = if with_bodies { &parts[..] } else { &parts[..2] };
        let scratch = std::mem::take(&mut self.scratch);
        let Ok(meta) = postcard::to_extend(&Meta::of(call, with_bodies), scratch) else { return false };
        let length = LENGTHS + meta.len() + parts.iter().map(|part| part.len()).sum::<usize>();
        let fits = length <= self.budget;
        if let (true, Ok(whole), Ok(of_meta)) = (fits, u32::try_from(length), u32::try_from(meta.len())) {
            while self.memory.len() + length > self.budget {
                self.pop();
            }
            self.memory.extend(&whole.to_le_bytes());
            self.memory.extend(&of_meta.to_le_bytes());
            self.memory.extend(&meta);
            for part in parts {
                self.memory.extend(*part);
            }
        }
        self.scratch = meta;
        self.scratch.clear();
        fits
    }

    fn pop(&mut self) {
        let length = self.memory.iter().take(4).rev().fold(0, |length, byte| (length << 8) | usize::from(*byte));
        // An entry is never empty; the bounds only spare a proof.
        self.memory.drain(..length.clamp(1, self.memory.len().max(1)).min(self.memory.len()));
        self.evicted += 1;
    }

    /// A copy of the memory, to be read by [`entries`] when the lock is gone.
    pub fn copy(&self) -> Vec<u8> {
        let (front, back) = self.memory.as_slices();
        [front, back].concat()
    }
}

/// The entries in a copy of a [`Past`], oldest first.
pub(super) fn entries(mut memory: &[u8]) -> impl Iterator<Item = Arc<Call>> {
    std::iter::from_fn(move || {
        let (lengths, _) = memory.split_first_chunk::<LENGTHS>()?;
        let [a, b, c, d, e, f, g, h] = *lengths;
        let (length, meta) = (u32::from_le_bytes([a, b, c, d]) as usize, u32::from_le_bytes([e, f, g, h]) as usize);
        let entry = memory.get(LENGTHS..length)?;
        memory = &memory[length..];
        let (meta, parts) = entry.split_at_checked(meta)?;
        postcard::from_bytes::<Meta<'_>>(meta).ok()?.restore(parts).map(Arc::new)
    })
}

/// What follows the [`Meta`]: both heads, then both bodies.
fn parts(call: &Call) -> [&[u8]; 4] {
    let closed = call.closed.get();
    let body = |body: fn(&Closed) -> &Option<Captured>| {
        closed.and_then(|closed| body(closed).as_ref()).map_or(&[][..], |body| &body.bytes)
    };
    [
        &call.request.0,
        call.answered.get().map_or(&[][..], |answered| &answered.head.0),
        body(|closed| &closed.request_body),
        body(|closed| &closed.response_body),
    ]
}

impl<'a> Meta<'a> {
    fn of(call: &'a Call, with_bodies: bool) -> Self {
        let decision = &call.decision;
        let kept = |body: &Option<Captured>| {
            body.as_ref().map(|body| (if with_bodies { body.bytes.len() } else { 0 }, body.length))
        };
        Meta {
            number: call.number,
            at: nanos(call.at.duration_since(UNIX_EPOCH).unwrap_or_default()),
            client: call.client,
            request: call.request.len(),
            decided: decision.decided,
            names: [
                decision.mock.as_deref(),
                decision.stub.as_deref(),
                decision.scenario.as_deref(),
                decision.upstream.as_deref(),
            ],
            generation: decision.generation,
            miss: decision.miss,
            rejection: decision.rejection,
            bad_delay: decision.bad_delay,
            answered: call.answered.get().map(|answered| (answered.status, answered.head.len())),
            closed: call.closed.get().map(|closed| MetaClosed {
                decided: closed.decided,
                failure: closed.failure,
                rejection: closed.rejection,
                times: [closed.times.total, closed.times.delay, closed.times.upstream].map(nanos),
                bodies: [kept(&closed.request_body), kept(&closed.response_body)],
            }),
        }
    }

    fn restore(self, mut parts: &[u8]) -> Option<Call> {
        let mut part = |length: usize| {
            let (part, rest) = parts.split_at_checked(length)?;
            parts = rest;
            Some(Bytes::copy_from_slice(part))
        };
        let request = Head(part(self.request)?);
        let (answered, closed) = (OnceLock::new(), OnceLock::new());
        if let Some((status, length)) = self.answered {
            let _ = answered.set(Answered { status, head: Head(part(length)?) });
        }
        if let Some(MetaClosed { decided, failure, rejection, times, bodies }) = self.closed {
            let mut body = |body: Option<(usize, u64)>| match body {
                Some((kept, length)) => Some(Some(Captured { bytes: part(kept)?, length })),
                None => Some(None),
            };
            let [request_body, response_body] = [body(bodies[0])?, body(bodies[1])?];
            let [total, delay, upstream] = times.map(Duration::from_nanos);
            let times = Times { total, delay, upstream };
            let _ = closed.set(Closed { decided, failure, rejection, times, request_body, response_body });
        }
        let [mock, stub, scenario, upstream] = self.names.map(|name| name.map(Arc::from));
        let decision = Decision {
            decided: self.decided,
            mock,
            stub,
            scenario,
            generation: self.generation,
            miss: self.miss,
            rejection: self.rejection,
            upstream,
            bad_delay: self.bad_delay,
        };
        let at = UNIX_EPOCH + Duration::from_nanos(self.at);
        Some(Call { number: self.number, at, client: self.client, request, decision, answered, closed })
    }
}

/// Nanoseconds; 584 years at most.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
