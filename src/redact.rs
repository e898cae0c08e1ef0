//! What never reaches a log: secrets are taken out when an entry is made, not when it is shown.

use std::borrow::Cow;

use subtle::ConstantTimeEq as _;

/// A secret of the sidecar's own. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct Secret(Box<[u8]>);

impl Secret {
    /// A secret with this text.
    pub fn new(text: &str) -> Self {
        Secret(text.as_bytes().into())
    }

    /// Whether this is it. Takes as long for a wrong guess as for a right one, but for its length.
    pub fn is(&self, guess: &[u8]) -> bool {
        self.0.ct_eq(guess).into()
    }

    /// The text, for the redaction of logs only.
    pub fn text(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.is(&other.0)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// What to take out of heads and bodies.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Header names in lower case whose values are taken out.
    pub headers: Box<[Box<str>]>,
    /// Query keys whose values are taken out.
    pub query: Box<[Box<str>]>,
    /// Texts that are taken out wherever they stand: the keys of the mocks.
    pub keys: Box<[Box<[u8]>]>,
}

/// Header names whose values are always taken out, in lower case.
pub const HEADERS: &[&str] = &["authorization", "cookie", "set-cookie", "x-api-key", "proxy-authorization"];

/// What stands in place of what was taken out.
pub const REDACTED: &str = "[redacted]";

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").field("headers", &self.headers).field("query", &self.query).finish_non_exhaustive()
    }
}

impl Redactor {
    /// Whether there is nothing to take out of a head of this target and these field names. Cautious: `false` says only
    /// that a closer look is needed.
    pub fn leaves<'n>(&self, head: &[u8], target: &[u8], mut names: impl Iterator<Item = &'n str>) -> bool {
        (self.query.is_empty() || memchr::memchr(b'?', target).is_none())
            && (self.keys.is_empty()
                || !has_escapes(head) && self.keys.iter().all(|key| memchr::memmem::find(head, key).is_none()))
            && !names.any(|name| self.headers.iter().any(|secret| secret.eq_ignore_ascii_case(name)))
    }

    /// A header value as it may be shown.
    pub fn header<'v>(&self, name: &str, value: &'v [u8]) -> Cow<'v, [u8]> {
        if self.headers.iter().any(|secret| secret.eq_ignore_ascii_case(name)) {
            return Cow::Borrowed(REDACTED.as_bytes());
        }
        self.text(value)
    }

    /// A request target as it may be shown.
    pub fn target<'v>(&self, target: &'v [u8]) -> Cow<'v, [u8]> {
        let Some(at) = memchr::memchr(b'?', target).filter(|_| !self.query.is_empty()) else {
            return self.text(target);
        };
        let mut out = target[..=at].to_vec();
        for (number, pair) in target[at + 1..].split(|b| *b == b'&').enumerate() {
            if number > 0 {
                out.push(b'&');
            }
            let key = pair.split(|b| *b == b'=').next().unwrap_or(pair);
            let decoded = form_urlencoded::parse(key).next().map(|(key, _)| key).unwrap_or_default();
            if self.query.iter().any(|secret| **secret == *decoded) {
                out.extend_from_slice(key);
                out.push(b'=');
                out.extend_from_slice(REDACTED.as_bytes());
            } else {
                out.extend_from_slice(pair);
            }
        }
        Cow::Owned(self.text(&out).into_owned())
    }

    /// Any text as it may be shown: keys of mocks are taken out, also where they are written with the escapes of a URL or
    /// of JSON.
    pub fn text<'v>(&self, text: &'v [u8]) -> Cow<'v, [u8]> {
        let mut out = Cow::Borrowed(text);
        for key in &self.keys {
            if let Some(without) = replaced(&out, key) {
                out = Cow::Owned(without);
            }
        }
        out
    }
}

/// Whether a byte may be written otherwise than as itself here.
fn has_escapes(text: &[u8]) -> bool {
    memchr::memchr2(b'%', b'\\', text).is_some()
}

/// The text without the key, if it is in there.
fn replaced(text: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    let first = *key.first()?;
    let mut out = Vec::new();
    let mut from = 0;
    let mut cut = |at: usize, end: usize| {
        out.extend_from_slice(&text[from..at]);
        out.extend_from_slice(REDACTED.as_bytes());
        from = end;
    };
    if has_escapes(text) {
        let mut next = 0;
        while let Some(offset) = memchr::memchr3(first, b'%', b'\\', &text[next..]) {
            let at = next + offset;
            let end = written(&text[at..], key).map(|length| at + length);
            end.into_iter().for_each(|end| cut(at, end));
            next = end.unwrap_or(at + 1);
        }
    } else {
        memchr::memmem::find_iter(text, key).for_each(|at| cut(at, at + key.len()));
    }
    if from == 0 {
        return None;
    }
    out.extend_from_slice(&text[from..]);
    Some(out)
}

/// How many bytes at the beginning of a text write this key, escapes and all; `None` where it does not begin with it.
fn written(text: &[u8], key: &[u8]) -> Option<usize> {
    if text.starts_with(key) {
        return Some(key.len());
    }
    let mut rest = text;
    for wanted in key {
        rest = step(rest, *wanted)?;
    }
    Some(text.len() - rest.len())
}

/// What is behind the next byte, if it is the wanted one: as itself, `%2d`, `\u002d` or `\/`.
fn step(text: &[u8], wanted: u8) -> Option<&[u8]> {
    let hex = |digits: &[u8]| std::str::from_utf8(digits).ok().and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let is = |code: Option<u32>| code == Some(u32::from(wanted));
    match text {
        [b'%', high, low, rest @ ..] if is(hex(&[*high, *low])) => Some(rest),
        [b'\\', b'u', a, b, c, d, rest @ ..] if is(hex(&[*a, *b, *c, *d])) => Some(rest),
        [b'\\', byte @ (b'/' | b'"' | b'\\'), rest @ ..] if *byte == wanted => Some(rest),
        [byte, rest @ ..] if *byte == wanted => Some(rest),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor() -> Redactor {
        Redactor {
            headers: ["authorization".into()].into(),
            query: ["token".into()].into(),
            keys: [b"s3cret"[..].into()].into(),
        }
    }

    #[test]
    fn a_secret_is_known_by_all_of_its_bytes_and_never_shown() {
        let secret = Secret::new("sesame");
        assert!(secret.is(b"sesame"));
        for guess in ["", "sesam", "sesame ", "Sesame", "sesamE"] {
            assert!(!secret.is(guess.as_bytes()), "{guess}");
        }
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }

    #[test]
    fn secrets_are_taken_out_of_headers_queries_and_texts() {
        let redactor = redactor();
        assert_eq!(redactor.header("Authorization", b"Bearer x").as_ref(), b"[redacted]");
        assert_eq!(redactor.header("x-other", b"a s3cret b").as_ref(), b"a [redacted] b");
        assert_eq!(
            redactor.target(b"/a?token=x&b=1&to%6ben=y").as_ref(),
            b"/a?token=[redacted]&b=1&to%6ben=[redacted]"
        );
        assert_eq!(redactor.target(b"/s3cret").as_ref(), b"/[redacted]");
    }

    #[test]
    fn a_key_is_taken_out_however_it_is_written() {
        let redactor = Redactor { keys: [b"a-/\"%k"[..].into()].into(), ..Redactor::default() };
        for text in
            ["a-/\"%k", "%61-/\"%k", "a%2D/\"%25k", "a%2d%2F%22%25%6b", "\\u0061\\u002d\\/\\\"%k", "a\\u002D/\\u0022%k"]
        {
            let around = format!("x{text}y{text}");
            assert_eq!(redactor.text(around.as_bytes()).as_ref(), b"x[redacted]y[redacted]", "{text}");
            let head = format!("GET /?{text} HTTP/1.1");
            assert!(!redactor.leaves(head.as_bytes(), b"/", std::iter::empty()), "{text}");
        }
        for text in ["a-/\"%", "a%2", "a%2D", "%", "\\", "a\\u002", "a%+2/\"%k", "a-", "b-/\"%k"] {
            assert!(matches!(redactor.text(text.as_bytes()), Cow::Borrowed(_)), "{text}");
        }
        // Ends at the beginning of a key that overlaps itself.
        let redactor = Redactor { keys: [b"aab"[..].into()].into(), ..Redactor::default() };
        assert_eq!(redactor.text(b"aaab%").as_ref(), b"a[redacted]%");
    }
}
