//! Secrets of an archive: what they are called, and what they are, so that they are taken out wherever they stand.

use std::borrow::Cow;
use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value as Json;

use crate::import::json::{Node, Object};
use crate::redact::{HEADERS, REDACTED};

/// The shortest text that is looked for everywhere: a shorter one is found where it is none.
const SHORTEST: usize = 8;

/// The secrets of an archive.
pub struct Secrets(Option<Regex>);

impl Secrets {
    /// Collects what header fields, cookies and queries hold.
    pub fn of(entries: &[Node<'_>]) -> Self {
        let mut texts: BTreeSet<String> = BTreeSet::new();
        for entry in entries {
            let entry = Object::of(*entry);
            for side in ["request", "response"] {
                let Some(message) = entry.get(side).map(Object::of) else { continue };
                for (name, value) in pairs(message.get("headers")) {
                    match name.to_ascii_lowercase().as_str() {
                        "cookie" => texts.extend(
                            value.split(';').filter_map(|pair| pair.split_once('=')).map(|(_, v)| v.trim().to_owned()),
                        ),
                        "set-cookie" => {
                            let first = value.split(';').next().unwrap_or("");
                            texts.extend(first.split_once('=').map(|(_, v)| v.trim().to_owned()));
                        }
                        // The scheme is none: `Bearer`, `Basic`.
                        name if is_header(name) => texts.extend(value.split_whitespace().last().map(str::to_owned)),
                        _ => {}
                    }
                }
                texts.extend(pairs(message.get("cookies")).into_iter().map(|(_, value)| value));
                if let Some(url) = message.text("url") {
                    let query = url.split_once('?').map_or("", |(_, query)| query);
                    let found = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| is_name(key));
                    texts.extend(found.map(|(_, value)| value.into_owned()));
                }
            }
        }
        texts.retain(|text| text.len() >= SHORTEST && text != REDACTED);
        let mut sorted: Vec<&String> = texts.iter().collect();
        sorted.sort_by_key(|text| std::cmp::Reverse(text.len()));
        let whole = sorted.iter().map(|text| regex::escape(text)).collect::<Vec<_>>().join("|");
        Secrets(regex::RegexBuilder::new(&whole).size_limit(64 << 20).build().ok().filter(|_| !whole.is_empty()))
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
        Json::Array(items) => items.iter_mut().fold(false, |found, item| redact(item) || found),
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
