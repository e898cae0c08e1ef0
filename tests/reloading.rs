//! A reload takes effect as a whole or not at all, and no request notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::process::Process;
use crate::support::upstream::respond;
use crate::support::{Client, PORTS, Upstream, root, sidecar, wait_for};

const STUB: &str = "[[stub]]\nmatch = \"GET /a\"\nbody = \"one\"";

/// Two configurations that differ in everything a request can see: body, header, upstream.
fn configuration(letter: char, upstream: &Upstream) -> String {
    format!(
        "proxy.upstream = \"{letter}\"\nupstreams.{letter}.url = \"http://{}\"\n[[stub]]\nname = \"{letter}\"\n\
         match = \"GET /mock\"\nbody = \"{letter}\"\nheaders = {{ x-letter = \"{letter}\" }}",
        upstream.address()
    )
}

fn letter(letter: char) -> Upstream {
    Upstream::new(move |_, stream| {
        respond(stream, 200, "", letter.to_string().as_bytes());
        true
    })
}

/// Sends mocked and forwarded requests until told to stop; each answer must be of one configuration.
fn load(address: std::net::SocketAddr, stop: &AtomicBool, served: &AtomicUsize) {
    let mut client = Client::connect(address);
    let mut last = 0;
    while !stop.load(Ordering::Relaxed) {
        let mocked = client.get("/mock");
        assert_eq!(mocked.status, 200);
        let body = mocked.text();
        assert_eq!(mocked.header("x-letter"), Some(body.as_str()));
        assert!(mocked.standin().contains(&format!("stub=\"{body}\"")), "{}", mocked.standin());
        last = consistent(&mocked.text(), mocked.standin(), last);
        let forwarded = client.get_with("/other", "standin-debug: 1\r\n");
        assert_eq!(forwarded.status, 200);
        assert!(forwarded.standin().contains(&format!("upstream=\"{}\"", forwarded.text())), "{forwarded:?}");
        last = consistent(&forwarded.text(), forwarded.standin(), last);
        served.fetch_add(2, Ordering::Relaxed);
    }
}

/// Odd generations are `a`, even ones `b`; generations never go back.
fn consistent(body: &str, standin: &str, last: u64) -> u64 {
    let generation: u64 = standin.split("generation=").nth(1).unwrap().split(';').next().unwrap().parse().unwrap();
    assert_eq!(body, if generation % 2 == 1 { "a" } else { "b" }, "{standin}");
    assert!(generation >= last, "{generation} after {last}");
    generation
}

#[test]
fn two_hundred_reloads_under_load_fail_no_request_and_mix_nothing() {
    let reloads: u64 = std::env::var("STANDIN_TEST_RELOADS").ok().and_then(|n| n.parse().ok()).unwrap_or(200);
    let (a, b) = (letter('a'), letter('b'));
    let (first, second) = (configuration('a', &a), configuration('b', &b));
    let sidecar = Process::start(&first); // a process of its own, whose memory is its own
    let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (stop, served, address) = (stop.clone(), served.clone(), sidecar.data);
            std::thread::spawn(move || load(address, &stop, &served))
        })
        .collect();
    wait_for("the load to begin", || (served.load(Ordering::Relaxed) > 100).then_some(()));
    let mut before = 0;
    for reload in 0..reloads {
        if reload == reloads / 10 {
            before = sidecar.resident(); // past the warm-up
        }
        let served_before = served.load(Ordering::Relaxed);
        sidecar.reload_with(if reload % 2 == 0 { &second } else { &first });
        wait_for("requests under this configuration", || {
            (served.load(Ordering::Relaxed) > served_before + 8).then_some(())
        });
    }
    let grown = sidecar.resident().saturating_sub(before);
    stop.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().expect("no request failed");
    }
    assert_eq!(sidecar.generation(), reloads + 1);
    assert!(grown <= 20 << 20, "memory grew by {grown} bytes");
}

#[test]
fn a_file_that_changes_is_taken_without_being_asked() {
    let sidecar = sidecar().config(STUB).start();
    assert_eq!(sidecar.get("/a").text(), "one");
    sidecar.write("standin.toml", &format!("{PORTS}{}", STUB.replace("one", "two")));
    wait_for("the new configuration", || (sidecar.get("/a").text() == "two").then_some(()));
    assert_eq!(sidecar.app().generation(), 2);
}

#[test]
fn mock_files_body_files_and_keys_are_watched_too() {
    let sidecar = sidecar()
        .config("mocks = [\"mocks/*.toml\"]")
        .file("mocks/a.toml", "access = { private = true, keys = [{ file = \"../keys/key\" }] }\n[[stub]]\nmatch = \"GET /a\"\nfile = \"bodies/a.txt\"")
        .file("mocks/bodies/a.txt", "one")
        .file("keys/key", "k1")
        .start();
    let get = |path: &str, key: &str| sidecar.connect().get_with(path, &format!("x-api-key: {key}\r\n"));
    assert_eq!(get("/a", "k1").text(), "one");
    sidecar.write("mocks/bodies/a.txt", "two");
    wait_for("the new body", || (get("/a", "k1").text() == "two").then_some(()));
    sidecar.write("keys/key", "k2");
    wait_for("the new key", || (get("/a", "k2").text() == "two").then_some(()));
    assert_eq!(get("/a", "k1").status, 401);
    sidecar.write("mocks/b.toml", "[[stub]]\nmatch = \"GET /b\"\nbody = \"new\"");
    wait_for("the new mock", || (sidecar.get("/b").text() == "new").then_some(()));
}

#[test]
fn a_config_map_swap_is_one_reload() {
    let dir = tempfile::tempdir().unwrap();
    let mount = dir.path().join("mount");
    std::fs::create_dir(&mount).unwrap();
    // As the kubelet does it: a fresh folder, a link to it made aside, the link renamed over `..data`.
    let publish = |revision: &str, body: &str| {
        let folder = mount.join(format!("..{revision}"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("a.toml"), format!("[[stub]]\nmatch = \"GET /a\"\nbody = \"{body}\"")).unwrap();
        std::fs::write(folder.join("b.toml"), format!("[[stub]]\nmatch = \"GET /b\"\nbody = \"{body}\"")).unwrap();
        std::os::unix::fs::symlink(format!("..{revision}"), mount.join("..data_tmp")).unwrap();
        std::fs::rename(mount.join("..data_tmp"), mount.join("..data")).unwrap();
    };
    publish("1", "one");
    for name in ["a.toml", "b.toml"] {
        std::os::unix::fs::symlink(format!("..data/{name}"), mount.join(name)).unwrap();
    }
    let sidecar = sidecar().config(&format!("mocks = [\"{}/*.toml\"]", mount.display())).start();
    assert_eq!(sidecar.get("/a").text(), "one");
    publish("2", "two");
    std::fs::remove_dir_all(mount.join("..1")).unwrap();
    wait_for("the new configuration", || (sidecar.get("/a").text() == "two").then_some(()));
    assert_eq!(sidecar.get("/b").text(), "two");
    // Whatever events are still on their way, the content has not changed again.
    std::thread::park_timeout(Duration::from_millis(600));
    assert_eq!(sidecar.app().generation(), 2);
    assert_eq!(sidecar.metric("standin_config_reloads_total{result=\"applied\"}"), Some(2.0));
}

#[test]
fn a_refused_reload_keeps_the_old_stubs_and_says_where_the_mistake_is() {
    let sidecar = sidecar().config(STUB).start();
    let bad = format!("{STUB}\nstatus = 99\nstaus = 1");
    let report = sidecar.reload_with(&bad).unwrap_err();
    assert!(report.contains("error[bad-status]") && report.contains("error[unknown-key]"), "{report}");
    assert_eq!(sidecar.get("/a").text(), "one");
    assert_eq!(sidecar.app().generation(), 1);
    let ready = Client::connect(sidecar.app().ops()).get("/readyz");
    assert_eq!(ready.status, 200, "a bad file does not take the sidecar out of service");
    let ready = ready.json();
    assert_eq!((ready["ready"].as_bool(), ready["generation"].as_u64()), (Some(true), Some(1)));
    assert_eq!((ready["config"]["code"].as_str(), ready["config"]["line"].as_u64()), (Some("bad-status"), Some(7)));
    assert!(ready["config"]["file"].as_str().unwrap().ends_with("standin.toml"));
    assert!(!ready.to_string().contains("staus"), "no source text is shown");
    assert_eq!(sidecar.metric("standin_config_reloads_total{result=\"refused\"}"), Some(1.0));
    sidecar.reload_with(&STUB.replace("one", "two")).unwrap();
    assert_eq!(sidecar.get("/a").text(), "two");
    let ready = Client::connect(sidecar.app().ops()).get("/readyz").json();
    assert_eq!((ready["generation"].as_u64(), ready["config"].is_null()), (Some(2), true));
}

#[test]
fn changes_that_need_a_restart_are_refused_by_name_and_nothing_else_is_taken() {
    let sidecar = sidecar().config(STUB).start();
    for (config, key) in [("call_log.memory = \"1MiB\"", "call_log.memory"), ("", "proxy.listen")] {
        let changed = if config.is_empty() {
            let text = PORTS.replace("proxy.listen = \"127.0.0.1:0\"", "proxy.listen = \"127.0.0.1:1\"");
            sidecar.write("standin.toml", &format!("{text}{}", STUB.replace("one", "two")));
            sidecar.app().reload().map(drop).map_err(|problems| problems.render(false))
        } else {
            sidecar.reload_with(&format!("{config}\n{}", STUB.replace("one", "two")))
        };
        let report = changed.unwrap_err();
        assert!(report.contains(&format!("error[needs-restart]: `{key}` changed")), "{report}");
        assert_eq!(sidecar.get("/a").text(), "one");
    }
}

#[test]
fn a_request_under_way_finishes_on_the_configuration_it_began_with() {
    let sidecar = sidecar().config("[[stub]]\nmatch = \"GET /a\"\nbody = \"one\"\ndelay = \"700ms\"").start();
    let mut client = sidecar.connect();
    client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_for("the call to be under way", || sidecar.calls().first().filter(|call| call["status"] == 200).cloned());
    sidecar.reload_with(&STUB.replace("one", "two")).unwrap();
    assert_eq!(sidecar.get("/a").text(), "two");
    let response = client.response();
    assert_eq!(response.text(), "one");
    assert!(response.standin().ends_with("generation=1"));
    assert_eq!(client.get("/a").text(), "two", "the next request of the connection begins anew");
}

#[test]
fn what_changed_is_counted() {
    let config = |stubs: &[(&str, &str)]| -> String {
        stubs.iter().map(|(path, body)| format!("[[stub]]\nmatch = \"GET {path}\"\nbody = \"{body}\"\n")).collect()
    };
    let sidecar = sidecar().config(&config(&[("/a", "1"), ("/b", "1"), ("/c", "1")])).start();
    sidecar.write("standin.toml", &format!("{PORTS}{}", config(&[("/d", "1"), ("/c", "1"), ("/b", "2")])));
    let changes = sidecar.app().reload().unwrap();
    assert_eq!((changes.added, changes.changed, changes.removed), (1, 1, 1));
}

#[test]
fn a_sidecar_that_stops_lets_requests_under_way_finish() {
    let sidecar = sidecar().config("[[stub]]\nmatch = \"GET /a\"\nbody = \"late\"\ndelay = \"500ms\"").start();
    let (mut busy, mut idle) = (sidecar.connect(), sidecar.connect());
    idle.get("/none");
    busy.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_for("the call to be under way", || sidecar.calls().first().filter(|call| call["status"] == 200).cloned());
    let stopping = std::thread::spawn(move || sidecar.stop());
    assert!(idle.is_closed(), "an idle connection is closed at once");
    assert_eq!(busy.response().text(), "late");
    stopping.join().unwrap();
}

#[test]
fn tls_comes_and_its_certificate_rotates_by_reload_and_an_expired_one_is_refused() {
    let read = |name: &str| std::fs::read_to_string(root().join("tests/certificates").join(name)).unwrap();
    let (valid, longer) = (read("valid.crt"), read("valid.crt") + &read("ca.crt"));
    let sidecar = sidecar().config(STUB).file("crt.pem", &valid).file("key.pem", &read("valid.key")).start();
    assert_eq!(sidecar.get("/a").text(), "one");
    sidecar.reload_with(&format!("proxy.tls = {{ cert = \"crt.pem\", key = \"key.pem\" }}\n{STUB}")).unwrap();
    let speaks_tls = || assert_eq!(sidecar.get("/a").json()["code"], "tls");
    speaks_tls();
    let ready = || Client::connect(sidecar.app().ops()).get("/readyz").json();
    assert_eq!(ready()["generation"], 2);
    // No word of the configuration changes from here on: the watcher looks at the files that it names, too.
    for (certificate, code) in [("expired.crt", "expired-certificate"), ("valid.key", "bad-certificate")] {
        sidecar.write("crt.pem", &read(certificate));
        let refused = wait_for("the refusal", || Some(ready()).filter(|ready| ready["config"]["code"] == code));
        assert_eq!(refused["generation"], 2, "the one in force stays");
        speaks_tls();
    }
    sidecar.write("crt.pem", &longer);
    wait_for("the rotation", || Some(ready()).filter(|ready| ready["generation"] == 3 && ready["config"].is_null()));
    speaks_tls();
}

#[test]
fn with_require_examples_a_reload_whose_examples_fail_is_refused_and_says_why() {
    let text = |kind: &str| {
        format!(
            "require_examples = true\n[[stub]]\nmatch = \"GET /a\"\nwhen.query.kind = \"{kind}\"\nbody = \"{kind}\"\n\
             [[stub.example]]\nrequest = \"GET /a?kind=one\"\n"
        )
    };
    let sidecar = sidecar().config(&text("one")).start();
    assert_eq!(sidecar.get("/a?kind=one").text(), "one");
    let report = sidecar.reload_with(&text("two")).unwrap_err();
    assert!(report.contains("error[example-failed]: this example must be answered by its stub"), "{report}");
    assert!(report.contains("`query kind` is to be \"two\", and \"one\" came"), "{report}");
    assert_eq!((sidecar.get("/a?kind=one").text().as_str(), sidecar.app().generation()), ("one", 1));
}
