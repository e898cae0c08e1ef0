//! What is in force is shown as it is, without secrets; the configuration can be checked and loaded.

use serde_json::{Value, json};

use super::{ask, get, post, refusal};
use crate::support::{PORTS, Sidecar, Upstream, sidecar};

const ORDERS: &str = r#"
hosts = ["orders.local", "*.orders.local"]
base_path = "/api"
delay = "3g"
access = { private = true, keys = [{ env = "KEY" }], forwarded = true }
cors = { origins = ["https://app.test"] }
active_server_stub = "down"
selectors = { trust = ["127.0.0.0/8"] }

[[server_stub]]
name = "down"
status = 503
body = "later"

[[server_stub]]
name = "slow"
status = 504
delay = { min = "10ms", max = "30ms" }

[[stub]]
name = "create"
match = "POST /orders/{kind}?x=1"

  [[stub.scenario]]
  name = "gold"
  when.header.x-plan = "gold"
  when.header.authorization = "Bearer of-the-file"
  when.json."$.total" = { gt = 10, le = 99 }
  when.path.kind = { in = ["a", "b"] }
  when.any = [{ query.y = "1" }, { cookie.z = { present = true } }]
  status = 201
  headers = { x-key = "s3cret-of-orders" }
  json = { key = "s3cret-of-orders", ok = true }

  [[stub.scenario]]
  name = "other"
  base64 = "/wAB"

[[stub]]
match = "GET /orders"
"#;

fn running() -> Sidecar {
    sidecar()
        .variable("KEY", "s3cret-of-orders")
        .config("mocks = [\"orders.toml\"]\n[[stub]]\nmatch = \"GET /users/{id}\"\njson = { id = 7 }")
        .file("orders.toml", ORDERS)
        .start()
}

#[test]
fn a_mock_is_shown_with_its_settings_and_counts() {
    let sidecar = running();
    let port = sidecar.address().port();
    let mocks = get(&sidecar, "/v1/mocks");
    let names: Vec<_> = mocks["mocks"].as_array().unwrap().iter().map(|mock| mock["name"].clone()).collect();
    assert_eq!(names, ["default", "orders"]);
    assert_eq!(mocks["mocks"][0]["url"], format!("http://127.0.0.1:{port}"));
    let expected = json!({
        "name": "orders", "url": format!("http://orders.local:{port}/api"), "owner": null, "hosts": ["orders.local", "*.orders.local"],
        "base_path": "/api", "upstream": null, "delay": "100ms", "cors": "origins", "cors_origins": ["https://app.test"],
        "access": { "private": true, "header": "x-api-key", "keys": 1, "forwarded": true },
        "limit": null, "collection": null, "environment": null, "environments": [], "release": null, "releases": [],
        "active_server_stub": "down", "server_stub_scope": "mocked", "selectors": "trusted", "matching": "strict", "closest": null,
        "stubs": 2, "scenarios": 3, "server_stubs": 2, "changed": [],
    });
    assert_eq!(get(&sidecar, "/v1/mocks/orders"), expected);
    assert_eq!(mocks["mocks"][1], expected);
}

#[test]
fn stubs_and_scenarios_are_shown_in_the_words_of_a_file_without_secrets() {
    let sidecar = running();
    let stub = get(&sidecar, "/v1/mocks/orders/stubs/create");
    assert_eq!(stub["match"], "POST /api/orders/{kind}?x=1");
    let gold = &stub["scenarios"][0];
    assert_eq!((&gold["name"], &gold["id"], &gold["status"]), (&"gold".into(), &"create/gold".into(), &201.into()));
    let when = json!({
        "header": { "x-plan": "gold", "authorization": "[redacted]" },
        "path": { "kind": { "in": ["a", "b"] } },
        "json": { "$['total']": { "gt": 10, "le": 99 } },
        "any": [{ "query": { "y": "1" } }, { "cookie": { "z": "[redacted]" } }],
    });
    let mut shown = gold["when"].clone();
    // How a JSONPath is written is its library's business.
    let json = shown["json"].as_object().unwrap().values().next().unwrap().clone();
    shown["json"] = json!({ "$['total']": json });
    assert_eq!(shown, when);
    assert_eq!(gold["body"]["text"], "{\"key\":\"[redacted]\",\"ok\":true}");
    assert_eq!(stub["scenarios"][1]["body"], json!({ "length": 3, "truncated": false, "base64": "/wAB" }));
    let stubs = get(&sidecar, "/v1/mocks/orders/stubs");
    assert_eq!((stubs["stubs"].as_array().unwrap().len(), &stubs["stubs"][0]), (2, &stub));
    let server_stubs = get(&sidecar, "/v1/mocks/orders/server-stubs");
    let down = &server_stubs["server_stubs"][0];
    assert_eq!(
        (&down["name"], &down["status"], &down["active"], &down["body"]["text"]),
        (&"down".into(), &503.into(), &true.into(), &"later".into())
    );
    assert_eq!(server_stubs["server_stubs"][1]["delay"], "10ms to 30ms");
    for route in ["/v1/mocks", "/v1/mocks/orders/stubs", "/v1/mocks/orders/server-stubs"] {
        let text = ask(sidecar.app().admin(), "GET", route, "", "").text();
        assert!(!text.contains("s3cret") && !text.contains("of-the-file"), "{route}: {text}");
    }
}

#[test]
fn pages_of_stubs_follow_each_other_and_text_finds_some() {
    let stubs: String = (0..25).map(|n| format!("[[stub]]\nname = \"s{n}\"\nmatch = \"GET /p{n}\"\n")).collect();
    let sidecar = sidecar().config(&stubs).start();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = get(&sidecar, &format!("/v1/mocks/default/stubs?limit=10{cursor}"));
        seen.extend(page["stubs"].as_array().unwrap().iter().map(|stub| stub["name"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, (0..25).map(|n| format!("s{n}")).collect::<Vec<_>>());
    let found = get(&sidecar, "/v1/mocks/default/stubs?q=GET+/P2");
    assert_eq!(found["stubs"].as_array().unwrap().len(), 6, "2 and 20 to 24");
    let gone = ask(sidecar.app().admin(), "GET", "/v1/mocks/default/stubs?cursor=s99", "", "");
    assert_eq!(refusal(&gone).1, "bad-parameter");
}

#[test]
fn what_is_not_there_is_named_with_the_nearest_that_is() {
    let sidecar = running();
    for (target, help) in [
        ("/v1/mocks/order", "did you mean `orders`?"),
        ("/v1/mocks/ordres/stubs", "did you mean `orders`?"),
        ("/v1/mocks/orders/stubs/crate", "did you mean `create`?"),
        ("/v1/mocks/orders/stubs/create/scenarios/platinum/request", ""),
        ("/v1/mocks/orders/stubs/create/scenarios/golf/request", "did you mean `gold`?"),
        ("/v1/usage?mock=oders", "did you mean `orders`?"),
        ("/v1/mocks/nothing-like-it", ""),
    ] {
        let (status, code, said) = refusal(&ask(sidecar.app().admin(), "GET", target, "", ""));
        assert_eq!((status, code.as_str(), said.as_str()), (404, "not-found", help), "{target}");
    }
}

#[test]
fn a_list_is_no_object_and_a_path_is_text() {
    let sidecar = running();
    let admin = sidecar.app().admin();
    for (method, target, body) in [
        ("POST", "/v1/mocks/orders/overrides", "[\"create\", \"gold\"]"),
        ("PATCH", "/v1/mocks/orders", "[null, \"2g\"]"),
        ("PATCH", "/v1/mocks/orders", "{\"access\": [false]}"),
        ("PATCH", "/v1/mocks/orders", "{\"delay\": [\"1ms\", \"2ms\"]}"),
        ("POST", "/v1/verify", "{\"calls\": [\"orders\"]}"),
    ] {
        let (status, code, _) = refusal(&ask(admin, method, target, "If-Match: *\r\n", body));
        assert_eq!((status, code.as_str()), (400, "bad-body"), "{method} {target} {body}");
    }
    for target in ["/v1/mocks/%FF", "/v1/calls/%ff", "/v1/mocks/orders/stubs/a%C3", "/ui/%FF"] {
        let (status, code, _) = refusal(&ask(admin, "GET", target, "", ""));
        assert_eq!((status, code.as_str()), (400, "bad-parameter"), "{target}");
    }
}

#[test]
fn a_configuration_is_checked_without_being_taken_and_then_taken() {
    let sidecar = sidecar().config("[[stub]]\nmatch = \"GET /a\"").start();
    let admin = sidecar.app().admin();
    let first = get(&sidecar, "/v1/config");
    assert_eq!(
        (&first["generation"], &first["last"]["trigger"], &first["last"]["result"]),
        (&1.into(), &"start".into(), &"applied".into())
    );
    assert!(first["path"].as_str().unwrap().ends_with("standin.toml"));
    let nothing = post(&sidecar, "/v1/config/reload", &json!({}));
    assert_eq!((&nothing["generation"], &nothing["reloaded"]), (&1.into(), &false.into()));

    sidecar.write("standin.toml", &format!("{PORTS}[[stub]]\nmatch = \"GET /b\"\nstaus = 1"));
    let checked = post(&sidecar, "/v1/config/check", &json!({}));
    assert_eq!((&checked["valid"], &checked["errors"]), (&false.into(), &1.into()));
    let problem = &checked["problems"][0];
    let place = (&problem["code"], &problem["file"], &problem["line"], &problem["column"], &problem["help"]);
    let line = PORTS.lines().count() + 3;
    let file = checked["problems"][0]["file"].as_str().unwrap().to_owned();
    assert!(file.ends_with("standin.toml"), "{file}");
    assert_eq!(
        place,
        (&"unknown-key".into(), &file.as_str().into(), &line.into(), &1.into(), &"did you mean `status`?".into())
    );
    assert!(checked["report"].as_str().unwrap().contains("staus = 1"));

    let refused = ask(admin, "POST", "/v1/config/reload", "", "{}");
    assert_eq!(refusal(&refused).1, "invalid-config");
    assert_eq!((refused.status, &refused.json()["problems"]), (422, &checked["problems"]));
    let last = get(&sidecar, "/v1/config");
    assert_eq!(
        (&last["generation"], &last["last"]["result"], &last["last"]["errors"]),
        (&1.into(), &"refused".into(), &1.into())
    );

    sidecar.write("standin.toml", &format!("{PORTS}[[stub]]\nmatch = \"GET /b\""));
    let checked = post(&sidecar, "/v1/config/check", &json!({}));
    assert_eq!((&checked["valid"], &checked["errors"]), (&true.into(), &0.into()));
    // The watcher may be quicker: then the reload finds nothing to do.
    let taken: Value = post(&sidecar, "/v1/config/reload", &json!({}));
    assert_eq!((&taken["generation"], sidecar.get("/b").status), (&2.into(), 200));
    assert_eq!(get(&sidecar, "/v1/config")["last"]["result"], "applied");
}

#[test]
fn usage_says_how_much_of_a_limit_is_used_and_when_it_begins_anew() {
    let config = "default.limit = { calls = 10, per = \"day\", rate = \"5/h\" }\n[[stub]]\nmatch = \"GET /a\"";
    let sidecar = sidecar().config(config).start();
    let limit = |address: &str| get(&sidecar, address)["mocks"][0]["limit"].take();
    assert_eq!(limit("/v1/usage")["calls"]["used"], 0, "it is there before the first call");
    let mut client = sidecar.connect();
    for _ in 0..3 {
        client.get("/a");
    }
    for address in ["/v1/usage", "/v1/usage?mock=default"] {
        let mut limit = limit(address);
        let resets = ["calls", "rate"].map(|kind| limit[kind]["resets"].take());
        assert!(resets[0].as_str().is_some_and(|at| at.ends_with("T00:00:00.000000Z")), "{resets:?}");
        assert!(resets[1].as_str().is_some_and(|at| at.ends_with(":00:00.000000Z")), "{resets:?}");
        let expected = json!({
            "calls": { "most": 10, "per": "day", "used": 3, "resets": null },
            "rate": { "most": 5, "per": "hour", "used": 3, "resets": null },
        });
        assert_eq!(limit, expected);
    }
}

#[test]
fn usage_is_counted_by_mock_stub_and_scenario() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).config("[[stub]]\nmatch = \"GET /users/{id}\"\n[[stub.scenario]]\nname = \"nobody\"\nwhen.path.id = \"0\"\nstatus = 404\n[[stub.scenario]]").start();
    let mut client = sidecar.connect();
    for path in ["/users/0", "/users/1", "/users/2", "/elsewhere"] {
        client.get(path);
    }
    // A call is counted a moment after its answer has left.
    let usage = crate::support::wait_for("all to be counted", || {
        Some(get(&sidecar, "/v1/usage?mock=default")).filter(|usage| usage["calls"] == 4)
    });
    let today = usage["today"].as_str().unwrap().to_owned();
    assert_eq!((&usage["calls_today"], usage["mocks"].as_array().unwrap().len()), (&4.into(), 1));
    let mock = &usage["mocks"][0];
    let days = |calls: u64| json!([{ "day": today, "calls": calls }]);
    assert_eq!((&mock["mock"], &mock["decisions"]["mocked"]), (&"default".into(), &3.into()));
    let stub = &mock["stubs"][0];
    assert_eq!(
        (&stub["stub"], &stub["calls"], &stub["today"], &stub["days"]),
        (&"get-users-id".into(), &3.into(), &3.into(), &days(3))
    );
    let counts: Vec<_> =
        stub["scenarios"].as_array().unwrap().iter().map(|s| (s["scenario"].clone(), s["calls"].clone())).collect();
    assert_eq!(counts, [("default".into(), 2.into()), ("nobody".into(), 1.into())]);
    assert!(get(&sidecar, "/v1/usage")["mocks"][0]["stubs"].is_null());
}
