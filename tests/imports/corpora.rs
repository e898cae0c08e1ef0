//! Mappings and archives that others have published: each is imported, or refused with the reason; the mock that was made
//! passes `standin check`.
//!
//! `make corpora CORPORA=DIR` runs this for the folders `wiremock` and `har` of `DIR`, or for both with all of it; their
//! files are no part of this repository.

use std::path::Path;
use std::time::Duration;

use super::path;
use crate::collections::limits::{Limits, within};
use crate::support::corpora::published;
use crate::support::process::{output, standin};

/// What no command may exceed for any file.
const LIMITS: Limits = Limits { time: Duration::from_secs(10), memory: 500_000_000 };

/// Imports a file in a folder of its own; what was said, and whether something was written.
fn read(command: &str, path: &Path, limits: &Limits) -> (bool, String) {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let dir = tempfile::tempdir().unwrap();
    let mut import = standin();
    import.args(["import", command]).arg(path).args(["-o", "mocks"]).current_dir(dir.path());
    let took = within(limits, &mut import).unwrap_or_else(|why| panic!("{name}: {why}"));
    let said = format!("{}{}", took.stdout, took.stderr);
    assert!(said.contains(&name) || took.status.success(), "{name} is not named: {said}");
    match took.status.code() {
        Some(0) => {
            std::fs::write(dir.path().join("standin.toml"), "mocks = [\"mocks/*.toml\"]").unwrap();
            let check = output(&["check"], dir.path());
            assert_eq!(check.code, 0, "{name}: {check:?}");
            // Each entry that is named has its place.
            for line in said.lines().filter(|line| line.starts_with("warning: ")) {
                assert!(line.contains(&format!("{name}:")), "{name}: {line}");
            }
            (true, said)
        }
        Some(3) => {
            assert!(!dir.path().join("mocks").exists(), "{name}: refused, and written");
            (false, said)
        }
        code => panic!("{name}: {code:?} {said}"),
    }
}

#[test]
fn each_file_of_our_own_is_imported_within_limits() {
    let patient = Limits { time: Duration::from_secs(600), ..LIMITS };
    for name in ["answers", "conditions", "order", "lost"] {
        let (imported, said) = read("wiremock", &path(&format!("wiremock/mappings/{name}.json")), &patient);
        assert_eq!(imported, name != "lost", "{said}");
    }
    assert!(read("har", &path("calls.har"), &patient).0);
}

#[test]
#[ignore = "needs files of others: `make corpora CORPORA=DIR`"]
fn each_published_file_is_imported_or_refused_with_the_reason() {
    for command in ["wiremock", "har"] {
        let Some(files) = published(command) else { continue };
        let mut kept = 0;
        for path in &files {
            println!("\n== {command} {}", path.file_name().unwrap().to_string_lossy());
            let (imported, said) = read(command, path, &LIMITS);
            print!("{said}");
            kept += usize::from(imported);
        }
        println!("\n{command}: {} files: {kept} imported, {} refused", files.len(), files.len() - kept);
    }
}
