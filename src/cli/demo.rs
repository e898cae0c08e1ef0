//! `standin demo`: a small real backend, the sidecar with sample mocks, and the URLs to try, in one command.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::ExitCode;

use axum::extract::Request;
use axum::{Json, Router};
use clap::Args;
use serde_json::json;

use super::{FAILED, run, say, tell};
use crate::app::{App, StartError};
use crate::config;
use crate::telemetry;

/// Run a small backend and a sidecar with sample mocks, and print what to try.
#[derive(Args, Debug)]
pub struct Demo {
    /// Address of the data listener
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Address of the ops listener: probes and metrics
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9091")]
    ops: SocketAddr,
    /// Address of the admin listener: the call log
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9092")]
    admin: SocketAddr,
}

/// The sample mocks, as they lie in the repository's `config` folder.
const FILES: &[(&str, &str)] = &[
    ("mocks/shop.toml", include_str!("../../config/mocks/shop.toml")),
    ("mocks/partner.toml", include_str!("../../config/mocks/partner.toml")),
    ("mocks/bodies/product.json", include_str!("../../config/mocks/bodies/product.json")),
];

impl Demo {
    pub fn run(self) -> ExitCode {
        let log = match telemetry::start() {
            Ok(log) => log,
            Err(error) => return run::no_log(&error),
        };
        let dir = match tempfile::Builder::new().prefix("standin-demo-").tempdir() {
            Ok(dir) => dir,
            Err(error) => return failed("no folder for the sample mocks", &error),
        };
        let backend = match backend() {
            Ok(address) => address,
            Err(error) => return failed("the backend did not start", &error),
        };
        if let Err(error) = self.write(dir.path(), backend) {
            return failed("the sample mocks could not be written", &error);
        }
        // No variables: what they name may belong to a sidecar in earnest.
        let request = config::Request { config: Some(dir.path().join("standin.toml")), ..config::Request::default() };
        match App::start(run::options(request, log)) {
            Ok(app) => {
                say(guide(&app, backend, dir.path()));
                run::finish(app)
            }
            Err(error) => {
                let code = run::failed(&error);
                if let StartError::Bind { listener, .. } = error {
                    let flag = if listener == "data" { "listen" } else { listener };
                    tell(format_args!("help: name another address, or a free port: standin demo --{flag} 127.0.0.1:0"));
                }
                code
            }
        }
    }

    /// Writes the sample configuration where it can be edited.
    fn write(&self, dir: &Path, backend: SocketAddr) -> std::io::Result<()> {
        std::fs::create_dir_all(dir.join("mocks/bodies"))?;
        for (path, text) in FILES {
            std::fs::write(dir.join(path), text)?;
        }
        let Demo { listen, ops, admin } = self;
        let root = format!(
            "mocks = [\"mocks/*.toml\"]\n\n[proxy]\nlisten = [\"{listen}\"]\nupstream = \"http://{backend}\"\n\n\
             [ops]\nlisten = \"{ops}\"\n\n[admin]\nlisten = \"{admin}\"\n\n[call_log]\naccess_log = \"all\"\n\n\
             [gate]\nreal_when.header.x-mock = \"off\"\n"
        );
        std::fs::write(dir.join("standin.toml"), root)
    }
}

fn failed(what: &str, error: &std::io::Error) -> ExitCode {
    tell(format_args!("error: {what}: {error}"));
    ExitCode::from(FAILED)
}

/// A real service: it says what it was asked.
fn backend() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("backend".to_owned()).spawn(move || {
        runtime.block_on(async move {
            match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => drop(axum::serve(listener, Router::new().fallback(echo)).await),
                Err(error) => tracing::error!(%error, "the backend cannot be served"),
            }
        });
    })?;
    Ok(address)
}

async fn echo(request: Request) -> Json<serde_json::Value> {
    Json(json!({ "from": "the real backend", "method": request.method().as_str(), "path": request.uri().path() }))
}

/// The address by which a caller on this machine reaches a listener.
fn reached(listener: SocketAddr) -> SocketAddr {
    match listener {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => (Ipv4Addr::LOCALHOST, v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => (Ipv6Addr::LOCALHOST, v6.port()).into(),
        other => other,
    }
}

/// What to try.
fn guide(app: &App, backend: SocketAddr, dir: &Path) -> String {
    let data = reached(app.data().first().copied().unwrap_or(backend));
    let (ops, admin) = (reached(app.ops()), app.admin());
    format!(
        "\nStandin is running in front of a small real backend on {backend}.\n\n\
         Mocked:\n\
         \x20 curl 'http://{data}/shop/products?sort=price'\n\
         \x20 curl http://{data}/shop/products/7\n\
         \x20 curl http://{data}/shop/branches/7\n\
         \x20 curl -i http://{data}/shop/products/0\n\
         \x20 curl -i -H 'x-plan: gold' -d '{{\"total\": 120}}' http://{data}/shop/orders\n\
         \x20 curl -i -X POST 'http://{data}/shop/orders?down'\n\
         \x20 curl -d grant_type=client_credentials -H 'Host: partner.local' http://{data}/token\n\n\
         Forwarded:\n\
         \x20 curl http://{data}/anything/else\n\
         \x20 curl -H 'x-mock: off' http://{data}/shop/products/7\n\n\
         Why was that not mocked?\n\
         \x20 curl -i -H 'standin-debug: 1' http://{data}/shop/products\n\n\
         What happened:\n\
         \x20 curl http://{admin}/v1/calls\n\
         \x20 curl http://{ops}/metrics\n\n\
         Edit a mock and it is live: {}\n\
         Stop with Ctrl-C.\n",
        dir.join("mocks").display()
    )
}
