//! Files of access lines: one that is written to, and older ones that were put aside when they were full.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use logroller::{LogRoller, LogRollerBuilder, Rotation, RotationSize};

use crate::settings::CallFile;

/// How often a file that failed is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// How often a failure that goes on is said in the log of the process.
const REMIND: Duration = Duration::from_secs(60);

/// The file that lines go to.
#[derive(Default)]
pub(super) struct Files {
    open: Option<(CallFile, LogRoller)>,
    failing: Option<Failing>,
}

/// Since when it cannot be written to.
struct Failing {
    file: CallFile,
    tried: Instant,
    said: Instant,
}

impl Files {
    /// Writes whole lines; says whether they were. A file that fails is tried again after a second.
    pub fn write(&mut self, file: &CallFile, lines: &[u8]) -> bool {
        let same = self.failing.as_ref().filter(|failing| failing.file == *file);
        if same.is_some_and(|failing| failing.tried.elapsed() < AGAIN) {
            return false;
        }
        match self.try_write(file, lines) {
            Ok(()) => {
                if self.failing.take().is_some() {
                    tracing::info!(path = %file.path.display(), "access lines are written to their file again");
                }
                true
            }
            Err(error) => {
                self.close();
                let (now, before) = (Instant::now(), self.failing.take().filter(|failing| failing.file == *file));
                let said = before.map(|failing| failing.said).filter(|said| said.elapsed() < REMIND);
                if said.is_none() {
                    tracing::warn!(path = %file.path.display(), %error, "access lines cannot be written and are dropped");
                }
                self.failing = Some(Failing { file: file.clone(), tried: now, said: said.unwrap_or(now) });
                false
            }
        }
    }

    fn try_write(&mut self, file: &CallFile, lines: &[u8]) -> io::Result<()> {
        if self.open.as_ref().is_none_or(|(open, _)| open != file) {
            self.close();
            self.open = Some((file.clone(), open(file)?));
        }
        let Some((_, roller)) = &mut self.open else { return Ok(()) };
        roller.write_all(lines)
    }

    /// Waits for the library's thread, which names what was put aside and clears what is too old.
    pub fn close(&mut self) {
        if let Some((file, mut roller)) = self.open.take()
            && let Err(error) = roller.flush()
        {
            tracing::warn!(path = %file.path.display(), %error, "older files of access lines were not put aside");
        }
    }
}

fn open(file: &CallFile) -> io::Result<LogRoller> {
    let directory = file.path.parent().unwrap_or(std::path::Path::new("."));
    let name = file.path.file_name().unwrap_or_default();
    // The library would make the directory, and a slip of the pen would fill a disk unseen.
    if !directory.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "its directory is not there"));
    }
    LogRollerBuilder::new(directory, std::path::Path::new(name))
        .rotation(Rotation::SizeBased(RotationSize::Bytes(file.size)))
        .max_keep_files(u64::from(file.keep))
        .graceful_shutdown(true)
        .build()
        .map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(directory: &std::path::Path) -> CallFile {
        CallFile { path: directory.join("calls.jsonl"), size: 100, keep: 2 }
    }

    fn names(directory: &std::path::Path) -> Vec<String> {
        let entries = std::fs::read_dir(directory).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_full_file_is_put_aside_and_the_oldest_goes() {
        let directory = tempfile::tempdir().unwrap();
        let file = wanted(directory.path());
        let mut files = Files::default();
        for number in 0..5 {
            assert!(files.write(&file, format!("{number}{}\n", "x".repeat(78)).as_bytes()));
        }
        files.close();
        assert_eq!(names(directory.path()), ["calls.jsonl", "calls.jsonl.1", "calls.jsonl.2"]);
        let first = |name: &str| std::fs::read_to_string(directory.path().join(name)).unwrap().chars().next();
        assert_eq!(first("calls.jsonl"), Some('4'));
        assert_eq!(first("calls.jsonl.1"), Some('3'));
        assert_eq!(first("calls.jsonl.2"), Some('2'));
    }

    #[test]
    fn a_file_is_written_on_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let file = wanted(directory.path());
        assert!(Files::default().write(&file, b"a\n"));
        assert!(Files::default().write(&file, b"b\n"));
        assert_eq!(std::fs::read_to_string(&file.path).unwrap(), "a\nb\n");
    }

    #[test]
    fn what_cannot_be_written_is_said_and_tried_again() {
        let directory = tempfile::tempdir().unwrap();
        let file = wanted(&directory.path().join("later"));
        let mut files = Files::default();
        assert!(!files.write(&file, b"a\n"));
        std::fs::create_dir(directory.path().join("later")).unwrap();
        while !files.write(&file, b"b\n") {
            std::thread::park_timeout(Duration::from_millis(20));
        }
        assert_eq!(std::fs::read_to_string(&file.path).unwrap(), "b\n");
    }
}
