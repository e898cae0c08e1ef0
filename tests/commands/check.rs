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
