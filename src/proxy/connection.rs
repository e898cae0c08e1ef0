//! A data connection from its first byte to its last.
//!
//! The connection is ours: the TLS handshake, the choice of protocol, time-outs over the whole head, the limits on it,
//! the strict front, inspected bodies, and the wait for the next request. Each request that passes is handed to pingora
//! with its bytes unchanged (or repaired where the RFC says so); then the connection comes back.

mod admit;
mod enter;
mod h1;
mod h2;
mod look;
mod read_head;
mod undecided;

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use http::HeaderValue;
use pingora::proxy::HttpProxy;
use tokio::net::TcpStream;

use super::exchange::Exchange;
use super::front::Framing;
use super::phases::Phases;
use super::replay::Replay;
use super::{DataPlane, Stop};
use crate::live::Snapshot;

/// Serves data connections.
pub struct Connections {
    proxy: Arc<HttpProxy<Phases>>,
    plane: Arc<DataPlane>,
}

/// Who is at the other end.
struct Peer {
    address: SocketAddr,
    /// The address as a field value.
    value: HeaderValue,
    /// Whether TLS is spoken.
    secure: bool,
}

impl Peer {
    /// What `X-Forwarded-Proto` says.
    fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }
}

/// A request at the end of its head.
struct Arrived<'c> {
    snapshot: &'c Arc<Snapshot>,
    started: Instant,
    peer: &'c Peer,
    exchange: &'c Arc<Exchange>,
    over: Over,
}

/// The protocol a request came by.
#[derive(Clone, Copy)]
enum Over {
    Http1,
    /// With where its body ends, which no field says there.
    Http2(Framing),
}

impl Connections {
    /// Serves connections by this proxy.
    pub fn new(proxy: HttpProxy<Phases>, plane: Arc<DataPlane>) -> Self {
        Connections { proxy: Arc::new(proxy), plane }
    }

    /// Serves one connection to its end. It ends early where `stop` says so.
    pub async fn serve(self: &Arc<Self>, socket: TcpStream, address: SocketAddr, stop: Stop) {
        let _guard = PanicGuard(&self.plane);
        let Some(socket) = self.enter(socket, address).await else { return };
        let value = HeaderValue::try_from(address.ip().to_canonical().to_string());
        let value = value.unwrap_or(HeaderValue::from_static("unknown"));
        let peer = Peer { address, value, secure: socket.is_secure() };
        let http2 = socket.chose_http2();
        let stream = Box::new(Replay::new(socket, address));
        let mut told = stop.drain.clone();
        let mut draining = pin!(async move { drop(told.wait_for(|drain| *drain).await) });
        let stream = match http2 {
            true => Some(stream),
            false => self.serve_http1(stream, &peer, &stop, draining.as_mut()).await,
        };
        if let Some(stream) = stream {
            self.serve_http2(stream, Arc::new(peer), &stop.drain, draining.as_mut()).await;
        }
    }
}

/// Counts a panic that ends a connection.
struct PanicGuard<'p>(&'p DataPlane);

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.metrics.panics.inc();
            tracing::error!("a panic ended one connection");
        }
    }
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}
