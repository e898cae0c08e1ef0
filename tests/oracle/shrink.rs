//! Makes a failing case small.
//!
//! proptest would shrink what the case was made from, but then every request aims elsewhere as soon as a stub goes;
//! here the finished configuration and request lose one thing at a time.

use super::model::{Condition, Config, Gate, Mock, Operator, Stub, Test};
use super::{Case, Request};

/// A smallest case that still fails: nothing more can be left out of it.
pub fn shrunk(mut case: Case, fails: impl Fn(&Case) -> bool) -> Case {
    while let Some(smaller) = simpler(&case).into_iter().find(&fails) {
        case = smaller;
    }
    case
}

/// The case with one thing less, the larger things first.
fn simpler(case: &Case) -> Vec<Case> {
    let requests: Vec<Vec<Request>> = match case.requests.as_slice() {
        [one] => simpler_request(one).into_iter().map(|request| vec![request]).collect(),
        many => many.iter().map(|one| vec![one.clone()]).collect(),
    };
    let configs = simpler_config(&case.config);
    let with_requests = |requests| Case { config: case.config.clone(), requests };
    let with_config = |config| Case { config, requests: case.requests.clone() };
    match case.requests.len() {
        1 => configs.into_iter().map(with_config).chain(requests.into_iter().map(with_requests)).collect(),
        _ => requests.into_iter().map(with_requests).collect(),
    }
}

fn simpler_config(config: &Config) -> Vec<Config> {
    let mut out: Vec<Config> = without_one(&config.mocks).map(|mocks| Config { mocks, ..config.clone() }).collect();
    for gate in config.gate.iter() {
        out.extend(simpler_gate(gate).into_iter().map(|gate| Config { gate, ..config.clone() }));
    }
    for (i, mock) in config.mocks.iter().enumerate() {
        for simpler in simpler_mock(mock) {
            let mut config = config.clone();
            config.mocks[i] = simpler;
            out.push(config);
        }
    }
    if config.upstream {
        out.push(Config { upstream: false, ..config.clone() });
    }
    out
}

/// A gate keeps the conditions that its default needs.
fn simpler_gate(gate: &Gate) -> Vec<Option<Gate>> {
    let real = without_one(&gate.real_when).chain(simpler_conditions(&gate.real_when));
    let mock = without_one(&gate.mock_when).chain(simpler_conditions(&gate.mock_when));
    let real = real.filter(|conditions| gate.closed || !conditions.is_empty());
    let mock = mock.filter(|conditions| !gate.closed || !conditions.is_empty());
    let mut out = vec![None];
    out.extend(real.map(|real_when| Some(Gate { real_when, ..gate.clone() })));
    out.extend(mock.map(|mock_when| Some(Gate { mock_when, ..gate.clone() })));
    out
}

fn simpler_mock(mock: &Mock) -> Vec<Mock> {
    let mut out: Vec<Mock> = without_one(&mock.stubs).map(|stubs| Mock { stubs, ..mock.clone() }).collect();
    // A standin.toml without a stub holds no mock: both sides would have to agree on that first.
    out.retain(|mock| mock.file != "standin.toml" || !mock.stubs.is_empty());
    out.extend(without_one(&mock.hosts).map(|hosts| Mock { hosts, ..mock.clone() }));
    if !mock.base.is_empty() {
        out.push(Mock { base: Vec::new(), ..mock.clone() });
    }
    for (i, stub) in mock.stubs.iter().enumerate() {
        for simpler in simpler_stub(stub) {
            let mut mock = mock.clone();
            mock.stubs[i] = simpler;
            out.push(mock);
        }
    }
    if mock.upstream || mock.private || mock.server_stub.is_some() {
        out.push(Mock { upstream: false, private: false, server_stub: None, ..mock.clone() });
    }
    out
}

fn simpler_stub(stub: &Stub) -> Vec<Stub> {
    let mut out: Vec<Stub> = without_one(&stub.scenarios).map(|scenarios| Stub { scenarios, ..stub.clone() }).collect();
    out.retain(|stub| !stub.scenarios.is_empty());
    out.extend(without_one(&stub.query).map(|query| Stub { query, ..stub.clone() }));
    for (i, scenario) in stub.scenarios.iter().enumerate() {
        let mut add = |all, any| {
            let mut stub = stub.clone();
            let scenario = &mut stub.scenarios[i];
            (scenario.when.all, scenario.when.any) = (all, any);
            if stub.short && scenario.when.all.is_empty() && scenario.when.any.is_empty() {
                scenario.name = "default".into();
            }
            out.push(stub);
        };
        let when = &scenario.when;
        without_one(&when.all).for_each(|all| add(all, when.any.clone()));
        simpler_conditions(&when.all).into_iter().for_each(|all| add(all, when.any.clone()));
        without_one(&when.any).for_each(|any| add(when.all.clone(), any));
        for (branch, conditions) in when.any.iter().enumerate() {
            let less = without_one(conditions).filter(|conditions| !conditions.is_empty());
            for simpler in less.chain(simpler_conditions(conditions)) {
                let mut any = when.any.clone();
                any[branch] = simpler;
                add(when.all.clone(), any);
            }
        }
    }
    out
}

/// With one operator less.
fn simpler_conditions(conditions: &[Condition]) -> Vec<Vec<Condition>> {
    let mut out = Vec::new();
    for (i, condition) in conditions.iter().enumerate() {
        let Test::Table(operators) = &condition.test else { continue };
        let less = without_one(operators).filter(|operators: &Vec<Operator>| !operators.is_empty());
        out.extend(less.map(|operators| {
            let mut conditions = conditions.to_vec();
            conditions[i].test = Test::Table(operators);
            conditions
        }));
    }
    out
}

fn simpler_request(request: &Request) -> Vec<Request> {
    let mut out: Vec<Request> =
        without_one(&request.headers).map(|headers| Request { headers, ..request.clone() }).collect();
    if let Some((path, query)) = request.target.split_once('?') {
        let pairs: Vec<&str> = query.split('&').collect();
        out.push(Request { target: path.into(), ..request.clone() });
        out.extend(
            without_one(&pairs)
                .map(|pairs| Request { target: format!("{path}?{}", pairs.join("&")), ..request.clone() }),
        );
    }
    if !request.body.is_empty() {
        out.push(Request { body: String::new(), ..request.clone() });
    }
    out
}

/// The list without each of its items in turn.
fn without_one<T: Clone>(items: &[T]) -> impl Iterator<Item = Vec<T>> {
    (0..items.len()).map(|i| items.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, item)| item.clone()).collect())
}
