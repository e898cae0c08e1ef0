//! The document as a whole: its version, and where its references lead.

use std::collections::{HashMap, HashSet};

use percent_encoding::percent_decode_str;

use crate::file::read::At;
use crate::import::json::Kind;
use crate::import::tree::{Node, Tree};
use crate::problem::{Code, Problem};

/// How many references may follow one another. More are a circle.
const HOPS: usize = 100;
/// How many bad references one report holds.
const REPORTED: usize = 20;

/// Which rules hold for schemas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 3.0: a dialect of its own.
    V30,
    /// 3.1: JSON Schema, draft 2020-12.
    V31,
}

/// A document of a known version, each of whose references leads somewhere.
pub struct Document<'t> {
    /// The outermost object.
    pub root: Node<'t>,
    /// Its version.
    pub version: Version,
    /// Schemas by `$anchor` and `$dynamicAnchor`.
    anchors: HashMap<&'t str, Node<'t>>,
}

/// Where the members of an object have names of the document's own, and where they are data.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Members {
    /// They are fields that OpenAPI knows.
    Fields,
    /// They are named by whoever wrote the document.
    Named,
}

/// Fields whose members are named by whoever wrote the document.
const NAMED: &[&str] = &[
    "$defs",
    "callbacks",
    "content",
    "definitions",
    "dependentSchemas",
    "encoding",
    "examples",
    "headers",
    "links",
    "parameters",
    "pathItems",
    "paths",
    "patternProperties",
    "properties",
    "requestBodies",
    "responses",
    "schemas",
    "securitySchemes",
    "variables",
    "webhooks",
];
/// Fields that hold data, in which a `$ref` is no reference.
const DATA: &[&str] = &["const", "default", "enum", "example", "value", "mapping"];

impl<'t> Document<'t> {
    /// Takes a tree for a document.
    ///
    /// # Errors
    /// Where it is none, and each reference that leads nowhere.
    pub fn read(tree: &'t Tree) -> Result<Self, Vec<Problem>> {
        let root = tree.root();
        let version = version(root).map_err(|problem| vec![*problem])?;
        let mut document = Document { root, version, anchors: HashMap::new() };
        let problems = document.references();
        if problems.is_empty() { Ok(document) } else { Err(problems) }
    }

    /// Its title; empty where it has none.
    pub fn title(&self) -> At<String> {
        let title = self.root.get("info").and_then(|info| info.get("title")).filter(|title| title.text().is_some());
        title.unwrap_or(self.root).at(title.and_then(Node::text).unwrap_or_default().to_owned())
    }

    /// The node itself, or what it refers to.
    pub fn resolve(&self, node: Node<'t>) -> Node<'t> {
        let mut node = node;
        for _ in 0..HOPS {
            match reference(node).and_then(|(_, to)| self.target(to)) {
                Some(next) => node = next,
                None => return node,
            }
        }
        node
    }

    /// What a reference within the document leads to.
    pub fn target(&self, reference: &str) -> Option<Node<'t>> {
        let fragment = reference.strip_prefix('#')?;
        let fragment = percent_decode_str(fragment).decode_utf8().ok()?;
        let Some(pointer) = fragment.strip_prefix('/') else {
            return if fragment.is_empty() { Some(self.root) } else { self.anchors.get(&*fragment).copied() };
        };
        // RFC 6901: `~1` is a slash, `~0` a tilde.
        pointer.split('/').try_fold(self.root, |node, part| {
            let part = part.replace("~1", "/").replace("~0", "~");
            match node.kind() {
                Kind::Array => node.items().nth(part.parse().ok()?),
                _ => node.get(&part),
            }
        })
    }

    /// Looks at every reference and every anchor.
    fn references(&mut self) -> Vec<Problem> {
        let mut found: Vec<(Node<'t>, &'t str)> = Vec::new();
        let mut seen: HashSet<(u32, bool)> = HashSet::new();
        let mut open: Vec<(Node<'t>, Members)> = vec![(self.root, Members::Fields)];
        while let Some((node, members)) = open.pop() {
            if !seen.insert((node.id(), members == Members::Named)) {
                continue;
            }
            open.extend(node.items().map(|item| (item, Members::Fields)));
            if members == Members::Fields {
                found.extend(reference(node));
                let anchors = ["$anchor", "$dynamicAnchor"].into_iter().filter_map(|key| node.text_at(key));
                self.anchors.extend(anchors.map(|anchor| (anchor, node)));
            }
            for (_, name, value) in node.members() {
                match members {
                    Members::Named => open.push((value, Members::Fields)),
                    Members::Fields if DATA.contains(&name) || name.starts_with("x-") => {}
                    // The examples of a schema are a list of data.
                    Members::Fields if name == "examples" && !value.is_object() => {}
                    Members::Fields if NAMED.contains(&name) => open.push((value, Members::Named)),
                    Members::Fields => open.push((value, Members::Fields)),
                }
            }
        }
        found.sort_by_key(|(node, _)| node.place().start);
        let mut known: HashMap<&str, Option<(&'static str, &'static str)>> = HashMap::new();
        let mut problems = Vec::new();
        for (node, to) in found {
            let fault = *known.entry(to).or_insert_with(|| self.fault(to));
            if let Some((why, help)) = fault {
                problems.push(Problem::at(Code::BadRef, node.place(), format!("`$ref` to `{to}`: {why}")).help(help));
            }
        }
        problems.truncate(REPORTED);
        problems
    }

    /// Why a reference leads nowhere, and how to mend it.
    fn fault(&self, to: &str) -> Option<(&'static str, &'static str)> {
        if !to.starts_with('#') {
            return Some((
                "it leads out of the document, and nothing is fetched",
                "bring all parts into one file first, such as with `redocly bundle api.yaml --output one.yaml`",
            ));
        }
        let Some(mut node) = self.target(to) else {
            return Some(("there is no such place in the document", "look for a slip in it, or for what was left out"));
        };
        for _ in 0..HOPS {
            match reference(node) {
                None => return None,
                Some((_, next)) => match self.target(next) {
                    Some(next) => node = next,
                    None => return None, // told where it stands
                },
            }
        }
        Some(("it leads back to itself", "one of these references has to be what it stands for"))
    }
}

/// What a node refers to, with the node of that text.
pub fn reference<'t>(node: Node<'t>) -> Option<(Node<'t>, &'t str)> {
    let to = ["$ref", "$dynamicRef"].into_iter().find_map(|key| node.get(key))?;
    Some((to, to.text()?))
}

/// The version of a document.
///
/// # Errors
/// Where it is none that can be read, with what it is instead.
fn version(root: Node<'_>) -> Result<Version, Box<Problem>> {
    let no = |node: Node<'_>, why: &str, help: &str| {
        let title = "the file is no OpenAPI document that can be read";
        Err(Box::new(Problem::at(Code::BadSpec, node.place(), title).label(why).help(help)))
    };
    let known = "versions 3.0 and 3.1 can be read, in JSON and YAML";
    if !root.is_object() {
        return no(root, "a document is an object, and this is none", known);
    }
    let Some(said) = root.get("openapi") else {
        for (key, what, help) in [
            (
                "swagger",
                "this is OpenAPI 2.0, once called Swagger",
                "convert it first, such as with `npx swagger2openapi --outfile api.json FILE`",
            ),
            ("asyncapi", "this is an AsyncAPI document", known),
            ("arazzo", "this is an Arazzo document", known),
            ("overlay", "this is an Overlay document", known),
            ("item", "this is a Postman collection", "read it as `[postman]`, or with `standin import postman`"),
            ("log", "this is a HAR archive", known),
            ("mappings", "these are WireMock's mappings", known),
        ] {
            if let Some(found) = root.get(key) {
                return no(found, what, help);
            }
        }
        return no(root, "a document says `openapi: 3.1.0` or the like", known);
    };
    // Without quotes a version of two parts is a number, and nobody means another one by it.
    let text = said.text().map(str::to_owned).or_else(|| said.number().map(ToString::to_string)).unwrap_or_default();
    let mut parts = text.split('.');
    match (parts.next(), parts.next()) {
        (Some("3"), Some("0")) => {}
        (Some("3"), Some("1")) => {}
        _ => {
            return no(
                said,
                "this is another version",
                "only 3.0 and 3.1 can be read: write the document for one of them",
            );
        }
    }
    for key in ["paths", "components", "info"] {
        if let Some(strange) = root.get(key).filter(|node| !node.is_object()) {
            return no(strange, &format!("`{key}` is an object"), "mend it: no tool can read such a document");
        }
    }
    Ok(if text.starts_with("3.0") { Version::V30 } else { Version::V31 })
}
