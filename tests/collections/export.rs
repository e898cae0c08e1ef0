//! `standin export postman-environment` as it is called.

use super::folder;
use crate::support::process::{Ended, output};

const HEAD: &str = "proxy.listen = \"127.0.0.1:8081\"\n";

fn export(config: &str, arguments: &[&str]) -> Ended {
    let dir = folder(&[]);
    std::fs::write(dir.path().join("standin.toml"), config).unwrap();
    for (name, text) in [
        (
            "a.toml",
            "base_path = \"/api/caf%C3%A9%20%2F\"
upstream = \"https://real.test\"
",
        ),
        ("b.toml", "hosts = [\"*.x.test\", \"b.test\"]\n"),
        ("c.toml", "hosts = [\"*.x.test\"]\nbase_path = \"/c\"\n"),
        ("d.toml", "url = \"https://d.staging.test/\"\nbase_path = \"/d\"\n"),
    ] {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    output(&[&["export", "postman-environment"], arguments].concat(), dir.path())
}

/// The values of an environment by name.
fn values(config: &str, arguments: &[&str]) -> Vec<(String, String)> {
    let ended = export(config, arguments);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:?}");
    let environment: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(environment["_postman_variable_scope"], "environment");
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let values = environment["values"].as_array().unwrap();
    assert!(values.iter().all(|value| value["enabled"] == true));
    values.iter().map(|value| (text(&value["key"]), text(&value["value"]))).collect()
}

#[test]
fn an_environment_names_the_mock_and_the_real_service() {
    let stub = "[[stub]]\nmatch = \"GET /a\"\n";
    for (config, mock, mocked, real) in [
        (format!("{HEAD}{stub}"), None, "http://127.0.0.1:8081", None),
        (format!("proxy.upstream = \"http://app:80\"\n{stub}"), None, "http://127.0.0.1:8080", Some("http://app")),
        (
            format!("{HEAD}mocks = [\"[a-d].toml\"]"),
            Some("a"),
            "http://127.0.0.1:8081/api/caf%C3%A9%20%2F",
            Some("https://real.test/api/caf%C3%A9%20%2F"),
        ),
        ("mocks = [\"b.toml\"]\nproxy.listen = \"[::1]:1\"".to_owned(), None, "http://b.test:1", None),
        ("mocks = [\"d.toml\"]\nproxy.listen = \"[::1]:0\"".to_owned(), None, "https://d.staging.test/d", None),
        (
            format!("proxy.listen = \"[::1]:1\"\nproxy.upstream = \"http://[::2]:3000\"\n{stub}"),
            None,
            "http://[::1]:1",
            Some("http://[::2]:3000"),
        ),
    ] {
        let arguments: Vec<&str> = mock.map(|mock| vec!["--mock", mock]).unwrap_or_default();
        let mut expected = vec![("baseUrl", "{{mockUrl}}"), ("mockUrl", mocked)];
        expected.extend(real.map(|real| ("realUrl", real)));
        let expected: Vec<_> = expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        assert_eq!(values(&config, &arguments), expected, "{config}");
    }
}

#[test]
fn what_has_no_url_says_how_to_give_it_one() {
    for (config, arguments, code, says) in [
        ("proxy.listen = \"127.0.0.1:0\"\n[[stub]]\nmatch = \"GET /a\"", &[][..], 1, "set `url` of the mock"),
        ("mocks = [\"c.toml\"]", &[], 1, "set its `url`"),
        ("mocks = [\"b.toml\", \"c.toml\"]", &[], 1, "name one of the mocks with --mock: b, c"),
        ("mocks = [\"b.toml\"]", &["--mock", "x"], 1, "there is no mock `x`; there are: b"),
        ("proxy.upstream = \"http://h\"", &[], 1, "the configuration has no mock"),
        ("mocks = [\"none.toml\"]", &[], 3, "error[bad-pattern]"),
        ("", &["--mock"], 2, "a value is required"),
    ] {
        let ended = export(config, arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (code, ""), "{config}: {ended:?}");
        assert!(ended.stderr.contains(says), "{config}: {ended:?}");
    }
}
