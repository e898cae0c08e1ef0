//! Why a request was answered as it was: the decision step by step, and for a miss the closest stubs, condition by
//! condition, with what was expected, what came, and what probably went wrong.
//!
//! There is no second implementation. The decision is [`Table::decide`]'s own, which tells of its steps; whether a
//! condition holds is what the matchers say of it. What is made up here is only which stubs are *close*, and a slip is a
//! guess that was tried: the request, changed by it, fits. It runs outside the request path and is bounded, however
//! large the table is.

mod candidate;
mod closest;
mod example;
mod path;
mod slip;
mod steps;
mod text;
mod value;

use serde::Serialize;

use super::bucket::Rule;
use super::decision::{Action, Decision, Inputs};
use super::path::PathFault;
use super::request::RequestView;
use super::scenario::Destination;
use super::table::Table;
use crate::redact::Redactor;
use crate::words::{Decided, Reason, Slip};
use steps::Steps;

/// How many candidates an explanation shows, unless somebody asks for another number.
pub const CANDIDATES: usize = 5;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a, 'r> {
    /// The request, with its whole body where one is known.
    pub view: &'a RequestView<'r>,
    /// What deciding needs beside it.
    pub inputs: Inputs,
    /// What must not be shown.
    pub redactor: &'a Redactor,
    /// How many candidates may be shown.
    pub candidates: usize,
}

/// Why a request is answered as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Explanation {
    /// What is done with it; `null` where that depends on a body that is not at hand.
    #[schema(value_type = Option<String>)]
    pub decision: Option<Decided>,
    /// The request's mock.
    pub mock: Option<String>,
    /// The stub, or server stub, that answers.
    pub stub: Option<String>,
    /// The scenario that answers.
    pub scenario: Option<String>,
    /// The status of that answer.
    pub status: Option<u16>,
    /// The upstream that it goes to.
    pub upstream: Option<String>,
    /// Why no stub answers, where that is a miss.
    #[schema(value_type = Option<String>)]
    pub reason: Option<Reason>,
    /// What probably went wrong: that of the closest candidate.
    pub slip: Option<Guess>,
    /// The order of deciding, as far as it went.
    pub steps: Vec<Step>,
    /// The scenario that answers and those that were tried before it, or the closest ones.
    pub candidates: Vec<Candidate>,
    /// How many more were considered.
    pub left_out: usize,
    /// The number of the upstream, for whoever knows its name.
    #[serde(skip)]
    pub destination: Option<Destination>,
}

/// A step of the order of deciding.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Step {
    /// Which.
    pub step: &'static str,
    /// What came of it, in one line.
    pub outcome: String,
    /// The conditions that it looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

/// A scenario, held against the request.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Candidate {
    /// Its mock.
    pub mock: String,
    /// Its stub.
    pub stub: String,
    /// Its name.
    pub scenario: String,
    /// Whether it answers.
    pub answers: bool,
    /// What it asks for, and what came.
    pub conditions: Vec<Condition>,
    /// What it scores, in Postman's matching.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<Score>,
}

/// A condition, held against the request.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Condition {
    /// What is looked at, such as `header x-plan`.
    pub subject: String,
    /// What is asked for, as the file has it.
    pub expected: String,
    /// What came; `null` where nothing did.
    pub actual: Option<String>,
    /// Whether it holds; `null` where that depends on a body that is not at hand.
    pub holds: Option<bool>,
    /// What probably went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slip: Option<Guess>,
}

/// What probably went wrong.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Guess {
    /// Which of the closed list.
    #[schema(value_type = String)]
    pub kind: Slip,
    /// In one line.
    pub text: String,
}

/// What a saved example scores.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Score {
    /// By which row of the table the path fits, from 1.
    pub row: u8,
    /// The points of the path.
    pub url: u8,
    /// Pairs of the query that are equal.
    pub matched: u32,
    /// Pairs whose key alone is equal.
    pub partial: u32,
    /// Pairs without a counterpart.
    pub missing: u32,
    /// The points of the query.
    pub query: f64,
    /// The points of an equal body.
    pub body: u8,
    /// The sum.
    pub total: f64,
}

impl Guess {
    fn new(kind: Slip, text: impl Into<String>) -> Self {
        Guess { kind, text: text.into() }
    }
}

/// Explains what a table makes of a request.
pub fn explain(table: &Table, question: &Question<'_, '_>) -> Explanation {
    let mut steps = Steps::new(table, question);
    let decision = table.decide_and_tell(question.view, &question.inputs, &mut steps);
    let mut told = Explanation { steps: steps.into_list(&decision), ..outcome(&decision) };
    let (candidates, left_out) = match &decision.action {
        Action::Scenario(scenario, _) => closest::tried(table, question, scenario.number),
        Action::ServerStub(..) | Action::Preflight | Action::Denied | Action::Limited(_) | Action::GateClosed => {
            (Vec::new(), 0)
        }
        Action::Forward(_) if told.reason == Some(Reason::Gate) => (Vec::new(), 0),
        Action::Forward(_) | Action::Unmatched | Action::NeedsBody => closest::closest(table, question, &decision),
    };
    let answers = |rule: Rule| matches!(&decision.action, Action::Scenario(own, _) if own.number == rule.scenario);
    told.candidates = candidates
        .into_iter()
        .map(|rule| Candidate {
            answers: answers(rule),
            ..candidate::candidate(table, question, rule, decision.mock.map(|mock| mock.number))
        })
        .collect();
    told.left_out = left_out;
    let from_steps = told.steps.iter().flat_map(|step| &step.conditions).find_map(|condition| condition.slip.clone());
    let from_closest = || told.candidates.first().filter(|first| !first.answers).and_then(Candidate::slip).cloned();
    told.slip = match steps::unknown(table, question, &decision) {
        Some(meant) => Some(Guess::new(Slip::Selector, format!("a selector names what is not there; {meant}"))),
        None => from_steps.or_else(from_closest),
    };
    told
}

/// Explains why a request is refused before any stub is looked at.
pub fn refused(fault: PathFault) -> Explanation {
    let step = Step { step: "front", outcome: format!("refused with 400: {fault}"), conditions: Vec::new() };
    Explanation { decision: Some(Decided::Rejected), status: Some(400), steps: vec![step], ..Explanation::default() }
}

/// What was decided, in words.
fn outcome(decision: &Decision<'_>) -> Explanation {
    let (stub, scenario, status, destination) = match &decision.action {
        Action::Scenario(own, _) => {
            (Some(own.stub.to_string()), Some(own.name.to_string()), Some(own.answer.status), None)
        }
        Action::ServerStub(own, _) => (Some(own.name.to_string()), None, Some(own.answer.status), None),
        Action::Forward(to) => (None, None, None, Some(*to)),
        Action::Unmatched | Action::GateClosed => (None, None, Some(404), None),
        Action::Limited(_) => (None, None, Some(429), None),
        Action::Preflight | Action::Denied | Action::NeedsBody => (None, None, None, None),
    };
    Explanation {
        decision: decision.action.decided(),
        mock: decision.mock.map(|mock| mock.name.to_string()),
        stub,
        scenario,
        status,
        destination,
        reason: decision.miss.map(|miss| miss.reason),
        ..Explanation::default()
    }
}

impl Explanation {
    /// The same with the upstream's name, from whoever knows the numbers.
    pub fn with_upstream(self, name: impl Fn(Destination) -> Option<String>) -> Self {
        Explanation { upstream: self.destination.and_then(name), ..self }
    }
}

impl Candidate {
    /// What probably went wrong: of the first condition that fails and has a guess.
    pub fn slip(&self) -> Option<&Guess> {
        self.conditions.iter().filter(|condition| condition.holds == Some(false)).find_map(|own| own.slip.as_ref())
    }
}
