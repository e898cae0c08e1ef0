//! The one form in which the admin API fails: problem+json (RFC 9457).

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::calls::BadParameter;

/// A failure, with what the caller may know of it.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    detail: String,
    help: Option<String>,
}

impl ApiError {
    /// 404.
    pub fn not_found(detail: &str) -> Self {
        ApiError { status: StatusCode::NOT_FOUND, code: "not-found", detail: detail.to_owned(), help: None }
    }

    /// 405.
    pub fn method_not_allowed() -> Self {
        let detail = "the route is there, but not for this method".to_owned();
        ApiError { status: StatusCode::METHOD_NOT_ALLOWED, code: "method-not-allowed", detail, help: None }
    }

    /// 403 for a host or origin that is not this machine.
    pub fn foreign(detail: &str) -> Self {
        let help = Some("call it as localhost, 127.0.0.1 or [::1]".to_owned());
        ApiError { status: StatusCode::FORBIDDEN, code: "foreign-caller", detail: detail.to_owned(), help }
    }
}

impl From<BadParameter> for ApiError {
    fn from(bad: BadParameter) -> Self {
        let BadParameter { name: _, message, help } = bad;
        ApiError { status: StatusCode::BAD_REQUEST, code: "bad-parameter", detail: message, help: Some(help) }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let mut body =
            json!({ "title": title, "status": self.status.as_u16(), "code": self.code, "detail": self.detail });
        if let Some(help) = self.help {
            body["help"] = help.into();
        }
        (self.status, [(CONTENT_TYPE, "application/problem+json")], Json(body)).into_response()
    }
}
