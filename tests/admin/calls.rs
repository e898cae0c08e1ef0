//! Looking calls up: filters, misses, one call in full, export, deletion.

use serde_json::{Value, json};

use super::{ask, get, refusal};
use crate::support::upstream::respond;
use crate::support::{Client, Sidecar, Upstream, gzip, sidecar, wait_for};

const STUBS: &str = "[[stub]]\nmatch = \"GET /users/{id}\"\nbody = \"Grace Hopper\"\n\
                     [[stub]]\nmatch = \"POST /orders\"\nwhen.json.\"$.total\" = { gt = 10 }\njson = { id = 1 }\nstatus = 201\n\
                     [[stub]]\nmatch = \"GET /binary\"\nbase64 = \"/wAB\"";

/// A sidecar that three calls have passed through, the last of them over.
fn seen(upstream: &Upstream) -> Sidecar {
    let sidecar = sidecar().upstream(upstream).config(STUBS).start();
    sidecar.connect().get_with("/users/7?x=Needle", "X-Who: Ada Lovelace\r\n");
    sidecar.connect().post(
        "/orders",
        "Content-Type: application/json\r\n",
        b"{\"total\": 20, \"note\": \"in the haystack\"}",
    );
    sidecar.connect().post("/orders", "", b"{\"total\": 5}");
    wait_for("all to be over", || {
        let calls = sidecar.calls();
        (calls.len() == 3 && calls.iter().all(|call| !call["duration_us"].is_null())).then_some(())
    });
    sidecar
}

fn paths(page: &Value) -> Vec<String> {
    page["calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| format!("{} {}", call["method"], call["path"]).replace('"', ""))
        .collect()
}

#[test]
fn each_filter_finds_what_it_says() {
    let upstream = Upstream::echo();
    let sidecar = seen(&upstream);
    let (user, order, miss) = ("GET /users/7", "POST /orders", "POST /orders");
    for (query, expected) in [
        ("", &[miss, order, user][..]),
        ("mock=default", &[miss, order, user]),
        ("stub=get-users-id", &[user]),
        ("scenario=1", &[order]),
        ("scenario=1&method=GET", &[]),
        ("decision=forwarded", &[miss]),
        ("status=201", &[order]),
        ("status=2xx", &[miss, order, user]),
        ("method=post", &[miss, order]),
        ("path=/users/*", &[user]),
        ("path=/users", &[]),
        ("miss=json", &[miss]),
        ("since=2000-01-01T00:00:00Z", &[miss, order, user]),
        ("since=2999-01-01T00:00:00Z", &[]),
        ("until=2000-01-01T00:00:00Z", &[]),
        ("until=2999-01-01T00:00:00Z&method=GET", &[user]),
        ("q=needle", &[user]),       // in the query
        ("q=ada+LOVE", &[user]),     // in a header
        ("q=HAYSTACK", &[order]),    // in the body of a request
        ("q=grace+hopper", &[user]), // in the body of an answer
        ("q=real+POST", &[miss]),    // in the body of a forwarded answer
        ("q=.*", &[]),               // text, not an expression
        ("limit=1", &[miss]),
    ] {
        assert_eq!(paths(&get(&sidecar, &format!("/v1/calls?{query}"))), expected, "{query}");
    }
    assert_eq!(paths(&get(&sidecar, "/v1/misses")), [miss]);
    assert_eq!(paths(&get(&sidecar, "/v1/misses?method=GET")), [""; 0]);
}

#[test]
fn what_is_not_understood_is_named_with_what_was_meant() {
    let sidecar = sidecar().start();
    let admin = sidecar.app().admin();
    for (target, expected) in [
        ("/v1/calls?scenaro=x", (400, "bad-parameter", "did you mean `scenario`?")),
        ("/v1/calls?decision=mokced", (400, "bad-parameter", "did you mean `mocked`?")),
        ("/v1/calls?miss=jason", (400, "bad-parameter", "did you mean `json`?")),
        ("/v1/calls?limit=0", (400, "bad-parameter", "a number from 1 to 1000")),
        ("/v1/calls?q=a&q=b", (400, "bad-parameter", "give it once")),
        ("/v1/calls?mock=", (400, "bad-parameter", "give it a value, or leave it out")),
        ("/v1/calls/stream?cursor=1", (400, "bad-parameter", "")),
        ("/v1/calls/stream?after=x", (400, "bad-parameter", "take the id of a call, as the log shows it")),
        ("/v1/calls/export?format=xml", (400, "bad-parameter", "write `jsonl` or `har`")),
        ("/v1/config?verbose=1", (400, "bad-parameter", "this route takes no parameters")),
        ("/v1/call", (404, "not-found", "did you mean `/v1/calls`?")),
    ] {
        let (status, code, help) = refusal(&ask(admin, "GET", target, "", ""));
        assert_eq!((status, code.as_str()), (expected.0, expected.1), "{target}");
        assert!(expected.2.is_empty() || help == expected.2, "{target}: {help}");
    }
    let wrong = ask(admin, "PUT", "/v1/calls", "Content-Type: application/json\r\n", "{}");
    assert_eq!(refusal(&wrong).1, "method-not-allowed");
    assert_eq!(wrong.header("allow"), Some("GET,HEAD,DELETE"));
}

#[test]
fn a_compressed_body_is_shown_as_what_it_says_and_a_binary_one_as_such() {
    let bytes = gzip(b"{\"said\": \"plainly\"}");
    let length = bytes.len() as u64;
    let upstream = Upstream::new(move |_, stream| {
        respond(stream, 200, "Content-Encoding: gzip\r\nContent-Type: application/json\r\n", &bytes);
        true
    });
    let sidecar = sidecar().upstream(&upstream).config(STUBS).start();
    sidecar.get("/compressed");
    let id = sidecar.last_call()["id"].as_str().unwrap().to_owned();
    let body = get(&sidecar, &format!("/v1/calls/{id}"))["response"]["body"].clone();
    let expected =
        json!({ "length": length, "truncated": false, "text": "{\"said\": \"plainly\"}", "content_encoding": "gzip" });
    assert_eq!(body, expected);
    sidecar.get("/binary");
    let id = sidecar.last_call()["id"].as_str().unwrap().to_owned();
    let body = get(&sidecar, &format!("/v1/calls/{id}"))["response"]["body"].clone();
    assert_eq!(body, json!({ "length": 3, "truncated": false, "base64": "/wAB" }));
}

#[test]
fn an_export_holds_each_call_once_and_oldest_first() {
    let upstream = Upstream::echo();
    let sidecar = seen(&upstream);
    let admin = sidecar.app().admin();
    let lines = ask(admin, "GET", "/v1/calls/export", "", "");
    assert_eq!(lines.header("content-disposition"), Some("attachment; filename=\"calls.jsonl\""));
    let calls: Vec<Value> = lines.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let newest_first: Vec<_> = sidecar.calls().iter().map(|call| call["id"].clone()).collect();
    let ids: Vec<_> = calls.iter().rev().map(|call| call["id"].clone()).collect();
    assert_eq!(ids, newest_first);
    assert_eq!(calls[0]["response"]["body"]["text"], "Grace Hopper");
    let har = ask(admin, "GET", "/v1/calls/export?format=har&limit=2", "", "").json();
    assert_eq!(har["log"]["version"], "1.2");
    let entries = har["log"]["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2, "the newest two");
    let (request, response) = (&entries[0]["request"], &entries[0]["response"]);
    assert_eq!((&request["method"], &request["url"]), (&"POST".into(), &"http://a.test/orders".into()));
    assert!(request["postData"]["text"].as_str().unwrap().contains("haystack"));
    let all = ask(admin, "GET", "/v1/calls/export?format=har", "", "").json();
    let mut all = all["log"]["entries"].as_array().unwrap().iter();
    let get = all.find(|entry| entry["request"]["method"] == "GET").unwrap();
    assert_eq!(get["request"].get("postData"), None, "none is not null");
    assert_eq!((&response["status"], &response["content"]["text"]), (&201.into(), &"{\"id\":1}".into()));
    // What every reader of archives relies on.
    for entry in entries {
        for name in ["startedDateTime", "time", "request", "response", "cache", "timings"] {
            assert!(!entry[name].is_null(), "{name}");
        }
    }
}

#[test]
fn an_empty_log_is_exported_too() {
    let sidecar = sidecar().start();
    let admin = sidecar.app().admin();
    assert_eq!(ask(admin, "GET", "/v1/calls/export", "", "").text(), "");
    assert_eq!(ask(admin, "GET", "/v1/calls/export?format=har", "", "").json()["log"]["entries"], json!([]));
}

#[test]
fn what_is_deleted_is_gone_and_the_log_goes_on() {
    let upstream = Upstream::echo();
    let sidecar = seen(&upstream);
    let id = sidecar.calls()[0]["id"].as_str().unwrap().to_owned();
    let deleted = ask(sidecar.app().admin(), "DELETE", "/v1/calls", "", "");
    assert_eq!(deleted.json(), json!({ "deleted": 3 }));
    assert!(sidecar.calls().is_empty());
    let gone = Client::connect(sidecar.app().admin()).as_host("localhost").get(&format!("/v1/calls/{id}"));
    assert_eq!(refusal(&gone).0, 404);
    sidecar.get("/users/8");
    assert_eq!(sidecar.calls().len(), 1);
}
