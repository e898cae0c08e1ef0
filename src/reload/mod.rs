//! The one way to change the configuration, whatever the trigger.
//!
//! Load everything, refuse what needs a restart, keep the state of what did not change, and swap one pointer. Nothing
//! is taken apart, so there is nothing to roll back: a configuration that is refused leaves no trace but its report.

mod build;
mod changes;
mod overlay;
mod retire;
mod state;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

pub use changes::Changes;
pub use overlay::Refusal;
pub use watch::watch;

use crate::config::overlay::Entry;
use crate::config::{Fingerprint, Loaded, Request};
use crate::live::{Live, Snapshot, resolve};
use crate::metrics::{Metrics, Reloaded};
use crate::problem::{Code, Problem, Problems, Sources, Summary};
use build::{Next, build, fresh, kept, snapshot};
use overlay::{restored, without};
use retire::retire;

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
    /// The admin API.
    Admin,
    /// The process began.
    Start,
}

impl Trigger {
    /// The word by which logs and API know it.
    pub fn as_str(self) -> &'static str {
        match self {
            Trigger::Watch => "watch",
            Trigger::Signal => "signal",
            Trigger::Call => "call",
            Trigger::Admin => "admin",
            Trigger::Start => "start",
        }
    }
}

/// An attempt to put a configuration into force.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// What asked for it.
    pub trigger: Trigger,
    /// When it ended.
    pub at: SystemTime,
    /// What it has changed; `None` where it was refused.
    pub changes: Option<Changes>,
    /// What was found: errors where it was refused, else warnings.
    pub problems: Problems,
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
    last: Mutex<Attempt>,
    /// What lies over the files, oldest first.
    overlay: Mutex<Vec<Arc<Entry>>>,
    /// The number of the next override.
    next: AtomicU64,
    path: Option<PathBuf>,
}

/// Makes the first snapshot of a configuration, and the reloader that will replace it.
pub fn begin(request: Request, loaded: Loaded, metrics: &Arc<Metrics>) -> (Arc<Live>, Reloader) {
    let (loaded, entries, next) = restored(&request, loaded);
    let Loaded { settings, table, fingerprint, path, problems, .. } = loaded;
    let changes = Changes { generation: 1, added: table.stubs().len(), ..Changes::default() };
    let first = Attempt { trigger: Trigger::Start, at: SystemTime::now(), changes: Some(changes), problems };
    let snapshot = snapshot(settings, table, 1, None, metrics);
    metrics.generation.set(1);
    certificate(&snapshot, metrics);
    metrics.reloaded(Reloaded::Applied, unix_seconds());
    let live = Arc::new(Live::new(snapshot));
    let reloader = Reloader {
        request,
        live: live.clone(),
        metrics: metrics.clone(),
        turn: tokio::sync::Mutex::new(()),
        seen: Mutex::new(fingerprint),
        refused: Mutex::new(None),
        last: Mutex::new(first),
        overlay: Mutex::new(entries),
        next: AtomicU64::new(next),
        path,
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
        let entries = self.overlay();
        let built = tokio::task::spawn_blocking(move || build(&request, entries, &old, &metrics)).await;
        let result = match built {
            Ok((result, fingerprint)) => {
                *guarded(&self.seen) = fingerprint;
                result
            }
            Err(panic) => Err(failed_inside(&panic)),
        };
        match result {
            Ok((Next { snapshot, entries, dropped, changes }, warnings)) => {
                let changes = changes.unwrap_or_default();
                self.applied(trigger, snapshot, changes, warnings).await;
                let kept = without(entries, &dropped);
                if !dropped.is_empty() {
                    self.write_aside(&kept).await;
                }
                self.keep(kept, dropped);
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
                *guarded(&self.refused) = summary;
                self.tried(trigger, None, problems.clone());
                Err(problems)
            }
        }
    }

    /// Puts a new configuration into force, and says so.
    async fn applied(&self, trigger: Trigger, next: Snapshot, changes: Changes, warnings: Problems) {
        resolve::resolve(&fresh(&next), RESOLVE).await;
        self.put(next).await;
        self.metrics.generation.set(i64::try_from(changes.generation).unwrap_or(i64::MAX));
        self.metrics.reloaded(Reloaded::Applied, unix_seconds());
        *guarded(&self.refused) = None;
        report(&warnings);
        self.tried(trigger, Some(changes), warnings);
        let Changes { generation, added, changed, removed } = changes;
        let trigger = trigger.as_str();
        tracing::info!(generation, added, changed, removed, trigger, "configuration replaced");
    }

    /// Loads the configuration as a reload would, asks its examples, and leaves it at that.
    ///
    /// # Errors
    /// All problems for which a reload would be refused, and examples that do not get what they must get.
    pub async fn check(&self) -> Result<(Changes, Problems), Problems> {
        let _turn = self.turn.lock().await;
        // As `standin check`: the examples are asked, whether or not a reload asks them.
        let request = Request { examples: true, ..self.request.clone() };
        let (old, metrics) = (self.live.snapshot(), self.metrics.clone());
        let entries = self.overlay();
        let built = tokio::task::spawn_blocking(move || {
            let (result, _) = build(&request, entries, &old, &metrics);
            result.map(|(next, warnings)| (next.changes.unwrap_or_default(), warnings))
        });
        built.await.unwrap_or_else(|panic| Err(failed_inside(&panic)))
    }

    /// The last attempt to put a configuration into force.
    pub fn last(&self) -> Attempt {
        guarded(&self.last).clone()
    }

    /// The file that `standin.toml` was read from at the start; `None` for a plain proxy.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    fn tried(&self, trigger: Trigger, changes: Option<Changes>, problems: Problems) {
        let attempt = Attempt { trigger, at: SystemTime::now(), changes, problems };
        *guarded(&self.last) = attempt;
    }

    /// Puts a snapshot into force, and drops what belonged to the old one alone.
    async fn put(&self, next: Snapshot) {
        certificate(&next, &self.metrics);
        let old = self.live.replace(next);
        tokio::spawn(retire(old));
        let (next, metrics) = (self.live.snapshot(), self.metrics.clone());
        // It looks at every stub: that is too long for a thread that serves.
        let _ = tokio::task::spawn_blocking(move || metrics.retain(&kept(&next))).await;
    }

    /// What was wrong with the last attempt; nothing after one that took effect.
    pub fn refused(&self) -> Option<Summary> {
        guarded(&self.refused).clone()
    }

    /// Whether some file differs from what was loaded, or refused, last.
    async fn moved(&self) -> bool {
        let mut seen = self.seen();
        let looked = tokio::task::spawn_blocking(move || (seen.moved(), seen)).await;
        match looked {
            Ok((false, seen)) => {
                *guarded(&self.seen) = seen;
                false
            }
            Ok((true, _)) | Err(_) => true,
        }
    }

    fn seen(&self) -> Fingerprint {
        guarded(&self.seen).clone()
    }
}

/// What is behind a lock; whoever panicked with it had changed nothing.
fn guarded<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is said of a load that panicked.
fn failed_inside(panic: &tokio::task::JoinError) -> Problems {
    tracing::error!(error = %panic, "loading the configuration failed inside");
    let problem = Problem::of(Code::UnreadableFile, None, "loading the configuration failed inside Standin");
    Problems::new(vec![problem], Sources::default())
}

/// Logs the warnings of a configuration that was taken.
pub fn report(warnings: &Problems) {
    if warnings.warnings() > 0 {
        let report = warnings.render(false);
        tracing::warn!(warnings = warnings.warnings(), report = report.trim_end(), "configuration has warnings");
    }
}

/// Notes until when the certificates of the listeners hold.
fn certificate(snapshot: &Snapshot, metrics: &Metrics) {
    for (listener, tls) in [("data", &snapshot.settings.proxy.tls), ("admin", &snapshot.settings.admin.tls)] {
        metrics.certificate(listener, tls.as_ref().map(|tls| seconds(tls.expires)));
    }
}

fn unix_seconds() -> f64 {
    seconds(SystemTime::now())
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}
