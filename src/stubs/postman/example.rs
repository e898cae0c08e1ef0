//! What a saved example says of the request that it is the answer to: its query, headers and body.

use std::borrow::Cow;

use super::body::Body;
use super::score::Params;
use crate::stubs::request::{NoValue, RequestView};

/// A key of a query and its value, decoded.
pub type Pair = (Box<[u8]>, Box<[u8]>);

/// The name of a header, in lower case, and its value.
pub type Header = (Box<str>, Box<[u8]>);

/// The request of a saved example, beside method and path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Example {
    /// Its query, in order.
    pub query: Box<[Pair]>,
    /// Its headers, in order.
    pub headers: Box<[Header]>,
    /// The body, if there is one.
    pub body: Option<Body>,
    /// Whether the scenario has an `id` of its own, and not one that was made up for it.
    pub has_id: bool,
}

impl Example {
    /// How its query compares with a request's.
    pub fn params(&self, view: &RequestView<'_>) -> Params {
        let own = self.query.iter().map(|(key, value)| (&**key, &**value));
        Params::compare(own, view.query().iter().map(|(key, value)| (&**key, &**value)))
    }

    /// Whether both have this header with the same value, case aside, or neither has it.
    pub fn agrees_on(&self, name: &str, view: &RequestView<'_>) -> bool {
        match (self.header(name), value_of(view, name)) {
            (Some(own), Some(sent)) => own.eq_ignore_ascii_case(&sent),
            (own, sent) => own.is_none() && sent.is_none(),
        }
    }

    /// The value of a header; several are joined as HTTP joins them (RFC 9110, section 5.3).
    pub(super) fn header(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        joined(self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| &**value))
    }

    /// Whether both have a body, and the same.
    pub(super) fn has_body_of(&self, view: &RequestView<'_>) -> bool {
        self.body.as_ref().is_some_and(|body| body.equals(view) == Ok(true))
    }

    /// Whether both have the same body, or neither has one.
    ///
    /// # Errors
    /// Where the request's body was not read, cannot be looked at, or is compressed.
    pub fn agrees_on_body(&self, view: &RequestView<'_>) -> Result<bool, NoValue> {
        match &self.body {
            Some(body) => body.equals(view),
            None => view.body().map(<[u8]>::is_empty),
        }
    }
}

/// The value of a request's header, joined.
pub(super) fn value_of<'v>(view: &'v RequestView<'_>, name: &'v str) -> Option<Cow<'v, [u8]>> {
    joined(view.header_values(name))
}

fn joined<'v>(mut values: impl Iterator<Item = &'v [u8]>) -> Option<Cow<'v, [u8]>> {
    let mut value = Cow::Borrowed(values.next()?);
    for next in values {
        value.to_mut().extend_from_slice(b", ");
        value.to_mut().extend_from_slice(next);
    }
    Some(value)
}
