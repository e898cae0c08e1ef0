//! What the admin API lays over the files, in the words of the files: it is read and checked as they are.

use super::leaf::{Count, ServerStubScope, Span, Text};
use super::read::keys;
use super::{DelayValue, GateWhenTable};

keys! {
    /// Settings of a mock that can be changed while it runs.
    ChangeTable "a change of a mock" {
        /// Who may use it.
        access: AccessChange,
        /// A delay for every answer.
        delay: DelayValue,
        /// The environment whose variables templates see.
        environment: Text,
        /// The release whose stubs answer.
        release: Text,
        /// The server stub that answers for the mock.
        active_server_stub: Text,
        /// Which calls it answers.
        server_stub_scope: ServerStubScope,
    }
}

keys! {
    /// Who may use a mock, as far as that can be changed while it runs: keys stand in files.
    AccessChange "access" {
        /// Whether a key is needed.
        private: bool,
    }
    required ["private"]
}

keys! {
    /// A scenario that is forced, or a stub that is switched off.
    OverrideTable "an override" {
        /// The stub.
        stub: Text,
        /// The scenario that answers wherever the stub is asked.
        scenario: Text,
        /// Whether the stub is switched off instead.
        off: bool,
        /// For how long.
        ttl: Span,
        /// For how many requests.
        count: Count,
        /// For which requests.
        r#if = "if": GateWhenTable,
    }
    required ["stub"]
}
