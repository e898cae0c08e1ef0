//! Raw HTTP/1 heads: where one ends, what it is made of, and the same head written anew (RFC 9112).
//!
//! Lines are read strictly, as far as the parts of a head need no knowledge of each other; whether the parts go
//! together is for the [strict front](super::front) to say. A head that is refused is told in the log all the same, as
//! far as it can be.

use std::borrow::Cow;
use std::mem::MaybeUninit;
use std::ops::Range;

use smallvec::SmallVec;

use crate::stubs::request::HeaderField;
use crate::words::Rejection;

/// How many fields a head may have; pingora's limit.
const MAX_FIELDS: usize = 256;

/// Why a head was refused, with what can be said about it.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub rejection: Rejection,
    /// What is wrong, for the caller.
    pub detail: &'static str,
}

pub fn refuse<T>(rejection: Rejection, detail: &'static str) -> Result<T, Refusal> {
    Err(Refusal { rejection, detail })
}

/// Fields of a head, borrowed from its bytes.
pub type Fields<'b> = SmallVec<[HeaderField<'b>; 24]>;

/// A parsed head, borrowed from its bytes.
#[derive(Debug)]
pub struct RawHead<'b> {
    /// All of it, with the empty line at its end.
    pub bytes: &'b [u8],
    /// The method.
    pub method: &'b str,
    /// The target as it was sent.
    pub target: &'b [u8],
    /// The fields in order.
    pub fields: Fields<'b>,
    /// Whether the caller speaks HTTP/1.0.
    pub http10: bool,
}

impl RawHead<'_> {
    /// The protocol of the caller.
    pub fn protocol(&self) -> &'static str {
        if self.http10 { "HTTP/1.0" } else { "HTTP/1.1" }
    }
}

/// Finds the end of the head among `bytes`, of which the first `seen` were searched before: the index behind the first
/// empty line. Empty lines before the request line do not count (RFC 9112, section 2.2).
pub fn find_end(bytes: &[u8], seen: usize) -> Option<usize> {
    let from = seen.saturating_sub(3);
    let first = bytes.iter().position(|b| !matches!(b, b'\r' | b'\n'))?;
    memchr::memchr_iter(b'\n', &bytes[from..]).map(|at| from + at).find_map(|at| {
        let end = match bytes[at + 1..] {
            [b'\n', ..] => at + 2,
            [b'\r', b'\n', ..] => at + 3,
            _ => return None,
        };
        (at > first).then_some(end)
    })
}

/// How many bytes of empty lines stand before the request line.
pub fn leading_empty_lines(bytes: &[u8]) -> usize {
    let mut at = 0;
    while bytes[at..].starts_with(b"\r\n") {
        at += 2;
    }
    at
}

/// Parses a complete head.
///
/// # Errors
/// Where it is malformed.
pub fn parse(bytes: &[u8]) -> Result<RawHead<'_>, Refusal> {
    // httparse takes a bare LF for a line end; everything else that `lines` refuses, it refuses too, in other words.
    if memchr::memchr_iter(b'\n', bytes).any(|at| at == 0 || bytes[at - 1] != b'\r') {
        lines(bytes)?;
    }
    let mut slots = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut request = httparse::Request::new(&mut []);
    let length = match request.parse_with_uninit_headers(bytes, &mut slots) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return refuse(Rejection::RequestLine, "the head is incomplete"),
        Err(error) => return Err(lines(bytes).err().unwrap_or_else(|| explained(error, bytes))),
    };
    let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version) else {
        return refuse(Rejection::RequestLine, "the request line is incomplete");
    };
    let fields =
        request.headers.iter().map(|field| HeaderField { name: field.name, value: field.value.trim_ascii() }).collect();
    Ok(RawHead { bytes: &bytes[..length], method, target: target.as_bytes(), fields, http10: version == 0 })
}

/// Refuses lines that do not end in CR LF: a recipient may take a bare LF for a line end, and so smuggle lines past
/// one that does not.
fn lines(bytes: &[u8]) -> Result<(), Refusal> {
    let mut previous = 0;
    for at in memchr::memchr_iter(b'\n', bytes) {
        if at == 0 || bytes[at - 1] != b'\r' {
            return refuse(Rejection::BareLineFeed, "a line of the head ends without a carriage return");
        }
        let line = &bytes[previous..at - 1];
        if memchr::memchr(b'\r', line).is_some() {
            return refuse(Rejection::Header, "the head contains a carriage return that ends no line");
        }
        if previous > 0 && line.first().is_some_and(|b| matches!(b, b' ' | b'\t')) {
            return refuse(Rejection::Header, "a header field is folded over several lines");
        }
        previous = at + 1;
    }
    Ok(())
}

/// Says what httparse found, in the words of the closed list.
fn explained(error: httparse::Error, bytes: &[u8]) -> Refusal {
    let line = bytes.split(|b| *b == b'\r').next().unwrap_or(bytes);
    let parts: SmallVec<[&[u8]; 4]> = line.split(|b| *b == b' ').collect();
    let (rejection, detail) = match (error, parts.as_slice()) {
        (httparse::Error::HeaderName, _) => (Rejection::Header, "the name of a header field is malformed"),
        (httparse::Error::HeaderValue, _) => {
            (Rejection::Header, "the value of a header field contains a control character")
        }
        (httparse::Error::TooManyHeaders, _) => (Rejection::HeadTooLarge, "the head has more than 256 fields"),
        (httparse::Error::Version, [_, _, [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]])
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            (Rejection::Version, "Standin speaks HTTP/1.0 and HTTP/1.1 here")
        }
        (httparse::Error::Version, _) => (Rejection::RequestLine, "the request line does not end in an HTTP version"),
        (httparse::Error::Token, [method, _, _]) if http::Method::from_bytes(method).is_ok() => {
            (Rejection::Target, "the request target contains control characters or bytes that are no UTF-8")
        }
        _ => (Rejection::RequestLine, "the request line is malformed"),
    };
    Refusal { rejection, detail }
}

/// A target that goes on in another form.
#[derive(Debug, PartialEq, Eq)]
pub struct Rewritten<'b> {
    /// What replaces the `Host` field.
    pub host: Option<&'b [u8]>,
    /// Path and query; empty where the URL had none.
    pub path: Cow<'b, [u8]>,
}

/// Writes a head anew, with another target and host, or without its expectation.
pub fn rebuild(head: &RawHead<'_>, target: Option<&Rewritten<'_>>, drop_expect: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(head.bytes.len() + 16);
    out.extend_from_slice(head.method.as_bytes());
    out.push(b' ');
    match target {
        None => out.extend_from_slice(head.target),
        Some(Rewritten { path, .. }) if path.is_empty() && head.method == "OPTIONS" => out.push(b'*'),
        Some(Rewritten { path, .. }) => {
            if !path.starts_with(b"/") {
                out.push(b'/');
            }
            out.extend_from_slice(path);
        }
    }
    let host = target.and_then(|target| target.host);
    out.extend_from_slice(if head.http10 { b" HTTP/1.0\r\n" } else { b" HTTP/1.1\r\n" });
    let mut line = |name: &[u8], value: &[u8]| {
        out.extend_from_slice(name);
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    };
    if let Some(host) = host {
        line(b"Host", host);
    }
    for field in &head.fields {
        let replaced = host.is_some() && field.name.eq_ignore_ascii_case("host");
        let dropped = drop_expect && field.name.eq_ignore_ascii_case("expect");
        if !replaced && !dropped {
            line(field.name.as_bytes(), field.value);
        }
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// A head without its expectation, for a body that was asked for already.
pub fn without_expectation(bytes: &bytes::Bytes) -> bytes::Bytes {
    match parse(bytes) {
        Ok(head) => rebuild(&head, None, true).into(),
        Err(_) => bytes.clone(), // it passed before, so this does not happen
    }
}

/// The fields of a head that may be malformed, as far as they can be told, for the log.
pub fn told_fields(bytes: &[u8]) -> impl Iterator<Item = (&str, &[u8])> {
    let end = find_end(bytes, 0).unwrap_or(bytes.len());
    bytes[..end].split(|b| *b == b'\n').skip(1).filter_map(|line| {
        let at = memchr::memchr(b':', line)?;
        Some((std::str::from_utf8(&line[..at]).ok()?.trim(), line[at + 1..].trim_ascii()))
    })
}

/// Method and target of a head that may be malformed, as far as they can be told, for the log.
pub fn first_line(bytes: &[u8]) -> (Range<usize>, Range<usize>) {
    let start = leading_empty_lines(bytes);
    let line_end = bytes[start..].iter().position(|b| matches!(b, b'\r' | b'\n')).map_or(bytes.len(), |at| start + at);
    let line_end = line_end.min(start + 2048);
    let method_end = bytes[start..line_end].iter().position(|b| *b == b' ').map_or(line_end, |at| start + at);
    let rest = (method_end + 1).min(line_end);
    let target_end = bytes[rest..line_end].iter().position(|b| *b == b' ').map_or(line_end, |at| rest + at);
    (start..method_end, rest..target_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_head_is_found_however_it_arrives() {
        let head = b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nbody";
        let end = head.len() - 4;
        for seen in 0..head.len() {
            assert_eq!(find_end(head, seen.min(end - 1)), Some(end), "seen {seen}");
        }
        assert_eq!(find_end(b"GET / HTTP/1.1\nHost: a\n\n", 0), Some(24));
        assert_eq!(find_end(b"GET / HTTP/1.1\r\nHost: a\r\n", 0), None);
        assert_eq!(find_end(b"\r\n\r\n", 0), None);
        assert_eq!(leading_empty_lines(b"\r\n\r\nGET"), 4);
    }

    #[test]
    fn very_many_empty_lines_are_passed_over_in_one_go() {
        let mut bytes = vec![b'\n'; 1 << 20];
        bytes.extend_from_slice(&[b'x', b'\n'].repeat(1 << 19));
        assert_eq!(find_end(&bytes, 0), None);
        bytes.extend_from_slice(b"\n");
        assert_eq!(find_end(&bytes, 0), Some(bytes.len()));
    }

    #[test]
    fn the_first_line_is_told_as_far_as_it_can_be() {
        let told = |bytes: &'static [u8]| {
            let (method, target) = first_line(bytes);
            (String::from_utf8_lossy(&bytes[method]).into_owned(), String::from_utf8_lossy(&bytes[target]).into_owned())
        };
        assert_eq!(told(b"GET /a HTTP/1.1\r\n"), ("GET".to_owned(), "/a".to_owned()));
        assert_eq!(told(b"GET"), ("GET".to_owned(), String::new()));
        assert_eq!(told(b""), (String::new(), String::new()));
        assert_eq!(told(b"\r\nX  y\n"), ("X".to_owned(), String::new()));
    }
}
