//! The responses of an operation, and the scenarios that they become.

use http::{HeaderName, HeaderValue};
use serde_json::Value as Json;

use super::document::Document;
use super::media::{self, Bodies, Read, Remark};
use crate::file::leaf::{OneOrMany, Status};
use crate::file::read::At;
use crate::file::{HeaderMap, HeaderText, ResponseKeys, ScenarioTable, ShortKeys};
use crate::import::names::tidy;
use crate::import::tree::Node;
use crate::import::{FRAMING, Note};

/// The key of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Code {
    /// `404`
    Exact(u16),
    /// `4XX`, as its first status.
    Range(u16),
    /// `default`
    Default,
}

/// One way in which an operation answers.
#[derive(Debug)]
struct Way<'t> {
    /// What it is called.
    name: String,
    status: u16,
    /// The type and text of its body.
    body: Option<(String, String)>,
    headers: Vec<(String, String)>,
    node: Node<'t>,
    /// The name of the way that it is another representation of.
    alternative_to: Option<String>,
}

/// What responses are read with.
pub struct Responses<'r, 'd, 't> {
    /// The document.
    pub document: &'d Document<'t>,
    /// Reads media types.
    pub bodies: &'r mut Bodies<'d, 't>,
    /// What the operation is called in notes, such as `GET /pets`.
    pub entry: &'r str,
    /// Where notes go.
    pub notes: &'r mut Vec<Note>,
}

impl<'t> Responses<'_, '_, 't> {
    /// The scenarios of an operation, the one that answers by itself first.
    pub fn scenarios(&mut self, operation: Node<'t>) -> Vec<At<ScenarioTable>> {
        let mut ways: Vec<Way<'t>> = Vec::new();
        for (code, response) in self.ordered(operation) {
            self.ways(code, response, &mut ways);
        }
        if ways.is_empty() {
            self.routine(operation, "answered with 200 and no body: no response that can be sent", String::new());
            let (body, headers, alternative_to) = (None, Vec::new(), None);
            ways.push(Way { name: "200".to_owned(), status: 200, body, headers, node: operation, alternative_to });
        }
        let has_alternative: Vec<String> = ways.iter().filter_map(|way| way.alternative_to.clone()).collect();
        let scenario = |(at, way): (usize, Way<'t>)| {
            let varies = way.alternative_to.is_some() || has_alternative.contains(&way.name);
            table(way, at == 0, varies)
        };
        ways.into_iter().enumerate().map(scenario).collect()
    }

    /// The responses that can be sent: first the one that is sent where nobody asks for another.
    fn ordered(&mut self, operation: Node<'t>) -> Vec<(Code, Node<'t>)> {
        let mut found: Vec<(Code, Node<'t>)> = Vec::new();
        for (name, key, response) in self.members(operation, "responses") {
            let response = self.document.resolve(response);
            let digits = key.len() == 3 && key.bytes().all(|b| b.is_ascii_digit());
            let code = match key {
                _ if key.starts_with("x-") => continue,
                "default" => Code::Default,
                _ if digits => Code::Exact(key.parse().unwrap_or_default()),
                _ if key.len() == 3 && key.is_ascii() && key[1..].eq_ignore_ascii_case("xx") => {
                    Code::Range(key[..1].parse::<u16>().unwrap_or_default() * 100)
                }
                _ => Code::Exact(0),
            };
            match code {
                Code::Exact(status) | Code::Range(status) if !(200..600).contains(&status) => {
                    self.lost(name, "left out: a response whose status is not 200 to 599", format!("`{key}`"));
                }
                _ if !response.is_object() => {
                    self.lost(response, "left out: a response that is no object", key.to_owned())
                }
                code => found.push((code, response)),
            }
        }
        found.sort_by_key(|(code, _)| *code);
        let is_success = |status: u16| (200..300).contains(&status);
        let first = [
            found.iter().position(|(code, _)| matches!(code, Code::Exact(status) if is_success(*status))),
            found.iter().position(|(code, _)| *code == Code::Range(200)),
            found.iter().position(|(code, _)| *code == Code::Default),
        ];
        if let Some(at) = first.into_iter().flatten().next() {
            let chosen = found.remove(at);
            found.insert(0, chosen);
        }
        found
    }

    /// Adds the ways of one response.
    fn ways(&mut self, code: Code, response: Node<'t>, ways: &mut Vec<Way<'t>>) {
        let (status, label) = match code {
            Code::Exact(status) => (status, status.to_string()),
            Code::Range(status) => (status, format!("{}XX", status / 100)),
            // Where nothing else is a success it is what is sent; else it describes failures.
            Code::Default => (if ways.is_empty() { 200 } else { 500 }, "default".to_owned()),
        };
        let headers = self.headers(response, &label);
        let content = self.content(response, status, &label);
        let mut main: Vec<(Option<String>, String)> = Vec::new();
        let way = |name: String, body, node, alternative_to| Way {
            name,
            status,
            body,
            headers: headers.clone(),
            node,
            alternative_to,
        };
        for (at, (media, node, bodies)) in content.into_iter().enumerate() {
            let mut taken: Vec<String> = Vec::new();
            for (number, body) in bodies.into_iter().enumerate() {
                let name = body.name.as_deref().and_then(tidy);
                // The same example in another type, else the first of both.
                let twin =
                    main.iter().find(|(own, _)| own.is_some() && *own == name).or(main.first().filter(|_| number == 0));
                let twin = twin.map(|(_, name)| name.clone()).filter(|name| at > 0 && !taken.contains(name));
                taken.extend(twin.clone());
                let free = free_name(name.as_deref().unwrap_or(&label), &label, (at > 0).then_some(&media), ways);
                if at == 0 {
                    main.push((name, free.clone()));
                }
                ways.push(way(free, Some((media.clone(), body.text)), node, twin));
            }
        }
        if main.is_empty() {
            let name = free_name(&label, &label, None, ways);
            ways.push(way(name, None, response, None));
        }
    }

    /// The bodies of a response by media type, those of JSON first.
    fn content(&mut self, response: Node<'t>, status: u16, label: &str) -> Vec<(String, Node<'t>, Vec<media::Body>)> {
        let mut content: Vec<(String, Node<'t>, Vec<media::Body>)> = Vec::new();
        let mut declared: Vec<_> = self.members(response, "content").collect();
        if matches!(status, 204 | 205 | 304) && !declared.is_empty() {
            self.routine(response, "sent without a body: such a status has none", format!("`{label}`"));
            return content;
        }
        let sent = |media: &str| media::sent(media).unwrap_or_default();
        declared.sort_by_key(|(_, media, _)| !media::is_json(&sent(media)));
        for (name, key, object) in declared {
            let object = self.document.resolve(object);
            let Ok(media) = media::sent(key) else {
                self.lost(name, "left out: no media type", format!("`{key}`"));
                continue;
            };
            if content.iter().any(|(other, ..)| media::essence(other) == media::essence(&media)) {
                self.lost(name, "left out: a media type that another one stands for already", format!("`{key}`"));
                continue;
            }
            let word = format!("{} {label} {media}", self.entry);
            let Read { bodies, routine, lost } = self.bodies.read(&media, object, &word);
            self.remarks(object, routine, lost);
            if !bodies.is_empty() {
                content.push((media, object, bodies));
            }
        }
        content
    }

    /// Header fields: examples, else values that are made from schemas.
    fn headers(&mut self, response: Node<'t>, label: &str) -> Vec<(String, String)> {
        let mut headers: Vec<(String, String)> = Vec::new();
        for (node, name, header) in self.members(response, "headers") {
            let header = self.document.resolve(header);
            let lower = name.to_ascii_lowercase();
            if lower == "content-type" {
                continue; // OpenAPI says that it is to be ignored
            }
            if HeaderName::from_bytes(lower.as_bytes()).is_err() {
                self.lost(node, "left out: no header name", format!("{name:?}"));
                continue;
            }
            if FRAMING.contains(&lower.as_str()) {
                self.routine(node, "left out: Standin frames its answers itself", format!("`{lower}`"));
                continue;
            }
            let mut read = Read::default();
            // A header has either a schema or content of one type.
            let object =
                header.get("content").and_then(|content| content.members().next()).map_or(header, |first| first.2);
            let example = self.bodies.examples(object, &mut read).into_iter().next().map(|(_, example)| example.json());
            let word = format!("{} {label} {lower}", self.entry);
            let value = match (example, object.get("schema")) {
                (Some(example), _) => Some(example),
                (None, Some(schema)) => self.bodies.made(schema, &word).ok().map(|made| made.value),
                (None, None) => None,
            };
            self.remarks(header, read.routine, read.lost);
            let value = value.map(|value| simple(&value));
            match value.filter(|value| HeaderValue::from_str(value).is_ok() && value.is_ascii()) {
                Some(value) if !headers.iter().any(|(other, _)| *other == lower) => headers.push((lower, value)),
                Some(_) => self.lost(node, "left out: a header that stands twice", format!("`{lower}`")),
                None => self.lost(node, "left out: a header without a value that can be sent", format!("`{lower}`")),
            }
        }
        headers
    }

    /// The members of a member.
    fn members(&mut self, node: Node<'t>, key: &str) -> impl Iterator<Item = (Node<'t>, &'t str, Node<'t>)> + use<'t> {
        let found = node.get(key);
        if let Some(strange) = found.filter(|found| !found.is_object()) {
            self.lost(strange, "left out: no object, as it should be", format!("`{key}`"));
        }
        found.into_iter().flat_map(Node::members)
    }

    fn remarks(&mut self, node: Node<'t>, routine: Vec<Remark>, lost: Vec<Remark>) {
        routine.into_iter().for_each(|(what, detail)| self.routine(node, what, detail));
        lost.into_iter().for_each(|(what, detail)| self.lost(node, what, detail));
    }

    fn lost(&mut self, node: Node<'t>, what: &'static str, detail: String) {
        self.notes.push(Note::lost(Some(node.place()), self.entry, what, detail));
    }

    fn routine(&mut self, node: Node<'t>, what: &'static str, detail: String) {
        self.notes.push(Note::routine(Some(node.place()), self.entry, what, detail));
    }
}

/// A name that no way of the operation has yet. What stands in brackets behind it tells it from others of that name, and
/// `Prefer: example=…` does without.
fn free_name(base: &str, label: &str, media: Option<&String>, ways: &[Way<'_>]) -> String {
    let media = media.map(|media| media::essence(media));
    let with = |more: &str| format!("{base} ({more})");
    let mut names = vec![base.to_owned()];
    names.extend(media.iter().map(|media| with(media)));
    if base != label {
        names.push(with(label));
        names.extend(media.iter().map(|media| with(&format!("{label}, {media}"))));
    }
    let free = |name: &String| ways.iter().all(|way| way.name != *name);
    names.into_iter().chain((2..).map(|number| with(&number.to_string()))).find(free).unwrap_or_default()
}

/// A value in the style that header fields have: lists with commas, objects as `name,value`.
fn simple(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        Json::Array(items) => items.iter().map(simple).collect::<Vec<_>>().join(","),
        Json::Object(members) => {
            let pairs = members.iter().map(|(name, value)| format!("{name},{}", simple(value)));
            pairs.collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    }
}

fn table(way: Way<'_>, is_first: bool, varies: bool) -> At<ScenarioTable> {
    let Way { name, status, body, mut headers, node, alternative_to } = way;
    let syntax = |text: &str| text.contains("{{") || text.contains("{%");
    let has_syntax = body.iter().map(|(_, text)| text).chain(headers.iter().map(|(_, value)| value)).any(|t| syntax(t));
    if varies && !headers.iter().any(|(name, _)| name == "vary") {
        headers.push(("vary".to_owned(), "Accept".to_owned()));
    }
    let (media, body) = body.map_or((None, None), |(media, body)| (Some(media), Some(body)));
    let media = media.map(|media| if media == "application/json" { "json".to_owned() } else { media });
    let field = |(name, value): (String, String)| (node.at(name), OneOrMany(vec![node.at(HeaderText(value))]));
    let fields: Vec<_> = headers.into_iter().map(field).collect();
    let response = ResponseKeys {
        status: (status != 200).then(|| node.at(Status(u64::from(status)))),
        headers: (!fields.is_empty()).then(|| node.at(HeaderMap(fields))),
        body: body.map(|body| node.at(body)),
        r#type: media.map(|media| node.at(media)),
        ..ResponseKeys::default()
    };
    let only_selected = (!is_first && alternative_to.is_none()).then(|| node.at(true));
    node.at(ScenarioTable {
        name: Some(node.at(name)),
        template: has_syntax.then(|| node.at(false)),
        only_selected,
        alternative_to: alternative_to.map(|name| node.at(name)),
        short: ShortKeys { response, ..ShortKeys::default() },
        ..ScenarioTable::default()
    })
}
