//! Asks for each saved example by the request that it was saved with, as Postman's own library renders it: the example
//! answers, or it is told why Postman would choose another.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use standin::config::Loaded;
use standin::import::postman::{self, Purpose};
use standin::problem::{Place, Sources};
use standin::stubs::decision::{Action, Inputs};
use standin::stubs::postman::{Closest, score};
use standin::stubs::request::{BodyView, HeaderField, RequestView};
use standin::stubs::scenario::Scenario;

/// What came of all saved examples of a collection.
#[derive(Debug, Default)]
pub struct Asked {
    /// How many it has.
    pub examples: usize,
    /// Those that were not imported; the import says why.
    pub left_out: usize,
    /// Those that answer their own request.
    pub answered: usize,
    /// Those whose request another example answers, with the reason in words.
    pub others: Vec<(Why, String)>,
}

/// Why another example answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It scores more.
    Closer,
    /// It scores the same, and has status 200.
    Status,
    /// It scores the same, and its ID is lower, or it comes first.
    First,
}

/// A saved example, by the names of its stub and scenario, and the request that it was saved with.
struct Example {
    stub: String,
    scenario: String,
    request: Value,
    /// The saved body, where it is a text without tokens.
    plain: Option<String>,
}

/// A request as Postman sends it.
struct Sent {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
}

/// Asks each of these for every example of a collection: the collection itself, and mocks that were made of it. They
/// must agree.
pub fn ask(text: &str, loaded: &[&Loaded]) -> Asked {
    let (examples, saved) = examples(text);
    let left_out = saved - examples.len();
    let mut asked = Asked { examples: saved, left_out, ..Asked::default() };
    for (example, sent) in examples.iter().zip(rendered(&examples, text)) {
        let mut answers: Vec<_> = loaded.iter().map(|loaded| answer(loaded, example, &sent)).collect();
        answers.dedup();
        match <[_; 1]>::try_from(answers) {
            Ok([Ok(())]) => asked.answered += 1,
            Ok([Err(other)]) => asked.others.push(other),
            Err(answers) => panic!("{} / {}: {answers:?}", example.stub, example.scenario),
        }
    }
    asked
}

/// The saved examples that are imported, each with the text that it was read from; and how many there are in all.
fn examples(text: &str) -> (Vec<Example>, usize) {
    let source = Sources::default().add("collection", text);
    let collection =
        postman::collection(text, source, &[], Purpose::Loaded).unwrap_or_else(|problem| panic!("{problem:?}"));
    let json =
        |place: Place| -> Value { serde_json::from_str(&text[place.start as usize..place.end as usize]).unwrap() };
    let mut examples = Vec::new();
    for stub in &collection.stubs {
        let item = json(stub.place);
        for scenario in &stub.value.scenario.as_ref().unwrap().value.0 {
            let saved = json(scenario.place);
            let own = [&saved["originalRequest"], &saved["request"], &item["request"]];
            examples.push(Example {
                stub: stub.value.name.as_ref().unwrap().value.clone(),
                scenario: scenario.value.name.as_ref().unwrap().value.clone(),
                request: own.into_iter().find(|request| !request.is_null()).unwrap().clone(),
                plain: saved["body"].as_str().filter(|body| !body.contains("{{")).map(str::to_owned),
            });
        }
    }
    (examples, collection.examples)
}

/// The requests of saved examples, rendered by Postman's own library.
fn rendered(examples: &[Example], text: &str) -> Vec<Sent> {
    let whole: Value = serde_json::from_str(text).unwrap();
    // The form in which Postman's API hands it out.
    let whole = whole.get("collection").unwrap_or(&whole);
    let asked: Vec<Value> =
        examples.iter().map(|e| json!({ "request": e.request, "variables": whole["variable"] })).collect();
    let newman = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/newman");
    assert!(newman.exists(), "run `.ci/install test`, as `make test` does: {} is missing", newman.display());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/collections/render.mjs");
    let mut node = Command::new("node");
    node.arg(script).arg(newman).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = node.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(Value::from(asked).to_string().as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let list: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let pair = |pair: &Value| (text(&pair[0]), text(&pair[1]));
    list.iter()
        .map(|sent| Sent {
            method: text(&sent["method"]),
            target: text(&sent["target"]),
            headers: sent["headers"].as_array().unwrap().iter().map(pair).collect(),
            body: text(&sent["body"]),
        })
        .collect()
}

/// Whether an example answers the request that it was saved with.
///
/// # Errors
/// Why another answers, which Postman would choose too; and one line that says so.
fn answer(loaded: &Loaded, example: &Example, sent: &Sent) -> Result<(), (Why, String)> {
    let own = format!("{} / {}", example.stub, example.scenario);
    let choosing = |name: &str| name.to_ascii_lowercase().starts_with("x-mock-");
    let headers: Vec<HeaderField<'_>> = sent
        .headers
        .iter()
        .filter(|(name, _)| !choosing(name))
        .map(|(name, value)| HeaderField { name, value: value.as_bytes() })
        .collect();
    let body = BodyView::Whole(sent.body.as_bytes());
    let view = RequestView::new(&sent.method, sent.target.as_bytes(), &headers, body)
        .unwrap_or_else(|fault| panic!("{own}: {} {}: {fault}", sent.method, sent.target));
    let decision = loaded.table.decide(&view, &Inputs { dice: 0, delay_cap: Duration::ZERO, now: Duration::ZERO });
    let Action::Scenario(chosen, _) = &decision.action else {
        panic!("{own}: nothing answers {} {}", sent.method, sent.target);
    };
    let scenarios = loaded.table.scenarios();
    let is_own = |scenario: &&Arc<Scenario>| {
        (&*scenario.stub, &*scenario.name) == (example.stub.as_str(), example.scenario.as_str())
    };
    let expected = scenarios.iter().find(is_own).unwrap();
    assert_sent_as_saved(expected, example);
    if expected.number == chosen.number {
        return Ok(());
    }
    let total = |scenario: &Scenario| {
        let saved = scenario.example.as_ref().unwrap();
        score(&scenario.path, saved, &view, Closest::Wildcard, true).map(|score| score.total())
    };
    let (theirs, ours) = (total(chosen), total(expected));
    let other = format!("{} / {}", chosen.stub, chosen.name);
    let shown = ours.map_or("nothing".to_owned(), |total| total.to_string());
    if theirs > ours {
        return Err((Why::Closer, format!("{own}: {other} is closer: {} as against {shown}", theirs.unwrap())));
    }
    // Of equal scores one with status 200 wins, then the lower id.
    let rank = |scenario: &Scenario| {
        let has_id = scenario.example.as_ref().is_some_and(|example| example.has_id);
        (scenario.answer.status != 200, !has_id, has_id.then(|| scenario.id.clone()), scenario.number)
    };
    assert!(theirs == ours && rank(chosen) < rank(expected), "{own}: {other} answers, and nothing says why");
    let by_status = chosen.answer.status == 200 && expected.answer.status != 200;
    let (why, words) = if by_status { (Why::Status, "has status 200") } else { (Why::First, "comes first") };
    Err((why, format!("{own}: {other} is as close and {words}: both score {shown}")))
}

/// A body without tokens is sent byte for byte, wherever it was read from.
fn assert_sent_as_saved(scenario: &Scenario, example: &Example) {
    let answer = &scenario.answer;
    let may_have_body = !matches!(answer.status, 204 | 205 | 304);
    if let Some(plain) = example.plain.as_ref().filter(|_| answer.template.is_none() && may_have_body) {
        assert_eq!(answer.body, plain.as_bytes(), "{} / {}", example.stub, example.scenario);
    }
}
