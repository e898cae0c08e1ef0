//! How overrides are shown.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::admin::time;
use crate::config::overlay::Entry;
use crate::redact::{REDACTED, Redactor};

/// Something that lies over the files.
#[derive(Debug, Serialize, ToSchema)]
pub struct Override {
    /// What it is undone by: the name of the setting, or a name of its own.
    id: String,
    /// The mock.
    mock: String,
    /// `scenario` for one that is forced, `off` for a stub, `setting` for a setting of the mock.
    kind: &'static str,
    /// The stub.
    stub: Option<String>,
    /// The scenario.
    scenario: Option<String>,
    /// What the setting is, as `PATCH /v1/mocks/{mock}` takes it.
    #[schema(value_type = Option<Object>)]
    change: Option<Value>,
    /// For which requests.
    #[schema(value_type = Option<Object>)]
    r#if: Option<Value>,
    /// When it was made, RFC 3339.
    since: String,
    /// When it is over; null for one that lasts.
    until: Option<String>,
    /// How many more requests it is for; null for all.
    left: Option<u64>,
}

/// Something that lies over the files.
pub fn show(entry: &Entry, redactor: &Redactor) -> Override {
    let Entry { id, mock, change, since, until, left } = entry;
    let text = |key: &str| change.get(key).and_then(Value::as_str).map(str::to_owned);
    let kind = match entry.is_setting() {
        true => "setting",
        false if change.contains_key("scenario") => "scenario",
        false => "off",
    };
    Override {
        id: id.clone(),
        mock: mock.clone(),
        kind,
        stub: text("stub"),
        scenario: text("scenario"),
        change: entry.is_setting().then(|| change.clone().into()),
        r#if: change.get("if").map(|when| shown(when, redactor)),
        since: time(*since),
        until: until.map(time),
        left: left.as_ref().map(|left| left.count()),
    }
}

/// An override as the operational log tells it.
pub fn said(entry: &Entry, redactor: &Redactor) -> Value {
    let mut change = entry.change.clone();
    if let Some(when) = change.get_mut("if") {
        *when = shown(when, redactor);
    }
    change.into()
}

/// Conditions without the values that are shown nowhere.
fn shown(when: &Value, redactor: &Redactor) -> Value {
    let mut when = when.clone();
    let is_secret = |kind: &str, name: &str| match kind {
        "header" => redactor.headers.iter().any(|own| own.eq_ignore_ascii_case(name)),
        "cookie" => redactor.headers.iter().any(|own| &**own == "cookie"),
        "query" => redactor.query.iter().any(|own| **own == *name),
        _ => false,
    };
    for (kind, table) in when.as_object_mut().into_iter().flatten() {
        for (name, operand) in table.as_object_mut().into_iter().flatten() {
            if is_secret(kind, name) {
                *operand = REDACTED.into();
            }
        }
    }
    when
}
