//! A request as deciding sees it: borrowed, lazily parsed, the same whichever door it came through.
//!
//! [`RequestView`] borrows method, target and header fields, not pingora's types, so that the proxy, the fast lane and
//! `explain` can all make one. Query, cookies, form and JSON are parsed at most once, and only if a condition asks.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::net::IpAddr;

use smallvec::SmallVec;

use super::path::{NormalPath, PathFault};

/// One header field as it was sent.
#[derive(Clone, Copy, Debug)]
pub struct HeaderField<'a> {
    /// The name, in any case.
    pub name: &'a str,
    /// The value without surrounding white space.
    pub value: &'a [u8],
}

/// What is known of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyView<'a> {
    /// There is one, and nobody has read it.
    Unread,
    /// All of it; empty where there is none.
    Whole(&'a [u8]),
    /// It cannot be looked at.
    Unusable(BodyFault),
}

/// Why a body cannot be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFault {
    /// It is longer than `limits.match_body`.
    TooLong,
    /// `limits.match_body_total` was used up.
    Budget,
    /// It did not arrive within `limits.match_body_timeout`.
    Timeout,
}

/// Why a body has no JSON or form value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoValue {
    /// Nobody has read it yet.
    Unread,
    /// It cannot be looked at.
    Fault(BodyFault),
    /// It is compressed.
    Encoded,
    /// It has another form.
    OtherForm,
}

/// Decoded pairs of a query, a form or cookies.
pub type Pairs<'a> = SmallVec<[(Cow<'a, [u8]>, Cow<'a, [u8]>); 8]>;

/// A request as deciding sees it.
#[derive(Debug)]
pub struct RequestView<'a> {
    /// The method, case as sent.
    pub method: &'a str,
    /// Host name in lower case, without its port.
    pub host: Option<Cow<'a, str>>,
    /// The path in its normal form.
    pub path: NormalPath<'a>,
    /// The header fields.
    pub headers: &'a [HeaderField<'a>],
    /// The socket's peer.
    pub peer: Option<IpAddr>,
    target: &'a [u8],
    raw_query: &'a [u8],
    body: BodyView<'a>,
    query: OnceCell<Pairs<'a>>,
    cookies: OnceCell<Pairs<'a>>,
    form: OnceCell<Result<Pairs<'a>, NoValue>>,
    json: OnceCell<Result<serde_json::Value, NoValue>>,
}

impl<'a> RequestView<'a> {
    /// A view of a request. `target` is the path with its query, or `*`.
    ///
    /// # Errors
    /// Where the path has no normal form; the request is answered with 400.
    pub fn new(
        method: &'a str,
        target: &'a [u8],
        headers: &'a [HeaderField<'a>],
        body: BodyView<'a>,
    ) -> Result<Self, PathFault> {
        let (path, raw_query) = match memchr::memchr(b'?', target) {
            Some(at) => (&target[..at], &target[at + 1..]),
            None => (target, &b""[..]),
        };
        let host = headers
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case("host"))
            .and_then(|field| std::str::from_utf8(field.value).ok())
            .map(bare_host)
            .filter(|host| !host.is_empty());
        Ok(RequestView {
            method,
            host,
            path: NormalPath::of(path)?,
            headers,
            peer: None,
            target,
            raw_query,
            body,
            query: OnceCell::new(),
            cookies: OnceCell::new(),
            form: OnceCell::new(),
            json: OnceCell::new(),
        })
    }

    /// The same view, seen from this peer.
    pub fn from_peer(mut self, peer: IpAddr) -> Self {
        self.peer = Some(peer);
        self
    }

    /// The target as it was sent: path and query, or `*`.
    pub fn target(&self) -> &'a [u8] {
        self.target
    }

    /// The values of a header, in order.
    pub fn header_values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + Clone + 's {
        self.headers.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value)
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.header_values(name).next()
    }

    /// The query as decoded pairs.
    pub fn query(&self) -> &Pairs<'a> {
        self.query.get_or_init(|| pairs(self.raw_query))
    }

    /// The cookies as pairs. Values are percent-decoded nowhere: servers disagree on it.
    pub fn cookies(&self) -> &Pairs<'a> {
        self.cookies.get_or_init(|| {
            let mut out = Pairs::new();
            for field in self.headers.iter().filter(|field| field.name.eq_ignore_ascii_case("cookie")) {
                for cookie in field.value.split(|b| *b == b';') {
                    let cookie = cookie.trim_ascii();
                    let Some(at) = memchr::memchr(b'=', cookie) else { continue };
                    let value = cookie[at + 1..].trim_ascii_start();
                    let value = value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\"")).unwrap_or(value);
                    out.push((Cow::Borrowed(cookie[..at].trim_ascii_end()), Cow::Borrowed(value)));
                }
            }
            out
        })
    }

    /// The whole body.
    ///
    /// # Errors
    /// Where it was not read, cannot be looked at, or is compressed.
    pub fn body(&self) -> Result<&'a [u8], NoValue> {
        match self.body {
            BodyView::Unread => Err(NoValue::Unread),
            BodyView::Unusable(fault) => Err(NoValue::Fault(fault)),
            BodyView::Whole(bytes) if bytes.is_empty() || !self.is_encoded() => Ok(bytes),
            BodyView::Whole(_) => Err(NoValue::Encoded),
        }
    }

    /// The body as a form: `application/x-www-form-urlencoded`, or of no stated type.
    ///
    /// # Errors
    /// As [`Self::body`], and where the body has another type.
    pub fn form(&self) -> Result<&Pairs<'a>, NoValue> {
        self.form
            .get_or_init(|| {
                let body = self.body()?;
                let is_form = self.header("content-type").is_none_or(|value| {
                    let essence = value.split(|b| *b == b';').next().unwrap_or(value).trim_ascii();
                    essence.eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
                });
                if is_form { Ok(pairs(body)) } else { Err(NoValue::OtherForm) }
            })
            .as_ref()
            .map_err(|why| *why)
    }

    /// The body as JSON, whatever its stated type: `curl -d` says "form" of everything.
    ///
    /// # Errors
    /// As [`Self::body`], and where the body is no JSON.
    pub fn json(&self) -> Result<&serde_json::Value, NoValue> {
        self.json
            .get_or_init(|| serde_json::from_slice(self.body()?).map_err(|_| NoValue::OtherForm))
            .as_ref()
            .map_err(|why| *why)
    }

    fn is_encoded(&self) -> bool {
        self.header("content-encoding").is_some_and(|value| !value.trim_ascii().eq_ignore_ascii_case(b"identity"))
    }
}

/// A host without its port, in lower case; brackets of an IPv6 address stay.
fn bare_host(host: &str) -> Cow<'_, str> {
    let end = match host.bytes().rposition(|b| matches!(b, b':' | b']')) {
        Some(at) if host.as_bytes()[at] == b':' => at,
        _ => host.len(),
    };
    let host = host[..end].strip_suffix('.').unwrap_or(&host[..end]);
    if host.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    }
}

/// Decodes `a=1&b=2` to pairs of bytes: `+` is a space, a lone `%` stands for itself (WHATWG URL, section 5.1).
pub(super) fn pairs(raw: &[u8]) -> Pairs<'_> {
    raw.split(|b| *b == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| match memchr::memchr(b'=', pair) {
            Some(at) => (plain(&pair[..at]), plain(&pair[at + 1..])),
            None => (plain(pair), Cow::Borrowed(&b""[..])),
        })
        .collect()
}

/// Decodes one side of a pair.
fn plain(raw: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr2(b'+', b'%', raw).is_none() {
        return Cow::Borrowed(raw);
    }
    let spaced: Vec<u8> = raw.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
    Cow::Owned(percent_encoding::percent_decode(&spaced).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view<'a>(target: &'a str, headers: &'a [HeaderField<'a>]) -> RequestView<'a> {
        RequestView::new("GET", target.as_bytes(), headers, BodyView::Whole(b"")).unwrap()
    }

    fn field<'a>(name: &'a str, value: &'a str) -> HeaderField<'a> {
        HeaderField { name, value: value.as_bytes() }
    }

    #[test]
    fn hosts_lose_port_case_and_final_dot() {
        for (sent, expected) in [
            ("A.Test:8080", "a.test"),
            ("a.test", "a.test"),
            ("a.test.", "a.test"),
            ("[::1]:80", "[::1]"),
            ("[::1]", "[::1]"),
        ] {
            let headers = [field("Host", sent)];
            assert_eq!(view("/", &headers).host.as_deref(), Some(expected));
        }
    }

    #[test]
    fn queries_are_decoded_and_lone_percent_signs_stay() {
        let view = view("/?a=1+2&b=%C3%A9&c=100%&d&=x&&a=%zz", &[]);
        let pairs: Vec<_> = view
            .query()
            .iter()
            .map(|(k, v)| format!("{}={}", String::from_utf8_lossy(k), String::from_utf8_lossy(v)))
            .collect();
        assert_eq!(pairs, ["a=1 2", "b=é", "c=100%", "d=", "=x", "a=%zz"]);
    }

    #[test]
    fn cookies_of_several_fields_are_one_list() {
        let headers = [field("cookie", "a=1; b=\"two\"; flag"), field("Cookie", "a=3")];
        let view = view("/", &headers);
        let pairs: Vec<_> = view.cookies().iter().map(|(k, v)| (k.as_ref(), v.as_ref())).collect();
        assert_eq!(pairs, [(&b"a"[..], &b"1"[..]), (b"b", b"two"), (b"a", b"3")]);
    }

    #[test]
    fn a_compressed_body_has_no_json_and_says_so() {
        let headers = [field("content-encoding", "gzip")];
        let view = RequestView::new("POST", b"/", &headers, BodyView::Whole(b"{}")).unwrap();
        assert_eq!(view.json().unwrap_err(), NoValue::Encoded);
    }
}
