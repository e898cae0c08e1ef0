//! Test Response: a scenario's request is sent through the own data port, and what comes back is shown.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, Method};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Admin;
use super::body::{Body, some_object};
use super::calls::looked;
use super::error::{ApiError, Fault};
use super::mocks::{find_mock, find_scenario, find_stub};
use super::parameters::NoParameters;
use super::sample::{Sample, sample};
use super::send::{request, send};
use super::session::Change;
use crate::calls::{self, Replay};
use crate::redact::{REDACTED, Redactor};
use crate::words::Decided;

/// A request that can be edited before it is sent.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The method.
    method: String,
    /// Path and query.
    target: String,
    /// Header fields. A secret is shown as `[redacted]`; left so, it is put in again.
    headers: Vec<[String; 2]>,
    /// The body.
    #[serde(default)]
    body: Option<String>,
    /// What is odd about it; not sent.
    #[serde(default)]
    notes: Vec<String>,
}

/// What to send.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// The request. Default: the one that is made from the conditions.
    #[serde(default, deserialize_with = "some_object")]
    request: Option<Request>,
}

/// What was sent, and what came back.
#[derive(Debug, Serialize, ToSchema)]
pub struct Tested {
    /// What was sent, secrets taken out.
    request: Request,
    /// What came back.
    response: Response,
    /// From the first byte sent to the last one received, milliseconds.
    duration_ms: f64,
    /// The call in the log; null where the log keeps none.
    call: Option<String>,
    /// Who answered; null where the log keeps none.
    answered: Option<Answered>,
    /// Whether it was this scenario; null where the log keeps none.
    expected: Option<bool>,
}

/// An answer.
#[derive(Debug, Serialize, ToSchema)]
struct Response {
    /// The status.
    status: u16,
    /// Header fields in order, secrets taken out.
    headers: Vec<[String; 2]>,
    /// The body.
    body: calls::Body,
}

/// Who answered a call.
#[derive(Debug, Serialize, ToSchema)]
struct Answered {
    /// What was done.
    decision: String,
    /// The mock.
    mock: Option<String>,
    /// The stub, or the server stub.
    stub: Option<String>,
    /// The scenario.
    scenario: Option<String>,
}

impl Request {
    /// The request, if a caller could send one like it.
    pub fn checked(self) -> Result<Self, ApiError> {
        let wrong = |place: &str, value: &str, help: &str| {
            let what = format!("`request.{place}`: no caller can send `{value}`");
            Err(ApiError::new(Fault::BadBody, what).help(help))
        };
        if Method::from_bytes(self.method.as_bytes()).is_err() {
            return wrong("method", &self.method, "write one word, such as GET");
        }
        if self.target.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return wrong("target", &self.target, "write a space as %20");
        }
        for (at, [name, value]) in self.headers.iter().enumerate() {
            if HeaderName::from_bytes(name.as_bytes()).is_err() || HeaderValue::from_bytes(value.as_bytes()).is_err() {
                let field = format!("{name}: {value}");
                return wrong(&format!("headers[{at}]"), &field, "write a name without spaces, and one line");
            }
        }
        Ok(self)
    }

    /// As the log would have it.
    pub fn replay(self) -> Replay {
        Replay {
            method: self.method,
            target: self.target.into_bytes(),
            fields: self.headers.into_iter().map(|[name, value]| (name, value.into_bytes())).collect(),
            body: Some(self.body.unwrap_or_default().into_bytes()),
            peer: None,
            decided: Decided::Mocked,
            mock: None,
            generation: 0,
        }
    }
}

type Names = (String, String, String);

impl Request {
    /// A sample as it may be shown.
    fn shown(sample: &Sample, redactor: &Redactor) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let header = |(name, value): &(String, String)| [name.clone(), text(&redactor.header(name, value.as_bytes()))];
        Request {
            method: sample.method.clone(),
            target: text(&redactor.target(sample.target.as_bytes())),
            headers: sample.headers.iter().map(header).collect(),
            body: sample.body.as_ref().map(|body| text(&redactor.text(body.as_bytes()))),
            notes: sample.notes.clone(),
        }
    }

    /// What is meant by an edited request: where something is still shown as a secret, the secret.
    fn meant(self, own: &Sample, redactor: &Redactor) -> Sample {
        let shown = Request::shown(own, redactor);
        let header = |[name, value]: [String; 2]| {
            let is_own = value.contains(REDACTED);
            let secret = own.headers.iter().find(|(other, _)| is_own && other.eq_ignore_ascii_case(&name));
            let value = secret.map_or(value, |(_, secret)| secret.clone());
            (name, value)
        };
        Sample {
            method: self.method,
            target: if self.target == shown.target { own.target.clone() } else { self.target },
            headers: self.headers.into_iter().map(header).collect(),
            body: if self.body == shown.body { own.body.clone() } else { self.body },
            notes: Vec::new(),
        }
    }
}

/// The request by which a scenario is tested, to be edited
#[utoipa::path(get, path = "/v1/mocks/{mock}/stubs/{stub}/scenarios/{scenario}/request", tag = "mocks",
    params(("mock" = String, Path, description = "name of the mock"), ("stub" = String, Path, description = "name of the stub"), ("scenario" = String, Path, description = "its name")),
    responses((status = 200, body = Request)))]
pub async fn show(
    State(admin): State<Arc<Admin>>,
    Path(names): Path<Names>,
    _: NoParameters,
) -> Result<Json<Request>, ApiError> {
    let sample = made(&admin, &names)?;
    Ok(Json(Request::shown(&sample, &admin.live.snapshot().redactor)))
}

/// Sends a request through the own data port, and shows what comes back
#[utoipa::path(post, path = "/v1/mocks/{mock}/stubs/{stub}/scenarios/{scenario}/test", tag = "mocks", request_body = Test,
    params(("mock" = String, Path, description = "name of the mock"), ("stub" = String, Path, description = "name of the stub"), ("scenario" = String, Path, description = "its name")),
    responses((status = 200, body = Tested),
              (status = 502, description = "the data port did not answer", body = super::error::Failure, content_type = "application/problem+json"),
              (status = 504, description = "the data port did not answer in time", body = super::error::Failure, content_type = "application/problem+json")))]
pub async fn test(
    State(admin): State<Arc<Admin>>,
    change: Change,
    Path(names): Path<Names>,
    _: NoParameters,
    Body(asked): Body<Test>,
) -> Result<Json<Tested>, ApiError> {
    let snapshot = admin.live.snapshot();
    let redactor = &snapshot.redactor;
    let own = made(&admin, &names)?;
    let sent = match asked.request {
        None => own,
        Some(edited) => edited.meant(&own, redactor),
    };
    let answer = send(request(&sent)?, admin.data_address(), &snapshot.settings).await?;
    let (mock, stub, scenario) = names;
    change.log(format_args!("test of {mock}, {stub}, {scenario}: {} {}", sent.method, answer.status));
    let (log, from) = (admin.log.clone(), answer.from);
    let call = looked(move || Ok(log.from_client(from).map(|call| call.entry(&log)))).await?;
    let answered = call.as_ref().map(|call| Answered {
        decision: call.decision.to_owned(),
        mock: call.mock.clone(),
        stub: call.stub.clone(),
        scenario: call.scenario.clone(),
    });
    let names = [Some(mock), Some(stub), Some(scenario)];
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let coding = answer.headers.iter().find(|(name, _)| name == "content-encoding").map(|(_, value)| text(value));
    let body =
        calls::Captured { bytes: redactor.text(&answer.body.bytes).into_owned().into(), length: answer.body.length };
    Ok(Json(Tested {
        request: Request::shown(&sent, redactor),
        response: Response {
            status: answer.status,
            headers: answer
                .headers
                .iter()
                .map(|(name, value)| [name.clone(), text(&redactor.header(name, value))])
                .collect(),
            body: calls::Body::shown(&body, coding.as_deref(), redactor),
        },
        duration_ms: answer.took.as_secs_f64() * 1000.0,
        call: call.map(|call| call.id),
        expected: answered
            .as_ref()
            .map(|who| [&who.mock, &who.stub, &who.scenario] == [&names[0], &names[1], &names[2]]),
        answered,
    }))
}

/// The request that is made for the scenario of these names.
fn made(admin: &Admin, (mock, stub, scenario): &Names) -> Result<Sample, ApiError> {
    let snapshot = admin.live.snapshot();
    let mock = find_mock(&snapshot, mock)?;
    let stub = find_stub(&snapshot, mock, stub)?;
    let scenario = find_scenario(&snapshot, stub, scenario)?;
    Ok(sample(&snapshot, mock, stub, scenario, admin.data_address()))
}
