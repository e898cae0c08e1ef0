//! `standin export`: what other tools take in.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::{FAILED, Source, say, tell};
use crate::config::{self, Loaded};
use crate::settings::Upstream;
use crate::stubs::scenario::{HostPattern, Mock};

/// Write what other tools take in.
#[derive(Args, Debug)]
pub struct Export {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A Postman environment that names the URL of a mock and the real one
    PostmanEnvironment(PostmanEnvironment),
}

/// Print a Postman environment that names the URL of a mock and the real one.
#[derive(Args, Debug)]
struct PostmanEnvironment {
    #[command(flatten)]
    source: Source,
    /// Name of the mock [default: the only one]
    #[arg(long, value_name = "NAME")]
    mock: Option<String>,
}

impl Export {
    pub fn run(self) -> ExitCode {
        match self.what {
            What::PostmanEnvironment(environment) => environment.run(),
        }
    }
}

impl PostmanEnvironment {
    fn run(self) -> ExitCode {
        let loaded = match config::load(&self.source.request()) {
            Ok(loaded) => loaded,
            Err(refused) => return super::run::refused(&refused.problems),
        };
        let environment = choose(&loaded, self.mock.as_deref()).and_then(|mock| environment(&loaded, mock));
        match environment {
            Ok(environment) => {
                say(format_args!("{environment:#}"));
                ExitCode::SUCCESS
            }
            Err(why) => {
                tell(format_args!("error: {why}"));
                ExitCode::from(FAILED)
            }
        }
    }
}

fn choose<'l>(loaded: &'l Loaded, name: Option<&str>) -> Result<&'l Mock, String> {
    let mocks = loaded.table.mocks();
    let names = || mocks.iter().map(|mock| mock.name.to_string()).collect::<Vec<_>>().join(", ");
    match (name, mocks) {
        (_, []) => Err("the configuration has no mock".to_owned()),
        (None, [only]) => Ok(only),
        (None, _) => Err(format!("name one of the mocks with --mock: {}", names())),
        (Some(name), mocks) => {
            let found = mocks.iter().find(|mock| *mock.name == *name);
            found.map(|mock| &**mock).ok_or_else(|| format!("there is no mock `{name}`; there are: {}", names()))
        }
    }
}

/// The environment. Requests use `baseUrl`; it leads to the mock until somebody lets it lead to the real service.
fn environment(loaded: &Loaded, mock: &Mock) -> Result<serde_json::Value, String> {
    let base = base_path(mock);
    let mut urls =
        vec![("baseUrl", "{{mockUrl}}".to_owned()), ("mockUrl", format!("{}{base}", mock_url(loaded, mock)?))];
    let upstream = mock.upstream.or(loaded.table.upstream());
    let upstream = upstream.and_then(|upstream| loaded.settings.upstreams.get(upstream.0 as usize));
    urls.extend(upstream.map(|upstream| ("realUrl", format!("{}{base}", real_url(upstream)))));
    let values = urls
        .into_iter()
        .map(|(key, value)| serde_json::json!({ "key": key, "value": value, "type": "default", "enabled": true }));
    Ok(serde_json::json!({
        "name": format!("{} (Standin)", mock.name),
        "values": values.collect::<Vec<_>>(),
        "_postman_variable_scope": "environment",
        "_postman_exported_using": format!("Standin/{}", env!("CARGO_PKG_VERSION")),
    }))
}

/// How callers reach the mock: as it says itself, else by its host and the port of the data listener.
fn mock_url(loaded: &Loaded, mock: &Mock) -> Result<String, String> {
    if let Some(url) = &mock.url {
        return Ok(url.to_string());
    }
    let proxy = &loaded.settings.proxy;
    let address = proxy.listen.first().filter(|address| address.port() != 0);
    let address =
        address.ok_or("the data listener takes whatever port is free: set `url` of the mock, or `--listen`")?;
    let host = mock.hosts.iter().find_map(|host| match host {
        HostPattern::Exact(host) => Some(host.to_string()),
        HostPattern::Below(_) => None,
    });
    let host = match host {
        Some(host) => host,
        None if !mock.hosts.is_empty() => {
            return Err("the mock names hosts by a pattern only: set its `url`".to_owned());
        }
        // A certificate is for a name.
        None if proxy.tls.is_some() => "localhost".to_owned(),
        None if address.ip().is_unspecified() => "127.0.0.1".to_owned(),
        None if address.is_ipv6() => format!("[{}]", address.ip()),
        None => address.ip().to_string(),
    };
    let scheme = if proxy.tls.is_some() { "https" } else { "http" };
    Ok(format!("{scheme}://{host}:{}", address.port()))
}

fn real_url(upstream: &Upstream) -> String {
    let (scheme, usual) = if upstream.tls.is_some() { ("https", 443) } else { ("http", 80) };
    let host = if upstream.host.contains(':') { format!("[{}]", upstream.host) } else { upstream.host.to_string() };
    let port = if upstream.port == usual { String::new() } else { format!(":{}", upstream.port) };
    format!("{scheme}://{host}{port}")
}

/// What a path shows as it is, slashes between segments among it.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn base_path(mock: &Mock) -> String {
    let path = mock.base.as_ref().and_then(|base| base.literal_path()).unwrap_or_default();
    // In the normal form a NUL stands for a slash inside a segment.
    percent_encode(&path, PLAIN).to_string().replace("%00", "%2F")
}
