//! What lies over the files: forced scenarios, stubs that are switched off, other settings; and limits.

mod decide;
mod doors;
mod kept;
mod limits;
mod settings;

use serde_json::{Value, json};

use crate::admin::{ask, get, post_for};
use crate::support::Sidecar;

/// What an upstream says.
const REAL: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nreal";

/// Makes an override of the mock `default`; its id.
fn force(sidecar: &Sidecar, what: &Value) -> String {
    let made = post_for(sidecar, 201, "/v1/mocks/default/overrides", what);
    made["id"].as_str().unwrap().to_owned()
}

/// Changes settings of the mock `default`, whatever they were.
fn patch(sidecar: &Sidecar, what: &Value) -> Value {
    let response = ask(sidecar.app().admin(), "PATCH", "/v1/mocks/default", "If-Match: *\r\n", &what.to_string());
    assert_eq!(response.status, 200, "{what}: {}", response.text());
    response.json()
}

/// What lies over the files of the mock `default`.
fn listed(sidecar: &Sidecar) -> Vec<Value> {
    get(sidecar, "/v1/mocks/default/overrides")["overrides"].as_array().unwrap().clone()
}

/// Undoes one.
fn undo(sidecar: &Sidecar, id: &str) {
    let response = ask(sidecar.app().admin(), "DELETE", &format!("/v1/mocks/default/overrides/{id}"), "", "");
    assert_eq!(response.status, 204, "{}", response.text());
}

/// A stub that answers `text` to `GET /path`.
fn stub(path: &str, text: &str) -> String {
    format!("[[stub]]\nname = \"{path}\"\nmatch = \"GET /{path}\"\nbody = \"{text}\"\n")
}

/// Forces the scenario of a stub.
fn scenario(stub: &str, name: &str) -> Value {
    json!({ "stub": stub, "scenario": name })
}
