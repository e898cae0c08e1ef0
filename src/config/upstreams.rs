//! Upstreams: those with a name, and those that are given by their URL.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::effective::{quoted, show, shown, value};
use super::{Context, TakesEffect, tls};
use crate::file::leaf::Named;
use crate::file::read::At;
use crate::file::{self, UpstreamTable};
use crate::problem::{Code, Problem, nearest};
use crate::settings::{Http2, Upstream};
use crate::stubs::scenario::Destination;
use crate::tls::ClientTls;

pub(super) struct Upstreams {
    pub list: Vec<Arc<Upstream>>,
    names: HashMap<String, Destination>,
    /// Upstreams that were given by URL only, by host, port, and whether it is `https`.
    urls: HashMap<(Arc<str>, bool), Destination>,
    own: Vec<SocketAddr>,
    /// What paths are relative to.
    directory: PathBuf,
}

/// The parts of an upstream's URL.
#[derive(Default)]
struct Url {
    host: Box<str>,
    port: u16,
    https: bool,
}

impl Upstreams {
    pub fn new(
        tables: Option<At<Named<UpstreamTable>>>,
        own: Vec<SocketAddr>,
        directory: &Path,
        cx: &mut Context<'_>,
    ) -> Self {
        let directory = directory.to_owned();
        let mut upstreams = Upstreams { list: Vec::new(), names: HashMap::new(), urls: HashMap::new(), own, directory };
        for (name, table) in tables.into_iter().flat_map(|tables| tables.value.0) {
            upstreams.define(name, table, cx);
        }
        upstreams
    }

    fn define(&mut self, name: At<String>, table: At<UpstreamTable>, cx: &mut Context<'_>) {
        let place = table.place;
        let UpstreamTable { url, connect_timeout, read_timeout, write_timeout, idle_timeout, http2, tls } = table.value;
        let text = super::names::checked(&name, cx);
        let key = |key: &str| format!("upstreams.{text}.{key}");
        show(cx, &key("url"), url.as_ref().map(|t| (quoted(&t.value), t.place)), "none", TakesEffect::Reload);
        let span = |name: &str, set: Option<At<crate::file::leaf::Span>>, default: Duration, cx: &mut Context<'_>| {
            if let Some(zero) = set.as_ref().filter(|span| span.value.0.is_zero()) {
                cx.report(
                    Problem::at(Code::OutOfRange, zero.place, "a time limit of zero lets nothing through")
                        .help("write a limit that is longer than nothing"),
                );
            }
            value(cx, &key(name), set.map(|span| span.map(|span| span.0)), default, |d| quoted(&shown(*d)))
        };
        let connect_timeout = span("connect_timeout", connect_timeout, CONNECT, cx);
        let read_timeout = span("read_timeout", read_timeout, READ, cx);
        let write_timeout = span("write_timeout", write_timeout, WRITE, cx);
        let idle_timeout = span("idle_timeout", idle_timeout, IDLE, cx);
        let http2 = value(cx, &key("http2"), http2, file::leaf::Http2::Grpc, |word| quoted(word.as_str()));
        let http2 = match http2 {
            file::leaf::Http2::Grpc => Http2::Grpc,
            file::leaf::Http2::Always => Http2::Always,
            file::leaf::Http2::Never => Http2::Never,
        };
        // The name is known even where its URL is bad, so that those who use it are not blamed.
        self.names.insert(text.clone(), Destination(self.list.len() as u32));
        let Some(url) = url else {
            if !cx.unread.table(place) {
                let title = format!("the upstream `{text}` has no `url`");
                cx.missing_at("url", place, name.place, title, "write `url = \"http://127.0.0.1:3000\"`");
            }
            return;
        };
        let Url { host, port, https } = self.checked_url(&url, cx).unwrap_or_default();
        let tls = tls::client(&text, tls, &host, https, &self.directory, cx);
        self.list.push(Arc::new(Upstream {
            name: text.as_str().into(),
            host,
            port,
            connect_timeout,
            read_timeout,
            write_timeout,
            idle_timeout,
            http2,
            tls,
        }));
    }

    /// Finds the upstream of a name, or makes one of a URL.
    pub fn resolve(&mut self, text: &At<String>, cx: &mut Context<'_>) -> Option<Destination> {
        if let Some(found) = self.names.get(&text.value) {
            return Some(*found);
        }
        if text.value.contains("://") {
            let Url { host, port, https } = self.checked_url(text, cx)?;
            let tls = https.then(|| ClientTls { server_name: host.clone(), authorities: None, identity: None });
            let name = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
            let upstream = Upstream {
                name: name.into(),
                host,
                port,
                connect_timeout: CONNECT,
                read_timeout: READ,
                write_timeout: WRITE,
                idle_timeout: IDLE,
                http2: Http2::Grpc,
                tls,
            };
            let next = Destination(self.list.len() as u32);
            let number = *self.urls.entry((upstream.name.clone(), https)).or_insert(next);
            if number == next {
                self.list.push(Arc::new(upstream));
            }
            return Some(number);
        }
        if cx.incomplete {
            return None;
        }
        let mut known: Vec<&str> = self.names.keys().map(String::as_str).collect();
        known.sort_unstable();
        let help = match nearest(&text.value, known.iter().copied()) {
            Some(slip) => format!("did you mean `{slip}`?"),
            None if text.value.contains("{{") => "write the URL out: nothing is filled in here".to_owned(),
            None if text.value.contains([':', '.']) => format!("did you mean \"http://{}\"?", text.value),
            None if known.is_empty() => {
                format!("define it as `[upstreams.{}]` with a `url`, or write a URL", text.value)
            }
            None => format!("there are {}; or write a URL", crate::file::read::listed(&known)),
        };
        cx.report(
            Problem::at(Code::UnknownUpstream, text.place, format!("there is no upstream `{}`", text.value)).help(help),
        );
        None
    }

    /// Host and port of a URL that has nothing else.
    fn checked_url(&self, text: &At<String>, cx: &mut Context<'_>) -> Option<Url> {
        let bad = |why: &str| {
            Problem::at(Code::BadUrl, text.place, format!("{:?} is no upstream URL", text.value))
                .label(why)
                .help("an upstream is scheme, host and port: \"http://127.0.0.1:3000\"")
        };
        if text.value.split('/').nth(2).is_some_and(|authority| authority.contains('@')) {
            cx.report(
                Problem::at(Code::PlainSecret, text.place, "an upstream URL holds no user name and no password")
                    .help("leave them out: credentials are the caller's, and are forwarded as they come"),
            );
            return None;
        }
        let Ok(uri) = text.value.parse::<http::Uri>() else {
            cx.report(bad(if text.value.is_empty() { "it is empty" } else { "malformed" }));
            return None;
        };
        let https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(_) => {
                cx.report(bad("the scheme is `http` or `https`"));
                return None;
            }
            None => {
                let meant = format!("http://{}", text.value);
                let sound = meant.parse::<http::Uri>().is_ok_and(|uri| uri.host().is_some() && uri.path() == "/");
                cx.report(bad("the scheme is missing").maybe_help(sound.then(|| format!("did you mean {meant:?}?"))));
                return None;
            }
        };
        let authority = uri.authority().map(|a| a.as_str()).unwrap_or("");
        let host = uri.host().unwrap_or("").trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let port = uri.port_u16();
        let has_port = authority.rsplit(']').next().unwrap_or("").contains(':');
        if host.is_empty() {
            cx.report(bad("the host is missing"));
        } else if !matches!(uri.path(), "" | "/") {
            cx.report(bad("no path: the caller's path goes upstream as it was sent"));
        } else if uri.query().is_some() {
            cx.report(bad("no query: the caller's goes upstream as it was sent"));
        } else if has_port && port.is_none_or(|port| port == 0) {
            cx.report(bad("the port is no number from 1 to 65535"));
        } else {
            let port = port.unwrap_or(if https { 443 } else { 80 });
            if self.own.iter().any(|own| is_own(&host, port, *own)) {
                cx.report(
                    Problem::at(Code::OwnListener, text.place, "the upstream is a listener of this sidecar")
                        .label("requests would go round in circles")
                        .help("name the port that the real service listens on"),
                );
                return None;
            }
            return Some(Url { host: host.into(), port, https });
        }
        None
    }
}

pub(super) const CONNECT: Duration = Duration::from_secs(1);
pub(super) const READ: Duration = Duration::from_secs(60);
pub(super) const WRITE: Duration = Duration::from_secs(60);
pub(super) const IDLE: Duration = Duration::from_secs(4);

/// Whether host and port lead back to a listener.
pub(super) fn is_own(host: &str, port: u16, listener: SocketAddr) -> bool {
    if port != listener.port() {
        return false;
    }
    let Ok(address) = host.parse::<IpAddr>() else {
        return host == "localhost" && (listener.ip().is_loopback() || listener.ip().is_unspecified());
    };
    if !listener.ip().is_unspecified() {
        return address == listener.ip();
    }
    // Whoever can bind an address owns it: that tells this machine's interfaces without listing them.
    address.is_loopback() || address.is_unspecified() || std::net::UdpSocket::bind((address, 0)).is_ok()
}
