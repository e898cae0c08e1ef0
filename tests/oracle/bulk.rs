//! Many rules on one path, told apart by equality: what an index has to split.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::generate::{Extras, method, place, template, when};
use super::model::{Condition, Operand, Operator, Place, Scenario, Segment, Stub, Test, When};

/// What one rule asks of the attribute that tells the rules apart.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Equal,
    EqualAndMore,
    OneOf,
    AnyEqual,
    AnyEqualOrOther,
    EqualButNot,
    InMatch,
    Other,
}

#[derive(Clone, Debug)]
struct Rule {
    shape: Shape,
    value: usize,
    /// Which attribute it asks, where rules differ in that.
    attribute: Index,
    extra: When,
    status: u16,
}

/// One stub with many scenarios, or many stubs on one path.
pub fn bulk() -> impl Strategy<Value = Vec<Stub>> {
    let attributes = prop_oneof![3 => vec(place(), 1), 1 => vec(place(), 2..=3)];
    let scenarios = (attributes.clone(), vec(rule(), 20..=60), path(), method(Extras::Without));
    let stubs = (attributes, vec(rule(), 20..=40), path(), method(Extras::Without), any::<bool>());
    prop_oneof![
        scenarios.prop_map(|(attributes, rules, path, method)| {
            let scenarios = rules.iter().map(|rule| rule.scenario(&attributes)).collect();
            vec![stub(method, path, Vec::new(), scenarios)]
        }),
        stubs.prop_map(|(attributes, rules, path, method, repeat)| {
            let of = |rule: &Rule| stub(method, path.clone(), rule.query(repeat), vec![rule.scenario(&attributes)]);
            rules.iter().map(of).collect()
        }),
    ]
}

/// A template with a parameter that rules can ask for.
fn path() -> impl Strategy<Value = Vec<Segment>> {
    template().prop_map(|mut path| {
        path.insert(0, Segment::Parameter(String::new()));
        path
    })
}

fn stub(method: &str, path: Vec<Segment>, query: Vec<(String, String)>, scenarios: Vec<Scenario>) -> Stub {
    let short = query.is_empty();
    Stub { name: String::new(), method: method.into(), path, query, short, scenarios }
}

fn rule() -> impl Strategy<Value = Rule> {
    let shape = prop_oneof![
        10 => Just(Shape::Equal),
        2 => Just(Shape::EqualAndMore),
        1 => Just(Shape::OneOf),
        1 => Just(Shape::AnyEqual),
        1 => Just(Shape::AnyEqualOrOther),
        1 => Just(Shape::EqualButNot),
        2 => Just(Shape::InMatch),
        1 => Just(Shape::Other),
    ];
    (shape, 0..90usize, any::<Index>(), when(), select(vec![200, 201, 404]))
        .prop_map(|(shape, value, attribute, extra, status)| Rule { shape, value, attribute, extra, status })
}

impl Rule {
    fn scenario(&self, attributes: &[(Place, &str)]) -> Scenario {
        let (place, name) = *self.attribute.get(attributes);
        let equal = |i| match place {
            Place::Json => json_operand(i),
            _ => operand(i),
        };
        let condition = |test| Condition { place, name: name.into(), test };
        let is = |i| condition(Test::Table(vec![Operator::Eq(equal(i))]));
        let alone = |all| When { all, any: Vec::new() };
        let i = self.value;
        let extra = &self.extra;
        let when = match self.shape {
            Shape::Equal => alone(vec![is(i)]),
            Shape::EqualAndMore => When { all: [vec![is(i)], extra.all.clone()].concat(), any: extra.any.clone() },
            Shape::OneOf => {
                alone(vec![condition(Test::Table(vec![Operator::In([i, i + 1, i + 7].map(operand).to_vec())]))])
            }
            Shape::AnyEqual => When { all: Vec::new(), any: vec![vec![is(i)], vec![is(i + 6)]] },
            Shape::AnyEqualOrOther => When { all: vec![is(i)], any: vec![vec![is(i + 1)], extra.all.clone()] },
            Shape::EqualButNot => {
                let not = Operator::Not(vec![Operator::Prefix("1".into())]);
                alone(vec![condition(Test::Table(vec![Operator::Eq(equal(i)), not]))])
            }
            Shape::InMatch => alone(Vec::new()),
            Shape::Other => extra.clone(),
        };
        Scenario { name: String::new(), id: None, when, status: self.status }
    }

    /// The query of `match`, where the rule asks there; with `repeat` some ask for two values of one key.
    fn query(&self, repeat: bool) -> Vec<(String, String)> {
        let pair = |i: usize| ("k".to_owned(), format!("v{}", i % 30));
        match self.shape {
            Shape::InMatch if repeat && self.value.is_multiple_of(5) => vec![pair(self.value), pair(self.value + 1)],
            Shape::InMatch => vec![pair(self.value)],
            _ => Vec::new(),
        }
    }
}

/// Scalars that are near each other: numbers in two spellings, their texts, booleans and theirs.
fn operand(i: usize) -> Operand {
    let n = i / 6;
    match i % 6 {
        0 => Operand::Number(n.to_string()),
        1 => Operand::Text(n.to_string()),
        2 => Operand::Number(format!("{n}.0")),
        3 => Operand::Text(format!("v{n}")),
        4 => Operand::Bool(n.is_multiple_of(2)),
        _ => Operand::Text(["true", "false", "null", "", "a", "1.0"][n % 6].into()),
    }
}

fn json_operand(i: usize) -> Operand {
    match i % 12 {
        11 => Operand::List(vec![operand(i / 12)]),
        10 => Operand::Table(vec![("b".into(), operand(i / 12))]),
        _ => operand(i),
    }
}
