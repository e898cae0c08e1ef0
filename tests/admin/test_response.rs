//! Test Response: the scenario's request goes through the own data port.

use serde_json::{Value, json};

use super::{ask, get, post, refusal};
use crate::support::{Sidecar, root, sidecar};

const STUBS: &str = r#"
[[stub]]
name = "order"
match = "POST /orders/{kind}?dry=1"

  [[stub.scenario]]
  name = "large"
  when.json."$.total" = { gt = 10 }
  when.json."$.items[0].id" = 7
  when.header.x-plan = { in = ["gold", "silver"] }
  when.cookie.session = { present = true }
  when.path.kind = "a/b"
  status = 201
  headers = { content-encoding = "identity" }
  json = { ok = true }

  [[stub.scenario]]
  name = "form"
  when.form.name = "Ada & Grace"
  body = "form"

  [[stub.scenario]]
  name = "pattern"
  when.query.q = { re = "^[0-9]+$" }
  body = "pattern"

  [[stub.scenario]]
  name = "rest"
  body = "rest"

[[stub]]
name = "files"
match = "ANY /files/{path...}"
body = "file"
"#;

fn test(sidecar: &Sidecar, stub: &str, scenario: &str, body: &Value) -> Value {
    post(sidecar, &format!("/v1/mocks/default/stubs/{stub}/scenarios/{scenario}/test"), body)
}

#[test]
fn each_scenario_answers_the_request_that_is_made_for_it() {
    let sidecar = sidecar().config(STUBS).start();
    for (stub, scenario, status, body) in [
        ("order", "large", 201, "{\"ok\":true}"),
        ("order", "form", 200, "form"),
        ("order", "pattern", 200, "pattern"),
        ("order", "rest", 200, "rest"),
        ("files", "default", 200, "file"),
    ] {
        let said = test(&sidecar, stub, scenario, &json!({}));
        let response = &said["response"];
        assert_eq!(
            (&response["status"], &response["body"]["text"]),
            (&status.into(), &body.into()),
            "{scenario}: {said}"
        );
        assert_eq!((&said["expected"], &said["answered"]["scenario"]), (&true.into(), &scenario.into()), "{said}");
        assert_eq!(said["answered"]["decision"], "mocked");
        assert!(said["duration_ms"].as_f64().unwrap() > 0.0);
        let selected = said["request"]["headers"].to_string().contains("x-mock-response-id");
        assert_eq!(selected, scenario == "pattern", "only where no value can be made: {said}");
        // It is a call like any other.
        let call = get(&sidecar, &format!("/v1/calls/{}", said["call"].as_str().unwrap()));
        assert_eq!((&call["stub"], &call["status"]), (&stub.into(), &status.into()));
    }
}

#[test]
fn a_request_is_shown_first_and_can_be_edited() {
    let sidecar = sidecar().config(STUBS).start();
    let mut request = get(&sidecar, "/v1/mocks/default/stubs/order/scenarios/large/request");
    assert_eq!((&request["method"], &request["target"]), (&"POST".into(), &"/orders/a%2Fb?dry=1".into()));
    assert_eq!(request["body"], "{\"total\":11,\"items\":[{\"id\":7}]}");
    request["body"] = "{\"total\":1}".into();
    let said = test(&sidecar, "order", "large", &json!({ "request": request }));
    assert_eq!((&said["expected"], &said["answered"]["scenario"]), (&false.into(), &"rest".into()), "{said}");
    for (edit, expected) in [
        (json!({ "method": "GET", "target": "orders", "headers": [] }), "begin it with a slash"),
        (json!({ "method": "GET", "target": "/", "headers": [["content-length", "3"]] }), "leave it out"),
        (json!({ "method": "G T", "target": "/", "headers": [] }), "method, target and headers are sent as they stand"),
        (
            json!({ "method": "GET", "target": "/", "headers": [["a b", "3"]] }),
            "method, target and headers are sent as they stand",
        ),
        (json!({ "method": "GET", "target": "/", "header": [] }), "did you mean `headers`?"),
    ] {
        let route = "/v1/mocks/default/stubs/files/scenarios/default/test";
        let refused = ask(sidecar.app().admin(), "POST", route, "", &json!({ "request": edit }).to_string());
        assert_eq!(refusal(&refused), (400, "bad-body".to_owned(), expected.to_owned()), "{edit}");
    }
}

#[test]
fn the_key_of_a_private_mock_is_used_and_never_shown() {
    let config =
        "default.access = { private = true, keys = [{ env = \"KEY\" }] }\ndefault.hosts = [\"*.private.test\"]";
    let sidecar = sidecar().variable("KEY", "s3cret-of-the-mock").config(&format!("{config}\n{STUBS}")).start();
    let shown = get(&sidecar, "/v1/mocks/default/stubs/files/scenarios/default/request");
    assert_eq!(shown["headers"], json!([["host", "sample.private.test"], ["x-api-key", "[redacted]"]]));
    for body in [json!({}), json!({ "request": shown })] {
        let said = test(&sidecar, "files", "default", &body);
        assert_eq!((&said["response"]["status"], &said["expected"]), (&200.into(), &true.into()), "{said}");
        assert!(!said.to_string().contains("s3cret"), "{said}");
    }
    let mut without = shown.clone();
    without["headers"] = json!([["host", "x.private.test"]]);
    let said = test(&sidecar, "files", "default", &json!({ "request": without }));
    assert_eq!((&said["response"]["status"], &said["answered"]["decision"]), (&401.into(), &"denied".into()));
}

#[test]
fn a_data_port_with_tls_is_known_by_its_own_certificate() {
    let file = |name: &str| std::fs::read_to_string(root().join("tests/certificates").join(name)).unwrap();
    let config = format!("proxy.tls = {{ cert = \"crt.pem\", key = \"key.pem\" }}\n{STUBS}");
    let sidecar =
        sidecar().file("crt.pem", &file("valid.crt")).file("key.pem", &file("valid.key")).config(&config).start();
    let said = test(&sidecar, "files", "default", &json!({}));
    assert_eq!((&said["response"]["status"], &said["expected"]), (&200.into(), &true.into()), "{said}");
    assert!(get(&sidecar, "/v1/mocks")["mocks"][0]["url"].as_str().unwrap().starts_with("https://"));
}

#[test]
fn a_data_port_that_wants_to_see_a_certificate_is_said_not_to_answer() {
    let file = |name: &str| std::fs::read_to_string(root().join("tests/certificates").join(name)).unwrap();
    let config = format!("proxy.tls = {{ cert = \"crt.pem\", key = \"key.pem\", client_ca = \"ca.pem\" }}\n{STUBS}");
    let sidecar = sidecar()
        .file("crt.pem", &file("valid.crt"))
        .file("key.pem", &file("valid.key"))
        .file("ca.pem", &file("ca.crt"))
        .config(&config)
        .start();
    let route = "/v1/mocks/default/stubs/files/scenarios/default/test";
    assert_eq!(refusal(&ask(sidecar.app().admin(), "POST", route, "", "{}")).1, "data-port");
}
