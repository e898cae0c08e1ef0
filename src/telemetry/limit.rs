//! No call site may flood the log: so many lines a second, and what is left out is said by the next line that passes.
//!
//! Neither locks nor waits. Call sites have places in a table of fixed size, found by hashing and taken once; where the
//! table is full, those that come late share one. A `log` record of a library counts by its own place in the source.

use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use tracing::{Event, Subscriber};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

use crate::metrics::Counter;
use crate::words::CHANGES;

/// How many lines one call site may write within a second: enough to see a pattern, too few to fill a disk.
const LINES: u64 = 10;
/// Places for call sites: all of ours, and those of the libraries that ever say something.
const PLACES: usize = 512;

/// Counts lines by call site.
pub(super) struct Limiter {
    start: Instant,
    places: Box<[Place]>,
    counter: OnceLock<Counter>,
}

/// One call site.
#[derive(Default)]
struct Place {
    /// The hash of the call site; 0 while nobody has taken the place.
    site: AtomicU64,
    /// The second and the lines within it: 48 and 16 bits.
    window: AtomicU64,
    /// Lines left out since the last that passed.
    left_out: AtomicU64,
}

impl Default for Limiter {
    fn default() -> Self {
        let places = (0..PLACES).map(|_| Place::default()).collect();
        Limiter { start: Instant::now(), places, counter: OnceLock::new() }
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").finish_non_exhaustive()
    }
}

impl Limiter {
    /// Counts what is left out from now on.
    pub(super) fn count_in(&self, counter: Counter) {
        let _ = self.counter.set(counter);
    }

    /// Whether a line of this call site may be written in this second, and how many were left out before it.
    fn pass(&self, site: u64, second: u64) -> Option<u64> {
        let place = self.place(site);
        let counted = place.window.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |window| {
            match (window >> 16 == second, window & 0xffff) {
                (true, lines) => (lines < LINES).then_some(window + 1),
                (false, _) => Some(second << 16 | 1),
            }
        });
        if counted.is_ok() {
            return Some(place.left_out.swap(0, Ordering::Relaxed));
        }
        place.left_out.fetch_add(1, Ordering::Relaxed);
        if let Some(counter) = self.counter.get() {
            counter.inc();
        }
        None
    }

    /// The place of a call site: its own, or the last one looked at where all are taken.
    fn place(&self, site: u64) -> &Place {
        let site = site.max(1);
        let mut at = site as usize % PLACES;
        for _ in 1..PLACES {
            let taken = self.places[at].site.compare_exchange(0, site, Ordering::Relaxed, Ordering::Relaxed);
            if taken.is_ok() || taken == Err(site) {
                break;
            }
            at = (at + 1) % PLACES;
        }
        &self.places[at]
    }

    fn second(&self) -> u64 {
        self.start.elapsed().as_secs()
    }
}

/// The place in the source that an event comes from.
fn site(event: &Event<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    match event.normalized_metadata() {
        Some(record) => (record.target(), record.file(), record.line(), record.level()).hash(&mut hasher),
        None => event.metadata().callsite().hash(&mut hasher),
    }
    hasher.finish()
}

/// A format whose lines are limited.
pub(super) struct Limited<F> {
    format: F,
    limiter: Arc<Limiter>,
    add: Add,
}

/// How the number of lines left out is added to a line: what is cut off its end, and what is written instead.
type Add = (&'static str, fn(u64) -> String);

impl<F> Limited<F> {
    /// Lines for people.
    pub(super) fn text(format: F, limiter: Arc<Limiter>) -> Self {
        Limited { format, limiter, add: ("\n", |left_out| format!(" suppressed={left_out}\n")) }
    }

    /// One JSON object per line.
    pub(super) fn json(format: F, limiter: Arc<Limiter>) -> Self {
        Limited { format, limiter, add: ("}\n", |left_out| format!(",\"suppressed\":{left_out}}}\n")) }
    }
}

impl<S, N, F> FormatEvent<S, N> for Limited<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, cx: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        // What is written is nothing, and of nothing no line is made.
        let left_out = match event.metadata().target() {
            // Who has changed what is told in full, whoever would hide it among other changes.
            CHANGES => 0,
            _ => match self.limiter.pass(site(event), self.limiter.second()) {
                Some(left_out) => left_out,
                None => return Ok(()),
            },
        };
        if left_out == 0 {
            return self.format.format_event(cx, writer, event);
        }
        let mut line = String::new();
        self.format.format_event(cx, Writer::new(&mut line), event)?;
        let (end, add) = self.add;
        writer.write_str(line.strip_suffix(end).unwrap_or(&line))?;
        writer.write_str(&add(left_out))
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Mutex;

    use tracing::subscriber::with_default;
    use tracing_subscriber::fmt::{MakeWriter, format};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Kept {
        type Writer = Kept;
        fn make_writer(&'a self) -> Kept {
            self.clone()
        }
    }

    impl Kept {
        fn lines(&self) -> Vec<String> {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap().lines().map(str::to_owned).collect()
        }
    }

    #[test]
    fn a_call_site_passes_so_often_a_second_and_then_says_what_was_left_out() {
        let limiter = Limiter::default();
        let counter = Counter::new("left_out", "of a test").unwrap();
        limiter.count_in(counter.clone());
        for _ in 0..LINES {
            assert_eq!(limiter.pass(7, 1), Some(0));
        }
        assert_eq!((limiter.pass(7, 1), limiter.pass(7, 1)), (None, None));
        assert_eq!(limiter.pass(8, 1), Some(0), "another call site is not concerned");
        assert_eq!(limiter.pass(7, 2), Some(2));
        assert_eq!((limiter.pass(7, 2), counter.get()), (Some(0), 2));
    }

    #[test]
    fn more_call_sites_than_places_share_the_last() {
        let limiter = Limiter::default();
        let passed = (1..=2 * PLACES as u64).filter(|site| limiter.pass(*site, 1).is_some()).count();
        assert!(passed >= PLACES, "{passed}");
    }

    #[test]
    fn json_stays_json_and_text_stays_one_line() {
        for json in [true, false] {
            let (kept, limiter) = (Kept::default(), Arc::new(Limiter::default()));
            let builder = tracing_subscriber::fmt().with_writer(kept.clone());
            let log = || tracing::warn!(peer = "a", "refused");
            let all = || {
                (0..LINES + 3).for_each(|_| log());
                for place in &limiter.places {
                    place.window.store(u64::MAX << 16, Ordering::Relaxed); // another second
                }
                log();
            };
            if json {
                let format = Limited::json(format().json().flatten_event(true), limiter.clone());
                with_default(builder.fmt_fields(format::JsonFields::new()).event_format(format).finish(), all);
                let last: serde_json::Value = serde_json::from_str(kept.lines().last().unwrap()).unwrap();
                assert_eq!((&last["message"], &last["suppressed"]), (&"refused".into(), &3.into()));
            } else {
                let format = Limited::text(format().with_ansi(false), limiter.clone());
                with_default(builder.event_format(format).finish(), all);
                assert!(
                    kept.lines().last().unwrap().ends_with("refused peer=\"a\" suppressed=3"),
                    "{:?}",
                    kept.lines()
                );
            }
            assert_eq!(kept.lines().len() as u64, LINES + 1);
        }
    }

    #[test]
    fn what_was_changed_by_hand_is_never_left_out() {
        let (kept, limiter) = (Kept::default(), Arc::new(Limiter::default()));
        let format = Limited::text(format().with_ansi(false), limiter);
        with_default(tracing_subscriber::fmt().with_writer(kept.clone()).event_format(format).finish(), || {
            (0..3 * LINES).for_each(|_| tracing::info!(target: CHANGES, "changed"));
        });
        assert_eq!(kept.lines().len() as u64, 3 * LINES);
    }

    #[test]
    fn records_of_libraries_count_by_their_own_place_in_the_source() {
        let (kept, limiter) = (Kept::default(), Arc::new(Limiter::default()));
        let format = Limited::text(format().with_ansi(false), limiter);
        let record = |line| {
            let mut record = tracing_log::log::Record::builder();
            record.level(tracing_log::log::Level::Warn).target("pingora_core").file(Some("h2.rs")).line(Some(line));
            // As pingora's records come in, but without a logger for the whole process.
            tracing_log::format_trace(&record.args(format_args!("line {line}")).build()).unwrap();
        };
        with_default(tracing_subscriber::fmt().with_writer(kept.clone()).event_format(format).finish(), || {
            (0..2 * LINES).for_each(|_| record(1));
            record(2);
        });
        let lines = kept.lines();
        assert_eq!(lines.iter().filter(|line| line.contains("line 1")).count() as u64, LINES);
        assert_eq!(lines.iter().filter(|line| line.contains("line 2")).count(), 1);
    }
}
