//! Calls to take along: those in memory and those in the file, oldest first.

use std::time::Duration;

use super::CallLog;
use super::database::{Found, SEARCH, Search, Wanted};
use super::entry::Whole;
use super::filter::Filter;
use super::query::merged;
use crate::redact::Redactor;

/// How many calls are in hand at a time.
const PAGE: usize = 4096;
/// How long to look for calls that are known to be there.
const FOUND: Duration = Duration::from_secs(3600);

/// All calls of the log that fit, as far as they are asked for.
struct Source<'l> {
    log: &'l CallLog,
    filter: &'l Filter,
    /// Those in memory, newest first: a copy, for they are let go meanwhile.
    memory: Vec<Found>,
}

impl CallLog {
    /// The newest calls that fit, at most so many, oldest first. The file is read twice: to find where pages of it begin,
    /// as long as `goes_on`, and then from the oldest page on. So an export of any length takes the memory of a page,
    /// beside a copy of what fits in memory.
    pub fn export<'l>(
        &'l self,
        filter: &'l Filter,
        most: usize,
        goes_on: impl Fn() -> bool,
        redactor: &'l Redactor,
    ) -> impl Iterator<Item = Whole> + 'l {
        let mut memory = Vec::new();
        self.each(|call| {
            if filter.fits(&call) {
                memory.push(((self.run(), call.number), call));
            }
        });
        let (memory, _) = merged(memory, Search::default(), most);
        let source = Source { log: self, filter, memory };
        let (mut pages, mut below, mut left) = (Vec::new(), (u64::MAX, u64::MAX), most);
        while left > 0 && goes_on() {
            let (calls, next) = source.page(below, left.min(PAGE), SEARCH);
            pages.push((below, calls.len()));
            left -= calls.len();
            let Some(next) = next else { break };
            below = next;
        }
        let page = move |(below, calls)| source.page(below, calls, FOUND).0.into_iter().rev();
        pages.into_iter().rev().flat_map(page).map(|((run, _), call)| call.whole_of(run, redactor))
    }
}

impl Source<'_> {
    /// The newest calls below an id, and where the page behind them begins, if there may be more.
    fn page(&self, below: (u64, u64), most: usize, patience: Duration) -> (Vec<Found>, Option<(u64, u64)>) {
        let begin = self.memory.partition_point(|(id, _)| *id >= below);
        let memory = self.memory[begin..].iter().take(most + 1).cloned().collect();
        let fits = |call: &super::Call| self.filter.fits(call);
        let wanted = Wanted { below, times: self.filter.times(), needles: self.filter.needles(), fits: &fits };
        merged(memory, self.log.kept.search(&wanted, most + 1, patience), most)
    }
}
