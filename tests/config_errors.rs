//! Golden reports: what a user reads about each mistake, word for word.
//!
//! `config_errors/codes/CODE.case` makes one problem code appear and no other, `CODE.WHAT.case` are further cases of it.
//! `config_errors/files/*.case` are files as people write them, with several mistakes each. The report lies beside its
//! case as `*.report`. After a change of the words: `UPDATE_EXPECT=1 cargo test --test standin config_errors`, and read
//! the difference as a user would.

mod case;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use expect_test::expect_file;
use standin::problem::{Code, Severity};

use crate::support::{process, root, sidecar};
use case::Case;

fn folder(name: &str) -> PathBuf {
    root().join("tests/config_errors").join(name)
}

/// The files of a folder with this ending, sorted.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == ending)).collect();
    files.sort();
    files
}

/// The code that a file of `codes` is named after.
fn code_of(path: &Path) -> Code {
    let name = path.file_name().unwrap().to_str().unwrap().split('.').next().unwrap();
    let found = Code::ALL.iter().copied().find(|code| code.as_str() == name);
    found.unwrap_or_else(|| panic!("{}: there is no code `{name}`", path.display()))
}

#[test]
fn each_code_has_its_report_and_brings_no_other() {
    let mut strangers = String::new();
    for path in files(&folder("codes"), "case") {
        let code = code_of(&path);
        let outcome = Case::read(&path).load();
        expect_file![path.with_extension("report")].assert_eq(&outcome.report);
        if outcome.problems.is_empty() || outcome.problems.iter().any(|(other, _)| *other != code) {
            let found: Vec<_> = outcome.problems.iter().map(|(code, _)| code.as_str()).collect();
            strangers.push_str(&format!("{}: {found:?}\n", path.display()));
        }
    }
    assert!(strangers.is_empty(), "cases that bring another code than theirs:\n{strangers}");
}

#[test]
fn every_code_occurs_in_a_golden_report() {
    let reports = files(&folder("codes"), "report");
    let shown: BTreeSet<Code> = reports.iter().map(|path| code_of(path)).collect();
    // What an import alone refuses: `tests/imports` shows it.
    let imported = [Code::BadMapping, Code::BadArchive];
    let missing: Vec<_> = Code::ALL.iter().filter(|code| !shown.contains(code) && !imported.contains(code)).collect();
    assert!(missing.is_empty(), "no golden report shows {missing:?}");
    for path in reports {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = code_of(&path);
        assert!(text.contains(&format!("[{code}]: ")), "{} does not show its code", path.display());
    }
}

/// What is a warning is taken, what is an error is refused; the one closed list of warnings.
#[test]
fn nine_codes_can_be_warnings_and_all_others_refuse_the_configuration() {
    let mut warned = BTreeSet::new();
    for path in files(&folder("codes"), "case") {
        let outcome = Case::read(&path).load();
        let errors = outcome.problems.iter().any(|(_, severity)| *severity == Severity::Error);
        assert_eq!(outcome.refused, errors, "{}", path.display());
        let warnings = outcome.problems.iter().filter(|(_, severity)| *severity == Severity::Warning);
        warned.extend(warnings.map(|(code, _)| *code));
    }
    let expected = [
        Code::EmptyPattern,
        Code::OutOfRange,
        Code::UnreachableScenario,
        Code::UndefinedVariable,
        Code::NotTranslated,
        Code::NoExamples,
        Code::ShadowedStub,
        Code::LikelySecret,
        Code::UnanchoredRegex,
    ];
    assert_eq!(warned, BTreeSet::from(expected));
}

#[test]
fn files_with_several_mistakes_get_one_report_with_all_of_them() {
    let cases = files(&folder("files"), "case");
    assert!(cases.len() >= 10);
    for path in cases {
        let outcome = Case::read(&path).load();
        expect_file![path.with_extension("report")].assert_eq(&outcome.report);
        assert!((3..=20).contains(&outcome.problems.len()), "{}: {}", path.display(), outcome.problems.len());
        assert!(outcome.repeated.is_empty(), "{}: reported twice: {:?}", path.display(), outcome.repeated);
    }
}

/// Large files are read in another way: what is said of their mistakes is the same.
#[test]
fn a_large_file_gets_the_same_report() {
    for path in files(&folder("codes"), "case").into_iter().chain(files(&folder("files"), "case")) {
        let report = std::fs::read_to_string(path.with_extension("report")).unwrap();
        assert_eq!(Case::read(&path).swollen().load().report, report, "{}", path.display());
    }
}

#[test]
fn the_command_prints_the_same_report_and_exits_with_3() {
    let path = folder("codes").join("conflicting-keys.case");
    let case = Case::read(&path);
    let dir = case.lay_out();
    for command in ["check", "run"] {
        let output = process::standin()
            .args([command, "-c", "standin.toml"])
            .envs(case.environment())
            .current_dir(dir.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3), "{command}");
        assert!(output.stdout.is_empty(), "{command}");
        expect_file![path.with_extension("report")].assert_eq(&String::from_utf8(output.stderr).unwrap());
    }
}

/// While the load reads the second file, the first is replaced, every time: a named pipe keeps the two in step.
#[test]
fn files_that_never_rest_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("standin.toml");
    let text = "[default]\naccess = { private = true, keys = [{ file = \"zpipe\" }] }\n[[stub]]\nmatch = \"GET /a\"\n";
    std::fs::write(&root, text).unwrap();
    let pipe = dir.path().join("zpipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let (writer_root, aside, fresh) = (root.clone(), dir.path().join("aside"), dir.path().join("fresh"));
    let done = Arc::new(AtomicBool::new(false));
    let (writer_pipe, writer_done) = (pipe.clone(), done.clone());
    let writer = std::thread::spawn(move || {
        for turn in 0.. {
            // Opening waits until the load opens the other end; closing ends its reading.
            let mut end = std::fs::OpenOptions::new().write(true).open(&writer_pipe).unwrap();
            if writer_done.load(Ordering::Acquire) {
                return;
            }
            std::fs::write(&aside, format!("{text}# {turn}\n")).unwrap();
            std::fs::rename(&aside, &writer_root).unwrap();
            // A pipe of its own for the next turn: on this one the same reader would be met again.
            assert!(std::process::Command::new("mkfifo").arg(&fresh).status().unwrap().success());
            std::fs::rename(&fresh, &writer_pipe).unwrap();
            let _ = std::io::Write::write_all(&mut end, b"key");
        }
    });
    let request = standin::config::Request { config: Some(root), ..Default::default() };
    let refused = standin::config::load(&request).unwrap_err();
    done.store(true, Ordering::Release);
    drop(std::fs::File::open(&pipe).unwrap());
    writer.join().unwrap();
    expect_file![folder("codes").join("files-moving.report")].assert_eq(&case::report(&refused.problems, dir.path()));
}

#[test]
fn a_reload_that_needs_a_restart_says_which_keys() {
    let sidecar = sidecar().start();
    let report = sidecar.reload_with("call_log.memory = \"1MiB\"").unwrap_err();
    expect_file![folder("codes").join("needs-restart.report")].assert_eq(&report);
}
