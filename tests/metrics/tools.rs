//! What reads metrics in earnest: promtool and Prometheus.

use super::{traffic, varied};
use crate::support::process::{closed_port, filter, free_port, program};
use crate::support::{Client, Upstream, wait_for};

#[test]
fn promtool_accepts_what_is_exposed() {
    let upstream = Upstream::echo();
    let (_socket, port) = closed_port();
    let sidecar = varied(&upstream, port).start();
    for moment in ["before any traffic", "after some"] {
        let ended = filter("promtool", &["check", "metrics"], &sidecar.metrics());
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (0, "", ""), "{moment}");
        traffic(&sidecar);
    }
    // The check can fail.
    let ended = filter("promtool", &["check", "metrics"], &sidecar.metrics().replacen("# HELP", "# HOLP", 1));
    assert_ne!(ended.code, 0, "{ended:?}");
}

#[test]
fn a_real_prometheus_scrapes_it() {
    let upstream = Upstream::echo();
    let (_socket, closed) = closed_port();
    let sidecar = varied(&upstream, closed).start();
    traffic(&sidecar);
    let dir = tempfile::tempdir().unwrap();
    let config = format!(
        "global: {{ scrape_interval: 1s, scrape_timeout: 1s }}\nscrape_configs:\n  - job_name: standin\n    static_configs:\n      \
         - targets: ['{}']\n",
        sidecar.app().ops()
    );
    std::fs::write(dir.path().join("prometheus.yml"), config).unwrap();
    let port = free_port();
    let listen = format!("--web.listen-address=127.0.0.1:{port}");
    let arguments = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--log.level=error", &listen];
    let mut prometheus = program("prometheus", &arguments, dir.path());
    wait_for("Prometheus to listen", || {
        if prometheus.0.try_wait().unwrap().is_some() {
            panic!("prometheus: {}", prometheus.complaint());
        }
        std::net::TcpStream::connect(("127.0.0.1", port)).ok()
    });
    let query = |query: &str| -> Option<String> {
        let target =
            format!("/api/v1/query?query={}", query.replace('"', "%22").replace('{', "%7B").replace('}', "%7D"));
        let response = Client::connect(([127, 0, 0, 1], port).into()).as_host("localhost").try_get(&target)?;
        let answer: serde_json::Value = serde_json::from_slice(&response.body).ok()?;
        answer["data"]["result"][0]["value"][1].as_str().map(str::to_owned)
    };
    wait_for("the target to be up", || query("up{job=\"standin\"}").filter(|up| up == "1"));
    wait_for("a series of ours", || {
        query("standin_requests_total{decision=\"mocked\",stub=\"get-mock\"}").filter(|value| value == "1")
    });
    wait_for("a histogram of ours", || {
        query("sum(standin_request_duration_seconds_bucket{le=\"+Inf\"})".replace('+', "%2B").as_str())
    });
}
