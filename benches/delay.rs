//! How late delayed answers are with 10,000 of them waiting: `cargo bench --bench delay`.
//!
//! 5,000 calls a second arrive at a stub with a delay of two seconds, whatever happens to those before them, on
//! connections that were opened earlier. Beside Standin, in turns, stands a bare server: it reads a request, sleeps on
//! the timer of the same runtime for as long, and answers. How late a call is, is what its caller saw, from sending to
//! the whole answer, less the delay: so it holds what the network, the caller and the timer's own steps of a
//! millisecond cost, and the difference of the two servers is Standin's part. Each server has one core, and the callers
//! the other. `RATE`, `DELAY_MS`, `SECONDS` and `ROUNDS` change the load. Linux only: memory is read from `/proc`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench that cannot go on says so by a panic, and prints what it found"
)]

mod support;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use support::{Sidecar, cores, memory_of, mib};

const REQUEST: &[u8] = b"GET /slow HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";

/// What is measured.
#[derive(Clone, Copy)]
struct Plan {
    /// Calls per second.
    rate: u32,
    delay: Duration,
    /// How long calls are measured, from when as many wait as will.
    window: Duration,
    rounds: usize,
}

impl Plan {
    /// How many calls wait at a time.
    fn waiting(&self) -> usize {
        (f64::from(self.rate) * self.delay.as_secs_f64()) as usize
    }

    /// Connections: where the machine stands still for a moment, calls come back late, and others arrive meanwhile.
    fn connections(&self) -> usize {
        self.waiting() + self.waiting() / 4 + 100
    }
}

/// What one round has seen of one server.
#[derive(Default)]
struct Round {
    /// How late each call was, microseconds, sorted.
    late: Vec<i64>,
    /// Memory of the server when all connections were open, and when the most calls were waiting, bytes.
    idle: u64,
    waiting: u64,
}

impl Round {
    /// Milliseconds that this share of calls was late at most.
    fn at(&self, share: f64) -> f64 {
        self.late[((self.late.len() - 1) as f64 * share) as usize] as f64 / 1000.0
    }
}

/// One call: the connection, when it was sent, and how late its answer was.
type Called = (TcpStream, Instant, i64);

async fn call(mut stream: TcpStream, delay: Duration) -> std::io::Result<Called> {
    let sent = Instant::now();
    stream.write_all(REQUEST).await?;
    let (mut answer, mut length) = ([0; 4096], 0);
    // The answer ends with the body, and no body holds its own end before.
    while !answer[..length].ends_with(support::BODY.as_bytes()) {
        let read = stream.read(&mut answer[length..]).await?;
        assert!(read > 0, "no answer: {}", String::from_utf8_lossy(&answer[..length]));
        length += read;
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer[..length]));
    let late = sent.elapsed().as_micros() as i64 - delay.as_micros() as i64;
    Ok((stream, sent, late))
}

/// Calls arrive at their times, on whatever connection is free.
async fn round(server: u32, address: SocketAddr, plan: Plan) -> Round {
    let mut free = VecDeque::new();
    for _ in 0..plan.connections() {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        free.push_back(stream);
    }
    let mut out = Round { idle: memory_of(server, "VmRSS"), ..Round::default() };
    let (done, mut answers) = mpsc::unbounded_channel();
    let begin = Instant::now();
    let full = begin + plan.delay + Duration::from_millis(100);
    let end = full + plan.window;
    let calls = (f64::from(plan.rate) * (end - begin).as_secs_f64()) as u32;
    let (mut sent, mut back) = (0, 0);
    while back < calls {
        let due = begin + Duration::from_secs(1) / plan.rate * sent;
        tokio::select! {
            biased;
            () = tokio::time::sleep_until(due.into()), if sent < calls => {
                let stream = free.pop_front().expect("a free connection: the server is too slow for this rate");
                let (done, delay) = (done.clone(), plan.delay);
                tokio::spawn(async move { done.send(call(stream, delay).await) });
                sent += 1;
                if out.waiting == 0 && due > full {
                    out.waiting = memory_of(server, "VmRSS");
                }
            }
            Some(called) = answers.recv() => {
                let (stream, at, late): Called = called.expect("no call fails");
                assert!(late >= 0, "an answer came before its time");
                back += 1;
                free.push_back(stream);
                if at > full {
                    out.late.push(late);
                }
            }
        }
    }
    out.late.sort_unstable();
    out
}

/// The bare server: what a delay costs that nobody manages.
async fn serve(delay: Duration) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", support::BODY.len(), support::BODY);
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let answer = answer.clone();
        tokio::spawn(async move {
            let (mut request, mut length) = ([0; 1024], 0);
            loop {
                match stream.read(&mut request[length..]).await {
                    Ok(0) | Err(_) => return,
                    Ok(read) => length += read,
                }
                if request[..length].ends_with(b"\r\n\r\n") {
                    length = 0;
                    tokio::time::sleep(delay).await;
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            }
        });
    }
}

/// This program as the bare server, on the core of the sidecar.
struct Bare(Child, SocketAddr);

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Bare {
    fn start(delay: Duration) -> Bare {
        let mut child = Command::new("taskset")
            .args(["-c", &cores()[0]])
            .arg(std::env::current_exe().unwrap())
            .args(["bare", &delay.as_millis().to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
        Bare(child, line.trim().parse().unwrap())
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, mode, delay] = arguments.as_slice()
        && mode == "bare"
    {
        return runtime().block_on(serve(Duration::from_millis(delay.parse().unwrap())));
    }
    let number = |name: &str, usual: u64| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual);
    let plan = Plan {
        rate: number("RATE", 5_000) as u32,
        delay: Duration::from_millis(number("DELAY_MS", 2_000)),
        window: Duration::from_secs(number("SECONDS", 5)),
        rounds: number("ROUNDS", 5) as usize,
    };
    support::open_files(plan.connections() + 1000);
    // Two servers in turns: the connections of a round are closed before the next.
    let sidecar = Sidecar::start(
        &[],
        &[],
        &format!(
            "limits.connections = {}\n[[stub]]\nmatch = \"GET /slow\"\ndelay = \"{}ms\"\ntype = \"json\"\nbody = '''{}'''",
            2 * plan.connections(),
            plan.delay.as_millis(),
            support::BODY
        ),
    );
    let bare = Bare::start(plan.delay);
    support::pin(&cores()[1]);
    println!(
        "{} calls a second, {} ms of delay: {} waiting on {} connections; {} rounds in turns, medians",
        plan.rate,
        plan.delay.as_millis(),
        plan.waiting(),
        plan.connections(),
        plan.rounds
    );
    let servers = [("bare timer", bare.0.id(), bare.1), ("Standin", sidecar.pid(), sidecar.data)];
    let fresh: Vec<u64> = servers.iter().map(|(_, pid, _)| memory_of(*pid, "VmRSS")).collect();
    let mut rounds: Vec<Vec<Round>> = vec![Vec::new(), Vec::new()];
    for _ in 0..plan.rounds {
        for (at, (_, pid, address)) in servers.iter().enumerate() {
            rounds[at].push(runtime().block_on(round(*pid, *address, plan)));
        }
    }
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    println!("{:12}{:>10}{:>10}{:>10}{:>10}   late, ms", "", "50 %", "99 %", "99.9 %", "most");
    let mut shown = Vec::new();
    for (rounds, (name, _, _)) in rounds.iter().zip(&servers) {
        let late = [0.5, 0.99, 0.999, 1.0].map(|share| median(rounds.iter().map(|round| round.at(share)).collect()));
        println!("{name:12}{:>10.2}{:>10.2}{:>10.2}{:>10.2}", late[0], late[1], late[2], late[3]);
        shown.push(late);
    }
    let more: Vec<f64> = shown[1].iter().zip(&shown[0]).map(|(own, bare)| own - bare).collect();
    println!("{:12}{:>10.2}{:>10.2}{:>10.2}{:>10.2}", "difference", more[0], more[1], more[2], more[3]);
    println!("memory in the first round, before anything was reused:");
    for ((rounds, (name, _, _)), fresh) in rounds.iter().zip(&servers).zip(fresh) {
        let Some(Round { idle, waiting, .. }) = rounds.first() else { continue };
        let each = |more: u64, of: usize| more as f64 / of as f64 / 1024.0;
        println!(
            "{name:12}{:.1} MiB with {} calls waiting; {:.1} KiB for an open connection, {:.1} KiB more for a call that waits",
            mib(*waiting),
            plan.waiting(),
            each(idle.saturating_sub(fresh), plan.connections()),
            each(waiting.saturating_sub(*idle), plan.waiting())
        );
    }
}
