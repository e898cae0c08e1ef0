//! The wait for a complete head: how long a connection may rest, and how long and how large a head may be.

use std::pin::Pin;
use std::time::{Duration, Instant};

use crate::proxy::alarm::Alarm;
use crate::proxy::head::{self, Refusal};
use crate::proxy::replay::{READ_HEAD, Replay};
use crate::settings::Limits;
use crate::words::Rejection;

/// What an HTTP/2 connection begins with (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long a quiet connection may still begin a request once the sidecar stops. A caller that has just used it may have
/// sent one already, and would lose it if the connection were closed under it.
pub(super) const LAST_CALL: Duration = Duration::from_millis(500);

/// How reading a head ended.
pub(super) enum HeadRead {
    /// A head of this length is there.
    Complete(usize),
    /// What comes is HTTP/2.
    Http2,
    /// Nothing more will come, or nobody waits for an answer.
    Over,
    /// The head broke a limit.
    Refused(Refusal),
}

/// Waits for a complete head until `due`. A quiet connection may rest; once a byte of a head is there, the whole head
/// must follow within its own limit, also if it drips.
pub(super) async fn read_head(
    stream: &mut Replay,
    limits: &Limits,
    due: &mut Instant,
    mut alarm: Pin<&mut Alarm>,
    mut draining: Pin<&mut impl Future<Output = ()>>,
    may_be_http2: bool,
) -> HeadRead {
    let mut begun = false;
    let mut stopping = false;
    let mut seen = 0;
    loop {
        let empty = head::leading_empty_lines(stream.input());
        if empty > 0 {
            stream.take(empty);
            seen = 0;
        }
        let input = stream.input();
        let idle = input.is_empty();
        let preface = may_be_http2 && !idle && PREFACE.starts_with(&input[..input.len().min(PREFACE.len())]);
        if preface && input.len() >= PREFACE.len() {
            return HeadRead::Http2;
        }
        if !idle {
            // A preface has an empty line too, before its end.
            let end = head::find_end(input, seen);
            if let Some(end) = end.filter(|end| *end <= limits.head && !preface) {
                return HeadRead::Complete(end);
            }
            if (end.is_some() && !preface) || input.len() > limits.head {
                let detail = "the head is longer than limits.head";
                return HeadRead::Refused(Refusal { rejection: Rejection::HeadTooLarge, detail });
            }
            seen = input.len();
            if !begun {
                begun = true;
                *due = (*due).min(Instant::now() + limits.head_timeout);
            }
        }
        tokio::select! {
            biased;
            filled = stream.fill(READ_HEAD) => if !matches!(filled, Ok(1..)) {
                return HeadRead::Over;
            },
            () = alarm.as_mut().ring(*due) => {
                if idle {
                    return HeadRead::Over;
                }
                let detail = "the head did not arrive within limits.head_timeout";
                return HeadRead::Refused(Refusal { rejection: Rejection::HeadTimeout, detail });
            }
            () = draining.as_mut(), if idle && !stopping => {
                stopping = true;
                *due = (*due).min(Instant::now() + LAST_CALL);
            }
        }
    }
}
