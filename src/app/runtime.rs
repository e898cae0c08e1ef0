//! The runtime of the traffic.

use std::io;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, EnterGuard, Handle, Runtime};
use tokio::sync::oneshot;

/// How long tasks that do not end may hold up the end of the runtime.
const SHUTDOWN: Duration = Duration::from_millis(500);

/// The runtime of the traffic: one thread per core, none of which is the caller's.
///
/// On one core there is nobody to steal work from, and a runtime that knows so wakes a task at less cost.
#[derive(Debug)]
pub(super) struct DataRuntime {
    handle: Handle,
    driver: Driver,
}

/// Who runs the tasks.
#[derive(Debug)]
enum Driver {
    Many(Runtime),
    One { stop: oneshot::Sender<()>, thread: JoinHandle<()> },
}

impl DataRuntime {
    /// Starts a runtime of so many threads.
    ///
    /// # Errors
    /// Where the system gives no thread or no event queue.
    pub(super) fn start(threads: usize) -> io::Result<Self> {
        if threads > 1 {
            let runtime =
                Builder::new_multi_thread().worker_threads(threads).thread_name("data").enable_all().build()?;
            return Ok(DataRuntime { handle: runtime.handle().clone(), driver: Driver::Many(runtime) });
        }
        let runtime = Builder::new_current_thread().thread_name("data-blocking").enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("data".to_owned()).spawn(move || {
            let _ = runtime.block_on(stopped);
            runtime.shutdown_timeout(SHUTDOWN);
        })?;
        Ok(DataRuntime { handle, driver: Driver::One { stop, thread } })
    }

    /// Runs a future to its end on this thread, with the clocks and sockets of the runtime.
    pub(super) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle.block_on(future)
    }

    /// Sockets made while this lives belong to the runtime.
    pub(super) fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }

    /// Starts a task.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(task);
    }

    /// Ends the runtime and every task on it.
    pub(super) fn shutdown(self) {
        match self.driver {
            Driver::Many(runtime) => runtime.shutdown_timeout(SHUTDOWN),
            Driver::One { stop, thread } => {
                let _ = stop.send(());
                let end = Instant::now() + 2 * SHUTDOWN;
                // A task that blocks for ever does not hold up the stop.
                while !thread.is_finished() && Instant::now() < end {
                    std::thread::park_timeout(Duration::from_millis(5));
                }
            }
        }
    }
}
