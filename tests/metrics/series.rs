//! Label values come from the configuration: callers add no series, and many stubs add few.

use std::collections::BTreeSet;

use super::{scrape, traffic, varied};
use crate::support::process::closed_port;
use crate::support::{Client, Sidecar, Upstream, sidecar};

/// Requests of each kind in one sending.
const BATCH: usize = 200;
const THREADS: usize = 4;
/// 4 threads, 125 sendings, 200 requests: 100,000.
const SENDINGS: usize = 125;

fn names(sidecar: &Sidecar) -> BTreeSet<String> {
    scrape(sidecar).into_keys().collect()
}

/// A request that nobody has sent before: path, host and method of its own.
fn unheard_of(number: usize) -> String {
    // Mocked, missed, unmatched; some are forwarded, which costs more here than it tells.
    let path = match number % 40 {
        0 => format!("/real/{number}"),
        1..=13 => format!("/any/{number}/x"),
        14..=26 => format!("/miss?{number}"),
        _ => format!("/nothing/{number}"),
    };
    let method = format!("M{}", number);
    format!("{method} {path} HTTP/1.1\r\nHost: h{number}.test\r\nX-{number}: {number}\r\nContent-Length: 0\r\n\r\n")
}

#[test]
fn a_hundred_thousand_paths_hosts_and_methods_add_no_series() {
    let upstream = Upstream::echo();
    let (_socket, port) = closed_port();
    let sidecar = varied(&upstream, port).start();
    traffic(&sidecar);
    // One of each kind: what a first request of its kind may add.
    for number in [0, 1, 14, 39] {
        sidecar.connect().pipelined(&[unheard_of(number)]);
    }
    let before = names(&sidecar);
    let address = sidecar.address();
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            std::thread::spawn(move || {
                let mut client = Client::connect(address);
                for sending in 0..SENDINGS {
                    let first = 1000 + (thread * SENDINGS + sending) * BATCH;
                    let requests: Vec<String> = (first..first + BATCH).map(unheard_of).collect();
                    for (response, number) in client.pipelined(&requests).iter().zip(first..) {
                        let expected = if number % 40 <= 13 { 200 } else { 404 };
                        assert_eq!(response.status, expected, "{}", requests[number - first]);
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let after = names(&sidecar);
    let added: Vec<&String> = after.difference(&before).collect();
    assert!(added.is_empty(), "{added:#?}");
    assert_eq!(upstream.arrived().len(), THREADS * SENDINGS * BATCH / 40 + 2, "a fortieth was forwarded");
    assert!(upstream.connections() < 100, "connections are kept: {}", upstream.connections());
}

#[test]
fn stubs_beyond_the_limit_count_as_other() {
    let stubs: String = (0..20).map(|n| format!("[[stub]]\nmatch = \"GET /{n}\"\nbody = \"x\"\n")).collect();
    let config = |limit: u32| format!("metrics.max_stubs = {limit}\n{stubs}");
    let sidecar = sidecar().config(&config(5)).start();
    let ask = || {
        for n in 0..20 {
            assert_eq!(sidecar.get(&format!("/{n}")).status, 200);
        }
    };
    let series = || names(&sidecar).into_iter().filter(|name| name.starts_with("standin_requests_total")).count();
    ask();
    ask();
    let other =
        "standin_requests_total{code=\"200\",decision=\"mocked\",mock=\"default\",scenario=\"_other\",stub=\"_other\"}";
    // Counters move when an answer has left, a moment after it arrived.
    let reaches = |name: &str, value: f64| {
        crate::support::wait_for(name, || (scrape(&sidecar).get(name) == Some(&value)).then_some(()));
    };
    reaches(other, 30.0);
    reaches("standin_metrics_folded_stubs_total", 15.0);
    assert_eq!(series(), 6);
    // A limit that was raised gives the others series of their own, and what has one keeps it.
    sidecar.reload_with(&config(1000)).unwrap();
    ask();
    reaches(
        "standin_requests_total{code=\"200\",decision=\"mocked\",mock=\"default\",scenario=\"default\",stub=\"get-19\"}",
        1.0,
    );
    reaches(
        "standin_requests_total{code=\"200\",decision=\"mocked\",mock=\"default\",scenario=\"default\",stub=\"get-0\"}",
        3.0,
    );
    assert_eq!(series(), 21);
}

#[test]
fn an_upstream_adds_no_series_by_inventing_codes() {
    let upstream = Upstream::new(|request, stream| {
        let code = request.line().split(['/', ' ']).nth(2).unwrap().parse().unwrap();
        crate::support::upstream::respond(stream, code, "", b"");
        true
    });
    let sidecar = sidecar().upstream(&upstream).start();
    let mut client = sidecar.connect();
    for code in 200..600 {
        if ![204, 304].contains(&code) {
            assert_eq!(client.get(&format!("/{code}")).status, code);
        }
    }
    let codes = names(&sidecar).into_iter().filter(|name| name.starts_with("standin_upstream_requests_total")).count();
    // The registered ones, and one for each class of the rest.
    assert!((50..75).contains(&codes), "{codes} codes");
}
