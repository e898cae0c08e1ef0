//! Undoing a content-encoding, to show what a body says. Of a beginning that was kept, as much is shown as it holds.

use std::borrow::Cow;
use std::io::{self, Read};

use super::{Captured, Head};

/// How much a body may become, bytes: a few bytes can be made to say gigabytes.
const MOST: u64 = 1 << 20;
/// How many codings may lie over each other.
const DEEPEST: usize = 3;

/// What a body says without its content-encoding, and whether that is cut; `None` where nothing can be undone.
pub(super) fn decode(bytes: &[u8], codings: &str) -> Option<(Vec<u8>, bool)> {
    let codings: Vec<String> = codings.split(',').map(|coding| coding.trim().to_ascii_lowercase()).collect();
    let codings: Vec<&str> = codings.iter().map(String::as_str).filter(|c| !matches!(*c, "" | "identity")).collect();
    if codings.is_empty() || codings.len() > DEEPEST || bytes.is_empty() {
        return None;
    }
    let (mut now, mut cut) = (bytes.to_vec(), false);
    // The last one was put on last.
    for coding in codings.into_iter().rev() {
        let (undone, is_cut) = match coding {
            "gzip" | "x-gzip" => read(flate2::read::MultiGzDecoder::new(&now[..])),
            "deflate" => match read(flate2::read::ZlibDecoder::new(&now[..])) {
                // Many send the bare stream under this name.
                (nothing, _) if nothing.is_empty() => read(flate2::read::DeflateDecoder::new(&now[..])),
                undone => undone,
            },
            "br" => read(brotli::Decompressor::new(&now[..], 4096)),
            "zstd" => read(zstd::stream::read::Decoder::new(&now[..]).ok()?),
            _ => return None,
        };
        if undone.is_empty() {
            return None;
        }
        (now, cut) = (undone, cut || is_cut);
    }
    Some((now, cut))
}

/// What a kept body says without its content-encoding, and whether that is all of it.
pub(super) fn said<'b>(head: &Head, body: &'b Captured) -> (Cow<'b, [u8]>, bool) {
    let is_whole = body.bytes.len() as u64 == body.length;
    let coding = head.fields().find(|(name, _)| name.eq_ignore_ascii_case(b"content-encoding"));
    let decoded = coding.and_then(|(_, coding)| decode(&body.bytes, std::str::from_utf8(coding).ok()?));
    match decoded {
        Some((bytes, is_cut)) => (Cow::Owned(bytes), is_whole && !is_cut),
        None => (Cow::Borrowed(&body.bytes), is_whole),
    }
}

/// What can be read before an error or the limit, and whether that is not all.
fn read(from: impl Read) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let mut from = from.take(MOST + 1);
    let mut piece = [0; 8192];
    loop {
        match from.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => out.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return (out, true),
        }
    }
    let cut = out.len() as u64 > MOST;
    out.truncate(MOST as usize);
    (out, cut)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn each_coding_is_undone() {
        let text = b"what a body says, what a body says";
        let mut brotli_bytes = Vec::new();
        brotli::CompressorWriter::new(&mut brotli_bytes, 4096, 5, 22).write_all(text).unwrap();
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        zlib.write_all(text).unwrap();
        let mut bare = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        bare.write_all(text).unwrap();
        let twice = gzip(&zstd::encode_all(&text[..], 1).unwrap());
        for (coding, bytes) in [
            ("gzip", gzip(text)),
            ("GZIP", gzip(text)),
            ("br", brotli_bytes),
            ("deflate", zlib.finish().unwrap()),
            ("deflate", bare.finish().unwrap()),
            ("zstd", zstd::encode_all(&text[..], 1).unwrap()),
            ("zstd, gzip", twice),
        ] {
            assert_eq!(decode(&bytes, coding), Some((text.to_vec(), false)), "{coding}");
        }
    }

    #[test]
    fn what_cannot_be_undone_is_left_alone_and_a_beginning_says_what_it_can() {
        for (coding, bytes) in [("gzip", &b"no gzip"[..]), ("snappy", b"x"), ("identity", b"x"), ("gzip", b"")] {
            assert_eq!(decode(bytes, coding), None, "{coding}");
        }
        let text: Vec<u8> = (0..40_000u32).flat_map(|n| (n.wrapping_mul(2_654_435_761)).to_le_bytes()).collect();
        let whole = gzip(&text);
        let (said, cut) = decode(&whole[..whole.len() / 2], "gzip").unwrap();
        assert!(cut && !said.is_empty() && text.starts_with(&said));
    }

    #[test]
    fn a_bomb_says_a_megabyte() {
        let (said, cut) = decode(&gzip(&vec![0; 8 << 20]), "gzip").unwrap();
        assert_eq!((said.len() as u64, cut), (MOST, true));
    }
}
