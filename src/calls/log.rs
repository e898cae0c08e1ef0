//! The call log: calls under way, and a ring of those that are over, bounded by bytes; nobody waits.
//!
//! The ring lies in shards. A writer takes a shard only if nobody holds it, else the next one; if all are held, the
//! entry is dropped and counted. Readers hold a shard just long enough to copy its bytes.

mod shard;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use super::database::Kept;
use super::fixed::End;
use super::open::{Open, Place};
use super::past::{Draft, Past, Position, entries};
use super::{Call, Replay, Whole};
use crate::metrics::Metrics;
use crate::redact::Redactor;
use shard::Shard;

/// How many shards at most: two writers meet in one only if they close calls of nearly the same number at one time.
const SHARDS: usize = 16;
/// A shard smaller than this holds too few calls to be worth it.
const SMALLEST_SHARD: usize = 64 * 1024;
/// A shard must hold so many of the largest calls, or else there are fewer shards.
const LARGEST_IN_SHARD: usize = 4;
/// So many calls in a row go to one shard, so that its memory is written in order.
const IN_A_ROW: usize = 16;
/// A call of more than this part of a shard is the last of its row: a row must not fill a shard by itself, or the newest
/// calls would push each other out.
const LARGE: usize = 4 * IN_A_ROW;

/// The call log in memory.
#[derive(Debug)]
pub struct CallLog {
    open: Open,
    past: Box<[Shard]>,
    next: AtomicU64,
    /// How many calls had been let go or dropped when the log was last emptied.
    emptied: AtomicU64,
    /// How many rows have ended early.
    ahead: AtomicUsize,
    /// From how many bytes on a call ends its row.
    large: u64,
    bodies: BodyRate,
    pub(super) metrics: Arc<Metrics>,
    /// Calls that are kept in a file besides.
    pub(super) kept: Kept,
    /// Milliseconds since the epoch at start: makes ids unique across restarts.
    run: u64,
}

/// Where the entry of a call under way was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    shard: usize,
    position: Position,
}

/// How many calls of this second kept their bodies.
#[derive(Debug)]
struct BodyRate {
    start: Instant,
    second: AtomicU64,
    kept: AtomicU32,
}

impl CallLog {
    /// A log whose ring takes at most `budget` bytes, for calls that keep at most `body` bytes of each body; without a
    /// budget only calls under way are shown.
    pub fn new(budget: usize, body: usize, metrics: Arc<Metrics>) -> Self {
        let smallest = SMALLEST_SHARD.max(body.saturating_mul(2 * LARGEST_IN_SHARD));
        let shards = if budget == 0 { 0 } else { (budget / smallest).clamp(1, SHARDS) };
        let run =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |t| t.as_millis() as u64);
        CallLog {
            open: Open::new(),
            past: (0..shards).map(|_| Shard::new(budget / shards)).collect(),
            next: AtomicU64::new(1),
            emptied: AtomicU64::new(0),
            ahead: AtomicUsize::new(0),
            large: (budget / shards.max(1) / LARGE) as u64,
            bodies: BodyRate { start: Instant::now(), second: AtomicU64::new(0), kept: AtomicU32::new(0) },
            metrics,
            kept: Kept::default(),
            run,
        }
    }

    /// The number of the next call.
    pub fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether there has been a call of this number.
    pub(super) fn has_begun(&self, number: u64) -> bool {
        number < self.next.load(Ordering::Relaxed)
    }

    /// What tells this run of the sidecar from others; later ones have higher ones.
    pub(super) fn run(&self) -> u64 {
        self.run
    }

    /// A call's id: unique across restarts, ordered within one.
    pub fn id(&self, number: u64) -> String {
        id(self.run, number)
    }

    /// The number behind an id of this run.
    pub fn number_of(&self, id: &str) -> Option<u64> {
        parsed(id).filter(|(run, _)| *run == self.run).map(|(_, number)| number)
    }

    /// Bytes that the ring holds.
    pub fn bytes(&self) -> usize {
        self.past.iter().map(|shard| shard.bytes.load(Ordering::Relaxed)).sum()
    }

    /// Whether one more call of this second may keep its bodies.
    pub fn keeps_bodies(&self, per_second: u32, now: Instant) -> bool {
        let second = now.saturating_duration_since(self.bodies.start).as_secs();
        if self.bodies.second.swap(second, Ordering::Relaxed) != second {
            self.bodies.kept.store(0, Ordering::Relaxed);
        }
        self.bodies.kept.fetch_add(1, Ordering::Relaxed) < per_second
    }

    /// Shows a call that begins.
    pub(super) fn open(&self, call: &Arc<Call>) -> Option<Place> {
        self.open.insert(call)
    }

    /// Moves a call that has been closed to the ring; drops and counts it where that would mean waiting.
    pub(super) fn close(&self, call: &Call, place: Option<Place>) {
        if !self.past.is_empty() && !self.keep(call) {
            self.metrics.call_log_dropped.inc();
        }
        // Only now, so that a reader who looks at open calls first misses none.
        if let Some(place) = place {
            self.open.remove(place);
        }
    }

    fn keep(&self, call: &Call) -> bool {
        self.with_shard(call.number, |_, past| past.push(call)).unwrap_or(false)
    }

    /// Writes the entry of a call that is about to be answered; `None` where that would mean waiting, which is counted.
    pub(super) fn write(&self, draft: Draft<'_>) -> Option<Spot> {
        if self.past.is_empty() {
            return None;
        }
        let spot = self
            .with_shard(draft.fixed.number, |shard, past| past.write(draft).map(|position| Spot { shard, position }))
            .flatten();
        if spot.is_none() {
            self.metrics.call_log_dropped.inc();
        }
        spot
    }

    /// Completes an entry where it lies, unless it was written over meanwhile.
    pub(super) fn complete(&self, spot: Spot, end: End) {
        let shard = &self.past[spot.shard];
        match shard.take() {
            Some(mut past) => past.close(spot.position, &end),
            None if shard.later(spot.position, end) => {}
            None => self.metrics.call_log_dropped.inc(),
        }
    }

    /// The entry at a spot, unless it was written over meanwhile.
    pub(super) fn at(&self, spot: Spot) -> Option<Arc<Call>> {
        self.past[spot.shard].hold().read(spot.position)
    }

    /// Works on the shard of this number, or on the next that nobody holds.
    fn with_shard<T>(&self, number: u64, work: impl FnOnce(usize, &mut Past) -> T) -> Option<T> {
        let start = (number as usize / IN_A_ROW).wrapping_add(self.ahead.load(Ordering::Relaxed));
        for step in 0..self.past.len() {
            let at = start.wrapping_add(step) % self.past.len();
            let shard = &self.past[at];
            let Some(mut past) = shard.take() else { continue };
            let before = past.end();
            let done = work(at, &mut past);
            if past.end() - before > self.large {
                self.ahead.fetch_add(1, Ordering::Relaxed);
            }
            shard.bytes.store(past.bytes(), Ordering::Relaxed);
            return Some(done);
        }
        None
    }

    /// Shows every entry, in no order. One that closes meanwhile may be shown twice, and is never left out.
    pub(super) fn each(&self, mut show: impl FnMut(Arc<Call>)) {
        self.open.all().into_iter().for_each(&mut show);
        for shard in &self.past {
            let memory = shard.hold().copy();
            entries(&memory).for_each(&mut show);
        }
    }

    /// One call with everything, out of memory or the file.
    pub fn whole(&self, id: &str, redactor: &Redactor) -> Option<Whole> {
        self.find(id).map(|(run, call)| call.whole_of(run, redactor))
    }

    /// The request of a call, as far as it was kept.
    pub fn replay(&self, id: &str) -> Option<Replay> {
        self.find(id).map(|(_, call)| call.replay())
    }

    fn find(&self, id: &str) -> Option<(u64, Arc<Call>)> {
        let (run, number) = parsed(id)?;
        Some((run, self.get(id).or_else(|| self.kept.get(run, number))?))
    }

    /// One entry of those in memory.
    pub fn get(&self, id: &str) -> Option<Arc<Call>> {
        let number = self.number_of(id)?;
        let is_it = |call: &Arc<Call>| call.number == number;
        self.open.all().into_iter().find(is_it).or_else(|| {
            self.past.iter().find_map(|shard| {
                let memory = shard.hold().copy();
                entries(&memory).find(is_it)
            })
        })
    }

    /// The newest call that came from this address.
    pub fn from_client(&self, client: std::net::SocketAddr) -> Option<Arc<Call>> {
        let mut newest: Option<Arc<Call>> = None;
        self.each(|call| {
            if call.client == client && newest.as_ref().is_none_or(|other| other.number < call.number) {
                newest = Some(call);
            }
        });
        newest
    }

    /// Looks at each part of the ring.
    pub(super) fn parts<T>(&self, mut look: impl FnMut(&Past) -> T) -> Vec<T> {
        self.past.iter().map(|shard| look(&shard.hold())).collect()
    }

    /// Lets all calls go that are over, in memory and in the file; says how many there were. Calls under way stay.
    pub fn clear(&self) -> u64 {
        self.kept.clear(self)
    }

    pub(super) fn clear_ring(&self) -> u64 {
        let clear = |shard: &Shard| {
            let mut past = shard.hold();
            let count = past.clear();
            shard.bytes.store(past.bytes(), Ordering::Relaxed);
            count
        };
        let count = self.past.iter().map(clear).sum();
        // What was lost before is lost of what was emptied.
        self.emptied.store(self.evicted() + self.metrics.call_log_dropped.get(), Ordering::Relaxed);
        count
    }

    /// Whether the ring holds every call since start, or since it was emptied.
    pub(super) fn is_whole(&self) -> bool {
        let lost = self.evicted() + self.metrics.call_log_dropped.get();
        lost == self.emptied.load(Ordering::Relaxed)
    }

    /// How many calls the ring has let go.
    pub fn evicted(&self) -> u64 {
        self.past.iter().map(|shard| shard.hold().evicted).sum()
    }
}

/// The id of a call.
pub(super) fn id(run: u64, number: u64) -> String {
    format!("{run:x}-{number:x}")
}

/// Run and number of an id.
pub(super) fn parsed(id: &str) -> Option<(u64, u64)> {
    let (run, number) = id.split_once('-')?;
    Some((u64::from_str_radix(run, 16).ok()?, u64::from_str_radix(number, 16).ok()?))
}

#[cfg(test)]
mod tests;
