//! The generators: wrk and h2load send as fast as they are answered, oha at a fixed rate. Each tells what came back; an
//! answer that is missing, short or no success makes the whole measurement a problem in place of a figure.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::peers::program;
use crate::server::{Failure, Ground, Server, command};
use crate::worlds::Asked;

/// Requests under way at once, at most; over HTTP/2 on a few connections.
pub const CONNECTIONS: usize = 32;
/// Connections to a slow server.
pub const FEW_CONNECTIONS: usize = 4;
/// HTTP/2: connections, and requests under way on each.
const H2_CONNECTIONS: usize = 4;
const H2_STREAMS: usize = CONNECTIONS / H2_CONNECTIONS;
/// Requests a second at which latency is measured.
pub const ARRIVALS: u32 = 5_000;

/// What a row's servers are asked, and how.
#[derive(Clone, Debug)]
pub struct Task {
    pub asked: Vec<Asked>,
    pub is_h2c: bool,
    pub connections: usize,
}

/// What came of sending as fast as possible.
#[derive(Clone, Copy, Debug)]
pub struct Closed {
    /// Requests a second.
    pub rate: f64,
    /// CPU time of the server per request, microseconds, where the system tells it.
    pub cpu: Option<f64>,
    /// The share of its core that the server used.
    pub busy: Option<f64>,
}

/// What came of sending at [`ARRIVALS`]: percentiles in microseconds, from the moment a request was due. Infinite where
/// server or generator fell behind that rate.
#[derive(Clone, Copy, Debug)]
pub struct Latency {
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
}

impl Latency {
    pub const BEHIND: Latency = Latency { p50: f64::INFINITY, p99: f64::INFINITY, p999: f64::INFINITY };
}

/// Sends requests as fast as they are answered for so long.
pub fn closed(server: &Server, task: &Task, time: Duration, ground: &Ground) -> Result<Closed, Failure> {
    let cpu = server.cpu();
    let done = if task.is_h2c { h2load(server, task, time, ground) } else { wrk(server, task, time, ground) };
    let done = done.map_err(Failure::Wrong)?;
    let used = server.cpu().zip(cpu).map(|(after, before)| after - before);
    if done.requests == 0.0 {
        return Err(Failure::Slow(format!("no answer in {} s", time.as_secs_f32())));
    }
    Ok(Closed {
        rate: done.requests / done.seconds,
        cpu: used.map(|used| used * 1e6 / done.requests),
        busy: used.map(|used| used / done.seconds),
    })
}

/// Answers that came in so many seconds.
struct Done {
    requests: f64,
    seconds: f64,
}

fn wrk(server: &Server, task: &Task, time: Duration, ground: &Ground) -> Result<Done, String> {
    let script = script(server, task, ground)?;
    // wrk knows whole seconds only, and ends at an interrupt as it does at the end of its time.
    let words = ["wrk", "-t1", &format!("-c{}", task.connections), "-d1h", "--timeout", "30s", "-s", &script];
    let mut words: Vec<String> = words.map(str::to_owned).to_vec();
    words.push(format!("http://127.0.0.1:{}", server.port));
    let mut command = command(ground.cores.load, &words);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
    let mut output = BufReader::new(child.stdout.take().ok_or("wrk has no output")?);
    let mut text = String::new();
    while output.read_line(&mut text).map_err(|error| error.to_string())? > 0 && !text.ends_with("ready\n") {}
    std::thread::park_timeout(time);
    // The shell's own `kill`: not every machine has one as a program.
    let interrupt = Command::new("sh").arg("-c").arg(format!("kill -INT {}", child.id())).status();
    interrupt.and(output.read_to_string(&mut text)).map_err(|error| error.to_string())?;
    let rest = child.wait_with_output().map_err(|error| error.to_string())?;
    let numbers: Vec<f64> = text
        .lines()
        .find_map(|line| line.strip_prefix("result "))
        .map(|line| line.split(' ').filter_map(|number| number.parse().ok()).collect())
        .unwrap_or_default();
    let [requests, microseconds, bytes, connect, read, write, status, timeout] = numbers[..] else {
        let problem = String::from_utf8_lossy(&rest.stderr).into_owned();
        return Err(format!("wrk says nothing: {}", problem.lines().last().unwrap_or("not even to stderr")));
    };
    if connect + read + write + status + timeout > 0.0 {
        return Err(format!(
            "of {requests} requests {status} no success, {timeout} timed out, {} sockets failed",
            connect + read + write
        ));
    }
    let least = task.asked.iter().map(|asked| asked.answer.len()).min().unwrap_or(0) as f64;
    if bytes < requests * least {
        return Err(format!("{requests} answers of at least {least} bytes in {bytes} bytes"));
    }
    Ok(Done { requests, seconds: microseconds / 1e6 })
}

/// The script that tells wrk what to send.
fn script(server: &Server, task: &Task, ground: &Ground) -> Result<String, String> {
    // Nothing that is asked holds what Rust and Lua would write differently in a quoted string.
    let asked: String = task
        .asked
        .iter()
        .map(|asked| {
            let header = asked.header.as_ref().map(|(name, value)| format!("[{name:?}] = {value:?}"));
            let body = asked.body.as_ref().map(|body| format!(", body = {body:?}"));
            format!(
                "    {{ method = {:?}, target = {:?}, headers = {{ {} }}{} }},\n",
                asked.method,
                asked.target,
                header.unwrap_or_default(),
                body.unwrap_or_default(),
            )
        })
        .collect();
    let path = generated(server, task, ground, "lua");
    let text = format!("local asked = {{\n{asked}}}\n\n{}", include_str!("wrk.lua"));
    std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path.display().to_string())
}

/// A file for a generator; it is written anew for each use.
fn generated(server: &Server, task: &Task, ground: &Ground, kind: &str) -> PathBuf {
    ground.dir.join(format!("{}-{}.{kind}", server.port, task.asked.len()))
}

fn h2load(server: &Server, task: &Task, time: Duration, ground: &Ground) -> Result<Done, String> {
    let time = format!("{}ms", time.as_millis());
    let numbers = [format!("-c{H2_CONNECTIONS}"), format!("-m{H2_STREAMS}")];
    let url = format!("http://127.0.0.1:{}{}", server.h2c_port, task.asked[0].target);
    let words = ["h2load", "-t1", &numbers[0], &numbers[1], "-D", &time, &url].map(str::to_owned);
    let output = command(ground.cores.load, &words).output().map_err(|error| format!("h2load: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let before = |line: &str, word: &str| -> Option<f64> {
        let line = text.lines().find(|found| found.starts_with(line))?;
        line.split(word).next()?.split([' ', ',', '(']).next_back()?.parse().ok()
    };
    let seconds = text.lines().find_map(|line| line.strip_prefix("finished in ")).and_then(|line| {
        let word = line.split(',').next()?;
        let number = word.trim_end_matches(char::is_alphabetic);
        let unit = match &word[number.len()..] {
            "s" => 1.0,
            "ms" => 1e-3,
            _ => return None,
        };
        Some(number.parse::<f64>().ok()? * unit)
    });
    let count = |word| before("requests:", word);
    let found = (seconds, count(" done"), count(" succeeded"), before("traffic:", ") data"));
    let (Some(seconds), Some(requests), Some(good), Some(bytes)) = found else {
        return Err(format!("h2load says: {}", text.lines().last().unwrap_or("nothing")));
    };
    if good < requests || bytes != requests * task.asked[0].answer.len() as f64 {
        return Err(format!("of {requests} answers {good} successes, with {bytes} bytes of bodies"));
    }
    Ok(Done { requests, seconds })
}

/// Sends [`ARRIVALS`] requests a second for so long.
pub fn open(server: &Server, task: &Task, time: Duration, ground: &Ground) -> Result<Latency, String> {
    let port = if task.is_h2c { server.h2c_port } else { server.port };
    let time = format!("{}ms", time.as_millis());
    let rate = ARRIVALS.to_string();
    let mut words = [&program("oha"), "--no-tui", "--output-format", "json", "-q", &rate, "--latency-correction"]
        .map(str::to_owned)
        .to_vec();
    words.extend(["-w", "-z", &time].map(str::to_owned));
    if task.is_h2c {
        words.extend(["--http2".to_owned(), "-c".to_owned(), H2_CONNECTIONS.to_string()]);
        words.extend(["-p".to_owned(), H2_STREAMS.to_string()]);
    } else {
        words.extend(["-c".to_owned(), task.connections.to_string()]);
    }
    let url = |asked: &Asked| format!("http://127.0.0.1:{port}{}", asked.target);
    let first = &task.asked[0];
    if let Some((name, value)) = &first.header {
        // It has one header and one body for all requests: of such a table it asks for one entry.
        words.extend(["-m".to_owned(), first.method.to_owned(), "-H".to_owned(), format!("{name}: {value}")]);
        words.extend(first.body.iter().flat_map(|body| ["-d".to_owned(), body.clone()]));
        words.push(url(first));
    } else if task.asked.len() > 1 {
        let urls: String = task.asked.iter().map(|asked| url(asked) + "\n").collect();
        let path = generated(server, task, ground, "urls");
        std::fs::write(&path, urls).map_err(|error| format!("{}: {error}", path.display()))?;
        words.extend(["--urls-from-file".to_owned(), path.display().to_string()]);
    } else {
        words.push(url(first));
    }
    let output = command(ground.cores.load, &words).output().map_err(|error| format!("oha: {error}"))?;
    report(&output.stdout, task).map_err(|problem| {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        format!("oha: {problem} {}", said.lines().last().unwrap_or_default()).trim_end().to_owned()
    })
}

/// What oha's report says.
fn report(text: &[u8], task: &Task) -> Result<Latency, String> {
    let report: serde_json::Value = serde_json::from_slice(text).map_err(|_| "it gives no report".to_owned())?;
    let codes = report["statusCodeDistribution"].as_object().cloned().unwrap_or_default();
    let good = codes.get("200").and_then(serde_json::Value::as_f64).unwrap_or(0.0);
    let mut errors = report["errorDistribution"].as_object().cloned().unwrap_or_default();
    // Over HTTP/2 it does not wait for what is under way at the end.
    errors.remove("aborted due to deadline");
    if codes.keys().any(|code| code != "200") || !errors.is_empty() {
        return Err(format!("answers {codes:?}, errors {errors:?}"));
    }
    let number = |a: &str, b: &str| report[a][b].as_f64().ok_or_else(|| format!("{a}.{b} is missing"));
    let (bytes, rate) = (number("summary", "totalData")?, number("summary", "requestsPerSec")?);
    let least = task.asked.iter().map(|asked| asked.answer.len()).min().unwrap_or(0) as f64;
    if bytes < good * least {
        return Err(format!("{good} answers of at least {least} bytes in {bytes} bytes"));
    }
    // The percentiles would be those of another load.
    if rate < 0.9 * f64::from(ARRIVALS) {
        return Ok(Latency::BEHIND);
    }
    let percentile = |name| number("latencyPercentiles", name).map(|seconds| seconds * 1e6);
    Ok(Latency { p50: percentile("p50")?, p99: percentile("p99")?, p999: percentile("p99.9")? })
}
