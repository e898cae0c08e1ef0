//! What spans say, in the words of OpenTelemetry's conventions for HTTP, and in ours.

use std::borrow::Cow;

use opentelemetry::KeyValue;

use crate::calls::{Asked, Call, Entry};
use crate::settings::Upstream;
use crate::words::{Failure, Rejection};

/// Methods that go by their name; others are told apart from them, since a caller may invent as many as it likes.
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/// The name of a call's span, and its method where that is a known one.
pub(super) fn method(call: &Call) -> (Cow<'static, str>, Option<&'static str>) {
    let method = METHODS.iter().copied().find(|known| known.as_bytes() == call.method());
    (method.unwrap_or("HTTP").into(), method)
}

/// Attributes of the call's span.
pub(super) fn of_call(call: &Call, entry: &Entry, secure: bool) -> Vec<KeyValue> {
    let mut out = Attributes(Vec::with_capacity(24));
    out.method(call, entry);
    out.text("url.scheme", Some(if secure { "https" } else { "http" }));
    out.text("url.path", Some(&entry.path));
    out.text("url.query", entry.query.as_deref());
    out.status(entry.status);
    let version = entry.protocol.strip_prefix("HTTP/").map(|version| version.trim_end_matches(".0"));
    // HTTP/2 has no minor version; HTTP/1.0 has.
    out.text("network.protocol.version", if version == Some("1") { Some("1.0") } else { version });
    if let Some(host) = entry.host.as_deref().and_then(|host| host.parse::<http::uri::Authority>().ok()) {
        out.text("server.address", Some(host.host()));
        out.number("server.port", host.port_u16().map(i64::from));
    }
    out.text("client.address", Some(&call.client.ip().to_canonical().to_string()));
    out.number("client.port", Some(i64::from(call.client.port())));
    let agent = call.request_field("user-agent").next().map(String::from_utf8_lossy);
    out.text("user_agent.original", agent.as_deref());
    out.text("standin.call", Some(&entry.id));
    out.text("standin.decision", Some(entry.decision));
    out.text("standin.mock", entry.mock.as_deref());
    out.text("standin.stub", entry.stub.as_deref());
    out.text("standin.scenario", entry.scenario.as_deref());
    out.text("standin.miss", entry.miss);
    out.text("standin.upstream", entry.upstream.as_deref());
    out.number("standin.generation", i64::try_from(entry.generation).ok());
    out.0
}

/// Attributes of the upstream's span.
pub(super) fn of_upstream(call: &Call, entry: &Entry, asked: &Asked) -> Vec<KeyValue> {
    let mut out = Attributes(Vec::with_capacity(8));
    let Upstream { name, host, port, tls, .. } = &*asked.to;
    out.method(call, entry);
    out.text("server.address", Some(host));
    out.number("server.port", Some(i64::from(*port)));
    let scheme = if tls.is_some() { "https" } else { "http" };
    let host = if host.contains(':') { Cow::from(format!("[{host}]")) } else { Cow::from(&**host) };
    let query = entry.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    out.text("url.full", Some(&format!("{scheme}://{host}:{port}{}{query}", entry.path)));
    out.status(asked.status);
    out.number("http.request.resend_count", i64::try_from(asked.resends).ok().filter(|resends| *resends > 0));
    out.text("standin.upstream", Some(name));
    out.0
}

/// What went wrong with a call, if something that is not the caller's did: 4xx are no errors of a server.
pub(super) fn error_of_call(call: &Call) -> Option<String> {
    let word = call.failure().map(Failure::as_str).or_else(|| call.rejection().map(Rejection::as_str));
    word.map(str::to_owned).or_else(|| call.status().filter(|status| *status >= 500).map(|status| status.to_string()))
}

/// What went wrong with the upstream.
pub(super) fn error_of_upstream(call: &Call, asked: &Asked) -> Option<String> {
    let failure = call.failure().filter(|failure| failure.is_upstream()).map(|failure| failure.as_str().to_owned());
    failure.or_else(|| asked.status.filter(|status| *status >= 400).map(|status| status.to_string()))
}

struct Attributes(Vec<KeyValue>);

impl Attributes {
    fn text(&mut self, key: &'static str, value: Option<&str>) {
        self.0.extend(value.map(|value| KeyValue::new(key, value.to_owned())));
    }

    fn number(&mut self, key: &'static str, value: Option<i64>) {
        self.0.extend(value.map(|value| KeyValue::new(key, value)));
    }

    fn status(&mut self, status: Option<u16>) {
        self.number("http.response.status_code", status.map(i64::from));
    }

    fn method(&mut self, call: &Call, entry: &Entry) {
        let (_, known) = method(call);
        self.text("http.request.method", Some(known.unwrap_or("_OTHER")));
        self.text("http.request.method_original", Some(&*entry.method).filter(|_| known.is_none()));
    }
}
