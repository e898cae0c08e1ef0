//! What was counted, for the API: the same numbers that Prometheus gets.

use std::collections::BTreeMap;

use prometheus::core::Collector as _;

use super::Metrics;

impl Metrics {
    /// How many calls were counted, by mock, stub, scenario and decision.
    pub fn calls(&self) -> BTreeMap<[String; 4], u64> {
        let mut calls = BTreeMap::new();
        for family in self.requests.collect() {
            for metric in family.get_metric() {
                let label = |name: &str| {
                    let found = metric.get_label().iter().find(|label| label.name() == name);
                    found.map(|label| label.value().to_owned()).unwrap_or_default()
                };
                let key = ["mock", "stub", "scenario", "decision"].map(label);
                *calls.entry(key).or_default() += metric.get_counter().get_value() as u64;
            }
        }
        calls
    }
}
