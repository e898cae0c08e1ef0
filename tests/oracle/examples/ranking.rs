//! Which stub and which mock come first.

use super::decides;

#[test]
fn a_literal_beats_a_parameter_and_a_parameter_beats_a_rest() {
    let stubs = r#"
        stub = [
            { name = "rest", match = "GET /a/{x...}" },
            { name = "star", match = "GET /a/*" },
            { name = "literal", match = "GET /a/b" },
        ]"#;
    decides(
        stubs,
        &[
            ("GET /a/b", "literal/default of default"),
            ("GET /a/c", "star/default of default"),
            ("GET /a/b/c", "rest/default of default"),
            ("GET /a/", "rest/default of default"),
            ("GET /a", "Unmatched of default, a miss"),
        ],
    );
}

#[test]
fn the_first_segment_that_differs_decides() {
    let stubs = r#"
        stub = [
            { name = "late", match = "GET /{x}/b/c" },
            { name = "early", match = "GET /a/{x...}" },
        ]"#;
    decides(stubs, &[("GET /a/b/c", "early/default of default"), ("GET /d/b/c", "late/default of default")]);
}

#[test]
fn the_path_counts_before_the_method() {
    let stubs = r#"
        stub = [
            { name = "get", match = "GET /{x}" },
            { name = "any", match = "ANY /a" },
        ]"#;
    decides(stubs, &[("GET /a", "any/default of default"), ("GET /b", "get/default of default")]);
}

#[test]
fn a_head_call_takes_head_then_get_then_any() {
    let stubs = r#"
        stub = [
            { name = "any", match = "ANY /{x}" },
            { name = "get", match = "GET /{x}", when.path.x = { ne = "b" } },
            { name = "head", match = "HEAD /{x}", when.path.x = "a" },
        ]"#;
    decides(
        stubs,
        &[
            ("HEAD /a", "head/1 of default"),
            ("HEAD /c", "get/1 of default"),
            ("HEAD /b", "any/default of default"),
            ("GET /a", "get/1 of default"),
            ("POST /a", "any/default of default"),
        ],
    );
}

#[test]
fn more_query_conditions_in_match_come_first() {
    let stubs = r#"
        stub = [
            { name = "none", match = "GET /a" },
            { name = "one", match = "GET /a?k=1" },
            { name = "two", match = "GET /a?k=1&q=a" },
        ]"#;
    decides(
        stubs,
        &[
            ("GET /a?q=a&k=1", "two/default of default"),
            ("GET /a?q=b&k=1", "one/default of default"),
            ("GET /a?k=2&k=1", "one/default of default"),
            ("GET /a?q=a", "none/default of default"),
        ],
    );
}

#[test]
fn what_ranks_alike_goes_by_file_order() {
    let stubs = r#"
        stub = [
            { name = "first", match = "GET /a", when.query.k = "1" },
            { name = "second", match = "GET /a", when.query.q = "1" },
            { name = "third", match = "GET /a", when = { query.k = "1", query.q = "1" } },
        ]"#;
    decides(stubs, &[("GET /a?k=1&q=1", "first/1 of default"), ("GET /a?q=1", "second/1 of default")]);
}

const HOSTS: &str = r#"
    stub = [{ name = "none", match = "GET /a/b" }]
    # file: mocks/wide.toml
    hosts = ["*.x"]
    stub = [{ name = "t", match = "GET /a/{p}" }]
    # file: mocks/narrow.toml
    hosts = ["*.b.x"]
    stub = [{ name = "t", match = "GET /{p...}" }]
    # file: mocks/exact.toml
    hosts = ["a.x"]
    stub = [{ name = "t", match = "ANY /{p...}" }]"#;

#[test]
fn an_exact_host_beats_a_wildcard_and_a_wildcard_beats_none() {
    decides(
        HOSTS,
        &[
            ("GET /a/b\nHost: a.x", "t/default of exact"),
            ("GET /a/b\nHost: A.X.:8080", "t/default of exact"),
            ("GET /a/b\nHost: c.x", "t/default of wide"),
            ("GET /a/b\nHost: b.x", "t/default of wide"),
            ("GET /a/b\nHost: q.r.b.x", "t/default of narrow"),
            ("GET /a/b\nHost: x", "none/default of default"),
            ("GET /a/b", "none/default of default"),
        ],
    );
}

#[test]
fn port_case_and_a_final_dot_count_on_neither_side() {
    for pattern in ["A.X", "a.x:81", "a.x.", "*.X", "*.x:81", "*.x."] {
        let mock =
            format!("# file: mocks/m.toml\nhosts = [\"{pattern}\"]\nstub = [{{ name = \"t\", match = \"ANY /a\" }}]");
        for host in ["a.x", "A.x:80", "a.X.", "a.x.:80"] {
            decides(&mock, &[(&format!("GET /a\nHost: {host}"), "t/default of m")]);
        }
    }
}

#[test]
fn a_host_without_a_fitting_stub_leaves_the_call_to_the_next_mock() {
    decides(
        HOSTS,
        &[
            ("GET /a\nHost: c.x", "Unmatched of wide, a miss"),
            ("POST /a/b\nHost: c.x", "Unmatched of wide, a miss"),
            ("GET /a/b/c\nHost: q.b.x", "t/default of narrow"),
        ],
    );
}

const BASES: &str = r#"
    stub = [{ name = "t", match = "GET /api/v1/users" }]
    # file: mocks/long.toml
    base_path = "/api/v1"
    stub = [{ name = "t", match = "ANY /{rest...}", when.query.k = "1" }]
    # file: mocks/short.toml
    base_path = "/api"
    stub = [{ name = "t", match = "GET /v1/{x}" }, { name = "root", match = "GET /" }]"#;

#[test]
fn a_longer_base_path_beats_a_better_template() {
    decides(
        BASES,
        &[
            ("GET /api/v1/users?k=1", "t/1 of long"),
            ("GET /api/", "root/default of short"),
            ("GET /api", "Unmatched of short, a miss"),
            ("GET /apix", "Unmatched of default, a miss"),
        ],
    );
}

#[test]
fn the_first_candidate_settles_the_mock() {
    // Both other mocks hold a stub that would answer.
    decides(BASES, &[("GET /api/v1/users", "Unmatched of long, a miss")]);
}

#[test]
fn a_call_without_a_candidate_lies_in_the_most_specific_mock() {
    let mocks = r#"
        [proxy]
        upstream = "http://127.0.0.1:1"
        # file: mocks/a.toml
        stub = [{ name = "t", match = "GET /a" }]
        # file: mocks/B.toml
        stub = [{ name = "t", match = "GET /b" }]
        # file: mocks/base.toml
        base_path = "/c"
        stub = [{ name = "t", match = "GET /a" }]
        # file: mocks/host.toml
        hosts = ["a.x"]
        stub = [{ name = "t", match = "GET /a" }]"#;
    decides(
        mocks,
        &[
            // `B` sorts before `a`; a mock without a scope has no misses of its own.
            ("GET /z", "Forward of B"),
            ("GET /c", "Forward of base, a miss"),
            ("GET /c/z\nHost: a.x", "Forward of host, a miss"),
            ("POST /a", "Forward of B"),
        ],
    );
}

#[test]
fn a_forwarded_call_with_a_candidate_is_a_miss() {
    let mocks = r#"
        [proxy]
        upstream = "http://127.0.0.1:1"
        [[stub]]
        name = "t"
        match = "GET /a"
        when.query.k = "1""#;
    decides(mocks, &[("GET /a", "Forward of default, a miss"), ("GET /b", "Forward of default")]);
}

#[test]
fn an_upstream_of_the_mock_takes_what_its_stubs_leave() {
    let mocks = r#"
        stub = [{ name = "t", match = "GET /a" }]
        # file: mocks/b.toml
        upstream = "http://127.0.0.1:1"
        base_path = "/b"
        stub = [{ name = "t", match = "GET /a" }]"#;
    decides(mocks, &[("GET /b/z", "Forward of b, a miss"), ("GET /z", "Unmatched of default, a miss")]);
}

#[test]
fn an_unmatched_call_outside_every_mock_is_a_miss() {
    let mocks = r#"
        # file: mocks/a.toml
        hosts = ["a.x"]
        stub = [{ name = "t", match = "GET /a" }]"#;
    decides(mocks, &[("GET /a", "Unmatched of none, a miss")]);
}

#[test]
fn a_forwarded_call_outside_every_mock_is_plain_pass_through() {
    let mocks = r#"
        [proxy]
        upstream = "http://127.0.0.1:1"
        # file: mocks/a.toml
        hosts = ["a.x"]
        stub = [{ name = "t", match = "GET /a" }]"#;
    decides(mocks, &[("GET /a", "Forward of none")]);
}
