//! The release workflow.

use super::{read, run, tool};

const WORKFLOW: &str = ".github/workflows/release.yml";

#[test]
fn the_workflow_is_clean() {
    let ended = run(tool("zizmor").args(["--offline", "--no-progress", "--color", "never", WORKFLOW]));
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[test]
fn the_workflow_builds_what_is_here() {
    let text = read(WORKFLOW);
    assert!(text.contains(".ci/run") && text.contains("\n          make dist\n"));
    let dockerfile = read("Dockerfile");
    for argument in text.split("--build-arg \"").skip(1) {
        let name = argument.split('=').next().unwrap();
        assert!(dockerfile.contains(&format!("\nARG {name}=")), "the Dockerfile takes no {name}");
    }
}

#[test]
fn the_image_and_the_makefile_build_alike() {
    let makefile = read("Makefile");
    let flags = makefile.lines().find_map(|line| line.strip_prefix("DIST_RUSTFLAGS = ")).unwrap();
    assert!(read("Dockerfile").contains(&format!("\nENV RUSTFLAGS=\"{flags}\"\n")), "{flags}");
}
