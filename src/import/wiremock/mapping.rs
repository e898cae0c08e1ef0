//! One mapping: what it asks of a request, and its answer, each as it was read.

use base64::Engine as _;

use super::body;
use super::matcher::{self, Fault, fault};
use super::response::{self, Answer, Surroundings};
use super::route::{self, Route};
use super::template::Scope;
use crate::import::Note;
use crate::import::clause::{Clauses, Op, Subject};
use crate::import::json::{Kind, Node, Object};
use crate::import::names::tidy;

/// A mapping that can be told in stubs.
#[derive(Clone)]
pub struct Mapping<'t> {
    /// The mapping itself.
    pub node: Node<'t>,
    /// What reports call it.
    pub entry: String,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Its id, if it has one.
    pub id: Option<String>,
    /// The lower comes first; 5 where nothing is said.
    pub priority: i64,
    /// Its place among all that were read; of equal priority the last comes first.
    pub number: usize,
    /// The method; none is every one.
    pub method: Option<String>,
    /// The path.
    pub route: Route,
    /// What is asked of the request beside its path and method.
    pub clauses: Clauses,
    /// The answer, with the names of parameters that the mapping gives.
    pub answer: Answer<'t>,
}

/// Keys of a mapping that mean nothing for its answer.
const INERT: &[&str] =
    &["id", "uuid", "name", "request", "response", "priority", "persistent", "metadata", "newMapping"];

/// Keys of a request that are read.
const ASKED: &[&str] = &[
    "method",
    "url",
    "urlPath",
    "urlPattern",
    "urlPathPattern",
    "urlPathTemplate",
    "pathParameters",
    "queryParameters",
    "formParameters",
    "headers",
    "cookies",
    "basicAuth",
    "basicAuthCredentials",
    "bodyPatterns",
    "host",
];

/// Reads a mapping; none where it is left out, which is noted.
pub fn read<'t>(
    node: Node<'t>,
    number: usize,
    around: &Surroundings<'_>,
    notes: &mut Vec<Note>,
) -> Option<Mapping<'t>> {
    let mapping = Object::of(node);
    let request = mapping.get("request").map_or_else(Object::of_nothing, Object::of);
    let entry = entry(&mapping, &request);
    let mut leave_out = |fault: Fault<'t>, what: Option<&'static str>| {
        // A matcher says what it is; what became of the mapping is the same for all of them.
        let (what, detail) = match what {
            Some(what) => (what, fault.detail),
            None if fault.detail.is_empty() => ("left out: not all that it asks can be said", fault.what.to_owned()),
            None => ("left out: not all that it asks can be said", format!("{}: {}", fault.what, fault.detail)),
        };
        notes.push(Note::lost(Some(fault.node.place()), &entry, what, detail));
    };
    if node.kind() != Kind::Object {
        leave_out(fault(node, "", node.described()), Some("left out: a mapping that is no object"));
        return None;
    }
    for key in ["request", "response"] {
        if let Some(found) = mapping.get(key).filter(|found| found.kind() != Kind::Object) {
            leave_out(fault(found, "", found.described()), Some("left out: request or response is no object"));
            return None;
        }
    }
    if let Some(state) = mapping.get("requiredScenarioState").filter(|_| mapping.get("scenarioName").is_some()) {
        let which = format!("`{}`", state.scalar().unwrap_or_default());
        leave_out(fault(state, "", which), Some("left out: it answers in one state of a scenario only"));
        return None;
    }
    let (route, clauses) = match asked(&request) {
        Ok(asked) => asked,
        Err(fault) => {
            leave_out(fault, None);
            return None;
        }
    };
    let method = match method(&request) {
        Ok(method) => method,
        Err(found) => {
            let which = format!("`{}`", found.scalar().unwrap_or_default());
            leave_out(fault(found, "", which), Some("left out: no stub can have its method"));
            return None;
        }
    };
    let names = route::names(&route.segments, &route.names);
    let scope = Scope { given: &route.names, names: &names };
    let answer = match response::read(mapping.get("response"), node, &scope, around) {
        Ok(answer) => answer,
        Err((found, what, detail)) => {
            leave_out(fault(found, "", detail), Some(what));
            return None;
        }
    };
    for (found, what, detail) in &answer.lost {
        notes.push(Note::lost(Some(found.place()), &entry, what, detail.clone()));
    }
    for (found, what, detail) in &answer.routine {
        notes.push(Note::routine(Some(found.place()), &entry, what, detail.clone()));
    }
    for (key, found) in mapping.all().filter(|(key, _)| !INERT.contains(key)) {
        let (what, detail) = match key {
            "postServeActions" | "serveEventListeners" => {
                ("answers without calling others afterwards", format!("`{key}`"))
            }
            "newScenarioState" => ("answers without changing the state of a scenario", format!("`{key}`")),
            "scenarioName" => continue,
            key => ("a key that is not known means nothing", format!("`{key}`")),
        };
        notes.push(Note::lost(Some(found.place()), &entry, what, detail));
    }
    if let Some(found) = ["basicAuth", "basicAuthCredentials"].iter().find_map(|key| request.get(key)) {
        let what = "asks for a name and a password, which stand in the mock file";
        notes.push(Note::routine(Some(found.place()), &entry, what, String::new()));
    }
    let id = mapping.scalar("id").or_else(|| mapping.scalar("uuid")).and_then(|id| tidy(&id));
    let priority = mapping.scalar("priority").and_then(|text| text.parse::<f64>().ok()).unwrap_or(5.0) as i64;
    let name = mapping.text("name").and_then(|name| tidy(&name));
    Some(Mapping { node, entry, name, id, priority, number, method, route, clauses, answer })
}

/// What reports call a mapping: its name, else method and path.
fn entry(mapping: &Object<'_>, request: &Object<'_>) -> String {
    if let Some(name) = mapping.text("name").and_then(|name| tidy(&name)) {
        return name;
    }
    let keys = ["url", "urlPath", "urlPathTemplate", "urlPattern", "urlPathPattern"];
    let path = keys.iter().find_map(|key| request.text(key)).unwrap_or(std::borrow::Cow::Borrowed("any path"));
    let method = request.text("method").unwrap_or(std::borrow::Cow::Borrowed("ANY"));
    tidy(&format!("{method} {path}")).unwrap_or_default()
}

/// The method; none is every one.
fn method<'t>(request: &Object<'t>) -> Result<Option<String>, Node<'t>> {
    let Some(node) = request.get("method") else { return Ok(None) };
    let method = node.text().ok_or(node)?.trim().to_ascii_uppercase();
    match method.as_str() {
        "ANY" | "" => Ok(None),
        "GET_OR_HEAD" => Ok(Some("GET".to_owned())),
        "CONNECT" => Err(node),
        method if method.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) => {
            Ok(Some(method.to_owned()))
        }
        _ => Err(node),
    }
}

/// The path, and everything that is asked of the request.
fn asked<'t>(request: &Object<'t>) -> Result<(Route, Clauses), Fault<'t>> {
    for (key, found) in request.all() {
        if !ASKED.contains(&key) && !found.is_null() {
            return Err(fault(found, "a condition without counterpart", format!("`{key}`")));
        }
    }
    let route = self::route(request)?;
    let mut clauses = route.clauses.clone();
    if let Some(parameters) = request.get("pathParameters") {
        let at = |name: &str| route.names.iter().position(|own| own.as_deref() == Some(name));
        for (name, _) in parameters.members() {
            if at(&name).is_none() {
                return Err(fault(parameters, "a parameter that its path does not have", format!("`{name}`")));
            }
        }
        clauses.and(matcher::by_name(Some(parameters), |name| Subject::Path(at(name).unwrap_or(0)))?);
    }
    clauses.and(matcher::by_name(request.get("queryParameters"), |key| Subject::Query(key.to_owned()))?);
    clauses.and(matcher::by_name(request.get("headers"), |name| Subject::Header(name.to_ascii_lowercase()))?);
    clauses.and(matcher::by_name(request.get("cookies"), |name| Subject::Cookie(name.to_owned()))?);
    clauses.and(matcher::by_name(request.get("formParameters"), |key| Subject::Form(key.to_owned()))?);
    if let Some(node) = request.get("host") {
        clauses.and(host(node)?);
    }
    if let Some(node) = request.get("basicAuth").or_else(|| request.get("basicAuthCredentials")) {
        let credentials = Object::of(node);
        let (Some(user), Some(password)) = (credentials.scalar("username"), credentials.scalar("password")) else {
            return Err(fault(node, "`basicAuth` without name or password", ""));
        };
        let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        let header = Subject::Header("authorization".to_owned());
        clauses.test(header, vec![Op::Eq(format!("Basic {encoded}").into())]);
    }
    clauses.and(body::read(request.get("bodyPatterns"))?);
    if let Some((_, last)) = request.all().last().filter(|_| clauses.are_too_many()) {
        return Err(fault(last, "more than 500 conditions", ""));
    }
    if let Some((name, node)) = bad_header(request) {
        return Err(fault(node, "a name that no header has", format!("{name:?}")));
    }
    Ok((route, clauses))
}

/// A header whose name is none.
fn bad_header<'t>(request: &Object<'t>) -> Option<(String, Node<'t>)> {
    let members = request.get("headers").map(|headers| headers.members()).unwrap_or_default().into_iter();
    let mut bad =
        members.filter(|(name, _)| http::HeaderName::from_bytes(name.to_ascii_lowercase().as_bytes()).is_err());
    bad.next().map(|(name, node)| (name.into_owned(), node))
}

fn host(node: Node<'_>) -> Result<Clauses, Fault<'_>> {
    let object = Object::of(node);
    match (object.text("equalTo"), object.all().count()) {
        // The header has a port, and any case.
        (Some(host), 1) => {
            let re = format!(r"(?i)^{}(?::[0-9]+)?$", ::regex::escape(&host));
            Ok(Clauses::one(Subject::Header("host".to_owned()), vec![Op::Re(re)]))
        }
        _ => Err(fault(node, "a condition without counterpart", "`host` by another matcher than `equalTo`")),
    }
}

fn route<'t>(request: &Object<'t>) -> Result<Route, Fault<'t>> {
    type Reader = fn(&str) -> Result<Route, route::Fault>;
    const READERS: &[(&str, Reader)] = &[
        ("url", Route::url),
        ("urlPath", Route::path),
        ("urlPattern", Route::url_pattern),
        ("urlPathPattern", Route::path_pattern),
        ("urlPathTemplate", Route::template),
    ];
    let mut found = READERS.iter().filter_map(|(key, read)| request.get(key).map(|node| (*key, read, node)));
    let Some((key, read, node)) = found.next() else { return Ok(Route::any()) };
    if let Some((other, _, node)) = found.next() {
        return Err(fault(node, "two paths in one", format!("`{key}` and `{other}`")));
    }
    let text = node.text().ok_or_else(|| fault(node, "a path that is no text", node.described()))?;
    read(&text).map_err(|(what, which)| fault(node, what, which))
}
