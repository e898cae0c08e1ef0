//! Overrides over reloads and restarts.

use serde_json::{Value, json};

use super::{force, listed, patch, scenario, stub, undo};
use crate::admin::{ask, refusal};
use crate::support::process::{Process, standin};
use crate::support::{PORTS, Sidecar, sidecar, wait_for};

const CITY: &str = "[default]\nenvironment = \"paris\"\n[default.environments.paris]\nvars = { city = \"Paris\" }\n\
    [default.environments.rome]\nvars = { city = \"Rome\" }\n\
    [[server_stub]]\nname = \"down\"\nstatus = 503\n\
    [[stub]]\nname = \"city\"\nmatch = \"GET /city\"\n[[stub.scenario]]\nname = \"here\"\nbody = \"{{ env.city }}\"\n\
    [[stub.scenario]]\nname = \"lost\"\nwhen.query.lost = \"1\"\nbody = \"lost\"\n";

fn ids(sidecar: &Sidecar) -> Vec<String> {
    listed(sidecar).iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_lies_over_the_files_stays_over_a_reload() {
    let sidecar = sidecar().config(CITY).start();
    force(&sidecar, &json!({ "stub": "city", "scenario": "lost", "count": 3 }));
    patch(&sidecar, &json!({ "environment": "rome", "delay": "1ms" }));
    assert_eq!(sidecar.get("/city").text(), "lost");
    sidecar.reload_with(&format!("{CITY}{}", stub("more", "more"))).unwrap();
    assert_eq!(ids(&sidecar), ["1", "delay", "environment"]);
    assert_eq!(sidecar.get("/more").text(), "more");
    let answers = [sidecar.get("/city").text(), sidecar.get("/city").text(), sidecar.get("/city").text()];
    assert_eq!(answers, ["lost", "lost", "Rome"], "the count goes on where it was");
    assert!(sidecar.reload_with("[[stub]]\nmatch = 7").is_err());
    assert_eq!(sidecar.get("/city").text(), "Rome", "a refused reload changes nothing of it");
}

#[test]
fn what_a_reload_took_the_ground_from_is_dropped_and_never_blocks_it() {
    let process = Process::start(CITY);
    let post = |what: &Value| ask(process.admin, "POST", "/v1/mocks/default/overrides", "", &what.to_string()).status;
    let change =
        |what: &Value| ask(process.admin, "PATCH", "/v1/mocks/default", "If-Match: *\r\n", &what.to_string()).status;
    assert_eq!(post(&scenario("city", "lost")), 201);
    assert_eq!(change(&json!({ "environment": "rome", "active_server_stub": "down", "delay": "1ms" })), 200);
    process.write(&stub("a", "a"));
    let reloaded = ask(process.admin, "POST", "/v1/config/reload", "", "{}");
    assert_eq!(reloaded.status, 200, "{}", reloaded.text());
    let left = ask(process.admin, "GET", "/v1/overrides", "", "").json();
    let left: Vec<_> = left["overrides"].as_array().unwrap().iter().map(|entry| entry["id"].clone()).collect();
    assert_eq!(left, ["delay"]);
    let warned = wait_for("three warnings", || {
        let text = process.stderr();
        let lines = text.lines().filter(|line| line.contains("an override is dropped")).count();
        (lines >= 3).then_some(text)
    });
    assert!(warned.contains("there is no stub `city`"), "{warned}");
    assert!(warned.contains("unknown-environment") && warned.contains("unknown-server-stub"), "{warned}");
    assert_eq!(crate::support::Client::connect(process.data).get("/a").text(), "a");
}

/// A process with a state file in a folder that outlives it.
fn run(dir: tempfile::TempDir) -> Process {
    let config = format!("{PORTS}admin.state_file = \"state.json\"\n{CITY}");
    std::fs::write(dir.path().join("standin.toml"), config).unwrap();
    let mut command = standin();
    command.args(["run", "-c", "."]);
    Process::launch(command, dir)
}

#[test]
fn with_a_state_file_it_stays_over_a_restart_with_what_is_left_of_it() {
    let process = run(tempfile::tempdir().unwrap());
    let admin = process.admin;
    let lost = json!({ "stub": "city", "scenario": "lost", "count": 3, "ttl": "1h" });
    assert_eq!(ask(admin, "POST", "/v1/mocks/default/overrides", "", &lost.to_string()).status, 201);
    let change = json!({ "environment": "rome", "delay": "1ms" });
    assert_eq!(ask(admin, "PATCH", "/v1/mocks/default", "If-Match: *\r\n", &change.to_string()).status, 200);
    let text = |process: &Process| crate::support::Client::connect(process.data).get("/city").text();
    assert_eq!(text(&process), "lost");
    let before = ask(admin, "GET", "/v1/overrides", "", "").json();
    let (dir, status) = process.end("TERM");
    assert!(status.success());

    let process = run(dir);
    let after = ask(process.admin, "GET", "/v1/overrides", "", "").json();
    assert_eq!(before["overrides"][0]["left"], 2);
    let plain = |mut shown: Value| {
        // Times are kept by the millisecond.
        for entry in shown["overrides"].as_array_mut().unwrap() {
            for key in ["since", "until"] {
                if let Some(time) = entry[key].as_str() {
                    entry[key] = time[..23].into();
                }
            }
        }
        shown
    };
    assert_eq!(plain(after), plain(before));
    assert_eq!([text(&process), text(&process), text(&process)], ["lost", "lost", "Rome"]);
    assert_eq!(ask(process.admin, "DELETE", "/v1/mocks/default/overrides", "", "").status, 200);
    let (dir, _) = process.end("TERM");
    let process = run(dir);
    assert_eq!(text(&process), "Paris");
}

#[test]
fn after_a_kill_what_was_changed_is_there() {
    let process = run(tempfile::tempdir().unwrap());
    let change = json!({ "environment": "rome" });
    assert_eq!(ask(process.admin, "PATCH", "/v1/mocks/default", "If-Match: *\r\n", &change.to_string()).status, 200);
    let (dir, _) = process.end("KILL");
    let process = run(dir);
    assert_eq!(crate::support::Client::connect(process.data).get("/city").text(), "Rome");
}

#[test]
fn the_id_of_an_override_is_given_once() {
    let sidecar = sidecar().config(&stub("a", "a")).start();
    let first = force(&sidecar, &json!({ "stub": "a", "off": true, "count": 1 }));
    sidecar.get("/a");
    let second = force(&sidecar, &json!({ "stub": "a", "off": true }));
    assert_ne!(first, second);
    let late = ask(sidecar.app().admin(), "DELETE", &format!("/v1/mocks/default/overrides/{first}"), "", "");
    assert_eq!(late.status, 404);
    assert_eq!(ids(&sidecar), [second]);
}

#[test]
fn a_state_file_that_is_none_keeps_nobody_from_starting() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("state.json"), "{ broken").unwrap();
    let process = run(dir);
    let line = process.wait_for_log("`admin.state_file` cannot be read: nothing lies over the files");
    assert!(line["path"].as_str().unwrap().ends_with("state.json"), "{line}");
    assert_eq!(ask(process.admin, "GET", "/v1/overrides", "", "").json()["overrides"], json!([]));
}

#[test]
fn what_cannot_be_kept_is_not_changed() {
    let config = format!("admin.state_file = \"missing/state.json\"\n{CITY}");
    let sidecar = sidecar().config(&config).start();
    let admin = sidecar.app().admin();
    let lost = scenario("city", "lost").to_string();
    let refused = ask(admin, "POST", "/v1/mocks/default/overrides", "", &lost);
    assert_eq!((refusal(&refused).0, refusal(&refused).1), (500, "state-file".to_owned()));
    let refused = ask(admin, "PATCH", "/v1/mocks/default", "If-Match: *\r\n", "{\"environment\":\"rome\"}");
    assert_eq!(refused.status, 500);
    assert_eq!((sidecar.get("/city").text(), ids(&sidecar).len()), ("Paris".to_owned(), 0));
    std::fs::create_dir(sidecar.dir.path().join("missing")).unwrap();
    let id = force(&sidecar, &scenario("city", "lost"));
    assert_eq!(sidecar.get("/city").text(), "lost");
    undo(&sidecar, &id);
    let kept = std::fs::read_to_string(sidecar.dir.path().join("missing/state.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&kept).unwrap()["overrides"], json!([]));
}
