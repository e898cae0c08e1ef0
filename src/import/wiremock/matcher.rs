//! Matchers of one value: `equalTo`, `contains`, `matches` and what they are joined by.
//!
//! WireMock's negative matchers hold for what is missing; ours do not, so they are said with `absent` beside them.

use serde_json::Value as Json;

use super::regex;
use crate::import::clause::{Clauses, Op, Subject, Test};
use crate::import::json::{Kind, Node, Object};

/// How deep matchers may lie in matchers.
const DEEPEST: usize = 20;

/// A matcher without counterpart: where it stands, what it is, and which one.
pub struct Fault<'t> {
    /// Where it stands.
    pub node: Node<'t>,
    /// What is said of it; the same words for the same thing.
    pub what: &'static str,
    /// Which one.
    pub detail: String,
}

/// A fault at a node.
pub fn fault<'t>(node: Node<'t>, what: &'static str, detail: impl Into<String>) -> Fault<'t> {
    Fault { node, what, detail: detail.into() }
}

const UNKNOWN: &str = "a matcher without counterpart";

/// Reads the matcher of a subject.
///
/// # Errors
/// Where it has no counterpart.
pub fn read<'t>(node: Node<'t>, subject: &Subject) -> Result<Clauses, Fault<'t>> {
    nested(node, subject, 0)
}

fn nested<'t>(node: Node<'t>, subject: &Subject, depth: usize) -> Result<Clauses, Fault<'t>> {
    if depth > DEEPEST {
        return Err(fault(node, "matchers that lie in matchers more than 20 deep", ""));
    }
    if node.kind() != Kind::Object {
        return Err(fault(node, UNKNOWN, format!("a matcher is an object, and this is {}", node.described())));
    }
    let mut found = None;
    let mut ignores_case = false;
    for (key, value) in node.members() {
        match &*key {
            "caseInsensitive" => ignores_case = value.is_true(),
            key if found.is_none() => found = Some((key.to_owned(), value)),
            key => {
                let first = found.map(|(first, _)| first).unwrap_or_default();
                return Err(fault(
                    value,
                    "two matchers in one, of which WireMock takes one",
                    format!("`{first}` and `{key}`"),
                ));
            }
        }
    }
    let Some((name, value)) = found else { return Err(fault(node, UNKNOWN, "an empty one")) };
    if ignores_case && name != "equalTo" {
        return Err(fault(value, UNKNOWN, format!("`{name}` that ignores case")));
    }
    named(&name, value, ignores_case, subject, depth)
}

/// Reads the matcher of this name.
///
/// # Errors
/// Where it has no counterpart.
pub fn named<'t>(
    name: &str,
    value: Node<'t>,
    ignores_case: bool,
    subject: &Subject,
    depth: usize,
) -> Result<Clauses, Fault<'t>> {
    match name {
        "and" => all(value, subject, depth),
        "or" => {
            let branches: Result<Vec<_>, _> =
                value.items().into_iter().map(|item| nested(item, subject, depth + 1)).collect();
            let branches = branches?;
            if branches.is_empty() || branches.iter().any(Clauses::is_empty) {
                return Err(fault(value, UNKNOWN, "`or` of nothing"));
            }
            Ok(Clauses { tests: Vec::new(), groups: vec![branches] })
        }
        "not" => {
            let inner = nested(value, subject, depth + 1)?;
            match inner {
                Clauses { tests, groups } if groups.is_empty() && tests.len() == 1 => {
                    Ok(negated(tests[0].ops.clone(), subject))
                }
                _ => Err(fault(value, UNKNOWN, "`not` of several conditions")),
            }
        }
        "includes" if is_repeatable(subject) => {
            let mut clauses = Clauses::default();
            for item in value.items() {
                clauses.and(nested(item, subject, depth + 1)?);
            }
            if clauses.is_empty() { Err(fault(value, UNKNOWN, "`includes` of nothing")) } else { Ok(clauses) }
        }
        "absent" if value.is_true() => Ok(Clauses::one(subject.clone(), vec![Op::Absent])),
        _ => simple(name, value, ignores_case, subject),
    }
}

/// Whether a request may have several values of it, of which one must hold.
fn is_repeatable(subject: &Subject) -> bool {
    matches!(subject, Subject::Query(_) | Subject::Header(_) | Subject::Form(_) | Subject::Cookie(_))
}

/// `and`: one value must satisfy all of them.
fn all<'t>(list: Node<'t>, subject: &Subject, depth: usize) -> Result<Clauses, Fault<'t>> {
    let mut together: Vec<Op> = Vec::new();
    let mut clauses = Clauses::default();
    for item in list.items() {
        let Clauses { tests, groups } = nested(item, subject, depth + 1)?;
        for Test { subject: _, ops } in tests {
            let is_new = |op: &Op| together.iter().all(|own| std::mem::discriminant(own) != std::mem::discriminant(op));
            if ops.iter().all(is_new) {
                together.extend(ops);
            } else {
                clauses.test(subject.clone(), ops);
            }
        }
        clauses.groups.extend(groups);
    }
    if !clauses.is_empty() && is_repeatable(subject) {
        return Err(fault(list, UNKNOWN, "`and` of matchers that one of several values must satisfy"));
    }
    if together.contains(&Op::Absent) && together.len() > 1 {
        return Err(fault(list, "a condition that never holds", "`and` with `absent`"));
    }
    if !together.is_empty() {
        clauses.tests.insert(0, Test { subject: subject.clone(), ops: together });
    }
    if clauses.is_empty() { Err(fault(list, UNKNOWN, "`and` of nothing")) } else { Ok(clauses) }
}

fn simple<'t>(name: &str, value: Node<'t>, ignores_case: bool, subject: &Subject) -> Result<Clauses, Fault<'t>> {
    const KNOWN: &[&str] = &["equalTo", "contains", "doesNotContain", "matches", "doesNotMatch"];
    if !KNOWN.contains(&name) {
        let detail = if name == "absent" { "`absent` that is not `true`".to_owned() } else { format!("`{name}`") };
        return Err(fault(value, UNKNOWN, detail));
    }
    let Some(text) = value.scalar() else {
        return Err(fault(value, UNKNOWN, format!("`{name}` of {}", value.described())));
    };
    let regex = || {
        regex::whole(&text).ok_or_else(|| fault(value, "a regular expression without counterpart", format!("`{text}`")))
    };
    let op = match name {
        "equalTo" if text.is_empty() && *subject == Subject::Body => Op::Absent,
        "equalTo" if ignores_case => Op::Re(format!("(?i)^{}$", ::regex::escape(&text))),
        // The text of a number or boolean in JSON counts too.
        "equalTo" if is_json(subject) && serde_json::from_str::<Json>(&text).is_ok_and(|json| !json.is_string()) => {
            Op::Re(format!("^{}$", ::regex::escape(&text)))
        }
        "equalTo" => Op::Eq(Json::String(text.into_owned())),
        // Of a JSON array `contains` looks at the elements.
        "contains" | "doesNotContain" if is_json(subject) => Op::Re(format!(".*{}", ::regex::escape(&text))),
        "contains" | "doesNotContain" => Op::Contains(text.into_owned()),
        _ => Op::Re(regex()?),
    };
    if name.starts_with("doesNot") {
        Ok(negated(vec![op], subject))
    } else {
        Ok(Clauses::one(subject.clone(), vec![op]))
    }
}

fn is_json(subject: &Subject) -> bool {
    matches!(subject, Subject::Json(_))
}

/// What holds where these operators do not.
fn negated(ops: Vec<Op>, subject: &Subject) -> Clauses {
    match ops.as_slice() {
        [Op::Absent] => return Clauses::one(subject.clone(), vec![Op::Present]),
        [Op::Present] => return Clauses::one(subject.clone(), vec![Op::Absent]),
        _ => {}
    }
    let op = match ops.as_slice() {
        [Op::Eq(json)] => Op::Ne(json.clone()),
        _ => Op::Not(ops),
    };
    let negated = Clauses::one(subject.clone(), vec![op]);
    // A path and a target are always there; of JSON that is missing WireMock says that nothing holds.
    if matches!(subject, Subject::Path(_) | Subject::Target | Subject::Json(_)) {
        return negated;
    }
    let missing = Clauses::one(subject.clone(), vec![Op::Absent]);
    Clauses { tests: Vec::new(), groups: vec![vec![missing, negated]] }
}

/// The matchers of an object whose keys are names.
///
/// # Errors
/// Where one has no counterpart.
pub fn by_name<'t>(list: Option<Node<'t>>, subject: impl Fn(&str) -> Subject) -> Result<Clauses, Fault<'t>> {
    let mut clauses = Clauses::default();
    let Some(list) = list else { return Ok(clauses) };
    if list.kind() != Kind::Object {
        return Err(fault(list, UNKNOWN, format!("matchers by name are an object, and this is {}", list.described())));
    }
    for (name, matcher) in list.members() {
        clauses.and(read(matcher, &subject(&name))?);
    }
    Ok(clauses)
}

/// A member that must have one of a few values.
pub fn flag<'t>(object: &Object<'t>, name: &str) -> bool {
    object.scalar(name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::json::parse;
    use crate::problem::SourceId;

    fn shown(json: &str, subject: Subject) -> String {
        let node = parse(json, SourceId::NONE).unwrap_or_else(|problem| panic!("{problem:?}"));
        match read(node, &subject) {
            Ok(clauses) => clauses_shown(&clauses),
            Err(fault) => format!("{}: {}", fault.what, fault.detail),
        }
    }

    fn clauses_shown(clauses: &Clauses) -> String {
        let tests = clauses.tests.iter().map(|test| format!("{:?}", test.ops));
        let group =
            |group: &Vec<Clauses>| format!("({})", group.iter().map(clauses_shown).collect::<Vec<_>>().join(" | "));
        tests.chain(clauses.groups.iter().map(group)).collect::<Vec<_>>().join(" & ")
    }

    #[test]
    fn each_matcher_becomes_an_operator() {
        let query = || Subject::Query("k".to_owned());
        for (json, expected) in [
            (r#"{"equalTo": "a"}"#, r#"[Eq(String("a"))]"#),
            (r#"{"equalTo": 42}"#, r#"[Eq(String("42"))]"#),
            (r#"{"equalTo": "a.b", "caseInsensitive": true}"#, r#"[Re("(?i)^a\\.b$")]"#),
            (r#"{"contains": "a"}"#, r#"[Contains("a")]"#),
            (r#"{"matches": "[a-z]+"}"#, r#"[Re("^[a-z]+$")]"#),
            (r#"{"doesNotMatch": "a"}"#, r#"([Absent] | [Not([Re("^a$")])])"#),
            (r#"{"doesNotContain": "a"}"#, r#"([Absent] | [Not([Contains("a")])])"#),
            (r#"{"absent": true}"#, "[Absent]"),
            (r#"{"not": {"absent": true}}"#, "[Present]"),
            (r#"{"not": {"equalTo": "a"}}"#, r#"([Absent] | [Ne(String("a"))])"#),
            (r#"{"and": [{"contains": "a"}, {"matches": "b.*"}]}"#, r#"[Contains("a"), Re("^b.*$")]"#),
            (r#"{"or": [{"equalTo": "a"}, {"absent": true}]}"#, r#"([Eq(String("a"))] | [Absent])"#),
            (r#"{"includes": [{"equalTo": "a"}, {"equalTo": "b"}]}"#, r#"[Eq(String("a"))] & [Eq(String("b"))]"#),
        ] {
            assert_eq!(shown(json, query()), expected, "{json}");
        }
        let json = || Subject::Json("$.a".to_owned());
        assert_eq!(shown(r#"{"equalTo": "1"}"#, json()), r#"[Re("^1$")]"#);
        assert_eq!(shown(r#"{"equalTo": "x"}"#, json()), r#"[Eq(String("x"))]"#);
        assert_eq!(shown(r#"{"contains": "x"}"#, json()), r#"[Re("x")]"#);
        assert_eq!(shown(r#"{"equalTo": ""}"#, Subject::Body), "[Absent]");
    }

    #[test]
    fn what_has_no_counterpart_is_a_fault_and_no_condition() {
        for json in [
            r#"{"equalToXml": "<a/>"}"#,
            r#"{"before": "now"}"#,
            r#"{"hasExactly": [{"equalTo": "a"}]}"#,
            r#"{"matches": "(?=a)"}"#,
            r#"{"equalTo": "a", "matches": "b"}"#,
            r#"{"absent": false}"#,
            r#"{"equalTo": {}}"#,
            r#"{"contains": "a", "caseInsensitive": true}"#,
            r#"{"and": [{"contains": "a"}, {"contains": "b"}]}"#,
            r#"{"and": []}"#,
            r#"{"or": []}"#,
            r#"{"not": {"doesNotContain": "a"}}"#,
            "{}",
            "[]",
            r#""a""#,
        ] {
            assert!(shown(json, Subject::Query("k".to_owned())).contains(": "), "{json}");
        }
        let deep = format!("{}{{\"equalTo\": \"a\"}}{}", "{\"not\": ".repeat(100), "}".repeat(100));
        assert!(shown(&deep, Subject::Query("k".to_owned())).starts_with("matchers that lie in matchers"));
    }
}
