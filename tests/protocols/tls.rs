//! TLS: whom a listener lets in, how certificates are replaced, and what an `https` upstream must show.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::{Authority, Spoken, TLS, curl, python, speaking};
use crate::support::process::{Helper, free_port, program};
use crate::support::upstream::respond;
use crate::support::{Sidecar, Upstream, sidecar, wait_for};

const MOCK: &str = "[[stub]]\nmatch = \"GET /mock\"\nbody = \"mocked\"";

/// curl's exit code and what it printed, with this authority.
fn try_curl(sidecar: &Sidecar, ca: &str, arguments: &[&str]) -> (i32, String) {
    let url = format!("https://localhost:{}/mock", sidecar.address().port());
    let mut command = Command::new("curl");
    command.args(["-sS", "--noproxy", "*", "--max-time", "10", "--cacert", ca]).args(arguments).arg(url);
    let output = command.current_dir(sidecar.dir.path()).output().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_caller_must_show_a_certificate_where_one_is_asked_for() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let (certificate, key) = ours.sign(&["localhost"]);
    let ((mine, my_key), (other, other_key)) = (ours.sign(&["me"]), theirs.sign(&["me"]));
    let sidecar = sidecar()
        .config("proxy.tls = { cert = \"server.pem\", key = \"server.key\", client_ca = \"ca.pem\" }")
        .config(MOCK)
        .file("ca.pem", &ours.pem())
        .file("server.pem", &certificate)
        .file("server.key", &key)
        .file("mine.pem", &mine)
        .file("mine.key", &my_key)
        .file("other.pem", &other)
        .file("other.key", &other_key)
        .start();
    let shown = ["--cert", "mine.pem", "--key", "mine.key"];
    assert_eq!(try_curl(&sidecar, "ca.pem", &shown), (0, "mocked".to_owned()));
    assert_ne!(try_curl(&sidecar, "ca.pem", &[]).0, 0);
    assert_ne!(try_curl(&sidecar, "ca.pem", &["--cert", "other.pem", "--key", "other.key"]).0, 0);
    wait_for("the refusals to be counted", || {
        sidecar.metric("standin_rejected_total{reason=\"tls\"}").filter(|count| *count >= 2.0)
    });
}

#[test]
fn certificates_are_replaced_under_load_and_nothing_is_lost() {
    let sidecar = speaking(Spoken::Http2OverTls, MOCK);
    let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let next = Authority::new();
    // Callers trust the old authority and the new one, as they do while one takes over from the other.
    let both = format!("{}{}", std::fs::read_to_string(sidecar.dir.path().join("ca.pem")).unwrap(), next.pem());
    std::fs::write(sidecar.dir.path().join("both.pem"), both).unwrap();
    let generation = sidecar.app().generation();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    assert_eq!(try_curl(&sidecar, "both.pem", &[]), (0, "mocked".to_owned()));
                    served.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let at_least = |count| wait_for("requests", || (served.load(Ordering::Relaxed) >= count).then_some(()));
        at_least(10);
        let (certificate, key) = next.sign(&["localhost"]);
        // A key that does not fit yet: the one in force stays, and says so.
        sidecar.write("server.key", &key);
        wait_for("the refusal", || (sidecar.ready()["config"]["code"] == "bad-certificate").then_some(()));
        sidecar.write("server.pem", &certificate);
        wait_for("the new certificate", || (sidecar.app().generation() > generation).then_some(()));
        at_least(served.load(Ordering::Relaxed) + 10);
        stop.store(true, Ordering::Relaxed);
    });
    std::fs::write(sidecar.dir.path().join("next.pem"), next.pem()).unwrap();
    assert_eq!(try_curl(&sidecar, "next.pem", &[]), (0, "mocked".to_owned()));
    assert_eq!(try_curl(&sidecar, "ca.pem", &[]).0, 60, "the old authority says nothing of the new certificate");
}

#[test]
fn plain_http_to_a_port_with_tls_is_told_so() {
    let sidecar = speaking(Spoken::Http1OverTls, MOCK);
    let response = sidecar.get("/mock");
    assert_eq!((response.status, response.json()["code"].as_str()), (400, Some("tls")));
    let mut silent = sidecar.connect();
    silent.send([0x16, 3, 1, 2, 0, 1]);
    silent.end();
    assert!(silent.is_closed(), "a handshake that is cut off ends the connection");
}

/// nginx with TLS, which says how it was spoken to.
fn nginx(dir: &Path, further: &str) -> (Helper, u16) {
    let port = free_port();
    std::fs::create_dir_all(dir.join("logs")).unwrap();
    let config = format!(
        "user root; daemon off; master_process off; pid nginx.pid; error_log stderr crit; events {{ worker_connections 64; }}\n\
         http {{ access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4;\n\
           scgi_temp_path t5; server {{ listen 127.0.0.1:{port} ssl http2; ssl_certificate server.pem;\n\
             ssl_certificate_key server.key; {further}\n\
             location / {{ return 200 '$server_protocol $ssl_server_name $ssl_client_verify'; }} }} }}"
    );
    std::fs::write(dir.join("nginx.conf"), config).unwrap();
    let mut helper = program("nginx", &["-p", ".", "-c", "nginx.conf", "-e", "stderr"], dir);
    wait_for("nginx to listen", || {
        if helper.0.try_wait().unwrap().is_some() {
            panic!("nginx: {}", helper.complaint());
        }
        TcpStream::connect(("127.0.0.1", port)).ok()
    });
    (helper, port)
}

#[test]
fn an_upstream_is_verified_and_is_shown_what_it_asks_for() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let dir = tempfile::tempdir().unwrap();
    ours.write(dir.path(), "server");
    let (_nginx, port) = nginx(dir.path(), "ssl_client_certificate ca.pem; ssl_verify_client optional;");
    let (mine, my_key) = ours.sign(&["me"]);
    let start = |upstream: &str| {
        sidecar()
            .config(&format!("proxy.upstream = \"app\"\nupstreams.app = {{ {upstream} }}"))
            .file("ca.pem", &ours.pem())
            .file("wrong.pem", &theirs.pem())
            .file("mine.pem", &mine)
            .file("mine.key", &my_key)
            .start()
    };
    let url = format!("url = \"https://localhost:{port}\"");
    let trusted = start(&format!("{url}, tls = {{ ca = \"ca.pem\" }}"));
    assert_eq!(trusted.get("/").text(), "HTTP/1.1 localhost NONE");
    let known = start(&format!("{url}, tls = {{ ca = \"ca.pem\", cert = \"mine.pem\", key = \"mine.key\" }}"));
    assert_eq!(known.get("/").text(), "HTTP/1.1 localhost SUCCESS");
    let http2 = start(&format!("{url}, http2 = \"always\", tls = {{ ca = \"ca.pem\" }}"));
    assert_eq!(http2.get("/").text(), "HTTP/2.0 localhost NONE");
    let named =
        start(&format!("url = \"https://127.0.0.1:{port}\", tls = {{ ca = \"ca.pem\", server_name = \"localhost\" }}"));
    assert_eq!(named.get("/").text(), "HTTP/1.1 localhost NONE");
    for refused in [
        url.clone(),
        format!("{url}, tls = {{ ca = \"wrong.pem\" }}"),
        format!("{url}, tls = {{ ca = \"ca.pem\", server_name = \"another.test\" }}"),
    ] {
        let sidecar = start(&refused);
        let response = sidecar.get("/");
        assert_eq!((response.status, response.json()["code"].as_str()), (502, Some("tls")), "{refused}");
        let errors = "standin_upstream_errors_total{kind=\"tls\",upstream=\"app\"}";
        assert!(sidecar.metric(errors) >= Some(1.0), "{}", sidecar.metrics());
    }
}

#[test]
fn a_request_of_http_2_says_by_its_scheme_that_tls_is_spoken() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    authority.write(dir.path(), "server");
    let port = free_port();
    let script = format!(
        "const http2 = require('http2'), fs = require('fs');\n\
         const server = http2.createSecureServer({{ key: fs.readFileSync('server.key'), cert: fs.readFileSync('server.pem') }});\n\
         server.on('stream', (stream, h) => {{ stream.respond({{ ':status': 200 }});\n\
           stream.end([h[':scheme'], h[':authority'], h[':path'], h['host']].join(' ')); }});\n\
         server.listen({port}, '127.0.0.1');"
    );
    std::fs::write(dir.path().join("server.cjs"), script).unwrap();
    let mut node = program("node", &["server.cjs"], dir.path());
    wait_for("node to listen", || {
        if node.0.try_wait().unwrap().is_some() {
            panic!("node: {}", node.complaint());
        }
        TcpStream::connect(("127.0.0.1", port)).ok()
    });
    let upstream = format!("url = \"https://localhost:{port}\", http2 = \"always\", tls = {{ ca = \"ca.pem\" }}");
    let sidecar = sidecar()
        .config(&format!("proxy.upstream = \"app\"\nupstreams.app = {{ {upstream} }}"))
        .file("ca.pem", &authority.pem())
        .start();
    assert_eq!(sidecar.get("/a%20b?c=d").text(), "https a.test /a%20b?c=d ");
    let plain = sidecar.connect().get_with("/", "x: y\r\n").text();
    assert_eq!(plain, "https a.test / ", "and again on the same connection");
}

#[test]
fn an_upstream_that_speaks_another_protocol_than_configured_is_named() {
    // A server of HTTP/1.1 that answers whatever it is sent.
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = plain.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in plain.incoming().flatten() {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    for (upstream, codes) in [
        (format!("url = \"https://{address}\""), ["tls", "closed"]),
        (format!("url = \"http://{address}\", http2 = \"always\""), ["invalid-answer", "closed"]),
    ] {
        let sidecar = sidecar().config(&format!("proxy.upstream = \"app\"\nupstreams.app = {{ {upstream} }}")).start();
        let response = sidecar.get("/");
        assert_eq!(response.status, 502, "{upstream}");
        assert!(codes.contains(&response.json()["code"].as_str().unwrap()), "{upstream}: {}", response.text());
    }
}

#[test]
fn a_reload_turns_tls_on_and_off() {
    let sidecar = speaking(Spoken::Http1OverTls, MOCK);
    let expiry = || sidecar.metric("standin_tls_certificate_expiry_timestamp_seconds{listener=\"data\"}");
    assert_eq!(curl(&sidecar, Spoken::Http1OverTls, "/mock", &[]).text(), "mocked");
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    assert!(expiry().is_some_and(|at| at > now && at < now + 61.0 * 86_400.0), "{:?}", expiry());
    sidecar.reload_with(MOCK).unwrap();
    assert_eq!(expiry(), None, "there is no certificate any more");
    assert_eq!(curl(&sidecar, Spoken::Http1, "/mock", &[]).text(), "mocked");
    sidecar.reload_with(&format!("{TLS}\n{MOCK}")).unwrap();
    assert_eq!(curl(&sidecar, Spoken::Http2OverTls, "/mock", &[]).text(), "mocked");
}

#[test]
fn sslyze_finds_mozillas_intermediate_profile_kept() {
    let sidecar = speaking(Spoken::Http2OverTls, MOCK);
    let target = format!("localhost:{}", sidecar.address().port());
    let sslyze = python().replace("python", "sslyze");
    let mut command = Command::new(sslyze);
    command.args(["--mozilla_config", "intermediate", "--certinfo", "--certinfo_ca_file"]);
    let run = command.arg(sidecar.dir.path().join("ca.pem")).arg(&target).output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(said.contains("OK - Compliant"), "{said}");
}

#[test]
fn a_large_answer_arrives_whole_also_where_the_caller_takes_it_slowly() {
    let body: Vec<u8> = (0..8_000_000usize).map(|at| (at * 7 % 251) as u8).collect();
    let answer = body.clone();
    let upstream = Upstream::new(move |_, stream| {
        respond(stream, 200, "", &answer);
        true
    });
    let config = format!("proxy.upstream = \"http://{}\"", upstream.address());
    for spoken in [Spoken::Http1OverTls, Spoken::Http2OverTls] {
        let sidecar = speaking(spoken, &config);
        let got = curl(&sidecar, spoken, "/large", &["--limit-rate", "16M"]);
        assert!(got.body == body, "{spoken:?}: {} bytes", got.body.len());
    }
}
