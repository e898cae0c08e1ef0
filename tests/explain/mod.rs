//! Why a request is answered as it is: golden explanations, and the property that they agree with the decision.
//!
//! A case is a file in `cases`: a sentence about it, then sections `-- NAME --`: the files of a configuration, the
//! request (line, header fields, an empty line, the body), and the explanation, which `UPDATE_EXPECT=1` writes.

mod command;
mod property;

use std::path::{Path, PathBuf};
use std::time::Duration;

use expect_test::expect_file;
use standin::redact::Redactor;
use standin::stubs::decision::Inputs;
use standin::stubs::explain::{self, Explanation, Question};
use standin::stubs::request::{BodyView, HeaderField, RequestView};
use standin::stubs::table::Table;
use standin::words::Slip;

use crate::oracle::facts::Request;
use crate::oracle::product;
use crate::support::root;

pub fn inputs() -> Inputs {
    Inputs { dice: 0, delay_cap: Duration::from_secs(180), now: Duration::ZERO }
}

/// Explains a request with its whole body, or without it.
fn explanation(table: &Table, request: &Request, candidates: usize, redactor: &Redactor) -> Explanation {
    let headers: Vec<HeaderField> =
        request.headers.iter().map(|(name, value)| HeaderField { name, value: value.as_bytes() }).collect();
    let body = BodyView::Whole(request.body.as_bytes());
    match RequestView::new(&request.method, request.target.as_bytes(), &headers, body) {
        Ok(view) => explain::explain(table, &Question { view: &view, inputs: inputs(), redactor, candidates }),
        Err(fault) => explain::refused(fault),
    }
}

fn cases() -> Vec<PathBuf> {
    let folder = root().join("tests/explain/cases");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

/// The files, the request, and where the explanation begins.
fn read(path: &Path) -> (Vec<(String, String)>, Request, String) {
    const LAST: &str = "-- explanation --\n";
    let text = std::fs::read_to_string(path).unwrap();
    let given = text.split_once(LAST).map_or(text.as_str(), |(given, _)| given).to_owned() + LAST;
    let mut sections: Vec<(String, String)> = Vec::new();
    for line in given.lines() {
        let name = line.strip_prefix("-- ").and_then(|line| line.strip_suffix(" --"));
        match (name, sections.last_mut()) {
            (Some(name), _) => sections.push((name.to_owned(), String::new())),
            (None, Some((_, content))) => content.push_str(&format!("{line}\n")),
            (None, None) => {} // the sentence about the case
        }
    }
    let (files, others): (Vec<_>, Vec<_>) = sections.into_iter().partition(|(name, _)| name.ends_with(".toml"));
    let text = &others.iter().find(|(name, _)| name == "request").unwrap().1;
    let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
    let mut lines = head.lines();
    let (method, target) = lines.next().unwrap().split_once(' ').unwrap();
    let headers = lines.map(|line| line.split_once(": ").unwrap()).map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
    let body = body.trim_end().to_owned();
    (files, Request { method: method.to_owned(), target: target.to_owned(), headers, body }, given)
}

#[test]
fn misses_are_explained_with_their_likely_slip() {
    let mut seen = std::collections::BTreeSet::new();
    let all = cases();
    assert!(all.len() >= 30, "{} cases", all.len());
    for path in all {
        let (files, request, given) = read(&path);
        let table = product::load(&files).unwrap_or_else(|(_, report)| panic!("{}:\n{report}", path.display()));
        let told = explanation(&table, &request, explain::CANDIDATES, &Redactor::default());
        let conditions = told.candidates.iter().flat_map(|candidate| &candidate.conditions);
        seen.extend(conditions.filter_map(|condition| condition.slip.as_ref()).map(|slip| slip.kind));
        expect_file![path].assert_eq(&format!("{given}{told}"));
    }
    let missing: Vec<_> = Slip::ALL.iter().filter(|slip| !seen.contains(slip)).collect();
    assert!(missing.is_empty(), "no case has the slips {missing:?}");
}

#[test]
fn what_must_not_be_shown_is_not_shown() {
    let files = [(
        "standin.toml".to_owned(),
        "[[stub]]\nmatch = \"GET /a\"\nwhen.header.authorization = \"Bearer expected\"\nwhen.query.token = \"wanted\"\n\
         when.header.x = \"the-key\"\n"
            .to_owned(),
    )];
    let table = product::load(&files).unwrap();
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let request = Request {
        method: "GET".to_owned(),
        target: "/a?token=sent-token".to_owned(),
        headers: vec![header("Authorization", "Bearer came"), header("x", "with the-key in it")],
        body: String::new(),
    };
    let redactor = Redactor {
        headers: ["authorization".into()].into(),
        query: ["token".into()].into(),
        keys: [b"the-key"[..].into()].into(),
    };
    let told = explanation(&table, &request, 5, &redactor);
    let shown = format!("{told}{}", serde_json::to_string(&told).unwrap());
    for secret in ["Bearer", "wanted", "sent-token", "the-key"] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    assert_eq!(shown.matches("[redacted]").count(), 12, "{shown}");
}

#[test]
fn an_explanation_of_a_large_table_is_bounded() {
    let stubs: String = (0..3_000).map(|at| format!("[[stub]]\nmatch = \"GET /users/{at}/orders\"\n")).collect();
    let scenarios: String = (0..3_000).map(|at| format!("[[stub.scenario]]\nwhen.header.h = \"{at}\"\n")).collect();
    let text = format!("{stubs}[[stub]]\nmatch = \"POST /users\"\n{scenarios}");
    let table = product::load(&[("standin.toml".to_owned(), text)]).unwrap();
    let ask = |method: &str, target: &str| {
        let (method, target) = (method.to_owned(), target.to_owned());
        let request = Request { method, target, headers: Vec::new(), body: "x".repeat(100_000) };
        explanation(&table, &request, 5, &Redactor::default())
    };
    let told = ask("GET", "/users/x/order");
    assert_eq!((told.candidates.len(), told.candidates.len() + told.left_out > 3_000), (5, true));
    let told = ask("POST", "/users");
    assert_eq!(told.candidates.len(), 5);
    assert!(told.candidates.iter().all(|own| own.stub == "post-users") && told.left_out >= 2_995, "{told}");
    assert!(told.to_string().len() < 10_000);
}
