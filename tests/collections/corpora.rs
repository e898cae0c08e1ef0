//! Collections that others have published: each is imported, or refused with the reason; each saved example answers the
//! request that it was saved with, or the reason why Postman would choose another is shown.
//!
//! `make corpora CORPORA=DIR` runs this for a folder of collections; their files are no part of this repository. Without
//! it, the collections of these tests take their place.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use standin::config::{self, Loaded, Request};
use standin::import::postman::{self, Purpose};
use standin::problem::{Code, Severity, Sources};
use standin::stubs::decision::{Action, Inputs};
use standin::stubs::postman::{Closest, score};
use standin::stubs::request::{BodyView, HeaderField, RequestView};
use standin::stubs::scenario::Scenario;

use super::file;
use crate::support::root;

/// What no collection may exceed.
const TIME: Duration = Duration::from_secs(10);
const MEMORY: u64 = 500_000_000;

/// A saved example, by the names of its stub and scenario, and the request that it was saved with.
struct Example {
    stub: String,
    scenario: String,
    request: Value,
}

/// A request as Postman sends it.
struct Sent {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
}

#[test]
fn the_examples_of_our_own_collections_answer() {
    for name in ["shop.postman_collection.json", "forms.postman_collection.json"] {
        let path = root().join("tests/collections").join(name);
        let said = read(&path);
        let others: Vec<&String> = said.lines.iter().filter(|line| !line.contains(": the same request as ")).collect();
        assert_eq!((said.refused, others.is_empty()), (false, true), "{name}: {others:#?}");
        assert!(said.answered > 0 && said.answered >= said.examples / 2, "{name}: {}", said.answered);
    }
}

#[test]
#[ignore = "needs collections of others: `make corpora CORPORA=DIR`"]
fn each_published_collection_is_imported_or_refused_and_its_examples_answer() {
    let folder = PathBuf::from(std::env::var_os("CORPORA").expect("CORPORA names a folder"));
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} has no files", folder.display());
    for path in files {
        let start = Instant::now();
        let said = read(&path);
        let (time, memory) = (start.elapsed(), most_memory());
        let name = path.file_name().unwrap().to_string_lossy();
        match said.refused {
            true => println!("{name}: refused\n{}", said.lines.join("\n")),
            false => {
                println!("{name}: {} of {} examples answer their own request, {time:?}", said.answered, said.examples);
                said.lines.iter().for_each(|line| println!("  {line}"));
            }
        }
        assert!(time < TIME, "{name} took {time:?}");
        assert!(memory < MEMORY, "{name} took up to {memory} bytes");
    }
}

/// What came of one file.
struct Said {
    refused: bool,
    examples: usize,
    answered: usize,
    /// The report of a refusal, else one line for each example that does not answer its own request.
    lines: Vec<String>,
}

fn read(path: &Path) -> Said {
    let loaded = match config::load(&Request { postman: Some(path.to_owned()), ..Request::default() }) {
        Ok(loaded) => loaded,
        Err(refused) => {
            let report = refused.problems.render(false);
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            for problem in refused.problems.list().iter().filter(|problem| problem.severity == Severity::Error) {
                let unreadable = matches!(problem.code, Code::UnreadableFile | Code::FileTooLarge);
                assert!(problem.place.is_some() || unreadable, "no place: {report}");
                assert!(problem.help.is_some() || unreadable, "no help: {report}");
            }
            assert!(report.contains(&name), "the file is not named: {report}");
            return Said { refused: true, examples: 0, answered: 0, lines: vec![report] };
        }
    };
    let text = config::read_text(path).unwrap_or_else(|problem| panic!("{problem:?}"));
    let examples = examples(&text);
    let mut said = Said { refused: false, examples: examples.len(), answered: 0, lines: Vec::new() };
    for (example, sent) in examples.iter().zip(rendered(&examples, &text)) {
        match answered(&loaded, example, &sent) {
            Ok(()) => said.answered += 1,
            Err(line) => said.lines.push(line),
        }
    }
    said
}

/// The saved examples that were imported, each with the text that it was read from.
fn examples(text: &str) -> Vec<Example> {
    let source = Sources::default().add("collection", text);
    let collection =
        postman::collection(text, source, &[], Purpose::Loaded).unwrap_or_else(|problem| panic!("{problem:?}"));
    let json = |place: standin::problem::Place| -> Value {
        serde_json::from_str(&text[place.start as usize..place.end as usize]).unwrap()
    };
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
            });
        }
    }
    examples
}

/// The requests of saved examples, rendered by Postman's own library.
fn rendered(examples: &[Example], text: &str) -> Vec<Sent> {
    let whole: Value = serde_json::from_str(text).unwrap();
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
/// One line that says which other does, and why Postman would choose that one too.
fn answered(loaded: &Loaded, example: &Example, sent: &Sent) -> Result<(), String> {
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
    let decision = loaded.table.decide(&view, &Inputs { dice: 0, delay_cap: Duration::ZERO });
    let Action::Scenario(chosen, _) = &decision.action else {
        panic!("{own}: nothing answers {} {}", sent.method, sent.target);
    };
    let scenarios = loaded.table.scenarios();
    let is_own = |scenario: &&std::sync::Arc<Scenario>| {
        (&*scenario.stub, &*scenario.name) == (example.stub.as_str(), example.scenario.as_str())
    };
    let expected = scenarios.iter().find(is_own).unwrap();
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
        return Err(format!("{own}: {other} is closer: {} as against {shown}", theirs.unwrap()));
    }
    // Of equal scores one with status 200 wins, then the lower id.
    let rank = |scenario: &Scenario| {
        let has_id = scenario.example.as_ref().is_some_and(|example| example.has_id);
        (scenario.answer.status != 200, !has_id, has_id.then(|| scenario.id.clone()), scenario.number)
    };
    assert!(theirs == ours && rank(chosen) < rank(expected), "{own}: {other} answers, and nothing says why");
    let why =
        if chosen.answer.status == 200 && expected.answer.status != 200 { "has status 200" } else { "comes first" };
    Err(format!("{own}: the same request as {other}, which {why}; both score {shown}"))
}

/// The most memory that this process has had, bytes.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Collections that are no such thing: none brings the reader down, and each is refused with its place.
#[test]
fn broken_collections_are_refused_and_bring_nothing_down() {
    let forms = file("forms.postman_collection.json");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("broken.json");
    // Cut off at every line, and with every line left out.
    for (at, _) in forms.trim_end().match_indices('\n') {
        std::fs::write(&path, &forms[..at]).unwrap();
        assert!(read(&path).refused, "cut off at {at}");
    }
    let lines: Vec<&str> = forms.lines().collect();
    for at in 0..lines.len() {
        let without: Vec<&str> = lines[..at].iter().chain(&lines[at + 1..]).copied().collect();
        std::fs::write(&path, without.join("\n")).unwrap();
        let _ = config::load(&Request { postman: Some(path.clone()), ..Request::default() });
    }
    // Every value replaced by every kind of value.
    let whole: Value = serde_json::from_str(&forms).unwrap();
    let pointers = pointers(&whole, String::new());
    assert!(pointers.len() > 300);
    for pointer in pointers {
        for value in
            [Value::Null, json!(true), json!(7), json!("{{"), json!([]), json!({}), json!([[1]]), json!({ "a": {} })]
        {
            let mut changed = whole.clone();
            *changed.pointer_mut(&pointer).unwrap() = value.clone();
            let text = changed.to_string();
            let source = Sources::default().add("x", text.as_str());
            let purpose = Purpose::Written { switchable: true };
            if let Err(problem) = postman::collection(&text, source, &[], purpose) {
                assert!(problem.place.is_some() && problem.help.is_some(), "{pointer} = {value}: {problem:?}");
            }
        }
    }
}

/// Every place of a JSON value.
fn pointers(value: &Value, at: String) -> Vec<String> {
    let below: Vec<String> = match value {
        Value::Array(items) => {
            items.iter().zip(0..).flat_map(|(item, n)| pointers(item, format!("{at}/{n}"))).collect()
        }
        Value::Object(members) => members
            .iter()
            .flat_map(|(key, member)| pointers(member, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"))))
            .collect(),
        _ => Vec::new(),
    };
    std::iter::once(at).chain(below).collect()
}
