//! From the bytes of a head to a decision, whatever protocol they came by.

use bytes::Bytes;

use super::{Arrived, Connections, Over};
use crate::proxy::context::Request;
use crate::proxy::decide::{self, Arrival, Plan};
use crate::proxy::front::{self, Framing, Passed};
use crate::proxy::head::{self, RawHead, Refusal};
use crate::proxy::lane::{self, Leaving, Plain, Sheet};
use crate::stubs::request::{BodyView, RequestView};

/// A head that passed, and what is to be done if its body need not be looked at first.
pub(super) struct Admitted {
    pub passed: Passed,
    /// The head as it goes on, where that is not as it came.
    pub repaired: Option<Bytes>,
    /// What the lane must know, where it may write the answer.
    pub plain: Option<Plain>,
    pub decided: Option<(Plan, Box<Request>)>,
}

/// What came of a head that the lane may answer at once.
pub(super) enum Met<'p, 's> {
    /// Its answer is put together.
    Answered(Leaving<'p, 's>, Plain),
    /// Everything else.
    Admitted(Box<Admitted>),
}

impl Connections {
    /// Parses and checks a head, and decides, if a stub does not ask for the body first.
    pub(super) fn admit(&self, raw: &[u8], arrived: &Arrived<'_>) -> Result<Admitted, Refusal> {
        let parsed = head::parse(raw)?;
        let mut passed = front::check(&parsed, arrived.snapshot.settings.limits.request_body)?;
        if let Over::Http2(framing) = arrived.over {
            passed.framing = framing; // frames say where a body ends, not fields
        }
        self.admit_passed(&parsed, passed, arrived)
    }

    /// The same for a head that may take the lane; an answer that leaves at once is put together in `out`.
    pub(super) fn meet<'p, 's>(
        &'p self,
        raw: &[u8],
        arrived: &Arrived<'s>,
        sheet: Sheet<'_>,
    ) -> Result<Met<'p, 's>, Refusal> {
        let parsed = head::parse(raw)?;
        let passed = front::check(&parsed, arrived.snapshot.settings.limits.request_body)?;
        let plain = Plain::of(&parsed, &passed).filter(|_| arrived.snapshot.settings.proxy.lane);
        let Some(plain) = plain else {
            return self.admit_passed(&parsed, passed, arrived).map(Box::new).map(Met::Admitted);
        };
        let closing = Plain { closing: plain.closing || self.plane.is_draining(), ..plain };
        let arrival = arrived.arrival(&parsed);
        // The strict front has refused every path without a normal form.
        let view = RequestView::new(parsed.method, parsed.target, &parsed.fields, BodyView::Whole(b""));
        let Ok(view) = view.map(|view| view.from_peer(arrived.peer.address.ip())) else {
            return self.admit_passed(&parsed, passed, arrived).map(Box::new).map(Met::Admitted);
        };
        let decision = decide::judge(&self.plane, arrived.snapshot, &view);
        if let Some(decision) = &decision
            && let Some(leaving) =
                lane::answer(&self.plane, arrived.snapshot, &arrival, &view, decision, closing, sheet)
        {
            return Ok(Met::Answered(leaving, closing));
        }
        let decided = decide::carry(&self.plane, &arrival, &view, decision);
        Ok(Met::Admitted(Box::new(Admitted { passed, repaired: None, plain: Some(plain), decided })))
    }

    fn admit_passed(
        &self,
        parsed: &RawHead<'_>,
        mut passed: Passed,
        arrived: &Arrived<'_>,
    ) -> Result<Admitted, Refusal> {
        let body = if passed.framing == Framing::None { BodyView::Whole(b"") } else { BodyView::Unread };
        let repaired = passed.repaired.take().map(Bytes::from);
        let decided = match &repaired {
            None => self.decide(parsed, arrived, body),
            Some(repaired) => self.decide(&head::parse(repaired)?, arrived, body),
        };
        Ok(Admitted { passed, repaired, plain: None, decided })
    }

    pub(super) fn decide(
        &self,
        head: &RawHead<'_>,
        arrived: &Arrived<'_>,
        body: BodyView<'_>,
    ) -> Option<(Plan, Box<Request>)> {
        // The strict front has refused every path without a normal form.
        let view = RequestView::new(head.method, head.target, &head.fields, body).ok()?;
        let view = view.from_peer(arrived.peer.address.ip());
        let decision = decide::judge(&self.plane, arrived.snapshot, &view);
        decide::carry(&self.plane, &arrived.arrival(head), &view, decision)
    }
}

impl<'c> Arrived<'c> {
    fn arrival<'a>(&self, head: &'a RawHead<'_>) -> Arrival<'a>
    where
        'c: 'a,
    {
        Arrival {
            snapshot: self.snapshot,
            started: self.started,
            peer: self.peer.address,
            peer_value: &self.peer.value,
            head: head.bytes,
            target: head.target,
            protocol: match self.over {
                Over::Http1 => head.protocol(),
                Over::Http2(_) => "HTTP/2.0",
            },
            scheme: self.peer.scheme(),
            exchange: self.exchange,
        }
    }
}
