//! From a request to a plan: asks the table, opens the ticket, and prepares what is to be sent.
//!
//! Everything that borrows the snapshot happens here, in one go and without waiting; what is left over owns its parts.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use pingora::http::RequestHeader;

use super::DataPlane;
use super::answer::{Local, STANDIN};
use super::context::{Capture, Forward, Prepared, Request};
use super::headers::DEBUG;
use crate::calls::{self, Counting, Head, Ticket};
use crate::live::Snapshot;
use crate::stubs::cors::Fields as CorsFields;
use crate::stubs::marker::Marker;
use crate::stubs::request::{BodyView, RequestView};
use crate::stubs::table::{Action, Decision, Inputs};
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

/// Decides on a request.
pub fn decide(plane: &DataPlane, head: &RequestHeader, prepared: Prepared) -> (Plan, Request) {
    let snapshot = prepared.snapshot.clone();
    let body = match &prepared.body {
        Some(Ok(body)) => BodyView::Whole(body),
        Some(Err(fault)) => BodyView::Unusable(*fault),
        None if prepared.has_body => BodyView::Unread,
        None => BodyView::Whole(b""),
    };
    let fields = super::view::fields(head);
    let view = super::view::of(head, &fields, body).map(|view| view.from_peer(prepared.peer.ip()));
    // A panic in here ends this request and nothing else: nothing is half done, since deciding changes nothing.
    let decided = catch_unwind(AssertUnwindSafe(|| {
        let view = view.as_ref()?;
        if let Some(hook) = &plane.hooks.before_decide {
            hook(view);
        }
        let inputs = Inputs { dice: plane.roll(), delay_cap: snapshot.settings.limits.delay };
        Some(snapshot.table.decide(view, &inputs))
    }));
    let (decision, failure) = match decided {
        Ok(Some(decision)) => (Some(decision), None),
        // The strict front has refused every path without a normal form.
        Ok(None) => (None, Some(Failure::Internal)),
        Err(_) => (None, Some(Failure::Panic)),
    };
    let mut draft = Draft::of(&snapshot, decision.as_ref(), failure);
    let told = fields.iter().map(|field| (field.name, field.value));
    let protocol = if prepared.is_http10 { "HTTP/1.0" } else { "HTTP/1.1" };
    let request_head = Head::request(head.method.as_str(), head.raw_path(), protocol, told, &snapshot.redactor);
    let counting = draft.counting(plane, &snapshot);
    let ticket = plane.open(&snapshot, prepared.started, prepared.peer, request_head, draft.call.clone(), counting);
    let debug = head.headers.get(DEBUG).is_some_and(|value| value.as_bytes() == b"1");
    let plan = match (&decision, failure) {
        (Some(decision), None) => draft.plan(decision, view.as_ref(), &ticket, snapshot.settings.proxy.marker),
        _ => Plan::Fail,
    };
    let log = &snapshot.settings.call_log;
    let keep = log.body > 0 && plane.log.keeps_bodies(log.bodies_per_second);
    let request = Request {
        started: prepared.started,
        peer: prepared.peer,
        generation: snapshot.generation,
        mock: decision.as_ref().and_then(|decision| decision.mock).cloned(),
        miss: draft.call.miss,
        redactor: snapshot.redactor.clone(),
        limits: snapshot.settings.limits,
        marker: snapshot.settings.proxy.marker,
        debug,
        exchange: prepared.exchange,
        forward: decision.as_ref().and_then(|decision| forward(&snapshot, decision, view.as_ref())),
        delay: draft.delay,
        failure,
        rejection: None,
        request_body: keep.then(|| Capture::new(log.body)),
        response_body: keep.then(|| Capture::new(log.body)),
        _share: prepared._share,
        ticket: Some(ticket),
    };
    (plan, request)
}

/// What the log and the metrics will say, gathered while the decision is at hand.
struct Draft {
    call: calls::Decision,
    mock: Option<usize>,
    scenario: Option<(u32, u16)>,
    server_stub: Option<(u32, u16)>,
    delay: std::time::Duration,
}

impl Draft {
    fn of(snapshot: &Snapshot, decision: Option<&Decision<'_>>, failure: Option<Failure>) -> Self {
        let mut draft = Draft {
            call: calls::Decision::new(Decided::Failed, snapshot.generation),
            mock: None,
            scenario: None,
            server_stub: None,
            delay: std::time::Duration::ZERO,
        };
        let Some(decision) = decision.filter(|_| failure.is_none()) else { return draft };
        let call = &mut draft.call;
        call.mock = decision.mock.map(|mock| mock.name.clone());
        call.miss = decision.miss.map(|miss| miss.reason);
        call.bad_delay = decision.bad_delay;
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

    fn counting(&self, plane: &DataPlane, snapshot: &Snapshot) -> Counting {
        let name = |name: &Option<Arc<str>>| name.clone().unwrap_or_else(|| "".into());
        let (mock, stub, scenario) = (name(&self.call.mock), name(&self.call.stub), name(&self.call.scenario));
        let series = &snapshot.series;
        let stub = match (self.scenario, self.server_stub) {
            (Some((number, code)), _) => {
                Some(series.scenario(&plane.metrics, number, [&*mock, &*stub, &*scenario], code))
            }
            (None, Some((number, code))) => Some(series.server_stub(&plane.metrics, number, [&*mock, &*stub], code)),
            (None, None) => None,
        };
        Counting { series: series.clone(), mock: self.mock, stub }
    }

    /// Prepares what is to be sent.
    fn plan(&mut self, decision: &Decision<'_>, view: Option<&RequestView<'_>>, ticket: &Ticket, marker: bool) -> Plan {
        let cors = match (decision.mock, view) {
            (Some(mock), Some(view)) => mock.cors.fields(view),
            _ => CorsFields::new(),
        };
        let generation = self.call.generation;
        let mock = self.call.mock.as_deref().unwrap_or("");
        let plain = |word: &str| Marker::new(word).name("mock", mock).number("generation", generation);
        let missed = |marker: Marker| match self.call.miss {
            Some(reason) => marker.name("miss", &ticket.id()).name("reason", reason.as_str()),
            None => marker,
        };
        let (mut local, field) = match &decision.action {
            Action::Scenario(scenario, _) => {
                (Local::of(&scenario.answer, cors), scenario.marker.clone().number("generation", generation))
            }
            Action::ServerStub(stub, _) => {
                (Local::of(&stub.answer, cors), stub.marker.clone().number("generation", generation))
            }
            Action::Preflight => {
                let fields = match (decision.mock, view) {
                    (Some(mock), Some(view)) => mock.cors.preflight_fields(view),
                    _ => CorsFields::new(),
                };
                (Local::preflight(fields), plain("preflight"))
            }
            Action::Denied => (Local::denied(cors), plain("denied")),
            Action::Unmatched => (Local::not_found(cors), missed(plain("unmatched"))),
            Action::GateClosed => {
                let detail = "the gate is closed for this request, and there is no upstream to forward it to";
                (Local::problem(404, "gate-closed", detail, cors), missed(plain("unmatched")))
            }
            Action::Forward(_) => return Plan::Forward,
            Action::NeedsBody => return Plan::Fail,
        };
        if marker {
            local.add(STANDIN, field.as_str());
        }
        match decision.action {
            Action::Denied => Plan::Deny(local),
            _ => Plan::Answer(local),
        }
    }
}

/// Where a request goes, and what is taken out of it on the way.
fn forward(snapshot: &Snapshot, decision: &Decision<'_>, view: Option<&RequestView<'_>>) -> Option<Forward> {
    let Action::Forward(to) = &decision.action else { return None };
    let upstream = snapshot.upstreams.get(to.0 as usize)?.clone();
    let strip_key = decision.mock.filter(|mock| view.is_some_and(|view| mock.access.has_key(view)));
    Some(Forward {
        upstream,
        tries: 0,
        address: 0,
        strip_selectors: decision.selectors_on,
        strip_key: strip_key.map(|mock| mock.access.header.clone()),
        forwarded: snapshot.settings.proxy.forwarded,
        at: None,
        status: None,
    })
}
