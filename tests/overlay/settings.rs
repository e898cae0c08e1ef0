//! `PATCH /v1/mocks/{mock}` and what it refuses.

use serde_json::{Value, json};

use super::{force, listed, patch, scenario, stub, undo};
use crate::admin::{ask, get, refusal};
use crate::support::{Response, Sidecar, sidecar};

const MOCK: &str = "[default]\naccess = { keys = [{ env = \"KEY\" }] }\ndelay = \"1ms\"\nenvironment = \"paris\"\n\
    owner = \"team-a\"\nrelease = \"v1\"\n\
    [default.environments.paris]\nvars = { city = \"Paris\" }\n[default.environments.rome]\nvars = { city = \"Rome\" }\n\
    [default.environments.sealed]\nvars = { city = { env = \"UNSET\" } }\n\
    [default.releases.v1]\nfiles = [\"v1.toml\"]\n[default.releases.v2]\nfiles = [\"v2.toml\"]\n\
    [[server_stub]]\nname = \"down\"\nstatus = 503\n[[server_stub]]\nname = \"slow\"\nstatus = 504\n\
    [[stub]]\nname = \"city\"\nmatch = \"GET /city\"\nbody = \"{{ env.city }}\"\nowner = \"team-b\"\n";

fn start(more: &str) -> Sidecar {
    let release = |name: &str| stub("release", name);
    sidecar()
        .variable("KEY", "the-key-of-the-tests")
        .file("v1.toml", &release("one"))
        .file("v2.toml", &release("two"))
        .config(&format!("{more}{MOCK}"))
        .start()
}

fn mock(sidecar: &Sidecar) -> Value {
    get(sidecar, "/v1/mocks/default")
}

fn tag(sidecar: &Sidecar) -> String {
    let response = ask(sidecar.app().admin(), "GET", "/v1/mocks/default", "", "");
    response.header("etag").unwrap().to_owned()
}

fn tried(sidecar: &Sidecar, headers: &str, body: &str) -> Response {
    ask(sidecar.app().admin(), "PATCH", "/v1/mocks/default", headers, body)
}

#[test]
fn each_setting_takes_effect_at_once_and_goes_back_to_the_file_when_undone() {
    for lane in [true, false] {
        let sidecar = start(&format!("proxy.lane = {lane}\n"));
        let before = mock(&sidecar);
        let generation = sidecar.app().generation();
        assert_eq!(before["changed"], json!([]));
        assert_eq!(sidecar.get("/city").text(), "Paris");

        assert_eq!(patch(&sidecar, &json!({ "access": { "private": true } }))["access"]["private"], true);
        assert_eq!(sidecar.get("/city").status, 401);
        assert_eq!(sidecar.connect().get_with("/city", "x-api-key: the-key-of-the-tests\r\n").status, 200);
        undo(&sidecar, "access");
        assert_eq!(sidecar.get("/city").status, 200);

        assert_eq!(patch(&sidecar, &json!({ "delay": "2g" }))["delay"], "300ms");
        assert_eq!(patch(&sidecar, &json!({ "delay": { "min": "1ms", "max": "2ms" } }))["delay"], "1ms to 2ms");
        sidecar.get("/city");
        assert!(sidecar.last_call()["duration_us"]["delay"].as_u64().unwrap() >= 1_000);
        assert_eq!(patch(&sidecar, &json!({ "delay": null }))["delay"], json!(null));
        sidecar.get("/city");
        assert_eq!(sidecar.last_call()["duration_us"]["delay"], 0);

        let shown = patch(&sidecar, &json!({ "active_server_stub": "down" }));
        assert_eq!((&shown["active_server_stub"], &shown["server_stub_scope"]), (&"down".into(), &"mocked".into()));
        assert_eq!((sidecar.get("/city").status, sidecar.get("/other").status), (503, 404));
        assert_eq!(patch(&sidecar, &json!({ "server_stub_scope": "all" }))["active_server_stub"], "down");
        assert_eq!(sidecar.get("/other").status, 503);
        assert_eq!(patch(&sidecar, &json!({ "active_server_stub": null }))["active_server_stub"], json!(null));
        assert_eq!(sidecar.get("/city").status, 200);
        assert_eq!(sidecar.app().generation(), generation, "no switch compiles anything");

        assert_eq!(mock(&sidecar)["changed"], json!(["delay", "active_server_stub"]));
        let ids: Vec<_> = listed(&sidecar).iter().map(|entry| entry["id"].clone()).collect();
        assert_eq!(ids, ["delay", "active_server_stub"]);
        undo(&sidecar, "delay");
        undo(&sidecar, "active_server_stub");
        assert_eq!(mock(&sidecar), before);
    }
}

#[test]
fn another_environment_or_release_makes_other_answers_and_a_new_generation() {
    let sidecar = start("");
    let shown = mock(&sidecar);
    assert_eq!((&shown["environment"], &shown["release"]), (&"paris".into(), &"v1".into()));
    assert_eq!(
        (&shown["environments"], &shown["releases"]),
        (&json!(["paris", "rome", "sealed"]), &json!(["v1", "v2"]))
    );
    assert_eq!(sidecar.get("/release").text(), "one");
    let shown = patch(&sidecar, &json!({ "environment": "rome", "release": "v2" }));
    assert_eq!((&shown["environment"], &shown["release"]), (&"rome".into(), &"v2".into()));
    assert_eq!((sidecar.get("/city").text(), sidecar.get("/release").text()), ("Rome".into(), "two".into()));
    assert_eq!(sidecar.app().generation(), 2);
    patch(&sidecar, &json!({ "release": null }));
    assert_eq!((sidecar.get("/release").status, sidecar.get("/city").text()), (404, "Rome".into()));
    undo(&sidecar, "release");
    assert_eq!(sidecar.get("/release").text(), "one");
    undo(&sidecar, "environment");
    assert_eq!(sidecar.get("/city").text(), "Paris");
}

#[test]
fn a_change_is_made_of_what_was_read() {
    let sidecar = start("");
    let body = "{\"delay\":\"3g\"}";
    assert_eq!(refusal(&tried(&sidecar, "", body)).1, "tag-needed");
    assert_eq!(tried(&sidecar, "", body).status, 428);
    let first = tag(&sidecar);
    let changed = tried(&sidecar, &format!("If-Match: {first}\r\n"), body);
    assert_eq!((changed.status, changed.header("etag")), (200, Some(&*tag(&sidecar))));
    let stale = tried(&sidecar, &format!("If-Match: {first}\r\n"), "{\"delay\":\"2g\"}");
    assert_eq!((refusal(&stale).0, refusal(&stale).1), (412, "stale-tag".to_owned()));
    assert_eq!(tried(&sidecar, "If-Match: W/\"x\"\r\n", body).status, 412);
    assert_eq!(mock(&sidecar)["delay"], "100ms");
    let now = tag(&sidecar);
    assert_eq!(tried(&sidecar, &format!("If-Match: \"other\", {now}\r\n"), "{}").status, 200);
    assert_eq!(tag(&sidecar), now, "nothing was changed");
}

#[test]
fn what_would_not_stand_in_a_file_is_refused_with_the_same_report_and_changes_nothing() {
    let sidecar = start("");
    let before = tag(&sidecar);
    for (body, code, help) in [
        (json!({ "delay": "40" }), "bare-number", "write \"40ms\""),
        (json!({ "delay": "40 parsecs" }), "out-of-range", "one of the units"),
        (json!({ "delay": { "min": "2ms", "max": "1ms" } }), "out-of-range", "swap the two"),
        (json!({ "delay": "1h" }), "out-of-range", "raise `[limits] delay`"),
        (json!({ "environment": "roma" }), "unknown-environment", "did you mean \"rome\"?"),
        (json!({ "environment": "sealed" }), "missing-secret", "set it in the environment"),
        (json!({ "release": "v3" }), "unknown-release", "did you mean"),
        (json!({ "active_server_stub": "dow" }), "unknown-server-stub", "did you mean `down`?"),
        (json!({ "delay": "2g", "active_server_stub": "nothing" }), "unknown-server-stub", "the mock has"),
    ] {
        let response = tried(&sidecar, "If-Match: *\r\n", &body.to_string());
        assert_eq!((refusal(&response).0, refusal(&response).1), (422, "invalid-config".to_owned()), "{body}");
        let said = response.json();
        assert_eq!(said["problems"][0]["code"], code, "{body}: {said}");
        let report = said["report"].as_str().unwrap();
        assert!(report.contains(help) && report.starts_with("error["), "{body}: {report}");
    }
    assert_eq!(tag(&sidecar), before);
    assert_eq!((sidecar.app().generation(), listed(&sidecar).len()), (1, 0));
    assert_eq!(sidecar.get("/city").text(), "Paris");

    let open = self::sidecar().config(&stub("a", "a")).start();
    let response = tried(&open, "If-Match: *\r\n", "{\"access\":{\"private\":true}}");
    assert_eq!((response.status, &response.json()["problems"][0]["code"]), (422, &"no-keys".into()));
    assert_eq!(open.get("/a").status, 200);
}

#[test]
fn bad_input_is_told_by_its_place() {
    let sidecar = start("");
    for (body, help) in [
        ("{\"dealy\":\"2g\"}", "did you mean `delay`?"),
        ("{\"access\":{\"privat\":true}}", "did you mean `private`?"),
        ("{\"access\":{}}", ""),
        ("{\"access\":{\"private\":\"yes\"}}", ""),
        ("{\"delay\":7}", ""),
        ("{\"server_stub_scope\":\"al\"}", "did you mean `all`?"),
        ("{\"server_stub_scope\":\"all\"}", "name one in `active_server_stub`"),
        ("[]", ""),
    ] {
        let refused = refusal(&tried(&sidecar, "If-Match: *\r\n", body));
        assert_eq!((refused.0, refused.1.as_str()), (400, "bad-body"), "{body}");
        assert!(refused.2.contains(help), "{body}: {refused:?}");
    }
    let admin = sidecar.app().admin();
    let missing = ask(admin, "PATCH", "/v1/mocks/defult", "If-Match: *\r\n", "{}");
    assert_eq!(refusal(&missing), (404, "not-found".into(), "did you mean `default`?".into()));
    for (body, status, help) in [
        (json!({ "stub": "city" }), 400, "name a `scenario`"),
        (json!({ "stub": "city", "scenario": "default", "off": true }), 400, "leave one out"),
        (json!({ "stub": "city", "scenari": "default" }), 400, "did you mean `scenario`?"),
        (json!({ "scenario": "default" }), 400, ""),
        (json!({ "stub": "city", "off": true, "count": -1 }), 400, ""),
        (json!({ "stub": "cty", "off": true }), 404, "did you mean `city`?"),
        (json!({ "stub": "city", "scenario": "defalt" }), 404, "did you mean `default`?"),
        (json!({ "stub": "city", "off": true, "ttl": "5" }), 422, ""),
        (json!({ "stub": "city", "off": true, "ttl": "0s" }), 422, ""),
        (json!({ "stub": "city", "off": true, "count": 0 }), 422, ""),
        (json!({ "stub": "city", "off": true, "if": {} }), 422, ""),
        (json!({ "stub": "city", "off": true, "if": { "header": { "x": null } } }), 400, "absent"),
        (json!({ "stub": "city", "off": true, "if": { "json": { "$.a": 1 } } }), 422, ""),
        (json!({ "stub": "city", "off": true, "if": { "header": { "x": { "near": 1 } } } }), 422, ""),
    ] {
        let response = ask(admin, "POST", "/v1/mocks/default/overrides", "", &body.to_string());
        let refused = refusal(&response);
        assert_eq!(refused.0, status, "{body}: {}", response.text());
        assert!(refused.2.contains(help), "{body}: {refused:?}");
    }
    for (method, target) in [
        ("GET", "/v1/mocks/default/overrides/9"),
        ("DELETE", "/v1/mocks/default/overrides/delay"),
        ("GET", "/v1/mocks/nobody/overrides"),
        ("DELETE", "/v1/mocks/nobody/overrides"),
    ] {
        assert_eq!(refusal(&ask(admin, method, target, "", "")).0, 404, "{method} {target}");
    }
    assert!(listed(&sidecar).is_empty());
}

#[test]
fn overrides_are_listed_by_pages_shown_and_undone_together() {
    let sidecar = start("");
    let admin = sidecar.app().admin();
    let made = ask(
        admin,
        "POST",
        "/v1/mocks/default/overrides",
        "",
        &json!({
            "stub": "city", "scenario": "default", "ttl": "1h", "count": 5,
            "if": { "header": { "authorization": "Bearer secret-of-a-caller", "x-user": "7" } },
        })
        .to_string(),
    );
    assert_eq!((made.status, made.header("location")), (201, Some("/v1/mocks/default/overrides/1")));
    let shown = made.json();
    assert_eq!((&shown["kind"], &shown["stub"], &shown["left"]), (&"scenario".into(), &"city".into(), &5.into()));
    assert_eq!(shown["if"]["header"], json!({ "authorization": "[redacted]", "x-user": "7" }));
    assert!(shown["until"].as_str() > shown["since"].as_str());
    assert_eq!(get(&sidecar, "/v1/mocks/default/overrides/1"), shown);
    patch(&sidecar, &json!({ "delay": "3g" }));
    force(&sidecar, &json!({ "stub": "city", "off": true }));
    let kinds: Vec<_> = listed(&sidecar).iter().map(|entry| entry["kind"].clone()).collect();
    assert_eq!(kinds, ["scenario", "setting", "off"]);
    assert_eq!(listed(&sidecar)[1]["change"], json!({ "delay": "3g" }));
    let first = get(&sidecar, "/v1/overrides?limit=2");
    assert_eq!(first["overrides"].as_array().unwrap().len(), 2);
    let cursor = first["next"].as_str().unwrap().replace(' ', "%20");
    let second = get(&sidecar, &format!("/v1/overrides?limit=2&cursor={cursor}"));
    assert_eq!((second["overrides"].as_array().unwrap().len(), &second["next"]), (1, &json!(null)));
    assert_eq!(ask(admin, "DELETE", "/v1/mocks/default/overrides", "", "").json(), json!({ "deleted": 3 }));
    assert!(listed(&sidecar).is_empty());
    assert_eq!(sidecar.get("/city").text(), "Paris");
}

#[test]
fn there_is_an_end_to_overrides() {
    let sidecar = start("");
    for _ in 0..1_000 {
        force(&sidecar, &scenario("city", "default"));
    }
    let one_more = scenario("city", "default").to_string();
    let refused = ask(sidecar.app().admin(), "POST", "/v1/mocks/default/overrides", "", &one_more);
    assert_eq!((refusal(&refused).0, refusal(&refused).1), (409, "too-many-overrides".to_owned()));
    assert_eq!(sidecar.get("/city").status, 200);
}

#[test]
fn owners_are_shown_of_mocks_and_of_stubs() {
    let sidecar = start("");
    assert_eq!(mock(&sidecar)["owner"], "team-a");
    assert_eq!(get(&sidecar, "/v1/mocks/default/stubs/city")["owner"], "team-b");
    assert_eq!(get(&sidecar, "/v1/mocks/default/stubs/release")["owner"], "team-a", "as the mock says");
}

#[test]
fn a_read_only_listener_changes_nothing() {
    let sidecar = start("admin.read_only = true\n");
    let admin = sidecar.app().admin();
    for (method, target, body) in [
        ("PATCH", "/v1/mocks/default", "{\"delay\":\"3g\"}"),
        ("POST", "/v1/mocks/default/overrides", "{\"stub\":\"city\",\"off\":true}"),
        ("DELETE", "/v1/mocks/default/overrides", ""),
        ("DELETE", "/v1/mocks/default/overrides/delay", ""),
    ] {
        let refused = refusal(&ask(admin, method, target, "If-Match: *\r\n", body));
        assert_eq!((refused.0, refused.1.as_str()), (403, "read-only"), "{method} {target}");
    }
    assert!(listed(&sidecar).is_empty());
}
