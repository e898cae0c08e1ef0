//! How stubs, scenarios and server stubs are shown.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::scenarios_of;
use crate::admin::shown::{body, delay, headers, when};
use crate::calls::Body;
use crate::live::Snapshot;
use crate::stubs::matcher::Subject;
use crate::stubs::operator::Operator;
use crate::stubs::scenario;

/// A stub with its scenarios.
#[derive(Debug, Serialize, ToSchema)]
pub struct Stub {
    /// The name.
    name: String,
    /// `METHOD /path?key=value`.
    r#match: String,
    /// The method, or `ANY`.
    method: String,
    /// The path, the mock's base path included.
    path: String,
    /// Whose it is: its own word, or that of the mock.
    owner: Option<String>,
    /// In the order in which they are tried.
    scenarios: Vec<Scenario>,
}

/// A scenario.
#[derive(Debug, Serialize, ToSchema)]
struct Scenario {
    /// The name.
    name: String,
    /// What `x-mock-response-id` names.
    id: String,
    /// The status of the answer.
    status: u16,
    /// A delay before it, that of its stub or server stub included.
    delay: Option<String>,
    /// What must hold, as a file writes it.
    #[schema(value_type = Object)]
    when: Value,
    /// Header fields of the answer.
    headers: Vec<[String; 2]>,
    /// Its body; empty where it is a template.
    body: Body,
    /// Whether headers and body are rendered for each request.
    template: bool,
}

/// Some stubs of a mock, in file order.
#[derive(Debug, Serialize, ToSchema)]
pub struct Stubs {
    pub stubs: Vec<Stub>,
    /// The cursor of the next page; null on the last.
    pub next: Option<String>,
}

/// A server stub.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServerStub {
    /// The name.
    name: String,
    /// The status of the answer.
    status: u16,
    /// A delay before it.
    delay: Option<String>,
    /// Whether it answers for the mock.
    active: bool,
    /// Header fields of the answer.
    headers: Vec<[String; 2]>,
    /// Its body.
    body: Body,
}

/// Some server stubs of a mock, in file order.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServerStubs {
    pub server_stubs: Vec<ServerStub>,
    /// The cursor of the next page; null on the last.
    pub next: Option<String>,
}

/// A stub with its scenarios.
pub fn show_stub(stub: &scenario::Stub, snapshot: &Snapshot) -> Stub {
    let show = |scenario: &Arc<scenario::Scenario>| Scenario {
        name: scenario.name.to_string(),
        id: scenario.id.to_string(),
        status: scenario.answer.status,
        delay: scenario.delay.map(delay),
        when: when(&scenario.conditions, &stub.path, &snapshot.redactor),
        headers: headers(&scenario.answer, &snapshot.redactor),
        body: body(&scenario.answer, &snapshot.redactor),
        template: scenario.answer.template.is_some(),
    };
    Stub {
        name: stub.name.to_string(),
        r#match: match_line(stub),
        method: method(stub).to_owned(),
        path: stub.path.to_string(),
        owner: owner(stub, snapshot),
        scenarios: scenarios_of(snapshot, stub).map(show).collect(),
    }
}

/// Whose a stub is.
fn owner(stub: &scenario::Stub, snapshot: &Snapshot) -> Option<String> {
    let of_mock = || snapshot.table.mocks().get(stub.mock as usize)?.about.owner.as_deref();
    stub.owner.as_deref().or_else(of_mock).map(str::to_owned)
}

fn method(stub: &scenario::Stub) -> &str {
    stub.method.as_deref().unwrap_or("ANY")
}

/// The match line of a stub; its path begins with the mock's base path.
pub fn match_line(stub: &scenario::Stub) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for test in stub.query.tests() {
        if let (Subject::Query(key), [Operator::Eq(operand)]) = (&test.subject, test.operators.as_slice()) {
            query.append_pair(key, &String::from_utf8_lossy(operand.text.as_deref().unwrap_or_default()));
        }
    }
    let query = query.finish();
    let separator = if query.is_empty() { "" } else { "?" };
    format!("{} {}{separator}{query}", method(stub), stub.path)
}

/// A server stub of a mock.
pub fn show_server_stub(stub: &scenario::ServerStub, mock: &scenario::Mock, snapshot: &Snapshot) -> ServerStub {
    ServerStub {
        name: stub.name.to_string(),
        status: stub.answer.status,
        delay: stub.delay.map(delay),
        active: mock.active.as_ref().is_some_and(|(active, _)| active.name == stub.name),
        headers: headers(&stub.answer, &snapshot.redactor),
        body: body(&stub.answer, &snapshot.redactor),
    }
}
