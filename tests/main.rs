//! All integration tests in one binary: real sockets, real files, one file per behaviour.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and says so by a panic"
)]

mod admin;
mod architecture;
mod bodies;
mod browser;
mod calls;
mod collections;
mod commands;
mod config_errors;
mod explain;
mod forwarding;
mod front;
mod imports;
mod keys;
mod lane;
mod many_stubs;
mod metrics;
mod mocking;
mod nginx;
mod openapi;
mod oracle;
mod overlay;
mod packaging;
mod postman;
mod protocols;
mod readme;
mod reloading;
mod schema;
mod smuggling;
mod support;
mod telemetry;
mod templates;
