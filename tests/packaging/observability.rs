//! The dashboard and the alerts: metrics and labels that exist, expressions that Prometheus takes, alerts that fire when
//! they should and not otherwise.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use regex::Regex;
use serde_json::Value;

use super::{documents, read, run};
use crate::support::root;

const RULES: &str = "config/prometheus/standin.rules.yml";
const TESTS: &str = "config/prometheus/standin.rules.test.yml";
const DASHBOARD: &str = "config/grafana/standin.json";

/// Labels that Prometheus itself sets.
const OUTER_LABELS: [&str; 3] = ["job", "instance", "le"];

fn found(pattern: &str, text: &str) -> BTreeSet<String> {
    Regex::new(pattern).unwrap().captures_iter(text).map(|found| found[1].to_owned()).collect()
}

/// The expressions of the rules, and those of the dashboard.
fn expressions() -> Vec<String> {
    let rules = documents(&root().join(RULES)).remove(0);
    let rules = rules["groups"][0]["rules"].as_array().unwrap().clone();
    let mut found: Vec<String> = rules.iter().map(|rule| rule["expr"].as_str().unwrap().to_owned()).collect();
    for panel in panels() {
        let targets = panel["targets"].as_array().cloned().unwrap_or_default();
        found.extend(targets.iter().map(|target| target["expr"].as_str().unwrap().to_owned()));
    }
    found
}

fn panels() -> Vec<Value> {
    let dashboard: Value = serde_json::from_str(&read(DASHBOARD)).unwrap();
    dashboard["panels"].as_array().unwrap().clone()
}

/// The table of the README, which another test holds against the code: metrics, and all labels.
fn listed() -> (BTreeSet<String>, BTreeSet<String>) {
    let readme = read("README.md");
    let rows: Vec<&str> = readme.lines().filter(|line| line.starts_with("| `standin_")).collect();
    assert!(rows.len() > 15, "the table of metrics is not where it was");
    let metrics = rows.iter().flat_map(|row| found(r"^\| `(standin_[a-z_]+)`", row)).collect();
    let labels = rows.iter().flat_map(|row| found(r"`([a-z]+)`", row.split('|').nth(2).unwrap())).collect();
    (metrics, labels)
}

#[test]
fn dashboard_and_alerts_use_metrics_and_labels_that_exist_and_the_dashboard_uses_all() {
    let (metrics, mut labels) = listed();
    labels.extend(OUTER_LABELS.map(str::to_owned));
    let mut used = BTreeSet::new();
    for expression in expressions() {
        for name in found(r"\b(standin_[a-z_]+)", &expression) {
            let whole = name.trim_end_matches("_bucket").trim_end_matches("_sum").trim_end_matches("_count");
            let name = if metrics.contains(&name) { name.as_str() } else { whole };
            assert!(metrics.contains(name), "{name} does not exist: {expression}");
            used.insert(name.to_owned());
        }
        for list in found(r"by \(([a-z, ]+)\)", &expression) {
            for label in list.split(", ") {
                assert!(labels.contains(label), "no metric has the label {label}: {expression}");
            }
        }
        for label in found(r"([a-z]+)=~?\x22", &expression) {
            assert!(labels.contains(&label), "no metric has the label {label}: {expression}");
        }
    }
    assert_eq!(used, metrics, "each metric has a place on the dashboard");
}

#[test]
fn panels_have_places_and_names_of_their_own() {
    let mut ids = BTreeSet::new();
    let mut cells = BTreeSet::new();
    for panel in panels() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{}", panel["id"]);
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        for x in at("x")..at("x") + at("w") {
            assert!(x < 24, "{} is too wide", panel["title"]);
            for y in at("y")..at("y") + at("h") {
                assert!(cells.insert((x, y)), "{} covers another panel", panel["title"]);
            }
        }
    }
    assert!(ids.len() > 15);
}

#[test]
fn prometheus_takes_each_expression() {
    let dir = tempfile::tempdir().unwrap();
    let rules: Vec<Value> = expressions()
        .iter()
        .enumerate()
        .map(|(at, expression)| {
            let expression = expression.replace("$__rate_interval", "5m").replace("$__range", "1h");
            serde_json::json!({ "record": format!("r{at}"), "expr": expression })
        })
        .collect();
    let file = serde_json::json!({ "groups": [{ "name": "all", "rules": rules }] });
    let path = dir.path().join("all.yml");
    std::fs::write(&path, file.to_string()).unwrap();
    let ended = run(Command::new("promtool").args(["check", "rules"]).arg(path));
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[test]
fn alerts_fire_when_they_should_and_not_otherwise() {
    for (command, file) in [("check", RULES), ("test", TESTS)] {
        let ended = run(Command::new("promtool").args([command, "rules", file]));
        assert_eq!(ended.code, 0, "{ended:?}");
    }
    // Each alert has a case in which it fires and one in which it does not, and stands in the README.
    let text = read(TESTS);
    let readme = read("README.md");
    for alert in found(r"alert: (\w+)", &read(RULES)) {
        assert!(Regex::new(&format!(r"alertname: {alert}, exp_alerts: \[\]")).unwrap().is_match(&text), "{alert}");
        let fires = Regex::new(&format!(r"alertname: {alert}(, exp_alerts: \[\{{|\n\s+exp_alerts:\n)")).unwrap();
        assert!(fires.is_match(&text), "{alert} never fires");
        assert!(readme.contains(&format!("| `{alert}` |")), "{alert} is not in the README");
    }
    // The check can fail.
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| std::fs::write(dir.path().join(name), text).unwrap();
    write("standin.rules.yml", read(RULES).replace("> 0.05", "> 0.5"));
    write("t.yml", text);
    let ended = run(Command::new("promtool").args(["test", "rules"]).arg(Path::new(dir.path()).join("t.yml")));
    assert_ne!(ended.code, 0, "{ended:?}");
}
