//! Every metric: name, unit, labels and help in one place, in a registry of the sidecar's own.
//!
//! Label values come from the configuration only, never from a caller. A series is born at its first hit, survives
//! reloads by its name, and goes with its stub. Handles are cached beside the snapshot ([`Series`]), so that a request
//! pays for a label look-up only the first time that a scenario is hit after a reload.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, OnceLock};

use prometheus::core::Collector;
use prometheus::{
    Encoder, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
};

use crate::words::{Decided, Failure, Reason, Rejection};

/// All metrics of a sidecar.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    injected_delay: HistogramVec,
    rejected: IntCounterVec,
    misses: IntCounterVec,
    upstream_requests: IntCounterVec,
    upstream_duration: HistogramVec,
    upstream_errors: IntCounterVec,
    duration: HistogramVec,
    overhead: HistogramVec,
    by_decision: [OnceLock<(Histogram, Histogram)>; Decided::ALL.len()],
    /// Configuration in force.
    pub generation: IntGauge,
    reloads: IntCounterVec,
    last_success: Gauge,
    /// Bytes that the call log holds.
    pub call_log_bytes: IntGauge,
    /// Entries, bodies and lines that the call log dropped.
    pub call_log_dropped: IntCounter,
    /// Open data connections.
    pub connections: IntGauge,
    /// Requests under way.
    pub inflight: IntGauge,
    /// Requests that a panic ended.
    pub panics: IntCounter,
    folded: IntCounter,
    born: Mutex<Born>,
}

/// Which stubs have series, so that they can go with their stub, and how many may have.
#[derive(Default)]
struct Born {
    stubs: HashMap<(String, String), Vec<[String; 5]>>,
    folded: HashSet<(String, String)>,
    max_stubs: usize,
}

/// A counter, as others hold it.
pub type Counter = IntCounter;

/// What stubs beyond `metrics.max_stubs` are called.
const OTHER: &str = "_other";

/// From 0.5 ms to one minute: between an answer from memory and a slow upstream.
const SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
/// From 10 µs to one second: our own share is a few of the first.
const OWN_SECONDS: &[f64] =
    &[0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0];

fn counters(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    register(registry, IntCounterVec::new(Opts::new(format!("standin_{name}"), help), labels))
}

fn counter(registry: &Registry, name: &str, help: &str) -> IntCounter {
    register(registry, IntCounter::with_opts(Opts::new(format!("standin_{name}"), help)))
}

fn gauge(registry: &Registry, name: &str, help: &str) -> IntGauge {
    register(registry, IntGauge::with_opts(Opts::new(format!("standin_{name}"), help)))
}

fn histograms(registry: &Registry, name: &str, help: &str, labels: &[&str], buckets: &[f64]) -> HistogramVec {
    let opts = HistogramOpts::new(format!("standin_{name}"), help).buckets(buckets.to_vec());
    register(registry, HistogramVec::new(opts, labels))
}

#[allow(clippy::expect_used)]
fn register<C: Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<C>) -> C {
    let collector = made.expect("metric names and labels are constants of this file, and a test makes them all");
    registry.register(Box::new(collector.clone())).expect("each name stands once in this file");
    collector
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// All metrics, none of them hit.
    pub fn new(max_stubs: usize) -> Self {
        let registry = Registry::new();
        let r = &registry;
        let duration = histograms(
            r,
            "request_duration_seconds",
            "Time from the end of the request head to the end of the answer.",
            &["decision"],
            SECONDS,
        );
        let overhead = histograms(
            r,
            "overhead_seconds",
            "Part of the time that Standin itself took: without injected delay and without the upstream.",
            &["decision"],
            OWN_SECONDS,
        );
        let build_info =
            prometheus::IntGaugeVec::new(Opts::new("standin_build_info", "The version that runs."), &["version"]);
        let build_info = register(r, build_info);
        build_info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        Metrics {
            requests: counters(
                r,
                "requests_total",
                "Requests by what was done with them.",
                &["mock", "stub", "scenario", "decision", "code"],
            ),
            injected_delay: histograms(r, "injected_delay_seconds", "Simulated delay of answers.", &["mock"], SECONDS),
            rejected: counters(r, "rejected_total", "Requests rejected as malformed or over a limit.", &["reason"]),
            misses: counters(
                r,
                "misses_total",
                "Calls that a stub fitted or a mock covered and none answered.",
                &["reason"],
            ),
            upstream_requests: counters(
                r,
                "upstream_requests_total",
                "Answers of upstreams by status code.",
                &["upstream", "code"],
            ),
            upstream_duration: histograms(
                r,
                "upstream_duration_seconds",
                "Time from forwarding a request to the end of the upstream's answer.",
                &["upstream"],
                SECONDS,
            ),
            upstream_errors: counters(r, "upstream_errors_total", "Failures of upstreams.", &["upstream", "kind"]),
            duration,
            overhead,
            by_decision: Default::default(),
            generation: gauge(r, "config_generation", "Number of the configuration in force."),
            reloads: counters(r, "config_reloads_total", "Attempts to replace the configuration.", &["result"]),
            last_success: register(
                r,
                Gauge::with_opts(Opts::new(
                    "standin_config_last_success_timestamp_seconds",
                    "Unix time at which the configuration in force was loaded.",
                )),
            ),
            call_log_bytes: gauge(r, "call_log_bytes", "Bytes that the call log holds."),
            call_log_dropped: counter(
                r,
                "call_log_dropped_total",
                "Entries and access lines that were dropped because nobody may wait for them.",
            ),
            connections: gauge(r, "connections", "Open connections of the data listener."),
            inflight: gauge(r, "inflight_requests", "Requests under way."),
            panics: counter(r, "panics_total", "Requests that a panic of Standin ended."),
            folded: counter(
                r,
                "metrics_folded_stubs_total",
                "Stubs that count as `_other` because `metrics.max_stubs` have series already.",
            ),
            born: Mutex::new(Born { max_stubs, ..Born::default() }),
            registry,
        }
    }

    /// All metrics in Prometheus' text format.
    pub fn render(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 << 10);
        // Writing into memory cannot fail, and a family that cannot be encoded is left out rather than half written.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut out);
        out
    }

    /// Counts one attempt to replace the configuration.
    pub fn reloaded(&self, result: Reloaded, unix_seconds: f64) {
        self.reloads.with_label_values(&[result.as_str()]).inc();
        if result == Reloaded::Applied {
            self.last_success.set(unix_seconds);
        }
    }

    /// Counts a rejected request.
    pub fn rejected(&self, reason: Rejection) {
        self.rejected.with_label_values(&[reason.as_str()]).inc();
    }

    /// Counts a miss.
    pub fn missed(&self, reason: Reason) {
        self.misses.with_label_values(&[reason.as_str()]).inc();
    }

    /// Observes the times of a call, in seconds.
    pub fn observe(&self, decided: Decided, duration: f64, own: f64) {
        let (durations, overheads) = self.by_decision[decided as usize].get_or_init(|| {
            let label = [decided.as_str()];
            (self.duration.with_label_values(&label), self.overhead.with_label_values(&label))
        });
        durations.observe(duration);
        overheads.observe(own);
    }

    /// Handles for an upstream.
    pub fn upstream(&self, name: &str) -> UpstreamSeries {
        UpstreamSeries { name: name.to_owned(), duration: OnceLock::new(), codes: ByCode::default() }
    }

    /// Counts a failure of an upstream.
    pub fn upstream_failed(&self, name: &str, failure: Failure) {
        self.upstream_errors.with_label_values(&[name, failure.as_str()]).inc();
    }

    /// Drops the series of what is no longer configured, and takes on a new limit.
    pub fn retain(&self, kept: &Kept) {
        let Ok(mut born) = self.born.lock() else { return };
        born.max_stubs = kept.max_stubs;
        let gone: Vec<_> = born.stubs.keys().filter(|stub| !kept.stubs.contains(*stub)).cloned().collect();
        for stub in gone {
            for labels in born.stubs.remove(&stub).unwrap_or_default() {
                let _ = self.requests.remove_label_values(&labels);
            }
        }
        born.folded.retain(|stub| kept.stubs.contains(stub));
        drop(born);
        // Label values come in the order of the labels' names: code and kind before upstream.
        for_each(&self.injected_delay, |values| {
            if let [mock] = values
                && !kept.mocks.contains(mock)
            {
                let _ = self.injected_delay.remove_label_values(&[mock]);
            }
        });
        for_each(&self.upstream_duration, |values| {
            if let [upstream] = values
                && !kept.upstreams.contains(upstream)
            {
                let _ = self.upstream_duration.remove_label_values(&[upstream]);
            }
        });
        for family in [&self.upstream_requests, &self.upstream_errors] {
            for_each(family, |values| {
                if let [what, upstream] = values
                    && !kept.upstreams.contains(upstream)
                {
                    let _ = family.remove_label_values(&[upstream, what]);
                }
            });
        }
        for_each(&self.requests, |values| {
            if let [_, _, mock, _, stub] = values
                && stub.is_empty()
                && !mock.is_empty()
                && !kept.mocks.contains(mock)
            {
                let [code, decision, mock, scenario, stub] = values else { return };
                let _ = self.requests.remove_label_values(&[mock, stub, scenario, decision, code]);
            }
        });
    }

    /// The counter of a call that a stub answered; a stub beyond the limit counts as `_other`.
    fn stub_requests(&self, mock: &str, stub: &str, scenario: &str, decided: Decided, code: &str) -> IntCounter {
        let key = (mock.to_owned(), stub.to_owned());
        let labels = [mock, stub, scenario, decided.as_str(), code].map(str::to_owned);
        if let Ok(mut born) = self.born.lock() {
            let known = born.stubs.contains_key(&key);
            if !known && born.stubs.len() >= born.max_stubs {
                if born.folded.insert(key) {
                    self.folded.inc();
                }
                return self.requests.with_label_values(&[mock, OTHER, OTHER, decided.as_str(), code]);
            }
            let series = born.stubs.entry(key).or_default();
            if !series.contains(&labels) {
                series.push(labels.clone());
            }
        }
        self.requests.with_label_values(&labels)
    }
}

/// Hands the label values of each series to `each`.
fn for_each(family: &impl Collector, mut each: impl FnMut(&[String])) {
    for family in family.collect() {
        for metric in family.get_metric() {
            let values: Vec<String> = metric.get_label().iter().map(|label| label.value().to_owned()).collect();
            each(&values);
        }
    }
}

/// What a reload came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reloaded {
    /// The new configuration is in force.
    Applied,
    /// It was refused; the old one is in force.
    Refused,
}

impl Reloaded {
    fn as_str(self) -> &'static str {
        match self {
            Reloaded::Applied => "applied",
            Reloaded::Refused => "refused",
        }
    }
}

/// What stays after a reload.
#[derive(Debug, Default)]
pub struct Kept {
    /// Mock and stub (or server stub).
    pub stubs: HashSet<(String, String)>,
    /// Mocks.
    pub mocks: HashSet<String>,
    /// Upstreams.
    pub upstreams: HashSet<String>,
    /// The new limit.
    pub max_stubs: usize,
}

/// Handles that belong to one snapshot, found at their first hit.
#[derive(Default)]
pub struct Series {
    scenarios: Box<[OnceLock<IntCounter>]>,
    server_stubs: Box<[OnceLock<IntCounter>]>,
    mocks: Box<[MockSeries]>,
}

#[derive(Default)]
struct MockSeries {
    decisions: [ByCode; Decided::ALL.len()],
    delay: OnceLock<Histogram>,
}

impl Series {
    /// Room for the handles of a table of this size.
    pub fn new(scenarios: usize, server_stubs: usize, mocks: usize) -> Self {
        Series {
            scenarios: (0..scenarios).map(|_| OnceLock::new()).collect(),
            server_stubs: (0..server_stubs).map(|_| OnceLock::new()).collect(),
            // One more than there are mocks, for calls that belong to none.
            mocks: (0..=mocks).map(|_| MockSeries::default()).collect(),
        }
    }

    /// The counter of calls that a scenario answered.
    pub fn scenario(&self, metrics: &Metrics, number: u32, names: [&str; 3], code: u16) -> IntCounter {
        let [mock, stub, scenario] = names;
        let find = || metrics.stub_requests(mock, stub, scenario, Decided::Mocked, &folded(code));
        match self.scenarios.get(number as usize) {
            Some(slot) => slot.get_or_init(find).clone(),
            None => find(),
        }
    }

    /// The counter of calls that an active server stub answered.
    pub fn server_stub(&self, metrics: &Metrics, number: u32, names: [&str; 2], code: u16) -> IntCounter {
        let [mock, stub] = names;
        let find = || metrics.stub_requests(mock, stub, "", Decided::ServerStub, &folded(code));
        match self.server_stubs.get(number as usize) {
            Some(slot) => slot.get_or_init(find).clone(),
            None => find(),
        }
    }

    /// Counts a call that no stub answered. `mock` is its number and name, where it has one.
    pub fn count_other(&self, metrics: &Metrics, mock: Option<(usize, &str)>, decided: Decided, code: Option<u16>) {
        let (at, name) = mock.unwrap_or((self.mocks.len().saturating_sub(1), ""));
        let find = |code: &str| metrics.requests.with_label_values(&[name, "", "", decided.as_str(), code]);
        match self.mocks.get(at) {
            Some(series) => series.decisions[decided as usize].inc(code, find),
            None => find(&code.map_or("none".to_owned(), folded)).inc(),
        }
    }

    /// Observes an injected delay, in seconds.
    pub fn observe_delay(&self, metrics: &Metrics, mock: usize, name: &str, seconds: f64) {
        let find = || metrics.injected_delay.with_label_values(&[name]);
        match self.mocks.get(mock) {
            Some(series) => series.delay.get_or_init(find).observe(seconds),
            None => find().observe(seconds),
        }
    }
}

/// Handles of one upstream.
pub struct UpstreamSeries {
    name: String,
    duration: OnceLock<Histogram>,
    codes: ByCode,
}

impl UpstreamSeries {
    /// Counts an answer of the upstream and the time it took, in seconds.
    pub fn answered(&self, metrics: &Metrics, code: u16, seconds: f64) {
        self.codes.inc(Some(code), |code| metrics.upstream_requests.with_label_values(&[&self.name, code]));
        self.duration.get_or_init(|| metrics.upstream_duration.with_label_values(&[&self.name])).observe(seconds);
    }
}

/// One counter for each status code, found at its first hit.
#[derive(Default)]
struct ByCode {
    codes: OnceLock<Box<[OnceLock<IntCounter>]>>,
    none: OnceLock<IntCounter>,
}

impl ByCode {
    fn inc(&self, code: Option<u16>, find: impl Fn(&str) -> IntCounter) {
        let Some(code) = code else {
            self.none.get_or_init(|| find("none")).inc();
            return;
        };
        let codes = self.codes.get_or_init(|| (100..600).map(|_| OnceLock::new()).collect());
        match codes.get(usize::from(code).wrapping_sub(100)) {
            Some(slot) => slot.get_or_init(|| find(&folded(code))).inc(),
            None => find("other").inc(),
        }
    }
}

/// A status code as a label: known codes by number, others by class, so that an upstream cannot add series at will.
fn folded(code: u16) -> String {
    match http::StatusCode::from_u16(code) {
        Ok(status) if status.canonical_reason().is_some() => code.to_string(),
        Ok(_) => format!("{}xx", code / 100),
        Err(_) => "other".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(metrics: &Metrics) -> String {
        String::from_utf8(metrics.render()).unwrap()
    }

    #[test]
    fn a_series_is_born_at_its_first_hit_and_goes_with_its_stub() {
        let metrics = Metrics::new(10);
        let series = Series::new(1, 0, 1);
        assert!(!text(&metrics).contains("standin_requests_total{"));
        series.scenario(&metrics, 0, ["m", "s", "default"], 200).inc();
        series.scenario(&metrics, 0, ["m", "s", "default"], 200).inc();
        assert!(text(&metrics).contains(
            "standin_requests_total{code=\"200\",decision=\"mocked\",mock=\"m\",scenario=\"default\",stub=\"s\"} 2"
        ));
        metrics.retain(&Kept { max_stubs: 10, ..Kept::default() });
        assert!(!text(&metrics).contains("standin_requests_total{"));
    }

    #[test]
    fn a_series_survives_a_reload_by_its_name() {
        let metrics = Metrics::new(10);
        Series::new(1, 0, 1).scenario(&metrics, 0, ["m", "s", "default"], 200).inc();
        let kept = Kept { stubs: [("m".to_owned(), "s".to_owned())].into(), max_stubs: 10, ..Kept::default() };
        metrics.retain(&kept);
        Series::new(5, 0, 1).scenario(&metrics, 4, ["m", "s", "default"], 200).inc();
        assert!(text(&metrics).contains("stub=\"s\"} 2"));
    }

    #[test]
    fn stubs_beyond_the_limit_fold_into_one_and_are_counted() {
        let metrics = Metrics::new(1);
        let series = Series::new(3, 0, 1);
        for (number, stub) in ["a", "b", "c"].into_iter().enumerate() {
            series.scenario(&metrics, number as u32, ["m", stub, "default"], 200).inc();
        }
        assert!(text(&metrics).contains("scenario=\"_other\",stub=\"_other\"} 2"));
        assert!(text(&metrics).contains("standin_metrics_folded_stubs_total 2"));
    }

    #[test]
    fn unknown_codes_fold_into_their_class() {
        assert_eq!(folded(404), "404");
        assert_eq!(folded(499), "4xx");
        assert_eq!(folded(999), "9xx");
    }

    #[test]
    fn an_upstream_that_is_gone_takes_its_series_along() {
        let metrics = Metrics::new(1);
        metrics.upstream("a").answered(&metrics, 200, 0.1);
        metrics.upstream("b").answered(&metrics, 200, 0.1);
        metrics.upstream_failed("b", Failure::Refused);
        metrics.retain(&Kept { upstreams: ["a".to_owned()].into(), ..Kept::default() });
        let text = text(&metrics);
        assert!(text.contains("standin_upstream_requests_total{code=\"200\",upstream=\"a\"} 1"));
        assert!(!text.contains("upstream=\"b\""));
    }
}
