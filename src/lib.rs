//! Standin: a reverse-proxy sidecar that mocks selected routes and forwards the rest.
pub mod cli;
pub mod config;
pub mod file;
pub mod problem;
pub mod settings;
pub mod stubs;
