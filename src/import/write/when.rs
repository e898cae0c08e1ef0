//! Conditions and delays as a mock file has them.

use super::{dotted, toml};
use crate::file::leaf::{List, Named};
use crate::file::read::At;
use crate::file::{Condition, DelayTable, DelayValue, OperatorTable, WhenTable};

/// The lines of a `when` table: what stands behind `when.`, and its value.
pub fn lines(when: &WhenTable) -> Vec<(String, String)> {
    let WhenTable { path, query, header, cookie, form, json, body, target, any } = when;
    let mut lines = Vec::new();
    for (kind, named) in
        [("path", path), ("query", query), ("header", header), ("cookie", cookie), ("form", form), ("json", json)]
    {
        let named: &Option<At<Named<Condition>>> = named;
        for (name, condition) in named.iter().flat_map(|named| &named.value.0) {
            lines.push((dotted(&[kind, name]), self::condition(&condition.value)));
        }
    }
    for (kind, condition) in [("body", body), ("target", target)] {
        lines.extend(condition.iter().map(|condition| (kind.to_owned(), self::condition(&condition.value))));
    }
    lines.extend(any.iter().map(|any| ("any".to_owned(), branches(&any.value))));
    lines
}

fn branches(list: &List<WhenTable>) -> String {
    let branch = |branch: &At<WhenTable>| {
        let members: Vec<_> = lines(branch).into_iter().map(|(path, value)| format!("{path} = {value}")).collect();
        format!("{{ {} }}", members.join(", "))
    };
    format!("[{}]", list.0.iter().map(branch).collect::<Vec<_>>().join(", "))
}

fn condition(condition: &Condition) -> String {
    match condition {
        Condition::Equals(value) => toml(&value.json),
        Condition::Values(list) => {
            let values: Vec<_> = list.value.0.iter().map(|scalar| toml(&scalar.value.0.json)).collect();
            format!("[{}]", values.join(", "))
        }
        Condition::Operators(table) => match &table.value.eq {
            // A scalar means equality by itself.
            Some(eq) if !eq.json.is_array() && !eq.json.is_object() && operators(&table.value).len() == 1 => {
                toml(&eq.json)
            }
            _ => self::table(&table.value),
        },
    }
}

fn table(table: &OperatorTable) -> String {
    format!("{{ {} }}", operators(table).join(", "))
}

fn operators(table: &OperatorTable) -> Vec<String> {
    let OperatorTable { eq, ne, gt, ge, lt, le, r#in, contains, prefix, suffix, re, present, absent, subset, not } =
        table;
    let mut out = Vec::new();
    for (name, value) in [("eq", eq), ("ne", ne), ("contains", contains), ("subset", subset)] {
        out.extend(value.iter().map(|value| format!("{name} = {}", toml(&value.json))));
    }
    for (name, value) in [("gt", gt), ("ge", ge), ("lt", lt), ("le", le)] {
        out.extend(value.iter().map(|value| format!("{name} = {}", toml(&value.value.0.clone().into()))));
    }
    out.extend(r#in.iter().map(|list| {
        let values: Vec<_> = list.value.0.iter().map(|scalar| toml(&scalar.value.0.json)).collect();
        format!("in = [{}]", values.join(", "))
    }));
    for (name, value) in [("prefix", prefix), ("suffix", suffix), ("re", re)] {
        out.extend(value.iter().map(|value| format!("{name} = {}", toml(&value.value.clone().into()))));
    }
    out.extend(present.iter().map(|_| "present = true".to_owned()));
    out.extend(absent.iter().map(|_| "absent = true".to_owned()));
    out.extend(not.iter().map(|not| format!("not = {}", self::table(&not.value))));
    out
}

/// A delay with its unit.
pub fn delay(delay: &DelayValue) -> String {
    let span = |span: std::time::Duration| format!("\"{}ms\"", span.as_millis());
    match delay {
        DelayValue::Fixed(fixed) => span(fixed.0),
        DelayValue::Range(DelayTable { min, max }) => {
            let of =
                |end: &Option<At<crate::file::leaf::Span>>| end.as_ref().map_or_else(String::new, |end| span(end.0));
            format!("{{ min = {}, max = {} }}", of(min), of(max))
        }
    }
}
