//! A naive matcher that follows the text of the contract, and the product's compiled index held against it.
//!
//! What a request is answered with is written down a second time here, from the contract and not from the code:
//! `facts` takes a request apart, `holds` knows the operators, `naive` the order of things; `render` and `reader` turn
//! the configurations of `model` into TOML and back. Random configurations (`generate`, `bulk`, `legal`) and requests
//! (`sketch`, `aim`) show where the two differ, and `shrink` makes a difference small enough to read.

// Clippy's own exception for tests ends at the functions that are marked as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod aim;
mod bulk;
mod examples;
pub mod facts;
mod generate;
mod holds;
mod legal;
mod model;
pub mod naive;
pub mod product;
mod reader;
mod render;
mod shrink;
mod sketch;

use std::fmt;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngSeed, TestRunner};

use standin::problem::Code;
use standin::stubs::table::Table;

use facts::Request;
use generate::Extras;
use model::Config;
use naive::{Kind, Reading, Verdict};

/// A configuration and requests to it; shown as what a reader would type.
struct Case {
    config: Config,
    requests: Vec<Request>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, text) in self.config.files() {
            writeln!(f, "---- {name}\n{text}")?;
        }
        self.requests.iter().try_for_each(|request| writeln!(f, "---- request\n{request}"))
    }
}

/// How many requests meet each configuration.
const REQUESTS: usize = 10;

fn cases(extras: Extras) -> impl Strategy<Value = (Config, Vec<sketch::Sketch>)> {
    (generate::config(extras), vec(sketch::sketch(extras), REQUESTS))
}

/// What became of a case.
enum Outcome {
    Agreed,
    /// The configuration holds a clash that the generator cannot see.
    Refused,
    Differed(String),
}

/// Runs `configurations`; `PROPTEST_CASES` takes the place of the number, `PROPTEST_RNG_SEED` of the seed.
fn run(configurations: u32, extras: Extras) {
    let number = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(configurations);
    let mut settings = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if settings.rng_seed == RngSeed::Random {
        // The same cases on every machine: a red build can be run again.
        settings.rng_seed = RngSeed::Fixed(20);
    }
    let mut runner = TestRunner::new(settings);
    let strategy = cases(extras);
    let mut refused = 0;
    for _ in 0..number {
        let (config, sketches) = strategy.new_tree(&mut runner).unwrap().current();
        let requests = sketches.iter().map(|sketch| sketch.request(&config)).collect();
        let case = Case { config, requests };
        match check(&case) {
            Outcome::Agreed => {}
            Outcome::Refused => refused += 1,
            Outcome::Differed(_) => {
                let case = shrink::shrunk(case, |case| matches!(check(case), Outcome::Differed(_)));
                let Outcome::Differed(how) = check(&case) else { unreachable!("what was shrunk still differs") };
                panic!("{how}\n{case}");
            }
        }
    }
    assert!(refused * 5 < number, "{refused} of {number} configurations did not load");
}

fn check(case: &Case) -> Outcome {
    let table = match product::load(&case.config.files()) {
        Ok(table) => table,
        Err((codes, report)) => {
            let clash = |code: &Code| matches!(code, Code::SameMatch | Code::RouteTaken);
            return match codes.iter().all(clash) {
                true => Outcome::Refused,
                false => Outcome::Differed(format!("a configuration that should load is refused:\n{report}")),
            };
        }
    };
    let difference = case.requests.iter().find_map(|request| difference(&table, &case.config, request));
    difference.map_or(Outcome::Agreed, Outcome::Differed)
}

fn difference(table: &Table, config: &Config, request: &Request) -> Option<String> {
    let expected = naive::decide(config, request, Reading::Whole);
    let actual = product::decide(table, request, Reading::Whole);
    if expected != actual {
        return Some(format!("oracle: {}\nproduct: {}", shown(&expected), shown(&actual)));
    }
    let early = product::decide(table, request, Reading::Unread);
    let asks = |verdict: &Option<Verdict>| verdict.as_ref().is_some_and(|verdict| verdict.kind == Kind::NeedsBody);
    if !asks(&early) && early != actual {
        return Some(format!("without the body: {}\nwith it: {}", shown(&early), shown(&actual)));
    }
    let needless = asks(&early) && !asks(&naive::decide(config, request, Reading::Unread));
    needless.then(|| format!("the body is asked for, but no scenario before {} looks at it", shown(&actual)))
}

fn shown(verdict: &Option<Verdict>) -> String {
    verdict.as_ref().map_or("refused".into(), Verdict::to_string)
}

#[test]
fn the_index_decides_as_the_naive_matcher_does() {
    run(3_000, Extras::Without);
}

#[test]
fn gates_keys_server_stubs_and_selectors_come_in_their_order() {
    run(1_000, Extras::With);
}

/// The files of random configurations, for whoever wants sound files of every kind.
pub fn random_files(count: usize) -> Vec<Vec<(String, String)>> {
    let mut runner = TestRunner::deterministic();
    let strategy = generate::config(Extras::With);
    let mut one = || strategy.new_tree(&mut runner).expect("no configuration is filtered out").current().files();
    (0..count).map(|_| one()).collect()
}

/// Files by their paths.
pub type Files = Vec<(String, String)>;

/// Random configurations, each with requests that are aimed at it.
pub fn random_requests(count: usize) -> Vec<(Files, Vec<Request>)> {
    let mut runner = TestRunner::deterministic();
    let strategy = cases(Extras::With);
    let mut one = || {
        let (config, sketches) = strategy.new_tree(&mut runner).unwrap().current();
        let requests = sketches.iter().map(|sketch| sketch.request(&config)).collect();
        (config.files(), requests)
    };
    (0..count).map(|_| one()).collect()
}
