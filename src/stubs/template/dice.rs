//! Random choices that a rerun makes again: all derive from one number.

use std::sync::atomic::{AtomicU64, Ordering};

use rand::SeedableRng as _;
use rand::rngs::Xoshiro256PlusPlus;

/// One number out of a seed and words: FNV-1a (Fowler, Noll and Vo), which is the same in every build. A byte that UTF-8 never
/// holds ends each word, so that `ab`, `c` is not `a`, `bc`.
pub fn seed(base: u64, words: &[&[u8]]) -> u64 {
    let bytes = words.iter().flat_map(|word| word.iter().copied().chain([0xff]));
    base.to_be_bytes()
        .into_iter()
        .chain(bytes)
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The dice of one answer.
#[derive(Debug)]
pub(super) struct Dice {
    seed: u64,
    thrown: AtomicU64,
}

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Dice { seed, thrown: AtomicU64::new(0) }
    }

    /// A generator for the next choice of this answer.
    pub(super) fn throw(&self) -> Xoshiro256PlusPlus {
        let thrown = self.thrown.fetch_add(1, Ordering::Relaxed);
        // The golden ratio's step of SplitMix64 keeps neighbours apart.
        Xoshiro256PlusPlus::seed_from_u64(self.seed.wrapping_add(thrown.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt as _;

    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_in_every_build() {
        let dice = Dice::new(seed(42, &[b"orders", b"create", b"default"]));
        let numbers: Vec<u32> = (0..4).map(|_| dice.throw().random_range(0..1000)).collect();
        assert_eq!(numbers, [862, 894, 796, 91]);
        assert_ne!(seed(1, &[b"ab", b"c"]), seed(1, &[b"a", b"bc"]));
        assert_ne!(seed(1, &[b"a"]), seed(2, &[b"a"]));
    }
}
