//! The operational log, as the process writes it.

mod log;
