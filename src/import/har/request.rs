//! What is asked of the body of a request.

use serde_json::Value as Json;

use super::secret::{self, Secrets, pairs};
use crate::import::clause::{Clauses, Op, Subject, has_toml_form};
use crate::import::json::{Node, Object};

/// The longest body of a request that is compared, bytes, and how many values of it.
const LONGEST: usize = 16 << 10;
const LEAVES: usize = 100;

/// What is asked of the body, and whether there is one.
pub fn body(post: Option<Node<'_>>, secrets: &Secrets) -> Result<(Clauses, bool), (&'static str, String)> {
    let Some(post) = post.map(Object::of) else { return Ok((Clauses::default(), false)) };
    let media = post.text("mimeType").unwrap_or_default().to_ascii_lowercase();
    let text = post.scalar("text").unwrap_or_default();
    let params = pairs(post.get("params"));
    if text.is_empty() && params.is_empty() {
        return Ok((Clauses::default(), false));
    }
    let mut clauses = Clauses::default();
    if media.starts_with("multipart/") {
        return Err(("its body is not compared: it has several parts", String::new()));
    }
    if text.len() > LONGEST {
        return Err(("its body is not compared: it is longer than 16 KiB", String::new()));
    }
    if media.starts_with("application/x-www-form-urlencoded") {
        let parsed = form_urlencoded::parse(text.as_bytes()).map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
        let fields: Vec<(String, String)> = if params.is_empty() { parsed } else { params };
        if fields.len() > LEAVES {
            return Err(("its body is not compared: it has more than 100 values", String::new()));
        }
        for (key, value) in fields {
            let is_secret = secret::is_name(&key) || secrets.are_in(&value);
            clauses.test(Subject::Form(key), vec![if is_secret { Op::Present } else { Op::Eq(value.into()) }]);
        }
        return Ok((clauses, true));
    }
    if let Ok(json) = serde_json::from_str::<Json>(&text) {
        let mut shown = json.clone();
        let hides = secret::redact(&mut shown) || secrets.are_in(&text);
        if !hides && has_toml_form(&json) {
            clauses.test(Subject::Json("$".to_owned()), vec![Op::Eq(json)]);
        } else {
            leaves(&json, "$", secrets, &mut clauses);
        }
        if clauses.tests.len() > LEAVES {
            return Err(("its body is not compared: it has more than 100 values", String::new()));
        }
        return Ok((clauses, true));
    }
    let is_text = media.is_empty()
        || media.starts_with("text/")
        || media.contains("xml")
        || media.contains("json")
        || media.contains("graphql");
    if !is_text || secrets.are_in(&text) {
        return Err(("its body is not compared", media));
    }
    clauses.test(Subject::Body, vec![Op::Eq(text.into_owned().into())]);
    Ok((clauses, true))
}

/// Every value of a JSON body by its place; of a secret that it is there.
fn leaves(json: &Json, path: &str, secrets: &Secrets, clauses: &mut Clauses) {
    if clauses.tests.len() > LEAVES {
        return;
    }
    match json {
        Json::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                leaves(item, &format!("{path}[{at}]"), secrets, clauses);
            }
        }
        Json::Object(members) => {
            for (name, member) in members {
                let path = format!("{path}['{}']", name.replace('\\', r"\\").replace('\'', r"\'"));
                if secret::is_name(name) {
                    clauses.test(Subject::Json(path), vec![Op::Present]);
                } else {
                    leaves(member, &path, secrets, clauses);
                }
            }
        }
        scalar => {
            let is_hidden = scalar.as_str().is_some_and(|text| secrets.are_in(text));
            let op = if is_hidden || !has_toml_form(scalar) { Op::Present } else { Op::Eq(scalar.clone()) };
            clauses.test(Subject::Json(path.to_owned()), vec![op]);
        }
    }
}
