//! `[call_log]`: what is kept of calls, and where.

use std::path::Path;

use super::Context;
use super::effective::{TakesEffect, list, quoted, show, shown, shown_size, value};
use crate::file::leaf::{AccessLog, Count, Size};
use crate::file::read::At;
use crate::file::{CallDatabaseTable, CallFileTable, CallLogTable};
use crate::problem::{Code, Problem};
use crate::settings::{self, CallDatabase, CallFile, CallLog};

/// The memory below which it cannot be the way into a file: it must hold the calls of half a second.
const LEAST_BUFFER: u64 = 256 << 10;
/// The smallest file that is worth a row of many calls.
const SMALLEST_DATABASE: u64 = 1 << 20;
/// The smallest file of access lines: some dozens of them.
const SMALLEST_FILE: u64 = 16 << 10;

/// Compiles `[call_log]`.
pub(super) fn compile(table: CallLogTable, directory: &Path, cx: &mut Context<'_>) -> CallLog {
    let CallLogTable { memory, body, bodies_per_second, access_log, file, database, redact_query } = table;
    let shown = memory.as_ref().map(|size| (shown_size(&size.value.0), size.place));
    // A sixteenth of the memory: most of it belongs to requests.
    let usual = cx.budget(16 << 20, 16);
    show(cx, "call_log.memory", shown, &shown_size(&(usual as u64)), TakesEffect::Restart);
    let body = value(cx, "call_log.body", body.map(|size| size.map(|size| size.0)), 16 << 10, shown_size);
    let bodies =
        value(cx, "call_log.bodies_per_second", bodies_per_second.map(|n| n.map(|n| n.0)), 1000, u64::to_string);
    let access_log = value(cx, "call_log.access_log", access_log, AccessLog::Misses, |word| quoted(word.as_str()));
    let file = compile_file(file, directory, cx);
    let size_of_memory = memory.as_ref().map_or(usual as u64, |size| size.value.0);
    let database = compile_database(database, directory, size_of_memory, cx);
    let redacted = redact_query.as_ref().map(|l| (l.value.0.iter().map(|t| t.value.clone()).collect(), l.place));
    list(cx, "call_log.redact_query", redacted);
    CallLog {
        memory: memory.map_or(usual, |size| size.value.0 as usize),
        body: body as usize,
        bodies_per_second: u32::try_from(bodies).unwrap_or(u32::MAX),
        access_log: match access_log {
            AccessLog::Misses => settings::AccessLog::Misses,
            AccessLog::All => settings::AccessLog::All,
            AccessLog::None => settings::AccessLog::None,
        },
        file,
        database,
        redact_query: redact_query.into_iter().flat_map(|l| l.value.0).map(|t| t.value.into()).collect(),
        redact_headers: crate::redact::HEADERS.iter().map(|name| (*name).into()).collect(),
    }
}

/// A size that must not be too small.
fn size(key: &str, set: Option<At<Size>>, default: u64, least: u64, cx: &mut Context<'_>) -> u64 {
    if let Some(small) = set.as_ref().filter(|size| size.value.0 < least) {
        let title = format!("`size` is at least {}", shown_size(&least));
        cx.report(
            Problem::at(Code::OutOfRange, small.place, title).help(format!("the default is {}", shown_size(&default))),
        );
    }
    value(cx, key, set.map(|size| size.map(|size| size.0)), default, shown_size)
}

fn compile_file(table: Option<At<CallFileTable>>, directory: &Path, cx: &mut Context<'_>) -> Option<CallFile> {
    let place = table.as_ref().map(|table| table.place);
    let CallFileTable { path, size: of_file, keep } = table.map(|table| table.value).unwrap_or_default();
    let path_shown = path.as_ref().map(|path| (quoted(&path.value), path.place));
    show(cx, "call_log.file.path", path_shown, "none", TakesEffect::Reload);
    let size = size("call_log.file.size", of_file, 64 << 20, SMALLEST_FILE, cx);
    if let Some(odd) = keep.as_ref().filter(|keep: &&At<Count>| !(1..=1000).contains(&keep.value.0)) {
        cx.report(Problem::at(Code::OutOfRange, odd.place, "`keep` lies between 1 and 1000").help("the default is 5"));
    }
    let keep = value(cx, "call_log.file.keep", keep.map(|keep| keep.map(|keep| keep.0)), 5, u64::to_string);
    let Some(path) = path else {
        if let Some(place) = place {
            cx.missing("path", place, "write `path = \"calls.jsonl\"`");
        }
        return None;
    };
    Some(CallFile { path: directory.join(&path.value), size, keep: u32::try_from(keep).unwrap_or(u32::MAX) })
}

fn compile_database(
    table: Option<At<CallDatabaseTable>>,
    directory: &Path,
    memory: u64,
    cx: &mut Context<'_>,
) -> Option<CallDatabase> {
    let place = table.as_ref().map(|table| table.place);
    let CallDatabaseTable { path, size: of_file, max_age } = table.map(|table| table.value).unwrap_or_default();
    let path_shown = path.as_ref().map(|path| (quoted(&path.value), path.place));
    show(cx, "call_log.database.path", path_shown, "none", TakesEffect::Reload);
    let size = size("call_log.database.size", of_file, 1 << 30, SMALLEST_DATABASE, cx);
    let age_shown = max_age.as_ref().map(|age| (quoted(&shown(age.value.0)), age.place));
    show(cx, "call_log.database.max_age", age_shown, "none", TakesEffect::Reload);
    if let Some(zero) = max_age.as_ref().filter(|age| age.value.0.is_zero()) {
        cx.report(
            Problem::at(Code::OutOfRange, zero.place, "a call that is kept for no time is not kept")
                .help("leave `max_age` out, and calls are kept as long as there is room"),
        );
    }
    let place = place?;
    let Some(path) = path else {
        cx.missing("path", place, "write `path = \"calls.db\"`");
        return None;
    };
    if memory < LEAST_BUFFER {
        let title = "the log in memory is too small for a database";
        cx.report(
            Problem::at(Code::ConflictingKeys, place, title)
                .help("calls reach the file through `call_log.memory`: give it at least \"256KiB\""),
        );
    }
    Some(CallDatabase { path: directory.join(&path.value), size, max_age: max_age.map(|age| age.value.0) })
}
