//! `standin logs`: the call log of a running sidecar, on the terminal.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use super::{FAILED, WRONG, say, tell};
use crate::tls;

/// How long an answer may take; one that goes on for ever may do so.
const PATIENCE: Duration = Duration::from_secs(10);

/// Show the calls of a running sidecar.
#[derive(Args, Debug)]
pub struct Logs {
    /// Its admin listener: HOST:PORT, or a URL with https
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9092", env = "STANDIN_ADMIN__LISTEN")]
    admin: String,
    /// A PEM file of the authorities that are believed, for https [default: the system's]
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Show calls as they pass, until Ctrl-C
    #[arg(short, long)]
    follow: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// How many of the newest
    #[arg(short, long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// Only calls that a stub could have answered and did not
    #[arg(long, conflicts_with = "follow")]
    misses: bool,
    #[command(flatten)]
    filters: Filters,
}

/// The filters of `GET /v1/calls`.
#[derive(Args, Debug)]
struct Filters {
    /// Name of the mock
    #[arg(long, value_name = "NAME")]
    mock: Option<String>,
    /// Name of the stub or server stub
    #[arg(long, value_name = "NAME")]
    stub: Option<String>,
    /// Name of the scenario
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    /// What was done, such as mocked
    #[arg(long, value_name = "WORD")]
    decision: Option<String>,
    /// 404, or a class: 4xx
    #[arg(long, value_name = "CODE")]
    status: Option<String>,
    /// The method, in any case
    #[arg(long, value_name = "METHOD")]
    method: Option<String>,
    /// The path; with * at its end a prefix
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// Not before this time, RFC 3339
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Not after this time, RFC 3339
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Why no stub answered, such as json
    #[arg(long, value_name = "REASON")]
    miss: Option<String>,
    /// Text in path, headers and kept bodies
    #[arg(long, value_name = "TEXT")]
    q: Option<String>,
}

impl Filters {
    fn pairs(&self) -> Vec<(&'static str, &str)> {
        let Filters { mock, stub, scenario, decision, status, method, path, since, until, miss, q } = self;
        let all = [
            ("mock", mock),
            ("stub", stub),
            ("scenario", scenario),
            ("decision", decision),
            ("status", status),
            ("method", method),
            ("path", path),
            ("since", since),
            ("until", until),
            ("miss", miss),
            ("q", q),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
    }
}

impl Logs {
    pub fn run(self) -> ExitCode {
        let agent = match self.agent() {
            Ok(agent) => agent,
            Err(why) => {
                tell(format_args!("error: {why}"));
                return ExitCode::from(WRONG);
            }
        };
        let shown = if self.follow { self.follow(&agent) } else { self.list(&agent) };
        match shown {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                tell(format_args!("error: {}: {why}", self.admin));
                ExitCode::from(FAILED)
            }
        }
    }

    fn agent(&self) -> Result<Agent, String> {
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
        Ok(config.build().new_agent())
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

    /// Asks a route; a refusal is told in the API's own words.
    fn ask(&self, agent: &Agent, route: &str, more: &[(&str, &str)]) -> Result<ureq::Body, String> {
        let base = if self.admin.contains("://") { self.admin.clone() } else { format!("http://{}", self.admin) };
        let mut request = agent.get(format!("{}{route}", base.trim_end_matches('/')));
        for (name, value) in self.filters.pairs().iter().chain(more) {
            request = request.query(name, value);
        }
        if let Some(token) = std::env::var("STANDIN_TOKEN").ok().filter(|token| !token.is_empty()) {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let (head, mut body) = request.call().map_err(|error| error.to_string())?.into_parts();
        if head.status.is_success() {
            return Ok(body);
        }
        let text = body.read_to_string().unwrap_or_default();
        let said: Value = serde_json::from_str(&text).unwrap_or_default();
        let detail = said["detail"].as_str().map_or_else(|| format!("it answers {}", head.status), str::to_owned);
        match said["help"].as_str() {
            _ if head.status == 401 => Err(format!("{detail}\n  = help: set STANDIN_TOKEN to the token of [admin]")),
            Some(help) => Err(format!("{detail}\n  = help: {help}")),
            None => Err(detail),
        }
    }

    fn list(&self, agent: &Agent) -> Result<(), String> {
        let limit = self.limit.to_string();
        let route = if self.misses { "/v1/misses" } else { "/v1/calls" };
        let mut body = self.ask(agent, route, &[("limit", &limit)])?;
        let text = body.read_to_string().map_err(|error| error.to_string())?;
        let page: Value = serde_json::from_str(&text).map_err(|error| format!("this is no call log: {error}"))?;
        // The newest stands last, where one looks first.
        for call in page["calls"].as_array().into_iter().flatten().rev() {
            self.show(call);
        }
        Ok(())
    }

    fn follow(&self, agent: &Agent) -> Result<(), String> {
        let body = self.ask(agent, "/v1/calls/stream", &[])?;
        let mut event = String::new();
        for line in BufReader::new(body.into_reader()).lines() {
            let line = line.map_err(|error| error.to_string())?;
            if let Some(name) = line.strip_prefix("event: ") {
                event = name.to_owned();
            } else if let Some(text) = line.strip_prefix("data: ") {
                let said: Value = serde_json::from_str(text).unwrap_or_default();
                match event.as_str() {
                    "missed" => tell(format_args!("… {} more", said["missed"])),
                    _ => self.show(&said),
                }
            }
        }
        Err("the sidecar has closed the connection".to_owned())
    }

    fn show(&self, call: &Value) {
        if self.json { say(call) } else { say(line(call)) }
    }
}

/// A call as the access log shows it to people. Control characters that a caller sent are shown, not obeyed.
fn line(call: &Value) -> String {
    let text = |name: &str| call[name].as_str().unwrap_or("-").to_owned();
    let status = call["status"].as_u64().map_or("-".to_owned(), |status| status.to_string());
    let millis = call["duration_us"]["total"].as_f64().map_or("-".to_owned(), |us| format!("{:.1}ms", us / 1000.0));
    let mut line = format!("{} {status} {} {} {} {millis}", text("at"), text("method"), text("path"), text("decision"));
    for name in ["mock", "stub", "scenario", "miss", "rejection", "failure", "upstream"] {
        if let Some(value) = call[name].as_str() {
            line.push_str(&format!(" {name}={value:?}"));
        }
    }
    line.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
