//! Notices that files changed: events of the file system where there are any, a look every few seconds where not.
//!
//! Directories are watched, not files: editors and ConfigMaps replace files instead of writing them. An event only
//! wakes us; what counts is whether the content differs from what was loaded, so a burst of events is one reload.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::{Reloader, Trigger};

/// How often to look where the file system is silent, as network and overlay file systems are.
const POLL: Duration = Duration::from_secs(5);
/// How long things must be quiet before they are read: a writer writes more than one file.
const SETTLE: Duration = Duration::from_millis(150);
/// How long to wait for quiet at most.
const SETTLE_AT_MOST: Duration = Duration::from_secs(2);

/// Watches the files of the configuration and reloads when they change. Never ends by itself.
pub async fn watch(reloader: Arc<Reloader>) {
    let (wake, mut woken) = mpsc::channel::<()>(1);
    let mut watcher = Watching::new(wake);
    loop {
        watcher.follow(&reloader.seen().directories());
        // A closed channel means that there is no watcher: then only the clock wakes us.
        match timeout(POLL, woken.recv()).await {
            Ok(Some(())) => settle(&mut woken).await,
            Ok(None) => tokio::time::sleep(POLL).await,
            Err(_) => {}
        }
        reloader.sweep().await;
        if reloader.moved().await {
            // Refused or not, `run` has said so and remembers what it saw.
            let _ = reloader.run(Trigger::Watch).await;
        }
    }
}

async fn settle(woken: &mut mpsc::Receiver<()>) {
    let end = Instant::now() + SETTLE_AT_MOST;
    while Instant::now() < end && timeout(SETTLE, woken.recv()).await.is_ok() {}
}

/// The directories that are watched.
struct Watching {
    watcher: Option<RecommendedWatcher>,
    directories: BTreeSet<PathBuf>,
}

impl Watching {
    fn new(wake: mpsc::Sender<()>) -> Self {
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading a file is an event too, and we read them: only changes count. One wake-up is as good as many.
            if !event.is_ok_and(|event| event.kind.is_access()) {
                let _ = wake.try_send(());
            }
        });
        if let Err(error) = &watcher {
            tracing::warn!(%error, "file events are not available, looking every few seconds instead");
        }
        Watching { watcher: watcher.ok(), directories: BTreeSet::new() }
    }

    fn follow(&mut self, wanted: &BTreeSet<PathBuf>) {
        let Some(watcher) = &mut self.watcher else { return };
        for gone in self.directories.difference(wanted) {
            let _ = watcher.unwatch(gone);
        }
        let mut followed: BTreeSet<PathBuf> = self.directories.intersection(wanted).cloned().collect();
        for new in wanted.difference(&self.directories) {
            match watcher.watch(new, RecursiveMode::NonRecursive) {
                Ok(()) => drop(followed.insert(new.clone())),
                Err(error) => {
                    tracing::debug!(directory = %new.display(), %error, "directory cannot be watched, looking instead");
                }
            }
        }
        self.directories = followed;
    }
}
