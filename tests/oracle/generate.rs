//! Random configurations, from alphabets so small that stubs collide.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::bulk::bulk;
use super::legal::legal;
use super::model::{
    Condition, Config, Gate, Mock, Operand, Operator, Place, Scenario, Scope, Segment, Stub, Test, When,
};

/// Whether gates, keys, server stubs and methods beyond matching take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extras {
    Without,
    With,
}

pub const TEXTS: [&str; 13] = ["", "1", "1.0", "2", "10", "-1", "a", "b", "ab", "a b", "true", "NaN", "a/b"];
pub const JSON_PATHS: [&str; 9] = ["$.a", "$['a']", "$.b", "$", "$.l[*]", "$.l[0]", "$.l", "$.a.b", "$..a"];
const NUMBERS: [&str; 7] = ["1", "1.0", "2", "-1", "10", "9007199254740993", "9007199254740992"];

/// A configuration that loads, but for rare clashes that only the product can see.
pub fn config(extras: Extras) -> impl Strategy<Value = Config> {
    let gate = if extras == Extras::With { option::weighted(0.4, gate()).boxed() } else { Just(None).boxed() };
    let bulk = option::weighted(0.35, bulk());
    (any::<bool>(), gate, vec(mock(extras), 1..=3), bulk).prop_map(|(upstream, gate, mut mocks, bulk)| {
        mocks[0].stubs.extend(bulk.unwrap_or_default());
        legal(Config { upstream, gate, mocks })
    })
}

fn gate() -> impl Strategy<Value = Gate> {
    let path = (select(vec!["/a", "/a/b", "/c", "/"]), any::<bool>()).prop_map(|(path, whole)| Condition {
        place: Place::Path,
        name: String::new(),
        test: match whole {
            true => Test::Is(Operand::Text(path.into())),
            false => Test::Table(vec![Operator::Prefix(path.into())]),
        },
    });
    let places = vec![(Place::Query, "k"), (Place::Header, "H"), (Place::Cookie, "c")];
    let conditions = vec(prop_oneof![1 => path, 3 => at(select(places))], 1..=2);
    (any::<bool>(), conditions.clone(), conditions, any::<bool>()).prop_map(|(closed, real_when, mock_when, both)| {
        Gate {
            closed,
            real_when: if closed && !both { Vec::new() } else { real_when },
            mock_when: if closed { mock_when } else { Vec::new() },
        }
    })
}

fn mock(extras: Extras) -> impl Strategy<Value = Mock> {
    let files = vec!["standin.toml", "mocks/a.toml", "mocks/a-b.toml", "mocks/B.toml"];
    let hosts = vec(select(vec!["a.x", "b.x", "*.x", "*.b.x", "B.x", "x"]), 1..=2);
    let hosts = prop_oneof![3 => Just(Vec::new()), 2 => hosts];
    let base = prop_oneof![4 => Just(vec![]), 2 => Just(vec!["a"]), 1 => Just(vec!["a", "b"]), 1 => Just(vec!["c"])];
    let rare = |share| if extras == Extras::With { prop::bool::weighted(share).boxed() } else { Just(false).boxed() };
    let scope = prop_oneof![Just(Scope::Mocked), Just(Scope::All)];
    let scope = (rare(0.3), scope).prop_map(|(on, scope)| on.then_some(scope));
    let settings = (prop::bool::weighted(0.1), rare(0.2), rare(0.3), scope);
    (select(files), hosts, base, settings, vec(stub(extras), 0..=6)).prop_map(
        |(file, hosts, base, (upstream, no_cors, private, server_stub), stubs)| Mock {
            file: file.into(),
            name: String::new(),
            hosts: hosts.into_iter().map(str::to_owned).collect(),
            base: base.into_iter().map(str::to_owned).collect(),
            upstream,
            cors: !no_cors,
            private,
            server_stub,
            stubs,
        },
    )
}

fn stub(extras: Extras) -> impl Strategy<Value = Stub> {
    let query = select(vec![("k", "1"), ("k", "2"), ("q", "a"), ("q", "")]);
    let query = prop_oneof![2 => Just(Vec::new()), 1 => vec(query, 1..=2)];
    (method(extras), template(), query, any::<bool>(), vec(scenario(), 1..=3)).prop_map(
        |(method, path, query, short, scenarios)| Stub {
            name: String::new(),
            method: method.into(),
            path,
            query: query.into_iter().map(|(key, value)| (key.into(), value.into())).collect(),
            short,
            scenarios,
        },
    )
}

pub fn method(extras: Extras) -> impl Strategy<Value = &'static str> {
    let options = if extras == Extras::With { 1 } else { 0 };
    prop_oneof![4 => Just("GET"), 2 => Just("HEAD"), 2 => Just("POST"), 3 => Just("ANY"), options => Just("OPTIONS")]
}

pub fn template() -> impl Strategy<Value = Vec<Segment>> {
    let literal = |text: &str| Segment::Literal(text.into());
    let parameter = Just(Segment::Parameter(String::new()));
    let segment = prop_oneof![
        4 => select(vec!["a", "b", "c"]).prop_map(literal),
        1 => Just(literal("é")),
        4 => parameter,
        1 => Just(Segment::Star),
    ];
    let ending = prop_oneof![
        4 => Just(None),
        1 => Just(Some(literal(""))),
        1 => Just(Some(Segment::Rest(String::new()))),
    ];
    (vec(segment, 0..=3), ending).prop_map(move |(mut path, ending)| {
        path.extend(ending);
        if path.is_empty() {
            path.push(literal(""));
        }
        path
    })
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let id = prop::bool::weighted(0.2).prop_map(|own| own.then(String::new));
    (id, when(), select(vec![200, 201, 404])).prop_map(|(id, when, status)| Scenario {
        name: String::new(),
        id,
        when,
        status,
    })
}

pub fn when() -> impl Strategy<Value = When> {
    let any = prop_oneof![4 => Just(Vec::new()), 1 => vec(vec(condition(), 1..=2), 1..=3)];
    let all = prop_oneof![2 => Just(Vec::new()), 5 => vec(condition(), 1..=2)];
    (all, any).prop_map(|(all, any)| When { all, any })
}

/// The places that conditions look at; a path parameter goes by its number until the template is known.
pub fn place() -> impl Strategy<Value = (Place, &'static str)> {
    prop_oneof![
        4 => select(vec![(Place::Query, "k"), (Place::Query, "q")]),
        3 => select(vec![(Place::Header, "H"), (Place::Header, "h"), (Place::Header, "X-Plan")]),
        2 => select(vec![(Place::Cookie, "c"), (Place::Cookie, "d")]),
        2 => select(vec![(Place::Form, "f"), (Place::Form, "k")]),
        4 => select(JSON_PATHS.map(|path| (Place::Json, path)).to_vec()),
        1 => select(vec![(Place::Body, ""), (Place::Target, "")]),
        3 => select(vec![(Place::Path, "0"), (Place::Path, "1")]),
    ]
}

fn condition() -> impl Strategy<Value = Condition> {
    at(place())
}

fn at(place: impl Strategy<Value = (Place, &'static str)>) -> impl Strategy<Value = Condition> {
    place.prop_flat_map(|(place, name)| {
        test(place == Place::Json).prop_map(move |test| Condition { place, name: name.into(), test })
    })
}

fn test(json: bool) -> impl Strategy<Value = Test> {
    prop_oneof![
        3 => scalar().prop_map(Test::Is),
        1 => Just(Test::Table(vec![Operator::Absent])),
        4 => vec(operator(json), 1..=2).prop_map(Test::Table),
        1 => vec(operator(json), 3..=4).prop_map(Test::Table),
    ]
}

fn operator(json: bool) -> BoxedStrategy<Operator> {
    let plain = prop_oneof![
        3 => scalar().prop_map(Operator::Eq),
        2 => scalar().prop_map(Operator::Ne),
        1 => select(vec!["-1", "0.5", "1"]).prop_map(|n| Operator::Gt(number(n))),
        1 => select(vec!["-1", "0.5", "1"]).prop_map(|n| Operator::Ge(number(n))),
        1 => select(vec!["2", "2.0", "10"]).prop_map(|n| Operator::Lt(number(n))),
        1 => select(vec!["2", "2.0", "10"]).prop_map(|n| Operator::Le(number(n))),
        2 => vec(scalar(), 1..=3).prop_map(Operator::In),
        1 => text().prop_map(|text| Operator::Contains(Operand::Text(text))),
        1 => text().prop_map(Operator::Prefix),
        1 => text().prop_map(Operator::Suffix),
        1 => select(vec!["^a", "b$", "a|1", "[0-9]+", "^$"]).prop_map(|re| Operator::Re(re.into())),
    ];
    let plain = match json {
        true => prop_oneof![
            8 => plain,
            3 => value().prop_map(Operator::Subset),
            1 => value().prop_map(Operator::Eq),
            // Of a value in TOML only text is sure to be what `contains` takes everywhere.
            1 => select(TEXTS.to_vec()).prop_map(|text| Operator::Contains(Operand::Text(text.into()))),
        ]
        .boxed(),
        false => plain.boxed(),
    };
    let not = vec(plain.clone(), 1..=2).prop_map(Operator::Not);
    prop_oneof![8 => plain, 1 => Just(Operator::Present), 1 => not].boxed()
}

fn text() -> impl Strategy<Value = String> {
    select(vec!["a", "b", "1", ".", "tru", ""]).prop_map(str::to_owned)
}

fn number(text: &str) -> Operand {
    Operand::Number(text.into())
}

pub fn scalar() -> impl Strategy<Value = Operand> {
    prop_oneof![
        4 => select(TEXTS.to_vec()).prop_map(|text| Operand::Text(text.into())),
        3 => select(NUMBERS.to_vec()).prop_map(number),
        1 => any::<bool>().prop_map(Operand::Bool),
    ]
}

/// Any JSON that TOML can write.
fn value() -> impl Strategy<Value = Operand> {
    scalar().prop_recursive(2, 6, 3, |inner| {
        let member = (select(vec!["a", "b", "l"]), inner.clone()).prop_map(|(key, value)| (key.to_owned(), value));
        prop_oneof![vec(inner, 0..=2).prop_map(Operand::List), vec(member, 0..=2).prop_map(Operand::Table)]
    })
}
