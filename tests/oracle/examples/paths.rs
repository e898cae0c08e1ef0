//! The normal form of paths, and what templates fit.

use super::decides;

#[test]
fn a_trailing_slash_is_significant() {
    let stubs = r#"
        stub = [
            { name = "with", match = "GET /a/" },
            { name = "without", match = "GET /a" },
            { name = "parameter", match = "GET /b/{x}" },
        ]"#;
    decides(
        stubs,
        &[
            ("GET /a/", "with/default of default"),
            ("GET /a", "without/default of default"),
            ("GET /b/", "Unmatched of default, a miss"),
            ("GET /b/c/", "Unmatched of default, a miss"),
            ("GET /b/c", "parameter/default of default"),
        ],
    );
}

#[test]
fn a_rest_takes_at_least_one_segment_which_may_be_empty() {
    let stubs = r#"
        [[stub]]
        name = "t"
        match = "GET /a/{x...}"
        [[stub.scenario]]
        name = "empty"
        when.path.x = ""
        [[stub.scenario]]
        name = "two"
        when.path.x = "b/c"
        [[stub.scenario]]
        name = "other""#;
    decides(
        stubs,
        &[
            ("GET /a/", "t/empty of default"),
            ("GET /a/b/c", "t/two of default"),
            ("GET /a/b/", "t/other of default"),
            ("GET /a", "Unmatched of default, a miss"),
        ],
    );
}

#[test]
fn spellings_of_one_path_are_one_path() {
    let spellings = ["/a/b", "/%61/b", "//a//b", "/a/./b", "/a/%2e/b", "/a/c/../b", "/a/c/%2E%2e/b", "/a//c/..//b"];
    let stub = r#"stub = [{ name = "t", match = "GET /a/b" }]"#;
    for path in spellings {
        decides(stub, &[(&format!("GET {path}"), "t/default of default")]);
    }
    for path in ["/a/b/", "/a/b/.", "/a/b/c/..", "/a/B", "/a%2Fb", "/a/b/%2F"] {
        decides(stub, &[(&format!("GET {path}"), "Unmatched of default, a miss")]);
    }
}

#[test]
fn a_last_dot_segment_leaves_a_trailing_slash() {
    let stub = r#"stub = [{ name = "t", match = "GET /a/" }, { name = "root", match = "GET /" }]"#;
    for path in ["/a/", "/a/.", "/a/b/..", "/a//", "/./a/"] {
        decides(stub, &[(&format!("GET {path}"), "t/default of default")]);
    }
    for path in ["/", "//", "/.", "/a/.."] {
        decides(stub, &[(&format!("GET {path}"), "root/default of default")]);
    }
}

#[test]
fn an_encoded_slash_stays_inside_its_segment() {
    let stubs = r#"
        stub = [
            { name = "two", match = "GET /a/b" },
            { name = "one", match = "GET /{x}", when.path.x = "a/b" },
            { name = "dots", match = "GET /{x}/{y}", when.path.x = "c/.." },
        ]"#;
    decides(
        stubs,
        &[
            ("GET /a%2Fb", "one/1 of default"),
            ("GET /a%2fb", "one/1 of default"),
            ("GET /a/b", "two/default of default"),
            ("GET /c%2F../d", "dots/1 of default"),
        ],
    );
}

#[test]
fn a_malformed_path_is_refused_before_matching() {
    let stub = r#"stub = [{ name = "t", match = "ANY /{x...}" }]"#;
    for path in ["/%", "/a%2", "/%zz", "/a%00", "/a\\b", "/a%5Cb", "/..", "/a/../..", "/%2e%2E/a", "//.."] {
        decides(stub, &[(&format!("GET {path}"), "refused")]);
    }
    // What stands behind the question mark is no path.
    decides(stub, &[("GET /a?k=%&q=\\&x=../..", "t/default of default")]);
}

#[test]
fn stub_paths_lie_below_the_base_path() {
    let mock = r#"
        stub = [{ name = "t", match = "GET /z" }]
        # file: mocks/m.toml
        base_path = "/a/b"
        stub = [
            { name = "root", match = "GET /" },
            { name = "c", match = "GET /c" },
            { name = "x", match = "GET /{x}/{y}", when.path.x = "c" },
        ]"#;
    decides(
        mock,
        &[
            ("GET /a/b/", "root/default of m"),
            ("GET /a/b", "Unmatched of m, a miss"),
            ("GET /a/b/c", "c/default of m"),
            ("GET /a/b/c/d", "x/1 of m"),
            ("GET /c", "Unmatched of default, a miss"),
            ("GET /a/bc", "Unmatched of default, a miss"),
        ],
    );
}
