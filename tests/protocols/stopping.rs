//! A stop with everything under way at once: what has an end finishes, what has none is closed in order.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::Running;
use crate::support::process::{DRAIN_DELAY, Process, standin};
use crate::support::upstream::respond;
use crate::support::{Client, PORTS, Upstream, sidecar, wait_for};

/// A sidecar as a process, with a delay before it drains.
fn start(config: &str, files: &[(&str, &str)], delay: &str) -> Process {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("standin.toml"), format!("{PORTS}{config}")).unwrap();
    for (path, text) in files {
        std::fs::write(dir.path().join(path), text).unwrap();
    }
    let mut command = standin();
    command.args(["run", "-c", "."]).env(DRAIN_DELAY, delay);
    Process::launch(command, dir)
}

/// One request on a connection of its own; `None` where nobody listens any more.
fn once(address: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).ok()?;
    stream.write_all(b"GET /fast HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    // One that was accepted by the system alone is closed without a word.
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
}

#[test]
fn fifty_requests_of_all_kinds_survive_a_stop_under_load() {
    let upstream = Upstream::new(|request, stream| {
        std::thread::park_timeout(Duration::from_secs(2));
        respond(stream, 200, "", format!("late {}", request.body.len()).as_bytes());
        true
    });
    let (mut grpc, mut websocket) =
        (Running::start("grpc_peer.py", &["server"]), Running::start("websocket.py", &["server"]));
    let config = format!(
        "mocks = [\"*.mock.toml\"]\nproxy.upstream = \"http://{}\"\nlimits.drain_timeout = \"9s\"\n\
         upstreams.grpc.url = \"http://127.0.0.1:{}\"\nupstreams.websocket.url = \"http://127.0.0.1:{}\"\n\
         [[stub]]\nmatch = \"GET /fast\"\nbody = \"fast\"\n\
         [[stub]]\nmatch = \"GET /delayed\"\nbody = \"delayed\"\ndelay = \"2s\"\n",
        upstream.address(),
        grpc.line(),
        websocket.line()
    );
    let files = [
        ("grpc.mock.toml", "base_path = \"/test.Test\"\nupstream = \"grpc\""),
        ("websocket.mock.toml", "base_path = \"/rest\"\nupstream = \"websocket\""),
    ];
    let mut sidecar = start(&config, &files, "1s");
    let address = sidecar.data;

    let mut delayed: Vec<Client> = (0..40).map(|_| sidecar.connect()).collect();
    delayed.iter_mut().for_each(|client| _ = client.send("GET /delayed HTTP/1.1\r\nHost: a\r\n\r\n"));
    let mut forwarded: Vec<Client> = (0..6).map(|_| sidecar.connect()).collect();
    forwarded.iter_mut().for_each(|client| _ = client.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n"));
    let mut upload = sidecar.connect();
    upload.send("POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    let mut stream = Running::start("grpc_peer.py", &["rest", &address.to_string(), "3"]);
    let mut tunnel = Running::start("websocket.py", &["rest", &address.port().to_string()]);
    assert_eq!((stream.line().as_str(), tunnel.line().as_str()), ("begun", "there"));
    wait_for("all to be under way", || {
        let page = Client::connect(sidecar.admin).as_host("localhost").get("/v1/calls?path=/delayed&limit=100").json();
        (page["calls"].as_array().unwrap().len() == 40).then_some(())
    });
    upstream.wait_for(6);

    let (stop, served) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            let mut refused = None;
            while !stop.load(Ordering::Relaxed) {
                match once(address) {
                    Some(text) => {
                        assert_eq!(text, "fast");
                        served.fetch_add(1, Ordering::Relaxed);
                        assert!(refused.is_none(), "nobody listens again");
                    }
                    None => refused = refused.or(Some(Instant::now())),
                }
            }
            refused
        });
        sidecar.signal("TERM");
        let begun = Instant::now();
        sidecar.wait_for_log("stopping: requests under way may finish");
        assert_eq!(Client::connect(sidecar.ops).get("/readyz").status, 503, "at once");
        let before = served.load(Ordering::Relaxed);
        wait_for("new connections to be served meanwhile", || {
            (served.load(Ordering::Relaxed) > before + 20).then_some(())
        });
        for number in 0..20 {
            upload.send(format!("3\r\n{number:03}\r\n"));
            std::thread::park_timeout(Duration::from_millis(100));
        }
        upload.send("0\r\n\r\n");
        delayed.iter_mut().for_each(|client| assert_eq!(client.response().text(), "delayed"));
        forwarded.iter_mut().for_each(|client| assert_eq!(client.response().text(), "late 0"));
        assert_eq!(upload.response().text(), "late 60");
        assert_eq!(stream.line(), "over");
        assert_eq!(Client::connect(sidecar.ops).get("/livez").status, 200, "ops keeps working");
        let page = Client::connect(sidecar.admin).as_host("localhost").get("/v1/calls?limit=1");
        assert_eq!(page.status, 200, "and so does admin");
        // What has no end is told to close shortly before the time is up.
        assert_eq!(tunnel.line(), "closed 1001");
        assert_eq!(websocket.line(), "closed /rest 1001");
        assert_eq!(sidecar.wait().code(), Some(0));
        stop.store(true, Ordering::Relaxed);
        let refused = load.join().unwrap().expect("connections are refused in the end");
        assert!(refused.duration_since(begun) >= Duration::from_millis(900), "not before the delay is over");
    });
    assert_eq!(sidecar.wait_for_log("\"stopped\"")["finished"].as_bool(), Some(true));
}

#[test]
fn with_nothing_under_way_the_stop_ends_soon_after_the_delay() {
    let mut sidecar = start("limits.drain_timeout = \"1h\"", &[], "300ms");
    let mut idle = sidecar.connect();
    idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(idle.response().status, 404);
    let silent = sidecar.connect();
    sidecar.signal("TERM");
    assert_eq!(sidecar.wait().code(), Some(0), "long before drain_timeout");
    assert!(idle.is_closed());
    drop(silent);
}

#[test]
fn answers_after_the_delay_close_their_connection() {
    let mut sidecar = start("[[stub]]\nmatch = \"GET /a\"\nbody = \"a\"\ndelay = \"900ms\"", &[], "200ms");
    let mut client = sidecar.connect();
    client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    sidecar.signal("TERM");
    let response = client.response();
    assert_eq!((response.text().as_str(), response.header("connection")), ("a", Some("close")));
    assert_eq!(sidecar.wait().code(), Some(0));
}

#[test]
fn connections_beyond_the_limit_are_refused_and_the_others_served() {
    let sidecar = sidecar().config("limits.connections = 3\n[[stub]]\nmatch = \"GET /a\"\nbody = \"a\"").start();
    let mut admitted: Vec<Client> = (0..3).map(|_| sidecar.connect()).collect();
    admitted.iter_mut().for_each(|client| assert_eq!(client.get("/a").text(), "a"));
    for _ in 0..20 {
        let mut refused = sidecar.connect();
        refused.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
        let response = refused.response();
        assert_eq!((response.status, response.json()["code"].as_str()), (503, Some("connections")));
        assert!(refused.is_closed());
    }
    admitted.iter_mut().for_each(|client| assert_eq!(client.get("/a").text(), "a"));
    assert_eq!(sidecar.metric("standin_rejected_total{reason=\"connections\"}"), Some(20.0));
    // Those who are being told hold no place: one that gets free is the next caller's.
    let mut told: Vec<Client> = (0..5).map(|_| sidecar.connect()).collect();
    told.iter_mut().for_each(|client| assert_eq!(client.get("/a").status, 503));
    drop(admitted.pop());
    wait_for("the metric", || (sidecar.metric("standin_connections") == Some(2.0)).then_some(()));
    let mut next = sidecar.connect();
    assert_eq!(next.get("/a").status, 200);
    drop((told, next));
    wait_for("a place", || sidecar.connect().try_get("/a").filter(|response| response.status == 200));
    assert!(sidecar.metric("standin_connections").unwrap() <= 3.0);
}
