//! Bodies of one media type of a response: its examples, else one that is made from its schema.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::document::Document;
use super::schema::{Fail, Made, Maker};
use super::xml;
use crate::import::tree::Node;

/// What is lost or changed, and which.
pub type Remark = (&'static str, String);

/// A body.
#[derive(Clone, Debug)]
pub struct Body {
    /// The name of the example; none where it has no name.
    pub name: Option<String>,
    /// The text.
    pub text: String,
}

/// What a media type came to.
#[derive(Debug, Default)]
pub struct Read {
    /// Its bodies; none where nothing says what is sent.
    pub bodies: Vec<Body>,
    /// What callers do not notice.
    pub routine: Vec<Remark>,
    /// What is missing.
    pub lost: Vec<Remark>,
}

/// How a value becomes a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    JsonLines,
    Xml,
    Urlencoded,
    Events,
    Text,
}

/// A value that was made, as text, and the keyword that it does not satisfy.
type Kept = (Box<str>, Option<&'static str>);

/// Reads media types.
pub struct Bodies<'d, 't> {
    document: &'d Document<'t>,
    maker: Maker<'d, 't>,
    /// Values as text, by the schemas that they were made from: many operations share the bodies of their errors.
    made: HashMap<u32, Result<Kept, Fail>>,
    /// How many values were made.
    pub count: usize,
    /// Whether long JSON stands in several lines.
    is_pretty: bool,
}

/// From which length on JSON is written in several lines, where people read it, bytes.
const LONG: usize = 160;

impl<'d, 't> Bodies<'d, 't> {
    /// A reader of bodies.
    pub fn new(document: &'d Document<'t>, seed: u64, is_pretty: bool) -> Self {
        Bodies { document, maker: Maker::new(document, seed), made: HashMap::new(), count: 0, is_pretty }
    }

    /// The bodies of a media type; `word` tells made-up values from those of other operations.
    pub fn read(&mut self, media: &str, object: Node<'t>, word: &str) -> Read {
        let mut read = Read::default();
        let schema = object.get("schema");
        let form = form(media);
        for (name, example) in self.examples(object, &mut read) {
            if form == Form::Xml && (example.is_object() || example.items().len() > 0) {
                read.routine.push(("written as XML: an example that is no text", String::new()));
            }
            let text = self.text(&self.meant(example, form, schema, &mut read), form, schema);
            read.bodies.push(Body { name, text });
        }
        let Some(schema) = schema.filter(|_| read.bodies.is_empty()) else {
            if read.bodies.is_empty() {
                read.routine.push(("sent without a body: neither an example nor a schema", format!("`{media}`")));
            }
            return read;
        };
        let made = match self.made(schema, word) {
            Ok(made) => made,
            Err(why) => {
                let what = "sent without a body: no value can be made from its schema";
                read.lost.push((what, format!("`{media}`: {}", why.as_str())));
                return read;
            }
        };
        if let Some(keyword) = made.misfit {
            let what = "made up, and not all that its schema demands: give an example";
            read.lost.push((what, format!("`{media}`: `{keyword}`")));
        }
        if form == Form::Text && !matches!(made.value, Json::String(_)) {
            read.routine
                .push(("filled with JSON: the media type has no form for what its schema says", format!("`{media}`")));
        }
        let text = self.text(&made.value, form, Some(schema));
        read.bodies.push(Body { name: None, text });
        read
    }

    /// A value of a schema, such as of a header field.
    ///
    /// # Errors
    /// Why there is none.
    pub fn made(&mut self, schema: Node<'t>, word: &str) -> Result<Made, Fail> {
        // What is referred to has the same value wherever it is.
        let target = self.document.resolve(schema);
        if let Some(known) = self.made.get(&target.id()) {
            let (text, misfit) = known.clone()?;
            return Ok(Made { value: serde_json::from_str(&text).unwrap_or_default(), misfit });
        }
        let made = self.maker.make(target, if target.id() == schema.id() { word } else { "" });
        self.count += usize::from(made.is_ok());
        let known = made.as_ref().map(|made| (made.value.to_string().into(), made.misfit)).map_err(|fail| *fail);
        self.made.insert(target.id(), known);
        made
    }

    /// From here on nothing is made but what is required.
    pub fn be_brief(&mut self) {
        self.maker.be_brief();
    }

    /// The examples that stand there, with their names.
    pub fn examples(&self, object: Node<'t>, read: &mut Read) -> Vec<(Option<String>, Node<'t>)> {
        let mut found = Vec::new();
        let examples = object.get("examples");
        if examples.is_some_and(|examples| !examples.is_object()) {
            read.lost.push(("left out: no object, as it should be", "`examples`".to_owned()));
        }
        for (_, name, example) in examples.into_iter().flat_map(|examples| examples.members()) {
            let example = self.document.resolve(example);
            match (example.get("value"), example.get("externalValue")) {
                (Some(value), _) => found.push((Some(name.to_owned()), value)),
                (None, Some(_)) => read
                    .lost
                    .push(("left out: an example that stands elsewhere, and nothing is fetched", format!("`{name}`"))),
                (None, None) => read.lost.push(("left out: an example without a `value`", format!("`{name}`"))),
            }
        }
        if found.is_empty() {
            found.extend(object.get("example").map(|example| (None, example)));
        }
        found
    }

    /// What an example means: many write JSON and forms as one text.
    fn meant(&self, example: Node<'t>, form: Form, schema: Option<Node<'t>>, read: &mut Read) -> Json {
        let value = example.json();
        let (Json::String(text), Form::Json) = (&value, form) else { return value };
        let types = schema.map(|schema| self.document.resolve(schema)).and_then(|schema| schema.get("type"));
        let is_text = types.is_some_and(|types| types.text() == Some("string"));
        match serde_json::from_str::<Json>(text) {
            Ok(inner) if !is_text && (inner.is_object() || inner.is_array()) => {
                read.routine.push(("taken as JSON: an example that holds it as text", String::new()));
                inner
            }
            _ => value,
        }
    }

    fn text(&self, value: &Json, form: Form, schema: Option<Node<'t>>) -> String {
        match (form, value) {
            (Form::Json, value) => {
                let short = value.to_string();
                let pretty = self.is_pretty && short.len() > LONG;
                if pretty { serde_json::to_string_pretty(value).unwrap_or(short) } else { short }
            }
            (_, Json::String(text)) => text.clone(),
            (Form::Xml, value) => xml::text(value, schema, self.document),
            (Form::Urlencoded, Json::Object(members)) => {
                let mut pairs = form_urlencoded::Serializer::new(String::new());
                for (name, value) in members {
                    pairs.append_pair(name, value.as_str().unwrap_or(&value.to_string()));
                }
                pairs.finish()
            }
            (Form::JsonLines, Json::Array(items)) => items.iter().map(|item| format!("{item}\n")).collect(),
            (Form::JsonLines, value) => format!("{value}\n"),
            (Form::Events, value) => format!("data: {value}\n\n"),
            (Form::Urlencoded | Form::Text, Json::Null) => String::new(),
            (Form::Urlencoded | Form::Text, value) => value.to_string(),
        }
    }
}

/// The media type without its parameters, in lower case.
pub fn essence(media: &str) -> String {
    media.split(';').next().unwrap_or(media).trim().to_ascii_lowercase()
}

fn form(media: &str) -> Form {
    let essence = essence(media);
    match essence.as_str() {
        "application/x-ndjson" | "application/jsonl" | "application/json-seq" | "application/x-json-stream" => {
            Form::JsonLines
        }
        "application/x-www-form-urlencoded" => Form::Urlencoded,
        "text/event-stream" => Form::Events,
        essence if essence.ends_with("json") => Form::Json,
        essence if essence.ends_with("xml") => Form::Xml,
        _ => Form::Text,
    }
}

/// The type that is sent for one of a document: a range stands for its most usual member.
///
/// # Errors
/// Where it is no media type.
pub fn sent(media: &str) -> Result<String, ()> {
    let (kind, parameters) = media.split_at(media.find(';').unwrap_or(media.len()));
    let token = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    };
    match kind.trim().split_once('/') {
        Some(("*" | "application", "*")) => Ok("application/json".to_owned()),
        Some(("text", "*")) => Ok("text/plain".to_owned()),
        Some((_, "*")) => Ok("application/octet-stream".to_owned()),
        Some((a, b)) if token(a) && token(b) && http::HeaderValue::from_str(parameters).is_ok() => {
            Ok(media.trim().to_owned())
        }
        _ => Err(()),
    }
}

/// Whether a media type is one of JSON.
pub fn is_json(media: &str) -> bool {
    form(media) == Form::Json
}
