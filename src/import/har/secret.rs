//! Secrets of an archive: what they are called, and what they are, so that they are taken out wherever they stand.

use std::borrow::Cow;
use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value as Json;

use super::content::{self, Room};
use crate::import::json::{Node, Object};
use crate::redact::{HEADERS, REDACTED};

/// The shortest text that is looked for everywhere: a shorter one is found where it is none.
const SHORTEST: usize = 8;

/// How much the search for all of them may hold, bytes.
const LARGEST: usize = 64 << 20;

/// The secrets of an archive.
pub struct Secrets(Option<Regex>);

impl Secrets {
    /// Collects what header fields, cookies, queries, forms and JSON hold; none where that is too much to be looked for.
    pub fn of(entries: &[Node<'_>]) -> Option<Self> {
        let mut texts: BTreeSet<String> = BTreeSet::new();
        let mut room = Room::default();
        for entry in entries {
            let entry = Object::of(*entry);
            for side in ["request", "response"] {
                let Some(message) = entry.get(side).map(Object::of) else { continue };
                let fields = pairs(message.get("headers"));
                fields.iter().for_each(|(name, value)| in_field(name, value, &mut texts));
                texts.extend(pairs(message.get("cookies")).into_iter().map(|(_, value)| value));
                if let Some(url) = message.text("url") {
                    in_form(url.split_once('?').map_or("", |(_, query)| query), &mut texts);
                }
                if let Some(post) = message.get("postData").map(Object::of) {
                    let named = pairs(post.get("params")).into_iter().filter(|(key, _)| is_name(key));
                    texts.extend(named.map(|(_, value)| value));
                    let text = post.scalar("text").unwrap_or_default();
                    match serde_json::from_str::<Json>(&text) {
                        Ok(json) => in_json(&json, &mut texts),
                        Err(_) => in_form(&text, &mut texts),
                    }
                }
                let content = message.get("content").map_or_else(Object::of_nothing, Object::of);
                if content.text("mimeType").is_some_and(|media| media.to_ascii_lowercase().contains("json"))
                    && let Ok(bytes) = content::bytes(&content, &mut content::coding(&fields), &mut room)
                    && let Ok(json) = serde_json::from_slice::<Json>(&bytes)
                {
                    in_json(&json, &mut texts);
                }
            }
        }
        texts.retain(|text| text.len() >= SHORTEST && text != REDACTED);
        if texts.is_empty() {
            return Some(Secrets(None));
        }
        let mut sorted: Vec<&String> = texts.iter().collect();
        sorted.sort_by_key(|text| std::cmp::Reverse(text.len()));
        let whole = sorted.iter().map(|text| regex::escape(text)).collect::<Vec<_>>().join("|");
        regex::RegexBuilder::new(&whole).size_limit(LARGEST).build().ok().map(|regex| Secrets(Some(regex)))
    }

    /// A text without them.
    pub fn taken_out<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match &self.0 {
            Some(regex) => regex.replace_all(text, REDACTED),
            None => Cow::Borrowed(text),
        }
    }

    /// Whether one of them is in a text.
    pub fn are_in(&self, text: &str) -> bool {
        self.0.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

/// Secrets of a header field.
fn in_field(name: &str, value: &str, texts: &mut BTreeSet<String>) {
    let value_of = |pair: &str| pair.split_once('=').map(|(_, value)| value.trim().to_owned());
    match name.to_ascii_lowercase().as_str() {
        "cookie" => texts.extend(value.split(';').filter_map(value_of)),
        // Browsers join several cookies by line breaks.
        "set-cookie" => {
            texts.extend(value.lines().filter_map(|cookie| value_of(cookie.split(';').next().unwrap_or(""))))
        }
        // The scheme is none: `Bearer`, `Basic`.
        name if is_header(name) => texts.extend(value.split_whitespace().last().map(str::to_owned)),
        _ => {}
    }
}

/// Secrets of a query or a form.
fn in_form(text: &str, texts: &mut BTreeSet<String>) {
    let found = form_urlencoded::parse(text.as_bytes()).filter(|(key, _)| is_name(key));
    texts.extend(found.map(|(_, value)| value.into_owned()));
}

/// Secrets of JSON. What has white space in it is a sentence about a secret, such as `is required`.
fn in_json(json: &Json, texts: &mut BTreeSet<String>) {
    match json {
        Json::Array(items) => items.iter().for_each(|item| in_json(item, texts)),
        Json::Object(members) => {
            for (name, member) in members {
                match member.as_str().filter(|text| is_name(name) && !text.contains(char::is_whitespace)) {
                    Some(text) => drop(texts.insert(text.to_owned())),
                    None => in_json(member, texts),
                }
            }
        }
        _ => {}
    }
}

/// Pairs of name and value, as archives hold header fields and cookies.
pub fn pairs(list: Option<Node<'_>>) -> Vec<(String, String)> {
    let items = list.map(|list| list.items()).unwrap_or_default();
    let pair = |item: Node<'_>| {
        let item = Object::of(item);
        Some((item.text("name")?.into_owned(), item.scalar("value").unwrap_or_default().into_owned()))
    };
    items.into_iter().filter_map(pair).collect()
}

/// Whether a header field, by its name in lower case, is a secret.
pub fn is_header(name: &str) -> bool {
    HEADERS.contains(&name) || is_name(name)
}

/// Whether a key of a query, a form or JSON names a secret.
pub fn is_name(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let ends = ["token", "secret", "password", "apikey", "passwd", "credentials", "privatekey", "sessionid"];
    let is = ["auth", "authorization", "pwd", "sig", "signature", "jwt", "sid", "session"];
    ends.iter().any(|end| plain.ends_with(end)) || is.contains(&plain.as_str())
}

/// Takes out the values of members that are called so; whether there was one.
pub fn redact(json: &mut Json) -> bool {
    match json {
        // Not `any`, which would leave the rest as it is.
        Json::Array(items) => items.iter_mut().filter_map(|item| redact(item).then_some(())).count() > 0,
        Json::Object(members) => members.iter_mut().fold(false, |found, (name, member)| {
            if is_name(name) && (member.is_string() || member.is_number()) {
                *member = REDACTED.into();
                return true;
            }
            redact(member) || found
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_in_every_spelling() {
        for name in ["token", "access_token", "X-Api-Key", "apiKey", "client-secret", "Password", "sig"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["key", "tokens", "signal", "page", "author", "secretary"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
