//! `standin import wiremock` as it is called.

use expect_test::expect_file;
use serde_json::{Value, json};

use super::{copy, path, shown};
use crate::support::process::{Ended, output};

fn import(dir: &tempfile::TempDir, arguments: &[&str]) -> Ended {
    output(&[&["import", "wiremock"], arguments].concat(), dir.path())
}

/// WireMock's folder of these tests, called `mocked`.
fn mocked() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    copy(&path("wiremock"), &dir.path().join("mocked"));
    dir
}

#[test]
fn every_feature_becomes_a_mock_that_people_can_read_or_is_named() {
    let dir = mocked();
    let ended = import(&dir, &["mocked", "--output", "mocks"]);
    let said = format!("exit code {}\n{}{}", ended.code, ended.stdout, ended.stderr);
    expect_file!["wiremock.said"].assert_eq(&said);
    expect_file!["wiremock.written"].assert_eq(&shown(&dir.path().join("mocks")));
    std::fs::write(dir.path().join("standin.toml"), "mocks = [\"mocks/*.toml\"]").unwrap();
    let check = output(&["check"], dir.path());
    assert_eq!((check.code, check.stderr.starts_with("no problems: 1 mock, ")), (0, true), "{check:?}");
    // A mapping that is left out answers nowhere.
    let text = std::fs::read_to_string(dir.path().join("mocks/mocked.toml")).unwrap();
    assert!(!text.contains("/lost"), "{text}");
}

#[test]
fn one_file_finds_its_body_files_and_a_folder_of_mappings_does_too() {
    let dir = mocked();
    for source in ["mocked/mappings/answers.json", "mocked/mappings"] {
        let ended = import(&dir, &[source, "--name", "x", "-o", "out", "--force"]);
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(dir.path().join("out/x/pages/page.html").exists(), "{source}: {ended:?}");
        assert!(!ended.stdout.contains("GET /file: "), "{ended:?}");
    }
    let elsewhere = import(&dir, &["mocked", "--files", "mocked/mappings", "--dry-run"]);
    assert!(elsewhere.stdout.contains("GET /file: left out: its body file cannot be read"), "{elsewhere:?}");
}

#[test]
fn templates_are_filled_in_where_wiremock_fills_them_in() {
    let dir = tempfile::tempdir().unwrap();
    let mapping = json!({ "request": { "urlPath": "/a" }, "response": { "body": "{{request.method}}" } });
    std::fs::write(dir.path().join("m.json"), mapping.to_string()).unwrap();
    let text = |arguments: &[&str]| {
        let ended = import(&dir, &[&["m.json", "-o", "out", "--force"], arguments].concat());
        assert_eq!(ended.code, 0, "{ended:?}");
        std::fs::read_to_string(dir.path().join("out/m.toml")).unwrap()
    };
    let (local, global) = (text(&[]), text(&["--global-response-templating"]));
    assert!(local.contains("template = false\n  body = \"{{request.method}}\""), "{local}");
    assert!(global.contains("body = \"{{ method }}\"") && !global.contains("template ="), "{global}");
}

#[test]
fn nothing_is_written_over_without_force_nor_at_all_in_a_dry_run() {
    let dir = mocked();
    let dry = import(&dir, &["mocked", "--dry-run", "-o", "out"]);
    assert!(dry.code == 0 && dry.stdout.contains("\nwould write out/mocked.toml and 4 body files"), "{dry:?}");
    assert!(!dir.path().join("out").exists());
    assert_eq!(import(&dir, &["mocked", "-o", "out"]).code, 0);
    let refused = import(&dir, &["mocked", "-o", "out"]);
    assert_eq!(
        (refused.code, refused.stderr.contains("exists already; --force writes over it")),
        (1, true),
        "{refused:?}"
    );
    assert_eq!(import(&dir, &["mocked", "-o", "out", "--force"]).code, 0);
}

#[test]
fn what_holds_no_mappings_is_refused_with_every_place_and_nothing_is_written() {
    let dir = mocked();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("two/a.json", "{\"request\": {},");
    write("two/b.json", "[1]");
    write("two/c.json", "{\"request\": {}}");
    write("empty/readme.txt", "");
    write("list.json", "{\"mappings\": 7}");
    write("har.json", "{\"log\": {}}");
    write("web.json", "<html>");
    write("lost.json", "{\"request\": {\"port\": 1}}");
    write("bytes.json", "x");
    std::fs::write(dir.path().join("bytes.json"), b"{\"\xff\": 1}").unwrap();
    std::fs::File::create(dir.path().join("huge.json")).unwrap().set_len((64 << 20) + 1).unwrap();
    for (source, code, says) in [
        (
            "two",
            3,
            &[
                "two/a.json:1:",
                "error[json-syntax]",
                "two/b.json:1:1",
                "error[bad-mapping]",
                "this is an array",
                "2 errors",
            ][..],
        ),
        ("empty", 3, &["the folder holds no mappings: no file ends in `.json`"]),
        ("list.json", 3, &["list.json:1:14", "`mappings` is a list, and this is a number"]),
        ("har.json", 3, &["it has neither `mappings` nor `request` nor `response`"]),
        ("web.json", 3, &["this looks like a web page"]),
        ("bytes.json", 3, &["it is no UTF-8 text"]),
        ("huge.json", 3, &["it is larger than 64 MiB"]),
        ("nobody", 3, &["cannot read `nobody`: No such file"]),
        ("lost.json", 3, &["none of the mappings can answer; nothing was written"]),
    ] {
        let ended = import(&dir, &[source, "-o", "out"]);
        assert_eq!(ended.code, code, "{source}: {ended:?}");
        for says in says {
            assert!(ended.stderr.contains(says), "{source}: {says}: {ended:?}");
        }
    }
    assert_eq!(import(&dir, &[]).code, 2);
    assert!(!dir.path().join("out").exists());
}

/// Each value of each mapping in turn another kind of thing: the command takes it or names it, and never breaks; and what
/// it writes passes the check, which is why exit code 3 with another text than these is a failure.
#[test]
fn mappings_with_any_value_changed_bring_nothing_down() {
    let source = std::fs::read_to_string(path("wiremock/mappings/conditions.json")).unwrap();
    let more = std::fs::read_to_string(path("wiremock/mappings/answers.json")).unwrap();
    let values = [Value::Null, json!(true), json!(-1), json!("{{"), json!("\u{7}"), json!([]), json!({}), json!([[1]])];
    let mut changed = Vec::new();
    for text in [source, more] {
        let whole: Value = serde_json::from_str(&text).unwrap();
        for mapping in whole["mappings"].as_array().unwrap() {
            for pointer in pointers(mapping, String::new()) {
                for value in &values {
                    let mut mapping = mapping.clone();
                    *mapping.pointer_mut(&pointer).unwrap() = value.clone();
                    changed.push(mapping);
                }
            }
        }
    }
    assert!(changed.len() > 2000, "{}", changed.len());
    // Each asks for a path of its own beside, so that none hides another; the unchanged folder is there for body files.
    let dir = mocked();
    for (number, part) in changed.chunks(500).enumerate() {
        let name = format!("mocked/part-{number}.json");
        std::fs::write(dir.path().join(&name), json!({ "mappings": part }).to_string()).unwrap();
        let ended = import(&dir, &[&name, "-o", "out"]);
        assert_eq!(ended.code, 0, "{ended:?}");
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

#[test]
fn deep_nesting_is_named_and_many_mappings_are_ordered_in_bounded_time() {
    let dir = tempfile::tempdir().unwrap();
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let not = "{\"not\":".repeat(5_000) + "{\"equalTo\":\"a\"}" + &"}".repeat(5_000);
    let text = format!(
        "{{\"mappings\":[{{\"request\":{{\"urlPath\":\"/a\"}},\"response\":{{\"jsonBody\":{deep}}}}},\
         {{\"request\":{{\"urlPath\":\"/b\",\"headers\":{{\"h\":{not}}}}}}},\
         {{\"request\":{{\"urlPath\":\"/c\",\"bodyPatterns\":[{{\"equalToJson\":{deep}}}]}}}},{{\"request\":{{\"urlPath\":\"/d\"}}}}]}}"
    );
    std::fs::write(dir.path().join("deep.json"), text).unwrap();
    let ended = import(&dir, &["deep.json"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    for says in [
        "ANY /a: left out: a body of JSON that is nested too deeply",
        "ANY /b: left out",
        "ANY /c: left out",
        "from 1 of 4 mappings",
    ] {
        assert!(ended.stdout.contains(says), "{says}: {}", ended.stdout);
    }
    let literal = (0..5_000).map(|n| json!({ "request": { "urlPath": format!("/l/{n}"), "queryParameters": { "k": { "equalTo": n.to_string() } } } }));
    let pattern = (0..500).map(|n| json!({ "request": { "urlPathPattern": format!("/p{n}/[a-z]+") } }));
    let guard = json!({ "priority": 1, "request": { "urlPattern": ".*", "headers": { "h": { "absent": true } } }, "response": { "status": 401 } });
    let all: Vec<Value> = literal.chain(pattern).chain(std::iter::once(guard)).collect();
    std::fs::write(dir.path().join("many.json"), json!({ "mappings": all }).to_string()).unwrap();
    let ended = import(&dir, &["many.json"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    // The guard stands before each of the others.
    assert!(ended.stdout.contains("5501 stubs and 11001 scenarios from 5501 of 5501 mappings"), "{}", ended.stdout);
}
