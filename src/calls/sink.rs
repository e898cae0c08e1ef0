//! Access lines: one line per call, on standard output or in files, written by a thread of its own.
//!
//! The request path only hands a pointer to a bounded queue; a full queue drops and counts. Formatting and the write
//! itself, which a full pipe may hold up for as long as it likes, happen on the thread.

use std::io::{self, Write};
use std::sync::Arc;

use tokio::sync::mpsc;

use super::file::Files;
use super::{Call, CallLog};
use crate::settings::CallFile;

/// How many lines may wait: a second of a busy sidecar.
const QUEUE: usize = 8192;
/// So many bytes of lines are written in one go, unless there are no more.
const IN_ONE_GO: usize = 64 << 10;

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
    /// Starts the thread. It ends when the last sender is gone and everything is written. Lines go to the file that
    /// `wanted` names, which is asked again and again; where it names none, to `out`.
    ///
    /// # Errors
    /// Where the system starts no thread.
    pub fn start(
        log: Arc<CallLog>,
        format: LineFormat,
        out: impl Write + Send + 'static,
        wanted: impl Fn() -> Option<CallFile> + Send + 'static,
    ) -> io::Result<(Self, std::thread::JoinHandle<()>)> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || write_all(&log, format, out, &wanted, receiver))?;
        Ok((AccessLines(sender), thread))
    }

    /// Hands a call over; says whether there was room.
    pub(super) fn send(&self, call: Arc<Call>) -> bool {
        self.0.try_send(call).is_ok()
    }
}

fn write_all(
    log: &CallLog,
    format: LineFormat,
    mut out: impl Write,
    wanted: &dyn Fn() -> Option<CallFile>,
    mut calls: mpsc::Receiver<Arc<Call>>,
) {
    let mut files = Files::default();
    let mut lines = Vec::with_capacity(IN_ONE_GO + 4096);
    while let Some(call) = calls.blocking_recv() {
        let to_file = wanted();
        let (mut next, mut count) = (Some(call), 0);
        while let Some(call) = next {
            let entry = call.entry(log);
            // Writing into memory does not fail.
            let _ = match format {
                LineFormat::Text if to_file.is_none() => lines.write_all(entry.text_line().as_bytes()),
                _ => serde_json::to_writer(&mut lines, &entry.line()).map_err(io::Error::from),
            };
            lines.push(b'\n');
            count += 1;
            next = if lines.len() < IN_ONE_GO { calls.try_recv().ok() } else { None };
        }
        match &to_file {
            Some(file) if !files.write(file, &lines) => log.metrics.call_log_dropped.inc_by(count),
            Some(_) => {}
            None => {
                files.close();
                // A reader of standard output that has left must not end the sidecar: what cannot be written is let go.
                let _ = out.write_all(&lines).and_then(|()| out.flush());
            }
        }
        lines.clear();
    }
    files.close();
}
