use super::*;
use crate::calls::Times;
use crate::redact::Redactor;
use crate::words::Failure;

fn call(number: u64, body: usize) -> Call {
    let redactor = Redactor::default();
    let mut decision = Decision::new(Decided::Forwarded, 7);
    decision.mock = Some("orders".into());
    decision.upstream = Some("app".into());
    decision.miss = Some(Reason::Query);
    decision.bad_delay = true;
    decision.overridden = true;
    let answered = OnceLock::new();
    let _ = answered.set(Answered { status: 502, head: Head::response([("x", &b"y"[..])], &redactor) });
    let closed = OnceLock::new();
    let times = Times { total: Duration::from_millis(9), delay: Duration::ZERO, upstream: Duration::from_nanos(1) };
    let _ = closed.set(Closed {
        decided: Decided::Failed,
        failure: Some(Failure::Closed),
        rejection: None,
        times,
        request_body: Some(Captured { bytes: Bytes::from(vec![b'q'; body]), length: 1 << 40 }),
        response_body: None,
    });
    let at = UNIX_EPOCH + Duration::new(1_800_000_000, 123_456_789);
    let client = "[2001:db8::1]:443".parse().unwrap();
    let request = Head::request("GET", b"/a?b=\xff", "HTTP/1.1", [("host", &b"a.test"[..])], &redactor);
    Call { number, at, client, request, decision, answered, closed }
}

fn numbers(past: &Past) -> Vec<u64> {
    entries(&past.copy()).map(|call| call.number).collect()
}

#[test]
fn what_is_written_is_read_back() {
    let mut past = Past::new(64 * 1024);
    let written = call(3, 100);
    assert!(past.push(&written));
    let read: Vec<_> = entries(&past.copy()).collect();
    assert_eq!(read.len(), 1);
    assert_eq!(format!("{:?}", read[0]), format!("{written:?}"));
    assert_eq!(read[0].closed.get().unwrap().request_body.as_ref().unwrap().length, 1 << 40);
}

#[test]
fn a_call_whose_caller_left_before_any_answer_is_read_back() {
    let mut past = Past::new(64 * 1024);
    let full = call(4, 0);
    let written = Call { answered: OnceLock::new(), closed: OnceLock::new(), ..full };
    assert!(past.push(&written));
    assert_eq!(format!("{:?}", entries(&past.copy()).next().unwrap()), format!("{written:?}"));
}

#[test]
fn the_oldest_make_room_and_are_counted() {
    let mut past = Past::new(4096);
    let mut most = 0;
    for number in 1..=1000 {
        assert!(past.push(&call(number, (number as usize * 37) % 500)));
        assert!(past.bytes() <= 4096);
        most = most.max(past.bytes());
        let kept = numbers(&past);
        assert_eq!(kept, ((past.evicted + 1)..=number).collect::<Vec<_>>(), "the newest, in order");
    }
    assert!(most > 3000, "the memory is used: {most}");
}

#[test]
fn bodies_that_would_push_everything_out_are_left_out() {
    let mut past = Past::new(4096);
    assert!(past.push(&call(1, 10)));
    assert!(past.push(&call(2, 3000)));
    let read: Vec<_> = entries(&past.copy()).collect();
    assert_eq!(read.len(), 2, "the first is still there");
    let body = read[1].closed.get().unwrap().request_body.clone().unwrap();
    assert_eq!((body.bytes.len(), body.length), (0, 1 << 40));
}

#[test]
fn an_entry_larger_than_the_memory_is_refused() {
    let mut past = Past::new(64);
    assert!(!past.push(&call(1, 0)));
    assert_eq!((past.bytes(), past.evicted), (0, 0));
}
