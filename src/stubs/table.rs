//! The compiled configuration of all mocks, and the one function that decides.
//!
//! [`Table::decide`] is the total order of the product document, section 4, as a pure function: time, dice and the
//! body come in, a [`Decision`] goes out. It is called twice for a request whose body a stub asks for: first without
//! the body, then with it. What the caller chooses by headers is found in `selectors`.

mod examples;
mod prefer;
mod selectors;

use std::sync::Arc;
use std::time::Duration;

use super::accept;
use super::answer::Answer;
use super::bucket::{Found, Rule};
use super::cors::preflight_method;
use super::decision::{Action, Decision, Inputs, Miss};
use super::delay::{self, Delay};
use super::index::{Candidates, Index, Taken};
use super::matcher::Outcome;
use super::request::{NoValue, RequestView};
use super::scenario::{Destination, Gate, Mock, Scenario, Scope, ServerStub, Stub};
use crate::words::Reason;
use prefer::Prefer;
use selectors::Asked;

/// All mocks, compiled.
#[derive(Debug, Default)]
pub struct Table {
    mocks: Box<[Arc<Mock>]>,
    stubs: Box<[Stub]>,
    scenarios: Box<[Arc<Scenario>]>,
    server_stubs: Box<[Arc<ServerStub>]>,
    index: Index,
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
            mocks: mocks.into(),
            stubs: stubs.into(),
            scenarios: scenarios.into(),
            server_stubs: server_stubs.into(),
            index,
            gate,
            upstream,
        };
        (table, taken)
    }

    /// Mocks in file order.
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

    /// Decides what to do with a request: one total order, top to bottom.
    pub fn decide<'t>(&'t self, view: &RequestView<'_>, inputs: &Inputs) -> Decision<'t> {
        let found = self.index.candidates(view, view.method);
        if let Some(decision) = self.preflight(view, &found) {
            return decision;
        }
        let mock = found.mock.map(|number| &self.mocks[number as usize]);
        let fits = found.any();
        let scoped = mock.is_some_and(|mock| mock.is_scoped());
        let first = found.first();
        let miss = |reason| {
            let closest = first.map(|rule| &*self.scenarios[rule.scenario as usize]);
            (fits || scoped).then_some(Miss { reason, closest })
        };
        let selectors_on = mock.is_some_and(|mock| mock.selectors.are_on(view));
        let mut decision = Decision { mock, action: Action::Unmatched, miss: None, bad_delay: false, selectors_on };

        // What ends unmatched is a miss, whether or not a mock was concerned.
        let unmatched = |reason| miss(reason).or(Some(Miss { reason, closest: None }));
        if !self.gate.is_open(view) {
            (decision.action, decision.miss) = match self.forward(mock) {
                Some(forward) => (forward, miss(Reason::Gate)),
                None => (Action::GateClosed, unmatched(Reason::Gate)),
            };
            return decision;
        }
        let Some(the_mock) = mock else {
            (decision.action, decision.miss) = match self.forward(None) {
                Some(forward) => (forward, None),
                None => (Action::Unmatched, unmatched(Reason::Path)),
            };
            return decision;
        };
        let named = match the_mock.postman {
            Some(_) if selectors_on => self.named_example(view, the_mock),
            _ => None,
        };
        let fits = fits || named.is_some();
        let active = the_mock.active.as_ref().filter(|(_, scope)| fits || *scope == Scope::All);
        if the_mock.access.private
            && (fits || active.is_some() || the_mock.access.forwarded)
            && !the_mock.access.has_key(view)
        {
            decision.action = Action::Denied;
            return decision;
        }
        let wait = match view.header("x-mock-response-delay").filter(|_| selectors_on) {
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
        if let Some((stub, _)) = active {
            decision.action = match must_read(&stub.answer) {
                true => Action::NeedsBody,
                false => Action::ServerStub(stub, delay(stub.delay)),
            };
            return decision;
        }
        let asked = if selectors_on { Asked::by(view) } else { Asked::default() };
        // Postman's servers know nothing of `Prefer`.
        let prefer = if selectors_on && the_mock.postman.is_none() { Prefer::by(view) } else { Prefer::default() };
        let is_asked = !asked.is_empty() || !prefer.is_empty();
        let mut fault = None;
        let found_rule = if the_mock.postman.is_some() {
            self.example(view, &found, (asked, named), selectors_on, &mut fault)
        } else if is_asked && fits {
            self.selected(view, &found, asked, &prefer)
        } else {
            self.best(view, &found, &mut fault)
        };
        match found_rule {
            Found::Rule(rule) => {
                let own = &self.scenarios[rule.scenario as usize];
                let other = if asked.is_exact() { None } else { accept::preferred(&own.offers, view) };
                let scenario = other.map_or(own, |number| &self.scenarios[number as usize]);
                decision.action = match must_read(&scenario.answer) {
                    true => Action::NeedsBody,
                    false => Action::Scenario(scenario, delay(scenario.delay)),
                };
            }
            Found::NeedsBody => decision.action = Action::NeedsBody,
            // A selector that names nothing never reaches the upstream: the caller asked for a mock by name.
            Found::None if is_asked && fits => decision.miss = miss(Reason::Selector),
            Found::None => {
                let reason = fault.unwrap_or_else(|| self.reason(view, &found, first));
                (decision.action, decision.miss) = match self.forward(mock) {
                    Some(forward) => (forward, miss(reason)),
                    None => (Action::Unmatched, unmatched(reason)),
                };
            }
        }
        decision
    }

    /// Where a request goes that no stub answers.
    fn forward(&self, mock: Option<&Arc<Mock>>) -> Option<Action<'static>> {
        mock.and_then(|mock| mock.upstream).or(self.upstream).map(Action::Forward)
    }

    /// Answers a preflight if some stub would answer the request that it asks about, unless an OPTIONS stub is there.
    fn preflight<'t>(&'t self, view: &RequestView<'_>, found: &Candidates<'t>) -> Option<Decision<'t>> {
        let method = preflight_method(view)?;
        let explicit = |rule: Rule| self.stubs[rule.stub as usize].method.is_some();
        let firsts = found.buckets.iter().filter_map(|bucket| bucket.first());
        if found.hits.is_some() || firsts.into_iter().any(explicit) {
            return None;
        }
        let wanted = self.index.candidates(view, method);
        wanted.first()?;
        let mock = wanted.mock.map(|number| &self.mocks[number as usize]).filter(|mock| mock.cors.is_on())?;
        let selectors_on = mock.selectors.are_on(view);
        Some(Decision { mock: Some(mock), action: Action::Preflight, miss: None, bad_delay: false, selectors_on })
    }

    /// The first scenario, in rank order, whose conditions hold.
    fn best(&self, view: &RequestView<'_>, found: &Candidates<'_>, fault: &mut Option<Reason>) -> Found {
        for bucket in &found.buckets {
            match bucket.find(view, |rule| self.tried(view, rule), fault) {
                Found::None => {}
                found => return found,
            }
        }
        Found::None
    }

    /// Whether a rule holds for a request that names none.
    fn tried(&self, view: &RequestView<'_>, rule: Rule) -> Outcome {
        match self.scenarios[rule.scenario as usize].only_selected {
            true => Outcome::Fails(Reason::Selector),
            false => self.check(view, rule),
        }
    }

    /// Whether a rule holds: what `match` says of the query, then the scenario's own conditions.
    fn check(&self, view: &RequestView<'_>, rule: Rule) -> Outcome {
        match self.stubs[rule.stub as usize].query.check(view) {
            Outcome::Holds => self.scenarios[rule.scenario as usize].conditions.check(view),
            other => other,
        }
    }

    /// Why nothing held: the first condition of the closest scenario that failed.
    fn reason(&self, view: &RequestView<'_>, found: &Candidates<'_>, first: Option<Rule>) -> Reason {
        match first.map(|rule| self.tried(view, rule)) {
            Some(Outcome::Fails(reason)) => reason,
            _ if found.path_seen || self.index.example_has_path(view) => Reason::Method,
            _ => Reason::Path,
        }
    }
}
