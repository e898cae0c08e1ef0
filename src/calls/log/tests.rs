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
    CallLog::new(1 << 20, Arc::new(Metrics::new(1)))
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
