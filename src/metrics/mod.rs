//! Every metric: name, unit, labels and help in one place, in a registry of the sidecar's own.
//!
//! Label values come from the configuration only, never from a caller. A series is born at its first hit, survives
//! reloads by its name, and goes with its stub. Handles are cached beside the snapshot ([`Series`]), so that a request
//! pays for a label look-up only the first time that a scenario is hit after a reload.

mod families;
mod series;
mod sharded;
mod usage;

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{Encoder, Gauge, GaugeVec, HistogramVec, IntCounter, IntCounterVec, IntGauge, Registry, TextEncoder};

pub use series::{Series, UpstreamSeries};

use crate::words::{Decided, Failure, Reason, Rejection};

/// All metrics of a sidecar.
pub struct Metrics {
    registry: Registry,
    requests: sharded::CounterVec,
    injected_delay: HistogramVec,
    rejected: IntCounterVec,
    misses: IntCounterVec,
    template_errors: IntCounterVec,
    upstream_requests: IntCounterVec,
    upstream_duration: HistogramVec,
    upstream_errors: IntCounterVec,
    duration: sharded::Times,
    overhead: sharded::Times,
    /// Configuration in force.
    pub generation: IntGauge,
    reloads: IntCounterVec,
    last_success: Gauge,
    certificates: GaugeVec,
    /// Bytes that the call log holds.
    pub call_log_bytes: IntGauge,
    /// Entries, bodies and lines that the call log dropped.
    pub call_log_dropped: IntCounter,
    /// Open data connections.
    pub connections: IntGauge,
    /// Requests under way.
    pub inflight: sharded::Gauge,
    /// Requests that a panic ended.
    pub panics: IntCounter,
    /// Lines that the operational log left out.
    pub log_suppressed: IntCounter,
    /// Calls of which no spans were made.
    pub traces_dropped: IntCounter,
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

/// A counter of calls, as others hold it.
pub type CallCounter = sharded::Counter;

/// What stubs beyond `metrics.max_stubs` are called.
const OTHER: &str = "_other";

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
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

    /// Notes when the certificate of a listener ends; `None` where it speaks no TLS.
    pub fn certificate(&self, listener: &'static str, expires: Option<f64>) {
        match expires {
            Some(expires) => self.certificates.with_label_values(&[listener]).set(expires),
            // One that was not there is none to take away.
            None => drop(self.certificates.remove_label_values(&[listener])),
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

    /// Counts an answer whose template failed. Stubs beyond the limit count as `_other` here too.
    pub fn template_failed(&self, mock: &str, stub: &str) {
        let stub = if self.admit(mock, stub, None) { stub } else { OTHER };
        self.template_errors.with_label_values(&[mock, stub]).inc();
    }

    /// Observes the times of a call.
    pub fn observe(&self, decided: Decided, total: Duration, own: Duration) {
        self.duration.observe(decided, total);
        self.overhead.observe(decided, own);
    }

    /// Counts a failure of an upstream.
    pub fn upstream_failed(&self, name: &str, failure: Failure) {
        self.upstream_errors.with_label_values(&[name, failure.as_str()]).inc();
    }

    /// Drops the series of what is no longer configured, and takes on a new limit.
    pub fn retain(&self, kept: &Kept<'_>) {
        let Ok(mut born) = self.born.lock() else { return };
        born.max_stubs = kept.max_stubs;
        let stays = |(mock, stub): &(String, String)| kept.stubs.contains(&(mock.as_str(), stub.as_str()));
        let gone: Vec<_> = born.stubs.keys().filter(|stub| !stays(stub)).cloned().collect();
        for stub in gone {
            for labels in born.stubs.remove(&stub).unwrap_or_default() {
                let _ = self.requests.remove_label_values(&labels);
            }
        }
        born.folded.retain(stays);
        drop(born);
        // Label values come in the order of the labels' names: code and kind before upstream.
        for_each(&self.injected_delay, |values| {
            if let [mock] = values
                && !kept.mocks.contains(mock.as_str())
            {
                let _ = self.injected_delay.remove_label_values(&[mock]);
            }
        });
        for_each(&self.upstream_duration, |values| {
            if let [upstream] = values
                && !kept.upstreams.contains(upstream.as_str())
            {
                let _ = self.upstream_duration.remove_label_values(&[upstream]);
            }
        });
        for family in [&self.upstream_requests, &self.upstream_errors] {
            for_each(family, |values| {
                if let [what, upstream] = values
                    && !kept.upstreams.contains(upstream.as_str())
                {
                    let _ = family.remove_label_values(&[upstream, what]);
                }
            });
        }
        for_each(&self.template_errors, |values| {
            if let [mock, stub] = values
                && !kept.stubs.contains(&(mock.as_str(), stub.as_str()))
                && (stub != OTHER || !kept.mocks.contains(mock.as_str()))
            {
                let _ = self.template_errors.remove_label_values(&[mock, stub]);
            }
        });
        for_each(&self.requests, |values| {
            if let [_, _, mock, _, stub] = values
                && stub.is_empty()
                && !mock.is_empty()
                && !kept.mocks.contains(mock.as_str())
            {
                let [code, decision, mock, scenario, stub] = values else { return };
                let _ = self.requests.remove_label_values(&[mock, stub, scenario, decision, code]);
            }
        });
    }

    /// The counter of a call that a stub answered; a stub beyond the limit counts as `_other`.
    fn stub_requests(&self, mock: &str, stub: &str, scenario: &str, decided: Decided, code: &str) -> CallCounter {
        let labels = [mock, stub, scenario, decided.as_str(), code];
        match self.admit(mock, stub, Some(labels)) {
            true => self.requests.with_label_values(&labels),
            false => self.requests.with_label_values(&[mock, OTHER, OTHER, decided.as_str(), code]),
        }
    }

    /// Whether a stub has series of its own. If so, these labels go with it.
    fn admit(&self, mock: &str, stub: &str, labels: Option<[&str; 5]>) -> bool {
        let Ok(mut born) = self.born.lock() else { return true };
        let key = (mock.to_owned(), stub.to_owned());
        if !born.stubs.contains_key(&key) && born.stubs.len() >= born.max_stubs {
            if born.folded.insert(key) {
                self.folded.inc();
            }
            return false;
        }
        let series = born.stubs.entry(key).or_default();
        if let Some(labels) = labels.map(|labels| labels.map(str::to_owned))
            && !series.contains(&labels)
        {
            series.push(labels);
        }
        true
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
pub struct Kept<'a> {
    /// Mock and stub (or server stub).
    pub stubs: HashSet<(&'a str, &'a str)>,
    /// Mocks.
    pub mocks: HashSet<&'a str>,
    /// Upstreams.
    pub upstreams: HashSet<&'a str>,
    /// The new limit.
    pub max_stubs: usize,
}

#[cfg(test)]
mod tests;
