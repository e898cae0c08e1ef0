//! HTTP/1.1: requests one behind the other, each handed to pingora through a stream that ends where the request ends.

use std::pin::{Pin, pin};
use std::time::{Duration, Instant};

use bytes::Bytes;
use pingora::apps::HttpServerApp as _;
use pingora::protocols::http::ServerSession;
use tokio::sync::watch;

use super::admit::Admitted;
use super::look::{Further, Look};
use super::read_head::{HeadRead, read_head};
use super::{Arrived, Connections, Over, Peer, Stop};
use crate::proxy::alarm::Alarm;
use crate::proxy::budget::Share;
use crate::proxy::context::{BodyPlan, Handed};
use crate::proxy::decide::Plan;
use crate::proxy::exchange::Exchange;
use crate::proxy::front::Framing;
use crate::proxy::head::{self, Refusal};
use crate::proxy::inspect::{Broken, Inspected, inspect};
use crate::proxy::lane::{self, Clock};
use crate::proxy::replay::Replay;
use crate::proxy::reply;
use crate::settings::Limits;
use crate::stubs::request::BodyView;
use crate::words::Rejection;

/// A request of this length leaves in one go: every send buffer takes it.
const ALWAYS_FITS: usize = 4 << 10;

/// How long both ends of a tunnel have to answer a goodbye.
const GOODBYE: Duration = Duration::from_millis(500);

impl Connections {
    /// Serves a connection until it ends, or turns out to speak HTTP/2; then it is given back.
    pub(super) async fn serve_http1(
        &self,
        mut stream: Box<Replay>,
        peer: &Peer,
        stop: &Stop,
        mut draining: Pin<&mut impl Future<Output = ()>>,
    ) -> Option<Box<Replay>> {
        let mut alarm = pin!(Alarm::default());
        let mut clock = Clock::default();
        let mut limits = self.plane.live.snapshot().settings.limits;
        let mut due = Instant::now() + limits.head_timeout;
        // Over TLS the handshake has settled which protocol is spoken.
        let mut may_be_http2 = !peer.secure;
        loop {
            let head = read_head(&mut stream, &limits, &mut due, alarm.as_mut(), draining.as_mut(), may_be_http2).await;
            may_be_http2 = false;
            let started = Instant::now();
            let length = match head {
                HeadRead::Complete(length) => length,
                HeadRead::Http2 => return Some(stream),
                HeadRead::Over => return None,
                HeadRead::Refused(refusal) => {
                    self.refuse_head(stream, started, peer, refusal).await;
                    return None;
                }
            };
            match self.look(&mut stream, length, started, peer, &mut clock, &mut limits) {
                Look::Answered { at, closing: false } => {
                    due = at + limits.keepalive_timeout;
                    continue;
                }
                Look::Answered { closing: true, .. } => {
                    stream.close().await;
                    return None;
                }
                Look::Slow { slow, rest, closing } => {
                    if !slow.send(&mut stream, rest).await {
                        return None;
                    }
                    if closing {
                        stream.close().await;
                        return None;
                    }
                }
                Look::Further(further) => stream = self.request(stream, further, peer, &mut clock, stop).await?,
            }
            if !stream.is_between_requests() {
                return None;
            }
            due = Instant::now() + limits.keepalive_timeout;
        }
    }

    /// Refuses what is no head.
    async fn refuse_head(&self, stream: Box<Replay>, started: Instant, peer: &Peer, refusal: Refusal) {
        let snapshot = self.plane.live.snapshot();
        let head = Bytes::copy_from_slice(stream.input());
        let exchange = stream.exchange().clone();
        let arrived = Arrived { snapshot: &snapshot, started, peer, exchange: &exchange, over: Over::Http1 };
        self.reject(stream, &head, &arrived, refusal).await;
    }

    /// Serves one request; gives the connection back if it lives on.
    async fn request(
        &self,
        mut stream: Box<Replay>,
        further: Further,
        peer: &Peer,
        clock: &mut Clock,
        stop: &Stop,
    ) -> Option<Box<Replay>> {
        let Further { snapshot, started, raw, admitted } = further;
        let limits = snapshot.settings.limits;
        let exchange = stream.exchange().clone();
        let arrived = Arrived { snapshot: &snapshot, started, peer, exchange: &exchange, over: Over::Http1 };
        let Admitted { passed, repaired, plain, decided } = match admitted {
            Ok(admitted) => *admitted,
            Err(refusal) => {
                self.reject(stream, &raw, &arrived, refusal).await;
                return None;
            }
        };
        let mut head = repaired.unwrap_or(raw);
        exchange.reset(limits.request_body);
        let mut inspected = Inspected::unread(passed.framing);
        let mut held_back = passed.expects_continue;
        let (mut plan, mut request) = match decided {
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
        let mut tunnel = None;
        if let Some(forward) = &mut request.forward {
            head = forward.edits.rewrite(head);
            tunnel = forward.edits.upgrades().then_some(forward.upstream.settings.read_timeout);
            forward.small = tunnel.is_none() && passed.framing == Framing::None && head.len() <= ALWAYS_FITS;
        }
        let body = match inspected.body {
            _ if held_back => BodyPlan::Leave,
            _ if passed.framing == Framing::None => BodyPlan::Leave,
            Some(Ok(_)) => BodyPlan::Drain(usize::MAX), // it is in memory already
            _ => BodyPlan::Drain(limits.early_drain),
        };
        // Where a body is still to be read away, pingora reads it first.
        let body_is_here = passed.framing == Framing::None || matches!(inspected.body, Some(Ok(_)));
        drop(snapshot); // none is held while the request takes its time
        if body_is_here && !reply::wait_early(&mut plan, &mut request, stream.left()).await {
            return None;
        }
        let plan = match (plan, plain) {
            (Plan::Answer(local) | Plan::Deny(local), Some(plain)) => {
                stream.be_patient(limits.body_timeout);
                if lane::send(&self.plane, &mut stream, request, local, plain, clock).await {
                    return Some(stream);
                }
                stream.close().await;
                return None;
            }
            (plan, _) => plan,
        };
        let handed = Handed {
            plan,
            request,
            body,
            // Nothing of a body is read where there is none, and a tunnel may rest.
            read_timeout: (passed.framing != Framing::None).then_some(limits.body_timeout),
            is_http10: passed.is_http10,
            closes: passed.closes,
        };
        stream.hand_over(head, inspected.again, inspected.fence, limits.body_timeout);
        let mut session = ServerSession::new_http1(stream);
        session.set_read_timeout(None); // the head is there
        session.set_connection_user_context(Some(Box::new(handed)));
        let served = self.proxy.process_new_http(session, &stop.drain);
        let reused = match tunnel {
            None => served.await?,
            Some(limit) => may_be_tunnel(served, &exchange, stop.cut.clone(), limit).await?,
        };
        let (back, _) = reused.consume();
        back.into_any().downcast::<Replay>().ok()
    }
}

/// Serves a request that may become a tunnel: the upstream agrees or refuses in time, and a stop closes it in order.
async fn may_be_tunnel<T>(
    served: impl Future<Output = Option<T>>,
    exchange: &Exchange,
    mut cut: watch::Receiver<bool>,
    limit: Duration,
) -> Option<T> {
    let (mut served, mut due) = (pin!(served), pin!(tokio::time::sleep(limit)));
    let mut waiting = true;
    loop {
        tokio::select! {
            biased;
            served = served.as_mut() => return served,
            () = due.as_mut(), if waiting => match (exchange.is_cut(), exchange.is_answered()) {
                (true, _) => return None,
                (false, true) => waiting = false,
                (false, false) => {
                    exchange.be_late();
                    return None;
                }
            },
            Ok(_) = cut.wait_for(|cut| *cut), if !exchange.is_cut() => {
                // Polled once more, the stream sees it and says goodbye.
                exchange.cut();
                due.as_mut().reset(tokio::time::Instant::now() + GOODBYE);
                waiting = true;
            }
        }
    }
}

/// Whether a body of this framing will be read at all: a longer one is left to the upstream, question included.
fn may_read(framing: Framing, limits: &Limits) -> bool {
    match framing {
        Framing::Length(length) => length <= limits.match_body as u64,
        Framing::None | Framing::Chunked => true,
    }
}
