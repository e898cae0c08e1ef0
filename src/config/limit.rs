//! `limit` of a mock: how often it answers.

use super::Context;
use crate::file::LimitTable;
use crate::file::leaf::{Per, Rate};
use crate::file::read::At;
use crate::problem::{Code, Problem};
use crate::stubs::limit::{Limit, Quota};

/// Compiles a limit; `None` where it says nothing that holds.
pub(super) fn compile(table: At<LimitTable>, cx: &mut Context<'_>) -> Option<Limit> {
    let LimitTable { calls, per, rate } = table.value;
    let place = table.place;
    let example = "write `limit = { calls = 1000, per = \"day\" }`, `{ rate = \"120/min\" }`, or both in one table";
    if calls.is_none() && rate.is_none() {
        if !cx.unread.key(place, "calls") && !cx.unread.table(place) {
            cx.missing_at("calls", place, place, "the limit limits nothing".to_owned(), example);
        }
        return None;
    }
    match (&calls, &per) {
        (Some(calls), None) if !cx.unread.key(place, "per") => {
            cx.missing_at(
                "per",
                place,
                calls.place,
                "`calls` without `per`: so many in which time?".to_owned(),
                example,
            );
        }
        (None, Some(per)) if !cx.unread.key(place, "calls") => cx.report(
            Problem::at(Code::ConflictingKeys, per.place, "`per` without `calls` has no effect")
                .help("name the number of calls, or leave `per` out: a rate says its time itself"),
        ),
        _ => {}
    }
    let calls = calls.zip(per).and_then(|(calls, per)| {
        let seconds = match per.value {
            Per::Hour => 3_600,
            Per::Day => 86_400,
        };
        Some(Quota { most: count(calls.map(|count| count.0), cx)?, seconds })
    });
    let rate = rate.and_then(|rate| {
        let Rate { count: most, seconds } = rate.value;
        Some(Quota { most: count(At { value: most, place: rate.place }, cx)?, seconds })
    });
    Some(Limit { calls, rate })
}

/// A number of calls that can be counted, and is more than none.
fn count(count: At<u64>, cx: &mut Context<'_>) -> Option<u32> {
    match u32::try_from(count.value) {
        Ok(most) if most > 0 => Some(most),
        _ => {
            cx.report(
                Problem::at(Code::OutOfRange, count.place, format!("a limit lies between 1 and {} calls", u32::MAX))
                    .help("a mock that answers nothing is left out; one without a limit has no `limit`"),
            );
            None
        }
    }
}
