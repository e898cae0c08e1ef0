//! Heads of answers as HTTP/1.1 writes them, byte for byte as pingora's session does: the same fields in the same order
//! and case.

use bytes::BytesMut;
use http::header::{CONNECTION, DATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use pingora::http::ResponseHeader;

use crate::stubs::answer::Wire;

/// The length of a date in the form of RFC 9110, section 5.6.7.
pub const DATE_LENGTH: usize = 29;

/// Stands where the date comes.
const SOME_DATE: HeaderValue = HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT");

/// A head with these fields, for all requests that get it.
pub fn ready(status: u16, fields: &HeaderMap) -> Wire {
    let mut fields = fields.clone();
    let own = fields.get(DATE).filter(|date| !date.is_empty()).cloned();
    let is_own = own.is_some();
    fields.insert(DATE, own.unwrap_or(SOME_DATE));
    let mut head = |connection: &'static str| {
        fields.insert(CONNECTION, HeaderValue::from_static(connection));
        written(status, &fields)
    };
    let (staying, closing) = (head("keep-alive"), head("close"));
    let line = b"\r\nDate: ";
    let date = memchr::memmem::find(&staying, line).filter(|_| !is_own).map(|at| at + line.len());
    Wire { staying, closing, date }
}

fn written(status: u16, fields: &HeaderMap) -> Box<[u8]> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let reason = status.canonical_reason().unwrap_or_default();
    let mut out = format!("HTTP/1.1 {} {reason}\r\n", status.as_str()).into_bytes();
    let (mut parts, ()) = http::Response::new(()).into_parts();
    parts.status = status;
    parts.headers = fields.clone();
    ResponseHeader::from(parts).header_to_h1_wire(&mut out);
    out.extend_from_slice(b"\r\n");
    out.into()
}

/// Appends a head with this date.
pub fn put(wire: &Wire, closing: bool, date: &[u8; DATE_LENGTH], out: &mut BytesMut) {
    let begin = out.len();
    out.extend_from_slice(if closing { &wire.closing } else { &wire.staying });
    if let Some(at) = wire.date {
        out[begin + at..][..DATE_LENGTH].copy_from_slice(date);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_has_its_date_put_in_unless_it_has_one() {
        let mut fields = HeaderMap::new();
        fields.insert("x-a", HeaderValue::from_static("Date: "));
        let date = b"Mon, 23 Nov 2026 00:47:28 GMT";
        let mut out = BytesMut::from(&b"before"[..]);
        put(&ready(200, &fields), false, date, &mut out);
        assert_eq!(
            out,
            "beforeHTTP/1.1 200 OK\r\nx-a: Date: \r\nDate: Mon, 23 Nov 2026 00:47:28 GMT\r\nConnection: keep-alive\r\n\r\n"
        );
        fields.insert(DATE, HeaderValue::from_static("own"));
        let mut out = BytesMut::new();
        put(&ready(599, &fields), true, date, &mut out);
        assert_eq!(out, "HTTP/1.1 599 \r\nx-a: Date: \r\nDate: own\r\nConnection: close\r\n\r\n");
    }
}
