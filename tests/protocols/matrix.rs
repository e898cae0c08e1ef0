//! Protocol by protocol: mocked, forwarded, private, delayed, with a condition on the body.

use super::{Spoken, curl, passes, python, speaking, speaking_with};
use crate::support::upstream::respond;
use crate::support::{Upstream, wait_for};

const PRIVATE: &str = "name = \"private\"\nbase_path = \"/private\"\naccess = { private = true, keys = [{ env = \"KEY\" }] }\n\
                       [[stub]]\nmatch = \"GET /a\"\nbody = \"secret\"";

/// The stubs of the matrix: a public mock here, and a private one in a file.
fn config(upstream: &Upstream) -> String {
    format!(
        "mocks = [\"private.toml\"]\nproxy.upstream = \"http://{}\"\nlimits.match_body = \"1MiB\"\n\
         [[stub]]\nmatch = \"GET /mock\"\njson = {{ id = 1 }}\n\
         [[stub]]\nmatch = \"GET /late\"\nbody = \"late\"\ndelay = \"300ms\"\n\
         [[stub]]\nmatch = \"GET /many\"\n[[stub.scenario]]\nbody = \"first\"\n\
         [[stub.scenario]]\nname = \"gone\"\nstatus = 410\nwhen.header.x-never = \"x\"\nbody = \"gone\"\n\
         [[stub]]\nmatch = \"POST /body\"\nwhen.body = {{ contains = \"needle\" }}\nbody = \"found\"\n",
        upstream.address()
    )
}

/// An upstream that says how long the body was.
fn measuring() -> Upstream {
    Upstream::new(|request, stream| {
        let body = format!("real {} {}", request.line().split(' ').nth(1).unwrap_or(""), request.body.len());
        respond(stream, 200, "X-From: upstream\r\n", body.as_bytes());
        true
    })
}

#[test]
fn the_same_request_gets_the_same_answer_over_every_protocol() {
    for spoken in Spoken::ALL {
        let upstream = measuring();
        let files = [("private.toml", PRIVATE)];
        let sidecar = speaking_with(spoken, &config(&upstream), &files, &[("KEY", "k1")]);
        let get = |path: &str, arguments: &[&str]| curl(&sidecar, spoken, path, arguments);

        let mocked = get("/mock", &[]);
        assert_eq!((mocked.status, mocked.text().as_str()), (200, "{\"id\":1}"), "{spoken:?}");
        assert!(mocked.head.to_lowercase().contains("standin: mocked"), "{}", mocked.head);
        assert_eq!(sidecar.last_call()["protocol"], spoken.protocol());

        let head = get("/mock", &["--head"]);
        assert_eq!((head.status, head.body.len()), (200, head.head.len()), "curl prints the head, and nothing follows");

        let forwarded = get("/real?x=%2F", &["-H", "x-a: 1", "-H", "cookie: a=1"]);
        assert_eq!((forwarded.status, forwarded.text().as_str()), (200, "real /real?x=%2F 0"), "{spoken:?}");
        let arrived = upstream.arrived().pop().unwrap();
        let proto = if spoken.is_secure() { "https" } else { "http" };
        assert_eq!(arrived.header("x-forwarded-proto"), Some(proto));
        assert_eq!(arrived.header("x-forwarded-for"), Some("127.0.0.1"));
        assert_eq!(arrived.header("host").map(|host| host.starts_with("localhost:")), Some(true));
        assert_eq!((arrived.header("x-a"), arrived.header("cookie")), (Some("1"), Some("a=1")));
        assert_eq!(arrived.all("host").len(), 1);

        assert_eq!(get("/private/a", &[]).status, 401, "{spoken:?}");
        assert_eq!(get("/private/a", &["-H", "x-api-key: k1"]).text(), "secret");
        assert_eq!(get("/many", &["-H", "x-mock-response-name: gone"]).status, 410);
        let preflight = ["-X", "OPTIONS", "-H", "origin: http://b", "-H", "access-control-request-method: GET"];
        assert_eq!(get("/mock", &preflight).status, 204);

        let begun = std::time::Instant::now();
        assert_eq!(get("/late", &[]).text(), "late");
        assert!(begun.elapsed().as_millis() >= 300);
        let late = sidecar.last_call();
        assert!(late["duration_us"]["delay"].as_u64() >= Some(300_000), "{late}");
    }
}

#[test]
fn an_inspected_body_is_answered_or_reaches_the_upstream_byte_for_byte() {
    const MEBIBYTE: usize = 1 << 20;
    for spoken in Spoken::ALL {
        let upstream = measuring();
        let sidecar = speaking(spoken, &config(&upstream).replace("mocks = [\"private.toml\"]\n", ""));
        for size in [0, 1, 65_535, 65_536, 65_537, 300_000, MEBIBYTE - 1, MEBIBYTE, MEBIBYTE + 1, 5_000_000] {
            let body: Vec<u8> = (0..size).map(|at| b'a' + (at % 23) as u8).collect();
            let file = sidecar.dir.path().join("body");
            std::fs::write(&file, &body).unwrap();
            let data = format!("@{}", file.display());
            for chunked in [false, true] {
                let mut arguments = vec!["-X", "POST", "-H", "content-type: text/plain", "--data-binary", &data];
                if chunked && spoken.protocol() == "HTTP/1.1" {
                    arguments.extend(["-H", "transfer-encoding: chunked"]);
                }
                let got = curl(&sidecar, spoken, "/body", &arguments);
                assert_eq!(got.text(), format!("real /body {size}"), "{spoken:?} {size}");
                let arrived = upstream.arrived().pop().unwrap();
                assert!(arrived.body == body, "{spoken:?}: {size} bytes arrive as they were sent");
                let call = wait_for("the call to end", || {
                    sidecar.calls().into_iter().find(|call| !call["duration_us"].is_null())
                });
                let reason = if size > MEBIBYTE { "body-too-long" } else { "body" };
                assert_eq!(call["miss"], reason, "{spoken:?} {size}");
            }
        }
        for size in [10, 65_537, MEBIBYTE - 6] {
            let mut body = vec![b'x'; size];
            body.extend(b"needle");
            std::fs::write(sidecar.dir.path().join("body"), &body).unwrap();
            let data = format!("@{}", sidecar.dir.path().join("body").display());
            let arguments = ["-X", "POST", "-H", "content-type: text/plain", "--data-binary", &data];
            assert_eq!(curl(&sidecar, spoken, "/body", &arguments).text(), "found", "{spoken:?} {size}");
        }
    }
}

#[test]
fn clients_of_other_languages_are_served() {
    for spoken in [Spoken::Http1, Spoken::Http1OverTls] {
        let upstream = measuring();
        let sidecar = speaking(spoken, &config(&upstream).replace("mocks = [\"private.toml\"]\n", ""));
        let (port, ca) = (sidecar.address().port().to_string(), sidecar.dir.path().join("ca.pem"));
        let scheme = if spoken.is_secure() { "https" } else { "http" };
        let arguments = [scheme, &port, ca.to_str().unwrap()];
        assert_eq!(passes(python(), "client.py", &arguments).trim(), "ok");
        assert_eq!(passes("node", "client.mjs", &arguments).trim(), "ok");
    }
}

#[test]
fn a_load_generator_of_http_2_gets_every_answer() {
    for spoken in [Spoken::H2c, Spoken::Http2OverTls] {
        let upstream = measuring();
        let sidecar = speaking(spoken, &config(&upstream).replace("mocks = [\"private.toml\"]\n", ""));
        let scheme = if spoken.is_secure() { "https" } else { "http" };
        for path in ["/mock", "/real"] {
            let url = format!("{scheme}://localhost:{}{path}", sidecar.address().port());
            let run = std::process::Command::new("h2load").args(["-n2000", "-c5", "-m10", &url]).output().unwrap();
            let said = String::from_utf8_lossy(&run.stdout);
            assert!(said.contains("2000 succeeded, 0 failed, 0 errored"), "{spoken:?} {path}: {said}");
        }
    }
}
