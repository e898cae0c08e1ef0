//! From the bytes of a head to a decision, whatever protocol they came by.

use bytes::Bytes;

use super::{Arrived, Connections, Over};
use crate::proxy::context::Request;
use crate::proxy::decide::{self, Arrival, Plan};
use crate::proxy::front::{self, Framing, Passed};
use crate::proxy::head::{self, RawHead, Refusal};
use crate::stubs::request::{BodyView, RequestView};

/// A head that passed, and what is to be done if its body need not be looked at first.
pub(super) struct Admitted {
    pub passed: Passed,
    /// The head as it goes on.
    pub head: Bytes,
    pub decided: Option<(Plan, Box<Request>)>,
}

impl Connections {
    /// Parses and checks a head, and decides, if a stub does not ask for the body first.
    pub(super) fn admit(&self, raw: &Bytes, arrived: &Arrived<'_>) -> Result<Admitted, Refusal> {
        let parsed = head::parse(raw)?;
        let mut passed = front::check(&parsed, arrived.snapshot.settings.limits.request_body)?;
        if let Over::Http2(framing) = arrived.over {
            passed.framing = framing; // frames say where a body ends, not fields
        }
        let body = if passed.framing == Framing::None { BodyView::Whole(b"") } else { BodyView::Unread };
        let (head, decided) = match passed.repaired.take() {
            None => (raw.clone(), self.decide(&parsed, arrived, body)),
            Some(repaired) => {
                let head = Bytes::from(repaired);
                let decided = self.decide(&head::parse(&head)?, arrived, body);
                (head, decided)
            }
        };
        Ok(Admitted { passed, head, decided })
    }

    pub(super) fn decide(
        &self,
        head: &RawHead<'_>,
        arrived: &Arrived<'_>,
        body: BodyView<'_>,
    ) -> Option<(Plan, Box<Request>)> {
        let arrival = Arrival {
            snapshot: &arrived.snapshot,
            started: arrived.started,
            peer: arrived.peer.address,
            peer_value: &arrived.peer.value,
            head: head.bytes,
            target: head.target,
            protocol: match arrived.over {
                Over::Http1 => head.protocol(),
                Over::Http2(_) => "HTTP/2.0",
            },
            scheme: arrived.peer.scheme(),
            exchange: arrived.exchange,
        };
        // The strict front has refused every path without a normal form.
        let view = RequestView::new(head.method, head.target, &head.fields, body).ok()?;
        decide::decide(&self.plane, &arrival, &view.from_peer(arrived.peer.address.ip()))
    }
}
