//! How a sidecar stops: what is under way finishes, nothing new begins, and the exit code is 0.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use super::folder;
use crate::support::process::{Process, output};
use crate::support::upstream::respond;
use crate::support::{Client, PATIENCE, Upstream, wait_for};

const STUBS: &str = "[[stub]]\nmatch = \"GET /fast\"\nbody = \"fast\"\n\
                     [[stub]]\nmatch = \"GET /slow\"\nbody = \"slow\"\ndelay = \"1500ms\"";

/// An upstream that answers when it is let go.
fn held() -> (Upstream, mpsc::Sender<()>) {
    let (let_go, wait) = mpsc::channel();
    let wait = Mutex::new(wait);
    let upstream = Upstream::new(move |_, stream| {
        let _ = wait.lock().unwrap().recv_timeout(PATIENCE * 2);
        respond(stream, 200, "", b"late");
        true
    });
    (upstream, let_go)
}

/// Sends requests, one after the other, until the sidecar takes no more. An answer that began must be whole.
fn load(sidecar: std::net::SocketAddr, served: &AtomicUsize, over: &AtomicBool) {
    let mut client = Client::connect(sidecar);
    while !over.load(Ordering::Relaxed) {
        // A connection that is idle when the stop comes is closed, and a request may cross that on its way.
        if client.try_send("GET /fast HTTP/1.1\r\nHost: a.test\r\n\r\n").is_err() {
            return;
        }
        let Some(head) = client.try_head() else { return };
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert_eq!(client.exactly(4).as_deref(), Some(&b"fast"[..]), "a whole body follows its head");
        served.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn requests_under_way_finish_under_load_and_the_exit_code_is_0() {
    let (upstream, let_go) = held();
    let mut sidecar = Process::start(&format!("proxy.upstream = \"http://{}\"\n{STUBS}", upstream.address()));
    let (served, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let (served, over, address) = (served.clone(), over.clone(), sidecar.data);
            std::thread::spawn(move || load(address, &served, &over))
        })
        .collect();
    let mut forwarded = sidecar.connect();
    forwarded.send("GET /held HTTP/1.1\r\nHost: a.test\r\n\r\n");
    let mut slow: Vec<Client> = (0..8).map(|_| sidecar.connect()).collect();
    for client in &mut slow {
        client.send("GET /slow HTTP/1.1\r\nHost: a.test\r\n\r\n");
    }
    upstream.wait_for(1);
    wait_for("the slow calls to be under way", || {
        let page = Client::connect(sidecar.admin).as_host("localhost").get("/v1/calls?path=/slow").json();
        (page["calls"].as_array().unwrap().len() == 8).then_some(())
    });
    wait_for("the load to be under way", || (served.load(Ordering::Relaxed) > 100).then_some(()));

    sidecar.signal("TERM");
    sidecar.wait_for_log("stopping: requests under way may finish");
    // The probe says so while the rest finishes, and `ping` with it.
    let ready = Client::connect(sidecar.ops).get("/readyz");
    assert_eq!((ready.status, ready.json()["ready"].as_bool()), (503, Some(false)));
    assert_eq!(Client::connect(sidecar.ops).get("/livez").status, 200);
    let ended = output(&["ping", "--ops", &sidecar.ops.to_string()], folder(&[]).path());
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.contains("503"), "{ended:?}");
    for client in &mut slow {
        assert_eq!(client.response().text(), "slow");
    }
    let_go.send(()).unwrap();
    assert_eq!(forwarded.response().text(), "late");
    assert_eq!(sidecar.wait().code(), Some(0));
    assert_eq!(sidecar.wait_for_log("\"stopped\"")["finished"].as_bool(), Some(true), "nothing was cut off");
    over.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().expect("no answer was cut off");
    }
}

#[test]
fn an_interrupt_stops_an_idle_sidecar_and_closes_idle_connections() {
    let mut sidecar = Process::start(STUBS);
    let mut idle = sidecar.connect();
    assert_eq!(idle.get("/fast").text(), "fast");
    let mut silent = sidecar.connect();
    sidecar.signal("INT");
    assert_eq!(sidecar.wait().code(), Some(0));
    assert!(idle.is_closed() && silent.is_closed());
}

#[test]
fn a_request_that_was_on_its_way_at_the_stop_is_answered() {
    let mut sidecar = Process::start(STUBS);
    let mut clients: Vec<_> = (0..8).map(|_| sidecar.connect()).collect();
    for client in &mut clients {
        assert_eq!(client.get("/fast").text(), "fast");
    }
    sidecar.signal("TERM");
    for client in &mut clients {
        client.send("GET /fast HTTP/1.1\r\nHost: a.test\r\n\r\n");
    }
    for client in &mut clients {
        assert_eq!(client.response().text(), "fast");
    }
    assert_eq!(sidecar.wait().code(), Some(0));
}

#[test]
fn a_second_signal_ends_at_once() {
    let (upstream, _let_go) = held();
    let mut sidecar = Process::start(&format!("proxy.upstream = \"http://{}\"", upstream.address()));
    let mut client = sidecar.connect();
    client.send("GET /held HTTP/1.1\r\nHost: a.test\r\n\r\n");
    upstream.wait_for(1);
    sidecar.signal("TERM");
    sidecar.wait_for_log("stopping: requests under way may finish");
    sidecar.signal("TERM");
    assert_eq!(sidecar.wait().code(), Some(0));
    assert_eq!(sidecar.wait_for_log("\"stopped\"")["finished"].as_bool(), Some(false));
    assert!(client.is_closed());
}
