//! The Dockerfile, without a container engine: its build lines run in a clean folder that has only what they copy.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{read, run, tool};
use crate::support::root;

/// Instructions, as word and rest.
type Stage = Vec<(String, String)>;

/// The instructions of the Dockerfile, continued lines joined.
fn instructions() -> Stage {
    let text = read("Dockerfile");
    let plain: String = text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    let joined = plain.replace("\\\n", " ");
    let lines = joined.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| line.split_once(' ').unwrap())
        .map(|(word, rest)| (word.to_owned(), rest.trim().to_owned()))
        .collect()
}

/// The instructions of the stage that builds, and of the one that is shipped.
fn stages() -> (Stage, Stage) {
    let all = instructions();
    let last = all.iter().rposition(|(word, _)| word == "FROM").unwrap();
    (all[..last].to_vec(), all[last..].to_vec())
}

fn value<'a>(stage: &'a [(String, String)], word: &str) -> &'a str {
    &stage.iter().find(|(found, _)| found == word).unwrap_or_else(|| panic!("no {word}")).1
}

fn copies(stage: &[(String, String)]) -> Vec<Vec<String>> {
    let words = |rest: &String| rest.split_whitespace().map(str::to_owned).collect();
    stage.iter().filter(|(word, _)| word == "COPY").map(|(_, rest)| words(rest)).collect()
}

#[test]
fn hadolint_has_nothing_to_say() {
    let ended = run(tool("hadolint").arg("Dockerfile"));
    assert_eq!((ended.code, ended.stdout.as_str()), (0, ""), "{ended:?}");
}

#[test]
fn what_is_copied_exists_and_is_sent_to_the_engine() {
    let sent: Vec<String> =
        read(".dockerignore").lines().filter_map(|line| line.strip_prefix('!').map(str::to_owned)).collect();
    let (build, shipped) = stages();
    for words in copies(&build).iter().chain(&copies(&shipped)) {
        if words[0] == "--from=build" {
            let built = value(&build, "WORKDIR").to_owned() + "/out/bin/standin";
            assert_eq!(words[1], built);
            continue;
        }
        for source in &words[..words.len() - 1] {
            assert!(root().join(source).exists(), "{source} does not exist");
            assert!(sent.contains(source), "{source} is kept back by .dockerignore");
        }
    }
}

#[test]
fn the_image_runs_as_nobody_and_asks_itself_whether_it_is_well() {
    let (_, shipped) = stages();
    assert_eq!(value(&shipped, "USER"), "65532:65532");
    assert!(value(&shipped, "HEALTHCHECK").ends_with("CMD [\"/usr/local/bin/standin\", \"ping\"]"));
    assert_eq!(value(&shipped, "ENTRYPOINT"), "[\"/usr/local/bin/standin\"]");
    let labels = value(&shipped, "LABEL");
    for label in ["title", "description", "licenses", "version", "revision"] {
        assert!(labels.contains(&format!("org.opencontainers.image.{label}=")), "{label}");
    }
    let version = format!("VERSION={}", env!("CARGO_PKG_VERSION"));
    assert!(shipped.iter().any(|(word, rest)| word == "ARG" && *rest == version), "{version}");
}

/// Builds with the dev profile. Crates of the registry are taken from this build, so that our own are all that is built.
#[test]
fn its_build_lines_make_a_binary_in_a_clean_folder() {
    let (build, _) = stages();
    // Beside the other results: what is copied is large.
    let dir = tempfile::tempdir_in(root().join("target")).unwrap();
    let target = dir.path().join("target");
    borrow_dependencies(&target);
    // Our own crate need only be built, not be fast.
    std::fs::create_dir(dir.path().join(".cargo")).unwrap();
    std::fs::write(dir.path().join(".cargo/config.toml"), "[profile.dev.package.standin]\nopt-level = 0\ndebug = 0\n")
        .unwrap();
    for (word, rest) in &build {
        match word.as_str() {
            "COPY" => copy(rest, dir.path()),
            // The machine has what a container would have to install.
            "RUN" if rest.starts_with("apt-get ") => assert!(rest.contains(" cmake "), "{rest}"),
            "RUN" => {
                let mut command = Command::new("sh");
                command.args(["-ec", rest]).env("PROFILE", "dev").env("CARGO_TARGET_DIR", &target);
                for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_cargo(&name.to_string_lossy())) {
                    command.env_remove(name);
                }
                let output = command.current_dir(dir.path()).output().unwrap();
                assert!(output.status.success(), "{rest}\n{}", String::from_utf8_lossy(&output.stderr));
            }
            _ => {}
        }
    }
    let binary = dir.path().join("out/bin/standin");
    let output = Command::new(&binary).arg("schema").output().unwrap();
    assert!(output.status.success() && output.stdout.len() > 1000, "it is the placeholder");
    for library in libraries(&binary) {
        let shipped = ["libc", "libm", "libgcc_s", "libdl", "libpthread", "librt", "ld-linux", "linux-vdso"];
        assert!(shipped.iter().any(|name| library.starts_with(name)), "the image has no {library}");
    }
}

/// What cargo sets for a test would be taken for settings of the build.
fn is_of_cargo(name: &str) -> bool {
    (name.starts_with("CARGO_") && !matches!(name, "CARGO_HOME" | "CARGO_TARGET_DIR")) || name.starts_with("STANDIN_")
}

fn copy(rest: &str, into: &Path) {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let (target, sources) = words.split_last().unwrap();
    for source in sources {
        let status = Command::new("cp").arg("-R").arg(root().join(source)).arg(into.join(target)).status().unwrap();
        assert!(status.success(), "{source}");
    }
}

/// Copies what was built of other crates, with its times, by which cargo knows it again.
fn borrow_dependencies(target: &Path) {
    // The binary lies in `target/debug`, wherever `target` is.
    let built = PathBuf::from(env!("CARGO_BIN_EXE_standin")).parent().unwrap().to_owned();
    let own = target.join("debug");
    std::fs::create_dir_all(&own).unwrap();
    for folder in ["deps", "build", ".fingerprint"] {
        std::fs::create_dir_all(own.join(folder)).unwrap();
        for entry in std::fs::read_dir(built.join(folder)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.trim_start_matches("lib").starts_with("standin-") {
                continue;
            }
            let status = Command::new("cp").arg("-a").arg(entry.path()).arg(own.join(folder)).status().unwrap();
            assert!(status.success(), "{name}");
        }
    }
}

/// The shared libraries that a binary asks for.
fn libraries(binary: &Path) -> Vec<String> {
    let Ok(output) = Command::new("ldd").arg(binary).output() else { return Vec::new() };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let names = text.lines().filter_map(|line| line.split_whitespace().next());
    names.map(|name| name.rsplit('/').next().unwrap_or(name).to_owned()).collect()
}
