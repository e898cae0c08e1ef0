//! The files of the web UI: what is served, to whom, and what is not.

use regex::Regex;
use standin::words::{Decided, Reason};

use super::{ask, refusal};
use crate::support::{Client, Sidecar, root, sidecar};

fn with_token() -> Sidecar {
    sidecar().variable("T", "a-token-of-the-tests-0123456789").config("admin.token = { env = \"T\" }").start()
}

#[test]
fn every_address_of_the_ui_has_the_page_before_anybody_has_signed_in() {
    let sidecar = with_token();
    let admin = sidecar.app().admin();
    for address in
        ["/", "/mocks", "/mocks/orders", "/mocks/a%2Fb%20c", "/calls?mock=x", "/overrides", "/config", "/usage"]
    {
        let response = ask(admin, "GET", address, "", "");
        assert_eq!(response.status, 200, "{address}");
        assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"), "{address}");
        assert!(response.text().contains("/ui/main.js"), "{address}");
    }
    for (file, kind) in [
        ("main.js", "text/javascript; charset=utf-8"),
        ("base.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ] {
        let response = ask(admin, "GET", &format!("/ui/{file}"), "", "");
        assert_eq!((response.status, response.header("content-type")), (200, Some(kind)), "{file}");
        let policy = response.header("content-security-policy").unwrap();
        assert!(policy.contains("script-src 'self';") && policy.contains("style-src 'self';"), "{policy}");
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    }
    for method in ["POST", "PUT", "DELETE"] {
        assert_eq!(refusal(&ask(admin, method, "/ui/main.js", "", "")).1, "method-not-allowed", "{method}");
    }
}

#[test]
fn a_person_at_a_wrong_address_gets_the_page_and_a_program_the_reason() {
    let sidecar = sidecar().start();
    let admin = sidecar.app().admin();
    for target in ["/nope", "/calls/", "/mocks/a/b"] {
        let page = ask(admin, "GET", target, "Accept: text/html,*/*;q=0.8\r\n", "");
        assert_eq!((page.status, page.header("content-type")), (404, Some("text/html; charset=utf-8")), "{target}");
        assert!(page.header("content-security-policy").is_some());
        assert_eq!(refusal(&ask(admin, "GET", target, "", "")).0, 404, "{target}");
    }
    assert_eq!(refusal(&ask(admin, "GET", "/v1/nope", "Accept: text/html\r\n", "")).1, "not-found");
}

#[test]
fn a_browser_asks_whether_a_file_has_changed_and_is_not_sent_it_again() {
    let sidecar = sidecar().start();
    let admin = sidecar.app().admin();
    let first = ask(admin, "GET", "/ui/main.js", "", "");
    assert_eq!(first.header("cache-control"), Some("no-cache"));
    let tag = first.header("etag").unwrap().to_owned();
    let again = ask(admin, "GET", "/ui/main.js", &format!("If-None-Match: {tag}\r\n"), "");
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, Some(tag.as_str())));
    assert!(again.header("content-security-policy").is_some());
    assert_eq!(ask(admin, "GET", "/ui/dom.js", &format!("If-None-Match: {tag}\r\n"), "").status, 200, "another file");
}

#[test]
fn no_path_leads_out_of_the_files_of_the_ui() {
    let dir = tempfile::tempdir().unwrap();
    let secret = "what nobody may read";
    let outside = dir.path().join("secret.js");
    std::fs::write(&outside, secret).unwrap();
    let outside = outside.display().to_string();
    let sidecar = sidecar().config(&format!("# {secret}")).file("secret.js", secret).start();
    let up = "../".repeat(12);
    let encoded = outside.replace('/', "%2f");
    let mut targets = vec![
        format!("/ui{outside}"),
        format!("/ui/{up}{outside}"),
        format!("/ui/{}{encoded}", "..%2f".repeat(12)),
        format!("/ui/{}{encoded}", "%2e%2e%2f".repeat(12)),
        format!("/ui/{}{encoded}", "..%252f".repeat(12)),
        format!("/ui/{}{encoded}", "..%5c".repeat(12)),
        format!("/ui/{}{encoded}", "..%c0%af".repeat(12)),
        format!("/ui/main.js/{up}{outside}"),
        format!("/ui/{encoded}%00.js"),
        format!("/ui/main.js%00{encoded}"),
        format!("/ui/file:{outside}"),
        "/ui/../standin.toml".to_owned(),
        "/ui/..%2fstandin.toml".to_owned(),
        "/ui/..%2fsecret.js".to_owned(),
        "/ui/..%2fmod.rs".to_owned(),
        "/ui/.".to_owned(),
        "/ui/..".to_owned(),
        "/ui/".to_owned(),
        "/ui".to_owned(),
        "/ui/MAIN.JS".to_owned(),
        "//ui/main.js".to_owned(),
        "/ui//main.js".to_owned(),
    ];
    targets.extend(
        ["/calls/..%2f..%2fstandin.toml", "/mocks/../../standin.toml", "/%2e%2e/standin.toml"].map(str::to_owned),
    );
    for target in targets {
        let mut client = Client::connect(sidecar.app().admin());
        client.send(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        let response = client.response();
        assert!(matches!(response.status, 400 | 404), "{target}: {}", response.status);
        assert!(!response.text().contains(secret), "{target}: {}", response.text());
    }
    // The same place is reached by its name, so that the refusals above are about the path.
    assert_eq!(ask(sidecar.app().admin(), "GET", "/ui/main.js", "", "").status, 200);
    assert_eq!(refusal(&ask(sidecar.app().admin(), "GET", "/ui/mian.js", "", "")).2, "did you mean `main.js`?");
}

#[test]
fn everything_that_a_file_loads_is_served() {
    let sidecar = sidecar().start();
    let wanted = Regex::new(r#"(?:"/ui/|'\./|'/ui/)([a-z]+\.[a-z]+)["']"#).unwrap();
    let (mut left, mut seen) = (vec!["index.html".to_owned()], std::collections::BTreeSet::new());
    while let Some(name) = left.pop() {
        let response = ask(sidecar.app().admin(), "GET", &format!("/ui/{name}"), "", "");
        assert_eq!(response.status, 200, "{name}");
        for found in wanted.captures_iter(&response.text()) {
            if seen.insert(found[1].to_owned()) {
                left.push(found[1].to_owned());
            }
        }
    }
    let files = std::fs::read_dir(root().join("src/admin/ui")).unwrap().count();
    assert_eq!(seen.len() + 1, files, "each file but the page itself is loaded: {seen:?}");
}

#[test]
fn the_ui_has_every_word_of_the_product() {
    let text = std::fs::read_to_string(root().join("src/admin/ui/words.js")).unwrap();
    let key = Regex::new(r"(?m)^  '?([a-z_-]+)'?: \[").unwrap();
    let words = |list: &str| -> Vec<String> {
        let list = text.split(list).nth(1).unwrap().split("};").next().unwrap();
        key.captures_iter(list).map(|found| found[1].to_owned()).collect()
    };
    assert_eq!(words("const DECISIONS"), Decided::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>());
    assert_eq!(words("const REASONS"), Reason::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>());
}
