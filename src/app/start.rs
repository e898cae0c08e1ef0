//! Starting: everything is checked and bound before the first connection is taken.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::listeners::{Door, Sockets, accept, local, side};
use super::runtime::DataRuntime;
use super::signals::{StopSignals, hang_up, reload_at};
use super::{AccessTo, App, Options, StartError};
use crate::calls::{AccessLines, CallLog, Keeper, LineFormat, Sinks, Traces};
use crate::live::{Live, resolve};
use crate::metrics::Metrics;
use crate::ops::Ops;
use crate::proxy::{Budget, DataPlane, Memory, Stop};
use crate::telemetry::{self, SpanThread};
use crate::{admin, config, ops, reload};

/// How long start-up waits for the names of upstreams.
const RESOLVE: Duration = Duration::from_secs(1);

impl App {
    /// Starts a sidecar: everything is checked and bound before the first connection is taken.
    ///
    /// # Errors
    /// Where the configuration is refused or an address is taken. Nothing keeps running then.
    pub fn start(options: Options) -> Result<App, StartError> {
        let Options { request, access_lines, signals, log: of_process, traces, threads, hooks } = options;
        let loaded = config::load(&request).map_err(|refused| StartError::Config(refused.problems))?;
        reload::report(&loaded.problems);
        let settings = loaded.settings.clone();
        let metrics = Arc::new(Metrics::new(settings.max_stubs));
        if let Some(log) = of_process {
            log.count_in(metrics.log_suppressed.clone());
        }
        let log = Arc::new(CallLog::new(settings.call_log.memory, settings.call_log.body, metrics.clone()));
        let (live, reloader) = reload::begin(request, loaded, &metrics);
        let reloader = Arc::new(reloader);

        let sockets = Sockets::bind(&settings)?;
        let (lines, lines_thread) = access_log(access_lines, &log, &live)?;
        let of_keeper = live.clone();
        let keeper = Keeper::start(log.clone(), move || of_keeper.snapshot().settings.call_log.database.clone())
            .map_err(cannot("start what keeps calls in a file"))?;
        let (traces, spans) = if traces { spans(&log, &metrics) } else { (None, None) };
        let sinks = Sinks { lines: Some(lines), traces };
        // What the CPU limit of the control group allows, rounded down, and at least one.
        let threads = threads.or_else(|| std::thread::available_parallelism().ok()).map_or(1, usize::from);
        let runtime = DataRuntime::start(threads).map_err(cannot("start the data runtime"))?;
        let stop_signals = match signals {
            true => Some(runtime.block_on(async { StopSignals::take() }).map_err(cannot("take SIGTERM and SIGINT"))?),
            false => None,
        };

        let (budget, closing) = (Arc::new(Budget::default()), Arc::new(AtomicBool::new(false)));
        let (live_of_plane, log_of_plane) = (live.clone(), log.clone());
        let plane = DataPlane {
            live: live_of_plane,
            log: log_of_plane,
            sinks,
            metrics: metrics.clone(),
            budget,
            draining: closing.clone(),
            templates: Memory::default(),
            hooks,
        };
        let connections = Arc::new(Arc::new(plane).connections(threads));
        let upstreams = live.snapshot().upstreams.to_vec();
        runtime.block_on(resolve::resolve(&upstreams, RESOLVE));
        let ((drain, drained), (cut, is_cut)) = (watch::channel(false), watch::channel(false));
        let (open, connections_closed) = mpsc::channel(1);
        let stop = Stop { drain: drained, cut: is_cut };
        let (admitted, refused) = (Arc::default(), Arc::default());
        let door = Door { connections, stop, open, admitted, refused, live: live.clone(), metrics: metrics.clone() };
        let mut data = Vec::new();
        {
            let _context = runtime.enter();
            for listener in sockets.data {
                data.push(local(&listener, "data")?);
                let listener =
                    tokio::net::TcpListener::from_std(listener).map_err(cannot("serve the data listener"))?;
                runtime.spawn(accept(listener, door.clone()));
            }
            drop(door);
            runtime.spawn(reload_at(hang_up().map_err(cannot("take SIGHUP"))?, reloader.clone()));
        }
        runtime.spawn(async move { resolve::warn_of_unreachable(&upstreams).await });
        runtime.spawn(resolve::keep_resolving(live.clone()));
        runtime.spawn(reload::watch(reloader.clone()));

        let draining = Arc::new(AtomicBool::new(false));
        let (ops, admin) = (local(&sockets.ops, "ops")?, local(&sockets.admin, "admin")?);
        let shown = Ops {
            live: live.clone(),
            reloader: reloader.clone(),
            metrics: metrics.clone(),
            log: log.clone(),
            draining: draining.clone(),
        };
        let parts = admin::Parts { live: live.clone(), reloader: reloader.clone(), metrics, log, data: data.clone() };
        let side = side(ops::serve(sockets.ops, shown), admin::serve(sockets.admin, parts))
            .map_err(cannot("serve the ops and admin listeners"))?;
        let app = App {
            data,
            ops,
            admin,
            drain,
            closing,
            cut,
            draining,
            connections: connections_closed,
            runtime: Some(runtime),
            stop_signals,
            side: Some(side),
            lines: Some(lines_thread),
            keeper: Some(keeper),
            spans,
            reloader,
            live,
        };
        app.say_ready();
        Ok(app)
    }

    fn say_ready(&self) {
        let table = &self.live.snapshot().table;
        tracing::info!(
            data = ?self.data,
            ops = %self.ops,
            admin = %self.admin,
            mocks = table.mocks().len(),
            stubs = table.stubs().len(),
            "standin is ready"
        );
    }
}

fn cannot(what: &'static str) -> impl FnOnce(std::io::Error) -> StartError {
    move |source| StartError::Start { what, source }
}

/// Starts the access log, which may be told at any time to write to a file.
fn access_log(
    to: Option<AccessTo>,
    log: &Arc<CallLog>,
    live: &Arc<Live>,
) -> Result<(AccessLines, JoinHandle<()>), StartError> {
    let (format, out) = to.unwrap_or_else(|| (LineFormat::Json, Box::new(std::io::sink())));
    let live = live.clone();
    let wanted = move || live.snapshot().settings.call_log.file.clone();
    AccessLines::start(log.clone(), format, out, wanted).map_err(cannot("start the access log"))
}

/// Starts what makes spans, where they are asked for. Whatever keeps them from being exported keeps no traffic back:
/// the variables often come from a platform that knows nothing of this sidecar.
fn spans(log: &Arc<CallLog>, metrics: &Metrics) -> (Option<Traces>, Option<SpanThread>) {
    match telemetry::start_spans(log.clone(), metrics.traces_dropped.clone()) {
        Ok(started) => started.unzip(),
        Err(error) => {
            tracing::warn!(%error, help = error.help(), "no spans are exported");
            (None, None)
        }
    }
}
