//! An explanation says what was decided, and its conditions say why.

use fastrand::Rng;
use standin::redact::Redactor;
use standin::stubs::explain::{Candidate, Explanation};
use standin::stubs::request::{BodyView, HeaderField, RequestView};
use standin::stubs::table::Table;
use standin::words::{Decided, Reason};

use super::{explanation, inputs};
use crate::oracle::facts::Request;
use crate::oracle::naive::{Kind, Reading};
use crate::oracle::{product, random_requests};
use crate::postman::generate;

/// The reason of a miss, by `decide`.
fn reason(table: &Table, request: &Request) -> Option<Reason> {
    let headers: Vec<HeaderField> =
        request.headers.iter().map(|(name, value)| HeaderField { name, value: value.as_bytes() }).collect();
    let body = BodyView::Whole(request.body.as_bytes());
    let view = RequestView::new(&request.method, request.target.as_bytes(), &headers, body).ok()?;
    table.decide(&view, &inputs()).miss.map(|miss| miss.reason)
}

fn same(table: &Table, request: &Request, told: &Explanation) -> Result<(), String> {
    let Some(decided) = product::decide(table, request, Reading::Whole) else {
        return (told.decision == Some(Decided::Rejected)).then_some(()).ok_or("refused".to_owned());
    };
    let (word, names) = match &decided.kind {
        Kind::Scenario { stub, scenario } => (Decided::Mocked, Some((stub.clone(), scenario.clone()))),
        Kind::ServerStub => (Decided::ServerStub, None),
        Kind::Preflight => (Decided::Preflight, None),
        Kind::Denied => (Decided::Denied, None),
        Kind::Forward => (Decided::Forwarded, None),
        Kind::Unmatched | Kind::GateClosed => (Decided::Unmatched, None),
        Kind::NeedsBody => return Err("the body is there".to_owned()),
    };
    let told_names = told.stub.clone().zip(told.scenario.clone());
    let is_same = told.decision == Some(word)
        && told.mock == decided.mock
        && told_names == names
        && told.reason == reason(table, request);
    is_same.then_some(()).ok_or(format!("decided: {decided}"))
}

fn all_hold(candidate: &Candidate) -> bool {
    candidate.conditions.iter().all(|condition| condition.holds == Some(true))
}

/// Whether the candidates give a reason: who answers has no condition that fails, who does not has one.
fn consistent(request: &Request, told: &Explanation) -> Result<(), String> {
    let has_selector = request.headers.iter().any(|(name, _)| name.to_ascii_lowercase().starts_with("x-mock-response"));
    if told.decision == Some(Decided::Mocked) && !told.candidates.first().is_some_and(|first| first.answers) {
        return Err("who answers comes first".to_owned());
    }
    if has_selector {
        return Ok(()); // whom it names answers whatever its conditions
    }
    for candidate in &told.candidates {
        let is_outdone = candidate.score.is_some() && told.decision == Some(Decided::Mocked);
        if candidate.answers && !all_hold(candidate) {
            return Err(format!("this answers:\n{candidate}"));
        }
        if !candidate.answers && !is_outdone && all_hold(candidate) {
            return Err(format!("this does not answer, and nothing says why:\n{candidate}"));
        }
        if candidate.conditions.iter().any(|condition| condition.holds.is_none()) {
            return Err(format!("the body is there:\n{candidate}"));
        }
    }
    let score = |candidate: &Candidate| candidate.score.as_ref().map(|score| score.total);
    let best = told.candidates.first().filter(|first| first.answers).and_then(score);
    match told.candidates.iter().filter(|own| all_hold(own)).find(|own| score(own) > best) {
        Some(better) => Err(format!("this scores more:\n{better}")),
        None => Ok(()),
    }
}

fn check(table: &Table, request: &Request, shown: impl Fn() -> String) -> Option<Decided> {
    let told = explanation(table, request, 8, &Redactor::default());
    let result = same(table, request, &told).and_then(|()| consistent(request, &told));
    if let Err(how) = result {
        panic!("{how}\n---- explanation\n{told}\n---- request\n{request}\n{}", shown());
    }
    told.decision
}

#[test]
fn an_explanation_agrees_with_the_decision_on_five_thousand_requests() {
    let (mut asked, mut mocked, mut missed) = (0, 0, 0);
    for (files, requests) in random_requests(600) {
        let Ok(table) = product::load(&files) else { continue };
        for request in requests {
            let decided =
                check(&table, &request, || files.iter().map(|(name, text)| format!("---- {name}\n{text}\n")).collect());
            asked += 1;
            mocked += u32::from(decided == Some(Decided::Mocked));
            missed += u32::from(matches!(decided, Some(Decided::Forwarded | Decided::Unmatched)));
        }
    }
    assert!(asked >= 5_000, "{asked} requests");
    assert!(mocked * 10 > asked && missed * 10 > asked, "{mocked} mocked and {missed} missed of {asked}");
}

#[test]
fn an_explanation_agrees_with_the_closest_example() {
    let mut rng = Rng::with_seed(7);
    let (mut asked, mut mocked) = (0, 0);
    for at in 0..300 {
        let mock = generate::mock(&mut rng, at % 2 == 0);
        let text = generate::file(&mock);
        let files = [
            ("standin.toml".to_owned(), "mocks = [\"mocks/*.toml\"]\n".to_owned()),
            ("mocks/m.toml".to_owned(), text.clone()),
        ];
        let Ok(table) = product::load(&files) else { continue };
        for _ in 0..10 {
            let request = generate::request(&mut rng, &mock);
            asked += 1;
            mocked += u32::from(check(&table, &request, || text.clone()) == Some(Decided::Mocked));
        }
    }
    assert!(asked >= 2_000 && mocked * 4 > asked, "{mocked} of {asked}");
}
