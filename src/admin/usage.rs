//! `/v1/usage`: how often what was called, since the start and day by day.
//!
//! The counts are those of the metrics: a call costs nothing for them. At the end of a day (UTC) the totals are noted;
//! what was counted on a day is the difference between two such notes.

mod report;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use axum::Json;
use axum::extract::{RawQuery, State};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use utoipa::IntoParams;

use super::Admin;
use super::error::ApiError;
use super::mocks::find_mock;
use super::parameters::Parameters;
use report::{Count, LimitUse, MockUse, UsageReport};

/// How many days are kept beside today.
const DAYS: usize = 31;
/// How long to sleep at most before looking at the date again: clocks are set.
const NAP: Duration = Duration::from_secs(60);

/// Mock, stub, scenario and decision, as the metrics have them.
type Key = [String; 4];

/// What was counted until the days began.
#[derive(Debug)]
pub struct Usage {
    since: SystemTime,
    days: Mutex<Days>,
}

#[derive(Debug)]
struct Days {
    today: Date,
    /// The totals when today began.
    before: BTreeMap<Key, u64>,
    /// Names of what was called, so that each day notes numbers only.
    names: HashMap<Key, u32>,
    /// What was counted on days that are over, oldest first.
    over: VecDeque<(Date, HashMap<u32, u64>)>,
}

impl Usage {
    /// Begins to count at this time.
    pub fn new(now: SystemTime) -> Self {
        let days = Days { today: date(now), before: BTreeMap::new(), names: HashMap::new(), over: VecDeque::new() };
        Usage { since: now, days: Mutex::new(days) }
    }

    /// Notes the end of a day, if it is over.
    fn turn(&self, now: SystemTime, totals: &BTreeMap<Key, u64>) {
        let mut days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        let today = date(now);
        if today <= days.today {
            return;
        }
        let mut counts = HashMap::new();
        for (key, total) in totals {
            let count = counted(*total, days.before.get(key));
            if count > 0 {
                let next = days.names.len() as u32;
                let number = *days.names.entry(key.clone()).or_insert(next);
                counts.insert(number, count);
            }
        }
        let over = days.today;
        days.over.push_back((over, counts));
        while days.over.len() > DAYS {
            days.over.pop_front();
        }
        days.today = today;
        days.before.clone_from(totals);
    }

    /// What was counted, as far as `wanted` asks for it.
    fn report(&self, totals: &BTreeMap<Key, u64>, wanted: Option<&str>) -> UsageReport {
        let days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        let today = days.today;
        let mut mocks: BTreeMap<String, MockUse> = BTreeMap::new();
        let mut all = Count::default();
        for (key, total) in totals {
            let [mock, stub, scenario, decision] = key;
            let mut count = Count { calls: *total, ..Count::default() };
            let number = days.names.get(key);
            for (day, counts) in &days.over {
                if let Some(calls) = number.and_then(|number| counts.get(number)) {
                    count.days.insert(day.to_string(), *calls);
                }
            }
            let now = counted(*total, days.before.get(key));
            if now > 0 {
                count.today = now;
                count.days.insert(today.to_string(), now);
            }
            all.add(&count);
            if wanted.is_some_and(|wanted| wanted != mock) {
                continue;
            }
            let of_mock = mocks.entry(mock.clone()).or_default();
            of_mock.count.add(&count);
            *of_mock.decisions.entry(decision.clone()).or_default() += total;
            if !stub.is_empty() {
                let of_stub = of_mock.stubs.entry(stub.clone()).or_default();
                of_stub.count.add(&count);
                if !scenario.is_empty() {
                    of_stub.scenarios.entry(scenario.clone()).or_default().add(&count);
                }
            }
        }
        let mocks = mocks.into_iter().map(|(name, used)| used.shown(name, wanted.is_some())).collect();
        UsageReport {
            since: super::time(self.since),
            today: today.to_string(),
            calls: all.calls,
            calls_today: all.today,
            mocks,
        }
    }
}

/// What came to a count since a note of it; one that is smaller now began anew, as that of a stub that came back does.
fn counted(total: u64, before: Option<&u64>) -> u64 {
    let before = before.copied().unwrap_or(0);
    total.checked_sub(before).unwrap_or(total)
}

fn date(now: SystemTime) -> Date {
    Timestamp::try_from(now).unwrap_or_default().to_zoned(TimeZone::UTC).date()
}

/// Notes the end of each day. Never ends.
pub async fn turn_days(admin: Arc<Admin>) {
    loop {
        let now = SystemTime::now();
        admin.usage.turn(now, &admin.metrics.calls());
        let since_midnight = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs() % 86_400);
        tokio::time::sleep(Duration::from_secs(86_400 - since_midnight).min(NAP)).await;
    }
}

/// Whose usage, for the document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the document is made of it")]
struct Whose {
    /// Only this mock, with its stubs and scenarios.
    mock: Option<String>,
}

/// How often what was called, since the start and day by day
#[utoipa::path(get, path = "/v1/usage", tag = "usage", params(Whose),
    responses((status = 200, body = UsageReport), (status = 404, description = "there is no such mock", body = super::error::Failure, content_type = "application/problem+json")))]
pub async fn show(State(admin): State<Arc<Admin>>, asked: RawQuery) -> Result<Json<UsageReport>, ApiError> {
    let parameters = Parameters::read(&asked, &["mock"])?;
    let wanted = parameters.get("mock");
    let snapshot = admin.live.snapshot();
    if let Some(name) = wanted {
        find_mock(&snapshot, name)?;
    }
    let (totals, now) = (admin.metrics.calls(), SystemTime::now());
    admin.usage.turn(now, &totals);
    let mut report = admin.usage.report(&totals, wanted);
    let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    for mock in snapshot.table.mocks() {
        let Some(limiter) = mock.limit.as_ref().filter(|_| wanted.is_none_or(|wanted| wanted == &*mock.name)) else {
            continue;
        };
        let at = match report.mocks.binary_search_by(|used| used.mock.as_str().cmp(&mock.name)) {
            Ok(at) => at,
            Err(at) => {
                report.mocks.insert(at, MockUse::default().shown(mock.name.to_string(), wanted.is_some()));
                at
            }
        };
        report.mocks[at].limit = Some(LimitUse::of(limiter, since_epoch));
    }
    Ok(Json(report))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(rows: &[(&str, &str, &str, u64)]) -> BTreeMap<Key, u64> {
        rows.iter()
            .map(|(mock, stub, scenario, n)| ([mock, stub, scenario, "mocked"].map(|s| s.to_string()), *n))
            .collect()
    }

    fn at(day: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(day * 86_400 + 1)
    }

    #[test]
    fn each_day_has_what_was_counted_on_it() {
        let usage = Usage::new(at(0));
        let first = totals(&[("m", "s", "a", 3), ("m", "s", "b", 1), ("", "", "", 5)]);
        usage.turn(at(0), &first);
        assert_eq!(usage.report(&first, None).calls_today, 9);
        usage.turn(at(1), &first);
        let second = totals(&[("m", "s", "a", 10), ("m", "s", "b", 1), ("", "", "", 5)]);
        let report = usage.report(&second, Some("m"));
        assert_eq!((report.calls, report.calls_today, report.today.as_str()), (16, 7, "1970-01-02"));
        let mock = &report.mocks[0];
        assert_eq!((mock.mock.as_str(), mock.counted.calls, mock.counted.today), ("m", 11, 7));
        let days: Vec<_> = mock.counted.days.iter().map(|day| (day.day.as_str(), day.calls)).collect();
        assert_eq!(days, [("1970-01-01", 4), ("1970-01-02", 7)]);
        let stub = &mock.stubs.as_ref().unwrap()[0];
        let scenarios: Vec<_> = stub.scenarios.iter().map(|s| (s.scenario.as_str(), s.counted.calls)).collect();
        assert_eq!(scenarios, [("a", 10), ("b", 1)]);
    }

    #[test]
    fn a_stub_that_came_back_begins_anew_and_old_days_go() {
        let usage = Usage::new(at(0));
        usage.turn(at(1), &totals(&[("m", "s", "a", 10)]));
        assert_eq!(usage.report(&totals(&[("m", "s", "a", 2)]), None).calls_today, 2);
        for day in 2..100 {
            usage.turn(at(day), &totals(&[("m", "s", "a", 10 * day)]));
        }
        assert_eq!(usage.report(&totals(&[("m", "s", "a", 991)]), None).mocks[0].counted.days.len(), DAYS + 1);
    }
}
