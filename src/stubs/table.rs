//! The compiled configuration of all mocks, and the one function that decides.
//!
//! [`Table::decide`] is the total order of the product document, section 4, as a pure function: time, dice and the
//! body come in, a [`Decision`] goes out. It is called twice for a request whose body a stub asks for: first without
//! the body, then with it.

use std::sync::Arc;
use std::time::Duration;

use super::bucket::{Found, Rule, Wanted};
use super::cors::preflight_method;
use super::delay::{self, Delay};
use super::index::{Candidates, Index, Taken};
use super::matcher::Outcome;
use super::request::RequestView;
use super::scenario::{Destination, Gate, Mock, Scenario, Scope, ServerStub, Stub};
use crate::words::Reason;

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

/// What deciding needs beside the request.
#[derive(Clone, Copy, Debug)]
pub struct Inputs {
    /// A number drawn evenly from all numbers.
    pub dice: u64,
    /// The longest delay.
    pub delay_cap: Duration,
}

/// What is to be done with a request. A value: nothing has happened yet.
#[derive(Clone, Debug)]
pub struct Decision<'t> {
    /// The request's mock.
    pub mock: Option<&'t Arc<Mock>>,
    /// What to do.
    pub action: Action<'t>,
    /// Why no stub answered, where that is a miss.
    pub miss: Option<Miss<'t>>,
    /// Whether a delay header was ignored for its value.
    pub bad_delay: bool,
    /// Whether `x-mock-*` selectors are on for this caller and so are not for the upstream.
    pub selectors_on: bool,
}

/// What to do with a request.
#[derive(Clone, Debug)]
pub enum Action<'t> {
    /// A scenario answers, after a delay.
    Scenario(&'t Arc<Scenario>, Duration),
    /// The mock's active server stub answers, after a delay.
    ServerStub(&'t Arc<ServerStub>, Duration),
    /// Standin answers a preflight for the mock.
    Preflight,
    /// The mock is private and no valid key came: 401.
    Denied,
    /// The upstream answers.
    Forward(Destination),
    /// Nobody answers: 404.
    Unmatched,
    /// The gate is closed and there is no upstream: 404.
    GateClosed,
    /// A stub asks for the body: read it and decide again.
    NeedsBody,
}

/// Why no stub answered, with the closest one: a note of fixed size from which more can be explained later.
#[derive(Clone, Copy, Debug)]
pub struct Miss<'t> {
    /// The first thing that did not hold.
    pub reason: Reason,
    /// The closest stub, where one fits method and path.
    pub closest: Option<&'t Scenario>,
}

/// What the `x-mock-response-*` headers ask for.
#[derive(Clone, Copy, Debug, Default)]
struct Asked<'a> {
    code: Option<&'a [u8]>,
    id: Option<&'a [u8]>,
    name: Option<&'a [u8]>,
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
        let fits = !found.buckets.is_empty();
        let scoped = mock.is_some_and(|mock| mock.is_scoped());
        let first = found.buckets.first().and_then(|bucket| bucket.first());
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
        if let Some((stub, _)) = active {
            decision.action = Action::ServerStub(stub, delay(stub.delay));
            return decision;
        }
        let asked = if selectors_on { Asked::by(view) } else { Asked::default() };
        let mut fault = None;
        let found_rule = if !asked.is_empty() && fits {
            self.selected(view, &found, asked)
        } else {
            self.best(view, &found, &mut fault)
        };
        match found_rule {
            Found::Rule(rule) => {
                let scenario = &self.scenarios[rule.scenario as usize];
                decision.action = Action::Scenario(scenario, delay(scenario.delay));
            }
            Found::NeedsBody => decision.action = Action::NeedsBody,
            // A selector that names nothing never reaches the upstream: the caller asked for a mock by name.
            Found::None if !asked.is_empty() && fits => decision.miss = miss(Reason::Selector),
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
        if found.buckets.iter().filter_map(|bucket| bucket.first()).any(explicit) {
            return None;
        }
        let wanted = self.index.candidates(view, method);
        wanted.buckets.first()?;
        let mock = wanted.mock.map(|number| &self.mocks[number as usize]).filter(|mock| mock.cors.is_on())?;
        let selectors_on = mock.selectors.are_on(view);
        Some(Decision { mock: Some(mock), action: Action::Preflight, miss: None, bad_delay: false, selectors_on })
    }

    /// The first scenario, in rank order, whose conditions hold.
    fn best(&self, view: &RequestView<'_>, found: &Candidates<'_>, fault: &mut Option<Reason>) -> Found {
        for bucket in &found.buckets {
            match bucket.find(view, |rule| self.check(view, rule), fault) {
                Found::None => {}
                found => return found,
            }
        }
        Found::None
    }

    /// The scenario that selectors choose among the candidates. An id or a name chooses whatever its conditions; a code
    /// keeps the scenarios with that status, of which the first that holds answers, else the first.
    fn selected(&self, view: &RequestView<'_>, found: &Candidates<'_>, asked: Asked<'_>) -> Found {
        let text = |value: &'_ [u8]| std::str::from_utf8(value).map(str::to_owned).unwrap_or_default();
        let code: Option<u16> = match asked.code.map(status) {
            None => None,
            Some(None) => return Found::None,
            code => code.flatten(),
        };
        let fits_code =
            |rule: &Rule| code.is_none_or(|code| self.scenarios[rule.scenario as usize].answer.status == code);
        let (id, name) = (asked.id.map(text), asked.name.map(text));
        let wanted = match (&id, &name, code) {
            (Some(id), _, _) => Wanted::Id(id),
            (None, Some(name), _) => Wanted::Name(name),
            (None, None, Some(code)) => Wanted::Status(code),
            (None, None, None) => return Found::None,
        };
        let mut fallback = Found::None;
        for bucket in &found.buckets {
            for rule in bucket.named(wanted, &self.scenarios).filter(fits_code) {
                if !matches!(wanted, Wanted::Status(_)) {
                    return Found::Rule(rule);
                }
                match self.check(view, rule) {
                    Outcome::Holds => return Found::Rule(rule),
                    Outcome::NeedsBody => return Found::NeedsBody,
                    Outcome::Fails(_) if fallback == Found::None => fallback = Found::Rule(rule),
                    Outcome::Fails(_) => {}
                }
            }
        }
        fallback
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
        match first.map(|rule| self.check(view, rule)) {
            Some(Outcome::Fails(reason)) => reason,
            _ if found.path_seen => Reason::Method,
            _ => Reason::Path,
        }
    }
}

/// A status code as a selector names it: three digits and nothing else.
fn status(code: &[u8]) -> Option<u16> {
    let is_code = code.len() == 3 && code.iter().all(u8::is_ascii_digit);
    is_code.then(|| std::str::from_utf8(code).ok()?.parse().ok()).flatten()
}

impl<'a> Asked<'a> {
    fn by(view: &RequestView<'a>) -> Self {
        Asked {
            code: view.header("x-mock-response-code"),
            id: view.header("x-mock-response-id"),
            name: view.header("x-mock-response-name"),
        }
    }

    fn is_empty(&self) -> bool {
        self.code.is_none() && self.id.is_none() && self.name.is_none()
    }
}
