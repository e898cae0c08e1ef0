//! One recorded call: what it asks, and what was answered.

use super::answer::{self, Answer};
use super::content::Room;
use super::request::body;
use super::secret::{self, Secrets, pairs};
use crate::import::Note;
use crate::import::clause::Clauses;
use crate::import::json::{Kind, Node, Object};
use crate::import::wiremock::route::{Segment, literals};

/// A call that can be answered again.
pub struct Entry<'t> {
    /// Where it stands.
    pub node: Node<'t>,
    /// What reports call it.
    pub name: String,
    /// The host, in lower case, without its port.
    pub host: String,
    /// In capitals.
    pub method: String,
    /// The path.
    pub segments: Vec<Segment>,
    /// The query; no value where it is a secret.
    pub query: Vec<(String, Option<String>)>,
    /// What is asked of the body.
    pub body: Clauses,
    /// Whether there was a body, compared or not.
    pub has_body: bool,
    /// The answer.
    pub answer: Answer,
    /// Whether fields of framing were left out.
    pub was_framed: bool,
}

impl Entry<'_> {
    /// What tells this request from others of its method and path.
    pub fn request_key(&self) -> String {
        format!("{:?} {} {:?}", self.query, self.has_body, self.body)
    }
}

/// Reads a call; none where it is left out, which is noted.
pub fn read<'t>(
    node: Node<'t>,
    secrets: &Secrets,
    only: &[String],
    room: &mut Room,
    notes: &mut Vec<Note>,
) -> Option<Entry<'t>> {
    let entry = Object::of(node);
    let part = |key: &str| entry.get(key).filter(|part| part.kind() == Kind::Object).map(Object::of);
    let (Some(request), Some(response)) = (part("request"), part("response")) else {
        let what = "left out: a call without `request` or `response`";
        notes.push(Note::lost(Some(node.place()), "a call", what, node.described().to_owned()));
        return None;
    };
    let url = request.text("url").unwrap_or_default();
    let method = request.text("method").unwrap_or_default().trim().to_ascii_uppercase();
    let shown = url.split(['?', '#']).next().unwrap_or("");
    let name: String =
        secrets.taken_out(&format!("{method} {shown}")).chars().filter(|c| !c.is_control()).take(200).collect();
    let lost = |what: &'static str, detail: String| Note::lost(Some(node.place()), &name, what, detail);
    let routine = |what: &'static str, detail: String| Note::routine(Some(node.place()), &name, what, detail);
    let Some((host, target)) = address(&url) else {
        notes.push(lost(
            "left out: no request of HTTP has its URL",
            secrets.taken_out(shown).chars().take(80).collect(),
        ));
        return None;
    };
    if !only.is_empty() && !only.contains(&host) {
        notes.push(routine("left out: of another host", format!("`{host}`")));
        return None;
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let segments = match literals(path) {
        Ok(segments) => segments,
        Err((_, which)) => {
            notes.push(lost("left out: no request has its path", secrets.taken_out(&which).into_owned()));
            return None;
        }
    };
    let known = !method.is_empty() && method.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if !known || matches!(method.as_str(), "CONNECT" | "ANY") {
        notes.push(lost("left out: no stub can have its method", format!("`{method}`")));
        return None;
    }
    let asked = pairs(request.get("headers"));
    if method == "OPTIONS" && asked.iter().any(|(name, _)| name.eq_ignore_ascii_case("access-control-request-method")) {
        notes.push(routine("left out: a preflight, which Standin answers itself", String::new()));
        return None;
    }
    let (answer, was_framed) = match answer::read(&response, secrets, node, &name, room, notes) {
        Ok(answer) => answer,
        Err((what, detail)) => {
            notes.push(lost(what, detail));
            return None;
        }
    };
    if path.contains(|c: char| c.is_ascii_alphanumeric()) && secrets.are_in(path) {
        notes.push(lost("left out: a secret stands in its path", String::new()));
        return None;
    }
    let mut hidden = false;
    let query = form_urlencoded::parse(query.as_bytes())
        .map(|(key, value)| {
            let is_secret = secret::is_name(&key) || secrets.are_in(&value);
            hidden |= is_secret;
            (key.into_owned(), (!is_secret).then(|| value.into_owned()))
        })
        .collect();
    if hidden {
        notes.push(routine("a secret in its query: any value fits", String::new()));
    }
    let (body, has_body) = match body(request.get("postData"), secrets) {
        Ok(body) => body,
        Err((what, detail)) => {
            notes.push(lost(what, detail));
            (Clauses::default(), true)
        }
    };
    Some(Entry { node, name, host, method, segments, query, body, has_body, answer, was_framed })
}

/// Host and target of a URL; none where it is no URL of HTTP, or no request can name its host.
fn address(url: &str) -> Option<(String, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
        return None;
    }
    let rest = rest.split('#').next().unwrap_or(rest);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let host = match host.rfind(':') {
        Some(at) if !host[at..].contains(']') => &host[..at],
        _ => host,
    };
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_')),
    };
    // `http://host?a=b` asks for the root.
    let target = if target.is_empty() { "/" } else { target };
    (is_host && !host.is_empty() && !host.starts_with('.') && target.starts_with('/')).then_some((host, target))
}
