//! What other tools have written, as mocks: mappings of WireMock, and HAR archives.

mod beside;
mod corpora;
mod har;
mod wiremock;

use std::path::{Path, PathBuf};

use crate::support::root;

/// A path among the files of these tests.
fn path(name: &str) -> PathBuf {
    root().join("tests/imports").join(name)
}

/// Every file below a folder with its text, in one text that people can read; bytes that are none in hexadecimal.
fn shown(folder: &Path) -> String {
    let mut files = Vec::new();
    collect(folder, folder, &mut files);
    files.sort();
    files.iter().map(|(name, text)| format!("-- {name} --\n{text}\n")).collect()
}

fn collect(folder: &Path, below: &Path, into: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, below, into);
        } else {
            let name = path.strip_prefix(below).unwrap().display().to_string();
            let bytes = std::fs::read(&path).unwrap();
            let text = String::from_utf8(bytes).unwrap_or_else(|error| format!("{:02x?}", error.as_bytes()));
            into.push((name, text));
        }
    }
}

/// Copies a folder.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}
