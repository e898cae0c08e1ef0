//! Values made from schemas: what a schema demands, chosen by a seed.
//!
//! A value has to satisfy several schemas at once: those of `allOf`, what `$ref` leads to, the chosen branches of `anyOf`
//! and `oneOf`. They are kept as a list of *parts*, and every keyword is asked of all parts together: of minima the
//! greatest counts, of types those that all allow. Nothing is merged into a new schema.
//!
//! A schema that refers to itself comes to an end because what would be entered a second time is left out: an optional
//! member, the elements of a list, another branch. Work is bounded too: beyond [`GENEROUS`] only what is required is made,
//! and beyond [`WORK`] nothing.

mod choice;
mod fits;
mod kinds;
mod pattern;
mod scalar;

use std::collections::HashMap;

use rand::SeedableRng as _;
use rand::rngs::Xoshiro256PlusPlus;
use regex::Regex;
use serde_json::Value as Json;

use super::document::{Document, Version, reference};
use crate::import::json::Kind;
use crate::import::tree::Node;
use crate::stubs::template::dice;

/// How many schemas are looked at for one body before optional members are left out.
const GENEROUS: usize = 150;
/// How many are looked at for one body at most.
const WORK: usize = 40_000;
/// How deep values may lie in each other before optional members are left out.
const DEEP: usize = 6;
/// How deep they may lie in each other at all, and schemas in schemas.
const DEEPEST: usize = 100;

/// Schemas of which all must be satisfied.
type Parts<'t> = Vec<Node<'t>>;

/// Makes values.
pub struct Maker<'d, 't> {
    document: &'d Document<'t>,
    seed: u64,
    /// Schemas looked at for this body.
    work: usize,
    /// How many values lie around the one that is made.
    depth: usize,
    /// The names on the way to it: what the seed is varied by.
    words: Vec<String>,
    /// What references led to it: none is entered twice.
    entered: Vec<u32>,
    /// Regular expressions; none where one cannot be read.
    patterns: HashMap<String, Option<Regex>>,
    /// Whether nothing is made but what is required.
    is_brief: bool,
}

/// A value that was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// The value.
    pub value: Json,
    /// The keyword that it does not satisfy, where nothing better was found.
    pub misfit: Option<&'static str>,
}

/// Why there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fail {
    /// The schema requires a value within itself without end.
    Cycle,
    /// Its demands contradict each other.
    Never,
    /// The value would be too large, or too much work.
    Large,
}

impl Fail {
    /// What a report says.
    pub fn as_str(self) -> &'static str {
        match self {
            Fail::Cycle => "it requires itself within itself",
            Fail::Never => "nothing satisfies it",
            Fail::Large => "what it requires is too large",
        }
    }
}

impl<'d, 't> Maker<'d, 't> {
    /// A maker for a document.
    pub fn new(document: &'d Document<'t>, seed: u64) -> Self {
        let (words, entered, patterns) = (Vec::new(), Vec::new(), HashMap::new());
        Maker { document, seed, work: 0, depth: 0, words, entered, patterns, is_brief: false }
    }

    /// From here on nothing is made but what is required.
    pub fn be_brief(&mut self) {
        self.is_brief = true;
    }

    /// A value for a schema; `word` tells it from others of the same schema.
    ///
    /// # Errors
    /// Why there is none.
    pub fn make(&mut self, schema: Node<'t>, word: &str) -> Result<Made, Fail> {
        (self.work, self.depth) = (0, 0);
        self.entered = vec![schema.id()];
        self.words = vec![word.to_owned()];
        let value = self.value(&[schema])?;
        // A check has work of its own, which the value bounds.
        self.work = 0;
        let misfit = self.misfit(&value, schema);
        Ok(Made { value, misfit })
    }

    /// A value that lies under a name in another.
    fn below(&mut self, word: &str, parts: &[Node<'t>]) -> Result<Json, Fail> {
        if self.depth >= DEEPEST {
            return Err(Fail::Large);
        }
        self.words.push(word.to_owned());
        self.depth += 1;
        let made = self.value(parts);
        self.depth -= 1;
        self.words.pop();
        made
    }

    fn value(&mut self, parts: &[Node<'t>]) -> Result<Json, Fail> {
        let entered = self.entered.len();
        let mut flat = Vec::new();
        let flattened = parts.iter().try_for_each(|part| self.flatten(*part, &mut flat, 0));
        let made = flattened.and_then(|()| {
            let choices = flat.iter().flat_map(|part| self.choices(*part)).collect();
            self.chosen(flat, choices, &[])
        });
        self.entered.truncate(entered);
        made
    }

    /// Adds a schema to the parts, with what it refers to and what `allOf` brings.
    fn flatten(&mut self, schema: Node<'t>, flat: &mut Parts<'t>, nested: usize) -> Result<(), Fail> {
        self.work += 1;
        if self.work > WORK || nested > DEEPEST {
            return Err(Fail::Large);
        }
        if schema.bool() == Some(false) {
            return Err(Fail::Never);
        }
        if !schema.is_object() || flat.iter().any(|part| part.id() == schema.id()) {
            return Ok(());
        }
        let target = reference(schema).and_then(|(_, to)| self.document.target(to));
        if let Some(target) = target {
            if !flat.iter().any(|part| part.id() == target.id()) {
                if self.entered.contains(&target.id()) {
                    return Err(Fail::Cycle);
                }
                self.entered.push(target.id());
            }
            self.flatten(target, flat, nested + 1)?;
            if self.document.version == Version::V30 {
                return Ok(()); // what stands beside a reference does not count there
            }
        }
        flat.push(schema);
        let all: Vec<Node<'t>> = schema.get("allOf").into_iter().flat_map(|list| list.items()).collect();
        all.into_iter().try_for_each(|part| self.flatten(part, flat, nested + 1))
    }

    /// A value for parts without choices.
    fn plain(&mut self, parts: &[Node<'t>], told: &[(&'t str, String)]) -> Result<Json, Fail> {
        if let Some(listed) = self.listed(parts) {
            return listed;
        }
        let mut failed = Fail::Never;
        for kind in self.kinds(parts) {
            let made = match kind {
                Kind::Object => self.object(parts, told),
                Kind::Array => self.array(parts),
                Kind::Text => self.text(parts),
                Kind::Number => self.number(parts),
                Kind::Bool => Ok(Json::Bool(self.pick(2, "") == 1)),
                Kind::Null => Ok(Json::Null),
            };
            match made {
                Ok(value) => return Ok(value),
                Err(fail) => failed = fail,
            }
        }
        Err(failed)
    }

    /// A value that the parts list themselves: the only ones allowed, an example, a default.
    fn listed(&mut self, parts: &[Node<'t>]) -> Option<Result<Json, Fail>> {
        let allowed = parts.iter().find_map(|part| {
            let only = part.get("const").filter(|_| self.document.version == Version::V31).map(|only| vec![only]);
            only.or_else(|| Some(part.get("enum")?.items().collect::<Vec<_>>()))
        });
        if let Some(allowed) = allowed {
            let mut fitting: Vec<Json> = allowed.into_iter().map(Node::json).collect();
            fitting.retain(|value| parts.iter().all(|part| self.fits(value, *part)));
            // As of types, something says more than nothing.
            fitting.sort_by_key(Json::is_null);
            let some = fitting.iter().filter(|value| !value.is_null()).count();
            let at = self.pick(some.max(1), "");
            return Some(fitting.into_iter().nth(at).ok_or(Fail::Never));
        }
        let given = parts.iter().flat_map(|part| {
            let first = part.get("examples").and_then(|list| list.items().next());
            [part.get("example"), first, part.get("default")].into_iter().flatten()
        });
        let given: Vec<Node<'t>> = given.collect();
        given.into_iter().map(Node::json).find(|value| parts.iter().all(|part| self.fits(value, *part))).map(Ok)
    }

    /// The kinds of value that all parts allow, in the order in which they are tried.
    fn kinds(&self, parts: &[Node<'t>]) -> Vec<Kind> {
        let mut allowed: Option<Vec<Kind>> = None;
        for part in parts {
            let Some(own) = self.types(*part) else { continue };
            let own: Vec<Kind> = own.into_iter().map(|(kind, _)| kind).collect();
            allowed = Some(match allowed {
                None => own,
                Some(allowed) => allowed.into_iter().filter(|kind| own.contains(kind)).collect(),
            });
        }
        let mut allowed = allowed.unwrap_or_else(|| {
            let has = |keys: &[&str]| parts.iter().any(|part| keys.iter().any(|key| part.get(key).is_some()));
            let objects = ["properties", "required", "additionalProperties", "minProperties", "patternProperties"];
            vec![match () {
                () if has(&objects) => Kind::Object,
                () if has(&["items", "prefixItems", "minItems"]) => Kind::Array,
                () if has(&["minimum", "maximum", "exclusiveMinimum", "multipleOf"]) => Kind::Number,
                () if has(&["pattern", "format", "minLength", "maxLength"]) => Kind::Text,
                () if self.depth == 0 => Kind::Object,
                () => Kind::Text,
            }]
        });
        allowed.sort_by_key(|kind| *kind == Kind::Null);
        allowed
    }

    /// The types that one schema allows, each with whether only whole numbers are meant; none where it says nothing.
    fn types(&self, part: Node<'t>) -> Option<Vec<(Kind, bool)>> {
        let said = part.get("type")?;
        let one = |node: Node<'t>| match node.text()? {
            "object" => Some((Kind::Object, false)),
            "array" => Some((Kind::Array, false)),
            "string" => Some((Kind::Text, false)),
            "number" => Some((Kind::Number, false)),
            "integer" => Some((Kind::Number, true)),
            "boolean" => Some((Kind::Bool, false)),
            "null" => Some((Kind::Null, false)),
            "file" => Some((Kind::Text, false)), // of version 2, and still written
            _ => None,
        };
        let mut types: Vec<(Kind, bool)> = match said.text() {
            Some(_) => one(said).into_iter().collect(),
            None => said.items().filter_map(one).collect(),
        };
        if self.document.version == Version::V30 && part.is_true("nullable") {
            types.push((Kind::Null, false));
        }
        Some(types)
    }

    /// Dice for this value, the same for the same seed and the same names on the way to it.
    fn dice(&self, what: &str) -> Xoshiro256PlusPlus {
        let words: Vec<&[u8]> = self.words.iter().map(String::as_bytes).chain([what.as_bytes()]).collect();
        Xoshiro256PlusPlus::seed_from_u64(dice::seed(self.seed, &words))
    }

    /// A number below `of`, which is not 0.
    fn pick(&self, of: usize, what: &str) -> usize {
        use rand::RngExt as _;
        self.dice(what).random_range(0..of)
    }

    /// Whether members that nobody requires are made too.
    fn is_generous(&self) -> bool {
        !self.is_brief && self.work < GENEROUS && self.depth < DEEP
    }
}

#[cfg(test)]
mod tests;
