//! Keeps pages in a browser out: a page may name any host that resolves to this machine (DNS rebinding), and may send
//! requests across origins. Only the names of this machine pass, whatever the port.

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;

/// Lets requests through that name this machine.
pub async fn check(request: Request, next: Next) -> Response {
    match foreign(request.headers()) {
        Some(detail) => ApiError::foreign(detail).into_response(),
        None => next.run(request).await,
    }
}

fn foreign(headers: &HeaderMap) -> Option<&'static str> {
    let hosts: Vec<_> = headers.get_all(HOST).iter().collect();
    match hosts.as_slice() {
        [host] if host.to_str().is_ok_and(is_local) => {}
        _ => return Some("the Host field does not name this machine"),
    }
    for origin in headers.get_all(ORIGIN) {
        let host = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
        if !host.is_some_and(is_local) {
            return Some("the request comes from a page of another origin");
        }
    }
    None
}

fn is_local(host: &str) -> bool {
    let name = match host.rfind(':') {
        Some(at) if !host[at..].contains(']') => &host[..at],
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_pass() {
        for host in ["localhost", "LOCALHOST:9092", "127.0.0.1", "127.0.0.1:1", "[::1]:9092", "127.8.8.8"] {
            assert!(is_local(host), "{host}");
        }
        for host in ["evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "10.0.0.1", "", "[::2]"] {
            assert!(!is_local(host), "{host}");
        }
    }

    #[test]
    fn a_page_of_another_origin_is_kept_out() {
        let headers = |pairs: &[(&'static str, &'static str)]| -> HeaderMap {
            pairs.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect()
        };
        assert_eq!(foreign(&headers(&[("host", "localhost:9092")])), None);
        assert_eq!(foreign(&headers(&[("host", "localhost"), ("origin", "http://127.0.0.1:9092")])), None);
        assert!(foreign(&headers(&[("host", "localhost"), ("origin", "https://evil.test")])).is_some());
        assert!(foreign(&headers(&[("host", "localhost"), ("origin", "null")])).is_some());
        assert!(foreign(&headers(&[])).is_some());
    }
}
