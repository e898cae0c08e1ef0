//! Templates, environments and releases as a caller and an operator see them.

mod failing;
mod variants;

use crate::support::process::output;
use crate::support::{Client, Upstream, sidecar};

/// A body of the call log.
fn logged(sidecar: &crate::support::Sidecar, side: &str) -> String {
    let id = sidecar.last_call()["id"].as_str().unwrap().to_owned();
    let one = Client::connect(sidecar.app().admin()).as_host("localhost").get(&format!("/v1/calls/{id}")).json();
    one[side]["body"]["text"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn an_answer_is_filled_in_from_the_request() {
    let sidecar = sidecar()
        .file("page.html", "<p>{{ query.name }}</p>\n")
        .config(
            r#"
            [default]
            base_path = "/api"

            [[stub]]
            name    = "user"
            match   = "GET /users/{id}/{rest...}"
            headers = { etag = "\"{{ path.id }}\"", set-cookie = ["a={{ path.id }}", "b=1"], x-plain = "{}" }
            json    = { id = "{{ path.id | int }}", "{{ key }}" = "{{ query.q }}", deep = [{ rest = "at {{ path.rest }}" }] }

            [[stub]]
            match = "GET /page"
            file  = "page.html"

            [[stub]]
            match = "POST /echo"
            body  = '{"name": "{{ body.name }}", "plan": "{{ header.x_plan }}"}'
            type  = "json"
            "#,
        )
        .start();
    let mut client = sidecar.connect();
    let answer = client.get("/api/users/7/x/y?q=%22%7D");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.text(), r#"{"id":7,"{{ key }}":"\"}","deep":[{"rest":"at x/y"}]}"#);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("content-length"), Some(answer.body.len().to_string().as_str()));
    assert_eq!(answer.header("etag"), Some("\"7\""));
    assert_eq!(answer.all("set-cookie"), ["a=7", "b=1"]);
    assert_eq!(answer.header("x-plain"), Some("{}"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.standin(), r#"mocked; mock="default"; stub="user"; scenario="default"; generation=1"#);
    assert_eq!(logged(&sidecar, "response"), answer.text());
    let page = client.get("/api/page?name=Ada");
    assert_eq!((page.text().as_str(), page.header("content-type")), ("<p>Ada</p>\n", Some("text/html; charset=utf-8")));
    let echo = client.post("/api/echo", "X-Plan: gold\r\n", br#"{"name": "Ada"}"#);
    assert_eq!(echo.json(), serde_json::json!({ "name": "Ada", "plan": "gold" }));
    assert_eq!(echo.header("content-type"), Some("application/json"));
    assert_eq!(logged(&sidecar, "request"), r#"{"name": "Ada"}"#);
    client.send("HEAD /api/users/12345/ HTTP/1.1\r\nHost: a.test\r\n\r\n");
    let head = client.head_response();
    assert_eq!(head.header("etag"), Some("\"12345\""));
    assert_eq!(
        head.header("content-length"),
        Some(r#"{"id":12345,"{{ key }}":null,"deep":[{"rest":"at "}]}"#.len().to_string().as_str())
    );
    assert_eq!(client.get("/api/page").status, 200, "the connection goes on");
}

/// A caller that holds its body back is asked for it by a template that names the body, and by no other.
#[test]
fn the_body_is_read_only_for_a_template_that_names_it() {
    let sidecar = sidecar()
        .config(
            r#"
            limits.match_body = "1KiB"
            [[server_stub]]
            name   = "down"
            status = 503
            body   = "{{ body.reason }}"
            [[stub]]
            match = "POST /static"
            body  = "static"
            [[stub]]
            match = "POST /head"
            body  = "{{ query.body }}"
            [[stub]]
            match = "POST /body"
            body  = "{{ body.a }} {{ body is defined }}"
            [[stub]]
            match = "POST /down"
            server_stub = "down"
            "#,
        )
        .start();
    let held_back = |path: &str| {
        let mut client = sidecar.connect();
        client.send(format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 27\r\nExpect: 100-continue\r\n\r\n"));
        let first = client.try_head().unwrap();
        if !first.starts_with("HTTP/1.1 100") {
            return (false, first);
        }
        client.send("{\"a\": 1, \"reason\": \"tired\"}");
        (true, client.response().text())
    };
    assert!(!held_back("/static").0);
    assert!(!held_back("/head?body=x").0);
    assert_eq!(held_back("/body"), (true, "1 true".to_owned()));
    assert_eq!(held_back("/down"), (true, "tired".to_owned()));
    let mut client = sidecar.connect();
    assert_eq!(client.post("/body", "", &[b' '; 2000]).text(), " false", "over the limit there is no body");
    let mut client = sidecar.connect();
    client.send("POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"a\": 2}\r\n0\r\n\r\n");
    assert_eq!(client.response().text(), "2 true");
    assert_eq!(client.post("/body", "", b"").text(), " false");
}

#[test]
fn templates_can_be_switched_off() {
    let sidecar = sidecar()
        .file("vue.html", "<p>{{ name }}</p>")
        .config(
            r#"
            [[server_stub]]
            name     = "down"
            status   = 503
            body     = "{{ a }}"
            template = false
            [[stub]]
            match    = "GET /short"
            template = false
            headers  = { x-a = "{{ a }}" }
            json     = { a = "{% a" }
            [[stub]]
            match    = "GET /file"
            template = false
            file     = "vue.html"
            [[stub]]
            match    = "GET /stub"
            template = false
              [[stub.scenario]]
              body = "{{ a }}"
              [[stub.scenario]]
              when.query.on = { present = true }
              template = true
              body = "{{ query.on }}"
              [[stub.scenario]]
              when.query.down = { present = true }
              server_stub = "down"
            "#,
        )
        .start();
    let short = sidecar.get("/short");
    assert_eq!((short.header("x-a"), short.text().as_str()), (Some("{{ a }}"), r#"{"a":"{% a"}"#));
    assert_eq!(sidecar.get("/file").text(), "<p>{{ name }}</p>");
    assert_eq!(sidecar.get("/stub").text(), "{{ a }}");
    assert_eq!(sidecar.get("/stub?on=yes").text(), "yes");
    assert_eq!(sidecar.get("/stub?down").text(), "{{ a }}");
}

#[test]
fn a_server_stub_may_have_templates_active_or_used() {
    let config = |active: &str| {
        format!(
            "default = {{ {active} }}\n[[server_stub]]\nname = \"down\"\nstatus = 503\n\
             headers = {{ retry-after = \"{{{{ query.wait }}}}\" }}\nbody = \"{{{{ method }}}} {{{{ path.id }}}}\"\n\
             [[stub]]\nmatch = \"GET /a/{{id}}\"\nserver_stub = \"down\""
        )
    };
    let sidecar = sidecar().config(&config("")).start();
    let used = sidecar.get("/a/7?wait=5");
    assert_eq!((used.status, used.text().as_str(), used.header("retry-after")), (503, "GET 7", Some("5")));
    assert!(used.standin().starts_with("mocked; mock=\"default\"; stub=\"get-a-id\""), "{}", used.standin());
    sidecar.reload_with(&config("active_server_stub = \"down\"")).unwrap();
    let active = sidecar.get("/a/7?wait=5");
    assert_eq!((active.status, active.text().as_str(), active.header("retry-after")), (503, "GET ", Some("5")));
    assert!(active.standin().starts_with("server_stub; mock=\"default\"; stub=\"down\""), "{}", active.standin());
}

#[test]
fn a_delay_and_http2_serve_the_same_answer() {
    let upstream = Upstream::echo();
    let sidecar = sidecar()
        .upstream(&upstream)
        .config("[[stub]]\nmatch = \"POST /a\"\ndelay = \"1ms\"\njson = { n = \"{{ body.n }}\", by = \"{{ host }}\" }")
        .start();
    assert_eq!(sidecar.connect().post("/a", "", b"{\"n\": [1]}").text(), r#"{"n":[1],"by":"a.test"}"#);
    let url = format!("http://{}/a", sidecar.address());
    let curl = std::process::Command::new("curl")
        .args(["-sS", "--noproxy", "*", "--max-time", "20", "--http2-prior-knowledge", "-d", "{\"n\": [1]}", &url])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&curl.stdout), r#"{"n":[1],"by":"127.0.0.1"}"#);
}

const RANDOM: &str = r#"
    [[stub]]
    match = "GET /a"
    json  = { id = "{{ uuid() }}", n = "{{ random_int(1, 1000000000) }}", who = "{{ fake('randomFullName') }}" }
    [[stub]]
    match = "GET /b"
    body  = "{{ uuid() }}"
"#;

#[test]
fn a_seed_gives_the_same_answers_again() {
    let run = |settings: &str| {
        let sidecar = sidecar().config(&format!("{settings}\n{RANDOM}")).start();
        let mut client = sidecar.connect();
        ["/a", "/a", "/b", "/a"].map(|path| client.get(path).text())
    };
    let first = run("random.seed = 42");
    assert_eq!(first, run("random.seed = 42"));
    assert_ne!(first[0], first[1], "each call has its own numbers");
    assert_ne!(first, run("random.seed = 43"));
    assert_ne!(run(""), run(""), "without a seed each start has its own");
}

#[test]
fn a_header_can_take_the_place_of_the_calls_number() {
    let sidecar = sidecar().config(&format!("random = {{ seed = 1, header = \"X-Key\" }}\n{RANDOM}")).start();
    let mut client = sidecar.connect();
    let mut get = |path: &str, key: &str| client.get_with(path, &format!("x-key: {key}\r\n")).text();
    let (one, other, elsewhere) = (get("/a", "1"), get("/a", "2"), get("/b", "1"));
    assert_ne!(one, other);
    assert!(!one.contains(&elsewhere), "another scenario has other numbers");
    assert_eq!(get("/a", "1"), one);
}

#[test]
fn counters_go_on_over_a_reload() {
    let config = "[[stub]]\nmatch = \"GET /a\"\nbody = \"{{ seq('a') }}\"";
    let sidecar = sidecar().config(config).start();
    assert_eq!(sidecar.get("/a").text(), "1");
    sidecar.reload_with(&format!("{config}\n[[stub]]\nmatch = \"GET /b\"\nbody = \"b{{{{ seq('a') }}}}\"")).unwrap();
    assert_eq!(sidecar.get("/b").text(), "b2");
    assert_eq!(sidecar.get("/a").text(), "3");
}

#[test]
fn schema_prints_that_of_a_releases_file() {
    let dir = tempfile::tempdir().unwrap();
    let ended = output(&["schema", "release"], dir.path());
    let schema: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let keys: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["server_stub", "stub"]);
}
