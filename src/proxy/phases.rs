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
use pingora::proxy::{FailToProxy, ProxyHttp, ProxyWarnLogContext, Session};
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorSource, ErrorType, Result};

use super::answer::{Local, SERVER_TIMING, STANDIN, Written, failure_detail};
use super::context::{BodyPlan, Context, Handed, Request};
use super::decide::Plan;
use super::{DataPlane, headers, upstream};
use crate::calls::{Head, Outcome};
use crate::stubs::cors::Fields as CorsFields;
use crate::stubs::marker::Marker;
use crate::stubs::request::BodyView;
use crate::words::{Decided, Failure, Rejection};

/// How long the rest of a small body may take before an early answer goes out and the connection is closed instead.
const DRAIN: Duration = Duration::from_secs(1);

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

    /// Sends an answer of Standin's own: drains a small body, waits the delay, writes.
    async fn answer(&self, session: &mut Session, cx: &mut Context, mut local: Local, body: BodyPlan) -> Result<bool> {
        let Some(request) = &mut cx.request else { return Err(Error::new_in(ErrorType::InternalError)) };
        if let BodyPlan::Drain(limit) = body {
            drain(session, request, limit).await;
        }
        if request.debug {
            local.add(SERVER_TIMING, &timing(request, None));
        }
        let head = announce(request, &mut local);
        if !request.delay.is_zero() {
            wait(session, request.delay).await?;
        }
        let is_head = session.req_header().method == http::Method::HEAD;
        if let Some(capture) = request.response_body.as_mut().filter(|_| !is_head) {
            capture.add_whole(&local.body);
        }
        let bodiless = is_head || local.body.is_empty();
        session.write_response_header(head, bodiless).await?;
        if !bodiless {
            session.write_response_body(Some(local.body), true).await?;
        }
        Ok(true)
    }
}

/// Notes the head of an answer of Standin's own in the log, before it leaves.
fn announce(request: &Request, local: &mut Local) -> Box<ResponseHeader> {
    let Written { head, told, date } = local.write(&request.redactor);
    if let Some(date) = date {
        request.exchange.keep_date(date);
    }
    if let Some(ticket) = &request.ticket {
        ticket.answered(local.status, told);
    }
    head
}

/// Reads a small rest of the body away, so that the connection can be kept; what is too long or too slow closes it.
async fn drain(session: &mut Session, request: &mut Request, limit: usize) {
    let mut left = limit;
    let away = async {
        while let Ok(Some(piece)) = session.read_request_body().await {
            if let Some(capture) = &mut request.request_body {
                capture.add(&piece);
            }
            match left.checked_sub(piece.len()) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    };
    // What does not come in time stays unread, and the connection is closed after the answer.
    let _ = tokio::time::timeout(DRAIN, away).await;
}

/// Waits a simulated delay; ends early, with an error, if the caller leaves.
async fn wait(session: &mut Session, delay: Duration) -> Result<()> {
    let sleep = tokio::time::sleep(delay);
    if !session.is_body_done() {
        sleep.await;
        return Ok(());
    }
    tokio::select! {
        biased;
        () = sleep => Ok(()),
        left = session.downstream_session.read_body_or_idle(true) => match left {
            Ok(_) => Err(Error::new_down(ErrorType::ConnectionClosed)),
            Err(error) => Err(error.into_down()),
        },
    }
}

/// `Server-Timing` of an answer, milliseconds.
fn timing(request: &Request, upstream: Option<Duration>) -> String {
    let millis = |duration: Duration| duration.as_secs_f64() * 1000.0;
    let own = request.started.elapsed().saturating_sub(upstream.unwrap_or_default());
    let mut text = format!("standin;dur={:.3}", millis(own));
    if !request.delay.is_zero() {
        text.push_str(&format!(", delay;dur={:.3}", millis(request.delay)));
    }
    if let Some(upstream) = upstream {
        text.push_str(&format!(", upstream;dur={:.3}", millis(upstream)));
    }
    text
}

/// The fields of a mock's cross-origin policy for the request of this session.
fn cors_of(session: &Session, request: &Request) -> CorsFields {
    let Some(mock) = request.mock.as_ref().filter(|mock| mock.cors.is_on()) else { return CorsFields::new() };
    let head = session.req_header();
    let fields = super::view::fields(head);
    super::view::of(head, &fields, BodyView::Unread).map(|view| mock.cors.fields(&view)).unwrap_or_default()
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
        let Handed { plan, request, body, body_timeout, is_http10, draining } = *handed;
        session.set_read_timeout(Some(body_timeout));
        session.set_write_timeout(Some(body_timeout));
        if is_http10 {
            // HTTP/1.0 knows no interim answers (RFC 9110, section 15.2).
            if let pingora::protocols::http::ServerSession::H1(h1) = &mut *session.downstream_session {
                h1.set_ignore_info_resp(true);
            }
        }
        if draining {
            session.set_keepalive(None);
        }
        cx.request = Some(request);
        cx.plan = Some((plan, body));
    }

    async fn request_filter(&self, session: &mut Session, cx: &mut Context) -> Result<bool> {
        match cx.plan.take() {
            Some((Plan::Answer(local), body)) => self.answer(session, cx, local, body).await,
            Some((Plan::Deny(local), _)) => self.answer(session, cx, local, BodyPlan::Leave).await,
            Some((Plan::Forward, _)) => Ok(false),
            Some((Plan::Fail, _)) | None => Err(Error::new_in(ErrorType::InternalError)),
        }
    }

    async fn upstream_peer(&self, _session: &mut Session, cx: &mut Context) -> Result<Box<HttpPeer>> {
        let Some(request) = &mut cx.request else { return Err(Error::new_in(ErrorType::InternalError)) };
        let Some(forward) = &mut request.forward else { return Err(Error::new_in(ErrorType::InternalError)) };
        match upstream::peer(forward) {
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
            forward.at.get_or_insert_with(Instant::now);
            forward.edits.finish(head)?;
        }
        Ok(())
    }

    async fn request_body_filter(
        &self,
        _session: &mut Session,
        body: &mut Option<Bytes>,
        _end: bool,
        cx: &mut Context,
    ) -> Result<()> {
        if let (Some(piece), Some(request)) = (body, &mut cx.request)
            && let Some(capture) = &mut request.request_body
        {
            capture.add(piece);
        }
        Ok(())
    }

    async fn response_filter(&self, session: &mut Session, head: &mut ResponseHeader, cx: &mut Context) -> Result<()> {
        let Some(request) = &mut cx.request else { return Ok(()) };
        let version = session.req_header().version;
        if head.status == StatusCode::SWITCHING_PROTOCOLS && !session.is_upgrade_req() {
            return Err(Error::explain(ErrorType::InvalidHTTPHeader, "101 that nobody asked for").into_up());
        }
        if head.status.is_informational() && head.status != StatusCode::SWITCHING_PROTOCOLS {
            return Ok(());
        }
        headers::toward_caller(head);
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
            let forward = request.forward.as_ref();
            let upstream = forward.and_then(|forward| forward.at).map(|at| at.elapsed());
            let mut marker = Marker::new(Decided::Forwarded.as_str());
            if let Some(mock) = &request.mock {
                marker = marker.name("mock", &mock.name);
            }
            marker = marker.number("generation", request.generation);
            if let (Some(reason), Some(ticket)) = (request.miss, &request.ticket) {
                marker = marker.name("miss", &ticket.id()).name("reason", reason.as_str());
            }
            if let Some(forward) = forward {
                marker = marker.name("upstream", &forward.upstream.settings.name);
            }
            if let Some(value) = headers::value(marker.as_str()) {
                head.append_header(STANDIN, value)?;
            }
            if let Some(value) = headers::value(&timing(request, upstream)) {
                head.append_header(SERVER_TIMING, value)?;
            }
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
        let Some(mut request) = cx.request.take() else { return };
        let ended = Instant::now();
        let mut spent = Duration::ZERO;
        if let Some(forward) = &request.forward
            && let Some(at) = forward.at
        {
            spent = ended.saturating_duration_since(at);
            if let Some(status) = forward.status {
                forward.upstream.series.answered(&self.plane.metrics, status, spent.as_secs_f64());
            }
        }
        let redactor = request.redactor.clone();
        if let Some(ticket) = request.ticket.take() {
            ticket.close(Outcome {
                ended: Some(ended),
                failure: request.failure,
                rejection: request.rejection,
                delay: request.delay,
                upstream: spent,
                request_body: request.request_body.take().and_then(|capture| capture.finish(&redactor)),
                response_body: request.response_body.take().and_then(|capture| capture.finish(&redactor)),
            });
        }
    }

    async fn fail_to_proxy(&self, session: &mut Session, error: &Error, cx: &mut Context) -> FailToProxy {
        let closed = FailToProxy { error_code: 0, can_reuse_downstream: false };
        let Some(request) = &mut cx.request else { return closed };
        let (failure, rejection) = blame(request, error);
        tracing::debug!(failure = failure.map(Failure::as_str), %error, "request failed");
        if let (Some(failure), Some(forward)) = (failure, &request.forward)
            && failure.is_upstream()
            && forward.at.is_some()
        {
            self.plane.metrics.upstream_failed(&forward.upstream.settings.name, failure);
        }
        (request.failure, request.rejection) = (failure, rejection);
        let begun = session.response_written().is_some_and(|head| !head.status.is_informational());
        if begun || failure == Some(Failure::CallerLeft) {
            return closed;
        }
        let upstream = request.forward.as_ref().map(|forward| forward.upstream.settings.name.clone());
        let cors = cors_of(session, request);
        let (local, mut marker) = match (rejection, failure) {
            (Some(rejection), _) => {
                let detail = rejection.meaning().rsplit_once(':').map_or("", |(meaning, _)| meaning);
                let marker =
                    Marker::new("rejected").number("generation", request.generation).name("reason", rejection.as_str());
                (Local::problem(rejection.status(), rejection.as_str(), detail, cors), marker)
            }
            (None, failure) => {
                let failure = failure.unwrap_or(Failure::Internal);
                let detail = failure_detail(failure, upstream.as_deref().unwrap_or(""));
                let mut marker = Marker::new("failed");
                if let Some(mock) = &request.mock {
                    marker = marker.name("mock", &mock.name);
                }
                marker = marker.number("generation", request.generation);
                marker = marker.name("upstream", upstream.as_deref().unwrap_or("")).name("kind", failure.as_str());
                (Local::problem(failure.status(), failure.as_str(), &detail, cors), marker)
            }
        };
        if let (Some(reason), Some(ticket)) = (request.miss, &request.ticket) {
            marker = marker.name("miss", &ticket.id()).name("reason", reason.as_str());
        }
        let error_code = local.status;
        // Whatever failed, the framing of this connection can no longer be relied on.
        session.set_keepalive(None);
        if send_failure(session, request, local, marker).await.is_err() {
            request.failure = request.failure.or(Some(Failure::CallerLeft));
        }
        FailToProxy { error_code, can_reuse_downstream: false }
    }

    fn suppress_error_log(&self, _: &Session, _: &Context, _: &Error) -> bool {
        true // the call log, the access line and the metrics say it already
    }

    fn suppress_proxy_warn_log(&self, _: &Session, _: &Context, _: &Error, _: ProxyWarnLogContext) -> bool {
        true
    }
}

/// Who is to blame for an error.
fn blame(request: &Request, error: &Error) -> (Option<Failure>, Option<Rejection>) {
    if let Some(rejection) = request.exchange.fault() {
        return (None, Some(rejection));
    }
    if request.failure.is_some() {
        return (request.failure, None);
    }
    if let Some(failure) = upstream::failure(error) {
        return (Some(failure), None);
    }
    if *error.esource() != ErrorSource::Downstream {
        return (Some(Failure::Internal), None);
    }
    match error.etype() {
        ErrorType::ReadTimedout => (None, Some(Rejection::BodyTimeout)),
        ErrorType::InvalidHTTPHeader => (None, Some(Rejection::Header)),
        _ => (Some(Failure::CallerLeft), None),
    }
}

async fn send_failure(session: &mut Session, request: &Request, mut local: Local, marker: Marker) -> Result<()> {
    if request.marker {
        local.add(STANDIN, marker.as_str());
    }
    let head = announce(request, &mut local);
    let is_head = session.req_header().method == http::Method::HEAD;
    session.write_response_header(head, is_head).await?;
    if !is_head {
        session.write_response_body(Some(local.body), true).await?;
    }
    session.downstream_session.shutdown().await;
    Ok(())
}
