//! `standin import har` as it is called, and the mocks that it makes.

use expect_test::expect_file;
use serde_json::json;

use super::{path, shown};
use crate::support::process::{Ended, output};
use crate::support::{Sidecar, sidecar};

fn import(dir: &tempfile::TempDir, arguments: &[&str]) -> Ended {
    output(&[&["import", "har"], arguments].concat(), dir.path())
}

/// A folder with the archive of these tests.
fn recorded() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(path("calls.har"), dir.path().join("calls.har")).unwrap();
    dir
}

/// A sidecar with the mocks of the archive's main host, for all hosts.
fn running(dir: &tempfile::TempDir) -> Sidecar {
    let ended = import(dir, &["calls.har", "--host", "api.test", "-o", "mocks"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    sidecar().config(&format!("mocks = [\"{}\"]", dir.path().join("mocks/*.toml").display())).start()
}

#[test]
fn every_kind_of_call_becomes_a_scenario_or_is_named() {
    let dir = recorded();
    let ended = import(&dir, &["calls.har", "--output", "mocks"]);
    let said = format!("exit code {}\n{}{}", ended.code, ended.stdout, ended.stderr);
    expect_file!["har.said"].assert_eq(&said);
    let written = shown(&dir.path().join("mocks"));
    expect_file!["har.written"].assert_eq(&written);
    // No secret of the archive is left, neither in what was written nor in what was said.
    for secret in ["abcdefgh", "0123456789abcdef", "fedcba", "1234567890", "verysecret", "t-1", "hunter2"] {
        assert!(!written.contains(secret) && !said.contains(secret), "{secret}");
    }
}

#[test]
fn requests_get_the_answers_that_were_recorded_and_others_none() {
    let dir = recorded();
    let sidecar = running(&dir);
    for (target, expected) in [
        ("/users?page=1", "{\"page\":1}"),
        ("/users?page=1&_=17", "{\"page\":1}"),
        ("/users?sort=name&page=2", "{\"page\":2}"),
        ("/users", "{\"page\":0}"),
        ("/tags?t=b&t=a", "[\"a\",\"b\"]"),
        ("/me?access_token=another", "{\"token\":\"[redacted]\",\"echo\":\"[redacted]\",\"name\":\"{{Ada}}\"}"),
        ("/text64", "plain text"),
        ("/gzip", "once packed"),
        ("/deflate", "packed too"),
    ] {
        let answer = sidecar.get(target);
        assert_eq!((answer.status, answer.text().as_str()), (200, expected), "{target}");
        assert_eq!(answer.header("content-encoding"), None, "{target}");
    }
    for target in ["/users?page=3", "/users?page=1&sort=name", "/tags?t=a", "/me", "/unsaved", "/old", "/damaged"] {
        assert_eq!(sidecar.get(target).status, 404, "{target}");
    }
    let brotli = sidecar.get("/brotli");
    assert_eq!(
        (brotli.body.as_slice(), brotli.header("content-encoding")),
        (&[0x0b, 2, 0x80, 0x68, 0xff, 3][..], Some("br"))
    );
    let logo = sidecar.get("/logo.png");
    assert_eq!((logo.body.len(), logo.header("content-type")), (520, Some("image/png")));
    let again = sidecar.connect().get_with("/users?page=1", "x-mock-response-id: get-users/answer-2\r\n");
    assert_eq!(again.text(), "{\"page\":1,\"again\":true}");
    let cookies = sidecar.get("/me?access_token=x");
    assert_eq!(cookies.all("set-cookie"), ["session=[redacted]; Path=/; HttpOnly", "other=[redacted]"]);
}

#[test]
fn bodies_of_requests_tell_calls_apart() {
    let dir = recorded();
    let sidecar = running(&dir);
    let json = "content-type: application/json\r\n";
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    for (target, headers, body, status) in [
        ("/users", json, "{\"n\": 1.5, \"name\": \"Grace\"}", 201),
        ("/users", json, "{\"name\": \"Ada\", \"nick\": null}", 409),
        ("/users", json, "{\"name\": \"Bob\"}", 404),
        ("/login", json, "{\"user\": \"ada\", \"password\": \"any\"}", 200),
        ("/login", json, "{\"user\": \"ada\"}", 404),
        ("/login", json, "{\"user\": \"bob\", \"password\": \"any\"}", 404),
        ("/form", form, "secret=any&a=1+2", 200),
        ("/form", form, "secret=any&a=12", 404),
        ("/upload", "", "anything", 200),
    ] {
        assert_eq!(sidecar.connect().post(target, headers, body.as_bytes()).status, status, "{target} {body}");
    }
    assert_eq!(sidecar.connect().post("/text", "", b"hello").text(), "text");
    assert_eq!(sidecar.connect().post("/text", "", b"").text(), "nothing");
    assert_eq!(sidecar.connect().post("/text", "", b"other").status, 404);
}

#[test]
fn hosts_are_mocks_of_their_own_unless_one_is_chosen() {
    let dir = recorded();
    let all = import(&dir, &["calls.har", "-o", "all", "--name", "shop"]);
    assert_eq!(all.code, 0, "{all:?}");
    let text = |path: &str| std::fs::read_to_string(dir.path().join(path)).unwrap();
    assert!(text("all/shop-api-test.toml").contains("\nhosts = [\"api.test\"]\n"));
    assert!(text("all/shop-cdn-test.toml").contains("\nhosts = [\"cdn.test\"]\n"));
    let one = import(&dir, &["calls.har", "-o", "one.toml", "--host", "CDN.test"]);
    assert_eq!(one.code, 0, "{one:?}");
    assert!(!text("one.toml").contains("hosts") && text("one.toml").contains("name = \"cdn-test\""));
    let both = import(&dir, &["calls.har", "-o", "both.toml"]);
    assert_eq!(both.code, 2, "{both:?}");
    assert!(both.stderr.contains("there are several mocks, and --output is one file: api-test, cdn-test"), "{both:?}");
    let none = import(&dir, &["calls.har", "-o", "none", "--host", "other.test"]);
    assert_eq!((none.code, dir.path().join("none").exists()), (3, false), "{none:?}");
    assert!(none.stderr.contains("none of the calls can be answered; nothing was written"), "{none:?}");
}

#[test]
fn what_is_no_archive_is_refused_and_nothing_is_written() {
    let dir = recorded();
    let whole = std::fs::read_to_string(path("calls.har")).unwrap();
    for (name, text, says) in [
        ("cut.har", &whole[..whole.len() / 2], "error[json-syntax]"),
        ("list.har", "[]", "an archive is an object, and this is an array"),
        ("other.har", "{\"item\": []}", "it has no `log`"),
        ("empty.har", "{\"log\": {}}", "`log` has a list `entries`"),
        ("text.har", "{\"log\": {\"entries\": \"x\"}}", "`entries` is a list, and this is a string"),
        ("none.har", "{\"log\": {\"entries\": []}}", "none of the calls can be answered"),
    ] {
        std::fs::write(dir.path().join(name), text).unwrap();
        let ended = import(&dir, &[name, "-o", "out"]);
        assert_eq!(ended.code, 3, "{name}: {ended:?}");
        assert!(ended.stderr.contains(says), "{name}: {ended:?}");
    }
    assert!(!dir.path().join("out").exists());
    let marked = format!("\u{feff}{whole}");
    std::fs::write(dir.path().join("marked.har"), marked).unwrap();
    assert_eq!(import(&dir, &["marked.har", "-o", "out"]).code, 0, "a byte order mark is no mistake");
}

#[test]
fn calls_whose_address_no_request_can_have_are_left_out_and_the_others_answer() {
    let dir = tempfile::tempdir().unwrap();
    let call = |url: &str| json!({ "request": { "method": "GET", "url": url }, "response": { "status": 200 } });
    let odd = ["http://*/x", "http://a b/x", "http://h:1:2/x", "http://x,y/x", "http://\u{fc}.test/x", "http:///x"];
    let sound = ["http://[::1]:8080/a", "http://a_b.test/{x}?c=%zz&d#e", "https://H.test./a/%2e%2e/b//c"];
    let entries: Vec<_> = odd.iter().chain(&sound).map(|url| call(url)).collect();
    std::fs::write(dir.path().join("odd.har"), json!({ "log": { "entries": entries } }).to_string()).unwrap();
    let ended = import(&dir, &["odd.har"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    for url in odd {
        assert!(ended.stdout.contains(&format!("GET {url}: left out: ")), "{url}: {ended:?}");
    }
    assert_eq!(ended.stdout.matches("\nwrote ").count(), sound.len(), "{ended:?}");
}

/// A gzip bomb of many GiB, a deeply nested body, and very many calls.
#[test]
fn large_and_hostile_archives_are_bounded() {
    use base64::Engine as _;
    let dir = tempfile::tempdir().unwrap();
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let zeros = vec![0_u8; 1 << 20];
    for _ in 0..100 {
        std::io::Write::write_all(&mut bomb, &zeros).unwrap();
    }
    let bomb = base64::engine::general_purpose::STANDARD.encode(bomb.finish().unwrap());
    // Each is small enough, and three of them are too much.
    let mut large = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    (0..50).for_each(|_| std::io::Write::write_all(&mut large, &zeros).unwrap());
    let large = base64::engine::general_purpose::STANDARD.encode(large.finish().unwrap());
    let call = |url: &str, headers: serde_json::Value, content: serde_json::Value| json!({ "request": { "method": "GET", "url": url }, "response": { "status": 200, "headers": headers, "content": content } });
    let packed = json!([{ "name": "Content-Encoding", "value": "gzip" }]);
    let mut entries = vec![
        call("https://h.test/bomb", packed.clone(), json!({ "text": bomb, "encoding": "base64" })),
        call("https://h.test/deep", json!([]), json!({ "text": "[".repeat(200_000) })),
    ];
    let large = |n: u8| {
        call(&format!("https://h.test/large/{n}"), packed.clone(), json!({ "text": large, "encoding": "base64" }))
    };
    entries.extend((0..3).map(large));
    entries.extend(
        (0..5_000)
            .map(|n| call(&format!("https://h.test/n/{}?k={n}", n % 10), json!([]), json!({ "text": n.to_string() }))),
    );
    std::fs::write(dir.path().join("large.har"), json!({ "log": { "entries": entries } }).to_string()).unwrap();
    let ended = import(&dir, &["large.har"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        ended.stdout.contains("GET https://h.test/bomb: left out: a packed body of more than 64 MiB"),
        "{}",
        ended.stdout
    );
    let together = "GET https://h.test/large/2: left out: packed bodies of more than 128 MiB together";
    assert!(ended.stdout.contains(together), "{}", ended.stdout);
    assert!(ended.stdout.contains("13 stubs and 5003 scenarios from 5003 of 5005 calls"), "{}", ended.stdout);
}
