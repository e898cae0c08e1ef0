//! Connections to upstreams that pingora does not make itself: those with TLS, and those of requests that ask for another
//! protocol.
//!
//! TLS is ours, because pingora's own makes the future of every request ten kilobytes larger, which are copied for each,
//! with TLS or without.
//!
//! pingora sends the end of an empty request body after the head, and takes it for the end of the tunnel if it has read
//! the 101 before (its issue 946, open in 0.9.1). An upstream beside us is fast enough for that. So what it answers to
//! the head is held back, first for a moment that begins with the first try to read, and then for one more turn of the
//! task: however long the machine lets us wait, the end of the body is there by then, and the turn is left to it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use pingora::connectors::L4Connect;
use pingora::protocols::l4::socket;
use pingora::protocols::l4::stream::Stream;
use pingora::protocols::l4::virt::{VirtualSockOpt, VirtualSocket, VirtualSocketStream};
use pingora::{BError, Error, ErrorType, OrErr as _, Result};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::exchange::Exchange;
use crate::live::UpstreamState;

/// How long an answer is held back. The end of the body is sent on in the same turn as the first try to read.
const HOLD: Duration = Duration::from_millis(2);

/// Connects to an upstream.
#[derive(Debug)]
pub struct Dial {
    /// The upstream.
    pub upstream: Arc<UpstreamState>,
    /// Whether HTTP/2 will be spoken.
    pub http2: bool,
    /// The request that asks for another protocol, if this is its connection.
    pub held_back_for: Option<Arc<Exchange>>,
}

#[async_trait]
impl L4Connect for Dial {
    async fn connect(&self, address: &socket::SocketAddr) -> Result<Stream> {
        let Some(address) = address.as_inet() else { return Err(Error::new_up(ErrorType::ConnectNoRoute)) };
        let limit = self.upstream.settings.connect_timeout;
        let socket = tokio::time::timeout(limit, self.dial(address)).await;
        let socket = socket.unwrap_or_else(|_| Err(Error::new_up(ErrorType::ConnectTimedout)))?;
        let socket = match &self.held_back_for {
            None => socket,
            Some(exchange) => Box::new(Held { socket, exchange: exchange.clone(), hold: Hold::Over }),
        };
        Ok(Stream::from(VirtualSocketStream::new(socket)))
    }
}

impl Dial {
    async fn dial(&self, address: &SocketAddr) -> Result<Box<dyn VirtualSocket>> {
        let socket = TcpStream::connect(address).await.map_err(|error| -> BError {
            let kind = match error.kind() {
                io::ErrorKind::ConnectionRefused => ErrorType::ConnectRefused,
                _ => ErrorType::ConnectError,
            };
            Error::because(kind, "connecting to an upstream", error).into_up()
        })?;
        let _ = socket.set_nodelay(true);
        if self.upstream.settings.tls.is_none() {
            return Ok(Box::new(Plain(socket)));
        }
        let Some(dialer) = &self.upstream.dialer else { return Err(Error::new_up(ErrorType::TLSHandshakeFailure)) };
        let config = if self.http2 { &dialer.http2 } else { &dialer.http1 };
        let stream = TlsConnector::from(config.clone()).connect(dialer.name.clone(), socket).await;
        let stream =
            stream.or_err(ErrorType::TLSHandshakeFailure, "with an upstream").map_err(|error| error.into_up())?;
        if self.http2 && stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err(Error::new_up(ErrorType::H2Downgrade));
        }
        Ok(Box::new(Secure(stream)))
    }
}

/// A socket as pingora takes it.
macro_rules! virtual_socket {
    ($(#[doc = $about:literal])+ $name:ident($stream:ty)) => {
        $(#[doc = $about])+
        #[derive(Debug)]
        struct $name($stream);

        impl VirtualSocket for $name {
            fn set_socket_option(&self, _option: VirtualSockOpt) -> io::Result<()> {
                Ok(()) // pingora asks for no delay, which is set
            }
        }

        impl AsyncRead for $name {
            fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut self.0).poll_read(cx, out)
            }
        }

        impl AsyncWrite for $name {
            fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.0).poll_write(cx, bytes)
            }

            fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut self.0).poll_flush(cx)
            }

            fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut self.0).poll_shutdown(cx)
            }
        }
    };
}

virtual_socket! {
    /// A socket without TLS.
    Plain(TcpStream)
}

virtual_socket! {
    /// A socket behind a finished handshake.
    Secure(TlsStream<TcpStream>)
}

/// A socket that gives an answer a moment after it was asked, until the other protocol is spoken.
struct Held {
    socket: Box<dyn VirtualSocket>,
    exchange: Arc<Exchange>,
    hold: Hold,
}

/// How far the wait for an answer is.
enum Hold {
    /// The head was sent, and nobody has tried to read.
    Sent,
    /// Somebody has.
    Waits(Pin<Box<Sleep>>),
    /// Reading is free.
    Over,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held").field("socket", &self.socket).finish_non_exhaustive()
    }
}

impl VirtualSocket for Held {
    fn set_socket_option(&self, _option: VirtualSockOpt) -> io::Result<()> {
        Ok(()) // pingora asks for no delay, which is set
    }
}

impl AsyncRead for Held {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if matches!(self.hold, Hold::Sent) {
            self.hold = Hold::Waits(Box::pin(sleep(HOLD)));
        }
        if let Hold::Waits(sleep) = &mut self.hold {
            ready!(sleep.as_mut().poll(cx));
            self.hold = Hold::Over;
            // What became ready meanwhile comes first.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Pin::new(&mut self.socket).poll_read(cx, out)
    }
}

impl AsyncWrite for Held {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if !self.exchange.is_upgraded() {
            self.hold = Hold::Sent;
        }
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
