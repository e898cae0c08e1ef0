use super::*;
use crate::calls::Times;
use crate::calls::fixed::Fixed;
use crate::words::Decided;

fn fixed(number: u64) -> Fixed {
    Fixed {
        lengths: [0; 5],
        number,
        at: 1,
        end: End::default(),
        client: std::net::SocketAddr::from(([127, 0, 0, 1], 1)),
        bodies: [None, Some(4)],
    }
}

fn log() -> CallLog {
    CallLog::new(1 << 20, 1024, Arc::new(Metrics::new(1)))
}

fn write(log: &CallLog) -> Spot {
    let number = log.number();
    let meta = crate::calls::past::note(&crate::calls::Decision::new(Decided::Mocked, 3), 200, 2).unwrap();
    log.write(Draft { fixed: fixed(number), meta: &meta, parts: [b"GET / HTTP/1.1", b"\na", b"", b"body"] }).unwrap()
}

fn end() -> End {
    let total = std::time::Duration::from_micros(5);
    End { times: Times { total, ..Times::default() }, how: Some((Decided::Mocked, None, None)) }
}

#[test]
fn an_entry_is_shown_while_its_call_is_under_way_and_completed_where_it_lies() {
    let log = log();
    let spot = write(&log);
    let call = log.at(spot).unwrap();
    assert_eq!((call.status(), call.times()), (Some(200), None));
    assert_eq!(call.method(), b"GET");
    log.complete(spot, end());
    assert_eq!(log.at(spot).unwrap().times(), Some(end().times));
}

#[test]
fn an_end_that_finds_its_shard_held_is_written_by_the_next() {
    let log = log();
    let spot = write(&log);
    let held = log.past[spot.shard].past.lock().unwrap();
    log.complete(spot, end());
    drop(held);
    assert_eq!(log.at(spot).unwrap().times(), Some(end().times));
    assert_eq!(log.metrics.call_log_dropped.get(), 0);
}

#[test]
fn the_oldest_go_first_whatever_the_size_of_the_bodies() {
    for (budget, body) in [(4 << 20, 16 << 10), (1 << 20, 16 << 10), (16 << 20, 64 << 10), (16 << 20, 1 << 20)] {
        let log = CallLog::new(budget, body, Arc::new(Metrics::new(1)));
        let meta = crate::calls::past::note(&crate::calls::Decision::new(Decided::Mocked, 3), 200, 2).unwrap();
        // Runs of large ones between runs of small ones, so that neither fits the length of a row.
        let of = |number: u64| if number % 37 < 23 { vec![b'x'; body] } else { vec![b'x'; 10] };
        let (mut last, mut written) = (0, Vec::new());
        while written.iter().sum::<usize>() < 3 * budget {
            let (number, bytes) = (log.number(), of(written.len() as u64));
            let parts: [&[u8]; 4] = [b"GET / HTTP/1.1", b"\na", &bytes, &bytes];
            log.write(Draft { fixed: fixed(number), meta: &meta, parts }).unwrap();
            written.push(2 * bytes.len());
            last = number;
        }
        let mut kept = std::collections::HashSet::new();
        log.each(|call| {
            kept.insert(call.number);
        });
        let whole = (1..=last).rev().take_while(|number| kept.contains(number));
        let bytes: usize = whole.map(|number| written[number as usize - 1]).sum();
        assert!(bytes > budget / 2, "{bytes} of {budget} bytes, bodies of {body}");
    }
}
