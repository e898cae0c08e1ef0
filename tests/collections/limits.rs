//! A command that may take so much time and memory and no more.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// How often a running command is looked at. What it takes in so short a time hardly counts.
const LOOK: Duration = Duration::from_millis(2);

/// What a command may take.
pub struct Limits {
    pub time: Duration,
    /// Bytes that are resident at once. Known on Linux only.
    pub memory: u64,
}

/// A command that has ended by itself.
#[derive(Debug)]
pub struct Took {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
    pub time: Duration,
    /// The most bytes that were resident at once; 0 where nobody knows.
    pub memory: u64,
}

/// Runs a command to its end.
///
/// # Errors
/// What it took too much of; it was ended then.
pub fn within(limits: &Limits, command: &mut Command) -> Result<Took, String> {
    let (mut stdout, mut stderr) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    command.stdout(stdout.try_clone().unwrap()).stderr(stderr.try_clone().unwrap());
    let start = Instant::now();
    let mut child = Running(command.spawn().unwrap());
    let mut memory = 0;
    loop {
        memory = memory.max(most_memory(child.0.id()));
        let time = start.elapsed();
        if let Some(status) = child.0.try_wait().unwrap() {
            return Ok(Took { status, stdout: text(&mut stdout), stderr: text(&mut stderr), time, memory });
        }
        if memory > limits.memory {
            return Err(format!("it holds more than {} MB", limits.memory / 1_000_000));
        }
        if time > limits.time {
            return Err(format!("it takes more than {:?}", limits.time));
        }
        std::thread::park_timeout(LOOK);
    }
}

/// Ended when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn text(file: &mut File) -> String {
    let mut text = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    text
}

/// The most memory that a process has had, bytes.
fn most_memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}

#[test]
fn a_command_that_takes_too_much_is_ended() {
    let run = |script: &str, time: Duration, memory: u64| {
        within(&Limits { time, memory }, Command::new("sh").args(["-c", script]))
    };
    let long = Duration::from_secs(600);
    let ended = run("echo said; echo told >&2; exit 3", long, u64::MAX).unwrap();
    assert_eq!((ended.status.code(), ended.stdout.as_str(), ended.stderr.as_str()), (Some(3), "said\n", "told\n"));
    let late = run("sleep 600", Duration::ZERO, u64::MAX).unwrap_err();
    assert!(late.contains("more than 0ns"), "{late}");
    if cfg!(target_os = "linux") {
        let large = run("sleep 600", long, 1).unwrap_err();
        assert!(large.contains("more than 0 MB"), "{large}");
    }
}
