//! The README is held against the code: its files load, its commands answer as it says, its lists are complete.
//!
//! The words behind a fence's language say what is done with it:
//!
//! | fence | what is done |
//! |---|---|
//! | `toml standin` | loaded as standin.toml |
//! | `toml standin save` | loaded, and saved in the folder of the walk; a running sidecar must take it |
//! | `toml standin refused` | saved; must be refused, and the sidecar must say so |
//! | `toml standin run` | loaded; a new walk begins with a sidecar that runs it |
//! | `toml mock [PATH]` | loaded as a file under `mocks`, beside the standin.toml above it |
//! | `console` | each line behind `$ ` is run, and must print the lines below it |
//! | `console background` | started; `standin run` for real, the backend is played by the test |
//! | `yaml save PATH` | saved in the folder of the walk |
//! | `json new PATH` | saved in the folder of a new walk |
//! | `json access-line` | its keys are those of a real access line |
//! | `console by-hand`, `text` | not run |

mod keys;
mod lists;
mod page;
mod walk;

use std::path::Path;

use page::{Page, anchor};
use standin::config::{self, Request};
use walk::Walk;

use crate::support::root;

/// How many blocks a test may leave out.
const BY_HAND: usize = 5;

fn words(info: &[String]) -> Vec<&str> {
    info.iter().map(String::as_str).collect()
}

#[test]
fn each_block_says_what_it_is_and_few_are_left_out() {
    let page = Page::read();
    let mut left_out = 0;
    for fence in &page.fences {
        match words(&fence.info).as_slice() {
            ["toml", "standin"] | ["toml", "standin", "save" | "refused" | "run"] => {}
            ["toml", "mock"] | ["toml", "mock", _] => {}
            ["console"] | ["console", "background"] | ["json", "access-line"] | ["text"] => {}
            ["yaml", "save", _] | ["json" | "yaml", "new", _] => {}
            ["console", "by-hand"] => left_out += 1,
            other => panic!("line {}: no test knows {other:?}", fence.line),
        }
    }
    assert!(left_out <= BY_HAND, "{left_out} blocks are not run");
}

#[test]
fn each_file_in_the_readme_loads() {
    let mut standin = String::new();
    for fence in &Page::read().fences {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("mocks/bodies/not-found.json", "{}");
        for (name, of) in [("shop", "collection"), ("next", "collection"), ("staging", "environment")] {
            let file = root().join(format!("tests/collections/shop.postman_{of}.json"));
            write(&format!("mocks/{name}.postman_{of}.json"), &std::fs::read_to_string(file).unwrap());
        }
        for (certificate, name) in [("valid.crt", "crt.pem"), ("valid.key", "key.pem"), ("ca.crt", "ca.pem")] {
            let text = std::fs::read_to_string(root().join("tests/certificates").join(certificate)).unwrap();
            write(&format!("tls/{name}"), &text);
        }
        let is_refused = match words(&fence.info).as_slice() {
            ["toml", "standin", rest @ ..] => {
                standin.clone_from(&fence.text);
                rest == ["refused"]
            }
            ["toml", "mock", path] => {
                write(path, &fence.text);
                false
            }
            ["toml", "mock"] => {
                standin = "mocks = [\"mocks/*.toml\"]".to_owned();
                write("mocks/one.toml", &fence.text);
                false
            }
            _ => continue,
        };
        write("standin.toml", &standin);
        match load(dir.path()) {
            Ok(loaded) => {
                assert!(!is_refused, "line {}: this is refused", fence.line);
                // A pattern whose files stand in the next block fits nothing yet.
                let problems = loaded.problems.list().iter().filter(|p| p.code.as_str() != "empty-pattern").count();
                assert_eq!(problems, 0, "line {}: {}", fence.line, loaded.problems.render(false));
            }
            Err(refused) => assert!(is_refused, "line {}: {}", fence.line, refused.problems.render(false)),
        }
    }
}

fn load(dir: &Path) -> Result<config::Loaded, Box<config::Refused>> {
    let environment = [("MOCK_KEY", "k"), ("ADMIN_TOKEN", "a-token-of-the-readme")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    config::load(&Request { config: Some(dir.to_owned()), environment, ..Request::default() })
}

#[test]
fn commands_answer_as_the_readme_says() {
    let mut walk = Walk::begin();
    for fence in &Page::read().fences {
        match words(&fence.info).as_slice() {
            ["toml", "standin", how @ ("save" | "refused")] => walk.save(&fence.text, *how == "refused"),
            ["toml", "standin", "run"] => {
                walk = Walk::begin();
                walk.save(&fence.text, false);
                walk.start("");
            }
            ["yaml", "save", path] => walk.write(path, &fence.text),
            ["json" | "yaml", "new", path] => {
                walk = Walk::begin();
                walk.write(path, &fence.text);
            }
            ["console"] => walk.console(fence),
            ["console", "background"] => match fence.text.trim().strip_prefix("$ standin run") {
                Some(arguments) => walk.start(arguments),
                None => {
                    let backend = "$ python3 -m http.server 3000 --directory site";
                    assert!(fence.text.starts_with(backend), "{}", fence.text);
                }
            },
            _ => {}
        }
    }
}

#[test]
fn each_link_inside_the_readme_leads_to_a_heading() {
    let page = Page::read();
    let mut anchors: Vec<String> = Vec::new();
    for heading in &page.headings {
        let plain = anchor(&heading.title);
        assert!(!anchors.contains(&plain), "line {}: two headings have one anchor: {plain}", heading.line);
        anchors.push(plain);
    }
    for link in page.prose.split("](#").skip(1) {
        let target = link.split(')').next().unwrap();
        assert!(anchors.iter().any(|anchor| anchor == target), "#{target} leads nowhere");
    }
}
