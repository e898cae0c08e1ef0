//! `standin import postman` as it is called.

use expect_test::expect_file;

use super::{file, folder, shown};
use crate::support::process::{Ended, output};

const FORMS: &str = "forms.postman_collection.json";
const SHOP: &str = "shop.postman_collection.json";
const STAGING: &str = "shop.postman_environment.json";

/// Runs `standin import postman` where these files are.
fn import(dir: &tempfile::TempDir, arguments: &[&str]) -> Ended {
    output(&[&["import", "postman"], arguments].concat(), dir.path())
}

/// What a command said, as one text.
fn said(ended: &Ended) -> String {
    format!("exit code {}\n-- standard output --\n{}-- standard error --\n{}", ended.code, ended.stdout, ended.stderr)
}

#[test]
fn every_form_of_a_collection_becomes_a_mock_that_people_can_read() {
    let dir = folder(&[FORMS]);
    let ended = import(&dir, &[FORMS, "--output", "mocks"]);
    expect_file!["forms.said"].assert_eq(&said(&ended));
    expect_file!["forms.written"].assert_eq(&shown(&dir.path().join("mocks")));
    std::fs::write(dir.path().join("standin.toml"), "mocks = [\"mocks/*.toml\"]").unwrap();
    let check = output(&["check"], dir.path());
    assert_eq!((check.code, check.stderr.starts_with("no problems: 1 mock, ")), (0, true), "{check:?}");
}

#[test]
fn an_environment_is_written_into_the_answers() {
    let dir = folder(&[FORMS, STAGING]);
    let ended = import(&dir, &[FORMS, "--environment", STAGING, "--name", "forms of Lyon", "-o", "one.toml"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let written = shown(dir.path());
    assert!(written.contains("\nname = \"forms of Lyon\"\n") && written.contains("Bonjour Lyon"), "{written}");
    assert!(!written.contains("[environments") && !written.contains("Bonjour Paris"), "{written}");
    // What has no text is told, and so is what may hold a secret; no value of a variable is.
    let secret =
        format!("note: {STAGING}:7:5: variables: may stand in what is written: the value of a secret variable");
    assert!(ended.stdout.contains(&secret), "{ended:?}");
    assert!(ended.stdout.contains(&format!("{STAGING}:8:5: variables: left out")), "{ended:?}");
    assert!(!ended.stdout.contains("s3cret"), "{ended:?}");
}

#[test]
fn nothing_is_written_over_without_force_nor_at_all_in_a_dry_run() {
    let dir = folder(&[SHOP]);
    let dry = import(&dir, &[SHOP, "--dry-run"]);
    assert_eq!(dry.code, 0, "{dry:?}");
    assert!(dry.stdout.contains("would write ./shop.toml"), "{dry:?}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    let first = import(&dir, &[SHOP]);
    assert!(first.code == 0 && first.stdout.contains("\nwrote ./shop.toml"), "{first:?}");
    let path = dir.path().join("shop.toml");
    let written = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, "mine").unwrap();
    let refused = import(&dir, &[SHOP]);
    assert_eq!(
        (refused.code, refused.stderr.as_str()),
        (1, "error: ./shop.toml exists already; --force writes over it\n")
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    assert_eq!(import(&dir, &[SHOP, "--force"]).code, 0);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), written);
}

#[test]
fn what_is_no_collection_is_refused_and_nothing_is_written() {
    let dir = folder(&[SHOP, STAGING]);
    let shop = file(SHOP);
    std::fs::write(dir.path().join("cut.json"), &shop[..shop.len() / 2]).unwrap();
    std::fs::write(dir.path().join("marked.json"), format!("\u{feff}{shop}")).unwrap();
    std::fs::write(dir.path().join("bytes.json"), b"{\"info\": \"\xff\"}").unwrap();
    std::fs::File::create(dir.path().join("huge.json")).unwrap().set_len((64 << 20) + 1).unwrap();
    for (arguments, code, says) in [
        (&["cut.json"][..], 3, "error[json-syntax]: the file is no JSON"),
        (&[STAGING], 3, "this is an environment"),
        (&[SHOP, "--environment", SHOP], 3, "error[bad-environment]"),
        (&["bytes.json"], 3, "cannot read `bytes.json`: it is no UTF-8 text"),
        (&["huge.json"], 3, "cannot read `huge.json`: it is larger than 64 MiB"),
        (&["none.json"], 3, "cannot read `none.json`: No such file"),
        (&[SHOP, "--name", "x\ny"], 3, "does not pass `standin check`; nothing was written"),
        (&[SHOP, "-o", "marked.json/x.toml"], 1, "error: "),
        (&[], 2, "required arguments"),
    ] {
        let ended = import(&dir, arguments);
        assert_eq!(ended.code, code, "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(says), "{arguments:?}: {ended:?}");
    }
    assert!(!shown_names(&dir).contains(".toml"));
    assert_eq!(import(&dir, &["marked.json"]).code, 0, "a byte order mark is no mistake");
}

fn shown_names(dir: &tempfile::TempDir) -> String {
    std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap() + "\n")
        .collect()
}

#[test]
fn a_report_of_a_file_without_line_breaks_names_the_place_without_the_line() {
    let dir = tempfile::tempdir().unwrap();
    let padding = "x".repeat(100_000);
    let text = format!("{{\"info\":{{\"name\":\"{padding}\"}},\"item\":7}}");
    std::fs::write(dir.path().join("one-line.json"), &text).unwrap();
    let ended = import(&dir, &["one-line.json"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stderr.len() < 1000 && ended.stderr.contains("one-line.json:1:100028"), "{}", ended.stderr);
    assert!(ended.stderr.contains("`item` is a list, and this is a number"), "{}", ended.stderr);
}
