//! `standin completions`.

use std::process::Stdio;

use crate::support::process::{filter, output, standin};
use crate::support::root;

#[test]
fn completions_name_every_command_and_bash_takes_them() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ended = output(&["completions", shell], root());
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{shell}");
        for word in ["completions", "effective"] {
            assert!(ended.stdout.contains(word), "{shell}: {word}");
        }
    }
    let ended = filter("bash", &["-n"], &output(&["completions", "bash"], root()).stdout);
    assert_eq!(ended.code, 0, "{ended:?}");
    // A reader that leaves early is no failure.
    let mut child =
        standin().args(["completions", "zsh"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr), (Some(0), Vec::new()));
}
