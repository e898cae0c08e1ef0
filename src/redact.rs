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
            && self.keys.iter().all(|key| memchr::memmem::find(head, key).is_none())
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

    /// Any text as it may be shown: keys of mocks are taken out.
    pub fn text<'v>(&self, text: &'v [u8]) -> Cow<'v, [u8]> {
        let mut out = Cow::Borrowed(text);
        for key in &self.keys {
            if memchr::memmem::find(&out, key).is_some() {
                out = Cow::Owned(replace(&out, key));
            }
        }
        out
    }
}

fn replace(text: &[u8], key: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut from = 0;
    for at in memchr::memmem::find_iter(text, key) {
        out.extend_from_slice(&text[from..at]);
        out.extend_from_slice(REDACTED.as_bytes());
        from = at + key.len();
    }
    out.extend_from_slice(&text[from..]);
    out
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
}
