//! The listener itself: connections in a limited number, heads within a limited time, TLS where it is asked for.
//!
//! axum's own server has no limit on the time that a head may take, so the connections are given to hyper directly.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::session::Peer;
use super::{Admin, router};

/// How many connections there are at most; further ones wait until one ends. People, scripts and a page with a live
/// tail each: a hundred of them is a crowd.
const CONNECTIONS: usize = 256;
/// How long a head may take, and how long a connection may rest between two requests.
const HEAD: Duration = Duration::from_secs(10);
/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How large a head may be, bytes.
const HEAD_SIZE: usize = 64 << 10;

/// Serves on a bound socket until dropped.
///
/// # Errors
/// Where the runtime cannot take the socket.
pub async fn serve(listener: TcpListener, admin: Arc<Admin>) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let router = router(&admin);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
        let (socket, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(%error, "accepting on the admin listener failed");
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        let (router, admin) = (router.clone(), admin.clone());
        tokio::spawn(async move {
            connection(socket, peer, router, &admin).await;
            drop(place);
        });
    }
}

async fn connection(socket: TcpStream, peer: SocketAddr, router: Router, admin: &Admin) {
    let _ = socket.set_nodelay(true);
    let tls = admin.live.snapshot().settings.admin.tls.clone();
    match tls {
        None => speak(socket, peer, router).await,
        Some(tls) => match timeout(HANDSHAKE, tokio_rustls::TlsAcceptor::from(tls.config).accept(socket)).await {
            Ok(Ok(stream)) => speak(stream, peer, router).await,
            Ok(Err(error)) => tracing::debug!(%peer, %error, "no TLS on the admin listener"),
            Err(_) => tracing::debug!(%peer, "a TLS handshake on the admin listener took too long"),
        },
    }
}

async fn speak(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, peer: SocketAddr, router: Router) {
    let service = TowerToHyperService::new(router.layer(Extension(Peer(peer))));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_SIZE)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = served.await {
        tracing::debug!(%peer, %error, "a connection of the admin listener ended early");
    }
}
