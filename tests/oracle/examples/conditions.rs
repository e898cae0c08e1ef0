//! Scenarios in their order, and the operators one by one.

use super::decides;

/// One stub whose only condition is `when`, and a stub behind it that takes the rest.
fn holds(when: &str, requests: &[(&str, bool)]) {
    let stubs = format!(
        r#"stub = [{{ name = "t", match = "ANY /a", when.{when} }}, {{ name = "rest", match = "ANY /{{x}}" }}]"#
    );
    for (request, holds) in requests {
        decides(&stubs, &[(request, if *holds { "t/1 of default" } else { "rest/default of default" })]);
    }
}

#[test]
fn a_scenario_with_more_conditions_is_tried_first() {
    let stub = r#"
        [[stub]]
        name = "t"
        match = "GET /a"
        [[stub.scenario]]
        name = "none"
        [[stub.scenario]]
        name = "one"
        when.query.k = { in = ["1", "2"] }
        [[stub.scenario]]
        name = "two, by the smallest branch"
        when.query.k = "1"
        when.any = [{ header.h = "1", header.i = "1" }, { header.h = "2" }]
        [[stub.scenario]]
        name = "three operators"
        when.query.k = { ge = 1, le = 1, ne = "1.0" }"#;
    decides(
        stub,
        &[
            ("GET /a?k=1\nh: 2", "t/three operators of default"),
            ("GET /a?k=1\nh: 1\ni: 1", "t/three operators of default"),
            ("GET /a?k=1.0", "t/none of default"),
            ("GET /a?k=2", "t/one of default"),
            ("GET /a?k=1&k=1.0\nh: 2", "t/two, by the smallest branch of default"),
            ("GET /a?k=1&k=1.0\nh: 1", "t/one of default"),
        ],
    );
}

#[test]
fn a_stub_whose_scenarios_fail_leaves_the_call_to_the_next_candidate() {
    let stubs = r#"
        stub = [
            { name = "best", match = "GET /a/b", when.header.h = "1" },
            { name = "next", match = "GET /a/{x}", when.path.x = "b" },
            { name = "last", match = "ANY /{x...}" },
        ]"#;
    decides(
        stubs,
        &[
            ("GET /a/b\nH: 1", "best/1 of default"),
            ("GET /a/b\nH: 2", "next/1 of default"),
            ("GET /a/c", "last/default of default"),
        ],
    );
}

#[test]
fn one_of_repeated_values_satisfies_all_positive_operators_together() {
    holds("query.k = { prefix = \"a\", suffix = \"z\" }", &[("GET /a?k=abz", true), ("GET /a?k=ab&k=yz", false)]);
    holds("header.h = { gt = 1, lt = 3 }", &[("GET /a\nh: 5\nH: 2", true), ("GET /a\nh: 0\nh: 5", false)]);
    holds("cookie.c = \"2\"", &[("GET /a\ncookie: c=1; c=2", true), ("GET /a\ncookie: c=1\ncookie: c=2", true)]);
}

#[test]
fn ne_and_not_hold_for_all_values() {
    let requests = [("GET /a?k=2&k=3", true), ("GET /a?k=2&k=1", false), ("GET /a", false), ("GET /a?k=", true)];
    holds("query.k = { ne = 1 }", &requests);
    holds("query.k = { not = { eq = \"1\" } }", &requests);
    // One operator that fails is enough for `not`.
    holds("query.k = { not = { prefix = \"a\", suffix = \"z\" } }", &[("GET /a?k=ab", true), ("GET /a?k=az", false)]);
}

#[test]
fn a_missing_value_fails_every_operator_but_absent() {
    holds("query.k = { absent = true }", &[("GET /a?K=1", true), ("GET /a?k", false), ("GET /a?k=&k=1", false)]);
    holds("query.k = { present = true }", &[("GET /a", false), ("GET /a?k", true)]);
    holds("header.h = { re = \"\" }", &[("GET /a", false), ("GET /a\nh: ", true)]);
    holds("body = { absent = true }", &[("POST /a", true), ("POST /a\n\nx", false)]);
    holds("body = { contains = \"\" }", &[("POST /a", false), ("POST /a\n\nx", true)]);
}

#[test]
fn text_is_equal_by_its_letters_and_json_by_its_value() {
    holds("query.k = 1.0", &[("GET /a?k=1.0", true), ("GET /a?k=1", false)]);
    holds("query.k = true", &[("GET /a?k=true", true), ("GET /a?k=True", false)]);
    let one = [("1", true), ("1.0", true), ("1e0", true), ("\"1\"", false), ("true", false), ("[1]", false)];
    for (body, expected) in one {
        holds("json.\"$.n\" = 1", &[(&format!("POST /a\n\n{{\"n\": {body}}}"), expected)]);
    }
    let whole = "json.\"$\" = { eq = { n = [1, { m = \"x\" }] } }";
    holds(
        whole,
        &[("POST /a\n\n{\"n\": [1.0, {\"m\": \"x\"}]}", true), ("POST /a\n\n{\"n\": [1.0], \"m\": 1}", false)],
    );
}

#[test]
fn comparisons_take_what_reads_as_a_finite_number() {
    holds(
        "query.k = { gt = 1 }",
        &[
            ("GET /a?k=1.5", true),
            ("GET /a?k=1", false),
            ("GET /a?k=inf", false),
            ("GET /a?k=NaN", false),
            ("GET /a?k=x", false),
        ],
    );
    for (body, expected) in
        [("2", true), ("\"2\"", true), ("1.5", true), ("true", false), ("null", false), ("[2]", false)]
    {
        holds("json.\"$.n\" = { gt = 1, le = 2.0 }", &[(&format!("POST /a\n\n{{\"n\": {body}}}"), expected)]);
    }
}

#[test]
fn whole_numbers_compare_to_the_last_digit() {
    // 2^53 and 2^53 + 1: as floating-point numbers they are one.
    let body = |value: &str| format!("POST /a\n\n{{\"n\": {value}}}");
    for (operator, expected) in [("eq", false), ("ne", true), ("gt", true), ("ge", true), ("lt", false), ("le", false)]
    {
        let when = |place: &str| format!("{place} = {{ {operator} = 9007199254740992 }}");
        holds(&when("json.\"$.n\""), &[(&body("9007199254740993"), expected)]);
        holds(&when("query.n"), &[("GET /a?n=9007199254740993", expected)]);
    }
}

#[test]
fn text_operators_see_the_text_of_json_scalars() {
    let body = |value: &str| format!("POST /a\n\n{{\"n\": {value}}}");
    let cases = [
        ("contains = \"b\"", "\"abc\"", true),
        ("contains = \"B\"", "\"abc\"", false),
        ("contains = \"b\"", "[\"a\", \"b\"]", true),
        ("contains = \"b\"", "[\"abc\"]", false),
        ("contains = 1", "[1.0]", true),
        ("prefix = \"1\"", "12", true),
        ("suffix = \"e\"", "true", true),
        ("re = \"^1\\\\.\"", "1.5", true),
        ("re = \"\"", "[]", false),
        ("re = \"\"", "{}", false),
        ("in = [\"1\", 2]", "2.0", true),
        ("in = [\"1\", 2]", "1", false),
    ];
    for (operator, value, expected) in cases {
        holds(&format!("json.\"$.n\" = {{ {operator} }}"), &[(&body(value), expected)]);
    }
}

#[test]
fn a_subset_is_looked_for_member_by_member_and_in_order() {
    let cases = [
        ("{ a = 1 }", "{\"a\": 1.0, \"b\": 2}", true),
        ("{ a = { b = 1 } }", "{\"a\": {\"b\": 1, \"c\": 2}}", true),
        ("{ a = 1, b = 2 }", "{\"a\": 1}", false),
        ("[1, 3]", "[1, 2, 3]", true),
        ("[3, 1]", "[1, 2, 3]", false),
        ("[1, 1]", "[1]", false),
        ("[{ a = 1 }]", "[{\"b\": 0}, {\"a\": 1, \"b\": 0}]", true),
        ("{ a = \"1\" }", "{\"a\": 1}", false),
    ];
    for (part, body, expected) in cases {
        holds(&format!("json.\"$\" = {{ subset = {part} }}"), &[(&format!("POST /a\n\n{body}"), expected)]);
    }
}

#[test]
fn several_nodes_are_like_repeated_values() {
    let body = "POST /a\n\n{\"l\": [1, 5]}";
    holds("json.\"$.l[*]\" = { gt = 1, lt = 5 }", &[(body, false)]);
    holds("json.\"$.l[*]\" = 5", &[(body, true)]);
    holds("json.\"$.l[*]\" = { ne = 5 }", &[(body, false), ("POST /a\n\n{\"l\": []}", false)]);
    holds(
        "json.\"$.l[*]\" = { absent = true }",
        &[("POST /a\n\n{\"l\": []}", true), ("POST /a\n\n{\"l\": [null]}", false)],
    );
}

#[test]
fn of_a_body_that_is_no_json_no_condition_holds() {
    for when in ["{ absent = true }", "{ ne = 1 }", "{ not = { eq = 1 } }"] {
        holds(&format!("json.\"$.n\" = {when}"), &[("POST /a\n\nnope", false), ("POST /a", false)]);
    }
    holds("json.\"$.n\" = { absent = true }", &[("POST /a\n\n{}", true), ("POST /a\n\n[]", true)]);
}

#[test]
fn a_form_needs_its_content_type_or_none() {
    let body = "a=1&f=x+y%21";
    for (fields, expected) in [
        ("", true),
        ("\ncontent-type: application/x-www-form-urlencoded", true),
        ("\ncontent-type: Application/X-WWW-Form-Urlencoded; charset=utf-8", true),
        ("\ncontent-type: text/plain", false),
    ] {
        holds("form.f = \"x y!\"", &[(&format!("POST /a{fields}\n\n{body}"), expected)]);
    }
}

#[test]
fn queries_are_decoded_as_forms() {
    holds("query.k = \"a b\"", &[("GET /a?k=a+b", true), ("GET /a?k=a%20b", true), ("GET /a?%6B=a%20b", true)]);
    holds("query.k = \"1%\"", &[("GET /a?k=1%", true), ("GET /a?k=1%25", true), ("GET /a?k=1%2", false)]);
    holds("query.k = \"\"", &[("GET /a?k", true), ("GET /a?k=", true), ("GET /a?kk", false)]);
}

#[test]
fn cookies_are_trimmed_and_lose_their_quotes() {
    let is_one = |line: &str, expected| holds("cookie.c = \"1\"", &[(&format!("GET /a\nCookie: {line}"), expected)]);
    for line in ["c=1", " c=1 ; d=2", "d=2;c=1", "c=\"1\"", "junk; c=1"] {
        is_one(line, true);
    }
    for line in ["C=1", "c=\"1", "c", "d=c=1"] {
        is_one(line, false);
    }
}

#[test]
fn header_names_ignore_case_and_values_do_not() {
    holds("header.X-Plan = \"gold\"", &[("GET /a\nx-pLAN: gold", true), ("GET /a\nX-Plan: Gold", false)]);
}

#[test]
fn the_target_is_path_and_query_as_they_were_sent() {
    holds("target = \"/a\"", &[("GET /a", true), ("GET /a?", false), ("GET /a?k=1", false), ("GET /%61", false)]);
    holds("target = \"/./a?k=%20\"", &[("GET /./a?k=%20", true), ("GET /a?k=%20", false), ("GET /./a?k=+", false)]);
    holds("target = { re = '^/a\\?(k|l)=[0-9]+$' }", &[("GET /a?l=17", true), ("GET /a?k=1&l=1", false)]);
    holds("target = { absent = true }", &[("GET /a", false)]);
}

#[test]
fn one_branch_of_any_suffices() {
    let when = "any = [{ query.k = \"1\", header.h = \"1\" }, { cookie.c = { present = true } }]";
    holds(
        when,
        &[("GET /a?k=1", false), ("GET /a?k=1\nh: 1", true), ("GET /a\ncookie: c=", true), ("GET /a\nh: 1", false)],
    );
}

#[test]
fn many_scenarios_told_apart_by_one_member_keep_their_order() {
    let mut stub = String::from("[[stub]]\nname = \"t\"\nmatch = \"POST /a\"\n");
    let values = ["1", "\"1\"", "1.0", "true", "\"true\"", "2", "3", "4", "5", "6", "7", "8"];
    for (i, value) in values.iter().enumerate() {
        stub.push_str(&format!("[[stub.scenario]]\nname = \"s{i}\"\nwhen.json.\"$.n\" = {value}\n"));
    }
    stub.push_str("[[stub.scenario]]\nname = \"two\"\nwhen.json.\"$.n\" = 2\nwhen.query.k = \"1\"\n");
    stub.push_str("[[stub.scenario]]\nname = \"list\"\nwhen.json.\"$.n\" = { in = [9, 7] }\n");
    let post = |query: &str, value: &str| format!("POST /a{query}\n\n{{\"n\": {value}}}");
    for (query, value, scenario) in [
        ("", "1.0", "s0"),
        ("", "\"1\"", "s1"),
        ("", "true", "s3"),
        ("", "\"true\"", "s4"),
        ("", "2.0", "s5"),
        ("?k=1", "2.0", "two"),
        ("?k=1", "3", "s6"),
        ("", "9", "list"),
        ("", "7", "s10"),
    ] {
        decides(&stub, &[(&post(query, value), &format!("t/{scenario} of default"))]);
    }
    decides(&stub, &[(&post("", "null"), "Unmatched of default, a miss")]);
}

#[test]
fn a_caller_who_sends_very_many_values_gets_the_same_answer() {
    let mut stubs = "[[stub]]\nname = \"t\"\nmatch = \"GET /a\"\n".to_owned();
    for n in 0..40 {
        stubs.push_str(&format!(
            "[[stub.scenario]]\nname = \"s{n}\"\nwhen.query.k = \"{n}\"\nwhen.header.h = \"{n}\"\n"
        ));
    }
    let query = |values: &[u32]| values.iter().map(|n| format!("k={n}")).collect::<Vec<_>>().join("&");
    let all: Vec<u32> = (0..40).rev().chain(0..40).collect();
    decides(
        &stubs,
        &[
            (&format!("GET /a?{}\nh: 7", query(&all)), "t/s7 of default"),
            (&format!("GET /a?{}\nh: 39", query(&all)), "t/s39 of default"),
            (&format!("GET /a?{}\nh: 39\nh: 3", query(&all)), "t/s3 of default"),
            (&format!("GET /a?{}\nh: 3", query(&[7; 100])), "Unmatched of default, a miss"),
            (&format!("GET /a?{}\nh: 7", query(&[7; 100])), "t/s7 of default"),
        ],
    );
}
