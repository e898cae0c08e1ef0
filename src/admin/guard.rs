//! Keeps pages in a browser out, and tells every page what it may do.
//!
//! A page may name any host that resolves to this machine (DNS rebinding), and may send requests across origins. On
//! loopback, and wherever no token is needed, only names that no foreign page can have pass as `Host`: those of this
//! machine, and bare addresses where the listener is reachable by them. Where a token is needed a foreign name is of no
//! use, since neither token nor cookie belong to it. In every case an `Origin` must be that of the listener itself. That what
//! changes something says that it is JSON, which a form cannot, is asked for where bodies are read.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use percent_encoding::percent_decode_str;

use super::Admin;
use super::error::{ApiError, Fault};
use crate::settings;

/// What a page of ours may load: its own files, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What every answer carries.
const FIELDS: &[(&str, &str)] = &[
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
];

/// Lets requests through that come by a name of the listener and from no page but its own.
pub async fn check(State(admin): State<Arc<Admin>>, request: Request, next: Next) -> Response {
    let fault = fault(request.headers(), &admin.live.snapshot().settings.admin).or_else(|| unreadable(request.uri()));
    let mut response = match fault {
        Some(error) => error.into_response(),
        None => next.run(request).await,
    };
    let fields = response.headers_mut();
    for (name, value) in FIELDS {
        fields.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    // What is shown is of this moment, and is nobody else's.
    fields.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn fault(headers: &HeaderMap, settings: &settings::Admin) -> Option<ApiError> {
    let foreign = |detail: &str, help: &str| Some(ApiError::new(Fault::ForeignCaller, detail).help(help));
    let hosts: Vec<_> = headers.get_all(HOST).iter().collect();
    let [host] = hosts.as_slice() else {
        return foreign("the request names no host, or several", "send one Host field");
    };
    let host = host.to_str().unwrap_or_default();
    let is_loopback = settings.listen.ip().is_loopback();
    let passes = match name(host) {
        Named::This => true,
        Named::Address => !is_loopback,
        Named::Other => !is_loopback && settings.token.is_some(),
    };
    if !passes || host.is_empty() {
        let help = match is_loopback {
            true => "call it as localhost, 127.0.0.1 or [::1]",
            false => "call it by a bare address, or set `admin.token`: with a token any name will do",
        };
        return foreign("the Host field does not name this machine", help);
    }
    for origin in headers.get_all(ORIGIN) {
        let from = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, from)| from);
        if !from.is_some_and(|from| from.eq_ignore_ascii_case(host)) {
            return foreign(
                "the request comes from a page of another origin",
                "use the page that this listener serves",
            );
        }
    }
    None
}

/// A path whose escapes do not make text names nothing that there is.
fn unreadable(uri: &Uri) -> Option<ApiError> {
    let decoded = percent_decode_str(uri.path()).decode_utf8();
    let wrong = || ApiError::new(Fault::BadParameter, "the path is not UTF-8 when its escapes are undone");
    decoded.is_err().then(|| wrong().help("write each byte of a name in UTF-8, such as %C3%A9 for é"))
}

/// What a `Host` names.
enum Named {
    /// This machine, by a name that no page of another can have.
    This,
    /// A bare address.
    Address,
    /// Anything else.
    Other,
}

fn name(host: &str) -> Named {
    let name = match host.rfind(':') {
        Some(at) if !host[at..].contains(']') => &host[..at],
        _ => host,
    };
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    match bare.parse::<IpAddr>() {
        Ok(ip) if ip.is_loopback() => Named::This,
        Ok(_) => Named::Address,
        Err(_) if name.eq_ignore_ascii_case("localhost") => Named::This,
        Err(_) => Named::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Secret;

    fn bound(listen: &str, token: bool) -> settings::Admin {
        let token = token.then(|| Secret::new("0123456789abcdef"));
        settings::Admin { listen: listen.parse().unwrap(), token, tls: None, read_only: false, state_file: None }
    }

    fn refused(settings: &settings::Admin, pairs: &[(&'static str, &'static str)]) -> Option<u16> {
        let headers = pairs.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect();
        fault(&headers, settings).map(|error| error.into_response().status().as_u16())
    }

    #[test]
    fn on_loopback_only_names_of_this_machine_pass() {
        for token in [false, true] {
            let settings = bound("127.0.0.1:9092", token);
            for host in ["localhost", "LOCALHOST:9092", "127.0.0.1", "127.0.0.1:1", "[::1]:9092", "127.8.8.8"] {
                assert_eq!(refused(&settings, &[("host", host)]), None, "{host}");
            }
            for host in ["evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "10.0.0.1", "[::2]", "::", "[", ""]
            {
                assert_eq!(refused(&settings, &[("host", host)]), Some(403), "{host}");
            }
            assert_eq!(refused(&settings, &[]), Some(403));
        }
    }

    #[test]
    fn elsewhere_names_pass_only_where_a_token_is_needed() {
        for (token, host, expected) in [
            (false, "10.0.0.1:9092", None),
            (false, "standin.test", Some(403)),
            (true, "10.0.0.1:9092", None),
            (true, "standin.test", None),
        ] {
            let settings = bound("0.0.0.0:9092", token);
            assert_eq!(refused(&settings, &[("host", host)]), expected, "{token} {host}");
        }
    }

    #[test]
    fn a_page_of_another_origin_is_kept_out() {
        let settings = bound("127.0.0.1:9092", false);
        for (origin, expected) in [
            ("http://localhost:9092", None),
            ("https://localhost:9092", None), // behind a proxy that speaks TLS
            ("http://localhost:3000", Some(403)),
            ("http://127.0.0.1:9092", Some(403)),
            ("https://evil.test", Some(403)),
            ("null", Some(403)),
        ] {
            let headers = [("host", "localhost:9092"), ("origin", origin)];
            assert_eq!(refused(&settings, &headers), expected, "{origin}");
        }
    }
}
