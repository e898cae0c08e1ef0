//! The domain, pure: no sockets, no files, no clock, no dice. A request comes in as a view, a decision goes out as a
//! value.

pub mod answer;
pub mod bucket;
pub mod cors;
pub mod delay;
pub mod index;
pub mod json;
pub mod marker;
pub mod matcher;
pub mod number;
pub mod path;
pub mod rank;
pub mod request;
pub mod scenario;
pub mod table;
mod tree;
