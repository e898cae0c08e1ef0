//! Upstreams: which address is tried, and how failures are named.

use pingora::upstreams::peer::{HttpPeer, HttpUpstreamRequestPolicy};
use pingora::{Error, ErrorSource, ErrorType};

use super::context::Forward;
use crate::words::Failure;

/// The peer for the next attempt; `None` where no address is known.
pub fn peer(forward: &mut Forward) -> Option<Box<HttpPeer>> {
    let addresses = forward.upstream.addresses();
    let count = addresses.len();
    if count == 0 {
        return None;
    }
    forward.address = (forward.upstream.preferred() + forward.tries) % count;
    let settings = &forward.upstream.settings;
    // An address needs no look-up, so `new` does not block.
    let mut peer = HttpPeer::new(addresses[forward.address], false, String::new());
    peer.group_key = forward.upstream.group_key;
    peer.options.connection_timeout = Some(settings.connect_timeout);
    peer.options.total_connection_timeout = Some(settings.connect_timeout);
    peer.options.read_timeout = Some(settings.read_timeout);
    peer.options.write_timeout = (!forward.small).then_some(settings.write_timeout);
    peer.options.idle_timeout = Some(settings.idle_timeout);
    // Fields that belong to the caller's connection are taken out of the raw head, before pingora parses it.
    peer.options.http_upstream_request_policy = HttpUpstreamRequestPolicy::preserve();
    Some(Box::new(peer))
}

/// Whether another address is left to try.
pub fn has_more_addresses(forward: &Forward) -> bool {
    forward.tries < forward.upstream.addresses().len()
}

/// What an error of pingora means, where the upstream is to blame.
pub fn failure(error: &Error) -> Option<Failure> {
    if *error.esource() != ErrorSource::Upstream {
        return None;
    }
    Some(match error.etype() {
        ErrorType::ConnectRefused => Failure::Refused,
        ErrorType::ConnectTimedout | ErrorType::TLSHandshakeTimedout => Failure::ConnectTimeout,
        ErrorType::ConnectNoRoute | ErrorType::ConnectError | ErrorType::SocketError | ErrorType::BindError => {
            Failure::Connect
        }
        ErrorType::ReadTimedout => Failure::ReadTimeout,
        ErrorType::WriteTimedout => Failure::WriteTimeout,
        ErrorType::InvalidHTTPHeader | ErrorType::H1Error => Failure::InvalidAnswer,
        _ => Failure::Closed,
    })
}
