//! Header fields at the border to the upstream, in both directions.

mod caller;

use bytes::Bytes;
use http::HeaderValue;
use http::header::{CONNECTION, UPGRADE};
use pingora::Result;
use pingora::http::RequestHeader;
use smallvec::SmallVec;

pub use caller::toward_caller;

use crate::settings::Forwarded;
use crate::stubs::request::HeaderField;

/// The header that asks for the `standin` field on a forwarded answer.
pub const DEBUG: &str = "standin-debug";

const FOR: &str = "X-Forwarded-For";
const PROTO: &str = "X-Forwarded-Proto";
const HOST: &str = "X-Forwarded-Host";

/// Longer than every name that is looked for.
const LONGEST: usize = 32;

/// Which of the caller's fields the upstream must not see.
#[derive(Clone, Copy, Debug)]
pub struct Strip<'s> {
    /// Selectors (reference, section 6).
    pub selectors: bool,
    /// The header that carried a key of the mock.
    pub key: Option<&'s str>,
    /// What happens to forwarding headers.
    pub forwarded: Forwarded,
    /// Host and port of the upstream.
    pub authority: &'s HeaderValue,
}

/// What is changed in a head before the upstream sees it.
///
/// Fields are taken out of the raw head and added to it before pingora parses it: in what it has parsed, each added field
/// would make two tables grow. Only `Connection` is taken out late: pingora reads it to know whether the caller stays.
#[derive(Debug, Default)]
pub struct Edits {
    /// Numbers of fields that are taken out; few.
    out: SmallVec<[u16; 4]>,
    /// Lines that are added, each with its end.
    add: Vec<u8>,
    /// Whether there is a `Connection` or an `Upgrade` to look at.
    connection: bool,
    /// Whether another protocol is asked for.
    upgrade: bool,
}

/// What a caller sent of the fields that are looked at.
#[derive(Default)]
struct Sent<'f> {
    host: Option<&'f [u8]>,
    chain: SmallVec<[(u16, &'f [u8]); 2]>,
    proto: SmallVec<[u16; 1]>,
    hosts: SmallVec<[u16; 1]>,
    standard: SmallVec<[(u16, &'f [u8]); 2]>,
    upgrade: Option<(u16, &'f [u8])>,
    connection: SmallVec<[&'f [u8]; 1]>,
}

impl Edits {
    /// What must be changed in a head with these fields. `peer` is the caller's address as a field value.
    pub fn of(fields: &[HeaderField<'_>], strip: Strip<'_>, peer: &HeaderValue, scheme: &str) -> Self {
        let mut edits = Edits::default();
        let mut sent = Sent::default();
        let mut buffer = [0; LONGEST];
        for (number, field) in (0..).zip(fields) {
            let out = match lower(field.name, &mut buffer) {
                // RFC 9110, section 7.6.1; trailers of HTTP/1.1 are dropped, and so is their announcement.
                b"keep-alive" | b"proxy-connection" | b"te" | b"trailer" | b"http2-settings" => true,
                // Meant for the next hop that asks for them (RFC 9110, section 11.7).
                b"proxy-authenticate" | b"proxy-authorization" => true,
                b"standin-debug" => true,
                b"x-mock-response-code" | b"x-mock-response-id" | b"x-mock-response-name" => strip.selectors,
                b"x-mock-response-delay" | b"x-mock-match-request-body" => strip.selectors,
                b"x-mock-match-request-headers" => strip.selectors,
                b"host" => {
                    sent.host.get_or_insert(field.value);
                    false
                }
                b"connection" => {
                    sent.connection.push(field.value);
                    false
                }
                b"upgrade" => {
                    sent.upgrade = Some((number, field.value));
                    false
                }
                b"x-forwarded-for" => {
                    sent.chain.push((number, field.value));
                    false
                }
                b"x-forwarded-proto" => {
                    sent.proto.push(number);
                    false
                }
                b"x-forwarded-host" => {
                    sent.hosts.push(number);
                    false
                }
                b"forwarded" => {
                    sent.standard.push((number, field.value));
                    false
                }
                _ => false,
            };
            if out || strip.key.is_some_and(|key| key.eq_ignore_ascii_case(field.name)) {
                edits.out.push(number);
            }
        }
        edits.hop_by_hop(fields, &sent);
        edits.connection = !sent.connection.is_empty() || sent.upgrade.is_some();
        if sent.host.is_none() {
            // HTTP/1.0 needs none, but what goes on is HTTP/1.1 (RFC 9112, section 3.2).
            edits.push("Host", strip.authority.as_bytes());
        }
        match strip.forwarded {
            Forwarded::Pass => {}
            Forwarded::Replace => edits.replace(&sent, peer, scheme),
            Forwarded::Append => edits.append(&sent, peer, scheme),
        }
        edits
    }

    /// Takes out what `Connection` names. `Upgrade` stays where it is meant.
    fn hop_by_hop(&mut self, fields: &[HeaderField<'_>], sent: &Sent<'_>) {
        let mut upgrades = false;
        let mut named: SmallVec<[Vec<u8>; 2]> = SmallVec::new();
        for token in sent.connection.iter().flat_map(|value| tokens(value)) {
            match token.to_ascii_lowercase() {
                name if matches!(name.as_slice(), b"keep-alive" | b"close" | b"te") => {}
                name if name == b"upgrade" => upgrades = true,
                name => named.push(name),
            }
        }
        if !named.is_empty() {
            named.sort_unstable();
            let is_named =
                |field: &HeaderField<'_>| named.binary_search(&field.name.as_bytes().to_ascii_lowercase()).is_ok();
            self.out.extend((0..).zip(fields).filter(|(_, field)| is_named(field)).map(|(number, _)| number));
        }
        let kept = |(_, value): &(u16, &[u8])| upgrades && changes_protocol(value);
        self.upgrade = sent.upgrade.is_some_and(|upgrade| kept(&upgrade));
        self.out.extend(sent.upgrade.filter(|_| !self.upgrade).map(|(number, _)| number));
    }

    fn replace(&mut self, sent: &Sent<'_>, peer: &HeaderValue, scheme: &str) {
        let listed = sent.chain.iter().chain(&sent.standard).map(|(number, _)| *number);
        self.out.extend(listed.chain(sent.proto.iter().copied()).chain(sent.hosts.iter().copied()));
        self.push(FOR, peer.as_bytes());
        self.push(PROTO, scheme.as_bytes());
        if let Some(host) = sent.host {
            self.push(HOST, host);
        }
    }

    fn append(&mut self, sent: &Sent<'_>, peer: &HeaderValue, scheme: &str) {
        if sent.chain.is_empty() {
            self.push(FOR, peer.as_bytes());
        } else {
            self.extend(FOR, &sent.chain, peer.as_bytes());
        }
        if sent.proto.is_empty() {
            self.push(PROTO, scheme.as_bytes());
        }
        if let Some(host) = sent.host.filter(|_| sent.hosts.is_empty()) {
            self.push(HOST, host);
        }
        if !sent.standard.is_empty() {
            // RFC 7239, section 4: an IPv6 address stands in brackets, and so in quotes; so does a host with a port.
            let peer = peer.to_str().unwrap_or("unknown");
            let node = if peer.contains(':') { format!("\"[{peer}]\"") } else { peer.to_owned() };
            let host = sent.host.and_then(|host| std::str::from_utf8(host).ok()).unwrap_or_default();
            self.extend("Forwarded", &sent.standard, format!("for={node};host=\"{host}\";proto={scheme}").as_bytes());
        }
    }

    /// Replaces a list field by one that has one more element.
    fn extend(&mut self, name: &str, values: &[(u16, &[u8])], last: &[u8]) {
        self.out.extend(values.iter().map(|(number, _)| *number));
        let elements: Vec<&[u8]> = values.iter().map(|(_, value)| *value).chain([last]).collect();
        self.push(name, &elements.join(&b", "[..]));
    }

    /// Adds a line. The value was a field value of the caller's, or is ours: it holds no end of a line.
    fn push(&mut self, name: &str, value: &[u8]) {
        if self.add.capacity() == 0 {
            self.add.reserve(128);
        }
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            self.add.extend_from_slice(part);
        }
    }

    /// Whether the request asks for another protocol, and may become a tunnel.
    pub fn upgrades(&self) -> bool {
        self.upgrade
    }

    /// The head as it goes on.
    pub fn rewrite(&self, head: Bytes) -> Bytes {
        if self.out.is_empty() && self.add.is_empty() {
            return head;
        }
        let mut out = Vec::with_capacity(head.len() + self.add.len());
        let fields = head.strip_suffix(b"\n").map_or(&head[..], |head| head.strip_suffix(b"\r").unwrap_or(head));
        if self.out.is_empty() {
            out.extend_from_slice(fields);
        } else {
            for (number, line) in fields.split_inclusive(|b| *b == b'\n').enumerate() {
                if number == 0 || !self.out.iter().any(|out| usize::from(*out) + 1 == number) {
                    out.extend_from_slice(line);
                }
            }
        }
        out.extend_from_slice(&self.add);
        out.extend_from_slice(b"\r\n");
        out.into()
    }

    /// Takes `Connection` out of what pingora has parsed, but for a change of protocol.
    ///
    /// # Errors
    /// Never: the name is a constant.
    pub fn finish(&self, head: &mut RequestHeader) -> Result<()> {
        if self.connection {
            if head.headers.contains_key(UPGRADE) {
                head.insert_header(CONNECTION, "Upgrade")?;
            } else {
                head.remove_header(&CONNECTION);
            }
        }
        Ok(())
    }
}

/// Says in a request of HTTP/2 that TLS is spoken, which pingora does not know of ours: the scheme stands in its URI, and
/// with it the authority, from where pingora would put it.
pub fn with_https(head: &mut RequestHeader) {
    let Some(host) = head.headers.get(http::header::HOST).map(HeaderValue::as_bytes) else { return };
    let uri = http::Uri::builder().scheme("https").authority(host).path_and_query(head.raw_path()).build();
    if let Ok(uri) = uri {
        head.set_uri(uri);
        head.remove_header(&http::header::HOST);
    }
}

/// A name in lower case; empty where it is longer than every name that is looked for.
fn lower<'b>(name: &str, buffer: &'b mut [u8; LONGEST]) -> &'b [u8] {
    match buffer.get_mut(..name.len()) {
        Some(lower) => {
            lower.copy_from_slice(name.as_bytes());
            lower.make_ascii_lowercase();
            lower
        }
        None => b"",
    }
}

/// The elements of a list field.
pub fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|b| *b == b',').map(<[u8]>::trim_ascii).filter(|token| !token.is_empty())
}

/// Whether an `Upgrade` field asks for a protocol that a caller may speak with the upstream through us. HTTP/2 is none:
/// it would be spoken with us, and this way of asking for it is gone (RFC 9113, section 3.1).
pub fn changes_protocol(upgrade: &[u8]) -> bool {
    !tokens(upgrade).any(|token| token.eq_ignore_ascii_case(b"h2c"))
}

/// Fields that `Connection` may not name: without them a request would say something else.
pub const PROTECTED: [&str; 8] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
];

/// A field value of text that Standin made.
pub fn value(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
}
