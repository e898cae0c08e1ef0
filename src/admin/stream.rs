//! `/v1/calls/stream`: calls as they pass, as server-sent events.
//!
//! Each reader has a place of its own in the log and is written to as fast as it reads. Whoever is slower than the calls
//! is told how many it missed; nothing waits for it but its own task.

use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_core::Stream;
use tokio::sync::mpsc;
use utoipa::IntoParams;

use super::Admin;
use super::calls::Filters;
use super::error::{ApiError, Fault};
use super::parameters::Parameters;
use crate::calls::{BadParameter, CallLog, FILTERS, Filter, Tail};

/// How often to look for new calls: a person takes twice as long to notice.
const LOOK: Duration = Duration::from_millis(100);
/// After how many looks without a call something is said all the same, so that nobody on the way takes the connection
/// for dead: 15 s.
const SILENT: u32 = 150;
/// How many may follow at a time. Each decodes up to 1,000 calls a second, half a per cent of a core.
pub const READERS: usize = 16;

/// Where to begin, for the document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the document is made of it")]
struct From {
    /// The id of the last call that is known; `Last-Event-ID` says the same and wins. Default: the newest. Where it is
    /// of another run of the sidecar, all calls of this run come.
    after: Option<String>,
}

/// Calls as they pass, as server-sent events: `call` with a call, and `missed` with how many there were besides
#[utoipa::path(get, path = "/v1/calls/stream", tag = "calls", params(Filters, From),
    responses((status = 200, description = "server-sent events", body = String, content_type = "text/event-stream"),
              (status = 503, description = "so many follow already", body = super::error::Failure, content_type = "application/problem+json")))]
pub async fn stream(
    State(admin): State<Arc<Admin>>,
    asked: RawQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let known: Vec<&str> = FILTERS.iter().copied().chain(["after"]).collect();
    let parameters = Parameters::read(&asked, &known)?;
    let mut filter = Filter::default();
    for (name, value) in parameters.each() {
        filter.take(name, value)?;
    }
    let resumed = headers.get("last-event-id").and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    let tail = match resumed.or(parameters.get("after")) {
        None => admin.log.tail(),
        Some(id) => admin.log.tail_behind(id).ok_or_else(|| {
            let help = "take the id of a call, as the log shows it";
            BadParameter::new("after", format!("`{id}` is no call that there has been"), help)
        })?,
    };
    let place = admin.readers.clone().try_acquire_owned().map_err(|_| {
        let error = ApiError::new(Fault::Busy, format!("{READERS} follow the log already"));
        error.help("close a page that has the live log open")
    })?;
    // One piece on the way: a reader that takes nothing holds one batch, not a queue of them.
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let _place = place;
        follow(&admin, &headers, tail, &filter, &sender).await;
    });
    Ok(([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(Pieces(receiver))).into_response())
}

/// Writes news until the reader is gone, or has signed out.
async fn follow(
    admin: &Arc<Admin>,
    headers: &HeaderMap,
    mut tail: Tail,
    filter: &Filter,
    reader: &mpsc::Sender<Bytes>,
) {
    let mut silent = SILENT;
    while admin.admits(headers) {
        let (of_log, own_filter) = (admin.log.clone(), filter.clone());
        // Decoding may take some milliseconds, and probes share the thread.
        let looked = tokio::task::spawn_blocking(move || {
            let text = look(&of_log, &mut tail, &own_filter);
            (text, tail)
        });
        let Ok((mut text, looked)) = looked.await else { return };
        tail = looked;
        silent += 1;
        if text.is_empty() && silent >= SILENT {
            text.push_str(":\n\n");
        }
        if !text.is_empty() {
            silent = 0;
            if reader.send(Bytes::from(text)).await.is_err() {
                return;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = reader.closed() => return,
        }
    }
}

/// What came, as events.
fn look(log: &CallLog, tail: &mut Tail, filter: &Filter) -> String {
    let news = log.news(tail);
    let mut text = String::new();
    if news.missed > 0 {
        let _ = write!(text, "event: missed\ndata: {{\"missed\":{}}}\n\n", news.missed);
    }
    for call in news.calls.iter().filter(|call| filter.fits(call)) {
        let entry = call.entry(log);
        if let Ok(json) = serde_json::to_string(&entry) {
            let _ = write!(text, "event: call\nid: {}\ndata: {json}\n\n", entry.id);
        }
    }
    text
}

/// Pieces of a body, as they come.
pub struct Pieces(pub mpsc::Receiver<Bytes>);

impl Stream for Pieces {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|piece| piece.map(Ok))
    }
}
