//! Verification: counts, order, and the nearest calls where it fails.

use serde_json::json;

use super::{ask, get, post, refusal};
use crate::support::{Sidecar, gzip, sidecar, wait_for};

fn seen() -> Sidecar {
    let stubs = "[[stub]]\nmatch = \"ANY /{path...}\"\nbody = \"ok\"";
    let sidecar = sidecar().config(stubs).start();
    let mut client = sidecar.connect();
    client.get_with("/login?user=ada", "X-Plan: gold\r\n");
    client.post(
        "/orders",
        "Content-Type: application/json\r\n",
        b"{\"total\": 5, \"items\": [{\"id\": 1}, {\"id\": 2}]}",
    );
    client.get("/orders/1");
    client.get("/orders/1");
    // Bodies are in the log once their call is over.
    wait_for("all to be over", || sidecar.calls().iter().all(|call| !call["duration_us"].is_null()).then_some(()));
    sidecar
}

#[test]
fn calls_are_counted_by_what_they_carry() {
    let sidecar = seen();
    for (asked, count) in [
        (json!({ "path": "/orders/1" }), 2),
        (json!({ "method": "POST", "json": { "items": [{ "id": 2 }] } }), 1),
        (json!({ "json": { "total": 6 } }), 0),
        (json!({ "header": { "x-plan": "gold" }, "query": { "user": "ada" } }), 1),
        (json!({ "header": { "x-plan": "silver" } }), 0),
        (json!({ "body": "\"total\": 5" }), 1),
        (json!({ "status": 200 }), 4),
        (json!({ "status": "4xx" }), 0),
        (json!({}), 4),
    ] {
        let said = post(&sidecar, "/v1/verify", &json!({ "calls": asked, "exactly": count }));
        assert_eq!((&said["verified"], &said["count"]), (&true.into(), &count.into()), "{asked}: {said}");
        assert_eq!(said["calls"].as_array().unwrap().len(), count);
        assert_eq!((&said["complete"], &said["reason"]), (&true.into(), &json!(null)));
    }
}

#[test]
fn at_least_and_at_most_are_held() {
    let sidecar = seen();
    let calls = json!({ "path": "/orders/1" });
    for (numbers, verified) in [
        (json!({}), true),
        (json!({ "at_least": 2 }), true),
        (json!({ "at_least": 3 }), false),
        (json!({ "at_most": 2 }), true),
        (json!({ "at_most": 1 }), false),
        (json!({ "at_least": 1, "at_most": 2 }), true),
        (json!({ "exactly": 1 }), false),
        (json!({ "exactly": 0 }), false),
    ] {
        let mut asked = numbers.clone();
        asked["calls"] = calls.clone();
        assert_eq!(post(&sidecar, "/v1/verify", &asked)["verified"], verified, "{numbers}");
    }
    assert_eq!(post(&sidecar, "/v1/verify", &json!({ "calls": { "path": "/no" }, "at_most": 0 }))["verified"], true);
}

#[test]
fn an_order_is_held_and_what_lies_between_does_not_matter() {
    let sidecar = seen();
    let steps =
        |paths: &[&str]| json!({ "in_order": paths.iter().map(|path| json!({ "path": path })).collect::<Vec<_>>() });
    for (paths, verified) in [
        (&["/login", "/orders/1"][..], true),
        (&["/orders/1", "/orders/1"], true),
        (&["/orders/1", "/orders/1", "/orders/1"], false),
        (&["/orders/1", "/login"], false),
    ] {
        let said = post(&sidecar, "/v1/verify", &steps(paths));
        assert_eq!(said["verified"], verified, "{said}");
    }
    let said = post(&sidecar, "/v1/verify", &steps(&["/orders", "/login"]));
    assert!(said["reason"].as_str().unwrap().starts_with("no call fits step 2 of 2 behind "), "{said}");
    assert_eq!(said["count"], 1);
}

#[test]
fn where_it_fails_the_nearest_calls_say_in_what() {
    let sidecar = seen();
    let asked = json!({ "calls": { "method": "POST", "path": "/orders", "header": { "x-plan": "gold" } } });
    let said = post(&sidecar, "/v1/verify", &asked);
    assert_eq!((&said["verified"], &said["reason"]), (&false.into(), &"0 calls fit, expected at least 1".into()));
    let nearest = said["nearest"].as_array().unwrap();
    assert_eq!((nearest.len(), &nearest[0]["call"]["path"]), (3, &"/orders".into()));
    assert_eq!(nearest[0]["differs"], json!([{ "field": "header.x-plan", "expected": "gold", "actual": null }]));
    let login = nearest.iter().find(|near| near["call"]["path"] == "/login").unwrap();
    let fields: Vec<_> = login["differs"].as_array().unwrap().iter().map(|differs| differs["field"].clone()).collect();
    assert_eq!(fields, ["method", "path"]);
}

#[test]
fn a_log_that_has_let_calls_go_says_so() {
    let sidecar = sidecar().config("call_log.memory = \"2KiB\"\n[[stub]]\nmatch = \"GET /a\"").start();
    let mut client = sidecar.connect();
    (0..50).for_each(|_| drop(client.get("/a")));
    let said = post(&sidecar, "/v1/verify", &json!({ "calls": {}, "at_most": 49 }));
    assert_eq!(said["complete"], false, "{said}");
}

#[test]
fn what_the_log_did_not_keep_is_neither_there_nor_not_there() {
    let sidecar = sidecar().config("call_log.body = \"32B\"\n[[stub]]\nmatch = \"ANY /{path...}\"").start();
    let mut client = sidecar.connect();
    let long = format!("{{\"name\": \"Ada\", \"note\": \"{}\"}}", "x".repeat(100));
    client.post("/orders", "Content-Type: application/json\r\nAuthorization: Bearer x\r\n", long.as_bytes());
    client.get("/orders");
    wait_for("all to be over", || sidecar.calls().iter().all(|call| !call["duration_us"].is_null()).then_some(()));
    for (asked, count, undecided) in [
        (json!({ "body": "Ada" }), 1, 0),
        (json!({ "body": "xyz" }), 0, 1),
        (json!({ "json": { "name": "Ada" } }), 0, 1),
        (json!({ "json": { "name": "Ada" }, "method": "GET" }), 0, 0),
        (json!({ "header": { "authorization": "Bearer x" } }), 0, 1),
        (json!({ "header": { "x-other": "y" } }), 0, 0),
    ] {
        let said = post(&sidecar, "/v1/verify", &json!({ "calls": asked, "at_most": 1 }));
        assert_eq!((&said["count"], &said["undecided"]), (&count.into(), &undecided.into()), "{asked}: {said}");
        assert_eq!(said["complete"], undecided == 0, "{asked}: {said}");
    }
    let order = post(&sidecar, "/v1/verify", &json!({ "in_order": [{ "body": "xyz" }, { "method": "GET" }] }));
    assert_eq!(
        (&order["verified"], &order["undecided"], &order["complete"]),
        (&false.into(), &1.into(), &false.into())
    );
    let said = post(&sidecar, "/v1/verify", &json!({ "calls": { "body": "xyz" } }));
    assert!(said["reason"].as_str().unwrap().contains("; 1 more may fit"), "{said}");
    assert_eq!(said["nearest"][0]["differs"][0]["field"], "body");
}

#[test]
fn a_body_is_looked_at_without_its_content_encoding() {
    let sidecar = sidecar().config("[[stub]]\nmatch = \"ANY /{path...}\"").start();
    let packed = gzip(b"{\"name\": \"Grace\"}");
    let head = "Content-Type: application/json\r\nContent-Encoding: gzip\r\n";
    sidecar.connect().post("/users", head, &packed);
    wait_for("it to be over", || sidecar.calls().iter().all(|call| !call["duration_us"].is_null()).then_some(()));
    for asked in [json!({ "body": "Grace" }), json!({ "json": { "name": "Grace" } }), json!({ "q": "grace" })] {
        assert_eq!(post(&sidecar, "/v1/verify", &json!({ "calls": asked, "exactly": 1 }))["verified"], true, "{asked}");
    }
}

#[test]
fn a_log_that_was_emptied_begins_anew() {
    let sidecar = sidecar().config("call_log.memory = \"2KiB\"\n[[stub]]\nmatch = \"GET /a\"").start();
    let mut client = sidecar.connect();
    (0..50).for_each(|_| drop(client.get("/a")));
    assert_eq!(ask(sidecar.app().admin(), "DELETE", "/v1/calls", "", "").status, 200);
    let said = post(&sidecar, "/v1/verify", &json!({ "calls": {}, "exactly": 0 }));
    assert_eq!((&said["verified"], &said["complete"]), (&true.into(), &true.into()), "{said}");
}

#[test]
fn a_name_that_is_nowhere_proves_nothing() {
    let sidecar = sidecar().config("[[stub]]\nname = \"orders\"\nmatch = \"GET /orders\"").start();
    sidecar.get("/orders");
    let body = "{\"calls\": {\"stub\": \"order\"}, \"exactly\": 0}";
    let (status, code, help) = refusal(&ask(sidecar.app().admin(), "POST", "/v1/verify", "", body));
    assert_eq!((status, code.as_str(), help.as_str()), (400, "bad-parameter", "did you mean `orders`?"));
    for target in ["/v1/calls?stub=order", "/v1/misses?mock=defualt", "/v1/calls?scenario=defalt"] {
        let (status, code, help) = refusal(&ask(sidecar.app().admin(), "GET", target, "", ""));
        assert!(status == 400 && code == "bad-parameter" && help.starts_with("did you mean"), "{target}: {help}");
    }
    // What has been there may be asked for as long as the log has it.
    sidecar.reload_with("[[stub]]\nname = \"other\"\nmatch = \"GET /other\"").unwrap();
    assert_eq!(get(&sidecar, "/v1/calls?stub=orders")["calls"].as_array().unwrap().len(), 1);
}

#[test]
fn what_is_not_understood_is_named() {
    let sidecar = sidecar().start();
    for (body, help) in [
        ("{}", "write `{\"calls\": {\"stub\": \"NAME\"}, \"at_least\": 1}`, or `in_order` with a list"),
        ("{\"calls\": {\"stat\": 1}}", "did you mean `status`?"),
        ("{\"calls\": {\"decision\": \"mockd\"}}", "did you mean `mocked`?"),
        ("{\"calls\": {}, \"exacty\": 1}", "did you mean `exactly`?"),
        ("{\"calls\": {}, \"exactly\": 1, \"at_most\": 2}", "leave one out"),
        ("{\"calls\": {}, \"at_least\": 3, \"at_most\": 2}", "swap the two"),
        ("{\"calls\": {}, \"in_order\": []}", "send two verifications"),
        ("{\"in_order\": []}", "name the calls in their order"),
        ("{\"in_order\": [{}], \"at_least\": 1}", "leave the number out"),
        ("{\"calls\": {\"exactly\": \"1\"}}", ""),
        ("[", ""),
    ] {
        let (status, code, said) = refusal(&ask(sidecar.app().admin(), "POST", "/v1/verify", "", body));
        assert_eq!((status, code.as_str()), (400, "bad-body"), "{body}");
        assert!(help.is_empty() || said == help, "{body}: {said}");
    }
}
