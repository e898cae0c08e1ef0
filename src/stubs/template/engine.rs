//! What the templates of one mock share: functions, filters, variables, and how values become text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value};

use super::functions::{self, failed};
use super::{Builder, Limits};

/// The filters that the README names.
pub const FILTERS: &[&str] = &[
    "abs",
    "attr",
    "b64decode",
    "b64encode",
    "batch",
    "bool",
    "capitalize",
    "chain",
    "count",
    "d",
    "default",
    "dictsort",
    "e",
    "escape",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "pprint",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
    "urlencode",
    "zip",
];

/// The tests that the README names.
pub const TESTS: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "equalto",
    "even",
    "false",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "int",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sameas",
    "sequence",
    "startingwith",
    "string",
    "true",
    "undefined",
    "upper",
];

/// How deep a template may nest; far below what a thread's stack holds.
const DEPTH: usize = 64;

/// The first letter of the names of templates that yield JSON values; all others yield text.
pub(super) const VALUE: char = 'v';

/// What the templates of one mock share.
pub struct Engine {
    environment: Environment<'static>,
    limits: Limits,
    /// A hash of the variables: with others, templates answer otherwise.
    variables: u64,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine with these variables in `env`.
    pub fn new(variables: &serde_json::Map<String, serde_json::Value>, limits: Limits) -> Self {
        let mut environment = Environment::new();
        environment.set_debug(false);
        environment.set_recursion_limit(DEPTH);
        // What a caller leaves out is no fault of the template's: it is nothing, however deep it is asked for.
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        // Files end as they are written.
        environment.set_syntax(SyntaxConfig::builder().keep_trailing_newline(true).build().unwrap_or_default());
        environment.set_formatter(format);
        functions::add(&mut environment);
        environment.add_filter("b64encode", |text: &str| STANDARD.encode(text));
        environment.add_filter("b64decode", |text: &str| {
            let bytes = STANDARD.decode(text).map_err(|error| failed(format!("it is no base64: {error}")))?;
            Ok::<_, Error>(super::fields::text(&bytes))
        });
        environment.add_global("env", Value::from(Serde(variables)));
        let digest = super::seed(0, &[serde_json::Value::Object(variables.clone()).to_string().as_bytes()]);
        Engine { environment, limits, variables: digest }
    }

    /// Begins an answer.
    pub fn builder(&self) -> Builder {
        Builder::new(self.environment.clone(), self.limits, self.variables)
    }
}

/// Writes a value: text as it is, everything else as JSON; where a JSON value is wanted, text as JSON too.
fn format(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let wants_json = state.name().starts_with(VALUE);
    if value.is_undefined() {
        return Ok(out.write_str(if wants_json { "null" } else { "" })?);
    }
    if let Some(text) = value.as_str().filter(|_| !wants_json) {
        return Ok(out.write_str(text)?);
    }
    let json =
        serde_json::to_string(value).map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))?;
    Ok(out.write_str(&json)?)
}
