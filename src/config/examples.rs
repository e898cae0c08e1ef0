//! Examples: requests that stand beside a stub, each with what it must get. The compiled table is asked, as a caller
//! would; what it must not get is explained.

use http::{HeaderName, HeaderValue};

use super::Context;
use super::lint::{Origins, a_host};
use super::mocks::Compiler;
use super::response::{Statuses, bad_header_name, checked_status, exclusive};
use crate::file::leaf::ExpectedDecision;
use crate::file::read::At;
use crate::file::{ExampleTable, GetsTable, HeaderMap};
use crate::problem::{Code, Place, Problem, nearest};
use crate::redact::Redactor;
use crate::settings::Limits;
use crate::stubs::decision::{Action, Decision, Inputs};
use crate::stubs::explain::{self, Condition, Explanation, Question};
use crate::stubs::path::NormalPath;
use crate::stubs::request::{BodyFault, BodyView, HeaderField, RequestView};
use crate::stubs::scenario::{Mock, Stub};
use crate::stubs::table::Table;
use crate::words::Decided;

/// A request, and what it must get.
pub struct Example {
    place: Place,
    /// The number of its stub.
    stub: u32,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    decision: Decided,
    scenario: Option<String>,
    status: Option<u16>,
}

/// How many candidates are looked at for the one of the example's stub.
const CANDIDATES: usize = 50;

impl Compiler<'_, '_> {
    /// Reads an example of the stub that comes next, whose scenarios have these numbers.
    pub(super) fn example(&mut self, table: At<ExampleTable>, scenarios: &[u32]) {
        let ExampleTable { request, headers, json, body, gets } = table.value;
        let Some(request) = request else {
            self.cx.missing("request", table.place, "an example has a request: `request = \"GET /users/7\"`");
            return;
        };
        let places = [("json", json.as_ref().map(|v| v.place)), ("body", body.as_ref().map(|v| v.place))];
        exclusive(&places, "a request has one body", self.cx);
        let headers = headers.map(|headers| fields(headers.value, self.cx)).unwrap_or_default();
        let body = match (json, body) {
            (Some(json), _) => json.value.json.to_string(),
            (None, body) => body.map(|body| body.value).unwrap_or_default(),
        };
        let (decision, scenario, status) = self.gets(gets.map(|gets| gets.value).unwrap_or_default(), scenarios);
        let Some((method, target)) = line(&request, self.cx) else { return };
        self.origins.examples.push(Example {
            place: request.place,
            stub: self.parts.stubs.len() as u32,
            method,
            target,
            headers,
            body: body.into_bytes(),
            decision,
            scenario,
            status,
        });
    }

    fn gets(&mut self, gets: GetsTable, scenarios: &[u32]) -> (Decided, Option<String>, Option<u16>) {
        let GetsTable { decision, scenario, status } = gets;
        let word = match decision.as_ref().map(|word| word.value) {
            None | Some(ExpectedDecision::Mocked) => Decided::Mocked,
            Some(ExpectedDecision::ServerStub) => Decided::ServerStub,
            Some(ExpectedDecision::Forwarded) => Decided::Forwarded,
            Some(ExpectedDecision::Preflight) => Decided::Preflight,
            Some(ExpectedDecision::Denied) => Decided::Denied,
            Some(ExpectedDecision::Unmatched) => Decided::Unmatched,
        };
        let has_status = matches!(word, Decided::Mocked | Decided::ServerStub);
        let conflicts = [
            ("scenario", scenario.as_ref().filter(|_| word != Decided::Mocked).map(|key| key.place)),
            ("status", status.as_ref().filter(|_| !has_status).map(|key| key.place)),
        ];
        for (key, place) in conflicts {
            let (Some(place), Some(decision)) = (place, &decision) else { continue };
            self.cx.report(
                Problem::at(Code::ConflictingKeys, place, format!("`{key}` says nothing of what is not answered so"))
                    .also(decision.place, format!("this is to be {word}"))
                    .help("keep either of the two"),
            );
        }
        if let Some(scenario) = &scenario {
            let names: Vec<&str> = scenarios.iter().map(|own| &*self.parts.scenarios[*own as usize].name).collect();
            if !names.contains(&scenario.value.as_str()) {
                let help = match nearest(&scenario.value, names.iter().copied()) {
                    Some(slip) => format!("did you mean `{slip}`?"),
                    None => format!("the stub has {}", crate::file::read::listed(&names)),
                };
                let title = format!("the stub has no scenario `{}`", scenario.value);
                self.cx.report(Problem::at(Code::BadExample, scenario.place, title).help(help));
            }
        }
        let status = status.and_then(|status| checked_status(status.map(|own| own.0), Statuses::Any, self.cx));
        (word, scenario.map(|scenario| scenario.value), status)
    }
}

/// Method and target of a request.
fn line(request: &At<String>, cx: &mut Context<'_>) -> Option<(String, String)> {
    let bad = |why: String| {
        Problem::at(Code::BadExample, request.place, why)
            .help("write it as callers send it: `METHOD /path?key=value`, percent-encoded; hosts stand in `headers`")
    };
    let words: Vec<&str> = request.value.split_ascii_whitespace().collect();
    let [method, target] = words.as_slice() else {
        cx.report(bad("the request of an example is a method and a path".to_owned()));
        return None;
    };
    if http::Method::from_bytes(method.as_bytes()).is_err() {
        cx.report(bad(format!("`{method}` is no method")));
        return None;
    }
    let path = target.split(['?', '#']).next().unwrap_or(target);
    if let Err(fault) = NormalPath::of(path.as_bytes()) {
        cx.report(bad(fault.to_string()));
        return None;
    }
    Some(((*method).to_owned(), (*target).to_owned()))
}

/// Header fields as they are sent.
fn fields(headers: HeaderMap, cx: &mut Context<'_>) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (name, values) in headers.0 {
        if HeaderName::from_bytes(name.value.as_bytes()).is_err() {
            cx.report(bad_header_name(&name));
            continue;
        }
        for value in values.0 {
            match HeaderValue::from_str(&value.value.0) {
                Ok(_) => out.push((name.value.clone(), value.value.0)),
                Err(_) => cx.report(
                    Problem::at(Code::BadHeader, value.place, "a header value has no control characters")
                        .help("leave line breaks and the like out"),
                ),
            }
        }
    }
    out
}

/// Asks all examples, and reports those that do not get what they must get. Where something else is wrong nobody is
/// asked.
pub fn ask(origins: &Origins, table: &Table, limits: &Limits, cx: &mut Context<'_>) {
    if cx.problems.iter().any(|problem| problem.severity == crate::problem::Severity::Error) {
        return;
    }
    let keys = table.mocks().iter().flat_map(|mock| mock.access.keys.iter().chain(&mock.secrets));
    let redactor = Redactor {
        headers: crate::redact::HEADERS.iter().map(|name| (*name).into()).collect(),
        keys: keys.map(|key| key.secret().into()).collect(),
        ..Redactor::default()
    };
    for example in &origins.examples {
        cx.examples += 1;
        example.ask(origins, table, limits, &redactor, cx);
    }
}

impl Example {
    fn ask(&self, origins: &Origins, table: &Table, limits: &Limits, redactor: &Redactor, cx: &mut Context<'_>) {
        let stub = &table.stubs()[self.stub as usize];
        let mock = &table.mocks()[stub.mock as usize];
        let given = self.given(mock);
        let fields = self.headers.iter().chain(&given);
        let headers: Vec<HeaderField<'_>> =
            fields.map(|(name, value)| HeaderField { name, value: value.as_bytes() }).collect();
        let body = match self.body.len() > limits.match_body {
            true => BodyView::Unusable(BodyFault::TooLong),
            false => BodyView::Whole(&self.body),
        };
        // The path was looked at when the example was read.
        let Ok(view) = RequestView::new(&self.method, self.target.as_bytes(), &headers, body) else { return };
        let inputs = Inputs { dice: 0, delay_cap: limits.delay, now: std::time::Duration::ZERO };
        let decision = table.decide(&view, &inputs);
        let Some((wrong, explained)) = self.wrong(stub, mock, &decision) else { return };
        let why = || {
            let question = Question { view: &view, inputs, redactor, candidates: CANDIDATES };
            self.why(stub, mock, &explain::explain(table, &question))
        };
        let why = if explained { why() } else { None };
        let mut problem = Problem::at(Code::ExampleFailed, self.place, wrong).maybe_help(why);
        if let Action::Scenario(scenario, _) = &decision.action {
            let (place, _) = origins.scenarios[scenario.number as usize];
            problem = problem.also(place, "this scenario answers");
        } else {
            problem = problem.also(origins.stubs[self.stub as usize], "its stub");
        }
        cx.report(problem);
    }

    /// The host and the key that a caller of the mock would send.
    fn given(&self, mock: &Mock) -> Vec<(String, String)> {
        let has = |name: &str| self.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        let host = mock.hosts.first().filter(|_| !has("host")).map(|host| ("host".to_owned(), a_host(host)));
        let key = mock
            .access
            .keys
            .first()
            .filter(|_| mock.access.private && self.decision != Decided::Denied && !has(&mock.access.header));
        let key = key.map(|key| (mock.access.header.to_string(), String::from_utf8_lossy(key.secret()).into_owned()));
        host.into_iter().chain(key).collect()
    }

    /// What it gets in place of what it must get, and whether conditions can say why.
    fn wrong(&self, stub: &Stub, mock: &Mock, decision: &Decision<'_>) -> Option<(String, bool)> {
        let got = decision.action.decided().unwrap_or(Decided::Failed);
        let explained = self.decision == Decided::Mocked;
        let by = match &decision.action {
            Action::Scenario(own, _) => {
                format!("answered by scenario `{}` of `{}`, mock `{}`", own.name, own.stub, own.mock)
            }
            _ => got.to_string(),
        };
        if got != self.decision {
            return Some(match self.decision {
                Decided::Mocked => (format!("this example must be answered by its stub, and is {by}"), explained),
                expected => (format!("this example must be {expected}, and is {by}"), explained),
            });
        }
        let status = match &decision.action {
            Action::Scenario(own, _) => {
                if *own.stub != *stub.name || *own.mock != *mock.name {
                    return Some((format!("this example must be answered by its stub, and is {by}"), explained));
                }
                if let Some(expected) = self.scenario.as_ref().filter(|expected| **expected != *own.name) {
                    let text = format!("this example must get scenario `{expected}`, and gets `{}`", own.name);
                    return Some((text, explained));
                }
                own.answer.status
            }
            Action::ServerStub(own, _) => own.answer.status,
            _ => return None,
        };
        let expected = self.status.filter(|expected| *expected != status)?;
        Some((format!("this example must get status {expected}, and gets {status}"), false))
    }

    /// The first condition of the scenario that should answer which does not hold, else what the explanation says.
    fn why(&self, stub: &Stub, mock: &Mock, told: &Explanation) -> Option<String> {
        let fails = |condition: &&Condition| condition.holds != Some(true);
        let own = told.candidates.iter().find(|own| {
            own.stub == *stub.name
                && own.mock == *mock.name
                && self.scenario.as_ref().is_none_or(|name| *name == own.scenario)
                && own.conditions.iter().any(|condition| fails(&condition))
        });
        if let Some(condition) = own.and_then(|own| own.conditions.iter().find(fails)) {
            let Condition { subject, expected, actual, slip, .. } = condition;
            let came = actual.as_deref().unwrap_or("nothing");
            let slip = slip.as_ref().map_or(String::new(), |slip| format!(": {}", slip.text));
            return Some(format!("`{subject}` is to be {expected}, and {came} came{slip}"));
        }
        let step = told.steps.iter().rev().find(|step| step.step != "upstream");
        let step = step.map(|step| format!("{}: {}", step.step, step.outcome));
        told.slip.as_ref().map(|slip| slip.text.clone()).or(step)
    }
}
