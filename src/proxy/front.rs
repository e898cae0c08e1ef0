//! The strict front: what a raw HTTP/1 head must be before anything else looks at it (RFC 9110, RFC 9112).
//!
//! pingora accepts heads that others read differently: no `Host`, lists of lengths, odd targets, bare line feeds. Here
//! they are refused by name, so that they are answered, logged and counted, or repaired where the RFC says how. What
//! passes is framed without doubt: [`Passed`] says where the body ends.

use std::borrow::Cow;
use std::mem::MaybeUninit;
use std::ops::Range;

use smallvec::SmallVec;

use super::headers;
use crate::stubs::path::NormalPath;
use crate::stubs::request::HeaderField;
use crate::words::Rejection;

/// How many fields a head may have; pingora's limit.
const MAX_FIELDS: usize = 256;

/// A head that passed.
#[derive(Debug, PartialEq, Eq)]
pub struct Passed {
    /// Bytes of the head, its last empty line included.
    pub length: usize,
    /// Where the body ends.
    pub framing: Framing,
    /// Whether the caller speaks HTTP/1.0.
    pub is_http10: bool,
    /// Whether the caller asks for another protocol, so that what follows may not be HTTP.
    pub upgrade: bool,
    /// Whether the caller holds its body back until it is told to continue.
    pub expects_continue: bool,
    /// The head in its repaired form, where it must not go on as it came.
    pub repaired: Option<Vec<u8>>,
}

/// Where a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    None,
    /// After so many bytes.
    Length(u64),
    /// With its last chunk.
    Chunked,
}

/// Why a head was refused, with what can be said about it.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub rejection: Rejection,
    /// What is wrong, for the caller.
    pub detail: &'static str,
}

fn refuse<T>(rejection: Rejection, detail: &'static str) -> Result<T, Refusal> {
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
    http10: bool,
    length: usize,
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
    memchr::memchr_iter(b'\n', &bytes[from..]).map(|at| from + at).find_map(|at| {
        let end = match bytes[at + 1..] {
            [b'\n', ..] => at + 2,
            [b'\r', b'\n', ..] => at + 3,
            _ => return None,
        };
        bytes[..at].iter().any(|b| !matches!(b, b'\r' | b'\n')).then_some(end)
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
    Ok(RawHead { bytes: &bytes[..length], method, target: target.as_bytes(), fields, http10: version == 0, length })
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

/// Checks a parsed head.
///
/// # Errors
/// Where it must be refused.
pub fn check(head: &RawHead<'_>, max_body: Option<u64>) -> Result<Passed, Refusal> {
    if head.method == "CONNECT" {
        return refuse(Rejection::Connect, "Standin opens no tunnels");
    }
    let target = target(head)?;
    let named = |name: &'static str| head.fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
    host(head, named("host"))?;
    let framing = framing(head, named("content-length"), named("transfer-encoding"))?;
    if let (Framing::Length(length), Some(max)) = (framing, max_body)
        && length > max
    {
        return refuse(Rejection::BodyTooLarge, "the body is longer than limits.request_body");
    }
    let listed = |name: &'static str, token: &str| {
        named(name).any(|field| {
            field.value.split(|b| *b == b',').any(|t| t.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
        })
    };
    for token in named("connection").flat_map(|field| headers::tokens(field.value)) {
        if !token.iter().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b)) {
            return refuse(Rejection::Header, "the Connection field is malformed");
        }
        if headers::PROTECTED.iter().any(|name| token.eq_ignore_ascii_case(name.as_bytes())) {
            return refuse(Rejection::Header, "the Connection field names a field that belongs to the request");
        }
    }
    let upgrade = !head.http10
        && named("upgrade").next().is_some_and(|field| headers::changes_protocol(field.value))
        && listed("connection", "upgrade");
    let expects = listed("expect", "100-continue");
    // A server must ignore the expectation of an HTTP/1.0 caller (RFC 9110, section 10.1.1).
    let drop_expect = expects && head.http10;
    let repaired = (target.is_some() || drop_expect).then(|| rebuild(head, target.as_ref(), drop_expect));
    Ok(Passed {
        length: head.length,
        framing,
        is_http10: head.http10,
        upgrade,
        expects_continue: expects && !head.http10,
        repaired,
    })
}

/// A target that goes on in another form.
#[derive(Debug, PartialEq, Eq)]
struct Rewritten<'b> {
    /// What replaces the `Host` field.
    host: Option<&'b [u8]>,
    /// Path and query; empty where the URL had none.
    path: Cow<'b, [u8]>,
}

/// The longest target; that of the type which pingora keeps it in.
const MAX_TARGET: usize = 65_534;

/// Checks the target. An absolute one is taken apart (RFC 9112, section 3.2.2), and the few characters that no URL may
/// hold but that callers send all the same are percent-encoded, since the upstream could not be sent them.
fn target<'b>(head: &RawHead<'b>) -> Result<Option<Rewritten<'b>>, Refusal> {
    let bad = |detail| refuse(Rejection::Target, detail);
    let target = head.target;
    if target.len() > MAX_TARGET {
        return refuse(Rejection::HeadTooLarge, "the request target is longer than 65,534 bytes");
    }
    if memchr::memchr(b'#', target).is_some() {
        return bad("the request target has a fragment");
    }
    let (host, whole) = match target.first() {
        Some(b'/') => (None, target),
        Some(b'*') if target == b"*" && head.method == "OPTIONS" => (None, target),
        Some(b'*') => return bad("`*` is a target of OPTIONS only"),
        _ => {
            let (host, path) = absolute(target).map_err(|detail| Refusal { rejection: Rejection::Target, detail })?;
            (Some(host), path)
        }
    };
    let path = whole.split(|b| *b == b'?').next().unwrap_or(whole);
    if !path.is_empty() && NormalPath::of(path).is_err() {
        return refuse(Rejection::Path, path_detail(path));
    }
    let encoded = encode(whole, path.len());
    let changed = host.is_some() || matches!(encoded, Cow::Owned(_));
    Ok(changed.then_some(Rewritten { host, path: encoded }))
}

/// Percent-encodes what pingora's URL type refuses: `<`, `>` and a backquote in the path, `"`, `<` and `>` behind it.
fn encode(target: &[u8], path: usize) -> Cow<'_, [u8]> {
    let refused = |at: usize, byte: u8| matches!(byte, b'<' | b'>') || byte == if at < path { b'`' } else { b'"' };
    if !target.iter().enumerate().any(|(at, byte)| refused(at, *byte)) {
        return Cow::Borrowed(target);
    }
    let mut out = Vec::with_capacity(target.len() + 16);
    for (at, byte) in target.iter().enumerate() {
        if refused(at, *byte) {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        } else {
            out.push(*byte);
        }
    }
    Cow::Owned(out)
}

fn path_detail(path: &[u8]) -> &'static str {
    use crate::stubs::path::PathFault;
    match NormalPath::of(path) {
        Err(PathFault::BadEncoding) => "a percent sign in the path is not followed by two hexadecimal digits",
        Err(PathFault::Nul) => "the path contains an encoded NUL",
        Err(PathFault::Backslash) => "the path contains a backslash",
        Err(PathFault::AboveRoot) => "the path climbs above the root",
        Err(PathFault::NotAPath) | Ok(_) => "the request target is not a path",
    }
}

/// Host, and path with query, of an absolute target.
fn absolute(target: &[u8]) -> Result<(&[u8], &[u8]), &'static str> {
    let scheme = |name: &[u8]| {
        target.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name)).map(|_| &target[name.len()..])
    };
    let Some(rest) = scheme(b"http://").or_else(|| scheme(b"https://")) else {
        return Err("the request target is neither a path nor an http URL");
    };
    let end = rest.iter().position(|b| matches!(b, b'/' | b'?')).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    if host.is_empty() || !is_host(host) {
        return Err("the host of the request target is malformed");
    }
    Ok((host, path))
}

fn host<'h, 'b: 'h>(head: &RawHead<'_>, mut hosts: impl Iterator<Item = &'h HeaderField<'b>>) -> Result<(), Refusal> {
    match (hosts.next(), hosts.next()) {
        (None, _) if head.http10 => Ok(()),
        (None, _) => refuse(Rejection::Host, "the Host field is missing"),
        (Some(_), Some(_)) => refuse(Rejection::Host, "there are several Host fields"),
        (Some(field), None) if is_host(field.value) => Ok(()),
        (Some(_), None) => refuse(Rejection::Host, "the Host field is malformed"),
    }
}

/// Host and optional port (RFC 3986, section 3.2.2), without user information.
fn is_host(value: &[u8]) -> bool {
    let (name, port) = match value.iter().rposition(|b| *b == b':') {
        Some(at) if !value[at..].contains(&b']') => (&value[..at], Some(&value[at + 1..])),
        _ => (value, None),
    };
    let sound_port = port.is_none_or(|port| port.iter().all(u8::is_ascii_digit) && port.len() <= 5);
    let literal = name.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]"));
    let sound_name = match literal {
        Some(address) => std::str::from_utf8(address).is_ok_and(|a| a.parse::<std::net::Ipv6Addr>().is_ok()),
        None => !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=".contains(b)),
    };
    sound_port && sound_name
}

fn framing<'h, 'b: 'h>(
    head: &RawHead<'_>,
    mut lengths: impl Iterator<Item = &'h HeaderField<'b>>,
    codings: impl Iterator<Item = &'h HeaderField<'b>>,
) -> Result<Framing, Refusal> {
    let codings: SmallVec<[&[u8]; 2]> =
        codings.flat_map(|field| field.value.split(|b| *b == b',')).map(<[u8]>::trim_ascii).collect();
    let length = match (lengths.next(), lengths.next()) {
        (None, _) => None,
        (Some(_), Some(_)) => return refuse(Rejection::ContentLength, "there are several Content-Length fields"),
        (Some(field), None) => {
            let digits = field.value;
            let value =
                std::str::from_utf8(digits).ok().filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()));
            match value.and_then(|digits| digits.parse().ok()) {
                Some(length) => Some(length),
                None => return refuse(Rejection::ContentLength, "the Content-Length field is no number"),
            }
        }
    };
    if codings.is_empty() {
        return Ok(length.filter(|length| *length > 0).map_or(Framing::None, Framing::Length));
    }
    let bad = |detail| refuse(Rejection::TransferEncoding, detail);
    if head.http10 {
        return bad("HTTP/1.0 has no Transfer-Encoding");
    }
    if length.is_some() {
        return bad("Content-Length and Transfer-Encoding exclude each other");
    }
    match codings.as_slice() {
        [only] if only.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
        [others @ .., last] if last.eq_ignore_ascii_case(b"chunked") => {
            if others.iter().any(|coding| coding.eq_ignore_ascii_case(b"chunked")) {
                return bad("the body is said to be chunked twice");
            }
            refuse(Rejection::TransferCoding, "the only transfer coding that Standin knows is chunked")
        }
        _ => bad("the last transfer coding is not chunked, so the body has no end"),
    }
}

/// Writes a head anew, with another target and host, or without its expectation.
fn rebuild(head: &RawHead<'_>, target: Option<&Rewritten<'_>>, drop_expect: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(head.length + 16);
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
mod tests;
