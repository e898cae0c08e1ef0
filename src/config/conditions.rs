//! From `when` as it is written to the conditions that run.

use std::collections::HashMap;

use serde_json_path::JsonPath;
use smallvec::SmallVec;

use super::Context;
use super::operators::{Kind, canonical, compile, impossible, operand};
use crate::file::leaf::Named;
use crate::file::read::At;
use crate::file::{Condition, GateWhenTable, WhenTable};
use crate::problem::{Code, Place, Problem, nearest};
use crate::stubs::matcher::{Conditions, Subject, Test};
use crate::stubs::operator::{Operand, Operator};
use crate::stubs::path_template::Template;

/// Conditions, with a text in which equal conditions are equal: it tells which scenarios cannot be told apart.
#[derive(Clone, Debug, Default)]
pub struct Compiled {
    /// What runs.
    pub conditions: Conditions,
    /// One line per condition, sorted.
    pub key: Vec<String>,
}

#[derive(Default)]
struct Draft {
    tests: Vec<Test>,
    key: Vec<String>,
}

/// Compiles the `when` of a scenario whose stub has this path.
pub fn when(table: WhenTable, path: &Template, cx: &mut Context<'_>) -> Compiled {
    let WhenTable { path: parameters, query, header, cookie, form, json, body, target, any } = table;
    let mut draft = Draft::default();
    for (name, condition) in named(parameters) {
        match path.parameter(&name) {
            Some(parameter) => {
                draft.add(Subject::Parameter(parameter), &format!("path {}", name.value), condition, Kind::Text, cx);
            }
            None => cx.report(unknown_parameter(&name, path)),
        }
    }
    draft.pairs(query, "query", Subject::Query, cx);
    draft.headers(header, cx);
    draft.pairs(cookie, "cookie", Subject::Cookie, cx);
    draft.pairs(form, "form", Subject::Form, cx);
    for (text, condition) in named(json) {
        match JsonPath::parse(&text.value) {
            Ok(path) => {
                let key = format!("json {path}");
                draft.add(Subject::Json(Box::new(path)), &key, condition, Kind::Json, cx);
            }
            Err(error) => cx.report(bad_json_path(&text, error.position())),
        }
    }
    if let Some(condition) = body {
        draft.add(Subject::Body, "body", condition, Kind::Text, cx);
    }
    if let Some(condition) = target {
        draft.add(Subject::Target, "target", condition, Kind::Text, cx);
    }
    let mut groups = Vec::new();
    if let Some(branches) = any {
        if branches.value.0.is_empty() {
            cx.report(
                Problem::at(Code::NeverHolds, branches.place, "none of no branches can hold")
                    .help("list at least one table of conditions, or leave `any` out"),
            );
        }
        let mut group = Vec::new();
        let mut keys = Vec::new();
        for branch in branches.value.0 {
            let place = branch.place;
            let before = cx.problems.len();
            let compiled = when(branch.value, path, cx);
            if compiled.conditions.is_empty() && cx.is_sound(place, before) {
                cx.report(
                    Problem::at(Code::BadOperand, place, "a branch without conditions always holds")
                        .help("give it a condition, or leave `any` out"),
                );
            }
            keys.push(compiled.key.join(" & "));
            group.push(compiled.conditions);
        }
        keys.sort();
        draft.key.push(format!("any ({})", keys.join(" | ")));
        groups.push(group);
    }
    draft.key.sort();
    draft.key.dedup();
    Compiled { conditions: Conditions::new(draft.tests, groups), key: draft.key }
}

/// Compiles a condition of the gate.
pub fn gate(table: GateWhenTable, cx: &mut Context<'_>) -> Conditions {
    let GateWhenTable { path, query, header, cookie } = table;
    let mut draft = Draft::default();
    if let Some(condition) = path {
        draft.add(Subject::Path, "path", condition, Kind::Text, cx);
    }
    draft.pairs(query, "query", Subject::Query, cx);
    draft.headers(header, cx);
    draft.pairs(cookie, "cookie", Subject::Cookie, cx);
    Conditions::new(draft.tests, Vec::new())
}

/// Compiles what `match` says of the query: each pair must be among the request's.
pub fn query_of_match(pairs: &[(String, String)]) -> Compiled {
    let test = |(key, value): &(String, String)| Test {
        subject: Subject::Query(key.as_str().into()),
        operators: SmallVec::from_iter([Operator::Eq(Operand {
            json: value.as_str().into(),
            text: Some(value.as_bytes().into()),
        })]),
    };
    let mut key: Vec<String> = pairs.iter().map(|(k, v)| format!("query {k} eq {v:?}")).collect();
    key.sort();
    Compiled { conditions: Conditions::new(pairs.iter().map(test).collect(), Vec::new()), key }
}

/// Conditions on headers, names checked and in lower case.
pub(super) fn header_names(table: Option<At<Named<Condition>>>, cx: &mut Context<'_>) -> Vec<(String, At<Condition>)> {
    let mut seen: HashMap<String, Place> = HashMap::new();
    let mut out = Vec::new();
    for (name, condition) in named(table) {
        let lower = name.value.to_ascii_lowercase();
        if http::HeaderName::from_bytes(lower.as_bytes()).is_err() {
            cx.report(super::response::bad_header_name(&name));
            continue;
        }
        if let Some(first) = seen.get(&lower) {
            cx.report(
                Problem::at(Code::HeaderTwice, name.place, format!("the header `{}` stands twice", name.value))
                    .label("the same header, spelled otherwise")
                    .also(*first, "first here")
                    .help("header names ignore case; put all operators into one table"),
            );
            continue;
        }
        seen.insert(lower.clone(), name.place);
        out.push((lower, condition));
    }
    out
}

/// The report for an array where one value, or a table, is meant.
pub(super) fn no_array(place: Place) -> Problem {
    Problem::at(Code::WrongType, place, "a condition is a scalar or a table of operators")
        .label("this is an array")
        .help("write `{ in = [..] }` for one of several values, `{ eq = [..] }` for a JSON array")
}

pub(super) fn named(table: Option<At<Named<Condition>>>) -> impl Iterator<Item = (At<String>, At<Condition>)> {
    table.into_iter().flat_map(|table| table.value.0)
}

fn unknown_parameter(name: &At<String>, path: &Template) -> Problem {
    let known: Vec<&str> = path.names().collect();
    let help = match (nearest(name, known.iter().copied()), known.is_empty()) {
        (Some(slip), _) => format!("did you mean `{slip}`?"),
        (None, true) => "`match` has no parameters: write one as `{name}`".to_owned(),
        (None, false) => format!("`match` has {}", crate::file::read::listed(&known)),
    };
    Problem::at(Code::UnknownParameter, name.place, format!("`match` has no parameter `{}`", name.value)).help(help)
}

impl Draft {
    fn pairs(
        &mut self,
        table: Option<At<Named<Condition>>>,
        kind: &str,
        subject: fn(Box<str>) -> Subject,
        cx: &mut Context<'_>,
    ) {
        for (name, condition) in named(table) {
            let key = format!("{kind} {}", name.value);
            self.add(subject(name.value.into()), &key, condition, Kind::Text, cx);
        }
    }

    fn headers(&mut self, table: Option<At<Named<Condition>>>, cx: &mut Context<'_>) {
        for (name, condition) in header_names(table, cx) {
            let key = format!("header {name}");
            self.add(Subject::Header(name.into()), &key, condition, Kind::Text, cx);
        }
    }

    fn add(
        &mut self,
        subject: Subject,
        key: &str,
        condition: impl Into<OneCondition>,
        kind: Kind,
        cx: &mut Context<'_>,
    ) {
        let OneCondition(condition, place) = condition.into();
        let mut operators = SmallVec::new();
        match condition {
            Condition::Equals(value) => {
                self.key.push(format!("{key} eq {}", canonical(&value, kind)));
                operators.extend(operand(value, kind, cx).map(Operator::Eq));
            }
            Condition::Values(_) => cx.report(no_array(place)),
            Condition::Operators(table) => {
                let made = compile(*table.value, table.place, kind, cx);
                self.key.extend(made.iter().map(|(text, _)| format!("{key} {text}")));
                operators.extend(made.into_iter().map(|(_, operator)| operator));
                impossible(&operators, place, cx);
            }
        }
        if !operators.is_empty() {
            self.tests.push(Test { subject, operators });
        }
    }
}

/// A condition with its place, from either form in which readers hand it over.
struct OneCondition(Condition, Place);

impl From<At<Condition>> for OneCondition {
    fn from(at: At<Condition>) -> Self {
        OneCondition(at.value, at.place)
    }
}

fn bad_json_path(text: &At<String>, position: usize) -> Problem {
    let problem = Problem::at(Code::BadJsonPath, text.place, format!("`{}` is no JSONPath", text.value));
    let plain = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    if !text.value.starts_with('$') {
        let meant = text.value.trim_start_matches('/').replace('/', ".");
        let help = if plain(&meant) {
            format!("did you mean \"$.{meant}\"?")
        } else {
            "\"$.total\", \"$.items[0].id\", \"$..name\" (RFC 9535)".to_owned()
        };
        return problem.label("a JSONPath begins with `$`, the whole body").help(help);
    }
    let rest = text.value.get(position..).filter(|rest| !rest.is_empty());
    let label = rest.map_or("ends too early".to_owned(), |rest| format!("not understood from `{rest}` on"));
    problem.label(label).help(
        "a name of other characters than letters, digits and `_` stands in brackets: \"$['first-name']\"; a filter \
         compares with `==`: \"$.items[?@.id == 1]\" (RFC 9535)",
    )
}
