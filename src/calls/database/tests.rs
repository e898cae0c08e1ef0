use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use super::*;
use crate::calls::{Filter, Head, Redactor};
use crate::metrics::Metrics;

impl Store {
    /// Whether what was written can still be read: a look at every page.
    #[cfg(test)]
    pub fn is_sound(&self) -> bool {
        let said: String = self.0.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        said == "ok"
    }

    /// Lets the file grow no further, as a full disk does.
    #[cfg(test)]
    pub fn fill_up(&self) {
        let pages: i64 = self.0.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        self.0.pragma_update(None, "max_page_count", pages).unwrap();
    }
}

fn log() -> Arc<CallLog> {
    Arc::new(CallLog::new(1 << 20, 1024, Arc::new(Metrics::new(1))))
}

fn wanted(directory: &std::path::Path) -> CallDatabase {
    CallDatabase { path: directory.join("calls.db"), size: 1 << 30, max_age: None }
}

fn pass(log: &CallLog, calls: u64) {
    for _ in 0..calls {
        log.close(&Call::sample(log.number()), None);
    }
}

/// Numbers that nothing compresses, the same for the same seed.
fn noise(seed: u64) -> impl Iterator<Item = u64> {
    (0..).map(move |at: u64| BuildHasherDefault::<DefaultHasher>::default().hash_one((seed, at)))
}

/// Two looks: an entry rests from one to the next.
fn look(log: &CallLog, wanted: &CallDatabase) {
    log.kept.look(log, Some(wanted.clone()));
    log.kept.look(log, Some(wanted.clone()));
}

fn all<'w>(fits: &'w dyn Fn(&Call) -> bool) -> Wanted<'w> {
    Wanted { below: (u64::MAX, u64::MAX), times: (None, None), needles: Vec::new(), fits }
}

fn numbers_of(log: &CallLog, most: usize) -> Vec<u64> {
    log.kept.search(&all(&|_| true), most, SEARCH).calls.iter().map(|((_, number), _)| *number).collect()
}

#[test]
fn calls_are_kept_and_found_newest_first() {
    let directory = tempfile::tempdir().unwrap();
    let (log, wanted) = (log(), wanted(directory.path()));
    pass(&log, 3);
    look(&log, &wanted);
    pass(&log, 2);
    look(&log, &wanted);
    assert_eq!(numbers_of(&log, 10), [5, 4, 3, 2, 1]);
    assert_eq!(numbers_of(&log, 2), [5, 4]);
    let even = |call: &Call| call.number.is_multiple_of(2);
    let search = Wanted { below: (log.run(), 4), ..all(&even) };
    assert_eq!(log.kept.search(&search, 10, SEARCH).calls.iter().map(|(id, _)| id.1).collect::<Vec<_>>(), [2]);
    assert_eq!(log.kept.get(log.run(), 3).unwrap().number, 3);
    assert!(log.kept.get(log.run(), 6).is_none());
    assert!(log.kept.get(log.run() + 1, 3).is_none());
    assert_eq!(log.metrics.database_dropped.get(), 0);
}

#[test]
fn what_the_memory_let_go_is_still_in_the_file_and_what_the_file_never_had_is_counted() {
    let directory = tempfile::tempdir().unwrap();
    let (log, wanted) = (log(), wanted(directory.path()));
    look(&log, &wanted);
    pass(&log, 1000);
    look(&log, &wanted);
    assert_eq!(numbers_of(&log, 2000).len(), 1000);
    // More than the memory holds, between two looks.
    pass(&log, 100_000);
    look(&log, &wanted);
    let (kept, dropped) = (numbers_of(&log, 200_000).len() as u64, log.metrics.database_dropped.get());
    assert!(dropped > 0);
    assert_eq!(kept + dropped, 101_000);
}

#[test]
fn a_file_that_cannot_be_written_costs_nothing_that_the_memory_still_holds() {
    let directory = tempfile::tempdir().unwrap();
    let (log, wanted) = (log(), wanted(&directory.path().join("later")));
    pass(&log, 3);
    look(&log, &wanted);
    let state = log.kept.state(&log).unwrap();
    assert!(state.fault.is_some_and(|fault| fault.contains("later")), "the fault names the file");
    assert_eq!(log.metrics.database_failing.get(), 1);
    std::fs::create_dir(directory.path().join("later")).unwrap();
    while log.kept.state(&log).unwrap().fault.is_some() {
        std::thread::park_timeout(Duration::from_millis(20));
        look(&log, &wanted);
    }
    look(&log, &wanted);
    assert_eq!(numbers_of(&log, 10), [3, 2, 1]);
    assert_eq!((log.metrics.database_failing.get(), log.metrics.database_dropped.get()), (0, 0));
}

#[test]
fn a_full_disk_is_said_and_survived() {
    let directory = tempfile::tempdir().unwrap();
    let (log, wanted) = (log(), wanted(directory.path()));
    pass(&log, 1);
    look(&log, &wanted);
    if let Some(keeping) = locked(&log.kept.keeping).as_ref() {
        keeping.store.as_ref().unwrap().fill_up();
    }
    for number in 0..1000 {
        // Nothing that fits into the rest of a page when compressed.
        let target = format!("{:x?}", noise(number).take(5).collect::<Vec<_>>());
        let mut call = Arc::into_inner(Call::sample(log.number())).unwrap();
        call.request = Head::request("GET", target.as_bytes(), "HTTP/1.1", [], &Redactor::default());
        log.close(&call, None);
    }
    look(&log, &wanted);
    assert_eq!(log.metrics.database_failing.get(), 1);
    // A fresh connection has no limit: there is room again.
    while log.kept.state(&log).unwrap().fault.is_some() {
        std::thread::park_timeout(Duration::from_millis(20));
        look(&log, &wanted);
    }
    look(&log, &wanted);
    assert_eq!(numbers_of(&log, 2000).len(), 1001);
}

#[test]
fn the_oldest_go_by_size_and_by_age() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("calls.db");
    let store = Store::open(&path).unwrap();
    for first in 0..100 {
        // Nothing that could be compressed.
        let (since, entries) = (first * 1_000_000, noise(first).take(1250).flat_map(u64::to_le_bytes).collect());
        let chunk = Chunk { run: 1, first, last: first, since, until: since, calls: 1, entries };
        store.append(&chunk).unwrap();
    }
    let oldest = || store.oldest().unwrap().map(|(_, number)| number);
    store.prune(1 << 30, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(30))).unwrap();
    assert_eq!(oldest(), Some(30));
    store.prune(500_000, None).unwrap();
    assert!(store.bytes().unwrap() <= 500_000);
    assert!(oldest().is_some_and(|oldest| (50..65).contains(&oldest)), "{:?}", oldest());
    assert!(store.is_sound());
    let left = 100 - oldest().unwrap();
    assert_eq!(store.clear().unwrap(), left);
    assert_eq!(oldest(), None);
    assert!(std::fs::metadata(&path).unwrap().len() < 100_000, "the room is given back");
}

#[test]
fn an_export_has_memory_and_file_once_and_oldest_first() {
    let directory = tempfile::tempdir().unwrap();
    let (log, wanted) = (log(), wanted(directory.path()));
    look(&log, &wanted);
    for _ in 0..10 {
        pass(&log, 1000);
        look(&log, &wanted);
    }
    pass(&log, 5);
    let filter = Filter::default();
    let redactor = crate::redact::Redactor::default();
    let exported =
        |most| -> Vec<String> { log.export(&filter, most, || true, &redactor).map(|call| call.entry.id).collect() };
    let ids = |from: u64| -> Vec<String> { (from..=10_005).map(|number| log.id(number)).collect() };
    assert!(log.evicted() > 1000, "the file has calls that the memory has not");
    assert!(exported(usize::MAX) == ids(1));
    assert!(exported(6000) == ids(4006));
    assert!(exported(3) == ids(10_003));
    assert_eq!(log.export(&filter, usize::MAX, || false, &redactor).count(), 0);
}

#[test]
fn what_is_deleted_is_gone_from_both() {
    let directory = tempfile::tempdir().unwrap();
    let (log, wanted) = (log(), wanted(directory.path()));
    pass(&log, 5);
    look(&log, &wanted);
    assert_eq!(log.clear(), 5);
    assert_eq!(numbers_of(&log, 10), [0; 0]);
    pass(&log, 1);
    look(&log, &wanted);
    assert_eq!(numbers_of(&log, 10), [6]);
    assert_eq!(log.metrics.database_dropped.get(), 0);
}

#[test]
fn rows_overlap_and_no_call_is_lost_or_shown_out_of_order() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("calls.db")).unwrap();
    // A call that took long is written with others that began much later.
    for (first, last, numbers) in [(1, 4, [1, 3, 4]), (2, 9, [2, 6, 9]), (5, 8, [5, 7, 8])] {
        let log = CallLog::new(1 << 20, 1024, Arc::new(Metrics::new(1)));
        let mut tail = log.tail_after(0);
        for number in numbers {
            log.close(&Call::sample(number), None);
        }
        log.stretch(&mut tail);
        let chunk = Chunk::of(7, log.stretch(&mut tail).0).unwrap();
        assert_eq!((chunk.first, chunk.last, chunk.calls), (first, last, 3));
        store.append(&chunk).unwrap();
    }
    let end = || Instant::now() + Duration::from_secs(600);
    let page = |below: u64, most: usize| -> Vec<u64> {
        let wanted = Wanted { below: (7, below), ..all(&|_| true) };
        search(&store, &wanted, most, end()).unwrap().calls.iter().map(|(id, _)| id.1).collect()
    };
    for most in 1..10_u64 {
        for below in 1..=10 {
            let expected: Vec<u64> = (1..below).rev().take(most as usize).collect();
            assert_eq!(page(below, most as usize), expected, "{most} below {below}");
        }
    }
    // Where no time is left nothing is shown, and the next page begins where this one ended.
    let out_of_time = search(&store, &all(&|_| true), 5, Instant::now()).unwrap();
    assert_eq!((out_of_time.calls.len(), out_of_time.until), (0, Some((7, 10))));
}

/// Kept calls hold the places of these words in their lists. A word may be added at an end; any other change makes what
/// was written before say something else, and needs a new `FORM`.
#[test]
fn the_words_of_kept_calls_stay_where_they_are() {
    use crate::words::{Decided, Failure, Reason, Rejection};
    let lists = [
        Decided::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>(),
        Reason::ALL.iter().map(|word| word.as_str()).collect(),
        Failure::ALL.iter().map(|word| word.as_str()).collect(),
        Rejection::ALL.iter().map(|word| word.as_str()).collect(),
    ];
    for (list, first) in lists.into_iter().zip([
        "mocked server_stub forwarded preflight denied limited unmatched rejected failed",
        "path method parameter query header cookie form json body target any body-not-json body-not-form body-encoded \
         body-too-long body-budget body-timeout selector gate off",
        "dns connect-refused connect-timeout connect tls read-timeout write-timeout closed invalid-answer caller-left \
         template internal",
        "request-line version target path connect header bare-lf host content-length transfer-encoding \
         transfer-coding chunk head-too-large head-timeout body-too-large",
    ]) {
        let list = list.join(" ");
        assert!(list.starts_with(first), "{list}");
    }
}

#[test]
fn a_damaged_row_costs_its_own_calls_and_no_others() {
    let directory = tempfile::tempdir().unwrap();
    let (log, wanted) = (log(), wanted(directory.path()));
    for _ in 0..3 {
        pass(&log, 5);
        look(&log, &wanted);
    }
    let damage = "UPDATE chunks SET entries = x'0123456789' WHERE first = 6";
    assert_eq!(rusqlite::Connection::open(&wanted.path).unwrap().execute(damage, []).unwrap(), 1);
    assert_eq!(numbers_of(&log, 20), [15, 14, 13, 12, 11, 5, 4, 3, 2, 1]);
    assert!(log.kept.get(log.run(), 7).is_none());
}

#[test]
fn files_of_others_are_left_as_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("other.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(Store::open(&path), Err(Fault::Foreign)));
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let text = directory.path().join("notes.txt");
    std::fs::write(&text, "not a database at all, but a text of more than sixteen bytes".repeat(40)).unwrap();
    assert!(matches!(Store::open(&text), Err(Fault::Database(_))));
    let newer = directory.path().join("newer.db");
    drop(Store::open(&newer).unwrap());
    rusqlite::Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Store::open(&newer), Err(Fault::OtherForm)));
}
