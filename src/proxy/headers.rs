//! Header fields at the border to the upstream, in both directions.

use http::header::{CONNECTION, FORWARDED, HOST, TRAILER, UPGRADE};
use http::{HeaderName, HeaderValue};
use pingora::Result;
use pingora::http::{RequestHeader, ResponseHeader};

use super::context::{Forward, Request};
use crate::settings::Forwarded;

/// The header that asks for the `standin` field on a forwarded answer.
pub const DEBUG: HeaderName = HeaderName::from_static("standin-debug");

/// Headers by which a caller steers a mock (reference, section 6).
const SELECTORS: [&str; 6] = [
    "x-mock-response-code",
    "x-mock-response-id",
    "x-mock-response-name",
    "x-mock-response-delay",
    "x-mock-match-request-body",
    "x-mock-match-request-headers",
];

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Makes the head that the upstream sees. pingora has taken hop-by-hop fields out.
///
/// # Errors
/// Never for fields that passed the strict front.
pub fn toward_upstream(head: &mut RequestHeader, forward: &Forward, request: &Request) -> Result<()> {
    head.remove_header(&DEBUG);
    if forward.strip_selectors {
        for name in SELECTORS {
            head.remove_header(name);
        }
    }
    if let Some(name) = &forward.strip_key {
        head.remove_header(&**name);
    }
    let peer = request.peer.ip().to_canonical();
    let host = head.headers.get(HOST).cloned();
    match forward.forwarded {
        Forwarded::Pass => {}
        Forwarded::Replace => {
            head.remove_header(&FORWARDED);
            head.insert_header(X_FORWARDED_FOR, peer.to_string())?;
            head.insert_header(X_FORWARDED_PROTO, "http")?;
            match host {
                Some(host) => head.insert_header(X_FORWARDED_HOST, host)?,
                None => drop(head.remove_header(&X_FORWARDED_HOST)),
            }
        }
        Forwarded::Append => {
            let chain = joined(head, &X_FORWARDED_FOR, &peer.to_string());
            head.insert_header(X_FORWARDED_FOR, chain)?;
            if !head.headers.contains_key(X_FORWARDED_PROTO) {
                head.insert_header(X_FORWARDED_PROTO, "http")?;
            }
            if let Some(host) = host.as_ref().filter(|_| !head.headers.contains_key(X_FORWARDED_HOST)) {
                head.insert_header(X_FORWARDED_HOST, host.clone())?;
            }
            if head.headers.contains_key(FORWARDED) {
                // RFC 7239, section 4: an IPv6 address stands in brackets, and so in quotes; so does a host with a port.
                let node = if peer.is_ipv6() { format!("\"[{peer}]\"") } else { peer.to_string() };
                let host = host.as_ref().and_then(|host| host.to_str().ok()).unwrap_or_default();
                let element = format!("for={node};host=\"{host}\";proto=http");
                let chain = joined(head, &FORWARDED, &element);
                head.insert_header(FORWARDED, chain)?;
            }
        }
    }
    Ok(())
}

/// All values of a list field with one more behind them.
fn joined(head: &RequestHeader, name: &HeaderName, last: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    for value in head.headers.get_all(name) {
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b", ");
    }
    out.extend_from_slice(last.as_bytes());
    out
}

/// Takes out of an answer what belongs to the connection it came by (RFC 9110, section 7.6.1).
pub fn toward_caller(head: &mut ResponseHeader) {
    let nominated: Vec<HeaderName> = head
        .headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|b| *b == b','))
        .filter_map(|token| HeaderName::from_bytes(token.trim_ascii()).ok())
        .filter(|name| *name != HeaderName::from_static("close"))
        .collect();
    for name in nominated {
        if name != UPGRADE || head.status != http::StatusCode::SWITCHING_PROTOCOLS {
            head.remove_header(&name);
        }
    }
    for name in ["keep-alive", "proxy-connection"] {
        head.remove_header(name);
    }
    head.remove_header(&TRAILER); // trailers of HTTP/1.1 are dropped, and so is their announcement
    if head.status != http::StatusCode::SWITCHING_PROTOCOLS {
        head.remove_header(&UPGRADE);
    }
}

/// A field value of text that Standin made.
pub fn value(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
}
