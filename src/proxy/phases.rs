//! The complete door: pingora's phases, in their order, and nothing else.
//!
//! `on_connection_reuse` is where pingora hands us what the connection prepared; it runs before any other phase.

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{DATE, TRANSFER_ENCODING};
use http::{HeaderName, StatusCode, Version};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::modules::http::HttpModules;
use pingora::protocols::http::ServerSession;
use pingora::proxy::{FailToProxy, ProxyHttp, ProxyWarnLogContext, Session};
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorType, Result};

use super::context::{BodyPlan, Context, Handed, Parcel};
use super::decide::Plan;
use super::{DataPlane, debug, failure, headers, reply, upstream};
use crate::calls::Head;
use crate::words::{Failure, Rejection};

/// The proxy as pingora calls it.
#[derive(Debug)]
pub struct Phases {
    plane: Arc<DataPlane>,
}

impl Phases {
    /// The phases of a data plane.
    pub fn new(plane: Arc<DataPlane>) -> Self {
        Phases { plane }
    }
}

#[async_trait]
impl ProxyHttp for Phases {
    type CTX = Context;

    fn new_ctx(&self) -> Context {
        Context::default()
    }

    fn init_downstream_modules(&self, _modules: &mut HttpModules) {
        // None: the default compression module costs 2,200 instructions per request, and nobody asks for it.
    }

    fn on_connection_reuse(&self, session: &mut Session, cx: &mut Context, handed: Box<dyn Any + Send + Sync>) {
        let Ok(handed) = handed.downcast::<Handed>() else { return };
        let Handed { plan, request, body, read_timeout, is_http10, closes } = *handed;
        session.set_read_timeout(read_timeout);
        if is_http10 {
            // HTTP/1.0 knows no interim answers (RFC 9110, section 15.2).
            if let ServerSession::H1(h1) = &mut *session.downstream_session {
                h1.set_ignore_info_resp(true);
            }
        }
        if closes {
            session.set_keepalive(None); // pingora looks at the first `Connection` field only
        }
        cx.request = Some(request);
        cx.plan = Some((plan, body));
    }

    async fn request_filter(&self, session: &mut Session, cx: &mut Context) -> Result<bool> {
        if cx.plan.is_none()
            && let Some(handed) = session.req_header().extensions.get::<Parcel>().and_then(Parcel::take)
        {
            cx.request = Some(handed.request);
            cx.plan = Some((handed.plan, handed.body));
        }
        match cx.plan.take() {
            Some((Plan::Answer(local), body)) => reply::answer(&self.plane, session, cx, local, body).await,
            Some((Plan::Deny(local), _)) => reply::answer(&self.plane, session, cx, local, BodyPlan::Leave).await,
            Some((Plan::Forward, _)) => Ok(false),
            Some((Plan::Fail, _)) | None => Err(Error::new_in(ErrorType::InternalError)),
        }
    }

    async fn upstream_peer(&self, _session: &mut Session, cx: &mut Context) -> Result<Box<HttpPeer>> {
        let Some(request) = &mut cx.request else { return Err(Error::new_in(ErrorType::InternalError)) };
        let Some(forward) = &mut request.forward else { return Err(Error::new_in(ErrorType::InternalError)) };
        forward.at.get_or_insert_with(Instant::now);
        request.passed = 0; // another try sends the body from its beginning
        match upstream::peer(forward, &request.exchange) {
            Some(peer) => Ok(peer),
            None => {
                self.plane.metrics.upstream_failed(&forward.upstream.settings.name, Failure::Dns);
                request.failure = Some(Failure::Dns);
                Err(Error::new_up(ErrorType::ConnectNoRoute))
            }
        }
    }

    fn fail_to_connect(&self, _: &mut Session, _: &HttpPeer, cx: &mut Context, mut error: Box<Error>) -> Box<Error> {
        if let Some(forward) = cx.request.as_mut().and_then(|request| request.forward.as_mut()) {
            let failure = upstream::failure(&error).unwrap_or(Failure::Connect);
            self.plane.metrics.upstream_failed(&forward.upstream.settings.name, failure);
            forward.tries += 1;
            // Nothing was sent, so the next address is safe to try.
            error.set_retry(upstream::has_more_addresses(forward));
        }
        error
    }

    async fn upstream_request_filter(
        &self,
        _session: &mut Session,
        head: &mut RequestHeader,
        cx: &mut Context,
    ) -> Result<()> {
        if let Some(forward) = cx.request.as_mut().and_then(|request| request.forward.as_mut()) {
            forward.upstream.prefer(forward.address);
            forward.connected = true;
            forward.edits.finish(head)?;
            if forward.http2 && forward.upstream.settings.tls.is_some() {
                headers::with_https(head);
            }
        }
        Ok(())
    }

    async fn request_body_filter(
        &self,
        session: &mut Session,
        body: &mut Option<Bytes>,
        _end: bool,
        cx: &mut Context,
    ) -> Result<()> {
        let (Some(piece), Some(request)) = (body, &mut cx.request) else { return Ok(()) };
        request.passed += piece.len() as u64;
        // Over HTTP/1 the connection has counted already, and what passes a tunnel is no body.
        if request.passed > request.exchange.max_body() && !session_is_http1(session) {
            request.exchange.set_fault(Rejection::BodyTooLarge);
            return Err(Error::new_down(ErrorType::InvalidHTTPHeader));
        }
        if let Some(capture) = &mut request.request_body {
            capture.add(piece);
        }
        Ok(())
    }

    async fn response_filter(&self, session: &mut Session, head: &mut ResponseHeader, cx: &mut Context) -> Result<()> {
        self.plane.end_keep_alive(session);
        let Some(request) = &mut cx.request else { return Ok(()) };
        let version = session.req_header().version;
        if head.status == StatusCode::SWITCHING_PROTOCOLS && !session.is_upgrade_req() {
            return Err(Error::explain(ErrorType::InvalidHTTPHeader, "101 that nobody asked for").into_up());
        }
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            request.exchange.upgrade();
        }
        request.exchange.answer();
        if head.status.is_informational() && head.status != StatusCode::SWITCHING_PROTOCOLS {
            return Ok(());
        }
        let trailers = request.forward.as_ref().is_some_and(|forward| forward.http2) && !session_is_http1(session);
        headers::toward_caller(head, trailers);
        // A proxy speaks its own version, whatever the upstream speaks (RFC 9110, section 2.5).
        head.set_version(Version::HTTP_11);
        if version == Version::HTTP_10 {
            // HTTP/1.0 knows no chunks: the end of the connection ends the body.
            head.remove_header(&TRANSFER_ENCODING);
        }
        if let Some(date) = head.headers.get(DATE) {
            request.exchange.keep_date(date.clone());
        }
        if let Some(forward) = &mut request.forward {
            forward.status = Some(head.status.as_u16());
        }
        if request.debug {
            debug::forwarded(head, request)?;
        }
        if let Some(ticket) = &request.ticket {
            let fields = head.headers.iter().map(|(name, value): (&HeaderName, _)| (name.as_str(), value.as_bytes()));
            ticket.answered(head.status.as_u16(), Head::response(fields, &request.redactor));
        }
        Ok(())
    }

    fn response_body_filter(
        &self,
        _session: &mut Session,
        body: &mut Option<Bytes>,
        _end: bool,
        cx: &mut Context,
    ) -> Result<Option<Duration>> {
        if let (Some(piece), Some(request)) = (body, &mut cx.request)
            && let Some(capture) = &mut request.response_body
        {
            capture.add(piece);
        }
        Ok(None)
    }

    async fn logging(&self, _session: &mut Session, _error: Option<&Error>, cx: &mut Context) {
        if let Some(request) = cx.request.take() {
            request.close(&self.plane);
        }
    }

    async fn fail_to_proxy(&self, session: &mut Session, error: &Error, cx: &mut Context) -> FailToProxy {
        let closed = FailToProxy { error_code: 0, can_reuse_downstream: false };
        let Some(request) = &mut cx.request else { return closed };
        let (failure, rejection) = failure::blame(request, error);
        tracing::debug!(failure = failure.map(Failure::as_str), %error, "request failed");
        if let (Some(failure), Some(forward)) = (failure, &request.forward)
            && failure.is_upstream()
            && forward.connected
        {
            self.plane.metrics.upstream_failed(&forward.upstream.settings.name, failure);
        }
        (request.failure, request.rejection) = (failure, rejection);
        let begun = session.response_written().is_some_and(|head| !head.status.is_informational());
        if begun || failure == Some(Failure::CallerLeft) {
            return closed;
        }
        let (local, marker) = failure::answer(session, request, failure, rejection);
        let error_code = local.status;
        // Whatever failed, the framing of this connection can no longer be relied on.
        session.set_keepalive(None);
        if reply::fail(session, request, local, marker).await.is_err() {
            request.failure = request.failure.or(Some(Failure::CallerLeft));
        }
        FailToProxy { error_code, can_reuse_downstream: false }
    }

    fn request_summary(&self, _: &Session, cx: &Context) -> String {
        // pingora's own has the target in it, secrets and all; the call log tells the rest by this id.
        let ticket = cx.request.as_ref().and_then(|request| request.ticket.as_ref());
        ticket.map_or_else(|| "a call".to_owned(), |ticket| format!("call {}", ticket.id()))
    }

    fn suppress_error_log(&self, _: &Session, _: &Context, _: &Error) -> bool {
        true // the call log, the access line and the metrics say it already
    }

    fn suppress_proxy_warn_log(&self, _: &Session, _: &Context, _: &Error, _: ProxyWarnLogContext) -> bool {
        true
    }
}

/// Whether the caller speaks HTTP/1.
fn session_is_http1(session: &Session) -> bool {
    matches!(&*session.downstream_session, ServerSession::H1(_))
}
