//! Stubs as a mock file that people like to read, with longer bodies in files beside it.

mod when;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::hash::{BuildHasher as _, RandomState};

use serde_json::Value as Json;
use toml_writer::{ToTomlKey as _, ToTomlValue as _};

use super::names::Unique;
use crate::file::read::At;
use crate::file::{ResponseKeys, ScenarioTable, ShortKeys, StubTable};

/// A mock to be written.
pub struct Mock<'a> {
    /// Its name.
    pub name: &'a str,
    /// The folder beside it in which its body files lie.
    pub folder: &'a str,
    /// Where it came from, for the first line.
    pub origin: &'a str,
    /// Variables that its answers refer to by name.
    pub variables: &'a [(String, String)],
    /// Its stubs. They are taken, for their bodies may be all that a machine can hold once.
    pub stubs: Vec<At<StubTable>>,
    /// Hosts that it is for; none means every host.
    pub hosts: &'a [String],
    /// Contents of the files that its answers name, by path below the folder.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// A mock file, with the body files that it names.
#[derive(Debug, PartialEq)]
pub struct Written {
    /// The text of the mock file.
    pub text: String,
    /// Paths relative to the mock file, and contents.
    pub bodies: Vec<(String, Vec<u8>)>,
}

/// The longest body that stands in the mock file itself, bytes; one line of it.
const INLINE: usize = 160;

/// Writes a mock whose requests are matched as Postman matches them.
pub fn postman(mock: Mock<'_>) -> Written {
    write(mock, "postman", true)
}

/// Writes a mock whose conditions must hold, every one; `command` is the word behind `standin import`.
pub fn strict(mock: Mock<'_>, command: &str) -> Written {
    write(mock, command, false)
}

fn write(mock: Mock<'_>, command: &str, is_postman: bool) -> Written {
    let Mock { name, folder, origin, variables, stubs, hosts, files } = mock;
    let taken = files.keys().map(|path| format!("{folder}/{path}"));
    let mut out = Writer {
        folder,
        text: String::new(),
        bodies: Vec::new(),
        names: Unique::default(),
        same: HashMap::new(),
        hasher: RandomState::new(),
    };
    taken.for_each(|path| drop(out.names.take(&path)));
    out.line(0, &format!("# Made from {} by `standin import {command}`.", origin.escape_debug()));
    out.key(0, &["name"], name);
    if !hosts.is_empty() {
        let hosts: Vec<String> = hosts.iter().map(|host| host.to_toml_value()).collect();
        out.line(0, &format!("hosts = [{}]", hosts.join(", ")));
    }
    if is_postman {
        out.key(0, &["matching"], "postman");
    }
    if !variables.is_empty() {
        out.key(0, &["environment"], "default");
        out.table(0, "[environments.default.vars]");
        for (name, value) in variables {
            out.key(0, &[name], value);
        }
    }
    for stub in stubs {
        out.stub(stub.value);
    }
    let named = files.into_iter().map(|(path, bytes)| (format!("{folder}/{path}"), bytes));
    out.bodies.extend(named);
    Written { text: out.text, bodies: out.bodies }
}

struct Writer<'a> {
    folder: &'a str,
    text: String,
    bodies: Vec<(String, Vec<u8>)>,
    /// Paths of body files that were given out.
    names: Unique,
    /// Which of the bodies is this one, by a hash of ending and text.
    same: HashMap<u64, usize>,
    hasher: RandomState,
}

impl Writer<'_> {
    fn line(&mut self, indent: usize, line: &str) {
        let _ = writeln!(self.text, "{:indent$}{line}", "");
    }

    /// Begins a table, an empty line before it.
    fn table(&mut self, indent: usize, header: &str) {
        self.text.push('\n');
        self.line(indent, header);
    }

    /// A dotted key with a text.
    fn key(&mut self, indent: usize, path: &[&str], value: &str) {
        let line = format!("{} = {}", dotted(path), value.to_toml_value());
        self.line(indent, &line);
    }

    fn stub(&mut self, stub: StubTable) {
        let stub_name = stub.name.as_ref().map_or("", |name| name.value.as_str());
        self.table(0, "[[stub]]");
        if let Some(name) = &stub.name {
            self.key(0, &["name"], name);
        }
        if let Some(line) = &stub.r#match {
            self.key(0, &["match"], line);
        }
        for scenario in stub.scenario.into_iter().flat_map(|list| list.value.0) {
            self.scenario(stub_name, scenario.value);
        }
    }

    fn scenario(&mut self, stub: &str, scenario: ScenarioTable) {
        let ScenarioTable { name, delay, template, only_selected, alternative_to, short } = scenario;
        let ShortKeys { id, when, server_stub: _, response } = short;
        self.table(2, "[[stub.scenario]]");
        for (key, value) in [("name", &name), ("id", &id), ("alternative_to", &alternative_to)] {
            if let Some(value) = value {
                self.key(2, &[key], value);
            }
        }
        if let Some(when) = when {
            for (path, value) in when::lines(&when.value) {
                self.line(2, &format!("when.{path} = {value}"));
            }
        }
        if let Some(only) = only_selected {
            self.line(2, &format!("only_selected = {}", only.value));
        }
        if let Some(delay) = delay {
            self.line(2, &format!("delay = {}", when::delay(&delay.value)));
        }
        if let Some(template) = template {
            self.line(2, &format!("template = {}", template.value));
        }
        let name = name.as_ref().map_or("", |name| name.value.as_str());
        self.response(&format!("{stub}-{name}"), response);
    }

    fn response(&mut self, name: &str, response: ResponseKeys) {
        let ResponseKeys { status, headers, json, body, r#type, file, base64 } = response;
        if let Some(status) = status {
            self.line(2, &format!("status = {}", status.0));
        }
        for (name, values) in headers.iter().flat_map(|headers| &headers.value.0) {
            match values.0.as_slice() {
                [value] => self.key(2, &["headers", name], &value.0),
                values => {
                    let values: Vec<_> = values.iter().map(|value| value.value.0.to_toml_value()).collect();
                    self.line(2, &format!("{} = [{}]", dotted(&["headers", name]), values.join(", ")));
                }
            }
        }
        if let Some(media) = &r#type {
            self.key(2, &["type"], media);
        }
        if let Some(json) = json {
            self.line(2, &format!("json = {}", toml(&json.json)));
        }
        if let Some(file) = file {
            self.key(2, &["file"], &format!("{}/{}", self.folder, file.value));
        }
        if let Some(base64) = base64 {
            self.key(2, &["base64"], &base64);
        }
        let Some(body) = body else { return };
        if body.len() <= INLINE && !body.contains(['\n', '\r']) {
            self.key(2, &["body"], &body);
            return;
        }
        let said = headers.iter().flat_map(|headers| &headers.value.0).find(|(name, _)| name.value == "content-type");
        let said = said.and_then(|(_, values)| values.0.first()).map(|value| value.value.0.as_str());
        let media = said.or(r#type.as_ref().map(|media| media.value.as_str())).unwrap_or("");
        let ending = extension(media);
        let body = body.value.into_bytes();
        let hash = self.hasher.hash_one((&body, ending));
        if let Some((path, _)) = self.same.get(&hash).map(|at| &self.bodies[*at]).filter(|(_, known)| *known == body) {
            let path = path.clone();
            self.key(2, &["file"], &path);
            return;
        }
        let path = self.body_file(name, ending);
        self.key(2, &["file"], &path);
        self.same.insert(hash, self.bodies.len());
        self.bodies.push((path, body));
    }

    /// A path that no other body has, of plain signs.
    fn body_file(&mut self, name: &str, extension: &str) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let mut base = String::new();
        for c in name.chars().map(plain) {
            if (c != '-' || !base.ends_with('-')) && base.len() < 100 {
                base.push(c);
            }
        }
        let base = base.trim_matches('-');
        let mut number = 1;
        loop {
            let suffix = if number == 1 { String::new() } else { format!("-{number}") };
            let path = format!("{}/{base}{suffix}.{extension}", self.folder);
            if self.names.take(&path) == path {
                return path;
            }
            number += 1;
        }
    }
}

/// The ending by which others know a body of this type, and Standin that it is text.
fn extension(media: &str) -> &'static str {
    let essence = media.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    match essence.as_str() {
        "html" | "text/html" => "html",
        "text/css" => "css",
        "text/csv" => "csv",
        essence if essence.ends_with("json") => "json",
        essence if essence.ends_with("xml") => "xml",
        essence if essence.ends_with("javascript") => "js",
        _ => "txt",
    }
}

fn dotted(path: &[&str]) -> String {
    path.iter().map(|key| key.to_toml_key()).collect::<Vec<_>>().join(".")
}

/// A JSON value as TOML writes it in one line. TOML has no null: whoever has one compares it as text, and gets the empty
/// one.
pub fn toml(json: &Json) -> String {
    match json {
        Json::Null => "\"\"".to_owned(),
        Json::Bool(value) => value.to_string(),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.to_string(),
            (None, number) => number.unwrap_or_default().to_toml_value(),
        },
        Json::String(text) => text.to_toml_value(),
        Json::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Json::Object(members) if members.is_empty() => "{}".to_owned(),
        Json::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("{} = {}", name.to_toml_key(), toml(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
    }
}
