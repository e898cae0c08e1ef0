//! `standin import openapi` as it is called.

use expect_test::expect_file;

use super::{EVENTS, SHOP, file, folder};
use crate::collections::shown;
use crate::support::process::{Ended, output};

/// Runs `standin import openapi` where these files are.
fn import(dir: &tempfile::TempDir, arguments: &[&str]) -> Ended {
    output(&[&["import", "openapi"], arguments].concat(), dir.path())
}

/// What a command said, as one text.
fn said(ended: &Ended) -> String {
    format!("exit code {}\n-- standard output --\n{}-- standard error --\n{}", ended.code, ended.stdout, ended.stderr)
}

#[test]
fn every_form_of_a_document_becomes_a_mock_that_people_can_read() {
    for (name, stem) in [(SHOP, "shop"), (EVENTS, "events")] {
        let dir = folder(&[name]);
        let ended = import(&dir, &[name, "--output", "mocks"]);
        expect_file![format!("{stem}.said")].assert_eq(&said(&ended));
        expect_file![format!("{stem}.written")].assert_eq(&shown(&dir.path().join("mocks")));
        std::fs::write(dir.path().join("standin.toml"), "mocks = [\"mocks/*.toml\"]").unwrap();
        let check = output(&["check"], dir.path());
        assert_eq!((check.code, check.stderr.starts_with("no problems: 1 mock, ")), (0, true), "{check:?}");
    }
}

#[test]
fn a_seed_and_the_servers_are_chosen() {
    let dir = folder(&[SHOP]);
    let written = |arguments: &[&str]| {
        let ended = import(&dir, &[&[SHOP, "--force", "-o", "one.toml", "--name", "one"], arguments].concat());
        assert_eq!(ended.code, 0, "{ended:?}");
        shown(dir.path())
    };
    let first = written(&[]);
    assert!(first.contains("\nname = \"one\"\n") && first.contains("\nmatch = \"GET /v1/products\"\n"), "{first}");
    assert_eq!(first, written(&["--seed", "0"]));
    assert_ne!(first, written(&["--seed", "1"]));
    assert!(written(&["--no-servers"]).contains("\nmatch = \"GET /products\"\n"));
}

#[test]
fn what_is_no_document_is_refused_and_nothing_is_written() {
    let dir = folder(&[SHOP, EVENTS]);
    let (shop, events) = (file(SHOP), file(EVENTS));
    let write = |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).unwrap();
    write("cut.json", &events.as_bytes()[..events.len() / 2]);
    write("cut.yaml", b"openapi: 3.0.0\npaths: {/a: {get: ");
    write("old.yaml", b"swagger: '2.0'\n");
    write("new.yaml", shop.replace("openapi: 3.0.3", "openapi: 3.2.0").as_bytes());
    write("remote.yaml", shop.replace("#/components/examples/Lamp", "https://x.test/lamp.yaml").as_bytes());
    write("broken.yaml", shop.replace("examples/Lamp", "examples/Lump").as_bytes());
    let bomb: String =
        (1..20).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", "))).collect();
    write("bomb.yaml", format!("openapi: 3.0.0\na0: &a0 x\n{bomb}").as_bytes());
    write("deep.yaml", format!("openapi: 3.0.0\npaths: {}", "[".repeat(100_000)).as_bytes());
    write("deep.json", format!("{{\"openapi\": {}", "[".repeat(100_000)).as_bytes());
    write("bytes.yaml", b"openapi: \xff");
    std::fs::File::create(dir.path().join("huge.yaml")).unwrap().set_len((64 << 20) + 1).unwrap();
    for (arguments, code, says) in [
        (&["cut.json"][..], 3, "error[json-syntax]: the file is no JSON"),
        (&["cut.yaml"], 3, "error[yaml-syntax]: the file is no YAML"),
        (&["old.yaml"], 3, "this is OpenAPI 2.0, once called Swagger"),
        (&["new.yaml"], 3, "only 3.0 and 3.1 can be read"),
        (&["remote.yaml"], 3, "nothing is fetched"),
        (&["broken.yaml"], 3, "error[bad-ref]: `$ref` to `#/components/examples/Lump`"),
        (&["bomb.yaml"], 3, "aliases make the document larger than can be held"),
        (&["deep.yaml"], 3, "error["),
        (&["deep.json"], 3, "error["),
        (&["bytes.yaml"], 3, "cannot read `bytes.yaml`: it is no UTF-8 text"),
        (&["huge.yaml"], 3, "cannot read `huge.yaml`: it is larger than 64 MiB"),
        (&["none.yaml"], 3, "cannot read `none.yaml`: No such file"),
        (&[SHOP, "--name", "x\ny"], 3, "does not pass `standin check`; nothing was written"),
        (&[SHOP, "--seed", "x"], 2, "invalid value"),
        (&[], 2, "required arguments"),
    ] {
        let ended = import(&dir, arguments);
        assert_eq!(ended.code, code, "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(says), "{arguments:?}: {ended:?}");
    }
    let names = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.into_iter().all(|name| !name.to_string_lossy().ends_with(".toml")));
}
