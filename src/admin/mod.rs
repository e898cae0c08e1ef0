//! The admin listener: what an operator may see of the calls.
//!
//! Bound to loopback, and guarded against pages in a browser that try to reach it by another name.

mod calls;
mod error;
mod guard;

use std::sync::Arc;

use axum::routing::get;
use axum::{Router, middleware};

use crate::calls::CallLog;
use error::ApiError;

/// The routes, one row each: path, and what it gives.
pub const ROUTES: &[(&str, &str)] = &[
    ("GET /v1/calls", "calls, newest first, by filters and pages"),
    ("GET /v1/calls/{id}", "one call with headers and bodies"),
];

/// The routes of the admin listener.
pub fn routes(log: Arc<CallLog>) -> Router {
    Router::new()
        .route("/v1/calls", get(calls::list))
        .route("/v1/calls/{id}", get(calls::one))
        .fallback(|| async { ApiError::not_found("there is no such route") })
        .method_not_allowed_fallback(|| async { ApiError::method_not_allowed() })
        .layer(middleware::from_fn(guard::check))
        .with_state(log)
}
