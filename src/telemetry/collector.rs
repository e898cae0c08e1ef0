//! The way to the collector: OTLP as protobuf over HTTP, where the `OTEL_*` variables ask for it.
//!
//! What the SDK reads itself (headers, compression, sampler, batches, limits) is left to it. Read here is whether spans
//! are wanted at all, and what the HTTP client needs, because the client is ours: blocking, on the exporter's own
//! thread, with our TLS.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithHttpConfig as _};
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::tls;

/// How long one batch may take: the default of OTLP.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest answer of a collector that is read, bytes: it says "yes", or which spans it refused.
const ANSWER: u64 = 64 << 10;

/// Why no spans are exported although somebody asked for them.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// Another protocol than ours.
    #[error("{variable} is `{value}`")]
    Protocol {
        /// The variable.
        variable: &'static str,
        /// Its value.
        value: String,
    },
    /// Another exporter than ours.
    #[error("OTEL_TRACES_EXPORTER is `{0}`")]
    Exporter(String),
    /// A number is none.
    #[error("{variable} is `{value}`")]
    Timeout {
        /// The variable.
        variable: &'static str,
        /// Its value.
        value: String,
    },
    /// Certificates cannot be had.
    #[error("no certificates to check the collector with: {0}")]
    Certificates(String),
    /// The SDK refuses what its variables say.
    #[error(transparent)]
    Exported(#[from] ExporterBuildError),
    /// The system starts no thread.
    #[error("no thread to make spans on: {0}")]
    Thread(#[from] std::io::Error),
}

impl Unusable {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Unusable::Protocol { .. } => "`http/protobuf` is what Standin speaks; its port is 4318 by default",
            Unusable::Exporter(_) => "write `otlp` or `none`",
            Unusable::Timeout { .. } => "write milliseconds, such as `10000`",
            Unusable::Certificates(_) => "name a PEM file by OTEL_EXPORTER_OTLP_CERTIFICATE",
            Unusable::Exported(_) => "see the OTEL_EXPORTER_OTLP_* variables",
            Unusable::Thread(_) => "raise the limit on threads",
        }
    }
}

/// A variable that is set to something.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The first of these variables that is set to something.
fn first(names: [&'static str; 2]) -> Option<(&'static str, String)> {
    names.into_iter().find_map(|name| Some((name, variable(name)?)))
}

/// The exporter, where the variables ask for one.
///
/// # Errors
/// Where they ask for something that cannot be had.
pub(super) fn exporter() -> Result<Option<SpanExporter>, Unusable> {
    let Some((_, endpoint)) = first(["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"]) else {
        return Ok(None);
    };
    if variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(None);
    }
    match variable("OTEL_TRACES_EXPORTER").as_deref() {
        None | Some("otlp") => {}
        Some("none") => return Ok(None),
        Some(other) => return Err(Unusable::Exporter(other.to_owned())),
    }
    if let Some((variable, value)) = first(["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"])
        && value != "http/protobuf"
    {
        return Err(Unusable::Protocol { variable, value });
    }
    let client = Client(agent(endpoint.starts_with("https:"))?);
    Ok(Some(SpanExporter::builder().with_http().with_http_client(client).build()?))
}

fn agent(is_tls: bool) -> Result<Agent, Unusable> {
    let timeout = match first(["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"]) {
        None => TIMEOUT,
        Some((variable, value)) => match value.parse() {
            Ok(millis) => Duration::from_millis(millis),
            Err(_) => return Err(Unusable::Timeout { variable, value }),
        },
    };
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(timeout))
        .user_agent(concat!("standin/", env!("CARGO_PKG_VERSION")));
    if is_tls {
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::new(roots()?)))
            .unversioned_rustls_crypto_provider(Arc::new(tls::provider()));
        config = config.tls_config(tls.build());
    }
    Ok(config.build().new_agent())
}

/// Whose certificates are believed: those of a file where one is named, else the system's.
fn roots() -> Result<Vec<Certificate<'static>>, Unusable> {
    let named = first(["OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE"]);
    let roots: Vec<_> = match named {
        Some((_, path)) => {
            let pem = std::fs::read(&path).map_err(|error| Unusable::Certificates(format!("{path}: {error}")))?;
            let certificate = |item| if let Ok(PemItem::Certificate(found)) = item { Some(found) } else { None };
            parse_pem(&pem).filter_map(certificate).collect()
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            if let (true, Some(error)) = (found.certs.is_empty(), found.errors.first()) {
                return Err(Unusable::Certificates(error.to_string()));
            }
            found.certs.iter().map(|der| Certificate::from_der(der).to_owned()).collect()
        }
    };
    if roots.is_empty() { Err(Unusable::Certificates("none were found".to_owned())) } else { Ok(roots) }
}

/// Sends batches. Blocks, as the thread that batches expects.
#[derive(Debug)]
struct Client(Agent);

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let (parts, mut body) = self.0.run(Request::from_parts(parts, &body[..]))?.into_parts();
        let answer = body.with_config().limit(ANSWER).read_to_vec()?;
        Ok(Response::from_parts(parts, answer.into()))
    }
}
