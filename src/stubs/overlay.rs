//! Overrides: scenarios that are forced and stubs that are switched off for a while, laid over a table from outside.
//!
//! They lie beside the compiled stubs, so that a switch, a count or an expiry compiles nothing. Deciding reads them and
//! changes nothing: whoever carries a decision out takes what it rests on, by [`Decision::settle`], and decides again
//! where somebody else was faster.
//!
//! [`Decision::settle`]: super::decision::Decision::settle

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::matcher::{Conditions, Outcome};
use super::request::RequestView;

/// A scenario that is forced, or a stub that is switched off.
#[derive(Clone, Debug)]
pub struct Override {
    /// The stub it is about, by its number in the table.
    pub stub: u32,
    /// What becomes of it.
    pub effect: Effect,
    /// For which requests; none of their conditions looks at a body.
    pub conditions: Conditions,
    /// When it is over, since the epoch; `None` for one that lasts.
    pub until: Option<Duration>,
    /// How many more requests it is for; `None` for all.
    pub left: Option<Arc<Left>>,
}

/// What becomes of a stub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// This scenario answers wherever the stub is asked, whatever its conditions.
    Force(u32),
    /// The stub is not there.
    Off,
}

/// A number of requests that counts down to zero. Shared by all tables that an override is laid over.
#[derive(Debug)]
pub struct Left(AtomicU64);

impl Left {
    /// So many.
    pub fn new(count: u64) -> Self {
        Left(AtomicU64::new(count))
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn take(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    fn give_back(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Override {
    /// Whether it is for this request, at this time since the epoch.
    pub(super) fn applies(&self, view: &RequestView<'_>, now: Duration) -> bool {
        self.until.is_none_or(|until| now < until)
            && self.left.as_ref().is_none_or(|left| left.count() > 0)
            && self.conditions.check(view) == Outcome::Holds
    }

    /// Takes one of the requests that it is for; `false` where none is left.
    pub(super) fn take(&self) -> bool {
        self.left.as_ref().is_none_or(|left| left.take())
    }

    /// Gives one back that was taken.
    pub(super) fn give_back(&self) {
        if let Some(left) = &self.left {
            left.give_back();
        }
    }
}
