//! What the stream of a connection and the request that pingora works on tell each other.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use http::HeaderValue;

use crate::words::Rejection;

/// What the stream and the request that pingora works on tell each other.
#[derive(Debug, Default)]
pub struct Exchange {
    /// The `Date` of the forwarded answer.
    date: Mutex<Option<HeaderValue>>,
    /// Why the body was cut off: 0, or the number of a rejection and one.
    fault: AtomicU8,
    /// The longest body, bytes; `u64::MAX` is no limit.
    max_body: AtomicU64,
    /// Whether the upstream has changed the protocol, so that the connection is no longer HTTP/1.
    upgraded: AtomicBool,
    /// Whether there is an answer.
    answered: AtomicBool,
    /// Whether the upstream has not answered a request for another protocol in time.
    late: AtomicBool,
    /// Whether what does not end by itself is to close.
    cut: AtomicBool,
}

impl Exchange {
    /// Prepares for the next request.
    pub fn reset(&self, max_body: Option<u64>) {
        self.take_date();
        self.fault.store(0, Ordering::Relaxed);
        for flag in [&self.upgraded, &self.answered, &self.late, &self.cut] {
            flag.store(false, Ordering::Relaxed);
        }
        self.max_body.store(max_body.unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The longest body, bytes; `u64::MAX` is no limit.
    pub fn max_body(&self) -> u64 {
        self.max_body.load(Ordering::Relaxed)
    }

    /// Notes that the protocol has changed.
    pub fn upgrade(&self) {
        self.upgraded.store(true, Ordering::Relaxed);
    }

    /// Whether the protocol has changed.
    pub fn is_upgraded(&self) -> bool {
        self.upgraded.load(Ordering::Relaxed)
    }

    /// Notes that there is an answer.
    pub fn answer(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    /// Whether there is an answer.
    pub fn is_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    /// Notes that the upstream is late.
    pub fn be_late(&self) {
        self.late.store(true, Ordering::Relaxed);
    }

    /// Whether the upstream was late.
    pub fn is_late(&self) -> bool {
        self.late.load(Ordering::Relaxed)
    }

    /// Asks what does not end by itself to close.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
    }

    /// Whether what does not end by itself is to close.
    pub fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }

    /// Sets the `Date` that the answer keeps.
    pub fn keep_date(&self, date: HeaderValue) {
        if let Ok(mut slot) = self.date.lock() {
            *slot = Some(date);
        }
    }

    /// The `Date` that the answer keeps; told once.
    pub fn take_date(&self) -> Option<HeaderValue> {
        self.date.lock().ok().and_then(|mut slot| slot.take())
    }

    /// Why the body was cut off.
    pub fn fault(&self) -> Option<Rejection> {
        let number = self.fault.load(Ordering::Relaxed);
        usize::from(number).checked_sub(1).and_then(|at| Rejection::ALL.get(at)).copied()
    }

    /// Notes why the body was cut off.
    pub fn set_fault(&self, rejection: Rejection) {
        self.fault.store(rejection as u8 + 1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_told_and_forgotten() {
        let exchange = Exchange::default();
        assert_eq!(exchange.fault(), None);
        exchange.set_fault(Rejection::Chunk);
        assert_eq!(exchange.fault(), Some(Rejection::Chunk));
        exchange.reset(None);
        assert_eq!(exchange.fault(), None);
    }
}
