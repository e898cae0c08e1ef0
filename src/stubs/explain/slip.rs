//! What probably went wrong with a value. Each guess about a value is tried: what was sent, changed by it, holds.

use serde_json::Value;

use super::Guess;
use crate::problem::nearest;
use crate::stubs::matcher::{Outcome, Subject, Test};
use crate::stubs::operator::{Found, Operand, Operator};
use crate::stubs::request::RequestView;
use crate::words::{Reason, Slip};

/// From this length on two texts may be alike, bytes.
const SPELLED: usize = 4;

/// A value of the request.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Sent {
    /// Text of the head, of a form or of the body.
    Text(Vec<u8>),
    /// A node of a JSON body.
    Json(Value),
}

impl Sent {
    fn found(&self) -> Found<'_> {
        match self {
            Sent::Text(text) => Found::Text(text),
            Sent::Json(value) => Found::Json(value),
        }
    }

    /// The value with another text in it, where it is text.
    fn with(&self, change: impl Fn(&[u8]) -> Vec<u8>) -> Option<Sent> {
        match self {
            Sent::Text(text) => Some(Sent::Text(change(text))),
            Sent::Json(Value::String(text)) => {
                Some(Sent::Json(Value::String(String::from_utf8(change(text.as_bytes())).ok()?)))
            }
            Sent::Json(_) => None,
        }
    }
}

/// What probably went wrong with a condition that fails.
pub(super) fn guess(test: &Test, outcome: Outcome, sent: &[Sent], view: &RequestView<'_>) -> Option<Guess> {
    match outcome {
        Outcome::Fails(Reason::BodyNotJson) => return Some(not_json(view)),
        Outcome::Fails(Reason::BodyNotForm) => return Some(not_form(view)),
        Outcome::Fails(Reason::BodyEncoded) => {
            return Some(Guess::new(Slip::BodyUnusable, "the body is compressed, and Standin does not decompress it"));
        }
        Outcome::Fails(Reason::BodyTooLong | Reason::BodyBudget | Reason::BodyTimeout) => {
            return Some(Guess::new(Slip::BodyUnusable, "the body could not be looked at whole: see [limits]"));
        }
        _ => {}
    }
    if sent.is_empty() {
        return Some(missing(test, view));
    }
    if test.operators.iter().any(|operator| matches!(operator, Operator::Absent)) {
        return Some(Guess::new(Slip::Unwanted, "this must not be sent"));
    }
    // Of several values some may do: `ne` and `not` must hold for all of them.
    sent.iter().filter(|sent| !does(test, sent)).find_map(|sent| changed(test, sent))
}

/// Whether a value would do.
fn does(test: &Test, sent: &Sent) -> bool {
    test.operators.iter().all(|operator| operator.holds(sent.found()))
}

/// A change after which a value holds.
fn changed(test: &Test, sent: &Sent) -> Option<Guess> {
    let is = |kind, text: &str| Some(Guess::new(kind, text));
    let would = |change: &dyn Fn(&[u8]) -> Vec<u8>| sent.with(change).is_some_and(|sent| does(test, &sent));
    if would(&|text| text.trim_ascii().to_owned()) {
        return is(Slip::WhiteSpace, "white space stands around the value");
    }
    if is_media_type(test)
        && would(&|text| text.split(|byte| *byte == b';').next().unwrap_or(text).trim_ascii().to_owned())
    {
        return is(Slip::MediaType, "the media type has parameters such as `charset`: ask for a `prefix`");
    }
    if would(&|text| percent_encoding::percent_decode(text).collect()) {
        return is(Slip::Encoding, "the value is percent-encoded once more than it is decoded");
    }
    if would(&|text| text.iter().map(|byte| if *byte == b' ' { b'+' } else { *byte }).collect()) {
        return is(Slip::Encoding, "a plus sign is read as a space here: send it as `%2B`");
    }
    if is_case(test, sent) {
        return is(Slip::Case, "upper and lower case differ: values are compared as they are written");
    }
    let other_type = match sent {
        Sent::Json(Value::String(text)) => serde_json::from_str(text).ok().map(Sent::Json),
        Sent::Json(value @ (Value::Number(_) | Value::Bool(_))) => Some(Sent::Json(value.to_string().into())),
        _ => None,
    };
    if other_type.is_some_and(|other| does(test, &other)) {
        return match sent {
            Sent::Json(Value::String(_)) => {
                is(Slip::NumberAgainstText, "text was sent where JSON of another type is asked for")
            }
            _ => is(Slip::NumberAgainstText, "a number or truth value was sent where text is asked for"),
        };
    }
    if is_spelling(test, sent) {
        return is(Slip::Spelling, "a letter or two differ");
    }
    if is_number(test, sent) {
        return is(Slip::NumberAgainstText, "the same number, written otherwise: here text is compared, not numbers");
    }
    None
}

/// Whether a value equals an operand but for upper and lower case.
fn is_case(test: &Test, sent: &Sent) -> bool {
    let Some(lower) = sent.with(<[u8]>::to_ascii_lowercase) else { return false };
    let folded = |operand: &Operand| {
        let json = match &operand.json {
            Value::String(text) => Value::String(text.to_ascii_lowercase()),
            other => other.clone(),
        };
        Operand { json, text: operand.text.as_ref().map(|text| text.to_ascii_lowercase().into()) }
    };
    test.operators.iter().all(|operator| {
        let operator = match operator {
            Operator::Eq(operand) => Operator::Eq(folded(operand)),
            Operator::In(operands) => Operator::In(operands.iter().map(folded).collect()),
            Operator::Contains(operand) => Operator::Contains(folded(operand)),
            Operator::Prefix(text) => Operator::Prefix(text.to_ascii_lowercase().into()),
            Operator::Suffix(text) => Operator::Suffix(text.to_ascii_lowercase().into()),
            other => other.clone(),
        };
        operator.holds(lower.found())
    })
}

/// Whether text is like an operand. Of short texts everything would be.
fn is_spelling(test: &Test, sent: &Sent) -> bool {
    let (Sent::Text(text), [Operator::Eq(operand)]) = (sent, test.operators.as_slice()) else { return false };
    let Some((own, text)) = operand.text.as_deref().and_then(text_of).zip(text_of(text)) else { return false };
    let is_long = |text: &str| text.len() >= SPELLED && !text.bytes().any(|byte| byte.is_ascii_digit());
    is_long(own) && is_long(text) && nearest(text, [own]).is_some()
}

fn text_of(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// Whether text is the number that is asked for, written otherwise.
fn is_number(test: &Test, sent: &Sent) -> bool {
    use crate::stubs::number::Number;
    let (Sent::Text(sent), [Operator::Eq(operand)]) = (sent, test.operators.as_slice()) else { return false };
    let number = |text: &[u8]| Number::from_text(text);
    operand.text.as_deref().and_then(number).is_some_and(|own| number(sent) == Some(own))
}

fn is_media_type(test: &Test) -> bool {
    matches!(&test.subject, Subject::Header(name) if matches!(&**name, "content-type" | "accept"))
}

/// A guess for a value that was not sent.
fn missing(test: &Test, view: &RequestView<'_>) -> Guess {
    let names = |pairs: &crate::stubs::request::Pairs<'_>| -> Vec<String> {
        pairs.iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect()
    };
    let (wanted, sent) = match &test.subject {
        Subject::Query(key) => (key, names(view.query())),
        Subject::Cookie(name) => (name, names(view.cookies())),
        Subject::Form(key) => (key, view.form().map(names).unwrap_or_default()),
        Subject::Header(name) => (name, view.headers.iter().map(|field| field.name.to_ascii_lowercase()).collect()),
        Subject::Json(path) => return missing_node(&path.to_string(), test, view),
        Subject::Body => return Guess::new(Slip::Missing, "the request has no body"),
        Subject::Path | Subject::Target | Subject::Parameter(_) => {
            return Guess::new(Slip::Missing, "there is no such segment");
        }
    };
    if let Some(other) = sent.iter().find(|name| name.eq_ignore_ascii_case(wanted)) {
        return Guess::new(Slip::Case, format!("`{other}` was sent: names are compared as they are written"));
    }
    match nearest(wanted, sent.iter().map(String::as_str)) {
        Some(other) => Guess::new(Slip::Spelling, format!("`{other}` was sent, and nothing of this name")),
        None if test.operators.iter().any(Operator::is_negative) => {
            Guess::new(Slip::Missing, "nothing of this name was sent, and what is missing holds for `absent` alone")
        }
        None => Guess::new(Slip::Missing, "nothing of this name was sent"),
    }
}

fn missing_node(path: &str, test: &Test, view: &RequestView<'_>) -> Guess {
    // Of a path to a member the names beside it are known.
    let split = match path.strip_suffix("']") {
        Some(path) => path.rsplit_once("['"),
        None => path.rsplit_once('.'),
    };
    if let (Some((parent, name)), Ok(json)) = (split, view.json())
        && let Ok(parent) = serde_json_path::JsonPath::parse(parent)
        && let Some(Value::Object(members)) = parent.query(json).first()
    {
        if let Some(other) = members.keys().find(|other| other.eq_ignore_ascii_case(name)) {
            return Guess::new(Slip::Case, format!("`{other}` was sent: names are compared as they are written"));
        }
        if let Some(other) = nearest(name, members.keys().map(String::as_str)) {
            return Guess::new(Slip::Spelling, format!("`{other}` was sent, and nothing of this name"));
        }
    }
    let text = match test.operators.iter().any(Operator::is_negative) {
        true => "the path leads to nothing in this body, and what is missing holds for `absent` alone",
        false => "the path leads to nothing in this body",
    };
    Guess::new(Slip::Missing, text)
}

fn not_json(view: &RequestView<'_>) -> Guess {
    let body = view.body().unwrap_or_default();
    if body.is_empty() {
        return Guess::new(Slip::Missing, "the request has no body");
    }
    let fault = serde_json::from_slice::<serde::de::IgnoredAny>(body).err().map(|error| error.to_string());
    let fault = fault.map_or(String::new(), |fault| format!(": {fault}"));
    let seems_form = body.contains(&b'=') && !body.contains(&b'{');
    let hint = if seems_form { "; it looks like a form" } else { "" };
    Guess::new(Slip::BodyForm, format!("the body is no JSON{fault}{hint}"))
}

fn not_form(view: &RequestView<'_>) -> Guess {
    let media = view.header("content-type").map(|value| String::from_utf8_lossy(value).into_owned());
    Guess::new(
        Slip::MediaType,
        format!(
            "a form is `application/x-www-form-urlencoded`, and the body is sent as `{}`",
            media.unwrap_or_default()
        ),
    )
}
