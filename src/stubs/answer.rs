//! A response as the configuration gives it: checked, serialised once at load, shared by everybody who sends it. One
//! with templates is rendered for each request into one without.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::template::Templates;

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// 200 to 599.
    pub status: u16,
    /// Header fields, `content-type` among them; never those of framing or of the connection. None where there are
    /// templates.
    pub headers: Box<[(HeaderName, HeaderValue)]>,
    /// The body; empty where there are templates.
    pub body: Bytes,
    /// What headers and body are rendered from. `None` for an answer that is the same for everybody.
    pub template: Option<Arc<Templates>>,
}

/// The head of an answer with everything in it that is the same for every request of one configuration.
#[derive(Debug)]
pub struct Ready {
    /// The header fields, in the form in which the proxy sends them.
    pub headers: HeaderMap,
    /// The fields as the call log keeps them.
    pub told: Bytes,
    /// What else the call log keeps of every call that gets this answer.
    pub note: Box<[u8]>,
    /// The head as HTTP/1.1 writes it.
    pub wire: Wire,
}

/// The head of an answer as HTTP/1.1 writes it.
#[derive(Debug)]
pub struct Wire {
    /// On a connection that stays.
    pub staying: Box<[u8]>,
    /// On one that closes behind it.
    pub closing: Box<[u8]>,
    /// Where in both the value of `Date` begins that is put in for each answer; `None` where the answer has its own.
    pub date: Option<usize>,
}

impl Answer {
    /// Whether it sets this header.
    pub fn has(&self, name: &HeaderName) -> bool {
        self.headers.iter().any(|(own, _)| own == name)
    }

    /// Whether the body of the request is needed to answer.
    pub fn needs_body(&self) -> bool {
        self.template.as_ref().is_some_and(|template| template.needs_body())
    }

    /// Whether its status allows a body (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5).
    pub fn may_have_body(status: u16) -> bool {
        !matches!(status, 204 | 205 | 304)
    }
}
