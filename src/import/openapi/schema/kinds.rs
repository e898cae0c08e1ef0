//! Objects and lists.

use serde_json::{Map, Value as Json};

use super::{Fail, Maker};
use crate::import::tree::Node;

/// The most elements, or members, that a schema can ask for.
const MOST: usize = 1000;
/// How often a list asks for another element where all must differ.
const ATTEMPTS: usize = 20;

impl<'t> Maker<'_, 't> {
    /// An object. `told` are members with their values.
    pub(super) fn object(&mut self, parts: &[Node<'t>], told: &[(&'t str, String)]) -> Result<Json, Fail> {
        let least = most(parts, "minProperties").unwrap_or(0);
        let limit = least_of(parts, "maxProperties").unwrap_or(usize::MAX);
        let required = required(parts);
        if least > MOST || required.len() > limit {
            return Err(if least > MOST { Fail::Large } else { Fail::Never });
        }
        let mut names: Vec<&'t str> = Vec::new();
        for part in parts {
            let own = part.get("properties").into_iter().flat_map(|properties| properties.members());
            for (_, name, schema) in own {
                let is_asked = schema.is_true("writeOnly") || schema.is_true("deprecated");
                if !names.contains(&name) && (!is_asked || required.contains(&name)) {
                    names.push(name);
                }
            }
        }
        names.extend(required.iter().filter(|name| !names.contains(name)).copied().collect::<Vec<_>>());
        let mut made = Map::new();
        // What is required comes first, so that optional members take no room from it; the order of the text is kept.
        let mut values: Vec<Option<Json>> = vec![None; names.len()];
        for optional in [false, true] {
            for (at, name) in names.iter().enumerate() {
                if required.contains(name) == optional {
                    continue;
                }
                let so_far = values.iter().flatten().count();
                if optional && (so_far >= limit || !(self.is_generous() || so_far < least)) {
                    continue;
                }
                match self.member(parts, name, told) {
                    Ok(value) => values[at] = Some(value),
                    Err(_) if optional => {}
                    Err(fail) => return Err(fail),
                }
            }
        }
        for (name, value) in names.iter().zip(values) {
            made.extend(value.map(|value| ((*name).to_owned(), value)));
        }
        self.depend(parts, &mut made);
        self.fill(parts, &mut made, least)?;
        Ok(Json::Object(made))
    }

    fn member(&mut self, parts: &[Node<'t>], name: &str, told: &[(&'t str, String)]) -> Result<Json, Fail> {
        let schemas = self.schemas_of(parts, name);
        if let Some((_, value)) = told.iter().find(|(of, _)| *of == name) {
            let value = Json::from(value.as_str());
            if schemas.iter().all(|schema| self.fits(&value, *schema)) {
                return Ok(value);
            }
        }
        self.below(name, &schemas)
    }

    /// What a member of this name has to satisfy.
    pub(super) fn schemas_of(&mut self, parts: &[Node<'t>], name: &str) -> Vec<Node<'t>> {
        let mut schemas = Vec::new();
        for part in parts {
            let before = schemas.len();
            schemas.extend(part.get("properties").and_then(|properties| properties.get(name)));
            for (_, pattern, schema) in part.get("patternProperties").into_iter().flat_map(|list| list.members()) {
                if self.pattern(pattern).is_some_and(|pattern| pattern.is_match(name)) {
                    schemas.push(schema);
                }
            }
            if schemas.len() == before {
                schemas.extend(part.get("additionalProperties"));
            }
        }
        schemas
    }

    /// Adds what members demand that are there.
    fn depend(&mut self, parts: &[Node<'t>], made: &mut Map<String, Json>) {
        let demands = parts.iter().filter_map(|part| part.get("dependentRequired")).flat_map(|all| all.members());
        let demands: Vec<(&'t str, Vec<&'t str>)> =
            demands.map(|(_, name, list)| (name, list.items().filter_map(Node::text).collect())).collect();
        for (name, wanted) in demands {
            for other in wanted {
                if made.contains_key(name)
                    && !made.contains_key(other)
                    && let Ok(value) = self.member(parts, other, &[])
                {
                    made.insert(other.to_owned(), value);
                }
            }
        }
    }

    /// Adds members that have no names in the schema: one where the object is a map, and as many as there must be.
    fn fill(&mut self, parts: &[Node<'t>], made: &mut Map<String, Json>, least: usize) -> Result<(), Fail> {
        let is_map = parts.iter().any(|part| part.get("additionalProperties").is_some_and(|more| more.is_object()));
        let wanted = if made.is_empty() && is_map && self.is_generous() { least.max(1) } else { least };
        let names: Vec<Node<'t>> = parts.iter().filter_map(|part| part.get("propertyNames")).collect();
        for number in 1..=wanted.saturating_mul(2) {
            if made.len() >= wanted {
                break;
            }
            let word = if number == 1 { "key".to_owned() } else { format!("key{number}") };
            let name = match names.is_empty() {
                true => word,
                false => match self.below(&word, &names)? {
                    Json::String(name) => name,
                    _ => return Err(Fail::Never),
                },
            };
            match self.member(parts, &name, &[]) {
                Ok(value) => drop(made.insert(name, value)),
                Err(fail) if made.len() < least => return Err(fail),
                Err(_) => break,
            }
        }
        if made.len() < least { Err(Fail::Never) } else { Ok(()) }
    }

    /// A list.
    pub(super) fn array(&mut self, parts: &[Node<'t>]) -> Result<Json, Fail> {
        let first: Vec<Node<'t>> =
            parts.iter().find_map(|part| part.get("prefixItems")).into_iter().flat_map(|list| list.items()).collect();
        let items: Vec<Node<'t>> = parts.iter().filter_map(|part| part.get("items")).collect();
        let contained: Vec<Node<'t>> = parts.iter().filter_map(|part| part.get("contains")).collect();
        let least = most(parts, "minItems").unwrap_or(0);
        let limit = least_of(parts, "maxItems").unwrap_or(usize::MAX);
        if least > limit || least > MOST {
            return Err(if least > MOST { Fail::Large } else { Fail::Never });
        }
        let wanted = if self.is_generous() { least.max(first.len()).max(1).min(limit) } else { least };
        let wanted = if contained.is_empty() { wanted } else { wanted.max(1) };
        let differ = parts.iter().any(|part| part.is_true("uniqueItems"));
        let mut made: Vec<Json> = Vec::new();
        for at in 0..wanted {
            let mut schemas: Vec<Node<'t>> = match first.get(at) {
                Some(schema) => vec![*schema],
                None => items.clone(),
            };
            // The last may be anything that the list must contain.
            if at + 1 == wanted {
                schemas.extend(&contained);
            }
            let attempts = if differ { ATTEMPTS } else { 1 };
            let mut found = Err(Fail::Never);
            for attempt in 0..attempts {
                let word = if attempt == 0 { at.to_string() } else { format!("{at}.{attempt}") };
                found = self.below(&word, &schemas);
                let twice =
                    |value: &Json| differ && made.iter().any(|other| crate::stubs::json::json_equal(other, value));
                if !matches!(&found, Ok(value) if twice(value)) {
                    break;
                }
                found = Err(Fail::Never);
            }
            match found {
                Ok(value) => made.push(value),
                Err(fail) if made.len() < least || !contained.is_empty() => return Err(fail),
                Err(_) => break,
            }
        }
        Ok(Json::Array(made))
    }
}

/// The members that some part requires, in the order of the text.
fn required<'t>(parts: &[Node<'t>]) -> Vec<&'t str> {
    let mut names: Vec<&'t str> = Vec::new();
    let lists = parts.iter().filter_map(|part| part.get("required"));
    for name in lists.flat_map(|list| list.items()).filter_map(Node::text) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The greatest of the counts that parts demand.
pub(super) fn most(parts: &[Node<'_>], key: &str) -> Option<usize> {
    counts(parts, key).max()
}

/// The least of the counts that parts demand.
pub(super) fn least_of(parts: &[Node<'_>], key: &str) -> Option<usize> {
    counts(parts, key).min()
}

fn counts(parts: &[Node<'_>], key: &str) -> impl Iterator<Item = usize> {
    parts.iter().filter_map(move |part| count(part.get(key)?))
}

/// A count, also where it is written as `1.0`.
pub(super) fn count(node: Node<'_>) -> Option<usize> {
    let number = node.number()?;
    let whole = number.as_u64().or_else(|| number.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64))?;
    usize::try_from(whole).ok()
}
