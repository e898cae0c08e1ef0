//! The file of kept calls: stretches of the ring, as they lay there, in an SQLite database.
//!
//! A row holds all calls of a moment, compressed. That is what makes it cheap: calls of one moment are much alike, and the
//! database sees four rows a second, however many calls there are. What a search has to know of a row without decoding it
//! stands beside: the run, the numbers and the time of its calls.

use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OpenFlags, params};

use super::fault::Fault;
use crate::calls::fixed::Fixed;
use crate::calls::past::numbers;

/// "Stan": says whose database it is.
const APPLICATION: i32 = 0x5374_616e;
/// The form of the rows and of the calls in them. A file of another form is left as it is.
const FORM: i32 = 2;
/// How much zstd tries: the level that costs less than the writing that it saves, whatever the calls hold.
const LEVEL: i32 = -1;
/// No row holds more: what would be more was not written by us.
const LARGEST: u64 = 8 << 30;
/// How long somebody else may hold the file: long enough for a reader, short enough for a stop.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many pages of 4 KiB are given back to the disk at a time, and how many are kept for what comes next.
const SHRINK: u64 = 1024;
/// How many rows are let go at a time for their age.
const AT_A_TIME: u32 = 64;

/// The calls of a moment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Which run of a sidecar they belong to.
    pub run: u64,
    /// Their lowest number.
    pub first: u64,
    /// Their highest number.
    pub last: u64,
    /// When the earliest began, microseconds since the epoch.
    pub since: u64,
    /// When the latest began.
    pub until: u64,
    /// How many there are.
    pub calls: u64,
    /// They themselves, as in the ring.
    pub entries: Vec<u8>,
}

/// A row without its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    id: i64,
    pub run: u64,
    pub last: u64,
}

/// Which rows a search looks at, newest first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Below {
    /// Only calls below this number of this run, and those of earlier runs.
    pub below: (u64, u64),
    /// Only rows with calls that began between these times, microseconds since the epoch.
    pub times: (u64, u64),
}

impl Chunk {
    /// What was read of the ring; `None` for nothing.
    pub fn of(run: u64, entries: Vec<u8>) -> Option<Self> {
        let mut chunk = Chunk { run, first: u64::MAX, since: u64::MAX, ..Chunk::default() };
        let fixed = |entry: &[u8]| entry.first_chunk().map(Fixed::from_bytes);
        for (number, fixed) in numbers(&entries).filter_map(|(number, entry)| Some((number, fixed(entry)?))) {
            let micros = fixed.at / 1000;
            (chunk.first, chunk.last) = (chunk.first.min(number), chunk.last.max(number));
            (chunk.since, chunk.until) = (chunk.since.min(micros), chunk.until.max(micros));
            chunk.calls += 1;
        }
        chunk.entries = entries;
        (chunk.calls > 0).then_some(chunk)
    }
}

/// The file, open.
#[derive(Debug)]
pub(super) struct Store(pub(super) Connection);

impl Store {
    /// Opens the file to write to it, and makes it where there is none. What it holds may have passed through a gateway
    /// of secrets: it is readable for its owner only.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        drop(options.open(path)?);
        let store = Store::connect(path)?;
        let connection = &store.0;
        let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
        let application = number("application_id")?;
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
        match (application, tables) {
            (APPLICATION, _) => {}
            (0, 0) => connection.execute_batch(&format!(
                "PRAGMA auto_vacuum = INCREMENTAL;
                 PRAGMA journal_mode = WAL;
                 BEGIN;
                 CREATE TABLE chunks (id INTEGER PRIMARY KEY, run INTEGER NOT NULL, first INTEGER NOT NULL,
                     last INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL, calls INTEGER NOT NULL,
                     entries BLOB NOT NULL) STRICT;
                 CREATE INDEX by_number ON chunks (run, last, first, since, until);
                 PRAGMA application_id = {APPLICATION};
                 PRAGMA user_version = {FORM};
                 COMMIT;"
            ))?,
            _ => return Err(Fault::Foreign),
        }
        if number("user_version")? != FORM {
            return Err(Fault::OtherForm);
        }
        // A process that dies loses nothing that was committed; a machine that does may lose the last moments.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 4194304;",
        )?;
        Ok(store)
    }

    /// Opens the file to read from it, as somebody else writes.
    pub fn read(path: &Path) -> Result<Self, Fault> {
        let store = Store::connect(path)?;
        store.0.pragma_update(None, "query_only", true)?;
        Ok(store)
    }

    fn connect(path: &Path) -> Result<Self, Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(PATIENCE)?;
        Ok(Store(connection))
    }

    /// Adds the calls of a moment, as a whole or not at all.
    pub fn append(&self, chunk: &Chunk) -> Result<(), Fault> {
        let entries = zstd::bulk::compress(&chunk.entries, LEVEL)?;
        let mut insert = self.0.prepare_cached(
            "INSERT INTO chunks (run, first, last, since, until, calls, entries) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?;
        insert.execute(params![
            stored(chunk.run),
            stored(chunk.first),
            stored(chunk.last),
            stored(chunk.since),
            stored(chunk.until),
            stored(chunk.calls),
            entries
        ])?;
        Ok(())
    }

    /// Lets the oldest go until the file holds no more than so many bytes, and none that are older than `oldest`.
    pub fn prune(&self, size: u64, oldest: Option<SystemTime>) -> Result<(), Fault> {
        if let Some(oldest) = oldest {
            let oldest = micros(oldest);
            let mut delete = self.0.prepare_cached(
                "DELETE FROM chunks WHERE id IN (SELECT id FROM chunks ORDER BY id LIMIT ?) AND until < ?",
            )?;
            while delete.execute(params![AT_A_TIME, oldest])? == AT_A_TIME as usize {}
        }
        let Some(mut excess) = self.bytes()?.checked_sub(size).filter(|excess| *excess > 0) else { return Ok(()) };
        let mut select = self.0.prepare_cached("SELECT id, length(entries) FROM chunks ORDER BY id")?;
        let mut rows = select.query([])?;
        let mut upto = None;
        while excess > 0
            && let Some(row) = rows.next()?
        {
            upto = Some(row.get::<_, i64>(0)?);
            excess = excess.saturating_sub(row.get(1)?);
        }
        drop(rows);
        self.0.prepare_cached("DELETE FROM chunks WHERE id <= ?")?.execute([upto])?;
        Ok(())
    }

    /// Gives unused room back to the disk, a little at a time, where it is more than what is about to be used again.
    pub fn shrink(&self) -> Result<(), Fault> {
        let free = self.number("freelist_count")?;
        if free > SHRINK && free > self.number("page_count")? / 4 {
            self.vacuum(&format!("PRAGMA incremental_vacuum({SHRINK})"))?;
        }
        Ok(())
    }

    /// Each step of it moves a page.
    fn vacuum(&self, pragma: &str) -> Result<(), Fault> {
        let mut statement = self.0.prepare(pragma)?;
        let mut pages = statement.query([])?;
        while pages.next()?.is_some() {}
        Ok(())
    }

    fn number(&self, pragma: &str) -> Result<u64, Fault> {
        Ok(self.0.pragma_query_value(None, pragma, |row| row.get(0))?)
    }

    /// Bytes that the calls take in the file; the log beside it takes a few MiB more.
    pub fn bytes(&self) -> Result<u64, Fault> {
        let used = self.number("page_count")?.saturating_sub(self.number("freelist_count")?);
        Ok(used * self.number("page_size")?)
    }

    /// Lets all calls go, and gives their room back; says how many there were.
    pub fn clear(&self) -> Result<u64, Fault> {
        let calls = self.0.query_row("SELECT ifnull(sum(calls), 0) FROM chunks", [], |row| row.get(0))?;
        self.0.execute_batch("DELETE FROM chunks")?;
        self.vacuum("PRAGMA incremental_vacuum")?;
        self.0.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
        Ok(calls)
    }

    /// Shows the rows that may hold what is looked for, those with the newest calls first, until `show` wants no more.
    pub fn each_row(&self, asked: Below, mut show: impl FnMut(Row) -> Result<bool, Fault>) -> Result<(), Fault> {
        let ((run, below), (since, until)) = (asked.below, asked.times);
        let mut select = self.0.prepare_cached(
            "SELECT id, run, last FROM chunks
             WHERE (run < ?1 OR (run = ?1 AND first < ?2)) AND until >= ?3 AND since <= ?4
             ORDER BY run DESC, last DESC",
        )?;
        let mut rows = select.query(params![stored(run), stored(below), stored(since), stored(until)])?;
        while let Some(row) = rows.next()? {
            if !show(Row { id: row.get(0)?, run: row.get(1)?, last: row.get(2)? })? {
                break;
            }
        }
        Ok(())
    }

    /// The rows that may hold the call of this number.
    pub fn rows_of(&self, run: u64, number: u64) -> Result<Vec<Row>, Fault> {
        let mut select =
            self.0.prepare_cached("SELECT id, run, last FROM chunks WHERE run = ?1 AND last >= ?2 AND first <= ?2")?;
        let row = |row: &rusqlite::Row<'_>| Ok(Row { id: row.get(0)?, run: row.get(1)?, last: row.get(2)? });
        Ok(select.query_map(params![stored(run), stored(number)], row)?.collect::<Result<_, _>>()?)
    }

    /// The calls of a row, as in the ring; none where it was let go, and those before the damage where it is damaged.
    pub fn entries(&self, row: Row) -> Result<Vec<u8>, Fault> {
        let mut select = self.0.prepare_cached("SELECT entries FROM chunks WHERE id = ?")?;
        let entries = select.query_row([row.id], |row| {
            let mut entries = Vec::new();
            if let Ok(decoder) = zstd::stream::read::Decoder::with_buffer(row.get_ref(0)?.as_blob()?) {
                let _damaged = decoder.take(LARGEST).read_to_end(&mut entries);
            }
            Ok(entries)
        });
        match entries {
            Err(rusqlite::Error::QueryReturnedNoRows) => Ok(Vec::new()),
            other => Ok(other?),
        }
    }

    /// Run and number of the oldest call.
    pub fn oldest(&self) -> Result<Option<(u64, u64)>, Fault> {
        let mut select = self.0.prepare_cached("SELECT run, first FROM chunks ORDER BY id LIMIT 1")?;
        match select.query_row([], |row| Ok((row.get(0)?, row.get(1)?))) {
            Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
            other => Ok(Some(other?)),
        }
    }
}

/// A number as SQLite has it, which knows signed ones only.
fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Microseconds since the epoch.
pub(super) fn micros(time: SystemTime) -> u64 {
    u64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros()).unwrap_or(u64::MAX)
}
