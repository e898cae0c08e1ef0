//! The fast lane: a plain request of HTTP/1.1 that Standin itself answers never meets a session of pingora's.
//!
//! Front, decision and ticket are those of every request; what differs is who writes the answer. The lane writes it in
//! one go, from bytes that were put together when their scenario first answered ([`wire`]). It takes a request only if
//! nothing about it is odd ([`Plain`]), never reads a body, and never forwards a byte. `proxy.lane` turns it off, and a
//! property test holds both doors against each other.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};

use super::DataPlane;
use super::answer::{Local, SERVER_TIMING};
use super::context::Request;
use super::debug::timing;
use super::decide::{self, Arrival};
use super::front::{Framing, Passed};
use super::head::RawHead;
use super::headers::DEBUG;
use super::replay::Replay;
use super::wire;
use crate::calls::{Brief, Counts, Told};
use crate::live::Snapshot;
use crate::metrics::{CallCounter, Series};
use crate::settings::AccessLog;
use crate::stubs::decision::{Action, Decision};
use crate::stubs::request::RequestView;
use crate::stubs::scenario::Mock;
use crate::words::{Decided, Failure};

/// A body that is longer is not copied behind its head, but written from where it lies: below it the copy costs less than
/// naming two places to the system.
const COPIED: usize = 4 << 10;

/// What the lane must know of a request that may take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plain {
    /// Whether the caller wants the connection closed.
    pub closing: bool,
    /// Whether the answer has no body because the request is a HEAD.
    pub is_head: bool,
    /// Whether the caller asked for more than the answer.
    pub debug: bool,
}

impl Plain {
    /// Whether the head is one that the lane takes: HTTP/1.1, nothing to be repaired, no body, no other protocol, no
    /// expectation, and at most one `Connection` field that says `close` or `keep-alive`.
    pub fn of(head: &RawHead<'_>, passed: &Passed) -> Option<Self> {
        if passed.framing != Framing::None || passed.is_http10 || passed.repaired.is_some() {
            return None;
        }
        let mut plain = Plain { closing: false, is_head: head.method == "HEAD", debug: false };
        let mut connection = None;
        for field in &head.fields {
            let is = |name: &str| field.name.eq_ignore_ascii_case(name);
            match field.name.len() {
                6 if is("expect") => return None,
                7 if is("upgrade") => return None,
                10 if is("connection") && connection.replace(field.value).is_some() => return None,
                13 if is(DEBUG) => plain.debug = field.value == b"1",
                _ => {}
            }
        }
        match connection {
            None => {}
            Some(value) if value.eq_ignore_ascii_case(b"keep-alive") => {}
            Some(value) if value.eq_ignore_ascii_case(b"close") => plain.closing = true,
            Some(_) => return None,
        }
        Some(plain)
    }
}

/// Tells the time by the clock without asking the system each time.
#[derive(Debug)]
pub struct Clock {
    /// When the system was asked last, and how long what it said holds: to the end of its second.
    asked: Instant,
    holds: Duration,
    /// What it said: since the epoch.
    said: Duration,
    /// The same as a field value.
    date: [u8; wire::DATE_LENGTH],
}

impl Default for Clock {
    fn default() -> Self {
        let mut clock = Clock {
            asked: Instant::now(),
            holds: Duration::ZERO,
            said: Duration::ZERO,
            date: [b' '; wire::DATE_LENGTH],
        };
        clock.ask();
        clock
    }
}

impl Clock {
    fn ask(&mut self) {
        self.asked = Instant::now();
        let now = SystemTime::now();
        self.said = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.holds = Duration::from_secs(1).saturating_sub(Duration::from_nanos(self.said.subsec_nanos().into()));
        let date = httpdate::fmt_http_date(now);
        if date.len() == wire::DATE_LENGTH {
            self.date.copy_from_slice(date.as_bytes());
        }
    }

    /// What the clock said at this instant, and the date.
    pub fn at(&mut self, instant: Instant) -> (Duration, &[u8; wire::DATE_LENGTH]) {
        if instant.saturating_duration_since(self.asked) >= self.holds {
            self.ask();
        }
        let since = instant.saturating_duration_since(self.asked);
        (self.said + since, &self.date)
    }
}

/// What an answer is written on, and the date that it is written with.
#[derive(Debug)]
pub struct Sheet<'c> {
    /// The connection's clock.
    pub clock: &'c mut Clock,
    /// Where its answers are gathered.
    pub out: &'c mut BytesMut,
}

/// An answer that is put together and has not left.
#[derive(Debug)]
pub struct Leaving<'p, 's> {
    brief: Brief<'p>,
    snapshot: &'s Snapshot,
    mock: Option<&'s Arc<Mock>>,
    stub: &'s CallCounter,
    status: u16,
    /// The body, where it is written from where it lies.
    pub rest: Option<&'s Bytes>,
}

/// Puts an answer together, if one was decided on that is the same for every request and leaves at once.
pub fn answer<'p, 's>(
    plane: &'p DataPlane,
    snapshot: &'s Snapshot,
    arrival: &Arrival<'_>,
    view: &RequestView<'_>,
    decision: &Decision<'s>,
    plain: Plain,
    sheet: Sheet<'_>,
) -> Option<Leaving<'p, 's>> {
    let Sheet { clock, out } = sheet;
    let log = &snapshot.settings.call_log;
    let (stub, decided) = match &decision.action {
        Action::Scenario(scenario, delay) if delay.is_zero() => {
            (snapshot.series.known_scenario(scenario.number)?, Decided::Mocked)
        }
        Action::ServerStub(stub, delay) if delay.is_zero() => {
            (snapshot.series.known_server_stub(stub.number)?, Decided::ServerStub)
        }
        _ => return None,
    };
    // What is odd about a call is noted with it, and not with all that get this answer.
    let is_odd = plain.debug || decision.bad_delay || !decision.overrides.is_empty();
    if is_odd || plane.sinks.traces.is_some() || log.access_log == AccessLog::All {
        return None;
    }
    let (answer, ready) = decide::ready(snapshot, decision, view)?;
    let names = view.headers.iter().map(|field| field.name);
    let cleaned = match snapshot.redactor.leaves(arrival.head, arrival.target, names) {
        true => None,
        false => Some(super::view::told(arrival, view).shared()),
    };
    let body = if plain.is_head { &b""[..] } else { &answer.body };
    let keeps = log.body > 0 && plane.log.keeps_bodies(log.bodies_per_second, arrival.started) && !body.is_empty();
    let kept = keeps.then(|| snapshot.redactor.text(&body[..body.len().min(log.body)]));
    let (at, date) = clock.at(arrival.started);
    let told = Told {
        started: arrival.started,
        at,
        client: arrival.peer,
        decided,
        note: &ready.note,
        request: cleaned.as_deref().unwrap_or(arrival.head),
        response: &ready.told,
        body: kept.as_deref().map(|kept| (kept, body.len() as u64)),
    };
    let brief = Brief::open(&plane.log, &told);
    wire::put(&ready.wire, plain.closing, date, out);
    let rest = put_body(body, &answer.body, out);
    Some(Leaving { brief, snapshot, mock: decision.mock, stub, status: answer.status, rest })
}

/// Appends a short body; a long one is given back.
fn put_body<'b>(body: &[u8], whole: &'b Bytes, out: &mut BytesMut) -> Option<&'b Bytes> {
    if body.len() > COPIED {
        return Some(whole);
    }
    out.extend_from_slice(body);
    None
}

impl<'p> Leaving<'p, '_> {
    /// Notes that all of it has left; says when.
    pub fn left(self, plane: &DataPlane) -> Instant {
        let counts = Counts {
            series: &self.snapshot.series,
            stub: self.stub,
            mock: self.mock.map(|mock| (mock.number as usize, &*mock.name)),
            status: self.status,
        };
        self.brief.close(None, counts, &plane.sinks, self.snapshot.settings.call_log.access_log)
    }

    /// The same without the snapshot, for a caller who takes a while.
    pub fn slow(self, plane: &'p DataPlane) -> Slow<'p> {
        Slow {
            plane,
            brief: Some(self.brief),
            series: self.snapshot.series.clone(),
            stub: self.stub.clone(),
            mock: self.mock.cloned(),
            status: self.status,
            access_log: self.snapshot.settings.call_log.access_log,
        }
    }
}

/// An answer that did not leave in one go. Dropped before it is whole, it is one whose caller left.
pub struct Slow<'p> {
    plane: &'p DataPlane,
    brief: Option<Brief<'p>>,
    series: Arc<Series>,
    stub: CallCounter,
    mock: Option<Arc<Mock>>,
    status: u16,
    access_log: AccessLog,
}

impl Slow<'_> {
    /// Writes the rest; says whether all of it has left.
    pub async fn send(mut self, stream: &mut Replay, rest: Option<Bytes>) -> bool {
        let sent = stream.send_rest(rest.as_deref()).await.is_ok();
        self.close((!sent).then_some(Failure::CallerLeft));
        sent
    }

    fn close(&mut self, failure: Option<Failure>) {
        let Some(brief) = self.brief.take() else { return };
        let mock = self.mock.as_ref().map(|mock| (mock.number as usize, &*mock.name));
        let counts = Counts { series: &self.series, stub: &self.stub, mock, status: self.status };
        brief.close(failure, counts, &self.plane.sinks, self.access_log);
    }
}

impl Drop for Slow<'_> {
    fn drop(&mut self) {
        self.close(Some(Failure::CallerLeft));
    }
}

/// Sends an answer of any kind to a plain request, whose delay is over; says whether the connection stays.
pub async fn send(
    plane: &DataPlane,
    stream: &mut Replay,
    mut request: Box<Request>,
    mut local: Local,
    plain: Plain,
    clock: &mut Clock,
) -> bool {
    if request.debug && request.waited.is_none() {
        local.add(SERVER_TIMING, &timing(&request, None));
    }
    if let Some(ticket) = &request.ticket {
        ticket.answered(local.status, local.told(&request.redactor));
    }
    // The caller may have waited long: a stop may have begun meanwhile.
    let closing = plain.closing || plane.is_draining();
    let (_, date) = clock.at(Instant::now());
    local.put_head(closing, date, stream.output());
    let mut rest = None;
    if !plain.is_head {
        if let Some(capture) = &mut request.response_body {
            capture.add_whole(&local.body);
        }
        rest = put_body(&local.body, &local.body, stream.output());
    }
    let sent = stream.send_rest(rest.map(|rest| &**rest)).await.is_ok();
    if !sent {
        request.failure = Some(Failure::CallerLeft);
    }
    request.close(plane);
    sent && !closing
}
