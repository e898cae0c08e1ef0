//! The document: it has every route and no other, and schemathesis finds no answer that it does not tell of.

use std::collections::BTreeSet;
use std::process::Command;

use standin::admin;

use super::get;
use crate::support::{Upstream, root, sidecar};

const STUBS: &str = "[[server_stub]]\nname = \"down\"\nstatus = 503\n[[stub]]\nname = \"user\"\nmatch = \"GET /users/{id}\"\n\
                     [[stub.scenario]]\nname = \"nobody\"\nwhen.path.id = \"0\"\nstatus = 404\n[[stub.scenario]]\njson = { id = 7 }";

#[test]
fn the_document_has_every_route_and_what_each_may_answer() {
    let sidecar = sidecar().start();
    let document = get(&sidecar, "/v1/openapi.json");
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    let mut listed = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            listed.insert((method.to_uppercase(), path.clone()));
            let answers = operation["responses"].as_object().unwrap();
            for status in ["400", "403"] {
                assert!(answers.contains_key(status), "{method} {path}: {status}");
            }
            assert!(answers.keys().any(|status| status.starts_with('2')), "{method} {path}");
            assert!(!operation["summary"].as_str().unwrap_or_default().is_empty(), "{method} {path}");
        }
    }
    let rows: BTreeSet<(String, String)> = admin::rows().into_iter().map(|(method, path, _)| (method, path)).collect();
    assert_eq!(listed, rows);
    assert!(rows.len() > 20);
}

/// Installed by `.ci/install`.
#[test]
fn schemathesis_finds_no_failure_and_no_answer_that_is_not_documented() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).config(STUBS).start();
    for path in ["/users/0", "/users/7", "/elsewhere"] {
        sidecar.get(path);
    }
    let tool = root().join("target/tools/bin/schemathesis");
    let url = format!("http://127.0.0.1:{}/v1/openapi.json", sidecar.app().admin().port());
    let run = Command::new(&tool)
        .args(["run", &url, "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,negative_data_rejection,unsupported_method"])
        // A stream does not end, and schemathesis waits for the end of an answer.
        .args(["--exclude-path", "/v1/calls/stream"])
        .args(["--max-examples", "15", "--generation-deterministic", "--phases", "examples,coverage,fuzzing", "--no-color"])
        .args(["--request-timeout", "20", "--suppress-health-check", "all"])
        .current_dir(sidecar.dir.path())
        .output()
        .unwrap_or_else(|error| panic!("cannot start {}: {error}; `make test` installs it", tool.display()));
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{said}\n{}", String::from_utf8_lossy(&run.stderr));
    assert!(said.contains("Operations:") || said.contains("generated"), "it has looked at something: {said}");
}
