//! Looking calls up: filters, and pages by key.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;

use super::database::{DatabaseState, Found, SEARCH, Search, Wanted};
use super::entry::Entry;
use super::filter::{BadParameter, FILTERS, Filter, checked};
use super::log::{id, parsed};
use super::{Call, CallLog};

/// Which calls are asked for.
#[derive(Clone, Debug, Default)]
pub struct CallQuery {
    filter: Filter,
    only_misses: bool,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// How many calls a page has unless asked otherwise, and at most.
pub const PAGE: (usize, usize) = (100, 1000);

impl CallQuery {
    /// Reads decoded query pairs.
    ///
    /// # Errors
    /// The first parameter that is unknown, stands twice, or has a bad value.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Result<Self, BadParameter> {
        let mut query = CallQuery::default();
        let known: Vec<&str> = FILTERS.iter().copied().chain(["cursor", "limit"]).collect();
        for (name, value) in checked(pairs, &known)? {
            match name.as_str() {
                "cursor" => query.cursor = Some(value),
                "limit" => query.limit = Some(limit(&value, PAGE.1)?),
                _ => drop(query.filter.take(&name, &value)?),
            }
        }
        Ok(query)
    }

    /// What is asked of each call.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// The same, but only calls that a stub could have answered and did not.
    pub fn only_misses(mut self) -> Self {
        self.only_misses = true;
        self
    }

    /// The calls that fit, newest first: those in memory, and those in the file where calls are kept in one. A page ends
    /// at an id, and the next begins behind it: new calls shift nothing.
    ///
    /// # Errors
    /// Where the cursor belongs to another run of the sidecar, and no file has the calls of other runs.
    pub fn run(&self, log: &CallLog) -> Result<CallPage, BadParameter> {
        let below = match &self.cursor {
            None => (u64::MAX, u64::MAX),
            Some(id) => {
                let known = parsed(id).filter(|(run, _)| *run == log.run() || log.kept.is_wanted());
                known.ok_or_else(|| {
                    let help = "take `next` of the page before; after a restart begin without a cursor";
                    BadParameter::new("cursor", format!("`{id}` is no cursor of this run"), help)
                })?
            }
        };
        let limit = self.limit.unwrap_or(PAGE.0);
        let mut oldest = None;
        let mut calls: Vec<Arc<Call>> = Vec::new();
        // One more than the page holds says whether there is a next one. The list is cut now and then, so that a page
        // out of a full log takes the memory of a page.
        log.each(|call| {
            oldest = Some(oldest.map_or(call.number, |oldest: u64| oldest.min(call.number)));
            if (log.run(), call.number) < below && self.fits(&call) {
                calls.push(call);
                if calls.len() > 2 * limit + 64 {
                    newest(&mut calls, limit + 1);
                }
            }
        });
        newest(&mut calls, limit + 1);
        let fits = |call: &Call| self.fits(call);
        let wanted = Wanted { below, times: self.filter.times(), needles: self.filter.needles(), fits: &fits };
        let kept = log.kept.search(&wanted, limit + 1, SEARCH);
        let oldest = kept.oldest.into_iter().chain(oldest.map(|number| (log.run(), number))).min();
        let (calls, next) =
            merged(calls.into_iter().map(|call| ((log.run(), call.number), call)).collect(), kept, limit);
        let calls = calls.iter().map(|((run, _), call)| call.entry_of(*run)).collect();
        let name = |(run, number)| id(run, number);
        Ok(CallPage {
            calls,
            next: next.map(name),
            oldest: oldest.map(name),
            evicted: log.evicted(),
            database: log.kept.state(log),
        })
    }

    fn fits(&self, call: &Call) -> bool {
        (!self.only_misses || call.is_miss()) && self.filter.fits(call)
    }
}

/// Reads a `limit` of at most so many.
///
/// # Errors
/// Where it is none.
pub fn limit(value: &str, most: usize) -> Result<usize, BadParameter> {
    value.parse().ok().filter(|limit| (1..=most).contains(limit)).ok_or_else(|| {
        BadParameter::new("limit", format!("`{value}` is no limit"), format!("a number from 1 to {most}"))
    })
}

/// Keeps the newest calls, newest first. One that closed while the log was read is there twice; both say the same.
fn newest(calls: &mut Vec<Arc<Call>>, keep: usize) {
    calls.sort_by_key(|call| std::cmp::Reverse(call.number));
    calls.dedup_by_key(|call| call.number);
    calls.truncate(keep);
}

/// The newest of what memory and file have, newest first and at most `limit`, and where to go on. Of both one more than
/// that is wanted, where there is more.
pub(super) fn merged(mut calls: Vec<Found>, kept: Search, limit: usize) -> (Vec<Found>, Option<(u64, u64)>) {
    // A call that lies in both places is complete in memory, at the latest: of equal ones the first stays.
    calls.extend(kept.calls);
    calls.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
    calls.dedup_by_key(|(id, _)| *id);
    if let Some(until) = kept.until {
        calls.retain(|(id, _)| *id >= until);
    }
    let more = calls.len() > limit;
    calls.truncate(limit);
    let next = match calls.last() {
        Some((last, _)) if more => Some(*last),
        _ => kept.until,
    };
    (calls, next)
}

impl CallLog {
    /// All calls in memory, oldest first.
    pub(super) fn remembered(&self) -> Vec<Arc<Call>> {
        let mut calls: Vec<Arc<Call>> = Vec::new();
        self.each(|call| calls.push(call));
        newest(&mut calls, usize::MAX);
        calls.reverse();
        calls
    }
}

/// Some calls, newest first.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct CallPage {
    /// The calls.
    pub calls: Vec<Entry>,
    /// The cursor of the next page; null on the last. A page out of a large file may be short, and have a next one.
    pub next: Option<String>,
    /// The oldest call that the log still holds; null where it holds none.
    pub oldest: Option<String>,
    /// How many calls the log in memory has let go since start.
    pub evicted: u64,
    /// The file that calls are kept in; null where there is none.
    pub database: Option<DatabaseState>,
}
