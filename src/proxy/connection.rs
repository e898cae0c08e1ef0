//! A data connection from its first byte to its last.
//!
//! The connection is ours: time-outs over the whole head, the limits on it, the strict front, inspected bodies, and the
//! wait for the next request. Each request that passes is handed to pingora with its bytes unchanged (or repaired where
//! the RFC says so), through a stream that ends where the request ends; then the connection comes back.

mod read_head;
mod undecided;

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::HeaderValue;
use pingora::apps::HttpServerApp as _;
use pingora::protocols::http::ServerSession;
use pingora::proxy::HttpProxy;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::DataPlane;
use super::alarm::Alarm;
use super::budget::Share;
use super::context::{BodyPlan, Handed, Request};
use super::decide::{self, Arrival, Plan};
use super::exchange::Exchange;
use super::front::{self, Framing, Passed};
use super::head::{self, RawHead, Refusal};
use super::inspect::{Broken, Inspected, inspect};
use super::phases::Phases;
use super::replay::Replay;
use crate::live::Snapshot;
use crate::settings::Limits;
use crate::stubs::request::{BodyView, RequestView};
use crate::words::Rejection;
use read_head::{HeadRead, read_head};

/// A request of this length leaves in one go: every send buffer takes it.
const ALWAYS_FITS: usize = 4 << 10;

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
}

/// A request at the end of its head.
struct Arrived<'c> {
    snapshot: Arc<Snapshot>,
    started: Instant,
    peer: &'c Peer,
    exchange: &'c Arc<Exchange>,
}

/// A head that passed, and what is to be done if its body need not be looked at first.
struct Admitted {
    passed: Passed,
    /// The head as it goes on.
    head: Bytes,
    decided: Option<(Plan, Box<Request>)>,
}

impl Connections {
    /// Serves connections by this proxy.
    pub fn new(proxy: HttpProxy<Phases>, plane: Arc<DataPlane>) -> Self {
        Connections { proxy: Arc::new(proxy), plane }
    }

    /// Serves one connection to its end. `drain` turns true when no further request is taken.
    pub async fn serve(&self, socket: TcpStream, peer: SocketAddr, drain: watch::Receiver<bool>) {
        let _guard = PanicGuard(&self.plane);
        let value = HeaderValue::try_from(peer.ip().to_canonical().to_string());
        let peer = Peer { address: peer, value: value.unwrap_or(HeaderValue::from_static("unknown")) };
        let mut stream = Box::new(Replay::new(socket, peer.address));
        let mut told = drain.clone();
        let mut draining = pin!(async move { drop(told.wait_for(|drain| *drain).await) });
        let mut alarm = pin!(Alarm::default());
        let mut limits = self.plane.live.snapshot().settings.limits;
        let mut due = Instant::now() + limits.head_timeout;
        loop {
            let head = read_head(&mut stream, &limits, &mut due, alarm.as_mut(), draining.as_mut()).await;
            let started = Instant::now();
            let snapshot = self.plane.live.snapshot();
            limits = snapshot.settings.limits;
            let length = match head {
                HeadRead::Complete(length) => length,
                HeadRead::Over => return,
                HeadRead::Refused(refusal) => {
                    let head = Bytes::copy_from_slice(stream.input());
                    let exchange = stream.exchange().clone();
                    let arrived = Arrived { snapshot, started, peer: &peer, exchange: &exchange };
                    return self.reject(stream, &head, &arrived, refusal).await;
                }
            };
            let Some(back) = self.request(stream, length, snapshot, started, &peer, &drain).await else { return };
            stream = back;
            if !stream.is_between_requests() {
                return;
            }
            due = Instant::now() + limits.keepalive_timeout;
        }
    }

    /// Serves one request, of whose head the first `length` bytes are there; gives the connection back if it lives on.
    async fn request(
        &self,
        mut stream: Box<Replay>,
        length: usize,
        snapshot: Arc<Snapshot>,
        started: Instant,
        peer: &Peer,
        drain: &watch::Receiver<bool>,
    ) -> Option<Box<Replay>> {
        let limits = snapshot.settings.limits;
        let exchange = stream.exchange().clone();
        let arrived = Arrived { snapshot, started, peer, exchange: &exchange };
        let raw = stream.take(length).freeze();
        let Admitted { passed, mut head, decided } = match self.admit(&raw, &arrived) {
            Ok(admitted) => admitted,
            Err(refusal) => {
                self.reject(stream, &raw, &arrived, refusal).await;
                return None;
            }
        };
        exchange.reset(limits.request_body);
        let mut inspected = Inspected::unread(passed.framing);
        let mut held_back = passed.expects_continue;
        let (plan, mut request) = match decided {
            Some(decided) => decided,
            None => {
                if held_back && may_read(passed.framing, &limits) {
                    // The caller waits for this; pingora must not ask again, nor pass the question on.
                    if stream.send(b"HTTP/1.1 100 Continue\r\n\r\n").await.is_err() {
                        return self.lost(&head, &arrived);
                    }
                    head = head::without_expectation(&head);
                    held_back = false;
                }
                let share = Share::of(&self.plane.budget);
                inspected = match inspect(&mut stream, passed.framing, &limits, share).await {
                    Ok(inspected) => inspected,
                    Err(Broken::Left) => return self.lost(&head, &arrived),
                    Err(broken @ (Broken::Malformed | Broken::TooLarge)) => {
                        let refusal = match broken {
                            Broken::TooLarge => Refusal {
                                rejection: Rejection::BodyTooLarge,
                                detail: "the body is longer than limits.request_body",
                            },
                            _ => Refusal {
                                rejection: Rejection::Chunk,
                                detail: "the chunked framing of the body is malformed",
                            },
                        };
                        self.reject(stream, &head, &arrived, refusal).await;
                        return None;
                    }
                };
                let body = match &inspected.body {
                    Some(Ok(body)) => BodyView::Whole(body),
                    Some(Err(fault)) => BodyView::Unusable(*fault),
                    None => BodyView::Whole(b""), // whoever inspects says one or the other
                };
                let (plan, mut request) = self.decide(&head::parse(&head).ok()?, &arrived, body)?;
                request.share = inspected.share.take();
                (plan, request)
            }
        };
        if let Some(forward) = &mut request.forward {
            head = forward.edits.rewrite(head);
            forward.small = passed.framing == Framing::None && head.len() <= ALWAYS_FITS;
        }
        let handed = Handed {
            plan,
            request,
            body: match inspected.body {
                _ if held_back => BodyPlan::Leave,
                _ if passed.framing == Framing::None => BodyPlan::Leave,
                Some(Ok(_)) => BodyPlan::Drain(usize::MAX), // it is in memory already
                _ => BodyPlan::Drain(limits.early_drain),
            },
            // Nothing of a body is read where there is none, and a tunnel may rest.
            read_timeout: (passed.framing != Framing::None).then_some(limits.body_timeout),
            is_http10: passed.is_http10,
            draining: *drain.borrow(),
        };
        stream.hand_over(head, inspected.again, inspected.fence, limits.body_timeout);
        drop(arrived); // no snapshot is held while the request takes its time
        let mut session = ServerSession::new_http1(stream);
        session.set_read_timeout(None); // the head is there
        session.set_connection_user_context(Some(Box::new(handed)));
        let (back, _) = self.proxy.process_new_http(session, drain).await?.consume();
        back.into_any().downcast::<Replay>().ok()
    }

    /// Parses and checks a head, and decides, if a stub does not ask for the body first.
    fn admit(&self, raw: &Bytes, arrived: &Arrived<'_>) -> Result<Admitted, Refusal> {
        let parsed = head::parse(raw)?;
        let mut passed = front::check(&parsed, arrived.snapshot.settings.limits.request_body)?;
        let body = if passed.framing == Framing::None { BodyView::Whole(b"") } else { BodyView::Unread };
        let (head, decided) = match passed.repaired.take() {
            None => (raw.clone(), self.decide(&parsed, arrived, body)),
            Some(repaired) => {
                let head = Bytes::from(repaired);
                let decided = self.decide(&head::parse(&head)?, arrived, body);
                (head, decided)
            }
        };
        Ok(Admitted { passed, head, decided })
    }

    fn decide(&self, head: &RawHead<'_>, arrived: &Arrived<'_>, body: BodyView<'_>) -> Option<(Plan, Box<Request>)> {
        let arrival = Arrival {
            snapshot: &arrived.snapshot,
            started: arrived.started,
            peer: arrived.peer.address,
            peer_value: &arrived.peer.value,
            head: head.bytes,
            target: head.target,
            protocol: head.protocol(),
            exchange: arrived.exchange,
        };
        // The strict front has refused every path without a normal form.
        let view = RequestView::new(head.method, head.target, &head.fields, body).ok()?;
        decide::decide(&self.plane, &arrival, &view.from_peer(arrived.peer.address.ip()))
    }
}

/// Whether a body of this framing will be read at all: a longer one is left to the upstream, question included.
fn may_read(framing: Framing, limits: &Limits) -> bool {
    match framing {
        Framing::Length(length) => length <= limits.match_body as u64,
        Framing::None | Framing::Chunked => true,
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
