//! What is sound in each part but not in the whole: stubs that nothing tells apart, scenarios that nobody reaches.

use std::collections::HashMap;

use super::Context;
use crate::problem::{Code, Place, Problem};
use crate::stubs::index::Taken;
use crate::stubs::rank::StubRank;
use crate::stubs::scenario::Stub;
use crate::stubs::table::Table;

/// Where stubs and scenarios stand, and what tells them apart; numbered as in the table.
#[derive(Default)]
pub struct Origins {
    /// The `match` line of each stub.
    pub stubs: Vec<Place>,
    /// Place and conditions, those of the stub's `match` included; no conditions where some could not be read.
    pub scenarios: Vec<(Place, Option<Vec<String>>)>,
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

/// Walks the scenarios that share a route in the order in which they are tried.
fn group(numbers: &[u32], stubs: &[Stub], origins: &Origins, cx: &mut Context<'_>) {
    let mut seen: HashMap<&[String], (u32, Place)> = HashMap::new();
    // A scenario without any condition holds for whatever reaches it.
    let mut always: Option<(u32, Place)> = None;
    for number in numbers {
        let stub = &stubs[*number as usize];
        let mut hidden = Vec::new();
        for scenario in &stub.scenarios {
            let (place, Some(key)) = &origins.scenarios[*scenario as usize] else { continue };
            match seen.get(key.as_slice()).copied().or(always) {
                Some(earlier) => hidden.push((*place, earlier, seen.contains_key(key.as_slice()))),
                None => drop(seen.insert(key, (*number, *place))),
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
