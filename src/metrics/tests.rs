//! Series come and go with what they count.

use super::*;

fn text(metrics: &Metrics) -> String {
    String::from_utf8(metrics.render()).unwrap()
}

#[test]
fn a_series_is_born_at_its_first_hit_and_goes_with_its_stub() {
    let metrics = Metrics::new(10);
    let series = Series::new(1, 0, 1);
    assert!(!text(&metrics).contains("standin_requests_total{"));
    series.scenario(&metrics, 0, ["m", "s", "default"], 200).inc();
    series.scenario(&metrics, 0, ["m", "s", "default"], 200).inc();
    assert!(text(&metrics).contains(
        "standin_requests_total{code=\"200\",decision=\"mocked\",mock=\"m\",scenario=\"default\",stub=\"s\"} 2"
    ));
    metrics.retain(&Kept { max_stubs: 10, ..Kept::default() });
    assert!(!text(&metrics).contains("standin_requests_total{"));
}

#[test]
fn a_series_survives_a_reload_by_its_name() {
    let metrics = Metrics::new(10);
    Series::new(1, 0, 1).scenario(&metrics, 0, ["m", "s", "default"], 200).inc();
    let kept = Kept { stubs: [("m", "s")].into(), max_stubs: 10, ..Kept::default() };
    metrics.retain(&kept);
    Series::new(5, 0, 1).scenario(&metrics, 4, ["m", "s", "default"], 200).inc();
    assert!(text(&metrics).contains("stub=\"s\"} 2"));
}

#[test]
fn stubs_beyond_the_limit_fold_into_one_and_are_counted() {
    let metrics = Metrics::new(1);
    let series = Series::new(3, 0, 1);
    for (number, stub) in ["a", "b", "c"].into_iter().enumerate() {
        series.scenario(&metrics, number as u32, ["m", stub, "default"], 200).inc();
    }
    assert!(text(&metrics).contains("scenario=\"_other\",stub=\"_other\"} 2"));
    assert!(text(&metrics).contains("standin_metrics_folded_stubs_total 2"));
}

#[test]
fn an_upstream_that_is_gone_takes_its_series_along() {
    let metrics = Metrics::new(1);
    metrics.upstream("a").answered(&metrics, 200, 0.1);
    metrics.upstream("b").answered(&metrics, 200, 0.1);
    metrics.upstream_failed("b", Failure::Refused);
    metrics.retain(&Kept { upstreams: ["a"].into(), ..Kept::default() });
    let text = text(&metrics);
    assert!(text.contains("standin_upstream_requests_total{code=\"200\",upstream=\"a\"} 1"));
    assert!(!text.contains("upstream=\"b\""));
}
