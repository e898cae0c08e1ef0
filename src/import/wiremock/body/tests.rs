use super::*;
use crate::import::json::parse;
use crate::problem::SourceId;

fn shown(json: &str) -> String {
    let node = parse(json, SourceId::NONE).unwrap_or_else(|problem| panic!("{problem:?}"));
    match read(Some(node)) {
        Ok(clauses) => clauses_shown(&clauses),
        Err(fault) => format!("{} ({})", fault.what, fault.detail),
    }
}

fn clauses_shown(clauses: &Clauses) -> String {
    let test = |test: &crate::import::clause::Test| match &test.subject {
        Subject::Json(path) => format!("{path} {:?}", test.ops),
        subject => format!("{subject:?} {:?}", test.ops),
    };
    let group = |group: &Vec<Clauses>| format!("({})", group.iter().map(clauses_shown).collect::<Vec<_>>().join(" | "));
    clauses.tests.iter().map(test).chain(clauses.groups.iter().map(group)).collect::<Vec<_>>().join(" & ")
}

#[test]
fn patterns_of_bodies_become_conditions() {
    for (json, expected) in [
        (r#"[{"equalTo": "a"}]"#, r#"Body [Eq(String("a"))]"#),
        (r#"[{"contains": "a"}, {"contains": "b"}]"#, r#"Body [Contains("a")] & Body [Contains("b")]"#),
        (r#"[{"binaryEqualTo": "YQ=="}]"#, r#"Body [Eq(String("a"))]"#),
        (r#"[{"equalToJson": "{\"a\": 1}"}]"#, r#"$ [Eq(Object {"a": Number(1)})]"#),
        (
            r#"[{"equalToJson": [1, 2], "ignoreArrayOrder": true}]"#,
            "($ [Eq(Array [Number(2), Number(1)])] | $ [Eq(Array [Number(1), Number(2)])])",
        ),
        (
            r#"[{"equalToJson": [1, 1], "ignoreArrayOrder": true, "ignoreExtraElements": true}]"#,
            "$ [Subset(Array [Number(1), Number(1)])]",
        ),
        (
            r#"[{"equalToJson": {"a": 1, "l": [2]}, "ignoreExtraElements": true}]"#,
            r#"$['l'][0] [Eq(Number(2))] & $['l'] [Subset(Array [])] & $ [Subset(Object {"a": Number(1)})]"#,
        ),
        (r#"[{"matchesJsonPath": "$.a"}]"#, r#"($.a [Re("")] | $.a[*] [Present])"#),
        (r#"[{"matchesJsonPath": "$..a"}]"#, "$..a [Present]"),
        (
            r#"[{"matchesJsonPath": "$.a[?(@.b == 1)]"}]"#,
            "($.a.b [Eq(Number(1))] | $.a[0] [Present] & $.a[?@.b == 1] [Present])",
        ),
        (r#"[{"matchesJsonPath": {"expression": "$.a", "contains": "x"}}]"#, r#"$.a [Re("x")]"#),
        (
            r#"[{"matchesJsonPath": {"expression": "$.a[?(@.b == 1)].c", "equalTo": "x"}}]"#,
            r#"$.a[?@.b == 1].c [Eq(String("x"))] & $.a[0] [Present]"#,
        ),
        (
            r#"[{"matchesJsonPath": {"expression": "$.a", "equalToJson": {"b": 1}}}]"#,
            r#"$.a [Eq(Object {"b": Number(1)})]"#,
        ),
    ] {
        assert_eq!(shown(json), expected, "{json}");
    }
}

#[test]
fn patterns_without_counterpart_are_faults() {
    for json in [
        r#"[{"equalToJson": {"a": null}}]"#,
        r#"[{"equalToJson": "{"}]"#,
        r#"[{"equalToJson": {"a": "${json-unit.any-string}"}}]"#,
        r#"[{"equalToJson": {}, "strict": true}]"#,
        r#"[{"equalToJson": [1,2,3,4,5], "ignoreArrayOrder": true}]"#,
        r#"[{"matchesJsonPath": "$.a.length()"}]"#,
        r#"[{"matchesJsonPath": {"expression": "$.a"}}]"#,
        r#"[{"matchesJsonPath": {"expression": "$.a", "contains": "x", "equalTo": "y"}}]"#,
        r#"[{"matchesXPath": "/a"}]"#,
        r#"[{"equalToXml": "<a/>"}]"#,
        r#"[{"matchesJsonSchema": "{}"}]"#,
        r#"[{"binaryEqualTo": "/w=="}]"#,
        r#"{"equalTo": "a"}"#,
    ] {
        assert!(shown(json).ends_with(')') && !shown(json).starts_with(['$', 'B', '(']), "{json}: {}", shown(json));
    }
}
