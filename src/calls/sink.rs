//! Access lines: one line per call on standard output, written by a thread of its own.
//!
//! The request path only hands a pointer to a bounded queue; a full queue drops and counts. Formatting and the write
//! itself, which a full pipe may hold up for as long as it likes, happen on the thread.

use std::io::{self, Write};
use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Call, CallLog};

/// How many lines may wait: a second of a busy sidecar.
const QUEUE: usize = 8192;

/// The way to the thread that writes access lines.
#[derive(Clone, Debug)]
pub struct AccessLines(mpsc::Sender<Arc<Call>>);

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineFormat {
    /// One JSON object.
    Json,
    /// A line for people, as on a terminal.
    Text,
}

impl AccessLines {
    /// Starts the thread. It ends when the last sender is gone and everything is written.
    ///
    /// # Errors
    /// Where the system starts no thread.
    pub fn start(
        log: Arc<CallLog>,
        format: LineFormat,
        out: impl Write + Send + 'static,
    ) -> io::Result<(Self, std::thread::JoinHandle<()>)> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || write_all(&log, format, io::BufWriter::new(out), receiver))?;
        Ok((AccessLines(sender), thread))
    }

    /// Hands a call over; says whether there was room.
    pub(super) fn send(&self, call: Arc<Call>) -> bool {
        self.0.try_send(call).is_ok()
    }
}

fn write_all(log: &CallLog, format: LineFormat, mut out: impl Write, mut calls: mpsc::Receiver<Arc<Call>>) {
    while let Some(call) = calls.blocking_recv() {
        let mut next = Some(call);
        // A reader of standard output that has left must not end the sidecar: what cannot be written is let go.
        while let Some(call) = next {
            let entry = call.entry(log);
            let _ = match format {
                LineFormat::Json => serde_json::to_writer(&mut out, &entry.line()).map_err(io::Error::from),
                LineFormat::Text => out.write_all(entry.text_line().as_bytes()),
            };
            let _ = out.write_all(b"\n");
            next = calls.try_recv().ok();
        }
        let _ = out.flush();
    }
}
