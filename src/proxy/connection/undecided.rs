//! Requests that are never decided: refused by the strict front or the limits, or left by their caller before they were
//! whole. They are answered, logged and counted all the same.

use super::{Arrived, Connections, Over};
use crate::calls::{Counting, Decision, Head, Outcome, Ticket};
use crate::proxy::answer::rejection_bytes;
use crate::proxy::head::{self, Refusal};
use crate::proxy::replay::Replay;
use crate::words::{Decided, Failure, Rejection};

impl Connections {
    /// Notes a request whose caller left before it was whole.
    pub(super) fn lost(&self, head: &[u8], arrived: &Arrived<'_>) -> Option<Box<Replay>> {
        let decision = Decision::new(Decided::Failed, arrived.snapshot.generation);
        let ticket = self.open(head, arrived, decision);
        ticket.close(Outcome { failure: Some(Failure::CallerLeft), ..Outcome::default() });
        None
    }

    /// Opens the ticket of a request that is not decided.
    fn open(&self, head: &[u8], arrived: &Arrived<'_>, decision: Decision) -> Ticket {
        let Arrived { snapshot, started, peer, .. } = arrived;
        let (method, target) = head::first_line(head);
        let method = String::from_utf8_lossy(&head[method]);
        let told = head::told_fields(head);
        let line = head.get(target.end..).unwrap_or_default();
        let protocol = match arrived.over {
            Over::Http2(_) => "HTTP/2.0",
            Over::Http1 if line.starts_with(b" HTTP/1.0") => "HTTP/1.0",
            Over::Http1 => "HTTP/1.1",
        };
        let request = Head::request(&method, &head[target], protocol, told, &snapshot.redactor);
        let counting = Counting { series: snapshot.series.clone(), mock: None, stub: None };
        self.plane.open(snapshot, *started, peer.address, request, decision, counting)
    }

    /// Opens the ticket of a request that is refused.
    pub(super) fn refused(&self, head: &[u8], arrived: &Arrived<'_>, rejection: Rejection) -> Ticket {
        let mut decision = Decision::new(Decided::Rejected, arrived.snapshot.generation);
        decision.rejection = Some(rejection);
        self.open(head, arrived, decision)
    }

    /// Answers a request that goes no further, and closes the connection.
    pub(super) async fn reject(&self, mut stream: Box<Replay>, head: &[u8], arrived: &Arrived<'_>, refusal: Refusal) {
        let Refusal { rejection, detail } = refusal;
        let snapshot = arrived.snapshot;
        let ticket = self.refused(head, arrived, rejection);
        let (method, _) = head::first_line(head);
        let answer = rejection_bytes(rejection, detail, snapshot, &head[method] == b"HEAD");
        ticket.answered(rejection.status(), Head::response(head::told_fields(&answer), &snapshot.redactor));
        let sent = stream.send(&answer).await;
        stream.give_up();
        tracing::debug!(reason = rejection.as_str(), peer = %arrived.peer.address, sent = sent.is_ok(), "request rejected");
        ticket.close(Outcome::default());
    }
}
