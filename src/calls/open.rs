//! Calls under way: shown as soon as they begin, gone when they end.
//!
//! Nobody waits here either. Whoever finds a shard held takes the next one; whoever cannot take its own back leaves it
//! to the next writer of that shard, and readers pass over it, because it is closed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

use slab::Slab;

use super::Call;

/// How many calls under way are shown at most, over all shards. Further ones show when they are over.
const SHOWN: usize = 16 * 1024;
/// How many shards.
const SHARDS: usize = 16;

/// The calls under way.
#[derive(Debug)]
pub(super) struct Open {
    shards: Box<[Shard]>,
}

#[derive(Debug, Default)]
struct Shard {
    calls: Mutex<Slab<Arc<Call>>>,
    /// Whether some call could not be taken out when it closed.
    left_over: AtomicBool,
}

/// Where a call is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    shard: usize,
    key: usize,
}

impl Open {
    pub fn new() -> Self {
        Open { shards: (0..SHARDS).map(|_| Shard::default()).collect() }
    }

    /// Takes a call in, where that means no waiting.
    pub fn insert(&self, call: &Arc<Call>) -> Option<Place> {
        for step in 0..SHARDS {
            let shard = (call.number as usize + step) % SHARDS;
            let Some(mut calls) = self.shards[shard].take() else { continue };
            if self.shards[shard].left_over.swap(false, Ordering::Relaxed) {
                calls.retain(|_, call| call.closed.get().is_none());
            }
            return (calls.len() < SHOWN / SHARDS).then(|| Place { shard, key: calls.insert(call.clone()) });
        }
        None
    }

    /// Takes a call out that has been closed.
    pub fn remove(&self, place: Place) {
        let shard = &self.shards[place.shard];
        match shard.take() {
            // It may be gone already, and another in its place, if it was swept between its closing and here.
            Some(mut calls) => {
                if calls.get(place.key).is_some_and(|call| call.closed.get().is_some()) {
                    drop(calls.remove(place.key));
                }
            }
            None => shard.left_over.store(true, Ordering::Relaxed),
        }
    }

    /// All of them, in no order.
    pub fn all(&self) -> Vec<Arc<Call>> {
        let calls =
            self.shards.iter().map(|shard| shard.calls.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        calls.flat_map(|calls| calls.iter().map(|(_, call)| call.clone()).collect::<Vec<_>>()).collect()
    }
}

impl Shard {
    fn take(&self) -> Option<MutexGuard<'_, Slab<Arc<Call>>>> {
        match self.calls.try_lock() {
            Ok(calls) => Some(calls),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::{Closed, Times};
    use crate::words::Decided;

    fn close(call: &Call) {
        let (decided, times) = (Decided::Mocked, Times::default());
        let closed = Closed { decided, failure: None, rejection: None, times, request_body: None, response_body: None };
        assert!(call.closed.set(closed).is_ok());
    }

    fn numbers(open: &Open) -> Vec<u64> {
        let mut numbers: Vec<u64> = open.all().iter().map(|call| call.number).collect();
        numbers.sort_unstable();
        numbers
    }

    #[test]
    fn a_call_is_shown_until_it_closes() {
        let open = Open::new();
        let (first, second) = (Call::sample(1), Call::sample(2));
        let places = [open.insert(&first).unwrap(), open.insert(&second).unwrap()];
        assert_eq!(numbers(&open), [1, 2]);
        close(&first);
        open.remove(places[0]);
        assert_eq!(numbers(&open), [2]);
    }

    #[test]
    fn nobody_waits_for_a_reader_and_what_is_left_over_goes_with_the_next() {
        let open = Open::new();
        let first = Call::sample(1);
        let place = open.insert(&first).unwrap();
        let reading = open.shards[place.shard].calls.lock().unwrap();
        let beside = open.insert(&Call::sample(1 + SHARDS as u64)).unwrap();
        assert_ne!(beside.shard, place.shard);
        close(&first);
        open.remove(place);
        drop(reading);
        let next = Call::sample(1 + 2 * SHARDS as u64);
        assert_eq!(open.insert(&next).unwrap().shard, place.shard);
        assert_eq!(numbers(&open), [1 + SHARDS as u64, 1 + 2 * SHARDS as u64]);
    }

    #[test]
    fn a_place_that_another_took_is_left_alone() {
        let open = Open::new();
        let (first, second) = (Call::sample(1), Call::sample(1 + SHARDS as u64));
        let place = open.insert(&first).unwrap();
        close(&first);
        open.shards[place.shard].left_over.store(true, Ordering::Relaxed);
        open.insert(&second).unwrap(); // sweeps the first out and takes its key
        open.remove(place);
        assert_eq!(numbers(&open), [1 + SHARDS as u64]);
    }

    #[test]
    fn there_is_an_end_to_what_is_shown() {
        let open = Open::new();
        let shown = (0..SHOWN as u64 + 100).filter(|number| open.insert(&Call::sample(*number)).is_some()).count();
        assert_eq!(shown, SHOWN);
    }
}
