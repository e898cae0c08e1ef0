//! Who gets in.

use std::path::Path;
use std::process::Command;

use super::{ask, get, refusal};
use crate::support::process::{Process, standin};
use crate::support::{Client, Sidecar, root, sidecar};

const TOKEN: &str = "a-token-of-the-tests-0123456789";

fn with_token(more: &str) -> Sidecar {
    let config = format!("admin.token = {{ env = \"T\" }}\n{more}\n[[stub]]\nmatch = \"GET /a\"");
    sidecar().variable("T", TOKEN).config(&config).start()
}

#[test]
fn a_name_that_resolves_to_this_machine_opens_nothing() {
    let sidecar = sidecar().start();
    let admin = sidecar.app().admin();
    for route in ["/v1/calls", "/v1/session", "/v1/openapi.json", "/", "/nothing"] {
        for host in ["evil.test", &format!("evil.test:{}", admin.port()), "localhost.evil.test", "10.0.0.1", ""] {
            let response = ask(admin, "GET", route, &format!("Host: {host}\r\n"), "");
            assert_eq!(refusal(&response).0, 403, "{route} {host}");
            assert_eq!(refusal(&response).1, "foreign-caller", "{route} {host}");
        }
    }
    let twice = ask(admin, "GET", "/v1/calls", "Host: localhost\r\nHost: localhost\r\n", "");
    assert!(twice.status >= 400, "{twice:?}");
}

#[test]
fn a_page_of_another_origin_changes_nothing() {
    let sidecar = sidecar().config("[[stub]]\nmatch = \"GET /a\"").start();
    let admin = sidecar.app().admin();
    sidecar.get("/a");
    for origin in ["https://evil.test", "null", "http://localhost:3000"] {
        let response = ask(admin, "DELETE", "/v1/calls", &format!("Origin: {origin}\r\n"), "");
        assert_eq!(refusal(&response).1, "foreign-caller", "{origin}");
    }
    // What a form can send without being asked by the browser first.
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"] {
        let response = ask(admin, "POST", "/v1/config/reload", &format!("Content-Type: {kind}\r\n"), "{}");
        assert_eq!(refusal(&response).1, "not-json", "{kind}");
    }
    assert_eq!(sidecar.calls().len(), 1);
    let own = "Host: localhost:1\r\nOrigin: http://localhost:1\r\n";
    assert_eq!(ask(admin, "DELETE", "/v1/calls", own, "").json()["deleted"], 1);
}

#[test]
fn every_answer_forbids_what_a_page_of_ours_does_not_need() {
    let sidecar = with_token("");
    for (target, status) in [("/v1/session", 200), ("/v1/calls", 401), ("/nothing", 404), ("/v1/openapi.json", 200)] {
        let response = ask(sidecar.app().admin(), "GET", target, "", "");
        assert_eq!(response.status, status, "{target}");
        let policy = response.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(response.header("cache-control"), Some("no-store"));
        assert_eq!(response.header("access-control-allow-origin"), None);
    }
}

#[test]
fn without_the_token_nothing_is_shown_and_guesses_learn_nothing() {
    let sidecar = with_token("");
    let admin = sidecar.app().admin();
    let with = |field: &str| ask(admin, "GET", "/v1/calls", field, "");
    let mut answers = std::collections::BTreeSet::new();
    let whole = format!("Authorization: Bearer {TOKEN}\r\n");
    for guess in [
        String::new(),
        "Authorization: Bearer \r\n".to_owned(),
        "Authorization: Bearer a\r\n".to_owned(),
        format!("Authorization: Bearer {}\r\n", &TOKEN[..TOKEN.len() - 1]),
        format!("Authorization: Bearer {TOKEN}x\r\n"),
        format!("Authorization: Bearer {}\r\n", TOKEN.to_uppercase()),
        format!("Authorization: Basic {TOKEN}\r\n"),
        "Cookie: standin_session=\r\n".to_owned(),
        format!("Cookie: standin_session={TOKEN}\r\n"),
        format!("Cookie: standin_session={}\r\n", "0".repeat(64)),
    ] {
        let response = with(&guess);
        assert_eq!(response.status, 401, "{guess}");
        assert!(response.header("www-authenticate").unwrap().starts_with("Bearer"));
        answers.insert(response.text());
    }
    assert_eq!(answers.len(), 1, "every wrong guess is answered alike: {answers:?}");
    assert_eq!(with(&whole).status, 200);
    assert_eq!(with(&whole.replace("Bearer", "bearer")).status, 200, "the scheme has no case");
    assert_eq!(ask(admin, "GET", "/v1/nothing", "", "").status, 401, "not even which routes there are");
    assert_eq!(ask(admin, "GET", &format!("/v1/calls?token={TOKEN}"), "", "").status, 401);
}

#[test]
fn a_page_signs_in_once_and_out_again() {
    let sidecar = with_token("");
    let admin = sidecar.app().admin();
    let state = get(&sidecar, "/v1/session");
    assert_eq!((&state["token_required"], &state["signed_in"]), (&true.into(), &false.into()));
    let wrong = ask(admin, "POST", "/v1/session", "", "{\"token\":\"a-token-of-the-tests-012345678x\"}");
    assert_eq!((wrong.status, wrong.header("set-cookie")), (401, None));
    let right = ask(admin, "POST", "/v1/session", "", &format!("{{\"token\":\"{TOKEN}\"}}"));
    assert_eq!(right.status, 204);
    let cookie = right.header("set-cookie").unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains(TOKEN) && !cookie.contains("Secure"), "plain HTTP: {cookie}");
    let field = format!("Cookie: other=1; {}\r\n", cookie.split(';').next().unwrap());
    assert_eq!(ask(admin, "GET", "/v1/calls", &field, "").status, 200);
    assert_eq!(ask(admin, "GET", "/v1/session", &field, "").json()["signed_in"], true);
    assert_eq!(ask(admin, "DELETE", "/v1/session", &field, "").status, 204);
    assert_eq!(ask(admin, "GET", "/v1/calls", &field, "").status, 401, "a cookie that was signed out is worth nothing");
}

#[test]
fn a_token_that_changes_ends_what_was_begun_with_the_old_one() {
    let config = "admin.token = { file = \"token\" }";
    let sidecar = sidecar().file("token", TOKEN).config(config).start();
    let admin = sidecar.app().admin();
    let signed = ask(admin, "POST", "/v1/session", "", &format!("{{\"token\":\"{TOKEN}\"}}"));
    let cookie = signed.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let by = |field: String| ask(admin, "GET", "/v1/calls", &field, "").status;
    assert_eq!(by(format!("Cookie: {cookie}\r\n")), 200);
    sidecar.write("token", "another-token-0123456789\n");
    sidecar.app().reload().unwrap();
    assert_eq!(by(format!("Cookie: {cookie}\r\n")), 401);
    assert_eq!(by(format!("Authorization: Bearer {TOKEN}\r\n")), 401);
    assert_eq!(by("Authorization: Bearer another-token-0123456789\r\n".to_owned()), 200);
}

#[test]
fn where_it_is_read_only_nothing_changes() {
    let sidecar = sidecar().config("admin.read_only = true\n[[stub]]\nmatch = \"GET /a\"").start();
    let admin = sidecar.app().admin();
    sidecar.get("/a");
    for (method, route, body) in [
        ("DELETE", "/v1/calls", ""),
        ("POST", "/v1/config/reload", "{}"),
        ("POST", "/v1/mocks/default/stubs/get-a/scenarios/default/test", "{}"),
    ] {
        assert_eq!(refusal(&ask(admin, method, route, "", body)).1, "read-only", "{route}");
    }
    assert_eq!(sidecar.calls().len(), 1);
    assert_eq!(get(&sidecar, "/v1/session")["read_only"], true);
    // What only looks goes on.
    assert_eq!(ask(admin, "POST", "/v1/config/check", "", "{}").status, 200);
    assert_eq!(ask(admin, "POST", "/v1/verify", "", "{\"calls\":{}}").json()["verified"], true);
}

#[test]
fn each_change_stands_in_the_log_with_who_made_it_and_no_secret() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("token"), TOKEN).unwrap();
    let config = "proxy.listen = \"127.0.0.1:0\"\nops.listen = \"127.0.0.1:0\"\nadmin.listen = \"127.0.0.1:0\"\n\
                  admin.token = { file = \"token\" }";
    std::fs::write(dir.path().join("standin.toml"), config).unwrap();
    let mut command = standin();
    command.args(["run", "-c", "."]);
    let process = Process::launch(command, dir);
    let field = format!("Authorization: Bearer {TOKEN}\r\n");
    assert_eq!(ask(process.admin, "DELETE", "/v1/calls", &field, "").status, 200);
    let line = process.wait_for_log("changed by the admin API");
    assert_eq!((&line["by"], &line["what"]), (&"token".into(), &"0 calls deleted from the log".into()));
    assert!(line["peer"].as_str().unwrap().starts_with("127.0.0.1:"));
    assert_eq!(ask(process.admin, "POST", "/v1/session", "", "{\"token\":\"a-wrong-guess-0123456789\"}").status, 401);
    process.wait_for_log("a sign-in to the admin API was refused");
    assert!(!process.stderr().contains(TOKEN) && !process.stderr().contains("a-wrong-guess"));
}

/// `curl` of the system, for TLS.
fn curl(arguments: &[&str]) -> (i32, String) {
    let out = Command::new("curl").args(["--silent", "--max-time", "20"]).args(arguments).output().unwrap();
    (out.status.code().unwrap_or(-1), String::from_utf8_lossy(&out.stdout).into_owned())
}

#[test]
fn with_a_token_and_tls_it_is_open_to_others() {
    let certificates = root().join("tests/certificates");
    let file = |name: &str| std::fs::read_to_string(certificates.join(name)).unwrap();
    let builder = sidecar()
        .variable("T", TOKEN)
        .variable("STANDIN_ADMIN__LISTEN", "0.0.0.0:0")
        .file("crt.pem", &file("valid.crt"))
        .file("key.pem", &file("valid.key"));
    let sidecar =
        builder.config("admin.token = { env = \"T\" }\nadmin.tls = { cert = \"crt.pem\", key = \"key.pem\" }").start();
    let port = sidecar.app().admin().port();
    let ca = certificates.join("ca.crt");
    let name = name_of(&certificates.join("valid.crt"));
    let (url, to) = (format!("https://{name}:{port}/v1/calls"), format!("{name}:{port}:127.0.0.1"));
    let common =
        ["--cacert", ca.to_str().unwrap(), "--resolve", &to, "--write-out", "%{http_code}", "--output", "/dev/null"];
    let bearer = format!("Authorization: Bearer {TOKEN}");
    assert_eq!(curl(&[&common[..], &[&url]].concat()), (0, "401".to_owned()));
    assert_eq!(curl(&[&common[..], &["-H", &bearer, &url]].concat()), (0, "200".to_owned()));
    let host = [&common[..], &["-H", &bearer, "-H", "Host: standin.test", &url]].concat();
    assert_eq!(curl(&host), (0, "200".to_owned()), "by any name");
    let body = format!("{{\"token\":\"{TOKEN}\"}}");
    let session = format!("https://{name}:{port}/v1/session");
    let (code, head) = curl(&["--cacert", ca.to_str().unwrap(), "--resolve", &to, "-i", "--json", &body, &session]);
    assert!(code == 0 && head.contains("; Secure"), "{head}");
    // Whoever speaks no TLS hears nothing, and holds nobody up.
    let mut plain = Client::connect(([127, 0, 0, 1], port).into());
    plain.send("GET /v1/calls HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(plain.try_response().is_none_or(|response| response.status == 0));
    assert!(sidecar.metric("standin_tls_certificate_expiry_timestamp_seconds{listener=\"admin\"}").is_some());
}

/// The first name in a certificate.
fn name_of(certificate: &Path) -> String {
    let out = Command::new("openssl")
        .args(["x509", "-noout", "-ext", "subjectAltName", "-in", certificate.to_str().unwrap()])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let names = text.split("DNS:").nth(1).unwrap_or_else(|| panic!("{text}"));
    names.split([',', '\n']).next().unwrap().trim().trim_start_matches("*.").to_owned()
}

#[test]
fn open_to_others_without_a_token_it_takes_bare_addresses_only() {
    let sidecar = sidecar().variable("STANDIN_ADMIN__LISTEN", "0.0.0.0:0").config("admin.insecure = true").start();
    let to = ([127, 0, 0, 1], sidecar.app().admin().port()).into();
    assert_eq!(ask(to, "GET", "/v1/calls", "Host: 10.1.2.3:9092\r\n", "").status, 200);
    assert_eq!(ask(to, "GET", "/v1/calls", "Host: standin.test\r\n", "").status, 403, "a page may have that name");
}
