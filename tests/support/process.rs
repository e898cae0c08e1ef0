//! A sidecar as a process of its own, started as a user starts it: for signals, exit codes and memory.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use super::{Client, PORTS, wait_for};

/// A running `standin run`.
pub struct Process {
    pub dir: tempfile::TempDir,
    child: Child,
    pub data: SocketAddr,
    pub ops: SocketAddr,
    pub admin: SocketAddr,
    stderr: Arc<Mutex<String>>,
}

/// The command as it was built for this test run.
pub fn standin() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standin"));
    command.env_remove("STANDIN_CONFIG").env("NO_COLOR", "1");
    command
}

impl Process {
    /// Starts `standin run` on a configuration; ports are set already.
    pub fn start(config: &str) -> Process {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("standin.toml"), format!("{PORTS}{config}")).unwrap();
        Process::start_in(dir, &["run", "-c", "."])
    }

    pub fn start_in(dir: tempfile::TempDir, arguments: &[&str]) -> Process {
        let mut child = standin()
            .args(arguments)
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = Arc::new(Mutex::new(String::new()));
        let (written, pipe) = (stderr.clone(), child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                written.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        let ready = wait_for("the sidecar to be ready", || {
            let text = stderr.lock().unwrap().clone();
            if let Ok(Some(status)) = child.try_wait() {
                panic!("ended with {status}: {text}");
            }
            let line = text.lines().find(|line| line.contains("standin is ready"))?;
            serde_json::from_str::<serde_json::Value>(line).ok()
        });
        let address = |key: &str| ready[key].as_str().unwrap().trim_matches(['[', ']']).parse().unwrap();
        Process { dir, child, data: address("data"), ops: address("ops"), admin: address("admin"), stderr }
    }

    pub fn connect(&self) -> Client {
        Client::connect(self.data)
    }

    /// Sends a signal, such as "TERM".
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the process to end.
    pub fn wait(&mut self) -> ExitStatus {
        wait_for("the process to end", || self.child.try_wait().unwrap())
    }

    /// What it has logged so far.
    pub fn stderr(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    /// Its resident memory, bytes.
    pub fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or("VmRSS: 0 kB");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
    }

    /// Replaces `standin.toml` and waits until the new generation is in force.
    pub fn reload_with(&self, config: &str) {
        let before = self.generation();
        let path = self.dir.path().join("standin.toml");
        let aside = self.dir.path().join("aside");
        std::fs::write(&aside, format!("{PORTS}{config}")).unwrap();
        std::fs::rename(aside, path).unwrap();
        self.signal("HUP");
        wait_for("the new generation", || (self.generation() > before).then_some(()));
    }

    pub fn generation(&self) -> u64 {
        let ready = Client::connect(self.ops).get("/readyz").json();
        ready["generation"].as_u64().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command to its end: exit code, standard output, standard error.
pub fn output(arguments: &[&str], dir: &Path) -> (i32, String, String) {
    let output = standin().args(arguments).current_dir(dir).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// A program of the system, killed when dropped.
pub struct Helper(pub Child);

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program that must be installed; `make test` does that.
pub fn program(name: &str, arguments: &[&str], dir: &Path) -> Helper {
    let child = Command::new(name)
        .args(arguments)
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start `{name}`: {error}; `make test` installs what is missing"));
    Helper(child)
}

impl Helper {
    /// What it said on standard error, once it has ended.
    pub fn complaint(&mut self) -> String {
        let mut text = String::new();
        if let Some(pipe) = &mut self.0.stderr {
            let _ = pipe.read_to_string(&mut text);
        }
        text
    }
}

/// A port that nobody listens on right now.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
