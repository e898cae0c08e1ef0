//! A stretch of the ring: calls that are over, one behind the other in one piece of memory.
//!
//! An entry is written once, in one go, over what was written longest ago: no call in the log keeps an allocation or a
//! configuration alive, and the memory is touched in order, which is what caches and their prefetchers are good at. A
//! call that is answered at once is written before its answer leaves, and completed where it lies ([`Past::close`]).

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::fixed::{END, End, FIXED, Fixed};
use super::{Answered, Call, Captured, Closed, Decision, Head};
use crate::words::{Decided, Reason, Rejection};

/// Entries of a fixed amount of memory, oldest first.
#[derive(Debug)]
pub(super) struct Past {
    memory: VecDeque<u8>,
    budget: usize,
    /// How many bytes were let go: what tells a place that was written over.
    gone: u64,
    /// Where a [`Meta`] is written before it is copied: kept so that it is allocated once.
    scratch: Vec<u8>,
    /// How many entries were let go.
    pub evicted: u64,
}

/// Where an entry was written: bytes written before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position(u64);

/// What is the same for all calls of one scenario: a [`Fixed`] and the bytes of the request are all that is added.
#[derive(Serialize, Deserialize)]
struct Meta<'a> {
    decided: Decided,
    #[serde(borrow)]
    names: [Option<&'a str>; 4],
    generation: u64,
    miss: Option<Reason>,
    rejection: Option<Rejection>,
    bad_delay: bool,
    overridden: bool,
    answered: Option<(u16, usize)>,
}

/// An entry about to be written.
pub(super) struct Draft<'d> {
    pub fixed: Fixed,
    /// A [`Meta`] as it is written.
    pub meta: &'d [u8],
    /// Both heads, then both bodies.
    pub parts: [&'d [u8]; 4],
}

impl Past {
    /// Room for `budget` bytes; the memory is taken as it is written.
    pub fn new(budget: usize) -> Self {
        Past { memory: VecDeque::with_capacity(budget), budget, gone: 0, scratch: Vec::new(), evicted: 0 }
    }

    /// Bytes that the entries take.
    pub fn bytes(&self) -> usize {
        self.memory.len()
    }

    /// Bytes that were written before the oldest entry.
    pub fn begin(&self) -> u64 {
        self.gone
    }

    /// Bytes that were written before the entry to come.
    pub fn end(&self) -> u64 {
        self.gone + self.memory.len() as u64
    }

    /// A copy of the entries between two places, which must be borders of entries that are still there.
    pub fn between(&self, from: u64, to: u64) -> Vec<u8> {
        let at = |place: u64| (place.saturating_sub(self.gone) as usize).min(self.memory.len());
        let (from, to) = (at(from), at(to).max(at(from)));
        // Whole stretches, not bytes: somebody may want to write meanwhile.
        let (front, back) = self.memory.as_slices();
        let border = front.len();
        [&front[from.min(border)..to.min(border)], &back[from.max(border) - border..to.max(border) - border]].concat()
    }

    /// How many entries there are.
    pub fn count(&self) -> u64 {
        numbers(&self.copy()).count() as u64
    }

    /// Lets all entries go; says how many there were.
    pub fn clear(&mut self) -> u64 {
        let count = self.count();
        self.gone = self.end();
        self.evicted += count;
        self.memory.clear();
        count
    }

    /// Writes the entry of a call over the oldest ones; says whether there was room.
    pub fn push(&mut self, call: &Call) -> bool {
        let scratch = std::mem::take(&mut self.scratch);
        let Ok(meta) = postcard::to_extend(&Meta::of(call), scratch) else { return false };
        let place = self.write(Draft { fixed: Fixed::of(call), meta: &meta, parts: parts(call) });
        self.scratch = meta;
        self.scratch.clear();
        place.is_some()
    }

    /// Writes an entry over the oldest ones; `None` where it is larger than all the room there is. Bodies that this
    /// memory cannot hold beside other calls are left out.
    pub fn write(&mut self, draft: Draft<'_>) -> Option<Position> {
        let Draft { mut fixed, meta, mut parts } = draft;
        if parts[2].len() + parts[3].len() > self.budget / 2 {
            (parts[2], parts[3]) = (&[], &[]);
        }
        let length = FIXED + meta.len() + parts.iter().map(|part| part.len()).sum::<usize>();
        if length > self.budget {
            return None;
        }
        fixed.lengths =
            [length, meta.len(), parts[0].len(), parts[2].len(), parts[3].len()].map(|length| length as u32);
        while self.memory.len() + length > self.budget {
            self.pop();
        }
        let position = Position(self.gone + self.memory.len() as u64);
        self.memory.extend(&fixed.to_bytes());
        self.memory.extend(meta);
        for part in parts.iter().filter(|part| !part.is_empty()) {
            self.memory.extend(*part);
        }
        Some(position)
    }

    /// Completes an entry, unless it was written over meanwhile.
    pub fn close(&mut self, position: Position, end: &End) {
        let Some(at) = position.0.checked_sub(self.gone) else { return };
        let (at, end) = (at as usize + END, end.to_bytes());
        let (front, back) = self.memory.as_mut_slices();
        let border = front.len();
        if let Some(slot) = front.get_mut(at..at + end.len()) {
            slot.copy_from_slice(&end);
        } else {
            // The memory begins anew somewhere in it, or before it.
            for (offset, byte) in end.into_iter().enumerate() {
                let place = at + offset;
                let slot = if place < border { front.get_mut(place) } else { back.get_mut(place - border) };
                slot.into_iter().for_each(|slot| *slot = byte);
            }
        }
    }

    /// One entry, unless it was written over.
    pub fn read(&self, position: Position) -> Option<Arc<Call>> {
        let at = usize::try_from(position.0.checked_sub(self.gone)?).ok()?;
        let length: Vec<u8> = self.memory.iter().skip(at).take(4).copied().collect();
        let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
        let entry: Vec<u8> = self.memory.iter().skip(at).take(length).copied().collect();
        entries(&entry).next()
    }

    fn pop(&mut self) {
        let byte = |at: usize| self.memory.get(at).map_or(0, |byte| u32::from(*byte) << (8 * at));
        let length = (byte(0) | byte(1) | byte(2) | byte(3)) as usize;
        // An entry is never empty; the bounds only spare a proof.
        let length = length.clamp(1, self.memory.len().max(1)).min(self.memory.len());
        self.memory.drain(..length);
        self.gone += length as u64;
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
        let fixed = Fixed::from_bytes(memory.first_chunk::<FIXED>()?);
        let entry = memory.get(FIXED..fixed.lengths[0] as usize)?;
        memory = &memory[fixed.lengths[0] as usize..];
        let (meta, parts) = entry.split_at_checked(fixed.lengths[1] as usize)?;
        postcard::from_bytes::<Meta<'_>>(meta).ok()?.restore(&fixed, parts).map(Arc::new)
    })
}

/// The entries in a copy of a [`Past`], oldest first, each with its number and not decoded.
pub(super) fn numbers(mut memory: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    std::iter::from_fn(move || {
        let fixed = Fixed::from_bytes(memory.first_chunk::<FIXED>()?);
        let (entry, rest) = memory.split_at_checked((fixed.lengths[0] as usize).max(FIXED))?;
        memory = rest;
        Some((fixed.number, entry))
    })
}

/// What all calls of one decision share, as it is written: made once where many calls get one answer.
pub(super) fn note(decision: &Decision, status: u16, head: usize) -> Option<Box<[u8]>> {
    let meta = Meta { answered: Some((status, head)), ..Meta::named(decision) };
    postcard::to_extend(&meta, Vec::new()).ok().map(Vec::into_boxed_slice)
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
    fn of(call: &'a Call) -> Self {
        let answered = call.answered.get().map(|answered| (answered.status, answered.head.len()));
        Meta { answered, ..Meta::named(&call.decision) }
    }

    fn named(decision: &'a Decision) -> Self {
        Meta {
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
            overridden: decision.overridden,
            answered: None,
        }
    }

    fn restore(self, fixed: &Fixed, mut parts: &[u8]) -> Option<Call> {
        let mut part = |length: usize| {
            let (part, rest) = parts.split_at_checked(length)?;
            parts = rest;
            Some(Bytes::copy_from_slice(part))
        };
        let [_, _, request, kept @ ..] = fixed.lengths.map(|length| length as usize);
        let request = Head(part(request)?);
        let (answered, closed) = (OnceLock::new(), OnceLock::new());
        if let Some((status, length)) = self.answered {
            let _ = answered.set(Answered { status, head: Head(part(length)?) });
        }
        if let Some((decided, failure, rejection)) = fixed.end.how {
            let mut body = |kept: usize, length: Option<u64>| match length {
                Some(length) => Some(Some(Captured { bytes: part(kept)?, length })),
                None => Some(None),
            };
            let request_body = body(kept[0], fixed.bodies[0])?;
            let response_body = body(kept[1], fixed.bodies[1])?;
            let times = fixed.end.times;
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
            overridden: self.overridden,
        };
        let at = UNIX_EPOCH + Duration::from_nanos(fixed.at);
        Some(Call { number: fixed.number, at, client: fixed.client, request, decision, answered, closed })
    }
}

#[cfg(test)]
mod tests;
