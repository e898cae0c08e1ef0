//! What a stub answers: bytes, headers, delays, and who may ask.

use std::time::{Duration, Instant};

use base64::Engine as _;

use crate::support::{Upstream, sidecar, wait_for};

#[test]
fn three_lines_make_a_mock() {
    let upstream = Upstream::echo();
    let sidecar = sidecar()
        .upstream(&upstream)
        .config("[[stub]]\nmatch = \"GET /users?id=123\"\njson = { id = 123, name = \"Ada\" }")
        .start();
    let mut client = sidecar.connect();
    let response = client.get("/users?id=123");
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.text(), r#"{"id":123,"name":"Ada"}"#);
    assert_eq!(response.header("content-length"), Some("23"));
    assert_eq!(response.header("connection"), Some("keep-alive"));
    assert!(response.header("date").is_some());
    assert_eq!(
        response.standin(),
        r#"mocked; mock="default"; stub="get-users-id-123"; scenario="default"; generation=1"#
    );
    assert_eq!(client.get("/users?id=124").text(), "real GET /users?id=124 HTTP/1.1");
    assert_eq!(client.get("/users?x=1&id=123").text(), r#"{"id":123,"name":"Ada"}"#);
}

#[test]
fn bodies_of_every_kind_have_their_type_and_length() {
    let png = [0x89, b'P', b'N', b'G', 0, 255];
    let encoded = base64::engine::general_purpose::STANDARD.encode(png);
    let sidecar = sidecar()
        .file("bodies/a.json", "{\"from\": \"file\"}")
        .file("bodies/b.html", "<p>é")
        .file("bodies/c.bin", "x")
        .config(&format!(
            r#"
            [[stub]]
            match = "GET /json"
            json = [1, 2.5, "é", true, {{ b = 1, a = 2 }}]
            [[stub]]
            match = "GET /text"
            body = "héllo"
            [[stub]]
            match = "GET /html"
            body = "<p>"
            type = "html"
            [[stub]]
            match = "GET /xml"
            body = "<a/>"
            type = "xml"
            [[stub]]
            match = "GET /null"
            body = '{{"a": null}}'
            type = "json"
            [[stub]]
            match = "GET /problem"
            json = {{ a = 1 }}
            type = "application/problem+json"
            [[stub]]
            match = "GET /own"
            body = "x"
            headers = {{ Content-Type = "text/csv" }}
            [[stub]]
            match = "GET /file.json"
            file = "bodies/a.json"
            [[stub]]
            match = "GET /file.html"
            file = "bodies/b.html"
            [[stub]]
            match = "GET /file.bin"
            file = "bodies/c.bin"
            [[stub]]
            match = "GET /png"
            base64 = "{encoded}"
            type = "image/png"
            [[stub]]
            match = "GET /nothing"
            "#
        ))
        .start();
    for (path, media, body) in [
        ("/json", Some("application/json"), "[1,2.5,\"é\",true,{\"b\":1,\"a\":2}]".as_bytes()),
        ("/text", Some("text/plain; charset=utf-8"), "héllo".as_bytes()),
        ("/html", Some("text/html; charset=utf-8"), b"<p>"),
        ("/xml", Some("application/xml"), b"<a/>"),
        ("/null", Some("application/json"), b"{\"a\": null}"),
        ("/problem", Some("application/problem+json"), b"{\"a\":1}"),
        ("/own", Some("text/csv"), b"x"),
        ("/file.json", Some("application/json"), b"{\"from\": \"file\"}"),
        ("/file.html", Some("text/html; charset=utf-8"), "<p>é".as_bytes()),
        ("/file.bin", Some("application/octet-stream"), b"x"),
        ("/png", Some("image/png"), &png),
        ("/nothing", None, b""),
    ] {
        let mut client = sidecar.connect();
        let response = client.get(path);
        assert_eq!(response.status, 200, "{path}");
        assert_eq!(response.header("content-type"), media, "{path}");
        assert_eq!(response.body, body, "{path}");
        assert_eq!(response.header("content-length"), Some(body.len().to_string().as_str()), "{path}");
        client.send(format!("HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        let head = client.head_response();
        assert_eq!(head.header("content-length"), Some(body.len().to_string().as_str()), "HEAD {path}");
        assert_eq!(client.get("/nothing").body, b"", "HEAD sent no body");
    }
}

#[test]
fn statuses_headers_and_repeated_headers_come_as_written() {
    let sidecar = sidecar()
        .config(
            r#"
            [[stub]]
            match = "GET /a"
            status = 201
            headers = { set-cookie = ["a=1", "b=2"], X-Rate = 5, ETag = "\"x\"", Date = "Thu, 01 Jan 1970 00:00:00 GMT" }
            [[stub]]
            match = "GET /empty"
            status = 204
            [[stub]]
            match = "GET /unchanged"
            status = 304
            headers = { etag = "x" }
            [[stub]]
            match = "GET /odd"
            status = 599
            "#,
        )
        .start();
    let mut client = sidecar.connect();
    let response = client.get("/a");
    assert_eq!(response.status, 201);
    assert_eq!(response.all("set-cookie"), ["a=1", "b=2"]);
    assert_eq!(response.header("x-rate"), Some("5"));
    assert_eq!(response.header("etag"), Some("\"x\""));
    assert_eq!(response.all("date"), ["Thu, 01 Jan 1970 00:00:00 GMT"]);
    let response = client.get("/empty");
    assert_eq!((response.status, response.header("content-length")), (204, None));
    assert_eq!(client.get("/unchanged").status, 304);
    assert_eq!(client.get("/odd").status, 599);
}

#[test]
fn the_marker_can_be_switched_off() {
    let sidecar = sidecar().config("proxy.marker = false\n[[stub]]\nmatch = \"GET /a\"").start();
    assert_eq!(sidecar.get("/a").header("standin"), None);
    assert_eq!(sidecar.get("/b").header("standin"), None);
}

#[test]
fn names_beyond_ascii_are_display_strings_in_the_marker() {
    let sidecar = sidecar().config("[[stub]]\nmatch = \"GET /a\"\nname = \"café\"").start();
    assert!(sidecar.get("/a").standin().contains("stub=%\"caf%c3%a9\""));
}

#[test]
fn scenarios_are_tried_from_the_most_conditions_to_the_default() {
    let upstream = Upstream::echo();
    let sidecar = sidecar()
        .upstream(&upstream)
        .config(
            r#"
            [[server_stub]]
            name = "maintenance"
            status = 503
            headers = { retry-after = "30" }
            json = { error = "planned work" }

            [[stub]]
            name = "create-order"
            match = "POST /orders/{kind}"
              [[stub.scenario]]
              name = "not found"
              status = 404
              [[stub.scenario]]
              when.query.down = { present = true }
              server_stub = "maintenance"
              [[stub.scenario]]
              name = "gold customer"
              when.header.x-plan = "gold"
              when.json."$.total" = { gt = 10_000, le = 99_999 }
              status = 201
              json = { ok = true }
              [[stub.scenario]]
              when.path.kind = { in = ["a", "b"] }
              body = "a or b"
            "#,
        )
        .start();
    let post = |target: &str, headers: &str, body: &[u8]| sidecar.connect().post(target, headers, body);
    let gold = post("/orders/x", "X-Plan: gold\r\n", b"{\"total\": 20000}");
    assert_eq!((gold.status, gold.text().as_str()), (201, "{\"ok\":true}"));
    assert!(gold.standin().contains("scenario=\"gold customer\""));
    assert_eq!(post("/orders/x", "X-Plan: gold\r\n", b"{\"total\": 100000}").status, 404);
    let down = post("/orders/x?down", "", b"");
    assert_eq!((down.status, down.header("retry-after")), (503, Some("30")));
    assert_eq!(down.text(), "{\"error\":\"planned work\"}");
    assert_eq!(down.header("connection"), Some("keep-alive"), "a simulated failure is an ordinary answer");
    assert!(down.standin().starts_with("mocked; mock=\"default\"; stub=\"create-order\"; scenario=\"2\""));
    assert_eq!(post("/orders/b", "", b"").text(), "a or b");
    assert_eq!(post("/orders/c", "", b"").status, 404);
    assert_eq!(sidecar.get("/orders/c").status, 200, "another method is forwarded");
    assert_eq!(
        sidecar.last_call()["miss"],
        serde_json::Value::Null,
        "and is plain pass-through: no mock names the path"
    );
}

#[test]
fn an_active_server_stub_answers_for_its_mock_within_its_scope() {
    let upstream = Upstream::echo();
    let config = |scope: &str| {
        format!(
            "default = {{ base_path = \"/api\", active_server_stub = \"down\"{scope} }}\n\
             [[server_stub]]\nname = \"down\"\nstatus = 503\nbody = \"down\"\n[[stub]]\nmatch = \"GET /a\"\nwhen.query.x = \"1\""
        )
    };
    let mocked = sidecar().upstream(&upstream).config(&config("")).start();
    let response = mocked.get("/api/a");
    assert_eq!((response.status, response.text().as_str()), (503, "down"));
    assert_eq!(response.standin(), "server_stub; mock=\"default\"; stub=\"down\"; generation=1");
    assert_eq!(mocked.get("/api/b").status, 200);
    let all = sidecar().upstream(&upstream).config(&config(", server_stub_scope = \"all\"")).start();
    assert_eq!(all.get("/api/b").status, 503);
    assert_eq!(all.get("/other").status, 200);
    assert_eq!(all.last_call()["decision"], "forwarded");
}

#[test]
fn selectors_choose_among_the_candidates() {
    let upstream = Upstream::echo();
    let stub = r#"
        [[stub]]
        name = "users"
        match = "GET /users"
          [[stub.scenario]]
          body = "found"
          [[stub.scenario]]
          name = "missing"
          when.query.id = "0"
          status = 404
          [[stub.scenario]]
          name = "broken"
          id = "b-1"
          when.query.id = "1"
          status = 500
        "#;
    let sidecar = sidecar().upstream(&upstream).config(stub).start();
    let get = |headers: &str| sidecar.connect().get_with("/users", headers);
    assert_eq!(get("").text(), "found");
    assert_eq!(get("x-mock-response-code: 404\r\n").status, 404);
    assert_eq!(get("X-Mock-Response-Name: broken\r\n").status, 500);
    assert_eq!(get("x-mock-response-id: b-1\r\n").status, 500);
    assert_eq!(get("x-mock-response-id: users/missing\r\n").status, 404);
    assert_eq!(get("x-mock-response-id: b-1\r\nx-mock-response-name: missing\r\n").status, 500, "id before name");
    for nothing in ["x-mock-response-code: 418\r\n", "x-mock-response-name: x\r\n", "x-mock-response-code: abc\r\n"] {
        let response = get(nothing);
        assert_eq!(
            (response.status, response.json()["error"]["name"].as_str()),
            (404, Some("mockRequestNotFoundError"))
        );
        assert!(response.standin().contains("reason=\"selector\""), "{nothing}");
    }
    let response = sidecar.connect().get_with("/other", "x-mock-response-name: x\r\n");
    assert_eq!(response.status, 200, "no candidate: forwarded");

    let off = self::sidecar().upstream(&upstream).config(&format!("default.selectors = \"off\"\n{stub}")).start();
    assert_eq!(off.connect().get_with("/users", "x-mock-response-name: broken\r\n").text(), "found");
    for (range, status) in [("127.0.0.0/8", 500), ("10.0.0.0/8", 200)] {
        let config = format!("default.selectors = {{ trust = [\"{range}\"] }}\n{stub}");
        let trusting = self::sidecar().upstream(&upstream).config(&config).start();
        assert_eq!(trusting.connect().get_with("/users", "x-mock-response-name: broken\r\n").status, status, "{range}");
    }
}

#[test]
fn delays_are_waited_and_the_nearest_one_counts() {
    let sidecar = sidecar()
        .config(
            r#"
            limits.delay = "2s"
            default.delay = "60ms"
            [[stub]]
            match = "GET /mock"
            [[stub]]
            match = "GET /stub"
            delay = "120ms"
            [[stub]]
            match = "GET /scenario"
            delay = "10s"
              [[stub.scenario]]
              delay = { min = "20ms", max = "40ms" }
            [[stub]]
            match = "GET /long"
            delay = "1h"
            "#,
        )
        .start();
    let timed = |target: &str, headers: &str| {
        let begun = Instant::now();
        assert_eq!(sidecar.connect().get_with(target, headers).status, 200);
        let delay = sidecar.last_call()["duration_us"]["delay"].as_u64().unwrap();
        (begun.elapsed() >= Duration::from_micros(delay)).then_some(delay / 1000)
    };
    assert_eq!(timed("/mock", ""), Some(60));
    assert_eq!(timed("/stub", ""), Some(120));
    assert!((20..=40).contains(&timed("/scenario", "").unwrap()));
    assert_eq!(timed("/stub", "x-mock-response-delay: 30\r\n"), Some(30));
    assert_eq!(timed("/mock", "x-mock-response-delay: soon\r\n"), Some(60), "a bad value is ignored");
    assert_eq!(sidecar.calls()[0]["notes"][0], "x-mock-response-delay was ignored for its value");
    assert_eq!(timed("/long", ""), Some(2000), "cut to the limit");
    assert!(sidecar.metric("standin_injected_delay_seconds_count{mock=\"default\"}").unwrap() >= 6.0);
}

#[test]
fn a_caller_that_leaves_during_a_delay_ends_it() {
    let sidecar = sidecar().config("[[stub]]\nmatch = \"GET /a\"\ndelay = \"60s\"").start();
    let mut client = sidecar.connect();
    client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_for("the call to be under way", || sidecar.calls().first().filter(|call| call["status"] == 200).cloned());
    drop(client);
    let call = sidecar.last_call();
    assert_eq!(call["failure"], "caller-left");
    assert_eq!(sidecar.metric("standin_inflight_requests"), Some(0.0));
}

#[test]
fn delays_hold_no_thread() {
    let sidecar = sidecar().config("[[stub]]\nmatch = \"GET /a\"\ndelay = \"500ms\"").start();
    let begun = Instant::now();
    let mut clients: Vec<_> = (0..300).map(|_| sidecar.connect()).collect();
    for client in &mut clients {
        client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    for client in &mut clients {
        assert_eq!(client.response().status, 200);
    }
    // Held one after the other, even on a hundred threads, they would have taken longer than this.
    assert!(begun.elapsed() < Duration::from_millis(500 * 300 / 100), "{:?}", begun.elapsed());
}

#[test]
fn a_private_mock_wants_a_key_and_leaves_the_body_unread() {
    let upstream = Upstream::echo();
    let config = "[default.access]\nprivate = true\nkeys = [{ env = \"KEY\" }, { file = \"key\" }]\n\
                  [[stub]]\nmatch = \"POST /a\"\nwhen.json.\"$.a\" = 1\nbody = \"mocked\"";
    let sidecar =
        sidecar().upstream(&upstream).variable("KEY", "s3cret").config(config).file("key", "from-file\n").start();
    let body = br#"{"a":1}"#;
    assert_eq!(sidecar.connect().post("/a", "X-Api-Key: s3cret\r\n", body).text(), "mocked");
    assert_eq!(sidecar.connect().post("/a", "x-api-key: from-file\r\n", body).text(), "mocked");
    for headers in ["", "x-api-key: wrong\r\n", "x-api-key: s3cret2\r\n", "x-api-key:\r\n"] {
        let response = sidecar.connect().post("/a", headers, body);
        assert_eq!(response.status, 401);
        assert_eq!(
            response.text(),
            r#"{"error":{"name":"invalidCredentialsError","header":"Invalid credentials","message":"This mock is private. Send a valid key in x-api-key."}}"#
        );
        assert_eq!(response.standin(), "denied; mock=\"default\"; generation=1");
        assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    }
    let mut client = sidecar.connect();
    client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n");
    assert_eq!(client.response().status, 401, "without the body, which has not come");
    assert_eq!(sidecar.get("/b").status, 200, "what no stub fits is the upstream's business");
    assert_eq!(sidecar.connect().post("/a", "x-api-key: s3cret\r\n", b"{}").status, 200, "forwarded with a key");
    assert_eq!(upstream.arrived().last().unwrap().header("x-api-key"), None);

    let config = config.replace("private = true", "private = true\nforwarded = true\nheader = \"X-Key\"");
    let strict = self::sidecar().upstream(&upstream).variable("KEY", "k").file("key", "l").config(&config).start();
    assert_eq!(strict.get("/b").status, 401);
    assert!(strict.get("/a").text().contains("Send a valid key in x-key."), "{}", strict.get("/a").text());
    assert_eq!(strict.connect().get_with("/b", "x-key: k\r\n").status, 200);
}

#[test]
fn preflights_are_answered_and_answers_carry_cors_fields() {
    let upstream = Upstream::echo();
    let stubs = "[[stub]]\nmatch = \"PUT /a\"\n[[stub]]\nmatch = \"GET /own\"\nheaders = { Access-Control-Allow-Origin = \"https://x\" }\n\
                 [[stub]]\nmatch = \"OPTIONS /explicit\"\nbody = \"mine\"\n[[stub]]\nmatch = \"GET /explicit\"";
    let preflight = |path: &str, method: &str, origin: &str| {
        format!(
            "OPTIONS {path} HTTP/1.1\r\nHost: a\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: {method}\r\n\
             Access-Control-Request-Headers: x-a, x-b\r\n\r\n"
        )
    };
    let sidecar = sidecar().upstream(&upstream).config(stubs).start();
    let mut client = sidecar.connect();
    client.send(preflight("/a", "PUT", "https://app.test"));
    let response = client.response();
    assert_eq!(response.status, 204);
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    assert_eq!(response.header("access-control-allow-methods"), Some("PUT"));
    assert_eq!(response.header("access-control-allow-headers"), Some("x-a, x-b"));
    assert_eq!(response.standin(), "preflight; mock=\"default\"; generation=1");
    client.send(preflight("/a", "DELETE", "https://app.test"));
    assert_eq!(client.response().status, 200, "nobody mocks DELETE: the upstream is asked");
    client.send(preflight("/explicit", "GET", "https://app.test"));
    assert_eq!(client.response().text(), "mine", "an OPTIONS stub wins");
    assert_eq!(client.get("/own").all("access-control-allow-origin"), ["https://x"]);
    assert_eq!(client.get("/forwarded").header("access-control-allow-origin"), None);

    let config = format!("default.cors = {{ origins = [\"https://app.test\"], credentials = true }}\n{stubs}");
    let some = self::sidecar().config(&config).start();
    let mut client = some.connect();
    let get = |client: &mut crate::support::Client, origin: &str| {
        client.get_with("/explicit", &format!("Origin: {origin}\r\n"))
    };
    let response = get(&mut client, "https://app.test");
    assert_eq!(response.header("access-control-allow-origin"), Some("https://app.test"));
    assert_eq!(response.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(response.header("vary"), Some("Origin"));
    let response = get(&mut client, "https://evil.test");
    assert_eq!((response.header("access-control-allow-origin"), response.header("vary")), (None, Some("Origin")));
    client.send(preflight("/a", "PUT", "https://evil.test"));
    let response = client.response();
    assert_eq!((response.status, response.header("access-control-allow-methods")), (204, None));

    let off = self::sidecar().upstream(&upstream).config(&format!("default.cors = false\n{stubs}")).start();
    let mut client = off.connect();
    client.send(preflight("/a", "PUT", "https://app.test"));
    assert_eq!(client.response().status, 200, "forwarded");
    assert_eq!(client.get("/explicit").header("access-control-allow-origin"), None);
}

#[test]
fn the_gate_opens_and_closes_all_mocking() {
    let upstream = Upstream::echo();
    let stub = "[[stub]]\nmatch = \"GET /a\"\nbody = \"mocked\"";
    let off = sidecar().upstream(&upstream).config(&format!("gate.real_when.header.x-mock = \"off\"\n{stub}")).start();
    assert_eq!(off.get("/a").text(), "mocked");
    assert!(off.connect().get_with("/a", "X-Mock: off\r\n").text().starts_with("real"));
    assert_eq!(off.last_call()["miss"], "gate");
    assert_eq!(upstream.arrived().last().unwrap().header("x-mock"), Some("off"), "the gate's header passes");
    let config = format!(
        "gate = {{ default = \"real\", mock_when.cookie.mock = \"1\", real_when.path = {{ prefix = \"/a/never\" }} }}\n{stub}"
    );
    let on = sidecar().config(&config).start();
    assert_eq!(on.connect().get_with("/a", "Cookie: x=2; mock=1\r\n").text(), "mocked");
    let response = on.get("/a");
    assert_eq!((response.status, response.json()["code"].as_str()), (404, Some("gate-closed")));
    assert!(response.standin().contains("reason=\"gate\""));
}

#[test]
fn several_mocks_share_a_sidecar_by_host_and_base_path() {
    let (first, second) = (Upstream::echo(), Upstream::echo());
    let sidecar = sidecar()
        .upstream(&first)
        .config(&format!("mocks = [\"mocks/*.toml\"]\nupstreams.orders.url = \"http://{}\"", second.address()))
        .file(
            "mocks/orders.toml",
            "hosts = [\"orders.local\", \"*.orders.local\"]\nbase_path = \"/api\"\nupstream = \"orders\"\n\
             [[stub]]\nmatch = \"GET /a\"\nbody = \"orders\"",
        )
        .file("mocks/users.toml", "name = \"people\"\n[[stub]]\nmatch = \"GET /api/a\"\nbody = \"people\"")
        .file("mocks/.hidden.toml", "this is no TOML")
        .start();
    let get = |host: &str, target: &str| {
        let mut client = sidecar.connect();
        client.send(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        client.response().text()
    };
    assert_eq!(get("orders.local", "/api/a"), "orders");
    assert_eq!(get("EU.Orders.Local:8080", "/api/a"), "orders");
    assert_eq!(get("local", "/api/a"), "people");
    assert!(get("orders.local", "/api/b").starts_with("real"));
    assert_eq!(second.arrived().len(), 1, "its own upstream");
    assert_eq!(sidecar.last_call()["miss"], "path", "inside a mock that names a host, that is a miss");
    assert!(get("orders.local", "/other").starts_with("real"));
    assert_eq!(first.arrived().len(), 1);
    assert_eq!(sidecar.last_call()["miss"], serde_json::Value::Null);
}

#[test]
fn a_panic_in_one_request_ends_that_request_alone_and_is_counted() {
    let hooks = standin::proxy::Hooks {
        before_decide: Some(std::sync::Arc::new(|view| {
            assert_ne!(view.path.as_bytes(), b"/panic", "a panic that a test asked for");
        })),
        ..Default::default()
    };
    let sidecar = sidecar().hooks(hooks).config("[[stub]]\nmatch = \"GET /a\"\nbody = \"fine\"").start();
    let mut other = sidecar.connect();
    assert_eq!(other.get("/a").text(), "fine");
    let response = sidecar.get("/panic");
    assert_eq!((response.status, response.json()["code"].as_str()), (500, Some("panic")));
    assert_eq!(other.get("/a").text(), "fine", "nobody else notices");
    wait_for("the panic to be counted", || sidecar.metric("standin_panics_total").filter(|count| *count == 1.0));
    let failed = wait_for("the call to end", || sidecar.calls().into_iter().find(|call| call["failure"] == "panic"));
    assert_eq!(failed["decision"], "failed");
}
