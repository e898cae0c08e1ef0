//! What 100,000 stubs cost to load, to keep, and to replace under load: `cargo bench --bench scale`.
//!
//! The sidecar runs on one core, everything else on the other. Printed are the time until it is ready and the CPU time
//! of that, the memory that a stub takes, and, for each of some reloads that change every stub: how long it took from
//! the change of the file, the most memory that was in use meanwhile, what callers saw, and what was left afterwards. At
//! the end stands a reload that is refused for one mistake. Linux only: memory is read from `/proc`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench that cannot go on says so by a panic, prints what it found, and may sleep: it serves nobody"
)]

mod support;

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use support::{Connection, Sidecar, cores, mib, pin};

const CONNECTIONS: usize = 4;
const RELOADS: usize = 5;

/// Stubs as one writes them: a name made from `match`, a header, 200 bytes of JSON written as TOML. `edition` is in
/// every answer, so that a reload changes every stub.
fn config(stubs: usize, edition: usize) -> String {
    let mut out = String::new();
    for i in 0..stubs {
        write!(
            out,
            "[[stub]]\nmatch = \"GET /v1/customers/{i}\"\nheaders = {{ x-edition = \"{edition}\" }}\n\
             json = {{ id = {i}, name = \"Ada Lovelace\", email = \"ada.{i}@example.test\", roles = [\"admin\", \"author\"], \
             active = true, address = {{ street = \"12 St James's Square\", city = \"London\", zip = \"SW1Y 4JH\" }}, \
             note = \"first programmer\" }}\n\n"
        )
        .unwrap();
    }
    out
}

/// Callers of one sidecar, and what they have seen.
#[derive(Default)]
struct Callers {
    stop: AtomicBool,
    served: AtomicU64,
    failed: AtomicU64,
    /// Microseconds of each call since they were last taken.
    times: Mutex<Vec<u32>>,
}

impl Callers {
    /// Asks for one stub after the other until told to stop.
    fn call(&self, address: std::net::SocketAddr, stubs: usize, first: usize) {
        let mut connection = Connection::open(address);
        let mut at = first;
        while !self.stop.load(Ordering::Relaxed) {
            at = (at + 7919) % stubs;
            let request = format!("GET /v1/customers/{at} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n");
            let start = Instant::now();
            let (status, body) = connection.ask(request.as_bytes());
            let time = start.elapsed();
            let right = status == 200 && body.starts_with(format!("{{\"id\":{at},").as_bytes());
            let counter = if right { &self.served } else { &self.failed };
            counter.fetch_add(1, Ordering::Relaxed);
            self.times.lock().unwrap().push(time.as_micros() as u32);
            // Some thousand calls a second, and time on the core for the reload itself.
            std::thread::sleep(Duration::from_micros(500));
        }
    }

    /// Median, the one call in a thousand, and the longest since this was last asked, in milliseconds.
    fn times(&self) -> [f64; 3] {
        let mut times = std::mem::take(&mut *self.times.lock().unwrap());
        times.sort_unstable();
        let at = |share: f64| f64::from(times[((times.len() - 1) as f64 * share) as usize]) / 1000.0;
        [at(0.5), at(0.999), at(1.0)]
    }
}

/// CPU seconds of a process so far.
fn cpu(sidecar: &Sidecar) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", sidecar.pid())).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

/// Memory in use once it has not fallen for a while. The allocator gives back what is free a second later, and only
/// while somebody allocates: so one stub is asked for all the time.
fn settled(sidecar: &Sidecar) -> u64 {
    let (mut least, mut since) = (u64::MAX, Instant::now());
    let mut connection = Connection::open(sidecar.data);
    while since.elapsed() < Duration::from_secs(3) {
        for _ in 0..100 {
            connection.ask(b"GET /v1/customers/7 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n");
        }
        let now = sidecar.memory("VmRSS");
        if now + (now >> 7) < least {
            (least, since) = (now, Instant::now());
        }
    }
    sidecar.memory("VmRSS")
}

/// Waits until `/readyz` says this.
fn wait_for(ops: &mut Connection, wanted: &str) {
    let start = Instant::now();
    while support::find(&ops.ask(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n").1, wanted.as_bytes()).is_none() {
        assert!(start.elapsed() < Duration::from_secs(120), "the reload came to nothing: {wanted}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn main() {
    let stubs: usize = std::env::var("STUBS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let empty = settled(&Sidecar::start(&[], &[], &config(8, 0)));
    let text = config(stubs, 0);
    let start = Instant::now();
    let sidecar = Sidecar::start(&[], &[], &text);
    let (ready, used, peak) = (start.elapsed(), cpu(&sidecar), sidecar.memory("VmHWM"));
    let (mut connection, mut ops) = (Connection::open(sidecar.data), Connection::open(sidecar.ops));
    let mut ask = |at: usize| {
        let request = format!("GET /v1/customers/{at} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n");
        connection.ask(request.as_bytes())
    };
    println!("{stubs} stubs, {} bytes of TOML each, {} bytes of body", text.len() / stubs, ask(7).1.len());
    println!("ready after {:.2} s, {used:.2} s of CPU; {:.1} MiB while loading", ready.as_secs_f64(), mib(peak));
    let loaded = settled(&sidecar);
    (0..stubs).for_each(|at| drop(ask(at)));
    let asked = settled(&sidecar);
    for (what, memory) in [("loaded", loaded), ("when each has answered", asked)] {
        let each = (memory - empty) / stubs as u64;
        println!(
            "{:.1} MiB {what}: {each} bytes per stub beyond the {:.1} MiB of a sidecar with few",
            mib(memory),
            mib(empty)
        );
    }

    pin(&cores()[1]);
    let callers = Arc::new(Callers::default());
    let threads: Vec<_> = (0..CONNECTIONS)
        .map(|n| {
            let (callers, address) = (callers.clone(), sidecar.data);
            std::thread::spawn(move || callers.call(address, stubs, n * stubs / CONNECTIONS))
        })
        .collect();
    std::thread::sleep(Duration::from_secs(5));
    let [p50, p999, max] = callers.times();
    println!("calls without a reload: median {p50:.2} ms, 99.9 % {p999:.2} ms, longest {max:.2} ms");
    println!(
        "{:8}{:>8}{:>8}{:>14}{:>14}{:>8}{:>14}{:>8}{:>12}{:>12}{:>12}",
        "reload",
        "s",
        "CPU s",
        "before MiB",
        "most MiB",
        "ratio",
        "after MiB",
        "failed",
        "median ms",
        "99.9 % ms",
        "longest ms"
    );
    let mut generation = 1;
    for reload in 1..=RELOADS {
        let before = settled(&sidecar);
        std::fs::write(format!("/proc/{}/clear_refs", sidecar.pid()), "5").unwrap();
        let next = config(stubs, reload);
        let (failed, used) = (callers.failed.load(Ordering::Relaxed), cpu(&sidecar));
        callers.times();
        let start = Instant::now();
        sidecar.replace(&next);
        generation += 1;
        wait_for(&mut ops, &format!("\"generation\":{generation},"));
        let (took, used) = (start.elapsed(), cpu(&sidecar) - used);
        std::thread::sleep(Duration::from_secs(1));
        let (most, [p50, p999, max]) = (sidecar.memory("VmHWM"), callers.times());
        println!(
            "{reload:<8}{:>8.2}{used:>8.2}{:>14.1}{:>14.1}{:>8.2}{:>14.1}{:>8}{p50:>12.2}{p999:>12.2}{max:>12.2}",
            took.as_secs_f64(),
            mib(before),
            mib(most),
            most as f64 / before as f64,
            mib(settled(&sidecar)),
            callers.failed.load(Ordering::Relaxed) - failed,
        );
    }
    // One quote is missing, far down.
    let broken = config(stubs, RELOADS + 1).replacen(&format!("customers/{}\"", stubs / 2), "customers/x", 1);
    let before = settled(&sidecar);
    std::fs::write(format!("/proc/{}/clear_refs", sidecar.pid()), "5").unwrap();
    let start = Instant::now();
    sidecar.replace(&broken);
    wait_for(&mut ops, "\"toml-syntax\"");
    let (took, most) = (start.elapsed().as_secs_f64(), sidecar.memory("VmHWM"));
    let ratio = most as f64 / before as f64;
    println!(
        "refused after {took:.2} s, {:.1} MiB before, {:.1} MiB at most, ratio {ratio:.2}",
        mib(before),
        mib(most)
    );
    callers.stop.store(true, Ordering::Relaxed);
    let lost = threads.into_iter().map(std::thread::JoinHandle::join).filter(Result::is_err).count();
    println!(
        "{} calls, {} failed, {lost} connections lost",
        callers.served.load(Ordering::Relaxed),
        callers.failed.load(Ordering::Relaxed)
    );
}
