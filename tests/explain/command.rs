//! `standin explain`.

use std::path::Path;

use crate::support::process::{output, output_with};

const CONFIG: &str = "[proxy]\nupstream = \"app\"\n[upstreams.app]\nurl = \"http://127.0.0.1:3000\"\n\
    [limits]\nmatch_body = \"1KiB\"\n[[stub]]\nmatch = \"POST /orders\"\nwhen.json.\"$.id\" = 1\nstatus = 201\n\
    [[stub]]\nmatch = \"GET /local\"\n";

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("standin.toml"), CONFIG).unwrap();
    dir
}

fn json(arguments: &[&str], dir: &Path) -> (i32, serde_json::Value) {
    let ended = output(&[arguments, &["--format", "json"]].concat(), dir);
    (ended.code, serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}")))
}

#[test]
fn a_request_that_a_mock_answers_exits_with_0_and_any_other_with_4() {
    let dir = folder();
    let (code, told) = json(&["explain", "/orders", "-d", "{\"id\": 1}"], dir.path());
    assert_eq!((code, told["decision"].as_str(), told["status"].as_u64()), (0, Some("mocked"), Some(201)), "{told}");
    let (code, told) = json(&["explain", "POST", "/orders", "--data", "{\"id\": \"1\"}"], dir.path());
    assert_eq!((code, told["decision"].as_str(), told["upstream"].as_str()), (4, Some("forwarded"), Some("app")));
    assert_eq!((told["reason"].as_str(), told["slip"]["kind"].as_str()), (Some("json"), Some("number-against-text")));
    let ended = output(&["explain", "https://shop.test:8443/locale", "-H", "Accept: */*"], dir.path());
    assert_eq!(ended.code, 4, "{ended:?}");
    assert!(ended.stdout.contains("likely slip: spelling: `locale` was sent where the stub has `local`"), "{ended:?}");
}

#[test]
fn a_body_is_read_from_a_file_and_not_beyond_its_limit() {
    let dir = folder();
    std::fs::write(dir.path().join("body.json"), "{\"id\": 1}").unwrap();
    assert_eq!(json(&["explain", "/orders", "-d", "@body.json"], dir.path()).0, 0);
    std::fs::write(dir.path().join("body.json"), format!("{{\"id\": 1}}{}", " ".repeat(2_000))).unwrap();
    let (code, told) = json(&["explain", "/orders", "-d", "@body.json"], dir.path());
    assert_eq!((code, told["reason"].as_str()), (4, Some("body-too-long")), "{told}");
    let ended = output(&["explain", "/orders", "-d", "@nothing"], dir.path());
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.contains("the body cannot be read: nothing: "), "{ended:?}");
}

#[test]
fn what_cannot_be_asked_is_said_so() {
    let dir = folder();
    for (arguments, code, says) in [
        (&["explain"][..], 2, "<REQUEST>"),
        (&["explain", "GET /a b"], 2, "spaces in it are written as %20"),
        (&["explain", "/a", "-H", "nothing"], 2, "write it as 'NAME: VALUE'"),
        (&["explain", "/a", "-H", "a b: c"], 2, "`a b` is no name of a header"),
        (&["explain", "/a", "--peer", "here"], 2, "--peer"),
        (&["explain", "/a", "-c", "none.toml"], 3, "none.toml"),
    ] {
        let ended = output(arguments, dir.path());
        assert_eq!((ended.code, ended.stdout.as_str()), (code, ""), "{ended:?}");
        assert!(ended.stderr.contains(says), "{ended:?}");
    }
    let ended = output_with(&["explain", "/a/%zz"], &[], dir.path());
    assert_eq!(ended.code, 4, "{ended:?}");
    assert!(ended.stdout.starts_with("rejected, status 400\n"), "{ended:?}");
}
