//! Holds one source against the rules.

use super::source::{Named, Token, paths, tokens};
use super::{HOMES, IMPURE, LINES, ROOMS, STATICS};

/// A broken rule, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Broken {
    pub file: String,
    pub line: usize,
    pub rule: String,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.rule)
    }
}

/// Everything that one file breaks.
pub fn check(file: &str, source: &str) -> Vec<Broken> {
    let room = room(file);
    let tokens = tokens(source);
    let mut broken = Vec::new();
    let mut report = |line: usize, rule: String| broken.push(Broken { file: file.to_owned(), line, rule });
    if level(&room).is_none() {
        report(1, format!("the room `{room}` has no place in the import table"));
    }
    for named in paths(&tokens) {
        match target(file, &named) {
            Target::Room(other) => {
                if let Some(rule) = import(&room, &other) {
                    report(named.line, rule);
                }
            }
            Target::Crate(name) => {
                if let Some(rule) = home(file, &room, &name) {
                    report(named.line, rule);
                }
            }
            Target::Here => {}
        }
        let path = named.path.join("::");
        if room == "stubs" && IMPURE.iter().any(|impure| path == *impure || path.starts_with(&format!("{impure}::"))) {
            report(named.line, format!("`{path}` in the pure core: time, dice and bytes come in as values"));
        }
        if named.path.iter().any(|word| word == "Server") && named.path[0].starts_with("pingora") {
            report(named.line, "pingora's `Server` is not used: sockets, runtimes and signals are ours".to_owned());
        }
    }
    for (at, Token { line, text }) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1).map_or("", |token| token.text.as_str());
        let name = if next == "mut" { tokens.get(at + 2).map_or("", |token| token.text.as_str()) } else { next };
        match text.as_str() {
            "static" if !STATICS.contains(&(file, name)) => {
                report(*line, format!("the static `{name}` keeps state between sidecars"))
            }
            "thread_local" if !STATICS.iter().any(|(home, _)| *home == file) => {
                report(*line, "a thread-local keeps state between sidecars".to_owned())
            }
            "run_forever" => report(*line, "pingora's `Server::run*` is never called".to_owned()),
            _ => {}
        }
    }
    broken
}

/// The outside crates that a file names.
pub fn crates(file: &str, source: &str) -> Vec<String> {
    let named = paths(&tokens(source));
    named
        .iter()
        .filter_map(|named| if let Target::Crate(name) = target(file, named) { Some(name) } else { None })
        .collect()
}

/// Which files are too long, and which entries of the list of exceptions are not needed.
pub fn lengths(files: &[(String, usize)], exceptions: &[(&str, usize)]) -> Vec<Broken> {
    let mut broken = Vec::new();
    for (file, lines) in files {
        let allowed = exceptions.iter().find(|(name, _)| name == file).map_or(LINES, |(_, lines)| *lines);
        if *lines > allowed {
            broken.push(Broken {
                file: file.clone(),
                line: allowed + 1,
                rule: format!("{lines} lines, {allowed} are allowed"),
            });
        }
    }
    for (name, _) in exceptions {
        if !files.iter().any(|(file, lines)| file == name && *lines > LINES) {
            let rule = format!("{name} is not too long any more: delete its line in TOO_LONG");
            broken.push(Broken { file: "tests/architecture/mod.rs".to_owned(), line: 1, rule });
        }
    }
    broken
}

/// The room of a file: `src/calls/query.rs` belongs to `calls`.
fn room(file: &str) -> String {
    let inside = file.trim_start_matches("src/");
    inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs").to_owned()
}

fn level(room: &str) -> Option<usize> {
    ROOMS.iter().position(|row| row.contains(&room))
}

/// What a path leads to.
enum Target {
    Room(String),
    Crate(String),
    Here,
}

fn target(file: &str, named: &Named) -> Target {
    let first = named.path[0].as_str();
    let second = || named.path.get(1).cloned().unwrap_or_default();
    match first {
        "crate" | "standin" => Target::Room(second()),
        "super" => {
            let ups = named.path.iter().take_while(|word| *word == "super").count();
            // At the root, the next word is a room; further up there is nothing.
            if ups < module_depth(file) + named.depth {
                return Target::Here;
            }
            Target::Room(named.path.get(ups).cloned().unwrap_or_default())
        }
        name if HOMES.iter().any(|(home, _)| *home == name) => Target::Crate(name.to_owned()),
        _ => Target::Here,
    }
}

/// How many modules deep a file is: 1 for `src/app.rs` and `src/live/mod.rs`, 2 for `src/live/resolve.rs`.
fn module_depth(file: &str) -> usize {
    let inside = file.trim_start_matches("src/");
    let words = inside.split('/').count();
    if matches!(inside, "lib.rs" | "main.rs") || inside.ends_with("/mod.rs") { words - 1 } else { words }
}

fn import(room: &str, other: &str) -> Option<String> {
    if room == other {
        return None;
    }
    let Some(theirs) = level(other) else {
        return Some(format!("`{room}` imports `{other}`, which is no room of the import table"));
    };
    match level(room) {
        Some(own) if theirs < own => None,
        Some(own) if theirs == own => {
            Some(format!("`{room}` imports its neighbour `{other}`: imports point down, never sideways"))
        }
        _ => Some(format!("`{room}` imports `{other}` above it: imports point down, never up")),
    }
}

fn home(file: &str, room: &str, name: &str) -> Option<String> {
    let (_, homes) = HOMES.iter().find(|(home, _)| *home == name)?;
    let at_home = |home: &&&str| {
        **home == "*" || **home == room || file == format!("src/{home}") || file.starts_with(&format!("src/{home}/"))
    };
    if homes.iter().any(|home| at_home(&home)) {
        return None;
    }
    Some(format!("the crate `{name}` is named in `{room}`; its home is {}", homes.join(", ")))
}
