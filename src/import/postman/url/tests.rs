use super::*;
use crate::import::json::parse;
use crate::import::postman::variables::known;
use crate::problem::SourceId;

fn url(json: &str) -> Url {
    let pairs = [("base", "https://h.test/api/v1"), ("slash", "/"), ("id", "7"), ("q", "a b"), ("none", "")];
    let variables = Variables::new(&known(&pairs), &[], &mut Vec::new());
    let node = parse(json, SourceId::NONE).unwrap_or_else(|problem| panic!("{problem:?}"));
    read(Some(node), &variables)
}

/// The path as text, wildcards in braces.
fn path(json: &str) -> String {
    let show = |segment: &Segment| match segment {
        Segment::Literal(text) => format!("/{text}"),
        Segment::Wildcard(name) => format!("/{{{name}}}"),
    };
    url(json).path.iter().map(show).collect()
}

#[test]
fn the_path_of_every_form_of_url() {
    for (json, expected) in [
        (r#""https://h.test:80/a/b?x=1#f""#, "/a/b"),
        (r#""{{base}}/users/{{id}}""#, "/api/v1/users/7"),
        (r#""{{slash}}/users""#, "/users"),
        (r#""{{host}}/users/{{user}}""#, "/users/{user}"),
        (r#""{{host}}""#, "/"),
        (r#""h.test/users/""#, "/users/"),
        (r#""//h.test/post?random=yeah""#, "/post"),
        (r#""/users//./a/../b""#, "/users/b"),
        (r#""h.test/a/{{x}}{{y}}/f-{{x}}.json""#, "/a/{{x}}{{y}}/f-{{x}}.json"),
        (r#""h.test/a/{{none}}/b/{{none}}""#, "/a/b/"),
        (r#""h/go/http://x/y""#, "/go/http:/x/y"),
        (
            r#"{"raw": "http:///p/:name", "path": ["p", ":name"], "variable": [{"key": "name", "value": ""}]}"#,
            "/p/{name}",
        ),
        (r#"{"raw": "{{base}}/x", "host": ["{{base}}"], "path": ["x"]}"#, "/api/v1/x"),
        (r#"{"raw": "h/only/raw?a=1"}"#, "/only/raw"),
        (r#"{"protocol": "https", "host": "h.test", "port": "80", "path": "/a/b"}"#, "/a/b"),
        (
            r#"{"host": ["h"], "path": [{"type": "string", "value": "a"}, 7, ":v", ":w.json", ":x.y", ":u"],
            "variable": [{"key": "v", "value": "{{user}}"}, {"key": "w", "value": "1"}, {"key": "u", "value": "a/b"}]}"#,
            "/a/7/{user}/1.json/:x.y/a/b",
        ),
        (
            r#"{"host": ["h"], "path": [":v"], "variable": [{"id": "v", "value": "1"}, {"key": "v", "value": "2"}]}"#,
            "/2",
        ),
        (r#"{}"#, "/"),
        (r#"17"#, "/"),
    ] {
        assert_eq!(path(json), expected, "{json}");
    }
}

#[test]
fn the_query_of_every_form_of_url() {
    for (json, expected) in [
        (r#""h/a?x=1&y=a%20b+c&z&x=2""#, &[("x", "1"), ("y", "a b c"), ("z", ""), ("x", "2")][..]),
        (
            r#"{"raw": "h/a?b=1", "host": ["h"], "path": ["a"],
            "query": [{"key": "x", "value": "{{q}}"}, {"key": "off", "value": "1", "disabled": true},
                      {"key": "flag", "value": null}, {"key": null, "value": null}, {"key": "amp", "value": "a&b"}, "s=1"]}"#,
            &[("x", "a b"), ("flag", ""), ("amp", "a&b"), ("s", "1")],
        ),
        (r#"{"host": ["h"], "query": "x=1"}"#, &[("x", "1")]),
        (r#"{"host": ["h"], "path": ["a"], "query": null}"#, &[]),
    ] {
        let expected: Vec<_> = expected.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert_eq!(url(json).query, expected, "{json}");
    }
}

#[test]
fn paths_that_no_request_has_are_told() {
    assert!(url(r#""h/../a""#).fault.is_some());
    assert!(url(r#""h/a%5Cb""#).fault.is_some());
    assert!(url(r#""h/a%zz/..""#).fault.is_none());
}

#[test]
fn placeholders_and_stuck_variables_are_remarked_upon() {
    let placed = url(r#"{"path": ["a", ":id", ":f.json"], "variable": [{"key": "id", "value": "<long>"}]}"#);
    assert_eq!(placed.remarks.len(), 2, "{placed:?}");
}
