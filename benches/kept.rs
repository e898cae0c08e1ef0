//! What it costs to keep every call: `cargo bench --bench kept`.
//!
//! 20,000 calls a second arrive at a stub, each with a target of its own, and all bodies are kept in memory. In every
//! other run they go into a database as well, and somebody follows them on `/v1/calls/stream`. The CPU time of the whole
//! sidecar per call in the one is compared with that in the other, run by run; the sidecar has one core, callers and
//! reader the other. `RATE`, `SECONDS` and `ROUNDS` change the load. Linux only: times are read from `/proc`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench that cannot go on says so by a panic, and prints what it found"
)]

mod support;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use support::{Connection, Sidecar, cores, mib};

/// How many connections share the load.
const CONNECTIONS: u32 = 8;
/// Before anything is counted: until the memory of calls is full.
const WARM: Duration = Duration::from_secs(3);
/// Memory for calls: 64 MiB.
const MEMORY: &str = "64MiB";

/// What one run has seen.
struct Run {
    /// CPU time per call, microseconds.
    cpu: f64,
    calls: u32,
    memory: u64,
    /// Calls that memory or file had no room for.
    dropped: f64,
    /// Bytes of the file.
    file: f64,
    /// What the reader was sent, and what it was told that it missed.
    followed: (usize, usize),
}

/// CPU time that a process has used, seconds.
fn cpu(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0 // what Linux shows to programs, whatever it counts in itself
}

/// Calls at their times for so long; how many there were.
fn load(address: SocketAddr, rate: u32, time: Duration) -> u32 {
    let callers = (0..CONNECTIONS).map(|caller| {
        std::thread::spawn(move || {
            let mut connection = Connection::open(address);
            let begin = Instant::now();
            let each = Duration::from_secs(1) * CONNECTIONS / rate;
            let mut calls = 0;
            while each * calls < time {
                let request = format!("GET /kept?caller={caller}&call={calls} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
                let (status, body) = connection.ask(request.as_bytes());
                assert_eq!((status, body.len()), (200, support::BODY.len()));
                calls += 1;
                if let Some(early) = (begin + each * calls).checked_duration_since(Instant::now()) {
                    std::thread::park_timeout(early);
                }
            }
            calls
        })
    });
    callers.collect::<Vec<_>>().into_iter().map(|caller| caller.join().unwrap()).sum()
}

/// Follows the log until the connection ends.
fn follow(address: SocketAddr) -> (usize, usize) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /v1/calls/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").unwrap();
    let mut text = Vec::new();
    let _ended_by_a_kill = stream.read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text);
    let missed = text.split("{\"missed\":").skip(1).filter_map(|rest| rest.split('}').next()?.parse::<usize>().ok());
    (text.matches("event: call\n").count(), missed.sum())
}

fn metric(ops: SocketAddr, name: &str) -> f64 {
    let (_, text) = Connection::open(ops).ask(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    let text = String::from_utf8_lossy(&text);
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap().parse().unwrap()
}

fn run(is_kept: bool, rate: u32, time: Duration) -> Run {
    let database = if is_kept { "call_log.database = { path = \"calls.db\", size = \"2GiB\" }\n" } else { "" };
    let config = format!(
        "call_log.bodies_per_second = 1_000_000\ncall_log.access_log = \"none\"\ncall_log.memory = \"{MEMORY}\"\n{database}\
         [[stub]]\nmatch = \"GET /kept\"\ntype = \"json\"\nbody = '''{}'''\n",
        support::BODY
    );
    let sidecar = Sidecar::start(&[], &[], &config);
    let admin = sidecar.admin;
    let reader = is_kept.then(|| std::thread::spawn(move || follow(admin)));
    load(sidecar.data, rate, WARM);
    let before = cpu(sidecar.pid());
    let calls = load(sidecar.data, rate, time);
    let used = cpu(sidecar.pid()) - before;
    // What is still to be written is written within half a second.
    std::thread::park_timeout(Duration::from_secs(1));
    let metric = |name| metric(sidecar.ops, name);
    let dropped = metric("standin_call_log_dropped_total") + metric("standin_call_log_database_dropped_total");
    let (memory, file) = (sidecar.memory("VmRSS"), metric("standin_call_log_database_bytes"));
    drop(sidecar);
    let followed = reader.map(|reader| reader.join().unwrap()).unwrap_or_default();
    Run { cpu: used * 1e6 / f64::from(calls), calls, memory, dropped, file, followed }
}

fn main() {
    let number = |name: &str, usual: u32| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual);
    let (rate, rounds) = (number("RATE", 20_000), number("ROUNDS", 5));
    let time = Duration::from_secs(u64::from(number("SECONDS", 8)));
    support::pin(&cores()[1]);
    println!("{rate} calls a second for {} s, all bodies kept in {MEMORY}; {rounds} rounds in turns", time.as_secs());
    println!("{:28}{:>10}{:>10}{:>12}{:>10}{:>10}", "", "CPU, us", "calls", "memory, MiB", "dropped", "file, MiB");
    let mut ratios: Vec<f64> = Vec::new();
    for _ in 0..rounds {
        let runs = [("memory alone", run(false, rate, time)), ("database and a reader", run(true, rate, time))];
        for (name, run) in &runs {
            let (memory, file) = (mib(run.memory), run.file / f64::from(1 << 20));
            println!("{name:28}{:>10.2}{:>10}{memory:>12.0}{:>10}{file:>10.1}", run.cpu, run.calls, run.dropped);
        }
        let (shown, missed) = runs[1].1.followed;
        println!("{:28}the reader was shown {shown} calls and told of {missed} more", "");
        ratios.push(runs[1].1.cpu / runs[0].1.cpu);
    }
    ratios.sort_by(f64::total_cmp);
    let ends = [ratios[0], ratios[ratios.len() / 2], ratios[ratios.len() - 1]];
    println!(
        "CPU with database and reader: {:.2} times that of memory alone ({:.2} to {:.2})",
        ends[1], ends[0], ends[2]
    );
}
