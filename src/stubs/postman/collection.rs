//! The saved examples of a mock, compiled.
//!
//! Examples are numbered in the order in which ties go: those with status 200 first, then by ID; those without an ID of
//! their own come behind, in file order. So the best of many is the one with the highest score and the lowest number.

use std::sync::Arc;

use super::Settings;
use super::body::Bodies;
use super::example::Example;
use super::hits::Paths;
use super::row::is_uuid;
use super::words::{Query, Words};
use crate::stubs::Map;
use crate::stubs::bucket::Rule;
use crate::stubs::path_template::Template;
use crate::stubs::scenario::{Scenario, Stub};

/// The saved examples of a mock.
#[derive(Debug)]
pub struct Collection {
    pub(super) settings: Settings,
    pub(super) entries: Box<[Entry]>,
    methods: Vec<(Box<str>, Paths)>,
    pub(super) words: Words,
    pub(super) bodies: Bodies,
    /// Ascending numbers by ID, with a UID's user left out, and by name.
    by_id: Map<Box<str>, Vec<u32>>,
    by_name: Map<Box<str>, Vec<u32>>,
}

/// One example.
#[derive(Debug)]
pub(super) struct Entry {
    pub rule: Rule,
    pub status: u16,
    method: u16,
    pub query: Query,
    /// The number of its body.
    pub body: Option<u32>,
    /// Its values of the headers that the mock is configured to match, where there are such.
    pub headers: Option<Box<[u8]>>,
}

impl Collection {
    /// Compiles the stubs of a mock: their numbers, ascending.
    pub(in crate::stubs) fn build(
        settings: &Settings,
        numbers: &[u32],
        stubs: &[Stub],
        scenarios: &[impl AsRef<Scenario>],
    ) -> Self {
        let rules = numbers.iter().flat_map(|stub| {
            stubs[*stub as usize].scenarios.iter().map(|scenario| Rule { stub: *stub, scenario: *scenario })
        });
        let of = |rule: &Rule| scenarios[rule.scenario as usize].as_ref();
        let mut rules: Vec<Rule> = rules.collect();
        rules.sort_by_cached_key(|rule| {
            let scenario = of(rule);
            let id = scenario.example.as_ref().is_some_and(|example| example.has_id).then(|| scenario.id.clone());
            (scenario.answer.status != 200, id.is_none(), id, rule.scenario)
        });
        let mut collection = Collection {
            settings: settings.clone(),
            entries: Box::default(),
            methods: Vec::new(),
            words: Words::default(),
            bodies: Bodies::default(),
            by_id: Map::default(),
            by_name: Map::default(),
        };
        let mut by_method: Vec<Vec<(u32, Arc<Template>)>> = Vec::new();
        let mut entries = Vec::with_capacity(rules.len());
        for (rule, number) in rules.iter().zip(0..) {
            let (stub, scenario) = (&stubs[rule.stub as usize], of(rule));
            let entry = collection.entry(*rule, stub, scenario);
            by_method.resize_with(collection.methods.len(), Vec::new);
            by_method[usize::from(entry.method)].push((number, stub.path.clone()));
            collection.by_id.entry(bare_id(&scenario.id).into()).or_default().push(number);
            collection.by_name.entry((*scenario.name).into()).or_default().push(number);
            entries.push(entry);
        }
        for ((_, paths), examples) in collection.methods.iter_mut().zip(&by_method) {
            *paths = Paths::build(examples, settings.closest, &entries);
        }
        collection.entries = entries.into();
        collection
    }

    fn entry(&mut self, rule: Rule, stub: &Stub, scenario: &Scenario) -> Entry {
        let none = Example::default();
        let example = scenario.example.as_deref().unwrap_or(&none);
        let method = stub.method.as_deref().unwrap_or_default();
        let at = self.methods.iter().position(|(own, _)| **own == *method).unwrap_or_else(|| {
            self.methods.push((method.into(), Paths::default()));
            self.methods.len() - 1
        });
        Entry {
            rule,
            status: scenario.answer.status,
            method: at as u16,
            query: self.words.take_in(&example.query),
            body: example.body.as_ref().map(|body| self.bodies.number(body)),
            headers: self.headers(|name| example.header(name).map(|value| value.to_ascii_lowercase())),
        }
    }

    /// The values of the headers that the mock is configured to match, in one key.
    pub(super) fn headers(&self, value: impl Fn(&str) -> Option<Vec<u8>>) -> Option<Box<[u8]>> {
        let mut key = Vec::new();
        for name in &self.settings.match_headers {
            let value = value(name);
            key.extend_from_slice(&value.as_ref().map_or(u64::MAX, |value| value.len() as u64).to_le_bytes());
            key.extend(value.unwrap_or_default());
        }
        (!self.settings.match_headers.is_empty()).then(|| key.into())
    }

    pub(super) fn of_method(&self, method: &str) -> Option<&Paths> {
        self.methods.iter().find(|(own, _)| **own == *method).map(|(_, paths)| paths)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &Paths> {
        self.methods.iter().map(|(_, paths)| paths)
    }

    /// The example that an ID or a name selects, among those of a method and, where one is asked for, a status: step 4.
    /// The path does not count. An ID may be a UID: with the number of its user before it.
    pub(in crate::stubs) fn named(&self, method: &str, code: Option<u16>, name: Named<'_>) -> Option<Rule> {
        let numbers = match name {
            Named::Id(id) => self.by_id.get(bare_id(id)),
            Named::Name(name) => self.by_name.get(name),
        };
        let method = self.methods.iter().position(|(own, _)| **own == *method)?;
        let fits = |entry: &&Entry| usize::from(entry.method) == method && code.is_none_or(|code| entry.status == code);
        numbers?.iter().map(|number| &self.entries[*number as usize]).find(fits).map(|entry| entry.rule)
    }
}

/// What a selector names.
#[derive(Clone, Copy, Debug)]
pub(in crate::stubs) enum Named<'a> {
    Id(&'a str),
    Name(&'a str),
}

/// An ID without the user of a UID: `12345678-` before a UUID.
fn bare_id(id: &str) -> &str {
    match id.split_once('-') {
        Some((user, rest)) if user.bytes().all(|byte| byte.is_ascii_digit()) && is_uuid(rest.as_bytes()) => rest,
        _ => id,
    }
}
