//! Limits on how often a mock answers, as the mock servers of Postman have them: a quota of calls, and a rate.
//!
//! Both count in windows that begin with the minute, the hour or the day (UTC), as Postman's do: cheap, and a caller can
//! be told when to come back. A window and its count share one atomic number.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How often a mock may answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limit {
    /// A quota of calls.
    pub calls: Option<Quota>,
    /// A rate.
    pub rate: Option<Quota>,
}

/// So many calls in each window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// At most so many.
    pub most: u32,
    /// How long a window is, seconds; it divides a day.
    pub seconds: u32,
}

/// A limit that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// Which one.
    pub kind: LimitKind,
    /// When the next window begins, seconds since the epoch.
    pub until: u64,
    /// How long that is from now, seconds, at least one.
    pub wait: u64,
}

/// Which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// The quota of calls.
    Calls,
    /// The rate.
    Rate,
}

/// A limit, and what was counted. Outlives reloads that leave the limit alone.
#[derive(Debug)]
pub struct Limiter {
    /// The limit.
    pub limit: Limit,
    calls: Window,
    rate: Window,
}

/// The number of a window in its upper half, what was counted in it in its lower.
#[derive(Debug, Default)]
struct Window(AtomicU64);

impl Window {
    /// The window at this time, and what was counted in it. A time before that of the last count falls into its window.
    fn at(state: u64, quota: Quota, now: Duration) -> (u64, u32) {
        let number = now.as_secs() / u64::from(quota.seconds);
        match state >> 32 {
            last if last >= number => (last, state as u32),
            _ => (number, 0),
        }
    }

    /// The seconds since the epoch when the next window begins, if this one is full.
    fn full(&self, quota: Quota, now: Duration) -> Option<u64> {
        let (number, count) = Window::at(self.0.load(Ordering::Relaxed), quota, now);
        (count >= quota.most).then(|| (number + 1) * u64::from(quota.seconds))
    }

    fn take(&self, quota: Quota, now: Duration) -> bool {
        let next = |state| {
            let (number, count) = Window::at(state, quota, now);
            (count < quota.most).then(|| number << 32 | u64::from(count + 1))
        };
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }

    fn give_back(&self) {
        let next = |state: u64| (state as u32 > 0).then(|| state - 1);
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    }
}

impl Limiter {
    /// Nothing counted yet.
    pub fn new(limit: Limit) -> Self {
        Limiter { limit, calls: Window::default(), rate: Window::default() }
    }

    /// The limit that an answer at this time since the epoch would exceed; the rate comes first, as in Postman.
    pub fn exceeded(&self, now: Duration) -> Option<Exceeded> {
        let full = |kind, quota: Option<Quota>, window: &Window| {
            let until = window.full(quota?, now)?;
            Some(Exceeded { kind, until, wait: until.saturating_sub(now.as_secs()).max(1) })
        };
        full(LimitKind::Rate, self.limit.rate, &self.rate)
            .or_else(|| full(LimitKind::Calls, self.limit.calls, &self.calls))
    }

    /// How much of each limit is used at this time since the epoch: the limit, answers that were counted, and when the
    /// next window begins, seconds since the epoch.
    pub fn used(&self, now: Duration) -> Vec<(LimitKind, Quota, u32, u64)> {
        let both = [(LimitKind::Calls, self.limit.calls, &self.calls), (LimitKind::Rate, self.limit.rate, &self.rate)];
        let used = |(kind, quota, window): (LimitKind, Option<Quota>, &Window)| {
            let quota = quota?;
            let (number, count) = Window::at(window.0.load(Ordering::Relaxed), quota, now);
            Some((kind, quota, count, (number + 1) * u64::from(quota.seconds)))
        };
        both.into_iter().filter_map(used).collect()
    }

    /// Counts an answer; `false`, and nothing counted, where it would exceed a limit.
    pub fn take(&self, now: Duration) -> bool {
        if self.limit.rate.is_some_and(|quota| !self.rate.take(quota, now)) {
            return false;
        }
        if self.limit.calls.is_some_and(|quota| !self.calls.take(quota, now)) {
            if self.limit.rate.is_some() {
                self.rate.give_back();
            }
            return false;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u32 = 86_400;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn limiter(calls: Option<u32>, rate: Option<u32>) -> Limiter {
        let calls = calls.map(|most| Quota { most, seconds: DAY });
        Limiter::new(Limit { calls, rate: rate.map(|most| Quota { most, seconds: 60 }) })
    }

    #[test]
    fn a_quota_ends_with_its_window_and_says_when() {
        let limiter = limiter(Some(2), None);
        let day = u64::from(DAY);
        assert!(limiter.take(at(day + 1)) && limiter.take(at(day + 2)));
        assert!(!limiter.take(at(day + 3)));
        let exceeded = limiter.exceeded(at(day + 100)).unwrap();
        assert_eq!(exceeded, Exceeded { kind: LimitKind::Calls, until: 2 * day, wait: day - 100 });
        assert_eq!(limiter.exceeded(at(2 * day)), None);
        assert!(limiter.take(at(2 * day)));
        let quota = Quota { most: 2, seconds: DAY };
        assert_eq!(limiter.used(at(2 * day + 7)), [(LimitKind::Calls, quota, 1, 3 * day)]);
        assert_eq!(limiter.used(at(3 * day)), [(LimitKind::Calls, quota, 0, 4 * day)]);
    }

    #[test]
    fn the_rate_comes_first_and_what_the_quota_refuses_does_not_count_for_it() {
        let limiter = limiter(Some(1), Some(2));
        assert!(limiter.take(at(0)));
        for _ in 0..5 {
            assert!(!limiter.take(at(1)), "the quota is used up");
        }
        assert_eq!(limiter.exceeded(at(1)).unwrap().kind, LimitKind::Calls);
        let limiter = self::limiter(Some(2), Some(2));
        assert!(limiter.take(at(0)) && limiter.take(at(0)));
        assert_eq!(limiter.exceeded(at(59)).unwrap(), Exceeded { kind: LimitKind::Rate, until: 60, wait: 1 });
    }

    #[test]
    fn a_request_that_began_before_the_last_count_falls_into_its_window() {
        let limiter = limiter(None, Some(1));
        assert!(limiter.take(at(60)));
        assert!(!limiter.take(at(59)), "it counts as one of the minute that has begun");
        assert_eq!(limiter.exceeded(at(59)).map(|exceeded| exceeded.until), Some(120));
    }
}
