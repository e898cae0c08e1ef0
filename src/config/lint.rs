//! What is sound in each part but not in the whole: stubs that nothing tells apart, scenarios that nobody reaches.

use std::collections::HashMap;

use super::Context;
use super::examples::Example;
use crate::problem::{Code, Place, Problem, Severity};
use crate::stubs::index::Taken;
use crate::stubs::rank::StubRank;
use crate::stubs::request::{BodyView, HeaderField, RequestView};
use crate::stubs::scenario::{HostPattern, Stub};
use crate::stubs::table::Table;

/// Where stubs and scenarios stand, and what tells them apart; numbered as in the table.
#[derive(Default)]
pub struct Origins {
    /// The `match` line of each stub.
    pub stubs: Vec<Place>,
    /// Place and conditions, those of the stub's `match` included; no conditions where some could not be read.
    pub scenarios: Vec<(Place, Option<Vec<String>>)>,
    /// The examples of all stubs.
    pub examples: Vec<Example>,
}

/// Reports pairs of mocks that claim one route.
pub fn routes(taken: &[Taken], table: &Table, origins: &Origins, cx: &mut Context<'_>) {
    for Taken { first, second } in taken {
        let mock = |stub: u32| &table.mocks()[table.stubs()[stub as usize].mock as usize].name;
        let place = |stub: u32| origins.stubs[stub as usize];
        cx.report(
            Problem::at(
                Code::RouteTaken,
                place(*second),
                format!("the mock `{}` already has this route", mock(*first)),
            )
            .label(format!("a stub of `{}` that would never answer", mock(*second)))
            .also(place(*first), format!("the stub of `{}`", mock(*first)))
            .help("give one of the two mocks `hosts` or a `base_path` of its own, or move both stubs into one mock"),
        );
    }
}

/// Reports stubs that nothing tells apart, and scenarios that are never reached.
pub fn reach(table: &Table, origins: &Origins, cx: &mut Context<'_>) {
    type Route<'t> = (u32, Option<&'t str>, &'t [crate::stubs::path_template::Segment]);
    let mut groups: HashMap<Route<'_>, Vec<u32>> = HashMap::new();
    for (number, stub) in table.stubs().iter().enumerate() {
        let key = (stub.mock, stub.method.as_deref(), stub.path.segments());
        groups.entry(key).or_default().push(number as u32);
    }
    let mut groups: Vec<Vec<u32>> = groups.into_values().collect();
    groups.sort();
    for mut numbers in groups {
        numbers.sort_by_key(|number| StubRank::new(table.stubs()[*number as usize].query.count(), *number));
        group(&numbers, table.stubs(), origins, cx);
    }
}

/// Reports stubs that never answer because another mock, whose host or base path is more specific, takes all that they
/// fit. The index is asked for a request that only such a stub can take.
pub fn shadows(table: &Table, origins: &Origins, cx: &mut Context<'_>) {
    // Where something is wrong, what follows from it says nothing.
    let is_sound = !cx.problems.iter().any(|problem| problem.severity == Severity::Error);
    if table.mocks().len() < 2 || !is_sound {
        return;
    }
    for (number, stub) in table.stubs().iter().enumerate() {
        let mock = &table.mocks()[stub.mock as usize];
        let Some(path) = stub.path.sample().filter(|_| mock.postman.is_none()) else { continue };
        let hosts: Vec<Option<String>> = match mock.hosts.is_empty() {
            true => vec![None],
            false => mock.hosts.iter().map(|host| Some(a_host(host))).collect(),
        };
        let winners: Option<Vec<u32>> = hosts.iter().map(|host| winner(table, stub, &path, host.as_deref())).collect();
        let Some(winner) = winners.and_then(|winners| winners.first().copied()) else { continue };
        let other = &table.mocks()[table.stubs()[winner as usize].mock as usize].name;
        cx.report(
            Problem::at(Code::ShadowedStub, origins.stubs[number], "this stub never answers")
                .warning()
                .label(format!("the mock `{other}` takes all requests that it fits"))
                .also(origins.stubs[winner as usize], "by this stub, whose host or base path is more specific")
                .help("make the paths differ, give the mock a host of its own, or move both stubs into one mock"),
        );
    }
}

/// The stub of another mock that takes what this one fits.
fn winner(table: &Table, stub: &Stub, path: &str, host: Option<&str>) -> Option<u32> {
    let headers: Vec<HeaderField<'_>> =
        host.iter().map(|host| HeaderField { name: "host", value: host.as_bytes() }).collect();
    // A method that nobody has: only stubs for any method take it.
    let method = stub.method.as_deref().unwrap_or("\u{1}");
    let view = RequestView::new(method, path.as_bytes(), &headers, BodyView::Unread).ok()?;
    let (mock, first) = table.first_candidate(&view)?;
    (mock != stub.mock).then_some(first)
}

/// A host that a pattern covers, and that no other pattern names.
pub(super) fn a_host(pattern: &HostPattern) -> String {
    match pattern {
        HostPattern::Exact(host) => host.to_string(),
        HostPattern::Below(suffix) => format!("any{suffix}"),
    }
}

/// How many conditions a scenario may have so that all parts of them are looked for.
const PARTS: usize = 6;

/// An earlier scenario that asks for a part of these conditions, and so answers whatever would come here.
fn asks_less<'k, T: Copy>(key: &'k [String], seen: &HashMap<Vec<&'k str>, T>, fewest: usize) -> Option<T> {
    if key.len() > PARTS || fewest >= key.len() {
        return None;
    }
    (1..(1_u32 << key.len()) - 1).find_map(|part| {
        let part: Vec<&str> =
            key.iter().enumerate().filter(|(at, _)| part >> at & 1 == 1).map(|(_, line)| line.as_str()).collect();
        seen.get(&part).copied()
    })
}

/// Walks the scenarios that share a route in the order in which they are tried.
fn group(numbers: &[u32], stubs: &[Stub], origins: &Origins, cx: &mut Context<'_>) {
    let mut seen: HashMap<Vec<&str>, (u32, Place)> = HashMap::new();
    let mut fewest = usize::MAX;
    // A scenario without any condition holds for whatever reaches it.
    let mut always: Option<(u32, Place)> = None;
    for number in numbers {
        let stub = &stubs[*number as usize];
        let mut hidden = Vec::new();
        for scenario in &stub.scenarios {
            let (place, Some(key)) = &origins.scenarios[*scenario as usize] else { continue };
            let own: Vec<&str> = key.iter().map(String::as_str).collect();
            let same = seen.get(&own).copied();
            match same.or(always).or_else(|| asks_less(key, &seen, fewest)) {
                Some(earlier) => hidden.push((*place, earlier, same.is_some())),
                None => {
                    fewest = fewest.min(own.len());
                    seen.insert(own, (*number, *place));
                }
            }
            if key.is_empty() && always.is_none() {
                always = Some((*number, *place));
            }
        }
        let all_hidden = hidden.len() == stub.scenarios.len()
            && hidden.iter().all(|(_, (earlier, _), same)| *same && earlier != number);
        // A stub without scenarios has none that are hidden; it was reported for that.
        if let Some((_, (earlier, _), _)) = hidden.first().copied().filter(|_| all_hidden) {
            let place = |stub: u32| origins.stubs[stub as usize];
            cx.report(
                Problem::at(Code::SameMatch, place(*number), "nothing tells this stub from an earlier one")
                    .label("would never answer")
                    .also(place(earlier), "this one always would")
                    .help("make their paths, query conditions or `when` differ, or make both scenarios of one stub"),
            );
            continue;
        }
        for (place, (_, earlier), _) in hidden {
            cx.report(
                Problem::at(Code::UnreachableScenario, place, "this scenario is never reached")
                    .warning()
                    .label("only a selector such as `x-mock-response-name` can choose it")
                    .also(earlier, "this one always answers first")
                    .help("give it conditions that the other does not have"),
            );
        }
    }
}
