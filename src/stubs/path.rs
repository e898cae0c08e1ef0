//! The one normal form of a request path.
//!
//! Matching never sees `.` and `..`, doubled slashes or percent-encodings: [`NormalPath`] has resolved them. The target
//! itself goes upstream as it was sent. The path is split at raw slashes first and decoded after, so an encoded slash
//! stays inside its segment; in the normal form it is a NUL, which no path can hold, since `%00` is refused.

use std::borrow::Cow;

/// Why a path has no normal form. Each is answered with 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    /// The target is neither a path nor `*`.
    #[error("the request target is not a path")]
    NotAPath,
    /// A `%` without two hexadecimal digits behind it.
    #[error("a percent sign in the path is not followed by two hexadecimal digits")]
    BadEncoding,
    /// An encoded NUL.
    #[error("the path contains an encoded NUL")]
    Nul,
    /// A backslash, raw or encoded: servers disagree whether it is a slash.
    #[error("the path contains a backslash")]
    Backslash,
    /// More `..` than there are segments before it.
    #[error("the path climbs above the root")]
    AboveRoot,
}

/// A path with dot segments, doubled slashes and percent-encodings resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NormalPath<'a>(Cow<'a, [u8]>);

/// Stands for an encoded slash inside a segment.
const SLASH: u8 = 0;

impl<'a> NormalPath<'a> {
    /// Resolves a path as it was sent, without its query.
    ///
    /// # Errors
    /// Where the path must be refused: see [`PathFault`].
    pub fn of(path: &'a [u8]) -> Result<Self, PathFault> {
        if path == b"*" {
            return Ok(NormalPath(Cow::Borrowed(path)));
        }
        if path.first() != Some(&b'/') {
            return Err(PathFault::NotAPath);
        }
        if is_normal(path) {
            return Ok(NormalPath(Cow::Borrowed(path)));
        }
        let mut out: Vec<&[u8]> = Vec::new();
        let mut decoded: Vec<Cow<'_, [u8]>> = Vec::new();
        for segment in path[1..].split(|b| *b == b'/') {
            decoded.push(decode(segment)?);
        }
        let last = decoded.len() - 1;
        for (at, segment) in decoded.iter().enumerate() {
            match segment.as_ref() {
                b"" if at < last => {} // a doubled slash
                b"." if at < last => {}
                b"." => out.push(b""),
                b".." => {
                    if out.pop().is_none() {
                        return Err(PathFault::AboveRoot);
                    }
                    if at == last {
                        out.push(b"");
                    }
                }
                segment => out.push(segment),
            }
        }
        let mut joined = Vec::with_capacity(path.len());
        for segment in out {
            joined.push(b'/');
            joined.extend_from_slice(segment);
        }
        if joined.is_empty() {
            joined.push(b'/');
        }
        Ok(NormalPath(Cow::Owned(joined)))
    }

    /// The bytes of the normal form; an encoded slash is a NUL.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The segments, without the leading slash; none for `*`.
    pub fn segments(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.0.strip_prefix(b"/").into_iter().flat_map(|rest| rest.split(|b| *b == b'/'))
    }

    /// The path as people read it, encoded slashes shown as slashes.
    pub fn readable(&self) -> Cow<'_, [u8]> {
        readable(&self.0)
    }
}

/// A captured value as people read it, with its slashes back.
pub fn readable(bytes: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(SLASH, bytes).is_none() {
        return Cow::Borrowed(bytes);
    }
    Cow::Owned(bytes.iter().map(|b| if *b == SLASH { b'/' } else { *b }).collect())
}

/// Whether a path is its own normal form; true for almost every real one, at the price of one pass.
fn is_normal(path: &[u8]) -> bool {
    let mut previous = 0;
    for byte in path {
        match *byte {
            b'%' | b'\\' | SLASH => return false,
            b'/' | b'.' if previous == b'/' => return false,
            _ => {}
        }
        previous = *byte;
    }
    true
}

/// Decodes one segment.
pub(super) fn decode(segment: &[u8]) -> Result<Cow<'_, [u8]>, PathFault> {
    if memchr::memchr(b'\\', segment).is_some() {
        return Err(PathFault::Backslash);
    }
    if memchr::memchr(SLASH, segment).is_some() {
        return Err(PathFault::Nul);
    }
    if memchr::memchr(b'%', segment).is_none() {
        return Ok(Cow::Borrowed(segment));
    }
    let mut out = Vec::with_capacity(segment.len());
    let mut bytes = segment.iter();
    while let Some(byte) = bytes.next() {
        if *byte != b'%' {
            out.push(*byte);
            continue;
        }
        let (Some(high), Some(low)) = (bytes.next().and_then(|b| hex(*b)), bytes.next().and_then(|b| hex(*b))) else {
            return Err(PathFault::BadEncoding);
        };
        match high << 4 | low {
            0 => return Err(PathFault::Nul),
            b'\\' => return Err(PathFault::Backslash),
            b'/' => out.push(SLASH),
            byte => out.push(byte),
        }
    }
    Ok(Cow::Owned(out))
}

fn hex(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(path: &str) -> String {
        match NormalPath::of(path.as_bytes()) {
            Ok(path) => String::from_utf8_lossy(path.as_bytes()).into_owned(),
            Err(fault) => format!("{fault:?}"),
        }
    }

    #[test]
    fn dot_segments_doubled_slashes_and_encodings_are_resolved() {
        for (sent, expected) in [
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("/a/", "/a/"),
            ("//a///b", "/a/b"),
            ("/a//", "/a/"),
            ("/a/./b", "/a/b"),
            ("/a/.", "/a/"),
            ("/a/..", "/"),
            ("/a/b/..", "/a/"),
            ("/a/b/../c", "/a/c"),
            ("/a/%2e%2E/c", "/c"),
            ("/a//../c", "/c"),
            ("/caf%C3%A9", "/café"),
            ("/a%2Fb", "/a\0b"),
            ("/a%252Fb", "/a%2Fb"),
            ("/...", "/..."),
            ("/.well-known/x", "/.well-known/x"),
            ("*", "*"),
        ] {
            assert_eq!(normal(sent), expected, "{sent}");
        }
    }

    #[test]
    fn paths_that_servers_read_differently_are_refused() {
        for (sent, expected) in [
            ("/%", "BadEncoding"),
            ("/%4", "BadEncoding"),
            ("/%zz", "BadEncoding"),
            ("/a%00", "Nul"),
            ("/a\\b", "Backslash"),
            ("/a%5cb", "Backslash"),
            ("/..", "AboveRoot"),
            ("/a/../../b", "AboveRoot"),
            ("/%2e%2e/b", "AboveRoot"),
            ("a", "NotAPath"),
            ("", "NotAPath"),
        ] {
            assert_eq!(normal(sent), expected, "{sent}");
        }
    }
}
