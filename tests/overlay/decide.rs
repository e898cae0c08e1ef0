//! Overrides and limits as values: the time comes in, nobody waits.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use standin::config::overlay::{Entry, Fault, lay};
use standin::config::{self, Loaded, Request};
use standin::stubs::decision::{Action, Decision, Inputs};
use standin::stubs::request::{BodyView, HeaderField, RequestView};
use standin::stubs::table::Table;

const USERS: &str = "[[stub]]\nname = \"user\"\nmatch = \"GET /users/{id}\"\n\
    [[stub.scenario]]\nname = \"nobody\"\nwhen.path.id = \"0\"\nstatus = 404\n\
    [[stub.scenario]]\nname = \"gold\"\nwhen.header.x-plan = \"gold\"\nstatus = 201\n\
    [[stub.scenario]]\nname = \"found\"\n\
    [[stub]]\nname = \"me\"\nmatch = \"GET /users/me\"\nwhen.header.x-user = \"7\"\n\
    [[stub]]\nname = \"any\"\nmatch = \"GET /{rest...}\"\nstatus = 299\n";

fn load(text: &str) -> Loaded {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("standin.toml"), text).unwrap();
    let request = Request { config: Some(dir.path().join("standin.toml")), ..Request::default() };
    config::load(&request).unwrap_or_else(|refused| panic!("{}", refused.problems.render(false)))
}

/// An override that begins with the epoch.
fn entry(change: Value) -> Arc<Entry> {
    let Value::Object(change) = change else { panic!("{change}") };
    let entry = Entry {
        id: "1".to_owned(),
        mock: "default".to_owned(),
        change,
        since: SystemTime::UNIX_EPOCH,
        until: None,
        left: None,
    };
    Arc::new(entry.begin(SystemTime::UNIX_EPOCH).unwrap_or_else(|problems| panic!("{}", problems.render(false))))
}

/// A table with overrides over it.
fn under(text: &str, changes: impl IntoIterator<Item = Value>) -> Table {
    let loaded = load(text);
    let entries: Vec<_> = changes.into_iter().map(entry).collect();
    let (table, faults) = lay(&loaded.table, &entries, &loaded.settings.limits);
    assert!(faults.is_empty(), "{faults:?}");
    table
}

struct Asked<'a> {
    method: &'a str,
    target: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    now: u64,
}

fn at<'a>(target: &'a str, now: u64) -> Asked<'a> {
    Asked { method: "GET", target, headers: Vec::new(), now }
}

/// What comes of a request, after what it rests on was taken.
fn outcome(table: &Table, asked: &Asked<'_>, body: BodyView<'_>, settle: bool) -> String {
    let headers: Vec<_> =
        asked.headers.iter().map(|(name, value)| HeaderField { name, value: value.as_bytes() }).collect();
    let view = RequestView::new(asked.method, asked.target.as_bytes(), &headers, body).unwrap();
    let now = Duration::from_secs(asked.now);
    let inputs = Inputs { dice: 0, delay_cap: Duration::from_secs(180), now };
    let decision = table.decide(&view, &inputs);
    assert!(!settle || decision.settle(now));
    said(&decision)
}

fn said(decision: &Decision<'_>) -> String {
    match &decision.action {
        Action::Scenario(scenario, _) => format!("{}={}", scenario.stub, scenario.name),
        Action::ServerStub(stub, _) => stub.name.to_string(),
        Action::Limited(exceeded) => format!("{:?}", exceeded.kind),
        Action::Unmatched => format!("unmatched {}", decision.miss.map_or("", |miss| miss.reason.as_str())),
        other => format!("{other:?}").split(['(', ' ']).next().unwrap().to_owned(),
    }
}

fn get(table: &Table, target: &str, now: u64) -> String {
    outcome(table, &at(target, now), BodyView::Whole(b""), true)
}

#[test]
fn a_forced_scenario_answers_whatever_its_conditions_until_its_time_is_over() {
    let table = under(USERS, [json!({ "stub": "user", "scenario": "nobody", "ttl": "90s" })]);
    assert_eq!(get(&table, "/users/7", 0), "user=nobody");
    assert_eq!(get(&table, "/users/7", 89), "user=nobody");
    assert_eq!(get(&table, "/users/7", 90), "user=found");
    assert_eq!(get(&table, "/other", 0), "any=default", "only that stub");
}

#[test]
fn it_answers_where_its_stub_would_be_asked_and_not_before_a_better_one() {
    let table = under(USERS, [json!({ "stub": "user", "scenario": "nobody" })]);
    let with = |value| Asked { headers: vec![("x-user", value)], ..at("/users/me", 0) };
    assert_eq!(outcome(&table, &with("7"), BodyView::Whole(b""), true), "me=1", "a literal comes first");
    assert_eq!(outcome(&table, &with("8"), BodyView::Whole(b""), true), "user=nobody", "unless it does not hold");
    let table = under(USERS, [json!({ "stub": "any", "scenario": "default" })]);
    assert_eq!(get(&table, "/users/7", 0), "user=found", "the worst stub takes nothing from the others");
    let table = under(USERS, [json!({ "stub": "me", "scenario": "1" })]);
    assert_eq!(get(&table, "/users/me", 0), "me=1", "its own conditions count no longer");
}

#[test]
fn of_several_for_one_stub_the_newest_holds_and_each_for_its_callers() {
    let gold = json!({ "stub": "user", "scenario": "gold", "if": { "header": { "x-user": "7" } } });
    let table = under(USERS, [json!({ "stub": "user", "scenario": "nobody" }), gold]);
    let with = |value| Asked { headers: vec![("x-user", value)], ..at("/users/1", 0) };
    assert_eq!(outcome(&table, &with("7"), BodyView::Whole(b""), true), "user=gold");
    assert_eq!(outcome(&table, &with("8"), BodyView::Whole(b""), true), "user=nobody");
}

#[test]
fn a_stub_that_is_switched_off_is_as_if_it_were_not_there() {
    let off = json!({ "stub": "user", "off": true });
    assert_eq!(get(&under(USERS, [off.clone()]), "/users/7", 0), "any=default");
    let alone = "[default]\naccess = { private = true, keys = [{ file = \"standin.toml\" }] }\n\
                 [[stub]]\nname = \"user\"\nmatch = \"GET /users/{id}\"";
    assert_eq!(get(&under(alone, []), "/users/7", 0), "Denied");
    let table = under(alone, [off]);
    assert_eq!(get(&table, "/users/7", 0), "unmatched off", "nobody asks for a key, and the miss says why");
    let preflight = Asked {
        method: "OPTIONS",
        headers: vec![("origin", "https://a.test"), ("access-control-request-method", "GET")],
        ..at("/users/7", 0)
    };
    assert_eq!(outcome(&under(alone, []), &preflight, BodyView::Whole(b""), true), "Preflight");
    assert_eq!(outcome(&table, &preflight, BodyView::Whole(b""), true), "unmatched method");
}

#[test]
fn one_of_two_variants_is_switched_off_and_selectors_do_not_reach_it() {
    let text =
        "[[stub]]\nname = \"a\"\nmatch = \"GET /x?v=1\"\n[[stub]]\nname = \"b\"\nmatch = \"GET /x\"\nstatus = 201\n";
    let table = under(text, [json!({ "stub": "a", "off": true })]);
    assert_eq!(get(&table, "/x?v=1", 0), "b=default");
    let selected = Asked { headers: vec![("x-mock-response-id", "a/default")], ..at("/x?v=1", 0) };
    assert_eq!(outcome(&table, &selected, BodyView::Whole(b""), true), "unmatched selector");
}

#[test]
fn a_count_is_taken_by_whoever_settles_first() {
    let table = under(USERS, [json!({ "stub": "user", "scenario": "nobody", "count": 1 })]);
    let headers = [];
    let view = RequestView::new("GET", b"/users/7", &headers, BodyView::Whole(b"")).unwrap();
    let inputs = Inputs { dice: 0, delay_cap: Duration::from_secs(180), now: Duration::ZERO };
    let (first, second) = (table.decide(&view, &inputs), table.decide(&view, &inputs));
    assert_eq!((said(&first), said(&second)), ("user=nobody".to_owned(), "user=nobody".to_owned()));
    assert!(first.settle(inputs.now) && !second.settle(inputs.now), "there is one, and it is taken once");
    let third = table.decide(&view, &inputs);
    assert_eq!(said(&third), "user=found");
    assert!(third.settle(inputs.now));
}

#[test]
fn what_is_only_looked_at_or_refused_takes_nothing() {
    let text = format!("[default]\nlimit = {{ rate = \"1/h\" }}\n{USERS}");
    let table = under(&text, [json!({ "stub": "user", "scenario": "nobody", "count": 1 })]);
    for _ in 0..3 {
        assert_eq!(outcome(&table, &at("/users/7", 0), BodyView::Whole(b""), false), "user=nobody");
    }
    assert_eq!(get(&table, "/other", 0), "any=default");
    assert_eq!(get(&table, "/users/7", 0), "Rate", "that was the last answer of this hour");
    assert_eq!(get(&table, "/users/7", 3_600), "user=nobody", "and it took nothing of the override");
}

#[test]
fn a_better_stub_is_asked_first_also_where_it_asks_for_the_body() {
    let text = "[[stub]]\nname = \"first\"\nmatch = \"POST /x?v=1\"\nwhen.json.\"$.a\" = 1\n\
                [[stub]]\nname = \"second\"\nmatch = \"POST /x\"\n";
    let table = under(text, [json!({ "stub": "second", "scenario": "default", "count": 1 })]);
    let asked = Asked { method: "POST", ..at("/x?v=1", 0) };
    assert_eq!(outcome(&table, &asked, BodyView::Unread, true), "NeedsBody");
    assert_eq!(outcome(&table, &asked, BodyView::Whole(b"{\"a\":1}"), true), "first=1");
    assert_eq!(outcome(&table, &asked, BodyView::Whole(b"{}"), true), "second=default");
}

#[test]
fn a_mock_with_postmans_matching_is_no_exception() {
    let text = "[default]\nmatching = \"postman\"\n\
        [[stub]]\nname = \"list\"\nmatch = \"GET /users\"\n\
        [[stub.scenario]]\nname = \"full\"\n[[stub.scenario]]\nname = \"empty\"\nstatus = 404\n\
        [[stub]]\nname = \"second\"\nmatch = \"GET /users?page=2\"\nstatus = 201\n";
    assert_eq!(get(&under(text, []), "/users", 0), "list=full");
    let table = under(text, [json!({ "stub": "list", "scenario": "empty" })]);
    assert_eq!(get(&table, "/users", 0), "list=empty");
    assert_eq!(get(&table, "/users?page=2", 0), "second=default", "the closest example is another stub's");
    let table = under(text, [json!({ "stub": "second", "off": true })]);
    assert_eq!(get(&table, "/users?page=2", 0), "list=full");
    let both = ["list", "second"].map(|stub| json!({ "stub": stub, "off": true }));
    assert_eq!(get(&under(text, both), "/users", 0), "unmatched off");
}

#[test]
fn what_is_not_there_or_would_not_stand_in_a_file_is_left_out_and_the_rest_holds() {
    let loaded = load(USERS);
    let plain = |id: &str, mock: &str, change: Value| {
        let Value::Object(change) = change else { panic!("{change}") };
        let (id, mock) = (id.to_owned(), mock.to_owned());
        Arc::new(Entry { id, mock, change, since: SystemTime::UNIX_EPOCH, until: None, left: None })
    };
    let entries = [
        plain("1", "default", json!({ "stub": "nobody", "off": true })),
        plain("2", "default", json!({ "stub": "user", "scenario": "silver" })),
        plain("3", "orders", json!({ "stub": "user", "off": true })),
        plain("4", "default", json!({ "stub": "user", "off": true, "if": { "header": { "x": { "re": "(" } } } })),
        plain("delay", "default", json!({ "delay": "40" })),
        plain("release", "default", json!({ "release": "v9" })),
        plain("5", "default", json!({ "stub": "user", "scenario": "nobody" })),
    ];
    let (table, faults) = lay(&loaded.table, &entries, &loaded.settings.limits);
    let told: Vec<_> = faults
        .iter()
        .map(|(entry, fault)| match fault {
            Fault::Gone(what) => format!("{}: {what}", entry.id),
            Fault::Refused(problems) => format!("{}: {}", entry.id, problems.list()[0].code),
        })
        .collect();
    assert_eq!(
        told,
        [
            "1: there is no stub `nobody`",
            "2: the stub `user` has no scenario `silver`",
            "3: there is no mock `orders`",
            "4: bad-regex",
            "delay: bare-number",
            "release: there is no release `v9` any more",
        ]
    );
    assert_eq!(get(&table, "/users/7", 0), "user=nobody");
    assert_eq!(get(&loaded.table, "/users/7", 0), "user=found", "the table of the files is as it was");
}
