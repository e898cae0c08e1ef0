//! The admin listener: what an operator sees of a sidecar, and steers.
//!
//! Safe by default: bound to loopback, or with a token and TLS; guarded against pages in a browser that try to reach it
//! by another name; each change is logged with who made it. Routes and OpenAPI document are made from one table.
//! Nothing here costs a request of the data port anything: what is shown lies in the call log, in the metrics and in the
//! snapshot.

mod body;
mod calls;
mod config;
mod document;
mod error;
mod explain;
mod export;
mod guard;
mod har;
mod mocks;
mod overrides;
mod pages;
mod parameters;
mod sample;
mod send;
mod serve;
mod session;
mod shown;
mod stream;
mod test_response;
mod usage;
mod verify;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::SystemTime;

use axum::http::Method;
use axum::response::{IntoResponse as _, Response};
use axum::{Router, middleware};
use tokio::sync::Semaphore;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::calls::CallLog;
use crate::live::{Live, Snapshot};
use crate::metrics::Metrics;
use crate::reload::Reloader;
use crate::stubs::scenario::HostPattern;
use error::ApiError;
pub use error::Fault;
use session::Sessions;
use usage::Usage;

/// What the routes show and steer.
#[derive(Debug)]
pub struct Admin {
    live: Arc<Live>,
    reloader: Arc<Reloader>,
    metrics: Arc<Metrics>,
    log: Arc<CallLog>,
    /// Addresses of the data listener, ports resolved.
    data: Vec<SocketAddr>,
    sessions: Sessions,
    usage: Usage,
    /// Places for those who follow the log.
    readers: Arc<Semaphore>,
    /// Places for exports.
    exports: Arc<Semaphore>,
    document: serde_json::Value,
}

/// The parts of a sidecar that its admin listener looks at.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The configuration in force.
    pub live: Arc<Live>,
    /// Its reloader.
    pub reloader: Arc<Reloader>,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// The call log.
    pub log: Arc<CallLog>,
    /// Addresses of the data listener, ports resolved.
    pub data: Vec<SocketAddr>,
}

impl Admin {
    /// The listener's state, which begins now.
    fn new(parts: Parts) -> Self {
        let Parts { live, reloader, metrics, log, data } = parts;
        let (_, document) = table().split_for_parts();
        Admin {
            live,
            reloader,
            metrics,
            log,
            data,
            sessions: Sessions::default(),
            usage: Usage::new(SystemTime::now()),
            readers: Arc::new(Semaphore::new(stream::READERS)),
            exports: Arc::new(Semaphore::new(1)),
            // A document that is made of constants can be written.
            document: serde_json::to_value(document::completed(document)).unwrap_or_default(),
        }
    }

    /// The address by which the data port is reached from this machine.
    fn data_address(&self) -> SocketAddr {
        let first = self.data.first().copied().unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let ip = match first.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        SocketAddr::new(ip, first.port())
    }

    /// Scheme, host and port by which a mock with these hosts is called.
    fn data_url(&self, snapshot: &Snapshot, hosts: &[HostPattern]) -> String {
        let scheme = if snapshot.settings.proxy.tls.is_some() { "https" } else { "http" };
        let address = self.data_address();
        match hosts.first() {
            Some(HostPattern::Exact(host)) => format!("{scheme}://{host}:{}", address.port()),
            Some(HostPattern::Below(_)) | None => format!("{scheme}://{address}"),
        }
    }
}

/// Serves on a bound socket until dropped.
///
/// # Errors
/// Where the runtime cannot take the socket.
pub async fn serve(listener: TcpListener, parts: Parts) -> io::Result<()> {
    let admin = Arc::new(Admin::new(parts));
    tokio::select! {
        served = serve::serve(listener, admin.clone()) => served,
        () = usage::turn_days(admin) => Ok(()),
    }
}

/// The routes of the API, one row each; the document is made of the same rows.
fn table() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::with_openapi(document::Document::openapi())
        .routes(routes!(session::show, session::sign_in, session::sign_out))
        .routes(routes!(document::show))
        .routes(routes!(mocks::list))
        .routes(routes!(mocks::one, mocks::change::change))
        .routes(routes!(mocks::stubs))
        .routes(routes!(mocks::stub))
        .routes(routes!(mocks::server_stubs))
        .routes(routes!(overrides::list, overrides::add, overrides::clear))
        .routes(routes!(overrides::one, overrides::undo))
        .routes(routes!(overrides::all))
        .routes(routes!(test_response::show))
        .routes(routes!(test_response::test))
        .routes(routes!(calls::list, calls::delete))
        .routes(routes!(stream::stream))
        .routes(routes!(export::export))
        .routes(routes!(calls::one))
        .routes(routes!(calls::misses))
        .routes(routes!(explain::explain))
        .routes(routes!(verify::verify))
        .routes(routes!(config::show))
        .routes(routes!(config::check))
        .routes(routes!(config::reload))
        .routes(routes!(usage::show))
}

/// Everything that the listener answers.
fn router(admin: &Arc<Admin>) -> Router {
    let (api, _) = table().split_for_parts();
    api.merge(pages::routes())
        .fallback(no_such_route)
        .method_not_allowed_fallback(|method: Method| async move {
            ApiError::new(Fault::MethodNotAllowed, format!("the route is there, but not for {method}"))
        })
        .layer(middleware::from_fn_with_state(admin.clone(), session::check))
        .layer(middleware::from_fn_with_state(admin.clone(), guard::check))
        .with_state(admin.clone())
}

async fn no_such_route(uri: axum::http::Uri, headers: axum::http::HeaderMap) -> Response {
    if !uri.path().starts_with("/v1/") && pages::is_wanted(&headers) {
        return pages::nothing();
    }
    let rows = rows();
    let paths = rows.iter().map(|(_, path, _)| path.as_str());
    ApiError::no_such("route", uri.path(), paths).into_response()
}

/// The routes as people list them: method, path and what it gives.
pub fn rows() -> Vec<(String, String, String)> {
    let (_, mut document) = table().split_for_parts();
    let mut rows = Vec::new();
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in document::operations(item) {
            rows.push((method.to_owned(), path.clone(), operation.summary.clone().unwrap_or_default()));
        }
    }
    rows
}

/// A time as the API writes it: RFC 3339, microseconds.
fn time(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map(|time| format!("{time:.6}")).unwrap_or_default()
}
