//! Stubs that share host, path shape and method, flattened to the order in which their scenarios are tried.
//!
//! A bucket of more than eight rules is split by the attribute (query key, header, cookie, path parameter, form key or
//! JSONPath) whose equality conditions are the most distinctive: the request's own value then leads to the few rules
//! that can hold, so that 100,000 scenarios cost what ten do. Rules without such a condition stay in a rest, which is
//! split again by the next attribute. Positions are kept, and streams of positions are merged, so the first rule that
//! holds is the same as in a scan from the top.

use std::collections::HashMap;

use smallvec::SmallVec;

use super::index::Map;
use super::json::scalar_key;
use super::matcher::{Operator, Outcome, Subject, is_body_fault, no_value};
use super::request::RequestView;
use super::scenario::{Scenario, Stub};
use crate::words::Reason;

/// Up to this many rules a scan beats a hash look-up (measured: 8 rules cost about what one look-up does).
const SCAN: usize = 8;

/// Rules in the order in which they are tried.
#[derive(Debug)]
pub struct Bucket {
    mock: u32,
    rules: Box<[Rule]>,
    tree: Tree,
    names: Names,
}

/// A scenario of a stub, as the table numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The stub.
    pub stub: u32,
    /// The scenario.
    pub scenario: u32,
}

/// What a look at a bucket came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The first rule that holds.
    Rule(Rule),
    /// A rule that might hold looks at the body, which nobody has read.
    NeedsBody,
    /// None holds.
    None,
}

#[derive(Debug)]
enum Tree {
    Scan(Box<[u32]>),
    Split { attribute: Attribute, values: Map<Box<[u8]>, Tree>, first: u32, rest: Box<Tree> },
}

/// What a split looks up; a subject without its operators.
#[derive(Debug)]
struct Attribute(Subject);

/// Positions by what selectors name, for buckets too large to scan.
#[derive(Debug, Default)]
struct Names {
    by_name: Map<Box<str>, Vec<u32>>,
    by_id: Map<Box<str>, Vec<u32>>,
    by_status: Map<u16, Vec<u32>>,
}

/// What selectors ask for.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// A scenario with this id.
    Id(&'a str),
    /// A scenario with this name.
    Name(&'a str),
    /// A scenario with this status.
    Status(u16),
}

impl Bucket {
    /// Compiles a bucket of stubs in rank order, all of one mock and at least one.
    pub(super) fn build(numbers: &[u32], stubs: &[Stub], scenarios: &[impl AsRef<Scenario>]) -> Self {
        let rules: Box<[Rule]> = numbers
            .iter()
            .flat_map(|stub| {
                stubs[*stub as usize].scenarios.iter().map(|scenario| Rule { stub: *stub, scenario: *scenario })
            })
            .collect();
        let keys = Keys { rules: &rules, stubs, scenarios };
        let tree = keys.tree((0..rules.len() as u32).collect(), &mut Vec::new());
        let mut names = Names::default();
        if rules.len() > SCAN {
            for (at, rule) in rules.iter().enumerate() {
                let scenario = scenarios[rule.scenario as usize].as_ref();
                names.by_name.entry((*scenario.name).into()).or_default().push(at as u32);
                names.by_id.entry((*scenario.id).into()).or_default().push(at as u32);
                names.by_status.entry(scenario.answer.status).or_default().push(at as u32);
            }
        }
        let mock = numbers.first().map_or(0, |stub| stubs[*stub as usize].mock);
        Bucket { mock, rules, tree, names }
    }

    /// The mock of all its stubs.
    pub fn mock(&self) -> u32 {
        self.mock
    }

    /// The first rule that would be tried.
    pub fn first(&self) -> Option<Rule> {
        self.rules.first().copied()
    }

    /// The first rule that holds. `fault` is set where the body could not be looked at.
    pub fn find(&self, view: &RequestView<'_>, check: impl Fn(Rule) -> Outcome, fault: &mut Option<Reason>) -> Found {
        let mut streams = Streams { lists: SmallVec::new(), body_at: u32::MAX };
        self.tree.gather(view, &mut streams, fault);
        loop {
            let next = streams.next();
            if streams.body_at < next.unwrap_or(u32::MAX) {
                return Found::NeedsBody;
            }
            let Some(at) = next else { return Found::None };
            let rule = self.rules[at as usize];
            match check(rule) {
                Outcome::Holds => return Found::Rule(rule),
                Outcome::NeedsBody => return Found::NeedsBody,
                Outcome::Fails(reason) if is_body_fault(reason) => *fault = fault.or(Some(reason)),
                Outcome::Fails(_) => {}
            }
        }
    }

    /// The rules that a selector names, in the order in which they would be tried.
    pub fn named<'t>(
        &'t self,
        wanted: Wanted<'t>,
        scenarios: &'t [impl AsRef<Scenario>],
    ) -> impl Iterator<Item = Rule> + 't {
        let scan = self.rules.len() <= SCAN;
        let listed: &[u32] = match wanted {
            _ if scan => &[],
            Wanted::Id(id) => self.names.by_id.get(id).map_or(&[][..], Vec::as_slice),
            Wanted::Name(name) => self.names.by_name.get(name).map_or(&[][..], Vec::as_slice),
            Wanted::Status(status) => self.names.by_status.get(&status).map_or(&[][..], Vec::as_slice),
        };
        let scanned = self.rules.iter().filter(move |_| scan).filter(move |rule| {
            let scenario = scenarios[rule.scenario as usize].as_ref();
            match wanted {
                Wanted::Id(id) => *scenario.id == *id,
                Wanted::Name(name) => *scenario.name == *name,
                Wanted::Status(status) => scenario.answer.status == status,
            }
        });
        listed.iter().map(|at| &self.rules[*at as usize]).chain(scanned).copied()
    }
}

/// Streams of ascending positions, merged.
struct Streams<'t> {
    lists: SmallVec<[&'t [u32]; 4]>,
    /// The first position that cannot be ruled out without the body.
    body_at: u32,
}

impl Streams<'_> {
    fn next(&mut self) -> Option<u32> {
        let list = self.lists.iter_mut().filter(|list| !list.is_empty()).min_by_key(|list| list[0])?;
        let (first, rest) = list.split_first()?;
        *list = rest;
        Some(*first)
    }
}

impl Tree {
    fn gather<'t>(&'t self, view: &RequestView<'_>, out: &mut Streams<'t>, fault: &mut Option<Reason>) {
        match self {
            Tree::Scan(positions) => out.lists.push(positions),
            Tree::Split { attribute, values, first, rest } => {
                let mut into = |key: &[u8]| {
                    if let Some(tree) = values.get(key) {
                        tree.gather(view, out, fault);
                    }
                };
                match attribute.keys(view, &mut into) {
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
            Subject::Path | Subject::Body => {}
        }
        Outcome::Holds
    }
}

/// Finds equality conditions that a rule cannot hold without.
struct Keys<'a, S> {
    rules: &'a [Rule],
    stubs: &'a [Stub],
    scenarios: &'a [S],
}

impl<S: AsRef<Scenario>> Keys<'_, S> {
    /// Splits positions while more than a handful are left and an attribute tells them apart.
    fn tree(&self, positions: Vec<u32>, used: &mut Vec<String>) -> Tree {
        if positions.len() <= SCAN {
            return Tree::Scan(positions.into());
        }
        let Some((name, subject)) = self.best(&positions, used) else { return Tree::Scan(positions.into()) };
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
        let rest = Box::new(self.tree(rest, used));
        used.pop();
        Tree::Split { attribute: Attribute(subject), values, first, rest }
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
        of_stub.iter().chain(of_scenario).filter_map(|test| {
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
                Subject::Path | Subject::Body => return None,
            };
            Some((name, &test.subject, key))
        })
    }
}
