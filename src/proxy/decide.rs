//! From a request to a plan: asks the table, opens the ticket, and prepares what is to be sent.
//!
//! Everything that borrows the snapshot happens here, in one go and without waiting; what is left over owns its parts.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderValue;

use super::DataPlane;
use super::answer::{Local, STANDIN};
use super::context::{Capture, Request};
use super::exchange::Exchange;
use super::headers::DEBUG;
use super::{template, upstream, view};
use crate::calls::{self, Counting, Ticket};
use crate::live::Snapshot;
use crate::stubs::answer::{Answer, Ready};
use crate::stubs::decision::{Action, Decision, Inputs};
use crate::stubs::marker::Marker;
use crate::stubs::request::RequestView;
use crate::words::{Decided, Failure};

/// What is to be done with a request.
#[derive(Debug)]
pub enum Plan {
    /// Standin answers.
    Answer(Local),
    /// Standin refuses; the body stays unread.
    Deny(Local),
    /// The upstream answers.
    Forward,
    /// Deciding itself failed.
    Fail,
}

/// What a door knows of a request beside what a [`RequestView`] shows.
#[derive(Debug)]
pub struct Arrival<'a> {
    /// The configuration that the request is served by.
    pub snapshot: &'a Arc<Snapshot>,
    /// When the head was complete.
    pub started: Instant,
    /// The socket's peer.
    pub peer: SocketAddr,
    /// The peer's address as a field value.
    pub peer_value: &'a HeaderValue,
    /// The request's head, repaired where it must not go on as it came.
    pub head: &'a [u8],
    /// Its target.
    pub target: &'a [u8],
    /// The protocol of the caller.
    pub protocol: &'static str,
    /// `http`, or `https` where the caller speaks TLS.
    pub scheme: &'static str,
    /// What is shared with the stream.
    pub exchange: &'a Arc<Exchange>,
}

/// Asks the table, and takes what the decision rests on; `None` where that panicked.
pub fn judge<'s>(plane: &DataPlane, snapshot: &'s Snapshot, view: &RequestView<'_>) -> Option<Decision<'s>> {
    // A panic in here ends this request and nothing else: nothing is half done, since only what is decided is taken.
    let decided = catch_unwind(AssertUnwindSafe(|| {
        if let Some(hook) = &plane.hooks.before_decide {
            hook(view);
        }
        let table = &snapshot.table;
        let now = if table.is_timed() { plane.now() } else { Duration::ZERO };
        let inputs = Inputs { dice: plane.roll(), delay_cap: snapshot.settings.limits.delay, now };
        loop {
            let decision = table.decide(view, &inputs);
            // Where it rests on the last of something that another request has taken, it is another.
            if !table.is_timed() || decision.settle(now) {
                return decision;
            }
        }
    }));
    decided.ok()
}

/// Plans what was decided, and opens the ticket; `None` where a stub asks for a body that nobody has read.
pub fn carry(
    plane: &DataPlane,
    arrival: &Arrival<'_>,
    view: &RequestView<'_>,
    decision: Option<Decision<'_>>,
) -> Option<(Plan, Box<Request>)> {
    let snapshot = arrival.snapshot;
    if let Some(Decision { action: Action::NeedsBody, .. }) = decision {
        return None;
    }
    let (decision, rendered) = template::render(plane, snapshot, decision, view);
    let mut draft = Draft::of(snapshot, decision.as_ref());
    let failure = match (&decision, &rendered) {
        (None, _) => Some(Failure::Panic),
        (Some(_), Some(Err(_))) => Some(Failure::Template),
        _ => None,
    };
    if failure.is_some() {
        draft.fail();
    }
    let request_head = view::told(arrival, view);
    let counting = draft.counting(plane, snapshot);
    let (delay, miss) = (draft.delay, draft.call.miss);
    let ticket = plane.open(snapshot, arrival.started, arrival.peer, request_head, draft.call, counting);
    let plan = match (&decision, &rendered) {
        (None, _) => Plan::Fail,
        (Some(decision), Some(Err(error))) => {
            template::failed(plane, snapshot, decision, view, error).map_or(Plan::Fail, Plan::Answer)
        }
        (Some(decision), Some(Ok(answer))) => plan(snapshot, decision, Some(answer), view, &ticket),
        (Some(decision), None) => plan(snapshot, decision, None, view, &ticket),
    };
    let log = &snapshot.settings.call_log;
    let keep = log.body > 0 && plane.log.keeps_bodies(log.bodies_per_second, arrival.started);
    let request = Request {
        started: arrival.started,
        generation: snapshot.generation,
        mock: decision.as_ref().and_then(|decision| decision.mock).cloned(),
        miss,
        redactor: snapshot.redactor.clone(),
        marker: snapshot.settings.proxy.marker,
        debug: view.header(DEBUG) == Some(b"1"),
        exchange: arrival.exchange.clone(),
        forward: decision.as_ref().and_then(|decision| upstream::forward(arrival, decision, view)),
        delay,
        waited: None,
        failure,
        rejection: None,
        passed: 0,
        request_body: keep.then(|| Capture::new(log.body)),
        response_body: keep.then(|| Capture::new(log.body)),
        share: None,
        ticket: Some(ticket),
    };
    Some((plan, Box::new(request)))
}

/// What the log and the metrics will say, gathered while the decision is at hand.
struct Draft {
    call: calls::Decision,
    mock: Option<usize>,
    scenario: Option<(u32, u16)>,
    server_stub: Option<(u32, u16)>,
    delay: Duration,
}

impl Draft {
    fn of(snapshot: &Snapshot, decision: Option<&Decision<'_>>) -> Self {
        let mut draft = Draft {
            call: calls::Decision::new(Decided::Failed, snapshot.generation),
            mock: None,
            scenario: None,
            server_stub: None,
            delay: Duration::ZERO,
        };
        let Some(decision) = decision else { return draft };
        let call = &mut draft.call;
        call.mock = decision.mock.map(|mock| mock.name.clone());
        call.miss = decision.miss.map(|miss| miss.reason);
        call.bad_delay = decision.bad_delay;
        call.overridden = !decision.overrides.is_empty();
        draft.mock = decision.mock.map(|mock| mock.number as usize);
        call.decided = match &decision.action {
            Action::Scenario(scenario, delay) => {
                call.stub = Some(scenario.stub.clone());
                call.scenario = Some(scenario.name.clone());
                draft.scenario = Some((scenario.number, scenario.answer.status));
                draft.delay = *delay;
                Decided::Mocked
            }
            Action::ServerStub(stub, delay) => {
                call.stub = Some(stub.name.clone());
                draft.server_stub = Some((stub.number, stub.answer.status));
                draft.delay = *delay;
                Decided::ServerStub
            }
            Action::Preflight => Decided::Preflight,
            Action::Denied => Decided::Denied,
            Action::Limited(_) => Decided::Limited,
            Action::Forward(to) => {
                call.upstream = snapshot.upstreams.get(to.0 as usize).map(|upstream| upstream.settings.name.clone());
                Decided::Forwarded
            }
            Action::Unmatched | Action::GateClosed => Decided::Unmatched,
            // The connection has asked already, so nobody asks again.
            Action::NeedsBody => Decided::Failed,
        };
        draft
    }

    /// Notes that the answer could not be made: it counts as no answer of the stub, and there is nothing to delay.
    fn fail(&mut self) {
        (self.scenario, self.server_stub) = (None, None);
        self.delay = Duration::ZERO;
        self.call.decided = Decided::Failed;
    }

    fn counting(&self, plane: &DataPlane, snapshot: &Snapshot) -> Counting {
        let [mock, stub, scenario] =
            [&self.call.mock, &self.call.stub, &self.call.scenario].map(|name| name.as_deref().unwrap_or_default());
        let series = &snapshot.series;
        let stub = match (self.scenario, self.server_stub) {
            (Some((number, code)), _) => Some(series.scenario(&plane.metrics, number, [mock, stub, scenario], code)),
            (None, Some((number, code))) => Some(series.server_stub(&plane.metrics, number, [mock, stub], code)),
            (None, None) => None,
        };
        Counting { series: series.clone(), mock: self.mock, stub }
    }
}

/// The answer that was decided on, with its head, where that is the same for every request.
pub fn ready<'s>(
    snapshot: &'s Snapshot,
    decision: &Decision<'s>,
    view: &RequestView<'_>,
) -> Option<(&'s Answer, &'s Arc<Ready>)> {
    let mock = decision.mock.filter(|mock| mock.cors.is_static())?;
    let (ready, number, answer, marker) = match &decision.action {
        Action::Scenario(scenario, _) => (&snapshot.ready, scenario.number, &scenario.answer, &scenario.marker),
        Action::ServerStub(stub, _) => (&snapshot.ready_server_stubs, stub.number, &stub.answer, &stub.marker),
        _ => return None,
    };
    if answer.template.is_some() {
        return None;
    }
    let ready = ready.get(number, || {
        let mut local = Local::of(answer, mock.cors.fields(view));
        if snapshot.settings.proxy.marker {
            local.add(STANDIN, marker.clone().number("generation", snapshot.generation).as_str());
        }
        let call = calls::Decision { bad_delay: false, overridden: false, ..Draft::of(snapshot, Some(decision)).call };
        local.ready(&call, &snapshot.redactor)
    })?;
    Some((answer, ready))
}

/// Prepares what is to be sent. `rendered` takes the place of an answer with templates.
fn plan(
    snapshot: &Snapshot,
    decision: &Decision<'_>,
    rendered: Option<&Answer>,
    view: &RequestView<'_>,
    ticket: &Ticket,
) -> Plan {
    let marker = snapshot.settings.proxy.marker;
    let generation = snapshot.generation;
    let mock = decision.mock;
    if let Some((answer, ready)) = ready(snapshot, decision, view) {
        return Plan::Answer(Local::of_ready(answer, ready));
    }
    let cors = || mock.map(|mock| mock.cors.fields(view)).unwrap_or_default();
    let name = mock.map_or("", |mock| &*mock.name);
    let plain = |word: &str| Marker::new(word).name("mock", name).number("generation", generation);
    let missed = |marker: Marker| match decision.miss {
        Some(miss) => marker.name("miss", &ticket.id()).name("reason", miss.reason.as_str()),
        None => marker,
    };
    let (mut local, field) = match &decision.action {
        Action::Scenario(scenario, _) => {
            let answer = rendered.unwrap_or(&scenario.answer);
            (Local::of(answer, cors()), scenario.marker.clone().number("generation", generation))
        }
        Action::ServerStub(stub, _) => {
            let answer = rendered.unwrap_or(&stub.answer);
            (Local::of(answer, cors()), stub.marker.clone().number("generation", generation))
        }
        Action::Preflight => {
            let fields = mock.map(|mock| mock.cors.preflight_fields(view)).unwrap_or_default();
            (Local::preflight(fields), plain("preflight"))
        }
        Action::Denied if mock.is_some_and(|mock| mock.postman.is_some() && mock.access.is_key_in_query(view)) => {
            (Local::mock_not_found(cors()), plain("denied"))
        }
        Action::Denied => {
            let header = mock.map_or("x-api-key", |mock| &*mock.access.header);
            (Local::denied(header, cors()), plain("denied"))
        }
        Action::Limited(exceeded) => (Local::limited(*exceeded, cors()), plain("limited")),
        Action::Unmatched if mock.is_some_and(|mock| mock.lacks_examples()) => {
            (Local::no_example(cors()), missed(plain("unmatched")))
        }
        Action::Unmatched => (Local::not_found(cors()), missed(plain("unmatched"))),
        Action::GateClosed => {
            let detail = "the gate is closed for this request, and there is no upstream to forward it to";
            (Local::problem(404, "gate-closed", detail, cors()), missed(plain("unmatched")))
        }
        Action::Forward(_) => return Plan::Forward,
        Action::NeedsBody => return Plan::Fail, // `decide` has returned before
    };
    if marker {
        local.add(STANDIN, field.as_str());
    }
    match decision.action {
        Action::Denied => Plan::Deny(local),
        _ => Plan::Answer(local),
    }
}
