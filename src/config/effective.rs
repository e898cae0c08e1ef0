//! What is in force, value by value: for `check --effective`.

use std::fmt;

/// One value, with where it came from and when a change of it takes effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// The key, such as `proxy.listen` or `mock orders: delay`.
    pub key: String,
    /// The value as a file would write it.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
    /// When a change of it takes effect.
    pub takes_effect: TakesEffect,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A file and its line, a variable, or a flag.
    Set(String),
}

/// When a change takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakesEffect {
    /// At the next reload.
    Reload,
    /// At the next start.
    Restart,
}

impl fmt::Display for Effective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = match &self.origin {
            Origin::Default => "default",
            Origin::Set(place) => place,
        };
        let scope = match self.takes_effect {
            TakesEffect::Reload => "",
            TakesEffect::Restart => ", needs a restart",
        };
        write!(f, "{} = {}  # {origin}{scope}", self.key, self.value)
    }
}
