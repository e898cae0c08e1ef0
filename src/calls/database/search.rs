//! Looking kept calls up: from the newest row to the oldest, as far as a page needs.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::fault::Fault;
use super::store::{Below, Store, micros};
use crate::calls::Call;
use crate::calls::past::entries;

/// How long the search for a page may read the file. The page then ends early, and its cursor goes on from there.
pub(in crate::calls) const SEARCH: Duration = Duration::from_secs(2);

/// A call out of the file, and the run that it belongs to.
pub(in crate::calls) type Found = ((u64, u64), Arc<Call>);

/// What a search found.
#[derive(Debug, Default)]
pub(in crate::calls) struct Search {
    /// Calls that fit, newest first.
    pub calls: Vec<Found>,
    /// Where to go on, where time ran out: everything from here on was looked at.
    pub until: Option<(u64, u64)>,
    /// The oldest call of the file.
    pub oldest: Option<(u64, u64)>,
}

/// What a search looks for.
pub(in crate::calls) struct Wanted<'w> {
    /// Only calls below this number of this run, and those of earlier runs.
    pub below: (u64, u64),
    /// Only calls that began between these times.
    pub times: (Option<SystemTime>, Option<SystemTime>),
    /// Texts that the bytes of a fitting call hold.
    pub needles: Vec<&'w [u8]>,
    /// Whether a call fits.
    pub fits: &'w dyn Fn(&Call) -> bool,
}

/// Looks until so many are found, there are no more, or time is out.
pub(super) fn search(store: &Store, wanted: &Wanted<'_>, most: usize, end: Instant) -> Result<Search, Fault> {
    let times = (wanted.times.0.map_or(0, micros), wanted.times.1.map_or(u64::MAX, micros));
    let needles: Vec<_> = wanted.needles.iter().map(memchr::memmem::Finder::new).collect();
    let mut found: Vec<Found> = Vec::new();
    let mut until = None;
    store.each_row(Below { below: wanted.below, times }, |row| {
        // Rows overlap: one that is behind may still hold a call that comes before the last that was found.
        let settled = found.get(most.saturating_sub(1)).is_some_and(|(id, _)| *id > (row.run, row.last));
        if settled {
            return Ok(false);
        }
        if Instant::now() >= end {
            let behind = (row.run, row.last.saturating_add(1));
            found.retain(|(id, _)| *id >= behind);
            until = Some(behind);
            return Ok(false);
        }
        let memory = store.entries(row)?;
        if needles.iter().any(|needle| needle.find(&memory).is_none()) {
            return Ok(true);
        }
        let fits = |call: &Arc<Call>| (row.run, call.number) < wanted.below && (wanted.fits)(call);
        found.extend(entries(&memory).filter(fits).map(|call| ((row.run, call.number), call)));
        found.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
        found.truncate(most);
        Ok(true)
    })?;
    Ok(Search { calls: found, until, oldest: store.oldest()? })
}
