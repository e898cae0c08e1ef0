//! `standin inject` as it is called.

use super::folder;
use crate::support::process::{filter, output};

const SHOP: &str = include_str!("../../config/kubernetes/example/shop.yaml");

#[test]
fn a_file_and_standard_input_come_to_the_same() {
    let dir = folder(&[("shop.yaml", SHOP)]);
    let by_file = output(&["inject", "-f", "shop.yaml"], dir.path());
    let by_input = filter(env!("CARGO_BIN_EXE_standin"), &["inject", "--file", "-"], SHOP);
    assert_eq!((by_file.code, &by_file.stdout), (0, &by_input.stdout), "{by_file:?}");
    assert!(by_file.stdout.contains("\n        - name: standin\n"), "{by_file:?}");
    let again = filter(env!("CARGO_BIN_EXE_standin"), &["inject", "-f", "-"], &by_file.stdout);
    assert_eq!((again.code, again.stdout), (0, by_file.stdout));
    assert_eq!(again.stderr, "Deployment shop: has the sidecar already; left as it is\n");
}

#[test]
fn each_flag_reaches_the_manifest() {
    let flags = [
        "--app-port",
        "4",
        "--image",
        "registry.test/s:1",
        "--config-map",
        "mocks",
        "--listen",
        "1",
        "--ops",
        "2",
        "--admin",
        "3",
    ];
    let ended =
        filter(env!("CARGO_BIN_EXE_standin"), &[&["inject", "-f", "-", "--only", "shop"], &flags[..]].concat(), SHOP);
    assert_eq!(ended.code, 0, "{ended:?}");
    for text in [
        "\"registry.test/s:1\"",
        "            name: mocks\n",
        "\"0.0.0.0:1\"",
        "\"http://127.0.0.1:4\"",
        "\"0.0.0.0:2\"",
        "\"127.0.0.1:3\"",
    ] {
        assert!(ended.stdout.contains(text), "{text}: {}", ended.stdout);
    }
}

#[test]
fn what_cannot_be_done_is_told_with_its_place_and_nothing_is_printed() {
    let dir = folder(&[("two.yaml", &SHOP.replace("containerPort: 3000", "containerPort: 18080"))]);
    std::fs::write(dir.path().join("bytes"), b"kind: \xff").unwrap();
    for (arguments, code, says) in [
        (
            &["inject", "-f", "two.yaml"][..],
            3,
            "error: Deployment shop: container `shop` has port 18080\n --> two.yaml:",
        ),
        (
            &["inject", "-f", "two.yaml"],
            3,
            "\n  = help: choose another one for the sidecar: --listen PORT\n\n1 error\n",
        ),
        (&["inject", "-f", "two.yaml", "--only", "x"], 3, "there is: shop"),
        (&["inject", "-f", "bytes"], 3, "error: bytes: this is no UTF-8 text, from byte 6 on"),
        (&["inject", "-f", "none.yaml"], 1, "error: none.yaml: No such file or directory"),
        (&["inject", "-f", "."], 1, "error: .: Is a directory"),
    ] {
        let ended = output(arguments, dir.path());
        assert_eq!((ended.code, ended.stdout.as_str()), (code, ""), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(says), "{arguments:?}: {ended:?}");
    }
}
