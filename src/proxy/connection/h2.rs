//! HTTP/2: one task accepts the requests of a connection, and each has a task of its own.
//!
//! A request is put into the form of HTTP/1 and takes the same way: the same strict front, the same decision, the same
//! edits. What goes on is made of the outcome, so that no request means another thing over another protocol.

mod request;

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use pingora::protocols::http::v2::server::{H2Accept, HttpSession, default_h2_options, handshake};
use pingora::protocols::{Digest, GetSocketDigest as _};
use tokio::sync::watch;

use super::read_head::LAST_CALL;
use super::{Connections, PanicGuard, Peer};
use crate::proxy::alarm::Alarm;
use crate::proxy::replay::Replay;
use crate::words::Rejection;

/// How much of one body, and of all bodies of a connection, may be on its way here: enough for a fast upload, little
/// enough for 10,000 connections.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
/// How much of answers is kept for a caller that takes them slowly, for each request.
const SEND_BUFFER: usize = 64 << 10;
/// A head that is longer than `limits.head` by this is still read, so that its refusal is logged and counted. What is
/// longer still the library refuses without a word to us.
const NAMED: usize = 64 << 10;
/// So many malformed requests end a connection.
const MALFORMED: usize = 32;

/// The requests of a connection that are under way.
#[derive(Default)]
struct Streams(AtomicUsize);

/// One of them.
struct Open(Arc<Streams>);

impl Open {
    fn new(streams: &Arc<Streams>) -> Self {
        streams.0.fetch_add(1, Ordering::Relaxed);
        Open(streams.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Connections {
    /// Serves a connection that speaks HTTP/2 to its end.
    pub(super) async fn serve_http2(
        self: &Arc<Self>,
        mut stream: Box<Replay>,
        peer: Arc<Peer>,
        drain: &watch::Receiver<bool>,
        mut draining: Pin<&mut impl Future<Output = ()>>,
    ) {
        let limits = self.plane.live.snapshot().settings.limits;
        stream.open(limits.body_timeout);
        let digest = Arc::new(Digest {
            ssl_digest: None,
            timing_digest: Vec::new(),
            proxy_digest: None,
            socket_digest: stream.get_socket_digest(),
        });
        let mut options = default_h2_options();
        options
            .max_concurrent_streams(limits.h2_streams)
            .max_header_list_size(u32::try_from(limits.head.saturating_add(NAMED)).unwrap_or(u32::MAX))
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buffer_size(SEND_BUFFER);
        let mut connection = match tokio::time::timeout(limits.head_timeout, handshake(stream, Some(options))).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return self.broken(&peer, &error.to_string()),
            Err(_) => return self.broken(&peer, "the HTTP/2 handshake took longer than limits.head_timeout"),
        };
        let streams: Arc<Streams> = Arc::default();
        let mut alarm = pin!(Alarm::default());
        let mut due = Instant::now() + limits.keepalive_timeout;
        let (mut malformed, mut stopping) = (0, false);
        loop {
            let accepted = tokio::select! {
                biased;
                () = draining.as_mut(), if !stopping => {
                    stopping = true;
                    connection.graceful_shutdown();
                    due = Instant::now() + LAST_CALL;
                    continue;
                }
                accepted = HttpSession::from_h2_conn(&mut connection, digest.clone()) => accepted,
                () = alarm.as_mut().ring(due) => {
                    // Whoever is busy may stay. Whoever has nothing under way is told that the connection goes, and has
                    // time for a request that crosses that on its way.
                    if streams.0.load(Ordering::Relaxed) == 0 {
                        if stopping {
                            return;
                        }
                        stopping = true;
                        connection.graceful_shutdown();
                    }
                    due = Instant::now() + if stopping { LAST_CALL } else { limits.keepalive_timeout };
                    continue;
                }
            };
            match accepted {
                Ok(Some(H2Accept::Session(session))) => {
                    if !stopping {
                        due = Instant::now() + limits.keepalive_timeout;
                    }
                    let (connections, peer, drain) = (self.clone(), peer.clone(), drain.clone());
                    let open = Open::new(&streams);
                    tokio::spawn(async move {
                        let _open = open;
                        let _guard = PanicGuard(&connections.plane);
                        connections.serve_stream(session, &peer, &drain).await;
                    });
                }
                Ok(Some(H2Accept::Rejected)) => {
                    self.plane.metrics.rejected(Rejection::Http2);
                    malformed += 1;
                    if malformed >= MALFORMED {
                        return self.broken(&peer, "too many malformed requests on one connection");
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    // A caller that is simply gone is no fault.
                    let cause = error.cause.as_ref().and_then(|cause| cause.downcast_ref::<h2::Error>());
                    if cause.is_none_or(|cause| !cause.is_io()) {
                        self.broken(&peer, &error.to_string());
                    }
                    return;
                }
            }
        }
    }

    /// Notes a connection whose frames cannot be read.
    fn broken(&self, peer: &Peer, error: &str) {
        self.plane.metrics.rejected(Rejection::Http2);
        tracing::warn!(peer = %peer.address, error, "an HTTP/2 connection was given up");
    }
}
