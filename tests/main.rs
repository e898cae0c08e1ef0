//! All integration tests in one binary: real sockets, real files, one file per behaviour.

mod bodies;
mod calls;
mod forwarding;
mod front;
mod mocking;
mod nginx;
mod oracle;
mod reloading;
mod support;
