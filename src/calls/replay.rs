//! A call as a request again: what the log kept of it, for whoever wants to know what would be made of it now.

use std::net::IpAddr;

use super::Call;
use crate::words::Decided;

/// What was kept of a request.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The method.
    pub method: String,
    /// Path and query, secrets taken out.
    pub target: Vec<u8>,
    /// Header fields in order, secrets taken out.
    pub fields: Vec<(String, Vec<u8>)>,
    /// The body; `None` where there was one that was not kept as a whole.
    pub body: Option<Vec<u8>>,
    /// The socket's peer.
    pub peer: Option<IpAddr>,
    /// What was done.
    pub decided: Decided,
    /// The mock.
    pub mock: Option<String>,
    /// The configuration that decided.
    pub generation: u64,
}

impl Call {
    /// The request again.
    pub(super) fn replay(&self) -> Replay {
        let (method, target, _) = self.request.request_line();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Replay {
            method: text(method),
            target: target.to_vec(),
            fields: self.request.fields().map(|(name, value)| (text(name), value.to_vec())).collect(),
            body: self.whole_body(),
            peer: Some(self.client.ip()),
            decided: self.decided(),
            mock: self.decision.mock.as_deref().map(str::to_owned),
            generation: self.decision.generation,
        }
    }

    fn whole_body(&self) -> Option<Vec<u8>> {
        let kept = self.closed.get().and_then(|closed| closed.request_body.as_ref());
        match kept {
            Some(body) => (body.bytes.len() as u64 == body.length).then(|| body.bytes.to_vec()),
            None => self.says_that_it_has_none().then(Vec::new),
        }
    }

    /// Whether the head alone tells that no body follows. Over HTTP/2 it need not.
    pub(super) fn says_that_it_has_none(&self) -> bool {
        let (method, _, protocol) = self.request.request_line();
        let has = |wanted: &'static str| self.request_field(wanted).next().is_some_and(|value| value != b"0");
        !has("content-length")
            && !has("transfer-encoding")
            && (!protocol.starts_with(b"HTTP/2") || matches!(method, b"GET" | b"HEAD" | b"DELETE" | b"OPTIONS"))
    }
}
