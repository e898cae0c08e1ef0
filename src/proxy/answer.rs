//! What Standin itself answers: the one place that turns decisions and failures into HTTP.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, DATE};
use http::{HeaderName, HeaderValue, StatusCode};
use pingora::http::ResponseHeader;
use smallvec::SmallVec;

use crate::live::Snapshot;
use crate::stubs::answer::Answer;
use crate::stubs::cors::Fields;
use crate::stubs::marker::Marker;
use crate::words::{Failure, Rejection};

/// The field that says what Standin did.
pub const STANDIN: HeaderName = HeaderName::from_static("standin");
/// The field that says how long it took.
pub const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Postman's answer where no example fits, to the letter (reference, section 9).
const NOT_FOUND: &[u8] = br#"{"error":{"name":"mockRequestNotFoundError","message":"Double check your method and the request path and try again.","header":"No matching requests"}}"#;
/// The answer of a private mock to a missing or wrong key, in Postman's error shape.
const DENIED: &[u8] = br#"{"error":{"name":"invalidCredentialsError","header":"Invalid credentials","message":"This mock is private. Send a valid key in x-api-key."}}"#;

/// A status, header fields and a body, ready to be written.
#[derive(Debug)]
pub struct Local {
    /// The status.
    pub status: u16,
    /// Header fields, but those of framing and of the connection.
    pub fields: SmallVec<[(HeaderName, HeaderValue); 8]>,
    /// The body.
    pub body: Bytes,
}

impl Local {
    /// The answer of a scenario or server stub.
    pub fn of(answer: &Answer, cors: Fields) -> Self {
        let mut local = Local {
            status: answer.status,
            fields: answer.headers.iter().cloned().collect(),
            body: answer.body.clone(),
        };
        // What the answer says of itself wins: an `Access-Control-Allow-Origin` saved in it is sent.
        local.fields.extend(cors.into_iter().filter(|(name, _)| *name == http::header::VARY || !answer.has(name)));
        local
    }

    /// The answer where no stub fits, in Postman's words.
    pub fn not_found(cors: Fields) -> Self {
        Self::json(404, "application/json; charset=utf-8", Bytes::from_static(NOT_FOUND), cors)
    }

    /// The answer of a private mock without a key, in Postman's words.
    pub fn denied(cors: Fields) -> Self {
        Self::json(401, "application/json; charset=utf-8", Bytes::from_static(DENIED), cors)
    }

    /// The answer to a preflight.
    pub fn preflight(fields: Fields) -> Self {
        Local { status: 204, fields: fields.into_iter().collect(), body: Bytes::new() }
    }

    /// A failure, as problem+json (RFC 9457).
    pub fn problem(status: u16, code: &str, detail: &str, cors: Fields) -> Self {
        Self::json(status, "application/problem+json", problem(status, code, detail), cors)
    }

    fn json(status: u16, media: &'static str, body: Bytes, cors: Fields) -> Self {
        let mut fields = SmallVec::new();
        fields.push((CONTENT_TYPE, HeaderValue::from_static(media)));
        fields.extend(cors);
        Local { status, fields, body }
    }

    /// Adds a field.
    pub fn add(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.fields.push((name, value));
        }
    }

    /// The head as pingora writes it.
    ///
    /// # Errors
    /// Never for what Standin makes: statuses and fields are checked at load.
    pub fn head(&self) -> pingora::Result<Box<ResponseHeader>> {
        let mut head = ResponseHeader::build_no_case(self.status, Some(self.fields.len() + 3))?;
        for (name, value) in &self.fields {
            head.append_header(name.clone(), value.clone())?;
        }
        if !matches!(self.status, 204 | 304) {
            head.append_header(CONTENT_LENGTH, self.body.len())?;
        }
        Ok(Box::new(head))
    }

    /// A `Date` of its own, which pingora would put its own over.
    pub fn date(&self) -> Option<&HeaderValue> {
        self.fields.iter().find(|(name, _)| *name == DATE).map(|(_, value)| value)
    }
}

/// A problem document.
pub fn problem(status: u16, code: &str, detail: &str) -> Bytes {
    let title = StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("Unknown");
    let body = serde_json::json!({ "title": title, "status": status, "code": code, "detail": detail });
    Bytes::from(body.to_string())
}

/// What a caller is told of a failure. Inner detail is for the log.
pub fn failure_detail(failure: Failure, upstream: &str) -> String {
    match failure {
        Failure::Dns => format!("the name of the upstream `{upstream}` does not resolve to an address"),
        Failure::Refused => format!("the upstream `{upstream}` refuses connections"),
        Failure::ConnectTimeout => format!("connecting to the upstream `{upstream}` took too long"),
        Failure::Connect => format!("the upstream `{upstream}` cannot be connected to"),
        Failure::ReadTimeout => format!("the upstream `{upstream}` was silent for too long"),
        Failure::WriteTimeout => format!("the upstream `{upstream}` took nothing for too long"),
        Failure::Closed => format!("the upstream `{upstream}` closed the connection before it answered"),
        Failure::InvalidAnswer => format!("the upstream `{upstream}` answered something that is no HTTP/1"),
        Failure::CallerLeft => "the caller left".to_owned(),
        Failure::Internal | Failure::Panic => "Standin failed inside; its log says more".to_owned(),
    }
}

/// The bytes of the answer to a request that pingora never sees.
pub fn rejection_bytes(rejection: Rejection, detail: &str, snapshot: &Snapshot, is_head: bool) -> Vec<u8> {
    let status = rejection.status();
    let reason = StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("");
    let body = problem(status, rejection.as_str(), detail);
    let mut out = Vec::with_capacity(512);
    let mut line = |text: &str| {
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(b"\r\n");
    };
    line(&format!("HTTP/1.1 {status} {reason}"));
    line(&format!("Date: {}", httpdate::fmt_http_date(std::time::SystemTime::now())));
    line("Content-Type: application/problem+json");
    line(&format!("Content-Length: {}", body.len()));
    if rejection == Rejection::Connect {
        line(&format!("{ALLOW}: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE"));
    }
    if snapshot.settings.proxy.marker {
        let marker =
            Marker::new("rejected").number("generation", snapshot.generation).name("reason", rejection.as_str());
        line(&format!("standin: {}", marker.as_str()));
    }
    line("Connection: close");
    line("");
    if !is_head {
        out.extend_from_slice(&body);
    }
    out
}
