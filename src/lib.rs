//! Standin: a reverse-proxy sidecar that mocks selected routes and forwards the rest.
pub mod admin;
pub mod app;
pub mod calls;
pub mod cli;
pub mod config;
pub mod file;
pub mod live;
pub mod metrics;
pub mod ops;
pub mod problem;
pub mod proxy;
pub mod redact;
pub mod reload;
pub mod settings;
pub mod stubs;
pub mod telemetry;
pub mod words;
