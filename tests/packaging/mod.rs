//! What is shipped beside the binary: manifests, the image, dashboard, alerts, the release. Each is held against the
//! product and by the tools that its users have.

mod image;
mod kubernetes;
mod observability;
mod release;

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::process::Ended;
use crate::support::root;

/// A checker that `.ci/install test` puts into a folder of its own.
fn tool(name: &str) -> Command {
    let path = root().join("target/tools/bin").join(name);
    assert!(path.exists(), "{} is missing: `make test` installs it", path.display());
    Command::new(path)
}

/// Runs a command to its end, however long it takes: the checkers have ends of their own.
fn run(command: &mut Command) -> Ended {
    let output = command.current_dir(root()).stdin(std::process::Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}; `make test` installs what is missing"));
    Ended {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The documents of a YAML file, as a reader of YAML 1.1 such as Kubernetes takes them.
fn documents(file: &Path) -> Vec<Value> {
    let script = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))";
    let ended = run(tool("python").args(["-c", script]).arg(file));
    assert_eq!(ended.code, 0, "{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
