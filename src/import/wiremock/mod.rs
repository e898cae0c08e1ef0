//! Mappings of WireMock, as stubs.
//!
//! Each mapping is taken whole or not at all: what it asks of a request is said exactly, or it is left out and noted. So
//! nothing answers that did not answer in WireMock. Their order is kept (`order`).

mod body;
mod json_path;
mod mapping;
mod matcher;
mod order;
mod regex;
mod response;
pub(in crate::import) mod route;
mod template;

use std::collections::{BTreeMap, HashSet};

pub use response::Surroundings;

use crate::file::leaf::List;
use crate::file::read::At;
use crate::file::{ScenarioTable, ShortKeys, StubTable};
use crate::import::Note;
use crate::import::json::{Kind, Node, Object, parse};
use crate::import::names::{Unique, slug};
use crate::problem::{Code, Problem, SourceId};
use mapping::Mapping;
use order::{Key, Placed};
use template::Scope;

/// How many mappings are read.
const MOST: usize = 100_000;

/// How many pairs there may be of a mapping whose path is not literal and any: each is looked at beside each.
const MOST_PAIRS: usize = 20_000_000;

/// Mappings as stubs.
#[derive(Debug, Default)]
pub struct Mappings {
    /// The stubs.
    pub stubs: Vec<At<StubTable>>,
    /// Files that answers name, by path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What was left out or changed.
    pub notes: Vec<Note>,
    /// How many mappings there were.
    pub read: usize,
    /// How many of them answer.
    pub kept: usize,
}

/// The mappings of a text: one, or a list `mappings`.
///
/// # Errors
/// Where the text is none of that.
pub fn mappings(text: &str, source: SourceId) -> Result<Vec<Node<'_>>, Box<Problem>> {
    let node = parse(text, source)?;
    let no = |node: Node<'_>, why: String| {
        Box::new(
            Problem::at(Code::BadMapping, node.place(), "the file holds no mappings of WireMock")
                .label(why)
                .help("a mapping is an object with `request` and `response`; several stand in a list `mappings`"),
        )
    };
    if node.kind() != Kind::Object {
        return Err(no(node, format!("mappings are an object, and this is {}", node.described())));
    }
    let whole = Object::of(node);
    if let Some(list) = whole.get("mappings") {
        return match list.kind() {
            Kind::Array => Ok(list.items()),
            _ => Err(no(list, format!("`mappings` is a list, and this is {}", list.described()))),
        };
    }
    if whole.get("request").is_some() || whole.get("response").is_some() {
        return Ok(vec![node]);
    }
    Err(no(node, "it has neither `mappings` nor `request` nor `response`".to_owned()))
}

/// Makes stubs of mappings, which stand in the order in which WireMock reads them. `tick` hears how many are done.
///
/// # Errors
/// Where there are too many.
pub fn stubs(
    nodes: &[Node<'_>],
    around: &Surroundings<'_>,
    tick: &mut dyn FnMut(usize),
) -> Result<Mappings, Box<Problem>> {
    let mut out = Mappings { read: nodes.len(), ..Mappings::default() };
    let mut mappings: Vec<Mapping<'_>> = Vec::new();
    for (number, node) in nodes.iter().enumerate() {
        tick(number);
        mappings.extend(mapping::read(*node, number, around, &mut out.notes));
    }
    let open = mappings.iter().filter(|mapping| !mapping.route.is_literal()).count();
    if nodes.len() > MOST || open.saturating_mul(nodes.len()) > MOST_PAIRS {
        let place = nodes.get(MOST).or(nodes.last()).map(|node| node.place());
        let title = format!("there are {} mappings, {open} of them with patterns in their paths", nodes.len());
        let problem = Problem::of(Code::BadMapping, None, title);
        let problem = Problem { place: place.map(|place| (place, String::new())), ..problem };
        let help = "100,000 are read, and as many with patterns as make 20 million pairs with all: import folders of them one by one";
        return Err(Box::new(problem.help(help)));
    }
    order::sort(&mut mappings);
    let ordered = order::place(&mappings, tick);
    let entry = |at: usize| (Some(mappings[at].node.place()), mappings[at].entry.as_str());
    for (at, by) in &ordered.shadowed {
        let (place, own) = entry(*at);
        let what = "left out: it never answers, for another always comes before it";
        out.notes.push(Note::routine(place, own, what, format!("`{}`", mappings[*by].entry)));
    }
    for (at, by) in &ordered.conflicts {
        let (place, own) = entry(*at);
        let what = "left out: here it would come before another that WireMock asks first";
        out.notes.push(Note::lost(place, own, what, format!("`{}`", mappings[*by].entry)));
    }
    let mut names = Unique::default();
    let mut ids = HashSet::new();
    let mut answering = HashSet::new();
    for (key, placed) in &ordered.stubs {
        let stub =
            Stub { key, mappings: &mappings, around }.table(placed, &mut names, &mut ids, &mut answering, &mut out);
        out.stubs.extend(stub);
    }
    out.kept = answering.len();
    out.notes.sort_by_key(|note| note.place.map(|place| (place.source, place.start)));
    Ok(out)
}

/// A stub in the making.
struct Stub<'a, 't> {
    key: &'a Key,
    mappings: &'a [Mapping<'t>],
    around: &'a Surroundings<'a>,
}

impl Stub<'_, '_> {
    fn table(
        &self,
        all: &[Placed],
        names: &mut Unique,
        ids: &mut HashSet<String>,
        answering: &mut HashSet<usize>,
        out: &mut Mappings,
    ) -> Option<At<StubTable>> {
        let first = &self.mappings[all.first()?.mapping];
        let place = first.node.place();
        let own = all.iter().filter(|placed| !placed.is_copy).map(|placed| &self.mappings[placed.mapping].route.names);
        let mut given = vec![None; self.key.segments.len()];
        for names in own {
            for (slot, name) in given.iter_mut().zip(names) {
                *slot = slot.take().or_else(|| name.clone());
            }
        }
        let parameters = route::names(&self.key.segments, &given);
        let method = self.key.method.as_deref().unwrap_or("ANY");
        let line = format!("{method} {}", route::written(&self.key.segments, &parameters));
        let mut taken = Unique::default();
        let mut scenarios = Vec::new();
        for placed in all {
            let Some(scenario) = self.scenario(placed, &parameters, &mut taken, ids, out) else {
                // What comes first cannot be said here; so nothing of it can be.
                let first = format!("`{}`", self.mappings[placed.mapping].entry);
                for placed in all.iter().filter(|placed| !placed.is_copy) {
                    let mapping = &self.mappings[placed.mapping];
                    let what = "left out: here it would come before another that WireMock asks first";
                    out.notes.push(Note::lost(Some(mapping.node.place()), &mapping.entry, what, first.clone()));
                }
                return None;
            };
            scenarios.push(scenario);
        }
        answering.extend(all.iter().map(|placed| placed.mapping));
        let name = names.take(&Some(slug(&line)).filter(|name| !name.is_empty()).unwrap_or_else(|| "stub".to_owned()));
        let at = |value: String| Some(At { value, place });
        let table = StubTable {
            name: at(name),
            r#match: at(line),
            scenario: Some(At { value: List(scenarios), place }),
            ..StubTable::default()
        };
        Some(At { value: table, place })
    }

    fn scenario(
        &self,
        placed: &Placed,
        parameters: &[String],
        taken: &mut Unique,
        ids: &mut HashSet<String>,
        out: &mut Mappings,
    ) -> Option<At<ScenarioTable>> {
        let mapping = &self.mappings[placed.mapping];
        let place = mapping.node.place();
        let at = |value: String| At { value, place };
        let answer = if mapping.route.names.iter().any(Option::is_some) {
            // Parameters have the names that this stub gives them.
            let is_param = |segment: &route::Segment| *segment == route::Segment::Param;
            let names: Vec<String> = parameters
                .iter()
                .zip(&self.key.segments)
                .map(|(name, segment)| if is_param(segment) { name.clone() } else { String::new() })
                .collect();
            let scope = Scope { given: &mapping.route.names, names: &names };
            let response = Object::of(mapping.node).get("response");
            response::read(response, mapping.node, &scope, self.around).ok()?
        } else {
            mapping.answer.clone()
        };
        let mut keys = answer.keys;
        if let Some(file) = answer.file {
            out.files.insert(file.path.clone(), file.bytes);
            keys.file = Some(at(file.path));
        }
        let id = mapping.id.clone().filter(|id| !placed.is_copy && ids.insert(id.clone()));
        let short = ShortKeys {
            id: id.map(at),
            when: placed.clauses.when(parameters, place),
            response: keys,
            ..ShortKeys::default()
        };
        let name = mapping.name.clone().unwrap_or_else(|| "answer".to_owned());
        let scenario = ScenarioTable {
            name: Some(at(taken.take(&name))),
            delay: answer.delay.map(|value| At { value, place }),
            template: answer.is_plain.then_some(At { value: false, place }),
            short,
            ..ScenarioTable::default()
        };
        Some(At { value: scenario, place })
    }
}
