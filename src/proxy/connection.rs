//! A data connection from its first byte to its last.
//!
//! The connection is ours: time-outs over the whole head, the limits on it, the strict front, inspected bodies, and the
//! wait for the next request. Each request that passes is handed to pingora with its bytes unchanged (or repaired where
//! the RFC says so), through a stream that ends where the request ends; then the connection comes back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use pingora::apps::HttpServerApp as _;
use pingora::protocols::http::ServerSession;
use pingora::proxy::HttpProxy;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout_at;

use super::DataPlane;
use super::answer::rejection_bytes;
use super::budget::Share;
use super::context::Prepared;
use super::front::{self, Framing, Passed, Refusal};
use super::inspect::{Inspected, inspect};
use super::phases::Phases;
use super::replay::{Fence, Replay};
use crate::calls::{Counting, Decision, Head, Outcome, Ticket};
use crate::live::Snapshot;
use crate::settings::Limits;
use crate::stubs::request::{BodyView, RequestView};
use crate::stubs::table::{Action, Inputs};
use crate::words::{Decided, Rejection};

/// Serves data connections.
pub struct Connections {
    proxy: Arc<HttpProxy<Phases>>,
    plane: Arc<DataPlane>,
}

/// How reading a head ended.
enum HeadRead {
    /// A head of this length is there.
    Complete(usize),
    /// Nothing more will come, or nobody waits for an answer.
    Over,
    /// The head broke a limit.
    Refused(Refusal),
}

impl Connections {
    /// Serves connections by this proxy.
    pub fn new(proxy: HttpProxy<Phases>, plane: Arc<DataPlane>) -> Self {
        Connections { proxy: Arc::new(proxy), plane }
    }

    /// Serves one connection to its end. `drain` turns true when no further request is taken.
    pub async fn serve(&self, socket: TcpStream, peer: SocketAddr, mut drain: watch::Receiver<bool>) {
        let _guard = PanicGuard(&self.plane);
        let mut stream = Replay::new(socket, peer);
        let mut first = true;
        loop {
            let limits = self.plane.live.snapshot().settings.limits;
            let length = match read_head(&mut stream, &limits, first, &mut drain).await {
                HeadRead::Complete(length) => length,
                HeadRead::Over => return,
                HeadRead::Refused(refusal) => {
                    let snapshot = self.plane.live.snapshot();
                    return self.reject(stream, &snapshot, refusal, Instant::now(), peer).await;
                }
            };
            first = false;
            let Some(back) = self.request(stream, length, peer, &drain).await else { return };
            stream = back;
            if *drain.borrow() || !stream.is_between_requests() {
                return;
            }
        }
    }

    /// Serves one request, of whose head the first `length` bytes are there; gives the connection back if it lives on.
    async fn request(
        &self,
        mut stream: Replay,
        length: usize,
        peer: SocketAddr,
        drain: &watch::Receiver<bool>,
    ) -> Option<Replay> {
        let started = Instant::now();
        let snapshot = self.plane.live.snapshot();
        let limits = snapshot.settings.limits;
        let (passed, asks_body) = match self.look(&stream.input()[..length], &snapshot, peer) {
            Ok(found) => found,
            Err(refusal) => {
                self.reject(stream, &snapshot, refusal, started, peer).await;
                return None;
            }
        };
        let raw = stream.take(length).freeze();
        let mut head = passed.repaired.map_or(raw, Bytes::from);
        let mut inspected = Inspected::unread(passed.framing);
        let mut held_back = passed.expects_continue;
        if asks_body {
            if held_back && may_read(passed.framing, &limits) {
                // The caller waits for this; pingora must not ask again, nor pass the question on.
                if stream.send(b"HTTP/1.1 100 Continue\r\n\r\n").await.is_err() {
                    return None;
                }
                head = front::without_expectation(&head);
                held_back = false;
            }
            let share = Share::of(&self.plane.budget);
            inspected = match inspect(&mut stream, passed.framing, &limits, share).await {
                Ok(inspected) => inspected,
                Err(_) => {
                    let detail = "the chunked framing of the body is malformed";
                    let refusal = Refusal { rejection: Rejection::Chunk, detail };
                    self.reject_after(stream, &head, &snapshot, refusal, started, peer).await;
                    return None;
                }
            };
        }
        if passed.upgrade {
            inspected.fence = Fence::Open;
        }
        stream.exchange().reset(limits.request_body);
        let prepared = Prepared {
            snapshot,
            peer,
            started,
            body: inspected.body,
            has_body: passed.framing != Framing::None,
            held_back,
            is_http10: passed.is_http10,
            draining: *drain.borrow(),
            exchange: stream.exchange().clone(),
            _share: inspected.share,
        };
        stream.hand_over(head, inspected.again, inspected.fence);
        let mut session = ServerSession::new_http1(Box::new(stream));
        session.set_connection_user_context(Some(Box::new(prepared)));
        let (back, _) = self.proxy.process_new_http(session, drain).await?.consume();
        back.into_any().downcast::<Replay>().ok().map(|stream| *stream)
    }

    /// Parses and checks a head, and asks the stubs whether they want its body.
    fn look(&self, bytes: &[u8], snapshot: &Snapshot, peer: SocketAddr) -> Result<(Passed, bool), Refusal> {
        let head = front::parse(bytes)?;
        let passed = front::check(&head, snapshot.settings.limits.request_body)?;
        if passed.framing == Framing::None || passed.upgrade {
            return Ok((passed, false));
        }
        let asks = match &passed.repaired {
            None => asks_body(&head, snapshot, peer),
            Some(repaired) => asks_body(&front::parse(repaired)?, snapshot, peer),
        };
        Ok((passed, asks))
    }

    async fn reject(&self, stream: Replay, snapshot: &Snapshot, refusal: Refusal, started: Instant, peer: SocketAddr) {
        let head = Bytes::copy_from_slice(stream.input());
        self.reject_after(stream, &head, snapshot, refusal, started, peer).await;
    }

    /// Answers a request that goes no further, and closes the connection.
    async fn reject_after(
        &self,
        mut stream: Replay,
        head: &[u8],
        snapshot: &Snapshot,
        Refusal { rejection, detail }: Refusal,
        started: Instant,
        peer: SocketAddr,
    ) {
        let (method, target) = front::first_line(head);
        let method = String::from_utf8_lossy(&head[method]).into_owned();
        let redactor = &snapshot.redactor;
        let request = Head::request(&method, &head[target], "HTTP/1.1", front::told_fields(head), redactor);
        let mut decision = Decision::new(Decided::Rejected, snapshot.generation);
        decision.rejection = Some(rejection);
        let ticket = self.plane.open(
            snapshot,
            started,
            peer,
            request,
            decision,
            Counting { series: snapshot.series.clone(), mock: None, stub: None },
        );
        let answer = rejection_bytes(rejection, detail, snapshot, method == "HEAD");
        ticket.answered(rejection.status(), Head::response(front::told_fields(&answer), redactor));
        let sent = stream.send(&answer).await;
        tracing::debug!(reason = rejection.as_str(), %peer, sent = sent.is_ok(), "request rejected");
        ticket.close(Outcome::default());
    }
}

/// Whether a stub that may answer looks at the body.
fn asks_body(head: &front::RawHead<'_>, snapshot: &Snapshot, peer: SocketAddr) -> bool {
    let Ok(view) = RequestView::new(head.method, head.target, &head.fields, BodyView::Unread) else { return false };
    let view = view.from_peer(peer.ip());
    let inputs = Inputs { dice: 0, delay_cap: snapshot.settings.limits.delay };
    matches!(snapshot.table.decide(&view, &inputs).action, Action::NeedsBody)
}

/// Whether a body of this framing will be read at all: a longer one is left to the upstream, question included.
fn may_read(framing: Framing, limits: &Limits) -> bool {
    match framing {
        Framing::Length(length) => length <= limits.match_body as u64,
        Framing::None | Framing::Chunked => true,
    }
}

/// Waits for a complete head. A quiet connection may rest for the keep-alive time; once a byte of a head is there, the
/// whole head must follow within its own limit, also if it drips.
async fn read_head(stream: &mut Replay, limits: &Limits, first: bool, drain: &mut watch::Receiver<bool>) -> HeadRead {
    let now = tokio::time::Instant::now();
    let mut deadline = now + if first { limits.head_timeout } else { limits.keepalive_timeout };
    let mut begun = first;
    let mut seen = 0;
    loop {
        let empty = front::leading_empty_lines(stream.input());
        if empty > 0 {
            stream.take(empty);
            seen = 0;
        }
        let input = stream.input();
        let end = front::find_end(input, seen);
        if end.is_some_and(|end| end <= limits.head) {
            return HeadRead::Complete(end.unwrap_or(0));
        }
        if end.is_some() || input.len() > limits.head {
            let detail = "the head is longer than limits.head";
            return HeadRead::Refused(Refusal { rejection: Rejection::HeadTooLarge, detail });
        }
        seen = input.len();
        if !input.is_empty() && !begun {
            begun = true;
            deadline = tokio::time::Instant::now() + limits.head_timeout;
        }
        let idle = input.is_empty();
        if idle && *drain.borrow() {
            return HeadRead::Over;
        }
        tokio::select! {
            biased;
            filled = timeout_at(deadline, stream.fill()) => match filled {
                Ok(Ok(0) | Err(_)) => return HeadRead::Over,
                Ok(Ok(_)) => {}
                Err(_) if idle => return HeadRead::Over,
                Err(_) => {
                    let detail = "the head did not arrive within limits.head_timeout";
                    return HeadRead::Refused(Refusal { rejection: Rejection::HeadTimeout, detail });
                }
            },
            _ = drain.wait_for(|drain| *drain), if idle => return HeadRead::Over,
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

/// Opens tickets.
impl DataPlane {
    /// Opens the ticket of a call.
    pub fn open(
        &self,
        snapshot: &Snapshot,
        started: Instant,
        peer: SocketAddr,
        request: Head,
        decision: Decision,
        counting: Counting,
    ) -> Ticket {
        let access_log = snapshot.settings.call_log.access_log;
        Ticket::open(&self.log, self.lines.clone(), access_log, (started, peer), (request, decision), counting)
    }
}
