//! Templates: answers that are filled in from the request, compiled when the configuration is loaded.
//!
//! An answer is rendered part by part: each header value, and each string of a JSON body by itself, before it is
//! serialised. So nothing that a caller sends can break out of its string. Rendering is a pure function of a [`Scope`]:
//! request, time, seed and counters come in as values. Its work and its output are bounded, whatever the template does.
//!
//! MiniJinja is named in this folder only.

mod build;
mod check;
mod counters;
pub mod dice;
mod engine;
pub mod fake;
mod fields;
mod functions;
mod postman;
mod request;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use minijinja::{Environment, ErrorKind, Value};

pub use build::{Builder, Compiled};
pub use check::{Fault, FaultKind, Known, Variables};
pub use counters::Counters;
pub use dice::seed;
pub use engine::{Engine, FILTERS, TESTS};
pub use functions::FUNCTIONS;
pub use request::ROOTS;

use super::answer::Answer;
use super::path_template::Template;
use super::request::RequestView;
use request::{Needs, Request};

/// What one answer may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Steps; one step is about 40 ns.
    pub work: u64,
    /// Bytes that templates may add to what stands in the configuration.
    pub output: usize,
}

/// What an answer is rendered from.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a, 'v> {
    /// The request.
    pub view: &'a RequestView<'v>,
    /// The path of the stub, for captures; `None` where no stub is concerned.
    pub path: Option<&'a Template>,
    /// How many segments of the path belong to the mock's base path.
    pub base: usize,
    /// The time, since 1970 in UTC.
    pub now: Duration,
    /// What every random choice derives from; see [`seed()`].
    pub seed: u64,
    /// Where `seq` counts.
    pub counters: &'a Arc<Counters>,
}

/// The templates of an answer, compiled.
pub struct Templates {
    environment: Environment<'static>,
    headers: Box<[(HeaderName, Field)]>,
    body: Body,
    needs: Needs,
    /// Fuel for all parts together.
    work: u64,
    /// Bytes of output for all parts together.
    output: usize,
    /// A hash of everything that the answer is made of, variables included.
    digest: u64,
}

/// A header value.
#[derive(Debug, Hash)]
pub enum Field {
    /// The same for everybody.
    Static(HeaderValue),
    /// Rendered.
    Template(Part),
}

/// The body of a templated answer.
#[derive(Debug, Hash)]
pub enum Body {
    /// The same for everybody.
    Static(Bytes),
    /// Text.
    Text(Part),
    /// JSON, with templates between what was serialised at load.
    Json(Box<[Piece]>),
}

/// A piece of a JSON body.
#[derive(Debug, Hash)]
pub enum Piece {
    /// JSON text.
    Raw(Box<str>),
    /// A value: a string that is wholly one expression.
    Value(Part),
    /// The content of a string.
    Text(Part),
}

/// One compiled template of an answer.
#[derive(Debug, Hash)]
pub struct Part {
    /// What its environment knows it by.
    name: Box<str>,
    source: Box<str>,
    origin: Origin,
}

/// Where a template stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Which part of the answer: `body`, `headers.etag`, `json $.items[0].id`.
    pub part: String,
    /// The file.
    pub file: Arc<str>,
    /// The line of the file on which it begins, from 1.
    pub line: usize,
    /// Whether it stands in the file as it is, so that its lines are those of the file.
    pub verbatim: bool,
}

/// Why an answer could not be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the template of `{part}` ({}:{line}) failed: {reason}", file.rsplit('/').next().unwrap_or(file))]
pub struct RenderError {
    /// Which part of the answer.
    pub part: String,
    /// The file that it stands in.
    pub file: Arc<str>,
    /// The line.
    pub line: usize,
    /// What went wrong.
    pub reason: String,
}

impl Templates {
    /// Whether the body of the request is needed to render this.
    pub fn needs_body(&self) -> bool {
        self.needs.body || self.needs.text
    }

    /// Whether captures of the path are needed.
    pub fn needs_path(&self) -> bool {
        self.needs.path
    }

    /// Renders the answer.
    ///
    /// # Errors
    /// Where a template fails, does or says more than it may, or makes a header value that is none.
    pub fn render(&self, status: u16, scope: &Scope<'_, '_>) -> Result<Answer, RenderError> {
        let request = Value::from_object(Request::new(&self.needs, scope));
        let mut run = Run { templates: self, request, work: self.work, output: self.output };
        let mut headers = Vec::with_capacity(self.headers.len());
        for (name, field) in &self.headers {
            let value = match field {
                Field::Static(value) => value.clone(),
                Field::Template(part) => HeaderValue::try_from(run.text(part)?)
                    .map_err(|_| part.failed("a header value holds no line break and no control characters"))?,
            };
            headers.push((name.clone(), value));
        }
        let body = match &self.body {
            Body::Static(bytes) => bytes.clone(),
            Body::Text(part) => run.text(part)?.into(),
            Body::Json(pieces) => run.json(pieces)?.into(),
        };
        Ok(Answer { status, headers: headers.into(), body, template: None })
    }
}

/// One rendering.
struct Run<'t> {
    templates: &'t Templates,
    request: Value,
    work: u64,
    output: usize,
}

impl Run<'_> {
    fn text(&mut self, part: &Part) -> Result<String, RenderError> {
        let template = self.templates.environment.get_template(&part.name).map_err(|error| part.fault(&error))?;
        let rendered = template.render_captured(self.request.clone()).map_err(|error| part.fault(&error))?;
        let work = rendered.state().fuel_levels().map_or(0, |(consumed, _)| consumed);
        self.work = self.work.checked_sub(work).ok_or_else(|| part.failed(TOO_MUCH_WORK))?;
        let text = rendered.into_output();
        self.output = self.output.checked_sub(text.len()).ok_or_else(|| part.failed(TOO_LONG))?;
        Ok(text)
    }

    fn json(&mut self, pieces: &[Piece]) -> Result<String, RenderError> {
        let mut out = String::with_capacity(256);
        for piece in pieces {
            match piece {
                Piece::Raw(text) => out.push_str(text),
                Piece::Value(part) => out.push_str(&self.text(part)?),
                Piece::Text(part) => out.push_str(&build::json_string(&self.text(part)?)),
            }
        }
        Ok(out)
    }
}

const TOO_MUCH_WORK: &str = "it does more work than `limits.template_work` allows";
/// How many bytes of a template are shown where it failed.
const SHOWN: usize = 60;
const TOO_LONG: &str = "it says more than `limits.template_output` allows";

impl Part {
    fn failed(&self, reason: impl Into<String>) -> RenderError {
        let Origin { part, file, line, .. } = &self.origin;
        RenderError { part: part.clone(), file: file.clone(), line: *line, reason: reason.into() }
    }

    fn fault(&self, error: &minijinja::Error) -> RenderError {
        let reason = match error.kind() {
            ErrorKind::OutOfFuel => TOO_MUCH_WORK.to_owned(),
            kind => {
                let why = error.detail().map_or_else(|| kind.to_string(), str::to_owned);
                match error.range().and_then(|range| self.source.get(range)).filter(|at| at.len() <= SHOWN) {
                    Some(at) => format!("{why}, at `{at}`"),
                    None => why,
                }
            }
        };
        let mut failed = self.failed(reason);
        if self.origin.verbatim {
            failed.line += error.line().unwrap_or(1).saturating_sub(1);
        }
        failed
    }
}

impl std::fmt::Debug for Templates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Variables may be secrets.
        f.debug_struct("Templates").field("digest", &self.digest).finish_non_exhaustive()
    }
}

impl PartialEq for Templates {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for Templates {}
