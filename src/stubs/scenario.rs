//! Mocks, stubs, scenarios and server stubs as they run: checked, immutable, with everything that an answer needs.

use std::sync::Arc;

use ipnet::IpNet;
use subtle::ConstantTimeEq;

use super::accept::Offer;
use super::answer::Answer;
use super::cors::Cors;
use super::delay::Delay;
use super::limit::Limiter;
use super::marker::Marker;
use super::matcher::Conditions;
use super::path_template::Template;
use super::postman;
use super::request::RequestView;

/// The number of an upstream in the list that the settings hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Destination(pub u32);

/// A named set of stubs with its own settings.
#[derive(Clone, Debug)]
pub struct Mock {
    /// Its number in the table.
    pub number: u32,
    /// The name.
    pub name: Arc<str>,
    /// Only these hosts; none means every host.
    pub hosts: Box<[HostPattern]>,
    /// The path that all its stubs lie below.
    pub base: Option<Template>,
    /// Where its calls go that no stub answers; `None` where there is no upstream at all.
    pub upstream: Option<Destination>,
    /// How callers reach it: scheme, host and port; `None` where it says nothing of that.
    pub url: Option<Box<str>>,
    /// A delay for every answer.
    pub delay: Option<Delay>,
    /// Cross-origin policy.
    pub cors: Cors,
    /// Who may use it.
    pub access: Access,
    /// The server stub that answers for the mock, and for which of its calls.
    pub active: Option<(Arc<ServerStub>, Scope)>,
    /// Whether headers choose the answer.
    pub selectors: Selectors,
    /// How often it answers; `None` for as often as it is asked.
    pub limit: Option<Arc<Limiter>>,
    /// Values of variables that are shown nowhere.
    pub secrets: Box<[Key]>,
    /// What people want to know of it, and no decision.
    pub about: Box<About>,
    /// How Postman's matching chooses; `None` where every condition of a stub must hold.
    pub postman: Option<Box<postman::Settings>>,
}

impl Mock {
    /// Whether it names a host or a base path: only then is a call that no stub fits a miss.
    pub fn is_scoped(&self) -> bool {
        !self.hosts.is_empty() || self.base.is_some()
    }

    /// Whether it is one of Postman's matching that has no example to match.
    pub fn lacks_examples(&self) -> bool {
        self.postman.as_ref().is_some_and(|settings| !settings.has_examples)
    }
}

/// What people want to know of a mock, and no decision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Whose it is.
    pub owner: Option<Box<str>>,
    /// The collection that it is made of, as its file names it.
    pub collection: Option<Box<str>>,
    /// The active environment.
    pub environment: Option<Box<str>>,
    /// All environments.
    pub environments: Box<[Box<str>]>,
    /// The active release.
    pub release: Option<Box<str>>,
    /// All releases.
    pub releases: Box<[Box<str>]>,
}

/// A host that a mock serves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostPattern {
    /// This host, in lower case, without a port.
    Exact(Box<str>),
    /// Every host that ends so, `.x` for `*.x`; one or more labels stand before it.
    Below(Box<str>),
}

impl HostPattern {
    /// Whether it covers a host, which is in lower case and without a port.
    pub fn covers(&self, host: &str) -> bool {
        match self {
            HostPattern::Exact(own) => **own == *host,
            HostPattern::Below(suffix) => host.strip_suffix(&**suffix).is_some_and(|labels| !labels.is_empty()),
        }
    }
}

impl std::fmt::Display for HostPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            HostPattern::Exact(host) => f.write_str(host),
            HostPattern::Below(suffix) => write!(f, "*{suffix}"),
        }
    }
}

/// Which calls an active server stub answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Calls that some stub fits.
    Mocked,
    /// Every call of the mock.
    All,
}

/// Who may use a mock.
#[derive(Clone, Debug)]
pub struct Access {
    /// Whether a key is needed.
    pub private: bool,
    /// The keys.
    pub keys: Box<[Key]>,
    /// The header that carries one, in lower case.
    pub header: Box<str>,
    /// Whether forwarded calls need one too.
    pub forwarded: bool,
}

/// A key. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct Key(Box<[u8]>);

impl Key {
    /// A key with this text.
    pub fn new(text: &str) -> Self {
        Key(text.as_bytes().into())
    }

    /// The text, for the redaction of logs only.
    pub fn secret(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

impl Access {
    /// Whether the request carries a key of this mock. Takes as long for a wrong key as for a right one.
    pub fn has_key(&self, view: &RequestView<'_>) -> bool {
        view.header(&self.header).is_some_and(|sent| self.is_key(sent))
    }

    /// Whether a key, right or wrong, came in the query alone: Postman's mock servers once took it from there.
    pub fn is_key_in_query(&self, view: &RequestView<'_>) -> bool {
        view.header(&self.header).is_none() && view.query().iter().any(|(key, _)| &**key == b"apikey")
    }

    /// Whether this is a key of the mock.
    pub fn is_key(&self, sent: &[u8]) -> bool {
        self.keys.iter().fold(subtle::Choice::from(0), |found, key| found | key.0.ct_eq(sent)).into()
    }
}

/// Whether `x-mock-response-*` headers choose the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selectors {
    /// For nobody.
    Off,
    /// For everybody.
    On,
    /// For peers in these ranges.
    Trust(Box<[IpNet]>),
}

impl Selectors {
    /// Whether they are on for the sender of this request.
    pub fn are_on(&self, view: &RequestView<'_>) -> bool {
        match self {
            Selectors::Off => false,
            Selectors::On => true,
            Selectors::Trust(ranges) => view.peer.is_some_and(|peer| ranges.iter().any(|range| range.contains(&peer))),
        }
    }
}

/// A named 5xx answer.
#[derive(Clone, Debug)]
pub struct ServerStub {
    /// Its number in the table.
    pub number: u32,
    /// The mock it belongs to.
    pub mock: Arc<str>,
    /// The name.
    pub name: Arc<str>,
    /// The response.
    pub answer: Answer,
    /// A delay before it.
    pub delay: Option<Delay>,
    /// The start of its `standin` field.
    pub marker: Marker,
}

/// Method and path template, with the query conditions of `match`.
#[derive(Clone, Debug)]
pub struct Stub {
    /// The mock it belongs to, by its number.
    pub mock: u32,
    /// The name.
    pub name: Arc<str>,
    /// The method; `None` for any.
    pub method: Option<Box<str>>,
    /// The path, the mock's base path included.
    pub path: Arc<Template>,
    /// What `match` says of the query; nothing in Postman's matching, where the examples say it.
    pub query: Conditions,
    /// Whose it is, where that is said of it alone.
    pub owner: Option<Box<str>>,
    /// Its scenarios in the order in which they are tried, by their numbers in the table.
    pub scenarios: Box<[u32]>,
}

/// One way in which a stub answers.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its number in the table.
    pub number: u32,
    /// The mock it belongs to.
    pub mock: Arc<str>,
    /// The stub it belongs to.
    pub stub: Arc<str>,
    /// The name.
    pub name: Arc<str>,
    /// What `x-mock-response-id` names.
    pub id: Arc<str>,
    /// The path of its stub: what it [captures](super::path_template::captures) is for the response.
    pub path: Arc<Template>,
    /// What must hold; nothing in Postman's matching.
    pub conditions: Conditions,
    /// The request that it is the answer to, in Postman's matching.
    pub example: Option<Box<postman::example::Example>>,
    /// The response.
    pub answer: Answer,
    /// A delay of its own or, failing that, of its server stub, its stub or its mock.
    pub delay: Option<Delay>,
    /// The start of its `standin` field.
    pub marker: Marker,
    /// Whether it answers only where a selector names it, or in place of another.
    pub only_selected: bool,
    /// What can be sent in its place, itself first; none where there is nothing else.
    pub offers: Box<[Offer]>,
}

/// The condition that opens or closes all mocking for a request.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    /// What closes it; wins.
    pub real_when: Option<Conditions>,
    /// What opens it; `None` where it is open by default.
    pub mock_when: Option<Conditions>,
}

impl Gate {
    /// Whether mocks are on for this request.
    pub fn is_open(&self, view: &RequestView<'_>) -> bool {
        let holds = |conditions: &Conditions| conditions.check(view) == super::matcher::Outcome::Holds;
        !self.real_when.as_ref().is_some_and(holds) && self.mock_when.as_ref().is_none_or(holds)
    }
}
