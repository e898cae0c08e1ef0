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
