//! Templates of an answer: compiled, and reported with their places where they are wrong.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};

use super::Context;
use crate::file::HeaderText;
use crate::file::read::{At, listed};
use crate::problem::{Code, Place, Problem, nearest};
use crate::stubs::answer::Answer;
use crate::stubs::template::{Body, Builder, Compiled, Engine, Fault, FaultKind, Field, Known, Origin, Piece};

/// What the answers of one stub, or one server stub, may have as templates.
#[derive(Clone, Copy)]
pub struct Templating<'a> {
    pub engine: &'a Engine,
    pub known: Known<'a>,
    /// Whether strings are looked at.
    pub on: bool,
}

/// An answer whose parts are being compiled.
pub struct Draft<'a> {
    templating: Templating<'a>,
    /// Made for the first template.
    builder: Option<Builder>,
    /// Whether any part depends on the request.
    any: bool,
    /// The value that was looked into last, and where in its source the search for the next string begins.
    last: Option<(Place, u32)>,
}

/// Whether a string holds a template.
pub fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

impl<'a> Draft<'a> {
    pub fn new(templating: Templating<'a>) -> Self {
        Draft { templating, builder: None, any: false, last: None }
    }

    /// Whether a string is to be compiled.
    pub fn takes(&self, text: &str) -> bool {
        self.templating.on && is_template(text)
    }

    /// A header value; `None` where it is bad, which was reported.
    pub fn header(&mut self, name: &HeaderName, value: &At<HeaderText>, cx: &mut Context<'_>) -> Option<Field> {
        let text = &value.value.0;
        let constant = match self.takes(text) {
            false => text.clone(),
            true => match self.compile(text, format!("headers.{name}"), value.place, false, cx)? {
                Compiled::Constant(text) => text,
                Compiled::Text(part) | Compiled::Value(part) => return Some(Field::Template(part)),
            },
        };
        let sound = HeaderValue::try_from(constant);
        if sound.is_err() {
            cx.report(
                Problem::at(Code::BadHeader, value.place, "the value of a header holds no control characters")
                    .help("a header is one line; several values of one header stand in an array"),
            );
        }
        sound.ok().map(Field::Static)
    }

    /// A text body.
    pub fn text(&mut self, text: &str, part: &str, place: Place, cx: &mut Context<'_>) -> Body {
        match self.compile(text, part.to_owned(), place, false, cx) {
            Some(Compiled::Text(part) | Compiled::Value(part)) => Body::Text(part),
            Some(Compiled::Constant(text)) => Body::Static(text.into()),
            None => Body::Static(Bytes::new()),
        }
    }

    /// A JSON body: what holds no template is serialised here.
    pub fn json(&mut self, value: &serde_json::Value, place: Place, cx: &mut Context<'_>) -> Body {
        if !self.holds(value) {
            return Body::Static(value.to_string().into());
        }
        let mut writer = Writer { pieces: Vec::new(), raw: String::new(), path: "$".to_owned(), place };
        self.write(value, &mut writer, cx);
        let Writer { mut pieces, raw, .. } = writer;
        if pieces.is_empty() {
            return Body::Static(raw.into());
        }
        pieces.push(Piece::Raw(raw.into()));
        Body::Json(pieces.into())
    }

    /// Whether a string in it is to be compiled.
    fn holds(&self, value: &serde_json::Value) -> bool {
        match value {
            serde_json::Value::String(text) => self.takes(text),
            serde_json::Value::Array(items) => items.iter().any(|item| self.holds(item)),
            serde_json::Value::Object(members) => members.values().any(|member| self.holds(member)),
            _ => false,
        }
    }

    fn write(&mut self, value: &serde_json::Value, out: &mut Writer, cx: &mut Context<'_>) {
        match value {
            serde_json::Value::String(text) if self.takes(text) => {
                let part = format!("json {}", out.path);
                match self.compile(text, part, out.place, true, cx) {
                    Some(Compiled::Constant(json)) => out.raw.push_str(&json),
                    Some(Compiled::Value(part)) => out.push(Piece::Value(part)),
                    Some(Compiled::Text(part)) => out.push(Piece::Text(part)),
                    None => {}
                }
            }
            serde_json::Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    out.raw.push(if at == 0 { '[' } else { ',' });
                    out.below(&format!("[{at}]"), |out| self.write(item, out, cx));
                }
                out.raw.push_str(if items.is_empty() { "[]" } else { "]" });
            }
            serde_json::Value::Object(members) => {
                for (at, (name, member)) in members.iter().enumerate() {
                    out.raw.push(if at == 0 { '{' } else { ',' });
                    out.raw.push_str(&serde_json::Value::from(name.as_str()).to_string());
                    out.raw.push(':');
                    out.below(&format!(".{name}"), |out| self.write(member, out, cx));
                }
                out.raw.push_str(if members.is_empty() { "{}" } else { "}" });
            }
            plain => out.raw.push_str(&plain.to_string()),
        }
    }

    fn compile(
        &mut self,
        source: &str,
        part: String,
        place: Place,
        values: bool,
        cx: &mut Context<'_>,
    ) -> Option<Compiled> {
        let from = self.last.filter(|(last, _)| *last == place).map_or(place.start, |(_, from)| from);
        let found = match find(cx, Place { start: from, ..place }, source) {
            Found::Within(_) => find(cx, place, source),
            found => found,
        };
        if !matches!(found, Found::Within(_)) {
            self.last = Some((place, found.place().end));
        }
        let (line, _) = cx.sources.line_column(found.place());
        let file: Arc<str> = cx.sources.get(place.source).name.as_str().into();
        let origin = Origin { part, file, line, verbatim: matches!(found, Found::Verbatim(_)) };
        let builder = self.builder.get_or_insert_with(|| self.templating.engine.builder());
        let (compiled, faults) = builder.compile(source, origin, values, &self.templating.known);
        for fault in faults {
            report(fault, found, source, cx);
        }
        self.any |= matches!(compiled, Some(Compiled::Value(_) | Compiled::Text(_)));
        compiled
    }

    /// The answer of these parts.
    pub fn finish(self, status: u16, headers: Vec<(HeaderName, Field)>, body: Body) -> Answer {
        if let Some(builder) = self.builder.filter(|_| self.any) {
            let template = Some(Arc::new(builder.finish(headers, body)));
            return Answer { status, headers: Box::default(), body: Bytes::new(), template };
        }
        let value = |field| match field {
            Field::Static(value) => Some(value),
            Field::Template(_) => None,
        };
        let headers = headers.into_iter().filter_map(|(name, field)| Some((name, value(field)?))).collect();
        let body = match body {
            Body::Static(bytes) => bytes,
            Body::Text(_) | Body::Json(_) => Bytes::new(),
        };
        Answer { status, headers, body, template: None }
    }
}

/// A JSON body while it is written.
struct Writer {
    pieces: Vec<Piece>,
    raw: String,
    path: String,
    place: Place,
}

impl Writer {
    fn push(&mut self, piece: Piece) {
        self.pieces.push(Piece::Raw(std::mem::take(&mut self.raw).into()));
        self.pieces.push(piece);
    }

    fn below(&mut self, step: &str, write: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        self.path.push_str(step);
        write(self);
        self.path.truncate(length);
    }
}

/// Where a template stands: its own place, or that of the value that it is somewhere in.
#[derive(Clone, Copy)]
enum Found {
    /// Here, without escapes.
    Verbatim(Place),
    /// Here, with the usual escapes.
    Escaped(Place),
    /// Somewhere in here.
    Within(Place),
}

impl Found {
    fn place(self) -> Place {
        match self {
            Found::Verbatim(place) | Found::Escaped(place) | Found::Within(place) => place,
        }
    }
}

/// How far below the head of a table its strings are looked for, bytes.
const BELOW: usize = 16 << 10;

/// Finds a template in the value that holds it. That of a table with a head of its own goes on below the head.
fn find(cx: &Context<'_>, place: Place, text: &str) -> Found {
    let source = &cx.sources.get(place.source).text;
    let at = |end: usize, text: &str| {
        let raw = source.as_bytes().get(place.start as usize..end.min(source.len()))?;
        let found = memchr::memmem::find(raw, text.as_bytes())?;
        let start = place.start + found as u32;
        Some(Place { start, end: start + text.len() as u32, ..place })
    };
    let escaped = escaped(text);
    for end in [place.end as usize, place.end as usize + BELOW] {
        if let Some(place) = at(end, text) {
            return Found::Verbatim(place);
        }
        if let Some(place) = at(end, &escaped) {
            return Found::Escaped(place);
        }
    }
    Found::Within(place)
}

/// A string as most people write it between quotes.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t")
}

fn report(fault: Fault, found: Found, source: &str, cx: &mut Context<'_>) {
    let Fault { kind, range, title, word, known } = fault;
    let written = |end: usize| {
        let before = source.get(..end).unwrap_or(source);
        if matches!(found, Found::Escaped(_)) { escaped(before).len() as u32 } else { before.len() as u32 }
    };
    let at = match found {
        Found::Within(place) => place,
        Found::Verbatim(place) | Found::Escaped(place) => {
            let (start, end) = (place.start + written(range.start), place.start + written(range.end));
            // What is missing at the end of a template is shown there.
            Place { start: start.min(place.end.saturating_sub(1)), end: end.min(place.end), ..place }
        }
    };
    let words: Vec<&str> = known.iter().map(String::as_str).collect();
    let slip = nearest(&word, words.iter().copied()).map(|slip| format!("did you mean `{slip}`?"));
    let (code, help) = match kind {
        FaultKind::Syntax if source.contains("{{$") => {
            let help =
                "Postman's `{{$randomCity}}` is written `{{ fake('randomCity') }}`, and `{{$body 'a'}}` `{{ body.a }}`";
            (Code::BadTemplate, help.to_owned())
        }
        FaultKind::Syntax => {
            let help = "templates are written as in Jinja; `template = false` sends the text as it stands";
            (Code::BadTemplate, help.to_owned())
        }
        FaultKind::Name if words.len() > 30 => (Code::UnknownInTemplate, "the README lists what there is".to_owned()),
        FaultKind::Name => (Code::UnknownInTemplate, format!("there are {}", listed(&words))),
        FaultKind::Parameter if words.is_empty() => {
            (Code::UnknownParameter, "write it as `{name}` in `match`".to_owned())
        }
        FaultKind::Parameter => (Code::UnknownParameter, format!("`match` has {}", listed(&words))),
        FaultKind::Variable if words.is_empty() => {
            let help = format!("define it: `[environments.NAME]` with `vars = {{ {word} = … }}`");
            (Code::UndefinedVariable, help)
        }
        FaultKind::Variable => (Code::UndefinedVariable, format!("there are {}", listed(&words))),
        FaultKind::Lacking => {
            (Code::UndefinedVariable, "it stands for nothing until an environment that has it is active".to_owned())
        }
    };
    let mut problem = Problem::at(code, at, title).help(slip.unwrap_or(help));
    if kind == FaultKind::Lacking {
        problem = problem.warning();
    }
    cx.report(problem);
}
