//! The families: how each metric is called, what it counts and by which labels.

use std::sync::Mutex;

use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

use super::sharded::{self, Times};
use super::{Born, Metrics};

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

fn times(registry: &Registry, name: &str, help: &str, bounds: &'static [f64]) -> Times {
    register(registry, Times::new(&Opts::new(format!("standin_{name}"), help), bounds))
}

#[allow(clippy::expect_used)]
fn register<C: Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<C>) -> C {
    let collector = made.expect("metric names and labels are constants of this file, and a test makes them all");
    registry.register(Box::new(collector.clone())).expect("each name stands once in this file");
    collector
}

impl Metrics {
    /// All metrics, none of them hit.
    pub fn new(max_stubs: usize) -> Self {
        let registry = Registry::new();
        let r = &registry;
        let duration = times(
            r,
            "request_duration_seconds",
            "Time from the end of the request head to the end of the answer.",
            SECONDS,
        );
        let overhead = times(
            r,
            "overhead_seconds",
            "Part of the time that Standin itself took: without injected delay and without the upstream.",
            OWN_SECONDS,
        );
        let requests = sharded::CounterVec::new(
            Opts::new("standin_requests_total", "Requests by what was done with them."),
            &["mock", "stub", "scenario", "decision", "code"],
        );
        let inflight = Opts::new("standin_inflight_requests", "Requests under way.");
        let build_info = IntGaugeVec::new(Opts::new("standin_build_info", "The version that runs."), &["version"]);
        let build_info = register(r, build_info);
        build_info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        Metrics {
            requests: register(r, requests),
            injected_delay: histograms(r, "injected_delay_seconds", "Simulated delay of answers.", &["mock"], SECONDS),
            rejected: counters(r, "rejected_total", "Requests rejected as malformed or over a limit.", &["reason"]),
            misses: counters(
                r,
                "misses_total",
                "Calls that no stub answered although one fitted, a mock covered them, or no upstream could.",
                &["reason"],
            ),
            template_errors: counters(
                r,
                "template_errors_total",
                "Answers that a template of the stub, or server stub, failed to make.",
                &["mock", "stub"],
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
            generation: gauge(r, "config_generation", "Number of the configuration in force."),
            reloads: counters(r, "config_reloads_total", "Attempts to replace the configuration.", &["result"]),
            last_success: register(
                r,
                Gauge::with_opts(Opts::new(
                    "standin_config_last_success_timestamp_seconds",
                    "Unix time at which the configuration in force was loaded.",
                )),
            ),
            certificates: register(
                r,
                GaugeVec::new(
                    Opts::new(
                        "standin_tls_certificate_expiry_timestamp_seconds",
                        "Unix time at which the certificate of a listener ends.",
                    ),
                    &["listener"],
                ),
            ),
            call_log_bytes: gauge(r, "call_log_bytes", "Bytes that the call log holds."),
            call_log_dropped: counter(
                r,
                "call_log_dropped_total",
                "Entries and access lines that were dropped because nobody may wait for them.",
            ),
            database_bytes: gauge(r, "call_log_database_bytes", "Bytes that the kept calls take in their file."),
            database_dropped: counter(
                r,
                "call_log_database_dropped_total",
                "Calls that the memory let go before they could be kept in their file.",
            ),
            database_failing: gauge(
                r,
                "call_log_database_failing",
                "1 while calls are to be kept in a file and cannot be, else 0.",
            ),
            connections: gauge(r, "connections", "Open connections of the data listener."),
            inflight: register(r, sharded::Gauge::with_opts(inflight)),
            panics: counter(r, "panics_total", "Requests that a panic of Standin ended."),
            log_suppressed: counter(
                r,
                "log_lines_suppressed_total",
                "Lines of the operational log that were left out because their place in the source writes too many.",
            ),
            traces_dropped: counter(
                r,
                "traces_dropped_total",
                "Calls of which no spans were made because nobody may wait for them.",
            ),
            folded: counter(
                r,
                "metrics_folded_stubs_total",
                "Stubs that count as `_other` because `metrics.max_stubs` have series already.",
            ),
            born: Mutex::new(Born { max_stubs, ..Born::default() }),
            registry,
        }
    }
}
