//! Changes that lie over the files: made, kept over reloads and restarts, undone.
//!
//! A switch publishes a snapshot that shares every stub with the one before. Only another environment or release goes
//! the way of a reload.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::SystemTime;

use super::build::{Dropped, Next, build, laid, load};
use super::{Reloader, Trigger, failed_inside, guarded, state};
use crate::config::overlay::{Entry, Fault, lay};
use crate::config::{Loaded, Request};
use crate::live::Snapshot;
use crate::problem::Problems;

/// Why nothing was changed.
#[derive(Debug)]
pub enum Refusal<E> {
    /// Whoever asked for it thought better of it.
    Withdrawn(E),
    /// What it is about is not there.
    Gone(String),
    /// It would not stand in a file, or the files are no longer valid.
    Invalid(Problems),
    /// It could not be written to `admin.state_file`.
    Unwritten(io::Error),
}

impl<E> From<Fault> for Refusal<E> {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Gone(what) => Refusal::Gone(what),
            Fault::Refused(problems) => Refusal::Invalid(problems),
        }
    }
}

impl Reloader {
    /// A number for an override, which none has had before: whoever undoes one that is over undoes no other.
    pub fn next_number(&self) -> u64 {
        self.next.fetch_add(1, Relaxed)
    }

    /// What lies over the files and is not over, oldest first.
    pub fn overlay(&self) -> Vec<Arc<Entry>> {
        let now = SystemTime::now();
        guarded(&self.overlay).iter().filter(|entry| !entry.is_over(now)).cloned().collect()
    }

    /// Puts in place of what lies over the files what `edit` makes of it, if all that is new in it can be laid over
    /// them; all or nothing.
    ///
    /// # Errors
    /// Why nothing was changed.
    pub async fn change<E>(
        &self,
        edit: impl FnOnce(&Snapshot, &[Arc<Entry>]) -> Result<Vec<Arc<Entry>>, E>,
    ) -> Result<(), Refusal<E>> {
        let _turn = self.turn.lock().await;
        let (old, before) = (self.live.snapshot(), self.overlay());
        let entries = edit(&old, &before).map_err(Refusal::Withdrawn)?;
        let choices = |entries: &[Arc<Entry>]| -> Vec<_> {
            entries.iter().filter(|entry| entry.is_choice()).map(Arc::as_ptr).collect()
        };
        let is_switch = choices(&before) == choices(&entries);
        let (next, read) = match is_switch {
            true => {
                let (table, dropped) = lay(&old.table, &entries, &old.settings.limits);
                (Next { snapshot: old.under(table), entries, dropped, changes: None }, None)
            }
            false => {
                let (request, metrics) = (self.request.clone(), self.metrics.clone());
                let built = tokio::task::spawn_blocking(move || build(&request, entries, &old, &metrics));
                let (built, fingerprint) = match built.await {
                    Ok(built) => built,
                    Err(panic) => return Err(Refusal::Invalid(failed_inside(&panic))),
                };
                let (next, warnings) = built.map_err(Refusal::Invalid)?;
                (next, Some((fingerprint, warnings)))
            }
        };
        let Next { snapshot, entries, mut dropped, changes } = next;
        let is_new = |entry: &Arc<Entry>| !before.iter().any(|old| Arc::ptr_eq(old, entry));
        if let Some(at) = dropped.iter().position(|(entry, _)| is_new(entry)) {
            return Err(dropped.swap_remove(at).1.into());
        }
        let entries = without(entries, &dropped);
        self.write(&snapshot, &entries).await.map_err(Refusal::Unwritten)?;
        match changes.zip(read) {
            None => drop(self.live.replace(snapshot)),
            Some((changes, (fingerprint, warnings))) => {
                *guarded(&self.seen) = fingerprint;
                self.applied(Trigger::Admin, snapshot, changes, warnings).await;
            }
        }
        self.keep(entries, dropped);
        Ok(())
    }

    /// Takes what is over out of the way of requests.
    pub(super) async fn sweep(&self) {
        // In a statement of its own: the lock would be held over the next one, which takes it too.
        let all = guarded(&self.overlay).len();
        if all != self.overlay().len() {
            let kept = self.change(|_, entries| Ok::<_, std::convert::Infallible>(entries.to_vec())).await;
            if let Err(refusal) = kept {
                tracing::debug!(?refusal, "what is over stays for now");
            }
        }
    }

    /// Writes what lies over the files, with what is left of counts, where that is to outlive a restart. Blocks.
    pub fn write_overlay(&self) {
        let entries = self.overlay();
        unwritten(write(state_file(&self.live.snapshot()).as_deref(), &entries, self.next.load(Relaxed)));
    }

    /// The same for what is about to lie over them.
    pub(super) async fn write_aside(&self, entries: &[Arc<Entry>]) {
        unwritten(self.write(&self.live.snapshot(), entries).await);
    }

    /// Writes it away from the threads that serve: a disk may take its time.
    async fn write(&self, snapshot: &Snapshot, entries: &[Arc<Entry>]) -> io::Result<()> {
        let Some(path) = state_file(snapshot) else { return Ok(()) };
        let (entries, next) = (entries.to_vec(), self.next.load(Relaxed));
        let written = tokio::task::spawn_blocking(move || write(Some(&path), &entries, next)).await;
        written.unwrap_or_else(|panic| Err(io::Error::other(panic)))
    }

    /// Notes what lies over the snapshot in force, and says what does not any more.
    pub(super) fn keep(&self, entries: Vec<Arc<Entry>>, dropped: Vec<(Arc<Entry>, Fault)>) {
        *guarded(&self.overlay) = entries;
        report(&dropped);
    }
}

fn unwritten(written: io::Result<()>) {
    if let Err(error) = written {
        tracing::error!(%error, "what was changed by the admin API will not outlive the restart");
    }
}

fn state_file(snapshot: &Snapshot) -> Option<PathBuf> {
    snapshot.settings.admin.state_file.clone()
}

fn write(path: Option<&Path>, entries: &[Arc<Entry>], next: u64) -> io::Result<()> {
    match path {
        // One that is not there need not be made to say that there is nothing.
        Some(path) if !entries.is_empty() || path.exists() => state::write(path, entries, next),
        Some(_) | None => Ok(()),
    }
}

/// Lays over what was loaded what was kept from before the start; with the number of the next override.
pub(super) fn restored(request: &Request, loaded: Loaded) -> (Loaded, Vec<Arc<Entry>>, u64) {
    let Some(path) = loaded.settings.admin.state_file.clone() else { return (loaded, Vec::new(), 1) };
    let (entries, next) = state::read(&path).unwrap_or_else(|error| {
        let path = path.display();
        tracing::error!(%path, %error, "`admin.state_file` cannot be read: nothing lies over the files");
        (Vec::new(), 1)
    });
    if entries.is_empty() {
        return (loaded, entries, next);
    }
    let (mut loaded, mut dropped) = (loaded, Dropped::new());
    if entries.iter().any(|entry| entry.is_choice()) {
        // The files were valid a moment ago; should they not be now, choices are dropped, and the watcher says why.
        if let (Ok(again), left_out) = load(request, &entries) {
            (loaded, dropped) = (again, left_out);
        }
    }
    let (loaded, dropped) = laid(loaded, dropped, &entries);
    report(&dropped);
    (loaded, without(entries, &dropped), next)
}

/// Says what no longer lies over the files, and why.
fn report(dropped: &[(Arc<Entry>, Fault)]) {
    for (entry, fault) in dropped {
        let Entry { id, mock, .. } = &**entry;
        let reason = match fault {
            Fault::Gone(what) => what.clone(),
            Fault::Refused(problems) => problems.render(false).trim_end().to_owned(),
        };
        tracing::warn!(mock, id, reason, "an override is dropped");
    }
}

/// What was not dropped.
pub(super) fn without(entries: Vec<Arc<Entry>>, dropped: &[(Arc<Entry>, Fault)]) -> Vec<Arc<Entry>> {
    let is_dropped = |entry: &Arc<Entry>| dropped.iter().any(|(other, _)| Arc::ptr_eq(other, entry));
    entries.into_iter().filter(|entry| !is_dropped(entry)).collect()
}
