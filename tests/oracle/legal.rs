//! Makes a random configuration one that loads: names, and none of the mistakes that a load refuses.

use std::collections::HashSet;

use super::model::{Condition, Config, Mock, Operand, Operator, Place, Segment, Stub, Test, When};

/// Gives everything a name and takes out what a load would refuse.
pub fn legal(mut config: Config) -> Config {
    if let Some(gate) = &mut config.gate {
        tidy(&mut gate.real_when, &[]);
        tidy(&mut gate.mock_when, &[]);
    }
    let mut files = HashSet::new();
    config.mocks.retain(|mock| files.insert(mock.file.clone()));
    for mock in &mut config.mocks {
        mock.name = match mock.file.as_str() {
            "standin.toml" => "default".into(),
            file => file.trim_start_matches("mocks/").trim_end_matches(".toml").into(),
        };
        mock.hosts = unique(std::mem::take(&mut mock.hosts), |host| host.to_ascii_lowercase());
        let mut seen = HashSet::new();
        for (i, stub) in mock.stubs.iter_mut().enumerate() {
            name(stub, i);
        }
        mock.stubs.retain(|stub| seen.insert(fingerprint(stub)));
    }
    // Whether an empty standin.toml is a mock is not what this test is about.
    config.mocks.retain(|mock| mock.file != "standin.toml" || !mock.stubs.is_empty());
    for i in 1..config.mocks.len() {
        let (before, rest) = config.mocks.split_at_mut(i);
        let rivals: Vec<&Mock> = before.iter().filter(|other| share_scope(other, &rest[0])).collect();
        let taken: HashSet<_> = rivals.iter().flat_map(|mock| mock.stubs.iter().map(route)).collect();
        rest[0].stubs.retain(|stub| !taken.contains(&route(stub)));
    }
    config.mocks.retain(|mock| mock.file != "standin.toml" || !mock.stubs.is_empty());
    config
}

fn share_scope(a: &Mock, b: &Mock) -> bool {
    let lower = |mock: &Mock| mock.hosts.iter().map(|host| host.to_ascii_lowercase()).collect::<HashSet<_>>();
    a.base == b.base && (a.hosts.is_empty() && b.hosts.is_empty() || !lower(a).is_disjoint(&lower(b)))
}

fn unique<T, K: std::hash::Hash + Eq>(items: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut seen = HashSet::new();
    items.into_iter().filter(|item| seen.insert(key(item))).collect()
}

fn name(stub: &mut Stub, index: usize) {
    stub.name = format!("t{index}");
    stub.query = unique(std::mem::take(&mut stub.query), Clone::clone);
    let mut parameters = Vec::new();
    for (i, segment) in stub.path.iter_mut().enumerate() {
        if let Segment::Parameter(name) | Segment::Rest(name) = segment {
            // Names differ from stub to stub: only the shape of a template may count.
            *name = format!("p{}{i}", index % 2);
            parameters.push(name.clone());
        }
    }
    stub.short &= stub.scenarios.len() == 1;
    for (i, scenario) in stub.scenarios.iter_mut().enumerate() {
        tidy(&mut scenario.when.all, &parameters);
        scenario.when.any.iter_mut().for_each(|branch| tidy(branch, &parameters));
        scenario.when.any.retain(|branch| !branch.is_empty());
        let default = scenario.when.all.is_empty() && scenario.when.any.is_empty();
        scenario.name = match stub.short {
            true if default => "default".into(),
            true => "1".into(),
            false => format!("s{i}"),
        };
        scenario.id = scenario.id.take().filter(|_| !stub.short).map(|_| format!("id-{index}-{i}"));
    }
}

/// Path conditions get the name of a parameter; keys and operators stand once.
fn tidy(conditions: &mut Vec<Condition>, parameters: &[String]) {
    conditions.retain_mut(|condition| {
        if condition.place == Place::Path && !condition.name.is_empty() {
            let Ok(number) = condition.name.parse::<usize>() else { return true };
            let Some(name) = parameters.get(number % parameters.len().max(1)) else { return false };
            condition.name = name.clone();
        }
        true
    });
    *conditions = unique(std::mem::take(conditions), |condition| match condition.place {
        Place::Header => (condition.place, condition.name.to_ascii_lowercase()),
        place => (place, condition.name.clone()),
    });
    for condition in conditions {
        if let Test::Table(operators) = &mut condition.test {
            tidy_operators(operators);
        }
    }
}

fn tidy_operators(operators: &mut Vec<Operator>) {
    *operators = unique(std::mem::take(operators), |operator| match operator {
        // One lower and one upper bound are enough, and never contradict each other.
        Operator::Ge(_) => "gt",
        Operator::Le(_) => "lt",
        operator => operator.key(),
    });
    for operator in operators {
        match operator {
            Operator::Not(inner) => tidy_operators(inner),
            Operator::Eq(operand) | Operator::Subset(operand) => tidy_operand(operand),
            _ => {}
        }
    }
}

fn tidy_operand(operand: &mut Operand) {
    match operand {
        Operand::List(items) => items.iter_mut().for_each(tidy_operand),
        Operand::Table(members) => {
            *members = unique(std::mem::take(members), |(key, _)| key.clone());
            members.iter_mut().for_each(|(_, value)| tidy_operand(value));
        }
        Operand::Text(_) | Operand::Number(_) | Operand::Bool(_) => {}
    }
}

/// Method and shape of the path: what two mocks of one scope must not share.
fn route(stub: &Stub) -> (String, Vec<String>) {
    let shape = |segment: &Segment| match segment {
        Segment::Literal(text) => format!("={text}"),
        Segment::Parameter(_) | Segment::Star => "*".into(),
        Segment::Rest(_) => "**".into(),
    };
    (stub.method.clone(), stub.path.iter().map(shape).collect())
}

/// What two stubs of one mock must not share.
fn fingerprint(stub: &Stub) -> String {
    let mut query = stub.query.clone();
    query.sort();
    let mut whens: Vec<String> = stub.scenarios.iter().map(|scenario| when_key(&scenario.when, &stub.path)).collect();
    whens.sort();
    format!("{:?} {query:?} {whens:?}", route(stub))
}

fn when_key(when: &When, path: &[Segment]) -> String {
    let branch = |conditions: &[Condition]| {
        let mut keys: Vec<String> = conditions.iter().map(|condition| condition_key(condition, path)).collect();
        keys.sort();
        keys
    };
    let mut any: Vec<Vec<String>> = when.any.iter().map(|conditions| branch(conditions)).collect();
    any.sort();
    format!("{:?} {any:?}", branch(&when.all))
}

fn condition_key(condition: &Condition, path: &[Segment]) -> String {
    let position = path.iter().position(|segment| match segment {
        Segment::Parameter(name) | Segment::Rest(name) => *name == condition.name,
        Segment::Literal(_) | Segment::Star => false,
    });
    let equal = |operand: &Operand| match (condition.place, operand) {
        (Place::Json, Operand::Number(text)) => format!("{:?}", text.parse::<f64>().unwrap()),
        (Place::Json, operand) => format!("{operand:?}"),
        (_, operand) => operand.text(),
    };
    let test = match &condition.test {
        Test::Is(operand) => equal(operand),
        Test::Table(operators) => match operators.as_slice() {
            [Operator::Eq(operand)] => equal(operand),
            operators => format!("{operators:?}"),
        },
    };
    let name = match condition.place {
        Place::Path => format!("{position:?}"),
        Place::Header => condition.name.to_ascii_lowercase(),
        _ => condition.name.clone(),
    };
    format!("{:?} {name} {test}", condition.place)
}
