//! From a table of operators to those that run.

use super::Context;
use crate::file::OperatorTable;
use crate::file::leaf::{Scalar, Value};
use crate::file::read::At;
use crate::problem::{Code, Place, Problem};
use crate::stubs::number::Number;
use crate::stubs::operator::{Operand, Operator};

/// Whether values are compared as text or as JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Json,
}

pub(super) fn canonical(value: &Value, kind: Kind) -> String {
    match (kind, &value.text) {
        (Kind::Text, Some(text)) => format!("{text:?}"),
        _ => value.json.to_string(),
    }
}

/// Compiles a table of operators, each with its canonical text.
pub(super) fn compile(table: OperatorTable, place: Place, kind: Kind, cx: &mut Context<'_>) -> Vec<(String, Operator)> {
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
            Ok(regex) => {
                if !is_anchored(&text.value) {
                    cx.report(unanchored(&text));
                }
                out.push((format!("re {:?}", text.value), Operator::Re(regex)));
            }
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
pub(super) fn operand(value: At<Value>, kind: Kind, cx: &mut Context<'_>) -> Option<Operand> {
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

fn unanchored(text: &At<String>) -> Problem {
    let quote = if text.value.contains('\'') { '"' } else { '\'' };
    Problem::at(Code::UnanchoredRegex, text.place, "the regular expression holds wherever it is found in the value")
        .warning()
        .label("has neither `^` nor `$`")
        .help(format!(
            "to compare the whole value write {quote}^(?:{})${quote}; a `.*` at the beginning says that it is meant so",
            text.value
        ))
}

/// Whether an expression says where it holds: by an anchor, or by beginning with `.*`; or is empty, and holds for any text.
fn is_anchored(text: &str) -> bool {
    if text.is_empty() || text.starts_with(".*") {
        return true;
    }
    let (mut escaped, mut class) = (false, 0_usize);
    for letter in text.chars() {
        match (escaped, letter) {
            (true, 'A' | 'z' | 'b') if class == 0 => return true,
            (true, _) => {}
            (false, '[') => class += 1,
            (false, ']') => class = class.saturating_sub(1),
            (false, '^' | '$') if class == 0 => return true,
            (false, _) => {}
        }
        escaped = !escaped && letter == '\\';
    }
    false
}

pub(super) fn bad_regex(place: Place, error: &regex::Error) -> Problem {
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
pub(super) fn impossible(operators: &[Operator], place: Place, cx: &mut Context<'_>) {
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
