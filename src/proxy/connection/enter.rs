//! The way in: the TLS handshake, where TLS is spoken.

use std::io;
use std::net::SocketAddr;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::Connections;
use crate::proxy::answer::rejection_bytes;
use crate::proxy::socket::Socket;
use crate::words::Rejection;

/// The first byte of a TLS handshake (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 0x16;

impl Connections {
    /// Makes a fresh connection ready for requests; `None` where the handshake came to nothing.
    pub(super) async fn enter(&self, socket: TcpStream, address: SocketAddr) -> Option<Socket> {
        let snapshot = self.plane.live.snapshot();
        let Some(tls) = &snapshot.settings.proxy.tls else { return Some(Socket::Plain(socket)) };
        let (acceptor, limit) = (TlsAcceptor::from(tls.config.clone()), snapshot.settings.limits.head_timeout);
        drop(snapshot); // nobody's handshake holds a configuration
        let error = match tokio::time::timeout(limit, self.handshake(socket, acceptor)).await {
            Ok(Ok(socket)) => return socket,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it took longer than limits.head_timeout".to_owned(),
        };
        self.plane.metrics.rejected(Rejection::Tls);
        tracing::warn!(peer = %address, error, "TLS handshake failed");
        None
    }

    async fn handshake(&self, mut socket: TcpStream, acceptor: TlsAcceptor) -> io::Result<Option<Socket>> {
        let mut first = [0];
        if socket.peek(&mut first).await? == 0 {
            return Ok(None); // a probe that only looks whether the port is open
        }
        if first[0] != HANDSHAKE {
            let detail = "this port speaks TLS: begin the URL with https://";
            let answer = rejection_bytes(Rejection::Tls, detail, &self.plane.live.snapshot(), false);
            socket.write_all(&answer).await?;
            socket.shutdown().await?;
            return Err(io::Error::other("the caller speaks plain HTTP"));
        }
        acceptor.accept(socket).await.map(|stream| Some(Socket::Tls(Box::new(stream))))
    }
}
