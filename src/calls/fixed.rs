//! The part of an entry that has the same length for every call: what differs between calls that get one answer, and the
//! end of a call, which is written where the entry lies.
//!
//! Numbers are little-endian. A call that is still under way has an [`End`] of zeros.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::{Duration, UNIX_EPOCH};

use super::{Call, Times};
use crate::words::{Decided, Failure, Rejection};

/// How many bytes it takes.
pub(super) const FIXED: usize = 20 + 8 + 8 + LENGTH_OF_END + 28 + 16;
/// Where the end begins in it.
pub(super) const END: usize = 20 + 8 + 8;
const LENGTH_OF_END: usize = 24 + 4;
/// A body that was not kept, in place of its length.
const NO_BODY: u64 = u64::MAX;

/// The part of an entry that has the same length for every call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fixed {
    /// Bytes of the whole entry, its meta, the head of the request, and what was kept of both bodies.
    pub lengths: [u32; 5],
    pub number: u64,
    /// Nanoseconds since the epoch.
    pub at: u64,
    pub end: End,
    pub client: SocketAddr,
    /// How long the bodies were, as far as they passed; `None` for one that was not kept.
    pub bodies: [Option<u64>; 2],
}

/// How a call ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct End {
    pub times: Times,
    /// What was done in the end, what failed, and why it was rejected; `None` while the call is under way.
    pub how: Option<(Decided, Option<Failure>, Option<Rejection>)>,
}

impl Fixed {
    /// That of a call; lengths are left to whoever writes it.
    pub fn of(call: &Call) -> Self {
        let closed = call.closed.get();
        let how = closed.map(|closed| (closed.decided, closed.failure, closed.rejection));
        Fixed {
            lengths: [0; 5],
            number: call.number,
            at: nanos(call.at.duration_since(UNIX_EPOCH).unwrap_or_default()),
            end: End { times: closed.map(|closed| closed.times).unwrap_or_default(), how },
            client: call.client,
            bodies: match closed {
                Some(closed) => {
                    [&closed.request_body, &closed.response_body].map(|body| body.as_ref().map(|b| b.length))
                }
                None => [None; 2],
            },
        }
    }

    pub fn to_bytes(self) -> [u8; FIXED] {
        let mut out = Out { bytes: [0; FIXED], at: 0 };
        self.lengths.iter().for_each(|length| out.put(&length.to_le_bytes()));
        out.put(&self.number.to_le_bytes());
        out.put(&self.at.to_le_bytes());
        out.put(&self.end.to_bytes());
        let (ip, flow, scope) = match self.client {
            SocketAddr::V4(v4) => (v4.ip().to_ipv6_mapped(), 0, 0),
            SocketAddr::V6(v6) => (*v6.ip(), v6.flowinfo(), v6.scope_id()),
        };
        out.put(&ip.octets());
        out.put(&flow.to_le_bytes());
        out.put(&scope.to_le_bytes());
        out.put(&self.client.port().to_le_bytes());
        out.put(&[u8::from(self.client.is_ipv4()), 0]);
        self.bodies.iter().for_each(|length| out.put(&length.unwrap_or(NO_BODY).to_le_bytes()));
        out.bytes
    }

    pub fn from_bytes(bytes: &[u8; FIXED]) -> Self {
        let mut input = In { bytes, at: 0 };
        let lengths = std::array::from_fn(|_| u32::from_le_bytes(input.take()));
        let number = u64::from_le_bytes(input.take());
        let at = u64::from_le_bytes(input.take());
        let end = End::from_bytes(&input.take());
        let ip = Ipv6Addr::from(input.take::<16>());
        let (flow, scope) = (u32::from_le_bytes(input.take()), u32::from_le_bytes(input.take()));
        let port = u16::from_le_bytes(input.take());
        let client = match (input.take::<2>(), ip.to_ipv4_mapped()) {
            ([1, _], Some(ip)) => SocketAddr::new(IpAddr::V4(ip), port),
            _ => SocketAddrV6::new(ip, port, flow, scope).into(),
        };
        let bodies =
            std::array::from_fn(|_| Some(u64::from_le_bytes(input.take())).filter(|length| *length != NO_BODY));
        Fixed { lengths, number, at, end, client, bodies }
    }
}

impl End {
    pub fn to_bytes(self) -> [u8; LENGTH_OF_END] {
        let mut out = Out { bytes: [0; LENGTH_OF_END], at: 0 };
        let Times { total, delay, upstream } = self.times;
        [total, delay, upstream].iter().for_each(|time| out.put(&nanos(*time).to_le_bytes()));
        if let Some((decided, failure, rejection)) = self.how {
            // One more than the word's number, since 0 is none.
            let failure = failure.map_or(0, |failure| failure as u8 + 1);
            out.put(&[1, decided as u8, failure, rejection.map_or(0, |rejection| rejection as u8 + 1)]);
        }
        out.bytes
    }

    fn from_bytes(bytes: &[u8; LENGTH_OF_END]) -> Self {
        let mut input = In { bytes, at: 0 };
        let [total, delay, upstream] = std::array::from_fn(|_| Duration::from_nanos(u64::from_le_bytes(input.take())));
        let [closed, decided, failure, rejection] = input.take().map(usize::from);
        let how = Decided::ALL.get(decided).filter(|_| closed == 1).map(|decided| {
            let failure = failure.checked_sub(1).and_then(|at| Failure::ALL.get(at)).copied();
            (*decided, failure, rejection.checked_sub(1).and_then(|at| Rejection::ALL.get(at)).copied())
        });
        End { times: Times { total, delay, upstream }, how }
    }
}

/// Writes one field behind the other.
struct Out<const N: usize> {
    bytes: [u8; N],
    at: usize,
}

impl<const N: usize> Out<N> {
    fn put(&mut self, field: &[u8]) {
        self.bytes[self.at..self.at + field.len()].copy_from_slice(field);
        self.at += field.len();
    }
}

/// Reads one field behind the other.
struct In<'b, const N: usize> {
    bytes: &'b [u8; N],
    at: usize,
}

impl<const N: usize> In<'_, N> {
    fn take<const M: usize>(&mut self) -> [u8; M] {
        let field = std::array::from_fn(|offset| self.bytes[self.at + offset]);
        self.at += M;
        field
    }
}

/// Nanoseconds; 584 years at most.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
