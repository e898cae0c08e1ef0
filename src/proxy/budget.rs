//! The memory that all bodies under inspection share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A counter of bytes in use.
#[derive(Debug, Default)]
pub struct Budget(AtomicUsize);

/// Bytes taken from a budget; given back when dropped.
#[derive(Debug)]
pub struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Share {
    /// A share of nothing yet.
    pub fn of(budget: &Arc<Budget>) -> Self {
        Share { budget: budget.clone(), bytes: 0 }
    }

    /// Takes so many bytes in all, if the budget of `total` still has them.
    pub fn take(&mut self, bytes: usize, total: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let taken = self.budget.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            used.checked_add(more).filter(|sum| *sum <= total)
        });
        if taken.is_ok() {
            self.bytes += more;
        }
        taken.is_ok()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_stay_within_the_budget_and_come_back() {
        let budget = Arc::new(Budget::default());
        let mut first = Share::of(&budget);
        assert!(first.take(60, 100));
        assert!(first.take(80, 100));
        let mut second = Share::of(&budget);
        assert!(!second.take(21, 100));
        assert!(second.take(20, 100));
        drop(first);
        assert!(second.take(100, 100));
    }
}
