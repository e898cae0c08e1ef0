//! Conditions: what a scenario asks of a request, and whether it holds.
//!
//! A [`Conditions`] is a conjunction of [`Test`]s and of `any` groups. Each test looks at one [`Subject`] and applies
//! [operators](super::operator) to its values. Several values (a repeated query key, several JSONPath nodes) hold if one
//! of them satisfies every operator, but `ne` and `not` must hold for all of them; a missing value fails every operator
//! but `absent`.

use serde_json_path::JsonPath;
use smallvec::SmallVec;

use super::operator::{Found, Operator};
use super::path_template::Parameter;
use super::request::{BodyFault, NoValue, RequestView};
use crate::words::Reason;

/// A conjunction of conditions.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    tests: Box<[Test]>,
    any: Box<[Vec<Conditions>]>,
    count: u32,
    needs_body: bool,
}

/// Operators on one subject.
#[derive(Clone, Debug)]
pub struct Test {
    /// What is looked at.
    pub subject: Subject,
    /// What must hold of it, all of it.
    pub operators: SmallVec<[Operator; 1]>,
}

/// What a test looks at.
#[derive(Clone, Debug)]
pub enum Subject {
    /// The whole path in its normal form; of the gate only.
    Path,
    /// A path parameter.
    Parameter(Parameter),
    /// Values of a query key.
    Query(Box<str>),
    /// Values of a header, its name in lower case.
    Header(Box<str>),
    /// Values of a cookie.
    Cookie(Box<str>),
    /// Values of a form key.
    Form(Box<str>),
    /// Nodes of a JSONPath.
    Json(Box<JsonPath>),
    /// The body's text.
    Body,
    /// Path and query as they were sent.
    Target,
}

/// Whether conditions hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// They do.
    Holds,
    /// They do not; the first that fails, and why.
    Fails(Reason),
    /// It depends on a body that nobody has read.
    NeedsBody,
}

impl Conditions {
    /// A conjunction of tests and of groups, each of which needs one branch that holds.
    pub fn new(mut tests: Vec<Test>, any: Vec<Vec<Conditions>>) -> Self {
        // Tests on the head come first, so that a body is asked for only where the head fits.
        tests.sort_by_key(|test| test.subject.needs_body());
        let in_tests: usize = tests.iter().map(|test| test.operators.len()).sum();
        let in_any: u32 = any.iter().map(|branches| branches.iter().map(|b| b.count).min().unwrap_or(0)).sum();
        let needs_body =
            tests.iter().any(|test| test.subject.needs_body()) || any.iter().flatten().any(|branch| branch.needs_body);
        Conditions { tests: tests.into(), any: any.into(), count: in_tests as u32 + in_any, needs_body }
    }

    /// How many conditions these are: each operator counts one, a group its smallest branch.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tests.is_empty() && self.any.is_empty()
    }

    /// Whether there are tests only, and no groups of alternatives.
    pub fn is_conjunction(&self) -> bool {
        self.any.is_empty()
    }

    /// Whether any of them looks at the body.
    pub fn needs_body(&self) -> bool {
        self.needs_body
    }

    /// The tests outside groups.
    pub fn tests(&self) -> &[Test] {
        &self.tests
    }

    /// Groups of alternatives, of each of which one must hold.
    pub fn groups(&self) -> &[Vec<Conditions>] {
        &self.any
    }

    /// Whether they hold.
    pub fn check(&self, view: &RequestView<'_>) -> Outcome {
        let mut waiting = false;
        for test in &self.tests {
            match test.check(view) {
                Outcome::Holds => {}
                Outcome::NeedsBody => {
                    waiting = true;
                    break; // tests on the body come last
                }
                fails => return fails,
            }
        }
        for branches in &self.any {
            match one_of(branches, view) {
                Outcome::Holds => {}
                Outcome::NeedsBody => waiting = true,
                fails => return fails,
            }
        }
        if waiting { Outcome::NeedsBody } else { Outcome::Holds }
    }
}

/// Whether one of a group's branches holds.
pub(super) fn one_of(branches: &[Conditions], view: &RequestView<'_>) -> Outcome {
    let mut group = Outcome::Fails(Reason::Any);
    for branch in branches {
        match branch.check(view) {
            Outcome::Holds => return Outcome::Holds,
            Outcome::NeedsBody => group = Outcome::NeedsBody,
            Outcome::Fails(reason) => {
                if let (Outcome::Fails(Reason::Any), true) = (group, is_body_fault(reason)) {
                    group = Outcome::Fails(reason);
                }
            }
        }
    }
    group
}

/// Whether a reason says that the body could not be looked at, which is worth more than which condition failed.
pub fn is_body_fault(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::BodyNotJson
            | Reason::BodyNotForm
            | Reason::BodyEncoded
            | Reason::BodyTooLong
            | Reason::BodyBudget
            | Reason::BodyTimeout
    )
}

impl Subject {
    /// Whether it lies in the body.
    pub fn needs_body(&self) -> bool {
        matches!(self, Subject::Form(_) | Subject::Json(_) | Subject::Body)
    }

    /// The reason of a miss that it explains.
    pub fn reason(&self) -> Reason {
        match self {
            Subject::Path => Reason::Path,
            Subject::Parameter(_) => Reason::Parameter,
            Subject::Query(_) => Reason::Query,
            Subject::Header(_) => Reason::Header,
            Subject::Cookie(_) => Reason::Cookie,
            Subject::Form(_) => Reason::Form,
            Subject::Json(_) => Reason::Json,
            Subject::Body => Reason::Body,
            Subject::Target => Reason::Target,
        }
    }
}

/// What is done with the values that a subject has in a request: deciding holds them against operators, explaining
/// shows them.
pub(super) trait Look {
    /// What comes of it.
    type Seen;

    /// Looks at all of them.
    fn at<'v>(self, values: impl Iterator<Item = Found<'v>> + Clone) -> Self::Seen;
}

impl Subject {
    /// Looks at the values that it has in a request.
    ///
    /// # Errors
    /// Where they lie in a body that cannot be looked at.
    pub(super) fn look<L: Look>(&self, view: &RequestView<'_>, look: L) -> Result<L::Seen, Outcome> {
        Ok(match self {
            Subject::Path => {
                let path = view.path.readable();
                look.at(std::iter::once(Found::Text(&path)))
            }
            Subject::Parameter(parameter) => {
                let value = parameter.value(&view.path);
                look.at(value.iter().map(|value| Found::Text(value)))
            }
            Subject::Query(key) => look.at(values(view.query(), key)),
            Subject::Header(name) => look.at(view.header_values(name).map(Found::Text)),
            Subject::Cookie(name) => look.at(values(view.cookies(), name)),
            Subject::Form(key) => match view.form() {
                Ok(form) => look.at(values(form, key)),
                Err(why) => return Err(no_value(why, Reason::BodyNotForm)),
            },
            Subject::Json(path) => match view.json() {
                Ok(json) => {
                    let nodes = path.query(json).all();
                    look.at(nodes.iter().map(|node| Found::Json(node)))
                }
                Err(why) => return Err(no_value(why, Reason::BodyNotJson)),
            },
            Subject::Body => match view.body() {
                // No body is a missing value, so that `absent` can ask for it.
                Ok(body) => look.at(std::iter::once(body).filter(|body| !body.is_empty()).map(Found::Text)),
                Err(why) => return Err(no_value(why, Reason::Body)),
            },
            Subject::Target => look.at(std::iter::once(Found::Text(view.target()))),
        })
    }
}

impl Look for &Test {
    type Seen = bool;

    fn at<'v>(self, values: impl Iterator<Item = Found<'v>> + Clone) -> bool {
        self.over(values)
    }
}

impl Test {
    /// Whether it holds.
    pub fn check(&self, view: &RequestView<'_>) -> Outcome {
        match self.subject.look(view, self) {
            Ok(true) => Outcome::Holds,
            Ok(false) => Outcome::Fails(self.subject.reason()),
            Err(outcome) => outcome,
        }
    }

    /// Whether the operators hold over the values of the subject.
    fn over<'v>(&self, mut values: impl Iterator<Item = Found<'v>> + Clone) -> bool {
        if values.clone().next().is_none() {
            return self.operators.iter().all(|operator| matches!(operator, Operator::Absent));
        }
        if let [operator] = self.operators.as_slice()
            && !operator.is_negative()
        {
            return values.any(|value| operator.holds(value));
        }
        let positive = self.operators.iter().filter(|operator| !operator.is_negative());
        let mut negative = self.operators.iter().filter(|operator| operator.is_negative());
        values.clone().any(|value| positive.clone().all(|operator| operator.holds(value)))
            && negative.all(|operator| values.clone().all(|value| operator.holds(value)))
    }
}

/// The answer for a body that has no value of the kind that is asked for.
pub fn no_value(why: NoValue, other_form: Reason) -> Outcome {
    match why {
        NoValue::Unread => Outcome::NeedsBody,
        NoValue::Fault(BodyFault::TooLong) => Outcome::Fails(Reason::BodyTooLong),
        NoValue::Fault(BodyFault::Budget) => Outcome::Fails(Reason::BodyBudget),
        NoValue::Fault(BodyFault::Timeout) => Outcome::Fails(Reason::BodyTimeout),
        NoValue::Encoded => Outcome::Fails(Reason::BodyEncoded),
        NoValue::OtherForm => Outcome::Fails(other_form),
    }
}

fn values<'v>(pairs: &'v super::request::Pairs<'_>, key: &'v str) -> impl Iterator<Item = Found<'v>> + Clone {
    pairs.iter().filter(move |(name, _)| name.as_ref() == key.as_bytes()).map(|(_, value)| Found::Text(value))
}

#[cfg(test)]
mod tests;
