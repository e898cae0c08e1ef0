//! The way to an upstream for a request that asks for another protocol.
//!
//! pingora sends the end of an empty request body after the head, and takes it for the end of the tunnel if it has read
//! the 101 before (its issue 946, open in 0.9.1). An upstream beside us is fast enough for that. So what it answers to
//! the head is held back for a moment, in which the end of the body has long been seen.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use pingora::connectors::L4Connect;
use pingora::protocols::l4::socket::SocketAddr;
use pingora::protocols::l4::stream::Stream;
use pingora::protocols::l4::virt::{VirtualSockOpt, VirtualSocket, VirtualSocketStream};
use pingora::{Error, ErrorType, OrErr as _, Result};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use super::exchange::Exchange;

/// How long an answer is held back. The end of the body is seen in the same turn as the first try to read.
const HOLD: Duration = Duration::from_millis(2);

/// Connects for one request.
#[derive(Debug)]
pub struct Tunnel {
    /// What is shared with the request.
    pub exchange: Arc<Exchange>,
    /// How long connecting may take.
    pub limit: Duration,
}

#[async_trait]
impl L4Connect for Tunnel {
    async fn connect(&self, address: &SocketAddr) -> Result<Stream> {
        let Some(address) = address.as_inet() else { return Err(Error::new_up(ErrorType::ConnectNoRoute)) };
        let socket = match tokio::time::timeout(self.limit, TcpStream::connect(address)).await {
            Err(_) => return Err(Error::new_up(ErrorType::ConnectTimedout)),
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                return Err(Error::because(ErrorType::ConnectRefused, "for a tunnel", error));
            }
            Ok(connected) => connected.or_err(ErrorType::ConnectError, "for a tunnel")?,
        };
        let _ = socket.set_nodelay(true);
        let held = Held { socket, exchange: self.exchange.clone(), hold: None };
        Ok(Stream::from(VirtualSocketStream::new(Box::new(held))))
    }
}

/// A socket that gives an answer a moment after it was asked, until the other protocol is spoken.
struct Held {
    socket: TcpStream,
    exchange: Arc<Exchange>,
    hold: Option<Pin<Box<Sleep>>>,
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
        if let Some(hold) = &mut self.hold {
            ready!(hold.as_mut().poll(cx));
            self.hold = None;
        }
        Pin::new(&mut self.socket).poll_read(cx, out)
    }
}

impl AsyncWrite for Held {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if !self.exchange.is_upgraded() {
            self.hold = Some(Box::pin(sleep(HOLD)));
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
