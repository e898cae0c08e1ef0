use serde_json::{Value, json};

use super::*;
use crate::stubs::number::Number;
use crate::stubs::operator::Operand;
use crate::stubs::request::{BodyView, HeaderField};

fn operand(json: Value) -> Operand {
    let text = match &json {
        Value::String(text) => Some(text.as_bytes().into()),
        Value::Number(number) => Some(number.to_string().into_bytes().into()),
        Value::Bool(value) => Some(value.to_string().into_bytes().into()),
        _ => None,
    };
    Operand { json, text }
}

fn query(operators: impl IntoIterator<Item = Operator>) -> Test {
    Test { subject: Subject::Query("k".into()), operators: operators.into_iter().collect() }
}

fn holds(test: &Test, target: &str) -> bool {
    let view = RequestView::new("GET", target.as_bytes(), &[], BodyView::Whole(b"")).unwrap();
    test.check(&view) == Outcome::Holds
}

fn json_test(path: &str, operator: Operator) -> Test {
    Test {
        subject: Subject::Json(Box::new(JsonPath::parse(path).unwrap())),
        operators: [operator].into_iter().collect(),
    }
}

fn body(test: &Test, body: &str) -> Outcome {
    let view = RequestView::new("POST", b"/", &[], BodyView::Whole(body.as_bytes())).unwrap();
    test.check(&view)
}

#[test]
fn of_repeated_values_one_must_hold_and_for_ne_and_not_all() {
    let eq = query([Operator::Eq(operand(json!("1")))]);
    assert!(holds(&eq, "/?k=2&k=1"));
    let ne = query([Operator::Ne(operand(json!("1")))]);
    assert!(!holds(&ne, "/?k=2&k=1"));
    assert!(holds(&ne, "/?k=2&k=3"));
    let not = query([Operator::Not([Operator::Prefix(b"a"[..].into())].into())]);
    assert!(!holds(&not, "/?k=b&k=a"));
    assert!(holds(&not, "/?k=b"));
}

#[test]
fn one_value_must_satisfy_all_positive_operators() {
    let range = query([Operator::Gt(Number::Whole(1)), Operator::Lt(Number::Whole(5))]);
    assert!(holds(&range, "/?k=9&k=3"));
    assert!(!holds(&range, "/?k=0&k=9"));
}

#[test]
fn a_missing_value_fails_every_operator_but_absent() {
    for operator in [
        Operator::Ne(operand(json!("1"))),
        Operator::Not([Operator::Present].into()),
        Operator::Present,
        Operator::Prefix(b""[..].into()),
    ] {
        assert!(!holds(&query([operator]), "/?other=1"));
    }
    assert!(holds(&query([Operator::Absent]), "/?other=1"));
    assert!(!holds(&query([Operator::Absent]), "/?k="));
}

#[test]
fn text_reads_as_a_number_only_if_all_of_it_does() {
    let gt = query([Operator::Gt(Number::Whole(1))]);
    for (text, expected) in
        [("2", true), ("2.5", true), ("-2", false), ("2x", false), ("inf", false), ("", false), ("+3e2", true)]
    {
        assert_eq!(holds(&gt, &format!("/?k={}", text.replace('+', "%2B"))), expected, "{text}");
    }
}

#[test]
fn contains_looks_into_text_and_into_arrays() {
    let test = json_test("$.tags", Operator::Contains(operand(json!("red"))));
    assert_eq!(body(&test, r#"{"tags": ["blue", "red"]}"#), Outcome::Holds);
    assert_eq!(body(&test, r#"{"tags": "infrared"}"#), Outcome::Holds);
    assert_eq!(body(&test, r#"{"tags": ["reddish"]}"#), Outcome::Fails(Reason::Json));
}

#[test]
fn a_body_that_is_no_json_fails_and_says_so() {
    let test = json_test("$.a", Operator::Present);
    assert_eq!(body(&test, "a=1"), Outcome::Fails(Reason::BodyNotJson));
    assert_eq!(body(&test, ""), Outcome::Fails(Reason::BodyNotJson));
    let view = RequestView::new("POST", b"/", &[], BodyView::Unusable(BodyFault::TooLong)).unwrap();
    assert_eq!(test.check(&view), Outcome::Fails(Reason::BodyTooLong));
    let view = RequestView::new("POST", b"/", &[], BodyView::Unread).unwrap();
    assert_eq!(test.check(&view), Outcome::NeedsBody);
}

#[test]
fn several_nodes_hold_if_one_does() {
    let test = json_test("$.items[*].id", Operator::Eq(operand(json!(2))));
    assert_eq!(body(&test, r#"{"items": [{"id": 1}, {"id": 2.0}]}"#), Outcome::Holds);
    assert_eq!(body(&test, r#"{"items": []}"#), Outcome::Fails(Reason::Json));
}

#[test]
fn a_form_of_another_type_is_no_form() {
    let test = Test {
        subject: Subject::Form("a".into()),
        operators: [Operator::Eq(operand(json!("1")))].into_iter().collect(),
    };
    let headers = [HeaderField { name: "Content-Type", value: b"application/json" }];
    let view = RequestView::new("POST", b"/", &headers, BodyView::Whole(b"a=1")).unwrap();
    assert_eq!(test.check(&view), Outcome::Fails(Reason::BodyNotForm));
    let headers = [HeaderField { name: "Content-Type", value: b"application/x-www-form-urlencoded; charset=utf-8" }];
    let view = RequestView::new("POST", b"/", &headers, BodyView::Whole(b"a=1")).unwrap();
    assert_eq!(test.check(&view), Outcome::Holds);
}

#[test]
fn the_head_is_tested_before_a_body_is_asked_for() {
    let json = json_test("$.a", Operator::Present);
    let conditions = Conditions::new(vec![json, query([Operator::Present])], Vec::new());
    let unread = |target: &'static str| RequestView::new("POST", target.as_bytes(), &[], BodyView::Unread).unwrap();
    assert_eq!(conditions.check(&unread("/")), Outcome::Fails(Reason::Query));
    assert_eq!(conditions.check(&unread("/?k=1")), Outcome::NeedsBody);
}

#[test]
fn any_needs_one_branch_and_counts_as_its_smallest() {
    let branch = |value: &str| Conditions::new(vec![query([Operator::Eq(operand(json!(value)))])], Vec::new());
    let both = Conditions::new(vec![query([Operator::Present, Operator::Prefix(b"a"[..].into())])], Vec::new());
    let conditions = Conditions::new(Vec::new(), vec![vec![branch("1"), both]]);
    assert_eq!(conditions.count(), 1);
    let check = |target: &'static str| {
        conditions.check(&RequestView::new("GET", target.as_bytes(), &[], BodyView::Whole(b"")).unwrap())
    };
    assert_eq!(check("/?k=1"), Outcome::Holds);
    assert_eq!(check("/?k=ab"), Outcome::Holds);
    assert_eq!(check("/?k=2"), Outcome::Fails(Reason::Any));
}
