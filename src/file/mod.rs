//! The configuration as the user writes it: raw types with places, strict keys, and nothing else.
//!
//! [`StandinFile`] is `standin.toml`, [`MockFile`] a file under `mocks`. Whether the values make sense together is
//! for `config`, which turns these types into running ones.

mod either;
mod habits;
mod header;
pub mod leaf;
mod lists;
mod mock;
mod overlay;
pub mod pieces;
pub mod read;
mod reader;
mod shape;
mod sidecar;
mod syntax;
mod units;
mod unknown;
mod value;
mod variants;
mod when;
mod word;

pub use either::*;
pub use header::{HeaderMap, HeaderText};
pub use mock::*;
pub use overlay::*;
pub use sidecar::*;
pub(crate) use syntax::broken_by;
pub use variants::*;
pub use when::*;

use read::Keys;

/// The names of all tables that have `key`; this is how a key in the wrong table is told where it belongs.
pub(crate) fn tables_with(key: &str) -> impl Iterator<Item = &'static str> {
    let tables: [(&'static str, Vec<&'static str>); 26] = [
        row::<StandinFile>(),
        row::<ProxyTable>(),
        row::<TlsTable>(),
        row::<UpstreamTable>(),
        row::<UpstreamTlsTable>(),
        row::<OpsTable>(),
        row::<AdminTable>(),
        row::<AdminTlsTable>(),
        row::<GateTable>(),
        row::<CallLogTable>(),
        row::<CallFileTable>(),
        row::<CallDatabaseTable>(),
        row::<LimitsTable>(),
        row::<MetricsTable>(),
        row::<RandomTable>(),
        without(row::<MockFile>(), &MockTable::keys()),
        row::<MockTable>(),
        row::<PostmanTable>(),
        row::<OpenapiTable>(),
        row::<EnvironmentTable>(),
        row::<ReleaseTable>(),
        row::<ServerStubTable>(),
        row::<StubTable>(),
        row::<ScenarioTable>(),
        row::<ExampleTable>(),
        row::<GetsTable>(),
    ];
    let key = key.to_owned();
    tables.into_iter().filter(move |(_, keys)| keys.contains(&key.as_str())).map(|(table, _)| table)
}

fn row<T: Keys>() -> (&'static str, Vec<&'static str>) {
    (T::TABLE, T::keys())
}

/// A table that takes in another, which has a row of its own.
fn without(
    (table, mut keys): (&'static str, Vec<&'static str>),
    taken_in: &[&'static str],
) -> (&'static str, Vec<&'static str>) {
    keys.retain(|key| !taken_in.contains(key));
    (table, keys)
}
