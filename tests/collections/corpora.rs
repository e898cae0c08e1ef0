//! Collections that others have published: each is imported, or refused with the reason; the mock that was made passes
//! `standin check`; each saved example answers the request that it was saved with, or it is told why Postman would
//! choose another.
//!
//! `make corpora CORPORA=DIR` runs this for a folder of collections, or for its folder `postman`; their files are no part
//! of this repository. Without it, the collections of these tests take their place.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use standin::config::{self, Loaded, Request};
use standin::import::postman::{self, Purpose};
use standin::problem::{Code, Severity, Sources};

use super::asked::{Asked, Why, ask};
use super::file;
use super::limits::{Limits, Took, within};
use crate::support::corpora::published;
use crate::support::process::standin;
use crate::support::root;

/// What no command may exceed for any collection.
const LIMITS: Limits = Limits { time: Duration::from_secs(10), memory: 500_000_000 };

/// The same for tests, which may run beside all the others of a machine.
const PATIENT: Limits = Limits { time: Duration::from_secs(600), ..LIMITS };

#[test]
fn the_examples_of_our_own_collections_answer() {
    for name in ["shop.postman_collection.json", "forms.postman_collection.json"] {
        let Outcome::Imported(said, asked) = read(&root().join("tests/collections").join(name), &PATIENT) else {
            panic!("{name} is refused");
        };
        assert!(said.contains(" saved examples\n"), "{name}: {said}");
        assert_eq!(asked.answered + asked.others.len() + asked.left_out, asked.examples, "{name}: {asked:#?}");
        // Only an example that asks for the same as another one gives way to it.
        assert!(asked.others.iter().all(|(why, _)| *why != Why::Closer), "{name}: {asked:#?}");
        assert!(asked.answered >= asked.examples / 2, "{name}: {asked:#?}");
    }
}

#[test]
#[ignore = "needs collections of others: `make corpora CORPORA=DIR`"]
fn each_published_collection_is_imported_or_refused_and_its_examples_answer() {
    let Some(files) = published("postman") else { return };
    let (mut refused, mut sum) = (0, Asked::default());
    for path in &files {
        println!("\n== {}", path.file_name().unwrap().to_string_lossy());
        match read(path, &LIMITS) {
            Outcome::Refused(report) => {
                refused += 1;
                println!("refused: {report}");
            }
            Outcome::Imported(said, asked) => {
                println!("{said}{}", summary(&asked));
                asked.others.iter().for_each(|(_, line)| println!("  {line}"));
                sum.examples += asked.examples;
                sum.left_out += asked.left_out;
                sum.answered += asked.answered;
                sum.others.extend(asked.others);
            }
        }
    }
    println!("\n== {} files: {} imported, {refused} refused", files.len(), files.len() - refused);
    println!("{}", summary(&sum));
    if !cfg!(target_os = "linux") {
        println!("NOT CHECKED: memory. It is measured on Linux.");
    }
}

/// What came of saved examples, in numbers.
fn summary(asked: &Asked) -> String {
    let Asked { examples, left_out, answered, others } = asked;
    let times = |why| others.iter().filter(|(other, _)| *other == why).count();
    format!(
        "{examples} saved examples: {answered} answer their own request; another answers that of {}: {} times it is \
         closer, {} times it has status 200 and scores the same, {} times it comes first and scores the same; \
         {left_out} were left out by the import",
        others.len(),
        times(Why::Closer),
        times(Why::Status),
        times(Why::First),
    )
}

/// What came of one file.
enum Outcome {
    /// The report.
    Refused(String),
    /// What the import said last, and what came of the saved examples.
    Imported(String, Asked),
}

/// Reads one file in every way: as a process that is limited, for what it takes; and in this one, for what it means.
fn read(path: &Path, limits: &Limits) -> Outcome {
    let name = path.display();
    let dir = tempfile::tempdir().unwrap();
    let mock = dir.path().join("mock.toml");
    let run = |arguments: &[&str]| run(arguments, dir.path(), limits);
    let import = run(&["import", "postman", &name.to_string(), "--output", &mock.display().to_string()]);
    let check = run(&["check", "--postman", &name.to_string()]);
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
    assert_eq!(import.status.code(), Some(0), "{name}: {import:#?}");
    std::fs::write(dir.path().join("standin.toml"), "mocks = [\"mock.toml\"]\n").unwrap();
    let own = run(&["check"]);
    // Collections hold tokens, which is worth a warning and no more.
    let is_other = |line: &str| line.starts_with("warning[") && !line.starts_with("warning[likely-secret]");
    assert!(own.status.success() && !own.stderr.lines().any(is_other), "{name}: {own:#?}");
    let request = Request { config: Some(dir.path().join("standin.toml")), ..Request::default() };
    let written = config::load(&request).unwrap_or_else(|refused| panic!("{}", refused.problems.render(false)));
    let text = config::read_text(path).unwrap_or_else(|problem| panic!("{problem:?}"));
    let asked = ask(&text, &[&loaded, &written]);
    let kinds = ["warning: ", "note: "].map(|kind| import.stdout.lines().filter(|line| line.starts_with(kind)).count());
    let last = import.stdout.lines().last().unwrap();
    let (time, memory) = (import.time.max(check.time), import.memory.max(check.memory));
    let said = format!("{last}\n{} warnings and {} notes; {time:.1?}, {} MB\n", kinds[0], kinds[1], memory / 1_000_000);
    Outcome::Imported(said, asked)
}

/// Runs `standin` within the limits; it neither panics nor is it brought down.
fn run(arguments: &[&str], dir: &Path, limits: &Limits) -> Took {
    let mut command = standin();
    let took = within(limits, command.args(arguments).current_dir(dir));
    let took = took.unwrap_or_else(|excess| panic!("standin {}: {excess}", arguments.join(" ")));
    assert!(matches!(took.status.code(), Some(0 | 3)), "standin {}: {took:#?}", arguments.join(" "));
    took
}

/// Loads a collection as `run --postman` does.
///
/// # Errors
/// The report, which names the file, and for each problem the place and the remedy.
fn load(path: &Path) -> Result<Loaded, String> {
    let refused = match config::load(&Request { postman: Some(path.to_owned()), ..Request::default() }) {
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

/// Collections that are no such thing: none brings the reader down, and each is refused with its place.
#[test]
fn broken_collections_are_refused_and_bring_nothing_down() {
    let forms = file("forms.postman_collection.json");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("broken.json");
    // Cut off at every line, and with every line left out.
    for (at, _) in forms.trim_end().match_indices('\n') {
        std::fs::write(&path, &forms[..at]).unwrap();
        assert!(load(&path).is_err(), "cut off at {at}");
    }
    let lines: Vec<&str> = forms.lines().collect();
    for at in 0..lines.len() {
        let without: Vec<&str> = lines[..at].iter().chain(&lines[at + 1..]).copied().collect();
        std::fs::write(&path, without.join("\n")).unwrap();
        let _ = load(&path);
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
