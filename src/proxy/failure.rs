//! A request that failed: who is to blame, and what the caller is told.

use pingora::proxy::Session;
use pingora::{Error, ErrorSource, ErrorType};

use super::answer::{Local, failure_detail};
use super::context::Request;
use super::{upstream, view};
use crate::stubs::cors::Fields;
use crate::stubs::marker::Marker;
use crate::stubs::request::BodyView;
use crate::words::{Failure, Rejection};

/// Who is to blame for an error.
pub fn blame(request: &Request, error: &Error) -> (Option<Failure>, Option<Rejection>) {
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

/// The answer to a request that failed, and what its `standin` field says.
pub fn answer(
    session: &Session,
    request: &Request,
    failure: Option<Failure>,
    rejection: Option<Rejection>,
) -> (Local, Marker) {
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
    (local, marker)
}

/// The fields of a mock's cross-origin policy for the request of this session.
fn cors_of(session: &Session, request: &Request) -> Fields {
    let Some(mock) = request.mock.as_ref().filter(|mock| mock.cors.is_on()) else { return Fields::new() };
    let head = session.req_header();
    let fields = view::fields(head);
    view::of(head, &fields, BodyView::Unread).map(|view| mock.cors.fields(&view)).unwrap_or_default()
}
