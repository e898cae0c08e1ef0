//! Looking calls up: filters, and pages by key.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;

use super::entry::Entry;
use super::filter::{BadParameter, FILTERS, Filter, checked};
use super::{Call, CallLog};
use crate::words::Decided;

/// Which calls are asked for.
#[derive(Clone, Debug, Default)]
pub struct CallQuery {
    filter: Filter,
    only_misses: bool,
    cursor: Option<Cursor>,
    limit: Option<usize>,
}

/// A page ends at an id, and the next begins behind it: new calls shift nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cursor(String);

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
                "cursor" => query.cursor = Some(Cursor(value)),
                "limit" => query.limit = Some(limit(&value, PAGE.1)?),
                _ => drop(query.filter.take(&name, &value)?),
            }
        }
        Ok(query)
    }

    /// The same, but only calls that a stub could have answered and did not.
    pub fn only_misses(mut self) -> Self {
        self.only_misses = true;
        self
    }

    /// The calls that fit, newest first.
    ///
    /// # Errors
    /// Where the cursor belongs to another run of the sidecar.
    pub fn run(&self, log: &CallLog) -> Result<CallPage, BadParameter> {
        let below = match &self.cursor {
            None => u64::MAX,
            Some(Cursor(id)) => log.number_of(id).ok_or_else(|| {
                let help = "take `next` of the page before; after a restart begin without a cursor";
                BadParameter::new("cursor", format!("`{id}` is no cursor of this run"), help)
            })?,
        };
        let limit = self.limit.unwrap_or(PAGE.0);
        let mut oldest = None;
        let mut calls: Vec<Arc<Call>> = Vec::new();
        // One more than the page holds says whether there is a next one. The list is cut now and then, so that a page
        // out of a full log takes the memory of a page.
        log.each(|call| {
            oldest = Some(oldest.map_or(call.number, |oldest: u64| oldest.min(call.number)));
            if call.number < below && self.fits(&call) {
                calls.push(call);
                if calls.len() > 2 * limit + 64 {
                    newest(&mut calls, limit + 1);
                }
            }
        });
        newest(&mut calls, limit + 1);
        let more = calls.len() > limit;
        calls.truncate(limit);
        let next = calls.last().filter(|_| more).map(|call| log.id(call.number));
        let oldest = oldest.map(|number| log.id(number));
        let calls = calls.iter().map(|call| call.entry(log)).collect();
        Ok(CallPage { calls, next, oldest, evicted: log.evicted() })
    }

    fn fits(&self, call: &Call) -> bool {
        let is_miss = || call.decision.miss.is_some() || call.decided() == Decided::Unmatched;
        (!self.only_misses || is_miss()) && self.filter.fits(call)
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

impl CallLog {
    /// The newest calls that fit, at most so many, oldest first.
    pub fn matching(&self, filter: &Filter, most: usize) -> Vec<Arc<Call>> {
        let mut calls: Vec<Arc<Call>> = Vec::new();
        self.each(|call| {
            if filter.fits(&call) {
                calls.push(call);
            }
        });
        newest(&mut calls, most);
        calls.reverse();
        calls
    }
}

/// Some calls, newest first.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct CallPage {
    /// The calls.
    pub calls: Vec<Entry>,
    /// The cursor of the next page; null on the last.
    pub next: Option<String>,
    /// The oldest call that the log still holds; null where it holds none.
    pub oldest: Option<String>,
    /// How many calls the log has let go since start.
    pub evicted: u64,
}
