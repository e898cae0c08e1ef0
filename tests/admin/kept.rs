//! Calls and access lines in files: over restarts, kills, full disks and reloads.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::ask;
use crate::support::process::{Process, standin};
use crate::support::{Client, PORTS, sidecar, wait_for};

const STUB: &str = "[[stub]]\nmatch = \"POST /orders/{id}\"\nbody = \"taken\"\n";

/// A sidecar whose calls are kept in a folder that outlives it.
fn keeping(folder: &std::path::Path) -> String {
    format!("{STUB}[call_log.database]\npath = \"{}\"\n", folder.join("calls.db").display())
}

fn shown(process: &Process, target: &str) -> Value {
    let response = ask(process.admin, "GET", target, "", "");
    assert_eq!(response.status, 200, "{target}: {}", response.text());
    response.json()
}

fn paths(page: &Value) -> Vec<String> {
    page["calls"].as_array().unwrap().iter().map(|call| call["path"].as_str().unwrap().to_owned()).collect()
}

fn metric(process: &Process, name: &str) -> f64 {
    let text = Client::connect(process.ops).get("/metrics").text();
    let line = text.lines().find(|line| line.starts_with(name) && !line.starts_with('#')).unwrap().to_owned();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn calls_survive_a_restart_and_are_found_like_others() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = Process::start(&keeping(folder.path()));
    for id in 1..=3 {
        before.connect().post(
            &format!("/orders/{id}"),
            "Authorization: Bearer hush\r\n",
            format!("order {id}").as_bytes(),
        );
    }
    before.signal("TERM");
    assert!(before.wait().success());

    let after = Process::start(&keeping(folder.path()));
    after.connect().post("/orders/4", "", b"order 4");
    let all = wait_for("the calls of both runs", || {
        let page = shown(&after, "/v1/calls");
        (page["calls"].as_array().unwrap().len() == 4).then_some(page)
    });
    assert_eq!(paths(&all), ["/orders/4", "/orders/3", "/orders/2", "/orders/1"]);
    assert_eq!(all["database"]["fault"], Value::Null);
    assert_eq!(all["oldest"], all["calls"][3]["id"]);
    assert!(all["calls"][1]["duration_us"]["total"].as_u64().is_some(), "{}", all["calls"][1]);

    let whole = shown(&after, &format!("/v1/calls/{}", all["calls"][2]["id"].as_str().unwrap()));
    assert_eq!(whole["request"]["body"]["text"], "order 2");
    assert_eq!(whole["response"]["body"]["text"], "taken");
    assert!(
        whole["request"]["headers"].as_array().unwrap().contains(&serde_json::json!(["Authorization", "[redacted]"]))
    );
    assert_eq!(paths(&shown(&after, "/v1/calls?q=ORDER+3")), ["/orders/3"]);
    assert_eq!(paths(&shown(&after, "/v1/calls?path=/orders/1&stub=post-orders-id")), ["/orders/1"]);

    // Pages go on from one run into the other.
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = shown(&after, &format!("/v1/calls?limit=1{cursor}"));
        seen.extend(paths(&page));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, paths(&all));
    let exported = ask(after.admin, "GET", "/v1/calls/export", "", "").text();
    let exported: Vec<Value> = exported.lines().rev().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(paths(&serde_json::json!({ "calls": exported })), paths(&all));

    let deleted = ask(after.admin, "DELETE", "/v1/calls", "", "").json();
    assert_eq!(deleted["deleted"], 4);
    assert_eq!(paths(&shown(&after, "/v1/calls")), [""; 0]);
}

#[test]
fn a_kill_under_load_loses_the_last_moments_only_and_breaks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let config = keeping(folder.path());
    let mut before = Process::start(&config);
    let stop = Arc::new(AtomicBool::new(false));
    let load = std::thread::spawn({
        let (address, stop) = (before.data, stop.clone());
        move || {
            let mut client = Client::connect(address);
            while !stop.load(Ordering::Relaxed) {
                client.post("/orders/0", "", b"load");
            }
        }
    });
    before.connect().post("/orders/42", "", b"the one to be found");
    let id = wait_for("the call", || {
        let page = shown(&before, "/v1/calls?path=/orders/42");
        page["calls"][0]["id"].as_str().map(str::to_owned)
    });
    // The promise is one second. What is added is for machines that are busy with other tests.
    std::thread::park_timeout(Duration::from_secs(3));
    stop.store(true, Ordering::Relaxed);
    load.join().unwrap();
    before.signal("KILL");
    before.wait();

    let after = Process::start(&config);
    let whole = wait_for("the call of the run before", || {
        let response = ask(after.admin, "GET", &format!("/v1/calls/{id}"), "", "");
        (response.status == 200).then(|| response.json())
    });
    assert_eq!(whole["request"]["body"]["text"], "the one to be found");
    let page = shown(&after, "/v1/calls?path=/orders/0&limit=1000");
    assert!(page["calls"].as_array().unwrap().len() > 10, "the load is there too: {page}");
    assert_eq!(metric(&after, "standin_call_log_database_failing"), 0.0);
}

#[test]
fn a_full_disk_costs_calls_of_the_file_and_nothing_else() {
    let (folder, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(dir.path().join("standin.toml"), format!("{PORTS}{}", keeping(folder.path()))).unwrap();
    // No file of this process may grow beyond 1 MiB: what a full disk is like, to be had on every machine.
    let mut command = Command::new("sh");
    command.arg("-c").arg("trap '' XFSZ; ulimit -f 2048; exec \"$0\" run -c .").arg(standin().get_program());
    command.env("NO_COLOR", "1");
    let process = Process::launch(command, dir);
    let mut client = process.connect();
    wait_for("the disk to be full", || {
        // Nothing that compresses well.
        let large: String = std::iter::repeat_with(fastrand::alphanumeric).take(15 << 10).collect();
        assert_eq!(client.post("/orders/1", "", large.as_bytes()).status, 200);
        (metric(&process, "standin_call_log_database_failing") == 1.0).then_some(())
    });
    for _ in 0..100 {
        assert_eq!(client.post("/orders/2", "", b"still here").status, 200);
    }
    let page = shown(&process, "/v1/calls?path=/orders/2&limit=1000");
    assert_eq!(page["calls"].as_array().unwrap().len(), 100);
    let fault = page["database"]["fault"].as_str().unwrap();
    assert!(fault.contains("calls.db"), "{fault}");
    process.wait_for_log("calls are kept in memory only");
    assert_eq!(Client::connect(process.ops).get("/readyz").status, 200);
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let notes = "what somebody wrote down, and wants to keep\n".repeat(100);
    std::fs::write(folder.path().join("calls.db"), &notes).unwrap();
    let sidecar = sidecar().config(&keeping(folder.path())).start();
    assert_eq!(sidecar.connect().post("/orders/1", "", b"").status, 200);
    let fault = wait_for("the fault to be told", || {
        sidecar.admin("/v1/calls")["database"]["fault"].as_str().map(str::to_owned)
    });
    assert!(fault.contains("not a database"), "{fault}");
    assert_eq!(sidecar.calls().len(), 1);
    drop(sidecar);
    assert_eq!(std::fs::read_to_string(folder.path().join("calls.db")).unwrap(), notes);
}

#[test]
fn a_reload_begins_to_keep_calls_and_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let sidecar = sidecar().config(STUB).start();
    sidecar.connect().post("/orders/1", "", b"");
    assert_eq!(sidecar.admin("/v1/calls")["database"], Value::Null);
    sidecar.reload_with(&keeping(folder.path())).unwrap();
    // What was there before goes into the file too.
    wait_for("the call to be kept", || {
        let page = sidecar.admin("/v1/calls");
        (page["database"]["bytes"].as_u64().is_some_and(|bytes| bytes > 0)).then_some(())
    });
    wait_for("the file to hold it", || {
        let name = "SELECT ifnull(sum(calls), 0) FROM chunks";
        let database = rusqlite::Connection::open(folder.path().join("calls.db")).ok()?;
        database.query_row(name, [], |row| row.get::<_, i64>(0)).ok().filter(|calls| *calls == 1)
    });
    sidecar.reload_with(STUB).unwrap();
    wait_for("the file to be let go", || (sidecar.admin("/v1/calls")["database"] == Value::Null).then_some(()));
    assert_eq!(sidecar.calls().len(), 1);
}

#[test]
fn access_lines_go_to_a_file_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lines.jsonl");
    let plain = format!("call_log.access_log = \"all\"\n{STUB}");
    let to_file = format!(
        "call_log.access_log = \"all\"\ncall_log.file = {{ path = \"{}\", size = \"16KiB\", keep = 2 }}\n{STUB}",
        path.display()
    );
    let sidecar = sidecar().config(&to_file).start();
    sidecar.connect().post("/orders/1", "", b"");
    let line = wait_for("the line", || {
        let text = std::fs::read_to_string(&path).ok()?;
        text.lines().next().map(|line| serde_json::from_str::<Value>(line).unwrap())
    });
    assert_eq!((line["msg"].as_str(), line["path"].as_str()), (Some("access"), Some("/orders/1")));
    assert!(sidecar.lines().is_empty());
    let mut client = sidecar.connect();
    for _ in 0..200 {
        client.post("/orders/2", "", b"");
    }
    wait_for("a full file to be put aside", || folder.path().join("lines.jsonl.1").exists().then_some(()));
    sidecar.reload_with(&plain).unwrap();
    sidecar.connect().post("/orders/3", "", b"");
    wait_for("the line on standard output", || {
        sidecar.lines().iter().any(|line| line["path"] == "/orders/3").then_some(())
    });
}
