//! What lies over the files, in a file of its own, so that it outlives a restart.
//!
//! It is written aside and renamed into place, so that whoever reads it finds all of it or what was there before.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::config::overlay::Entry;
use crate::stubs::overlay::Left;

/// The file.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    /// Its form; another is not read.
    version: u32,
    /// The number of the next override.
    #[serde(default)]
    next: u64,
    overrides: Vec<Kept>,
}

/// One change that lies over the files.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    id: String,
    mock: String,
    change: Map<String, Value>,
    /// Milliseconds since the epoch.
    since: u64,
    until: Option<u64>,
    left: Option<u64>,
}

const VERSION: u32 = 1;

/// Reads what was kept and is not over, and the number of the next; nothing where there is no file yet.
///
/// # Errors
/// Where the file cannot be read, or is another.
pub(super) fn read(path: &Path) -> io::Result<(Vec<Arc<Entry>>, u64)> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), 1)),
        Err(error) => return Err(error),
    };
    let State { version, next, overrides } = serde_json::from_slice(&text)?;
    if version != VERSION {
        return Err(io::Error::other(format!("it has the form {version}, and {VERSION} is read here")));
    }
    let now = SystemTime::now();
    let last = overrides.iter().filter_map(|kept| kept.id.parse::<u64>().ok()).max().unwrap_or(0);
    let next = next.max(last.saturating_add(1));
    let entries = overrides.into_iter().map(|kept| {
        let Kept { id, mock, change, since, until, left } = kept;
        let left = left.map(|left| Arc::new(Left::new(left)));
        Arc::new(Entry { id, mock, change, since: time(since), until: until.map(time), left })
    });
    Ok((entries.filter(|entry| !entry.is_over(now)).collect(), next))
}

/// Writes what is to be kept, for the owner alone: conditions may hold secrets. A file that cannot be read here is put
/// aside: what another version has written is not lost.
///
/// # Errors
/// Where the file cannot be written; then what was there before stays.
pub(super) fn write(path: &Path, entries: &[Arc<Entry>], next: u64) -> io::Result<()> {
    let kept = |entry: &Arc<Entry>| {
        let Entry { id, mock, change, since, until, left } = &**entry;
        let left = left.as_ref().map(|left| left.count());
        let (since, until) = (millis(*since), until.map(millis));
        Kept { id: id.clone(), mock: mock.clone(), change: change.clone(), since, until, left }
    };
    let state = State { version: VERSION, next, overrides: entries.iter().map(kept).collect() };
    let aside = &beside(path, ".new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(aside)?;
    if let Err(error) = read(path) {
        let old = (1u32..).map(|number| beside(path, &format!(".unread-{number}"))).find(|old| !old.exists());
        if let Some(old) = old {
            fs::rename(path, &old)?;
            tracing::warn!(path = %path.display(), aside = %old.display(), %error, "a state file that cannot be read was put aside");
        }
    }
    file.write_all(&serde_json::to_vec_pretty(&state)?)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(aside, path)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn time(millis: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis)).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, until: Option<u64>, left: Option<u64>) -> Arc<Entry> {
        let Value::Object(change) = serde_json::json!({ "stub": "a", "off": true }) else { unreachable!() };
        let left = left.map(|left| Arc::new(Left::new(left)));
        let (id, mock) = (id.to_owned(), "m".to_owned());
        Arc::new(Entry { id, mock, change, since: time(5), until: until.map(time), left })
    }

    #[test]
    fn what_is_written_is_read_but_what_is_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.json");
        assert!(read(&path).unwrap().0.is_empty(), "there is none yet");
        let far = 4_000_000_000_000;
        write(
            &path,
            &[
                entry("1", None, Some(3)),
                entry("2", Some(7), None),
                entry("3", Some(far), None),
                entry("4", None, Some(0)),
            ],
            4,
        )
        .unwrap();
        let (found, next) = read(&path).unwrap();
        assert_eq!(next, 5, "behind all that there have been");
        let ids: Vec<_> = found.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids, ["1", "3"]);
        assert_eq!(found[0].left.as_ref().map(|left| left.count()), Some(3));
        assert_eq!((found[0].since, found[1].until), (time(5), Some(time(far))));
        assert_eq!(found[0].change["stub"], "a");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing lies beside it");
    }

    #[test]
    fn what_is_no_state_is_refused_and_a_file_that_cannot_be_written_keeps_what_it_had() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.json");
        for text in ["", "{", "[]", "{\"version\":2,\"overrides\":[]}", "{\"version\":1}"] {
            std::fs::write(&path, text).unwrap();
            assert!(read(&path).is_err(), "{text}");
        }
        write(&path, &[entry("1", None, None)], 7).unwrap();
        let aside = std::fs::read(dir.path().join("state.json.unread-1")).unwrap();
        assert_eq!(aside, b"{\"version\":1}", "nothing is lost");
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::create_dir(dir.path().join("state.json.new")).unwrap();
        assert!(write(&path, &[], 8).is_err());
        let (found, next) = read(&path).unwrap();
        assert_eq!((found.len(), next), (1, 7));
    }
}
