//! HAR archives, as stubs: calls that a browser or a proxy has recorded.
//!
//! Each distinct request (method, host, path, query, body) becomes a scenario. A repeat with the same answer is kept
//! once; one with another answer is a scenario that only a selector chooses. Secrets are taken out.

mod answer;
mod content;
mod entry;
mod request;
mod secret;

use std::collections::{BTreeMap, HashMap};

use crate::file::leaf::List;
use crate::file::read::At;
use crate::file::{ResponseKeys, ScenarioTable, ShortKeys, StubTable};
use crate::import::Note;
use crate::import::clause::{Clauses, Op, Subject};
use crate::import::json::{Kind, Node, Object, parse};
use crate::import::names::{Unique, slug};
use crate::import::wiremock::route::{Segment, names, written};
use crate::problem::{Code, Problem, SourceId};
use content::Room;
use entry::Entry;
use secret::Secrets;

/// How many query keys of one path are told apart by their absence too.
const KEYS: usize = 30;

/// The calls of an archive, by host.
#[derive(Debug, Default)]
pub struct Archive {
    /// One mock for each host, in the order in which they were met.
    pub hosts: Vec<Host>,
    /// What was left out or changed.
    pub notes: Vec<Note>,
    /// How many calls there were.
    pub read: usize,
}

/// What one host answered.
#[derive(Debug, Default)]
pub struct Host {
    /// The host, in lower case, without its port.
    pub name: String,
    /// The stubs.
    pub stubs: Vec<At<StubTable>>,
    /// Files that answers name, by path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// How many calls were kept, repeats not counted.
    pub kept: usize,
}

/// Reads an archive. `only` names the hosts that are wanted; none means all. `tick` hears how many calls are done.
///
/// # Errors
/// Where the text is no archive.
pub fn archive(
    text: &str,
    source: SourceId,
    only: &[String],
    tick: &mut dyn FnMut(usize, usize),
) -> Result<Archive, Box<Problem>> {
    let nodes = entries(parse(text, source)?)?;
    let secrets = Secrets::of(&nodes).ok_or_else(|| {
        // An archive whose secrets cannot be looked for is not read without it.
        let title = "the archive holds more secrets than can be looked for";
        let help = "save fewer calls: each cookie, token and password is looked for in every answer";
        Box::new(Problem::of(Code::BadArchive, None, title).help(help))
    })?;
    let mut room = Room::default();
    let mut out = Archive { read: nodes.len(), ..Archive::default() };
    let mut found: Vec<(String, Vec<Entry<'_>>)> = Vec::new();
    let mut by_host: HashMap<String, usize> = HashMap::new();
    let mut framed = 0;
    for (number, node) in nodes.iter().enumerate() {
        tick(number, nodes.len());
        let Some(entry) = entry::read(*node, &secrets, only, &mut room, &mut out.notes) else { continue };
        framed += usize::from(entry.was_framed);
        let at = *by_host.entry(entry.host.clone()).or_insert_with(|| {
            found.push((entry.host.clone(), Vec::new()));
            found.len() - 1
        });
        found[at].1.push(entry);
    }
    if framed > 0 {
        let what = "left out: `date`, and fields by which answers were framed or packed";
        let detail = format!("of {framed} {}", if framed == 1 { "answer" } else { "answers" });
        out.notes.push(Note::routine(None, "all calls", what, detail));
    }
    for (name, entries) in found {
        let host = Host { name, ..Host::default() };
        out.hosts.push(stubs(host, entries, &mut out.notes));
    }
    Ok(out)
}

/// The list of calls.
fn entries(node: Node<'_>) -> Result<Vec<Node<'_>>, Box<Problem>> {
    let no = |node: Node<'_>, why: String| {
        Box::new(
            Problem::at(Code::BadArchive, node.place(), "the file is no HAR archive")
                .label(why)
                .help("a browser saves one from its network panel: \"Save all as HAR\""),
        )
    };
    if node.kind() != Kind::Object {
        return Err(no(node, format!("an archive is an object, and this is {}", node.described())));
    }
    let Some(log) = Object::of(node).get("log") else { return Err(no(node, "it has no `log`".to_owned())) };
    if log.kind() != Kind::Object {
        return Err(no(log, format!("`log` is an object, and this is {}", log.described())));
    }
    match Object::of(log).get("entries") {
        None => Err(no(log, "`log` has a list `entries`".to_owned())),
        Some(list) if list.kind() != Kind::Array => {
            Err(no(list, format!("`entries` is a list, and this is {}", list.described())))
        }
        Some(list) => Ok(list.items()),
    }
}

/// Calls of one method and path.
struct Group<'t> {
    method: String,
    segments: Vec<Segment>,
    /// Distinct requests, each with its distinct answers.
    requests: Vec<Vec<Entry<'t>>>,
    by_request: HashMap<String, usize>,
}

/// Groups the calls of one host, and makes a stub of each group.
fn stubs(mut host: Host, entries: Vec<Entry<'_>>, notes: &mut Vec<Note>) -> Host {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut by_route: HashMap<(String, Vec<Segment>), usize> = HashMap::new();
    for entry in entries {
        let at = *by_route.entry((entry.method.clone(), entry.segments.clone())).or_insert_with(|| {
            let (method, segments) = (entry.method.clone(), entry.segments.clone());
            groups.push(Group { method, segments, requests: Vec::new(), by_request: HashMap::new() });
            groups.len() - 1
        });
        let group = &mut groups[at];
        let request = *group.by_request.entry(entry.request_key()).or_insert_with(|| {
            group.requests.push(Vec::new());
            group.requests.len() - 1
        });
        let answers = &mut group.requests[request];
        if answers.iter().any(|known| known.answer == entry.answer) {
            let what = "a repeat with the same answer, kept once";
            notes.push(Note::routine(Some(entry.node.place()), &entry.name, what, String::new()));
        } else {
            answers.push(entry);
        }
    }
    let mut taken = Unique::default();
    for group in groups {
        let stub = stub(group, &mut taken, &mut host, notes);
        host.stubs.push(stub);
    }
    host
}

fn stub(group: Group<'_>, taken: &mut Unique, host: &mut Host, notes: &mut Vec<Note>) -> At<StubTable> {
    let Group { method, segments, requests, .. } = group;
    let line = format!("{method} {}", written(&segments, &names(&segments, &[])));
    let name = taken.take(&Some(slug(&line)).filter(|name| !name.is_empty()).unwrap_or_else(|| "stub".to_owned()));
    let place = requests.first().and_then(|answers| answers.first()).map(|entry| entry.node.place());
    let place = place.unwrap_or(crate::problem::Place { source: SourceId::NONE, start: 0, end: 0 });
    let conditions = conditions(&requests, notes);
    let mut names = Unique::default();
    let mut scenarios = Vec::new();
    for (answers, clauses) in requests.into_iter().zip(conditions) {
        for (number, entry) in answers.into_iter().enumerate() {
            let at = |value: String| At { value, place: entry.node.place() };
            let own = names.take("answer");
            if number > 0 {
                let what = "a repeat with another answer: a request chooses it";
                let detail = format!("`x-mock-response-id: {name}/{own}`");
                notes.push(Note::lost(Some(entry.node.place()), &entry.name, what, detail));
            }
            host.kept += 1;
            let scenario = ScenarioTable {
                name: Some(at(own.clone())),
                only_selected: (number > 0).then(|| At { value: true, place: entry.node.place() }),
                template: entry.answer.is_plain.then(|| At { value: false, place: entry.node.place() }),
                short: ShortKeys {
                    when: clauses.when(&[], entry.node.place()),
                    response: response(&entry, &format!("{name}-{own}"), host),
                    ..ShortKeys::default()
                },
                ..ScenarioTable::default()
            };
            scenarios.push(At { value: scenario, place: entry.node.place() });
        }
    }
    let at = |value: String| Some(At { value, place });
    let table = StubTable {
        name: at(name),
        r#match: at(line),
        scenario: Some(At { value: List(scenarios), place }),
        ..StubTable::default()
    };
    At { value: table, place }
}

/// What tells the requests of one path apart.
fn conditions(requests: &[Vec<Entry<'_>>], notes: &mut Vec<Note>) -> Vec<Clauses> {
    let firsts = || requests.iter().filter_map(|answers| answers.first());
    let mut keys: Vec<&str> = Vec::new();
    for (key, _) in firsts().flat_map(|entry| &entry.query) {
        if !keys.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    let is_bounded = keys.len() <= KEYS;
    if let Some(entry) = firsts().next().filter(|_| !is_bounded) {
        let what = "answers requests with further keys in their query too: there are more than 30 of one path";
        notes.push(Note::lost(Some(entry.node.place()), &entry.name, what, String::new()));
    }
    let some_have_bodies = firsts().any(|entry| !entry.body.is_empty());
    firsts()
        .map(|entry| {
            let mut clauses = Clauses::default();
            for key in &keys {
                let subject = || Subject::Query((*key).to_owned());
                let mut values: Vec<&Option<String>> = Vec::new();
                for (_, value) in entry.query.iter().filter(|(own, _)| own == key) {
                    if !values.contains(&value) {
                        values.push(value);
                    }
                }
                for value in &values {
                    clauses.test(
                        subject(),
                        vec![value.as_ref().map_or(Op::Present, |value| Op::Eq(value.as_str().into()))],
                    );
                }
                if values.is_empty() && is_bounded {
                    clauses.test(subject(), vec![Op::Absent]);
                }
            }
            if entry.body.is_empty() && some_have_bodies && !entry.has_body {
                clauses.test(Subject::Body, vec![Op::Absent]);
            }
            clauses.and(entry.body.clone());
            clauses
        })
        .collect()
}

/// The answer as the file holds it; longer bodies that are no text go to files.
fn response(entry: &Entry<'_>, base: &str, host: &mut Host) -> ResponseKeys {
    use base64::Engine as _;
    let mut keys = entry.answer.keys.clone();
    let place = entry.node.place();
    if let Some(bytes) = &entry.answer.bytes {
        if bytes.len() <= 200 {
            keys.base64 = Some(At { value: base64::engine::general_purpose::STANDARD.encode(bytes), place });
        } else {
            let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
            let base: String = base.chars().map(plain).take(100).collect();
            let numbers = std::iter::once(String::new()).chain((2..).map(|number| format!("-{number}")));
            let mut paths = numbers.map(|number| format!("{base}{number}.{}", entry.answer.extension));
            let free = |path: &String| host.files.get(path).is_none_or(|known| known == bytes);
            if let Some(path) = paths.find(free) {
                host.files.insert(path.clone(), bytes.clone());
                keys.file = Some(At { value: path, place });
            }
        }
    }
    keys
}
