//! What lies over a table: mocks with other settings, stubs that are switched off, scenarios that are forced.

use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;

use super::Table;
use super::selectors::Asked;
use crate::stubs::bucket::Found;
use crate::stubs::index::Candidates;
use crate::stubs::matcher::Outcome;
use crate::stubs::overlay::{Effect, Override};
use crate::stubs::request::RequestView;
use crate::stubs::scenario::Mock;

/// The stubs that are switched off for a request.
#[derive(Debug, Default)]
pub(super) struct Off<'t> {
    stubs: SmallVec<[u32; 2]>,
    /// The overrides that say so.
    pub(super) overrides: Vec<&'t Override>,
}

impl Off<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.stubs.is_empty()
    }

    /// Whether this stub is.
    pub(super) fn has(&self, stub: u32) -> bool {
        !self.stubs.is_empty() && self.stubs.contains(&stub)
    }

    /// All of them.
    pub(super) fn stubs(&self) -> &[u32] {
        &self.stubs
    }
}

/// What overrides make of a request.
pub(super) enum Forced<'t> {
    /// This scenario answers.
    Scenario(u32, &'t Override),
    /// It depends on a body that nobody has read: a better stub may answer.
    NeedsBody,
}

impl Table {
    /// The same stubs with other mocks, in the same order, and with these overrides, oldest first. Compiles nothing.
    pub fn under(&self, mocks: Vec<Arc<Mock>>, overrides: Vec<Override>) -> Table {
        Table {
            is_timed: !overrides.is_empty() || mocks.iter().any(|mock| mock.limit.is_some()),
            mocks: mocks.into(),
            overrides: overrides.into(),
            filed: self.filed.clone(),
            stubs: self.stubs.clone(),
            scenarios: self.scenarios.clone(),
            server_stubs: self.server_stubs.clone(),
            index: self.index.clone(),
            gate: self.gate.clone(),
            upstream: self.upstream,
        }
    }

    /// Takes over what limits have counted in an older table, where they are the same.
    pub fn keep_counts(&mut self, old: &Table) {
        let kept = |mock: &Arc<Mock>| {
            let before = old.filed.iter().find(|other| other.name == mock.name)?.limit.as_ref()?;
            let same = mock.limit.as_ref().is_some_and(|limiter| limiter.limit == before.limit);
            same.then(|| Arc::new(Mock { limit: Some(before.clone()), ..(**mock).clone() }))
        };
        self.filed = self.filed.iter().map(|mock| kept(mock).unwrap_or_else(|| mock.clone())).collect();
    }

    /// Mocks as the files have them, in file order.
    pub fn filed(&self) -> &[Arc<Mock>] {
        &self.filed
    }

    /// The overrides that lie over the stubs, oldest first.
    pub fn overrides(&self) -> &[Override] {
        &self.overrides
    }

    /// Whether deciding looks at the time.
    pub fn is_timed(&self) -> bool {
        self.is_timed
    }

    /// Takes the stubs that are switched off for this request out of its candidates.
    pub(super) fn switch_off<'t>(
        &'t self,
        view: &RequestView<'_>,
        now: Duration,
        found: &mut Candidates<'t>,
    ) -> Off<'t> {
        let mut off = Off::default();
        for entry in &self.overrides {
            if entry.effect == Effect::Off && entry.applies(view, now) && self.fits(found, entry.stub, view) {
                off.stubs.push(entry.stub);
                off.overrides.push(entry);
            }
        }
        if !off.is_empty() {
            found.buckets.retain(|bucket| bucket.rules().iter().any(|rule| !off.has(rule.stub)));
            found.hits.take_if(|hits| hits.stubs().all(|stub| off.has(stub)));
        }
        off
    }

    /// What is forced for this request: the scenario of a stub that fits, unless a better one holds. Of several for one
    /// stub the newest.
    pub(super) fn forced<'t>(
        &'t self,
        view: &RequestView<'_>,
        found: &Candidates<'t>,
        off: &Off<'_>,
        now: Duration,
    ) -> Option<Forced<'t>> {
        let mut forced = Vec::new();
        for entry in self.overrides.iter().rev() {
            if let Effect::Force(scenario) = entry.effect
                && !off.has(entry.stub)
                && entry.applies(view, now)
                && self.fits(found, entry.stub, view)
            {
                forced.push((scenario, entry));
            }
        }
        if forced.is_empty() {
            return None;
        }
        let mut fault = None;
        let best = match found.hits {
            Some(_) => self.example(view, found, (Asked::default(), None), off, false, &mut fault),
            None => self.best(view, found, off, &mut fault),
        };
        let chosen = match best {
            Found::NeedsBody => return Some(Forced::NeedsBody),
            Found::Rule(rule) if found.hits.is_some() => forced.into_iter().find(|(_, entry)| entry.stub == rule.stub),
            Found::Rule(rule) => {
                let last = place(found, rule.stub);
                let tried = forced.into_iter().filter(|(_, entry)| place(found, entry.stub) <= last);
                tried.min_by_key(|(_, entry)| place(found, entry.stub))
            }
            Found::None => forced.into_iter().min_by_key(|(_, entry)| place(found, entry.stub)),
        };
        chosen.map(|(scenario, entry)| Forced::Scenario(scenario, entry))
    }

    /// Whether a stub is among the candidates, and what its `match` says of the query holds.
    fn fits(&self, found: &Candidates<'_>, stub: u32, view: &RequestView<'_>) -> bool {
        match &found.hits {
            Some(hits) => hits.stubs().any(|own| own == stub),
            None => {
                found.buckets.iter().any(|bucket| bucket.rules().iter().any(|rule| rule.stub == stub))
                    && self.stubs[stub as usize].query.check(view) == Outcome::Holds
            }
        }
    }
}

/// Where a stub stands in the order in which the candidates are tried.
fn place(found: &Candidates<'_>, stub: u32) -> (usize, usize) {
    let within = |(at, bucket): (usize, &&crate::stubs::bucket::Bucket)| {
        Some((at, bucket.rules().iter().position(|rule| rule.stub == stub)?))
    };
    found.buckets.iter().enumerate().find_map(within).unwrap_or((usize::MAX, 0))
}
