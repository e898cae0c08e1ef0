//! Does what the README tells its readers to do: saves its files, starts the sidecar, types its commands, and compares
//! what comes back. Ports are those of this run; dates, times, ids and durations are masked.

use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;

use super::page::Fence;
use crate::support::process::{Process, standin};
use crate::support::{Client, Upstream, wait_for};

/// What the README calls the ports that differ in each run.
const PORTS: [&str; 4] = ["127.0.0.1:8080", "127.0.0.1:9091", "127.0.0.1:9092", "127.0.0.1:3000"];

/// A folder, the service on port 3000, and the sidecar in front of it once it was started.
pub struct Walk {
    path: PathBuf,
    /// Until the sidecar takes it over.
    dir: Option<tempfile::TempDir>,
    home: tempfile::TempDir,
    upstream: Upstream,
    sidecar: Option<Process>,
}

impl Walk {
    pub fn begin() -> Walk {
        let (dir, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(home.path().join(".curlrc"), "silent\nshow-error\n").unwrap();
        let path = dir.path().to_owned();
        let site = path.join("site");
        let upstream = Upstream::new(move |request, stream| {
            let answer = backend(&site, request.line());
            std::io::Write::write_all(stream, answer.as_bytes()).is_ok()
        });
        Walk { path, dir: Some(dir), home, upstream, sidecar: None }
    }

    /// Saves a file as an editor does, and waits until the sidecar has looked at it.
    pub fn save(&mut self, text: &str, is_refused: bool) {
        let before = self.sidecar.as_ref().map(Process::generation);
        let aside = self.path.join(".aside");
        std::fs::write(&aside, self.with_real_ports(text)).unwrap();
        std::fs::rename(aside, self.path.join("standin.toml")).unwrap();
        let (Some(sidecar), Some(before)) = (&self.sidecar, before) else { return };
        wait_for("the reload", || {
            let ready = Client::connect(sidecar.ops).get("/readyz").json();
            let done =
                if is_refused { !ready["config"].is_null() } else { ready["generation"].as_u64() > Some(before) };
            done.then_some(())
        });
    }

    /// Saves a file that no sidecar looks at.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Starts `standin run` in the folder, with these arguments.
    pub fn start(&mut self, arguments: &str) {
        let mut command = standin();
        command.arg("run").args(self.with_real_ports(arguments).split_whitespace()).envs(self.variables());
        self.sidecar = Some(Process::launch(command, self.dir.take().expect("one sidecar per walk")));
    }

    /// A block of commands with their output.
    pub fn console(&self, fence: &Fence) {
        let mut lines = fence.text.lines().peekable();
        while let Some(line) = lines.next() {
            let command = line.strip_prefix("$ ").unwrap_or_else(|| panic!("line {}: no command: {line}", fence.line));
            let mut expected = Vec::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
                expected.push(masked(line));
            }
            // A call is logged as over a moment after its answer has left, so the call log is asked until it says so.
            let mut actual = self.output(command);
            if command.contains(PORTS[2]) && !fits(&expected, &actual) {
                wait_for("the call log", || {
                    actual = self.output(command);
                    (!actual.join("").contains("\"duration_us\":null")).then_some(())
                });
            }
            let (expected_text, actual_text) = (expected.join("\n"), actual.join("\n"));
            assert!(
                fits(&expected, &actual),
                "README.md, block in line {}: $ {command}\n--- README\n{expected_text}\n--- now\n{actual_text}",
                fence.line
            );
        }
    }

    /// What a command prints, as the README would print it.
    fn output(&self, command: &str) -> Vec<String> {
        let script = format!("exec 2>&1\n{}", self.with_real_ports(command));
        let output = Command::new("sh")
            .args(["-c", &script])
            .current_dir(&self.path)
            .envs(self.variables())
            .env_remove("STANDIN_CONFIG")
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        for (written, real) in self.ports() {
            text =
                Regex::new(&format!(r"{}\b", regex::escape(&real))).unwrap().replace_all(&text, written).into_owned();
        }
        let mut lines: Vec<String> = text.lines().map(|line| masked(line.trim_end_matches('\r'))).collect();
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let binary = Path::new(env!("CARGO_BIN_EXE_standin")).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let free = || "127.0.0.1:0".to_owned();
        let ops = self.sidecar.as_ref().map_or_else(free, |sidecar| sidecar.ops.to_string());
        let admin = self.sidecar.as_ref().map_or_else(free, |sidecar| sidecar.admin.to_string());
        vec![
            ("PATH", format!("{}:{path}", binary.display())),
            ("HOME", self.home.path().display().to_string()),
            ("NO_COLOR", "1".to_owned()),
            ("MOCK_KEY", "a-key-of-the-readme".to_owned()),
            ("STANDIN_PROXY__LISTEN", free()),
            ("STANDIN_OPS__LISTEN", ops),
            ("STANDIN_ADMIN__LISTEN", admin),
        ]
    }

    /// Each address as it is written and as it is in this run.
    fn ports(&self) -> Vec<(&'static str, String)> {
        let mut real = vec![(PORTS[3], self.upstream.address().to_string())];
        if let Some(sidecar) = &self.sidecar {
            real.extend(PORTS.into_iter().zip([sidecar.data, sidecar.ops, sidecar.admin].map(|a| a.to_string())));
        }
        real
    }

    fn with_real_ports(&self, text: &str) -> String {
        self.ports().iter().fold(text.to_owned(), |text, (written, real)| text.replace(written, real))
    }
}

/// What the service on port 3000 answers: the files of `site`, as Python's server does, where there is such a folder;
/// else `real` and the request line.
fn backend(site: &Path, line: &str) -> String {
    let (method, target) = line.split_once(' ').unwrap_or((line, ""));
    let path = target.split([' ', '?']).next().unwrap_or("").trim_start_matches('/');
    let (status, body) = match std::fs::read_to_string(site.join(path)) {
        _ if !site.exists() => ("200 OK".to_owned(), format!("real {line}")),
        _ if method != "GET" => (format!("501 Unsupported method ('{method}')"), String::new()),
        Ok(file) => ("200 OK".to_owned(), file),
        Err(_) => ("404 File not found".to_owned(), String::new()),
    };
    format!("HTTP/1.1 {status}\r\nServer: SimpleHTTP\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// Whether the lines are those; `…` stands for any number of lines.
fn fits(expected: &[String], actual: &[String]) -> bool {
    match expected.split_first() {
        None => actual.is_empty(),
        Some((first, rest)) if first == "…" => (0..=actual.len()).any(|skipped| fits(rest, &actual[skipped..])),
        Some((first, rest)) => actual.first() == Some(first) && fits(rest, &actual[1..]),
    }
}

/// A line without what differs in each run.
fn masked(line: &str) -> String {
    let masks = [
        (r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT", "DATE"),
        (r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z", "TIME"),
        (r"\b[0-9a-f]{11}-", "EPOCH-"),
        (r"127\.0\.0\.1:\d{5}\b", "CLIENT"),
        (r"dur=\d+\.\d+", "dur=N"),
        (r#""(total|own|delay|upstream)":\d+"#, "\"$1\":N"),
        (r"after \d+\.\d+ s", "after N s"),
        (r"Retry after \d+", "Retry after N"),
        (r" \d+\.\d+ms ", " N "),
    ];
    masks
        .iter()
        .fold(line.to_owned(), |line, (mask, with)| Regex::new(mask).unwrap().replace_all(&line, *with).into_owned())
}
