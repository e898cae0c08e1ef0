//! Matchers of the body: text, JSON that is equal or a part, and nodes of JSON.

use base64::Engine as _;
use serde_json::Value as Json;

use super::json_path::{self, Comparison, With};
use super::matcher::{self, Fault, fault, flag};
use crate::import::clause::{Clauses, Op, Subject, has_toml_form};
use crate::import::json::{Kind, Node, Object};

/// How many orders of arrays are said one by one.
const ORDERS: usize = 24;

/// Reads `bodyPatterns`, all of which must hold.
///
/// # Errors
/// Where one has no counterpart.
pub fn read<'t>(list: Option<Node<'t>>) -> Result<Clauses, Fault<'t>> {
    let mut clauses = Clauses::default();
    let Some(list) = list else { return Ok(clauses) };
    if list.kind() != Kind::Array {
        return Err(fault(list, "`bodyPatterns` that are no list", list.described()));
    }
    for pattern in list.items() {
        let object = Object::of(pattern);
        let part = if let Some(expected) = object.get("equalToJson") {
            only(pattern, &["equalToJson", "ignoreArrayOrder", "ignoreExtraElements"])?;
            equal_to_json(expected, flag(&object, "ignoreArrayOrder"), flag(&object, "ignoreExtraElements"))?
        } else if let Some(expression) = object.get("matchesJsonPath") {
            only(pattern, &["matchesJsonPath"])?;
            matches_json_path(expression)?
        } else if let Some(bytes) = object.get("binaryEqualTo") {
            only(pattern, &["binaryEqualTo"])?;
            binary(bytes)?
        } else {
            matcher::read(pattern, &Subject::Body)?
        };
        clauses.and(part);
    }
    Ok(clauses)
}

/// Refuses keys beside those that are known.
fn only<'t>(pattern: Node<'t>, known: &[&str]) -> Result<(), Fault<'t>> {
    match pattern.members().into_iter().find(|(key, _)| !known.contains(&&**key)) {
        None => Ok(()),
        Some((key, value)) => {
            Err(fault(value, "a matcher without counterpart", format!("`{key}` beside `{}`", known[0])))
        }
    }
}

fn binary<'t>(node: Node<'t>) -> Result<Clauses, Fault<'t>> {
    let bytes = node.text().and_then(|text| base64::engine::general_purpose::STANDARD.decode(text.as_bytes()).ok());
    match bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
        Some(text) if text.is_empty() => Ok(Clauses::one(Subject::Body, vec![Op::Absent])),
        Some(text) => Ok(Clauses::one(Subject::Body, vec![Op::Eq(Json::String(text))])),
        None => Err(fault(node, "a matcher without counterpart", "`binaryEqualTo` of what is no text")),
    }
}

fn equal_to_json<'t>(node: Node<'t>, any_order: bool, extra: bool) -> Result<Clauses, Fault<'t>> {
    let text = node.text().unwrap_or(std::borrow::Cow::Borrowed(node.raw()));
    let Ok(expected) = serde_json::from_str::<Json>(&text) else {
        return Err(fault(node, "`equalToJson` of what is no JSON, or nested too deeply", ""));
    };
    if text.contains("${json-unit") || text.contains("#{json-unit") {
        return Err(fault(node, "placeholders in `equalToJson`", ""));
    }
    if !has_toml_form(&expected) {
        return Err(fault(node, "null in `equalToJson`, which a mock file cannot hold", ""));
    }
    let whole = |op: Op| Clauses::one(Subject::Json("$".to_owned()), vec![op]);
    if extra && !any_order {
        // Elements stand at their place, with more behind them; `subset` would allow more between them.
        let mut clauses = Clauses::default();
        at_their_places(&expected, "$", &mut clauses);
        return Ok(clauses);
    }
    let op = |json: Json| if extra { Op::Subset(json) } else { Op::Eq(json) };
    if !any_order {
        return Ok(whole(op(expected)));
    }
    let Some(orders) = orders(&expected) else {
        return Err(fault(node, "`ignoreArrayOrder` with more than 24 orders of elements", ""));
    };
    Ok(match <[Json; 1]>::try_from(orders) {
        Ok([only]) => whole(op(only)),
        Err(orders) => {
            Clauses { tests: Vec::new(), groups: vec![orders.into_iter().map(|json| whole(op(json))).collect()] }
        }
    })
}

/// Every member and element of a value, where it stands.
fn at_their_places(expected: &Json, path: &str, clauses: &mut Clauses) {
    let holds_array = |json: &Json| has_array(json);
    match expected {
        Json::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                at_their_places(item, &format!("{path}[{at}]"), clauses);
            }
            // It is an array, whatever is in it.
            clauses.test(Subject::Json(path.to_owned()), vec![Op::Subset(Json::Array(Vec::new()))]);
        }
        Json::Object(members) if members.values().any(holds_array) => {
            let mut plain = serde_json::Map::new();
            for (name, member) in members {
                if has_array(member) {
                    let quoted = name.replace('\\', r"\\").replace('\'', r"\'");
                    at_their_places(member, &format!("{path}['{quoted}']"), clauses);
                } else {
                    plain.insert(name.clone(), member.clone());
                }
            }
            if !plain.is_empty() {
                clauses.test(Subject::Json(path.to_owned()), vec![Op::Subset(Json::Object(plain))]);
            }
        }
        Json::Object(_) => clauses.test(Subject::Json(path.to_owned()), vec![Op::Subset(expected.clone())]),
        scalar => clauses.test(Subject::Json(path.to_owned()), vec![Op::Eq(scalar.clone())]),
    }
}

fn has_array(json: &Json) -> bool {
    match json {
        Json::Array(_) => true,
        Json::Object(members) => members.values().any(has_array),
        _ => false,
    }
}

/// A value in every order of the elements of its arrays, each once; none where there are too many.
fn orders(json: &Json) -> Option<Vec<Json>> {
    let mut out: Vec<Json> = match json {
        Json::Array(items) => {
            let mut found: Vec<Vec<Json>> = vec![Vec::new()];
            for item in items {
                let variants = orders(item)?;
                let mut next = Vec::new();
                for list in &found {
                    for variant in &variants {
                        for at in 0..=list.len() {
                            let mut list = list.clone();
                            list.insert(at, variant.clone());
                            next.push(list);
                        }
                    }
                    if next.len() > ORDERS * 50 {
                        return None;
                    }
                }
                found = next;
            }
            found.into_iter().map(Json::Array).collect()
        }
        Json::Object(members) => {
            let mut found = vec![serde_json::Map::new()];
            for (name, member) in members {
                let variants = orders(member)?;
                let with = |map: &serde_json::Map<String, Json>, variant: &Json| {
                    let mut map = map.clone();
                    map.insert(name.clone(), variant.clone());
                    map
                };
                found = found.iter().flat_map(|map| variants.iter().map(move |variant| with(map, variant))).collect();
                if found.len() > ORDERS {
                    return None;
                }
            }
            found.into_iter().map(Json::Object).collect()
        }
        scalar => vec![scalar.clone()],
    };
    let mut seen = std::collections::HashSet::new();
    out.retain(|json| seen.insert(json.to_string()));
    (out.len() <= ORDERS).then_some(out)
}

fn matches_json_path<'t>(node: Node<'t>) -> Result<Clauses, Fault<'t>> {
    let advanced = Object::of(node);
    let expression = if node.kind() == Kind::Object { advanced.get("expression") } else { Some(node) };
    let text = expression.and_then(|expression| expression.text()).unwrap_or_default();
    let Some(path) = json_path::read(&text) else {
        return Err(fault(node, "a JSONPath without counterpart", format!("`{text}`")));
    };
    let json = |path: String| Subject::Json(path);
    // What is behind a filter that looks at elements counts only where they are those of an array.
    let elements = path.of_elements();
    let is_array = || Clauses::one(json(format!("{}[0]", path.base)), vec![Op::Present]);
    if node.kind() == Kind::Object {
        let mut rest = node.members();
        rest.retain(|(key, _)| key != "expression");
        let [(key, value)] = rest.as_slice() else {
            return Err(fault(node, "`matchesJsonPath` with other than one matcher", ""));
        };
        if key == "equalToJson" {
            return nested_json(*value, &path);
        }
        let subject = json(elements.clone().unwrap_or_else(|| path.base.clone()));
        let mut clauses = matcher::named(key, *value, false, &subject, 0)?;
        if elements.is_some() {
            if clauses.tests.iter().any(|test| test.ops.contains(&Op::Absent)) {
                return Err(fault(node, "`absent` behind a filter", format!("`{text}`")));
            }
            clauses.and(is_array());
        }
        return Ok(clauses);
    }
    let Some(elements) = elements else { return Ok(something(&path.base, path.is_definite)) };
    let mut of_array = is_array();
    of_array.test(json(elements), vec![Op::Present]);
    let of_object = match &path.filter {
        Some((comparisons, rest)) if rest.is_empty() => {
            let mut clauses = Clauses::default();
            comparisons.iter().for_each(|comparison| clauses.and(of_member(&path.base, comparison)));
            Some(clauses)
        }
        _ => None,
    };
    Ok(match of_object {
        Some(of_object) => Clauses { tests: Vec::new(), groups: vec![vec![of_object, of_array]] },
        None => of_array,
    })
}

/// What a filter asks of the object that it stands behind.
fn of_member(base: &str, comparison: &Comparison) -> Clauses {
    let subject = Subject::Json(format!("{base}{}", comparison.member));
    let op = match &comparison.with {
        With::There => Op::Present,
        With::Equal(json) => Op::Eq(json.clone()),
        With::Re(re) => Op::Re(re.clone()),
    };
    Clauses::one(subject, vec![op])
}

/// `matchesJsonPath` alone: nodes, or one that is not null and not empty.
fn something(path: &str, is_definite: bool) -> Clauses {
    let json = |path: String| Subject::Json(path);
    if !is_definite {
        return Clauses::one(json(path.to_owned()), vec![Op::Present]);
    }
    // Null, arrays and objects have no text; what has elements or members is not empty.
    let scalar = Clauses::one(json(path.to_owned()), vec![Op::Re(String::new())]);
    let holder = Clauses::one(json(format!("{path}[*]")), vec![Op::Present]);
    Clauses { tests: Vec::new(), groups: vec![vec![scalar, holder]] }
}

/// `equalToJson` of the node that an expression names.
fn nested_json<'t>(value: Node<'t>, path: &json_path::Path) -> Result<Clauses, Fault<'t>> {
    if path.filter.is_some() || !path.is_definite {
        return Err(fault(value, "a matcher without counterpart", "`equalToJson` of several nodes"));
    }
    let mut clauses = equal_to_json(value, false, false)?;
    clauses.tests.iter_mut().for_each(|test| test.subject = Subject::Json(path.base.clone()));
    Ok(clauses)
}

#[cfg(test)]
mod tests;
