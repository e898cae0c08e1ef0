//! `standin demo`: everything that it prints works as printed.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{folder, write};
use crate::support::process::{Process, output, standin};
use crate::support::wait_for;

/// What each printed command must answer, in the order in which they are printed.
const ANSWERS: &[(&str, &[&str])] = &[
    ("/shop/products?sort=price", &["\"name\":\"pencil\"", "\"name\":\"lamp\""]),
    ("/shop/products/7", &["\"id\": 7", "\"stock\": null"]),
    ("/shop/branches/7", &["\"id\":\"7\"", "\"city\":\"Berlin\""]),
    ("/shop/products/0", &["HTTP/1.1 404", "scenario=\"not found\"", "no such product"]),
    ("x-plan: gold", &["HTTP/1.1 201", "scenario=\"gold customer\"", "\"discount\":\"10%\""]),
    ("/shop/orders?down", &["HTTP/1.1 503", "retry-after: 30", "planned work"]),
    ("partner.local", &["\"access_token\":\"not-a-secret\""]),
    ("/anything/else", &["\"from\":\"the real backend\"", "\"path\":\"/anything/else\""]),
    ("x-mock: off", &["\"from\":\"the real backend\"", "\"path\":\"/shop/products/7\""]),
    (
        "standin-debug: 1",
        &["HTTP/1.1 200", "standin: forwarded; mock=\"shop\"", "reason=\"query\"", "server-timing: standin;dur="],
    ),
    ("/v1/calls", &["\"decision\":\"mocked\"", "\"decision\":\"forwarded\""]),
    ("/metrics", &["standin_requests_total{", "standin_misses_total{reason=\"query\"} 1"]),
];

const PORTS: &[&str] = &["demo", "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0", "--admin", "127.0.0.1:0"];

#[test]
fn every_command_that_the_demo_prints_answers_as_it_says() {
    let mut command = standin();
    // A demo is a demo, whatever the variables and files of a sidecar in earnest say.
    command.args(PORTS).env("STANDIN_PROXY__UPSTREAM", "http://127.0.0.1:1").env("STANDIN_CONFIG", "/nowhere");
    let mut demo = Process::launch(command, folder(&[("standin.toml", "nonsense")]));
    let guide = wait_for("the guide", || Some(demo.stdout()).filter(|text| text.contains("Stop with Ctrl-C.")));
    let lines: Vec<&str> = guide.lines().map(str::trim).filter(|line| line.starts_with("curl ")).collect();
    assert_eq!(lines.len(), ANSWERS.len(), "{guide}");
    for (line, (part, answers)) in lines.iter().zip(ANSWERS) {
        assert!(line.contains(part), "{line} is not about {part}");
        let run = Command::new("sh")
            .args(["-c", &line.replacen("curl ", "curl -sS --max-time 20 --noproxy '*' ", 1)])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&run.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{line}: {complaint} (if curl is missing: `make test` installs it)");
        for answer in *answers {
            assert!(text.contains(answer), "{line} does not answer {answer:?}: {text}");
        }
    }

    let mocks = guide.lines().find_map(|line| line.strip_prefix("Edit a mock and it is live: ")).unwrap();
    let shop = Path::new(mocks).join("shop.toml");
    let text = std::fs::read_to_string(&shop).unwrap();
    write(Path::new(mocks), "shop.toml", text.replace("pencil", "crayon").as_bytes());
    wait_for("the edited mock", || {
        demo.connect().get("/shop/products?sort=price").text().contains("crayon").then_some(())
    });
    assert!(demo.stdout().contains("\"path\":\"/anything/else\""), "calls are shown as they come");

    demo.signal("INT");
    assert_eq!(demo.wait().code(), Some(0));
    assert!(!Path::new(mocks).exists(), "it cleans up after itself");
}

#[test]
fn a_demo_without_its_port_says_how_to_take_another() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for flag in ["--listen", "--ops", "--admin"] {
        let mut arguments = PORTS.to_vec();
        let at = arguments.iter().position(|argument| *argument == flag).unwrap();
        arguments[at + 1] = &address;
        let ended = output(&arguments, folder(&[]).path());
        assert_eq!((ended.code, ended.stdout.as_str()), (1, ""), "{ended:?}");
        assert!(ended.stderr.contains(&format!("listener cannot use {address}")), "{ended:?}");
        assert!(ended.stderr.contains(&format!("standin demo {flag} 127.0.0.1:0")), "{ended:?}");
    }
}
