//! Overrides as callers see them, through the lane and through pingora's door.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use standin::proxy::Hooks;

use super::{REAL, force, listed, patch, scenario, stub, undo};
use crate::support::{Sidecar, Upstream, sidecar};

const PLANS: &str = "[[stub]]\nname = \"plan\"\nmatch = \"GET /plan\"\n\
    [[stub.scenario]]\nname = \"gold\"\nwhen.header.x-plan = \"gold\"\nbody = \"gold\"\n\
    [[stub.scenario]]\nname = \"plain\"\nbody = \"plain\"\n";

/// The same sidecar with and without the lane.
fn both(config: &str) -> [Sidecar; 2] {
    [true, false].map(|lane| sidecar().config(&format!("proxy.lane = {lane}\n{config}")).start())
}

#[test]
fn a_scenario_is_forced_at_once_and_let_go_at_once() {
    for sidecar in &both(PLANS) {
        let mut client = sidecar.connect();
        for _ in 0..3 {
            assert_eq!(client.get("/plan").text(), "plain");
        }
        let generation = sidecar.app().generation();
        let id = force(sidecar, &scenario("plan", "gold"));
        assert_eq!(client.get("/plan").text(), "gold");
        assert!(client.get("/plan").header("standin").unwrap().contains("scenario=\"gold\""));
        let call = sidecar.last_call();
        assert_eq!((&call["scenario"], &call["decision"]), (&"gold".into(), &"mocked".into()));
        assert_eq!(call["notes"], json!(["an override has changed what was decided"]));
        undo(sidecar, &id);
        assert_eq!(client.get("/plan").text(), "plain");
        assert_eq!(sidecar.last_call()["notes"], json!(null));
        assert_eq!(sidecar.app().generation(), generation, "nothing was compiled");
    }
}

#[test]
fn a_count_is_counted_once_for_each_request() {
    for sidecar in &both(PLANS) {
        let mut client = sidecar.connect();
        client.get("/plan");
        force(sidecar, &json!({ "stub": "plan", "scenario": "gold", "count": 3 }));
        assert_eq!(listed(sidecar)[0]["left"], 3);
        let answers: Vec<_> = (0..5).map(|_| client.get("/plan").text()).collect();
        assert_eq!(answers, ["gold", "gold", "gold", "plain", "plain"]);
        assert!(listed(sidecar).is_empty(), "one that is used up is gone");
    }
}

#[test]
fn a_count_holds_under_many_callers_at_once() {
    let sidecar = sidecar().config(PLANS).start();
    force(&sidecar, &json!({ "stub": "plan", "scenario": "gold", "count": 50 }));
    let gold: usize = std::thread::scope(|scope| {
        let ask = || {
            let mut client = sidecar.connect();
            (0..50).filter(|_| client.get("/plan").text() == "gold").count()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(gold, 50);
}

#[test]
fn one_with_a_body_is_counted_once_although_it_is_decided_twice() {
    let stubs = "[[stub]]\nname = \"echo\"\nmatch = \"POST /echo\"\n\
        [[stub.scenario]]\nname = \"said\"\nwhen.query.never = \"1\"\nbody = \"{{ body.a }}\"\n\
        [[stub.scenario]]\nname = \"plain\"\nbody = \"plain\"\n";
    let sidecar = sidecar().config(stubs).start();
    force(&sidecar, &json!({ "stub": "echo", "scenario": "said", "count": 2 }));
    let mut client = sidecar.connect();
    let mut post = || {
        client.send(
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":5}",
        );
        client.response().text()
    };
    assert_eq!([post(), post(), post()], ["5", "5", "plain"]);
}

#[test]
fn time_ends_an_override_by_the_clock_of_the_request() {
    for lane in [true, false] {
        let ahead = Arc::new(AtomicU64::new(0));
        let clock = ahead.clone();
        let hooks = Hooks {
            ahead: Some(Arc::new(move || Duration::from_secs(clock.load(Ordering::Relaxed)))),
            ..Hooks::default()
        };
        let config = format!("proxy.lane = {lane}\n{PLANS}");
        let sidecar = sidecar().hooks(hooks).config(&config).start();
        let mut client = sidecar.connect();
        force(&sidecar, &json!({ "stub": "plan", "scenario": "gold", "ttl": "1h" }));
        assert_eq!(client.get("/plan").text(), "gold");
        ahead.store(3_601, Ordering::Relaxed);
        assert_eq!(client.get("/plan").text(), "plain");
    }
}

#[test]
fn a_stub_that_is_switched_off_lets_its_calls_through_and_the_miss_says_so() {
    let upstream = Upstream::saying(REAL);
    for sidecar in &both(&format!("proxy.upstream = \"http://{}\"\n{}", upstream.address(), stub("a", "mock"))) {
        let mut client = sidecar.connect();
        assert_eq!(client.get("/a").text(), "mock");
        force(sidecar, &json!({ "stub": "a", "off": true, "count": 2 }));
        assert_eq!([client.get("/a").text(), client.get("/a").text()], ["real", "real"]);
        let call = sidecar.last_call();
        assert_eq!((&call["decision"], &call["miss"]), (&"forwarded".into(), &"off".into()));
        assert_eq!(client.get("/a").text(), "mock");
    }
}

#[test]
fn an_override_is_for_the_callers_that_it_names() {
    let sidecar = sidecar().config(PLANS).start();
    force(&sidecar, &json!({ "stub": "plan", "scenario": "gold", "if": { "query": { "who": { "prefix": "ada" } } } }));
    assert_eq!(sidecar.get("/plan?who=ada.l").text(), "gold");
    assert_eq!(sidecar.get("/plan?who=bob").text(), "plain");
}

#[test]
fn an_override_comes_before_the_active_server_stub_and_behind_the_gate() {
    let config = format!(
        "[gate]\nreal_when.header.x-mock = \"off\"\n[[server_stub]]\nname = \"down\"\nstatus = 503\n{}{PLANS}",
        stub("b", "b")
    );
    let sidecar = sidecar().config(&config).start();
    patch(&sidecar, &json!({ "active_server_stub": "down" }));
    force(&sidecar, &scenario("plan", "gold"));
    assert_eq!((sidecar.get("/plan").status, sidecar.get("/b").status), (200, 503));
    assert_eq!(sidecar.connect().get_with("/plan", "x-mock: off\r\n").json()["code"], "gate-closed");
}
