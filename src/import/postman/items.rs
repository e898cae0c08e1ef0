//! Folders, requests and saved examples: a stub for each request, a scenario for each example.

use std::collections::{HashMap, HashSet};

use super::Purpose;
use super::answer::Texts;
use super::request::{self, Request};
use super::response;
use super::variables::Variables;
use crate::file::leaf::List;
use crate::file::read::At;
use crate::file::{ScenarioTable, ShortKeys, StubTable};
use crate::import::Note;
use crate::import::json::{Kind, Node, Object};
use crate::import::names::{Unique, slug, tidy};
use crate::problem::{Code, Problem};

/// How deep folders may lie in folders. The text of a folder is gone over once for each folder that it lies in.
const DEEPEST: usize = 50;

/// Reads items and collects what they come to.
pub struct Reader<'a> {
    variables: &'a Variables,
    purpose: Purpose,
    names: Unique,
    ids: HashSet<String>,
    /// Stubs so far.
    pub stubs: Vec<At<StubTable>>,
    /// Variables that answers refer to by name.
    pub used: Vec<String>,
    /// What was left out or changed.
    pub notes: Vec<Note>,
    /// How many requests there were.
    pub requests: usize,
    /// How many saved examples there were.
    pub examples: usize,
}

/// The examples of one request that one stub can hold: those of one method and one path; of those that share a name,
/// one.
type Group = (String, usize);

impl<'a> Reader<'a> {
    /// A reader that has read nothing.
    pub fn new(variables: &'a Variables, purpose: Purpose, notes: Vec<Note>) -> Self {
        Reader {
            variables,
            purpose,
            names: Unique::default(),
            ids: HashSet::new(),
            stubs: Vec::new(),
            used: Vec::new(),
            notes,
            requests: 0,
            examples: 0,
        }
    }

    /// Reads the items of a folder; `path` names the folders that it lies in.
    ///
    /// # Errors
    /// Where folders are nested too deeply.
    pub fn folder(&mut self, list: Option<Node<'_>>, path: &mut Vec<String>) -> Result<(), Box<Problem>> {
        for node in list.map(|list| list.items()).unwrap_or_default() {
            let item = Object::of(node);
            let name = item.text("name").and_then(|name| tidy(&name)).unwrap_or_else(|| "unnamed".to_owned());
            path.push(name);
            match (item.get("item"), item.get("request")) {
                (Some(inner), _) if inner.kind() != Kind::Array => {
                    self.lost(inner, path, "left out: a folder whose `item` is no list", inner.described().to_owned());
                }
                (Some(inner), _) => {
                    if path.len() > DEEPEST {
                        let title = "folders lie in folders more than 50 deep";
                        let problem = Problem::at(Code::BadCollection, inner.place(), title);
                        return Err(Box::new(problem.help("bring the requests of the innermost folders further up")));
                    }
                    if item.get("variable").is_some_and(|list| !list.items().is_empty()) {
                        let what = "not used: variables of a folder, as Postman's mock servers know none";
                        self.notes.push(Note::routine(Some(node.place()), &path.join(" / "), what, String::new()));
                    }
                    self.folder(Some(inner), path)?;
                }
                (None, Some(_)) => self.request(node, &item, path),
                (None, None) => {
                    self.lost(node, path, "left out: neither a folder nor a request", node.described().to_owned());
                }
            }
            path.pop();
        }
        Ok(())
    }

    fn request(&mut self, node: Node<'_>, item: &Object<'_>, path: &mut Vec<String>) {
        self.requests += 1;
        let saved = item.get("response");
        if let Some(saved) = saved.filter(|saved| saved.kind() != Kind::Array) {
            self.lost(saved, path, "not mocked: `response` is no list", saved.described().to_owned());
            return;
        }
        let examples = saved.map(|saved| saved.items()).unwrap_or_default();
        if examples.is_empty() {
            let what = "not mocked: it has no saved example";
            self.notes.push(Note::routine(Some(node.place()), &path.join(" / "), what, String::new()));
        }
        let first = self.stubs.len();
        let mut groups: HashMap<Group, usize> = HashMap::new();
        let mut times: HashMap<(String, String), usize> = HashMap::new();
        for example in examples {
            self.examples += 1;
            let saved = Object::of(example);
            let name = saved.text("name").and_then(|name| tidy(&name)).unwrap_or_else(|| "example".to_owned());
            path.push(name.clone());
            if let Some((line, scenario)) = self.example(example, &saved, item, path) {
                let time = times.entry((line.clone(), name)).or_default();
                let group = (line, *time);
                *time += 1;
                let stub = *groups.entry(group.clone()).or_insert_with(|| {
                    self.stubs.push(node.at(StubTable {
                        name: Some(node.at(String::new())),
                        r#match: Some(example.at(group.0)),
                        scenario: Some(node.at(List(Vec::new()))),
                        ..StubTable::default()
                    }));
                    self.stubs.len() - 1
                });
                if let Some(list) = &mut self.stubs[stub].value.scenario {
                    list.value.0.push(scenario);
                }
            }
            path.pop();
        }
        let base = slug(&path.join(" "));
        let base = if base.is_empty() { "request".to_owned() } else { base };
        for stub in &mut self.stubs[first..] {
            stub.value.name = Some(node.at(self.names.take(&base)));
        }
    }

    /// The `match` line of an example, and its scenario.
    fn example(
        &mut self,
        node: Node<'_>,
        saved: &Object<'_>,
        item: &Object<'_>,
        path: &[String],
    ) -> Option<(String, At<ScenarioTable>)> {
        if node.kind() != Kind::Object {
            self.lost(node, path, "left out: an example that is no object", node.described().to_owned());
            return None;
        }
        let own = saved.get("originalRequest").or_else(|| saved.get("request")).or_else(|| item.get("request"))?;
        let Request { method, url, when, lost } = request::read(own, self.variables, self.purpose);
        if let Some(why) = url.fault {
            self.lost(own, path, "left out: no request can have its path", why.to_owned());
            return None;
        }
        let known = method.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if !known || matches!(method.as_str(), "CONNECT" | "ANY") {
            self.lost(own, path, "left out: no stub can have its method", format!("`{method}`"));
            return None;
        }
        let (template, wildcards) = request::template(&url.path);
        let line = format!("{method} {template}");
        let mut texts = Texts {
            variables: self.variables,
            wildcards: &wildcards,
            purpose: self.purpose,
            used: std::mem::take(&mut self.used),
            unknown: Vec::new(),
        };
        let answer = response::read(node, &mut texts);
        let Texts { used, unknown, .. } = texts;
        self.used = used;
        let answer = match answer {
            Ok(answer) => answer,
            Err((what, detail)) => {
                self.lost(node, path, what, detail);
                return None;
            }
        };
        for (what, detail) in lost.into_iter().chain(answer.lost) {
            self.lost(node, path, what, detail);
        }
        let entry = path.join(" / ");
        let remarks = url.remarks.into_iter().map(|remark| ("taken as written: a path variable", remark));
        for (what, detail) in answer.routine.into_iter().chain(remarks) {
            self.notes.push(Note::routine(Some(node.place()), &entry, what, detail));
        }
        if !unknown.is_empty() {
            let listed: Vec<String> = unknown.iter().map(|token| format!("`{{{{{token}}}}}`")).collect();
            self.lost(
                node,
                path,
                "left as written: neither a variable nor anything else that is known",
                listed.join(", "),
            );
        }
        let id = self.id(node, saved, path);
        let scenario = ScenarioTable {
            name: Some(saved.get("name").unwrap_or(node).at(path.last().cloned().unwrap_or_default())),
            template: answer.is_plain.then(|| node.at(false)),
            short: ShortKeys { id, when, response: answer.keys, ..ShortKeys::default() },
            ..ScenarioTable::default()
        };
        Some((line, node.at(scenario)))
    }

    /// The id of an example; one that has none, or that of another, is known by its stub and name.
    fn id(&mut self, node: Node<'_>, saved: &Object<'_>, path: &[String]) -> Option<At<String>> {
        let found = ["id", "_postman_id", "uid"].iter().find_map(|key| saved.get(key));
        let id = found.and_then(|id| id.scalar()).and_then(|id| tidy(&id))?;
        if !self.ids.insert(id.clone()) {
            self.lost(node, path, "known by another id: two examples have the same", format!("`{id}`"));
            return None;
        }
        Some(found.unwrap_or(node).at(id))
    }

    fn lost(&mut self, node: Node<'_>, path: &[String], what: &'static str, detail: String) {
        self.notes.push(Note::lost(Some(node.place()), &path.join(" / "), what, detail));
    }
}
