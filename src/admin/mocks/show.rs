//! How mocks, stubs, scenarios and server stubs are shown.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{scenarios_of, stubs_of};
use crate::admin::Admin;
use crate::admin::shown::{body, delay, headers, when};
use crate::calls::Body;
use crate::live::Snapshot;
use crate::stubs::cors::Cors;
use crate::stubs::matcher::Subject;
use crate::stubs::operator::Operator;
use crate::stubs::postman::Closest;
use crate::stubs::scenario::{self, HostPattern, Scope, Selectors};

/// A mock.
#[derive(Debug, Serialize, ToSchema)]
pub struct Mock {
    /// The name.
    name: String,
    /// How it is called: scheme, host and port, and the base path.
    url: String,
    /// Only these hosts; none means every host.
    hosts: Vec<String>,
    /// The path that all its stubs lie below.
    base_path: Option<String>,
    /// Where its calls go that no stub answers.
    upstream: Option<String>,
    /// A delay for every answer.
    delay: Option<String>,
    /// Who may read answers from a page: `off`, `anyone` or `origins`.
    cors: &'static str,
    /// These, where it is `origins`.
    cors_origins: Vec<String>,
    /// Who may use it.
    access: Access,
    /// The server stub that answers for the mock.
    active_server_stub: Option<String>,
    /// For which of its calls: `mocked` or `all`.
    server_stub_scope: Option<&'static str>,
    /// For whom `x-mock-response-*` chooses the answer: `on`, `off` or `trusted`.
    selectors: &'static str,
    /// Whether every condition must hold, or the closest example answers: `strict` or `postman`.
    matching: &'static str,
    /// In Postman's matching, the lowest row that may match: `wildcard` or `fuzzy`.
    closest: Option<&'static str>,
    /// How many stubs.
    stubs: usize,
    /// How many scenarios.
    scenarios: usize,
    /// How many server stubs.
    server_stubs: usize,
}

/// Who may use a mock.
#[derive(Debug, Serialize, ToSchema)]
struct Access {
    /// Whether a key is needed.
    private: bool,
    /// The header that carries it.
    header: String,
    /// How many keys there are.
    keys: usize,
    /// Whether forwarded calls need one too.
    forwarded: bool,
}

/// Some mocks, in file order.
#[derive(Debug, Serialize, ToSchema)]
pub struct Mocks {
    pub mocks: Vec<Mock>,
    /// The cursor of the next page; null on the last.
    pub next: Option<String>,
}

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

/// A mock.
pub fn show_mock(mock: &scenario::Mock, snapshot: &Snapshot, admin: &Admin) -> Mock {
    let scenario::Mock {
        number: _,
        name,
        hosts,
        base,
        upstream,
        url,
        delay: own_delay,
        cors,
        access,
        active,
        selectors,
        secrets: _,
        postman,
    } = mock;
    let (cors_word, origins) = match cors {
        Cors::Off => ("off", &[][..]),
        Cors::Anyone => ("anyone", &[][..]),
        Cors::Origins { origins, .. } => ("origins", &origins[..]),
    };
    let stubs: Vec<_> = stubs_of(snapshot, mock).collect();
    Mock {
        name: name.to_string(),
        url: format!(
            "{}{}",
            url.as_ref().map_or_else(|| admin.data_url(snapshot, hosts), |url| url.to_string()),
            base.as_ref().map(|base| base.to_string()).unwrap_or_default()
        ),
        hosts: hosts.iter().map(host).collect(),
        base_path: base.as_ref().map(|base| base.to_string()),
        upstream: upstream
            .and_then(|number| snapshot.upstreams.get(number.0 as usize))
            .map(|upstream| upstream.settings.name.to_string()),
        delay: own_delay.map(delay),
        cors: cors_word,
        cors_origins: origins.iter().map(|origin| origin.to_string()).collect(),
        access: Access {
            private: access.private,
            header: access.header.to_string(),
            keys: access.keys.len(),
            forwarded: access.forwarded,
        },
        active_server_stub: active.as_ref().map(|(stub, _)| stub.name.to_string()),
        server_stub_scope: active.as_ref().map(|(_, scope)| match scope {
            Scope::Mocked => "mocked",
            Scope::All => "all",
        }),
        selectors: match selectors {
            Selectors::Off => "off",
            Selectors::On => "on",
            Selectors::Trust(_) => "trusted",
        },
        matching: if postman.is_some() { "postman" } else { "strict" },
        closest: postman.as_ref().map(|settings| match settings.closest {
            Closest::Wildcard => "wildcard",
            Closest::Fuzzy => "fuzzy",
        }),
        scenarios: stubs.iter().map(|stub| stub.scenarios.len()).sum(),
        stubs: stubs.len(),
        server_stubs: snapshot.table.server_stubs().iter().filter(|stub| stub.mock == *name).count(),
    }
}

/// A host as a file writes it.
fn host(pattern: &HostPattern) -> String {
    match pattern {
        HostPattern::Exact(host) => host.to_string(),
        HostPattern::Below(end) => format!("*{end}"),
    }
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
        scenarios: scenarios_of(snapshot, stub).map(show).collect(),
    }
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
