//! Writes answers of Standin's own through a session of pingora, and notes them before they leave.

use std::time::{Duration, Instant};

use pingora::http::ResponseHeader;
use pingora::protocols::http::ServerSession;
use pingora::proxy::Session;
use pingora::{Error, ErrorType, Result};

use super::DataPlane;
use super::answer::{Local, SERVER_TIMING, STANDIN, Written};
use super::context::{BodyPlan, Context, Request};
use super::debug::timing;
use super::decide::Plan;
use crate::stubs::marker::Marker;

/// How long the rest of a small body may take before an early answer goes out and the connection is closed instead.
const DRAIN: Duration = Duration::from_secs(1);

/// Waits a simulated delay before pingora is asked: until then a waiting call is a few kilobytes, where a session of
/// pingora's is twenty more. Says whether the caller is still there; `left` ends when it is not.
pub async fn wait_early(plan: &mut Plan, request: &mut Request, left: impl Future<Output = ()>) -> bool {
    let Plan::Answer(local) = plan else { return true };
    if request.delay.is_zero() {
        return true;
    }
    if request.debug {
        local.add(SERVER_TIMING, &timing(request, None));
    }
    if let Some(ticket) = &request.ticket {
        ticket.answered(local.status, local.told(&request.redactor));
    }
    let begin = Instant::now();
    request.waited = Some((begin, None));
    let waited = tokio::select! {
        biased;
        () = tokio::time::sleep(request.delay) => true,
        () = left => false,
    };
    request.waited = Some((begin, Some(Instant::now())));
    waited
}

/// Sends an answer of Standin's own: drains a small body, waits the delay, writes.
pub async fn answer(
    plane: &DataPlane,
    session: &mut Session,
    cx: &mut Context,
    mut local: Local,
    body: BodyPlan,
) -> Result<bool> {
    let Some(request) = &mut cx.request else { return Err(Error::new_in(ErrorType::InternalError)) };
    if let BodyPlan::Drain(limit) = body {
        drain(session, request, limit).await;
    }
    if request.debug && request.waited.is_none() {
        local.add(SERVER_TIMING, &timing(request, None));
    }
    let head = announce(request, &mut local);
    if !request.delay.is_zero() && request.waited.is_none() {
        let begin = Instant::now();
        request.waited = Some((begin, None));
        wait(session, request.delay).await?;
        request.waited = Some((begin, Some(Instant::now())));
    }
    plane.end_keep_alive(session);
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

/// Sends the answer to a request that failed, and ends the connection.
pub async fn fail(session: &mut Session, request: &Request, mut local: Local, marker: Marker) -> Result<()> {
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
    let is_http1 = matches!(&*session.downstream_session, ServerSession::H1(_));
    if is_http1 && !session.is_body_done() {
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
