//! Reading files so that a change during or after a load is noticed.
//!
//! Everything a load reads goes through [`Files`], which remembers what it saw: contents by hash, patterns by what they
//! fitted. [`Fingerprint`] is that memory. A load compares it once more at its end and starts over if something moved;
//! the watcher compares it later to tell a real change from noise.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The largest file that is read: 64 MiB. Larger ones are a mistake, and two copies of one are held during a load.
pub const MAX_FILE: u64 = 64 << 20;

/// Reads files and remembers what it saw.
#[derive(Debug, Default)]
pub struct Files {
    seen: Fingerprint,
}

/// What a load saw of the file system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint {
    files: BTreeMap<PathBuf, Seen>,
    patterns: BTreeMap<String, Vec<PathBuf>>,
}

/// One file as it was seen; `None` where it could not be read.
#[derive(Clone, Copy, Debug)]
struct Seen {
    content: Option<u64>,
    stamp: Option<Stamp>,
}

impl PartialEq for Seen {
    fn eq(&self, other: &Self) -> bool {
        self.content == other.content
    }
}

impl Eq for Seen {}

/// What changes whenever a file is written or replaced: device and inode, size, and the time of its last change.
type Stamp = (u64, u64, u64, i64, i64);

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is larger than [`MAX_FILE`].
    #[error("it is larger than 64 MiB")]
    TooLarge,
    /// It is no UTF-8 text.
    #[error("it is no UTF-8 text (the first bad byte stands on line {line})")]
    NotText {
        /// The line, from 1.
        line: usize,
    },
}

impl Files {
    /// Reads a file.
    ///
    /// # Errors
    /// Where it cannot be read or is too large; the fingerprint then remembers that.
    pub fn read(&mut self, path: &Path) -> Result<Vec<u8>, ReadError> {
        let result = read_bounded(path);
        self.seen.files.insert(path.to_owned(), Seen::of(path, result.as_deref().ok()));
        result
    }

    /// Reads a text file, without the byte order mark that some editors write.
    ///
    /// # Errors
    /// As [`Self::read`], and where it is no UTF-8.
    pub fn read_text(&mut self, path: &Path) -> Result<String, ReadError> {
        let text = String::from_utf8(self.read(path)?).map_err(|error| {
            let sound = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            ReadError::NotText { line: memchr::memchr_iter(b'\n', sound).count() + 1 }
        })?;
        Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
    }

    /// The files that a pattern fits, sorted by the bytes of their paths. Names that begin with a dot are left out, and
    /// with them the `..data` links of a ConfigMap mount.
    ///
    /// # Errors
    /// Where the pattern is malformed.
    pub fn list(&mut self, pattern: &str) -> Result<Vec<PathBuf>, glob::PatternError> {
        let found = list(pattern)?;
        self.seen.patterns.insert(pattern.to_owned(), found.clone());
        Ok(found)
    }

    /// What was seen so far.
    pub fn into_fingerprint(self) -> Fingerprint {
        self.seen
    }

    /// Whether something that was seen has changed since.
    pub fn moved(&mut self) -> bool {
        self.seen.moved()
    }
}

impl Fingerprint {
    /// Whether something has changed since it was taken. Contents are read again only where size, inode or time of
    /// change differ.
    pub fn moved(&mut self) -> bool {
        if self.patterns.iter().any(|(pattern, seen)| list(pattern).ok().as_ref() != Some(seen)) {
            return true;
        }
        for (path, seen) in &mut self.files {
            let stamp = stamp(path);
            if stamp.is_some() && stamp == seen.stamp {
                continue;
            }
            let now = Seen::of(path, read_bounded(path).ok().as_deref());
            if now != *seen {
                return true;
            }
            seen.stamp = now.stamp;
        }
        false
    }

    /// The directories whose changes matter.
    pub fn directories(&self) -> BTreeSet<PathBuf> {
        let mut out = BTreeSet::new();
        let listed = self.patterns.values().flatten();
        for file in self.files.keys().chain(listed) {
            if let Some(directory) = file.parent() {
                out.insert(if directory.as_os_str().is_empty() { PathBuf::from(".") } else { directory.to_owned() });
            }
        }
        for pattern in self.patterns.keys() {
            let fixed: PathBuf =
                Path::new(pattern).components().take_while(|c| !is_pattern(&c.as_os_str().to_string_lossy())).collect();
            let directory = if fixed.is_dir() { Some(fixed.as_path()) } else { fixed.parent() };
            if let Some(directory) = directory.filter(|d| !d.as_os_str().is_empty()) {
                out.insert(directory.to_owned());
            }
        }
        out
    }
}

/// Whether a path, or a part of one, holds wildcards.
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

impl Seen {
    fn of(path: &Path, bytes: Option<&[u8]>) -> Self {
        let content = bytes.map(|bytes| {
            let mut hasher = DefaultHasher::new();
            bytes.hash(&mut hasher);
            hasher.finish()
        });
        Seen { content, stamp: stamp(path) }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.dev(), meta.ino(), meta.size(), meta.ctime(), meta.ctime_nsec()))
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, ReadError> {
    use io::Read as _;
    let file = std::fs::File::open(path)?;
    let meta = file.metadata()?;
    if meta.is_dir() {
        return Err(ReadError::Io(io::Error::from(io::ErrorKind::IsADirectory)));
    }
    if meta.len() > MAX_FILE {
        return Err(ReadError::TooLarge);
    }
    let mut bytes = Vec::with_capacity(meta.len() as usize);
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE { Err(ReadError::TooLarge) } else { Ok(bytes) }
}

fn list(pattern: &str) -> Result<Vec<PathBuf>, glob::PatternError> {
    let options =
        glob::MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };
    let mut found: Vec<PathBuf> = glob::glob_with(pattern, options)?.flatten().filter(|path| path.is_file()).collect();
    found.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    found.dedup();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_map_mount_lists_each_file_once() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let revision = root.join("..2026_01_01");
        std::fs::create_dir(&revision).unwrap();
        std::fs::write(revision.join("b.toml"), "").unwrap();
        std::fs::write(revision.join("a.toml"), "").unwrap();
        std::os::unix::fs::symlink("..2026_01_01", root.join("..data")).unwrap();
        std::os::unix::fs::symlink("..data/a.toml", root.join("a.toml")).unwrap();
        std::os::unix::fs::symlink("..data/b.toml", root.join("b.toml")).unwrap();
        std::fs::write(root.join(".hidden.toml"), "").unwrap();
        let mut files = Files::default();
        let found = files.list(&format!("{}/**/*.toml", root.display())).unwrap();
        assert_eq!(found, [root.join("a.toml"), root.join("b.toml")]);
    }

    #[test]
    fn a_rewrite_with_the_same_content_is_no_change_and_another_content_is_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        std::fs::write(&path, "one").unwrap();
        let mut files = Files::default();
        files.read(&path).unwrap();
        std::fs::write(&path, "one").unwrap();
        assert!(!files.moved());
        std::fs::write(&path, "two").unwrap();
        assert!(files.moved());
    }

    #[test]
    fn a_file_that_was_missing_and_appears_is_a_change() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let mut files = Files::default();
        assert!(files.read(&path).is_err());
        assert!(!files.moved());
        std::fs::write(&path, "").unwrap();
        assert!(files.moved());
    }
}
