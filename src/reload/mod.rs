//! The one way to change the configuration, whatever the trigger.
//!
//! Load everything, refuse what needs a restart, keep the state of what did not change, and swap one pointer. Nothing
//! is taken apart, so there is nothing to roll back: a configuration that is refused leaves no trace but its report.

mod watch;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

pub use watch::watch;

use crate::config::{self, Fingerprint, Loaded, Request};
use crate::live::{Live, ReadyHeads, Snapshot, UpstreamState, resolve};
use crate::metrics::{Kept, Metrics, Reloaded, Series};
use crate::problem::{Code, Problem, Problems, Sources, Summary};
use crate::redact::Redactor;
use crate::settings::Settings;
use crate::stubs::table::Table;

/// How long a reload waits for the names of new upstreams before it takes effect without them.
const RESOLVE: Duration = Duration::from_secs(1);

/// What asked for a reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A file changed.
    Watch,
    /// SIGHUP.
    Signal,
    /// A test or an embedding program.
    Call,
}

impl Trigger {
    fn as_str(self) -> &'static str {
        match self {
            Trigger::Watch => "watch",
            Trigger::Signal => "signal",
            Trigger::Call => "call",
        }
    }
}

/// Replaces the configuration in force.
#[derive(Debug)]
pub struct Reloader {
    request: Request,
    live: Arc<Live>,
    metrics: Arc<Metrics>,
    /// One reload at a time.
    turn: tokio::sync::Mutex<()>,
    seen: Mutex<Fingerprint>,
    refused: Mutex<Option<Summary>>,
}

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

/// Makes the first snapshot of a configuration, and the reloader that will replace it.
pub fn begin(request: Request, loaded: Loaded, metrics: &Arc<Metrics>) -> (Arc<Live>, Reloader) {
    let Loaded { settings, table, fingerprint, .. } = loaded;
    let snapshot = snapshot(settings, table, 1, None, metrics);
    metrics.generation.set(1);
    metrics.reloaded(Reloaded::Applied, unix_seconds());
    let live = Arc::new(Live::new(snapshot));
    let reloader = Reloader {
        request,
        live: live.clone(),
        metrics: metrics.clone(),
        turn: tokio::sync::Mutex::new(()),
        seen: Mutex::new(fingerprint),
        refused: Mutex::new(None),
    };
    (live, reloader)
}

impl Reloader {
    /// Loads the configuration again and puts it into force.
    ///
    /// # Errors
    /// All problems; the configuration in force stays.
    pub async fn run(&self, trigger: Trigger) -> Result<Changes, Problems> {
        let _turn = self.turn.lock().await;
        let old = self.live.snapshot();
        // Whoever had the turn before may have taken the same change: one change is one reload.
        if self.refused().is_none() && !self.moved().await {
            tracing::debug!(trigger = trigger.as_str(), "configuration unchanged");
            return Ok(Changes { generation: old.generation, ..Changes::default() });
        }
        let request = self.request.clone();
        let metrics = self.metrics.clone();
        // Reading and compiling may take a while; no worker of the data plane is held up for it.
        let built = tokio::task::spawn_blocking(move || build(&request, &old, &metrics)).await;
        let (result, fingerprint) = match built {
            Ok(built) => built,
            Err(panic) => {
                tracing::error!(error = %panic, "reload failed inside");
                let problem =
                    Problem::of(Code::UnreadableFile, None, "loading the configuration failed inside Standin");
                return Err(Problems::new(vec![problem], Sources::default()));
            }
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = fingerprint;
        match result {
            Ok((next, changes, warnings)) => {
                resolve::resolve(&fresh(&next), RESOLVE).await;
                let kept = kept(&next);
                self.live.replace(next);
                self.metrics.retain(&kept);
                self.metrics.generation.set(i64::try_from(changes.generation).unwrap_or(i64::MAX));
                self.metrics.reloaded(Reloaded::Applied, unix_seconds());
                *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = None;
                report(&warnings);
                let Changes { generation, added, changed, removed } = changes;
                let trigger = trigger.as_str();
                tracing::info!(generation, added, changed, removed, trigger, "configuration replaced");
                Ok(changes)
            }
            Err(problems) => {
                self.metrics.reloaded(Reloaded::Refused, unix_seconds());
                let summary = problems.summary();
                let code = summary.as_ref().map_or("", |summary| summary.code.as_str());
                let file = summary.as_ref().and_then(|summary| summary.file.clone()).unwrap_or_default();
                let line = summary.as_ref().and_then(|summary| summary.line).unwrap_or_default();
                tracing::error!(
                    code,
                    file,
                    line,
                    errors = problems.errors(),
                    trigger = trigger.as_str(),
                    report = problems.render(false).trim_end(),
                    "configuration refused, the one in force stays"
                );
                *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = summary;
                Err(problems)
            }
        }
    }

    /// What was wrong with the last attempt; nothing after one that took effect.
    pub fn refused(&self) -> Option<Summary> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether some file differs from what was loaded, or refused, last.
    async fn moved(&self) -> bool {
        let mut seen = self.seen();
        let looked = tokio::task::spawn_blocking(move || (seen.moved(), seen)).await;
        match looked {
            Ok((false, seen)) => {
                *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
                false
            }
            Ok((true, _)) | Err(_) => true,
        }
    }

    fn seen(&self) -> Fingerprint {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

type Built = (Result<(Snapshot, Changes, Problems), Problems>, Fingerprint);

/// Loads and compares, away from the request path.
fn build(request: &Request, old: &Snapshot, metrics: &Metrics) -> Built {
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
    compare("admin.listen", old.admin == new.admin, old.admin.to_string(), new.admin.to_string());
    let memory = |settings: &Settings| format!("{} bytes", settings.call_log.memory);
    compare("call_log.memory", old.call_log.memory == new.call_log.memory, memory(old), memory(new));
    problems
}

/// Makes a snapshot. Upstreams whose definition is unchanged keep their addresses.
fn snapshot(settings: Settings, table: Table, generation: u64, old: Option<&Snapshot>, metrics: &Metrics) -> Snapshot {
    let state = |upstream: &Arc<crate::settings::Upstream>| {
        let kept = old.and_then(|old| old.upstreams.iter().find(|state| state.settings == *upstream));
        kept.cloned().unwrap_or_else(|| Arc::new(UpstreamState::new(upstream.clone(), metrics)))
    };
    let redactor = Redactor {
        headers: settings.call_log.redact_headers.clone().into(),
        query: settings.call_log.redact_query.clone().into(),
        keys: table.mocks().iter().flat_map(|mock| &mock.access.keys).map(|key| key.secret().into()).collect(),
    };
    Snapshot {
        generation,
        upstreams: settings.upstreams.iter().map(state).collect(),
        series: Arc::new(Series::new(table.scenarios().len(), table.server_stubs().len(), table.mocks().len())),
        redactor: Arc::new(redactor),
        ready: ReadyHeads::new(table.scenarios().len()),
        settings,
        table,
    }
}

/// Upstreams that have no address yet.
fn fresh(snapshot: &Snapshot) -> Vec<Arc<UpstreamState>> {
    snapshot.upstreams.iter().filter(|upstream| upstream.addresses().is_empty()).cloned().collect()
}

fn kept(snapshot: &Snapshot) -> Kept {
    let table = &snapshot.table;
    let stubs =
        table.stubs().iter().map(|stub| (table.mocks()[stub.mock as usize].name.to_string(), stub.name.to_string()));
    let server_stubs = table.server_stubs().iter().map(|stub| (stub.mock.to_string(), stub.name.to_string()));
    Kept {
        stubs: stubs.chain(server_stubs).collect(),
        mocks: table.mocks().iter().map(|mock| mock.name.to_string()).collect(),
        upstreams: snapshot.upstreams.iter().map(|upstream| upstream.settings.name.to_string()).collect(),
        max_stubs: snapshot.settings.max_stubs,
    }
}

/// Counts what is new, what answers otherwise, and what is gone.
fn compare(old: &Table, new: &Table) -> Changes {
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
    let digest = |stub: &crate::stubs::scenario::Stub| {
        let mut hash = HashText(DefaultHasher::new());
        let scenarios = stub.scenarios.iter().map(|number| &table.scenarios()[*number as usize]);
        // Numbers are places in the table and change with the neighbours, so they are left out.
        let _ = write!(hash, "{:?} {:?} {:?}", stub.method, stub.path, stub.query);
        for s in scenarios {
            let _ = write!(hash, "{:?} {:?} {:?} {:?} {:?}", s.name, s.id, s.conditions, s.answer, s.delay);
        }
        hash.0.finish()
    };
    let name = |stub: &crate::stubs::scenario::Stub| {
        (table.mocks()[stub.mock as usize].name.to_string(), stub.name.to_string())
    };
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

/// Logs the warnings of a configuration that was taken.
pub fn report(warnings: &Problems) {
    if warnings.warnings() > 0 {
        let report = warnings.render(false);
        tracing::warn!(warnings = warnings.warnings(), report = report.trim_end(), "configuration has warnings");
    }
}

fn unix_seconds() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}
