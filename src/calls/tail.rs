//! Following the log: each reader has its own place in it and reads on from there.
//!
//! Nobody tells a reader of a call, so a call costs the same whether somebody follows or not. The ring is the buffer: a
//! reader who is slower than the calls falls behind, and is told how many were written over before it came.

use std::sync::Arc;

use super::log::parsed;
use super::past::{Past, entries, numbers};
use super::{Call, CallLog};

/// How many calls one look decodes at most; of more, the oldest are passed over and counted. At ten looks a second a page
/// changes as a whole several times a second, nobody reads more, and each costs as much as a call itself.
const MOST: usize = 100;

/// A reader's place in the log.
#[derive(Debug)]
pub struct Tail {
    places: Vec<Place>,
    /// Calls up to this number are known to the reader.
    after: u64,
}

/// A place in one part of the log.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Bytes before the first entry that was not read.
    position: u64,
    /// Entries before it.
    read: u64,
    /// Bytes that had been written at the last look.
    ready: u64,
}

/// What came since the last look.
#[derive(Debug, Default)]
pub struct News {
    /// Calls in the order in which they began.
    pub calls: Vec<Arc<Call>>,
    /// How many calls passed that are not among them.
    pub missed: u64,
}

impl CallLog {
    /// Follows the log from here on.
    pub fn tail(&self) -> Tail {
        let places = self.parts(|past| {
            let end = past.end();
            Place { position: end, read: past.evicted + past.count(), ready: end }
        });
        Tail { places, after: 0 }
    }

    /// Follows the log from behind a call on.
    pub fn tail_after(&self, number: u64) -> Tail {
        let places = self.parts(|past| Place { position: past.begin(), read: past.evicted, ready: past.end() });
        Tail { places, after: number }
    }

    /// The same from behind the call with this id on, and from its beginning where that is of another run of the sidecar;
    /// `None` where there has been no such call.
    pub fn tail_behind(&self, id: &str) -> Option<Tail> {
        match parsed(id)? {
            (run, number) if run == self.run() => self.has_begun(number).then(|| self.tail_after(number)),
            _ => Some(self.tail_after(0)),
        }
    }

    /// The same as [`CallLog::news`], but all of it, as it lies in the ring, and in no order.
    pub(super) fn stretch(&self, tail: &mut Tail) -> (Vec<u8>, u64) {
        let (mut missed, mut places) = (0, tail.places.iter_mut());
        let read = self.parts(|past| places.next().map(|place| place.advance(past, &mut missed)).unwrap_or_default());
        (read.concat(), missed)
    }

    /// What was written before the last look, and not read. An entry may be written a moment before its call is over, so
    /// it rests from one look to the next.
    pub fn news(&self, tail: &mut Tail) -> News {
        let mut news = News::default();
        let mut places = tail.places.iter_mut();
        let read =
            self.parts(|past| places.next().map(|place| place.advance(past, &mut news.missed)).unwrap_or_default());
        let mut found: Vec<(u64, &[u8])> = read.iter().flat_map(|memory| numbers(memory)).collect();
        found.retain(|(number, _)| *number > tail.after);
        found.sort_unstable_by_key(|(number, _)| *number);
        let passed = found.len().saturating_sub(MOST);
        news.missed += passed as u64;
        news.calls = found[passed..].iter().filter_map(|(_, entry)| entries(entry).next()).collect();
        news
    }
}

impl Place {
    /// Takes what is ready.
    fn advance(&mut self, past: &Past, missed: &mut u64) -> Vec<u8> {
        let ready = std::mem::replace(&mut self.ready, past.end());
        if self.position < past.begin() {
            *missed += past.evicted.saturating_sub(self.read);
            (self.position, self.read) = (past.begin(), past.evicted);
        }
        if ready <= self.position {
            return Vec::new();
        }
        let taken = past.between(self.position, ready);
        self.position = ready;
        self.read += numbers(&taken).count() as u64;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;

    fn log(budget: usize) -> CallLog {
        CallLog::new(budget, 1024, Arc::new(Metrics::new(1)))
    }

    fn pass(log: &CallLog, calls: u64) {
        for _ in 0..calls {
            log.close(&Call::sample(log.number()), None);
        }
    }

    fn numbers_of(news: &News) -> Vec<u64> {
        news.calls.iter().map(|call| call.number).collect()
    }

    #[test]
    fn what_comes_is_read_once_and_in_order_at_the_look_after_the_next() {
        let log = log(1 << 20);
        pass(&log, 5);
        let mut tail = log.tail();
        pass(&log, 40);
        assert!(log.news(&mut tail).calls.is_empty(), "it rests until the next look");
        let news = log.news(&mut tail);
        assert_eq!((numbers_of(&news), news.missed), ((6..=45).collect(), 0));
        assert!(log.news(&mut tail).calls.is_empty());
    }

    #[test]
    fn whoever_comes_back_goes_on_behind_the_last_call_it_saw() {
        let log = log(1 << 20);
        pass(&log, 10);
        let mut tail = log.tail_after(7);
        assert_eq!(numbers_of(&log.news(&mut tail)), [8, 9, 10]);
    }

    #[test]
    fn a_slow_reader_is_told_how_many_were_written_over() {
        let log = log(64 << 10);
        let mut tail = log.tail();
        pass(&log, 5000);
        let missed = log.news(&mut tail).missed;
        let news = log.news(&mut tail);
        assert!(missed > 0 && !news.calls.is_empty(), "{missed}");
        assert_eq!(missed + news.missed + news.calls.len() as u64, 5000);
        assert_eq!(news.calls.last().map(|call| call.number), Some(5000));
    }

    #[test]
    fn of_too_many_the_newest_are_shown() {
        let log = log(16 << 20);
        let mut tail = log.tail();
        pass(&log, MOST as u64 + 100);
        log.news(&mut tail);
        let news = log.news(&mut tail);
        assert_eq!((news.calls.len(), news.missed, news.calls[0].number), (MOST, 100, 101));
    }

    #[test]
    fn what_was_deleted_is_counted_as_missed() {
        let log = log(1 << 20);
        let mut tail = log.tail();
        pass(&log, 3);
        assert_eq!(log.clear(), 3);
        pass(&log, 1);
        assert_eq!(log.news(&mut tail).missed, 3);
        assert_eq!(numbers_of(&log.news(&mut tail)), [4]);
        assert!(log.bytes() > 0);
    }
}
