//! A manifest as a tree of nodes that know their places in the text.
//!
//! The tree is only looked at; what is changed is the text, at those places. Reading a manifest into values and writing
//! it anew would lose comments, and more: an octal `0644` and an unquoted `on` mean one thing to Kubernetes, which reads
//! YAML 1.1, and another to a reader of YAML 1.2.

use std::collections::HashSet;

use granit_parser::{Event, Options, Parser, ScalarStyle, Span, StructureStyle};
use serde_json::Value;

use super::Fault;

/// One node, and where it is written.
#[derive(Debug)]
pub struct Node {
    pub kind: Kind,
    /// Bytes of the text. For a scalar all of it; a block collection has no text of its own.
    pub start: usize,
    pub end: usize,
    /// From 1.
    pub line: usize,
    /// From 0.
    pub column: usize,
    /// The parser's number of its anchor; 0 where it has none.
    anchor: usize,
}

#[derive(Debug)]
pub enum Kind {
    Scalar { text: String, is_plain: bool },
    Sequence { is_flow: bool, items: Vec<Node> },
    Mapping { is_flow: bool, entries: Vec<(Node, Node)> },
    Alias,
}

/// All documents of a text.
#[derive(Debug)]
pub struct Manifest {
    pub documents: Vec<Node>,
    /// Anchors that an alias refers to: what is written there holds elsewhere too.
    aliased: HashSet<usize>,
}

/// A collection that is not closed yet, and the key that waits for its value.
struct Open {
    node: Node,
    key: Option<Node>,
}

impl Manifest {
    /// Reads a text.
    ///
    /// # Errors
    /// Where the text is no YAML.
    pub fn read(text: &str) -> Result<Manifest, Fault> {
        let mut options = Options::default();
        options.set_emit_comments(false);
        // A key of a Kubernetes object may be longer than YAML wants an implicit one to be, as in a ConfigMap.
        options.simple_key_max_lookahead = 64 * 1024;
        let mut manifest = Manifest { documents: Vec::new(), aliased: HashSet::new() };
        let mut open: Vec<Open> = Vec::new();
        for next in Parser::new_from_str_with_options(text, options) {
            let (event, span) = next.map_err(|error| not_yaml(text, &error))?;
            let node = match event {
                Event::Scalar(value, style, anchor, _) => {
                    let is_plain = style == ScalarStyle::Plain;
                    Node::at(span, anchor, Kind::Scalar { text: value.into_owned(), is_plain })
                }
                Event::Alias(anchor) => {
                    manifest.aliased.insert(anchor);
                    Node::at(span, 0, Kind::Alias)
                }
                Event::SequenceStart(style, anchor, _) => {
                    let kind = Kind::Sequence { is_flow: style == StructureStyle::Flow, items: Vec::new() };
                    open.push(Open { node: Node::at(span, anchor, kind), key: None });
                    continue;
                }
                Event::MappingStart(style, anchor, _) => {
                    let kind = Kind::Mapping { is_flow: style == StructureStyle::Flow, entries: Vec::new() };
                    open.push(Open { node: Node::at(span, anchor, kind), key: None });
                    continue;
                }
                Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                    Some(closed) => closed.node,
                    None => continue,
                },
                _ => continue,
            };
            match open.last_mut() {
                None => manifest.documents.push(node),
                Some(Open { node: parent, key }) => match &mut parent.kind {
                    Kind::Sequence { items, .. } => items.push(node),
                    Kind::Mapping { entries, .. } => match key.take() {
                        None => *key = Some(node),
                        Some(key) => entries.push((key, node)),
                    },
                    Kind::Scalar { .. } | Kind::Alias => {}
                },
            }
        }
        Ok(manifest)
    }

    /// Whether an alias elsewhere repeats this node.
    pub fn is_repeated(&self, node: &Node) -> bool {
        self.aliased.contains(&node.anchor)
    }
}

fn not_yaml(text: &str, error: &granit_parser::ScanError) -> Fault {
    let mark = error.marker();
    let fault = Fault::at(mark.line(), mark.col() + 1, format!("this is no YAML: {}", error.info()));
    if text.contains("{{") {
        return fault.help("render templates first: helm template CHART | standin inject -f -");
    }
    fault.help("kubectl apply --dry-run=client -f FILE would refuse it too: mend it there first")
}

impl Node {
    fn at(span: Span, anchor: usize, kind: Kind) -> Node {
        // Spans of a text that is in memory always have byte offsets.
        let bytes = span.byte_range().unwrap_or_default();
        Node { kind, start: bytes.start, end: bytes.end, line: span.start.line(), column: span.start.col(), anchor }
    }

    /// A fault at this node.
    pub fn fault(&self, what: impl Into<String>) -> Fault {
        Fault::at(self.line, self.column + 1, what)
    }

    /// The text of a scalar that is not null.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    pub fn is_null(&self) -> bool {
        match &self.kind {
            Kind::Scalar { text, is_plain } => {
                *is_plain && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL")
            }
            _ => false,
        }
    }

    /// The entry of a mapping with this key. Null is a mapping without entries.
    ///
    /// # Errors
    /// Where the node is no mapping, or where an alias or a merge key hides what is there.
    pub fn entry(&self, key: &str) -> Result<Option<(&Node, &Node)>, Fault> {
        let Kind::Mapping { entries, .. } = &self.kind else {
            return if self.is_null() {
                Ok(None)
            } else {
                Err(self.fault(format!("a mapping with `{key}` belongs here")))
            };
        };
        let is_key = |node: &Node, name: &str| matches!(&node.kind, Kind::Scalar { text, .. } if text == name);
        match entries.iter().find(|(found, _)| is_key(found, key)) {
            Some((_, value)) if matches!(value.kind, Kind::Alias) => Err(hidden(value, key)),
            Some((key, value)) => Ok(Some((key, value))),
            None => match entries.iter().find(|(found, _)| is_key(found, "<<")) {
                Some((merge, _)) => Err(hidden(merge, key)),
                None => Ok(None),
            },
        }
    }

    /// The value of a key, null or not.
    ///
    /// # Errors
    /// As of [`Node::entry`].
    pub fn get(&self, key: &str) -> Result<Option<&Node>, Fault> {
        Ok(self.entry(key)?.map(|(_, value)| value))
    }

    /// The value below several keys.
    ///
    /// # Errors
    /// As of [`Node::entry`].
    pub fn find(&self, path: &[&str]) -> Result<Option<&Node>, Fault> {
        let mut node = self;
        for key in path {
            match node.get(key)? {
                Some(next) => node = next,
                None => return Ok(None),
            }
        }
        Ok(Some(node))
    }

    /// The text of the scalar below several keys.
    ///
    /// # Errors
    /// As of [`Node::entry`].
    pub fn find_text(&self, path: &[&str]) -> Result<Option<&str>, Fault> {
        Ok(self.find(path)?.and_then(Node::text))
    }

    /// The items of the sequence below a key; none where it is absent or null.
    ///
    /// # Errors
    /// As of [`Node::entry`], and where something else stands there.
    pub fn items(&self, key: &str) -> Result<&[Node], Fault> {
        match self.get(key)? {
            None => Ok(&[]),
            Some(node) => match &node.kind {
                Kind::Sequence { items, .. } => match items.iter().find(|item| matches!(item.kind, Kind::Alias)) {
                    Some(item) => Err(hidden(item, key)),
                    None => Ok(items),
                },
                _ if node.is_null() => Ok(&[]),
                _ => Err(node.fault(format!("`{key}` is no list"))),
            },
        }
    }

    /// The entries of a mapping from text to text.
    pub fn texts(&self) -> Vec<(&str, &str)> {
        match &self.kind {
            Kind::Mapping { entries, .. } => {
                entries.iter().filter_map(|(key, value)| Some((key.text()?, value.text()?))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What the node says, for files of ours: whole numbers, booleans and text; an alias is null.
    pub fn value(&self) -> Value {
        match &self.kind {
            Kind::Alias => Value::Null,
            Kind::Sequence { items, .. } => items.iter().map(Node::value).collect(),
            Kind::Mapping { entries, .. } => {
                let entry = |(key, value): &(Node, Node)| Some((key.text()?.to_owned(), value.value()));
                Value::Object(entries.iter().filter_map(entry).collect())
            }
            Kind::Scalar { .. } if self.is_null() => Value::Null,
            Kind::Scalar { text, is_plain: true } => match (text.parse::<u64>(), text.parse::<bool>()) {
                (Ok(number), _) => number.into(),
                (_, Ok(boolean)) => boolean.into(),
                _ => text.clone().into(),
            },
            Kind::Scalar { text, .. } => text.clone().into(),
        }
    }
}

fn hidden(node: &Node, key: &str) -> Fault {
    node.fault(format!("an alias stands where `{key}` is looked for"))
        .help("write it out here: a change would reach every place that shares it")
}
