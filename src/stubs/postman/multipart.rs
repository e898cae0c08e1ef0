//! The text fields of a `multipart/form-data` body (RFC 7578): what Postman's matching looks at of it.
//!
//! Files are left out. A body that is malformed has no fields at all: it equals no example.

use memchr::memmem;

/// Name and value of a field.
pub(super) type Field = (Vec<u8>, Vec<u8>);

/// The longest boundary (RFC 2046, section 5.1.1); bytes.
const LONGEST: usize = 70;

/// Name and value of every field that is no file, in order; `None` where the body is malformed.
pub(super) fn text_fields(content_type: &[u8], body: &[u8]) -> Option<Vec<Field>> {
    let boundary = parameter(content_type, b"boundary").filter(|found| (1..=LONGEST).contains(&found.len()))?;
    let delimiter = [b"--", boundary.as_slice()].concat();
    let between = [b"\r\n", delimiter.as_slice()].concat();
    // The first delimiter needs no line end before it.
    let mut rest = match body.strip_prefix(delimiter.as_slice()) {
        Some(rest) => rest,
        None => &body[memmem::find(body, &between)? + between.len()..],
    };
    let mut fields = Vec::new();
    while !rest.starts_with(b"--") {
        let part = &rest[memmem::find(rest, b"\r\n")?..];
        let end = memmem::find(part, &between)?;
        fields.extend(field(&part[..end])?);
        rest = &part[end + between.len()..];
    }
    Some(fields)
}

/// A part, from the line end before its head: no field where it is a file, `None` where it is malformed.
fn field(part: &[u8]) -> Option<Option<Field>> {
    let head_end = memmem::find(part, b"\r\n\r\n")?;
    // Of several the last counts.
    let mut lines = part[..head_end].rsplit(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let disposition = lines.find_map(|line| {
        let at = memchr::memchr(b':', line)?;
        line[..at].eq_ignore_ascii_case(b"content-disposition").then(|| &line[at + 1..])
    })?;
    if parameter(disposition, b"filename").is_some() || parameter(disposition, b"filename*").is_some() {
        return Some(None);
    }
    Some(Some((unescaped(&parameter(disposition, b"name")?), part[head_end + 4..].to_owned())))
}

/// A parameter of a field value, as a token or quoted; a backslash before a quote is taken out.
fn parameter(value: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut rest = &value[memchr::memchr(b';', value)? + 1..];
    loop {
        rest = rest.trim_ascii_start();
        let equals = memchr::memchr2(b'=', b';', rest)?;
        let (own, after) = (rest[..equals].trim_ascii(), &rest[equals + 1..]);
        if rest[equals] == b';' {
            rest = after;
            continue;
        }
        let (found, next) = match after.strip_prefix(b"\"") {
            Some(quoted) => until_quote(quoted)?,
            None => {
                let end = memchr::memchr(b';', after).unwrap_or(after.len());
                (after[..end].trim_ascii().to_owned(), &after[end..])
            }
        };
        if own.eq_ignore_ascii_case(name) {
            return Some(found);
        }
        rest = &next[memchr::memchr(b';', next)? + 1..];
    }
}

fn until_quote(quoted: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut out = Vec::new();
    let mut bytes = quoted.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match (byte, quoted.get(at + 1)) {
            (b'"', _) => return Some((out, &quoted[at + 1..])),
            (b'\\', Some(b'"')) => out.extend(bytes.next().map(|(_, quote)| *quote)),
            _ => out.push(*byte),
        }
    }
    None
}

/// Browsers write three characters of a name as these (HTML, "multipart/form-data encoding algorithm").
fn unescaped(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((first, after)) = rest.split_first() {
        let escaped = [(&b"%22"[..], b'"'), (b"%0D", b'\r'), (b"%0A", b'\n')];
        let found = escaped.iter().find_map(|(text, byte)| Some((rest.strip_prefix(*text)?, *byte)));
        let (next, byte) = found.unwrap_or((after, *first));
        out.push(byte);
        rest = next;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(content_type: &str, body: &str) -> Option<Vec<(String, String)>> {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let found = text_fields(content_type.as_bytes(), body.as_bytes())?;
        Some(found.into_iter().map(|(name, value)| (text(name), text(value))).collect())
    }

    fn owned(pairs: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
        Some(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn text_fields_are_found_and_files_left_out() {
        let body = "preamble\r\n--x y\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n2\r\n--x y \t\r\n\
             Content-Type: text/plain\r\ncontent-disposition: form-data; filename=\"n\"; name=f\r\n\r\nfile\r\n--x y\r\n\
             content-disposition:form-data;name=b%22\\\"c\r\n\r\n\r\n--x y--\r\nepilogue";
        let media = "multipart/form-data; charset=utf-8; boundary=\"x y\"";
        assert_eq!(fields(media, body), owned(&[("a", "1\r\n2"), ("b\"\\\"c", "")]));
        assert_eq!(fields("multipart/form-data; boundary=B", "--B--"), owned(&[]));
    }

    #[test]
    fn a_malformed_body_has_no_fields() {
        let part = "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1";
        for body in ["", "--", "--B", "--B\r\n", part, "--B\r\nX: y\r\n\r\n1\r\n--B--", "--B\r\nno head\r\n--B--"] {
            assert_eq!(fields("multipart/form-data; boundary=B", body), None, "{body:?}");
        }
        assert_eq!(fields("multipart/form-data", part), None);
        assert_eq!(fields("multipart/form-data; boundary=", part), None);
        assert_eq!(fields("multipart/form-data; boundary=\"B", part), None);
    }
}
