//! `limit` of a mock: 429 in Postman's words, through both doors.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use standin::proxy::Hooks;

use super::{REAL, patch, stub};
use crate::support::{Builder, Upstream, sidecar};

/// A clock that stands at the beginning of a day of the future, and goes only where it is put.
#[derive(Clone, Default)]
struct Still(Arc<AtomicU64>);

impl Still {
    fn put(&self, second: u64) {
        self.0.store(second, Ordering::Relaxed);
    }

    fn hooks(&self) -> Hooks {
        let second = self.0.clone();
        let day = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 86_400 * 86_400 + 2 * 86_400;
        // A little behind midnight: what the system says between two looks at it must not matter.
        let day = day + 1;
        let ahead = move || {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            Duration::from_secs(day + second.load(Ordering::Relaxed)).saturating_sub(now)
        };
        Hooks { ahead: Some(Arc::new(ahead)), ..Hooks::default() }
    }
}

fn limited(limit: &str, lane: bool) -> Builder {
    sidecar().config(&format!("proxy.lane = {lane}\n[default]\nlimit = {limit}\n{}", stub("a", "a")))
}

#[test]
fn together_callers_get_no_more_than_there_is() {
    let sidecar =
        sidecar().config(&format!("default.limit = {{ calls = 60, per = \"day\" }}\n{}", stub("a", "x"))).start();
    let answered: usize = std::thread::scope(|scope| {
        let ask = || {
            let mut client = sidecar.connect();
            (0..40).filter(|_| client.get("/a").status == 200).count()
        };
        let callers: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).sum()
    });
    assert_eq!(answered, 60);
}

#[test]
fn beyond_the_rate_there_is_a_429_that_says_when_to_come_back() {
    for lane in [true, false] {
        let clock = Still::default();
        let sidecar = limited("{ rate = \"2/min\" }", lane).hooks(clock.hooks()).start();
        let mut client = sidecar.connect();
        clock.put(10);
        assert_eq!([client.get("/a").status, client.get("/a").status], [200, 200]);
        let refused = client.get_with("/a", "Origin: https://a.test\r\n");
        assert_eq!(refused.status, 429);
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((49..=51).contains(&wait), "{wait}");
        let error = &refused.json()["error"];
        assert_eq!(error["name"], "rateLimitError");
        let message = error["message"].as_str().unwrap();
        let until: u64 = message.strip_prefix("Rate limit exceeded. Retry after ").unwrap().parse().unwrap();
        assert_eq!(until % 60, 0, "the minute's end");
        assert_eq!(refused.header("access-control-allow-origin"), Some("*"));
        assert!(refused.header("standin").unwrap().starts_with("limited; mock=\"default\""));
        let call = sidecar.last_call();
        assert_eq!((&call["decision"], &call["status"]), (&"limited".into(), &429.into()));
        clock.put(60);
        assert_eq!(client.get("/a").status, 200, "a new minute");
    }
}

#[test]
fn a_quota_is_for_the_day_and_outlives_a_reload_that_leaves_it_alone() {
    for lane in [true, false] {
        let clock = Still::default();
        let config = |calls: u32| {
            let limit = format!("limit = {{ calls = {calls}, per = \"day\" }}");
            format!("proxy.lane = {lane}\n[default]\n{limit}\n{}", stub("a", "a"))
        };
        let sidecar = sidecar().config(&config(2)).hooks(clock.hooks()).start();
        assert_eq!([sidecar.get("/a").status, sidecar.get("/a").status, sidecar.get("/a").status], [200, 200, 429]);
        sidecar.reload_with(&format!("{}{}", config(2), stub("b", "b"))).unwrap();
        let refused = sidecar.get("/b");
        assert_eq!(refused.json()["error"]["name"], "usageLimitError");
        assert_eq!(refused.json()["error"]["message"], "Usage limit reached. Contact your team admin.");
        patch(&sidecar, &serde_json::json!({ "delay": "1ms" }));
        assert_eq!(sidecar.get("/a").status, 429, "a switch does not begin it anew");
        sidecar.reload_with(&config(3)).unwrap();
        assert_eq!(sidecar.get("/a").status, 200, "another limit does");
        clock.put(86_400);
        assert_eq!(sidecar.get("/a").status, 200);
    }
}

#[test]
fn what_is_forwarded_is_neither_counted_nor_refused() {
    let upstream = Upstream::saying(REAL);
    let sidecar = limited("{ calls = 1, per = \"hour\", rate = \"100/s\" }", true).upstream(&upstream).start();
    for _ in 0..3 {
        assert_eq!(sidecar.get("/other").text(), "real");
    }
    assert_eq!(sidecar.get("/a").status, 200);
    assert_eq!(sidecar.get("/a").status, 429);
    assert_eq!(sidecar.get("/other").text(), "real");
    let shown = sidecar.admin("/v1/mocks/default")["limit"].clone();
    assert_eq!(shown, serde_json::json!({ "calls": 1, "per": "hour", "rate": "100/s" }));
}

#[test]
fn together_many_callers_get_no_more_than_there_is() {
    let sidecar = limited("{ calls = 60, per = \"day\" }", true).hooks(Still::default().hooks()).start();
    let served: usize = std::thread::scope(|scope| {
        let ask = || {
            let mut client = sidecar.connect();
            (0..40).filter(|_| client.get("/a").status == 200).count()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(served, 60);
}
