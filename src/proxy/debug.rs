//! What a caller sees of Standin that asks for it: the `standin` field on a forwarded answer, and `Server-Timing`.

use std::time::Duration;

use pingora::Result;
use pingora::http::ResponseHeader;

use super::answer::{SERVER_TIMING, STANDIN};
use super::context::Request;
use super::headers;
use crate::stubs::marker::Marker;
use crate::words::Decided;

/// Says on a forwarded answer what was decided, and how long it took.
///
/// # Errors
/// Never: the names are constants.
pub fn forwarded(head: &mut ResponseHeader, request: &Request) -> Result<()> {
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
    Ok(())
}

/// `Server-Timing` of an answer, milliseconds.
pub fn timing(request: &Request, upstream: Option<Duration>) -> String {
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
