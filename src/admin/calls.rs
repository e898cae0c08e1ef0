//! `/v1/calls`: what passed through.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};

use super::error::ApiError;
use crate::calls::{CallLog, CallPage, CallQuery, Whole};

/// Calls, newest first.
pub async fn list(State(log): State<Arc<CallLog>>, RawQuery(query): RawQuery) -> Result<Json<CallPage>, ApiError> {
    let pairs = form_urlencoded::parse(query.as_deref().unwrap_or("").as_bytes());
    let page = CallQuery::from_pairs(pairs).and_then(|query| query.run(&log))?;
    Ok(Json(page))
}

/// One call with headers and bodies.
pub async fn one(State(log): State<Arc<CallLog>>, Path(id): Path<String>) -> Result<Json<Whole>, ApiError> {
    let call = log.get(&id).ok_or_else(|| ApiError::not_found("there is no such call, or the log has let it go"))?;
    Ok(Json(call.whole(&log)))
}
