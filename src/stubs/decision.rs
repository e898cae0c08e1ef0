//! What a decision is made of beside the request, and what it says: values that the [table](super::table) makes and an
//! adapter carries out.

use std::sync::Arc;
use std::time::Duration;

use super::scenario::{Destination, Mock, Scenario, ServerStub};
use crate::words::Reason;

/// What deciding needs beside the request.
#[derive(Clone, Copy, Debug)]
pub struct Inputs {
    /// A number drawn evenly from all numbers.
    pub dice: u64,
    /// The longest delay.
    pub delay_cap: Duration,
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
    /// The upstream answers.
    Forward(Destination),
    /// Nobody answers: 404.
    Unmatched,
    /// The gate is closed and there is no upstream: 404.
    GateClosed,
    /// A stub, or the template of an answer, asks for the body: read it and decide again.
    NeedsBody,
}

/// Why no stub answered, with the closest one: a note of fixed size from which more can be explained later.
#[derive(Clone, Copy, Debug)]
pub struct Miss<'t> {
    /// The first thing that did not hold.
    pub reason: Reason,
    /// The closest stub, where one fits method and path.
    pub closest: Option<&'t Scenario>,
}
