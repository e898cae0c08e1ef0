//! `/v1/calls`: what passed through.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::Admin;
use super::error::{ApiError, Fault};
use super::parameters::NoParameters;
use super::session::Change;
use crate::calls::{BadParameter, CallPage, CallQuery, Filter, Whole};
use crate::live::Snapshot;
use crate::problem::nearest;
use crate::words::{Decided, Reason};

/// The filters of calls, for the document; `calls` reads them.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the document is made of it")]
pub struct Filters {
    /// Name of the mock.
    mock: Option<String>,
    /// Name of the stub or server stub.
    stub: Option<String>,
    /// Name of the scenario.
    scenario: Option<String>,
    /// What was done.
    #[param(schema_with = decisions)]
    decision: Option<Decided>,
    /// A status, or a class of them: `404`, `4xx`.
    #[param(pattern = "^([1-9][0-9]{2}|[1-5](xx|XX))$")]
    status: Option<String>,
    /// The method, in any case.
    method: Option<String>,
    /// The path as it was sent; with `*` at its end a prefix.
    path: Option<String>,
    /// Not before this time, RFC 3339.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Not after this time, RFC 3339.
    #[param(format = DateTime)]
    until: Option<String>,
    /// Why no stub answered; `any` for every miss.
    #[param(schema_with = reasons)]
    miss: Option<Reason>,
    /// Text, in any case, anywhere in the heads and in what was kept of the bodies.
    q: Option<String>,
}

/// Which page.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the document is made of it")]
pub struct Paging {
    /// How many on a page. Default: 100.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

fn decisions() -> utoipa::openapi::schema::Object {
    words(Decided::ALL.iter().map(|word| word.as_str()))
}

fn reasons() -> utoipa::openapi::schema::Object {
    words(Reason::ALL.iter().map(|word| word.as_str()).chain(["any"]))
}

fn words(words: impl Iterator<Item = &'static str>) -> utoipa::openapi::schema::Object {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .enum_values(Some(words))
        .build()
}

/// Runs a look through the whole log where it holds nobody up: it takes milliseconds, and probes share the thread.
pub async fn looked<T: Send + 'static>(
    look: impl FnOnce() -> Result<T, BadParameter> + Send + 'static,
) -> Result<T, ApiError> {
    let looked = tokio::task::spawn_blocking(look).await;
    Ok(looked.map_err(|_| ApiError::new(Fault::Busy, "looking through the log failed"))??)
}

fn query(query: &RawQuery) -> Result<CallQuery, BadParameter> {
    CallQuery::from_pairs(form_urlencoded::parse(query.0.as_deref().unwrap_or("").as_bytes()))
}

/// A page of calls. Where there is none, and a name of a filter is nowhere in the configuration either, it was a slip.
fn page(admin: &Admin, query: &CallQuery) -> Result<CallPage, BadParameter> {
    let page = query.run(&admin.log)?;
    if page.calls.is_empty() && page.next.is_none() {
        known(&admin.live.snapshot(), query.filter())?;
    }
    Ok(page)
}

/// Whether the configuration has the names that a filter asks for.
pub fn known(snapshot: &Snapshot, filter: &Filter) -> Result<(), BadParameter> {
    let table = &snapshot.table;
    for (name, value) in filter.written() {
        let names: Vec<&str> = match *name {
            "mock" => table.mocks().iter().map(|mock| &*mock.name).collect(),
            "stub" => {
                let server_stubs = table.server_stubs().iter().map(|stub| &*stub.name);
                table.stubs().iter().map(|stub| &*stub.name).chain(server_stubs).collect()
            }
            "scenario" => table.scenarios().iter().map(|scenario| &*scenario.name).collect(),
            _ => continue,
        };
        if !names.contains(&&**value) {
            let help = match nearest(value, names) {
                Some(slip) => format!("did you mean `{slip}`?"),
                None => format!("neither the configuration nor a call that was kept has a {name} of that name"),
            };
            return Err(BadParameter::new(name, format!("there is no {name} `{value}`"), help));
        }
    }
    Ok(())
}

/// Calls, newest first, by filters and pages
#[utoipa::path(get, path = "/v1/calls", tag = "calls", params(Filters, Paging), responses((status = 200, body = CallPage)))]
pub async fn list(State(admin): State<Arc<Admin>>, asked: RawQuery) -> Result<Json<CallPage>, ApiError> {
    let query = query(&asked)?;
    looked(move || page(&admin, &query)).await.map(Json)
}

/// Calls that a stub could have answered and did not, newest first, by filters and pages
#[utoipa::path(get, path = "/v1/misses", tag = "calls", params(Filters, Paging), responses((status = 200, body = CallPage)))]
pub async fn misses(State(admin): State<Arc<Admin>>, asked: RawQuery) -> Result<Json<CallPage>, ApiError> {
    let query = query(&asked)?.only_misses();
    looked(move || page(&admin, &query)).await.map(Json)
}

/// One call with headers and bodies
#[utoipa::path(get, path = "/v1/calls/{id}", tag = "calls", params(("id" = String, Path, description = "id of the call")), responses((status = 200, body = Whole)))]
pub async fn one(
    State(admin): State<Arc<Admin>>,
    Path(id): Path<String>,
    _: NoParameters,
) -> Result<Json<Whole>, ApiError> {
    let found = looked(move || Ok(admin.log.whole(&id, &admin.live.snapshot().redactor).ok_or(id))).await?;
    found.map(Json).map_err(|id| no_such_call(&id))
}

/// A call that the log does not have.
pub fn no_such_call(id: &str) -> ApiError {
    let error = ApiError::new(Fault::NotFound, format!("there is no call `{id}`, or the log has let it go"));
    error.help("ids are those of `GET /v1/calls`; a restart begins anew, unless calls are kept in a file")
}

/// How many calls are gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct Deleted {
    /// Calls that were over and were let go.
    deleted: u64,
}

/// Lets all calls go that are over
#[utoipa::path(delete, path = "/v1/calls", tag = "calls",
    responses((status = 200, body = Deleted), (status = 403, description = "`admin.read_only` is set, or a foreign caller", body = super::error::Failure, content_type = "application/problem+json")))]
pub async fn delete(
    State(admin): State<Arc<Admin>>,
    change: Change,
    _: NoParameters,
) -> Result<Json<Deleted>, ApiError> {
    let deleted = looked(move || Ok(admin.log.clear())).await?;
    change.log(format_args!("{deleted} calls deleted from the log"));
    Ok(Json(Deleted { deleted }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::FILTERS;

    #[test]
    fn the_document_has_the_filters_that_are_read() {
        let documented: Vec<String> =
            Filters::into_params(|| None).into_iter().map(|parameter| parameter.name).collect();
        assert_eq!(documented, FILTERS);
    }
}
