//! An HTTP/2 request whose body a stub has asked for: what was read of it is given back to pingora.
//!
//! pingora lets no body of more than 64 KiB be read and then forwarded. A session of our own stands between it and the
//! stream: it gives what was read first, then what still comes. Everything else it hands through.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::HeaderMap;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::protocols::Digest;
use pingora::protocols::http::HttpTask;
use pingora::protocols::http::custom::CustomMessageWrite;
use pingora::protocols::http::custom::server::Session;
use pingora::protocols::http::v2::server::HttpSession;
use pingora::protocols::l4::socket::SocketAddr;
use pingora::{Error, ErrorType, Result};
use tokio::time::{Instant, timeout_at};

use super::budget::Share;
use super::inspect::Broken;
use crate::settings::Limits;
use crate::stubs::request::BodyFault;

/// An HTTP/2 stream of whose body something was read.
pub struct H2Body {
    session: HttpSession,
    seen: Bytes,
    /// Whether what was read was given back.
    given: bool,
    /// Whether what was read is all of it.
    whole: bool,
    /// Whether more than what was read was given on.
    beyond: bool,
    read_timeout: Option<Duration>,
}

/// What is known of a body, and the stream that gives it back.
pub struct Looked {
    /// The body, or why it cannot be looked at.
    pub body: Result<Bytes, BodyFault>,
    /// The stream.
    pub session: H2Body,
    /// The memory that it takes of the budget.
    pub share: Share,
}

/// Reads a body that a stub asks for.
///
/// # Errors
/// Where the caller leaves, or the body is longer than any may be; the stream comes back for an answer.
pub async fn inspect(
    session: HttpSession,
    length: Option<u64>,
    limits: &Limits,
    share: Share,
) -> Result<Looked, (HttpSession, Broken)> {
    let deadline = Instant::now() + limits.match_body_timeout;
    let most = limits.match_body;
    let session = H2Body { session, seen: Bytes::new(), given: false, whole: false, beyond: false, read_timeout: None };
    let mut looked = Looked { body: Err(BodyFault::TooLong), session, share };
    if length.is_some_and(|length| length > most as u64) {
        return Ok(looked);
    }
    let mut seen = BytesMut::with_capacity(length.map_or(0, |length| usize::try_from(length).unwrap_or(0)));
    looked.body = loop {
        let piece = match timeout_at(deadline, looked.session.session.read_body_bytes()).await {
            Err(_) => break Err(BodyFault::Timeout),
            Ok(Err(_)) => return Err((looked.session.session, Broken::Left)),
            Ok(Ok(None)) => {
                looked.session.whole = true;
                break Ok(Bytes::new());
            }
            Ok(Ok(Some(piece))) => piece,
        };
        seen.extend_from_slice(&piece);
        if limits.request_body.is_some_and(|most| seen.len() as u64 > most) {
            return Err((looked.session.session, Broken::TooLarge));
        }
        if seen.len() > most {
            break Err(BodyFault::TooLong);
        }
        if !looked.share.take(seen.len(), limits.match_body_total) {
            break Err(BodyFault::Budget);
        }
    };
    looked.session.seen = seen.freeze();
    looked.body = looked.body.map(|_| looked.session.seen.clone());
    Ok(looked)
}

impl H2Body {
    /// What was read, once.
    fn give(&mut self) -> Option<Bytes> {
        let first = !std::mem::replace(&mut self.given, true);
        (first && !self.seen.is_empty()).then(|| self.seen.clone())
    }

    async fn more(&mut self) -> Result<Option<Bytes>> {
        if self.whole {
            return Ok(None);
        }
        let read = self.session.read_body_bytes();
        let piece = match self.read_timeout {
            None => read.await?,
            Some(limit) => match tokio::time::timeout(limit, read).await {
                Ok(piece) => piece?,
                Err(_) => return Err(Error::new_down(ErrorType::ReadTimedout)),
            },
        };
        match &piece {
            Some(_) => self.beyond = true,
            None => self.whole = true,
        }
        Ok(piece)
    }
}

#[async_trait]
impl Session for H2Body {
    fn req_header(&self) -> &RequestHeader {
        self.session.req_header()
    }

    fn req_header_mut(&mut self) -> &mut RequestHeader {
        self.session.req_header_mut()
    }

    async fn read_body_bytes(&mut self) -> Result<Option<Bytes>> {
        match self.give() {
            Some(seen) => Ok(Some(seen)),
            None => self.more().await,
        }
    }

    async fn drain_request_body(&mut self) -> Result<()> {
        while self.read_body_bytes().await?.is_some() {}
        Ok(())
    }

    async fn write_response_header(&mut self, head: Box<ResponseHeader>, end: bool) -> Result<()> {
        self.session.write_response_header(head, end)
    }

    async fn write_response_header_ref(&mut self, head: &ResponseHeader, end: bool) -> Result<()> {
        self.session.write_response_header_ref(head, end)
    }

    async fn write_body(&mut self, data: Bytes, end: bool) -> Result<()> {
        self.session.write_body(data, end).await
    }

    async fn write_trailers(&mut self, trailers: HeaderMap) -> Result<()> {
        self.session.write_trailers(trailers)
    }

    async fn response_duplex_vec(&mut self, tasks: Vec<HttpTask>) -> Result<bool> {
        self.session.response_duplex_vec(tasks).await
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) {
        self.read_timeout = timeout;
    }

    fn get_read_timeout(&self) -> Option<Duration> {
        self.read_timeout
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) {
        self.session.set_write_timeout(timeout);
    }

    fn get_write_timeout(&self) -> Option<Duration> {
        self.session.get_write_timeout()
    }

    fn set_total_drain_timeout(&mut self, timeout: Option<Duration>) {
        self.session.set_total_drain_timeout(timeout);
    }

    fn get_total_drain_timeout(&self) -> Option<Duration> {
        self.session.get_total_drain_timeout()
    }

    fn request_summary(&self) -> String {
        self.session.request_summary()
    }

    fn response_written(&self) -> Option<&ResponseHeader> {
        self.session.response_written()
    }

    async fn shutdown(&mut self, _code: u32, _why: &str) {
        self.session.shutdown();
    }

    fn is_body_done(&mut self) -> bool {
        (self.given || self.seen.is_empty()) && (self.whole || self.session.is_body_done())
    }

    async fn finish(&mut self) -> Result<()> {
        self.session.finish()
    }

    fn is_body_empty(&mut self) -> bool {
        self.seen.is_empty() && (self.whole || self.session.is_body_empty())
    }

    async fn read_body_or_idle(&mut self, no_body_expected: bool) -> Result<Option<Bytes>> {
        if !no_body_expected && !self.is_body_done() {
            return self.read_body_bytes().await;
        }
        let reason = self.session.idle().await?;
        Error::e_explain(ErrorType::H2Error, format!("the caller closed the stream: {reason}"))
    }

    fn body_bytes_sent(&self) -> usize {
        self.session.body_bytes_sent()
    }

    fn body_bytes_read(&self) -> usize {
        self.session.body_bytes_read()
    }

    fn digest(&self) -> Option<&Digest> {
        self.session.digest()
    }

    fn digest_mut(&mut self) -> Option<&mut Digest> {
        self.session.digest_mut()
    }

    fn client_addr(&self) -> Option<&SocketAddr> {
        self.session.client_addr()
    }

    fn server_addr(&self) -> Option<&SocketAddr> {
        self.session.server_addr()
    }

    fn pseudo_raw_h1_request_header(&self) -> Bytes {
        self.session.pseudo_raw_h1_request_header()
    }

    fn enable_retry_buffering(&mut self) {}

    fn retry_buffer_truncated(&self) -> bool {
        self.beyond
    }

    fn get_retry_buffer(&self) -> Option<Bytes> {
        (self.given && !self.beyond && !self.seen.is_empty()).then(|| self.seen.clone())
    }

    async fn finish_custom(&mut self) -> Result<()> {
        Ok(())
    }

    fn take_custom_message_reader(
        &mut self,
    ) -> Option<Box<dyn Stream<Item = Result<Bytes>> + Unpin + Send + Sync + 'static>> {
        None
    }

    fn restore_custom_message_reader(
        &mut self,
        _reader: Box<dyn Stream<Item = Result<Bytes>> + Unpin + Send + Sync + 'static>,
    ) -> Result<()> {
        Ok(())
    }

    fn take_custom_message_writer(&mut self) -> Option<Box<dyn CustomMessageWrite>> {
        None
    }

    fn restore_custom_message_writer(&mut self, _writer: Box<dyn CustomMessageWrite>) -> Result<()> {
        Ok(())
    }
}
