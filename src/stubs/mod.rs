//! The domain, pure: no sockets, no files, no clock, no dice. A request comes in as a view, a decision goes out as a
//! value.

pub mod accept;
pub mod answer;
pub mod bucket;
pub mod cors;
pub mod decision;
pub mod delay;
pub mod explain;
pub mod index;
pub mod json;
pub mod limit;
pub mod marker;
pub mod matcher;
pub mod number;
pub mod operator;
pub mod overlay;
pub mod path;
pub mod path_template;
mod place;
pub mod postman;
pub mod rank;
pub mod request;
pub mod scenario;
pub mod table;
pub mod template;
mod tree;
mod trie;

use std::collections::HashMap;

use foldhash::fast::FixedState;

/// Keys come from the configuration, never from a caller, so a fixed seed does no harm.
type Map<K, V> = HashMap<K, V, FixedState>;
