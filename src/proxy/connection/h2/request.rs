//! One request of an HTTP/2 connection.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, COOKIE, HOST, TE};
use http::{HeaderValue, Method, Version};
use pingora::apps::HttpServerApp as _;
use pingora::http::RequestHeader;
use pingora::protocols::http::ServerSession;
use pingora::protocols::http::v2::server::HttpSession;
use tokio::sync::watch;

use super::super::admit::Admitted;
use super::super::{Arrived, Connections, Over, Peer};
use crate::calls::Outcome;
use crate::proxy::answer::{Local, STANDIN, Written};
use crate::proxy::budget::Share;
use crate::proxy::context::{BodyPlan, Handed, Parcel};
use crate::proxy::exchange::Exchange;
use crate::proxy::front::Framing;
use crate::proxy::h2_body::{Looked, inspect};
use crate::proxy::head::{self, Refusal, refuse};
use crate::proxy::inspect::Broken;
use crate::proxy::reply;
use crate::stubs::marker::Marker;
use crate::stubs::request::BodyView;
use crate::words::Rejection;

impl Connections {
    /// Serves one request.
    pub(super) async fn serve_stream(&self, mut session: HttpSession, peer: &Peer, drain: &watch::Receiver<bool>) {
        let started = Instant::now();
        let snapshot = self.plane.live.snapshot();
        let limits = snapshot.settings.limits;
        let exchange: Arc<Exchange> = Arc::default();
        exchange.reset(limits.request_body);
        session.set_write_timeout(Some(limits.body_timeout));
        let framing = framing(&session);
        let arrived = Arrived { snapshot: &snapshot, started, peer, exchange: &exchange, over: Over::Http2(framing) };
        let raw = Bytes::from(as_http1(session.req_header()));
        let admitted = match raw.len() <= limits.head {
            true => self.admit(&raw, &arrived),
            false => refuse(Rejection::HeadTooLarge, "the head is longer than limits.head"),
        };
        let (head, decided) = match admitted {
            Ok(Admitted { repaired, decided, .. }) => (repaired.unwrap_or_else(|| raw.clone()), decided),
            Err(refusal) => return self.refuse(&mut session, &raw, &arrived, refusal).await,
        };
        let (mut session, mut plan, mut request) = match decided {
            Some((plan, request)) => (ServerSession::new_http2(session), plan, request),
            None => {
                let length = match framing {
                    Framing::Length(length) => Some(length),
                    Framing::None | Framing::Chunked => None,
                };
                let share = Share::of(&self.plane.budget);
                let looked = match inspect(session, length, &limits, share).await {
                    Ok(looked) => looked,
                    Err((_, Broken::Left)) => return drop(self.lost(&head, &arrived)),
                    Err((mut session, Broken::TooLarge | Broken::Malformed)) => {
                        let detail = "the body is longer than limits.request_body";
                        let refusal = Refusal { rejection: Rejection::BodyTooLarge, detail };
                        return self.refuse(&mut session, &head, &arrived, refusal).await;
                    }
                };
                let Looked { body, session, share } = looked;
                let view = match &body {
                    Ok(body) => BodyView::Whole(body),
                    Err(fault) => BodyView::Unusable(*fault),
                };
                let Ok(parsed) = head::parse(&head) else { return };
                let Some((plan, mut request)) = self.decide(&parsed, &arrived, view) else { return };
                request.share = Some(share);
                (ServerSession::new_custom(Box::new(session)), plan, request)
            }
        };
        session.set_read_timeout(Some(limits.body_timeout));
        if let Some(forward) = &request.forward {
            let head = forward.edits.rewrite(head);
            let Some(mut onward) = as_http2(&head) else { return };
            if forward.http2 && session.req_header().headers.get(TE).is_some_and(|te| te == "trailers") {
                let _ = onward.insert_header(TE, "trailers"); // gRPC asks for it, end to end
            }
            *session.req_header_mut() = onward;
        }
        drop(snapshot); // no snapshot is held while the request takes its time
        let left = async {
            // Whatever it says, the stream is over.
            let _ = session.read_body_or_idle(true).await;
        };
        if !reply::wait_early(&mut plan, &mut request, left).await {
            return;
        }
        let handed =
            Handed { plan, request, body: BodyPlan::Leave, read_timeout: None, is_http10: false, closes: false };
        session.req_header_mut().extensions_mut().insert(Parcel::new(handed));
        self.proxy.process_new_http(session, drain).await;
    }

    /// Answers a request that goes no further.
    async fn refuse(&self, session: &mut HttpSession, head: &[u8], arrived: &Arrived<'_>, refusal: Refusal) {
        let Refusal { rejection, detail } = refusal;
        let ticket = self.refused(head, arrived, rejection);
        let snapshot = arrived.snapshot;
        let mut local = Local::problem(rejection.status(), rejection.as_str(), detail, Default::default());
        if snapshot.settings.proxy.marker {
            let marker = Marker::new("rejected").number("generation", snapshot.generation);
            local.add(STANDIN, marker.name("reason", rejection.as_str()).as_str());
        }
        let Written { head, told, .. } = local.write(&snapshot.redactor);
        ticket.answered(local.status, told);
        let is_head = session.req_header().method == Method::HEAD;
        if session.write_response_header(head, is_head).is_ok() && !is_head {
            // Whether the caller still takes it is the caller's affair.
            let _ = session.write_body(local.body, true).await;
        }
        ticket.close(Outcome::default());
    }
}

fn framing(session: &HttpSession) -> Framing {
    let length = session.req_header().headers.get(CONTENT_LENGTH);
    if session.is_body_empty() {
        return Framing::None;
    }
    match length.and_then(|length| length.to_str().ok()?.parse().ok()) {
        Some(length) => Framing::Length(length),
        None => Framing::Chunked,
    }
}

/// A head of HTTP/2 in the form of HTTP/1: `:authority` as `Host`, cookie crumbs put together (RFC 9113, section 8.2.3).
fn as_http1(header: &RequestHeader) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    let mut put = |parts: &[&[u8]]| parts.iter().for_each(|part| out.extend_from_slice(part));
    let authority = header.uri.authority().map(|authority| authority.as_str().as_bytes());
    let target = match header.method {
        Method::CONNECT => authority.unwrap_or(b"*"),
        _ => header.raw_path(),
    };
    put(&[header.method.as_str().as_bytes(), b" ", target, b" HTTP/1.1\r\n"]);
    match (authority, header.headers.get(HOST)) {
        (Some(host), _) => put(&[b"host: ", host, b"\r\n"]),
        (None, Some(host)) => put(&[b"host: ", host.as_bytes(), b"\r\n"]),
        (None, None) => {}
    }
    for (name, value) in header.headers.iter().filter(|(name, _)| **name != HOST && **name != COOKIE) {
        put(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"]);
    }
    let crumbs: Vec<&[u8]> = header.headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if !crumbs.is_empty() {
        put(&[b"cookie: ", &crumbs.join(&b"; "[..]), b"\r\n"]);
    }
    put(&[b"\r\n"]);
    out
}

/// The head that goes on, in pingora's form.
fn as_http2(head: &[u8]) -> Option<RequestHeader> {
    let parsed = head::parse(head).ok()?;
    let mut header = RequestHeader::build_no_case(parsed.method, parsed.target, Some(parsed.fields.len())).ok()?;
    header.set_version(Version::HTTP_2);
    for field in &parsed.fields {
        let value = HeaderValue::from_bytes(field.value).ok()?;
        header.append_header(field.name.to_owned(), value).ok()?;
    }
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_survives_the_way_through_the_form_of_http_1() {
        let mut header = RequestHeader::build_no_case("POST", b"/a?b=c", None).unwrap();
        header.set_uri("https://host.test:1/a?b=c".parse().unwrap());
        for (name, value) in [("cookie", "a=1"), ("x-a", "1"), ("cookie", "b=2"), ("x-a", "2")] {
            header.append_header(name, value).unwrap();
        }
        let text = as_http1(&header);
        let expected = "POST /a?b=c HTTP/1.1\r\nhost: host.test:1\r\nx-a: 1\r\nx-a: 2\r\ncookie: a=1; b=2\r\n\r\n";
        assert_eq!(String::from_utf8_lossy(&text), expected);
        let onward = as_http2(&text).unwrap();
        assert_eq!(onward.headers.get_all("x-a").iter().count(), 2);
        assert_eq!((onward.raw_path(), onward.headers[COOKIE].as_bytes()), (&b"/a?b=c"[..], &b"a=1; b=2"[..]));
    }
}
