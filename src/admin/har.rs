//! Calls as an HTTP archive, version 1.2 (w3c.github.io/web-performance/specs/HAR), which browsers and proxies read.

use serde_json::{Value, json};

use crate::calls::{Body, Message, Whole};

/// What stands before the entries.
pub const HEAD: &str = concat!(
    r#"{"log":{"version":"1.2","creator":{"name":"standin","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""},"entries":["#
);
/// What stands behind them.
pub const TAIL: &str = "]}}";

/// One call. Times are milliseconds; what Standin took itself, and what it simulated, counts as waiting.
pub fn entry(call: &Whole) -> Value {
    let entry = &call.entry;
    let millis = |micros: u64| micros as f64 / 1000.0;
    let total = entry.duration_us.map_or(0.0, |times| millis(times.total));
    let query = entry.query.as_deref().unwrap_or("");
    let separator = if entry.query.is_some() { "?" } else { "" };
    let host = entry.host.as_deref().unwrap_or("");
    let mut shown = json!({
        "startedDateTime": entry.at,
        "time": total,
        "request": {
            "method": entry.method,
            "url": format!("http://{host}{}{separator}{query}", entry.path),
            "httpVersion": entry.protocol,
            "cookies": [],
            "headers": fields(&call.request),
            "queryString": form_urlencoded::parse(query.as_bytes())
                .map(|(name, value)| json!({ "name": name, "value": value }))
                .collect::<Vec<_>>(),
            "headersSize": -1,
            "bodySize": call.request.body.as_ref().map_or(-1, |body| i64::try_from(body.length).unwrap_or(-1)),
        },
        "response": response(call),
        "cache": {},
        "timings": { "send": 0, "wait": total, "receive": 0 },
        "serverIPAddress": "",
        "comment": format!("{} {}", entry.decision, entry.id),
        "_standin": entry,
    });
    // Where there is no body there is none of these either: null is not in the format.
    if let Some(body) = call.request.body.as_ref().filter(|body| body.length > 0) {
        shown["request"]["postData"] = post(&call.request, body);
    }
    shown
}

fn response(call: &Whole) -> Value {
    let message = call.response.as_ref();
    let body = message.and_then(|message| message.body.as_ref());
    let mut content = json!({
        "size": body.map_or(0, |body| body.length),
        "mimeType": message.and_then(|message| field(message, "content-type")).unwrap_or_default(),
    });
    if let Some(body) = body {
        if let Some(text) = body.text.as_ref().or(body.base64.as_ref()) {
            content["text"] = text.as_str().into();
        }
        if body.base64.is_some() {
            content["encoding"] = "base64".into();
        }
    }
    json!({
        "status": call.entry.status.unwrap_or(0),
        "statusText": "",
        "httpVersion": call.entry.protocol,
        "cookies": [],
        "headers": message.map(fields).unwrap_or_default(),
        "content": content,
        "redirectURL": message.and_then(|message| field(message, "location")).unwrap_or_default(),
        "headersSize": -1,
        "bodySize": body.map_or(-1, |body| i64::try_from(body.length).unwrap_or(-1)),
    })
}

fn post(message: &Message, body: &Body) -> Value {
    let text = body.text.as_ref().or(body.base64.as_ref());
    let mut post =
        json!({ "mimeType": field(message, "content-type").unwrap_or_default(), "params": [], "text": text });
    if body.base64.is_some() {
        post["encoding"] = "base64".into();
    }
    post
}

fn fields(message: &Message) -> Vec<Value> {
    message.headers.iter().map(|[name, value]| json!({ "name": name, "value": value })).collect()
}

fn field<'m>(message: &'m Message, wanted: &str) -> Option<&'m str> {
    let found = message.headers.iter().find(|[name, _]| name.eq_ignore_ascii_case(wanted));
    found.map(|[_, value]| value.as_str())
}
