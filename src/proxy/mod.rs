//! Carries decisions out for traffic: connections, pingora's phases, answers, and the border to the upstream.

mod alarm;
mod answer;
mod budget;
mod chunked;
mod connection;
mod context;
mod debug;
mod decide;
mod dial;
mod exchange;
mod failure;
mod front;
mod h2_body;
mod head;
mod headers;
mod inspect;
mod lane;
mod phases;
mod replay;
mod reply;
mod socket;
mod template;
mod upstream;
mod view;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use pingora::proxy::{HttpProxy, Session};
use pingora::server::configuration::ServerConf;
use tokio::sync::watch;

pub use budget::Budget;
pub use connection::Connections;
pub use template::Memory;

use crate::calls::{CallLog, Counting, Decision, Head, Sinks, Ticket};
use crate::live::{Live, Snapshot};
use crate::metrics::Metrics;
use crate::stubs::request::RequestView;
use phases::Phases;

/// How many idle connections to upstreams are kept, of all upstreams together. More than a load generator opens, so
/// that connections are not torn down while others are made.
const POOL: usize = 1024;
/// How many attempts one request has at most: addresses of an upstream, and connections that went stale.
const ATTEMPTS: usize = 8;

/// What the request path works with.
#[derive(Debug)]
pub struct DataPlane {
    /// The configuration in force.
    pub live: Arc<Live>,
    /// Where calls are kept.
    pub log: Arc<CallLog>,
    /// Who is told of calls that are over.
    pub sinks: Sinks,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// The memory that all bodies under inspection share.
    pub budget: Arc<Budget>,
    /// Whether answers end their connections, since the sidecar stops.
    pub draining: Arc<AtomicBool>,
    /// What templates keep between requests.
    pub templates: Memory,
    /// For tests.
    pub hooks: Hooks,
}

/// Places where a test may reach in.
#[derive(Clone, Default)]
pub struct Hooks {
    /// Called with each request before it is decided.
    pub before_decide: Option<BeforeDecide>,
    /// How far the clock is ahead by which overrides and limits end.
    pub ahead: Option<Arc<dyn Fn() -> Duration + Send + Sync>>,
}

/// Looks at a request; may panic, which is what it is for.
pub type BeforeDecide = Arc<dyn Fn(&RequestView<'_>) + Send + Sync>;

impl std::fmt::Debug for Hooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}

/// How a stop reaches connections.
#[derive(Clone, Debug)]
pub struct Stop {
    /// Turns true when no further request is taken.
    pub drain: watch::Receiver<bool>,
    /// Turns true when what does not end by itself is to close.
    pub cut: watch::Receiver<bool>,
}

impl DataPlane {
    /// The proxy behind data connections.
    pub fn connections(self: &Arc<Self>, threads: usize) -> Connections {
        let conf =
            ServerConf { threads, upstream_keepalive_pool_size: POOL, max_retries: ATTEMPTS, ..ServerConf::default() };
        let mut proxy = HttpProxy::new(Phases::new(self.clone()), Arc::new(conf));
        proxy.handle_init_modules();
        Connections::new(proxy, self.clone())
    }

    /// Opens the ticket of a call.
    fn open(
        &self,
        snapshot: &Snapshot,
        started: Instant,
        peer: SocketAddr,
        request: Head,
        decision: Decision,
        counting: Counting,
    ) -> Ticket {
        let access_log = snapshot.settings.call_log.access_log;
        // A connection that was accepted before a reload turned TLS on or off is told by the new configuration.
        let secure = snapshot.settings.proxy.tls.is_some();
        let arrived = (started, peer, secure);
        Ticket::open(&self.log, self.sinks.clone(), access_log, arrived, (request, decision), counting)
    }

    /// Lets an answer end its connection, if the sidecar stops. Asked just before the head leaves: it may have been long
    /// under way.
    fn end_keep_alive(&self, session: &mut Session) {
        if self.is_draining() {
            session.set_keepalive(None);
        }
    }

    /// Whether answers end their connections.
    fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// The time since the epoch by which overrides and limits end.
    fn now(&self) -> Duration {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        now + self.hooks.ahead.as_ref().map_or(Duration::ZERO, |ahead| ahead())
    }

    /// A number drawn evenly from all numbers.
    fn roll(&self) -> u64 {
        fastrand::u64(..)
    }
}
