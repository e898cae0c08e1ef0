//! The order of deciding in words: what was passed, and what came of it.

use super::value::{bytes, gate};
use super::{Question, Step};
use crate::problem::nearest;
use crate::stubs::bucket::Found;
use crate::stubs::decision::{Action, Decision};
use crate::stubs::limit::LimitKind;
use crate::stubs::scenario::Scope;
use crate::stubs::table::Table;
use crate::stubs::table::prefer::Prefer;
use crate::stubs::table::selectors::Asked;
use crate::stubs::table::trace::{self, Trace};
use crate::words::Reason;

/// Takes note of the steps that deciding passes.
pub(super) struct Steps<'q, 'r> {
    table: &'q Table,
    question: &'q Question<'q, 'r>,
    list: Vec<Step>,
    key: Option<(bool, bool)>,
    server_stub: Option<(Scope, bool)>,
    overrides: Vec<String>,
    asked: Option<String>,
    /// How far it came.
    reached: Reached,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reached {
    Preflight,
    Gate,
    NoMock,
    Key,
    Forced,
    ServerStub,
    Selectors,
    Stubs,
}

impl<'q, 'r> Steps<'q, 'r> {
    pub(super) fn new(table: &'q Table, question: &'q Question<'q, 'r>) -> Self {
        Steps {
            table,
            question,
            list: Vec::new(),
            key: None,
            server_stub: None,
            overrides: Vec::new(),
            asked: None,
            reached: Reached::Preflight,
        }
    }
}

impl Trace for Steps<'_, '_> {
    fn pass(&mut self, step: trace::Step<'_>) {
        self.reached = match step {
            trace::Step::Preflight => {
                self.list.push(plain("preflight", "a stub has what it asks about, and the mock has `cors`"));
                Reached::Preflight
            }
            trace::Step::Gate(is_open) => {
                self.list.push(plain("preflight", "this is none that a mock answers"));
                let gate = gate(self.table.gate(), self.question);
                let outcome = if is_open { "open" } else { "closed: nothing is mocked for this request" };
                self.list.push(Step { conditions: if is_open { Vec::new() } else { gate }, ..plain("gate", outcome) });
                Reached::Gate
            }
            trace::Step::NoMock => Reached::NoMock,
            trace::Step::Key { asked, valid } => {
                self.key = Some((asked, valid));
                Reached::Key
            }
            trace::Step::Off(stubs) => {
                let name = |stub: &u32| format!("stub `{}` is switched off", self.table.stubs()[*stub as usize].name);
                self.overrides.extend(stubs.iter().map(name));
                self.reached
            }
            trace::Step::Forced(rule) => {
                let scenario = &self.table.scenarios()[rule.scenario as usize];
                self.overrides.push(format!("scenario `{}` of `{}` is forced", scenario.name, scenario.stub));
                Reached::Forced
            }
            trace::Step::ServerStub(scope, applies) => {
                self.server_stub = Some((scope, applies));
                Reached::ServerStub
            }
            trace::Step::Selectors(asked, prefer, named) => {
                self.asked = words(asked, prefer, self.question).map(|words| match named {
                    Some(_) => format!("{words}: that is an example of this mock, whatever its path"),
                    None => words,
                });
                Reached::Selectors
            }
            trace::Step::Stubs(_) => Reached::Stubs,
            trace::Step::Accept(rule) => {
                let chosen = &self.table.scenarios()[rule.scenario as usize].name;
                if let Some(stubs) = self.list.last_mut() {
                    stubs.outcome.push_str(&format!("; of its alternatives `accept` prefers `{chosen}`"));
                }
                self.reached
            }
        };
        if let trace::Step::Stubs(found) = step {
            let outcome = match found {
                Found::Rule(rule) => {
                    let scenario = &self.table.scenarios()[rule.scenario as usize];
                    format!("scenario `{}` of `{}` answers", scenario.name, scenario.stub)
                }
                Found::NeedsBody => "a condition looks at the body, which is not at hand".to_owned(),
                Found::None => "none holds".to_owned(),
            };
            self.list.push(plain("stubs", outcome));
        }
    }
}

fn plain(step: &'static str, outcome: impl Into<String>) -> Step {
    Step { step, outcome: outcome.into(), conditions: Vec::new() }
}

/// What selectors ask for; `None` where none came.
fn words(asked: Asked<'_>, prefer: &Prefer, question: &Question<'_, '_>) -> Option<String> {
    let selector = |name: &str, value: Option<&[u8]>| {
        value.map(|value| format!("x-mock-response-{name} asks for {}", bytes(&question.redactor.text(value))))
    };
    let all = [selector("code", asked.code), selector("id", asked.id), selector("name", asked.name)];
    let preference = |name: &str, value: &Option<String>| {
        value
            .as_ref()
            .map(|value| format!("prefer asks for {name} {}", bytes(&question.redactor.text(value.as_bytes()))))
    };
    let preferred = [preference("code", &prefer.code), preference("example", &prefer.example)];
    let all: Vec<String> = all.into_iter().chain(preferred).flatten().collect();
    (!all.is_empty()).then(|| all.join(", "))
}

impl Steps<'_, '_> {
    /// The list, with what only the decision tells.
    pub(super) fn into_list(mut self, decision: &Decision<'_>) -> Vec<Step> {
        let stubs = if self.reached == Reached::Stubs { self.list.pop() } else { None };
        if self.reached >= Reached::NoMock {
            self.list.push(plain("mock", self.mock(decision)));
        }
        if let Some((asked, valid)) = self.key {
            self.list.push(plain("access", self.access(decision, asked, valid)));
        }
        if !self.overrides.is_empty() {
            self.list.push(plain("overrides", self.overrides.join(", ")));
        }
        if self.reached > Reached::Forced || matches!(decision.action, Action::ServerStub(..)) {
            self.list.push(plain("server stub", self.server_stub(decision)));
        }
        if self.reached >= Reached::Selectors {
            let outcome = match (&self.asked, decision.selectors_on) {
                (Some(words), _) => match unknown(self.table, self.question, decision) {
                    Some(meant) => format!("{words}; {meant}"),
                    None => words.clone(),
                },
                (None, true) => "none came".to_owned(),
                (None, false) => "off for this caller".to_owned(),
            };
            self.list.push(plain("selectors", outcome));
        }
        self.list.extend(stubs.map(|stubs| match (decision.miss, &decision.action) {
            (Some(miss), _) => Step { outcome: format!("{}: {}", stubs.outcome, meaning(miss.reason)), ..stubs },
            (None, Action::Forward(_) | Action::Unmatched) => plain("stubs", "there is none to try"),
            (None, _) => stubs,
        }));
        match decision.action {
            Action::Limited(exceeded) => {
                let which = match exceeded.kind {
                    LimitKind::Calls => "calls",
                    LimitKind::Rate => "rate",
                };
                let outcome = format!("`{which}` of the mock's limit is reached: 429 for {} s", exceeded.wait);
                self.list.push(plain("limit", outcome));
            }
            Action::Forward(_) => self.list.push(plain("upstream", "answers")),
            Action::Unmatched if decision.miss.is_some_and(|miss| miss.reason == Reason::Selector) => {}
            Action::Unmatched | Action::GateClosed => self.list.push(plain("upstream", "there is none: 404")),
            _ => {}
        }
        self.list
    }

    fn mock(&self, decision: &Decision<'_>) -> String {
        let Some(mock) = decision.mock else { return "none serves this host and path".to_owned() };
        let found = self.table.index().candidates(self.question.view, self.question.view.method);
        let how = match found.any() {
            true => "has stubs for this host, path and method",
            false => "covers this host and path, but has no stub for it",
        };
        format!("`{}` {how}", mock.name)
    }

    fn access(&self, decision: &Decision<'_>, asked: bool, valid: bool) -> String {
        let Some(access) = decision.mock.map(|mock| &mock.access) else { return String::new() };
        let sent = self.question.view.header(&access.header).is_some();
        match (access.private, asked, valid) {
            (false, ..) => "public".to_owned(),
            (true, false, _) => "private, but nothing of the mock would answer".to_owned(),
            (true, true, true) => format!("private, and {} carries a key", access.header),
            (true, true, false) if sent => format!("private, and {} carries none of its keys", access.header),
            (true, true, false) => format!("private, and no {} came", access.header),
        }
    }

    fn server_stub(&self, decision: &Decision<'_>) -> String {
        let active = decision.mock.and_then(|mock| mock.active.as_ref());
        match (active, self.server_stub) {
            (Some((stub, _)), Some((_, true))) => format!("`{}` is active and answers", stub.name),
            (Some((stub, _)), Some((Scope::Mocked, false))) => {
                format!("`{}` is active, but only for what some stub fits", stub.name)
            }
            (Some((stub, _)), _) => format!("`{}` is active", stub.name),
            (None, _) => "none is active".to_owned(),
        }
    }
}

/// What was meant, where a selector names nothing.
pub(super) fn unknown(table: &Table, question: &Question<'_, '_>, decision: &Decision<'_>) -> Option<String> {
    decision.miss.filter(|miss| miss.reason == Reason::Selector)?;
    let asked = Asked::by(question.view);
    let text = |value: Option<&[u8]>| value.map(|value| String::from_utf8_lossy(value).into_owned());
    let of_mock = decision.mock.map(|mock| &*mock.name);
    let scenarios = || table.scenarios().iter().filter(|own| Some(&*own.mock) == of_mock);
    let meant = match (text(asked.id), text(asked.name)) {
        (Some(id), _) => nearest(&id, scenarios().map(|own| &*own.id)).map(str::to_owned),
        (None, Some(name)) => nearest(&name, scenarios().map(|own| &*own.name)).map(str::to_owned),
        (None, None) => None,
    };
    Some(match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "no stub that fits has it".to_owned(),
    })
}

/// The meaning of a reason as the middle of a sentence.
fn meaning(reason: Reason) -> String {
    let text = reason.meaning().trim_end_matches('.');
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_lowercase().collect::<String>() + chars.as_str())
}
