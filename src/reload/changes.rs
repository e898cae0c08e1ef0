//! What a reload changes, stub by stub.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hasher as _};

use crate::stubs::scenario::Stub;
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
    let mut before = digests(old);
    let mut changes = Changes::default();
    for (name, digest) in digests(new) {
        match before.remove(&name) {
            None => changes.added += 1,
            Some(other) if other != digest => changes.changed += 1,
            Some(_) => {}
        }
    }
    changes.removed = before.len();
    changes
}

/// A hash of everything that a stub says, by mock and name.
fn digests(table: &Table) -> HashMap<(String, String), u64> {
    let digest = |stub: &Stub| {
        let mut hash = HashText(DefaultHasher::new());
        let scenarios = stub.scenarios.iter().map(|number| &table.scenarios()[*number as usize]);
        // Numbers are places in the table and change with the neighbours, so they are left out.
        let _ = write!(hash, "{:?} {:?} {:?}", stub.method, stub.path, stub.query);
        let mock = &table.mocks()[stub.mock as usize];
        let (hosts, active, access) = (&mock.hosts, &mock.active, &mock.access);
        let _ = write!(hash, "{hosts:?} {active:?} {access:?} {:?} {:?} {:?}", mock.delay, mock.cors, mock.selectors);
        for s in scenarios {
            let _ = write!(hash, "{:?} {:?} {:?} {:?} {:?}", s.name, s.id, s.conditions, s.answer, s.delay);
        }
        hash.0.finish()
    };
    let name = |stub: &Stub| (table.mocks()[stub.mock as usize].name.to_string(), stub.name.to_string());
    table.stubs().iter().map(|stub| (name(stub), digest(stub))).collect()
}

/// Hashes text as it is written, without keeping it.
struct HashText(DefaultHasher);

impl std::fmt::Write for HashText {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}
