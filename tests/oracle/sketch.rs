//! Random requests: noise from the alphabets of the configurations, most of them aimed at one scenario.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::generate::Extras;
use super::model::KEY;

/// A request before it is aimed.
#[derive(Clone, Debug)]
pub struct Sketch {
    pub method: &'static str,
    pub host: Option<&'static str>,
    /// Raw segments.
    pub path: Vec<&'static str>,
    /// Raw pairs.
    pub query: Vec<&'static str>,
    pub headers: Vec<(&'static str, &'static str)>,
    pub cookies: Vec<&'static str>,
    pub content_type: Option<&'static str>,
    pub json: Value,
    /// Raw pairs.
    pub form: Vec<&'static str>,
    /// A body that is neither; otherwise `json` or `form` is the body.
    pub body: Body,
    pub aim: Option<Aim>,
    pub spelling: Spelling,
    /// Which segment the spelling concerns.
    pub at: Index,
    pub selectors: Selectors,
    pub key: Option<&'static str>,
    /// The headers of a preflight.
    pub preflight: bool,
}

#[derive(Clone, Copy, Debug)]
pub enum Body {
    Json,
    Form,
    Text(&'static str),
}

/// The scenario that the request should suit, as far as equalities go.
#[derive(Clone, Debug)]
pub struct Aim {
    pub mock: Index,
    pub stub: Index,
    pub scenario: Index,
    pub branch: Index,
    /// HEAD in place of GET, arrays the other way round.
    pub askew: bool,
}

/// Other ways to write the same path, and near misses of it.
#[derive(Clone, Copy, Debug)]
pub enum Spelling {
    Plain,
    Encoded,
    Doubled,
    Dot,
    DotDot,
    SlashAdded,
    SlashTaken,
    Upper,
}

/// What the selector headers say; `Aimed` is what the aimed scenario answers to.
#[derive(Clone, Copy, Debug)]
pub struct Selectors {
    pub code: Selector,
    pub id: Selector,
    pub name: Selector,
}

#[derive(Clone, Copy, Debug)]
pub enum Selector {
    None,
    Aimed,
    Text(&'static str),
}

pub fn sketch(extras: Extras) -> impl Strategy<Value = Sketch> {
    let host = vec!["a.x", "A.X:80", "b.x.", "c.x", "q.b.x", "x", "X.:1", "other"];
    let segments = vec!["a", "b", "c", "", "1", "a%62", "%61", "a%2Fb", "%C3%A9", ".", "..", "%2e", "%2E%2e", "v1"];
    let bad = vec!["%", "%zz", "%0", "a%00", "\\", "%5c"];
    let segment = prop_oneof![80 => select(segments), 1 => select(bad)];
    let query = vec![
        "k=1", "k=2", "k=1.0", "k=", "k", "q=a", "q=a+b", "q=a%20b", "%6b=1", "k=%", "k=1%zz", "q=", "", "=x", "k=a=b",
        "q=NaN", "k=true", "k=inf", "q=1e400", "K=1",
    ];
    let headers = vec![
        ("h", "1"),
        ("H", "a"),
        ("h", "ab"),
        ("X-PLAN", "1.0"),
        ("x-plan", "10"),
        ("h", ""),
        ("x-plan", "a b"),
        ("h", "1,2"),
        ("h", "-inf"),
    ];
    let cookies =
        vec!["c=1", "c=\"1\"", "d=a", "c=", "junk", " d=ab ", "C=1", "c=a=b", "d=\"a b\"", "c=\"", "c = 1", ""];
    let types = vec![
        "application/json",
        "application/x-www-form-urlencoded",
        "Application/X-WWW-Form-URLencoded; charset=utf-8",
        "text/plain",
    ];
    let texts = vec!["", "", "a", "1", "nope", "{", "\"a\"", "ab 1", "null"];
    let body = prop_oneof![3 => Just(Body::Json), 2 => Just(Body::Form), 2 => select(texts).prop_map(Body::Text)];
    let form = vec!["f=1", "k=1", "f=a+b", "f=%31", "f", "f=%", "k=ab", "f=2"];
    let head = (request_method(extras), option::of(select(host)), vec(segment, 0..=4), vec(select(query), 0..=2));
    let fields = (vec(select(headers), 0..=2), vec(select(cookies), 0..=3), option::of(select(types)));
    let bodies = (value(), vec(select(form), 0..=2), body);
    let rest =
        (option::weighted(0.75, aim()), spelling(), any::<Index>(), selectors(extras), key(extras), preflight(extras));
    (head, fields, bodies, rest).prop_map(|(head, fields, bodies, rest)| {
        let (method, host, path, query) = head;
        let (headers, cookies, content_type) = fields;
        let (json, form, body) = bodies;
        let (aim, spelling, at, selectors, key, preflight) = rest;
        Sketch {
            method,
            host,
            path,
            query,
            headers,
            cookies,
            content_type,
            json,
            form,
            body,
            aim,
            spelling,
            at,
            selectors,
            key,
            preflight,
        }
    })
}

fn request_method(extras: Extras) -> impl Strategy<Value = &'static str> {
    let options = if extras == Extras::With { 2 } else { 1 };
    prop_oneof![5 => Just("GET"), 2 => Just("HEAD"), 3 => Just("POST"), 1 => Just("PUT"), options => Just("OPTIONS")]
}

fn aim() -> impl Strategy<Value = Aim> {
    (any::<[Index; 4]>(), prop::bool::weighted(0.25)).prop_map(|([mock, stub, scenario, branch], askew)| Aim {
        mock,
        stub,
        scenario,
        branch,
        askew,
    })
}

fn spelling() -> impl Strategy<Value = Spelling> {
    prop_oneof![
        12 => Just(Spelling::Plain),
        1 => Just(Spelling::Encoded),
        1 => Just(Spelling::Doubled),
        1 => Just(Spelling::Dot),
        1 => Just(Spelling::DotDot),
        1 => Just(Spelling::SlashAdded),
        1 => Just(Spelling::SlashTaken),
        1 => Just(Spelling::Upper),
    ]
}

fn selectors(extras: Extras) -> BoxedStrategy<Selectors> {
    let none = Selectors { code: Selector::None, id: Selector::None, name: Selector::None };
    if extras == Extras::Without {
        return Just(none).boxed();
    }
    let one = |texts: Vec<&'static str>| {
        prop_oneof![
            3 => Just(Selector::None),
            2 => Just(Selector::Aimed),
            1 => select(texts).prop_map(Selector::Text),
        ]
    };
    let code = one(vec!["200", "201", "404", "500", "abc", "20", "2000", "-20"]);
    let id = one(vec!["t0/s0", "t1/1", "id-0-0", "nope"]);
    let name = one(vec!["s0", "s1", "1", "default", "nope"]);
    let some = (code, id, name).prop_map(|(code, id, name)| Selectors { code, id, name });
    prop_oneof![2 => Just(none), 1 => some].boxed()
}

fn key(extras: Extras) -> BoxedStrategy<Option<&'static str>> {
    let key = prop_oneof![2 => Just(Some(KEY.1)), 1 => Just(None), 1 => Just(Some("wrong"))];
    if extras == Extras::With { key.boxed() } else { Just(None).boxed() }
}

fn preflight(extras: Extras) -> BoxedStrategy<bool> {
    if extras == Extras::With { prop::bool::weighted(0.15).boxed() } else { Just(false).boxed() }
}

fn value() -> impl Strategy<Value = Value> {
    let scalars = vec![
        json!(1),
        json!(1.0),
        json!("1"),
        json!(2),
        json!(-1),
        json!(10),
        json!(true),
        json!(false),
        json!(null),
        json!("a"),
        json!("ab"),
        json!(""),
        json!("true"),
        json!(9007199254740992_i64),
        json!(9007199254740993_i64),
    ];
    let scalar = select(scalars);
    let member = |inner: BoxedStrategy<Value>| {
        vec((select(vec!["a", "b", "l"]), inner), 0..=3)
            .prop_map(|members| members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Value>())
    };
    let inner = scalar.prop_recursive(2, 8, 3, move |inner| {
        prop_oneof![vec(inner.clone(), 0..=3).prop_map(Value::from), member(inner.boxed())]
    });
    prop_oneof![5 => member(inner.clone().boxed()), 1 => inner]
}
