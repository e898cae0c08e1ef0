//! Servers that do nothing but answer or forward, in this bench's own binary and profile: what their libraries cost.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use pingora::apps::HttpServerOptions;
use pingora::http::ResponseHeader;
use pingora::prelude::*;
use pingora::server::configuration::ServerConf;
use pingora::services::Service as _;

use super::{PROXY, Peer, Setting, Skills};
use crate::worlds::{LARGE, SMALL, answer};

/// The product's: as shipped, so that what differs is not the allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub const HYPER: Peer = Peer {
    slug: "hyper",
    name: "bare hyper",
    version: || Some(format!("hyper {}", locked("hyper"))),
    may_miss: false,
    set_up: |setting| this("hyper", setting),
    skills: Skills { forwards: false, h2c: false, ..PROXY },
};

/// The stock `HttpProxy` behind pingora's own listener.
pub const PINGORA: Peer = Peer {
    slug: "pingora",
    name: "bare pingora",
    version: || Some(format!("pingora {}", locked("pingora"))),
    may_miss: false,
    set_up: |setting| this("pingora", setting),
    skills: PROXY,
};

/// The version of a crate that this bench was built with.
fn locked(name: &str) -> &'static str {
    let entry = include_str!("../../../Cargo.lock").split(&format!("\nname = \"{name}\"\nversion = \"")).nth(1);
    entry.and_then(|entry| entry.split('"').next()).unwrap_or("?")
}

fn this(which: &str, setting: &Setting<'_>) -> Vec<String> {
    let this = std::env::current_exe().expect("this program has a path").display().to_string();
    vec![this, "serve".to_owned(), which.to_owned(), setting.port.to_string(), setting.upstream.to_string()]
}

/// Serves until it is killed; this is what the process of a bare server does.
pub fn serve(which: &str, port: u16, upstream: u16) {
    match which {
        "hyper" => serve_hyper(port),
        "pingora" => serve_pingora(port, upstream),
        other => panic!("there is no bare {other}"),
    }
}

fn serve_hyper(port: u16) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async move {
        let bodies = [SMALL, LARGE].map(|size| (format!("/mock/{size}"), Bytes::from(answer(size, 0))));
        let bodies: &'static [(String, Bytes); 2] = Box::leak(Box::new(bodies));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("the port is free");
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let _ = stream.set_nodelay(true);
            let service =
                hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| async move {
                    let found = bodies.iter().find(|(path, _)| path == request.uri().path());
                    let (status, body) = found.map_or((404, Bytes::new()), |(_, body)| (200, body.clone()));
                    let response = hyper::Response::builder().status(status).header("content-type", "application/json");
                    Ok::<_, Infallible>(response.body(Full::new(body)).expect("a valid head"))
                });
            tokio::spawn(async move {
                // A caller that leaves is no event here.
                let _ =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
}

struct Bare {
    answers: [(String, ResponseHeader, Bytes); 2],
    upstream: Box<HttpPeer>,
}

#[async_trait]
impl ProxyHttp for Bare {
    type CTX = ();
    fn new_ctx(&self) {}

    async fn request_filter(&self, session: &mut Session, _: &mut ()) -> Result<bool> {
        let path = session.req_header().uri.path();
        let Some((_, header, body)) = self.answers.iter().find(|(mocked, _, _)| mocked == path) else {
            return Ok(false);
        };
        session.set_keepalive(Some(60));
        session.write_response_header_ref(header, false).await?;
        session.write_response_body(Some(body.clone()), true).await?;
        Ok(true)
    }

    async fn upstream_peer(&self, _: &mut Session, _: &mut ()) -> Result<Box<HttpPeer>> {
        Ok(self.upstream.clone())
    }
}

fn serve_pingora(port: u16, upstream: u16) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    runtime.block_on(async move {
        let answers = [SMALL, LARGE].map(|size| {
            let mut header = ResponseHeader::build_no_case(200, None).expect("a valid head");
            header.insert_header("content-type", "application/json").expect("a valid header");
            header.insert_header("content-length", size).expect("a valid header");
            (format!("/mock/{size}"), header, Bytes::from(answer(size, 0)))
        });
        let mut upstream = Box::new(HttpPeer::new(("127.0.0.1", upstream), false, String::new()));
        upstream.options.connection_timeout = Some(Duration::from_secs(1));
        upstream.options.read_timeout = Some(Duration::from_secs(60));
        upstream.options.idle_timeout = Some(Duration::from_secs(4));
        let conf = ServerConf { threads: 1, upstream_keepalive_pool_size: 1024, ..ServerConf::default() };
        let mut service = http_proxy_service(&Arc::new(conf), Bare { answers, upstream });
        let mut options = HttpServerOptions::default();
        options.h2c = true;
        service.app_logic_mut().expect("it has one").server_options = Some(options);
        service.add_tcp(&format!("127.0.0.1:{port}"));
        let (_stop, stopped) = tokio::sync::watch::channel(false);
        service.start_service(None, stopped, 1).await;
    });
}
