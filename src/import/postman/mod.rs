//! Postman collections (versions 2.0 and 2.1) and environments.
//!
//! A request of the collection becomes a stub, each of its saved examples a scenario. What an example's own request had
//! becomes its conditions: Postman's matching ranks by them. The rules are those of the reference, sections 2 to 4 and
//! 13. What a mock server never uses is passed over: scripts, authorisation, descriptions.

pub(in crate::import) mod answer;
mod fields;
mod items;
mod request;
mod response;
mod token;
mod url;
mod variables;

pub use variables::Variable;

use super::Note;
use super::json::{Kind, Node, Object, parse};
use crate::file::StubTable;
use crate::file::read::At;
use crate::problem::{Code, Problem, SourceId};
use variables::Variables;

/// What a collection is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To run: every variable is filled in.
    Loaded,
    /// To be written as a mock file.
    Written {
        /// Whether answers refer to variables by name, so that the environment can be switched.
        switchable: bool,
    },
}

impl Purpose {
    fn is_written(self) -> bool {
        matches!(self, Purpose::Written { .. })
    }
}

/// A collection, as types of the file.
#[derive(Debug)]
pub struct Collection {
    /// Its name.
    pub name: At<String>,
    /// Its stubs, in its order.
    pub stubs: Vec<At<StubTable>>,
    /// Variables that answers refer to by name, with their texts.
    pub used: Vec<(String, String)>,
    /// What was left out or changed, in the order of the text.
    pub notes: Vec<Note>,
    /// How many requests it has.
    pub requests: usize,
    /// How many saved examples it has.
    pub examples: usize,
}

/// Reads a collection with the variables of an environment over its own.
///
/// # Errors
/// Where the text is no collection of a known version: one problem that says where and why.
pub fn collection(
    text: &str,
    source: SourceId,
    environment: &[Variable],
    purpose: Purpose,
) -> Result<Collection, Box<Problem>> {
    let node = parse(text, source)?;
    let root = root(node)?;
    let info = root.get("info").map(Object::of);
    let name_node = info.as_ref().and_then(|info| info.get("name"));
    let name = name_node.and_then(|name| name.text()).unwrap_or_default().into_owned();
    let mut notes = Vec::new();
    let own = variables::read(root.get("variable"), &mut notes);
    let variables = Variables::new(&own, environment, &mut notes);
    let secrets = own.iter().chain(environment).filter(|variable| variable.secret && !variable.value.is_empty());
    for Variable { name, .. } in secrets.filter(|_| purpose.is_written()) {
        let what = "may stand in what is written: the value of a secret variable";
        notes.push(Note::routine(Some(name.place), "variables", what, format!("`{}`", name.value)));
    }
    let mut reader = items::Reader::new(&variables, purpose, notes);
    reader.folder(root.get("item"), &mut Vec::new())?;
    if variables.are_too_long() {
        return Err(Box::new(
            Problem::at(Code::BadCollection, node.place(), "its variables make the collection longer than can be held")
                .label("more than 64 MiB when they are filled in")
                .help("look for variables whose values hold many other variables"),
        ));
    }
    let items::Reader { stubs, used, mut notes, requests, examples, .. } = reader;
    notes.sort_by_key(|note| note.place.map(|place| (place.source, place.start)));
    let used = used.into_iter().filter_map(|name| variables.plain(&name).map(|text| (name, text))).collect();
    Ok(Collection { name: name_node.unwrap_or(node).at(name), stubs, used, notes, requests, examples })
}

/// The name of a collection; none where the text is no collection.
pub fn name(text: &str) -> Option<String> {
    let root = root(parse(text, SourceId::NONE).ok()?).ok()?;
    root.get("info").map(Object::of)?.text("name").map(|name| name.into_owned())
}

/// Reads an environment: its variables in their order, those that are switched off left out.
///
/// # Errors
/// Where the text is no environment.
pub fn environment(text: &str, source: SourceId) -> Result<(Vec<Variable>, Vec<Note>), Box<Problem>> {
    let node = parse(text, source)?;
    let whole = Object::of(node);
    // The form in which Postman's API hands it out.
    let root = whole.get("environment").filter(|_| !whole.has("values")).map_or(whole, Object::of);
    let Some(values) = root.get("values").filter(|values| values.kind() == Kind::Array) else {
        let why = if root.has("item") { "this is a collection" } else { "an environment has a list `values`" };
        return Err(Box::new(
            Problem::at(Code::BadEnvironment, node.place(), "the file is no environment of Postman")
                .label(why)
                .help("export it in Postman: Environments, the environment, Export"),
        ));
    };
    let mut notes = Vec::new();
    Ok((variables::read(Some(values), &mut notes), notes))
}

/// The object that holds `item`, if the text is a collection of version 2.
fn root(node: Node<'_>) -> Result<Object<'_>, Box<Problem>> {
    let no = |node: Node<'_>, why: &str, help: &str| {
        let title = "the file is no Postman collection that can be read";
        Err(Box::new(Problem::at(Code::BadCollection, node.place(), title).label(why).help(help)))
    };
    let export = "export it in Postman as \"Collection v2.1\"";
    if node.kind() != Kind::Object {
        return no(node, &format!("a collection is an object, and this is {}", node.described()), export);
    }
    let whole = Object::of(node);
    // The form in which Postman's API hands it out.
    let (node, root) = match whole.get("collection").filter(|_| !whole.has("item")) {
        Some(inner) => (inner, Object::of(inner)),
        None => (node, whole),
    };
    let schema = root.get("info").map(Object::of).and_then(|info| info.get("schema"));
    let version = schema.and_then(|schema| schema.text()).unwrap_or_default();
    let converter = "export it in Postman as \"Collection v2.1\", or convert it with postman-collection-transformer";
    if let Some(requests) = root.get("requests").filter(|_| !root.has("item")) {
        return no(requests, "it has `requests`: this is a collection of version 1", converter);
    }
    if let Some(schema) = schema.filter(|_| version.contains("/collection/")) {
        if version.contains("/v1.") {
            return no(schema, "this is a collection of version 1", converter);
        }
        if !version.contains("/v2.") {
            return no(schema, "versions 2.0 and 2.1 can be read", export);
        }
    }
    for (key, what) in [
        ("values", "this is an environment: name it under `environments`, or with `--environment`"),
        ("collections", "this is a dump of all of Postman's data: name one collection"),
        ("openapi", "this is an OpenAPI document"),
        ("swagger", "this is an OpenAPI document"),
        ("log", "this is a HAR archive"),
        ("mappings", "these are WireMock's mappings"),
    ] {
        if let Some(found) = root.get(key).filter(|_| !root.has("item")) {
            return no(found, what, export);
        }
    }
    match root.get("item") {
        None => no(node, "a collection has a list `item`", export),
        Some(item) if item.kind() != Kind::Array => {
            no(item, &format!("`item` is a list, and this is {}", item.described()), export)
        }
        Some(_) => Ok(root),
    }
}
