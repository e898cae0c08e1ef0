//! Every protocol that a service speaks, by clients and servers that people use: the same request gets the same answer
//! over each.

mod certificates;
mod grpc;
mod hostile;
mod matrix;
mod stopping;
mod tls;
mod websocket;

use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

pub use certificates::Authority;

use crate::support::{Sidecar, sidecar};

/// The beginning of a configuration that speaks TLS; the files are those of [`Authority::write`].
pub const TLS: &str = "proxy.tls = { cert = \"server.pem\", key = \"server.key\" }";

/// How a caller speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoken {
    Http1,
    H2c,
    Http1OverTls,
    Http2OverTls,
}

impl Spoken {
    pub const ALL: [Spoken; 4] = [Spoken::Http1, Spoken::H2c, Spoken::Http1OverTls, Spoken::Http2OverTls];

    pub fn is_secure(self) -> bool {
        matches!(self, Spoken::Http1OverTls | Spoken::Http2OverTls)
    }

    /// What the log says.
    pub fn protocol(self) -> &'static str {
        match self {
            Spoken::Http1 | Spoken::Http1OverTls => "HTTP/1.1",
            Spoken::H2c | Spoken::Http2OverTls => "HTTP/2.0",
        }
    }

    fn option(self) -> &'static str {
        match self {
            Spoken::Http1 | Spoken::Http1OverTls => "--http1.1",
            Spoken::H2c => "--http2-prior-knowledge",
            Spoken::Http2OverTls => "--http2",
        }
    }
}

/// What curl got.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Got {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// curl to a sidecar, with further arguments; the folder of the sidecar holds `ca.pem`.
pub fn curl(sidecar: &Sidecar, spoken: Spoken, path: &str, arguments: &[&str]) -> Got {
    let scheme = if spoken.is_secure() { "https" } else { "http" };
    let url = format!("{scheme}://localhost:{}{path}", sidecar.address().port());
    let head = sidecar.dir.path().join(format!("head-{spoken:?}"));
    let output = Command::new("curl")
        .args(["-sS", "--noproxy", "*", "--max-time", "20", "--cacert"])
        .arg(sidecar.dir.path().join("ca.pem"))
        .args([spoken.option(), "-H", "Expect:", "-w", "%{stderr}%{http_version}", "-D"])
        .arg(&head)
        .args(arguments)
        .arg(&url)
        .stdin(Stdio::null())
        .output()
        .expect("curl is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{spoken:?} {path}: {said}");
    let version = if spoken.protocol() == "HTTP/2.0" { "2" } else { "1.1" };
    assert_eq!(said, version, "{spoken:?}");
    let head = std::fs::read_to_string(head).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Got { status, head, body: output.stdout }
}

/// A sidecar that speaks so.
pub fn speaking(spoken: Spoken, config: &str) -> Sidecar {
    speaking_with(spoken, config, &[], &[])
}

/// The same with further files and variables.
pub fn speaking_with(spoken: Spoken, config: &str, files: &[(&str, &str)], variables: &[(&str, &str)]) -> Sidecar {
    let authority = Authority::new();
    let (certificate, key) = authority.sign(&["localhost", "127.0.0.1"]);
    let tls = if spoken.is_secure() { TLS } else { "" };
    let made = [("ca.pem", &*authority.pem()), ("server.pem", &certificate), ("server.key", &key)];
    let mut builder = sidecar().config(tls).config(config);
    for (path, text) in made.iter().chain(files) {
        builder = builder.file(path, text);
    }
    for (name, value) in variables {
        builder = builder.variable(name, value);
    }
    builder.start()
}

/// The Python that has gRPC and WebSockets; `.ci/install test` makes it.
pub fn python() -> &'static str {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/bin/python");
    assert!(Path::new(path).exists(), "run `.ci/install test`, as `make test` does: {path} is missing");
    path
}

/// Runs a script of these tests with an interpreter; it says what went wrong on standard error.
pub fn script(program: &str, name: &str, arguments: &[&str]) -> Output {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/protocols").join(name);
    let output = Command::new(program).arg(path).args(arguments).stdin(Stdio::null()).output();
    output.unwrap_or_else(|error| panic!("cannot run {program}: {error}"))
}

/// The same, and it must succeed.
pub fn passes(program: &str, name: &str, arguments: &[&str]) -> String {
    let output = script(program, name, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A script that goes on, line by line.
pub struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    pub fn start(name: &str, arguments: &[&str]) -> Running {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/protocols").join(name);
        let mut command = Command::new(python());
        let mut child = command.arg(script).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Running { child, lines }
    }

    pub fn line(&mut self) -> String {
        self.lines.next().expect("a line").unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
