//! The binary as users call it: arguments, variables and signals in; text, exit codes and answers out.

mod check;
mod completions;
mod demo;
mod inject;
mod ping;
mod precedence;
mod run;
mod stop;

use std::path::Path;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        write(dir.path(), path, text.as_bytes());
    }
    dir
}

/// Writes a file as a whole: whoever watches it sees the old one or the new one.
fn write(dir: &Path, path: &str, bytes: &[u8]) {
    let path = dir.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let aside = path.with_extension("aside");
    std::fs::write(&aside, bytes).unwrap();
    std::fs::rename(aside, path).unwrap();
}

/// Variables that give the listeners ports that nobody else has.
const FREE_PORTS: &[(&str, &str)] = &[
    ("STANDIN_PROXY__LISTEN", "127.0.0.1:0"),
    ("STANDIN_OPS__LISTEN", "127.0.0.1:0"),
    ("STANDIN_ADMIN__LISTEN", "127.0.0.1:0"),
];
