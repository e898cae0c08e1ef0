//! Sockets: bound by ourselves, accepted from on the data runtime, and the thread that serves ops and admin.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::{mpsc, watch};

use super::{Side, StartError};
use crate::live::Live;
use crate::metrics::Metrics;
use crate::proxy::{Connections, Stop};
use crate::settings::Settings;
use crate::words::Rejection;

/// How many connections the system keeps for us while we accept others.
const BACKLOG: i32 = 4096;

/// All sockets of a sidecar, bound.
pub(super) struct Sockets {
    pub(super) data: Vec<TcpListener>,
    pub(super) ops: TcpListener,
    pub(super) admin: TcpListener,
}

impl Sockets {
    /// Binds every listener, or names the first that cannot be had.
    pub(super) fn bind(settings: &Settings) -> Result<Self, StartError> {
        let data = settings.proxy.listen.iter().map(|address| bind("data", *address)).collect::<Result<_, _>>()?;
        Ok(Sockets { data, ops: bind("ops", settings.ops)?, admin: bind("admin", settings.admin.listen)? })
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

pub(super) fn local(socket: &TcpListener, listener: &'static str) -> Result<SocketAddr, StartError> {
    let address = SocketAddr::from(([0, 0, 0, 0], 0));
    socket.local_addr().map_err(|source| StartError::Bind { listener, address, source })
}

/// What every connection is given.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) connections: Arc<Connections>,
    pub(super) stop: Stop,
    /// Held while a connection is open.
    pub(super) open: mpsc::Sender<()>,
    pub(super) admitted: Arc<AtomicUsize>,
    /// Connections that are told that they are one too many: they take no place from the admitted.
    pub(super) refused: Arc<AtomicUsize>,
    pub(super) live: Arc<Live>,
    pub(super) metrics: Arc<Metrics>,
}

/// Takes connections until told to drain.
pub(super) async fn accept(listener: tokio::net::TcpListener, door: Door) {
    let mut drain = door.stop.drain.clone();
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
        let snapshot = door.live.snapshot();
        let most = snapshot.settings.limits.connections;
        if door.admitted.load(Ordering::Relaxed) >= most {
            door.metrics.rejected(Rejection::Connections);
            let plain = snapshot.settings.proxy.tls.is_none();
            tracing::warn!(peer = %peer, limit = most, "connection refused: limits.connections are open");
            if plain && door.refused.load(Ordering::Relaxed) < REFUSED {
                let counted = Counted::new(&door, &door.refused, None);
                tokio::spawn(async move {
                    let _counted = counted;
                    refuse(socket).await;
                });
            }
            continue;
        }
        drop(snapshot);
        let _ = socket.set_nodelay(true);
        keep_alive(&socket);
        let counted = Counted::new(&door, &door.admitted, Some(&door.metrics));
        let (connections, stop) = (door.connections.clone(), door.stop.clone());
        tokio::spawn(async move {
            let _counted = counted;
            connections.serve(socket, peer, stop).await;
        });
    }
}

/// So many refused connections are told why at a time; further ones are closed without a word.
const REFUSED: usize = 256;
/// How long a refused caller has to take its answer.
const FAREWELL: Duration = Duration::from_millis(300);

/// Answers a connection that is one too many. What the caller sends meanwhile is read away, so that no reset overtakes
/// the answer.
async fn refuse(mut socket: TcpStream) {
    let body =
        r#"{"title":"Service Unavailable","status":503,"code":"connections","detail":"limits.connections are open"}"#;
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nContent-Length: {}\r\n\
         Retry-After: 1\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let farewell = async {
        socket.write_all(answer.as_bytes()).await?;
        socket.shutdown().await?;
        let mut scrap = [0; 4096];
        while socket.read(&mut scrap).await? > 0 {}
        io::Result::Ok(())
    };
    // However it ends, the connection is closed.
    let _ = tokio::time::timeout(FAREWELL, farewell).await;
}

/// Lets the system find out about callers that are gone without a word: a tunnel may rest for hours.
fn keep_alive(socket: &TcpStream) {
    let probe = socket2::TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(15));
    let _ = socket2::SockRef::from(socket).set_tcp_keepalive(&probe);
}

/// Counts an open connection, also if its task panics.
struct Counted {
    metrics: Option<Arc<Metrics>>,
    count: Arc<AtomicUsize>,
    _open: mpsc::Sender<()>,
}

impl Counted {
    fn new(door: &Door, count: &Arc<AtomicUsize>, metrics: Option<&Arc<Metrics>>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        if let Some(metrics) = metrics {
            metrics.connections.inc();
        }
        Counted { metrics: metrics.cloned(), count: count.clone(), _open: door.open.clone() }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
        if let Some(metrics) = &self.metrics {
            metrics.connections.dec();
        }
    }
}

/// Serves ops and admin on a thread of their own.
pub(super) fn side(
    ops: impl Future<Output = io::Result<()>> + Send + 'static,
    admin: impl Future<Output = io::Result<()>> + Send + 'static,
) -> io::Result<Side> {
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
