use super::*;

fn shown(route: Result<Route, Fault>) -> String {
    match route {
        Ok(Route { segments, names: given, clauses }) => {
            let asked: Vec<_> =
                clauses.tests.iter().map(|test| format!(" {:?} {:?}", test.subject, test.ops)).collect();
            format!("{}{}", written(&segments, &names(&segments, &given)), asked.concat())
        }
        Err((why, which)) => format!("{why}: {which}"),
    }
}

#[test]
fn a_path_of_every_form() {
    for (route, expected) in [(Route::any(), "/{rest...}"), (Route::path("/a%20b/c:d/").unwrap(), "/a%20b/c:d/")] {
        assert_eq!(shown(Ok(route)), expected);
    }
    assert_eq!(shown(Route::url("/a?b=1")), "/a Target [Eq(String(\"/a?b=1\"))]");
    assert_eq!(shown(Route::path("/a//b")), r#"/a/b Target [Re("^/a//b(?:\\?|$)")]"#);
    assert_eq!(shown(Route::path("a")), "no request has this path: `a`");
    assert_eq!(shown(Route::template("/t/{id}/{id}/x")), "/t/{id}/{p2}/x");
    assert_eq!(shown(Route::template("/t/a-{id}")), "a parameter that is no whole segment: `a-{id}`");
}

#[test]
fn an_expression_becomes_a_path_where_its_parts_stay_within_their_segments() {
    for (java, expected) in [
        ("/users/[0-9]+", r#"/users/{p1} Path(1) [Re("^[0-9]+$")]"#),
        ("^/users/([^/]+)/x$", "/users/{p1}/x"),
        (r"/v1\.0/(a|b)", r#"/v1.0/{p1} Path(1) [Re("^(a|b)$")]"#),
        (r"/a/\w+", r#"/a/{p1} Path(1) [Re("^[0-9A-Za-z_]+$")]"#),
        ("/a/b", "/a/b"),
        ("/a/.*", "/a/{rest...}"),
        ("/a/.+", r#"/a/{rest...} Path(1) [Re("^.+$")]"#),
        ("/a/[^x]*", r#"/a/{rest...} Path(1) [Re("^[^x]*$")]"#),
        ("/a/b/?", "/a/{rest...} Path(1) [Re(\"^b/?$\")]"),
        (".*", "/{rest...}"),
        ("/.*", "/{rest...}"),
        ("/(a|b)/.*", r#"/{rest...} Path(0) [Re("^(a|b)/.*$")]"#),
        (".*/x", r#"/{rest...} Target [Re("^(?:[^?]*/x)(?:\\?|$)")]"#),
        ("[^b]+/[xy]", r#"/{rest...} Target [Re("^(?:[^?b]+/[xy])(?:\\?|$)")]"#),
        (".*[?]", "a regular expression that cannot be held against the path alone: `.*[?]`"),
        (r"/(?=a).*", "a regular expression without counterpart: `/(?=a).*`"),
    ] {
        assert_eq!(shown(Route::path_pattern(java)), expected, "{java}");
    }
}

#[test]
fn an_expression_for_path_and_query_is_held_against_the_target() {
    for (java, expected) in [
        (r"/a/b\?x=[0-9]+", r#"/a/b Target [Re("^/a/b\\?x=[0-9]+$")]"#),
        (r"/a/[a-z]+\?x=1", r#"/a/{rest...} Target [Re("^/a/[a-z]+\\?x=1$")]"#),
        ("/a/.*", r#"/a/{rest...} Target [Re("^/a/.*$")]"#),
        ("/(a|b)", r#"/{rest...} Target [Re("^/(a|b)$")]"#),
        (".*", "/{rest...}"),
    ] {
        assert_eq!(shown(Route::url_pattern(java)), expected, "{java}");
    }
}
