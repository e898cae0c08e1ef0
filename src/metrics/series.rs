//! Handles of series, kept where they are hit, so that a request looks no label up.

use std::sync::OnceLock;

use prometheus::core::{Atomic, GenericCounter};
use prometheus::{Histogram, IntCounter};

use super::{CallCounter, Metrics};
use crate::words::Decided;

/// Handles that belong to one snapshot, found at their first hit.
#[derive(Default)]
pub struct Series {
    scenarios: Box<[OnceLock<CallCounter>]>,
    server_stubs: Box<[OnceLock<CallCounter>]>,
    mocks: Box<[MockSeries]>,
}

#[derive(Default)]
struct MockSeries {
    decisions: [ByCode<CallCounter>; Decided::ALL.len()],
    delay: OnceLock<Histogram>,
}

impl Series {
    /// Room for the handles of a table of this size.
    pub fn new(scenarios: usize, server_stubs: usize, mocks: usize) -> Self {
        Series {
            scenarios: (0..scenarios).map(|_| OnceLock::new()).collect(),
            server_stubs: (0..server_stubs).map(|_| OnceLock::new()).collect(),
            // One more than there are mocks, for calls that belong to none.
            mocks: (0..=mocks).map(|_| MockSeries::default()).collect(),
        }
    }

    /// The counter of calls that a scenario answered, once it has answered one.
    pub fn known_scenario(&self, number: u32) -> Option<&CallCounter> {
        self.scenarios.get(number as usize)?.get()
    }

    /// The counter of calls that an active server stub answered, once it has answered one.
    pub fn known_server_stub(&self, number: u32) -> Option<&CallCounter> {
        self.server_stubs.get(number as usize)?.get()
    }

    /// The counter of calls that a scenario answered.
    pub fn scenario(&self, metrics: &Metrics, number: u32, names: [&str; 3], code: u16) -> CallCounter {
        let [mock, stub, scenario] = names;
        let find = || metrics.stub_requests(mock, stub, scenario, Decided::Mocked, &folded(code));
        match self.scenarios.get(number as usize) {
            Some(slot) => slot.get_or_init(find).clone(),
            None => find(),
        }
    }

    /// The counter of calls that an active server stub answered.
    pub fn server_stub(&self, metrics: &Metrics, number: u32, names: [&str; 2], code: u16) -> CallCounter {
        let [mock, stub] = names;
        let find = || metrics.stub_requests(mock, stub, "", Decided::ServerStub, &folded(code));
        match self.server_stubs.get(number as usize) {
            Some(slot) => slot.get_or_init(find).clone(),
            None => find(),
        }
    }

    /// Counts a call that no stub answered. `mock` is its number and name, where it has one.
    pub fn count_other(&self, metrics: &Metrics, mock: Option<(usize, &str)>, decided: Decided, code: Option<u16>) {
        let (at, name) = mock.unwrap_or((self.mocks.len().saturating_sub(1), ""));
        let find = |code: &str| metrics.requests.with_label_values(&[name, "", "", decided.as_str(), code]);
        match self.mocks.get(at) {
            Some(series) => series.decisions[decided as usize].inc(code, find),
            None => find(&code.map_or("none".to_owned(), folded)).inc(),
        }
    }

    /// Observes an injected delay, in seconds.
    pub fn observe_delay(&self, metrics: &Metrics, mock: usize, name: &str, seconds: f64) {
        let find = || metrics.injected_delay.with_label_values(&[name]);
        match self.mocks.get(mock) {
            Some(series) => series.delay.get_or_init(find).observe(seconds),
            None => find().observe(seconds),
        }
    }
}

/// Handles of one upstream.
pub struct UpstreamSeries {
    name: String,
    duration: OnceLock<Histogram>,
    codes: ByCode<IntCounter>,
}

impl UpstreamSeries {
    /// Counts an answer of the upstream and the time it took, in seconds.
    pub fn answered(&self, metrics: &Metrics, code: u16, seconds: f64) {
        self.codes.inc(Some(code), |code| metrics.upstream_requests.with_label_values(&[&self.name, code]));
        self.duration.get_or_init(|| metrics.upstream_duration.with_label_values(&[&self.name])).observe(seconds);
    }
}

/// One counter for each status code, found at its first hit.
struct ByCode<C> {
    codes: OnceLock<Box<[OnceLock<C>]>>,
    none: OnceLock<C>,
}

impl<C> Default for ByCode<C> {
    fn default() -> Self {
        ByCode { codes: OnceLock::new(), none: OnceLock::new() }
    }
}

impl<A: Atomic> ByCode<GenericCounter<A>> {
    fn inc(&self, code: Option<u16>, find: impl Fn(&str) -> GenericCounter<A>) {
        let Some(code) = code else {
            self.none.get_or_init(|| find("none")).inc();
            return;
        };
        let codes = self.codes.get_or_init(|| (100..600).map(|_| OnceLock::new()).collect());
        match codes.get(usize::from(code).wrapping_sub(100)) {
            Some(slot) => slot.get_or_init(|| find(&folded(code))).inc(),
            None => find("other").inc(),
        }
    }
}

/// A status code as a label: known codes by number, others by class, so that an upstream cannot add series at will.
fn folded(code: u16) -> String {
    match http::StatusCode::from_u16(code) {
        Ok(status) if status.canonical_reason().is_some() => code.to_string(),
        Ok(_) => format!("{}xx", code / 100),
        Err(_) => "other".to_owned(),
    }
}

impl Metrics {
    /// Handles for an upstream.
    pub fn upstream(&self, name: &str) -> UpstreamSeries {
        UpstreamSeries { name: name.to_owned(), duration: OnceLock::new(), codes: ByCode::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_codes_fold_into_their_class() {
        assert_eq!(folded(404), "404");
        assert_eq!(folded(499), "4xx");
        assert_eq!(folded(999), "9xx");
    }
}
