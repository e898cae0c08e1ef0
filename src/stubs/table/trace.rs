//! What deciding passes on its way, for whoever wants to know: [`explain`](crate::stubs::explain) writes it down, the
//! request path has [`Silent`], of which nothing is left when it is compiled.

use super::prefer::Prefer;
use super::selectors::Asked;
use crate::stubs::bucket::{Found, Rule};
use crate::stubs::scenario::Scope;

/// A step of the order of deciding, with what came of it.
#[derive(Clone, Copy, Debug)]
pub(in crate::stubs) enum Step<'a> {
    /// The request is a preflight that is answered.
    Preflight,
    /// Whether the gate is open.
    Gate(bool),
    /// No mock covers the request.
    NoMock,
    /// Whether the mock asks for a key, and a valid one came.
    Key {
        /// The mock is private, and would answer or wants a key of forwarded calls too.
        asked: bool,
        /// A key of the mock came.
        valid: bool,
    },
    /// Stubs that overrides switch off for this request, by their numbers.
    Off(&'a [u32]),
    /// The scenario that an override forces.
    Forced(Rule),
    /// The active server stub, where there is one: whether the call lies in its scope.
    ServerStub(Scope, bool),
    /// What the caller's selectors and `Prefer` ask for, and the example of Postman's matching that they name.
    Selectors(Asked<'a>, &'a Prefer, Option<Rule>),
    /// What the stubs came to.
    Stubs(Found),
    /// The alternative to what the stubs came to that `Accept` prefers.
    Accept(Rule),
}

/// Takes note of steps.
pub(in crate::stubs) trait Trace {
    /// This step was passed.
    fn pass(&mut self, step: Step<'_>);
}

/// Takes no note.
pub(in crate::stubs) struct Silent;

impl Trace for Silent {
    #[inline(always)]
    fn pass(&mut self, _: Step<'_>) {}
}
