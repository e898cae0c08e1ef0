//! A scenario held against a request: host, method and path of its stub, then its conditions.

use super::closest::{serves, takes};
use super::value::{bytes, conditions};
use super::{Candidate, Condition, Guess, Question, example, path};
use crate::stubs::bucket::Rule;
use crate::stubs::scenario::{Mock, Scenario, Stub};
use crate::stubs::table::Table;
use crate::stubs::table::prefer::Prefer;
use crate::stubs::table::selectors::Asked;
use crate::words::Slip;

/// Holds a scenario against a request, whose mock has this number.
pub(super) fn candidate(table: &Table, question: &Question<'_, '_>, rule: Rule, mock: Option<u32>) -> Candidate {
    let (stub, scenario) = (&table.stubs()[rule.stub as usize], &table.scenarios()[rule.scenario as usize]);
    let own = &table.mocks()[stub.mock as usize];
    let mut all = route(own, stub, question);
    let is_here = all.iter().all(|condition| condition.holds == Some(true));
    if is_here && mock != Some(stub.mock) {
        all.extend(mock.map(|mock| other_mock(own, &table.mocks()[mock as usize])));
    }
    let mut score = None;
    if own.postman.is_some() {
        let (of_example, scored) = example::conditions(table, question, rule);
        all.extend(of_example);
        score = scored;
    } else {
        all.extend(conditions(&stub.query, Some(&stub.path), question));
        all.extend(conditions(&scenario.conditions, Some(&stub.path), question));
    }
    if scenario.only_selected {
        all.push(only_selected(scenario, question));
    }
    Candidate {
        mock: scenario.mock.to_string(),
        stub: scenario.stub.to_string(),
        scenario: scenario.name.to_string(),
        answers: false,
        conditions: all,
        score,
    }
}

fn route(mock: &Mock, stub: &Stub, question: &Question<'_, '_>) -> Vec<Condition> {
    let view = question.view;
    let mut all = Vec::new();
    if !mock.hosts.is_empty() {
        let hosts: Vec<String> = mock.hosts.iter().map(ToString::to_string).collect();
        all.push(condition(
            "host",
            hosts.join(" or "),
            view.host.as_deref(),
            serves(mock, view.host.as_deref()),
            || Some(Guess::new(Slip::Host, format!("the mock `{}` serves other hosts", mock.name))),
        ));
    }
    let method = stub.method.as_deref().unwrap_or("ANY");
    all.push(condition("method", method.to_owned(), Some(view.method), takes(mock, stub, view.method), || {
        Some(match view.method.eq_ignore_ascii_case(method) {
            true => Guess::new(Slip::Case, "methods are compared as they are written"),
            false => Guess::new(Slip::Method, format!("the stub answers {method}")),
        })
    }));
    let target = view.target();
    let sent = target.split(|byte| *byte == b'?').next().unwrap_or(target);
    let shown = question.redactor.text(sent);
    let sent = String::from_utf8_lossy(&shown);
    let (fits, guess) = match &mock.postman {
        Some(settings) => example::path(stub, settings, view),
        None => (path::fits(&stub.path, &view.path), path::guess(&stub.path, mock.base.as_ref(), &view.path)),
    };
    all.push(condition("path", stub.path.to_string(), Some(&sent), fits, || guess));
    all
}

fn condition(
    subject: &str,
    expected: String,
    actual: Option<&str>,
    holds: bool,
    slip: impl FnOnce() -> Option<Guess>,
) -> Condition {
    Condition {
        subject: subject.to_owned(),
        expected,
        actual: actual.map(super::value::cut),
        holds: Some(holds),
        slip: if holds { None } else { slip() },
    }
}

fn only_selected(scenario: &Scenario, question: &Question<'_, '_>) -> Condition {
    let (asked, prefer) = (Asked::by(question.view), Prefer::by(question.view));
    let is_asked = !asked.is_empty() || !prefer.is_empty();
    condition("selector", "one that chooses it".to_owned(), None, is_asked, || {
        let text = format!("only a selector chooses it, such as x-mock-response-id: {}", scenario.id);
        Some(Guess::new(Slip::Selector, text))
    })
}

fn other_mock(own: &Mock, of_request: &Mock) -> Condition {
    let text = format!("the request belongs to `{}`, whose host, base path or stub is more specific", of_request.name);
    Condition {
        subject: "mock".to_owned(),
        expected: bytes(own.name.as_bytes()),
        actual: Some(bytes(of_request.name.as_bytes())),
        holds: Some(false),
        slip: Some(Guess::new(Slip::Mock, text)),
    }
}
