//! Collections as mocks: what `import` writes, what `[postman]` serves, what `export` prints, and what others have
//! published.

mod asked;
mod command;
mod corpora;
mod export;
pub mod limits;
mod newman;
mod source;

use std::path::Path;

use crate::support::root;

/// A file of these tests.
fn file(name: &str) -> String {
    std::fs::read_to_string(root().join("tests/collections").join(name)).unwrap()
}

/// A folder with these files of these tests in it.
fn folder(names: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in names {
        std::fs::write(dir.path().join(name), file(name)).unwrap();
    }
    dir
}

/// Every file below a folder with its text, in one text that people can read.
pub fn shown(folder: &Path) -> String {
    fn collect(folder: &Path, below: &Path, into: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, below, into);
            } else {
                let name = path.strip_prefix(below).unwrap().display().to_string();
                into.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut files = Vec::new();
    collect(folder, folder, &mut files);
    files.sort();
    files.iter().map(|(name, text)| format!("-- {name} --\n{text}\n")).collect()
}
