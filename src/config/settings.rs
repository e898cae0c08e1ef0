//! From the tables of standin.toml to checked settings, and from all files to one table of stubs.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::mocks::Compiler;
use super::{Context, Effective, MockSource, Origin, TakesEffect, conditions, lint, mocks};
use crate::file::leaf::{AccessLog, Forwarded, GateDefault, Named, OneOrMany};
use crate::file::read::At;
use crate::file::{
    AdminTable, CallLogTable, GateTable, LimitsTable, MetricsTable, OpsTable, ProxyTable, StandinFile, UpstreamTable,
};
use crate::problem::{Code, Place, Problem, nearest};
use crate::settings::{self, CallLog, Limits, Proxy, Settings, Upstream};
use crate::stubs::scenario::{Destination, Gate};
use crate::stubs::table::Table;

/// Headers whose values are never shown.
const REDACTED: &[&str] = &["authorization", "cookie", "set-cookie", "x-api-key", "proxy-authorization"];

/// Compiles everything. Where problems were found the result is of no use, and nobody gets to see it.
pub fn compile(root: StandinFile, directory: &Path, files: Vec<MockSource>, cx: &mut Context<'_>) -> (Settings, Table) {
    let StandinFile {
        mocks: patterns,
        proxy,
        upstreams,
        ops,
        admin,
        gate,
        call_log,
        limits,
        metrics,
        default,
        server_stub,
        stub,
    } = root;
    list(cx, "mocks", patterns.as_ref().map(|p| (p.value.0.iter().map(|t| t.value.clone()).collect(), p.place)));

    let ProxyTable { listen, upstream, marker, forwarded, files: body_files } =
        proxy.map(|t| t.value).unwrap_or_default();
    let OpsTable { listen: ops } = ops.map(|t| t.value).unwrap_or_default();
    let AdminTable { listen: admin } = admin.map(|t| t.value).unwrap_or_default();
    let listeners = listeners(listen, ops, admin, cx);
    let mut upstreams = Upstreams::new(upstreams, listeners.all(), cx);
    let proxy_upstream = upstream.as_ref().and_then(|text| upstreams.resolve(text, cx));
    show(cx, "proxy.upstream", upstream.as_ref().map(|t| (quoted(&t.value), t.place)), "none", TakesEffect::Reload);
    let marker = value(cx, "proxy.marker", marker, true, bool::to_string);
    let forwarded = value(cx, "proxy.forwarded", forwarded, Forwarded::Append, |word| quoted(word.as_str()));
    show(
        cx,
        "proxy.files",
        body_files.as_ref().map(|t| (quoted(&t.value), t.place)),
        "the file's own directory",
        TakesEffect::Reload,
    );
    let body_files = body_files.map(|path| directory.join(&path.value));

    let gate = gate.map(|gate| compile_gate(gate.value, gate.place, cx)).unwrap_or_default();
    let limits = compile_limits(limits.map(|t| t.value).unwrap_or_default(), cx);
    let mut call_log = compile_call_log(call_log.map(|t| t.value).unwrap_or_default(), cx);
    let MetricsTable { max_stubs } = metrics.map(|t| t.value).unwrap_or_default();
    let max_stubs = value(cx, "metrics.max_stubs", max_stubs.map(|n| n.map(|n| n.0)), 1000, u64::to_string);

    let drafts = mocks::drafts(default, server_stub, stub, directory, files, cx);
    for draft in &drafts {
        show_mock(draft, cx);
    }
    let mut resolve = |text: &At<String>, cx: &mut Context<'_>| upstreams.resolve(text, cx);
    let mut compiler = Compiler::new(cx, body_files, limits.delay, &mut resolve);
    for draft in drafts {
        compiler.mock(draft);
    }
    let Compiler { mut parts, origins, key_headers, .. } = compiler;
    call_log.redact_headers.extend(key_headers);
    call_log.redact_headers.sort();
    call_log.redact_headers.dedup();
    parts.gate = gate;
    parts.upstream = proxy_upstream;
    let (table, taken) = Table::build(parts);
    lint::routes(&taken, &table, &origins, cx);
    lint::reach(&table, &origins, cx);

    let settings = Settings {
        proxy: Proxy {
            listen: listeners.data,
            marker,
            forwarded: match forwarded {
                Forwarded::Append => settings::Forwarded::Append,
                Forwarded::Replace => settings::Forwarded::Replace,
                Forwarded::Pass => settings::Forwarded::Pass,
            },
        },
        upstreams: upstreams.list,
        ops: listeners.ops,
        admin: listeners.admin,
        call_log,
        limits,
        max_stubs: usize::try_from(max_stubs).unwrap_or(usize::MAX),
    };
    (settings, table)
}

// --- what is in force ---

fn origin(cx: &Context<'_>, place: Place) -> Origin {
    let source = cx.sources.get(place.source);
    let (line, _) = cx.sources.line_column(place);
    // A variable or a flag is one word, and its name says it all.
    let file = source.name.contains(['.', '/']);
    Origin::Set(if file { format!("{}:{line}", source.name) } else { source.name.clone() })
}

fn show(cx: &mut Context<'_>, key: &str, set: Option<(String, Place)>, default: &str, takes_effect: TakesEffect) {
    let (value, origin) = match set {
        Some((value, place)) => (value, origin(cx, place)),
        None => (default.to_owned(), Origin::Default),
    };
    cx.effective.push(Effective { key: key.to_owned(), value, origin, takes_effect });
}

fn list(cx: &mut Context<'_>, key: &str, set: Option<(Vec<String>, Place)>) {
    let set = set.map(|(values, place)| (format!("{values:?}"), place));
    show(cx, key, set, "[]", TakesEffect::Reload);
}

/// A value or its default, shown as it is in force.
fn value<T>(cx: &mut Context<'_>, key: &str, set: Option<At<T>>, default: T, show_as: impl Fn(&T) -> String) -> T {
    let shown = set.as_ref().map(|at| (show_as(&at.value), at.place));
    show(cx, key, shown, &show_as(&default), TakesEffect::Reload);
    set.map_or(default, |at| at.value)
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// A duration as a file would write it.
pub fn shown(duration: Duration) -> String {
    let micros = duration.as_micros();
    match micros {
        0 => "0s".to_owned(),
        n if n % 1_000_000 == 0 => format!("{}s", n / 1_000_000),
        n if n % 1_000 == 0 => format!("{}ms", n / 1_000),
        n => format!("{n}us"),
    }
}

fn shown_size(bytes: &u64) -> String {
    let text = match *bytes {
        0 => "0B".to_owned(),
        n if n % (1 << 20) == 0 => format!("{}MiB", n >> 20),
        n if n % (1 << 10) == 0 => format!("{}KiB", n >> 10),
        n => format!("{n}B"),
    };
    quoted(&text)
}

fn show_mock(draft: &mocks::MockDraft, cx: &mut Context<'_>) {
    let key = |key: &str| format!("mock {}: {key}", draft.name.value);
    let settings = &draft.settings;
    let texts = |list: &Option<At<crate::file::leaf::List<String>>>| {
        list.as_ref().map(|l| (format!("{:?}", l.value.0.iter().map(|t| &t.value).collect::<Vec<_>>()), l.place))
    };
    let text = |t: &Option<At<String>>| t.as_ref().map(|t| (quoted(&t.value), t.place));
    let source = |place: Place, cx: &Context<'_>| {
        let source = cx.sources.get(place.source);
        source.text.get(place.start as usize..place.end as usize).unwrap_or("").to_owned()
    };
    type Row<'r> = (&'r str, Option<(String, Place)>, &'r str);
    let rows: [Row<'_>; 9] = [
        ("hosts", texts(&settings.hosts), "every host"),
        ("base_path", text(&settings.base_path), "none"),
        ("upstream", text(&settings.upstream), "that of the proxy"),
        ("delay", settings.delay.as_ref().map(|v| (source(v.place, cx), v.place)), "none"),
        ("cors", settings.cors.as_ref().map(|v| (source(v.place, cx), v.place)), "true"),
        ("access", settings.access.as_ref().map(|v| (source(v.place, cx), v.place)), "everybody"),
        ("active_server_stub", text(&settings.active_server_stub), "none"),
        (
            "server_stub_scope",
            settings.server_stub_scope.as_ref().map(|v| (quoted(v.value.as_str()), v.place)),
            "\"mocked\"",
        ),
        ("selectors", settings.selectors.as_ref().map(|v| (source(v.place, cx), v.place)), "\"on\""),
    ];
    for (name, set, default) in rows {
        show(cx, &key(name), set, default, TakesEffect::Reload);
    }
}

// --- listeners ---

struct Listeners {
    data: Vec<SocketAddr>,
    ops: SocketAddr,
    admin: SocketAddr,
}

impl Listeners {
    fn all(&self) -> Vec<SocketAddr> {
        self.data.iter().copied().chain([self.ops, self.admin]).collect()
    }
}

const DATA: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 8080);
const OPS: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 9091);
const ADMIN: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9092);

fn listeners(
    data: Option<At<OneOrMany<String>>>,
    ops: Option<At<String>>,
    admin: Option<At<String>>,
    cx: &mut Context<'_>,
) -> Listeners {
    let shown = data
        .as_ref()
        .map(|list| (format!("{:?}", list.value.0.iter().map(|text| &text.value).collect::<Vec<_>>()), list.place));
    show(cx, "proxy.listen", shown, "[\"0.0.0.0:8080\"]", TakesEffect::Restart);
    show(cx, "ops.listen", ops.as_ref().map(|t| (quoted(&t.value), t.place)), "\"0.0.0.0:9091\"", TakesEffect::Restart);
    show(
        cx,
        "admin.listen",
        admin.as_ref().map(|t| (quoted(&t.value), t.place)),
        "\"127.0.0.1:9092\"",
        TakesEffect::Restart,
    );
    let mut taken: Vec<(SocketAddr, Option<Place>)> = Vec::new();
    let mut addresses = Vec::new();
    match data {
        None => addresses.push(DATA),
        Some(list) => {
            if list.value.0.is_empty() {
                cx.report(
                    Problem::at(Code::MissingKey, list.place, "the proxy listens nowhere")
                        .help("name an address, or leave `listen` out for \"0.0.0.0:8080\""),
                );
            }
            for text in list.value.0 {
                if let Some(address) = address(&text, cx) {
                    claim(address, Some(text.place), &mut taken, cx);
                    addresses.push(address);
                }
            }
        }
    }
    if taken.is_empty() {
        taken.extend(addresses.iter().map(|address| (*address, None)));
    }
    let mut one = |set: Option<At<String>>, default: SocketAddr, cx: &mut Context<'_>| {
        let place = set.as_ref().map(|text| text.place);
        let address = set.and_then(|text| address(&text, cx)).unwrap_or(default);
        claim(address, place, &mut taken, cx);
        (address, place)
    };
    let (ops, _) = one(ops, OPS, cx);
    let (admin, admin_place) = one(admin, ADMIN, cx);
    if let Some(place) = admin_place.filter(|_| !admin.ip().is_loopback()) {
        cx.report(
            Problem::at(Code::AdminExposed, place, "the admin listener stays on loopback in this version")
                .label("reachable by others")
                .help("write \"127.0.0.1:9092\"; tokens and TLS for other addresses come with a later version"),
        );
    }
    Listeners { data: addresses, ops, admin }
}

fn address(text: &At<String>, cx: &mut Context<'_>) -> Option<SocketAddr> {
    match text.value.parse() {
        Ok(address) => Some(address),
        Err(_) => {
            cx.report(
                Problem::at(Code::BadAddress, text.place, format!("{:?} is no address to listen on", text.value))
                    .label("expected IP:port")
                    .help("write \"0.0.0.0:8080\" for all interfaces, \"127.0.0.1:8080\" or \"[::1]:8080\" for this machine only")
                    .maybe_help(address_meant(&text.value)),
            );
            None
        }
    }
}

/// The address that was probably meant by one in the form of another program.
fn address_meant(text: &str) -> Option<String> {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest).trim_end_matches('/');
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    let host = match host {
        "" | "*" => "0.0.0.0",
        "localhost" => "127.0.0.1",
        other => other,
    };
    let meant = format!("{host}:{port}");
    meant.parse::<SocketAddr>().ok().map(|_| format!("did you mean {meant:?}?"))
}

/// Takes an address; two listeners on one port collide if one of them takes all interfaces or both take the same.
fn claim(
    address: SocketAddr,
    place: Option<Place>,
    taken: &mut Vec<(SocketAddr, Option<Place>)>,
    cx: &mut Context<'_>,
) {
    let collides = |other: &SocketAddr| {
        address.port() != 0
            && address.port() == other.port()
            && (address.ip() == other.ip() || address.ip().is_unspecified() || other.ip().is_unspecified())
    };
    if let Some((other, first)) = taken.iter().find(|(other, _)| collides(other)) {
        let title = format!("two listeners want {address}");
        let label = format!("{other} is taken by another listener");
        let problem = match (place.or(*first), *first) {
            (Some(place), Some(first)) if place != first => {
                Problem::at(Code::AddressTwice, place, title).label(label).also(first, "the other listener")
            }
            (Some(place), _) => Problem::at(Code::AddressTwice, place, title).label(label),
            (None, _) => Problem::of(Code::AddressTwice, None, title),
        };
        cx.report(problem.help("give each listener a port of its own"));
    }
    taken.push((address, place));
}

// --- upstreams ---

struct Upstreams {
    list: Vec<Arc<Upstream>>,
    names: HashMap<String, Destination>,
    /// Upstreams that were given by URL only, by host and port.
    urls: HashMap<Arc<str>, Destination>,
    own: Vec<SocketAddr>,
}

impl Upstreams {
    fn new(tables: Option<At<Named<UpstreamTable>>>, own: Vec<SocketAddr>, cx: &mut Context<'_>) -> Self {
        let mut upstreams = Upstreams { list: Vec::new(), names: HashMap::new(), urls: HashMap::new(), own };
        for (name, table) in tables.into_iter().flat_map(|tables| tables.value.0) {
            upstreams.define(name, table, cx);
        }
        upstreams
    }

    fn define(&mut self, name: At<String>, table: At<UpstreamTable>, cx: &mut Context<'_>) {
        let place = table.place;
        let UpstreamTable { url, connect_timeout, read_timeout, write_timeout, idle_timeout } = table.value;
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
        // The name is known even where its URL is bad, so that those who use it are not blamed.
        self.names.insert(text.clone(), Destination(self.list.len() as u32));
        let Some(url) = url else {
            if !cx.unread.table(place) {
                let title = format!("the upstream `{text}` has no `url`");
                cx.missing_at("url", place, name.place, title, "write `url = \"http://127.0.0.1:3000\"`");
            }
            return;
        };
        let (host, port) = self.checked_url(&url, cx).unwrap_or_default();
        self.list.push(Arc::new(Upstream {
            name: text.as_str().into(),
            host,
            port,
            connect_timeout,
            read_timeout,
            write_timeout,
            idle_timeout,
        }));
    }

    /// Finds the upstream of a name, or makes one of a URL.
    fn resolve(&mut self, text: &At<String>, cx: &mut Context<'_>) -> Option<Destination> {
        if let Some(found) = self.names.get(&text.value) {
            return Some(*found);
        }
        if text.value.contains("://") {
            let (host, port) = self.checked_url(text, cx)?;
            let name = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
            let upstream = Upstream {
                name: name.into(),
                host,
                port,
                connect_timeout: CONNECT,
                read_timeout: READ,
                write_timeout: WRITE,
                idle_timeout: IDLE,
            };
            let next = Destination(self.list.len() as u32);
            let number = *self.urls.entry(upstream.name.clone()).or_insert(next);
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
    fn checked_url(&self, text: &At<String>, cx: &mut Context<'_>) -> Option<(Box<str>, u16)> {
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
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => {
                let plain = text.value.replacen("https", "http", 1);
                cx.report(
                    crate::file::read::not_available(text.place, "an `https` upstream")
                        .help(format!("name a plain one, such as {plain:?}")),
                );
                return None;
            }
            Some(_) => {
                cx.report(bad("the scheme is `http`"));
                return None;
            }
            None => {
                let meant = format!("http://{}", text.value);
                let sound = meant.parse::<http::Uri>().is_ok_and(|uri| uri.host().is_some() && uri.path() == "/");
                cx.report(bad("the scheme is missing").maybe_help(sound.then(|| format!("did you mean {meant:?}?"))));
                return None;
            }
        }
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
            let port = port.unwrap_or(80);
            if self.own.iter().any(|own| is_own(&host, port, *own)) {
                cx.report(
                    Problem::at(Code::OwnListener, text.place, "the upstream is a listener of this sidecar")
                        .label("requests would go round in circles")
                        .help("name the port that the real service listens on"),
                );
                return None;
            }
            return Some((host.into(), port));
        }
        None
    }
}

const CONNECT: Duration = Duration::from_secs(1);
const READ: Duration = Duration::from_secs(60);
const WRITE: Duration = Duration::from_secs(60);
const IDLE: Duration = Duration::from_secs(4);

/// Whether host and port lead back to a listener.
fn is_own(host: &str, port: u16, listener: SocketAddr) -> bool {
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

// --- the small tables ---

fn compile_gate(table: GateTable, place: Place, cx: &mut Context<'_>) -> Gate {
    let GateTable { default, real_when, mock_when } = table;
    let real = default.as_ref().is_some_and(|word| word.value == GateDefault::Real);
    let word = default.as_ref().map(|word| (quoted(word.value.as_str()), word.place));
    show(cx, "gate.default", word, "\"mock\"", TakesEffect::Reload);
    match (&mock_when, real) {
        (Some(mock_when), false) if !cx.unread.key(place, "default") => cx.report(
            Problem::at(
                Code::ConflictingKeys,
                mock_when.place,
                "`mock_when` has no effect while mocks are on by default",
            )
            .help("write `default = \"real\"`, or use `real_when`"),
        ),
        (None, true) => {
            let title = "with `default = \"real\"` mocks are never on".to_owned();
            cx.missing_at("mock_when", place, place, title, "say when they are: `mock_when.header.x-mock = \"on\"`");
        }
        _ => {}
    }
    let mut compile = |table: Option<At<crate::file::GateWhenTable>>| {
        table.map(|table| {
            let before = cx.problems.len();
            let conditions = conditions::gate(table.value, cx);
            if conditions.is_empty() && cx.is_sound(table.place, before) {
                cx.report(
                    Problem::at(Code::BadOperand, table.place, "a gate condition without conditions always holds")
                        .help("give it one, such as `real_when.header.x-mock = \"off\"`, or leave it out"),
                );
            }
            conditions
        })
    };
    Gate { real_when: compile(real_when), mock_when: compile(mock_when) }
}

fn compile_limits(table: LimitsTable, cx: &mut Context<'_>) -> Limits {
    let LimitsTable {
        head,
        head_timeout,
        request_body,
        body_timeout,
        match_body,
        match_body_total,
        match_body_timeout,
        keepalive_timeout,
        early_drain,
        delay,
    } = table;
    let d = Limits::default();
    let span = |cx: &mut Context<'_>, key: &str, set: Option<At<crate::file::leaf::Span>>, default: Duration| {
        if let Some(zero) = set.as_ref().filter(|span| span.value.0.is_zero() && key != "limits.delay") {
            cx.report(
                Problem::at(Code::OutOfRange, zero.place, "a time limit of zero lets nothing through")
                    .help("write a limit that is longer than nothing"),
            );
        }
        value(cx, key, set.map(|span| span.map(|span| span.0)), default, |d| quoted(&shown(*d)))
    };
    let size = |cx: &mut Context<'_>, key: &str, set: Option<At<crate::file::leaf::Size>>, default: usize| {
        value(cx, key, set.map(|size| size.map(|size| size.0)), default as u64, shown_size) as usize
    };
    if let Some(small) = head.as_ref().filter(|size| !(1024..=1_000_000).contains(&size.value.0)) {
        // pingora itself refuses heads of more than 1,048,575 bytes.
        cx.report(
            Problem::at(Code::OutOfRange, small.place, "`head` lies between 1KiB and 1MB")
                .help("the default is \"64KiB\""),
        );
    }
    show(
        cx,
        "limits.request_body",
        request_body.as_ref().map(|size| (shown_size(&size.value.0), size.place)),
        "none",
        TakesEffect::Reload,
    );
    Limits {
        head: size(cx, "limits.head", head, d.head),
        head_timeout: span(cx, "limits.head_timeout", head_timeout, d.head_timeout),
        request_body: request_body.map(|size| size.value.0),
        body_timeout: span(cx, "limits.body_timeout", body_timeout, d.body_timeout),
        match_body: size(cx, "limits.match_body", match_body, d.match_body),
        match_body_total: size(cx, "limits.match_body_total", match_body_total, d.match_body_total),
        match_body_timeout: span(cx, "limits.match_body_timeout", match_body_timeout, d.match_body_timeout),
        keepalive_timeout: span(cx, "limits.keepalive_timeout", keepalive_timeout, d.keepalive_timeout),
        early_drain: size(cx, "limits.early_drain", early_drain, d.early_drain),
        delay: span(cx, "limits.delay", delay, d.delay),
    }
}

fn compile_call_log(table: CallLogTable, cx: &mut Context<'_>) -> CallLog {
    let CallLogTable { memory, body, bodies_per_second, access_log, redact_query } = table;
    let shown = memory.as_ref().map(|size| (shown_size(&size.value.0), size.place));
    show(cx, "call_log.memory", shown, "\"16MiB\"", TakesEffect::Restart);
    let body = value(cx, "call_log.body", body.map(|size| size.map(|size| size.0)), 16 << 10, shown_size);
    let bodies =
        value(cx, "call_log.bodies_per_second", bodies_per_second.map(|n| n.map(|n| n.0)), 1000, u64::to_string);
    let access_log = value(cx, "call_log.access_log", access_log, AccessLog::Misses, |word| quoted(word.as_str()));
    let redacted = redact_query.as_ref().map(|l| (l.value.0.iter().map(|t| t.value.clone()).collect(), l.place));
    list(cx, "call_log.redact_query", redacted);
    CallLog {
        memory: memory.map_or(16 << 20, |size| size.value.0 as usize),
        body: body as usize,
        bodies_per_second: u32::try_from(bodies).unwrap_or(u32::MAX),
        access_log: match access_log {
            AccessLog::Misses => settings::AccessLog::Misses,
            AccessLog::All => settings::AccessLog::All,
            AccessLog::None => settings::AccessLog::None,
        },
        redact_query: redact_query.into_iter().flat_map(|l| l.value.0).map(|t| t.value.into()).collect(),
        redact_headers: REDACTED.iter().map(|name| (*name).into()).collect(),
    }
}
