//! Conditions held against a request: what each expects, what came, and whether it holds, by the matchers themselves.

use serde_json::Value;

use super::slip::{Sent, guess};
use super::{Condition, Question};
use crate::redact::REDACTED;
use crate::stubs::matcher::{Conditions, Look, Outcome, Subject, Test, one_of};
use crate::stubs::operator::{Found, Operator};
use crate::stubs::path_template::Template;
use crate::stubs::scenario::Gate;
use crate::words::Reason;

/// How much of a value is shown, bytes.
const SHOWN: usize = 200;

/// How many values of one subject are shown, and looked at for a guess.
const VALUES: usize = 8;

/// The conditions of the gate that have closed it.
pub(super) fn gate(gate: &Gate, question: &Question<'_, '_>) -> Vec<Condition> {
    let closes = gate.real_when.as_ref().filter(|when| when.check(question.view) == Outcome::Holds);
    let (conditions, kind) = match (closes, &gate.mock_when) {
        (Some(when), _) => (conditions(when, None, question), "real_when"),
        (None, Some(when)) => (conditions(when, None, question), "mock_when"),
        (None, None) => return Vec::new(),
    };
    conditions.into_iter().map(|own| Condition { subject: format!("{kind} {}", own.subject), ..own }).collect()
}

/// Each condition, held against the request. `path` has the names of path parameters.
pub(super) fn conditions(own: &Conditions, path: Option<&Template>, question: &Question<'_, '_>) -> Vec<Condition> {
    let tests = own.tests().iter().map(|test| condition(test, path, question));
    tests.chain(own.groups().iter().map(|branches| group(branches, path, question))).collect()
}

fn condition(test: &Test, path: Option<&Template>, question: &Question<'_, '_>) -> Condition {
    let outcome = test.check(question.view);
    let is_hidden = match &test.subject {
        Subject::Header(name) => question.redactor.headers.iter().any(|secret| secret.eq_ignore_ascii_case(name)),
        Subject::Cookie(_) => question.redactor.headers.iter().any(|secret| **secret == *"cookie"),
        Subject::Query(key) => question.redactor.query.iter().any(|secret| secret == key),
        _ => false,
    };
    let sent = test.subject.look(question.view, Collect);
    let show = |text: String| String::from_utf8_lossy(&question.redactor.text(text.as_bytes())).into_owned();
    let actual = match &sent {
        Err(outcome) => Some(unusable(*outcome)),
        Ok(sent) if sent.is_empty() => None,
        Ok(_) if is_hidden => Some(REDACTED.to_owned()),
        Ok(sent) => Some(show(cut(&sent.iter().map(Sent::shown).collect::<Vec<_>>().join(", ")))),
    };
    let fails = matches!(outcome, Outcome::Fails(_));
    Condition {
        subject: subject(&test.subject, path),
        expected: if is_hidden { REDACTED.to_owned() } else { show(cut(&expected(&test.operators))) },
        actual,
        holds: holds(outcome),
        slip: fails.then(|| guess(test, outcome, sent.as_deref().unwrap_or_default(), question.view)).flatten(),
    }
}

fn group(branches: &[Conditions], path: Option<&Template>, question: &Question<'_, '_>) -> Condition {
    let outcome = one_of(branches, question.view);
    let of_branch = |branch: &Conditions| {
        let all = conditions(branch, path, question);
        let shown: Vec<String> = all.iter().map(|own| format!("{} {}", own.subject, own.expected)).collect();
        let slip = all.into_iter().find(|own| own.holds == Some(false)).and_then(|own| own.slip);
        (shown.join(" and "), slip)
    };
    let branches: Vec<_> = branches.iter().take(VALUES).map(of_branch).collect();
    let texts: Vec<&str> = branches.iter().map(|(text, _)| text.as_str()).collect();
    let slip = branches.iter().find_map(|(_, slip)| slip.clone());
    Condition {
        subject: "any".to_owned(),
        expected: cut(&texts.join(", or ")),
        actual: Some(match outcome {
            Outcome::Holds => "what one of them asks for".to_owned(),
            Outcome::Fails(Reason::Any) => "nothing that holds".to_owned(),
            other => unusable(other),
        }),
        holds: holds(outcome),
        slip: slip.filter(|_| matches!(outcome, Outcome::Fails(_))),
    }
}

/// Keeps the first values.
struct Collect;

impl Look for Collect {
    type Seen = Vec<Sent>;

    fn at<'v>(self, values: impl Iterator<Item = Found<'v>> + Clone) -> Vec<Sent> {
        let owned = |found| match found {
            Found::Text(text) => Sent::Text(text.to_owned()),
            Found::Json(value) => Sent::Json(value.clone()),
        };
        values.take(VALUES).map(owned).collect()
    }
}

/// The subject as `when` has it.
fn subject(subject: &Subject, path: Option<&Template>) -> String {
    match subject {
        Subject::Path => "path".to_owned(),
        Subject::Parameter(parameter) => {
            let name = path.and_then(|path| path.name_of(*parameter)).unwrap_or("*");
            format!("path parameter {name}")
        }
        Subject::Query(key) => format!("query {key}"),
        Subject::Header(name) => format!("header {name}"),
        Subject::Cookie(name) => format!("cookie {name}"),
        Subject::Form(key) => format!("form {key}"),
        Subject::Json(path) => format!("json {path}"),
        Subject::Body => "body".to_owned(),
        Subject::Target => "target".to_owned(),
    }
}

fn expected(operators: &[Operator]) -> String {
    match operators {
        [Operator::Eq(operand)] => operand.to_string(),
        [Operator::Absent] => "nothing".to_owned(),
        [Operator::Present] => "anything".to_owned(),
        [one] => one.to_string(),
        several => several.iter().map(Operator::to_string).collect::<Vec<_>>().join(" and "),
    }
}

pub(super) fn holds(outcome: Outcome) -> Option<bool> {
    match outcome {
        Outcome::Holds => Some(true),
        Outcome::Fails(_) => Some(false),
        Outcome::NeedsBody => None,
    }
}

/// What is said of a body that cannot be looked at.
pub(super) fn unusable(outcome: Outcome) -> String {
    let text = match outcome {
        Outcome::Fails(Reason::BodyNotJson) => "a body that is no JSON",
        Outcome::Fails(Reason::BodyNotForm) => "a body that is no form",
        Outcome::Fails(Reason::BodyEncoded) => "a compressed body",
        Outcome::Fails(Reason::BodyTooLong) => "a body longer than `limits.match_body`",
        Outcome::Fails(_) => "a body that could not be read",
        Outcome::Holds | Outcome::NeedsBody => "a body that is not at hand",
    };
    text.to_owned()
}

impl Sent {
    fn shown(&self) -> String {
        match self {
            Sent::Text(text) => bytes(text),
            Sent::Json(value) => value.to_string(),
        }
    }
}

/// Bytes as a JSON string shows text, and not too many of them.
pub(super) fn bytes(text: &[u8]) -> String {
    let part = &text[..text.len().min(SHOWN)];
    Value::from(String::from_utf8_lossy(part)).to_string()
}

/// Not too much of a text.
pub(super) fn cut(text: &str) -> String {
    if text.len() <= SHOWN {
        return text.to_owned();
    }
    let end = (0..=SHOWN).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{} … ({} bytes)", &text[..end], text.len())
}
