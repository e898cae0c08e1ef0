//! Reads a body that a stub asks for, within the limits, so that it can be given back byte for byte.

use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, timeout_at};

use super::budget::Share;
use super::chunked::{ChunkScanner, Malformed};
use super::front::Framing;
use super::replay::{Fence, READ, Replay};
use crate::settings::Limits;
use crate::stubs::request::BodyFault;

/// What is known of a body, and how to give it back.
#[derive(Debug)]
pub struct Inspected {
    /// The decoded body, or why it cannot be looked at. `None`: nobody asked.
    pub body: Option<Result<Bytes, BodyFault>>,
    /// What was taken from the stream and must be given back.
    pub again: Bytes,
    /// What follows in the stream.
    pub fence: Fence,
    /// The memory that this takes of the budget.
    pub share: Option<Share>,
}

impl Inspected {
    /// A body that nobody asked for.
    pub fn unread(framing: Framing) -> Self {
        Inspected { body: None, again: Bytes::new(), fence: fence(framing), share: None }
    }

    /// `share` is of the memory that what was read of it takes until it is passed on.
    fn refused(framing: Framing, fault: BodyFault, share: Share) -> Self {
        Inspected { body: Some(Err(fault)), share: Some(share), ..Inspected::unread(framing) }
    }
}

fn fence(framing: Framing) -> Fence {
    match framing {
        Framing::None => Fence::Length(0),
        Framing::Length(length) => Fence::Length(length),
        Framing::Chunked => Fence::Chunked(ChunkScanner::default()),
    }
}

/// Why a body did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Its framing is malformed.
    Malformed,
    /// It is longer than any body may be.
    TooLarge,
    /// The caller left in the middle.
    Left,
}

impl From<Malformed> for Broken {
    fn from(_: Malformed) -> Self {
        Broken::Malformed
    }
}

/// What a chunked body may have in framing beside its data before it counts as too long: room for honest chunks of a
/// few dozen bytes, none for a mebibyte in chunks of one.
fn raw_limit(match_body: usize) -> usize {
    match_body.saturating_mul(2).saturating_add(64 << 10)
}

/// Reads a body that a stub asks for.
///
/// # Errors
/// Where its framing is malformed, or the caller leaves.
pub async fn inspect(
    stream: &mut Replay,
    framing: Framing,
    limits: &Limits,
    mut share: Share,
) -> Result<Inspected, Broken> {
    let deadline = Instant::now() + limits.match_body_timeout;
    match framing {
        Framing::None => Ok(Inspected { body: Some(Ok(Bytes::new())), ..Inspected::unread(framing) }),
        Framing::Length(length) => {
            let Some(length) = usize::try_from(length).ok().filter(|length| *length <= limits.match_body) else {
                return Ok(Inspected::refused(framing, BodyFault::TooLong, share));
            };
            if !share.take(length, limits.match_body_total) {
                return Ok(Inspected::refused(framing, BodyFault::Budget, share));
            }
            stream.expect(length);
            while stream.input().len() < length {
                match timeout_at(deadline, stream.fill(READ)).await {
                    Err(_) => return Ok(Inspected::refused(framing, BodyFault::Timeout, share)),
                    Ok(Ok(0) | Err(_)) => return Err(Broken::Left),
                    Ok(Ok(_)) => {}
                }
            }
            let body = stream.take(length).freeze();
            let share = Some(share);
            Ok(Inspected { body: Some(Ok(body.clone())), again: body, fence: Fence::Length(0), share })
        }
        Framing::Chunked => {
            let mut scanner = ChunkScanner::default();
            let mut decoded = BytesMut::new();
            let mut scanned = 0;
            loop {
                let fresh = &stream.input()[scanned..];
                scanned += scanner.feed(fresh, |data| decoded.extend_from_slice(data))?;
                if limits.request_body.is_some_and(|most| scanner.length() > most) {
                    return Err(Broken::TooLarge);
                }
                if scanner.is_done() {
                    break;
                }
                if decoded.len() > limits.match_body || scanned > raw_limit(limits.match_body) {
                    return Ok(Inspected::refused(framing, BodyFault::TooLong, share));
                }
                if !share.take(scanned + decoded.len(), limits.match_body_total) {
                    return Ok(Inspected::refused(framing, BodyFault::Budget, share));
                }
                match timeout_at(deadline, stream.fill(READ)).await {
                    Err(_) => return Ok(Inspected::refused(framing, BodyFault::Timeout, share)),
                    Ok(Ok(0) | Err(_)) => return Err(Broken::Left),
                    Ok(Ok(_)) => {}
                }
            }
            if decoded.len() > limits.match_body {
                return Ok(Inspected::refused(framing, BodyFault::TooLong, share));
            }
            let again = stream.take(scanned).freeze();
            let body = Some(Ok(decoded.freeze()));
            Ok(Inspected { body, again, fence: Fence::Length(0), share: Some(share) })
        }
    }
}
