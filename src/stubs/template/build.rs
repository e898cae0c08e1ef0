//! From the strings of an answer to its compiled templates.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use http::HeaderName;
use minijinja::{Environment, Value};

use super::check::{Facts, Fault, FaultKind, Known, examine};
use super::engine::VALUE;
use super::request::Needs;
use super::{Body, Field, Limits, Origin, Part, Templates};

/// One fuel pays for so many bytes of output; MiniJinja's own measure.
const BYTES_PER_STEP: u64 = 64;

/// Compiles the templates of one answer.
pub struct Builder {
    environment: Environment<'static>,
    limits: Limits,
    variables: u64,
    needs: Needs,
    count: usize,
    /// Bytes of the templates that stand in the configuration as they are sent.
    written: usize,
}

/// What a string came to.
#[derive(Debug)]
pub enum Compiled {
    /// It is the same for every request: text, or JSON where it stands for a value.
    Constant(String),
    /// A value, of a string that is wholly one expression.
    Value(Part),
    /// Text.
    Text(Part),
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Variables may be secrets.
        f.debug_struct("Builder").field("needs", &self.needs).finish_non_exhaustive()
    }
}

impl Builder {
    pub(super) fn new(mut environment: Environment<'static>, limits: Limits, variables: u64) -> Self {
        // What is rendered when it is loaded is bounded too.
        environment.set_fuel(Some(limits.work.saturating_add(limits.output as u64 / BYTES_PER_STEP)));
        Builder { environment, limits, variables, needs: Needs::default(), count: 0, written: 0 }
    }

    /// Compiles one string. `values`: whether one expression alone keeps the type of its value, as in JSON; a constant is
    /// JSON then too.
    ///
    /// # Errors
    /// Everything that is wrong with it. [`FaultKind::Lacking`] alone is no error and comes beside the template.
    pub fn compile(
        &mut self,
        source: &str,
        origin: Origin,
        values: bool,
        known: &Known<'_>,
    ) -> (Option<Compiled>, Vec<Fault>) {
        let syntax = |error: &minijinja::Error| Fault {
            kind: FaultKind::Syntax,
            range: error.range().unwrap_or(0..source.len()),
            title: format!("the template is malformed: {}", error.detail().unwrap_or("it cannot be read")),
            word: String::new(),
            known: Vec::new(),
        };
        let name = format!("t{}", self.count);
        if let Err(error) = self.environment.add_template_owned(name.clone(), source.to_owned()) {
            return (None, vec![syntax(&error)]);
        }
        let free = self.environment.get_template(&name).map(|template| template.undeclared_variables(false));
        let (facts, faults) = examine(source, &free.unwrap_or_default(), &self.environment, known);
        let Facts { needs, is_value, is_constant, written } = facts;
        if faults.iter().any(|fault| fault.kind != FaultKind::Lacking) {
            return (None, faults);
        }
        let is_value = values && is_value;
        let name = if is_value { self.rename(name, source) } else { name };
        if is_constant {
            let rendered = self.environment.get_template(&name).and_then(|template| template.render(Value::UNDEFINED));
            self.environment.remove_template(&name);
            return match rendered {
                Ok(text) if values && !is_value => (Some(Compiled::Constant(json_string(&text))), faults),
                Ok(text) => (Some(Compiled::Constant(text)), faults),
                Err(error) => (None, vec![syntax(&error)]),
            };
        }
        self.count += 1;
        self.written += written;
        self.needs.merge(needs);
        let part = Part { name: name.into(), source: source.into(), origin };
        (Some(if is_value { Compiled::Value(part) } else { Compiled::Text(part) }), faults)
    }

    /// Calls a template by a name that makes it yield a value. It was compiled before.
    fn rename(&mut self, name: String, source: &str) -> String {
        self.environment.remove_template(&name);
        let name = format!("{VALUE}{}", self.count);
        let _ = self.environment.add_template_owned(name.clone(), source.to_owned());
        name
    }

    /// The answer of these parts.
    pub fn finish(mut self, headers: Vec<(HeaderName, Field)>, body: Body) -> Templates {
        let output = self.limits.output.saturating_add(self.written);
        let work = self.limits.work.saturating_add(output as u64 / BYTES_PER_STEP);
        self.environment.set_fuel(Some(work));
        let mut hasher = DefaultHasher::new();
        for (name, field) in &headers {
            (name.as_str(), field).hash(&mut hasher);
        }
        (&body, self.limits, self.variables).hash(&mut hasher);
        Templates {
            environment: self.environment,
            headers: headers.into(),
            body,
            needs: self.needs,
            work,
            output,
            digest: hasher.finish(),
        }
    }
}

/// Text as a JSON string.
pub(super) fn json_string(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}
