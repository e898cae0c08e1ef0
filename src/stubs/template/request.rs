//! The request as templates see it. What a template does not name is not copied out of it.

use std::sync::Arc;
use std::time::Duration;

use minijinja::value::{Object, Serde};
use minijinja::{Error, ErrorKind, State, Value};

use super::Scope;
use super::counters::Counters;
use super::dice::Dice;
use super::fields::{Fields, text};
use crate::stubs::path::readable;
use crate::stubs::request::RequestView;

/// What a template may name beside functions; `env` stands beside them.
pub const ROOTS: &[&str] = &["method", "host", "target", "path", "query", "header", "cookie", "body", "env"];

/// How functions find the request. No template can write it.
const REQUEST: &str = "$request";

/// Which parts of the request the templates of an answer name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Needs {
    pub path: bool,
    pub query: bool,
    pub header: bool,
    pub cookie: bool,
    /// The body as a value.
    pub body: bool,
    /// The body as text.
    pub text: bool,
    pub segments: bool,
}

impl Needs {
    /// Takes in the needs of another template of the same answer.
    pub(super) fn merge(&mut self, other: Needs) {
        let Needs { path, query, header, cookie, body, text, segments } = other;
        self.path |= path;
        self.query |= query;
        self.header |= header;
        self.cookie |= cookie;
        self.body |= body;
        self.text |= text;
        self.segments |= segments;
    }

    /// Notes a name.
    pub(super) fn add(&mut self, name: &str) {
        match name {
            "path" => self.path = true,
            "query" | "postman_query" => self.query = true,
            "header" | "postman_header" => self.header = true,
            "cookie" => self.cookie = true,
            "body" => self.body = true,
            "postman_body" => (self.body, self.text) = (true, true),
            "postman_segment" => self.segments = true,
            _ => {}
        }
    }
}

/// What one rendering works with.
#[derive(Debug)]
pub(super) struct Request {
    method: Value,
    host: Value,
    target: Value,
    path: Value,
    pub query: Arc<Fields>,
    pub header: Arc<Fields>,
    cookie: Arc<Fields>,
    pub body: Value,
    /// The body as it came; `None` where it cannot be looked at.
    pub text: Option<String>,
    /// The segments of the path below the mock's base path.
    pub segments: Vec<String>,
    pub now: Duration,
    pub dice: Dice,
    pub counters: Arc<Counters>,
}

impl Request {
    pub(super) fn new(needs: &Needs, scope: &Scope<'_, '_>) -> Self {
        let view = scope.view;
        let pairs = |wanted: bool, pairs: &dyn Fn() -> Arc<Fields>| match wanted {
            true => pairs(),
            false => Fields::exact(std::iter::empty()),
        };
        let captures = scope.path.filter(|_| needs.path).into_iter().flat_map(|path| {
            path.names().filter_map(|name| Some((name.to_owned(), text(&path.parameter(name)?.value(&view.path)?))))
        });
        Request {
            method: view.method.into(),
            host: view.host.as_deref().map_or(Value::UNDEFINED, Value::from),
            target: text(view.target()).into(),
            path: Value::from_pairs(captures),
            query: pairs(needs.query, &|| Fields::exact(view.query().iter().map(|(k, v)| (&**k, &**v)))),
            header: pairs(needs.header, &|| Fields::headers(view.headers.iter().map(|f| (f.name, f.value)))),
            cookie: pairs(needs.cookie, &|| Fields::exact(view.cookies().iter().map(|(k, v)| (&**k, &**v)))),
            body: if needs.body { body(view) } else { Value::UNDEFINED },
            text: if needs.text { view.body().ok().map(text) } else { None },
            segments: match needs.segments {
                true => view.path.segments().skip(scope.base).map(|segment| text(&readable(segment))).collect(),
                false => Vec::new(),
            },
            now: scope.now,
            dice: Dice::new(scope.seed),
            counters: scope.counters.clone(),
        }
    }

    /// The request that is being answered.
    pub(super) fn of(state: &State<'_, '_>) -> Result<Arc<Request>, Error> {
        state
            .lookup(REQUEST)
            .and_then(|value| value.downcast_object())
            .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "there is no request"))
    }
}

/// The body as a value: JSON where it is JSON, whatever it is said to be; a form where it is said to be one; else text.
/// Undefined where there is none, or none that can be looked at.
fn body(view: &RequestView<'_>) -> Value {
    let Ok(bytes) = view.body() else { return Value::UNDEFINED };
    if bytes.is_empty() {
        return Value::UNDEFINED;
    }
    if let Ok(json) = view.json() {
        return Value::from(Serde(json));
    }
    match view.form().ok().filter(|_| view.header("content-type").is_some()) {
        Some(form) => Value::from_dyn_object(Fields::exact(form.iter().map(|(k, v)| (&**k, &**v)))),
        None => text(bytes).into(),
    }
}

impl Object for Request {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        Some(match key {
            "method" => self.method.clone(),
            "host" => self.host.clone(),
            "target" => self.target.clone(),
            "path" => self.path.clone(),
            "query" => Value::from_dyn_object(self.query.clone()),
            "header" => Value::from_dyn_object(self.header.clone()),
            "cookie" => Value::from_dyn_object(self.cookie.clone()),
            "body" => self.body.clone(),
            REQUEST => Value::from_dyn_object(self.clone()),
            _ => return None,
        })
    }
}
