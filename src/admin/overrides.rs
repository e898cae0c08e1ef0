//! Overrides: what lies over the files, made, listed and undone one by one.

mod show;

use std::sync::Arc;
use std::time::SystemTime;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::Admin;
use super::body::Body;
use super::calls::Paging;
use super::error::{ApiError, Failure, Fault};
use super::mocks::{find_mock, find_scenario, find_stub, scenarios_of};
use super::parameters::{NoParameters, Parameters};
use super::session::Change;
use crate::config::overlay::Entry;
use crate::live::Snapshot;
use crate::reload::Refusal;
use show::{Override, said, show};

/// How many overrides there may be. Each request of a mock looks at all that force or switch off.
const MOST: usize = 1_000;

/// A scenario that is to be forced, or a stub that is to be switched off.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOverride {
    /// The stub.
    stub: String,
    /// The scenario that answers wherever the stub is asked, whatever its conditions: its name, or its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    scenario: Option<String>,
    /// Whether the stub is switched off instead: as if it were not there.
    #[serde(default)]
    off: bool,
    /// For how long: `90s`, `2m`, `1h`. Absent: until it is undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<String>,
    /// For how many requests. Absent: for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    count: Option<u64>,
    /// For which requests, as `[gate]` says it: `{"header": {"x-user": "7"}}`. Absent: for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    r#if: Option<Map<String, Value>>,
}

/// Some of what lies over the files, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Overrides {
    overrides: Vec<Override>,
    /// The cursor of the next page; null on the last.
    next: Option<String>,
}

/// How many were undone.
#[derive(Debug, Serialize, ToSchema)]
pub struct Undone {
    deleted: usize,
}

impl From<Refusal<ApiError>> for ApiError {
    fn from(refusal: Refusal<ApiError>) -> Self {
        match refusal {
            Refusal::Withdrawn(error) => error,
            Refusal::Gone(what) => ApiError::new(Fault::NotFound, what),
            Refusal::Invalid(problems) => ApiError::refused(problems),
            Refusal::Unwritten(error) => {
                tracing::error!(%error, "`admin.state_file` cannot be written");
                let failed =
                    ApiError::new(Fault::StateFile, "`admin.state_file` cannot be written; nothing has changed");
                failed.help("the operational log says why")
            }
        }
    }
}

impl NewOverride {
    fn checked(&self) -> Result<(), ApiError> {
        let wrong = |detail: &str, help: &str| Err(ApiError::new(Fault::BadBody, detail).help(help));
        match (&self.scenario, self.off) {
            (None, false) => wrong("the override changes nothing", "name a `scenario`, or say `\"off\": true`"),
            (Some(_), true) => wrong("`scenario` and `off` exclude each other", "leave one out"),
            // In a file there is no null, and what it means is not for us to guess.
            _ if self.r#if.as_ref().is_some_and(|when| when.values().any(has_null)) => {
                wrong("`if` compares with null", "write `{\"absent\": true}` for what must not be there")
            }
            _ => Ok(()),
        }
    }
}

/// Everything that lies over the files of all mocks, oldest first
#[utoipa::path(get, path = "/v1/overrides", tag = "overrides", params(Paging), responses((status = 200, body = Overrides)))]
pub async fn all(State(admin): State<Arc<Admin>>, asked: RawQuery) -> Result<Json<Overrides>, ApiError> {
    page(&admin, &asked, None)
}

/// What lies over the files of a mock, oldest first
#[utoipa::path(get, path = "/v1/mocks/{mock}/overrides", tag = "overrides",
    params(("mock" = String, Path, description = "name of the mock"), Paging), responses((status = 200, body = Overrides)))]
pub async fn list(
    State(admin): State<Arc<Admin>>,
    Path(name): Path<String>,
    asked: RawQuery,
) -> Result<Json<Overrides>, ApiError> {
    find_mock(&admin.live.snapshot(), &name)?;
    page(&admin, &asked, Some(&name))
}

/// One thing that lies over the files of a mock
#[utoipa::path(get, path = "/v1/mocks/{mock}/overrides/{override}", tag = "overrides",
    params(("mock" = String, Path, description = "name of the mock"), ("override" = String, Path, description = "its id")), responses((status = 200, body = Override)))]
pub async fn one(
    State(admin): State<Arc<Admin>>,
    Path((mock, id)): Path<(String, String)>,
    _: NoParameters,
) -> Result<Json<Override>, ApiError> {
    let snapshot = admin.live.snapshot();
    find_mock(&snapshot, &mock)?;
    let entries = admin.reloader.overlay();
    let found = entries.iter().find(|entry| entry.mock == mock && entry.id == id);
    found.map(|entry| Json(show(entry, &snapshot.redactor))).ok_or_else(|| no_such(&mock, &id, &entries))
}

/// Forces a scenario, or switches a stub off: for a while, for some requests, or until it is undone
#[utoipa::path(post, path = "/v1/mocks/{mock}/overrides", tag = "overrides", request_body = NewOverride,
    params(("mock" = String, Path, description = "name of the mock")),
    responses((status = 201, body = Override, headers(("location" = String, description = "where it is"))),
              (status = 409, description = "there are as many overrides as there may be", body = Failure, content_type = "application/problem+json"),
              (status = 422, description = "the override would not stand in a file", body = Failure, content_type = "application/problem+json")))]
pub async fn add(
    State(admin): State<Arc<Admin>>,
    Path(name): Path<String>,
    _: NoParameters,
    change: Change,
    Body(new): Body<NewOverride>,
) -> Result<Response, ApiError> {
    new.checked()?;
    let mut made = None;
    let edit = |snapshot: &Snapshot, before: &[Arc<Entry>]| {
        let stub = find_stub(snapshot, find_mock(snapshot, &name)?, &new.stub)?;
        if let Some(wanted) = &new.scenario
            && !scenarios_of(snapshot, stub).any(|scenario| *scenario.id == **wanted)
        {
            find_scenario(snapshot, stub, wanted)?;
        }
        if before.iter().filter(|entry| !entry.is_setting()).count() >= MOST {
            let error = ApiError::new(Fault::TooManyOverrides, format!("there are {MOST} overrides already"));
            return Err(error.help("undo some, or give them a `ttl`"));
        }
        let Ok(Value::Object(change)) = serde_json::to_value(&new) else { return Ok(before.to_vec()) };
        let (id, now) = (admin.reloader.next_number().to_string(), SystemTime::now());
        let entry = Entry { id, mock: name.clone(), change, since: now, until: None, left: None };
        let entry = Arc::new(entry.begin(now).map_err(ApiError::refused)?);
        made = Some(entry.clone());
        Ok([before, &[entry]].concat())
    };
    admin.reloader.change(edit).await?;
    let Some(entry) = made else { return Err(ApiError::new(Fault::Busy, "nothing was made of it")) };
    change.log(format_args!("mock {name}: override {}: {}", entry.id, said(&entry, &admin.live.snapshot().redactor)));
    let location = format!("/v1/mocks/{}/overrides/{}", segment(&name), entry.id);
    let shown = show(&entry, &admin.live.snapshot().redactor);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(shown)).into_response())
}

/// Undoes one thing that lies over the files of a mock
#[utoipa::path(delete, path = "/v1/mocks/{mock}/overrides/{override}", tag = "overrides",
    params(("mock" = String, Path, description = "name of the mock"), ("override" = String, Path, description = "its id")),
    responses((status = 204, description = "undone"),
              (status = 422, description = "without it the files are not valid", body = Failure, content_type = "application/problem+json")))]
pub async fn undo(
    State(admin): State<Arc<Admin>>,
    Path((mock, id)): Path<(String, String)>,
    _: NoParameters,
    change: Change,
) -> Result<StatusCode, ApiError> {
    let is_it = |entry: &Arc<Entry>| entry.mock == mock && entry.id == id;
    let edit = |snapshot: &Snapshot, before: &[Arc<Entry>]| {
        find_mock(snapshot, &mock)?;
        match before.iter().any(is_it) {
            true => Ok(before.iter().filter(|entry| !is_it(entry)).cloned().collect()),
            false => Err(no_such(&mock, &id, before)),
        }
    };
    admin.reloader.change(edit).await?;
    change.log(format_args!("mock {mock}: override {id} undone"));
    Ok(StatusCode::NO_CONTENT)
}

/// Undoes everything that lies over the files of a mock
#[utoipa::path(delete, path = "/v1/mocks/{mock}/overrides", tag = "overrides", params(("mock" = String, Path, description = "name of the mock")),
    responses((status = 200, body = Undone),
              (status = 422, description = "without it the files are not valid", body = Failure, content_type = "application/problem+json")))]
pub async fn clear(
    State(admin): State<Arc<Admin>>,
    Path(name): Path<String>,
    _: NoParameters,
    change: Change,
) -> Result<Json<Undone>, ApiError> {
    let mut deleted = 0;
    let edit = |snapshot: &Snapshot, before: &[Arc<Entry>]| {
        find_mock(snapshot, &name)?;
        let rest: Vec<_> = before.iter().filter(|entry| entry.mock != name).cloned().collect();
        deleted = before.len() - rest.len();
        Ok::<_, ApiError>(rest)
    };
    admin.reloader.change(edit).await?;
    change.log(format_args!("mock {name}: {deleted} overrides undone"));
    Ok(Json(Undone { deleted }))
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn page(admin: &Admin, asked: &RawQuery, mock: Option<&str>) -> Result<Json<Overrides>, ApiError> {
    let parameters = Parameters::read(asked, &["limit", "cursor"])?;
    let redactor = &admin.live.snapshot().redactor;
    let own = admin.reloader.overlay().into_iter().filter(|entry| mock.is_none_or(|mock| entry.mock == mock));
    let page = parameters.page(own, |entry| format!("{}.{}", entry.id, entry.mock))?;
    Ok(Json(Overrides { overrides: page.page.iter().map(|entry| show(entry, redactor)).collect(), next: page.next }))
}

fn no_such(mock: &str, id: &str, entries: &[Arc<Entry>]) -> ApiError {
    let own = entries.iter().filter(|entry| entry.mock == mock);
    ApiError::no_such("override", id, own.map(|entry| entry.id.as_str()))
}

/// A name as a segment of a path.
fn segment(name: &str) -> String {
    // What a form writes, but for the space.
    form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20")
}
