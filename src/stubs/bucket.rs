//! Stubs that share host, path shape and method, flattened to the order in which their scenarios are tried.

use super::Map;
use super::matcher::{Outcome, is_body_fault};
use super::request::RequestView;
use super::scenario::{Scenario, Stub};
use super::tree::{Keys, SCAN, Streams, Tree};
use crate::words::Reason;

/// Rules in the order in which they are tried. Small, because a large table has very many with one rule, and what a
/// decision costs there is the memory that it touches.
#[derive(Debug)]
pub struct Bucket {
    mock: u32,
    rules: Rules,
}

#[derive(Debug)]
enum Rules {
    /// One, and whether it holds for every request that comes here.
    One(Rule, bool),
    Many(Box<Many>),
}

#[derive(Debug)]
struct Many {
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

/// Positions by what selectors name, for buckets too large to scan.
#[derive(Debug, Default)]
struct Names {
    /// By the name, and by what it is without brackets behind it.
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
    /// A scenario of this example: one with this name, or with this name and more in brackets behind it.
    Example(&'a str),
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
        let mock = numbers.first().map_or(0, |stub| stubs[*stub as usize].mock);
        let keys = Keys { rules: &rules, stubs, scenarios };
        if let [rule] = *rules {
            return Bucket { mock, rules: Rules::One(rule, keys.is_certain(0, &[])) };
        }
        let tree = keys.tree((0..rules.len() as u32).collect(), &mut Vec::new());
        let mut names = Names::default();
        if rules.len() > SCAN {
            for (at, rule) in rules.iter().enumerate() {
                let scenario = scenarios[rule.scenario as usize].as_ref();
                let (name, stem) = (&*scenario.name, stem(&scenario.name));
                for key in [Some(name), Some(stem).filter(|stem| *stem != name)].into_iter().flatten() {
                    names.by_name.entry(key.into()).or_default().push(at as u32);
                }
                names.by_id.entry((*scenario.id).into()).or_default().push(at as u32);
                names.by_status.entry(scenario.answer.status).or_default().push(at as u32);
            }
        }
        Bucket { mock, rules: Rules::Many(Box::new(Many { rules, tree, names })) }
    }

    /// The mock of all its stubs.
    pub fn mock(&self) -> u32 {
        self.mock
    }

    /// The first rule that would be tried.
    pub fn first(&self) -> Option<Rule> {
        self.rules().first().copied()
    }

    /// The first rule that holds. `fault` is set where the body could not be looked at.
    /// `check` is told which rules hold for every request that comes to them.
    pub fn find(
        &self,
        view: &RequestView<'_>,
        check: impl Fn(Rule, bool) -> Outcome,
        fault: &mut Option<Reason>,
    ) -> Found {
        let attempt = |rule: Rule, certain: bool, fault: &mut Option<Reason>| {
            match check(rule, certain) {
                Outcome::Holds => return Some(Found::Rule(rule)),
                Outcome::NeedsBody => return Some(Found::NeedsBody),
                Outcome::Fails(reason) if is_body_fault(reason) => *fault = fault.or(Some(reason)),
                Outcome::Fails(_) => {}
            }
            None
        };
        let many = match &self.rules {
            Rules::One(rule, certain) => return attempt(*rule, *certain, fault).unwrap_or(Found::None),
            Rules::Many(many) => many,
        };
        let mut streams = Streams::default();
        many.tree.gather(view, &mut streams, fault);
        loop {
            let next = streams.next();
            if streams.body_at < next.map_or(u32::MAX, |step| step.position()) {
                return Found::NeedsBody;
            }
            let Some(step) = next else { return Found::None };
            if let Some(found) = attempt(many.rules[step.position() as usize], step.is_certain(), fault) {
                return found;
            }
        }
    }

    /// Its rules, in the order in which they are tried.
    pub fn rules(&self) -> &[Rule] {
        match &self.rules {
            Rules::One(rule, _) => std::slice::from_ref(rule),
            Rules::Many(many) => &many.rules,
        }
    }

    /// The rules that a selector names, in the order in which they would be tried.
    pub fn named<'t>(
        &'t self,
        wanted: Wanted<'t>,
        scenarios: &'t [impl AsRef<Scenario>],
    ) -> impl Iterator<Item = Rule> + 't {
        let rules = self.rules();
        let names = match &self.rules {
            Rules::Many(many) if rules.len() > SCAN => Some(&many.names),
            _ => None,
        };
        let listed = names.and_then(|names| match wanted {
            Wanted::Id(id) => names.by_id.get(id),
            Wanted::Name(name) | Wanted::Example(name) => names.by_name.get(name),
            Wanted::Status(status) => names.by_status.get(&status),
        });
        let is_wanted = move |rule: &&Rule| {
            let scenario = scenarios[rule.scenario as usize].as_ref();
            match wanted {
                Wanted::Id(id) => *scenario.id == *id,
                Wanted::Name(name) => *scenario.name == *name,
                Wanted::Example(name) => *scenario.name == *name || stem(&scenario.name) == name,
                Wanted::Status(status) => scenario.answer.status == status,
            }
        };
        let scanned = rules.iter().filter(move |_| names.is_none());
        listed.into_iter().flatten().map(|at| &rules[*at as usize]).chain(scanned).filter(is_wanted).copied()
    }
}

/// A name without what stands in brackets behind it, by which examples of one name are told apart.
fn stem(name: &str) -> &str {
    let before = name.strip_suffix(')').and_then(|name| name.rsplit_once(" ("));
    before.map_or(name, |(before, _)| before)
}
