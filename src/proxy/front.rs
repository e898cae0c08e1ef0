//! The strict front: what a raw HTTP/1 [head](super::head) must be before anything else looks at it (RFC 9110, RFC
//! 9112).
//!
//! pingora accepts heads that others read differently: no `Host`, lists of lengths, odd targets, bare line feeds. Here
//! they are refused by name, so that they are answered, logged and counted, or repaired where the RFC says how. What
//! passes is framed without doubt: [`Passed`] says where the body ends.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::head::{RawHead, Refusal, Rewritten, rebuild, refuse};
use super::headers;
use crate::stubs::path::NormalPath;
use crate::stubs::request::HeaderField;
use crate::words::Rejection;

/// A head that passed.
#[derive(Debug, PartialEq, Eq)]
pub struct Passed {
    /// Where the body ends.
    pub framing: Framing,
    /// Whether the caller speaks HTTP/1.0.
    pub is_http10: bool,
    /// Whether the caller wants the connection closed behind the answer.
    pub closes: bool,
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
    let mut closes = false;
    for token in named("connection").flat_map(|field| headers::tokens(field.value)) {
        if !token.iter().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b)) {
            return refuse(Rejection::Header, "the Connection field is malformed");
        }
        closes |= token.eq_ignore_ascii_case(b"close");
        if headers::PROTECTED.iter().any(|name| token.eq_ignore_ascii_case(name.as_bytes())) {
            return refuse(Rejection::Header, "the Connection field names a field that belongs to the request");
        }
    }
    let expects = listed("expect", "100-continue");
    // A server must ignore the expectation of an HTTP/1.0 caller (RFC 9110, section 10.1.1).
    let drop_expect = expects && head.http10;
    let repaired = (target.is_some() || drop_expect).then(|| rebuild(head, target.as_ref(), drop_expect));
    Ok(Passed { framing, is_http10: head.http10, closes, expects_continue: expects && !head.http10, repaired })
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

/// Which bytes the name of a host may have.
const HOST_BYTES: [bool; 256] = {
    let (mut table, mut byte) = ([false; 256], 0);
    while byte < 256 {
        table[byte] = matches!(byte as u8, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9')
            || matches!(
                byte as u8,
                b'-' | b'.' | b'_' | b'~' | b'%' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b';' | b'='
            );
        byte += 1;
    }
    table
};

/// Host and optional port (RFC 3986, section 3.2.2), without user information.
fn is_host(value: &[u8]) -> bool {
    // A name has 253 characters at most (RFC 1035, section 2.3.4); a port adds six.
    if value.len() > 260 {
        return false;
    }
    let (name, port) = match value.iter().rposition(|b| *b == b':') {
        Some(at) if !value[at..].contains(&b']') => (&value[..at], Some(&value[at + 1..])),
        _ => (value, None),
    };
    let sound_port = port.is_none_or(|port| port.iter().all(u8::is_ascii_digit) && port.len() <= 5);
    let literal = name.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]"));
    let sound_name = match literal {
        Some(address) => std::str::from_utf8(address).is_ok_and(|a| a.parse::<std::net::Ipv6Addr>().is_ok()),
        None => !name.is_empty() && name.iter().all(|b| HOST_BYTES[usize::from(*b)]),
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

#[cfg(test)]
mod tests;
