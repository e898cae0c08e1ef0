//! The admin listener of a running sidecar, as commands reach it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use ureq::http::Request;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

use super::{FAILED, WRONG, tell};
use crate::tls;

/// How long an answer may take; one that goes on for ever may do so.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the admin listener is.
#[derive(Args, Debug)]
pub struct Remote {
    /// Its admin listener: HOST:PORT, or a URL with https
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9092", env = "STANDIN_ADMIN__LISTEN")]
    admin: String,
    /// A PEM file of the authorities that are believed, for https [default: the system's]
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// A way to ask it.
#[derive(Debug)]
pub struct Asking {
    agent: Agent,
    base: String,
}

/// What it says to a request.
#[derive(Debug)]
pub struct Said {
    /// The status.
    pub status: u16,
    body: Body,
}

impl Remote {
    /// Asks it something; what comes of that is the exit code.
    pub fn run(&self, ask: impl FnOnce(&Asking) -> Result<(), String>) -> ExitCode {
        let asking = match self.asking() {
            Ok(asking) => asking,
            Err(why) => {
                tell(format_args!("error: {why}"));
                return ExitCode::from(WRONG);
            }
        };
        match ask(&asking) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                tell(format_args!("error: {}: {why}", self.admin));
                ExitCode::from(FAILED)
            }
        }
    }

    fn asking(&self) -> Result<Asking, String> {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .user_agent(concat!("standin/", env!("CARGO_PKG_VERSION")));
        if self.admin.starts_with("https:") {
            let tls = TlsConfig::builder()
                .root_certs(RootCerts::Specific(Arc::new(self.roots()?)))
                .unversioned_rustls_crypto_provider(Arc::new(tls::provider()));
            config = config.tls_config(tls.build());
        }
        let base = if self.admin.contains("://") { self.admin.clone() } else { format!("http://{}", self.admin) };
        Ok(Asking { agent: config.build().new_agent(), base: base.trim_end_matches('/').to_owned() })
    }

    fn roots(&self) -> Result<Vec<Certificate<'static>>, String> {
        let Some(path) = &self.ca else {
            return Ok(tls::system_certificates().iter().map(|der| Certificate::from_der(der).to_owned()).collect());
        };
        let pem = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let certificate = |item| if let Ok(PemItem::Certificate(found)) = item { Some(found) } else { None };
        let found: Vec<_> = parse_pem(&pem).filter_map(certificate).collect();
        if found.is_empty() { Err(format!("{} holds no certificate", path.display())) } else { Ok(found) }
    }
}

impl Asking {
    /// Looks at a route; a refusal is told in the API's own words.
    pub fn get(&self, route: &str, query: &[(&str, &str)]) -> Result<Said, String> {
        self.send("GET", route, query, None)?.welcome()
    }

    /// Sends a request, with a body of JSON if there is one.
    pub fn send(
        &self,
        method: &str,
        route: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Said, String> {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let mark = if query.is_empty() { "" } else { "?" };
        let mut request = Request::builder().method(method).uri(format!("{}{route}{mark}{query}", self.base));
        if let Some(token) = std::env::var("STANDIN_TOKEN").ok().filter(|token| !token.is_empty()) {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let sent = match body {
            Some(body) => {
                let request = request.header("content-type", "application/json").body(body.to_string());
                self.agent.run(request.map_err(|error| error.to_string())?)
            }
            None => self.agent.run(request.body(()).map_err(|error| error.to_string())?),
        };
        let (head, body) = sent.map_err(|error| error.to_string())?.into_parts();
        Ok(Said { status: head.status.as_u16(), body })
    }
}

impl Said {
    /// The same if it is no refusal; a refusal is told in the API's own words.
    pub fn welcome(self) -> Result<Self, String> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let status = self.status;
        let said = self.json().unwrap_or_default();
        let detail = said["detail"].as_str().map_or_else(|| format!("it answers {status}"), str::to_owned);
        let report = said["report"].as_str().map(|report| format!("\n{report}")).unwrap_or_default();
        match said["help"].as_str() {
            _ if status == 401 => Err(format!("{detail}\n  = help: set STANDIN_TOKEN to the token of [admin]")),
            Some(help) => Err(format!("{detail}{report}\n  = help: {help}")),
            None => Err(format!("{detail}{report}")),
        }
    }

    /// The body as JSON.
    pub fn json(mut self) -> Result<Value, String> {
        let text = self.body.read_to_string().map_err(|error| error.to_string())?;
        serde_json::from_str(&text).map_err(|error| format!("this is no admin listener: {error}"))
    }

    /// The body as it comes.
    pub fn reader(self) -> impl std::io::Read {
        self.body.into_reader()
    }
}
