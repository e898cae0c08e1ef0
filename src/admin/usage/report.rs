//! Usage as it is added up, and as the API shows it.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use serde::Serialize;
use utoipa::ToSchema;

use crate::stubs::limit::{LimitKind, Limiter};

/// A count in the making.
#[derive(Debug, Default)]
pub struct Count {
    pub calls: u64,
    pub today: u64,
    pub days: BTreeMap<String, u64>,
}

impl Count {
    pub fn add(&mut self, other: &Count) {
        self.calls += other.calls;
        self.today += other.today;
        for (day, calls) in &other.days {
            *self.days.entry(day.clone()).or_default() += calls;
        }
    }

    pub fn shown(self) -> Counted {
        let days = self.days.into_iter().map(|(day, calls)| Day { day, calls }).collect();
        Counted { calls: self.calls, today: self.today, days }
    }
}

/// The counts of a mock in the making.
#[derive(Debug, Default)]
pub struct MockUse {
    pub count: Count,
    pub decisions: BTreeMap<String, u64>,
    pub stubs: BTreeMap<String, StubUse>,
}

/// The counts of a stub in the making.
#[derive(Debug, Default)]
pub struct StubUse {
    pub count: Count,
    pub scenarios: BTreeMap<String, Count>,
}

impl MockUse {
    pub fn shown(self, mock: String, with_stubs: bool) -> MockUsage {
        let stubs = self.stubs.into_iter().map(|(stub, used)| StubUsage {
            stub,
            counted: used.count.shown(),
            scenarios: used
                .scenarios
                .into_iter()
                .map(|(scenario, count)| ScenarioUsage { scenario, counted: count.shown() })
                .collect(),
        });
        MockUsage {
            mock,
            counted: self.count.shown(),
            decisions: self.decisions,
            limit: None,
            stubs: with_stubs.then(|| stubs.collect()),
        }
    }
}

/// How often what was called.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageReport {
    /// When counting began: the start of the process, RFC 3339.
    pub since: String,
    /// The day, UTC.
    pub today: String,
    /// Calls of all mocks and of none.
    pub calls: u64,
    /// Those of today.
    pub calls_today: u64,
    /// By mock: those that were called, and those with a limit; one without a name are calls that belong to none.
    pub mocks: Vec<MockUsage>,
}

/// How often a mock was called.
#[derive(Debug, Serialize, ToSchema)]
pub struct MockUsage {
    /// Its name.
    pub mock: String,
    #[serde(flatten)]
    pub counted: Counted,
    /// Calls by what was done with them.
    pub decisions: BTreeMap<String, u64>,
    /// How much of its limit is used; null where it has none.
    pub limit: Option<LimitUse>,
    /// By stub and server stub; only where one mock is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stubs: Option<Vec<StubUsage>>,
}

/// How much of a mock's limit is used.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct LimitUse {
    /// Of the quota of calls; null where there is none.
    pub calls: Option<WindowUse>,
    /// Of the rate; null where there is none.
    pub rate: Option<WindowUse>,
}

/// How much of one limit is used.
#[derive(Debug, Serialize, ToSchema)]
pub struct WindowUse {
    /// How many answers there may be.
    pub most: u32,
    /// In what time: `second`, `minute`, `hour` or `day`.
    pub per: &'static str,
    /// How many there were.
    pub used: u32,
    /// When counting begins anew, RFC 3339.
    pub resets: String,
}

impl LimitUse {
    /// What is used of it at this time since the epoch.
    pub fn of(limiter: &Limiter, now: Duration) -> Self {
        let mut out = LimitUse::default();
        for (kind, quota, used, until) in limiter.used(now) {
            let per = match quota.seconds {
                1 => "second",
                60 => "minute",
                3_600 => "hour",
                _ => "day",
            };
            let resets = crate::admin::time(UNIX_EPOCH + Duration::from_secs(until));
            let used = Some(WindowUse { most: quota.most, per, used, resets });
            match kind {
                LimitKind::Calls => out.calls = used,
                LimitKind::Rate => out.rate = used,
            }
        }
        out
    }
}

/// How often a stub answered.
#[derive(Debug, Serialize, ToSchema)]
pub struct StubUsage {
    /// Its name; `_other` for those beyond `metrics.max_stubs`.
    pub stub: String,
    #[serde(flatten)]
    pub counted: Counted,
    /// By scenario.
    pub scenarios: Vec<ScenarioUsage>,
}

/// How often a scenario answered.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScenarioUsage {
    /// Its name.
    pub scenario: String,
    #[serde(flatten)]
    pub counted: Counted,
}

/// Calls since the start, and by day.
#[derive(Debug, Serialize, ToSchema)]
pub struct Counted {
    /// Since the start.
    pub calls: u64,
    /// Of today.
    pub today: u64,
    /// By day, oldest first; days without a call are left out, and so are those that are longer ago than 31.
    pub days: Vec<Day>,
}

/// Calls of one day.
#[derive(Debug, Serialize, ToSchema)]
pub struct Day {
    /// The day, UTC: `2026-01-31`.
    pub day: String,
    /// How many.
    pub calls: u64,
}
