//! Bodies and heads that are too long or too slow, and too many readers.

use super::{ask, refusal};
use crate::support::{Client, sidecar};

#[test]
fn a_body_that_is_too_long_is_refused_by_its_length_and_by_its_bytes() {
    let sidecar = sidecar().start();
    let admin = sidecar.app().admin();
    let long = format!("{{\"calls\":{{\"q\":\"{}\"}}}}", "x".repeat(1 << 20));
    assert_eq!(refusal(&ask(admin, "POST", "/v1/verify", "", &long)).1, "body-too-large");
    let mut chunked = Client::connect(admin);
    chunked.send("POST /v1/verify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
    let piece = "x".repeat(64 << 10);
    for _ in 0..17 {
        // It may be refused before all of it was sent.
        if chunked.try_send(format!("{:x}\r\n{piece}\r\n", piece.len())).is_err() {
            break;
        }
    }
    assert_eq!(refusal(&chunked.response()).1, "body-too-large");
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for_for_ever() {
    let sidecar = sidecar().start();
    let mut slow = Client::connect(sidecar.app().admin());
    slow.send("POST /v1/verify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{\"calls\"");
    // Others are answered meanwhile.
    assert!(sidecar.calls().is_empty());
    assert_eq!(refusal(&slow.response()).1, "body-timeout");
}

#[test]
fn a_head_that_does_not_come_ends_the_connection() {
    let sidecar = sidecar().start();
    let mut slow = Client::connect(sidecar.app().admin());
    slow.send("GET /v1/calls HTTP/1.1\r\nHost: local");
    assert!(slow.try_response().is_none_or(|response| response.status == 408));
}

#[test]
fn there_is_an_end_to_those_who_follow_the_log() {
    let sidecar = sidecar().start();
    let admin = sidecar.app().admin();
    let mut readers = Vec::new();
    for _ in 0..16 {
        let mut reader = Client::connect(admin);
        reader.send("GET /v1/calls/stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert!(reader.try_head().unwrap().contains(" 200 "));
        readers.push(reader);
    }
    assert_eq!(refusal(&ask(admin, "GET", "/v1/calls/stream", "", "")).1, "busy");
    readers.pop();
    crate::support::wait_for("a place to be free", || {
        let mut reader = Client::connect(admin);
        reader.send("GET /v1/calls/stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
        reader.try_head().filter(|head| head.contains(" 200 "))
    });
}
