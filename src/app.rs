//! The composition root: binds sockets, builds every part, and runs until told to stop.
//!
//! pingora's `Server` is not used: with it, connections are refused the moment SIGTERM arrives, the grace period is an
//! uninterruptible sleep, and a port in use panics half a minute later. The sockets, runtimes and signals are ours.
//! Traffic has a runtime of its own; probes and the admin API have another on a thread of their own, so that a busy
//! data plane cannot make the sidecar look dead.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};

use crate::calls::{AccessLines, CallLog, LineFormat};
use crate::config::{self, Request};
use crate::live::{Live, resolve};
use crate::metrics::Metrics;
use crate::ops::Ops;
use crate::problem::Problems;
use crate::proxy::{Budget, Connections, DataPlane, Hooks};
use crate::reload::{self, Reloader, Trigger};
use crate::{admin, ops};

/// How long requests under way may take to finish after a stop was asked for.
const DRAIN: Duration = Duration::from_secs(25);
/// How long start-up waits for the names of upstreams.
const RESOLVE: Duration = Duration::from_secs(1);
/// How long the last access lines may take to be written after a stop.
const LINES: Duration = Duration::from_secs(2);
/// How many connections the system keeps for us while we accept others.
const BACKLOG: i32 = 4096;

/// What a sidecar is started with.
#[derive(Default)]
pub struct Options {
    /// Where the configuration comes from.
    pub request: Request,
    /// Where access lines go, and in which form; `None` for nowhere.
    pub access_lines: Option<(LineFormat, Box<dyn io::Write + Send>)>,
    /// Whether SIGTERM and SIGINT are taken, from before the sockets serve until [`App::run`] ends.
    pub signals: bool,
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
    /// A thread or runtime cannot be started.
    #[error("cannot start {what}: {source}")]
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
    draining: Arc<AtomicBool>,
    /// Closes when the last connection has ended.
    connections: mpsc::Receiver<()>,
    runtime: Option<Runtime>,
    stop_signals: Option<StopSignals>,
    side: Option<(watch::Sender<bool>, std::thread::JoinHandle<()>)>,
    lines: Option<std::thread::JoinHandle<()>>,
    reloader: Arc<Reloader>,
    live: Arc<Live>,
}

impl App {
    /// Starts a sidecar: everything is checked and bound before the first connection is taken.
    ///
    /// # Errors
    /// Where the configuration is refused or an address is taken. Nothing keeps running then.
    pub fn start(options: Options) -> Result<App, StartError> {
        let Options { request, access_lines, signals, hooks } = options;
        let loaded = config::load(&request).map_err(|refused| StartError::Config(refused.problems))?;
        reload::report(&loaded.problems);
        let settings = loaded.settings.clone();
        let metrics = Arc::new(Metrics::new(settings.max_stubs));
        let log = Arc::new(CallLog::new(settings.call_log.memory, metrics.clone()));
        let (live, reloader) = reload::begin(request, loaded, &metrics);
        let reloader = Arc::new(reloader);

        let listeners: Vec<TcpListener> =
            settings.proxy.listen.iter().map(|address| bind("data", *address)).collect::<Result<_, _>>()?;
        let ops_listener = bind("ops", settings.ops)?;
        let admin_listener = bind("admin", settings.admin)?;
        let start = |what| move |source| StartError::Start { what, source };
        let (lines, lines_thread) = match access_lines {
            None => (None, None),
            Some((format, out)) => {
                let (lines, thread) = AccessLines::start(log.clone(), format, out).map_err(start("the access log"))?;
                (Some(lines), Some(thread))
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("data")
            .enable_all()
            .build()
            .map_err(start("the data runtime"))?;

        let stop_signals = match signals {
            true => Some(runtime.block_on(async { StopSignals::take() }).map_err(start("taking SIGTERM"))?),
            false => None,
        };
        let (drain, drained) = watch::channel(false);
        let draining = Arc::new(AtomicBool::new(false));
        let plane = Arc::new(DataPlane {
            live: live.clone(),
            log: log.clone(),
            lines,
            metrics: metrics.clone(),
            budget: Arc::new(Budget::default()),
            hooks,
        });
        let connections = Arc::new(plane.connections(threads));
        let (open, connections_closed) = mpsc::channel(1);
        let mut data = Vec::new();
        let upstreams = live.snapshot().upstreams.to_vec();
        runtime.block_on(resolve::resolve(&upstreams, RESOLVE));
        {
            let _context = runtime.enter();
            for listener in listeners {
                data.push(local(&listener, "data")?);
                let listener = tokio::net::TcpListener::from_std(listener).map_err(start("the data listener"))?;
                let metrics = metrics.clone();
                runtime.spawn(accept(listener, connections.clone(), drained.clone(), open.clone(), metrics));
            }
            runtime.spawn(async move { resolve::warn_of_unreachable(&upstreams).await });
            runtime.spawn(resolve::keep_resolving(live.clone()));
            runtime.spawn(reload::watch(reloader.clone()));
            let hang_up = signal(SignalKind::hangup()).map_err(start("taking SIGHUP"))?;
            runtime.spawn(reload_at(hang_up, reloader.clone()));
        }
        let (ops, admin) = (local(&ops_listener, "ops")?, local(&admin_listener, "admin")?);
        let state = Ops {
            live: live.clone(),
            reloader: reloader.clone(),
            metrics,
            log: log.clone(),
            draining: draining.clone(),
        };
        let serve = (ops::serve(ops_listener, state), admin::serve(admin_listener, log));
        let side = side(serve.0, serve.1).map_err(start("the ops and admin listeners"))?;
        let app = App {
            data,
            ops,
            admin,
            drain,
            draining,
            connections: connections_closed,
            runtime: Some(runtime),
            stop_signals,
            side: Some(side),
            lines: lines_thread,
            reloader,
            live,
        };
        let table = &app.live.snapshot().table;
        tracing::info!(
            data = ?app.data,
            ops = %app.ops,
            admin = %app.admin,
            mocks = table.mocks().len(),
            stubs = table.stubs().len(),
            "standin is ready"
        );
        Ok(app)
    }

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
        let handle = runtime.handle().clone();
        let mut signals = match self.stop_signals.take() {
            Some(signals) => signals,
            None => handle.block_on(async { StopSignals::take() })?,
        };
        handle.block_on(signals.come());
        tracing::info!("stopping: requests under way may finish");
        self.begin_drain();
        let finished = handle.block_on(async {
            tokio::select! {
                () = idle(&mut self.connections) => true,
                () = tokio::time::sleep(DRAIN) => false,
                () = signals.come() => false,
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
            let _ = runtime.handle().block_on(async { tokio::time::timeout(limit, idle(connections)).await });
        }
        self.close();
    }

    fn begin_drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        let _ = self.drain.send(true);
    }

    fn close(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_millis(500));
        }
        if let Some((stop, thread)) = self.side.take() {
            let _ = stop.send(true);
            let _ = thread.join();
        }
        // The runtime is gone, and with it every sender: the thread writes what it has and ends. Unless nobody reads
        // what it writes: then the lines are lost, and the stop is not held up for ever.
        if let Some(thread) = self.lines.take() {
            let end = Instant::now() + LINES;
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

/// SIGTERM and SIGINT. Taken before the sidecar says that it is ready: one that came a moment later would kill it, or,
/// in a container where it is the first process, be lost.
#[derive(Debug)]
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn take() -> io::Result<Self> {
        Ok(StopSignals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn come(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Reloads at each SIGHUP.
async fn reload_at(mut hang_up: Signal, reloader: Arc<Reloader>) {
    while hang_up.recv().await.is_some() {
        // Refused or not, `run` has said so.
        let _ = reloader.run(Trigger::Signal).await;
    }
}

/// Binds a socket of our own, so that a port in use is named at once.
fn bind(listener: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    use socket2::{Domain, Protocol, Socket, Type};
    let bound = || -> io::Result<TcpListener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        // A restart must not wait for connections of the last run to time out.
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        Ok(socket.into())
    };
    bound().map_err(|source| StartError::Bind { listener, address, source })
}

fn local(socket: &TcpListener, listener: &'static str) -> Result<SocketAddr, StartError> {
    let address = SocketAddr::from(([0, 0, 0, 0], 0));
    socket.local_addr().map_err(|source| StartError::Bind { listener, address, source })
}

/// Takes connections until told to drain.
async fn accept(
    listener: tokio::net::TcpListener,
    connections: Arc<Connections>,
    mut drain: watch::Receiver<bool>,
    open: mpsc::Sender<()>,
    metrics: Arc<Metrics>,
) {
    loop {
        let accepted = tokio::select! {
            biased;
            _ = drain.wait_for(|drain| *drain) => return,
            accepted = listener.accept() => accepted,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, or a connection that was gone before it was taken: neither ends the listener.
                tracing::debug!(%error, "accepting failed");
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        let _ = socket.set_nodelay(true);
        let (connections, drain, open, metrics) = (connections.clone(), drain.clone(), open.clone(), metrics.clone());
        tokio::spawn(async move {
            let _open = open;
            let _counted = Counted::new(&metrics);
            connections.serve(socket, peer, drain).await;
        });
    }
}

/// Counts an open connection, also if its task panics.
struct Counted<'m>(&'m Metrics);

impl<'m> Counted<'m> {
    fn new(metrics: &'m Metrics) -> Self {
        metrics.connections.inc();
        Counted(metrics)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.connections.dec();
    }
}

/// Serves ops and admin on a thread of their own.
fn side(
    ops: impl Future<Output = io::Result<()>> + Send + 'static,
    admin: impl Future<Output = io::Result<()>> + Send + 'static,
) -> io::Result<(watch::Sender<bool>, std::thread::JoinHandle<()>)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (stop, mut stopped) = watch::channel(false);
    let thread = std::thread::Builder::new().name("ops".to_owned()).spawn(move || {
        runtime.block_on(async move {
            // One that ends by itself does not take the other along.
            let serve = async {
                let (ops, admin) = tokio::join!(ops, admin);
                for error in [ops.err(), admin.err()].into_iter().flatten() {
                    tracing::error!(%error, "the ops or admin listener ended");
                }
            };
            tokio::select! {
                () = serve => {}
                _ = stopped.wait_for(|stop| *stop) => {}
            }
        });
    })?;
    Ok((stop, thread))
}
