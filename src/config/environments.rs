//! Environments of a mock: the variables that its templates see.

use serde_json::Map;

use super::TakesEffect;
use super::effective::{quoted, show};
use super::mocks::Compiler;
use crate::file::leaf::Named;
use crate::file::read::{At, listed};
use crate::file::{EnvironmentTable, VariableValue};
use crate::import::postman::Variable;
use crate::problem::{Code, Place, Problem, nearest};
use crate::stubs::scenario::Key;
use crate::stubs::template::Variables;

/// The active environment of a mock.
#[derive(Default)]
pub(super) struct Environment {
    pub values: Map<String, serde_json::Value>,
    /// The names that templates can use.
    pub names: Variables,
    /// Those of them that are texts, numbers or booleans: what a collection is filled in with.
    pub variables: Vec<Variable>,
    /// Values that are shown nowhere.
    pub secrets: Vec<Key>,
}

impl Compiler<'_, '_> {
    /// Finds the active environment. Secrets of the others are not looked for: they need not be there.
    pub(super) fn environment(
        &mut self,
        mock: &str,
        active: Option<At<String>>,
        tables: Option<At<Named<EnvironmentTable>>>,
    ) -> Environment {
        let mut environment = Environment::default();
        let tables = tables.map(|tables| tables.value.0).unwrap_or_default();
        if let Some(active) = &active
            && !tables.iter().any(|(name, _)| name.value == active.value)
        {
            let known: Vec<&str> = tables.iter().map(|(name, _)| name.value.as_str()).collect();
            self.unknown(Code::UnknownEnvironment, "environment", "vars = { city = \"Paris\" }", active, &known);
        }
        for (name, table) in tables {
            super::names::checked(&name, self.cx);
            let is_active = active.as_ref().is_some_and(|active| active.value == name.value);
            let EnvironmentTable { vars, postman } = table.value;
            super::response::exclusive(
                &[("vars", vars.as_ref().map(|v| v.place)), ("postman", postman.as_ref().map(|v| v.place))],
                "an environment has one source",
                self.cx,
            );
            for variable in postman.map(|file| self.postman_environment(&file)).unwrap_or_default() {
                if !environment.names.all.contains(&variable.name.value) {
                    environment.names.all.push(variable.name.value.clone());
                }
                if is_active {
                    self.exported(mock, variable, &mut environment);
                }
            }
            for (name, value) in vars.into_iter().flat_map(|vars| vars.value.0) {
                if !environment.names.all.contains(&name.value) {
                    environment.names.all.push(name.value.clone());
                }
                if is_active {
                    self.variable(mock, name, value, &mut environment);
                }
            }
        }
        environment.names.active = environment.values.keys().cloned().collect();
        environment
    }

    /// A variable of an environment that was exported from Postman.
    fn exported(&mut self, mock: &str, variable: Variable, environment: &mut Environment) {
        let Variable { name, value, secret } = &variable;
        let is_shown = !secret || value.is_empty();
        let shown = if is_shown { quoted(value) } else { "a secret".to_owned() };
        environment.secrets.extend((!is_shown).then(|| Key::new(value)));
        show(self.cx, &format!("mock {mock}: env.{}", name.value), Some((shown, name.place)), "", TakesEffect::Reload);
        environment.values.insert(name.value.clone(), value.as_str().into());
        environment.variables.push(variable);
    }

    fn variable(&mut self, mock: &str, name: At<String>, value: At<VariableValue>, environment: &mut Environment) {
        let At { value, place } = value;
        let (value, shown) = match value {
            VariableValue::Plain(value) => {
                let shown = value.json.to_string();
                (value.json, shown)
            }
            VariableValue::Secret(from) => {
                // What it is made of is shown, what it is is not.
                let shown = self.written(place);
                let secret = self.secret_text(from, place).unwrap_or_default();
                environment.secrets.extend((!secret.is_empty()).then(|| Key::new(&secret)));
                (secret.into(), shown)
            }
        };
        let key = format!("mock {mock}: env.{}", name.value);
        show(self.cx, &key, Some((shown, place)), "", TakesEffect::Reload);
        let text = match &value {
            serde_json::Value::String(text) => Some(text.clone()),
            serde_json::Value::Number(_) | serde_json::Value::Bool(_) => Some(value.to_string()),
            serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
        };
        environment.values.insert(name.value.clone(), value);
        environment.variables.extend(text.map(|value| Variable { name, value, secret: false }));
    }

    fn written(&self, place: Place) -> String {
        let text = &self.cx.sources.get(place.source).text;
        text.get(place.start as usize..place.end as usize).unwrap_or("").to_owned()
    }

    /// Reports a name that no table of a kind has.
    pub(super) fn unknown(&mut self, code: Code, kind: &str, example: &str, name: &At<String>, known: &[&str]) {
        if self.cx.incomplete {
            return;
        }
        let help = match nearest(&name.value, known.iter().copied()) {
            Some(slip) => format!("did you mean {}?", quoted(slip)),
            None if known.is_empty() => format!("define it: `[{kind}s.{}]` with `{example}`", name.value),
            None => format!("the mock has {}", listed(known)),
        };
        self.cx.report(Problem::at(code, name.place, format!("the mock has no {kind} `{}`", name.value)).help(help));
    }
}
