//! From `when` as it is written to the conditions that run.

use std::collections::HashMap;

use serde_json_path::JsonPath;
use smallvec::SmallVec;

use super::Context;
use crate::file::leaf::{Named, Scalar, Value};
use crate::file::read::At;
use crate::file::{Condition, GateWhenTable, OperatorTable, WhenTable};
use crate::problem::{Code, Place, Problem, nearest};
use crate::stubs::matcher::{Conditions, Operand, Operator, Subject, Test};
use crate::stubs::number::Number;
use crate::stubs::path::Template;

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
    let WhenTable { path: parameters, query, header, cookie, form, json, body, any } = table;
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

/// Whether values are compared as text or as JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Json,
}

fn named(table: Option<At<Named<Condition>>>) -> impl Iterator<Item = (At<String>, At<Condition>)> {
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
        let mut seen: HashMap<String, Place> = HashMap::new();
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
            let key = format!("header {lower}");
            self.add(Subject::Header(lower.into()), &key, condition, Kind::Text, cx);
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

fn canonical(value: &Value, kind: Kind) -> String {
    match (kind, &value.text) {
        (Kind::Text, Some(text)) => format!("{text:?}"),
        _ => value.json.to_string(),
    }
}

/// Compiles a table of operators, each with its canonical text.
fn compile(table: OperatorTable, place: Place, kind: Kind, cx: &mut Context<'_>) -> Vec<(String, Operator)> {
    let OperatorTable { eq, ne, gt, ge, lt, le, r#in, contains, prefix, suffix, re, present, absent, subset, not } =
        table;
    let before = cx.problems.len();
    let mut out: Vec<(String, Operator)> = Vec::new();
    for (name, value, make) in [
        ("eq", eq, Operator::Eq as fn(Operand) -> Operator),
        ("ne", ne, Operator::Ne),
        ("contains", contains, Operator::Contains),
    ] {
        if let Some(value) = value {
            let text = format!("{name} {}", canonical(&value, kind));
            out.extend(operand(value, kind, cx).map(|operand| (text, make(operand))));
        }
    }
    for (name, value, make) in [
        ("gt", gt, Operator::Gt as fn(Number) -> Operator),
        ("ge", ge, Operator::Ge),
        ("lt", lt, Operator::Lt),
        ("le", le, Operator::Le),
    ] {
        let number = value.and_then(|number| Number::from_json(&number.value.0));
        out.extend(number.map(|number| (format!("{name} {number}"), make(number))));
    }
    if let Some(list) = r#in {
        let mut texts: Vec<String> = list.value.0.iter().map(|scalar| canonical(&scalar.value.0, kind)).collect();
        texts.sort();
        if texts.is_empty() {
            cx.report(
                Problem::at(Code::NeverHolds, list.place, "nothing is among no values").help("list at least one"),
            );
        }
        let operands = list
            .value
            .0
            .into_iter()
            .filter_map(|At { value: Scalar(value), place }| operand(At { value, place }, kind, cx));
        let operands: Box<[Operand]> = operands.collect();
        out.push((format!("in {}", texts.join(",")), Operator::In(operands)));
    }
    for (name, text, make) in
        [("prefix", prefix, Operator::Prefix as fn(Box<[u8]>) -> Operator), ("suffix", suffix, Operator::Suffix)]
    {
        out.extend(text.map(|text| (format!("{name} {:?}", text.value), make(text.value.into_bytes().into()))));
    }
    if let Some(text) = re {
        match regex::bytes::Regex::new(&text.value) {
            Ok(regex) => out.push((format!("re {:?}", text.value), Operator::Re(regex))),
            Err(error) => cx.report(bad_regex(text.place, &error)),
        }
    }
    out.extend(present.map(|_| ("present".to_owned(), Operator::Present)));
    out.extend(absent.map(|_| ("absent".to_owned(), Operator::Absent)));
    if let Some(value) = subset {
        if kind == Kind::Json {
            out.push((format!("subset {}", value.json), Operator::Subset(value.value.json)));
        } else {
            cx.report(
                Problem::at(Code::BadOperand, value.place, "`subset` compares JSON, and this value is text")
                    .help("use it under `when.json`; for text there are `contains`, `prefix`, `suffix` and `re`"),
            );
        }
    }
    if let Some(table) = not {
        let place = table.place;
        let inner = compile(*table.value, place, kind, cx);
        let text = inner.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(" & ");
        out.push((format!("not ({text})"), Operator::Not(inner.into_iter().map(|(_, operator)| operator).collect())));
    }
    if out.is_empty() && cx.is_sound(place, before) {
        cx.report(
            Problem::at(Code::BadOperand, place, "a condition without operators says nothing")
                .help("name an operator, such as `{ eq = \"x\" }`, or leave the key out"),
        );
    }
    out
}

/// The operand of an equality; text needs one that has a text.
fn operand(value: At<Value>, kind: Kind, cx: &mut Context<'_>) -> Option<Operand> {
    let At { value: Value { json, text }, place } = value;
    if kind == Kind::Text && text.is_none() {
        cx.report(
            Problem::at(Code::BadOperand, place, "text cannot equal an array or a table")
                .help("give a scalar; arrays and tables are compared under `when.json`"),
        );
        return None;
    }
    Some(Operand { json, text: text.map(|text| text.into_bytes().into()) })
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

fn bad_regex(place: Place, error: &regex::Error) -> Problem {
    let text = error.to_string();
    let why = match error {
        regex::Error::CompiledTooBig(_) => "the expression needs more than 10 MiB when compiled".to_owned(),
        _ => text.lines().last().unwrap_or("").trim_start_matches("error: ").to_owned(),
    };
    Problem::at(Code::BadRegex, place, "the regular expression is malformed")
        .label(why)
        .help("the syntax is that of the Rust crate `regex`: no look-around, no back-references; single quotes spare the backslashes")
}

/// Reports operators that exclude each other.
fn impossible(operators: &[Operator], place: Place, cx: &mut Context<'_>) {
    let absent = operators.iter().any(|operator| matches!(operator, Operator::Absent));
    let lower = operators.iter().filter_map(|o| match o {
        Operator::Gt(n) => Some((*n, true)),
        Operator::Ge(n) => Some((*n, false)),
        _ => None,
    });
    let upper: Vec<(Number, bool)> = operators
        .iter()
        .filter_map(|o| match o {
            Operator::Lt(n) => Some((*n, true)),
            Operator::Le(n) => Some((*n, false)),
            _ => None,
        })
        .collect();
    let empty = lower
        .into_iter()
        .any(|(low, open)| upper.iter().any(|(high, shut)| low > *high || (low == *high && (open || *shut))));
    if absent && operators.len() > 1 {
        cx.report(
            Problem::at(Code::NeverHolds, place, "a value that is absent has nothing else to it")
                .help("`absent` stands alone; all operators of a table must hold"),
        );
    } else if empty {
        cx.report(
            Problem::at(Code::NeverHolds, place, "no number lies between these bounds")
                .help("all operators of a table must hold; for one of several write `any = [ {…}, {…} ]`"),
        );
    }
}
