//! JSON with places: a look into a text that is never taken apart as a whole.
//!
//! A collection may hold tens of MiB, most of it bodies that nobody looks into. `serde_json` checks the whole text once
//! and then yields slices of it, so that every node knows where it stands and a tree is never built.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::file::read::At;
use crate::problem::{Code, Place, Problem, SourceId};

/// A node of a JSON text.
#[derive(Clone, Copy)]
pub struct Node<'t> {
    raw: &'t str,
    /// Where the whole text begins in memory.
    base: usize,
    source: SourceId,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    Text,
    /// A number.
    Number,
    /// `true` or `false`
    Bool,
    /// `null`
    Null,
}

/// Checks a whole text.
///
/// # Errors
/// Where it is no JSON, with the place and what was probably read in its stead.
pub fn parse(text: &str, source: SourceId) -> Result<Node<'_>, Box<Problem>> {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(raw) => Ok(Node { raw: raw.get(), base: text.as_ptr() as usize, source }),
        Err(error) => Err(Box::new(not_json(text, source, &error))),
    }
}

impl<'t> Node<'t> {
    /// What it is.
    pub fn kind(&self) -> Kind {
        match self.raw.as_bytes().first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::Text,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') | None => Kind::Null,
            Some(_) => Kind::Number,
        }
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        self.kind() == Kind::Null
    }

    /// What a report calls it.
    pub fn described(&self) -> &'static str {
        match self.kind() {
            Kind::Object => "an object",
            Kind::Array => "an array",
            Kind::Text => "a string",
            Kind::Number => "a number",
            Kind::Bool => "`true` or `false`",
            Kind::Null => "null",
        }
    }

    /// Where it stands.
    pub fn place(&self) -> Place {
        let start = (self.raw.as_ptr() as usize - self.base) as u32;
        Place { source: self.source, start, end: start + self.raw.len() as u32 }
    }

    /// The same place with a value.
    pub fn at<T>(&self, value: T) -> At<T> {
        At { value, place: self.place() }
    }

    /// The members of an object, in the order of the text; none of anything else.
    pub fn members(&self) -> Vec<(Cow<'t, str>, Node<'t>)> {
        if self.kind() != Kind::Object {
            return Vec::new();
        }
        let members = serde_json::from_str::<Members<'t>>(self.raw).map(|members| members.0).unwrap_or_default();
        members.into_iter().map(|(key, raw)| (key.0, self.inner(raw))).collect()
    }

    /// The elements of an array; none of anything else.
    pub fn items(&self) -> Vec<Node<'t>> {
        if self.kind() != Kind::Array {
            return Vec::new();
        }
        let items = serde_json::from_str::<Vec<&'t RawValue>>(self.raw).unwrap_or_default();
        items.into_iter().map(|raw| self.inner(raw)).collect()
    }

    /// The text of a string, half a surrogate pair replaced; none of anything else.
    pub fn text(&self) -> Option<Cow<'t, str>> {
        (self.kind() == Kind::Text)
            .then(|| serde_json::from_str::<Text<'t>>(self.raw).ok().map(|text| text.0))
            .flatten()
    }

    /// The text of a string, a number or a boolean; none of anything else.
    pub fn scalar(&self) -> Option<Cow<'t, str>> {
        match self.kind() {
            Kind::Text => self.text(),
            Kind::Number | Kind::Bool => Some(Cow::Borrowed(self.raw)),
            Kind::Object | Kind::Array | Kind::Null => None,
        }
    }

    /// Whether it is `true`.
    pub fn is_true(&self) -> bool {
        self.raw == "true"
    }

    /// The node as it is written.
    pub fn raw(&self) -> &'t str {
        self.raw
    }

    fn inner(&self, raw: &'t RawValue) -> Node<'t> {
        Node { raw: raw.get(), ..*self }
    }
}

/// An object whose members are looked up by name. Of a name that stands twice the last counts, as in JavaScript.
pub struct Object<'t> {
    members: Vec<(Cow<'t, str>, Node<'t>)>,
}

impl<'t> Object<'t> {
    /// The members of a node; none where it is no object.
    pub fn of(node: Node<'t>) -> Self {
        Object { members: node.members() }
    }

    /// An object without members.
    pub fn of_nothing() -> Self {
        Object { members: Vec::new() }
    }

    /// Every member, in the order of the text.
    pub fn all(&self) -> impl Iterator<Item = (&str, Node<'t>)> {
        self.members.iter().map(|(name, node)| (&**name, *node))
    }

    /// A member that is there and not `null`.
    pub fn get(&self, name: &str) -> Option<Node<'t>> {
        let found = self.members.iter().rev().find(|(key, _)| key == name).map(|(_, node)| *node);
        found.filter(|node| !node.is_null())
    }

    /// Whether there is a member of this name, `null` or not.
    pub fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(key, _)| key == name)
    }

    /// The text of a member that is a string.
    pub fn text(&self, name: &str) -> Option<Cow<'t, str>> {
        self.get(name)?.text()
    }

    /// The text of a member that is a string, a number or a boolean.
    pub fn scalar(&self, name: &str) -> Option<Cow<'t, str>> {
        self.get(name)?.scalar()
    }

    /// Whether a member is `true`.
    pub fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|node| node.is_true())
    }

    /// Whether it is switched off: `disabled: true`, or `enabled: false` in older exports.
    pub fn is_disabled(&self) -> bool {
        self.is_true("disabled") || self.get("enabled").is_some_and(|node| node.raw() == "false")
    }
}

/// A string, borrowed where nothing in it is escaped.
///
/// JavaScript writes halves of surrogate pairs, which are no Unicode text: bytes are taken, and what is none replaced.
struct Text<'t>(Cow<'t, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl<'de> Visitor<'de> for Bytes {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_bytes<E: Error>(self, bytes: &'de [u8]) -> Result<Text<'de>, E> {
                Ok(Text(String::from_utf8_lossy(bytes)))
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(String::from_utf8_lossy(bytes).into_owned())))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

struct Members<'t>(Vec<(Text<'t>, &'t RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Map)
    }
}

/// The report for a text that is no JSON.
fn not_json(text: &str, source: SourceId, error: &serde_json::Error) -> Problem {
    let line = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    let mut start = (line + error.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let end = text[start..].chars().next().map_or(start, |c| start + c.len_utf8());
    let place = Place { source, start: start as u32, end: end as u32 };
    let message = error.to_string();
    let why = message.split(" at line ").next().unwrap_or(&message).to_owned();
    let first = text.trim_start().chars().next();
    let help = match first {
        None => "the file is empty: export it again",
        Some('<') => "this looks like a web page: save the file itself, not the page that shows it",
        Some('{' | '[') if error.is_eof() => "the file ends too early: export it again, or copy it whole",
        Some('{' | '[') => "mend it, or export it again: programs write JSON without such mistakes",
        Some(_) => "this is another kind of file: export it as JSON",
    };
    Problem::at(Code::JsonSyntax, place, "the file is no JSON").label(why).help(help)
}

#[cfg(test)]
mod tests;
