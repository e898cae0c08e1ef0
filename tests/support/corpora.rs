//! Files that others have published, for tests that are asked for: `make corpora CORPORA=DIR`.

use std::path::PathBuf;

/// The folders of a `DIR` that has files of several kinds.
const KINDS: [&str; 4] = ["postman", "openapi", "wiremock", "har"];

/// The files of one kind, sorted: those of its folder in `DIR`, or all of `DIR` where that has no such folders. None, with
/// the reason printed, where it has folders of other kinds only.
pub fn published(kind: &str) -> Option<Vec<PathBuf>> {
    assert!(KINDS.contains(&kind), "{kind}");
    let whole = PathBuf::from(std::env::var_os("CORPORA").expect("CORPORA names a folder"));
    let own = whole.join(kind);
    let folder = match KINDS.iter().any(|kind| whole.join(kind).is_dir()) {
        true if !own.is_dir() => {
            println!("\nskipped: there is no {}", own.display());
            return None;
        }
        true => own,
        false => whole,
    };
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} has no files", folder.display());
    Some(files)
}
