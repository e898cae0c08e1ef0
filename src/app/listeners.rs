//! Sockets: bound by ourselves, accepted from on the data runtime, and the thread that serves ops and admin.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::{mpsc, watch};

use super::{Side, StartError};
use crate::metrics::Metrics;
use crate::proxy::Connections;
use crate::settings::Settings;

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
        Ok(Sockets { data, ops: bind("ops", settings.ops)?, admin: bind("admin", settings.admin)? })
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

/// Takes connections until told to drain.
pub(super) async fn accept(
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
