//! The composition root: binds sockets, builds every part, and runs until told to stop.
//!
//! pingora's `Server` is not used: with it, connections are refused the moment SIGTERM arrives, the grace period is an
//! uninterruptible sleep, and a port in use panics half a minute later. The sockets, runtimes and signals are ours.
//! Traffic has a runtime of its own; probes and the admin API have another on a thread of their own, so that a busy
//! data plane cannot make the sidecar look dead.

mod listeners;
mod machine;
mod runtime;
mod signals;
mod start;

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

pub use machine::memory_limit;

use crate::calls::{Keeper, LineFormat};
use crate::config::Request;
use crate::live::Live;
use crate::problem::Problems;
use crate::proxy::Hooks;
use crate::reload::{self, Reloader, Trigger};
use crate::telemetry::{self, SpanThread};
use runtime::DataRuntime;
use signals::{Asked, StopSignals};

/// How long before the end of a stop what would never end by itself is told to close.
const CLOSING: Duration = Duration::from_secs(1);
/// How long the last access lines and spans may take to be written and sent after a stop.
const LAST: Duration = Duration::from_secs(2);

/// How access lines look, and where they go.
pub type AccessTo = (LineFormat, Box<dyn io::Write + Send>);

/// What a sidecar is started with.
#[derive(Default)]
pub struct Options {
    /// Where the configuration comes from.
    pub request: Request,
    /// Where access lines go, and in which form, unless the configuration names a file; `None` for nowhere.
    pub access_lines: Option<AccessTo>,
    /// Whether SIGTERM and SIGINT are taken, from before the sockets serve until [`App::run`] ends.
    pub signals: bool,
    /// The log of the process, whose left-out lines are counted.
    pub log: Option<telemetry::Log>,
    /// Whether spans are exported where the `OTEL_*` variables of the process ask for it.
    pub traces: bool,
    /// Threads that serve traffic; `None` for as many as the CPU limit allows.
    pub threads: Option<NonZeroUsize>,
    /// For tests.
    pub hooks: Hooks,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("request", &self.request).finish_non_exhaustive()
    }
}

/// Why a sidecar did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration was refused.
    #[error("the configuration was refused")]
    Config(Problems),
    /// An address cannot be listened on.
    #[error("the {listener} listener cannot use {address}: {source}")]
    Bind {
        /// Which listener.
        listener: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// A thread, a runtime or a signal cannot be had.
    #[error("cannot {what}: {source}")]
    Start {
        /// What.
        what: &'static str,
        /// What the system says.
        source: io::Error,
    },
}

/// A running sidecar.
#[derive(Debug)]
pub struct App {
    data: Vec<SocketAddr>,
    ops: SocketAddr,
    admin: SocketAddr,
    drain: watch::Sender<bool>,
    /// Turns true when answers are to end their connections.
    closing: Arc<AtomicBool>,
    cut: watch::Sender<bool>,
    draining: Arc<AtomicBool>,
    /// Closes when the last connection has ended.
    connections: mpsc::Receiver<()>,
    runtime: Option<DataRuntime>,
    stop_signals: Option<StopSignals>,
    side: Option<Side>,
    lines: Option<JoinHandle<()>>,
    keeper: Option<Keeper>,
    spans: Option<SpanThread>,
    reloader: Arc<Reloader>,
    live: Arc<Live>,
}

/// The thread that serves ops and admin, and the way to end it.
type Side = (watch::Sender<bool>, JoinHandle<()>);

impl App {
    /// Addresses of the data listener, ports resolved.
    pub fn data(&self) -> &[SocketAddr] {
        &self.data
    }

    /// Address of the ops listener.
    pub fn ops(&self) -> SocketAddr {
        self.ops
    }

    /// Address of the admin listener.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// The generation in force.
    pub fn generation(&self) -> u64 {
        self.live.snapshot().generation
    }

    /// Loads the configuration again, as a file change would.
    ///
    /// # Errors
    /// All problems; the configuration in force stays.
    pub fn reload(&self) -> Result<reload::Changes, Problems> {
        let reloader = self.reloader.clone();
        match &self.runtime {
            Some(runtime) => runtime.block_on(async move { reloader.run(Trigger::Call).await }),
            None => Err(Problems::default()),
        }
    }

    /// Runs until SIGTERM or SIGINT asks for a stop, then finishes what is under way. A second signal ends at once.
    ///
    /// # Errors
    /// Where the signals cannot be listened for.
    pub fn run(mut self) -> io::Result<()> {
        let Some(runtime) = &self.runtime else { return Ok(()) };
        let mut signals = match self.stop_signals.take() {
            Some(signals) => signals,
            None => runtime.block_on(async { StopSignals::take() })?,
        };
        let asked = runtime.block_on(signals.come());
        let limits = self.live.snapshot().settings.limits;
        let end = tokio::time::Instant::now() + limits.drain_timeout;
        // The probe is red before the log says why, so that whoever reads the log finds it so.
        self.draining.store(true, Ordering::Relaxed);
        // Whoever presses Ctrl-C waits for no cluster to look elsewhere.
        let delay = if asked == Asked::Terminate { limits.drain_delay } else { Duration::ZERO };
        tracing::info!(?delay, "stopping: requests under way may finish");
        let finished = runtime.block_on(async {
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                _ = signals.come() => return false,
            }
            self.closing.store(true, Ordering::Relaxed);
            let _ = self.drain.send(true);
            let closing = end - CLOSING.min(limits.drain_timeout.saturating_sub(delay) / 2);
            tokio::select! {
                () = idle(&mut self.connections) => return true,
                () = tokio::time::sleep_until(closing) => {}
                _ = signals.come() => return false,
            }
            let _ = self.cut.send(true);
            tokio::select! {
                () = idle(&mut self.connections) => true,
                () = tokio::time::sleep_until(end) => false,
                _ = signals.come() => false,
            }
        });
        tracing::info!(finished, "stopped");
        self.close();
        Ok(())
    }

    /// Stops, finishing what is under way for up to `limit`.
    pub fn stop(mut self, limit: Duration) {
        self.begin_drain();
        if let Some(runtime) = &self.runtime {
            let connections = &mut self.connections;
            let _ = runtime.block_on(async { tokio::time::timeout(limit, idle(connections)).await });
        }
        self.close();
    }

    fn begin_drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.closing.store(true, Ordering::Relaxed);
        let _ = self.drain.send(true);
    }

    fn close(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown();
            self.reloader.write_overlay();
        }
        if let Some((stop, thread)) = self.side.take() {
            let _ = stop.send(true);
            let _ = thread.join();
        }
        // The runtime is gone, and with it every sender: the threads write and send what they have and end. Unless nobody
        // takes it: then it is lost, and the stop is not held up for ever.
        let end = Instant::now() + LAST;
        let keeper = self.keeper.take().map(Keeper::end);
        for thread in [self.lines.take(), self.spans.take(), keeper].into_iter().flatten() {
            while !thread.is_finished() && Instant::now() < end {
                std::thread::park_timeout(Duration::from_millis(5));
            }
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.begin_drain();
        self.close();
    }
}

/// Ends when the last connection has.
async fn idle(connections: &mut mpsc::Receiver<()>) {
    while connections.recv().await.is_some() {}
}
