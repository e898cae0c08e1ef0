//! The compiled configuration of all mocks, and the one function that decides.
//!
//! [`Table::decide`] is the total order of the product document, section 4, as a pure function: time, dice and the
//! body come in, a [`Decision`] goes out. It is called twice for a request whose body a stub asks for: first without
//! the body, then with it. [`explain`](super::explain) runs the same code and takes note of its steps. What the
//! caller chooses by headers is found in `selectors`.

mod examples;
mod overlay;
pub(super) mod prefer;
pub(super) mod selectors;
mod strict;
pub(super) mod trace;

use std::sync::Arc;
use std::time::Duration;

use super::accept;
use super::answer::Answer;
use super::bucket::{Found, Rule};
use super::decision::{Action, Decision, Inputs, Miss};
use super::delay::{self, Delay};
use super::index::{Index, Taken};
use super::overlay::Override;
use super::request::{NoValue, RequestView};
use super::scenario::{Destination, Gate, Mock, Scenario, Scope, ServerStub, Stub};
use crate::words::Reason;
use overlay::{Forced, Off};
use prefer::Prefer;
use selectors::Asked;
use trace::{Silent, Step, Trace};

/// All mocks, compiled.
#[derive(Debug, Default)]
pub struct Table {
    mocks: Box<[Arc<Mock>]>,
    /// The mocks as the files have them.
    filed: Arc<[Arc<Mock>]>,
    overrides: Box<[Override]>,
    is_timed: bool,
    stubs: Arc<[Stub]>,
    scenarios: Arc<[Arc<Scenario>]>,
    server_stubs: Arc<[Arc<ServerStub>]>,
    index: Arc<Index>,
    gate: Gate,
    upstream: Option<Destination>,
}

/// Everything that a table is made of.
#[derive(Debug, Default)]
pub struct Parts {
    /// Mocks in file order.
    pub mocks: Vec<Arc<Mock>>,
    /// Stubs in file order.
    pub stubs: Vec<Stub>,
    /// Scenarios, as the stubs number them.
    pub scenarios: Vec<Arc<Scenario>>,
    /// Server stubs, as they number themselves.
    pub server_stubs: Vec<Arc<ServerStub>>,
    /// The gate.
    pub gate: Gate,
    /// The proxy's own upstream.
    pub upstream: Option<Destination>,
}

impl Table {
    /// Compiles a table.
    ///
    /// # Errors
    /// All pairs of stubs of different mocks that claim one route.
    pub fn build(parts: Parts) -> (Self, Vec<Taken>) {
        let Parts { mocks, stubs, scenarios, server_stubs, gate, upstream } = parts;
        let (index, taken) = Index::build(&mocks, &stubs, &scenarios);
        let table = Table {
            is_timed: mocks.iter().any(|mock| mock.limit.is_some()),
            filed: mocks.clone().into(),
            mocks: mocks.into(),
            overrides: Box::default(),
            stubs: stubs.into(),
            scenarios: scenarios.into(),
            server_stubs: server_stubs.into(),
            index: Arc::new(index),
            gate,
            upstream,
        };
        (table, taken)
    }

    /// Mocks in file order, as they are in force.
    pub fn mocks(&self) -> &[Arc<Mock>] {
        &self.mocks
    }

    /// Where calls go that no stub answers, unless their mock says otherwise.
    pub fn upstream(&self) -> Option<Destination> {
        self.upstream
    }

    /// Stubs in file order.
    pub fn stubs(&self) -> &[Stub] {
        &self.stubs
    }

    /// Scenarios by their numbers.
    pub fn scenarios(&self) -> &[Arc<Scenario>] {
        &self.scenarios
    }

    /// Server stubs by their numbers.
    pub fn server_stubs(&self) -> &[Arc<ServerStub>] {
        &self.server_stubs
    }

    /// The gate.
    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// What finds the candidates.
    pub(super) fn index(&self) -> &Index {
        &self.index
    }

    /// Decides what to do with a request. Nothing that it rests on is [taken](Decision::settle) yet.
    pub fn decide<'t>(&'t self, view: &RequestView<'_>, inputs: &Inputs) -> Decision<'t> {
        self.decide_and_tell(view, inputs, &mut Silent)
    }

    /// Decides, and tells of each step that is passed.
    #[inline(always)]
    pub(super) fn decide_and_tell<'t>(
        &'t self,
        view: &RequestView<'_>,
        inputs: &Inputs,
        trace: &mut impl Trace,
    ) -> Decision<'t> {
        let mut decision = self.unlimited(view, inputs, trace);
        // What is forwarded is no answer of the mock's, so it is neither counted nor refused.
        if let Some(limiter) = decision.mock.and_then(|mock| mock.limit.as_ref())
            && matches!(decision.action, Action::Scenario(..) | Action::ServerStub(..))
            && let Some(exceeded) = limiter.exceeded(inputs.now)
        {
            decision.action = Action::Limited(exceeded);
            decision.overrides.clear();
        }
        decision
    }

    /// The same without limits: one total order, top to bottom.
    #[inline(always)]
    fn unlimited<'t>(&'t self, view: &RequestView<'_>, inputs: &Inputs, trace: &mut impl Trace) -> Decision<'t> {
        let mut found = self.index.candidates(view, view.method);
        let off = match self.overrides.is_empty() {
            true => Off::default(),
            false => self.switch_off(view, inputs.now, &mut found),
        };
        if let Some(decision) = self.preflight(view, &found, inputs.now) {
            trace.pass(Step::Preflight);
            return decision;
        }
        let mock = found.mock.map(|number| &self.mocks[number as usize]);
        let fits = found.any();
        let scoped = mock.is_some_and(|mock| mock.is_scoped());
        let first = found.first();
        let miss = |reason| {
            let closest = first.map(|rule| &*self.scenarios[rule.scenario as usize]);
            (fits || scoped || !off.is_empty()).then_some(Miss { reason, closest })
        };
        let selectors_on = mock.is_some_and(|mock| mock.selectors.are_on(view));
        let mut decision = Decision {
            mock,
            action: Action::Unmatched,
            miss: None,
            bad_delay: false,
            selectors_on,
            overrides: Vec::new(),
        };

        // What ends unmatched is a miss, whether or not a mock was concerned.
        let unmatched = |reason| miss(reason).or(Some(Miss { reason, closest: None }));
        let is_open = self.gate.is_open(view);
        trace.pass(Step::Gate(is_open));
        if !is_open {
            (decision.action, decision.miss) = match self.forward(mock) {
                Some(forward) => (forward, miss(Reason::Gate)),
                None => (Action::GateClosed, unmatched(Reason::Gate)),
            };
            return decision;
        }
        let Some(the_mock) = mock else {
            trace.pass(Step::NoMock);
            (decision.action, decision.miss) = match self.forward(None) {
                Some(forward) => (forward, None),
                None => (Action::Unmatched, unmatched(Reason::Path)),
            };
            return decision;
        };
        let named = match the_mock.postman {
            Some(_) if selectors_on => self.named_example(view, the_mock).filter(|rule| !off.has(rule.stub)),
            _ => None,
        };
        let fits = fits || named.is_some();
        let active = the_mock.active.as_ref().filter(|(_, scope)| fits || *scope == Scope::All);
        let needs_key = the_mock.access.private && (fits || active.is_some() || the_mock.access.forwarded);
        let valid = needs_key && the_mock.access.has_key(view);
        trace.pass(Step::Key { asked: needs_key, valid });
        if needs_key && !valid {
            decision.action = Action::Denied;
            return decision;
        }
        let asks = selectors_on && selectors::stand_in(view);
        let wait = match asks.then(|| view.header("x-mock-response-delay")).flatten() {
            Some(value) => {
                let delay = delay::from_header(value);
                decision.bad_delay = delay.is_none();
                delay
            }
            None => None,
        };
        let delay = |own: Option<Delay>| {
            let configured = || own.or(the_mock.delay).map_or(Duration::ZERO, |delay| delay.roll(inputs.dice));
            wait.unwrap_or_else(configured).min(inputs.delay_cap)
        };
        // A template may ask for the body when all else is settled.
        let must_read = |answer: &Answer| answer.needs_body() && view.body() == Err(NoValue::Unread);
        if !self.overrides.is_empty() {
            decision.overrides.extend_from_slice(&off.overrides);
            trace.pass(Step::Off(off.stubs()));
            match self.forced(view, &found, &off, inputs.now) {
                Some(Forced::Scenario(number, entry)) => {
                    trace.pass(Step::Forced(Rule { stub: entry.stub, scenario: number }));
                    let scenario = &self.scenarios[number as usize];
                    decision.overrides.push(entry);
                    decision.action = match must_read(&scenario.answer) {
                        true => Action::NeedsBody,
                        false => Action::Scenario(scenario, delay(scenario.delay)),
                    };
                    return decision;
                }
                Some(Forced::NeedsBody) => {
                    decision.action = Action::NeedsBody;
                    return decision;
                }
                None => {}
            }
        }
        if let Some((_, scope)) = &the_mock.active {
            trace.pass(Step::ServerStub(*scope, active.is_some()));
        }
        if let Some((stub, _)) = active {
            decision.action = match must_read(&stub.answer) {
                true => Action::NeedsBody,
                false => Action::ServerStub(stub, delay(stub.delay)),
            };
            return decision;
        }
        let asked = if asks { Asked::by(view) } else { Asked::default() };
        // Postman's servers know nothing of `Prefer`.
        let prefer = if asks && the_mock.postman.is_none() { Prefer::by(view) } else { Prefer::default() };
        let is_asked = !asked.is_empty() || !prefer.is_empty();
        trace.pass(Step::Selectors(asked, &prefer, named));
        let mut fault = None;
        let found_rule = if the_mock.postman.is_some() {
            self.example(view, &found, (asked, named), &off, selectors_on, &mut fault)
        } else if is_asked && fits {
            self.selected(view, &found, (asked, &prefer), &off)
        } else {
            self.best(view, &found, &off, &mut fault)
        };
        trace.pass(Step::Stubs(found_rule));
        match found_rule {
            Found::Rule(rule) => {
                let own = &self.scenarios[rule.scenario as usize];
                let other = if asked.is_exact() { None } else { accept::preferred(&own.offers, view) };
                let scenario = other.map_or(own, |number| &self.scenarios[number as usize]);
                if let Some(number) = other.filter(|number| *number != own.number) {
                    trace.pass(Step::Accept(Rule { scenario: number, ..rule }));
                }
                decision.action = match must_read(&scenario.answer) {
                    true => Action::NeedsBody,
                    false => Action::Scenario(scenario, delay(scenario.delay)),
                };
            }
            Found::NeedsBody => decision.action = Action::NeedsBody,
            // A selector that names nothing never reaches the upstream: the caller asked for a mock by name.
            Found::None if is_asked && fits => decision.miss = miss(Reason::Selector),
            Found::None => {
                let reason = match off.is_empty() || fits {
                    true => fault.unwrap_or_else(|| self.reason(view, &found, first)),
                    false => Reason::Off,
                };
                (decision.action, decision.miss) = match self.forward(mock) {
                    Some(forward) => (forward, miss(reason)),
                    None => (Action::Unmatched, unmatched(reason)),
                };
            }
        }
        decision
    }
}
