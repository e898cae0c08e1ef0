//! How a call holds against what is asked of it.

use super::Difference;

/// In what a call does not fit, and in what it cannot be told whether it does.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub differs: Vec<Difference>,
    pub unknown: Vec<Difference>,
}

impl Held {
    /// Whether it fits, for certain.
    pub fn fits(&self) -> bool {
        self.differs.is_empty() && self.unknown.is_empty()
    }

    /// Whether only what is unknown stands against it.
    pub fn is_undecided(&self) -> bool {
        self.differs.is_empty() && !self.unknown.is_empty()
    }
}
