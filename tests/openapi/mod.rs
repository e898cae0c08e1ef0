//! OpenAPI documents as mocks: what `[openapi]` serves, what `import` writes, and what others have published.

mod asked;
mod command;
mod corpora;
mod served;

use crate::support::root;

const SHOP: &str = "shop.yaml";
const EVENTS: &str = "events.json";

/// A file of these tests.
fn file(name: &str) -> String {
    std::fs::read_to_string(root().join("tests/openapi").join(name)).unwrap()
}

/// A folder with these files of these tests in it.
fn folder(names: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in names {
        std::fs::write(dir.path().join(name), file(name)).unwrap();
    }
    dir
}
