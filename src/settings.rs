//! Checked values with units: listeners, upstreams, limits. What stubs mean is in [`stubs`](crate::stubs).
//!
//! Nothing here can be wrong: `config` makes these values, and everything else trusts them. Defaults stand beside the
//! field they belong to, with the reason for their value.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::redact::Secret;
use crate::tls::{ClientTls, ServerTls};

/// Everything but the mocks.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The data listener and forwarding.
    pub proxy: Proxy,
    /// All upstreams, named ones first, in the order in which they appear.
    pub upstreams: Vec<Arc<Upstream>>,
    /// Address of the ops listener.
    pub ops: SocketAddr,
    /// The admin listener.
    pub admin: Admin,
    /// What is kept of each call.
    pub call_log: CallLog,
    /// Limits on what callers may cost.
    pub limits: Limits,
    /// How many stubs have metric series of their own.
    pub max_stubs: usize,
    /// What random choices derive from.
    pub random: Random,
}

/// What random choices derive from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Random {
    /// The seed; `None` for one that is drawn when the process starts.
    pub seed: Option<u64>,
    /// The request header, in lower case, that takes the place of a call's number within its scenario.
    pub header: Option<Box<str>>,
}

/// The admin listener. Bound beyond this machine it has a token and TLS, unless somebody said in so many words that it
/// need not.
#[derive(Clone, Debug, PartialEq)]
pub struct Admin {
    /// Its address.
    pub listen: SocketAddr,
    /// What a caller must know; `None` where everybody may call who reaches it.
    pub token: Option<Secret>,
    /// How it speaks TLS; `None` for plain HTTP.
    pub tls: Option<ServerTls>,
    /// Whether nothing can be changed through it.
    pub read_only: bool,
    /// Where what was changed through it outlives a restart; `None` where it does not.
    pub state_file: Option<PathBuf>,
}

/// The data listener and forwarding.
#[derive(Clone, Debug, PartialEq)]
pub struct Proxy {
    /// Addresses of the data listener.
    pub listen: Vec<SocketAddr>,
    /// Whether answers of Standin carry the `standin` field.
    pub marker: bool,
    /// What happens to forwarding headers.
    pub forwarded: Forwarded,
    /// Whether plain requests are answered without a session of pingora's.
    pub lane: bool,
    /// How the data listener speaks TLS; `None` for plain HTTP.
    pub tls: Option<ServerTls>,
}

/// What happens to forwarding headers on the way to the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forwarded {
    /// The peer is appended to what the caller sent.
    Append,
    /// What the caller sent is replaced.
    Replace,
    /// What the caller sent passes, and nothing is added.
    Pass,
}

/// The number of an upstream in [`Settings::upstreams`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UpstreamId(pub u32);

/// A real service behind the sidecar.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Upstream {
    /// Its name; the URL's `host:port` where it was given by URL only.
    pub name: Arc<str>,
    /// Host name or address literal, without brackets.
    pub host: Box<str>,
    /// Port.
    pub port: u16,
    /// How long one attempt to connect may take. 1 s: a service beside us answers in microseconds, one in the cluster
    /// in milliseconds.
    pub connect_timeout: Duration,
    /// How long it may stay silent. 60 s, as in nginx and HAProxy.
    pub read_timeout: Duration,
    /// How long one write may take. 60 s, as in nginx.
    pub write_timeout: Duration,
    /// How long an idle connection is kept. 4 s, below the 5 s after which a Node server closes: whoever closes first
    /// should not be the one who is being written to.
    pub idle_timeout: Duration,
    /// Which requests are sent by HTTP/2.
    pub http2: Http2,
    /// How it is spoken TLS with; `None` for plain HTTP.
    pub tls: Option<ClientTls>,
}

/// Which requests an upstream is sent by HTTP/2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Http2 {
    /// gRPC calls.
    Grpc,
    /// All.
    Always,
    /// None.
    Never,
}

/// What is kept of each call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallLog {
    /// The size of the log in memory, bytes.
    pub memory: usize,
    /// How much of each body is kept, bytes.
    pub body: usize,
    /// How many calls a second keep their bodies.
    pub bodies_per_second: u32,
    /// Which calls get an access line.
    pub access_log: AccessLog,
    /// Where access lines are written, in place of standard output.
    pub file: Option<CallFile>,
    /// Where calls are kept besides.
    pub database: Option<CallDatabase>,
    /// Query keys whose values are redacted.
    pub redact_query: Vec<Box<str>>,
    /// Header names whose values are redacted, lower case; the fixed list and those that carry keys.
    pub redact_headers: Vec<Box<str>>,
}

/// A file of access lines, and the older ones beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallFile {
    /// The file.
    pub path: PathBuf,
    /// From which size on it is put aside, bytes.
    pub size: u64,
    /// How many that were put aside are kept.
    pub keep: u32,
}

/// A file that calls are kept in, so that they survive a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallDatabase {
    /// The file.
    pub path: PathBuf,
    /// How many bytes the calls may take, oldest out first.
    pub size: u64,
    /// How long a call is kept; `None` for as long as there is room.
    pub max_age: Option<Duration>,
}

/// Which calls get a line in the access log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessLog {
    /// Misses, errors and rejections.
    Misses,
    /// Every call.
    All,
    /// None.
    None,
}

/// Limits on what callers may cost. Small and `Copy`, so that an idle connection holds no snapshot for its sake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The size of a request head, bytes. 64 KiB: cookies and tokens of real sites stay below 32.
    pub head: usize,
    /// The time a whole head may take. 10 s: it covers a slow phone and ends a dripping client.
    pub head_timeout: Duration,
    /// The size of a request body, bytes; `None` is no limit.
    pub request_body: Option<u64>,
    /// The time a body may rest without progress.
    pub body_timeout: Duration,
    /// How much of a body conditions and templates may look at, bytes.
    pub match_body: usize,
    /// How much all bodies under inspection may take together, bytes.
    pub match_body_total: usize,
    /// How long a body under inspection may take.
    pub match_body_timeout: Duration,
    /// How much work the templates of one answer may do, in steps. 100,000: some 4 ms of one core.
    pub template_work: u64,
    /// How much the templates of one answer may add to it, bytes.
    pub template_output: usize,
    /// How long an idle connection is kept. 75 s, as in nginx.
    pub keepalive_timeout: Duration,
    /// How much of an unread body is read away before an early answer, bytes.
    pub early_drain: usize,
    /// The longest delay. 180 s, Postman's limit.
    pub delay: Duration,
    /// How many connections are open at a time. 10,000: at some 10 KB each that is a tenth of a gigabyte.
    pub connections: usize,
    /// How many requests one HTTP/2 connection may have under way. 100, as RFC 9113 recommends at least.
    pub h2_streams: u32,
    /// How long the sidecar still accepts once a stop was asked for. 5 s: the time that a cluster takes to send nobody
    /// here any more.
    pub drain_delay: Duration,
    /// How long a stop may take, the delay included. 25 s, below the 30 s after which Kubernetes kills.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            head: 64 << 10,
            head_timeout: Duration::from_secs(10),
            request_body: None,
            body_timeout: Duration::from_secs(60),
            match_body: 1 << 20,
            match_body_total: 64 << 20,
            match_body_timeout: Duration::from_secs(10),
            template_work: 100_000,
            template_output: 1 << 20,
            keepalive_timeout: Duration::from_secs(75),
            early_drain: 64 << 10,
            delay: Duration::from_secs(180),
            connections: 10_000,
            h2_streams: 100,
            drain_delay: Duration::from_secs(5),
            drain_timeout: Duration::from_secs(25),
        }
    }
}
