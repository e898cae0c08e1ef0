//! Whether a value satisfies a schema.
//!
//! Asked while values are made: which values of a list are allowed, whether an example can be taken, whether exactly one
//! branch of `oneOf` holds, and of the whole at the end. What it does not look at is not counted as broken: formats, and
//! `unevaluatedProperties` and its like.

use serde_json::{Map, Value as Json};

use super::kinds::count;
use super::{DEEPEST, Maker, WORK};
use crate::import::json::Kind;
use crate::import::openapi::document::{Version, reference};
use crate::import::tree::Node;
use crate::stubs::json::json_equal;

/// How much work all checks of one body may take, in schemas looked at. What lies beyond counts as satisfied.
const CHECKED: usize = 10 * WORK;

impl<'t> Maker<'_, 't> {
    /// Whether a value satisfies a schema.
    pub(super) fn fits(&mut self, value: &Json, schema: Node<'t>) -> bool {
        self.misfit(value, schema).is_none()
    }

    /// The keyword that a value does not satisfy.
    pub(super) fn misfit(&mut self, value: &Json, schema: Node<'t>) -> Option<&'static str> {
        let work = self.work;
        let mut check = Check { maker: self, work: 0 };
        let found = check.schema(value, schema, 0);
        self.work = work;
        found
    }
}

struct Check<'m, 'd, 't> {
    maker: &'m mut Maker<'d, 't>,
    work: usize,
}

impl<'t> Check<'_, '_, 't> {
    fn holds(&mut self, value: &Json, schema: Node<'t>, nested: usize) -> bool {
        self.schema(value, schema, nested).is_none()
    }

    fn schema(&mut self, value: &Json, schema: Node<'t>, nested: usize) -> Option<&'static str> {
        self.work += 1;
        if self.work > CHECKED || nested > DEEPEST {
            return None;
        }
        if !schema.is_object() {
            return (schema.bool() == Some(false)).then_some("false");
        }
        let document = self.maker.document;
        if let Some(target) = reference(schema).and_then(|(_, to)| document.target(to)) {
            let found = self.schema(value, target, nested + 1);
            if found.is_some() || document.version == Version::V30 {
                return found;
            }
        }
        let typed = self.maker.types(schema);
        if typed.is_some_and(|types| !types.iter().any(|(kind, whole)| is_of(value, *kind, *whole))) {
            return Some("type");
        }
        if schema.get("enum").is_some_and(|list| !list.items().any(|item| json_equal(&item.json(), value))) {
            return Some("enum");
        }
        let only = schema.get("const").filter(|_| document.version == Version::V31);
        if only.is_some_and(|only| !json_equal(&only.json(), value)) {
            return Some("const");
        }
        let own = match value {
            Json::Number(number) => number_misfit(number.as_f64().unwrap_or_default(), schema),
            Json::String(text) => self.text(text, schema),
            Json::Array(items) => self.array(items, schema, nested),
            Json::Object(members) => self.object(members, schema, nested),
            Json::Null | Json::Bool(_) => None,
        };
        own.or_else(|| self.combined(value, schema, nested))
    }

    fn combined(&mut self, value: &Json, schema: Node<'t>, nested: usize) -> Option<&'static str> {
        let list = |key: &str| schema.get(key).into_iter().flat_map(|list| list.items()).collect::<Vec<_>>();
        if let Some(found) = list("allOf").into_iter().find_map(|part| self.schema(value, part, nested + 1)) {
            return Some(found);
        }
        let any = list("anyOf");
        if !any.is_empty() && !any.into_iter().any(|part| self.holds(value, part, nested + 1)) {
            return Some("anyOf");
        }
        let one = list("oneOf");
        if !one.is_empty() && one.into_iter().filter(|part| self.holds(value, *part, nested + 1)).count() != 1 {
            return Some("oneOf");
        }
        if schema.get("not").is_some_and(|not| self.holds(value, not, nested + 1)) {
            return Some("not");
        }
        let condition = schema.get("if").filter(|_| self.maker.document.version == Version::V31)?;
        let branch = if self.holds(value, condition, nested + 1) { "then" } else { "else" };
        schema.get(branch).and_then(|branch| self.schema(value, branch, nested + 1))
    }

    fn text(&mut self, text: &str, schema: Node<'t>) -> Option<&'static str> {
        let length = text.chars().count();
        if schema.get("minLength").and_then(count).is_some_and(|least| length < least) {
            return Some("minLength");
        }
        if schema.get("maxLength").and_then(count).is_some_and(|most| length > most) {
            return Some("maxLength");
        }
        let pattern = schema.text_at("pattern")?;
        // One that cannot be read is nothing that a text can be said to satisfy.
        let fits = self.maker.pattern(pattern).is_some_and(|pattern| pattern.is_match(text));
        (!fits).then_some("pattern")
    }

    fn array(&mut self, items: &[Json], schema: Node<'t>, nested: usize) -> Option<&'static str> {
        if schema.get("minItems").and_then(count).is_some_and(|least| items.len() < least) {
            return Some("minItems");
        }
        if schema.get("maxItems").and_then(count).is_some_and(|most| items.len() > most) {
            return Some("maxItems");
        }
        let twice = |at: usize| items[..at].iter().any(|other| json_equal(other, &items[at]));
        if schema.is_true("uniqueItems") && (1..items.len()).any(twice) {
            return Some("uniqueItems");
        }
        let first: Vec<Node<'t>> = schema.get("prefixItems").into_iter().flat_map(|list| list.items()).collect();
        for (at, item) in items.iter().enumerate() {
            let own = first.get(at).copied().or_else(|| schema.get("items"));
            if let Some(found) = own.and_then(|own| self.schema(item, own, nested + 1)) {
                return Some(found);
            }
        }
        let wanted = schema.get("contains")?;
        let found = items.iter().filter(|item| self.holds(item, wanted, nested + 1)).count();
        let least = schema.get("minContains").and_then(count).unwrap_or(1);
        let most = schema.get("maxContains").and_then(count).unwrap_or(usize::MAX);
        (!(least..=most).contains(&found)).then_some("contains")
    }

    fn object(&mut self, members: &Map<String, Json>, schema: Node<'t>, nested: usize) -> Option<&'static str> {
        let has = |name: Node<'t>| name.text().is_none_or(|name| members.contains_key(name));
        if schema.get("required").is_some_and(|list| !list.items().all(has)) {
            return Some("required");
        }
        if schema.get("minProperties").and_then(count).is_some_and(|least| members.len() < least) {
            return Some("minProperties");
        }
        if schema.get("maxProperties").and_then(count).is_some_and(|most| members.len() > most) {
            return Some("maxProperties");
        }
        for (name, value) in members {
            for own in self.maker.schemas_of(&[schema], name) {
                if let Some(found) = self.schema(value, own, nested + 1) {
                    return Some(if found == "false" { "additionalProperties" } else { found });
                }
            }
            let named = schema.get("propertyNames");
            if named.is_some_and(|named| !self.holds(&name.as_str().into(), named, nested + 1)) {
                return Some("propertyNames");
            }
        }
        let dependent = |key: &str| {
            let all: Vec<_> = schema.get(key).into_iter().flat_map(|all| all.members()).collect();
            all.into_iter().filter(|(_, name, _)| members.contains_key(*name)).map(|(_, _, demand)| demand)
        };
        if dependent("dependentRequired").any(|list| !list.items().all(has)) {
            return Some("dependentRequired");
        }
        let whole = Json::Object(members.clone());
        let demands: Vec<Node<'t>> = dependent("dependentSchemas").collect();
        demands.into_iter().find_map(|demand| self.schema(&whole, demand, nested + 1))
    }
}

/// Whether a value is of a type; a whole number may be written as `1.0`.
fn is_of(value: &Json, kind: Kind, whole: bool) -> bool {
    match value {
        Json::Null => kind == Kind::Null,
        Json::Bool(_) => kind == Kind::Bool,
        Json::Number(number) => {
            kind == Kind::Number && (!whole || number.as_f64().is_some_and(|number| number.fract() == 0.0))
        }
        Json::String(_) => kind == Kind::Text,
        Json::Array(_) => kind == Kind::Array,
        Json::Object(_) => kind == Kind::Object,
    }
}

fn number_misfit(number: f64, schema: Node<'_>) -> Option<&'static str> {
    let bound = |key: &str| schema.get(key)?.number()?.as_f64();
    let (low, high) = (bound("minimum"), bound("maximum"));
    // In 3.0 `exclusiveMinimum` says that `minimum` is; in 3.1 it is a bound itself.
    let open = |key: &str| schema.is_true(key);
    if low.is_some_and(|low| number < low || (number == low && open("exclusiveMinimum"))) {
        return Some("minimum");
    }
    if high.is_some_and(|high| number > high || (number == high && open("exclusiveMaximum"))) {
        return Some("maximum");
    }
    if bound("exclusiveMinimum").is_some_and(|low| number <= low) {
        return Some("exclusiveMinimum");
    }
    if bound("exclusiveMaximum").is_some_and(|high| number >= high) {
        return Some("exclusiveMaximum");
    }
    let step = bound("multipleOf").filter(|step| *step > 0.0)?;
    let times = number / step;
    ((times - times.round()).abs() > 1e-9).then_some("multipleOf")
}
