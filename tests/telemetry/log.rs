//! The operational log: its form by choice, and no flood of it.

use crate::support::Client;
use crate::support::process::{Process, output_with};

/// A warning to be logged, and a listener that cannot be had, so that the command ends.
fn ends_with_a_warning(variables: &[(&str, &str)]) -> crate::support::process::Ended {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let config = format!(
        "mocks = [\"none/*.toml\"]\nproxy.listen = \"127.0.0.1:0\"\nops.listen = \"127.0.0.1:0\"\nadmin.listen = \"{}\"",
        taken.local_addr().unwrap()
    );
    std::fs::write(dir.path().join("standin.toml"), config).unwrap();
    output_with(&["run", "-c", "."], variables, dir.path())
}

#[test]
fn the_log_is_json_or_text_by_choice() {
    for (variables, is_json) in
        [(&[][..], true), (&[("STANDIN_LOG_FORMAT", "json")], true), (&[("STANDIN_LOG_FORMAT", "text")], false)]
    {
        let ended = ends_with_a_warning(variables);
        assert_eq!(ended.code, 1, "{ended:?}");
        let line = ended.stderr.lines().find(|line| line.contains("configuration has warnings")).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(line).is_ok(), is_json, "{line}");
        assert!(is_json || line.contains(" WARN "), "{line}");
    }
}

#[test]
fn variables_that_mean_nothing_are_refused_with_help() {
    for (name, value, help) in [
        ("STANDIN_LOG_FORMAT", "yaml", "error: STANDIN_LOG_FORMAT is `yaml`\nhelp: write `json` or `text`"),
        ("STANDIN_LOG", "info,a=loud", "help: write a level, such as `debug`"),
    ] {
        let ended = ends_with_a_warning(&[(name, value)]);
        assert!(ended.code == 3 && ended.stderr.contains(help), "{ended:?}");
    }
}

#[test]
fn a_flood_of_one_line_is_cut_and_what_is_left_out_is_counted() {
    const CALLERS: usize = 60;
    let sidecar = Process::start("limits.connections = 1");
    let mut held = sidecar.connect();
    held.get("/"); // answered, so that it holds the one place before the others come
    for _ in 0..CALLERS {
        drop(Client::connect(sidecar.data));
    }
    let said = || sidecar.stderr().matches("connection refused").count();
    crate::support::wait_for("every refusal to be logged or counted", || {
        let metrics = Client::connect(sidecar.ops).get("/metrics").text();
        let left_out = metrics.lines().find_map(|line| line.strip_prefix("standin_log_lines_suppressed_total "));
        let left_out: usize = left_out.unwrap().parse().unwrap();
        (said() + left_out >= CALLERS && left_out > 0).then_some(())
    });
    drop(held);
}
