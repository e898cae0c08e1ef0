//! A document as the source of a mock: `[openapi]` in its file, and `run --openapi`.

use super::{EVENTS, SHOP, file, folder};
use crate::support::process::{Process, output, standin};
use crate::support::{Builder, Upstream, sidecar, wait_for};

/// A sidecar whose one mock has the shop's document as its source.
fn shop(mock: &str, table: &str) -> Builder {
    let text = format!("{mock}\n[openapi]\nspec = \"{SHOP}\"\n{table}\n");
    sidecar()
        .config("mocks = [\"mocks/*.toml\"]")
        .file("mocks/shop.toml", &text)
        .file(&format!("mocks/{SHOP}"), &file(SHOP))
}

#[test]
fn the_operations_answer_and_all_else_is_forwarded() {
    let upstream = Upstream::echo();
    let sidecar = shop("", "").upstream(&upstream).start();
    let list = sidecar.get("/v1/products?page=1");
    let marker = "mocked; mock=\"shop\"; stub=\"listProducts\"; scenario=\"200\"; generation=1";
    assert_eq!((list.status, list.header("standin")), (200, Some(marker)));
    assert!((1..=9).contains(&list.header("x-total").unwrap().parse::<u32>().unwrap()), "{list:?}");
    assert_eq!(list.json().as_array().unwrap().len(), 2);
    assert_eq!(sidecar.get("/status").text(), "fine");
    let made = sidecar.connect().post("/v1/products", "", b"{}");
    assert_eq!((made.status, made.text().as_str()), (201, "{\"id\":1,\"name\":\"A {{ book }}\"}"));
    let of_json = sidecar.get("/v1/products/7.json");
    assert!(of_json.header("standin").unwrap().contains("stub=\"getProductAsJson\""), "{of_json:?}");
    assert!(sidecar.get("/v1/products/7").header("standin").unwrap().contains("stub=\"getProduct\""));
    let mut client = sidecar.connect();
    client.send("DELETE /v1/products/7 HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.response().status, 204);
    for target in ["/products", "/v1/products/7/more"] {
        assert!(sidecar.get(target).text().starts_with("real GET "), "{target}");
    }
}

#[test]
fn selectors_choose_the_response_and_its_example() {
    let sidecar = shop("", "").start();
    let post = |headers: &str| {
        let answer = sidecar.connect().post("/v1/products", headers, b"{}");
        (answer.status, answer.text())
    };
    let lamp = (201, "{\"id\":2,\"name\":\"lamp\"}".to_owned());
    for (headers, expected) in [
        ("x-mock-response-code: 409\r\n", (409, "{\"title\":\"there already\"}".to_owned())),
        ("Prefer: code=409\r\n", (409, "{\"title\":\"there already\"}".to_owned())),
        ("Prefer: example=lamp\r\n", lamp.clone()),
        ("prefer: respond-async, Example=\"lamp\"\r\n", lamp.clone()),
        ("Prefer: code=409, example=lamp\r\n", (409, "{\"title\":\"no more lamps\"}".to_owned())),
        ("Prefer: code=409\r\nPrefer: example=lamp\r\n", (409, "{\"title\":\"no more lamps\"}".to_owned())),
        ("x-mock-response-name: lamp (409)\r\n", (409, "{\"title\":\"no more lamps\"}".to_owned())),
        ("x-mock-response-code: 201\r\nPrefer: code=409, example=lamp\r\n", lamp),
        ("Prefer: return=minimal\r\n", (201, "{\"id\":1,\"name\":\"A {{ book }}\"}".to_owned())),
    ] {
        assert_eq!(post(headers), expected, "{headers}");
    }
    for headers in
        ["Prefer: code=418\r\n", "Prefer: example=cow\r\n", "Prefer: code=201, example=twice\r\n", "Prefer: code=x\r\n"]
    {
        let (status, text) = post(headers);
        assert!(status == 404 && text.contains("mockRequestNotFoundError"), "{headers}: {text}");
    }
    assert_eq!(sidecar.last_call()["miss"], "selector");
}

/// Of few scenarios each is looked at; many are found by their names.
#[test]
fn an_example_is_found_with_and_without_what_stands_behind_its_name() {
    for others in [0, 20] {
        let scenario =
            |name: &str| format!("[[stub.scenario]]\nname = \"{name}\"\nbody = \"{name}\"\nonly_selected = true\n");
        let mut mock = "[[stub]]\nmatch = \"GET /a\"\n".to_owned();
        mock.extend((0..others).map(|number| scenario(&format!("other {number}"))));
        mock.extend(["lamp (404)", "cow (409) (text/plain)"].map(scenario));
        let sidecar = sidecar().config("mocks = [\"mocks/*.toml\"]").file("mocks/a.toml", &mock).start();
        for (asked, found) in [
            ("lamp", "lamp (404)"),
            ("\"lamp (404)\"", "lamp (404)"),
            ("\"cow (409)\"", "cow (409) (text/plain)"),
            ("\"cow (409) (text/plain)\"", "cow (409) (text/plain)"),
        ] {
            let mut client = sidecar.connect();
            client.send(format!("GET /a HTTP/1.1\r\nHost: h\r\nPrefer: example={asked}\r\n\r\n"));
            assert_eq!(client.response().text(), found, "{asked} among {others}");
        }
    }
}

#[test]
fn nobody_chooses_where_selectors_are_off() {
    let sidecar = shop("selectors = \"off\"", "").start();
    let answer = sidecar.connect().post("/v1/products", "Prefer: code=409\r\n", b"{}");
    assert_eq!(answer.status, 201);
}

#[test]
fn accept_chooses_the_media_type() {
    let sidecar = shop("", "").start();
    let get = |headers: &str| {
        let answer = sidecar.connect().get_with("/v1/products", headers);
        assert_eq!(answer.header("vary"), Some("Accept"), "{headers}");
        (answer.header("content-type").unwrap().to_owned(), answer)
    };
    for (accept, media) in [
        ("", "application/json"),
        ("Accept: */*\r\n", "application/json"),
        ("Accept: image/png\r\n", "application/json"),
        ("Accept: text/csv\r\n", "text/csv"),
        ("Accept: application/xml, application/json;q=0.5\r\n", "application/xml"),
        ("Accept: application/json;q=0.5\r\nAccept: text/*\r\n", "text/csv"),
        ("Accept: application/xml\r\nPrefer: code=200\r\n", "application/xml"),
        ("Accept: application/xml\r\nx-mock-response-name: 200 (text/csv)\r\n", "text/csv"),
    ] {
        assert_eq!(get(accept).0, media, "{accept}");
    }
    let xml = get("Accept: application/xml\r\n").1.text();
    assert!(xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?><products><product id=\""), "{xml}");
    assert!(xml.contains("<name>") && xml.ends_with("</product></products>"), "{xml}");
    let problem = sidecar.connect().get_with("/v1/products/7", "Prefer: code=404\r\n");
    assert_eq!((problem.status, problem.header("vary")), (404, None));
}

#[test]
fn a_seed_gives_the_same_answers_and_another_gives_others() {
    let body = |seed: &str| shop("", seed).start().get("/v1/products/7").text();
    assert_eq!(body("seed = 7"), body("seed = 7"));
    assert_eq!(body(""), body("seed = 0"));
    assert_ne!(body("seed = 7"), body("seed = 8"));
}

#[test]
fn a_base_path_of_the_mock_stands_in_place_of_the_servers() {
    let sidecar = shop("base_path = \"/shop\"", "").start();
    assert_eq!(sidecar.get("/shop/products/7").status, 200);
    assert_eq!(sidecar.get("/shop/status").text(), "fine");
    assert_eq!(sidecar.get("/shop/v1/products/7").status, 404);
    assert_eq!(shop("base_path = \"/\"", "").start().get("/products/7").status, 200);
}

#[test]
fn stubs_of_the_file_stand_beside_those_of_the_document_and_a_change_of_it_is_noticed() {
    let own = "[[stub]]\nname = \"own\"\nmatch = \"GET /v1/products/{id}\"\nwhen.path.id = \"0\"\nstatus = 410\n";
    let sidecar = shop("", own).start();
    assert_eq!((sidecar.get("/v1/products/0").status, sidecar.get("/v1/products/1").status), (410, 200));
    sidecar.write(&format!("mocks/{SHOP}"), &file(SHOP).replace("enum: [fine]", "enum: [well]"));
    wait_for("the new document", || (sidecar.get("/status").text() == "well").then_some(()));
    sidecar.write(&format!("mocks/{SHOP}"), "openapi: 3.0.0\npaths: {/a: {get: {$ref: '#/none'");
    wait_for("a refusal", || sidecar.ready()["config"]["code"].as_str().map(|code| assert_eq!(code, "yaml-syntax")));
    assert_eq!(sidecar.get("/status").text(), "well");
}

#[test]
fn a_document_runs_without_any_configuration() {
    let upstream = Upstream::echo();
    let url = format!("http://{}", upstream.address());
    let mut command = standin();
    command.args(["run", "--openapi", EVENTS, "--upstream", &url, "--listen", "127.0.0.1:0"]);
    command.envs([("STANDIN_OPS__LISTEN", "127.0.0.1:0"), ("STANDIN_ADMIN__LISTEN", "127.0.0.1:0")]);
    let process = Process::launch(command, folder(&[EVENTS]));
    let answer = process.connect().get("/events/all");
    assert_eq!(answer.header("content-type"), Some("application/vnd.events+json"));
    assert!(answer.header("standin").unwrap().starts_with("mocked; mock=\"events\"; "), "{answer:?}");
    assert_eq!(answer.json()["next"], serde_json::Value::Null);
    assert_eq!(process.connect().get_with("/events/all", "Prefer: code=500\r\n").status, 500);
    assert_eq!(process.connect().get("/other").text(), "real GET /other HTTP/1.1");
}

#[test]
fn a_document_on_the_command_line_stands_beside_what_is_configured() {
    let dir = folder(&[SHOP]);
    std::fs::write(dir.path().join("standin.toml"), "[[stub]]\nmatch = \"GET /own\"\n").unwrap();
    let both = output(&["check", "--openapi", SHOP], dir.path());
    assert_eq!((both.code, both.stderr.as_str()), (0, "no problems: 2 mocks, 7 stubs, 14 scenarios, 0 server stubs\n"));
    let none = output(&["check", "--openapi", "none.yaml"], dir.path());
    assert_eq!(none.code, 3, "{none:?}");
    assert!(none.stderr.contains("cannot read `none.yaml`: No such file"), "{none:?}");
}

#[test]
fn a_scenario_stands_in_for_another_where_accept_prefers_it() {
    let stub = "[[stub]]\nmatch = \"GET /cat\"\n[[stub.scenario]]\nname = \"cat\"\njson = { name = \"Tom\" }\n\
        [[stub.scenario]]\nname = \"as text\"\nalternative_to = \"cat\"\nbody = \"{{ 1 + 1 }}\"\n\
        [[stub.scenario]]\nname = \"gone\"\nonly_selected = true\nstatus = 410\n\
        [[stub.scenario]]\nname = \"blue\"\nwhen.query.blue = \"1\"\nonly_selected = true\nstatus = 402\n";
    let sidecar = sidecar().config(stub).start();
    assert_eq!(sidecar.get("/cat").text(), "{\"name\":\"Tom\"}");
    assert_eq!(sidecar.connect().get_with("/cat", "Accept: text/plain\r\n").text(), "2");
    assert_eq!(sidecar.get("/cat?blue=1").status, 200);
    assert_eq!(sidecar.connect().get_with("/cat", "x-mock-response-code: 410\r\n").status, 410);
    assert_eq!(sidecar.connect().get_with("/cat", "x-mock-response-name: blue\r\n").status, 402);
}
