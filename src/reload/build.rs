//! From a loaded configuration to the snapshot that takes the place of the one in force, or to the reasons why it may
//! not.
//!
//! Nothing here is visible to a request until the snapshot is put into force.

use std::sync::Arc;

use super::changes::{Changes, compare};
use crate::config::{self, Fingerprint, Loaded, Request};
use crate::live::{ReadyHeads, Snapshot, UpstreamState};
use crate::metrics::{Kept, Metrics, Series};
use crate::problem::{Code, Problem, Problems, Sources};
use crate::redact::{Redactor, Secret};
use crate::settings::{Settings, Upstream};
use crate::stubs::table::Table;

/// The next snapshot, what it changes and its warnings, or all problems; and the files as they were read.
pub(super) type Built = (Result<(Snapshot, Changes, Problems), Problems>, Fingerprint);

/// Loads and compares, away from the request path.
pub(super) fn build(request: &Request, old: &Snapshot, metrics: &Metrics) -> Built {
    let Loaded { settings, table, problems, fingerprint, .. } = match config::load(request) {
        Ok(loaded) => loaded,
        Err(refused) => return (Err(refused.problems), refused.fingerprint),
    };
    let restart = needs_restart(&old.settings, &settings);
    if !restart.is_empty() {
        return (Err(Problems::new(restart, Sources::default())), fingerprint);
    }
    let mut changes = compare(&old.table, &table);
    changes.generation = old.generation + 1;
    let next = snapshot(settings, table, changes.generation, Some(old), metrics);
    (Ok((next, changes, problems)), fingerprint)
}

/// Changes that take effect at a restart only, each refused by name.
fn needs_restart(old: &Settings, new: &Settings) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut compare = |key: &str, same: bool, old: String, new: String| {
        if !same {
            problems.push(
                Problem::of(
                    Code::NeedsRestart,
                    None,
                    format!("`{key}` changed from {old} to {new}, which needs a restart"),
                )
                .help("nothing of this configuration was taken; restart Standin, or change the key back"),
            );
        }
    };
    let listen = |settings: &Settings| format!("{:?}", settings.proxy.listen);
    compare("proxy.listen", old.proxy.listen == new.proxy.listen, listen(old), listen(new));
    compare("ops.listen", old.ops == new.ops, old.ops.to_string(), new.ops.to_string());
    let (admin, new_admin) = (old.admin.listen, new.admin.listen);
    compare("admin.listen", admin == new_admin, admin.to_string(), new_admin.to_string());
    let memory = |settings: &Settings| format!("{} bytes", settings.call_log.memory);
    compare("call_log.memory", old.call_log.memory == new.call_log.memory, memory(old), memory(new));
    problems
}

/// Makes a snapshot. Upstreams whose definition is unchanged keep their addresses.
pub(super) fn snapshot(
    settings: Settings,
    table: Table,
    generation: u64,
    old: Option<&Snapshot>,
    metrics: &Metrics,
) -> Snapshot {
    let state = |upstream: &Arc<Upstream>| {
        let kept = old.and_then(|old| old.upstreams.iter().find(|state| state.settings == *upstream));
        kept.cloned().unwrap_or_else(|| Arc::new(UpstreamState::new(upstream.clone(), metrics)))
    };
    let secrets = table.mocks().iter().flat_map(|mock| mock.access.keys.iter().chain(&mock.secrets));
    let secrets = secrets.map(|key| key.secret()).chain(settings.admin.token.iter().map(Secret::text));
    let redactor = Redactor {
        headers: settings.call_log.redact_headers.clone().into(),
        query: settings.call_log.redact_query.clone().into(),
        keys: secrets.map(Box::from).collect(),
    };
    Snapshot {
        generation,
        upstreams: settings.upstreams.iter().map(state).collect(),
        series: Arc::new(Series::new(table.scenarios().len(), table.server_stubs().len(), table.mocks().len())),
        redactor: Arc::new(redactor),
        ready: ReadyHeads::new(table.scenarios().len()),
        ready_server_stubs: ReadyHeads::new(table.server_stubs().len()),
        settings,
        table,
    }
}

/// Upstreams that have no address yet.
pub(super) fn fresh(snapshot: &Snapshot) -> Vec<Arc<UpstreamState>> {
    snapshot.upstreams.iter().filter(|upstream| upstream.addresses().is_empty()).cloned().collect()
}

/// The names whose series stay.
pub(super) fn kept(snapshot: &Snapshot) -> Kept<'_> {
    let table = &snapshot.table;
    let stubs = table.stubs().iter().map(|stub| (&*table.mocks()[stub.mock as usize].name, &*stub.name));
    let server_stubs = table.server_stubs().iter().map(|stub| (&*stub.mock, &*stub.name));
    Kept {
        stubs: stubs.chain(server_stubs).collect(),
        mocks: table.mocks().iter().map(|mock| &*mock.name).collect(),
        upstreams: snapshot.upstreams.iter().map(|upstream| &*upstream.settings.name).collect(),
        max_stubs: snapshot.settings.max_stubs,
    }
}
