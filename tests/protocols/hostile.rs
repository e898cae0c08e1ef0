//! HTTP/2 by hand: frames that are malformed, too many, too slow, or never read. The connection ends by its limit, and
//! everyone else is served.

use std::net::SocketAddr;

use crate::support::{Client, Sidecar, Upstream, sidecar, wait_for};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A frame.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    let mut out = vec![length[1], length[2], length[3], kind, flags];
    out.extend(stream.to_be_bytes());
    out.extend(payload);
    out
}

/// A literal field without indexing (RFC 7541, section 6.2.2).
fn field(name: &str, value: &str) -> Vec<u8> {
    assert!(name.len() < 127 && value.len() < 127);
    let mut out = vec![0, name.len() as u8];
    out.extend(name.as_bytes());
    out.push(value.len() as u8);
    out.extend(value.as_bytes());
    out
}

fn request(path: &str, further: &[(&str, &str)]) -> Vec<u8> {
    let fields = [(":method", "GET"), (":scheme", "http"), (":authority", "a.test"), (":path", path)];
    fields.iter().chain(further).flat_map(|(name, value)| field(name, value)).collect()
}

/// A caller that has sent its preface.
fn begun(address: SocketAddr) -> Client {
    let mut client = Client::connect(address);
    client.send(PREFACE).send(SETTINGS);
    client
}

/// The next frame: kind, flags, stream, payload. None at the end.
fn next(client: &mut Client) -> Option<(u8, u8, u32, Vec<u8>)> {
    let head = client.exactly(9)?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
    Some((head[3], head[4], stream, client.exactly(length)?))
}

/// Reads until a frame of this kind comes.
fn until(client: &mut Client, kind: u8) -> Option<(u8, u8, u32, Vec<u8>)> {
    loop {
        let frame = next(client)?;
        if frame.0 == kind {
            return Some(frame);
        }
    }
}

/// The number of refused connections and requests for this reason.
fn rejected(sidecar: &Sidecar, reason: &str) -> f64 {
    sidecar.metric(&format!("standin_rejected_total{{reason=\"{reason}\"}}")).unwrap_or(0.0)
}

/// Everyone else is served.
fn is_well(sidecar: &Sidecar) {
    assert_eq!(sidecar.get("/mock").text(), "mocked");
}

fn start(limits: &str) -> (Upstream, Sidecar) {
    let upstream = Upstream::echo();
    let stubs = "[[stub]]\nmatch = \"GET /mock\"\nbody = \"mocked\"\n[[stub]]\nmatch = \"GET /slow\"\nbody = \"slow\"\n\
                 delay = \"2s\"\n[[stub]]\nmatch = \"GET /big\"\nbody = \"";
    let config = format!("{limits}\n{stubs}{}\"", "b".repeat(400_000));
    let sidecar = sidecar().upstream(&upstream).config(&config).start();
    (upstream, sidecar)
}

#[test]
fn requests_by_hand_are_answered() {
    let (upstream, sidecar) = start("");
    let mut client = begun(sidecar.address());
    client.send(frame(1, END_STREAM | END_HEADERS, 1, &request("/mock", &[])));
    client.send(frame(1, END_STREAM | END_HEADERS, 3, &request("/real", &[("x-a", "1")])));
    let mut bodies = Vec::new();
    while bodies.len() < 2 {
        let (_, flags, stream, payload) = until(&mut client, 0).unwrap();
        if flags & END_STREAM != 0 || !payload.is_empty() {
            bodies.push((stream, String::from_utf8(payload).unwrap()));
            bodies.retain(|(_, body)| !body.is_empty());
        }
    }
    bodies.sort();
    assert_eq!(bodies, [(1, "mocked".to_owned()), (3, "real GET /real HTTP/1.1".to_owned())]);
    assert_eq!(upstream.arrived()[0].header("x-a"), Some("1"));
}

#[test]
fn malformed_requests_are_refused_and_never_reach_the_upstream() {
    let (upstream, sidecar) = start("");
    let bare = |fields: &[(&str, &str)]| fields.iter().flat_map(|(n, v)| field(n, v)).collect::<Vec<u8>>();
    let heads = [
        bare(&[(":method", "GET"), (":scheme", "http"), (":authority", "a")]), // no path
        bare(&[(":method", "GET"), (":scheme", "http"), (":path", "/")]),      // no authority
        request("/", &[("connection", "close")]),
        request("/", &[("transfer-encoding", "chunked")]),
        request("/", &[("host", "b.test")]),
        request("/", &[("Upper", "x")]),
        request("/", &[("x", "a\r\nb: c")]),
        request("/", &[("x\r\ny", "a")]),
        request("/a\r\nb", &[]),
        request("/", &[(":path", "/twice")]),
        request("/", &[("content-length", "1"), ("content-length", "2")]),
        request("http://b.test/", &[]),
        request("/%zz", &[]),
        request("/../..", &[]),
        request("/%00", &[]),
        bare(&[(":method", "CONNECT"), (":authority", "a:443")]),
        bare(&[(":method", "GET"), (":scheme", "http"), (":authority", "user@a"), (":path", "/")]),
    ];
    for head in &heads {
        let mut client = begun(sidecar.address());
        client.send(frame(1, END_STREAM | END_HEADERS, 1, head));
        // Reset, an answer of four hundred and something, or the end of the connection: never the upstream's answer.
        loop {
            match next(&mut client) {
                None | Some((3 | 7, ..)) => break,
                Some((1, _, 1, fields)) => {
                    assert!(fields[0] != 0x88, "200 for {}", String::from_utf8_lossy(head));
                    break;
                }
                Some(_) => {}
            }
        }
    }
    assert_eq!(upstream.arrived().len(), 0, "{:?}", upstream.arrived());
    is_well(&sidecar);
}

#[test]
fn a_refused_request_is_logged_with_its_reason() {
    let (_upstream, sidecar) = start("");
    let mut client = begun(sidecar.address());
    client.send(frame(1, END_STREAM | END_HEADERS, 1, &request("/%zz", &[])));
    let (_, _, _, body) = until(&mut client, 0).unwrap();
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["code"], "path");
    let call = sidecar.last_call();
    assert_eq!(
        (&call["decision"], &call["rejection"], &call["protocol"]),
        (&"rejected".into(), &"path".into(), &"HTTP/2.0".into())
    );
    assert_eq!((call["method"].as_str(), call["path"].as_str()), (Some("GET"), Some("/%zz")));
}

#[test]
fn a_head_over_the_limit_is_a_431_with_a_name() {
    let (upstream, sidecar) = start("limits.head = \"2KiB\"");
    let mut client = begun(sidecar.address());
    let long = "x".repeat(100);
    let names: Vec<String> = (0..30).map(|number| format!("x-{number}")).collect();
    let fields: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), long.as_str())).collect();
    client.send(frame(1, END_STREAM | END_HEADERS, 1, &request("/x", &fields)));
    let (_, _, _, body) = until(&mut client, 0).unwrap();
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["code"], "head-too-large");
    assert_eq!(sidecar.last_call()["rejection"], "head-too-large");
    assert!(upstream.arrived().is_empty());
}

#[test]
fn broken_frames_end_their_connection_with_a_name() {
    let (_upstream, sidecar) = start("limits.head_timeout = \"300ms\"\nlimits.keepalive_timeout = \"500ms\"");
    for (what, bytes) in [
        ("a frame that is too long", frame(0, 0, 1, &vec![0; 20_000])),
        ("data for no request", frame(0, 0, 1, b"x")),
        ("a window of nothing", frame(8, 0, 0, &[0, 0, 0, 0])),
        ("fields that are no HPACK", frame(1, END_STREAM | END_HEADERS, 1, &[0xff; 40])),
        ("an even stream", frame(1, END_STREAM | END_HEADERS, 2, &request("/", &[]))),
    ] {
        let before = rejected(&sidecar, "http2");
        let mut client = begun(sidecar.address());
        client.send(bytes);
        assert!(until(&mut client, 7).is_some(), "{what}: GOAWAY");
        while next(&mut client).is_some() {}
        wait_for(what, || (rejected(&sidecar, "http2") > before).then_some(()));
    }
    // A frame that is cut off, and one that never goes on: the connection is closed when it has rested long enough.
    for bytes in [&frame(1, END_HEADERS, 1, &request("/", &[]))[..20], &PREFACE[..10]] {
        let mut client = Client::connect(sidecar.address());
        if bytes != &PREFACE[..10] {
            client.send(PREFACE).send(SETTINGS);
        }
        client.send(bytes);
        while client.fill() > 0 {}
    }
    is_well(&sidecar);
}

#[test]
fn ten_thousand_streams_at_once_are_bounded() {
    let (_upstream, sidecar) = start("limits.h2_streams = 50");
    let mut client = begun(sidecar.address());
    let mut many = Vec::new();
    for stream in 0..10_000u32 {
        many.extend(frame(1, END_STREAM | END_HEADERS, stream * 2 + 1, &request("/slow", &[])));
    }
    let mut writer = client.stream().try_clone().unwrap();
    let writing = std::thread::spawn(move || std::io::Write::write_all(&mut writer, &many).is_ok());
    let (mut answered, mut refused) = (0, 0);
    while let Some((kind, _, _, payload)) = next(&mut client) {
        match kind {
            1 => answered += 1,
            3 if payload == [0, 0, 0, 7] => refused += 1, // REFUSED_STREAM
            7 => break,
            _ => {}
        }
        if answered + refused >= 10_000 {
            break;
        }
    }
    drop(client);
    let _ = writing.join();
    assert!(answered <= 200, "{answered} answered, {refused} refused");
    assert!(sidecar.metric("standin_inflight_requests").unwrap_or(0.0) <= 50.0);
    is_well(&sidecar);
}

#[test]
fn a_flood_of_resets_or_pings_ends_the_connection_and_nobody_else() {
    let (_upstream, sidecar) = start("");
    for kind in ["resets", "pings", "settings", "continuations"] {
        let mut client = begun(sidecar.address());
        let mut flood = Vec::new();
        match kind {
            "resets" => {
                for stream in 0..20_000u32 {
                    flood.extend(frame(1, END_STREAM | END_HEADERS, stream * 2 + 1, &request("/slow", &[])));
                    flood.extend(frame(3, 0, stream * 2 + 1, &[0, 0, 0, 8]));
                }
            }
            "pings" => (0..100_000).for_each(|_| flood.extend(frame(6, 0, 0, &[0; 8]))),
            "settings" => (0..100_000).for_each(|_| flood.extend(SETTINGS)),
            _ => {
                flood.extend(frame(1, END_STREAM, 1, &request("/", &[])));
                (0..10_000).for_each(|_| flood.extend(frame(9, 0, 1, &field("x", "y"))));
            }
        }
        let _ = client.try_send(&flood);
        drop(client);
        is_well(&sidecar);
    }
    wait_for("nothing to be left under way", || {
        (sidecar.metric("standin_inflight_requests") == Some(0.0)).then_some(())
    });
}

#[test]
fn a_caller_that_never_reads_holds_nothing_for_long() {
    let (_upstream, sidecar) = start("limits.body_timeout = \"300ms\"");
    let mut client = begun(sidecar.address());
    // Windows of HTTP/2 are 64 KiB: of each answer the rest waits here until the time is up.
    for stream in 0..20u32 {
        client.send(frame(1, END_STREAM | END_HEADERS, stream * 2 + 1, &request("/big", &[])));
    }
    wait_for("the calls to begin", || (sidecar.calls().len() >= 20).then_some(()));
    wait_for("the calls to end", || (sidecar.metric("standin_inflight_requests") == Some(0.0)).then_some(()));
    is_well(&sidecar);
}

#[test]
fn a_body_over_the_limit_is_a_413_also_without_a_length() {
    let (upstream, sidecar) = start("limits.request_body = \"1KiB\"");
    let mut client = begun(sidecar.address());
    let head: Vec<u8> = [(":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", "/x")]
        .iter()
        .flat_map(|(name, value)| field(name, value))
        .collect();
    client.send(frame(1, END_HEADERS, 1, &head)).send(frame(0, END_STREAM, 1, &[b'x'; 4000]));
    let (_, _, _, body) = until(&mut client, 0).unwrap();
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["code"], "body-too-large");
    assert!(upstream.arrived().iter().all(|request| request.body.len() < 4000));
}

#[test]
fn a_stop_says_goaway_and_finishes_what_is_under_way() {
    let (_upstream, sidecar) = start("");
    let mut client = begun(sidecar.address());
    client.send(frame(1, END_STREAM | END_HEADERS, 1, &request("/slow", &[])));
    wait_for("the call to begin", || (!sidecar.calls().is_empty()).then_some(()));
    let stopping = std::thread::spawn(move || sidecar.stop());
    assert!(until(&mut client, 7).is_some(), "GOAWAY comes before the answer");
    let (_, _, stream, body) = until(&mut client, 0).unwrap();
    assert_eq!((stream, &body[..]), (1, &b"slow"[..]));
    stopping.join().unwrap();
}
