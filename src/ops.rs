//! The read-only listener: probes, metrics, version. Nothing here changes anything or shows a request.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::calls::CallLog;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::reload::Reloader;

/// What the routes show.
#[derive(Clone, Debug)]
pub struct Ops {
    /// The configuration in force.
    pub live: Arc<Live>,
    /// Its reloader, which knows what was refused.
    pub reloader: Arc<Reloader>,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// The call log, for its size.
    pub log: Arc<CallLog>,
    /// Whether the sidecar is going down.
    pub draining: Arc<AtomicBool>,
}

/// Serves on a bound socket until dropped.
///
/// # Errors
/// Where the runtime cannot take the socket.
pub async fn serve(listener: TcpListener, ops: Ops) -> io::Result<()> {
    axum::serve(tokio::net::TcpListener::from_std(listener)?, routes(ops)).await
}

/// The routes of the ops listener.
fn routes(ops: Ops) -> Router {
    Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/startupz", get(livez))
        .route("/metrics", get(metrics))
        .route("/version", get(version))
        .with_state(ops)
}

/// The process runs and its runtime answers. Sockets are bound before this listener serves, so this is start-up too.
async fn livez() -> &'static str {
    "ok\n"
}

/// Ready to serve. A reload that was refused is shown, and changes nothing: the last good configuration serves.
async fn readyz(State(ops): State<Ops>) -> Response {
    let draining = ops.draining.load(Ordering::Relaxed);
    let config = ops.reloader.refused().map(|summary| {
        json!({
            "code": summary.code.as_str(),
            "file": summary.file,
            "line": summary.line,
            "errors": summary.errors,
        })
    });
    let generation = ops.live.snapshot().generation;
    let body = json!({ "ready": !draining, "generation": generation, "config": config });
    let status = if draining { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (status, Json(body)).into_response()
}

async fn metrics(State(ops): State<Ops>) -> Response {
    ops.metrics.call_log_bytes.set(i64::try_from(ops.log.bytes()).unwrap_or(i64::MAX));
    let text = ops.metrics.render();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

async fn version() -> Json<Value> {
    Json(json!({ "name": "standin", "version": env!("CARGO_PKG_VERSION") }))
}
