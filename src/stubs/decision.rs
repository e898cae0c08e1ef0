//! What a decision is made of beside the request, and what it says: values that the [table](super::table) makes and an
//! adapter carries out.

use std::sync::Arc;
use std::time::Duration;

use super::limit::Exceeded;
use super::overlay::Override;
use super::scenario::{Destination, Mock, Scenario, ServerStub};
use crate::words::{Decided, Reason};

/// What deciding needs beside the request.
#[derive(Clone, Copy, Debug)]
pub struct Inputs {
    /// A number drawn evenly from all numbers.
    pub dice: u64,
    /// The longest delay.
    pub delay_cap: Duration,
    /// The time since the epoch; looked at only where a table [asks for it](super::table::Table::is_timed).
    pub now: Duration,
}

/// What is to be done with a request. A value: nothing has happened yet.
#[derive(Clone, Debug)]
pub struct Decision<'t> {
    /// The request's mock.
    pub mock: Option<&'t Arc<Mock>>,
    /// What to do.
    pub action: Action<'t>,
    /// Why no stub answered, where that is a miss.
    pub miss: Option<Miss<'t>>,
    /// Whether a delay header was ignored for its value.
    pub bad_delay: bool,
    /// Whether `x-mock-*` selectors are on for this caller and so are not for the upstream.
    pub selectors_on: bool,
    /// The overrides that it rests on.
    pub overrides: Vec<&'t Override>,
}

/// What to do with a request.
#[derive(Clone, Debug)]
pub enum Action<'t> {
    /// A scenario answers, after a delay.
    Scenario(&'t Arc<Scenario>, Duration),
    /// The mock's active server stub answers, after a delay.
    ServerStub(&'t Arc<ServerStub>, Duration),
    /// Standin answers a preflight for the mock.
    Preflight,
    /// The mock is private and no valid key came: 401, or in Postman's matching 404 where it came in the query.
    Denied,
    /// The mock has answered as often as it may: 429.
    Limited(Exceeded),
    /// The upstream answers.
    Forward(Destination),
    /// Nobody answers: 404.
    Unmatched,
    /// The gate is closed and there is no upstream: 404.
    GateClosed,
    /// A stub, or the template of an answer, asks for the body: read it and decide again.
    NeedsBody,
}

impl Action<'_> {
    /// The word for it; none where the body must be read first.
    pub fn decided(&self) -> Option<Decided> {
        Some(match self {
            Action::Scenario(..) => Decided::Mocked,
            Action::ServerStub(..) => Decided::ServerStub,
            Action::Preflight => Decided::Preflight,
            Action::Denied => Decided::Denied,
            Action::Limited(_) => Decided::Limited,
            Action::Forward(_) => Decided::Forwarded,
            Action::Unmatched | Action::GateClosed => Decided::Unmatched,
            Action::NeedsBody => return None,
        })
    }
}

impl Decision<'_> {
    /// Takes what the decision rests on: one of the requests that each of its overrides is for, and, if the mock itself
    /// answers, one of those that its limit allows. `false`, and nothing taken, where somebody else has taken the last:
    /// then decide again. Of a decision that only asks for the body nothing is taken.
    pub fn settle(&self, now: Duration) -> bool {
        if matches!(self.action, Action::NeedsBody) {
            return true;
        }
        let taken = self.overrides.iter().take_while(|entry| entry.take()).count();
        let is_answer = matches!(self.action, Action::Scenario(..) | Action::ServerStub(..));
        let limiter = self.mock.filter(|_| is_answer).and_then(|mock| mock.limit.as_ref());
        if taken == self.overrides.len() && limiter.is_none_or(|limiter| limiter.take(now)) {
            return true;
        }
        self.overrides[..taken].iter().for_each(|entry| entry.give_back());
        false
    }
}

/// Why no stub answered, with the closest one: a note of fixed size from which more can be explained later.
#[derive(Clone, Copy, Debug)]
pub struct Miss<'t> {
    /// The first thing that did not hold.
    pub reason: Reason,
    /// The closest stub, where one fits method and path.
    pub closest: Option<&'t Scenario>,
}
