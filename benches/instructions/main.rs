//! User-space instructions per request, beside the ones that were last accepted: `make instructions`.
//!
//! Time on a shared machine varies by a third, instructions by less than a percent, so these show what a change costs.
//! A client sends requests as wrk does, one after the other on one connection; a warm-up is not counted. Kernel work is
//! not in the figures. The run fails where a figure differs by more than 5 % from the accepted one, either way: worse
//! is a regression, better is to be accepted, so that it is not lost again. Needs valgrind; `make instructions`
//! installs it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench that cannot go on says so by a panic, and prints what it found"
)]

mod accepted;
mod callgrind;
mod rows;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;

use accepted::{Accepted, TOLERANCE};
use callgrind::Counted;
use rows::{DOORS, Door, ROWS, Row, TABLES};
use support::Connection;

/// A figure is the least of so many counts: what timers do meanwhile belongs to no request, and it can only add.
const COUNTS: usize = 5;
/// Requests of each count.
const REQUESTS: usize = 300;
/// Requests before that: series of metrics are born, buffers have grown.
const WARM_UP: usize = 200;
/// Requests to so many different stubs take turns.
const TARGETS: usize = 10;
/// A mocked answer from the large table may cost so much more than from the small one.
const GROWTH: f64 = 1.25;

/// Instructions per request of each row, with this table.
fn measure(door: &Door, table: usize, upstream: std::net::SocketAddr) -> Vec<f64> {
    let table = &TABLES[table];
    let mut counted = Counted::start(door.environment, &table.config(upstream));
    let mut connection = Connection::open(counted.sidecar.data);
    let figure = |row: &Row| {
        // Spread over the whole table, by a step that shares no factor with its size.
        let targets = (0..TARGETS).map(|i| (row.request)(i * 7919 % (row.size)(table)).into_bytes());
        let requests: Vec<_> = targets.collect();
        let mut ask = |count: usize| {
            for request in requests.iter().cycle().take(count) {
                let (status, body) = connection.ask(request);
                assert!(status == 200 && body == support::BODY.as_bytes(), "{}: {status}", row.name);
            }
        };
        ask(WARM_UP);
        let least = (0..COUNTS).map(|_| counted.count(|| ask(REQUESTS))).min().unwrap_or(0);
        least as f64 / REQUESTS as f64
    };
    rows(door).map(figure).collect()
}

/// The rows that count at a door.
fn rows(door: &Door) -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(|row| (door.counts)(row))
}

fn main() -> ExitCode {
    let accepted = Accepted::read();
    let upstream = support::upstream();
    println!("instructions per request, profile {}", accepted.profile());
    println!("{:14}{:30}{:>10}{:>14}{:>10}{:>10}{:>8}", "door", "", "of", "instructions", "accepted", "", "growth");
    let (mut figures, mut faults, mut unknown) = (Vec::new(), Vec::new(), 0);
    for door in &DOORS {
        let tables: Vec<Vec<f64>> = (0..door.tables).map(|table| measure(door, table, upstream)).collect();
        for (at, row) in rows(door).enumerate() {
            for (table, measured) in TABLES.iter().zip(&tables) {
                let (size, figure, growth) = ((row.size)(table), measured[at], measured[at] / tables[0][at]);
                let before = accepted.figure(door.name, row.name, size);
                let change = before.map(|before| figure / before - 1.0);
                let place = format!("{}, {}, of {size}", door.name, row.name);
                match change {
                    Some(change) if change.abs() > TOLERANCE => {
                        faults.push(format!("{place}: {figure:.0} instructions, {:+.1} %", change * 100.0));
                    }
                    Some(_) => {}
                    None => unknown += 1,
                }
                if row.mocked && growth > GROWTH {
                    faults.push(format!("{place}: {growth:.2} times those of the small table"));
                }
                let shown = before.map_or("none".to_owned(), |before| format!("{before:.0}"));
                let change = change.map_or(String::new(), |change| format!("{:+.1} %", change * 100.0));
                println!("{:14}{:30}{size:>10}{figure:>14.0}{shown:>10}{change:>10}{growth:>8.2}", door.name, row.name);
                figures.push((door.name, row.name, size, figure));
            }
        }
    }
    if std::env::var("ACCEPT").is_ok_and(|accept| accept == "1") {
        accepted.accept(&figures);
        return ExitCode::SUCCESS;
    }
    if unknown > 0 {
        println!("\nNOT CHECKED: {unknown} figures, for which none was accepted on this processor and profile");
    }
    if faults.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("\nerror: the figures differ by more than {} % from the accepted ones", TOLERANCE * 100.0);
    println!("{}", faults.join("\n"));
    if let Some((then, now)) = accepted.other_compiler() {
        println!("note: accepted with {then}, and this is {now}");
    }
    println!("help: if it is meant, run `make instructions ACCEPT=1`, and say in the commit why");
    ExitCode::FAILURE
}
