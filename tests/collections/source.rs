//! A collection as the source of a mock: `[postman]` in its file, `postman` of environments and releases, and
//! `run --postman`.

use super::{file, folder};
use crate::support::process::{Process, output, standin};
use crate::support::{Builder, Upstream, sidecar, wait_for};

const SHOP: &str = "shop.postman_collection.json";
const STAGING: &str = "shop.postman_environment.json";

/// A sidecar whose one mock has the shop's collection as its source.
fn shop(mock: &str) -> Builder {
    let collection = format!("{mock}\n[postman]\ncollection = \"{SHOP}\"\n");
    sidecar()
        .config("mocks = [\"mocks/*.toml\"]")
        .file("mocks/shop.toml", &collection)
        .file(&format!("mocks/{SHOP}"), &file(SHOP))
}

#[test]
fn the_saved_examples_answer_and_all_else_is_forwarded() {
    let upstream = Upstream::echo();
    let sidecar = shop("").upstream(&upstream).start();
    let list = sidecar.get("/products?page=1");
    assert_eq!(list.text(), "[{\"id\":1,\"price\":\"5 EUR\"}]");
    let marker = "mocked; mock=\"shop\"; stub=\"products-list-products\"; scenario=\"One product\"; generation=1";
    assert_eq!(list.header("standin"), Some(marker));
    assert_eq!(sidecar.get("/products?page=2").text(), "[]");
    assert_eq!(sidecar.get("/products/9").json()["id"], "9");
    let by_id = sidecar.connect().get_with("/products/9", "x-mock-response-id: example-4\r\n");
    assert_eq!((by_id.status, by_id.text().as_str()), (410, "sold out"));
    assert_eq!(sidecar.get("/prices/7").text(), "real GET /prices/7 HTTP/1.1");
}

#[test]
fn a_collection_of_version_2_0_is_read_too() {
    let old = r#"{
      "info": { "name": "Old", "schema": "https://schema.getpostman.com/json/collection/v2.0.0/collection.json" },
      "item": [{
        "name": "Get user",
        "request": { "url": "http://h/users/:id", "method": "GET", "header": "Accept: */*" },
        "response": [
          { "name": "Ada", "originalRequest": { "url": "http://h/users", "method": "POST", "data": { "mode": "raw", "raw": "Ada" } }, "code": 200, "data": "Ada is known" },
          { "name": "Bob", "originalRequest": { "url": "http://h/users", "method": "POST", "data": { "mode": "raw", "raw": "Bob" } }, "code": 200, "data": "Bob is known" },
          { "name": "As text", "originalRequest": "http://h/users", "code": 200, "header": "X-Form: text\r\nX-Form: twice", "body": "all" },
          {
            "name": "With a variable by its id", "code": 200, "header": [{ "key": "X-Form", "value": "list" }], "body": "seven",
            "originalRequest": {
              "method": "GET",
              "url": { "raw": "http://h/users/:id?a=1", "host": "h", "path": "users/:id", "query": [{ "key": "a", "value": "1" }], "variable": [{ "id": "id", "value": "7" }] }
            }
          },
          { "name": "Of the item", "code": 202, "header": null, "body": null }
        ]
      }]
    }"#;
    let sidecar = sidecar()
        .config("mocks = [\"old.toml\"]")
        .file("old.toml", "[postman]\ncollection = \"old.json\"\n")
        .file("old.json", &format!("\u{feff}{old}"))
        .start();
    let all = sidecar.get("/users");
    assert_eq!((all.status, all.text().as_str(), all.header("x-form")), (200, "all", Some("text")));
    let seven = sidecar.get("/users/7?a=1");
    assert_eq!((seven.status, seven.text().as_str(), seven.header("x-form")), (200, "seven", Some("list")));
    assert_eq!(sidecar.get("/users/8").status, 202);
    assert_eq!(sidecar.connect().post("/users", "", b"Bob").text(), "Bob is known");
}

#[test]
fn a_collection_is_watched_and_a_bad_one_changes_nothing() {
    let sidecar = shop("").start();
    let path = format!("mocks/{SHOP}");
    sidecar.write(&path, &file(SHOP).replace("sold out", "gone for good"));
    let selected = || sidecar.connect().get_with("/products/9", "x-mock-response-name: Sold out\r\n").text();
    wait_for("the new answer", || (selected() == "gone for good").then_some(()));
    sidecar.write(&path, "{ \"item\": [");
    let refused =
        wait_for("the refusal", || Some(sidecar.ready()["config"].clone()).filter(|config| !config.is_null()));
    assert_eq!((&refused["code"], &refused["line"]), (&"json-syntax".into(), &1.into()));
    assert!(refused["file"].as_str().unwrap().ends_with(SHOP), "{refused}");
    assert_eq!(selected(), "gone for good");
    sidecar.write(&path, &file(SHOP));
    wait_for("the old answer", || (selected() == "sold out").then_some(()));
}

#[test]
fn the_environment_wins_over_the_collection_and_is_switched_without_an_edit_of_stubs() {
    let environments = format!(
        "[environments.dollars]\nvars = {{ currency = \"USD\", productId = 3 }}\n\
         [environments.exported]\npostman = \"{STAGING}\"\n[[stub]]\nmatch = \"GET /city\"\nbody = \"{{{{ env.city }}}}\"\n"
    );
    let with = |environment: &str| {
        shop(&format!("{environment}\n{environments}")).file(&format!("mocks/{STAGING}"), &file(STAGING))
    };
    let sidecar = with("").start();
    assert!(sidecar.get("/products?page=1").text().contains("5 EUR"));
    let sidecar = with("environment = \"dollars\"").start();
    assert!(sidecar.get("/products?page=1").text().contains("5 USD"));
    // Its name is that of a variable now, so it is no wildcard any more.
    assert_eq!((sidecar.get("/products/3").status, sidecar.get("/products/4").status), (200, 404));
    let sidecar = with("environment = \"exported\"").start();
    assert!(sidecar.get("/products?page=1").text().contains("5 EUR"));
    assert_eq!(sidecar.get("/city").text(), "Lyon");
    let effective = output(&["check", "--effective", "-c", "standin.toml"], sidecar.dir.path());
    assert!(effective.stdout.contains("mock shop: env.city = \"Lyon\""), "{effective:?}");
    assert!(effective.stdout.contains("mock shop: env.token = a secret"), "{effective:?}");
    assert!(!effective.stdout.contains("s3cret"), "{effective:?}");
}

#[test]
fn a_release_with_a_collection_takes_the_place_of_the_mocks_own() {
    let releases = "[releases.next]\npostman = \"next.json\"\n[releases.more]\nfiles = [\"more/*.toml\"]\n";
    let next = file(SHOP).replace("\"[]\"", "\"none in the next release\"");
    let with = |release: &str| {
        shop(&format!("{release}\n{releases}"))
            .file("mocks/next.json", &next)
            .file("mocks/more/a.toml", "[[stub]]\nmatch = \"GET /more\"\nbody = \"more\"\n")
    };
    for (release, none, more) in
        [("", "[]", 404), ("release = \"next\"", "none in the next release", 404), ("release = \"more\"", "[]", 200)]
    {
        let sidecar = with(release).start();
        assert_eq!(sidecar.get("/products?page=2").text(), none, "{release}");
        assert_eq!(sidecar.get("/more").status, more, "{release}");
        // One collection, and not two that have the same.
        let taken = sidecar.connect().get_with("/products?page=1", "x-mock-response-id: example-2\r\n");
        assert_eq!(taken.text(), none, "{release}");
    }
}

#[test]
fn one_command_makes_a_running_mock_of_a_collection() {
    let upstream = Upstream::echo();
    let url = format!("http://{}", upstream.address());
    let mut command = standin();
    command.args(["run", "--postman", SHOP, "--upstream", &url, "--listen", "127.0.0.1:0"]);
    command.envs([("STANDIN_OPS__LISTEN", "127.0.0.1:0"), ("STANDIN_ADMIN__LISTEN", "127.0.0.1:0")]);
    let process = Process::launch(command, folder(&[SHOP]));
    let answer = process.connect().get("/products/5");
    assert_eq!(answer.json()["id"], "5");
    assert!(answer.header("standin").unwrap().starts_with("mocked; mock=\"shop\"; "), "{answer:?}");
    assert_eq!(process.connect().get("/prices/7").text(), "real GET /prices/7 HTTP/1.1");
}

#[test]
fn a_collection_on_the_command_line_stands_beside_what_is_configured() {
    let dir = folder(&[SHOP]);
    std::fs::write(dir.path().join("standin.toml"), "[[stub]]\nmatch = \"GET /own\"\n").unwrap();
    let both = output(&["check", "--postman", SHOP], dir.path());
    assert_eq!((both.code, both.stderr.as_str()), (0, "no problems: 2 mocks, 4 stubs, 6 scenarios, 0 server stubs\n"));
    let none = output(&["check", "--postman", "none.json"], dir.path());
    assert_eq!(none.code, 3, "{none:?}");
    assert!(none.stderr.contains("cannot read `none.json`: No such file"), "{none:?}");
}
