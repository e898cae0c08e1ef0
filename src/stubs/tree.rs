//! The way to the few rules of a large bucket that can hold.
//!
//! A bucket of more than eight rules is split by the attribute (query key, header, cookie, path parameter, form key or
//! JSONPath) whose equality conditions are the most distinctive: the request's own value then leads to the rules that
//! can hold, so that 100,000 scenarios cost what ten do. Rules without such a condition stay in a rest, which is
//! split again by the next attribute. Positions are kept, and streams of positions are merged, so the first rule that
//! holds is the same as in a scan from the top. A rule of which nothing is left to ask is marked as certain.

use std::collections::HashMap;

use smallvec::SmallVec;

use super::Map;
use super::bucket::Rule;
use super::json::scalar_key;
use super::matcher::{Outcome, Subject, Test, no_value};
use super::operator::Operator;
use super::request::RequestView;
use super::scenario::{Scenario, Stub};
use crate::words::Reason;

/// Up to this many rules a scan beats a hash look-up (measured: 8 rules cost about what one look-up does).
pub(super) const SCAN: usize = 8;

/// A rule's position in its bucket, and whether the way that led to it leaves nothing to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step(u32);

const CERTAIN: u32 = 1 << 31;

/// Up to this many lists are merged by looking at the head of each; more come from a caller who sends very many values,
/// and are sorted once.
const MERGE: usize = 8;

impl Step {
    fn new(position: u32, certain: bool) -> Self {
        Step(if certain { position | CERTAIN } else { position })
    }

    pub fn position(self) -> u32 {
        self.0 & !CERTAIN
    }

    pub fn is_certain(self) -> bool {
        self.0 & CERTAIN != 0
    }
}

#[derive(Debug)]
pub(super) enum Tree {
    One(Step),
    Scan(Box<[Step]>),
    Split(Box<Split>),
}

#[derive(Debug)]
pub(super) struct Split {
    attribute: Attribute,
    values: Map<Box<[u8]>, Tree>,
    /// The first position in `values`.
    first: u32,
    rest: Tree,
}

/// What a split looks up; a subject without its operators.
#[derive(Debug)]
struct Attribute(Subject);

/// Streams of ascending positions, merged.
pub(super) struct Streams<'t> {
    lists: SmallVec<[&'t [Step]; 4]>,
    /// All lists in one, last first, where there are many.
    merged: Option<Vec<Step>>,
    /// The first position that cannot be ruled out without the body.
    pub body_at: u32,
}

impl Default for Streams<'_> {
    fn default() -> Self {
        Streams { lists: SmallVec::new(), merged: None, body_at: u32::MAX }
    }
}

impl Streams<'_> {
    pub fn next(&mut self) -> Option<Step> {
        if self.lists.len() > MERGE && self.merged.is_none() {
            let mut merged: Vec<Step> = self.lists.drain(..).flatten().copied().collect();
            merged.sort_unstable_by_key(|step| std::cmp::Reverse(step.position()));
            self.merged = Some(merged);
        }
        if let Some(merged) = &mut self.merged {
            return merged.pop();
        }
        let list = self.lists.iter_mut().filter(|list| !list.is_empty()).min_by_key(|list| list[0].position())?;
        let (first, rest) = list.split_first()?;
        *list = rest;
        Some(*first)
    }
}

impl Tree {
    pub fn gather<'t>(&'t self, view: &RequestView<'_>, out: &mut Streams<'t>, fault: &mut Option<Reason>) {
        match self {
            Tree::One(step) => out.lists.push(std::slice::from_ref(step)),
            Tree::Scan(steps) => out.lists.push(steps),
            Tree::Split(split) => {
                let Split { attribute, values, first, rest } = &**split;
                let mut found: SmallVec<[&Tree; 4]> = SmallVec::new();
                let outcome = attribute.keys(view, &mut |key| found.extend(values.get(key)));
                if found.len() > 1 {
                    // A value that a caller repeats leads to the same rules, and they are tried once.
                    found.sort_unstable_by_key(|tree| std::ptr::from_ref(*tree));
                    found.dedup_by(|a, b| std::ptr::eq(*a, *b));
                }
                for tree in found {
                    tree.gather(view, out, fault);
                }
                match outcome {
                    Outcome::NeedsBody => out.body_at = out.body_at.min(*first),
                    Outcome::Fails(reason) => *fault = fault.or(Some(reason)),
                    Outcome::Holds => {}
                }
                rest.gather(view, out, fault);
            }
        }
    }
}

impl Attribute {
    /// Hands the request's values to `each`; fails where they lie in a body that cannot be looked at.
    fn keys(&self, view: &RequestView<'_>, each: &mut dyn FnMut(&[u8])) -> Outcome {
        let mut pairs = |pairs: &super::request::Pairs<'_>, key: &str| {
            for (_, value) in pairs.iter().filter(|(name, _)| name.as_ref() == key.as_bytes()) {
                each(value);
            }
        };
        match &self.0 {
            Subject::Query(key) => pairs(view.query(), key),
            Subject::Cookie(key) => pairs(view.cookies(), key),
            Subject::Header(name) => view.header_values(name).for_each(each),
            Subject::Parameter(parameter) => parameter.value(&view.path).iter().for_each(|value| each(value)),
            Subject::Form(key) => match view.form() {
                Ok(form) => pairs(form, key),
                Err(why) => return no_value(why, Reason::BodyNotForm),
            },
            Subject::Json(path) => match view.json() {
                Ok(json) => {
                    for node in path.query(json).all() {
                        if let Some(key) = scalar_key(node) {
                            each(&key);
                        }
                    }
                }
                Err(why) => return no_value(why, Reason::BodyNotJson),
            },
            Subject::Target => each(view.target()),
            Subject::Path | Subject::Body => {}
        }
        Outcome::Holds
    }
}

/// Finds equality conditions that a rule cannot hold without.
pub(super) struct Keys<'a, S> {
    pub rules: &'a [Rule],
    pub stubs: &'a [Stub],
    pub scenarios: &'a [S],
}

impl<S: AsRef<Scenario>> Keys<'_, S> {
    /// Splits positions while more than a handful are left and an attribute tells them apart.
    pub fn tree(&self, positions: Vec<u32>, used: &mut Vec<String>) -> Tree {
        if positions.len() <= SCAN {
            return self.scan(&positions, used);
        }
        let Some((name, subject)) = self.best(&positions, used) else { return self.scan(&positions, used) };
        let mut groups: Map<Box<[u8]>, Vec<u32>> = Map::default();
        let mut rest = Vec::new();
        for at in positions {
            match self.equalities(at).find(|(other, _, _)| *other == name) {
                Some((_, _, key)) => groups.entry(key).or_default().push(at),
                None => rest.push(at),
            }
        }
        let first = groups.values().filter_map(|list| list.first()).min().copied().unwrap_or(u32::MAX);
        used.push(name);
        let values = groups.into_iter().map(|(key, list)| (key, self.tree(list, used))).collect();
        let rest = self.tree(rest, used);
        used.pop();
        Tree::Split(Box::new(Split { attribute: Attribute(subject), values, first, rest }))
    }

    fn scan(&self, positions: &[u32], used: &[String]) -> Tree {
        let step = |position: &u32| Step::new(*position, self.is_certain(*position, used));
        match positions {
            [one] => Tree::One(step(one)),
            several => Tree::Scan(several.iter().map(step).collect()),
        }
    }

    /// Whether a rule holds for every request whose values of these attributes led to it.
    pub fn is_certain(&self, at: u32, used: &[String]) -> bool {
        let rule = self.rules[at as usize];
        let [of_stub, of_scenario] =
            [&self.stubs[rule.stub as usize].query, &self.scenarios[rule.scenario as usize].as_ref().conditions];
        let mut asked: Vec<String> = Vec::new();
        !self.scenarios[rule.scenario as usize].as_ref().only_selected
            && of_stub.is_conjunction()
            && of_scenario.is_conjunction()
            && of_stub.tests().iter().chain(of_scenario.tests()).all(|test| {
                // Two conditions on one attribute ask more than one look-up has answered.
                let name = key_of(test).filter(|_| test.operators.len() == 1).map(|(name, _, _)| name);
                let answered = name.filter(|name| used.contains(name) && !asked.contains(name));
                asked.extend(answered.clone());
                answered.is_some()
            })
    }

    /// The attribute with the most distinct values; one in the head where a body attribute is not far better, since
    /// looking at a body means reading it.
    fn best(&self, positions: &[u32], used: &[String]) -> Option<(String, Subject)> {
        type Distinct = std::collections::HashSet<Box<[u8]>>;
        let mut seen: HashMap<String, (Subject, Distinct)> = HashMap::new();
        for at in positions {
            for (name, subject, key) in self.equalities(*at) {
                if !used.contains(&name) {
                    seen.entry(name).or_insert_with(|| (subject.clone(), Default::default())).1.insert(key);
                }
            }
        }
        seen.into_iter()
            .filter(|(_, (_, keys))| keys.len() > 1)
            .max_by_key(|(name, (subject, keys))| {
                let weight = if subject.needs_body() { keys.len() } else { keys.len() * 4 };
                (weight, std::cmp::Reverse(name.clone()))
            })
            .map(|(name, (subject, _))| (name, subject))
    }

    /// The equality conditions of the rule at a position: attribute, and the key of the value.
    fn equalities(&self, at: u32) -> impl Iterator<Item = (String, &Subject, Box<[u8]>)> {
        let rule = self.rules[at as usize];
        let of_stub = self.stubs[rule.stub as usize].query.tests();
        let of_scenario = self.scenarios[rule.scenario as usize].as_ref().conditions.tests();
        of_stub.iter().chain(of_scenario).filter_map(key_of)
    }
}

/// The equality that a test asks for: attribute, and the key of the value.
fn key_of(test: &Test) -> Option<(String, &Subject, Box<[u8]>)> {
    let key = test.operators.iter().find_map(|operator| match (operator, &test.subject) {
        (Operator::Eq(operand), Subject::Json(_)) => scalar_key(&operand.json).map(|key| key.to_vec().into()),
        (Operator::Eq(operand), _) => operand.text.clone(),
        _ => None,
    })?;
    let name = match &test.subject {
        Subject::Query(key) => format!("query {key}"),
        Subject::Header(name) => format!("header {name}"),
        Subject::Cookie(name) => format!("cookie {name}"),
        Subject::Form(key) => format!("form {key}"),
        Subject::Json(path) => format!("json {path}"),
        Subject::Parameter(parameter) => format!("parameter {parameter:?}"),
        Subject::Target => "target".to_owned(),
        Subject::Path | Subject::Body => return None,
    };
    Some((name, &test.subject, key))
}
