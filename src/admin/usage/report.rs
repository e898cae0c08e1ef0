//! Usage as it is added up, and as the API shows it.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

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
    /// By mock; one without a name are calls that belong to none.
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
    /// By stub and server stub; only where one mock is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stubs: Option<Vec<StubUsage>>,
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
