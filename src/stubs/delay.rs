//! How long an answer waits. Chance comes in as a number, so that a delay is a value that tests can know.

use std::time::Duration;

/// A delay before an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// Always as long.
    Fixed(Duration),
    /// Drawn evenly from a range, both ends included.
    Even {
        /// The shortest.
        min: Duration,
        /// The longest.
        max: Duration,
    },
}

impl Delay {
    /// The delay that `dice`, evenly drawn from all numbers, makes of it.
    pub fn roll(self, dice: u64) -> Duration {
        match self {
            Delay::Fixed(duration) => duration,
            Delay::Even { min, max } => {
                let width = (max.saturating_sub(min)).as_nanos() + 1;
                // Multiply-shift maps the dice onto the range without the bias of a remainder (Lemire 2019).
                let step = (u128::from(dice) * width) >> 64;
                min + Duration::from_nanos(u64::try_from(step).unwrap_or(u64::MAX))
            }
        }
    }
}

/// Reads `x-mock-response-delay`: whole milliseconds from 1 to 180,000 (reference, section 6).
pub fn from_header(value: &[u8]) -> Option<Duration> {
    let millis: u64 = std::str::from_utf8(value).ok()?.trim().parse().ok()?;
    (1..=180_000).contains(&millis).then(|| Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_drawn_to_both_its_ends() {
        let range = Delay::Even { min: Duration::from_millis(10), max: Duration::from_millis(20) };
        assert_eq!(range.roll(0), Duration::from_millis(10));
        assert_eq!(range.roll(u64::MAX), Duration::from_millis(20));
        assert_eq!(range.roll(1 << 63), Duration::from_millis(15));
    }

    #[test]
    fn the_delay_header_takes_whole_milliseconds_in_its_range() {
        for (value, expected) in [
            ("1", Some(1)),
            ("180000", Some(180_000)),
            ("0", None),
            ("180001", None),
            ("1.5", None),
            ("-1", None),
            ("x", None),
        ] {
            assert_eq!(from_header(value.as_bytes()), expected.map(Duration::from_millis), "{value}");
        }
    }
}
