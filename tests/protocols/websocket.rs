//! WebSockets by a library that people use, and how they end when the sidecar stops.

use super::{Running, Spoken, passes, python, speaking};
use crate::support::process::Process;
use crate::support::{Client, Upstream, wait_for};

#[test]
fn messages_pass_also_those_of_an_upstream_that_speaks_at_once() {
    let mut server = Running::start("websocket.py", &["server"]);
    let upstream = server.line();
    for http2 in ["grpc", "always"] {
        let app = format!("upstreams.app = {{ url = \"http://127.0.0.1:{upstream}\", http2 = \"{http2}\" }}");
        let sidecar = speaking(Spoken::Http1, &format!("proxy.upstream = \"app\"\n{app}"));
        let port = sidecar.address().port().to_string();
        for _ in 0..3 {
            assert_eq!(passes(python(), "websocket.py", &["client", &port]).trim(), "ok");
        }
    }
}

#[test]
fn a_websocket_is_told_goodbye_on_both_sides_when_the_sidecar_stops() {
    let mut server = Running::start("websocket.py", &["server"]);
    let upstream = server.line();
    let config = format!("proxy.upstream = \"http://127.0.0.1:{upstream}\"\nlimits.drain_timeout = \"2s\"");
    let mut sidecar = Process::start(&config);
    let mut client = Running::start("websocket.py", &["rest", &sidecar.data.port().to_string()]);
    assert_eq!(client.line(), "there");
    sidecar.signal("TERM");
    assert_eq!(client.line(), "closed 1001");
    assert_eq!(server.line(), "closed /rest 1001");
    assert_eq!(sidecar.wait().code(), Some(0));
}

#[test]
fn a_tunnel_may_rest_longer_than_any_time_out_of_the_upstream() {
    let mut server = Running::start("websocket.py", &["server"]);
    let upstream = server.line();
    let config = format!(
        "limits.body_timeout = \"200ms\"\nlimits.request_body = \"1KiB\"\nproxy.upstream = \"app\"\n\
         upstreams.app = {{ url = \"http://127.0.0.1:{upstream}\", read_timeout = \"200ms\", write_timeout = \"200ms\" }}"
    );
    let sidecar = speaking(Spoken::Http1, &config);
    let mut client = sidecar.connect();
    client.send(
        "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    assert!(client.try_head().unwrap().starts_with("HTTP/1.1 101"));
    assert!(client.is_silent_for(std::time::Duration::from_millis(900)), "nobody has cut it");
    client.send([0x81, 0x81, 0, 0, 0, 0, b'x']);
    assert_eq!(client.exactly(3).unwrap(), [0x81, 1, b'x']);
    // What passes a tunnel is no body, and has none of its limits.
    for _ in 0..200 {
        client.send([&[0x81, 0xfd, 0, 0, 0, 0][..], &[b'y'; 125]].concat());
        assert_eq!(client.exactly(127).unwrap()[2..], [b'y'; 125]);
    }
}

#[test]
fn an_upstream_that_never_answers_a_request_for_a_tunnel_is_late() {
    let upstream = Upstream::new(|_, _| {
        std::thread::park_timeout(crate::support::PATIENCE);
        false
    });
    let config = format!(
        "proxy.upstream = \"app\"\nupstreams.app = {{ url = \"http://{}\", read_timeout = \"200ms\" }}",
        upstream.address()
    );
    let sidecar = speaking(Spoken::Http1, &config);
    let mut client: Client = sidecar.connect();
    client.send("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    assert!(client.is_closed());
    let call = wait_for("the call to end", || sidecar.calls().into_iter().find(|call| !call["failure"].is_null()));
    assert_eq!(call["failure"], "read-timeout");
}
