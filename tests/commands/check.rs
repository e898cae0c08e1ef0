//! `standin check` and `standin schema`.

use std::process::Stdio;

use super::folder;
use crate::support::process::{output, output_with, standin};

const GOOD: &str = "[proxy]\nupstream = \"http://127.0.0.1:3000\"\n[[stub]]\nmatch = \"GET /a\"\nbody = \"x\"\n";

#[test]
fn a_good_configuration_passes_and_is_counted() {
    let dir = folder(&[
        ("standin.toml", &format!("mocks = [\"mocks/*.toml\"]\n{GOOD}")),
        ("mocks/m.toml", "[[server_stub]]\nname = \"down\"\nstatus = 503\n[[stub]]\nmatch = \"GET /b\"\nbody = \"y\""),
    ]);
    for arguments in
        [&["check"][..], &["check", "-c", "."], &["check", "-c", "standin.toml"], &["check", "--config", "."]]
    {
        let ended = output(arguments, dir.path());
        assert_eq!((ended.code, ended.stdout.as_str()), (0, ""), "{ended:?}");
        assert!(ended.stderr.starts_with("no problems: 2 mocks, 2 stubs, 2 scenarios, 1 server stub"), "{ended:?}");
    }
}

#[test]
fn warnings_are_shown_and_pass() {
    let dir = folder(&[("standin.toml", &format!("mocks = [\"none/*.toml\"]\n{GOOD}"))]);
    let ended = output(&["check"], dir.path());
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.contains("warning[empty-pattern]: the pattern fits no file"), "{ended:?}");
    assert!(ended.stderr.contains("\n1 warning: "), "{ended:?}");
}

#[test]
fn mistakes_of_all_files_come_in_one_report_and_exit_with_3() {
    let dir = folder(&[
        ("standin.toml", "mocks = [\"mocks/*.toml\"]\n[proxy]\nupstrem = \"http://127.0.0.1:3000\"\n"),
        ("mocks/m.toml", "[[stub]]\nmatch = \"GET /b\"\nstatus = 99\n"),
    ]);
    let ended = output(&["check", "--effective"], dir.path());
    assert_eq!((ended.code, ended.stdout.as_str()), (3, ""), "nothing is in force: {ended:?}");
    assert!(
        ended.stderr.contains("error[unknown-key]: unknown key `upstrem` in [proxy]\n --> standin.toml:3:1"),
        "{ended:?}"
    );
    assert!(ended.stderr.contains("= help: did you mean `upstream`?"), "{ended:?}");
    assert!(ended.stderr.contains("error[bad-status]") && ended.stderr.contains(" --> mocks/m.toml:3:10"), "{ended:?}");
    assert!(ended.stderr.ends_with("\n2 errors\n"), "{ended:?}");
}

#[test]
fn a_wrong_command_line_exits_with_2_and_says_what_would_be_right() {
    let dir = folder(&[("standin.toml", GOOD)]);
    for (arguments, says) in [
        (&["chek"][..], "check"),
        (&["check", "--efective"], "--effective"),
        (&["check", "-c"], "<FILE|DIR>"),
        (&["schema", "nope"], "[possible values: standin, mock, release]"),
        (&["ping", "--timeout", "2"], "write it with a unit, such as 2s"),
        (&["ping", "--timeout", "0s"], "write it with a unit, such as 2s"),
        (&["demo", "--listen", "here"], "invalid value 'here'"),
        (&["inject"], "--file <FILE>"),
        (&["inject", "-f", "-", "--listen", "0"], "0 is not in 1..=65535"),
        (&["inject", "-f", "-", "--listen", "9091"], "--listen, --ops and --admin must differ"),
        (&["completions", "tcsh"], "[possible values: bash, elvish, fish, powershell, zsh]"),
        (&[], "Usage: standin <COMMAND>"),
    ] {
        let ended = output(arguments, dir.path());
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(says), "{arguments:?}: {ended:?}");
    }
    for arguments in [&["--help"][..], &["--version"], &["help", "run"], &["check", "--help"]] {
        let ended = output(arguments, dir.path());
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{arguments:?}: {ended:?}");
    }
}

#[test]
fn a_variable_that_names_no_key_is_refused_and_other_variables_are_nobody_s_business() {
    let dir = folder(&[("standin.toml", GOOD)]);
    // What Kubernetes injects for a service called `standin` has no `__`.
    let injected = [("STANDIN_PORT", "tcp://10.0.0.1:80"), ("STANDIN_SERVICE_HOST", "10.0.0.1"), ("STANDINX__A", "1")];
    assert_eq!(output_with(&["check"], &injected, dir.path()).code, 0);
    for (name, says) in [
        ("STANDIN_PROXY__UPSTREM", "did you mean `upstream`?"),
        ("STANDIN_FOO__BAR", "there is no `foo`"),
        ("STANDIN_PROXY__UPSTREAM__URL", "STANDIN_PROXY__UPSTREAM__URL"),
        ("STANDIN_LIMITS__HEAD", "STANDIN_LIMITS__HEAD"),
    ] {
        let ended = output_with(&["check"], &[(name, "x")], dir.path());
        assert_eq!(ended.code, 3, "{name}: {ended:?}");
        assert!(ended.stderr.contains(says) && ended.stderr.contains(&format!(" --> {name}:1:1")), "{name}: {ended:?}");
    }
}

#[test]
fn no_secret_is_shown() {
    let dir = folder(&[
        ("standin.toml", &format!("mocks = [\"m.toml\"]\n{GOOD}")),
        (
            "m.toml",
            "access = { private = true, keys = [{ env = \"KEY\" }, { file = \"key\" }] }\n[[stub]]\nmatch = \"GET /b\"\n",
        ),
        ("key", "from-the-file"),
    ]);
    let ended = output_with(&["check", "--effective"], &[("KEY", "from-the-variable")], dir.path());
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("mock m: access = "), "{ended:?}");
    assert!(!format!("{ended:?}").contains("from-the-"), "{ended:?}");
}

#[test]
fn the_schemas_are_documents_of_their_own() {
    let dir = folder(&[]);
    for (arguments, key) in [
        (&["schema"][..], "proxy"),
        (&["schema", "standin"], "limits"),
        (&["schema", "mock"], "base_path"),
        (&["schema", "release"], "stub"),
    ] {
        let ended = output(arguments, dir.path());
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:?}");
        let schema: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        assert!(schema["$schema"].is_string() && schema["properties"][key].is_object(), "{arguments:?}");
        assert!(jsonschema::validator_for(&schema).is_ok(), "{arguments:?}");
    }
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let mut child = standin().arg("schema").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

const EXAMPLES: &str =
    "[[stub]]\nmatch = \"GET /a\"\nwhen.query.x = { re = \"1\" }\n[[stub.example]]\nrequest = \"GET /a?x=1\"\n";

#[test]
fn examples_are_asked_and_counted_by_check_and_refuse_it_where_they_fail() {
    let dir = folder(&[("standin.toml", EXAMPLES)]);
    let ended = output(&["check"], dir.path());
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.ends_with(", 1 stub, 1 scenario, 0 server stubs, 1 example\n"), "{ended:?}");
    let dir = folder(&[("standin.toml", &EXAMPLES.replace("x=1", "x=2"))]);
    let ended = output(&["check"], dir.path());
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stderr.contains("error[example-failed]: this example must be answered by its stub"), "{ended:?}");
    let ended = output(&["explain", "/a?x=2"], dir.path());
    assert_eq!(ended.code, 4, "what is not asked refuses nothing: {ended:?}");
}

#[test]
fn reports_for_programs_stand_on_standard_output() {
    let dir = folder(&[("standin.toml", EXAMPLES)]);
    let parse = |text: &str| -> serde_json::Value { serde_json::from_str(text).unwrap() };
    let ended = output(&["check", "--format", "json"], dir.path());
    let report = parse(&ended.stdout);
    assert_eq!((ended.code, &report["errors"], &report["warnings"]), (0, &0.into(), &1.into()), "{ended:?}");
    let found = &report["problems"][0];
    assert_eq!((&found["code"], &found["severity"]), (&"unanchored-regex".into(), &"warning".into()));
    let place = &found["place"];
    assert!(place["file"].as_str().unwrap().ends_with("standin.toml"), "{place}");
    assert_eq!([&place["line"], &place["column"], &place["end_column"]], [3, 23, 26], "{place}");
    assert!(ended.stderr.starts_with("1 warning: 1 mock"), "{ended:?}");

    let dir = folder(&[("standin.toml", "[[stub]]\nmatch = \"GET /\"\nstatus = 99\n[[stub]]\nstatus = 200\n")]);
    let ended = output(&["check", "--format", "sarif"], dir.path());
    let sarif = parse(&ended.stdout);
    assert_eq!((ended.code, &sarif["version"], ended.stderr.as_str()), (3, &"2.1.0".into(), "2 errors\n"), "{ended:?}");
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(
        results.iter().map(|found| found["ruleId"].as_str().unwrap()).collect::<Vec<_>>(),
        ["bad-status", "missing-key"]
    );
    let ended = output(&["check", "--format", "json", "--effective"], dir.path());
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{ended:?}");
}
