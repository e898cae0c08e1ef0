//! What the benches that start a sidecar share: the process, one connection to it, an upstream, a body.

#![allow(dead_code, reason = "no bench needs all of it")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// 199 bytes of JSON, the body of the reference measurements.
pub const BODY: &str = r#"{"id":123,"name":"Ada Lovelace","email":"ada@example.test","roles":["admin","author"],"active":true,"address":{"street":"12 St James's Square","city":"London","zip":"SW1Y 4JH"},"note":"first programmer"}"#;

/// The beginning of every configuration: ports that nobody else has.
const PORTS: &str = "proxy.listen = \"127.0.0.1:0\"\nops.listen = \"127.0.0.1:0\"\nadmin.listen = \"127.0.0.1:0\"\n";

/// The profile of the sidecar under test: `PROFILE`, or else the one that the bench itself was built with. So a bench is
/// built in a moment and measures what takes twenty minutes to build.
pub fn profile() -> String {
    let own = Path::new(env!("CARGO_BIN_EXE_standin")).parent().and_then(Path::file_name).unwrap();
    std::env::var("PROFILE").unwrap_or_else(|_| own.to_string_lossy().replace("debug", "dev"))
}

/// The sidecar of [`profile`].
fn binary() -> PathBuf {
    let target = Path::new(env!("CARGO_BIN_EXE_standin")).ancestors().nth(2).unwrap();
    let path = target.join(profile().replace("dev", "debug")).join("standin");
    assert!(path.exists(), "{} is missing: cargo build --profile {} --bin standin", path.display(), profile());
    path
}

/// The first and the last core that this process may use: one for the sidecar, one for what calls it.
pub fn cores() -> [String; 2] {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap().trim();
    let ends = [list.split([',', '-']).next(), list.rsplit([',', '-']).next()];
    ends.map(|core| core.unwrap().to_owned())
}

/// A running `standin run`, killed when dropped.
pub struct Sidecar {
    pub dir: tempfile::TempDir,
    child: Child,
    pub data: SocketAddr,
    pub ops: SocketAddr,
    pub admin: SocketAddr,
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Sidecar {
    /// Starts a sidecar on one core, as in a small container, and waits until it is ready. Words in front must name a
    /// program that becomes the command which follows it. `DIR` in them is the folder of the configuration.
    pub fn start(before: &[&str], environment: &[(&str, &str)], config: &str) -> Sidecar {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), config);
        let before = before.iter().map(|word| word.replace("DIR", &dir.path().display().to_string()));
        let words: Vec<String> = before.chain([binary().display().to_string()]).collect();
        let mut command = Command::new("taskset");
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy().to_uppercase();
            if text.starts_with("STANDIN_") || text.starts_with("OTEL_") {
                command.env_remove(name);
            }
        }
        command.args(["-c", &cores()[0]]).args(&words).args(["run", "-c", "."]);
        command.envs(environment.iter().copied()).current_dir(dir.path());
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", words[0]));
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let ready: serde_json::Value = loop {
            let start = said.len();
            assert!(log.read_line(&mut said).unwrap() > 0, "the sidecar ended: {said}");
            if said[start..].contains("standin is ready") {
                break serde_json::from_str(&said[start..]).unwrap();
            }
        };
        // What it says from here on is nobody's concern, but a full pipe would stop it.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        let address = |key: &str| ready[key].as_str().unwrap().trim_matches(['[', ']']).parse().unwrap();
        Sidecar { data: address("data"), ops: address("ops"), admin: address("admin"), dir, child }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Memory in bytes: a line of `/proc/PID/status`, such as `VmRSS`.
    pub fn memory(&self, line: &str) -> u64 {
        memory_of(self.pid(), line)
    }

    /// Replaces the configuration, all at once. The sidecar notices by itself.
    pub fn replace(&self, config: &str) {
        write(self.dir.path(), config);
    }
}

/// Memory of a process in bytes: a line of `/proc/PID/status`, such as `VmRSS`.
pub fn memory_of(pid: u32, line: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let found = status.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(':')).unwrap();
    found.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

pub fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Leaves this process, and the threads that it will start, one core.
pub fn pin(core: &str) {
    let pid = std::process::id().to_string();
    let pinned = Command::new("taskset").args(["-acp", core, &pid]).stdout(Stdio::null()).status().unwrap();
    assert!(pinned.success());
}

/// Lets this process, and those that it will start, open so many files at least.
pub fn open_files(count: usize) {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    if line.split_whitespace().next().unwrap().parse().is_ok_and(|now: usize| now < count) {
        let pid = std::process::id().to_string();
        let raised = Command::new("prlimit").args(["--pid", &pid, &format!("--nofile={count}:")]).status().unwrap();
        assert!(raised.success(), "{count} files must be open at a time: raise the limit with ulimit -Hn");
    }
}

/// Puts `standin.toml` in its place.
fn write(dir: &Path, config: &str) {
    let aside = dir.join("aside");
    std::fs::write(&aside, format!("{PORTS}{config}")).unwrap();
    std::fs::rename(aside, dir.join("standin.toml")).unwrap();
}

/// A connection that is kept: one request, then its answer, then the next.
pub struct Connection {
    stream: TcpStream,
    bytes: Vec<u8>,
}

impl Connection {
    pub fn open(address: SocketAddr) -> Connection {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Connection { stream, bytes: Vec::new() }
    }

    /// Sends a request as it stands; the status and body of the answer.
    pub fn ask(&mut self, request: &[u8]) -> (u16, Vec<u8>) {
        self.stream.write_all(request).unwrap();
        let head = loop {
            if let Some(at) = find(&self.bytes, b"\r\n\r\n") {
                break at + 4;
            }
            self.more();
        };
        let text = String::from_utf8_lossy(&self.bytes[..head]).to_ascii_lowercase();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        let length: usize = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .unwrap_or_else(|| panic!("an answer without a length: {text}"))
            .trim()
            .parse()
            .unwrap();
        while self.bytes.len() < head + length {
            self.more();
        }
        let body = self.bytes[head..head + length].to_vec();
        self.bytes.drain(..head + length);
        (status, body)
    }

    fn more(&mut self) {
        let mut piece = [0; 16384];
        let read = self.stream.read(&mut piece).unwrap();
        assert!(read > 0, "the connection was closed");
        self.bytes.extend_from_slice(&piece[..read]);
    }
}

/// The place of some bytes in others.
pub fn find(all: &[u8], some: &[u8]) -> Option<usize> {
    all.windows(some.len()).position(|window| window == some)
}

/// An upstream in this process that answers everything with [`BODY`]. It expects requests without a body.
pub fn upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nServer: upstream\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: keep-alive\r\n\r\n{BODY}",
        BODY.len()
    );
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream.unwrap(), answer.clone());
            stream.set_nodelay(true).unwrap();
            std::thread::spawn(move || {
                let (mut bytes, mut piece) = (Vec::new(), [0; 16384]);
                loop {
                    match stream.read(&mut piece) {
                        Ok(0) | Err(_) => return,
                        Ok(read) => bytes.extend_from_slice(&piece[..read]),
                    }
                    while let Some(at) = find(&bytes, b"\r\n\r\n") {
                        bytes.drain(..at + 4);
                        if stream.write_all(answer.as_bytes()).is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    address
}
