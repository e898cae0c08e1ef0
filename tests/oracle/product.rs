//! The product's answer, in the oracle's words.

use std::collections::HashMap;
use std::time::Duration;

use standin::config;
use standin::problem::{Code, Severity};
use standin::stubs::decision::{Action, Inputs};
use standin::stubs::request::{BodyView, HeaderField, RequestView};
use standin::stubs::table::Table;

use super::facts::Request;
use super::model::KEY;
use super::naive::{Kind, Reading, Verdict};

/// Loads files from a folder of their own.
///
/// # Errors
/// The codes of a refused load, and its report.
pub fn load(files: &[(String, String)]) -> Result<Table, (Vec<Code>, String)> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("mocks")).unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let request = config::Request {
        config: Some(folder.path().join("standin.toml")),
        environment: HashMap::from([(KEY.0.to_owned(), KEY.1.to_owned())]),
        ..Default::default()
    };
    config::load(&request).map(|loaded| loaded.table).map_err(|refused| {
        let errors = refused.problems.list().iter().filter(|problem| problem.severity == Severity::Error);
        (errors.map(|problem| problem.code).collect(), refused.problems.render(false))
    })
}

/// Decides; `None` for a path that is refused.
pub fn decide(table: &Table, request: &Request, reading: Reading) -> Option<Verdict> {
    let headers: Vec<HeaderField> =
        request.headers.iter().map(|(name, value)| HeaderField { name, value: value.as_bytes() }).collect();
    let body = match reading {
        Reading::Whole => BodyView::Whole(request.body.as_bytes()),
        Reading::Unread => BodyView::Unread,
    };
    let view = RequestView::new(&request.method, request.target.as_bytes(), &headers, body).ok()?;
    let decision = table.decide(&view, &Inputs { dice: 0, delay_cap: Duration::from_secs(180), now: Duration::ZERO });
    let kind = match &decision.action {
        Action::Scenario(scenario, _) => {
            Kind::Scenario { stub: scenario.stub.to_string(), scenario: scenario.name.to_string() }
        }
        Action::ServerStub(..) => Kind::ServerStub,
        Action::Preflight { .. } => Kind::Preflight,
        Action::Denied { .. } => Kind::Denied,
        Action::Limited(_) => unreachable!("no mock of the oracle has a limit"),
        Action::Forward { .. } => Kind::Forward,
        Action::Unmatched { .. } => Kind::Unmatched,
        Action::GateClosed { .. } => Kind::GateClosed,
        Action::NeedsBody { .. } => Kind::NeedsBody,
    };
    if let Action::Scenario(scenario, _) = &decision.action {
        let of = decision.mock.as_ref().map(|mock| mock.name.as_ref());
        assert_eq!(of, Some(scenario.mock.as_ref()), "the scenario is one of the request's mock");
    }
    Some(Verdict {
        mock: decision.mock.as_ref().map(|mock| mock.name.to_string()),
        kind,
        miss: decision.miss.is_some(),
    })
}
