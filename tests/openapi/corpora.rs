//! Documents that others have published: each is imported, or refused with the reason; each operation answers, and what
//! is made from a schema satisfies it.
//!
//! `make corpora CORPORA=DIR` runs this for a folder of documents, or for its folder `openapi`; their files are no part of
//! this repository. Without it, the documents of these tests take their place.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use standin::config::{self, Loaded, Request};
use standin::import::openapi::{self, Options};
use standin::problem::{Code, Severity, Sources};

use super::asked::{Asked, ask};
use super::{EVENTS, SHOP, file};
use crate::collections::limits::{Limits, Took, within};
use crate::support::corpora::published;
use crate::support::process::standin;
use crate::support::root;

/// What no command may exceed for any document.
const LIMITS: Limits = Limits { time: Duration::from_secs(10), memory: 500_000_000 };

/// The same for tests, which may run beside all the others of a machine.
const PATIENT: Limits = Limits { time: Duration::from_secs(600), ..LIMITS };

#[test]
fn the_operations_of_our_own_documents_answer() {
    for (name, operations, valid) in [(SHOP, 6, 4), (EVENTS, 2, 1)] {
        let Outcome::Imported(_, asked) = read(&root().join("tests/openapi").join(name), &PATIENT) else {
            panic!("{name} is refused");
        };
        assert_eq!(asked.faults, Vec::<String>::new(), "{name}");
        assert_eq!(asked.told, Vec::<String>::new(), "{name}");
        assert_eq!((asked.operations, asked.answered, asked.valid), (operations, operations, valid), "{name}");
    }
}

#[test]
#[ignore = "needs documents of others: `make corpora CORPORA=DIR`"]
fn each_published_document_is_imported_or_refused_and_its_operations_answer() {
    let Some(files) = published("openapi") else { return };
    let (mut refused, mut faults) = (0, Vec::new());
    for path in &files {
        println!("\n== {}", path.file_name().unwrap().to_string_lossy());
        match read(path, &LIMITS) {
            Outcome::Refused(report) => {
                refused += 1;
                println!("refused: {report}");
            }
            Outcome::Imported(said, asked) => {
                let Asked { operations, answered, valid, told, faults: own } = asked;
                println!("{said}{answered} of {operations} operations answer, {valid} bodies satisfy their schemas");
                told.iter().for_each(|line| println!("  as the import warns: {line}"));
                own.iter().for_each(|line| println!("  {line}"));
                faults.extend(own.into_iter().map(|line| format!("{}: {line}", path.display())));
            }
        }
    }
    println!("\n== {} files: {} imported, {refused} refused", files.len(), files.len() - refused);
    assert!(faults.is_empty(), "{faults:#?}");
}

/// What came of one file.
enum Outcome {
    /// The report.
    Refused(String),
    /// What the import said last, and what came of the operations.
    Imported(String, Asked),
}

/// Reads one file in every way: as a process that is limited, for what it takes; and in this one, for what it means.
fn read(path: &Path, limits: &Limits) -> Outcome {
    let name = path.display();
    let dir = tempfile::tempdir().unwrap();
    let mock = dir.path().join("mock.toml");
    let run = |arguments: &[&str]| run(arguments, dir.path(), limits);
    let import = run(&["import", "openapi", &name.to_string(), "--output", &mock.display().to_string()]);
    let check = run(&["check", "--openapi", &name.to_string()]);
    assert_eq!(import.status.code(), check.status.code(), "{name}: {import:#?} {check:#?}");
    let loaded = match load(path) {
        Ok(loaded) => loaded,
        Err(report) => {
            assert_eq!(import.status.code(), Some(3), "{name}: {import:#?}");
            let title = report.lines().next().unwrap();
            assert!(import.stderr.contains(title) && import.stdout.is_empty(), "{name}: {import:#?}");
            return Outcome::Refused(report);
        }
    };
    std::fs::write(dir.path().join("standin.toml"), "mocks = [\"mock.toml\"]\n").unwrap();
    let own = run(&["check"]);
    assert!(own.status.success() && own.stderr.contains("no problems"), "{name}: {own:#?}");
    // What was written answers as what was loaded.
    let request = Request { config: Some(dir.path().join("standin.toml")), ..Request::default() };
    let written = config::load(&request).unwrap_or_else(|refused| panic!("{}", refused.problems.render(false)));
    let text = config::read_text(path).unwrap_or_else(|problem| panic!("{problem:?}"));
    let warned = warned(&text);
    let asked = ask(&text, &loaded, &warned);
    let of_written = ask(&text, &written, &warned);
    assert_eq!((&asked.faults, &asked.told), (&of_written.faults, &of_written.told), "{name}");
    assert_eq!((asked.answered, asked.valid), (of_written.answered, of_written.valid), "{name}");
    let kinds = ["warning: ", "note: "].map(|kind| import.stdout.lines().filter(|line| line.starts_with(kind)).count());
    let last = import.stdout.lines().last().unwrap();
    let (time, memory) = (import.time.max(check.time), import.memory.max(check.memory));
    let said = format!("{last}\n{} warnings and {} notes; {time:.1?}, {} MB\n", kinds[0], kinds[1], memory / 1_000_000);
    Outcome::Imported(said, asked)
}

/// The operations of which the import says that a body does not satisfy its schema.
fn warned(text: &str) -> HashSet<String> {
    let source = Sources::default().add("x", text);
    let spec = openapi::spec(text, source, Options { seed: 0, servers: true, written: false });
    let notes = spec.unwrap_or_else(|problems| panic!("{problems:?}")).notes.into_iter();
    notes.filter(|note| note.what.starts_with("made up, and not all")).map(|note| note.entry).collect()
}

/// Runs `standin` within the limits; it neither panics nor is it brought down.
fn run(arguments: &[&str], dir: &Path, limits: &Limits) -> Took {
    let mut command = standin();
    let took = within(limits, command.args(arguments).current_dir(dir));
    let took = took.unwrap_or_else(|excess| panic!("standin {}: {excess}", arguments.join(" ")));
    assert!(matches!(took.status.code(), Some(0 | 3)), "standin {}: {took:#?}", arguments.join(" "));
    took
}

/// Loads a document as `run --openapi` does.
///
/// # Errors
/// The report, which names the file, and for each problem the place and the remedy.
fn load(path: &Path) -> Result<Loaded, String> {
    let refused = match config::load(&Request { openapi: Some(path.to_owned()), ..Request::default() }) {
        Ok(loaded) => return Ok(loaded),
        Err(refused) => refused,
    };
    let report = refused.problems.render(false);
    for problem in refused.problems.list().iter().filter(|problem| problem.severity == Severity::Error) {
        let unreadable = matches!(problem.code, Code::UnreadableFile | Code::FileTooLarge);
        assert!(problem.place.is_some() || unreadable, "no place: {report}");
        assert!(problem.help.is_some() || unreadable, "no help: {report}");
    }
    assert!(report.contains(&*path.file_name().unwrap().to_string_lossy()), "the file is not named: {report}");
    Err(report)
}

/// Documents that are no such thing: none brings the reader down, and each is refused with its place.
#[test]
fn broken_documents_are_refused_and_bring_nothing_down() {
    let read = |text: &str| {
        let source = Sources::default().add("x", text);
        openapi::spec(text, source, Options { seed: 0, servers: true, written: true })
    };
    let shop = file(SHOP);
    let sound = |problems: &[standin::problem::Problem]| {
        !problems.is_empty() && problems.iter().all(|problem| problem.place.is_some() && problem.help.is_some())
    };
    // Cut off at every line, and with every line left out.
    for (at, _) in shop.match_indices('\n') {
        if let Err(problems) = read(&shop[..at]) {
            assert!(sound(&problems), "cut off at {at}: {problems:?}");
        }
    }
    let lines: Vec<&str> = shop.lines().collect();
    for at in 0..lines.len() {
        let without: Vec<&str> = lines[..at].iter().chain(&lines[at + 1..]).copied().collect();
        if let Err(problems) = read(&without.join("\n")) {
            assert!(sound(&problems), "without line {at}: {problems:?}");
        }
    }
    let events = file(EVENTS);
    for (at, _) in events.trim_end().match_indices('\n') {
        assert!(sound(&read(&events[..at]).unwrap_err()), "cut off at {at}");
    }
    // Every value replaced by every kind of value.
    for text in [events, serde_json::to_string(&whole(&shop)).unwrap()] {
        let whole: Value = serde_json::from_str(&text).unwrap();
        let pointers = pointers(&whole, String::new());
        assert!(pointers.len() > 100, "{}", pointers.len());
        for pointer in pointers {
            for value in
                [Value::Null, json!(true), json!(-7), json!("{{"), json!([]), json!({}), json!([[1]]), json!({"a": {}})]
            {
                let mut changed = whole.clone();
                *changed.pointer_mut(&pointer).unwrap() = value.clone();
                if let Err(problems) = read(&changed.to_string()) {
                    assert!(sound(&problems), "{pointer} = {value}: {problems:?}");
                }
            }
        }
    }
}

fn whole(text: &str) -> Value {
    let tree = standin::import::tree::Tree::parse(text, standin::problem::SourceId::NONE);
    tree.unwrap_or_else(|problem| panic!("{problem:?}")).root().json()
}

/// Every place of a JSON value.
fn pointers(value: &Value, at: String) -> Vec<String> {
    let below: Vec<String> = match value {
        Value::Array(items) => {
            items.iter().zip(0..).flat_map(|(item, n)| pointers(item, format!("{at}/{n}"))).collect()
        }
        Value::Object(members) => {
            let key = |name: &str| name.replace('~', "~0").replace('/', "~1");
            members.iter().flat_map(|(name, value)| pointers(value, format!("{at}/{}", key(name)))).collect()
        }
        _ => Vec::new(),
    };
    if at.is_empty() { below } else { std::iter::once(at).chain(below).collect() }
}

/// A document of more than ten megabytes, as large interfaces are: many operations over schemas that refer to each other.
#[test]
fn a_large_document_is_read_within_its_limits() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("large.yaml");
    let mut text = "openapi: 3.0.0\ninfo: {title: large, version: '1'}\npaths:\n".to_owned();
    for n in 0..10_000 {
        text.push_str(&format!(
            "  /things/{n}/{{id}}:\n    parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}]\n    get:\n      operationId: get{n}\n      description: {}\n      responses:\n        '200':\n          description: one\n          content:\n            application/json:\n              schema: {{$ref: '#/components/schemas/S{n}'}}\n        '404': {{description: none, content: {{application/json: {{schema: {{$ref: '#/components/schemas/S0'}}}}}}}}\n",
            "what it does, told at some length. ".repeat(8)
        ));
    }
    text.push_str("components:\n  schemas:\n");
    for n in 0..10_000 {
        let other = (n * 7 + 1) % 10_000;
        text.push_str(&format!(
            "    S{n}:\n      type: object\n      required: [id, at]\n      properties:\n        id: {{type: string, format: uuid, description: what tells it from others}}\n        at: {{type: string, format: date-time}}\n        count: {{type: integer, minimum: 0, maximum: 10}}\n        next: {{$ref: '#/components/schemas/S{other}'}}\n        all: {{type: array, items: {{$ref: '#/components/schemas/S{other}'}}}}\n"
        ));
    }
    assert!(text.len() > 10_000_000, "{}", text.len());
    std::fs::write(&path, text).unwrap();
    let took = run(&["check", "--openapi", "large.yaml"], dir.path(), &PATIENT);
    assert!(took.stderr.contains("no problems: 1 mock, 10000 stubs, 20000 scenarios"), "{took:#?}");
    println!("{:?}, {} MB", took.time, took.memory / 1_000_000);
}
