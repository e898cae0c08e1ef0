//! Bodies of answers: decoded, unpacked, secrets taken out.

use std::io::Read as _;

use base64::Engine as _;
use serde_json::Value as Json;

use super::secret::{self, Secrets};
use crate::import::json::Object;

/// The longest body that is unpacked, and what all of an archive may come to, bytes: a packed body may be a thousandth of
/// what it holds.
const LONGEST: u64 = 64 << 20;
const TOGETHER: u64 = 128 << 20;

/// The body of an answer.
#[derive(Debug, PartialEq)]
pub enum Content {
    /// None, or an empty one.
    None,
    /// Text, and whether secrets were taken out of it.
    Text(String, bool),
    /// Other bytes.
    Bytes(Vec<u8>),
}

/// Why a body cannot be had.
pub type Fault = (&'static str, String);

/// How much may be unpacked still of an archive.
#[derive(Debug)]
pub struct Room(u64);

impl Default for Room {
    fn default() -> Self {
        Room(TOGETHER)
    }
}

/// Reads the body; `coding` is what the header `content-encoding` says, and is gone where the body is not packed.
///
/// # Errors
/// Where it was not saved, or is not what it says.
pub fn read(
    content: &Object<'_>,
    coding: &mut Option<String>,
    secrets: &Secrets,
    room: &mut Room,
) -> Result<Content, Fault> {
    let bytes = bytes(content, coding, room)?;
    if bytes.is_empty() {
        return Ok(Content::None);
    }
    Ok(match String::from_utf8(bytes) {
        Ok(text) => plain(text, secrets),
        Err(error) => Content::Bytes(error.into_bytes()),
    })
}

/// What the header `content-encoding` says.
pub fn coding(fields: &[(String, String)]) -> Option<String> {
    fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-encoding")).map(|(_, value)| value.clone())
}

/// The bytes of the body, none where there is none; `coding` as for [`read`].
///
/// # Errors
/// As for [`read`].
pub fn bytes(content: &Object<'_>, coding: &mut Option<String>, room: &mut Room) -> Result<Vec<u8>, Fault> {
    let size = content.scalar("size").and_then(|size| size.parse::<f64>().ok()).unwrap_or(0.0);
    let Some(text) = content.scalar("text") else {
        let media = content.text("mimeType").unwrap_or_default().into_owned();
        return if size > 0.0 { Err(("left out: its body was not saved", media)) } else { Ok(Vec::new()) };
    };
    let bytes = match content.text("encoding").as_deref() {
        None | Some("") => text.into_owned().into_bytes(),
        Some("base64") => {
            let plain: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
            let decoded = base64::engine::general_purpose::STANDARD.decode(plain.as_bytes());
            decoded.map_err(|error| ("left out: a body that is no base64", error.to_string()))?
        }
        Some(other) => return Err(("left out: a body in an encoding that is not known", format!("`{other}`"))),
    };
    unpacked(bytes, coding, room)
}

/// Unpacks what is packed still: most tools save what they have unpacked.
fn unpacked(bytes: Vec<u8>, coding: &mut Option<String>, room: &mut Room) -> Result<Vec<u8>, Fault> {
    let Some(name) = coding.clone() else { return Ok(bytes) };
    let mut out = Vec::new();
    let most = room.0.min(LONGEST);
    let limit = |reader: &mut dyn std::io::Read, out: &mut Vec<u8>| reader.take(most + 1).read_to_end(out);
    let result = match name.to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" if bytes.starts_with(&[0x1f, 0x8b]) => {
            limit(&mut flate2::read::MultiGzDecoder::new(bytes.as_slice()), &mut out)
        }
        "deflate" if bytes.first() == Some(&0x78) && std::str::from_utf8(&bytes).is_err() => {
            limit(&mut flate2::read::ZlibDecoder::new(bytes.as_slice()), &mut out)
        }
        // What is no text may be packed in a way that is not unpacked here: it is sent as it was.
        "br" | "zstd" if std::str::from_utf8(&bytes).is_err() => return Ok(bytes),
        _ => {
            *coding = None;
            return Ok(bytes);
        }
    };
    *coding = None;
    result.map_err(|error| ("left out: a packed body that is damaged", error.to_string()))?;
    let length = out.len() as u64;
    if length > LONGEST {
        return Err(("left out: a packed body of more than 64 MiB", String::new()));
    }
    room.0 =
        room.0.checked_sub(length).ok_or(("left out: packed bodies of more than 128 MiB together", String::new()))?;
    Ok(out)
}

/// A text without secrets.
fn plain(text: String, secrets: &Secrets) -> Content {
    let mut redacted = false;
    let mut text = text;
    if let Ok(mut json) = serde_json::from_str::<Json>(&text)
        && secret::redact(&mut json)
    {
        redacted = true;
        text = json.to_string();
    }
    if secrets.are_in(&text) {
        redacted = true;
        text = secrets.taken_out(&text).into_owned();
    }
    Content::Text(text, redacted)
}
