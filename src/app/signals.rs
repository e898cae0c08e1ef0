//! Signals: SIGTERM and SIGINT stop, SIGHUP reloads.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::reload::{Reloader, Trigger};

/// SIGTERM and SIGINT. Taken before the sidecar says that it is ready: one that came a moment later would kill it, or,
/// in a container where it is the first process, be lost.
#[derive(Debug)]
pub(super) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

/// Who asks for a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// SIGTERM: an orchestrator, that takes a while to send nobody here any more.
    Terminate,
    /// SIGINT: somebody at a terminal.
    Interrupt,
}

impl StopSignals {
    pub(super) fn take() -> io::Result<Self> {
        Ok(StopSignals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    pub(super) async fn come(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Terminate,
            _ = self.interrupt.recv() => Asked::Interrupt,
        }
    }
}

/// Reloads at each SIGHUP.
pub(super) async fn reload_at(mut hang_up: Signal, reloader: Arc<Reloader>) {
    while hang_up.recv().await.is_some() {
        // Refused or not, `run` has said so.
        let _ = reloader.run(Trigger::Signal).await;
    }
}

/// Takes SIGHUP from here on.
pub(super) fn hang_up() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}
