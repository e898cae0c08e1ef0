//! `/v1/explain`: why a request was answered as it was, or would be answered now.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Admin;
use super::body::{Body, some_object};
use super::calls::{looked, no_such_call};
use super::error::{ApiError, Fault};
use super::parameters::NoParameters;
use super::test_response::Request;
use crate::calls::Replay;
use crate::live::Snapshot;
use crate::redact::REDACTED;
use crate::stubs::decision::Inputs;
use crate::stubs::explain::{self, CANDIDATES, Explanation, Question};
use crate::stubs::request::{BodyFault, BodyView, HeaderField, RequestView};
use crate::words::Decided;

/// How many candidates may be asked for.
const MOST_CANDIDATES: usize = 50;

/// What is to be explained: a call of the log, or a request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The id of a call in the log.
    call: Option<String>,
    /// A request, in place of a call.
    #[serde(default, deserialize_with = "some_object")]
    request: Option<Request>,
    /// How many scenarios are shown at most. Default: 5.
    #[schema(minimum = 1, maximum = 50)]
    candidates: Option<usize>,
}

/// Why a request is answered as it is, by the configuration in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct Explained {
    /// The configuration that explains.
    generation: u64,
    /// What may make the explanation differ from what happened.
    notes: Vec<String>,
    /// The explanation.
    explanation: Explanation,
    /// The same as people read it.
    text: String,
}

/// Says how a request is answered and why, condition by condition
#[utoipa::path(post, path = "/v1/explain", tag = "calls", request_body = Asked,
    responses((status = 200, body = Explained),
              (status = 404, description = "the log has no such call", body = super::error::Failure, content_type = "application/problem+json")))]
pub async fn explain(
    State(admin): State<Arc<Admin>>,
    _: NoParameters,
    Body(asked): Body<Asked>,
) -> Result<Json<Explained>, ApiError> {
    let Asked { call, request, candidates } = asked;
    let wrong = |detail: &str, help: &str| ApiError::new(Fault::BadBody, detail).help(help);
    let candidates = candidates.unwrap_or(CANDIDATES);
    if !(1..=MOST_CANDIDATES).contains(&candidates) {
        let detail = format!("`candidates`: {candidates} is out of range");
        return Err(wrong(&detail, "write a number from 1 to 50"));
    }
    let explained = looked(move || {
        let (mut notes, snapshot) = (Vec::new(), admin.live.snapshot());
        let replay = match (call, request) {
            (Some(id), None) => match admin.log.replay(&id) {
                Some(replay) => of_call(replay, &snapshot, &mut notes),
                None => return Ok(Err(no_such_call(&id))),
            },
            (None, Some(request)) => match request.checked() {
                Ok(request) => request.replay(),
                Err(error) => return Ok(Err(error)),
            },
            (None, None) => {
                let help = "write `{\"call\": \"ID\"}`, or `{\"request\": {…}}`";
                return Ok(Err(wrong("nothing is to be explained", help)));
            }
            (Some(_), Some(_)) => {
                return Ok(Err(wrong("`call` and `request` exclude each other", "ask twice")));
            }
        };
        let explanation = explanation(&replay, &snapshot, candidates);
        let text = explanation.to_string();
        Ok(Ok(Explained { generation: snapshot.generation, notes, explanation, text }))
    });
    explained.await?.map(Json)
}

/// A call as it came, as far as it was kept; says what was not.
fn of_call(mut replay: Replay, snapshot: &Snapshot, notes: &mut Vec<String>) -> Replay {
    if replay.generation != snapshot.generation {
        notes.push(format!(
            "the call was decided by configuration {}; this is what {} makes of it",
            replay.generation, snapshot.generation
        ));
    }
    // A key that was right is put in again: else every call of a private mock would be explained as denied.
    let mock = replay.mock.as_deref();
    let mock = mock.and_then(|name| snapshot.table.mocks().iter().find(|mock| &*mock.name == name));
    let key = mock.filter(|mock| mock.access.private && replay.decided != Decided::Denied);
    let key = key.and_then(|mock| Some((&*mock.access.header, mock.access.keys.first()?)));
    for (name, value) in &mut replay.fields {
        match key {
            Some((header, key)) if name.eq_ignore_ascii_case(header) && value == REDACTED.as_bytes() => {
                *value = key.secret().to_vec();
            }
            _ => {}
        }
    }
    let mut hidden = replay.fields.iter().filter(|(_, value)| contains(value, REDACTED.as_bytes()));
    if hidden.next().is_some() || contains(&replay.target, REDACTED.as_bytes()) {
        notes.push(format!("secrets are not kept: conditions on them see {REDACTED}"));
    }
    if replay.body.is_none() {
        notes.push("the body was not kept, or not as a whole: conditions on it stay open".to_owned());
    }
    replay
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

fn explanation(replay: &Replay, snapshot: &Snapshot, candidates: usize) -> Explanation {
    let fields: Vec<HeaderField<'_>> = replay.fields.iter().map(|(name, value)| HeaderField { name, value }).collect();
    let limits = &snapshot.settings.limits;
    let body = match &replay.body {
        None => BodyView::Unread,
        Some(body) if body.len() > limits.match_body => BodyView::Unusable(BodyFault::TooLong),
        Some(body) => BodyView::Whole(body),
    };
    let view = match RequestView::new(&replay.method, &replay.target, &fields, body) {
        Ok(view) => view,
        Err(fault) => return explain::refused(fault),
    };
    let view = replay.peer.into_iter().fold(view, RequestView::from_peer);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let inputs = Inputs { dice: 0, delay_cap: limits.delay, now };
    let question = Question { view: &view, inputs, redactor: &snapshot.redactor, candidates };
    let upstreams = &snapshot.settings.upstreams;
    explain::explain(&snapshot.table, &question)
        .with_upstream(|number| upstreams.get(number.0 as usize).map(|own| own.name.to_string()))
}
