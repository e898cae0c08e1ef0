//! Postman's matching through the proxy: what is sent, what is forwarded, and what the log says of it.

use crate::support::{Sidecar, Upstream, sidecar};

const NOT_FOUND: &str = r#"{"error":{"name":"mockRequestNotFoundError","message":"Double check your method and the request path and try again.","header":"No matching requests"}}"#;
const NO_EXAMPLE: &str = r#"{"error":{"name":"mockRequestNotFoundError","message":"To mock this request add an example response for the mock server to return.","header":"You need an example"}}"#;

const MISSING_KEY: &str = r#"{"error":{"name":"invalidCredentialsError","header":"Invalid credentials","message":"This mock is private. Send a valid key in x-api-key."}}"#;
const NO_MOCK: &str = r#"{"error":{"name":"mockNotFoundError","message":"Please refresh and try again."}}"#;

const USERS: &str = "[default]\nmatching = \"postman\"\n\
     [[stub]]\nname = \"users\"\nmatch = \"POST /users\"\n\
     [[stub.scenario]]\nname = \"created\"\nstatus = 201\nbody = \"created\"\nwhen.header.x-plan = \"gold\"\n\
     [[stub.scenario]]\nname = \"taken\"\nstatus = 409\nbody = \"taken\"\nwhen.body = '{\"name\": null}'\n\
     [[stub]]\nmatch = \"GET /users/{id}\"\nbody = \"one\"\n";

fn reason(sidecar: &Sidecar) -> String {
    sidecar.last_call()["miss"].as_str().unwrap_or("none").to_owned()
}

#[test]
fn the_closest_example_answers_by_the_body_of_the_request() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).config(USERS).start();
    let mut client = sidecar.connect();
    let taken = client.post("/users", "", b"{ \"name\" : null }");
    assert_eq!((taken.status, taken.text().as_str()), (409, "taken"));
    assert!(taken.standin().starts_with("mocked; mock=\"default\"; stub=\"users\"; scenario=\"taken\""));
    let created = client.post("/users/", "", b"{}");
    assert_eq!((created.status, created.text().as_str()), (201, "created"));
    assert_eq!(client.get("/Users/7").text(), "one");
    assert!(upstream.arrived().is_empty());
}

#[test]
fn what_matches_no_example_is_forwarded_whole_and_without_selectors() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).config(USERS).start();
    let post = |headers: &str, body: &[u8]| sidecar.connect().post("/users", headers, body).status;
    let body = vec![b'x'; 200_000];
    assert_eq!(post("x-mock-match-request-body: true\r\n", &body), 200);
    let arrived = upstream.arrived().pop().unwrap();
    assert!(arrived.body == body);
    assert_eq!(arrived.header("x-mock-match-request-body"), None);
    assert_eq!(reason(&sidecar), "body");
    assert_eq!(post("x-plan: silver\r\nx-mock-match-request-headers: X-Plan\r\n", b"{}"), 200);
    assert_eq!(upstream.arrived().pop().unwrap().header("x-mock-match-request-headers"), None);
    assert_eq!(reason(&sidecar), "header");
    assert_eq!(sidecar.get("/orders").status, 200);
    assert_eq!(reason(&sidecar), "none", "no mock names the path: plain pass-through");
}

#[test]
fn a_body_over_the_limit_brings_nothing_and_matches_nothing() {
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).config(&format!("limits.match_body = \"1KiB\"\n{USERS}")).start();
    let body = format!("{{\"name\": null}}{}", " ".repeat(2000)).into_bytes();
    let post = |headers: &str| sidecar.connect().post("/users", headers, &body).status;
    assert_eq!(post(""), 201, "chosen as if the body were another");
    assert_eq!(post("x-mock-match-request-body: true\r\n"), 200);
    assert!(upstream.arrived().pop().unwrap().body == body);
    assert_eq!(reason(&sidecar), "body-too-long");
}

#[test]
fn without_an_upstream_the_errors_are_postmans() {
    let empty = "matching = \"postman\"\nbase_path = \"/new\"\n";
    let files = sidecar().file("mocks/empty.toml", empty);
    let sidecar = files.config("mocks = [\"mocks/*.toml\"]").config(USERS).start();
    for (target, expected, miss) in
        [("/orders", NOT_FOUND, "path"), ("/users/", NOT_FOUND, "method"), ("/new/thing", NO_EXAMPLE, "path")]
    {
        let answer = sidecar.get(target);
        assert_eq!((answer.status, answer.text().as_str()), (404, expected), "{target}");
        assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
        assert_eq!(reason(&sidecar), miss, "{target}");
    }
    let named = sidecar.connect().get_with("/users/7", "x-mock-response-name: nobody\r\n");
    assert_eq!((named.status, named.text().as_str()), (404, NOT_FOUND));
    assert_eq!(reason(&sidecar), "selector");
}

#[test]
fn a_private_mock_says_what_postman_says_of_a_missing_key() {
    let config = "[default]\nmatching = \"postman\"\naccess = { private = true, keys = [{ env = \"KEY\" }] }\n\
                  [[stub]]\nmatch = \"GET /a\"\nid = \"x\"\nbody = \"kept\"\n";
    let upstream = Upstream::echo();
    let sidecar = sidecar().upstream(&upstream).variable("KEY", "s3cret").config(config).start();
    let get = |target: &str, headers: &str| {
        let answer = sidecar.connect().get_with(target, headers);
        (answer.status, answer.text())
    };
    let (missing, hidden) = ((401, MISSING_KEY.to_owned()), (404, NO_MOCK.to_owned()));
    assert_eq!(get("/a", ""), missing);
    assert_eq!(get("/A/", "x-api-key: wrong\r\n"), missing);
    assert_eq!(get("/elsewhere", "x-mock-response-id: x\r\n"), missing);
    assert_eq!(get("/a?apikey=s3cret", ""), hidden);
    assert_eq!(get("/a?apikey=s3cret", "x-api-key: wrong\r\n"), missing, "the header is what counts");
    assert!(upstream.arrived().is_empty());
    assert_eq!(get("/a?apikey=s3cret", "x-api-key: s3cret\r\n"), (200, "kept".to_owned()));
    assert_eq!(get("/orders?apikey=s3cret", "").0, 200, "what no example fits is the upstream's business");
    assert_eq!(upstream.arrived().len(), 1);
}
