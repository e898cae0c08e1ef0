//! The admin listener: what an operator may see of the calls.
//!
//! Bound to loopback, and guarded against pages in a browser that try to reach it by another name.

mod calls;
mod error;
mod guard;

use std::io;
use std::net::TcpListener;
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

/// Serves on a bound socket until dropped.
///
/// # Errors
/// Where the runtime cannot take the socket.
pub async fn serve(listener: TcpListener, log: Arc<CallLog>) -> io::Result<()> {
    axum::serve(tokio::net::TcpListener::from_std(listener)?, routes(log)).await
}

/// The routes of the admin listener.
fn routes(log: Arc<CallLog>) -> Router {
    Router::new()
        .route("/v1/calls", get(calls::list))
        .route("/v1/calls/{id}", get(calls::one))
        .fallback(|| async { ApiError::not_found("there is no such route") })
        .method_not_allowed_fallback(|| async { ApiError::method_not_allowed() })
        .layer(middleware::from_fn(guard::check))
        .with_state(log)
}
