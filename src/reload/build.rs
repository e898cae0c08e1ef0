//! From a loaded configuration to the snapshot that takes the place of the one in force, or to the reasons why it may
//! not.
//!
//! Nothing here is visible to a request until the snapshot is put into force.

use std::sync::Arc;

use super::changes::{Changes, compare};
use super::overlay::without;
use crate::config::overlay::{Entry, Fault, lay};
use crate::config::{self, Fingerprint, Loaded, Refused, Request};
use crate::live::{ReadyHeads, Snapshot, UpstreamState};
use crate::metrics::{Kept, Metrics, Series};
use crate::problem::{Code, Problem, Problems, Sources};
use crate::redact::{Redactor, Secret};
use crate::settings::{Settings, Upstream};
use crate::stubs::table::Table;

/// A snapshot that is ready to be put into force.
pub(super) struct Next {
    pub snapshot: Snapshot,
    /// What was to lie over the files.
    pub entries: Vec<Arc<Entry>>,
    /// What of it does not.
    pub dropped: Dropped,
    /// What it changes; `None` where no file was read.
    pub changes: Option<Changes>,
}

/// What does not lie over the files any more, with the reason.
pub(super) type Dropped = Vec<(Arc<Entry>, Fault)>;

/// The next snapshot with its warnings, or all problems; and the files as they were read.
pub(super) type Built = (Result<(Next, Problems), Problems>, Fingerprint);

/// Loads and compares, away from the request path.
pub(super) fn build(request: &Request, entries: Vec<Arc<Entry>>, old: &Snapshot, metrics: &Metrics) -> Built {
    let (loaded, dropped) = load(request, &entries);
    let mut loaded = match loaded {
        Ok(loaded) => loaded,
        Err(refused) => return (Err(refused.problems), refused.fingerprint),
    };
    loaded.table.keep_counts(&old.table);
    let (Loaded { settings, table, problems, fingerprint, .. }, dropped) = laid(loaded, dropped, &entries);
    let restart = needs_restart(&old.settings, &settings);
    if !restart.is_empty() {
        return (Err(Problems::new(restart, Sources::default())), fingerprint);
    }
    let mut changes = compare(&old.table, &table);
    changes.generation = old.generation + 1;
    let snapshot = snapshot(settings, table, changes.generation, Some(old), metrics);
    (Ok((Next { snapshot, entries, dropped, changes: Some(changes) }, problems)), fingerprint)
}

/// Loads files with the environments and releases that entries choose. One that stands in the way of files which are
/// valid by themselves is left out.
pub(super) fn load(request: &Request, entries: &[Arc<Entry>]) -> (Result<Loaded, Box<Refused>>, Dropped) {
    let with = |overlay: Vec<Arc<Entry>>| config::load(&Request { overlay, ..request.clone() });
    let choices: Vec<_> = entries.iter().filter(|entry| entry.is_choice()).cloned().collect();
    let all = with(choices.clone());
    if all.is_ok() || choices.is_empty() {
        return (all, Dropped::new());
    }
    let mut kept = Vec::new();
    let mut last = with(Vec::new());
    let mut dropped = Dropped::new();
    for choice in choices {
        if last.is_err() {
            break;
        }
        kept.push(choice.clone());
        match with(kept.clone()) {
            Ok(loaded) => last = Ok(loaded),
            Err(refused) => {
                kept.pop();
                dropped.push((choice, Fault::Refused(refused.problems)));
            }
        }
    }
    (last, dropped)
}

/// Lays entries over what was loaded, but those that were dropped already.
pub(super) fn laid(loaded: Loaded, mut dropped: Dropped, entries: &[Arc<Entry>]) -> (Loaded, Dropped) {
    let entries = without(entries.to_vec(), &dropped);
    let (table, more) = lay(&loaded.table, &entries, &loaded.settings.limits);
    dropped.extend(more);
    (Loaded { table, ..loaded }, dropped)
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
        ready: Arc::new(ReadyHeads::new(table.scenarios().len())),
        ready_server_stubs: Arc::new(ReadyHeads::new(table.server_stubs().len())),
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
