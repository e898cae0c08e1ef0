//! The one form in which the admin API fails: problem+json (RFC 9457).

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::config::{Problem, shown};
use crate::calls::BadParameter;
use crate::problem::{Problems, nearest};

/// Declares the faults of the API: a word, a status, and what it means.
macro_rules! faults {
    ($( $(#[doc = $doc:literal])+ $variant:ident $code:literal $status:ident, )+) => {
        /// Why the API refuses a request.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault { $( $(#[doc = $doc])+ $variant, )+ }

        impl Fault {
            /// All of them.
            pub const ALL: &'static [Fault] = &[$( Fault::$variant, )+];

            /// The word that clients can rely on.
            pub fn as_str(self) -> &'static str {
                match self { $( Fault::$variant => $code, )+ }
            }

            /// The status of the answer.
            pub fn status(self) -> StatusCode {
                match self { $( Fault::$variant => StatusCode::$status, )+ }
            }

            /// What it means, in one line.
            pub fn meaning(self) -> &'static str {
                match self { $( Fault::$variant => concat!($($doc),+).trim_ascii(), )+ }
            }
        }
    };
}

faults! {
    /// A parameter is unknown, stands twice, or has a bad value.
    BadParameter "bad-parameter" BAD_REQUEST,
    /// The body is no JSON, has an unknown member, or a bad value.
    BadBody "bad-body" BAD_REQUEST,
    /// The token is missing or wrong, or the sign-in is over.
    Unauthorized "unauthorized" UNAUTHORIZED,
    /// The request comes by a name, or from a page, that is not the listener's.
    ForeignCaller "foreign-caller" FORBIDDEN,
    /// `admin.read_only` is set.
    ReadOnly "read-only" FORBIDDEN,
    /// There is nothing of this name.
    NotFound "not-found" NOT_FOUND,
    /// The route is there, but not for this method.
    MethodNotAllowed "method-not-allowed" METHOD_NOT_ALLOWED,
    /// The body did not arrive within ten seconds.
    BodyTimeout "body-timeout" REQUEST_TIMEOUT,
    /// The body is longer than 1 MiB.
    BodyTooLarge "body-too-large" PAYLOAD_TOO_LARGE,
    /// There are as many overrides as there may be.
    TooManyOverrides "too-many-overrides" CONFLICT,
    /// The mock has changed since its `etag` was read.
    StaleTag "stale-tag" PRECONDITION_FAILED,
    /// The change has no `if-match`.
    TagNeeded "tag-needed" PRECONDITION_REQUIRED,
    /// The `content-type` is not `application/json`.
    NotJson "not-json" UNSUPPORTED_MEDIA_TYPE,
    /// The configuration would be refused; nothing has changed.
    InvalidConfig "invalid-config" UNPROCESSABLE_ENTITY,
    /// `admin.state_file` cannot be written; nothing has changed.
    StateFile "state-file" INTERNAL_SERVER_ERROR,
    /// So many are at it already.
    Busy "busy" SERVICE_UNAVAILABLE,
    /// The own data port did not answer.
    DataPort "data-port" BAD_GATEWAY,
    /// The own data port did not answer in time.
    DataPortTimeout "data-port-timeout" GATEWAY_TIMEOUT,
}

/// A failure, with what the caller may know of it.
#[derive(Debug)]
pub struct ApiError {
    fault: Fault,
    detail: String,
    help: Option<String>,
    problems: Option<Problems>,
}

/// How a failure is told.
#[derive(Debug, Serialize, ToSchema)]
pub struct Failure {
    /// The status in words.
    title: &'static str,
    /// The status.
    status: u16,
    /// A word that clients can rely on.
    code: &'static str,
    /// What is wrong, in a sentence.
    detail: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    /// What is wrong with the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<Vec<Problem>>,
    /// The same as `standin check` prints it.
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<String>,
}

impl ApiError {
    /// A failure without help.
    pub fn new(fault: Fault, detail: impl Into<String>) -> Self {
        ApiError { fault, detail: detail.into(), help: None, problems: None }
    }

    /// Says how to mend it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// There is no `what` of this name; the nearest that there is, is named.
    pub fn no_such<'n>(what: &str, name: &str, known: impl IntoIterator<Item = &'n str>) -> Self {
        let error = ApiError::new(Fault::NotFound, format!("there is no {what} `{name}`"));
        match nearest(name, known) {
            Some(slip) => error.help(format!("did you mean `{slip}`?")),
            None => error,
        }
    }

    /// A configuration that would be refused.
    pub fn refused(problems: Problems) -> Self {
        let detail = match problems.errors() {
            1 => "it would not be valid, for one reason; nothing has changed".to_owned(),
            errors => format!("it would not be valid, for {errors} reasons; nothing has changed"),
        };
        ApiError { problems: Some(problems), ..ApiError::new(Fault::InvalidConfig, detail) }
    }
}

impl From<BadParameter> for ApiError {
    fn from(bad: BadParameter) -> Self {
        let BadParameter { name: _, message, help } = bad;
        ApiError::new(Fault::BadParameter, message).help(help)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.fault.status();
        let failure = Failure {
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code: self.fault.as_str(),
            detail: self.detail,
            help: self.help,
            problems: self.problems.as_ref().map(shown),
            report: self.problems.as_ref().map(|problems| problems.render(false).trim_end().to_owned()),
        };
        (status, [(CONTENT_TYPE, "application/problem+json")], Json(failure)).into_response()
    }
}
