//! Header fields of an answer on its way to the caller.

use http::header::{CONNECTION, TRAILER, UPGRADE};
use http::{HeaderName, StatusCode};
use pingora::http::ResponseHeader;
use smallvec::SmallVec;

/// Takes out of an answer what belongs to the connection it came by (RFC 9110, section 7.6.1).
///
/// `trailers` says that trailers pass, and so their announcement does.
pub fn toward_caller(head: &mut ResponseHeader, trailers: bool) {
    let switching = head.status == StatusCode::SWITCHING_PROTOCOLS;
    let mut out: SmallVec<[HeaderName; 4]> = SmallVec::new();
    for (name, value) in &head.headers {
        if name == CONNECTION {
            let nominated = value.as_bytes().split(|b| *b == b',').map(<[u8]>::trim_ascii);
            let nominated = nominated
                .filter(|token| ![&b"close"[..], b"keep-alive"].iter().any(|word| token.eq_ignore_ascii_case(word)));
            out.extend(nominated.filter_map(|token| HeaderName::from_bytes(token).ok()));
        } else if (name == UPGRADE && !switching)
            // Trailers of HTTP/1.1 are dropped, and so is their announcement.
            || (name == TRAILER && !trailers)
            || matches!(name.as_str(), "keep-alive" | "proxy-connection")
        {
            out.push(name.clone());
        }
    }
    for name in out {
        if name != UPGRADE || !switching {
            head.remove_header(&name);
        }
    }
}
