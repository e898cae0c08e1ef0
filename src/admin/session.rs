//! Who calls: with the token, with a cookie that stands for it, or, where none is needed, anybody who reaches the
//! listener.
//!
//! A page cannot send the token with an EventSource, so it signs in once and holds a cookie that scripts cannot read.
//! The cookie is a random name for a sign-in that is kept here; it is over after twelve hours, and when the token
//! changes.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, SET_COOKIE, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;

use super::Admin;
use super::body::Body;
use super::error::{ApiError, Fault};
use super::parameters::NoParameters;
use crate::redact::Secret;
use crate::tls::random;
use crate::words::CHANGES;

/// How the cookie is called.
const NAME: &str = "standin_session";
/// How long a sign-in lasts: a working day.
const LASTS: Duration = Duration::from_secs(12 * 60 * 60);
/// How many sign-ins are kept; the oldest goes.
const MOST: usize = 64;

/// Sign-ins that are not over.
#[derive(Debug, Default)]
pub struct Sessions(Mutex<VecDeque<Session>>);

struct Session {
    id: String,
    until: Instant,
    /// The token that it was begun with.
    token: Secret,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("until", &self.until).finish_non_exhaustive()
    }
}

impl Sessions {
    fn begin(&self, token: &Secret, now: Instant) -> Option<String> {
        let id: String = random::<32>()?.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.retain(|session| session.until > now);
        while list.len() >= MOST {
            list.pop_front();
        }
        list.push_back(Session { id: id.clone(), until: now + LASTS, token: token.clone() });
        Some(id)
    }

    /// Whether this is one, begun with this token. Every one is looked at, so that time tells nothing.
    fn holds(&self, id: &str, token: &Secret, now: Instant) -> bool {
        let list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |session: &Session| {
            let same: bool = session.id.as_bytes().ct_eq(id.as_bytes()).into();
            same & (session.until > now) & (session.token == *token)
        };
        list.iter().fold(false, |found, session| found | is_it(session))
    }

    fn end(&self, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|session| session.id != id);
    }
}

/// The socket's peer; the server puts it into each request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// How a caller has shown who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// It need not.
    Nothing,
    /// By the token.
    Token,
    /// By the cookie.
    Cookie,
}

/// Lets requests through whose caller knows the token, if there is one.
pub async fn check(State(admin): State<Arc<Admin>>, mut request: Request, next: Next) -> Response {
    let by = admin.by(request.headers());
    let is_open = matches!(request.uri().path(), "/v1/session" | "/v1/openapi.json");
    let is_page = !request.uri().path().starts_with("/v1/");
    match by {
        Some(by) => drop(request.extensions_mut().insert(by)),
        None if is_open || is_page => {}
        None => return unauthorized(&request).into_response(),
    }
    next.run(request).await
}

fn unauthorized(request: &Request) -> Response {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.to_string()).unwrap_or_default();
    // Nothing of what was sent: a slip of the hand is a secret too.
    tracing::warn!(peer, "the admin API was called without the token");
    refusal("the token is missing or wrong, or the sign-in is over")
}

fn refusal(detail: &str) -> Response {
    let error = ApiError::new(Fault::Unauthorized, detail).help("send `authorization: Bearer TOKEN`, or sign in");
    let mut response = error.into_response();
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"standin\""));
    response
}

impl Admin {
    /// Whether the sender of this may call the API, still.
    pub(super) fn admits(&self, headers: &HeaderMap) -> bool {
        self.by(headers).is_some()
    }

    /// How the sender of this has shown who it is; `None` where it has not, and must.
    fn by(&self, headers: &HeaderMap) -> Option<By> {
        let snapshot = self.live.snapshot();
        let Some(token) = &snapshot.settings.admin.token else { return Some(By::Nothing) };
        let bearer = headers.get(AUTHORIZATION).and_then(|value| {
            let (scheme, guess) = value.as_bytes().split_at_checked("Bearer ".len())?;
            scheme.eq_ignore_ascii_case(b"Bearer ").then_some(guess)
        });
        if bearer.is_some_and(|guess| token.is(guess)) {
            return Some(By::Token);
        }
        let id = cookie(headers)?;
        self.sessions.holds(id, token, Instant::now()).then_some(By::Cookie)
    }
}

/// The value of our cookie.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    let fields = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == NAME).map(|(_, value)| value)
}

/// The right to change something: not where the listener is read-only. Says in the log who did what.
#[derive(Debug)]
pub struct Change {
    peer: SocketAddr,
    by: By,
}

impl FromRequestParts<Arc<Admin>> for Change {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, admin: &Arc<Admin>) -> Result<Self, ApiError> {
        let missing = || ApiError::new(Fault::Unauthorized, "the caller is not known");
        let Peer(peer) = parts.extensions.get::<Peer>().copied().ok_or_else(missing)?;
        let by = parts.extensions.get::<By>().copied().ok_or_else(missing)?;
        if admin.live.snapshot().settings.admin.read_only {
            let path = parts.uri.path();
            tracing::warn!(%peer, method = %parts.method, path, "a change was refused: the admin API is read-only");
            let error = ApiError::new(Fault::ReadOnly, "nothing can be changed here: `admin.read_only` is set");
            return Err(error.help("change the files, or set `admin.read_only = false`"));
        }
        Ok(Change { peer, by })
    }
}

impl Change {
    /// Notes what was done.
    pub fn log(&self, what: std::fmt::Arguments<'_>) {
        let by = match self.by {
            By::Nothing => "nobody",
            By::Token => "token",
            By::Cookie => "cookie",
        };
        tracing::info!(target: CHANGES, peer = %self.peer, by, what = %what, "changed by the admin API");
    }
}

/// Whether one must sign in, and has.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionState {
    /// Whether a token is needed.
    token_required: bool,
    /// Whether the sender of this request may call the API.
    signed_in: bool,
    /// Whether nothing can be changed.
    read_only: bool,
    /// The version of Standin.
    version: &'static str,
}

/// The token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The token of `[admin]`.
    token: String,
}

/// Whether one must sign in, and has
#[utoipa::path(get, path = "/v1/session", tag = "session", responses((status = 200, body = SessionState)))]
pub async fn show(State(admin): State<Arc<Admin>>, _: NoParameters, headers: HeaderMap) -> Json<SessionState> {
    let snapshot = admin.live.snapshot();
    let settings = &snapshot.settings.admin;
    Json(SessionState {
        token_required: settings.token.is_some(),
        signed_in: admin.admits(&headers),
        read_only: settings.read_only,
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// Signs in: a cookie for the token
#[utoipa::path(post, path = "/v1/session", tag = "session", request_body = SignIn,
    responses((status = 204, description = "signed in; the cookie is set"),
              (status = 401, description = "this is not the token", body = super::error::Failure, content_type = "application/problem+json")))]
pub async fn sign_in(
    State(admin): State<Arc<Admin>>,
    axum::Extension(Peer(peer)): axum::Extension<Peer>,
    _: NoParameters,
    Body(SignIn { token: guess }): Body<SignIn>,
) -> Result<Response, ApiError> {
    let snapshot = admin.live.snapshot();
    let settings = &snapshot.settings.admin;
    // Where no token is needed, there is nothing to hold.
    let Some(token) = &settings.token else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    if !token.is(guess.as_bytes()) {
        tracing::warn!(%peer, "a sign-in to the admin API was refused");
        return Ok(refusal("this is not the token"));
    }
    let id = admin.sessions.begin(token, Instant::now());
    let id = id.ok_or_else(|| ApiError::new(Fault::Busy, "the system gives no random numbers"))?;
    tracing::info!(%peer, "signed in to the admin API");
    Ok(cookie_set(&id, LASTS.as_secs(), settings.tls.is_some()))
}

/// Signs out
#[utoipa::path(delete, path = "/v1/session", tag = "session", responses((status = 204, description = "signed out")))]
pub async fn sign_out(State(admin): State<Arc<Admin>>, _: NoParameters, headers: HeaderMap) -> Response {
    if let Some(id) = cookie(&headers) {
        admin.sessions.end(id);
    }
    cookie_set("", 0, admin.live.snapshot().settings.admin.tls.is_some())
}

fn cookie_set(value: &str, seconds: u64, secure: bool) -> Response {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{NAME}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    match HeaderValue::try_from(text) {
        Ok(field) => (StatusCode::NO_CONTENT, [(SET_COOKIE, field)]).into_response(),
        Err(_) => StatusCode::NO_CONTENT.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_holds_for_its_token_and_its_time_and_no_other() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let (token, other) = (Secret::new("0123456789abcdef"), Secret::new("fedcba9876543210"));
        let id = sessions.begin(&token, now).unwrap();
        assert_eq!(id.len(), 64);
        assert!(sessions.holds(&id, &token, now));
        assert!(!sessions.holds(&id, &other, now), "the token has changed");
        assert!(!sessions.holds(&id, &token, now + LASTS), "it is over");
        assert!(!sessions.holds("", &token, now) && !sessions.holds(&id[1..], &token, now));
        sessions.end(&id);
        assert!(!sessions.holds(&id, &token, now));
    }

    #[test]
    fn there_is_an_end_to_sign_ins() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let token = Secret::new("0123456789abcdef");
        let ids: Vec<String> = (0..=MOST).map(|_| sessions.begin(&token, now).unwrap()).collect();
        assert!(!sessions.holds(&ids[0], &token, now) && sessions.holds(&ids[1], &token, now));
    }
}
