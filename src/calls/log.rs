//! The ring: every call, oldest out first, bounded by bytes, and nobody waits.
//!
//! Entries are spread over shards by their numbers. A writer takes a shard only if nobody holds it, else the next one;
//! if all are held, the entry is dropped and counted. Readers hold a shard just long enough to copy pointers.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, TryLockError};
use std::time::Instant;

use super::{Call, EVICTED};
use crate::metrics::Metrics;

/// How many shards: two writers meet in one only if their numbers agree modulo this.
const SHARDS: usize = 16;
/// How many entries one writer makes room for at most, so that no single call pays for all.
const EVICT_AT_ONCE: usize = 64;

/// The call log in memory.
#[derive(Debug)]
pub struct CallLog {
    shards: Box<[Shard]>,
    next: AtomicU64,
    bytes: AtomicUsize,
    budget: usize,
    /// The first number that every reader can still see.
    evicted_below: AtomicU64,
    bodies: BodyRate,
    pub(super) metrics: Arc<Metrics>,
    /// Seconds since the epoch at start: makes ids unique across restarts.
    epoch: u32,
}

#[derive(Debug)]
struct Shard {
    calls: Mutex<VecDeque<Arc<Call>>>,
    /// The number of its first entry; `u64::MAX` when empty. A hint for eviction, read without the lock.
    oldest: AtomicU64,
}

/// How many calls of this second kept their bodies.
#[derive(Debug)]
struct BodyRate {
    start: Instant,
    second: AtomicU64,
    kept: AtomicU32,
}

impl CallLog {
    /// A log of at most `budget` bytes.
    pub fn new(budget: usize, metrics: Arc<Metrics>) -> Self {
        let shard = || Shard { calls: Mutex::default(), oldest: AtomicU64::new(u64::MAX) };
        let epoch =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |t| t.as_secs() as u32);
        CallLog {
            shards: (0..SHARDS).map(|_| shard()).collect(),
            next: AtomicU64::new(1),
            bytes: AtomicUsize::new(0),
            budget,
            evicted_below: AtomicU64::new(0),
            bodies: BodyRate { start: Instant::now(), second: AtomicU64::new(0), kept: AtomicU32::new(0) },
            metrics,
            epoch,
        }
    }

    /// The number of the next call.
    pub fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// A call's id: unique across restarts, ordered within one.
    pub fn id(&self, number: u64) -> String {
        format!("{:08x}-{number:x}", self.epoch)
    }

    /// The number behind an id of this run.
    pub fn number_of(&self, id: &str) -> Option<u64> {
        let (epoch, number) = id.split_once('-')?;
        (u32::from_str_radix(epoch, 16).ok()? == self.epoch).then(|| u64::from_str_radix(number, 16).ok()).flatten()
    }

    /// Bytes that all entries take.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Whether one more call of this second may keep its bodies.
    pub fn keeps_bodies(&self, per_second: u32, now: Instant) -> bool {
        let second = now.saturating_duration_since(self.bodies.start).as_secs();
        if self.bodies.second.swap(second, Ordering::Relaxed) != second {
            self.bodies.kept.store(0, Ordering::Relaxed);
        }
        self.bodies.kept.fetch_add(1, Ordering::Relaxed) < per_second
    }

    /// Takes an entry in; drops and counts it where that would mean waiting.
    pub(super) fn insert(&self, call: Arc<Call>) {
        let size = call.size();
        let start = call.number as usize;
        for step in 0..SHARDS {
            let shard = &self.shards[(start + step) % SHARDS];
            let mut calls = match shard.calls.try_lock() {
                Ok(calls) => calls,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => continue,
            };
            // Numbers in a shard ascend, so that its first entry is its oldest.
            let at = calls.iter().rposition(|other| other.number < call.number).map_or(0, |at| at + 1);
            calls.insert(at, call);
            shard.note_oldest(&calls);
            self.bytes.fetch_add(size, Ordering::Relaxed);
            drop(calls);
            self.make_room();
            return;
        }
        call.size.fetch_or(EVICTED, Ordering::Relaxed);
        self.metrics.call_log_dropped.inc();
    }

    /// Adds to the size of an entry that is still in the log.
    pub(super) fn grow(&self, call: &Call, extra: usize) {
        let grown = call
            .size
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |size| (size & EVICTED == 0).then_some(size + extra));
        if grown.is_ok() {
            self.bytes.fetch_add(extra, Ordering::Relaxed);
            self.make_room();
        }
    }

    /// Lets the oldest go while the log is over its budget.
    fn make_room(&self) {
        if self.bytes.load(Ordering::Relaxed) <= self.budget {
            return;
        }
        for _ in 0..EVICT_AT_ONCE {
            let oldest = self.shards.iter().min_by_key(|shard| shard.oldest.load(Ordering::Relaxed));
            let Some(shard) = oldest else { return };
            let Ok(mut calls) = shard.calls.try_lock() else { return }; // whoever holds it makes room
            let Some(call) = calls.pop_front() else { return };
            shard.note_oldest(&calls);
            drop(calls);
            let size = call.size.fetch_or(EVICTED, Ordering::Relaxed) & !EVICTED;
            self.bytes.fetch_sub(size, Ordering::Relaxed);
            self.evicted_below.fetch_max(call.number + 1, Ordering::Relaxed);
        }
    }

    /// All entries, newest first.
    pub(super) fn all(&self) -> Vec<Arc<Call>> {
        let mut out = Vec::new();
        for shard in &self.shards {
            let calls = shard.calls.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            out.extend(calls.iter().cloned());
        }
        out.sort_unstable_by_key(|call| std::cmp::Reverse(call.number));
        out
    }

    /// One entry.
    pub fn get(&self, id: &str) -> Option<Arc<Call>> {
        let number = self.number_of(id)?;
        self.shards.iter().find_map(|shard| {
            let calls = shard.calls.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            calls.binary_search_by_key(&number, |call| call.number).ok().map(|at| calls[at].clone())
        })
    }

    /// The number below which entries were let go; a reader who asks for older ones sees a gap.
    pub fn evicted_below(&self) -> u64 {
        self.evicted_below.load(Ordering::Relaxed)
    }
}

impl Shard {
    fn note_oldest(&self, calls: &VecDeque<Arc<Call>>) {
        self.oldest.store(calls.front().map_or(u64::MAX, |call| call.number), Ordering::Relaxed);
    }
}
