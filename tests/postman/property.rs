//! The compiled collection held against the naive reading, on random collections and requests.

use fastrand::Rng;

use standin::stubs::table::Table;

use super::generate;
use super::naive::{self, Mock, Verdict};
use crate::oracle::facts::Request;
use crate::oracle::naive::{Kind, Reading};
use crate::oracle::product;

/// How many requests meet each collection.
const REQUESTS: usize = 6;

/// So many collections share a configuration: each is a mock with a host of its own.
const TOGETHER: usize = 25;

fn load(mocks: &[Mock]) -> Result<Table, String> {
    let mut files = vec![("standin.toml".to_owned(), "mocks = [\"mocks/*.toml\"]\n".to_owned())];
    for (at, mock) in mocks.iter().enumerate() {
        files.push((format!("mocks/m{at}.toml"), format!("hosts = [\"h{at}\"]\n{}", generate::file(mock))));
    }
    product::load(&files).map_err(|(_, report)| report)
}

/// How the two differ, if they do.
fn difference(table: &Table, mock: &Mock, at: usize, request: &Request) -> Option<String> {
    let mut sent = request.clone();
    sent.headers.push(("Host".to_owned(), format!("h{at}")));
    let decide = |reading| product::decide(table, &sent, reading).map(|verdict| verdict.kind);
    let (whole, early) = (decide(Reading::Whole), decide(Reading::Unread));
    let Some(Verdict { answer, may_ask_for_body }) = naive::decide(mock, request) else {
        return whole.is_some().then(|| format!("the oracle refuses the path; the product: {whole:?}"));
    };
    let found = match &whole {
        Some(Kind::Scenario { stub, .. }) => Some(stub.clone()),
        _ => None,
    };
    if found != answer {
        return Some(format!("oracle: {answer:?}\nproduct: {whole:?}"));
    }
    if early == Some(Kind::NeedsBody) {
        return (!may_ask_for_body).then(|| "the body is asked for, but no example can gain by it".to_owned());
    }
    (early != whole).then(|| format!("without the body: {early:?}\nwith it: {whole:?}"))
}

/// The mock with as few examples as show the difference.
fn shrunk(mut mock: Mock, request: &Request) -> Mock {
    let differs = |mock: &Mock| {
        load(std::slice::from_ref(mock)).is_ok_and(|table| difference(&table, mock, 0, request).is_some())
    };
    while let Some(smaller) = (0..mock.examples.len()).find_map(|at| {
        let mut smaller = mock.clone();
        smaller.examples.remove(at);
        differs(&smaller).then_some(smaller)
    }) {
        mock = smaller;
    }
    mock
}

/// Runs so many collections; `PROPTEST_CASES` takes the place of the number.
fn run(collections: usize, fuzzy: bool) {
    let number = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(collections);
    let (mut answered, mut asked, mut last_row) = (0, 0, 0);
    for batch in 0..number.div_ceil(TOGETHER) {
        // The same cases on every machine: a red build can be run again.
        let mut rng = Rng::with_seed(batch as u64);
        let mocks: Vec<Mock> = (0..TOGETHER).map(|_| generate::mock(&mut rng, fuzzy)).collect();
        let table = load(&mocks).unwrap_or_else(|report| panic!("batch {batch} should load:\n{report}"));
        for (at, mock) in mocks.iter().enumerate() {
            for _ in 0..REQUESTS {
                let request = generate::request(&mut rng, mock);
                asked += 1;
                answered += usize::from(naive::decide(mock, &request).is_some_and(|found| found.answer.is_some()));
                last_row += usize::from(naive::last_row(mock, &request));
                if difference(&table, mock, at, &request).is_none() {
                    continue;
                }
                let mock = shrunk(mock.clone(), &request);
                let table = load(std::slice::from_ref(&mock)).unwrap();
                let how = difference(&table, &mock, 0, &request).unwrap_or("only beside other mocks".to_owned());
                panic!("batch {batch}: {how}\n---- request\n{request}---- mock\n{}", generate::file(&mock));
            }
        }
    }
    // What is never answered, or always, tests little; and row 8 must have its part where it is allowed.
    assert!(answered * 3 > asked && answered * 20 < asked * 19, "{answered} of {asked} were answered");
    assert_eq!(last_row * 200 > asked, fuzzy, "{last_row} of {asked} by row 8");
}

#[test]
fn index_and_oracle_agree_on_wildcard_mocks() {
    run(10_000, false);
}

#[test]
fn index_and_oracle_agree_on_fuzzy_mocks() {
    run(10_000, true);
}
