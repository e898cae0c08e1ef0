//! `standin logs`.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::support::process::{Ended, Helper, output_with, standin};
use crate::support::{Sidecar, sidecar};

fn logs(sidecar: &Sidecar, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let admin = sidecar.app().admin().to_string();
    let all = [&["logs", "--admin", &admin], arguments].concat();
    output_with(&all, variables, sidecar.dir.path())
}

#[test]
fn the_newest_calls_are_printed_last_and_filters_hold() {
    let sidecar = sidecar().config("[[stub]]\nmatch = \"GET /a/{n}\"\n[[stub]]\nmatch = \"POST /b\"").start();
    for n in 1..=3 {
        sidecar.get(&format!("/a/{n}"));
    }
    sidecar.get("/miss");
    sidecar.last_call();
    let ended = logs(&sidecar, &[], &[]);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!((ended.code, lines.len()), (0, 4), "{ended:?}");
    assert!(
        lines[0].contains(" 200 GET /a/1 mocked ")
            && lines[0].ends_with("mock=\"default\" stub=\"get-a-n\" scenario=\"default\""),
        "{}",
        lines[0]
    );
    assert!(lines[3].contains(" 404 GET /miss unmatched "), "{}", lines[3]);
    let json = logs(&sidecar, &["--json", "--limit", "1", "--path", "/a/*"], &[]);
    let call: serde_json::Value = serde_json::from_str(json.stdout.trim()).unwrap();
    assert_eq!(call["path"], "/a/3");
    assert_eq!(logs(&sidecar, &["--misses"], &[]).stdout.lines().count(), 1);
    assert_eq!(logs(&sidecar, &["--miss", "any"], &[]).stdout, logs(&sidecar, &["--misses"], &[]).stdout);
    let slip = logs(&sidecar, &["--stub", "get-a-m"], &[]);
    assert!(slip.code == 1 && slip.stderr.contains("help: did you mean `get-a-n`?"), "{slip:?}");
    assert_eq!(logs(&sidecar, &["--q", "A/2"], &[]).stdout.lines().count(), 1);
}

#[test]
fn what_is_wrong_is_told_in_the_words_of_the_api() {
    let sidecar = sidecar().variable("T", "a-token-of-the-tests").config("admin.token = { env = \"T\" }").start();
    let without = logs(&sidecar, &[], &[]);
    assert_eq!(without.code, 1);
    assert!(without.stderr.contains("help: set STANDIN_TOKEN"), "{}", without.stderr);
    let with = logs(&sidecar, &["--decision", "mokced"], &[("STANDIN_TOKEN", "a-token-of-the-tests")]);
    assert!(with.code == 1 && with.stderr.contains("help: did you mean `mocked`?"), "{}", with.stderr);
    assert_eq!(logs(&sidecar, &[], &[("STANDIN_TOKEN", "a-token-of-the-tests")]).code, 0);
    let nobody = output_with(&["logs", "--admin", "127.0.0.1:1"], &[], sidecar.dir.path());
    assert!(nobody.code == 1 && nobody.stderr.contains("127.0.0.1:1"), "{nobody:?}");
    let no_file = output_with(&["logs", "--admin", "https://127.0.0.1:1", "--ca", "none.pem"], &[], sidecar.dir.path());
    assert!(no_file.code == 2 && no_file.stderr.contains("none.pem"), "{no_file:?}");
}

#[test]
fn whoever_follows_sees_calls_as_they_pass() {
    let sidecar = sidecar().config("[[stub]]\nmatch = \"GET /a\"\n[[stub]]\nmatch = \"GET /b\"").start();
    let mut command = standin();
    let admin = sidecar.app().admin().to_string();
    command.args(["logs", "--follow", "--admin", &admin, "--path", "/b"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = Helper(command.spawn().unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    // It begins somewhere among these; what counts is that it goes on.
    let (stop, stopped) = std::sync::mpsc::channel();
    let address = sidecar.address();
    let caller = std::thread::spawn(move || {
        let mut client = crate::support::Client::connect(address);
        while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            client.get("/a");
            client.get("/b");
            std::thread::park_timeout(std::time::Duration::from_millis(20));
        }
    });
    for _ in 0..3 {
        let line = lines.next().unwrap().unwrap();
        assert!(line.contains(" 200 GET /b mocked "), "{line}");
    }
    stop.send(()).unwrap();
    caller.join().unwrap();
}

#[test]
fn whoever_follows_sees_what_was_there_before_and_each_call_once() {
    let sidecar = sidecar().config("[[stub]]\nmatch = \"GET /a\"").start();
    for n in 1..=3 {
        sidecar.get(&format!("/miss/{n}"));
        sidecar.get("/a");
    }
    let mut command = standin();
    let admin = sidecar.app().admin().to_string();
    command.args(["logs", "-f", "--misses", "--limit", "2", "--admin", &admin]);
    let mut child = Helper(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let mut sees = |path: &str| {
        let line = lines.next().unwrap().unwrap();
        assert!(line.contains(&format!(" GET {path} unmatched ")), "{line}");
    };
    sees("/miss/2");
    sees("/miss/3");
    sidecar.get("/a");
    sidecar.get("/miss/4");
    sees("/miss/4");
}
