//! What keeps calls out of the file, and what is said of it.

use std::path::Path;

/// Why calls are not kept, or cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// Somebody else's file.
    #[error("it is a database, but not one of kept calls")]
    Foreign,
    /// Written by another version.
    #[error("another version of Standin has written it")]
    OtherForm,
    /// The file cannot be made.
    #[error("it cannot be opened: {0}")]
    File(#[from] std::io::Error),
    /// What SQLite says.
    #[error("{0}")]
    Database(#[from] rusqlite::Error),
}

/// What is said of a fault, and how to mend it.
pub(super) fn told(path: &Path, fault: &Fault) -> String {
    match fault {
        Fault::Foreign => format!("{}: {fault}; name another file", path.display()),
        Fault::OtherForm => format!("{}: {fault}; move it away, or name another file", path.display()),
        Fault::File(_) | Fault::Database(_) => format!("{}: {fault}", path.display()),
    }
}
