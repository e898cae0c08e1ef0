//! The operational log and spans, as the process writes and sends them.

mod collector;
mod log;
mod spans;
