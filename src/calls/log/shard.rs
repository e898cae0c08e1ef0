//! A part of the ring, with a lock of its own for which no writer waits.

use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, MutexGuard, TryLockError};

use crossbeam_queue::ArrayQueue;

use crate::calls::fixed::End;
use crate::calls::past::{Past, Position};

/// How many ends wait for a shard that somebody holds: a reader holds it for less than a millisecond.
const LATE: usize = 512;

#[derive(Debug)]
pub(super) struct Shard {
    pub past: Mutex<Past>,
    /// What its entries take, to be read without the lock.
    pub bytes: AtomicUsize,
    /// Ends of calls that could not be written while somebody held the shard: the next who holds it writes them.
    late: ArrayQueue<(Position, End)>,
}

impl Shard {
    /// One with room for so many bytes.
    pub fn new(budget: usize) -> Self {
        let past = Mutex::new(Past::new(budget));
        Shard { past, bytes: AtomicUsize::new(0), late: ArrayQueue::new(LATE) }
    }

    /// Leaves the end of a call to the next who holds the shard; says whether there is room for it.
    pub fn later(&self, position: Position, end: End) -> bool {
        self.late.push((position, end)).is_ok()
    }

    /// The shard, if nobody holds it.
    pub fn take(&self) -> Option<MutexGuard<'_, Past>> {
        let past = match self.past.try_lock() {
            Ok(past) => past,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        Some(self.caught_up(past))
    }

    /// The shard; for readers, who may wait.
    pub fn hold(&self) -> MutexGuard<'_, Past> {
        self.caught_up(self.past.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn caught_up<'s>(&'s self, mut past: MutexGuard<'s, Past>) -> MutexGuard<'s, Past> {
        while !self.late.is_empty()
            && let Some((position, end)) = self.late.pop()
        {
            past.close(position, &end);
        }
        past
    }
}
