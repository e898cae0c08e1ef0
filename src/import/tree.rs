//! A document as a tree whose nodes know their places, be it JSON or YAML.
//!
//! Whatever refers from one place of a document to another asks for many nodes many times, so here, unlike in
//! [`json`](super::json), the text is taken apart once. An alias of YAML is the node that it names, not a copy of it; how
//! large the document would be with every alias written out is bounded, so that whoever walks it comes to an end.

mod build;
mod json;
mod yaml;

use std::collections::HashMap;

use serde_json::Value as Json;

use super::json::Kind;
use crate::file::read::At;
use crate::problem::{Place, Problem, SourceId};

/// How deep nodes may lie in each other. Readers of documents call themselves for each level.
const DEEPEST: usize = 200;
/// How many nodes aliases may repeat. A document of 64 MiB has fewer than twenty times as many of its own.
const REPEATED: u64 = 1_000_000;
/// From how many members on they are found by search.
const SEARCHED: usize = 16;

/// A document.
pub struct Tree {
    items: Vec<Item>,
    /// Members in the order of their names, of the objects that have many.
    sorted: HashMap<u32, Box<[(u32, u32)]>>,
    root: u32,
    source: SourceId,
}

struct Item {
    start: u32,
    end: u32,
    value: Value,
}

enum Value {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(Box<str>),
    List(Box<[u32]>),
    /// Names, which are nodes too, with what stands under them.
    Object(Box<[(u32, u32)]>),
}

/// A node of a document.
#[derive(Clone, Copy)]
pub struct Node<'t> {
    tree: &'t Tree,
    id: u32,
}

impl Tree {
    /// Reads a text: JSON where it begins as an object of JSON does, else YAML.
    ///
    /// # Errors
    /// Where it is neither, is nested too deeply, holds one name twice, or where its aliases make too much of it.
    pub fn parse(text: &str, source: SourceId) -> Result<Tree, Box<Problem>> {
        match text.trim_start().starts_with('{') {
            true => json::read(text, source),
            false => yaml::read(text, source),
        }
    }

    /// The outermost node.
    pub fn root(&self) -> Node<'_> {
        self.node(self.root)
    }

    fn node(&self, id: u32) -> Node<'_> {
        Node { tree: self, id }
    }

    fn text_of(&self, id: u32) -> &str {
        match &self.items[id as usize].value {
            Value::Text(text) => text,
            _ => "",
        }
    }
}

impl<'t> Node<'t> {
    fn value(self) -> &'t Value {
        &self.tree.items[self.id as usize].value
    }

    /// What tells it from every other node of its document.
    pub fn id(self) -> u32 {
        self.id
    }

    /// What it is.
    pub fn kind(self) -> Kind {
        match self.value() {
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Bool,
            Value::Number(_) => Kind::Number,
            Value::Text(_) => Kind::Text,
            Value::List(_) => Kind::Array,
            Value::Object(_) => Kind::Object,
        }
    }

    /// Where it stands.
    pub fn place(self) -> Place {
        let Item { start, end, .. } = self.tree.items[self.id as usize];
        Place { source: self.tree.source, start, end }
    }

    /// Its place with a value.
    pub fn at<T>(self, value: T) -> At<T> {
        At { value, place: self.place() }
    }

    /// The text of a string.
    pub fn text(self) -> Option<&'t str> {
        match self.value() {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A number.
    pub fn number(self) -> Option<&'t serde_json::Number> {
        match self.value() {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// `true` or `false`.
    pub fn bool(self) -> Option<bool> {
        match self.value() {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        matches!(self.value(), Value::Object(_))
    }

    /// The members of an object, in the order of the text, each with the node of its name; none of anything else.
    pub fn members(self) -> impl Iterator<Item = (Node<'t>, &'t str, Node<'t>)> {
        let members: &'t [(u32, u32)] = match self.value() {
            Value::Object(members) => members,
            _ => &[],
        };
        let tree = self.tree;
        members.iter().map(move |(name, value)| (tree.node(*name), tree.text_of(*name), tree.node(*value)))
    }

    /// The elements of a list; none of anything else.
    pub fn items(self) -> impl ExactSizeIterator<Item = Node<'t>> + DoubleEndedIterator {
        let items: &'t [u32] = match self.value() {
            Value::List(items) => items,
            _ => &[],
        };
        let tree = self.tree;
        items.iter().map(move |id| tree.node(*id))
    }

    /// A member of an object, `null` or not.
    pub fn get(self, name: &str) -> Option<Node<'t>> {
        let Value::Object(members) = self.value() else { return None };
        let found = match self.tree.sorted.get(&self.id) {
            Some(sorted) => {
                sorted.binary_search_by(|(key, _)| self.tree.text_of(*key).cmp(name)).ok().map(|at| sorted[at])
            }
            None => members.iter().find(|(key, _)| self.tree.text_of(*key) == name).copied(),
        };
        found.map(|(_, value)| self.tree.node(value))
    }

    /// A member that is a string.
    pub fn text_at(self, name: &str) -> Option<&'t str> {
        self.get(name)?.text()
    }

    /// A member that is `true`.
    pub fn is_true(self, name: &str) -> bool {
        self.get(name).and_then(Node::bool) == Some(true)
    }

    /// The node as a value of JSON.
    pub fn json(self) -> Json {
        match self.value() {
            Value::Null => Json::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(number) => Json::Number(number.clone()),
            Value::Text(text) => text.as_ref().into(),
            Value::List(_) => self.items().map(Node::json).collect(),
            Value::Object(_) => {
                Json::Object(self.members().map(|(_, name, value)| (name.to_owned(), value.json())).collect())
            }
        }
    }
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.json())
    }
}

#[cfg(test)]
mod tests;
