//! Numbers that every thread counts in a place of its own, so that no cache line goes from core to core with each
//! request; who reads them adds the places up.
//!
//! The registry, the labels and the text format are those of the `prometheus` crate: [`Sharded`] is a number of its
//! kind, and [`Times`] is a collector beside its own.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus::Opts;
use prometheus::core::{Atomic, Collector, Desc, GenericCounter, GenericCounterVec, GenericGauge};
use prometheus::proto::{Bucket, Histogram, LabelPair, Metric, MetricFamily, MetricType};

use crate::words::Decided;

/// How many places: threads beyond share them.
const PLACES: usize = 8;

/// A counter that every request may count.
pub type Counter = GenericCounter<Sharded<AtomicU64>>;
/// Counters that every request may count.
pub type CounterVec = GenericCounterVec<Sharded<AtomicU64>>;
/// A gauge that every request may move.
pub type Gauge = GenericGauge<Sharded<AtomicI64>>;

/// A number in several places.
#[derive(Debug)]
pub struct Sharded<A>([Place<A>; PLACES]);

/// A place: alone in its cache line.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Place<T>(T);

/// The place of this thread: found by an address that no other living thread has.
fn mine() -> usize {
    thread_local!(static MARK: u8 = const { 0 }); // never written, so it is no state
    let address = MARK.with(std::ptr::from_ref).addr() as u64;
    // Fibonacci hashing (Knuth, The Art of Computer Programming, volume 3, section 6.4): threads lie far apart and evenly.
    (address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 61) as usize % PLACES
}

macro_rules! sharded {
    ($atomic:ty, $number:ty) => {
        impl Atomic for Sharded<$atomic> {
            type T = $number;

            fn new(value: $number) -> Self {
                let sharded = Sharded(std::array::from_fn(|_| Place(<$atomic>::new(0))));
                sharded.inc_by(value);
                sharded
            }

            fn set(&self, value: $number) {
                self.0.iter().for_each(|place| place.0.store(0, Ordering::Relaxed));
                self.inc_by(value);
            }

            fn get(&self) -> $number {
                self.0.iter().fold(0, |sum, place| sum.wrapping_add(place.0.load(Ordering::Relaxed)))
            }

            fn inc_by(&self, by: $number) {
                self.0[mine()].0.fetch_add(by, Ordering::Relaxed);
            }

            fn dec_by(&self, by: $number) {
                self.0[mine()].0.fetch_sub(by, Ordering::Relaxed);
            }
        }
    };
}

sharded!(AtomicU64, u64);
sharded!(AtomicI64, i64);

/// A histogram of times for each decision.
#[derive(Clone, Debug)]
pub struct Times(Arc<Family>);

#[derive(Debug)]
struct Family {
    desc: Desc,
    /// Upper bounds, seconds.
    bounds: &'static [f64],
    /// The same in nanoseconds.
    limits: Box<[u64]>,
    by_decision: [OnceLock<Box<[Place<Cells>; PLACES]>>; Decided::ALL.len()],
}

/// What one thread has observed: how often up to each bound, and the sum in nanoseconds. The last cell is for what is
/// beyond every bound.
#[derive(Debug, Default)]
struct Cells {
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

impl Times {
    /// A histogram with these upper bounds in seconds, which must rise.
    ///
    /// # Errors
    /// Where the name is none.
    pub fn new(opts: &Opts, bounds: &'static [f64]) -> prometheus::Result<Self> {
        let desc = Desc::new(opts.fq_name(), opts.help.clone(), vec!["decision".to_owned()], HashMap::new())?;
        let limits = bounds.iter().map(|bound| (bound * 1e9).round() as u64).collect();
        Ok(Times(Arc::new(Family { desc, bounds, limits, by_decision: Default::default() })))
    }

    /// Observes a time.
    pub fn observe(&self, decided: Decided, time: Duration) {
        self.0.observe(decided, time);
    }
}

impl Family {
    fn observe(&self, decided: Decided, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let at = self.limits.iter().position(|limit| nanos <= *limit).unwrap_or(self.limits.len());
        let places = self.by_decision[decided as usize].get_or_init(|| {
            let cells =
                || Cells { counts: (0..=self.limits.len()).map(|_| AtomicU64::new(0)).collect(), ..Cells::default() };
            Box::new(std::array::from_fn(|_| Place(cells())))
        });
        let cells = &places[mine()].0;
        cells.counts[at].fetch_add(1, Ordering::Relaxed);
        cells.sum.fetch_add(nanos, Ordering::Relaxed);
    }

    fn metric(&self, decided: Decided) -> Option<Metric> {
        let places = self.by_decision[decided as usize].get()?;
        let mut total = 0;
        let mut buckets = Vec::with_capacity(self.bounds.len());
        for at in 0..=self.bounds.len() {
            total += places.iter().map(|place| place.0.counts[at].load(Ordering::Relaxed)).sum::<u64>();
            if let Some(bound) = self.bounds.get(at) {
                let mut bucket = Bucket::default();
                bucket.set_upper_bound(*bound);
                bucket.set_cumulative_count(total);
                buckets.push(bucket);
            }
        }
        let sum: u64 = places.iter().map(|place| place.0.sum.load(Ordering::Relaxed)).sum();
        let mut histogram = Histogram::default();
        histogram.set_bucket(buckets);
        histogram.set_sample_count(total);
        histogram.set_sample_sum(sum as f64 / 1e9);
        let mut label = LabelPair::default();
        label.set_name("decision".to_owned());
        label.set_value(decided.as_str().to_owned());
        let mut metric = Metric::from_label(vec![label]);
        metric.set_histogram(histogram);
        Some(metric)
    }
}

impl Collector for Times {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.0.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let mut family = MetricFamily::default();
        family.set_name(self.0.desc.fq_name.clone());
        family.set_help(self.0.desc.help.clone());
        family.set_field_type(MetricType::HISTOGRAM);
        family.set_metric(Decided::ALL.iter().filter_map(|decided| self.0.metric(*decided)).collect());
        vec![family]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_threads_count_adds_up() {
        let (counter, gauge) = (Sharded::<AtomicU64>::new(5), Sharded::<AtomicI64>::new(0));
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        counter.inc_by(1);
                        gauge.inc_by(2);
                        gauge.dec_by(1);
                    }
                });
            }
        });
        assert_eq!((counter.get(), gauge.get()), (16_005, 16_000));
        gauge.dec_by(20_000);
        assert_eq!(gauge.get(), -4_000, "another thread may take away what this one never added");
    }

    #[test]
    fn times_are_counted_up_to_the_bound_that_holds_them() {
        let times = Times::new(&Opts::new("t", "help"), &[0.001, 0.01]).unwrap();
        for micros in [0, 1_000, 1_001, 10_000, 10_001] {
            times.observe(Decided::Mocked, Duration::from_micros(micros));
        }
        let family = times.collect().remove(0);
        assert_eq!(family.get_metric().len(), 1, "only what was hit");
        let histogram = family.get_metric()[0].get_histogram();
        let counts: Vec<_> = histogram.get_bucket().iter().map(|bucket| bucket.cumulative_count()).collect();
        assert_eq!((counts, histogram.get_sample_count()), (vec![2, 4], 5));
        assert!((histogram.get_sample_sum() - 0.022_002).abs() < 1e-9);
    }
}
