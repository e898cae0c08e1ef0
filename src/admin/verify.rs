//! `/v1/verify`: were calls like these seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Admin;
use super::body::{Body, some_object, some_objects};
use super::calls::{known, looked};
use super::error::{ApiError, Fault};
use super::parameters::NoParameters;
use crate::calls::{self, Expected, Range, Verified};

/// What is expected: so many calls, or an order of calls.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Verification {
    /// Which calls are counted. Without a number: at least one.
    #[serde(default, deserialize_with = "some_object")]
    calls: Option<Criteria>,
    /// So many.
    exactly: Option<u64>,
    /// So many or more.
    at_least: Option<u64>,
    /// So many or fewer.
    at_most: Option<u64>,
    /// These calls, one after the other; others may lie between. In place of `calls`.
    #[serde(default, deserialize_with = "some_objects")]
    in_order: Option<Vec<Criteria>>,
}

/// What is asked of a call: the filters of `GET /v1/calls`, and what its request must carry.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Criteria {
    mock: Option<String>,
    stub: Option<String>,
    scenario: Option<String>,
    decision: Option<String>,
    /// A status, or a class of them: `404`, `"404"`, `"4xx"`.
    status: Option<Status>,
    method: Option<String>,
    path: Option<String>,
    since: Option<String>,
    until: Option<String>,
    miss: Option<String>,
    q: Option<String>,
    /// Header fields of the request, with their values.
    #[serde(default)]
    header: BTreeMap<String, String>,
    /// Keys of the query, with their values.
    #[serde(default)]
    query: BTreeMap<String, String>,
    /// Text that the body must hold.
    body: Option<String>,
    /// JSON of which every member must be in the body.
    #[schema(value_type = Object)]
    json: Option<Value>,
}

/// A status as a number or as text.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
enum Status {
    Number(u16),
    Text(String),
}

impl Criteria {
    fn read(self) -> Result<calls::Criteria, ApiError> {
        let Criteria {
            mock,
            stub,
            scenario,
            decision,
            status,
            method,
            path,
            since,
            until,
            miss,
            q,
            header,
            query,
            body,
            json,
        } = self;
        let status = status.map(|status| match status {
            Status::Number(number) => number.to_string(),
            Status::Text(text) => text,
        });
        let mut criteria = calls::Criteria::new(header, query, body, json);
        let filters = [
            ("mock", mock),
            ("stub", stub),
            ("scenario", scenario),
            ("decision", decision),
            ("status", status),
            ("method", method),
            ("path", path),
            ("since", since),
            ("until", until),
            ("miss", miss),
            ("q", q),
        ];
        for (name, value) in filters {
            if let Some(value) = value {
                let taken = criteria.take(name, &value);
                taken.map_err(|bad| {
                    ApiError::new(Fault::BadBody, format!("`{name}`: {}", bad.message)).help(bad.help)
                })?;
            }
        }
        Ok(criteria)
    }
}

impl Verification {
    fn read(self) -> Result<Expected, ApiError> {
        let Verification { calls, exactly, at_least, at_most, in_order } = self;
        let wrong = |detail: &str, help: &str| Err(ApiError::new(Fault::BadBody, detail).help(help));
        let numbers = [exactly, at_least, at_most].iter().flatten().count();
        match (calls, in_order) {
            (None, None) => wrong(
                "nothing is expected",
                "write `{\"calls\": {\"stub\": \"NAME\"}, \"at_least\": 1}`, or `in_order` with a list",
            ),
            (Some(_), Some(_)) => wrong("`calls` and `in_order` exclude each other", "send two verifications"),
            (None, Some(_)) if numbers > 0 => wrong("an order has no number", "leave the number out"),
            (None, Some(steps)) if steps.is_empty() => wrong("`in_order` is empty", "name the calls in their order"),
            (None, Some(steps)) => {
                Ok(Expected::InOrder(steps.into_iter().map(Criteria::read).collect::<Result<_, _>>()?))
            }
            (Some(_), None) if exactly.is_some() && numbers > 1 => {
                wrong("`exactly` stands beside another number", "leave one out")
            }
            (Some(_), None) if at_least.zip(at_most).is_some_and(|(least, most)| least > most) => {
                wrong("`at_least` is more than `at_most`", "swap the two")
            }
            (Some(calls), None) => {
                let least = exactly.or(at_least).unwrap_or(u64::from(at_most.is_none()));
                let range = Range { least, most: exactly.or(at_most).unwrap_or(u64::MAX) };
                Ok(Expected::Count(calls.read()?, range))
            }
        }
    }
}

/// Says whether calls like these were seen, how often or in which order, and which came closest
#[utoipa::path(post, path = "/v1/verify", tag = "calls", request_body = Verification, responses((status = 200, body = Verified)))]
pub async fn verify(
    State(admin): State<Arc<Admin>>,
    _: NoParameters,
    Body(asked): Body<Verification>,
) -> Result<Json<Verified>, ApiError> {
    let expected = asked.read()?;
    let verified = looked(move || {
        let verified = admin.log.verify(&expected);
        // Nothing fits a name that there is not; that nothing was to fit it proves nothing.
        if verified.count == 0 || !verified.verified {
            let snapshot = admin.live.snapshot();
            let filters = expected.criteria().iter().flat_map(calls::Criteria::filters);
            filters.into_iter().try_for_each(|filter| known(&snapshot, filter))?;
        }
        Ok(verified)
    });
    verified.await.map(Json)
}
