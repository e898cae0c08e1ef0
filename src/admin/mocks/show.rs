//! How mocks are shown.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::stubs_of;
use crate::admin::Admin;
use crate::admin::shown::delay;
use crate::config::overlay::Entry;
use crate::live::Snapshot;
use crate::stubs::cors::Cors;
use crate::stubs::limit;
use crate::stubs::postman::Closest;
use crate::stubs::scenario::{self, About, HostPattern, Scope, Selectors};

/// A mock.
#[derive(Debug, Serialize, ToSchema)]
pub struct Mock {
    /// The name.
    name: String,
    /// How it is called: scheme, host and port, and the base path.
    url: String,
    /// Whose it is.
    owner: Option<String>,
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
    /// How often it answers.
    limit: Option<Limit>,
    /// The collection that it is made of, as its file names it.
    collection: Option<String>,
    /// The active environment.
    environment: Option<String>,
    /// All environments.
    environments: Vec<String>,
    /// The active release.
    release: Option<String>,
    /// All releases.
    releases: Vec<String>,
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
    /// The settings that are changed against the files; each is undone as an override of that id.
    changed: Vec<String>,
}

/// How often a mock answers.
#[derive(Debug, Serialize, ToSchema)]
struct Limit {
    /// So many calls in each window.
    calls: Option<u32>,
    /// How long a window is: `hour` or `day`.
    per: Option<&'static str>,
    /// A rate: `120/min`.
    rate: Option<String>,
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

/// A mock.
pub fn show_mock(mock: &scenario::Mock, snapshot: &Snapshot, admin: &Admin, entries: &[Arc<Entry>]) -> Mock {
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
        limit,
        secrets: _,
        about,
        postman,
    } = mock;
    let About { owner, collection, environment, environments, release, releases } = &**about;
    let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
    let texts = |texts: &[Box<str>]| texts.iter().map(|text| text.to_string()).collect();
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
        owner: text(owner),
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
        limit: limit.as_ref().map(|limiter| show_limit(limiter.limit)),
        collection: text(collection),
        environment: text(environment),
        environments: texts(environments),
        release: text(release),
        releases: texts(releases),
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
        changed: entries
            .iter()
            .filter(|entry| entry.is_setting() && *entry.mock == **name)
            .map(|entry| entry.id.clone())
            .collect(),
    }
}

fn show_limit(limit: limit::Limit) -> Limit {
    let unit = |seconds| match seconds {
        1 => "s",
        60 => "min",
        _ => "h",
    };
    Limit {
        calls: limit.calls.map(|quota| quota.most),
        per: limit.calls.map(|quota| if quota.seconds == 86_400 { "day" } else { "hour" }),
        rate: limit.rate.map(|quota| format!("{}/{}", quota.most, unit(quota.seconds))),
    }
}

/// A host as a file writes it.
fn host(pattern: &HostPattern) -> String {
    match pattern {
        HostPattern::Exact(host) => host.to_string(),
        HostPattern::Below(end) => format!("*{end}"),
    }
}
