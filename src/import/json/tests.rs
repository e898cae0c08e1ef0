use super::*;
use crate::problem::Sources;

fn node(text: &str) -> Node<'_> {
    parse(text, SourceId::NONE).unwrap_or_else(|problem| panic!("{problem:?}"))
}

#[test]
fn every_node_knows_its_place() {
    let text = " {\"a\": [1, {\"b\": \"ü\"}]}";
    let b = Object::of(Object::of(node(text)).get("a").unwrap().items()[1]).get("b").unwrap();
    let place = b.place();
    assert_eq!(&text[place.start as usize..place.end as usize], "\"ü\"");
}

#[test]
fn half_a_surrogate_pair_is_replaced_and_costs_nothing_else() {
    let object = Object::of(node(r#"{"\ud83d": 1, "a": "x\ud83dy", "b": "\ud83d\ude00"}"#));
    assert_eq!(object.text("a").unwrap().chars().filter(|c| *c != '\u{fffd}').collect::<String>(), "xy");
    assert_eq!(object.text("b").unwrap(), "\u{1f600}");
}

#[test]
fn of_a_name_that_stands_twice_the_last_counts_and_null_is_nothing() {
    let object = Object::of(node(r#"{"a": 1, "a": 2, "b": null, "c": true}"#));
    assert_eq!(object.scalar("a").unwrap(), "2");
    assert!(object.get("b").is_none() && object.has("b") && object.is_true("c"));
}

#[test]
fn no_json_is_told_with_its_place() {
    for (text, line, column, help) in [
        ("", 1, 1, "empty"),
        ("{\"a\":\n [1, 2", 2, 6, "ends too early"),
        ("{\"a\": 1,}", 1, 9, "export it again"),
        ("<!doctype html>", 1, 1, "web page"),
        ("openapi: 3.0.0", 1, 1, "another kind"),
    ] {
        let mut sources = Sources::default();
        let problem = parse(text, sources.add("x", text)).err().unwrap();
        let (place, _) = problem.place.unwrap();
        assert_eq!(sources.line_column(place), (line, column), "{text}");
        assert!(problem.help.unwrap().contains(help), "{text}");
    }
}

#[test]
fn depth_costs_no_stack() {
    let deep = format!("{}{}", "[".repeat(2_000_000), "]".repeat(2_000_000));
    assert_eq!(node(&deep).items().len(), 1);
}
