//! `PATCH /v1/mocks/{mock}`: settings that take effect at once, laid over the files.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::SystemTime;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::{ETAG, IF_MATCH};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::find_mock;
use super::show::{Mock, show_mock};
use crate::admin::Admin;
use crate::admin::body::{Body, object, some_object};
use crate::admin::error::{ApiError, Failure, Fault};
use crate::admin::parameters::NoParameters;
use crate::admin::session::Change;
use crate::config::overlay::Entry;
use crate::live::Snapshot;
use crate::stubs::scenario;

/// What is to be changed of a mock. A member that is missing stays as it is; null is none. Until it is undone it holds
/// in place of what the files say.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// Who may use it.
    #[serde(default, deserialize_with = "some_object", skip_serializing_if = "Option::is_none")]
    access: Option<AccessPatch>,
    /// A delay for every answer: `2g`, `3g`, `40ms`, or a range.
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DelayPatch>, required = false)]
    delay: Option<Option<DelayPatch>>,
    /// The environment whose variables templates see.
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    environment: Option<Option<String>>,
    /// The release whose stubs answer.
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    release: Option<Option<String>>,
    /// The server stub that answers for the mock.
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    active_server_stub: Option<Option<String>>,
    /// For which of its calls: `mocked` or `all`.
    #[serde(skip_serializing_if = "Option::is_none")]
    server_stub_scope: Option<ScopePatch>,
}

/// Who may use a mock.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AccessPatch {
    /// Whether a key is needed; keys stand in the files.
    private: bool,
}

/// A delay.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(untagged, expecting = "a delay: \"2g\", \"3g\", \"40ms\", {\"min\": \"10ms\", \"max\": \"30ms\"} or null")]
enum DelayPatch {
    /// Always as long, or a preset.
    Fixed(String),
    /// Drawn evenly from a range.
    #[serde(deserialize_with = "object")]
    Range(RangePatch),
}

/// A range of delays.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RangePatch {
    /// The shortest.
    min: String,
    /// The longest.
    max: String,
}

/// Which calls an active server stub answers.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ScopePatch {
    /// Calls that some stub fits.
    Mocked,
    /// Every call of the mock.
    All,
}

/// A member that is there, be it null.
fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

impl Patch {
    /// One change for each setting.
    fn split(self, mock: &scenario::Mock) -> Result<Vec<Map<String, Value>>, ApiError> {
        let own = mock.active.as_ref().map(|(stub, _)| Some(stub.name.to_string()));
        let mut patch = self;
        if patch.server_stub_scope.is_some() && patch.active_server_stub.is_none() {
            let none = || {
                let error = ApiError::new(Fault::BadBody, "`server_stub_scope`: no server stub is active");
                error.help("name one in `active_server_stub`")
            };
            patch.active_server_stub = Some(own.ok_or_else(none)?);
        }
        let Ok(Value::Object(members)) = serde_json::to_value(&patch) else { return Ok(Vec::new()) };
        let scope = members.get("server_stub_scope").cloned();
        let change = |(setting, value): (String, Value)| {
            let mut change = Map::from_iter([(setting.clone(), value)]);
            if let (Some(scope), "active_server_stub") = (&scope, setting.as_str()) {
                change.insert("server_stub_scope".to_owned(), scope.clone());
            }
            change
        };
        Ok(members.into_iter().filter(|(name, _)| name != "server_stub_scope").map(change).collect())
    }
}

/// A mock as an answer, with the tag of what it shows.
pub fn tagged(mock: Mock) -> Response {
    ([(ETAG, tag(&mock))], Json(mock)).into_response()
}

/// A tag of what is shown of a mock.
fn tag(mock: &Mock) -> String {
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(mock).unwrap_or_default().hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

/// Refuses a change that was not made of what is shown now.
fn matches(headers: &HeaderMap, tag: &str) -> Result<(), ApiError> {
    let mut tags = headers.get_all(IF_MATCH).iter().filter_map(|field| field.to_str().ok()).peekable();
    if tags.peek().is_none() {
        let error = ApiError::new(Fault::TagNeeded, "the request does not say what it changes");
        return Err(error.help("send `if-match` with the `etag` of `GET /v1/mocks/{mock}`, or `if-match: *`"));
    }
    match tags.flat_map(|field| field.split(',')).map(str::trim).any(|sent| sent == "*" || sent == tag) {
        true => Ok(()),
        false => {
            let error = ApiError::new(Fault::StaleTag, "the mock has changed since it was read");
            Err(error.help(format!("read it again; its tag is {tag} now")))
        }
    }
}

/// Changes settings of a mock at once; what is changed lies over the files until it is undone
#[utoipa::path(patch, path = "/v1/mocks/{mock}", tag = "overrides", request_body = Patch,
    params(("mock" = String, Path, description = "its name"), ("if-match" = String, Header, description = "the tag of what is changed, or `*`")),
    responses((status = 200, body = Mock, headers(("etag" = String, description = "the tag of the mock"))),
              (status = 412, description = "the mock has changed since it was read", body = Failure, content_type = "application/problem+json"),
              (status = 422, description = "the change would not stand in a file", body = Failure, content_type = "application/problem+json"),
              (status = 428, description = "`if-match` is missing", body = Failure, content_type = "application/problem+json")))]
pub async fn change(
    State(admin): State<Arc<Admin>>,
    Path(name): Path<String>,
    _: NoParameters,
    change: Change,
    headers: HeaderMap,
    Body(patch): Body<Patch>,
) -> Result<Response, ApiError> {
    let mut what = Vec::new();
    let edit = |snapshot: &Snapshot, before: &[Arc<Entry>]| {
        let mock = find_mock(snapshot, &name)?;
        matches(&headers, &tag(&show_mock(mock, snapshot, &admin, before)))?;
        let mut entries = before.to_vec();
        for change in patch.split(mock)? {
            let Some(id) = change.keys().find(|key| *key != "server_stub_scope").cloned() else { continue };
            what.push(Value::Object(change.clone()).to_string());
            entries.retain(|entry| entry.mock != name || entry.id != id);
            let (mock, since) = (name.clone(), SystemTime::now());
            entries.push(Arc::new(Entry { id, mock, change, since, until: None, left: None }));
        }
        Ok(entries)
    };
    admin.reloader.change(edit).await?;
    for what in what {
        change.log(format_args!("mock {name}: {what}"));
    }
    let snapshot = admin.live.snapshot();
    let mock = find_mock(&snapshot, &name)?;
    Ok(tagged(show_mock(mock, &snapshot, &admin, &admin.reloader.overlay())))
}
