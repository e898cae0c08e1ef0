//! Mocks of both kinds of matching beside each other.

use standin::problem::Code;

use crate::oracle::product;

use super::Mock;

/// A strict mock `s` and one of Postman's matching, `p`; each stub is named after its mock and its `match`.
fn both(strict: (&str, &[&str]), postman: (&str, &[&str])) -> Result<Mock, (Vec<Code>, String)> {
    let file = |name: &str, (keys, lines): (&str, &[&str])| {
        let stubs = lines.iter().map(|line| format!("[[stub]]\nname = \"{name} {line}\"\nmatch = {line:?}\n"));
        format!("{keys}\n{}", stubs.collect::<String>())
    };
    let (keys, lines) = postman;
    let files = [
        ("standin.toml".to_owned(), "mocks = [\"mocks/*.toml\"]\n".to_owned()),
        ("mocks/s.toml".to_owned(), file("s", strict)),
        ("mocks/p.toml".to_owned(), file("p", (&format!("matching = \"postman\"\n{keys}"), lines))),
    ];
    product::load(&files).map(Mock)
}

#[test]
fn a_stub_that_says_exactly_what_it_answers_comes_first() {
    let fuzzy = "closest = \"fuzzy\"";
    let of =
        |strict: &str, postman: &str| both(("", &[strict]), (fuzzy, &[postman])).unwrap_or_else(|e| panic!("{}", e.1));
    for (strict, postman, request, expected) in [
        ("GET /a", "GET /A", "GET /a", "s GET /a"),
        ("GET /{x}", "GET /A/", "GET /a", "p GET /A/"),
        ("GET /{x}/b", "GET /a/{y}", "GET /a/b", "s GET /{x}/b"),
        ("GET /{x...}", "GET /a/{y}", "GET /a/b", "p GET /a/{y}"),
        ("GET /{x...}", "GET /a/12", "GET /a/13", "s GET /{x...}"),
        ("GET /b", "GET /a/12", "GET /a/13", "p GET /a/12"),
        ("POST /{x}", "GET /a", "GET /a", "p GET /a"),
        ("ANY /{x}", "GET /{y}", "GET /a", "s ANY /{x}"),
    ] {
        assert_eq!(of(strict, postman).get(request), expected, "{strict}, {postman}: {request}");
    }
}

#[test]
fn a_more_specific_place_comes_before_a_closer_path() {
    let mock =
        both(("", &["GET /api/a"]), ("base_path = \"/api\"", &["GET /{x}"])).unwrap_or_else(|e| panic!("{}", e.1));
    assert_eq!(mock.get("GET /api/a"), "p GET /{x}");
    let mock =
        both(("base_path = \"/api\"", &["GET /{x}"]), ("", &["GET /api/a"])).unwrap_or_else(|e| panic!("{}", e.1));
    assert_eq!(mock.get("GET /api/a"), "s GET /{x}");
    let mock = both(("", &["GET /a"]), ("hosts = [\"*.x\"]", &["GET /a"])).unwrap_or_else(|e| panic!("{}", e.1));
    assert_eq!(mock.ask("GET /a").header("host", "b.x").answer(), "p GET /a");
    assert_eq!(mock.ask("GET /a").header("host", "b.y").answer(), "s GET /a");
}

#[test]
fn the_whole_request_belongs_to_the_mock_of_the_first_candidate() {
    // The strict stub is the first candidate; that its query does not hold makes no other mock of it.
    let mock = both(("", &["GET /a/{x}?q=1"]), ("", &["GET /{y}/{z}"])).unwrap_or_else(|e| panic!("{}", e.1));
    assert_eq!(mock.get("GET /a/b"), "Unmatched");
}

#[test]
fn one_route_in_two_mocks_is_an_error() {
    for (strict, postman) in [("GET /a", "GET /a"), ("GET /a/{x}", "GET /a/{y}?q=1")] {
        let (codes, report) = both(("", &[strict]), ("", &[postman])).err().unwrap();
        assert_eq!(codes, [Code::RouteTaken], "{report}");
        assert!(report.contains("the mock `s` already has this route"), "{report}");
    }
    assert!(both(("", &["GET /a"]), ("", &["GET /A"])).is_ok());
    assert!(both(("", &["ANY /a"]), ("", &["GET /a"])).is_ok());
}

#[test]
fn a_preflight_is_answered_for_the_paths_of_examples() {
    let mock = both(("", &[]), ("", &["PUT /a/{x}", "OPTIONS /o", "PUT /o"])).unwrap_or_else(|e| panic!("{}", e.1));
    let ask = |path: &str, method: &str| {
        let ask = mock.ask(&format!("OPTIONS {path}")).header("origin", "http://o");
        ask.header("access-control-request-method", method).answer()
    };
    assert_eq!(ask("/A/1/", "PUT"), "Preflight");
    assert_eq!(ask("/a/1", "GET"), "Unmatched");
    assert_eq!(ask("/o", "PUT"), "p OPTIONS /o", "a saved OPTIONS example wins");
}
