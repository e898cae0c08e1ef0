//! Stubs and their scenarios.

use std::sync::Arc;

use super::Context;
use super::alternatives::{Alternative, Drafted};
use super::conditions::{self, Compiled};
use super::line::{Line, match_line};
use super::mocks::{Compiler, Inherited};
use super::names::{self, Given};
use super::postman;
use super::response::{self, Statuses};
use crate::file::leaf::List;
use crate::file::read::At;
use crate::file::{ScenarioTable, ShortKeys, StubTable};
use crate::problem::{Code, Place, Problem};
use crate::stubs::delay::Delay;
use crate::stubs::marker::Marker;
use crate::stubs::path_template::Template;
use crate::stubs::postman::example::Example;
use crate::stubs::rank::ScenarioRank;
use crate::stubs::scenario::{Scenario, Stub};

/// What other tools call `match`.
const OTHER_WORDS: &[&str] = &["request", "method", "path", "url", "urlPath", "urlPattern", "route", "endpoint"];

/// What scenarios inherit from their stub.
struct OfStub<'s> {
    name: Arc<str>,
    path: &'s Arc<Template>,
    query: &'s Compiled,
    /// In Postman's matching: the query that every saved request of the stub has.
    saved: Option<&'s Vec<(String, String)>>,
    /// Whether no other stub has its name.
    fresh: bool,
    delay: Option<Delay>,
    /// Whether strings are templates.
    template: bool,
}

impl Compiler<'_, '_> {
    pub(super) fn stub(&mut self, table: At<StubTable>, inherited: &Inherited, given: &mut Given, ids: &mut Given) {
        let place = table.place;
        let StubTable { name, r#match, owner, delay, template, scenario, example, short } = table.value;
        let Some(line) = r#match else {
            // Whoever wrote it in the words of another tool was told about `match` already.
            if !OTHER_WORDS.iter().any(|word| self.cx.unread.key(place, word)) {
                self.cx.missing("match", place, "a stub says what it matches: `match = \"GET /users/{id}\"`");
            }
            return;
        };
        let Some(Line { method, path, query }) = match_line(&line, inherited.is_postman, self.cx) else { return };
        if inherited.is_postman && !postman::check_line(&method, &path, line.place, self.cx) {
            return;
        }
        let made = name.is_none();
        let (name, name_place) = match name {
            Some(name) => (names::checked(&name, self.cx), name.place),
            None => (names::from_match(&line.value), line.place),
        };
        let fresh = given.take("stub", &name, name_place, made, self.cx);
        let path = match &inherited.base {
            Some(base) => path.below(base),
            None => path,
        };
        let path = Arc::new(path);
        // What a saved request has in its query is compared, and not asked for.
        let asked = if inherited.is_postman { Compiled::default() } else { conditions::query_of_match(&query) };
        let of_stub = OfStub {
            name: name.as_str().into(),
            path: &path,
            query: &asked,
            saved: inherited.is_postman.then_some(&query),
            fresh,
            delay: delay.and_then(|delay| self.delay(delay)),
            template: template.is_none_or(|on| on.value),
        };
        let scenarios = self.scenarios(scenario, short, (place, line.place), &of_stub, inherited, ids);
        for example in example.into_iter().flat_map(|list| list.value.0) {
            self.example(example, &scenarios);
        }
        let stub = Stub {
            mock: inherited.number,
            name: of_stub.name.clone(),
            method: (method != "ANY").then(|| method.into()),
            query: asked.conditions.clone(),
            owner: owner.map(|owner| names::checked(&owner, self.cx).into()),
            scenarios,
            path,
        };
        self.origins.stubs.push(line.place);
        self.parts.stubs.push(stub);
    }

    /// The scenarios of a stub, numbered in the order in which they are tried.
    fn scenarios(
        &mut self,
        list: Option<At<List<ScenarioTable>>>,
        short: ShortKeys,
        (stub, line): (Place, Place),
        of_stub: &OfStub<'_>,
        inherited: &Inherited,
        ids: &mut Given,
    ) -> Box<[u32]> {
        let whole = |cx: &Context<'_>, table: Place| !cx.unread.key(table, "when");
        let is_short = list.is_none();
        let tables = match list {
            None => vec![At { value: ScenarioTable { short, ..ScenarioTable::default() }, place: line }],
            Some(list) => {
                if let Some((key, place)) = short_place(&short) {
                    self.cx.report(
                        Problem::at(Code::ConflictingKeys, place, format!("`{key}` stands in a stub that has scenarios"))
                            .also(list.place, "its scenarios")
                            .help("a stub either carries its only response itself or has `[[stub.scenario]]` tables: move the key into one of them"),
                    );
                }
                if list.value.0.is_empty() {
                    self.cx.report(
                        Problem::at(Code::MissingKey, list.place, "a stub has at least one scenario")
                            .help("add a `[[stub.scenario]]`, or leave `scenario` out"),
                    );
                }
                list.value.0
            }
        };
        let mut given = Given::default();
        let (mut ranked, mut alternatives) = (Vec::new(), Vec::new());
        for (at, table) in tables.into_iter().enumerate() {
            let number = self.parts.scenarios.len() as u32;
            let whole = whole(self.cx, if is_short { stub } else { table.place });
            let conditions =
                self.scenario(table, (at, whole), number, of_stub, inherited, (&mut given, ids, &mut alternatives));
            ranked.push((ScenarioRank::new(conditions, at as u32), number));
        }
        self.offer(alternatives);
        ranked.sort();
        ranked.into_iter().map(|(_, number)| number).collect()
    }

    fn scenario(
        &mut self,
        table: At<ScenarioTable>,
        (at, whole): (usize, bool),
        number: u32,
        of_stub: &OfStub<'_>,
        inherited: &Inherited,
        (given, ids, alternatives): (&mut Given, &mut Given, &mut Vec<Drafted>),
    ) -> u32 {
        let place = table.place;
        let ScenarioTable { name, delay, template, only_selected, alternative_to, short } = table.value;
        let ShortKeys { id, when, server_stub, response } = short;
        let alternative = Alternative { only_selected, to: alternative_to, when: when.as_ref().map(|when| when.place) };
        let only_selected = self.alternative(&alternative, inherited);
        let media = response::media_of(&response);
        let before = self.cx.problems.len();
        let mut has_none = when.is_none();
        let when = when.map(|when| when.value);
        let (compiled, example) = match of_stub.saved {
            Some(query) => (Compiled::default(), Some(postman::example(when, query, self.cx))),
            None => (when.map(|when| conditions::when(when, of_stub.path, self.cx)).unwrap_or_default(), None),
        };
        has_none |= example.is_none() && compiled.conditions.is_empty();
        let example = example.map(|example| Box::new(Example { has_id: id.is_some(), ..example }));
        // Conditions with a mistake are no conditions yet: neither name nor reach can be judged by them.
        let whole = whole && self.cx.problems.len() == before;
        let made = name.is_none();
        let (name, name_place) = match name {
            Some(name) => (names::checked(&name, self.cx), name.place),
            None if whole && has_none => ("default".to_owned(), place),
            None => ((at + 1).to_string(), place),
        };
        // Names of saved examples may repeat, as long as IDs tell them apart.
        let may_repeat = example.is_some() && id.is_some();
        let fresh = may_repeat || given.take("scenario", &name, name_place, made, self.cx);
        let (id, id_place, made) = match id {
            Some(id) => (names::checked(&id, self.cx), id.place, false),
            None => (format!("{}/{name}", of_stub.name), name_place, true),
        };
        if fresh && of_stub.fresh {
            ids.take("scenario id", &id, id_place, made, self.cx);
        }
        let used = server_stub.and_then(|used| {
            if let Some((key, place)) = response::first_key(&response) {
                self.cx.report(
                    Problem::at(Code::ConflictingKeys, place, format!("`{key}` has no effect beside `server_stub`"))
                        .also(used.place, "this server stub answers, with its own status, headers and body")
                        .help("keep either `server_stub` or the response"),
                );
            }
            self.used_server_stub(&used, inherited)
        });
        let own = delay.and_then(|delay| self.delay(delay));
        let on = template.map_or(of_stub.template, |on| on.value);
        let (answer, delay) = match used {
            Some(stub) => (stub.answer.clone(), own.or(stub.delay).or(of_stub.delay)),
            None => {
                (self.response(response, Statuses::Any, inherited, (on, Some(of_stub.path))), own.or(of_stub.delay))
            }
        };
        let marker =
            Marker::new("mocked").name("mock", &inherited.name).name("stub", &of_stub.name).name("scenario", &name);
        let mut key = compiled.key;
        key.extend(of_stub.query.key.iter().cloned());
        key.sort();
        // Equal examples are no mistake: the first answers, and selectors choose among them.
        self.origins.scenarios.push((place, (whole && example.is_none() && !only_selected).then_some(key)));
        let count = compiled.conditions.count();
        self.parts.scenarios.push(Arc::new(Scenario {
            number,
            mock: inherited.name.clone(),
            stub: of_stub.name.clone(),
            name: name.as_str().into(),
            id: id.as_str().into(),
            path: of_stub.path.clone(),
            conditions: compiled.conditions,
            example,
            answer,
            delay,
            marker,
            only_selected,
            offers: Box::default(),
        }));
        alternatives.push(Drafted { number, media, to: alternative.to });
        count
    }
}

/// The first key of a response or condition that a stub carries itself.
fn short_place(short: &ShortKeys) -> Option<(&'static str, Place)> {
    let ShortKeys { id, when, server_stub, response } = short;
    let own = [
        id.as_ref().map(|v| ("id", v.place)),
        when.as_ref().map(|v| ("when", v.place)),
        server_stub.as_ref().map(|v| ("server_stub", v.place)),
    ];
    own.into_iter().flatten().chain(response::first_key(response)).min_by_key(|(_, place)| place.start)
}
