//! A sidecar as a process of its own, started as a user starts it: for signals, exit codes and memory.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use super::{Client, PORTS, wait_for};

/// The variable that sets `limits.drain_delay`.
pub const DRAIN_DELAY: &str = "STANDIN_LIMITS__DRAIN_DELAY";

/// A running `standin run`.
pub struct Process {
    pub dir: tempfile::TempDir,
    child: Child,
    pub data: SocketAddr,
    pub ops: SocketAddr,
    pub admin: SocketAddr,
    stdout: Written,
    stderr: Written,
}

/// What a process has written so far.
type Written = Arc<Mutex<String>>;

/// The command as it was built for this test run, without what the variables of the caller would make of it.
pub fn standin() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standin"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_uppercase();
        if text.starts_with("STANDIN_") || text.starts_with("OTEL_") || text.ends_with("_PROXY") {
            command.env_remove(name);
        }
    }
    command.env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

impl Process {
    /// Starts `standin run` on a configuration; ports are set already.
    pub fn start(config: &str) -> Process {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("standin.toml"), format!("{PORTS}{config}")).unwrap();
        let mut command = standin();
        command.args(["run", "-c", "."]);
        Process::launch(command, dir)
    }

    /// Starts a sidecar in a folder, and waits until it is ready.
    pub fn launch(mut command: Command, dir: tempfile::TempDir) -> Process {
        // A test that stops a sidecar waits for no cluster, unless it says so.
        if command.get_envs().all(|(name, _)| name != DRAIN_DELAY) {
            command.env(DRAIN_DELAY, "0s");
        }
        command.envs(super::lane_of_the_run());
        let mut child = command.current_dir(dir.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = collect(child.stdout.take().unwrap());
        let stderr = collect(child.stderr.take().unwrap());
        let ready = wait_for("the sidecar to be ready", || {
            let text = stderr.lock().unwrap().clone();
            if let Ok(Some(status)) = child.try_wait() {
                panic!("ended with {status}: {text}");
            }
            let line = text.lines().find(|line| line.contains("standin is ready"))?;
            serde_json::from_str::<serde_json::Value>(line).ok()
        });
        let address = |key: &str| ready[key].as_str().unwrap().trim_matches(['[', ']']).parse().unwrap();
        Process { dir, child, data: address("data"), ops: address("ops"), admin: address("admin"), stdout, stderr }
    }

    pub fn connect(&self) -> Client {
        Client::connect(self.data)
    }

    /// Sends a signal, such as "TERM".
    pub fn signal(&self, name: &str) {
        // The shell's own `kill`: not every machine has one as a program.
        let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", self.child.id())).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the process to end.
    pub fn wait(&mut self) -> ExitStatus {
        wait_for("the process to end", || self.child.try_wait().unwrap())
    }

    /// Ends it with a signal; gives back its folder, and what it ended with.
    pub fn end(mut self, signal: &str) -> (tempfile::TempDir, ExitStatus) {
        self.signal(signal);
        let status = self.wait();
        (std::mem::replace(&mut self.dir, tempfile::tempdir().unwrap()), status)
    }

    /// What it has written to standard output so far.
    pub fn stdout(&self) -> String {
        self.stdout.lock().unwrap().clone()
    }

    /// Waits until the log holds a line with this text.
    pub fn wait_for_log(&self, text: &str) -> serde_json::Value {
        wait_for(text, || {
            let log = self.stderr();
            let line = log.lines().find(|line| line.contains(text))?;
            serde_json::from_str(line).ok()
        })
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

    /// Replaces `standin.toml`, all at once.
    pub fn write(&self, config: &str) {
        let aside = self.dir.path().join("aside");
        std::fs::write(&aside, format!("{PORTS}{config}")).unwrap();
        std::fs::rename(aside, self.dir.path().join("standin.toml")).unwrap();
    }

    /// Replaces `standin.toml` and waits until the new generation is in force.
    pub fn reload_with(&self, config: &str) {
        let before = self.generation();
        self.write(config);
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

/// What a command came to.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; -1 where a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs `standin` to its end.
pub fn output(arguments: &[&str], dir: &Path) -> Ended {
    output_with(arguments, &[], dir)
}

/// Runs `standin` to its end, with these variables.
pub fn output_with(arguments: &[&str], variables: &[(&str, &str)], dir: &Path) -> Ended {
    let mut command = standin();
    let child = command
        .args(arguments)
        .envs(variables.iter().copied())
        .current_dir(dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    ended(child)
}

/// Waits for a command to end. One that does not is killed: it must not outlive its test.
fn ended(mut child: Child) -> Ended {
    let (stdout, stderr) = (collect(child.stdout.take().unwrap()), collect(child.stderr.take().unwrap()));
    let mut helper = Helper(child);
    let status = wait_for("the command to end", || helper.0.try_wait().unwrap());
    // The readers end with the pipes, and the pipes with the process.
    let text = |written: Written| {
        wait_for("the end of its output", || {
            (Arc::strong_count(&written) == 1).then(|| written.lock().unwrap().clone())
        })
    };
    Ended { code: status.code().unwrap_or(-1), stdout: text(stdout), stderr: text(stderr) }
}

/// Collects lines as they come.
fn collect(pipe: impl std::io::Read + Send + 'static) -> Written {
    let written = Written::default();
    let shared = written.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            shared.lock().unwrap().push_str(&format!("{line}\n"));
        }
    });
    written
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
        .unwrap_or_else(|error| missing(name, &error));
    Helper(child)
}

/// Gives a program its input and waits for its end.
pub fn filter(name: &str, arguments: &[&str], input: &str) -> Ended {
    let mut child = Command::new(name)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| missing(name, &error));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    ended(child)
}

fn missing(name: &str, error: &std::io::Error) -> ! {
    panic!("cannot start `{name}`: {error}; `make test` installs what is missing")
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

/// A port of ours that refuses connections until somebody listens on the socket.
pub fn closed_port() -> (socket2::Socket, u16) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let port = socket.local_addr().unwrap().as_socket().unwrap().port();
    (socket, port)
}

/// A port that nobody listens on right now.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
