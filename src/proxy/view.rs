//! Views of requests for deciding, from whichever door a request came through.

use pingora::http::RequestHeader;

use super::head::Fields;
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
