//! Standin beside bare pingora and nginx, in one run on one machine: `make bench`.
//!
//! Each server gets one core, the load (wrk) and the upstream (nginx) the other. Rounds alternate over all servers, so
//! that what else the machine does hits everybody alike. Printed are medians, spreads, the median of each round's ratio
//! to bare pingora, and the CPU time of the server per request, which is the robust figure. Needs nginx
//! and wrk; `make bench` installs them.
//!
//! "Bare pingora" is the stock `HttpProxy` behind pingora's own listener: it answers `/mock` from a prebuilt header in
//! `request_filter` and forwards the rest; same allocator, same profile, no log, no metrics, no matching.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench that cannot go on says so by a panic, and prints what it found"
)]

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use pingora::http::ResponseHeader;
use pingora::prelude::*;
use pingora::server::configuration::ServerConf;
use pingora::services::Service as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// 199 bytes of JSON, the body of the reference measurements.
const BODY: &str = r#"{"id":123,"name":"Ada Lovelace","email":"ada@example.test","roles":["admin","author"],"active":true,"address":{"street":"12 St James's Square","city":"London","zip":"SW1Y 4JH"},"note":"first programmer"}"#;

struct Bare {
    header: ResponseHeader,
    upstream: Box<HttpPeer>,
}

#[async_trait]
impl ProxyHttp for Bare {
    type CTX = ();
    fn new_ctx(&self) {}

    async fn request_filter(&self, session: &mut Session, _: &mut ()) -> Result<bool> {
        if session.req_header().uri.path() != "/mock" {
            return Ok(false);
        }
        session.set_keepalive(Some(60));
        session.write_response_header_ref(&self.header, false).await?;
        session.write_response_body(Some(Bytes::from_static(BODY.as_bytes())), true).await?;
        Ok(true)
    }

    async fn upstream_peer(&self, _: &mut Session, _: &mut ()) -> Result<Box<HttpPeer>> {
        Ok(self.upstream.clone())
    }
}

fn serve_bare(port: u16, upstream: u16) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async move {
        let mut header = ResponseHeader::build_no_case(200, None).unwrap();
        header.insert_header("content-type", "application/json").unwrap();
        header.insert_header("content-length", BODY.len()).unwrap();
        let mut upstream = Box::new(HttpPeer::new(("127.0.0.1", upstream), false, String::new()));
        upstream.options.connection_timeout = Some(Duration::from_secs(1));
        upstream.options.read_timeout = Some(Duration::from_secs(60));
        upstream.options.idle_timeout = Some(Duration::from_secs(4));
        let conf = ServerConf { threads: 1, upstream_keepalive_pool_size: 1024, ..ServerConf::default() };
        let mut service = http_proxy_service(&Arc::new(conf), Bare { header, upstream });
        service.add_tcp(&format!("127.0.0.1:{port}"));
        let (_stop, stopped) = tokio::sync::watch::channel(false);
        service.start_service(None, stopped, 1).await;
    });
}

/// A running server, pinned to a core.
struct Server {
    name: &'static str,
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(name: &'static str, core: u32, port: u16, command: &str, arguments: &[&str], dir: &Path) -> Server {
        let child = Command::new("taskset")
            .args(["-c", &core.to_string(), command])
            .args(arguments)
            .current_dir(dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        let end = Instant::now() + Duration::from_secs(15);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "{name} does not listen on {port}");
            std::thread::yield_now();
        }
        Server { name, child, port }
    }

    /// CPU time of the process and its children so far, seconds.
    fn cpu(&self) -> f64 {
        let ticks = |pid: u32| -> f64 {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
            let field = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
            (field(11) + field(12)) / 100.0
        };
        let pid = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        ticks(pid) + children.split_whitespace().filter_map(|child| child.parse().ok()).map(ticks).sum::<f64>()
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Requests per second, and CPU microseconds of the server per request.
fn wrk(server: &Server, path: &str, seconds: u32) -> (f64, f64) {
    let before = server.cpu();
    let output = Command::new("taskset")
        .args(["-c", "1", "wrk", "-t1", "-c32", &format!("-d{seconds}s")])
        .arg(format!("http://127.0.0.1:{}{path}", server.port))
        .output()
        .expect("wrk is installed");
    let used = server.cpu() - before;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("Non-2xx") && !text.contains("Socket errors"), "{}: {text}", server.name);
    let word = |before: &str, after: &str| -> f64 {
        let line = text.lines().find(|line| line.contains(before)).unwrap_or_else(|| panic!("{text}"));
        let number = if after.is_empty() { line.split(before).nth(1) } else { line.split(after).next() };
        number.and_then(|n| n.trim().split(' ').next()).and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("{line}"))
    };
    let requests = word(" requests in", " requests in");
    (word("Requests/sec:", ""), used * 1e6 / requests)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, mode, port, upstream] = arguments.as_slice()
        && mode == "bare"
    {
        return serve_bare(port.parse().unwrap(), upstream.parse().unwrap());
    }
    let number = |name: &str, default: u32| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (rounds, seconds) = (number("ROUNDS", 9), number("SECONDS", 2));
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();

    let nginx = |name: &'static str, core: u32, port: u16, server: String| {
        let folder = dir.join(name);
        std::fs::create_dir_all(folder.join("logs")).unwrap();
        let config = format!(
            "daemon off; master_process off; pid nginx.pid; error_log stderr error; events {{ worker_connections 1024; }}\n\
             http {{ access_log off; keepalive_requests 1000000; default_type application/json; {server} }}"
        );
        std::fs::write(folder.join("nginx.conf"), config).unwrap();
        Server::start(name, core, port, "nginx", &["-p", ".", "-c", "nginx.conf", "-e", "stderr"], &folder)
    };
    let upstream = free_port();
    let _upstream = nginx(
        "upstream",
        1,
        upstream,
        format!("server {{ listen 127.0.0.1:{upstream}; location / {{ return 200 '{}'; }} }}", BODY.replace('\'', "")),
    );
    let port = free_port();
    let proxy = nginx(
        "nginx",
        0,
        port,
        format!(
            "upstream up {{ server 127.0.0.1:{upstream}; keepalive 128; }} server {{ listen 127.0.0.1:{port};\n\
             location = /mock {{ return 200 '{}'; }}\n\
             location / {{ proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ''; }} }}",
            BODY.replace('\'', "")
        ),
    );
    let port = free_port();
    let this = std::env::current_exe().unwrap();
    let (port_text, upstream_text) = (port.to_string(), upstream.to_string());
    let bare =
        Server::start("bare pingora", 0, port, this.to_str().unwrap(), &["bare", &port_text, &upstream_text], dir);
    let port = free_port();
    let config = format!(
        "proxy = {{ listen = \"127.0.0.1:{port}\", upstream = \"http://127.0.0.1:{upstream}\" }}\n\
         ops.listen = \"127.0.0.1:0\"\nadmin.listen = \"127.0.0.1:0\"\n[[stub]]\nmatch = \"GET /mock\"\ntype = \"json\"\nbody = '''{BODY}'''"
    );
    std::fs::write(dir.join("standin.toml"), config).unwrap();
    let standin = Server::start("standin", 0, port, env!("CARGO_BIN_EXE_standin"), &["run", "-c", "standin.toml"], dir);

    println!("{rounds} rounds of {seconds} s, alternating; 32 connections, one core for the server");
    println!(
        "{:<14}{:<10}{:>10}{:>22}{:>8}{:>14}{:>10}",
        "", "", "req/s", "(min - max)", "x bare", "CPU us/req", "x bare"
    );
    for (label, path) in [("mocked", "/mock"), ("forwarded", "/other")] {
        let servers = [&bare, &proxy, &standin];
        let mut rates = vec![Vec::new(); servers.len()];
        let mut costs = vec![Vec::new(); servers.len()];
        for server in servers {
            wrk(server, path, 1);
        }
        for _ in 0..rounds {
            for (at, server) in servers.iter().enumerate() {
                let (rate, cost) = wrk(server, path, seconds);
                rates[at].push(rate);
                costs[at].push(cost);
            }
        }
        // The ratio of each round by itself: what disturbs the machine disturbs neighbours alike.
        let beside_bare = |values: &[Vec<f64>], at: usize| {
            median(&mut values[at].iter().zip(&values[0]).map(|(own, bare)| own / bare).collect::<Vec<_>>())
        };
        for (at, server) in servers.iter().enumerate() {
            let (rate_ratio, cost_ratio) = (beside_bare(&rates, at), beside_bare(&costs, at));
            let (rate, cost) = (median(&mut rates[at].clone()), median(&mut costs[at].clone()));
            let (min, max) = rates[at].iter().fold((f64::MAX, 0.0_f64), |(min, max), r| (min.min(*r), max.max(*r)));
            println!(
                "{:<14}{label:<10}{rate:>10.0}{:>22}{rate_ratio:>8.2}{cost:>14.1}{cost_ratio:>10.2}",
                server.name,
                format!("({min:.0} - {max:.0})"),
            );
        }
    }
}
