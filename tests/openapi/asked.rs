//! Every operation of a document asked, and every body that was made held against its schema by a library that knows
//! nothing of ours.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde_json::{Value, json};
use standin::config::Loaded;
use standin::import::tree::Tree;
use standin::problem::SourceId;
use standin::stubs::decision::{Action, Inputs};
use standin::stubs::request::{BodyView, HeaderField, RequestView};

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// What came of the operations of a document.
#[derive(Debug, Default)]
pub struct Asked {
    pub operations: usize,
    pub answered: usize,
    /// Bodies that were made from schemas and satisfy them.
    pub valid: usize,
    /// Why others do not, of which the import has warned.
    pub told: Vec<String>,
    /// Why an operation does not answer, or a body is not valid.
    pub faults: Vec<String>,
}

/// The answer that a request gets.
struct Answered {
    status: u16,
    media: String,
    body: Vec<u8>,
}

/// Asks every operation for each response that it describes. `warned` are operations, such as `GET /pets`, of which the
/// import has said that a body does not satisfy its schema.
pub fn ask(text: &str, loaded: &Loaded, warned: &HashSet<String>) -> Asked {
    let whole = Tree::parse(text, SourceId::NONE).unwrap_or_else(|problem| panic!("{problem:?}")).root().json();
    let is_old = whole["openapi"].as_str().is_some_and(|version| version.starts_with("3.0"));
    let schemas = if is_old { translated(&whole) } else { whole.clone() };
    let mut asked = Asked::default();
    let mut seen: HashMap<(String, Vec<u8>), bool> = HashMap::new();
    for (path, item) in whole["paths"].as_object().into_iter().flatten().filter(|(path, _)| path.starts_with('/')) {
        let item = resolved(&whole, item);
        for method in METHODS.into_iter().filter(|method| item[*method].is_object()) {
            asked.operations += 1;
            let operation = &item[method];
            let base = base(&[&whole, item, operation]);
            let target = format!("{base}{}", filled(path));
            let name = format!("{} {target}", method.to_uppercase());
            match answered(loaded, method, &target, &[]) {
                None => asked.faults.push(format!("{name}: not answered")),
                Some(Answered { status, .. }) if success(operation).is_some_and(|lowest| lowest != status) => {
                    asked.faults.push(format!("{name}: answered with {status}"));
                }
                Some(_) => asked.answered += 1,
            }
            for (code, response) in operation["responses"].as_object().into_iter().flatten() {
                let response = resolved(&whole, response);
                let Ok(status) = code.replace("XX", "00").parse::<u16>() else { continue };
                for (media, object) in response["content"].as_object().into_iter().flatten() {
                    let is_given = object.get("example").is_some() || object.get("examples").is_some();
                    if is_given
                        || object.get("schema").is_none()
                        || !(200..600).contains(&status)
                        || media.contains('*')
                    {
                        continue;
                    }
                    let code = status.to_string();
                    let headers = [("x-mock-response-code", code.as_str()), ("accept", media.as_str())];
                    let Some(answer) = answered(loaded, method, &target, &headers) else {
                        asked.faults.push(format!("{name} {code}: not answered"));
                        continue;
                    };
                    assert_eq!(answer.status, status, "{name}");
                    let essence = |media: &str| media.split(';').next().unwrap().trim().to_ascii_lowercase();
                    if essence(&answer.media) != essence(media) || !essence(media).ends_with("json") {
                        continue;
                    }
                    let at =
                        object["schema"]["$ref"].as_str().map_or_else(|| object["schema"].to_string(), str::to_owned);
                    let is_valid = *seen.entry((at, answer.body.clone())).or_insert_with(|| {
                        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_else(|error| {
                            panic!("{name} {code}: {error}: {:?}", String::from_utf8_lossy(&answer.body))
                        });
                        let schema = if is_old { translated(&object["schema"]) } else { object["schema"].clone() };
                        match check(&schemas, schema, &body) {
                            Ok(()) => true,
                            Err(why) => {
                                let is_told = warned.contains(&format!("{} {path}", method.to_uppercase()));
                                let list = if is_told { &mut asked.told } else { &mut asked.faults };
                                list.push(format!("{name} {code}: {why}"));
                                false
                            }
                        }
                    });
                    asked.valid += usize::from(is_valid);
                }
            }
        }
    }
    asked
}

/// Holds a value against a schema of a document.
fn check(document: &Value, schema: Value, value: &Value) -> Result<(), String> {
    let mut whole = json!({ "allOf": [schema], "components": document["components"], "paths": document["paths"] });
    // Anchors, which 3.0 does not have, are looked for where JSON Schema has its definitions.
    if document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")) {
        whole["$defs"] = document["components"]["schemas"].clone();
    }
    let options = jsonschema::draft202012::options().should_validate_formats(true);
    let validator = options.build(&whole).map_err(|error| format!("the library refuses the schema: {error}"))?;
    validator.validate(value).map_err(|error| format!("{error} at `{}`", error.instance_path()))
}

/// Schemas of 3.0 as those of JSON Schema.
fn translated(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(translated).collect(),
        Value::Object(members) if members.get("$ref").is_some_and(Value::is_string) => json!({"$ref": members["$ref"]}),
        Value::Object(members) => {
            let mut out: serde_json::Map<String, Value> =
                members.iter().map(|(name, value)| (name.clone(), translated(value))).collect();
            if out.get("nullable") == Some(&json!(true)) && out.get("type").is_some_and(Value::is_string) {
                out["type"] = json!([out["type"], "null"]);
            }
            for (open, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
                if let Some(is_open) = out.get(open).and_then(Value::as_bool) {
                    out.remove(open);
                    if is_open && let Some(bound) = out.remove(bound) {
                        out.insert(open.to_owned(), bound);
                    }
                }
            }
            Value::Object(out)
        }
        other => other.clone(),
    }
}

fn answered(loaded: &Loaded, method: &str, target: &str, headers: &[(&str, &str)]) -> Option<Answered> {
    let headers: Vec<HeaderField<'_>> =
        headers.iter().map(|(name, value)| HeaderField { name, value: value.as_bytes() }).collect();
    let method = method.to_uppercase();
    let view = RequestView::new(&method, target.as_bytes(), &headers, BodyView::Whole(b"")).unwrap();
    let decision = loaded.table.decide(&view, &Inputs { dice: 0, delay_cap: Duration::ZERO, now: Duration::ZERO });
    let Action::Scenario(scenario, _) = decision.action else { return None };
    let media = scenario.answer.headers.iter().find(|(name, _)| *name == http::header::CONTENT_TYPE);
    let media = media.map_or(String::new(), |(_, value)| value.to_str().unwrap().to_owned());
    Some(Answered { status: scenario.answer.status, media, body: scenario.answer.body.to_vec() })
}

/// What stands there, or what it refers to.
fn resolved<'v>(whole: &'v Value, value: &'v Value) -> &'v Value {
    match value["$ref"].as_str() {
        Some(to) => resolved(whole, whole.pointer(to.strip_prefix('#').unwrap()).unwrap()),
        None => value,
    }
}

/// The path of the first server that is nearest.
fn base(around: &[&Value]) -> String {
    let servers = around.iter().rev().find_map(|value| value["servers"].as_array().filter(|list| !list.is_empty()));
    let Some(server) = servers.map(|servers| &servers[0]) else { return String::new() };
    let mut url = server["url"].as_str().unwrap().to_owned();
    for (name, variable) in server["variables"].as_object().into_iter().flatten() {
        url = url.replace(&format!("{{{name}}}"), variable["default"].as_str().unwrap());
    }
    let path = url.split_once("//").map_or(url.as_str(), |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
    path.trim_end_matches('/').to_owned()
}

/// A path with something for each parameter.
fn filled(path: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        out.push_str("some-1");
        rest = after.split_once('}').unwrap().1;
    }
    out + rest
}

/// The lowest status of success.
fn success(operation: &Value) -> Option<u16> {
    let codes = operation["responses"].as_object().into_iter().flatten().filter_map(|(code, _)| code.parse().ok());
    codes.filter(|code| (200..300).contains(code)).min()
}
