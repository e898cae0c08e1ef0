//! WireMock and Standin are sent the same requests, for mappings that use each feature which is translated.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{copy, path};
use crate::support::client::{Client, Response};
use crate::support::process::{Helper, output};
use crate::support::sidecar;

/// Whether there is Java. Where there is none, the reason is said past the harness, which hides what a test prints.
fn has_java() -> bool {
    let version = Command::new("java").arg("-version").stdin(Stdio::null()).output();
    let has = version.is_ok_and(|version| version.status.success());
    if !has {
        // Past the capture of the test's output, so that somebody reads it.
        let mut out = std::io::stderr();
        writeln!(out, "skipped: Standin is not compared with WireMock, for there is no Java here").unwrap();
    }
    has
}

/// What `.ci/install test` has brought.
fn jar() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/wiremock/node_modules/wiremock/build");
    let entries = std::fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let jar = entries.filter(|path| path.extension().is_some_and(|extension| extension == "jar")).min();
    jar.unwrap_or_else(|| {
        panic!("run `.ci/install test`, as `make test` does: there is no jar in {}", folder.display())
    })
}

/// WireMock on a port of its own.
fn start(root: &Path) -> (Helper, SocketAddr) {
    let mut java = Command::new("java");
    java.arg("-jar").arg(jar()).args(["--port", "0", "--bind-address", "127.0.0.1", "--disable-request-logging"]);
    java.args(["--no-request-journal", "--root-dir"]).arg(root);
    java.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = java.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let helper = Helper(child);
    for line in lines {
        let line = line.unwrap();
        if let Some(port) = line.strip_prefix("port:") {
            let address = format!("127.0.0.1:{}", port.trim()).parse().unwrap();
            return (helper, address);
        }
    }
    panic!("WireMock ended before it named its port");
}

/// A request as one line of `wiremock.requests`: method and target, header fields behind `|`, the body behind `||`.
fn ask(mut client: Client, line: &str) -> Response {
    let (head, body) = line.split_once(" || ").unwrap_or((line, ""));
    let mut parts = head.split(" | ");
    let request_line = parts.next().unwrap();
    let fields: Vec<&str> = parts.collect();
    let mut request = format!("{request_line} HTTP/1.1\r\n");
    if !fields.iter().any(|field| field.starts_with("Host: ")) {
        request.push_str("Host: 127.0.0.1\r\n");
    }
    fields.iter().for_each(|field| request.push_str(&format!("{field}\r\n")));
    if !body.is_empty() || request_line.starts_with("POST") {
        request.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    request.push_str(&format!("Connection: close\r\n\r\n{body}"));
    client.send(request);
    if request_line.starts_with("HEAD ") { client.head_response() } else { client.response() }
}

/// What of an answer is compared: all that a mapping says.
fn told(answer: &Response) -> (u16, Vec<u8>, Vec<Option<String>>) {
    let fields = ["x-one", "x-two", "x-method"].map(|name| {
        let all = answer.all(name);
        (!all.is_empty()).then(|| all.join(", "))
    });
    (answer.status, answer.body.clone(), fields.to_vec())
}

#[test]
fn the_same_requests_get_the_same_answers_from_wiremock() {
    if !has_java() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    copy(&path("wiremock"), &dir.path().join("mocked"));
    // WireMock refuses some of what Standin names and leaves out.
    std::fs::remove_file(dir.path().join("mocked/mappings/lost.json")).unwrap();
    let imported = output(&["import", "wiremock", "mocked", "-o", "mocks"], dir.path());
    assert_eq!(imported.code, 0, "{imported:?}");
    let (_wiremock, wiremock) = start(&dir.path().join("mocked"));
    let config = format!("mocks = [\"{}\"]", dir.path().join("mocks/mocked.toml").display());
    let standin = sidecar().config(&config).start();
    let requests = std::fs::read_to_string(path("wiremock.requests")).unwrap();
    let (mut different, mut answered) = (Vec::new(), 0);
    for line in requests.lines() {
        let (theirs, ours) = (ask(Client::connect(wiremock), line), ask(standin.connect(), line));
        answered += 1;
        if told(&theirs) != told(&ours) {
            different.push(format!(
                "{line}\n  WireMock {} {:?}\n  Standin  {} {:?}",
                theirs.status,
                theirs.text(),
                ours.status,
                ours.text()
            ));
        }
    }
    assert!(different.is_empty(), "{} of {answered}:\n{}", different.len(), different.join("\n"));
    assert!(answered > 120, "{answered}");
    // What is random has the same form.
    for address in [wiremock, standin.address()] {
        let text = Client::connect(address).get("/random").text();
        let words: Vec<&str> = text.split(' ').collect();
        assert_eq!((words.len(), words[0].len(), words[1], words[2].len()), (3, 36, "5", 4), "{text}");
    }
}
