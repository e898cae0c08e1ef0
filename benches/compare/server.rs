//! A running server: started on its core, waited for, asked once to see that it answers right, weighed, and ended.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use crate::machine::Cores;
use crate::peers::{Peer, Setting, upstream};
use crate::worlds::{Asked, World};

/// How long a server may take to load what it is set up with, and to give its first answer.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Why a server has no figures.
#[derive(Clone, Debug)]
pub enum Failure {
    /// It does what it should, but too slowly to be compared.
    Slow(String),
    /// It did something else than it should, or nothing.
    Wrong(String),
}

/// What every server of a run shares.
#[derive(Debug)]
pub struct Ground {
    /// Holds a folder for each server.
    pub dir: PathBuf,
    pub cores: Cores,
    /// The sidecar to measure.
    pub standin: PathBuf,
    /// The port of the upstream.
    pub upstream: u16,
}

#[derive(Debug)]
pub struct Server {
    pub port: u16,
    pub h2c_port: u16,
    child: Child,
    dir: PathBuf,
}

/// Resident memory, MiB.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Now, with each shared page divided among those who share it.
    pub proportional: f64,
    /// The most there was.
    pub peak: f64,
}

impl Server {
    /// Starts a server; it does not wait for it.
    pub fn start(peer: &Peer, world: World, ground: &Ground) -> Result<Server, Failure> {
        Server::launch(peer.name, world, ground, ground.cores.server, |setting| {
            ((peer.set_up)(setting), peer.h2c_port(setting))
        })
        .map_err(Failure::Wrong)
    }

    /// Starts the upstream.
    pub fn upstream(ground: &Ground) -> Result<Server, Failure> {
        let start = |setting: &Setting<'_>| (upstream(setting), setting.h2_port);
        Server::launch("upstream", World::Plain, ground, ground.cores.upstream, start).map_err(Failure::Wrong)
    }

    fn launch(
        name: &'static str,
        world: World,
        ground: &Ground,
        core: Option<usize>,
        set_up: impl FnOnce(&Setting<'_>) -> (Vec<String>, u16),
    ) -> Result<Server, String> {
        let port = if name == "upstream" { ground.upstream } else { free_port() };
        let dir = ground.dir.join(format!("{name}-{port}"));
        std::fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        let setting = Setting {
            dir: &dir,
            world,
            port,
            h2_port: free_port(),
            upstream: ground.upstream,
            standin: &ground.standin,
        };
        let (words, h2c_port) = set_up(&setting);
        let log = std::fs::File::create(dir.join("stderr")).map_err(|error| error.to_string())?;
        let output = log.try_clone().map_err(|error| error.to_string())?;
        let child = command(core, &words)
            .current_dir(&dir)
            .stdout(output)
            .stderr(log)
            .spawn()
            .map_err(|error| format!("cannot be started: {error}"))?;
        Ok(Server { port, h2c_port, child, dir })
    }

    /// Waits until it gives the first of these answers, and then checks all of them.
    pub fn wait(&mut self, asked: &[Asked]) -> Result<(), Failure> {
        let end = Instant::now() + PATIENCE;
        let Some(first) = asked.first() else { return Ok(()) };
        while let Err(problem) = self.check(first) {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(Failure::Wrong(format!("it ended with {status}: {}", self.complaint())));
            }
            if Instant::now() > end {
                return Err(Failure::Slow(format!("after {} s still {problem}", PATIENCE.as_secs())));
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        asked.iter().try_for_each(|asked| self.check(asked)).map_err(Failure::Wrong)
    }

    /// Asks once, and compares status and body.
    fn check(&self, asked: &Asked) -> Result<(), String> {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(PATIENCE))
            .build()
            .new_agent();
        let mut request = ureq::http::Request::builder()
            .method(asked.method)
            .uri(format!("http://127.0.0.1:{}{}", self.port, asked.target));
        if let Some((name, value)) = &asked.header {
            request = request.header(*name, value);
        }
        let wrong = |error: ureq::Error| format!("{} {}: {error}", asked.method, asked.target);
        let mut response = match &asked.body {
            Some(body) => agent.run(request.body(body.clone()).map_err(|error| error.to_string())?).map_err(wrong)?,
            None => agent.run(request.body(()).map_err(|error| error.to_string())?).map_err(wrong)?,
        };
        let status = response.status().as_u16();
        let body = response.body_mut().read_to_string().map_err(wrong)?;
        if status != 200 || body != asked.answer {
            let shown: String = body.chars().take(60).collect();
            return Err(format!(
                "{} {} is answered with {status} and {} bytes in place of 200 and {}: {shown}",
                asked.method,
                asked.target,
                body.len(),
                asked.answer.len(),
            ));
        }
        Ok(())
    }

    /// The last line that it wrote.
    fn complaint(&self) -> String {
        let text = std::fs::read_to_string(self.dir.join("stderr")).unwrap_or_default();
        text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it wrote nothing").to_owned()
    }

    /// It and all processes that it has started.
    fn processes(&self) -> Vec<u32> {
        let mut all = vec![self.child.id()];
        let mut at = 0;
        while let Some(&pid) = all.get(at) {
            let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
            all.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
            at += 1;
        }
        all
    }

    /// CPU time so far, seconds: user and system, of all its threads and processes. `None` where the system has no
    /// `/proc`.
    pub fn cpu(&self) -> Option<f64> {
        /// The unit of `/proc/PID/stat` on every Linux that we know (`getconf CLK_TCK`).
        const TICKS: f64 = 100.0;
        let ticks = |pid| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            // The name of the program, in parentheses, may hold blanks.
            let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
            let field = |at: usize| fields.get(at)?.parse::<f64>().ok();
            Some(field(11)? + field(12)?)
        };
        let own = ticks(self.child.id())?;
        Some((own + self.processes()[1..].iter().filter_map(|&pid| ticks(pid)).sum::<f64>()) / TICKS)
    }

    /// Memory of all its processes; `None` where the system has no `/proc`.
    pub fn memory(&self) -> Option<Memory> {
        let field = |pid: u32, file: &str, name: &str| {
            let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).ok()?;
            let line = text.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib / 1024.0)
        };
        let sum = |file: &str, name: &str| {
            self.processes().into_iter().map(|pid| field(pid, file, name)).sum::<Option<f64>>()
        };
        Some(Memory { proportional: sum("smaps_rollup", "Pss:")?, peak: sum("status", "VmHWM:")? })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command on a core, where there is one for it, without the variables that would set it up behind our back.
pub fn command(core: Option<usize>, words: &[String]) -> Command {
    let mut command = match core {
        Some(core) => {
            let mut command = Command::new("taskset");
            command.args(["-c", &core.to_string()]).args(words);
            command
        }
        None => {
            let mut command = Command::new(&words[0]);
            command.args(&words[1..]);
            command
        }
    };
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_uppercase();
        if text.starts_with("STANDIN_") || text.starts_with("OTEL_") || text.ends_with("_PROXY") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// A port below those that a system gives to callers: whoever asks at such a one again and again, until a server is
/// there, may be given it himself, and then the server has none.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = std::process::id() % 10_000;
    let mut ports = (0..12_000).map(|_| {
        let next = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        20_000 + ((begin + next) % 12_000) as u16
    });
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("loopback has a free port")
}
