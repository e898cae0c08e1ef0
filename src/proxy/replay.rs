//! The stream between a socket and pingora: it gives back what was read, and fences pingora off from the next request.
//!
//! We read heads (and inspected bodies) ourselves, then let pingora read the same bytes again. Behind the end of the
//! message the fence closes: pingora sees a quiet connection, while a pipelined request stays ours and a caller that
//! leaves is still noticed. Here is the reading side; [`write`] gathers what is written, and [`close`] lets go of the
//! socket.

mod close;
mod frames;
mod stream;
mod write;

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Buf as _, Bytes, BytesMut};
use pingora::protocols::SocketDigest;
use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};

use super::alarm::Alarm;
use super::chunked::ChunkScanner;
use super::exchange::Exchange;
use super::socket::Socket;
use crate::words::Rejection;
use frames::Frames;

/// How much of a pipelined request is taken in behind a closed fence. More stays in the socket's buffer, and TCP holds
/// the caller back.
const AHEAD: usize = 64 << 10;
/// How long a few bytes of our own may take to leave: a caller who reads nothing holds no connection with them.
const SEND: Duration = Duration::from_secs(10);
/// How much is read at once.
pub const READ: usize = 16 << 10;
/// How much is read at once of a head: few are longer, and every connection that waits keeps as much.
pub const READ_HEAD: usize = 4 << 10;

/// What pingora may still read.
#[derive(Debug)]
pub enum Fence {
    /// Nothing: nobody knows where the message ends.
    Lost,
    /// So many bytes of the body.
    Length(u64),
    /// A chunked body to its end.
    Chunked(ChunkScanner),
    /// Everything: another protocol has its own frames.
    Open,
}

/// The stream between a socket and pingora.
pub struct Replay {
    socket: Option<Socket>,
    /// What is read again before anything else: the head, and a body that was inspected.
    again: [Bytes; 2],
    /// What was read from the socket and not yet handed on.
    input: BytesMut,
    fence: Fence,
    /// Whether the caller has sent its last byte.
    ended: bool,
    output: BytesMut,
    /// Whether TLS may hold some of what was written.
    unflushed: bool,
    /// How long the caller may take nothing of what is written.
    patience: Duration,
    /// When the patience ends, while the caller takes nothing.
    due: Option<Instant>,
    alarm: Alarm,
    /// Where frames end, once a WebSocket is spoken.
    frames: Option<Frames>,
    said_goodbye: bool,
    /// Whether anything was answered: only then an early close may cost somebody an answer.
    answered: bool,
    exchange: Arc<Exchange>,
    digest: Arc<SocketDigest>,
}

impl Replay {
    /// A stream over a fresh connection.
    pub fn new(socket: Socket, peer: SocketAddr) -> Self {
        let digest = SocketDigest::from_raw_fd(socket.as_raw_fd());
        let _ = digest.peer_addr.set(Some(peer.into()));
        Replay {
            socket: Some(socket),
            again: [Bytes::new(), Bytes::new()],
            input: BytesMut::new(),
            fence: Fence::Length(0),
            ended: false,
            output: BytesMut::new(),
            unflushed: false,
            patience: SEND,
            due: None,
            alarm: Alarm::default(),
            frames: None,
            said_goodbye: false,
            answered: false,
            exchange: Arc::default(),
            digest: Arc::new(digest),
        }
    }

    /// What is shared with the request under way.
    pub fn exchange(&self) -> &Arc<Exchange> {
        &self.exchange
    }

    /// What was read and not yet handed on.
    pub fn input(&self) -> &BytesMut {
        &self.input
    }

    /// The first bytes of the input, and where an answer to them is gathered.
    pub fn halves(&mut self, length: usize) -> (&[u8], &mut BytesMut) {
        (&self.input[..length], &mut self.output)
    }

    /// Lets go of the first bytes of the input.
    pub fn forget(&mut self, length: usize) {
        self.input.advance(length);
    }

    /// Takes the first bytes of the input.
    pub fn take(&mut self, length: usize) -> BytesMut {
        self.input.split_to(length)
    }

    /// Makes room for a body of this length, so that it arrives in one piece.
    pub fn expect(&mut self, length: usize) {
        self.input.reserve(length.saturating_sub(self.input.len()));
    }

    /// Reads more input, about `room` bytes at most; 0 at the caller's last byte.
    ///
    /// # Errors
    /// Where the connection broke.
    pub async fn fill(&mut self, room: usize) -> io::Result<usize> {
        if self.ended {
            return Ok(0);
        }
        let Some(socket) = &mut self.socket else { return Ok(0) };
        if self.input.capacity() - self.input.len() < room / 4 {
            self.input.reserve(room);
        }
        let count = socket.read_buf(&mut self.input).await?;
        self.ended = count == 0;
        Ok(count)
    }

    /// Gives pingora this head and body again, and then what the fence allows. `patience` is how long the caller may
    /// take nothing of the answer.
    pub fn hand_over(&mut self, head: Bytes, body: Bytes, fence: Fence, patience: Duration) {
        self.again = [head, body];
        self.fence = fence;
        self.patience = patience;
    }

    /// Gives pingora everything that comes, beginning with what was read already.
    pub fn open(&mut self, patience: Duration) {
        self.fence = Fence::Open;
        self.patience = patience;
    }

    /// Whether the request is behind us, so that the next may be read.
    pub fn is_between_requests(&self) -> bool {
        self.again.iter().all(Bytes::is_empty)
            && !self.exchange.is_upgraded()
            && match &self.fence {
                Fence::Lost | Fence::Open => false,
                Fence::Length(left) => *left == 0,
                Fence::Chunked(scanner) => scanner.is_done() && self.exchange.fault().is_none(),
            }
    }

    /// Ends when the caller is gone.
    pub async fn left(&mut self) {
        // Whatever it says, nobody is there any more.
        let _ = poll_fn(|cx| self.poll_quiet(cx)).await;
    }

    /// Gives the message up: what else the caller sends is read away before the connection closes.
    pub fn give_up(&mut self) {
        self.fence = Fence::Lost;
    }

    /// Reads from the socket into the input; how much came.
    fn poll_fill(&mut self, cx: &mut Context<'_>, room: usize) -> Poll<io::Result<usize>> {
        let Some(socket) = &mut self.socket else { return Poll::Ready(Ok(0)) };
        if self.input.capacity() - self.input.len() < room / 4 {
            self.input.reserve(room);
        }
        let count = ready!(pin!(socket.read_buf(&mut self.input)).poll(cx))?;
        self.ended |= count == 0;
        Poll::Ready(Ok(count))
    }

    /// Behind the end of a message: nothing is given, but a caller that leaves is noticed. A caller that has queued a
    /// request wants its answers, and so is taken to be there.
    fn poll_quiet(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.ended && self.input.len() < AHEAD {
            ready!(self.poll_fill(cx, READ_HEAD))?;
        }
        if self.ended && self.input.is_empty() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// Gives what a length or nobody limits.
    fn poll_plain(&mut self, cx: &mut Context<'_>, out: &mut ReadBuf<'_>, left: u64) -> Poll<io::Result<()>> {
        let before = out.filled().len();
        let room = usize::try_from(left).unwrap_or(usize::MAX).min(out.remaining());
        if self.input.is_empty() && !self.ended && room == out.remaining() {
            let Some(socket) = &mut self.socket else { return Poll::Ready(Ok(())) };
            ready!(Pin::new(socket).poll_read(cx, out))?;
            self.ended = out.filled().len() == before;
        } else {
            if self.input.is_empty() && !self.ended {
                ready!(self.poll_fill(cx, READ))?;
            }
            let take = room.min(self.input.len());
            out.put_slice(&self.input[..take]);
            self.input.advance(take);
        }
        if let Fence::Length(left) = &mut self.fence {
            *left = left.saturating_sub((out.filled().len() - before) as u64); // 0 stays 0 for another protocol
        }
        Poll::Ready(Ok(()))
    }

    /// Gives chunked framing as it came, up to its end. Where it is malformed or too long, pingora is given a line that
    /// no chunk begins with, so that it answers instead of forwarding what it might read otherwise.
    fn poll_chunked(&mut self, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.input.is_empty() && !self.ended {
            ready!(self.poll_fill(cx, READ))?;
        }
        let Fence::Chunked(scanner) = &mut self.fence else { return Poll::Ready(Ok(())) };
        let offered = out.remaining().min(self.input.len());
        let fault = match scanner.feed(&self.input[..offered], |_| {}) {
            Ok(_) if scanner.length() > self.exchange.max_body() => Rejection::BodyTooLarge,
            Ok(used) => {
                out.put_slice(&self.input[..used]);
                self.input.advance(used);
                return Poll::Ready(Ok(()));
            }
            Err(_) => Rejection::Chunk,
        };
        self.exchange.set_fault(fault);
        let poison = b"?\r\n\r\n";
        out.put_slice(&poison[..poison.len().min(out.remaining())]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Replay {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.frames.is_some() {
            this.say_goodbye();
        }
        // Whoever waits for input has nothing more to write for now: what was gathered leaves, so that a slow answer
        // of known length arrives as it is made.
        if (!this.output.is_empty() || this.unflushed)
            && let Poll::Ready(Err(error)) = this.poll_drain(cx)
        {
            return Poll::Ready(Err(error));
        }
        if let Some(again) = this.again.iter_mut().find(|again| !again.is_empty()) {
            let take = again.len().min(out.remaining());
            out.put_slice(&again[..take]);
            again.advance(take);
            if again.is_empty() {
                *again = Bytes::new(); // lets the memory go
            }
            return Poll::Ready(Ok(()));
        }
        // Behind the message comes the other protocol, once the upstream has agreed to it.
        let behind = |this: &mut Replay, cx: &mut Context<'_>, out: &mut ReadBuf<'_>| match this.exchange.is_upgraded()
        {
            true => this.poll_plain(cx, out, u64::MAX),
            false => this.poll_quiet(cx),
        };
        match &this.fence {
            Fence::Length(0) => behind(this, cx, out),
            Fence::Length(left) => {
                let left = *left;
                this.poll_plain(cx, out, left)
            }
            Fence::Lost => this.poll_quiet(cx),
            Fence::Open => this.poll_plain(cx, out, u64::MAX),
            Fence::Chunked(scanner) if scanner.is_done() => behind(this, cx, out),
            Fence::Chunked(_) => this.poll_chunked(cx, out),
        }
    }
}
