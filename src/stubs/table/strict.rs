//! The choice where every condition of a scenario must hold, and the answer to a preflight.

use std::sync::Arc;
use std::time::Duration;

use super::Table;
use super::overlay::Off;
use crate::stubs::bucket::{Found, Rule};
use crate::stubs::cors::preflight_method;
use crate::stubs::decision::{Action, Decision};
use crate::stubs::index::Candidates;
use crate::stubs::matcher::Outcome;
use crate::stubs::request::RequestView;
use crate::stubs::scenario::Mock;
use crate::words::Reason;

impl Table {
    /// The mock that a request belongs to and its first candidate there, whatever the candidate's conditions.
    pub fn first_candidate(&self, view: &RequestView<'_>) -> Option<(u32, u32)> {
        let found = self.index.candidates(view, view.method);
        found.mock.zip(found.first().map(|rule| rule.stub))
    }

    /// Where a request goes that no stub answers.
    pub(super) fn forward(&self, mock: Option<&Arc<Mock>>) -> Option<Action<'static>> {
        mock.and_then(|mock| mock.upstream).or(self.upstream).map(Action::Forward)
    }

    /// Answers a preflight if some stub would answer the request that it asks about, unless an OPTIONS stub is there.
    pub(super) fn preflight<'t>(
        &'t self,
        view: &RequestView<'_>,
        found: &Candidates<'t>,
        now: Duration,
    ) -> Option<Decision<'t>> {
        let method = preflight_method(view)?;
        let explicit = |rule: Rule| self.stubs[rule.stub as usize].method.is_some();
        let firsts = found.buckets.iter().filter_map(|bucket| bucket.first());
        if found.hits.is_some() || firsts.into_iter().any(explicit) {
            return None;
        }
        let mut wanted = self.index.candidates(view, method);
        if !self.overrides.is_empty() {
            self.switch_off(view, now, &mut wanted);
        }
        wanted.first()?;
        let mock = wanted.mock.map(|number| &self.mocks[number as usize]).filter(|mock| mock.cors.is_on())?;
        let selectors_on = mock.selectors.are_on(view);
        Some(Decision {
            mock: Some(mock),
            action: Action::Preflight,
            miss: None,
            bad_delay: false,
            selectors_on,
            overrides: Vec::new(),
        })
    }

    /// The first scenario, in rank order, whose conditions hold.
    pub(super) fn best(
        &self,
        view: &RequestView<'_>,
        found: &Candidates<'_>,
        off: &Off<'_>,
        fault: &mut Option<Reason>,
    ) -> Found {
        let check = |rule: Rule, is_certain| match is_certain {
            _ if off.has(rule.stub) => Outcome::Fails(Reason::Off),
            true => Outcome::Holds,
            false => self.tried(view, rule),
        };
        for bucket in &found.buckets {
            match bucket.find(view, check, fault) {
                Found::None => {}
                found => return found,
            }
        }
        Found::None
    }

    /// Whether a rule holds for a request that names none.
    fn tried(&self, view: &RequestView<'_>, rule: Rule) -> Outcome {
        match self.scenarios[rule.scenario as usize].only_selected {
            true => Outcome::Fails(Reason::Selector),
            false => self.check(view, rule),
        }
    }

    /// Whether a rule holds: what `match` says of the query, then the scenario's own conditions.
    pub(in crate::stubs) fn check(&self, view: &RequestView<'_>, rule: Rule) -> Outcome {
        match self.stubs[rule.stub as usize].query.check(view) {
            Outcome::Holds => self.scenarios[rule.scenario as usize].conditions.check(view),
            other => other,
        }
    }

    /// Why nothing held: the first condition of the closest scenario that failed.
    pub(super) fn reason(&self, view: &RequestView<'_>, found: &Candidates<'_>, first: Option<Rule>) -> Reason {
        match first.map(|rule| self.tried(view, rule)) {
            Some(Outcome::Fails(reason)) => reason,
            _ if found.path_seen || self.index.example_has_path(view) => Reason::Method,
            _ => Reason::Path,
        }
    }
}
