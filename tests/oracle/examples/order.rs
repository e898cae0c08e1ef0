//! Preflight, gate, access, active server stub and selectors, in this order before matching.

use super::decides;

const ORDER: &str = r#"
    [gate]
    default = "real"
    mock_when.header.x-mock = "on"
    real_when.cookie.c = "real"
    # file: mocks/m.toml
    base_path = "/m"
    access = { private = true, keys = [{ env = "ORACLE_KEY" }] }
    active_server_stub = "down"
    server_stub = [{ name = "down", status = 503 }]
    stub = [{ name = "t", match = "GET /a" }]"#;

#[test]
fn the_gate_closes_before_access_and_access_before_the_server_stub() {
    decides(
        ORDER,
        &[
            ("GET /m/a", "GateClosed of m, a miss"),
            ("GET /m/b", "GateClosed of m, a miss"),
            ("GET /z", "GateClosed of none, a miss"),
            ("GET /m/a\nx-mock: on", "Denied of m"),
            ("GET /m/a\nx-mock: on\nx-api-key: wrong", "Denied of m"),
            ("GET /m/a\nx-mock: on\nx-api-key: sesame", "ServerStub of m"),
            ("GET /m/a\nx-mock: on\nx-api-key: sesame\nx-mock-response-code: 404", "ServerStub of m"),
            ("GET /m/a\nx-mock: on\nx-api-key: sesame\ncookie: c=real", "GateClosed of m, a miss"),
            ("GET /m/b\nx-mock: on", "Unmatched of m, a miss"),
        ],
    );
}

#[test]
fn a_preflight_is_answered_whatever_the_gate_or_the_key_says() {
    let preflight = "origin: http://o\naccess-control-request-method";
    decides(
        ORDER,
        &[
            (&format!("OPTIONS /m/a\n{preflight}: GET"), "Preflight of m"),
            (&format!("OPTIONS /m/a\n{preflight}: HEAD"), "Preflight of m"),
            (&format!("OPTIONS /m/a\n{preflight}: PUT"), "GateClosed of m, a miss"),
            ("OPTIONS /m/a\norigin: http://o", "GateClosed of m, a miss"),
        ],
    );
}

#[test]
fn an_explicit_options_stub_wins_over_the_preflight() {
    let stubs = r#"
        stub = [
            { name = "get", match = "GET /a" },
            { name = "options", match = "OPTIONS /a" },
            { name = "any", match = "ANY /b" },
        ]
        # file: mocks/plain.toml
        base_path = "/p"
        cors = false
        stub = [{ name = "t", match = "ANY /a" }]"#;
    let fields = "\norigin: http://o\naccess-control-request-method: GET";
    decides(
        stubs,
        &[
            (&format!("OPTIONS /a{fields}"), "options/default of default"),
            (&format!("OPTIONS /b{fields}"), "Preflight of default"),
            (&format!("OPTIONS /p/a{fields}"), "t/default of plain"),
        ],
    );
}

#[test]
fn real_when_wins_and_a_gate_sees_the_whole_path() {
    let config = r#"
        [proxy]
        upstream = "http://127.0.0.1:1"
        [gate]
        real_when.path = { prefix = "/a/b" }
        [[stub]]
        name = "t"
        match = "ANY /{x...}""#;
    decides(
        config,
        &[
            ("GET /a/c", "t/default of default"),
            ("GET /a/b/c", "Forward of default, a miss"),
            ("GET /z/../a/%62", "Forward of default, a miss"),
            ("GET /a%2Fb", "Forward of default, a miss"),
        ],
    );
}

#[test]
fn a_server_stub_covers_the_mocked_paths_or_every_call() {
    let mocks = r#"
        # file: mocks/all.toml
        base_path = "/all"
        active_server_stub = "down"
        server_stub_scope = "all"
        server_stub = [{ name = "down", status = 500 }]
        stub = [{ name = "t", match = "GET /a", when.query.k = "1" }]
        # file: mocks/mocked.toml
        base_path = "/mocked"
        active_server_stub = "down"
        server_stub = [{ name = "down", status = 500 }]
        stub = [{ name = "t", match = "GET /a", when.query.k = "1" }]"#;
    decides(
        mocks,
        &[
            ("GET /all/a", "ServerStub of all"),
            ("POST /all/z", "ServerStub of all"),
            ("GET /mocked/a", "ServerStub of mocked"),
            ("GET /mocked/z", "Unmatched of mocked, a miss"),
        ],
    );
}

const SELECTED: &str = r#"
    [proxy]
    upstream = "http://127.0.0.1:1"
    [[stub]]
    name = "t"
    match = "GET /a"
    [[stub.scenario]]
    name = "ok"
    [[stub.scenario]]
    name = "gone"
    status = 404
    when.query.k = "1"
    [[stub.scenario]]
    name = "away"
    id = "other"
    status = 404
    when.query.k = { in = ["2", "3"], ne = "3" }
    [[stub]]
    name = "u"
    match = "GET /{x}"
    [[stub.scenario]]
    name = "ok"
    status = 201"#;

#[test]
fn a_code_prefers_a_scenario_that_holds_and_takes_the_first_otherwise() {
    let code = |query: &str, code: &str| format!("GET /a{query}\nx-mock-response-code: {code}");
    decides(
        SELECTED,
        &[
            (&code("?k=1", "404"), "t/gone of default"),
            (&code("?k=2", "404"), "t/away of default"),
            (&code("", "404"), "t/away of default"),
            (&code("?k=1", "200"), "t/ok of default"),
            (&code("", "201"), "u/ok of default"),
            (&code("", "500"), "Unmatched of default, a miss"),
            (&code("", "4x4"), "Unmatched of default, a miss"),
        ],
    );
}

#[test]
fn an_id_or_a_name_chooses_whatever_the_conditions_say() {
    let with = |fields: &str| format!("GET /a\n{fields}");
    decides(
        SELECTED,
        &[
            (&with("x-mock-response-name: gone"), "t/gone of default"),
            (&with("x-mock-response-name: ok"), "t/ok of default"),
            (&with("x-mock-response-name: ok\nx-mock-response-code: 201"), "u/ok of default"),
            (&with("x-mock-response-id: other"), "t/away of default"),
            (&with("x-mock-response-id: t/away"), "Unmatched of default, a miss"),
            (&with("x-mock-response-id: u/ok\nx-mock-response-name: gone"), "u/ok of default"),
            (&with("x-mock-response-id: nope\nx-mock-response-name: gone"), "Unmatched of default, a miss"),
            (&with("x-mock-response-id: u/ok\nx-mock-response-code: 404"), "Unmatched of default, a miss"),
        ],
    );
}

#[test]
fn selectors_say_nothing_without_a_candidate() {
    decides(SELECTED, &[("GET /a/b\nx-mock-response-code: 404\nx-mock-response-id: other", "Forward of default")]);
}
