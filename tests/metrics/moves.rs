//! Every metric moves with what it counts.

use std::sync::{Arc, Mutex, mpsc};

use standin::proxy::Hooks;
use standin::words::Decided;

use super::{Scrape, scrape, traffic, varied};
use crate::support::process::closed_port;
use crate::support::upstream::respond;
use crate::support::{PATIENCE, PORTS, Upstream, wait_for};

/// The whole list.
const METRICS: &[&str] = &[
    "build_info",
    "call_log_bytes",
    "call_log_database_bytes",
    "call_log_database_dropped_total",
    "call_log_database_failing",
    "call_log_dropped_total",
    "config_generation",
    "config_last_success_timestamp_seconds",
    "config_reloads_total",
    "connections",
    "inflight_requests",
    "injected_delay_seconds",
    "log_lines_suppressed_total",
    "metrics_folded_stubs_total",
    "misses_total",
    "overhead_seconds",
    "panics_total",
    "rejected_total",
    "request_duration_seconds",
    "requests_total",
    "template_errors_total",
    "traces_dropped_total",
    "upstream_duration_seconds",
    "upstream_errors_total",
    "upstream_requests_total",
];

/// The series of one metric.
fn of(scrape: &Scrape, metric: &str) -> Scrape {
    let belongs = |name: &str| {
        let family = name.split('{').next().unwrap().trim_start_matches("standin_");
        family == metric || ["_bucket", "_sum", "_count"].iter().any(|end| family.strip_suffix(end) == Some(metric))
    };
    scrape.iter().filter(|(name, _)| belongs(name)).map(|(name, value)| (name.clone(), *value)).collect()
}

/// A writer whose first write waits until it is let go: standard output that nobody reads.
struct Stuck(mpsc::Receiver<()>);

impl std::io::Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let _ = self.0.recv_timeout(PATIENCE * 3);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn every_metric_moves_with_what_it_counts() {
    let (let_go, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let upstream = Upstream::new(move |request, stream| {
        if request.line().contains("/held") {
            let _ = held.lock().unwrap().recv_timeout(PATIENCE * 2);
        }
        respond(stream, 200, "", b"");
        true
    });
    let (_socket, port) = closed_port();
    let (_let_write, stuck) = mpsc::channel();
    let hooks = Hooks {
        before_decide: Some(Arc::new(|view| {
            assert_ne!(view.path.as_bytes(), b"/panic", "a panic that a test asked for")
        })),
        ..Hooks::default()
    };
    let config = "[metrics]\nmax_stubs = 2\n[[stub]]\nmatch = \"GET /fails\"\nbody = \"{{ query.n | int }}\"";
    let sidecar = varied(&upstream, port)
        .config(config)
        .file(
            "mocks/limited.toml",
            "base_path = \"/limited\"\nlimit = { calls = 1, per = \"day\" }\n[[stub]]\nmatch = \"GET /a\"",
        )
        .hooks(hooks)
        .lines_to(Stuck(stuck))
        .start();
    let before = scrape(&sidecar);

    traffic(&sidecar);
    assert_eq!(["/limited/a"; 2].map(|target| sidecar.get(target).status), [200, 429]);
    assert_eq!(sidecar.get("/panic").status, 500);
    assert_eq!(sidecar.get("/fails?n=x").status, 500);
    // Gauges fall back: they are looked at while there is something to see.
    let mut late = sidecar.connect();
    late.send("GET /real/held HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_for("a request under way", || {
        let now = scrape(&sidecar);
        (now["standin_inflight_requests"] >= 1.0 && now["standin_connections"] >= 1.0).then_some(())
    });
    let_go.send(()).unwrap();
    assert_eq!(late.response().status, 200);
    let count = sidecar.app().generation();
    sidecar.reload_with("staus = 1").unwrap_err();
    // More lines than may wait for a writer that is stuck.
    let requests = vec!["GET /mock HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(); 250];
    let mut flood = sidecar.connect();
    for _ in 0..40 {
        assert!(flood.pipelined(&requests).iter().all(|response| response.status == 200));
    }
    let after = scrape(&sidecar);
    assert_eq!(sidecar.app().generation(), count);

    for metric in METRICS {
        let (old, new) = (of(&before, metric), of(&after, metric));
        assert!(!new.is_empty(), "{metric} is not there");
        // These fall back, come with an applied reload (below), never change, or move where the log is the process's
        // own (tests/telemetry), spans are exported (src/calls/trace.rs) and calls kept in a file (src/calls/database,
        // tests/admin/kept.rs).
        let elsewhere = [
            "build_info",
            "call_log_database_bytes",
            "call_log_database_dropped_total",
            "call_log_database_failing",
            "config_generation",
            "config_last_success_timestamp_seconds",
            "connections",
            "inflight_requests",
            "log_lines_suppressed_total",
            "traces_dropped_total",
        ];
        assert!(elsewhere.contains(metric) || old != new, "{metric} did not move");
    }
    let families: std::collections::BTreeSet<&str> = after.keys().map(|name| name.split('{').next().unwrap()).collect();
    let known = METRICS.iter().map(|metric| of(&after, metric).len()).sum::<usize>();
    assert_eq!(known, after.len(), "a metric is missing in the list of this test: {families:?}");
    for decided in Decided::ALL {
        let label = format!("decision=\"{decided}\"");
        for metric in ["requests_total", "request_duration_seconds", "overhead_seconds"] {
            assert!(of(&after, metric).keys().any(|name| name.contains(&label)), "{metric} has nothing {label}");
        }
    }
    assert!(after["standin_call_log_dropped_total"] > 0.0);
    // And a writer that is stuck does not hold up the stop.
    sidecar.stop();
}

#[test]
fn values_are_what_was_sent() {
    let upstream = Upstream::echo();
    let (_socket, port) = closed_port();
    let sidecar = varied(&upstream, port).start();
    let before = scrape(&sidecar);
    for _ in 0..3 {
        traffic(&sidecar);
    }
    // The last call is counted when its answer has left, which may be a moment after it arrived.
    let after = wait_for("all calls to be counted", || {
        let after = scrape(&sidecar);
        let total: f64 = of(&after, "requests_total").values().sum();
        (total == 33.0 && after["standin_inflight_requests"] == 0.0).then_some(after)
    });
    for (series, expected) in [
        (
            "standin_requests_total{code=\"200\",decision=\"mocked\",mock=\"default\",scenario=\"default\",stub=\"get-mock\"}",
            3.0,
        ),
        (
            "standin_requests_total{code=\"200\",decision=\"mocked\",mock=\"default\",scenario=\"default\",stub=\"wei\\\"rd \\\\ ü\"}",
            3.0,
        ),
        ("standin_requests_total{code=\"404\",decision=\"unmatched\",mock=\"default\",scenario=\"\",stub=\"\"}", 6.0),
        ("standin_requests_total{code=\"200\",decision=\"forwarded\",mock=\"real\",scenario=\"\",stub=\"\"}", 3.0),
        ("standin_requests_total{code=\"502\",decision=\"failed\",mock=\"dead\",scenario=\"\",stub=\"\"}", 3.0),
        ("standin_requests_total{code=\"401\",decision=\"denied\",mock=\"private\",scenario=\"\",stub=\"\"}", 3.0),
        ("standin_requests_total{code=\"503\",decision=\"server_stub\",mock=\"down\",scenario=\"\",stub=\"off\"}", 3.0),
        ("standin_requests_total{code=\"400\",decision=\"rejected\",mock=\"\",scenario=\"\",stub=\"\"}", 3.0),
        ("standin_injected_delay_seconds_count{mock=\"default\"}", 3.0),
        ("standin_rejected_total{reason=\"path\"}", 3.0),
        ("standin_misses_total{reason=\"header\"}", 3.0),
        ("standin_upstream_requests_total{code=\"200\",upstream=\"app\"}", 3.0),
        ("standin_upstream_duration_seconds_count{upstream=\"app\"}", 3.0),
        ("standin_upstream_errors_total{kind=\"connect-refused\",upstream=\"dead\"}", 3.0),
        ("standin_request_duration_seconds_count{decision=\"forwarded\"}", 3.0),
        ("standin_overhead_seconds_count{decision=\"preflight\"}", 3.0),
        ("standin_call_log_dropped_total", 0.0),
        ("standin_panics_total", 0.0),
    ] {
        assert_eq!(after.get(series), Some(&expected), "{series} in {after:#?}");
    }
    let of_dead = of(&after, "upstream_duration_seconds").into_keys().filter(|name| name.contains("dead")).count();
    assert_eq!(of_dead, 0, "a series is born at its first hit");
    let delay = after["standin_injected_delay_seconds_sum{mock=\"default\"}"];
    assert!((delay - 0.9).abs() < 0.01, "three simulated delays of 300 ms are {delay}");

    let config = std::fs::read_to_string(sidecar.dir.path().join("standin.toml")).unwrap();
    sidecar.reload_with(&config.replace(PORTS, "").replace("GET /mock", "GET /other")).unwrap();
    let reloaded = scrape(&sidecar);
    assert_eq!((before["standin_config_generation"], reloaded["standin_config_generation"]), (1.0, 2.0));
    assert_eq!(reloaded["standin_config_reloads_total{result=\"applied\"}"], 2.0, "the start is the first");
    let at = "standin_config_last_success_timestamp_seconds";
    assert!(reloaded[at] > after[at] && after[at] == before[at]);
    let has = |scrape: &Scrape, stub: &str| scrape.keys().any(|name| name.contains(&format!("stub=\"{stub}\"")));
    assert!(has(&after, "get-mock") && !has(&reloaded, "get-mock"), "a series goes with its stub");
    assert_eq!(of(&reloaded, "misses_total"), of(&after, "misses_total"), "and the others stay");
    assert!(has(&reloaded, "off"), "{reloaded:#?}");
}
