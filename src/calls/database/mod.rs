//! Calls kept in a file: an embedded database, so that the log survives a restart.
//!
//! A thread follows the ring as any other reader does ([`CallLog::tail`]) and appends what is new four times a second;
//! no request knows of it. The ring is the buffer: what it has let go before the thread came, is dropped and counted. A
//! file that cannot be written to is said in the log, in a metric and beside each page of calls, and tried again.

mod fault;
mod search;
mod store;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;

use super::past::entries;
use super::tail::Tail;
use super::{Call, CallLog};
use crate::settings::CallDatabase;
use fault::{Fault, told};
use search::search;
pub(super) use search::{Found, SEARCH, Search, Wanted};
use store::{Chunk, Store};

/// How often calls are written. An entry rests from one look to the next, so that a call is in the file after at most
/// twice this time, and the time that writing takes.
const LOOK: Duration = Duration::from_millis(250);
/// How often a file that failed is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// How often what is too much or too old is let go.
const PRUNE: Duration = Duration::from_secs(1);
/// How often a failure that goes on is said in the log of the process.
const REMIND: Duration = Duration::from_secs(60);

/// The calls of a log that are kept in a file, if any are.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Held by who writes; requests never come here.
    keeping: Mutex<Option<Keeping>>,
    /// What is said of it; held for moments.
    state: Mutex<Option<State>>,
}

/// A file that calls are kept in.
#[derive(Debug)]
struct Keeping {
    wanted: CallDatabase,
    store: Option<Store>,
    tail: Tail,
    /// Read and not written.
    waiting: Option<Chunk>,
    /// Not before then is a file that failed tried again, or a sound one pruned.
    rests_until: Option<Instant>,
}

#[derive(Clone, Debug)]
struct State {
    path: PathBuf,
    fault: Option<String>,
    reminded: Option<Instant>,
}

/// The file that calls are kept in, as the API shows it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct DatabaseState {
    /// The file.
    pub path: String,
    /// Why no calls are kept at the moment; null where all is well.
    pub fault: Option<String>,
    /// How many calls since start were let go by the memory before they could be kept.
    pub dropped: u64,
    /// Bytes that the kept calls take.
    pub bytes: u64,
}

/// The thread that keeps calls, and the way to end it.
#[derive(Debug)]
pub struct Keeper {
    stop: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl Keeper {
    /// Starts the thread. `wanted` says where calls are to be kept, and is asked again and again.
    ///
    /// # Errors
    /// Where the system starts no thread.
    pub fn start(
        log: Arc<CallLog>,
        wanted: impl Fn() -> Option<CallDatabase> + Send + 'static,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::Builder::new().name("call-database".to_owned()).spawn(move || {
            while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                log.kept.look(&log, wanted());
            }
            // What was written to the ring a moment ago rests until the look after the next.
            log.kept.look(&log, wanted());
            log.kept.look(&log, wanted());
            log.kept.close();
        })?;
        Ok(Keeper { stop, thread })
    }

    /// Tells the thread to write what there is, and to end.
    pub fn end(self) -> JoinHandle<()> {
        let _ = self.stop.send(());
        self.thread
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Kept {
    /// Writes what is new to where it is wanted.
    fn look(&self, log: &CallLog, wanted: Option<CallDatabase>) {
        let mut keeping = locked(&self.keeping);
        let Some(wanted) = wanted else {
            *keeping = None;
            *locked(&self.state) = None;
            self.shown(log, None, 0);
            return;
        };
        let same = keeping.as_ref().is_some_and(|keeping| keeping.wanted.path == wanted.path);
        if !same {
            // Everything that the ring holds goes into a new file: it was there before somebody thought of it.
            let tail = log.tail_after(0);
            let path = wanted.path.clone();
            *keeping = Some(Keeping { wanted: wanted.clone(), store: None, tail, waiting: None, rests_until: None });
            *locked(&self.state) = Some(State { path, fault: None, reminded: None });
        }
        let Some(keeping) = keeping.as_mut() else { return };
        keeping.wanted = wanted;
        if keeping.store.is_none() && keeping.rests_until.is_some_and(|until| Instant::now() < until) {
            return;
        }
        let done = keeping.write(log);
        if done.is_err() {
            // Closed, so that the next try is a fresh one: the file may have been replaced meanwhile.
            (keeping.store, keeping.rests_until) = (None, Some(Instant::now() + AGAIN));
        }
        let bytes = keeping.store.as_ref().and_then(|store| store.bytes().ok()).unwrap_or(0);
        self.say(done.as_ref().err());
        self.shown(log, done.err(), bytes);
    }

    fn shown(&self, log: &CallLog, fault: Option<Fault>, bytes: u64) {
        log.metrics.database_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        log.metrics.database_failing.set(i64::from(fault.is_some()));
    }

    /// Says in the log of the process when it begins to fail, now and then while it does, and when it is well again.
    fn say(&self, fault: Option<&Fault>) {
        let mut state = locked(&self.state);
        let Some(state) = state.as_mut() else { return };
        match fault {
            Some(fault) => {
                let fault = told(&state.path, fault);
                if state.reminded.is_none_or(|said| said.elapsed() >= REMIND) {
                    tracing::warn!(%fault, "calls are kept in memory only");
                    state.reminded = Some(Instant::now());
                }
                state.fault = Some(fault);
            }
            None => {
                if state.fault.take().is_some() {
                    tracing::info!(path = %state.path.display(), "calls are kept in their file again");
                }
                state.reminded = None;
            }
        }
    }

    fn close(&self) {
        *locked(&self.keeping) = None;
    }

    /// Lets all kept calls go; says how many there were, besides those that the ring holds.
    pub fn clear(&self, log: &CallLog) -> u64 {
        let mut keeping = locked(&self.keeping);
        let in_memory = log.clear_ring();
        let Some(keeping) = keeping.as_mut() else { return in_memory };
        (keeping.tail, keeping.waiting) = (log.tail_after(0), None);
        let cleared = keeping.store.as_ref().map(Store::clear);
        // Calls that lie in both places were counted there: the file has had all but those of the last moment.
        match cleared {
            Some(Ok(calls)) => calls.max(in_memory),
            _ => in_memory,
        }
    }

    /// What the API says of it.
    pub fn state(&self, log: &CallLog) -> Option<DatabaseState> {
        let state = locked(&self.state).clone()?;
        Some(DatabaseState {
            path: state.path.display().to_string(),
            fault: state.fault,
            dropped: log.metrics.database_dropped.get(),
            bytes: u64::try_from(log.metrics.database_bytes.get()).unwrap_or(0),
        })
    }

    /// A connection to read by; `None` where nothing is kept, or nothing can be read, which is said elsewhere.
    fn reader(&self) -> Option<Store> {
        let path = locked(&self.state).as_ref()?.path.clone();
        Store::read(&path).ok()
    }

    /// Whether ids of earlier runs may mean something.
    pub fn is_wanted(&self) -> bool {
        locked(&self.state).is_some()
    }

    /// Looks for calls from the newest to the oldest, until so many are found, there are no more, or time is out.
    pub fn search(&self, wanted: &Wanted<'_>, most: usize, patience: Duration) -> Search {
        let Some(store) = self.reader() else { return Search::default() };
        // What cannot be read is as good as gone; that it cannot is said by who writes.
        search(&store, wanted, most, Instant::now() + patience).unwrap_or_default()
    }

    /// One call.
    pub fn get(&self, run: u64, number: u64) -> Option<Arc<Call>> {
        let store = self.reader()?;
        store.rows_of(run, number).ok()?.into_iter().find_map(|row| {
            let memory = store.entries(row).ok()?;
            entries(&memory).find(|call| call.number == number)
        })
    }
}

impl Keeping {
    /// Writes what is waiting and what is new.
    fn write(&mut self, log: &CallLog) -> Result<(), Fault> {
        let store = match self.store.take() {
            Some(store) => store,
            None => Store::open(&self.wanted.path)?,
        };
        let store = self.store.insert(store);
        if let Some(chunk) = &self.waiting {
            store.append(chunk)?;
            self.waiting = None;
        }
        let (bytes, missed) = log.stretch(&mut self.tail);
        log.metrics.database_dropped.inc_by(missed);
        self.waiting = Chunk::of(log.run(), bytes);
        if let Some(chunk) = &self.waiting {
            store.append(chunk)?;
            self.waiting = None;
        }
        if self.rests_until.is_none_or(|until| Instant::now() >= until) {
            self.rests_until = Some(Instant::now() + PRUNE);
            let oldest = self.wanted.max_age.and_then(|age| SystemTime::now().checked_sub(age));
            store.prune(self.wanted.size, oldest)?;
            store.shrink()?;
        }
        Ok(())
    }
}
