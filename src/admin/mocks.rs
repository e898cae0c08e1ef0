//! `/v1/mocks`: mocks with their stubs, scenarios and server stubs, as they are in force.

pub mod change;
mod show;
mod show_stub;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use utoipa::IntoParams;

use super::Admin;
use super::calls::Paging;
use super::error::ApiError;
use super::parameters::{NoParameters, Parameters};
use crate::live::Snapshot;
use crate::stubs::scenario;
use show::{Mock, Mocks, show_mock};
use show_stub::{ServerStubs, Stub, Stubs, match_line, show_server_stub, show_stub};

/// Free text, for the document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the document is made of it")]
struct Text {
    /// Text in the name or the match line, in any case.
    q: Option<String>,
}

/// Mocks in file order
#[utoipa::path(get, path = "/v1/mocks", tag = "mocks", params(Paging), responses((status = 200, body = Mocks)))]
pub async fn list(State(admin): State<Arc<Admin>>, asked: RawQuery) -> Result<Json<Mocks>, ApiError> {
    let parameters = Parameters::read(&asked, &["limit", "cursor"])?;
    let snapshot = admin.live.snapshot();
    let page = parameters.page(snapshot.table.mocks().iter(), |mock| mock.name.to_string())?;
    let entries = admin.reloader.overlay();
    let mocks = page.page.into_iter().map(|mock| show_mock(mock, &snapshot, &admin, &entries)).collect();
    Ok(Json(Mocks { mocks, next: page.next }))
}

/// One mock
#[utoipa::path(get, path = "/v1/mocks/{mock}", tag = "mocks", params(("mock" = String, Path, description = "its name")),
    responses((status = 200, body = Mock, headers(("etag" = String, description = "the tag of the mock")))))]
pub async fn one(
    State(admin): State<Arc<Admin>>,
    Path(name): Path<String>,
    _: NoParameters,
) -> Result<Response, ApiError> {
    let snapshot = admin.live.snapshot();
    let mock = find_mock(&snapshot, &name)?;
    Ok(change::tagged(show_mock(mock, &snapshot, &admin, &admin.reloader.overlay())))
}

/// The stubs of a mock with their scenarios, in file order
#[utoipa::path(get, path = "/v1/mocks/{mock}/stubs", tag = "mocks",
    params(("mock" = String, Path, description = "name of the mock"), Paging, Text), responses((status = 200, body = Stubs)))]
pub async fn stubs(
    State(admin): State<Arc<Admin>>,
    Path(name): Path<String>,
    asked: RawQuery,
) -> Result<Json<Stubs>, ApiError> {
    let parameters = Parameters::read(&asked, &["limit", "cursor", "q"])?;
    let snapshot = admin.live.snapshot();
    let mock = find_mock(&snapshot, &name)?;
    let wanted = parameters.get("q").map(str::to_lowercase);
    let fits = |stub: &&scenario::Stub| match &wanted {
        None => true,
        Some(text) => stub.name.to_lowercase().contains(text) || match_line(stub).to_lowercase().contains(text),
    };
    let page = parameters.page(stubs_of(&snapshot, mock).filter(fits), |stub| stub.name.to_string())?;
    let stubs = page.page.into_iter().map(|stub| show_stub(stub, &snapshot)).collect();
    Ok(Json(Stubs { stubs, next: page.next }))
}

/// One stub with its scenarios
#[utoipa::path(get, path = "/v1/mocks/{mock}/stubs/{stub}", tag = "mocks",
    params(("mock" = String, Path, description = "name of the mock"), ("stub" = String, Path, description = "its name")), responses((status = 200, body = Stub)))]
pub async fn stub(
    State(admin): State<Arc<Admin>>,
    Path((mock, stub)): Path<(String, String)>,
    _: NoParameters,
) -> Result<Json<Stub>, ApiError> {
    let snapshot = admin.live.snapshot();
    let stub = find_stub(&snapshot, find_mock(&snapshot, &mock)?, &stub)?;
    Ok(Json(show_stub(stub, &snapshot)))
}

/// The server stubs of a mock, in file order
#[utoipa::path(get, path = "/v1/mocks/{mock}/server-stubs", tag = "mocks",
    params(("mock" = String, Path, description = "name of the mock"), Paging), responses((status = 200, body = ServerStubs)))]
pub async fn server_stubs(
    State(admin): State<Arc<Admin>>,
    Path(name): Path<String>,
    asked: RawQuery,
) -> Result<Json<ServerStubs>, ApiError> {
    let parameters = Parameters::read(&asked, &["limit", "cursor"])?;
    let snapshot = admin.live.snapshot();
    let mock = find_mock(&snapshot, &name)?;
    let own = snapshot.table.server_stubs().iter().filter(|stub| stub.mock == mock.name);
    let page = parameters.page(own, |stub| stub.name.to_string())?;
    let server_stubs = page.page.into_iter().map(|stub| show_server_stub(stub, mock, &snapshot)).collect();
    Ok(Json(ServerStubs { server_stubs, next: page.next }))
}

/// The mock of this name, or a 404 that names the nearest.
pub fn find_mock<'s>(snapshot: &'s Snapshot, name: &str) -> Result<&'s Arc<scenario::Mock>, ApiError> {
    let mocks = snapshot.table.mocks();
    let found = mocks.iter().find(|mock| *mock.name == *name);
    found.ok_or_else(|| ApiError::no_such("mock", name, mocks.iter().map(|mock| &*mock.name)))
}

/// The stub of this name, or a 404 that names the nearest.
pub fn find_stub<'s>(
    snapshot: &'s Snapshot,
    mock: &scenario::Mock,
    name: &str,
) -> Result<&'s scenario::Stub, ApiError> {
    let found = stubs_of(snapshot, mock).find(|stub| *stub.name == *name);
    found.ok_or_else(|| ApiError::no_such("stub", name, stubs_of(snapshot, mock).map(|stub| &*stub.name)))
}

/// The scenario of this name, or a 404 that names the nearest.
pub fn find_scenario<'s>(
    snapshot: &'s Snapshot,
    stub: &scenario::Stub,
    name: &str,
) -> Result<&'s Arc<scenario::Scenario>, ApiError> {
    let own = || scenarios_of(snapshot, stub);
    let found = own().find(|scenario| *scenario.name == *name);
    found.ok_or_else(|| ApiError::no_such("scenario", name, own().map(|scenario| &*scenario.name)))
}

fn stubs_of<'s>(snapshot: &'s Snapshot, mock: &scenario::Mock) -> impl Iterator<Item = &'s scenario::Stub> {
    let number = mock.number;
    snapshot.table.stubs().iter().filter(move |stub| stub.mock == number)
}

/// The scenarios of a stub, in the order in which they are tried.
pub fn scenarios_of<'s>(
    snapshot: &'s Snapshot,
    stub: &scenario::Stub,
) -> impl Iterator<Item = &'s Arc<scenario::Scenario>> {
    stub.scenarios.iter().filter_map(|number| snapshot.table.scenarios().get(*number as usize))
}
