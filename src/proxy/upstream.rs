//! Upstreams: what goes to which, which address is tried, and how failures are named.

use std::sync::Arc;

use pingora::upstreams::peer::{HttpPeer, HttpUpstreamRequestPolicy};
use pingora::{Error, ErrorSource, ErrorType};

use super::context::Forward;
use super::decide::Arrival;
use super::dial::Dial;
use super::exchange::Exchange;
use super::headers::{Edits, Strip};
use crate::settings::Http2;
use crate::stubs::decision::{Action, Decision};
use crate::stubs::request::RequestView;
use crate::words::Failure;

/// How many requests share one HTTP/2 connection to an upstream at most; the upstream may allow fewer.
const STREAMS: usize = 100;

/// Where a request goes, and what is changed in it on the way.
pub fn forward(arrival: &Arrival<'_>, decision: &Decision<'_>, view: &RequestView<'_>) -> Option<Forward> {
    let Action::Forward(to) = &decision.action else { return None };
    let upstream = arrival.snapshot.upstreams.get(to.0 as usize)?.clone();
    let key = decision.mock.filter(|mock| mock.access.has_key(view)).map(|mock| &*mock.access.header);
    let http2 = match upstream.settings.http2 {
        Http2::Always => true,
        Http2::Never => false,
        Http2::Grpc => is_grpc(view),
    };
    let strip = Strip {
        selectors: decision.selectors_on,
        key,
        forwarded: arrival.snapshot.settings.proxy.forwarded,
        authority: &upstream.authority,
    };
    let edits = Edits::of(view.headers, strip, arrival.peer_value, arrival.scheme);
    // Another protocol is asked for in the words of HTTP/1.1 only.
    let http2 = http2 && !edits.upgrades();
    Some(Forward {
        upstream,
        tries: 0,
        address: 0,
        edits,
        http2,
        small: false,
        at: None,
        connected: false,
        status: None,
    })
}

/// Whether this is a gRPC call: nothing else can be sent to a gRPC server, and it speaks nothing but HTTP/2.
fn is_grpc(view: &RequestView<'_>) -> bool {
    view.headers.iter().any(|field| {
        field.name.eq_ignore_ascii_case("content-type")
            && field.value.get(..16).is_some_and(|media| media.eq_ignore_ascii_case(b"application/grpc"))
            && !field.value.get(16..).is_some_and(|rest| rest.starts_with(b"-web"))
    })
}

/// The peer for the next attempt; `None` where no address is known.
pub fn peer(forward: &mut Forward, exchange: &Arc<Exchange>) -> Option<Box<HttpPeer>> {
    let addresses = forward.upstream.addresses();
    let count = addresses.len();
    if count == 0 {
        return None;
    }
    forward.address = (forward.upstream.preferred() + forward.tries) % count;
    let settings = &forward.upstream.settings;
    // An address needs no look-up, so `new` does not block.
    let address = addresses[forward.address];
    let mut peer = HttpPeer::new(address, false, String::new());
    // Connections of one version are not taken for those of another.
    peer.group_key = forward.upstream.group_key ^ u64::from(forward.http2);
    if forward.http2 {
        peer.options.set_http_version(2, 2);
        peer.options.max_h2_streams = STREAMS;
    }
    peer.options.connection_timeout = Some(settings.connect_timeout);
    peer.options.total_connection_timeout = Some(settings.connect_timeout);
    if forward.edits.upgrades() {
        // A connection of its own, that no other request is given.
        peer.group_key = fastrand::u64(..);
    }
    if settings.tls.is_some() || forward.edits.upgrades() {
        let held_back_for = forward.edits.upgrades().then(|| exchange.clone());
        let (upstream, http2) = (forward.upstream.clone(), forward.http2);
        peer.options.custom_l4 = Some(Arc::new(Dial { upstream, http2, held_back_for }));
    }
    // A tunnel may rest; whether it is agreed to in time is the connection's to see.
    peer.options.read_timeout = (!forward.edits.upgrades()).then_some(settings.read_timeout);
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
        ErrorType::TLSHandshakeFailure | ErrorType::InvalidCert | ErrorType::TLSWantX509Lookup => Failure::Tls,
        ErrorType::ConnectTimedout | ErrorType::TLSHandshakeTimedout => Failure::ConnectTimeout,
        ErrorType::ConnectNoRoute | ErrorType::ConnectError | ErrorType::SocketError | ErrorType::BindError => {
            Failure::Connect
        }
        ErrorType::ReadTimedout => Failure::ReadTimeout,
        ErrorType::WriteTimedout => Failure::WriteTimeout,
        ErrorType::InvalidHTTPHeader
        | ErrorType::H1Error
        | ErrorType::H2Error
        | ErrorType::H2Downgrade
        | ErrorType::InvalidH2 => Failure::InvalidAnswer,
        _ => Failure::Closed,
    })
}
