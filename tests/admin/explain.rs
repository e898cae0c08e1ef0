//! `POST /v1/explain`: calls of the log and requests that somebody types.

use serde_json::{Value, json};

use super::{ask, post, refusal};
use crate::support::{Sidecar, Upstream, sidecar, wait_for};

const STUB: &str = "[[stub]]\nmatch = \"POST /orders/{id}\"\nwhen.json.\"$.total\" = 10\nstatus = 201\n";

fn last(sidecar: &Sidecar) -> String {
    sidecar.last_call()["id"].as_str().unwrap().to_owned()
}

fn words(said: &Value) -> (Value, Value, Value) {
    let explanation = &said["explanation"];
    (explanation["decision"].clone(), explanation["reason"].clone(), explanation["slip"]["kind"].clone())
}

#[test]
fn a_call_of_the_log_is_explained_with_its_body() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).config(STUB).start();
    sidecar.connect().post("/orders/1", "Content-Type: application/json\r\n", b"{\"total\": \"10\"}");
    let said = post(&sidecar, "/v1/explain", &json!({ "call": last(&sidecar) }));
    assert_eq!(words(&said), (json!("forwarded"), json!("json"), json!("number-against-text")), "{said}");
    assert_eq!((&said["generation"], &said["notes"]), (&json!(1), &json!([])));
    assert_eq!(said["explanation"]["candidates"][0]["stub"], "post-orders-id");
    let text = said["text"].as_str().unwrap();
    assert!(text.contains("likely slip: number-against-text"), "{text}");
}

#[test]
fn a_request_that_somebody_types_is_explained() {
    let sidecar = sidecar().config(STUB).start();
    let request = |target: &str, body: &str| json!({ "request": { "method": "POST", "target": target, "headers": [["host", "a"], ["content-type", "application/json"]], "body": body } });
    let hit = post(&sidecar, "/v1/explain", &request("/orders/1", "{\"total\": 10}"));
    assert_eq!((&hit["explanation"]["decision"], &hit["explanation"]["status"]), (&json!("mocked"), &json!(201)));
    let miss = post(&sidecar, "/v1/explain", &request("/orders/1/", "{\"total\": 10}"));
    assert_eq!(words(&miss), (json!("unmatched"), json!("path"), json!("trailing-slash")), "{miss}");
    let broken = post(&sidecar, "/v1/explain", &request("/%zz", ""));
    assert_eq!(broken["explanation"]["decision"], "rejected");
    assert!(sidecar.calls().is_empty(), "nothing was sent");
}

#[test]
fn a_call_of_a_private_mock_is_explained_as_it_was_decided_and_no_key_is_told() {
    let config = format!("default.access = {{ private = true, keys = [{{ env = \"KEY\" }}] }}\n{STUB}");
    let sidecar = sidecar().variable("KEY", "hush-hush-hush").config(&config).start();
    let json_type = "Content-Type: application/json\r\n";
    sidecar.connect().post("/orders/1", &format!("X-Api-Key: hush-hush-hush\r\n{json_type}"), b"{\"total\": 10}");
    let allowed = post(&sidecar, "/v1/explain", &json!({ "call": last(&sidecar) }));
    assert_eq!(allowed["explanation"]["decision"], "mocked", "{allowed}");
    assert_eq!(allowed["notes"], json!([]));
    sidecar.connect().post("/orders/1", &format!("X-Api-Key: wrong\r\n{json_type}"), b"{\"total\": 10}");
    wait_for("both calls", || (sidecar.calls().len() == 2).then_some(()));
    let denied = post(&sidecar, "/v1/explain", &json!({ "call": last(&sidecar) }));
    assert_eq!(denied["explanation"]["decision"], "denied", "{denied}");
    assert!(denied["notes"][0].as_str().unwrap().contains("[redacted]"));
    for said in [allowed, denied] {
        assert!(!said.to_string().contains("hush"), "{said}");
    }
}

#[test]
fn what_was_not_kept_and_what_changed_since_is_said() {
    let sidecar = sidecar().config(&format!("call_log.body = \"4B\"\n{STUB}")).start();
    sidecar.connect().post("/orders/1", "Content-Type: application/json\r\n", b"{\"total\": 10}");
    let id = last(&sidecar);
    sidecar.reload_with(&format!("call_log.body = \"4B\"\n{}", STUB.replace("10", "11"))).unwrap();
    let said = post(&sidecar, "/v1/explain", &json!({ "call": id }));
    assert_eq!(said["generation"], 2);
    let notes = said["notes"].to_string();
    assert!(notes.contains("decided by configuration 1") && notes.contains("body was not kept"), "{notes}");
    assert_eq!(said["explanation"]["decision"], Value::Null);
}

#[test]
fn what_is_asked_wrongly_is_refused_with_a_way_out() {
    let sidecar = sidecar().start();
    let asked = |body: &str| refusal(&ask(sidecar.app().admin(), "POST", "/v1/explain", "", body));
    for (body, status, code, help) in [
        ("{}", 400, "bad-body", "write `{\"call\": \"ID\"}`, or `{\"request\": {…}}`"),
        (
            "{\"call\": \"1-1\", \"request\": {\"method\": \"GET\", \"target\": \"/\", \"headers\": []}}",
            400,
            "bad-body",
            "ask twice",
        ),
        ("{\"cal\": \"1-1\"}", 400, "bad-body", "did you mean `call`?"),
        (
            "{\"request\": {\"method\": \"G T\", \"target\": \"/\", \"headers\": []}}",
            400,
            "bad-body",
            "write one word, such as GET",
        ),
        (
            "{\"request\": {\"method\": \"GET\", \"target\": \"/a b\", \"headers\": []}}",
            400,
            "bad-body",
            "write a space as %20",
        ),
        (
            "{\"request\": {\"method\": \"GET\", \"target\": \"/\", \"headers\": [[\"a b\", \"1\"]]}}",
            400,
            "bad-body",
            "write a name without spaces, and one line",
        ),
        ("{\"call\": \"1-1\", \"candidates\": 0}", 400, "bad-body", "write a number from 1 to 50"),
        (
            "{\"call\": \"1-1\"}",
            404,
            "not-found",
            "ids are those of `GET /v1/calls`; a restart begins anew, unless calls are kept in a file",
        ),
    ] {
        assert_eq!(asked(body), (status, code.to_owned(), help.to_owned()), "{body}");
    }
}

#[test]
fn what_lies_over_the_files_and_limits_are_explained() {
    let config = "default.limit = { rate = \"1/h\" }\n[[stub]]\nname = \"plan\"\nmatch = \"GET /plan\"\n\
        [[stub.scenario]]\nname = \"gold\"\nwhen.header.x-plan = \"gold\"\n[[stub.scenario]]\nname = \"plain\"";
    let sidecar = sidecar().config(config).start();
    let request = json!({ "request": { "method": "GET", "target": "/plan", "headers": [["host", "a"]] } });
    let lay = |what: Value| ask(sidecar.app().admin(), "POST", "/v1/mocks/default/overrides", "", &what.to_string());
    assert_eq!(lay(json!({ "stub": "plan", "scenario": "gold" })).status, 201);
    let forced = post(&sidecar, "/v1/explain", &request);
    assert_eq!(forced["explanation"]["scenario"], "gold");
    assert!(forced["text"].as_str().unwrap().contains("scenario `gold` of `plan` is forced"), "{forced}");
    assert_eq!(sidecar.get("/plan").status, 200);
    let limited = post(&sidecar, "/v1/explain", &request);
    let explanation = &limited["explanation"];
    assert_eq!((&explanation["decision"], &explanation["status"]), (&json!("limited"), &json!(429)), "{limited}");
    assert!(limited["text"].as_str().unwrap().contains("`rate` of the mock's limit is reached"), "{limited}");
    assert_eq!(lay(json!({ "stub": "plan", "off": true })).status, 201);
    let off = post(&sidecar, "/v1/explain", &request);
    assert_eq!(off["explanation"]["reason"], "off");
    assert!(off["text"].as_str().unwrap().contains("stub `plan` is switched off"), "{off}");
}

#[test]
fn a_check_asks_the_examples() {
    let failing = "[[stub]]\nmatch = \"GET /a\"\n[[stub.example]]\nrequest = \"GET /a\"\ngets.status = 404\n";
    let sidecar = sidecar().config(failing).start();
    let checked = post(&sidecar, "/v1/config/check", &json!({}));
    assert_eq!(
        (&checked["valid"], &checked["problems"][0]["code"]),
        (&json!(false), &json!("example-failed")),
        "{checked}"
    );
}
