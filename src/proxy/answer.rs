//! What Standin itself answers: the one place that turns decisions and failures into HTTP.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, RETRY_AFTER, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use pingora::http::ResponseHeader;

use super::wire;
use crate::calls::{Decision, Head, Told};
use crate::live::Snapshot;
use crate::redact::Redactor;
use crate::stubs::answer::{Answer, Ready};
use crate::stubs::cors::Fields;
use crate::stubs::limit::{Exceeded, LimitKind};
use crate::stubs::marker::Marker;
use crate::words::{Failure, Rejection};

/// The field that says what Standin did.
pub const STANDIN: HeaderName = HeaderName::from_static("standin");
/// The field that says how long it took.
pub const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Postman's answer where no example fits, to the letter (reference, section 9).
const NOT_FOUND: &[u8] = br#"{"error":{"name":"mockRequestNotFoundError","message":"Double check your method and the request path and try again.","header":"No matching requests"}}"#;

/// Postman's answer where there is no example at all (reference, section 9).
const NO_EXAMPLE: &[u8] = br#"{"error":{"name":"mockRequestNotFoundError","message":"To mock this request add an example response for the mock server to return.","header":"You need an example"}}"#;

/// Postman's answer to a key in the query, where it looks no longer (reference, section 9).
const MOCK_NOT_FOUND: &[u8] = br#"{"error":{"name":"mockNotFoundError","message":"Please refresh and try again."}}"#;

/// A status, header fields and a body, ready to be written.
#[derive(Debug)]
pub struct Local {
    /// The status.
    pub status: u16,
    /// Header fields, unless the whole head is ready.
    headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The head, where it was made before.
    ready: Option<Arc<Ready>>,
    /// The head as the log keeps it, where it was made before.
    told: Option<Head>,
}

/// An answer's head as pingora writes it and as the log keeps it, and the `Date` that pingora would put its own over.
#[derive(Debug)]
pub struct Written {
    /// For pingora.
    pub head: Box<ResponseHeader>,
    /// For the log.
    pub told: Head,
    /// The answer's own `Date`.
    pub date: Option<HeaderValue>,
}

impl Local {
    fn new(status: u16, body: Bytes) -> Self {
        Local { status, headers: HeaderMap::with_capacity(8), body, ready: None, told: None }
    }

    /// The answer of a scenario or server stub.
    pub fn of(answer: &Answer, cors: Fields) -> Self {
        let mut local = Local::new(answer.status, answer.body.clone());
        for (name, value) in &answer.headers {
            local.push(name.clone(), value.clone());
        }
        // What the answer says of itself wins: an `Access-Control-Allow-Origin` saved in it is sent.
        for (name, value) in cors {
            if name == VARY || !answer.has(&name) {
                local.push(name, value);
            }
        }
        local
    }

    /// An answer whose head was made before.
    pub fn of_ready(answer: &Answer, ready: &Arc<Ready>) -> Self {
        Local {
            status: answer.status,
            headers: HeaderMap::new(),
            body: answer.body.clone(),
            ready: Some(ready.clone()),
            told: Some(Head::told(ready.told.clone())),
        }
    }

    /// The head of this answer, for all requests that get the same; they are decided on so.
    pub fn ready(mut self, decision: &Decision, redactor: &Redactor) -> Ready {
        self.frame();
        let told = self.tell(redactor).shared();
        let wire = wire::ready(self.status, &self.headers);
        // pingora puts its own over these two; a place that is there already costs less than one that is made.
        for name in [DATE, CONNECTION] {
            self.headers.entry(name).or_insert(HeaderValue::from_static(""));
        }
        let note = Told::note(decision, self.status, &told).unwrap_or_default();
        Ready { headers: self.headers, told, note, wire }
    }

    /// The answer where no stub fits, in Postman's words.
    pub fn not_found(cors: Fields) -> Self {
        Self::json(404, "application/json; charset=utf-8", Bytes::from_static(NOT_FOUND), cors)
    }

    /// The answer of a mock without examples, in Postman's words.
    pub fn no_example(cors: Fields) -> Self {
        Self::json(404, "application/json; charset=utf-8", Bytes::from_static(NO_EXAMPLE), cors)
    }

    /// The answer of a private mock to a missing or wrong key, in Postman's error shape; `header` carries the key.
    pub fn denied(header: &str, cors: Fields) -> Self {
        let message = format!("This mock is private. Send a valid key in {header}.");
        let error = serde_json::json!({
            "error": { "name": "invalidCredentialsError", "header": "Invalid credentials", "message": message }
        });
        Self::json(401, "application/json; charset=utf-8", error.to_string().into(), cors)
    }

    /// The answer of a private mock with Postman's matching to a key in the query, in Postman's words.
    pub fn mock_not_found(cors: Fields) -> Self {
        Self::json(404, "application/json; charset=utf-8", Bytes::from_static(MOCK_NOT_FOUND), cors)
    }

    /// The answer of a mock that has answered as often as it may, in Postman's words (reference, section 9).
    pub fn limited(exceeded: Exceeded, cors: Fields) -> Self {
        let (name, message) = match exceeded.kind {
            LimitKind::Rate => ("rateLimitError", format!("Rate limit exceeded. Retry after {}", exceeded.until)),
            LimitKind::Calls => ("usageLimitError", "Usage limit reached. Contact your team admin.".to_owned()),
        };
        let error = serde_json::json!({ "error": { "name": name, "message": message } });
        let mut local = Self::json(429, "application/json; charset=utf-8", error.to_string().into(), cors);
        local.push(RETRY_AFTER, exceeded.wait.into());
        local
    }

    /// The answer to a preflight.
    pub fn preflight(fields: Fields) -> Self {
        let mut local = Local::new(204, Bytes::new());
        fields.into_iter().for_each(|(name, value)| local.push(name, value));
        local
    }

    /// A failure, as problem+json (RFC 9457).
    pub fn problem(status: u16, code: &str, detail: &str, cors: Fields) -> Self {
        Self::json(status, "application/problem+json", problem(status, code, detail), cors)
    }

    fn json(status: u16, media: &'static str, body: Bytes, cors: Fields) -> Self {
        let mut local = Local::new(status, body);
        local.push(CONTENT_TYPE, HeaderValue::from_static(media));
        cors.into_iter().for_each(|(name, value)| local.push(name, value));
        local
    }

    /// Adds a field.
    pub fn add(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.push(name, value);
        }
    }

    fn push(&mut self, name: HeaderName, value: HeaderValue) {
        self.unready();
        self.told = None;
        // It fails beyond 32,768 fields, and `limits.head` of every caller is far below that.
        let _ = self.headers.try_append(name, value);
    }

    /// Gives it a head of its own, where it shares one.
    fn unready(&mut self) {
        if let Some(ready) = self.ready.take() {
            self.headers = ready.headers.clone();
        }
    }

    fn frame(&mut self) {
        if self.ready.is_none() && !matches!(self.status, 204 | 304) {
            self.headers.entry(CONTENT_LENGTH).or_insert_with(|| self.body.len().into());
        }
    }

    fn tell(&self, redactor: &Redactor) -> Head {
        let sent = self.headers.iter().filter(|(name, value)| !value.is_empty() || ![DATE, CONNECTION].contains(name));
        Head::response(sent.map(|(name, value)| (name.as_str(), value.as_bytes())), redactor)
    }

    /// What the log keeps of the head.
    pub fn told(&mut self, redactor: &Redactor) -> Head {
        self.frame();
        let told = self.told.take().unwrap_or_else(|| self.tell(redactor));
        self.told.insert(told).clone()
    }

    /// Appends the head as HTTP/1.1 writes it, to be told as [`Self::told`] says.
    pub fn put_head(&mut self, closing: bool, date: &[u8; wire::DATE_LENGTH], out: &mut BytesMut) {
        self.frame();
        match &self.ready {
            Some(ready) => wire::put(&ready.wire, closing, date, out),
            None => wire::put(&wire::ready(self.status, &self.headers), closing, date, out),
        }
    }

    /// What is written of the head by a session of pingora's.
    pub fn write(&mut self, redactor: &Redactor) -> Written {
        self.frame();
        self.unready();
        let told = self.told.take().unwrap_or_else(|| self.tell(redactor));
        let date = self.headers.get(DATE).filter(|date| !date.is_empty()).cloned();
        let (mut parts, ()) = http::Response::new(()).into_parts();
        parts.status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        parts.headers = std::mem::take(&mut self.headers);
        Written { head: Box::new(ResponseHeader::from(parts)), told, date }
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
        Failure::Tls => {
            format!("no TLS can be agreed on with the upstream `{upstream}`, or its certificate is refused")
        }
        Failure::ReadTimeout => format!("the upstream `{upstream}` was silent for too long"),
        Failure::WriteTimeout => format!("the upstream `{upstream}` took nothing for too long"),
        Failure::Closed => format!("the upstream `{upstream}` closed the connection before it answered"),
        Failure::InvalidAnswer => format!("the upstream `{upstream}` answered something that is no HTTP"),
        Failure::CallerLeft => "the caller left".to_owned(),
        Failure::Template => "a template of the answer failed".to_owned(),
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
