//! The writing side: writes are gathered, so that the head and the body of a short answer leave in one system call, and
//! the `Date` that pingora puts over that of a forwarded answer is put right.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::frames::{Frames, GOING_AWAY};
use super::{Replay, SEND, Socket};

/// How much is gathered before it is written.
const GATHER: usize = 16 << 10;

impl Replay {
    /// Where an answer is gathered, to be sent by [`Self::send_rest`].
    pub fn output(&mut self) -> &mut BytesMut {
        &mut self.output
    }

    /// Writes bytes of our own and sees them off.
    ///
    /// # Errors
    /// Where the connection broke.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.answered = true;
        let Some(socket) = &mut self.socket else { return Err(io::ErrorKind::NotConnected.into()) };
        let sent = tokio::time::timeout(SEND, socket.write_all(bytes)).await;
        sent.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Sends what was gathered and then the rest, as far as the socket takes it at once, in one system call; says from
    /// which byte on the rest is still to be sent, `None` where all has left.
    ///
    /// # Errors
    /// Where the connection broke.
    pub fn send_now(&mut self, rest: &[u8]) -> io::Result<Option<usize>> {
        self.answered = true;
        let Some(Socket::Plain(socket)) = &self.socket else { return Ok(Some(0)) };
        let written = match rest {
            [] => socket.try_write(&self.output),
            rest => socket.try_write_vectored(&[IoSlice::new(&self.output), IoSlice::new(rest)]),
        };
        match written {
            Ok(count) if count == self.output.len() + rest.len() => {
                self.output.clear();
                Ok(None)
            }
            Ok(count) => {
                let gathered = count.min(self.output.len());
                self.output.advance(gathered);
                Ok(Some(count - gathered))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Some(0)),
            Err(error) => Err(error),
        }
    }

    /// Sends what was gathered, and what else there is.
    ///
    /// # Errors
    /// Where the connection broke, or the caller took nothing for too long.
    pub async fn send_rest(&mut self, rest: Option<&[u8]>) -> io::Result<()> {
        let rest = rest.unwrap_or_default();
        let Some(at) = self.send_now(rest)? else { return Ok(()) };
        poll_fn(|cx| self.poll_drain(cx)).await?;
        self.write_all(&rest[at..]).await?;
        self.flush().await
    }

    /// Says that nothing more comes.
    pub async fn close(&mut self) {
        // A caller that is gone already is no concern.
        let _ = self.shutdown().await;
    }

    /// How long the caller may take nothing of what is written.
    pub fn be_patient(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Writes what was gathered.
    pub(super) fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.output.is_empty() {
            let Some(socket) = &mut self.socket else { return Poll::Ready(Err(io::ErrorKind::NotConnected.into())) };
            let written = Pin::new(socket).poll_write(cx, &self.output);
            let count = ready!(self.in_time(cx, written))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.output.advance(count);
            self.unflushed = self.socket.as_ref().is_some_and(Socket::is_secure);
        }
        // TLS keeps records that the system would not take.
        if self.unflushed
            && let Some(socket) = &mut self.socket
        {
            let flushed = Pin::new(socket).poll_flush(cx);
            ready!(self.in_time(cx, flushed))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Follows what is written into a tunnel; true where nothing more may be written.
    fn follow(&mut self, bytes: &[u8]) -> bool {
        match &mut self.frames {
            None => {
                let begins = bytes.starts_with(b"HTTP/1.1 101 ") && agrees_on_websocket(bytes);
                self.frames = begins.then(Frames::default);
                // What stands behind the head in the same piece belongs to the tunnel already.
                let behind = memchr::memmem::find(bytes, b"\r\n\r\n").map_or(&b""[..], |at| &bytes[at + 4..]);
                if let Some(frames) = &mut self.frames {
                    frames.follow(behind);
                }
                false
            }
            Some(_) if self.said_goodbye => true,
            Some(frames) => {
                frames.follow(bytes);
                false
            }
        }
    }

    /// Closes a WebSocket between two frames, once the sidecar stops. The caller answers with a close frame of its own,
    /// which passes and closes the other side.
    pub(super) fn say_goodbye(&mut self) {
        if let Some(frames) = &mut self.frames
            && self.exchange.is_cut()
            && frames.may_close()
        {
            frames.close();
            self.said_goodbye = true;
            self.output.extend_from_slice(&GOING_AWAY);
        }
    }

    /// Ends the wait for a caller who has taken nothing for too long. No timer is set while writing does not block.
    fn in_time<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.due = None;
            return written;
        }
        let due = *self.due.get_or_insert_with(|| Instant::now() + self.patience);
        ready!(self.alarm.poll_ring(cx, due));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for Replay {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.answered = true;
        if this.exchange.is_upgraded() && this.follow(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        if bytes.starts_with(b"HTTP/1.")
            && bytes.get(9) != Some(&b'1')
            && let Some(date) = this.exchange.take_date()
            && let Some((start, end)) = date_value(bytes)
        {
            this.output.extend_from_slice(&bytes[..start]);
            this.output.extend_from_slice(date.as_bytes());
            this.output.extend_from_slice(&bytes[end..]);
            return Poll::Ready(Ok(bytes.len()));
        }
        if this.output.len() + bytes.len() <= GATHER {
            this.output.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        ready!(this.poll_drain(cx))?;
        if bytes.len() <= GATHER {
            this.output.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        let Some(socket) = &mut this.socket else { return Poll::Ready(Err(io::ErrorKind::NotConnected.into())) };
        this.unflushed = socket.is_secure();
        let written = Pin::new(socket).poll_write(cx, bytes);
        this.in_time(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(cx))?;
        match &mut self.socket {
            Some(socket) => Pin::new(socket).poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(cx))?;
        match &mut self.socket {
            Some(socket) => Pin::new(socket).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        }
    }
}

/// Whether the head of an answer agrees on WebSocket.
fn agrees_on_websocket(head: &[u8]) -> bool {
    let lower = head.to_ascii_lowercase();
    memchr::memmem::find(&lower, b"\nsec-websocket-accept:").is_some()
}

/// Where the value of the `Date` field stands in a response head.
fn date_value(head: &[u8]) -> Option<(usize, usize)> {
    let mut line = memchr::memchr(b'\n', head)? + 1;
    loop {
        let end = line + memchr::memchr(b'\r', head.get(line..)?)?;
        if head[line..end].get(..5).is_some_and(|name| name.eq_ignore_ascii_case(b"date:")) {
            let value = head[line + 5..end].iter().position(|b| *b != b' ').map_or(end, |at| line + 5 + at);
            return Some((value, end));
        }
        if end == line {
            return None;
        }
        line = end + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_of_a_head_is_found_whatever_its_case_and_place() {
        for head in
            [&b"HTTP/1.1 200 OK\r\nDate: Thu\r\nA: b\r\n\r\n"[..], b"HTTP/1.1 200 OK\r\nA: b\r\ndate:Thu\r\n\r\n"]
        {
            let (start, end) = date_value(head).unwrap();
            assert_eq!(&head[start..end], b"Thu");
        }
        assert_eq!(date_value(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"), None);
        assert_eq!(date_value(b"HTTP/1.1 200 OK\r\nX-Date: b\r\n\r\nDate: x\r\n"), None);
    }
}
