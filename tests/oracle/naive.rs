//! The naive matcher: sections 4 and 5 of the contract, read aloud, with no index and no thought of speed.

use std::cmp::Reverse;
use std::fmt;

use super::facts::{Facts, Request, bare_host};
use super::holds::{Parameters, every};
use super::model::{Condition, Config, Gate, KEY, Mock, Scenario, Scope, Segment, Stub};

/// What is done with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub mock: Option<String>,
    pub kind: Kind,
    pub miss: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Scenario { stub: String, scenario: String },
    ServerStub,
    Preflight,
    Denied,
    Forward,
    Unmatched,
    GateClosed,
    NeedsBody,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Scenario { stub, scenario } => write!(f, "{stub}/{scenario}")?,
            kind => write!(f, "{kind:?}")?,
        }
        write!(f, " of {}{}", self.mock.as_deref().unwrap_or("none"), if self.miss { ", a miss" } else { "" })
    }
}

/// A stub that fits, with the values of its parameters.
struct Candidate<'a> {
    mock: &'a Mock,
    stub: &'a Stub,
    parameters: Parameters,
}

/// Whether the body was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A scenario that asks for the body, and is tried before one that answers, is a reason to read it.
    Unread,
    Whole,
}

/// Decides. `None` for a path that is refused.
pub fn decide(config: &Config, request: &Request, reading: Reading) -> Option<Verdict> {
    let facts = Facts::of(request)?;
    let mocks = in_file_order(config);
    let candidates = candidates(&mocks, &facts, &request.method);

    let wanted = facts.header("access-control-request-method").filter(|_| facts.header("origin").is_some());
    let of_first = |one: &&Candidate| candidates.first().is_some_and(|first| first.mock.name == one.mock.name);
    let explicit = candidates.iter().filter(of_first).any(|candidate| candidate.stub.method == "OPTIONS");
    if let Some(wanted) = wanted.filter(|_| request.method == "OPTIONS" && !explicit) {
        let candidates = self::candidates(&mocks, &facts, wanted);
        if let Some(first) = candidates.first().filter(|first| first.mock.cors) {
            return Some(Verdict { mock: Some(first.mock.name.clone()), kind: Kind::Preflight, miss: false });
        }
    }

    let mock = candidates.first().map_or_else(|| covering(&mocks, &facts), |first| Some(first.mock));
    let has_candidate = !candidates.is_empty();
    let miss = has_candidate || mock.is_some_and(|mock| !mock.hosts.is_empty() || !mock.base.is_empty());
    let upstream = config.upstream || mock.is_some_and(|mock| mock.upstream);
    let unanswered = |without: Kind| match upstream {
        true => (Kind::Forward, miss),
        // Without an upstream the call ends unmatched, and that is a miss wherever it lies.
        false => (without, true),
    };
    let (kind, miss) = if config.gate.as_ref().is_some_and(|gate| gate.is_closed(&facts)) {
        unanswered(Kind::GateClosed)
    } else {
        match answer(mock, &candidates, &facts, reading) {
            Some(Kind::Unmatched) => (Kind::Unmatched, true),
            Some(kind) => (kind, false),
            None => unanswered(Kind::Unmatched),
        }
    };
    Some(Verdict { mock: mock.map(|mock| mock.name.clone()), kind, miss })
}

/// Access, active server stub, selectors, matching; `None` where nothing answers.
fn answer(mock: Option<&Mock>, candidates: &[Candidate], facts: &Facts, reading: Reading) -> Option<Kind> {
    let mock = mock?;
    let has_candidate = !candidates.is_empty();
    let server_stub = mock.server_stub.is_some_and(|scope| has_candidate || scope == Scope::All);
    if mock.private && (has_candidate || server_stub) && facts.header("x-api-key") != Some(KEY.1) {
        return Some(Kind::Denied);
    }
    if server_stub {
        return Some(Kind::ServerStub);
    }
    let tries = in_order_of_trying(mock, candidates);
    if has_candidate && SELECTORS.iter().any(|name| facts.header(name).is_some()) {
        return Some(selected(&tries, facts, reading));
    }
    first_that_holds(tries.iter(), facts, reading)
}

fn first_that_holds<'a>(mut tries: impl Iterator<Item = &'a Try<'a>>, facts: &Facts, reading: Reading) -> Option<Kind> {
    tries.find_map(|one| match reading {
        Reading::Unread if one.scenario.when.asks_for_body() => Some(Kind::NeedsBody),
        _ => one.holds(facts).then(|| one.kind()),
    })
}

const SELECTORS: [&str; 3] = ["x-mock-response-code", "x-mock-response-id", "x-mock-response-name"];

fn selected(tries: &[Try], facts: &Facts, reading: Reading) -> Kind {
    let [code, id, name] = SELECTORS.map(|selector| facts.header(selector));
    let code = match code.map(status) {
        Some(None) => return Kind::Unmatched,
        Some(Some(code)) => Some(code),
        None => None,
    };
    let fits: Vec<&Try> = tries.iter().filter(|one| code.is_none_or(|code| one.scenario.status == code)).collect();
    let chosen = match (id, name) {
        (Some(id), _) => fits.iter().find(|one| one.id() == id),
        (None, Some(name)) => fits.iter().find(|one| one.scenario.name == name),
        (None, None) => match first_that_holds(fits.iter().copied(), facts, reading) {
            Some(kind) => return kind,
            None => fits.first(),
        },
    };
    chosen.map_or(Kind::Unmatched, |one| one.kind())
}

/// A well-formed status code: three digits.
fn status(text: &str) -> Option<u16> {
    let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap())
}

/// One scenario that is tried.
struct Try<'a> {
    stub: &'a Stub,
    scenario: &'a Scenario,
    parameters: &'a Parameters,
}

impl Try<'_> {
    fn holds(&self, facts: &Facts) -> bool {
        let contains = |pair: &(String, String)| facts.query.contains(pair);
        self.stub.query.iter().all(contains) && self.scenario.when.holds(facts, self.parameters)
    }

    fn kind(&self) -> Kind {
        Kind::Scenario { stub: self.stub.name.clone(), scenario: self.scenario.name.clone() }
    }

    fn id(&self) -> String {
        self.scenario.id.clone().unwrap_or_else(|| format!("{}/{}", self.stub.name, self.scenario.name))
    }
}

/// The scenarios of the candidates of `mock`: by rank, within a stub by number of conditions, then as in the file.
fn in_order_of_trying<'a>(mock: &Mock, candidates: &'a [Candidate<'a>]) -> Vec<Try<'a>> {
    let mut tries = Vec::new();
    for candidate in candidates.iter().filter(|candidate| candidate.mock.name == mock.name) {
        let mut scenarios: Vec<&Scenario> = candidate.stub.scenarios.iter().collect();
        scenarios.sort_by_key(|scenario| Reverse(scenario.when.conditions()));
        let of = |scenario| Try { stub: candidate.stub, scenario, parameters: &candidate.parameters };
        tries.extend(scenarios.into_iter().map(of));
    }
    tries
}

/// standin.toml first, then the files by the bytes of their path.
fn in_file_order(config: &Config) -> Vec<&Mock> {
    let mut mocks: Vec<&Mock> = config.mocks.iter().collect();
    mocks.sort_by_key(|mock| (mock.file != "standin.toml", mock.file.as_bytes()));
    mocks
}

/// Exact before wildcard, longer suffix first, before none; `None` where the mock's hosts exclude the caller's.
type HostRank = (u8, Reverse<usize>);

fn host_rank(mock: &Mock, facts: &Facts) -> Option<HostRank> {
    if mock.hosts.is_empty() {
        return Some((2, Reverse(0)));
    }
    let host = bare_host(facts.header("host")?);
    let rank = |pattern: String| match pattern.strip_prefix('*') {
        // What is left of `*.x` is `.x`, before which at least one character must stand.
        Some(suffix) => (host.len() > suffix.len() && host.ends_with(suffix)).then_some((1, Reverse(suffix.len()))),
        None => (host == pattern).then_some((0, Reverse(0))),
    };
    mock.hosts.iter().map(|pattern| bare_host(pattern)).filter_map(rank).min()
}

fn covering<'a>(mocks: &[&'a Mock], facts: &Facts) -> Option<&'a Mock> {
    let covers = |mock: &&&Mock| facts.path.starts_with(&mock.base);
    let specificity = |mock: &&'a Mock| Some(((host_rank(mock, facts)?, Reverse(mock.base.len())), *mock));
    let fitting = mocks.iter().filter(covers).filter_map(specificity);
    fitting.min_by_key(|(rank, _)| *rank).map(|(_, mock)| mock)
}

/// All stubs that fit, best first.
fn candidates<'a>(mocks: &[&'a Mock], facts: &Facts, method: &str) -> Vec<Candidate<'a>> {
    let mut ranked = Vec::new();
    for mock in mocks {
        let Some(host) = host_rank(mock, facts) else { continue };
        for stub in &mock.stubs {
            let base = mock.base.iter().cloned().map(Segment::Literal);
            let template: Vec<Segment> = base.chain(stub.path.iter().cloned()).collect();
            let Some(parameters) = fit(&template, &facts.path) else { continue };
            let Some(by_method) = method_rank(&stub.method, method) else { continue };
            let kinds: Vec<u8> = template.iter().map(kind_rank).collect();
            let rank = (host, Reverse(mock.base.len()), kinds, by_method, Reverse(stub.query.len()));
            ranked.push((rank, Candidate { mock, stub, parameters }));
        }
    }
    // The sort is stable, and what is sorted stands in file order.
    ranked.sort_by(|(a, _), (b, _)| a.cmp(b));
    ranked.into_iter().map(|(_, candidate)| candidate).collect()
}

fn method_rank(stub: &str, request: &str) -> Option<u8> {
    match stub {
        _ if stub == request => Some(0),
        "GET" if request == "HEAD" => Some(1),
        "ANY" => Some(2),
        _ => None,
    }
}

fn kind_rank(segment: &Segment) -> u8 {
    match segment {
        Segment::Literal(_) => 0,
        Segment::Parameter(_) | Segment::Star => 1,
        Segment::Rest(_) => 2,
    }
}

/// The parameters, where the template fits the path.
fn fit(template: &[Segment], path: &[String]) -> Option<Parameters> {
    let mut parameters = Parameters::new();
    for (i, segment) in template.iter().enumerate() {
        let value = path.get(i)?;
        match segment {
            Segment::Literal(text) if text == value => {}
            Segment::Literal(_) => return None,
            Segment::Parameter(_) | Segment::Star if value.is_empty() => return None,
            Segment::Star => {}
            Segment::Parameter(name) => parameters.push((name.clone(), value.clone())),
            Segment::Rest(name) => {
                parameters.push((name.clone(), path[i..].join("/")));
                return Some(parameters);
            }
        }
    }
    (template.len() == path.len()).then_some(parameters)
}

impl Gate {
    fn is_closed(&self, facts: &Facts) -> bool {
        // A table that is absent opens and closes nothing, and a gate knows no path parameters.
        let holds = |when: &[Condition]| !when.is_empty() && every(when, facts, &Vec::new());
        let real = holds(&self.real_when);
        let mock = holds(&self.mock_when);
        real || (self.closed && !mock)
    }
}
