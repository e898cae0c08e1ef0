//! Views of requests for deciding, from whichever door a request came through.

use pingora::http::RequestHeader;

use super::decide::Arrival;
use super::head::Fields;
use crate::calls::Head;
use crate::stubs::request::{BodyView, HeaderField, RequestView};

/// The fields of a request that pingora has parsed.
pub fn fields(request: &RequestHeader) -> Fields<'_> {
    request.headers.iter().map(|(name, value)| HeaderField { name: name.as_str(), value: value.as_bytes() }).collect()
}

/// A view of a request that pingora has parsed. The strict front has refused paths without a normal form.
pub fn of<'v>(
    request: &'v RequestHeader,
    fields: &'v [HeaderField<'v>],
    body: BodyView<'v>,
) -> Option<RequestView<'v>> {
    RequestView::new(request.method.as_str(), request.raw_path(), fields, body).ok()
}

/// What the log keeps of the head.
pub fn told(arrival: &Arrival<'_>, view: &RequestView<'_>) -> Head {
    let Arrival { head, target, protocol, .. } = *arrival;
    let redactor = &arrival.snapshot.redactor;
    let names = view.headers.iter().map(|field| field.name);
    // A head of HTTP/2 was put together by us: it is told with its own protocol.
    let raw = protocol.starts_with("HTTP/1").then(|| Head::raw(head, target, names, redactor)).flatten();
    raw.unwrap_or_else(|| {
        let fields = view.headers.iter().map(|field| (field.name, field.value));
        Head::request(view.method, target, protocol, fields, redactor)
    })
}
