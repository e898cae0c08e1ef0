//! Paths and operations: a stub for each.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::Options;
use super::document::{Document, reference};
use super::media::Bodies;
use super::path::{self, Path};
use super::responses::Responses;
use crate::file::leaf::{List, Named};
use crate::file::read::At;
use crate::file::{Condition, OperatorTable, ScenarioTable, StubTable, WhenTable};
use crate::import::Note;
use crate::import::names::{Unique, slug, tidy};
use crate::import::tree::Node;
use crate::problem::{Code, Problem};

/// Methods that an operation can have.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
/// Fields beside them.
const FIELDS: [&str; 5] = ["$ref", "summary", "description", "servers", "parameters"];
/// Under how many paths of servers an operation is mocked.
const SERVERS: usize = 8;
/// How many bytes all answers may have together.
const LARGEST: usize = 64 << 20;

/// Reads operations and collects what they come to.
pub struct Reader<'d, 't> {
    document: &'d Document<'t>,
    options: Options,
    bodies: Bodies<'d, 't>,
    names: Unique,
    /// By what a request is told from others: where it was claimed first.
    claimed: HashMap<String, String>,
    /// Servers that were spoken of.
    told: HashSet<u32>,
    size: usize,
    /// Stubs so far.
    pub stubs: Vec<At<StubTable>>,
    /// How much of partial segments of each is literal.
    literal: Vec<usize>,
    /// What was left out or changed.
    pub notes: Vec<Note>,
    /// How many operations there were.
    pub operations: usize,
    /// How many bodies were made from schemas.
    pub made: usize,
}

impl<'d, 't> Reader<'d, 't> {
    /// A reader that has read nothing.
    pub fn new(document: &'d Document<'t>, options: Options) -> Self {
        Reader {
            document,
            options,
            bodies: Bodies::new(document, options.seed, options.written),
            names: Unique::default(),
            claimed: HashMap::new(),
            told: HashSet::new(),
            size: 0,
            stubs: Vec::new(),
            literal: Vec::new(),
            notes: Vec::new(),
            operations: 0,
            made: 0,
        }
    }

    /// Reads all paths.
    ///
    /// # Errors
    /// Where the answers come to more than can be held.
    pub fn paths(&mut self) -> Result<(), Box<Problem>> {
        let root = self.document.root;
        for (_, name, webhook) in root.get("webhooks").into_iter().flat_map(|webhooks| webhooks.members()) {
            self.routine(webhook, name, "not mocked: a webhook, which the service calls itself", String::new());
        }
        for (key, path, item) in root.get("paths").into_iter().flat_map(|paths| paths.members()) {
            if path.starts_with("x-") {
                continue;
            }
            let beside = item.members().map(|(_, field, _)| field).find(|field| METHODS.contains(field));
            if let Some(field) = beside.filter(|_| reference(item).is_some()) {
                self.lost(item, path, "left out: what stands beside a `$ref`", format!("`{field}`"));
            }
            let item = self.document.resolve(item);
            if !item.is_object() {
                self.lost(key, path, "left out: a path that is no object", String::new());
                continue;
            }
            for (key, field, operation) in item.members() {
                if METHODS.contains(&field) {
                    self.operation((path, item), field, operation)?;
                } else if !FIELDS.contains(&field) && !field.starts_with("x-") {
                    let what = "left out: neither a method in lower case nor a field of a path";
                    self.lost(key, path, what, format!("`{field}`"));
                }
            }
        }
        // A parameter that is part of a segment says more than one that is all of it.
        let mut order: Vec<(Reverse<usize>, At<StubTable>)> =
            self.literal.drain(..).map(Reverse).zip(self.stubs.drain(..)).collect();
        order.sort_by_key(|(literal, _)| *literal);
        self.stubs = order.into_iter().map(|(_, stub)| stub).collect();
        self.made = self.bodies.count;
        Ok(())
    }

    fn operation(&mut self, (text, item): (&str, Node<'t>), method: &str, node: Node<'t>) -> Result<(), Box<Problem>> {
        self.operations += 1;
        let method = method.to_ascii_uppercase();
        let entry = format!("{method} {text}");
        if !node.is_object() {
            self.lost(node, &entry, "left out: an operation that is no object", String::new());
            return Ok(());
        }
        let path = match path::path(text) {
            Ok(path) => path,
            Err(why) => {
                self.lost(node, &entry, "left out: no request can have its path", why);
                return Ok(());
            }
        };
        if let Some(callbacks) = node.get("callbacks") {
            self.routine(callbacks, &entry, "not mocked: callbacks, which the service calls itself", String::new());
        }
        self.parameters(text, item, node, &entry);
        let (document, notes) = (self.document, &mut self.notes);
        let mut responses = Responses { document, bodies: &mut self.bodies, entry: &entry, notes };
        let mut scenarios = responses.scenarios(node);
        for scenario in &mut scenarios {
            // What is another representation follows the scenario that it stands for.
            if scenario.value.alternative_to.is_none() {
                scenario.value.short.when = when(&path, node);
            }
        }
        let bases = self.bases(item, node, &entry);
        let bodies = scenarios.iter().filter_map(|scenario| scenario.value.short.response.body.as_ref());
        self.size += bases.len() * bodies.map(|body| body.value.len()).sum::<usize>();
        if self.size > LARGEST / 2 {
            self.bodies.be_brief();
        }
        if self.size > LARGEST {
            return Err(Box::new(
                Problem::at(Code::BadSpec, node.place(), "the document's answers come to more than can be held")
                    .label("more than 64 MiB from here on")
                    .help("take the operations that are to be mocked into a document of their own"),
            ));
        }
        for base in bases {
            self.stub((&base, &path), &method, node, &entry, &scenarios);
        }
        Ok(())
    }

    fn stub(
        &mut self,
        (base, path): (&str, &Path),
        method: &str,
        node: Node<'t>,
        entry: &str,
        scenarios: &[At<ScenarioTable>],
    ) {
        if let Some(first) = self.claimed.insert(format!("{method} {base}{}", path.shape), entry.to_owned()) {
            let what = "left out: no request tells it from another";
            self.lost(node, entry, what, format!("`{first}`"));
            return;
        }
        let line = format!("{method} {base}{}", path.text);
        let id = node.text_at("operationId").and_then(tidy).unwrap_or_else(|| slug(&line));
        let name = self.names.take(if id.is_empty() { "operation" } else { &id });
        self.literal.push(path.literal);
        self.stubs.push(node.at(StubTable {
            name: Some(node.at(name)),
            r#match: Some(node.at(line)),
            scenario: Some(node.at(List(scenarios.to_vec()))),
            ..StubTable::default()
        }));
    }

    /// The paths of the servers that an operation has.
    fn bases(&mut self, item: Node<'t>, operation: Node<'t>, entry: &str) -> Vec<String> {
        if !self.options.servers {
            return vec![String::new()];
        }
        let lists = [operation, item, self.document.root].map(|node| node.get("servers"));
        let (mut bases, strange) = path::bases(&lists, self.document);
        for (server, why) in strange {
            if self.told.insert(server.id()) {
                self.lost(server, entry, "not used: a server whose path cannot be read", why);
            }
        }
        if bases.len() > SERVERS {
            let node = lists.into_iter().flatten().next().unwrap_or(operation);
            if self.told.insert(node.id()) {
                let what = "not used: further servers than eight of different paths";
                self.lost(node, entry, what, bases[SERVERS..].join(", "));
            }
            bases.truncate(SERVERS);
        }
        bases
    }

    /// Looks whether the parameters of a path are those that the document describes, for the path and the operation.
    fn parameters(&mut self, path: &str, item: Node<'t>, operation: Node<'t>, entry: &str) {
        let lists = [item, operation].map(|node| node.get("parameters"));
        let described: Vec<&'t str> = lists
            .into_iter()
            .flatten()
            .flat_map(|list| list.items())
            .map(|parameter| self.document.resolve(parameter))
            .filter(|parameter| parameter.text_at("in") == Some("path"))
            .filter_map(|parameter| parameter.text_at("name"))
            .collect();
        let name = |part: &'_ str| part.split_once('}').map(|(name, _)| name.to_owned());
        let named: Vec<String> = path.split('{').skip(1).filter_map(name).collect();
        for name in named.iter().filter(|name| !described.contains(&name.trim_end_matches('+'))) {
            self.routine(
                operation,
                entry,
                "taken as any text: a parameter that nothing describes",
                format!("`{{{name}}}`"),
            );
        }
        for name in described.iter().filter(|name| !named.iter().any(|named| named.trim_end_matches('+') == **name)) {
            self.routine(
                operation,
                entry,
                "not used: a parameter that the path does not have",
                format!("`{{{name}}}`"),
            );
        }
    }

    fn lost(&mut self, node: Node<'t>, entry: &str, what: &'static str, detail: String) {
        self.notes.push(Note::lost(Some(node.place()), entry, what, detail));
    }

    fn routine(&mut self, node: Node<'t>, entry: &str, what: &'static str, detail: String) {
        self.notes.push(Note::routine(Some(node.place()), entry, what, detail));
    }
}

/// What a path asks for that `match` cannot say.
fn when(path: &Path, node: Node<'_>) -> Option<At<WhenTable>> {
    if path.parts.is_empty() && path.asked.is_empty() {
        return None;
    }
    let operators = |table: OperatorTable| node.at(Condition::Operators(node.at(Box::new(table))));
    let part = |(name, pattern): &(String, String)| {
        (
            node.at(name.clone()),
            operators(OperatorTable { re: Some(node.at(pattern.clone())), ..OperatorTable::default() }),
        )
    };
    let asked = |name: &String| {
        let present = Some(node.at(crate::file::True));
        (node.at(name.clone()), operators(OperatorTable { present, ..OperatorTable::default() }))
    };
    let parts: Vec<_> = path.parts.iter().map(part).collect();
    let query: Vec<_> = path.asked.iter().map(asked).collect();
    Some(node.at(WhenTable {
        path: (!parts.is_empty()).then(|| node.at(Named(parts))),
        query: (!query.is_empty()).then(|| node.at(Named(query))),
        ..WhenTable::default()
    }))
}
