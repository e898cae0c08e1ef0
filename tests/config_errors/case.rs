//! One case: files, variables and arguments in, a report out.
//!
//! The form is Go's txtar: a sentence about the case, then sections `-- NAME --`. A name is a path; with `/` at its end
//! a directory; `PATH -> TARGET` is a link; `(latin-1)` and `(64 MiB and a byte)` behind a path make a file that text
//! cannot show, `(as NAME)` a copy of a file in `tests/certificates`. The sections `environment` (`NAME=value`) and `arguments` (`-c`, `--listen`, `--upstream`) are no files.

use std::path::Path;

use standin::cli::closing;
use standin::config::{self, Request};
use standin::problem::{Code, Problems, Severity};
use tempfile::TempDir;

use crate::support::root;

/// A case as it is written.
pub struct Case {
    sections: Vec<(String, String)>,
}

/// What a load said.
pub struct Outcome {
    /// The report as the command prints it.
    pub report: String,
    /// Each problem's code, and how bad it is.
    pub problems: Vec<(Code, Severity)>,
    /// Titles that stand at one place more than once.
    pub repeated: Vec<String>,
    /// Whether the configuration was refused.
    pub refused: bool,
}

impl Case {
    pub fn read(path: &Path) -> Case {
        let text = std::fs::read_to_string(path).unwrap();
        let mut sections: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            let name = line.strip_prefix("-- ").and_then(|line| line.strip_suffix(" --"));
            match (name, sections.last_mut()) {
                (Some(name), _) => sections.push((name.to_owned(), String::new())),
                (None, Some((_, content))) => content.push_str(&format!("{line}\n")),
                (None, None) => {} // the sentence about the case
            }
        }
        Case { sections }
    }

    /// The same with files that are so large, by comments at their ends, that they are read in pieces where they can be.
    pub fn swollen(mut self) -> Case {
        let comments = "# a line that says nothing and takes room\n".repeat(8 << 10);
        for (_, text) in self.sections.iter_mut().filter(|(name, _)| name.ends_with(".toml")) {
            text.push_str(&comments);
        }
        self
    }

    fn section(&self, name: &str) -> impl Iterator<Item = &str> {
        self.sections.iter().filter(move |(other, _)| other == name).flat_map(|(_, text)| text.lines())
    }

    /// The case's environment variables.
    pub fn environment(&self) -> impl Iterator<Item = (&str, &str)> {
        self.section("environment").map(|line| line.split_once('=').unwrap())
    }

    /// Writes the case's files into a folder of their own.
    pub fn lay_out(&self) -> TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in &self.sections {
            if matches!(name.as_str(), "environment" | "arguments") {
                continue;
            }
            let (name, form) = name.split_once(" (").unwrap_or((name, ""));
            let (name, target) = name.split_once(" -> ").unwrap_or((name, ""));
            let path = dir.path().join(name);
            if name.ends_with('/') {
                std::fs::create_dir_all(&path).unwrap();
                continue;
            }
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            match (target, form) {
                ("", "") => std::fs::write(&path, text).unwrap(),
                ("", "latin-1)") => {
                    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
                    std::fs::write(&path, bytes).unwrap();
                }
                // A sparse file: it takes no room on the disk.
                ("", "64 MiB and a byte)") => std::fs::File::create(&path).unwrap().set_len((64 << 20) + 1).unwrap(),
                ("", form) if form.starts_with("as ") => {
                    let name = form.trim_start_matches("as ").trim_end_matches(')');
                    std::fs::copy(root().join("tests/certificates").join(name), &path).unwrap();
                }
                (target, "") => std::os::unix::fs::symlink(target, &path).unwrap(),
                _ => panic!("no such form: {name:?} {form:?}"),
            }
        }
        dir
    }

    /// Loads the configuration as `check` and `run` do.
    pub fn load(&self) -> Outcome {
        let dir = self.lay_out();
        let root = dir.path().join("standin.toml");
        let mut request = Request {
            config: root.exists().then_some(root),
            environment: self.environment().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            ..Request::default()
        };
        for line in self.section("arguments") {
            match line.split_once(' ').unwrap() {
                ("-c", path) => request.config = Some(dir.path().join(path)),
                ("--listen", address) => request.listen.push(address.to_owned()),
                ("--upstream", url) => request.upstream = Some(url.to_owned()),
                other => panic!("no such argument: {other:?}"),
            }
        }
        let (problems, refused) = match config::load(&request) {
            Ok(loaded) => (loaded.problems, false),
            Err(refused) => (refused.problems, true),
        };
        let mut seen = std::collections::HashSet::new();
        let list = problems.list();
        let at = |p: &standin::problem::Problem| p.place.as_ref().map(|(place, _)| format!("{place:?}"));
        let twice = list.iter().filter(|p| !seen.insert((at(p), p.title.clone())));
        Outcome {
            report: report(&problems, dir.path()),
            problems: list.iter().map(|problem| (problem.code, problem.severity)).collect(),
            repeated: twice.map(|problem| problem.title.clone()).collect(),
            refused,
        }
    }
}

/// The report as `standin check` prints it when it stands in the folder.
pub fn report(problems: &Problems, folder: &Path) -> String {
    let text = problems.render(false).replace(&format!("{}/", folder.display()), "");
    format!("{}\n\n{}\n", text.trim_end(), closing(problems))
}
