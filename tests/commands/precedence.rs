//! Flag before variable before file before default.

use super::{FREE_PORTS, folder};
use crate::support::process::{Process, output_with, standin};
use crate::support::{PORTS, Upstream};

/// The line of `check --effective` for a key.
fn effective(file: &str, variable: Option<&str>, flag: Option<&str>) -> String {
    let dir = folder(&[("standin.toml", file)]);
    let variables: Vec<(&str, &str)> = variable.map(|value| ("STANDIN_PROXY__LISTEN", value)).into_iter().collect();
    let mut arguments = vec!["check", "--effective"];
    arguments.extend(flag.map(|value| ["--listen", value]).into_iter().flatten());
    let ended = output_with(&arguments, &variables, dir.path());
    assert_eq!(ended.code, 0, "{ended:?}");
    ended.stdout.lines().find(|line| line.starts_with("proxy.listen = ")).unwrap().to_owned()
}

#[test]
fn the_effective_value_says_which_of_the_four_it_is() {
    let file = "\n[proxy]\nlisten = [\"127.0.0.1:3\"]\n";
    let (variable, flag) = (Some("127.0.0.1:2"), Some("127.0.0.1:1"));
    for (found, expected) in [
        (effective("", None, None), "[\"0.0.0.0:8080\"]  # default, needs a restart"),
        (effective(file, None, None), "[\"127.0.0.1:3\"]  # standin.toml:3, needs a restart"),
        (effective(file, variable, None), "[\"127.0.0.1:2\"]  # STANDIN_PROXY__LISTEN, needs a restart"),
        (effective(file, variable, flag), "[\"127.0.0.1:1\"]  # --listen, needs a restart"),
        (effective("", None, flag), "[\"127.0.0.1:1\"]  # --listen, needs a restart"),
        (effective("", variable, None), "[\"127.0.0.1:2\"]  # STANDIN_PROXY__LISTEN, needs a restart"),
        // Lists by comma.
        (
            effective(file, Some("127.0.0.1:4,[::1]:5"), None),
            "[\"127.0.0.1:4\", \"[::1]:5\"]  # STANDIN_PROXY__LISTEN, needs a restart",
        ),
    ] {
        assert_eq!(found, format!("proxy.listen = {expected}"));
    }
}

#[test]
fn requests_go_where_the_strongest_of_the_four_says() {
    let [file, variable, flag] = [(); 3].map(|()| Upstream::echo());
    let url = |upstream: &Upstream| format!("http://{}", upstream.address());
    let arrived = || [&file, &variable, &flag].map(|upstream| upstream.arrived().len());
    let run = |with_file: bool, with_variable: bool, with_flag: bool| {
        let line = if with_file { format!("proxy.upstream = \"{}\"\n", url(&file)) } else { String::new() };
        let dir = folder(&[("standin.toml", &format!("{PORTS}{line}"))]);
        let mut command = standin();
        command.arg("run");
        if with_variable {
            command.env("STANDIN_PROXY__UPSTREAM", url(&variable));
        }
        if with_flag {
            command.args(["--upstream", &url(&flag)]);
        }
        Process::launch(command, dir).connect().get("/x").status
    };
    assert_eq!((run(false, false, false), arrived()), (404, [0, 0, 0]), "by default there is no upstream");
    assert_eq!((run(true, false, false), arrived()), (200, [1, 0, 0]));
    assert_eq!((run(true, true, false), arrived()), (200, [1, 1, 0]));
    assert_eq!((run(true, true, true), arrived()), (200, [1, 1, 1]));
}

#[test]
fn with_an_upstream_alone_it_is_a_plain_proxy() {
    let upstream = Upstream::echo();
    let url = format!("http://{}", upstream.address());
    let mut by_flag = standin();
    by_flag.args(["run", "--upstream", &url]);
    let mut by_variable = standin();
    by_variable.arg("run").env("STANDIN_PROXY__UPSTREAM", &url);
    for mut command in [by_flag, by_variable] {
        command.envs(FREE_PORTS.iter().copied());
        let sidecar = Process::launch(command, folder(&[]));
        let response = sidecar.connect().get("/x?y=z");
        assert_eq!((response.status, response.text()), (200, "real GET /x?y=z HTTP/1.1".to_owned()));
        assert_eq!(response.standin(), "", "a forwarded answer is the upstream's own");
    }
}

#[test]
fn the_configuration_can_be_named_by_a_variable_and_a_flag_wins() {
    let stub = |body: &str| format!("{PORTS}[[stub]]\nmatch = \"GET /a\"\nbody = \"{body}\"");
    for (arguments, body) in [(&["run"][..], "variable"), (&["run", "-c", "flag.toml"], "flag")] {
        let dir = folder(&[
            ("standin.toml", &stub("default")),
            ("elsewhere/standin.toml", &stub("variable")),
            ("flag.toml", &stub("flag")),
        ]);
        let mut command = standin();
        command.args(arguments).env("STANDIN_CONFIG", "elsewhere");
        assert_eq!(Process::launch(command, dir).connect().get("/a").text(), body);
    }
}
