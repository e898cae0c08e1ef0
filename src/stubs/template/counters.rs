//! Counters that outlive a configuration: those of `seq`, and how often each scenario was rendered.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How many names `seq` may count by. A name may come from a caller, so there is an end to them.
const NAMES: usize = 10_000;

/// Counters of one sidecar.
#[derive(Debug, Default)]
pub struct Counters {
    named: Mutex<HashMap<Box<str>, u64>>,
    scenarios: Mutex<HashMap<u64, u64>>,
}

impl Counters {
    /// The next number of a name, from 1; `None` where there are too many names.
    pub fn next(&self, name: &str) -> Option<u64> {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = named.get_mut(name) {
            *last += 1;
            return Some(*last);
        }
        if named.len() >= NAMES {
            return None;
        }
        named.insert(name.into(), 1);
        Some(1)
    }

    /// The number of this call within its scenario, from 1. There are as many as the configurations of the process have
    /// scenarios; `scenario` is a hash of its name, its stub's and its mock's.
    pub fn call(&self, scenario: u64) -> u64 {
        let mut scenarios = self.scenarios.lock().unwrap_or_else(PoisonError::into_inner);
        let last = scenarios.entry(scenario).or_default();
        *last += 1;
        *last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_count_by_themselves_and_there_is_an_end_to_them() {
        let counters = Counters::default();
        assert_eq!([counters.next("a"), counters.next("a"), counters.next("b")], [Some(1), Some(2), Some(1)]);
        for name in 0..NAMES - 2 {
            assert_eq!(counters.next(&name.to_string()), Some(1));
        }
        assert_eq!(counters.next("one too many"), None);
        assert_eq!(counters.next("a"), Some(3));
    }
}
