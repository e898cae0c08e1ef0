//! The choice among the examples whose path fits: steps 6 to 9 of the algorithm.

use std::sync::Arc;

use super::collection::{Collection, Entry};
use super::example::value_of;
use super::hits::Hits;
use super::score::Score;
use super::set::{Left, Wanted};
use super::words::Asked;
use crate::stubs::bucket::Rule;
use crate::stubs::matcher::{Outcome, no_value};
use crate::stubs::request::{NoValue, RequestView};
use crate::stubs::scenario::Scenario;
use crate::words::Reason;

/// Everything that a choice depends on beside the request.
pub struct Choice<'a> {
    /// All scenarios, by their numbers.
    pub scenarios: &'a [Arc<Scenario>],
    /// The status that was asked for.
    pub code: Option<u16>,
    /// Whether the caller's `x-mock-match-request-*` headers count.
    pub selectors: bool,
    /// Stubs that are switched off.
    pub off: &'a [u32],
}

/// What came of a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// This example, with its score.
    Example(Rule, Score),
    /// It depends on a body that nobody has read.
    NeedsBody,
    /// Filters left none.
    None(Reason),
}

/// An example that may be chosen.
#[derive(Clone, Copy)]
struct Pick {
    score: Score,
    number: u32,
}

impl Pick {
    fn beats(&self, other: &Pick) -> bool {
        let (own, others) = (self.score.total(), other.score.total());
        own > others || own == others && self.number < other.number
    }
}

impl Collection {
    /// The best example among those whose path fits: steps 6 to 9.
    pub(in crate::stubs) fn choose(&self, hits: &Hits<'_>, view: &RequestView<'_>, choice: &Choice<'_>) -> Chosen {
        let asked = self.words.asked(view.query());
        let named: Option<Vec<&str>> = choice.selectors.then(|| header_names(view)).flatten();
        let passes = |entry: &Entry| {
            !choice.off.contains(&entry.rule.stub)
                && choice.code.is_none_or(|code| entry.status == code)
                && named.iter().flatten().all(|name| {
                    let example = choice.scenarios[entry.rule.scenario as usize].example.as_deref();
                    example.is_none_or(|example| example.agrees_on(name, view))
                })
        };
        let configured = match named {
            Some(_) => None,
            None => self.headers(|name| value_of(view, name).map(|value| value.to_ascii_lowercase())),
        };
        let is_asked = choice.code.is_some() || named.is_some() || !choice.off.is_empty();
        let left = Left { headers: configured.as_deref(), passes: is_asked.then_some(&passes) };
        let best = |wanted| self.best(hits, wanted, left, &asked);
        let Some(first) = best(Wanted::Any) else { return Chosen::None(Reason::Header) };
        let chosen = match self.matches_body(view, choice.selectors) {
            true => self.by_body(view, best),
            false => self.by_bonus(first, hits, view, best),
        };
        match chosen {
            Ok(pick) => Chosen::Example(self.entries[pick.number as usize].rule, pick.score),
            Err(other) => other,
        }
    }

    /// Whether body matching is on, by what the request or the mock says.
    pub(super) fn matches_body(&self, view: &RequestView<'_>, selectors: bool) -> bool {
        let selector = view.header("x-mock-match-request-body").filter(|_| selectors);
        match selector.map(<[u8]>::to_ascii_lowercase).as_deref() {
            Some(b"true") => true,
            Some(b"false") => false,
            _ => self.settings.match_body,
        }
    }

    /// Body matching is on: only examples with the request's body are left, and it brings no points.
    fn by_body(&self, view: &RequestView<'_>, best: impl Fn(Wanted) -> Option<Pick>) -> Result<Pick, Chosen> {
        let wanted = match view.body() {
            Ok(b"") => Wanted::None,
            Ok(_) => Wanted::These(self.bodies.of(view).unwrap_or_default()),
            Err(why) => return Err(not_looked_at(why)),
        };
        best(wanted).ok_or(Chosen::None(Reason::Body))
    }

    /// Body matching is not on: an equal body brings points. It is asked for only where it can change the choice.
    fn by_bonus(
        &self,
        first: Pick,
        hits: &Hits<'_>,
        view: &RequestView<'_>,
        best: impl Fn(Wanted) -> Option<Pick>,
    ) -> Result<Pick, Chosen> {
        let with_bonus = |pick: Pick| Pick { score: Score { body: true, ..pick.score }, ..pick };
        if !hits.sets.iter().any(|(_, set)| set.has_bodies()) {
            return Ok(first);
        }
        let is_alone = || !hits.sets.iter().any(|(_, set)| set.has_other_body(first.number));
        match view.body() {
            Err(NoValue::Unread) => match best(Wanted::Some).map(with_bonus) {
                Some(other) if other.beats(&first) && !is_alone() => Err(Chosen::NeedsBody),
                _ => Ok(first),
            },
            Err(_) | Ok(b"") => Ok(first),
            Ok(_) => {
                let these = Wanted::These(self.bodies.of(view).unwrap_or_default());
                Ok(best(these).map(with_bonus).filter(|pick| pick.beats(&first)).unwrap_or(first))
            }
        }
    }

    fn best(&self, hits: &Hits<'_>, wanted: Wanted, left: Left<'_>, asked: &Asked) -> Option<Pick> {
        let mut best: Option<Pick> = None;
        for (row, set) in &hits.sets {
            let Some((params, number)) = set.best(wanted, left, asked, &self.entries) else { continue };
            let pick = Pick { score: Score { row: *row, params, body: false }, number };
            if best.as_ref().is_none_or(|best| pick.beats(best)) {
                best = Some(pick);
            }
        }
        best
    }
}

/// The headers that a request wants to be matched; `None` where it says nothing of it.
pub(super) fn header_names<'v>(view: &RequestView<'v>) -> Option<Vec<&'v str>> {
    let mut values = view.header_values("x-mock-match-request-headers").peekable();
    values.peek()?;
    let names = values.flat_map(|value| value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    Some(names.filter(|name| !name.is_empty()).filter_map(|name| std::str::from_utf8(name).ok()).collect())
}

fn not_looked_at(why: NoValue) -> Chosen {
    match no_value(why, Reason::Body) {
        Outcome::NeedsBody => Chosen::NeedsBody,
        Outcome::Fails(reason) => Chosen::None(reason),
        Outcome::Holds => Chosen::None(Reason::Body), // nobody says so of a value that is not there
    }
}
