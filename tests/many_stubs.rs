//! Very many stubs: loaded, replaced under load, and refused, without a request that fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::support::process::Process;
use crate::support::{Client, wait_for};

const STUBS: usize = 8_000;

/// Stubs that answer with their number and this letter.
fn stubs(letter: char) -> String {
    (0..STUBS)
        .map(|n| format!("[[stub]]\nmatch = \"GET /things/{n}\"\njson = {{ id = {n}, edition = \"{letter}\" }}\n"))
        .collect()
}

/// Asks for one stub after the other until told to stop: each answer is the right one, and none is of an older
/// configuration than the one before.
fn call(address: std::net::SocketAddr, first: usize, stop: &AtomicBool, served: &AtomicUsize) {
    let mut client = Client::connect(address);
    let (mut at, mut last) = (first, 0);
    while !stop.load(Ordering::Relaxed) {
        at = (at + 7919) % STUBS;
        let answer = client.get(&format!("/things/{at}"));
        let generation: u64 = answer.standin().rsplit("generation=").next().unwrap().parse().unwrap();
        let edition = if generation % 2 == 1 { 'a' } else { 'b' };
        assert_eq!(answer.text(), format!("{{\"id\":{at},\"edition\":\"{edition}\"}}"));
        assert!(generation >= last, "{generation} after {last}");
        last = generation;
        served.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn thousands_of_stubs_are_replaced_and_refused_under_load_without_a_request_that_fails() {
    let editions = [stubs('a'), stubs('b')];
    assert!(editions[0].len() > standin::file::pieces::LARGE, "they are read in pieces");
    let sidecar = Process::start(&editions[0]);
    let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let callers: Vec<_> = (0..4)
        .map(|n| {
            let (stop, served, address) = (stop.clone(), served.clone(), sidecar.data);
            std::thread::spawn(move || call(address, n * STUBS / 4, &stop, &served))
        })
        .collect();
    let go_on = || {
        let before = served.load(Ordering::Relaxed);
        wait_for("more calls", || (served.load(Ordering::Relaxed) > before + 50).then_some(()));
    };
    for reload in 1..=4 {
        go_on();
        sidecar.reload_with(&editions[reload % 2]);
    }
    let changed = sidecar.wait_for_log("configuration replaced");
    assert_eq!((changed["added"].as_u64(), changed["changed"].as_u64()), (Some(0), Some(STUBS as u64)), "{changed}");
    // One mistake far down, and nothing of it is taken.
    let broken = editions[1].replacen("json = { id = 7000,", "status = 99\njson = { id = 7000,", 1);
    sidecar.write(&broken);
    sidecar.signal("HUP");
    let refused = sidecar.wait_for_log("configuration refused");
    assert_eq!((refused["code"].as_str(), refused["line"].as_u64()), (Some("bad-status"), Some(3 + 7000 * 3 + 3)));
    go_on();
    assert_eq!(sidecar.generation(), 5);
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.join().expect("no request failed");
    }
}
