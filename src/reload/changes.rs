//! What a reload changes, stub by stub.

use std::collections::HashMap;

use crate::stubs::matcher::Conditions;
use crate::stubs::scenario::{Mock, Stub};
use crate::stubs::table::Table;

/// What a reload that took effect has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The new generation.
    pub generation: u64,
    /// Stubs that are new.
    pub added: usize,
    /// Stubs that answer otherwise than before.
    pub changed: usize,
    /// Stubs that are gone.
    pub removed: usize,
}

/// Counts what is new, what answers otherwise, and what is gone.
pub(super) fn compare(old: &Table, new: &Table) -> Changes {
    // Mocks are few and stubs are many: what mocks say is compared once, as text.
    let said = |table: &Table| table.mocks().iter().map(|mock| said(mock)).collect::<Vec<_>>();
    let (said_before, says) = (said(old), said(new));
    let mut before: HashMap<(&str, &str), &Stub> = old.stubs().iter().map(|stub| (name(old, stub), stub)).collect();
    let mut changes = Changes::default();
    for stub in new.stubs() {
        match before.remove(&name(new, stub)) {
            None => changes.added += 1,
            Some(other) => {
                let of_mock = said_before[other.mock as usize] == says[stub.mock as usize];
                changes.changed += usize::from(!of_mock || !same((old, other), (new, stub)));
            }
        }
    }
    changes.removed = before.len();
    changes
}

/// Mock and stub.
fn name<'t>(table: &'t Table, stub: &'t Stub) -> (&'t str, &'t str) {
    (&table.mocks()[stub.mock as usize].name, &stub.name)
}

/// What a mock's own settings mean for all its stubs.
fn said(mock: &Mock) -> String {
    let Mock { hosts, active, access, delay, cors, selectors, limit, .. } = mock;
    let limit = limit.as_ref().map(|limiter| limiter.limit);
    format!("{hosts:?} {active:?} {access:?} {delay:?} {cors:?} {selectors:?} {limit:?}")
}

/// Whether two stubs of one name answer alike. Numbers are places in the table and change with the neighbours, so they
/// are left out.
fn same((old, before): (&Table, &Stub), (new, now): (&Table, &Stub)) -> bool {
    before.method == now.method
        && before.path == now.path
        && alike(&before.query, &now.query)
        && before.scenarios.len() == now.scenarios.len()
        && before.scenarios.iter().zip(&now.scenarios).all(|(before, now)| {
            let (before, now) = (&old.scenarios()[*before as usize], &new.scenarios()[*now as usize]);
            before.name == now.name
                && before.id == now.id
                && alike(&before.conditions, &now.conditions)
                && before.answer == now.answer
                && before.delay == now.delay
        })
}

/// Whether conditions are the same. Regular expressions and JSONPaths can be compared by their text only.
fn alike(before: &Conditions, now: &Conditions) -> bool {
    (before.is_empty() && now.is_empty()) || format!("{before:?}") == format!("{now:?}")
}
