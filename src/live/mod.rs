//! The configuration in force: the only pointer that a reload swaps.
//!
//! A request takes one [`Snapshot`] and decides by it; nothing it does later looks at another. Addresses of upstreams
//! change under a snapshot as DNS does; they live here too, because nothing else may hold an `ArcSwap`.

pub mod resolve;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::{ArcSwap, Guard};
use http::HeaderValue;

use crate::metrics::{Metrics, Series, UpstreamSeries};
use crate::redact::Redactor;
use crate::settings::{Settings, Upstream};
use crate::stubs::answer::Ready;
use crate::stubs::table::Table;
use crate::tls::{ClientTls, Dialer};

/// One immutable compiled configuration, and its number.
pub struct Snapshot {
    /// Its number; the first is 1.
    pub generation: u64,
    /// Everything but the mocks.
    pub settings: Settings,
    /// The mocks.
    pub table: Table,
    /// The upstreams of the settings, with their addresses.
    pub upstreams: Box<[Arc<UpstreamState>]>,
    /// Handles of metrics.
    pub series: Arc<Series>,
    /// What never reaches a log.
    pub redactor: Arc<Redactor>,
    /// Heads of answers, by the number of their scenario.
    pub ready: Arc<ReadyHeads>,
    /// Heads of answers, by the number of their server stub.
    pub ready_server_stubs: Arc<ReadyHeads>,
}

/// Heads of answers, each made when its scenario first answers.
#[derive(Debug)]
pub struct ReadyHeads(Box<[OnceLock<Arc<Ready>>]>);

impl ReadyHeads {
    /// None made yet, for so many answers.
    pub fn new(answers: usize) -> Self {
        ReadyHeads((0..answers).map(|_| OnceLock::new()).collect())
    }

    /// The head of the answer with this number.
    pub fn get(&self, number: u32, make: impl FnOnce() -> Ready) -> Option<&Arc<Ready>> {
        self.0.get(number as usize).map(|slot| slot.get_or_init(|| Arc::new(make())))
    }
}

impl Snapshot {
    /// The same configuration with other things laid over its stubs. Heads that are ready stay so: nothing that is laid
    /// over changes them.
    pub fn under(&self, table: Table) -> Snapshot {
        Snapshot {
            generation: self.generation,
            settings: self.settings.clone(),
            table,
            upstreams: self.upstreams.clone(),
            series: self.series.clone(),
            redactor: self.redactor.clone(),
            ready: self.ready.clone(),
            ready_server_stubs: self.ready_server_stubs.clone(),
        }
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("generation", &self.generation).finish_non_exhaustive()
    }
}

/// The configuration in force.
#[derive(Debug)]
pub struct Live {
    current: ArcSwap<Snapshot>,
}

impl Live {
    /// Starts with a snapshot.
    pub fn new(first: Snapshot) -> Self {
        Live { current: ArcSwap::from_pointee(first) }
    }

    /// The snapshot in force. Taken once per request.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// The snapshot in force, borrowed: cheaper than [`Self::snapshot`], and not to be held while anything waits.
    pub fn borrow(&self) -> Guard<Arc<Snapshot>> {
        self.current.load()
    }

    /// Replaces the snapshot, and hands the old one over. Requests under way keep theirs.
    pub fn replace(&self, next: Snapshot) -> Arc<Snapshot> {
        self.current.swap(Arc::new(next))
    }
}

/// An upstream with the addresses that its name has now. Outlives reloads that leave its definition alone.
pub struct UpstreamState {
    /// The definition.
    pub settings: Arc<Upstream>,
    /// A hash of the definition: connections made under another one are not taken over.
    pub group_key: u64,
    /// Host and port as a field value.
    pub authority: HeaderValue,
    /// Handles of metrics.
    pub series: UpstreamSeries,
    /// What TLS is spoken with; `None` where it is not spoken, or nothing could be made of the definition.
    pub dialer: Option<Dialer>,
    addresses: ArcSwap<Vec<SocketAddr>>,
    /// The address that answered last: tried first, so that a dead one costs one request and not every one.
    preferred: AtomicUsize,
}

impl std::fmt::Debug for UpstreamState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UpstreamState").field("settings", &self.settings).finish_non_exhaustive()
    }
}

fn dialer(upstream: &str, tls: &ClientTls) -> Option<Dialer> {
    let made = tls.dialer();
    made.map_err(|error| tracing::error!(upstream, %error, "no TLS can be spoken with an upstream")).ok()
}

impl UpstreamState {
    /// An upstream whose name has not been looked up; an address literal needs no look-up.
    pub fn new(settings: Arc<Upstream>, metrics: &Metrics) -> Self {
        let literal = settings.host.parse().map(|ip| SocketAddr::new(ip, settings.port));
        UpstreamState {
            series: metrics.upstream(&settings.name),
            authority: authority(&settings),
            group_key: {
                let mut hasher = DefaultHasher::new();
                settings.hash(&mut hasher);
                hasher.finish()
            },
            dialer: settings.tls.as_ref().and_then(|tls| dialer(&settings.name, tls)),
            addresses: ArcSwap::from_pointee(literal.into_iter().collect()),
            preferred: AtomicUsize::new(0),
            settings,
        }
    }

    /// Whether the host is a name that must be looked up.
    pub fn is_named(&self) -> bool {
        self.settings.host.parse::<std::net::IpAddr>().is_err()
    }

    /// The addresses known last.
    pub fn addresses(&self) -> Arc<Vec<SocketAddr>> {
        self.addresses.load_full()
    }

    /// Takes on freshly looked up addresses; none at all leave the last good ones in place.
    pub fn resolved(&self, addresses: Vec<SocketAddr>) {
        if !addresses.is_empty() && **self.addresses.load() != addresses {
            self.preferred.store(0, Ordering::Relaxed);
            self.addresses.store(Arc::new(addresses));
        }
    }

    /// Where to begin among the addresses.
    pub fn preferred(&self) -> usize {
        self.preferred.load(Ordering::Relaxed)
    }

    /// Notes which address took a connection.
    pub fn prefer(&self, at: usize) {
        self.preferred.store(at, Ordering::Relaxed);
    }
}

/// Host and port of an upstream, an IPv6 address in brackets; the configuration has checked both.
fn authority(upstream: &Upstream) -> HeaderValue {
    let (host, port) = (&upstream.host, upstream.port);
    let text = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn upstream(host: &str) -> UpstreamState {
        let second = Duration::from_secs(1);
        let settings = Upstream {
            name: "u".into(),
            host: host.into(),
            port: 80,
            connect_timeout: second,
            read_timeout: second,
            write_timeout: second,
            idle_timeout: second,
            http2: crate::settings::Http2::Grpc,
            tls: None,
        };
        UpstreamState::new(Arc::new(settings), &Metrics::new(1))
    }

    #[test]
    fn a_literal_needs_no_look_up() {
        assert_eq!(*upstream("127.0.0.1").addresses(), vec!["127.0.0.1:80".parse().unwrap()]);
        assert!(!upstream("::1").is_named());
        assert!(upstream("app.test").is_named());
    }

    #[test]
    fn a_failed_look_up_keeps_the_last_good_addresses() {
        let upstream = upstream("app.test");
        upstream.resolved(vec!["127.0.0.2:80".parse().unwrap()]);
        upstream.resolved(Vec::new());
        assert_eq!(upstream.addresses().len(), 1);
    }
}
