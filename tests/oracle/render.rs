//! The TOML text of a configuration.

use std::fmt::Write as _;

use super::model::{Condition, Config, Gate, KEY, Mock, Operand, Operator, Place, Scope, Segment, Stub, Test, When};

impl Place {
    /// The key under `when`.
    pub fn key(self) -> &'static str {
        match self {
            Place::Path => "path",
            Place::Query => "query",
            Place::Header => "header",
            Place::Cookie => "cookie",
            Place::Form => "form",
            Place::Json => "json",
            Place::Body => "body",
            Place::Target => "target",
        }
    }
}

impl Config {
    /// Every file with its text, `standin.toml` first.
    pub fn files(&self) -> Vec<(String, String)> {
        let mut sidecar = String::from("mocks = [\"mocks/*.toml\"]\n");
        if self.upstream {
            sidecar.push_str("\n[proxy]\nupstream = \"http://127.0.0.1:1\"\n");
        }
        if let Some(gate) = &self.gate {
            gate.render(&mut sidecar);
        }
        let mut files = Vec::new();
        for mock in &self.mocks {
            let mut text = String::new();
            mock.render(&mut text);
            match mock.file.as_str() {
                "standin.toml" => sidecar.push_str(&text),
                _ => files.push((mock.file.clone(), text)),
            }
        }
        files.insert(0, ("standin.toml".into(), sidecar));
        files
    }
}

impl Gate {
    fn render(&self, out: &mut String) {
        writeln!(out, "\n[gate]\ndefault = {}", quoted(if self.closed { "real" } else { "mock" })).unwrap();
        for (key, conditions) in [("real_when", &self.real_when), ("mock_when", &self.mock_when)] {
            for condition in conditions {
                writeln!(out, "{key}.{}", condition.render()).unwrap();
            }
        }
    }
}

impl Mock {
    fn render(&self, out: &mut String) {
        let mut settings = String::new();
        if !self.hosts.is_empty() {
            let hosts: Vec<String> = self.hosts.iter().map(|host| quoted(host)).collect();
            writeln!(settings, "hosts = [{}]", hosts.join(", ")).unwrap();
        }
        if !self.base.is_empty() {
            writeln!(settings, "base_path = {}", quoted(&format!("/{}", self.base.join("/")))).unwrap();
        }
        if self.upstream {
            settings.push_str("upstream = \"http://127.0.0.1:2\"\n");
        }
        if !self.cors {
            settings.push_str("cors = false\n");
        }
        if self.private {
            writeln!(settings, "access = {{ private = true, keys = [{{ env = {} }}] }}", quoted(KEY.0)).unwrap();
        }
        if let Some(scope) = self.server_stub {
            let scope = if scope == Scope::All { "all" } else { "mocked" };
            writeln!(settings, "active_server_stub = \"down\"\nserver_stub_scope = \"{scope}\"").unwrap();
        }
        if self.file == "standin.toml" && !settings.is_empty() {
            out.push_str("\n[default]\n");
        }
        out.push_str(&settings);
        if self.server_stub.is_some() {
            out.push_str("\n[[server_stub]]\nname = \"down\"\nstatus = 503\n");
        }
        for stub in &self.stubs {
            stub.render(out);
        }
    }
}

impl Stub {
    /// The `match` line.
    pub fn line(&self) -> String {
        let mut line = format!("{} ", self.method);
        for segment in &self.path {
            line.push('/');
            match segment {
                Segment::Literal(text) => line.push_str(text),
                Segment::Parameter(name) => write!(line, "{{{name}}}").unwrap(),
                Segment::Star => line.push('*'),
                Segment::Rest(name) => write!(line, "{{{name}...}}").unwrap(),
            }
        }
        for (i, (key, value)) in self.query.iter().enumerate() {
            write!(line, "{}{key}={value}", if i == 0 { '?' } else { '&' }).unwrap();
        }
        line
    }

    fn render(&self, out: &mut String) {
        writeln!(out, "\n[[stub]]\nname = {}\nmatch = {}", quoted(&self.name), quoted(&self.line())).unwrap();
        for scenario in &self.scenarios {
            if !self.short {
                writeln!(out, "[[stub.scenario]]\nname = {}", quoted(&scenario.name)).unwrap();
            }
            if let Some(id) = &scenario.id {
                writeln!(out, "id = {}", quoted(id)).unwrap();
            }
            scenario.when.render(out);
            writeln!(out, "status = {}\nbody = \"x\"", scenario.status).unwrap();
        }
    }
}

impl When {
    fn render(&self, out: &mut String) {
        for condition in &self.all {
            writeln!(out, "when.{}", condition.render()).unwrap();
        }
        if !self.any.is_empty() {
            let branches: Vec<String> = self.any.iter().map(|branch| format!("{{ {} }}", joined(branch))).collect();
            writeln!(out, "when.any = [{}]", branches.join(", ")).unwrap();
        }
    }
}

fn joined(conditions: &[Condition]) -> String {
    conditions.iter().map(Condition::render).collect::<Vec<_>>().join(", ")
}

impl Condition {
    /// `query."k" = …`, as it stands after `when.`.
    pub fn render(&self) -> String {
        let key = match self.name.as_str() {
            "" => self.place.key().to_owned(),
            name => format!("{}.{}", self.place.key(), quoted(name)),
        };
        match &self.test {
            Test::Is(operand) => format!("{key} = {}", operand.render()),
            Test::Table(operators) => format!("{key} = {}", table(operators)),
        }
    }
}

fn table(operators: &[Operator]) -> String {
    format!("{{ {} }}", operators.iter().map(Operator::render).collect::<Vec<_>>().join(", "))
}

impl Operator {
    fn render(&self) -> String {
        let operand = match self {
            Operator::Eq(x) | Operator::Ne(x) | Operator::Contains(x) | Operator::Subset(x) => x.render(),
            Operator::Gt(x) | Operator::Ge(x) | Operator::Lt(x) | Operator::Le(x) => x.render(),
            Operator::In(list) => Operand::List(list.clone()).render(),
            Operator::Prefix(text) | Operator::Suffix(text) | Operator::Re(text) => quoted(text),
            Operator::Present | Operator::Absent => "true".into(),
            Operator::Not(operators) => table(operators),
        };
        format!("{} = {operand}", self.key())
    }

    /// The operator's name in a table.
    pub fn key(&self) -> &'static str {
        match self {
            Operator::Eq(_) => "eq",
            Operator::Ne(_) => "ne",
            Operator::Gt(_) => "gt",
            Operator::Ge(_) => "ge",
            Operator::Lt(_) => "lt",
            Operator::Le(_) => "le",
            Operator::In(_) => "in",
            Operator::Contains(_) => "contains",
            Operator::Prefix(_) => "prefix",
            Operator::Suffix(_) => "suffix",
            Operator::Re(_) => "re",
            Operator::Present => "present",
            Operator::Absent => "absent",
            Operator::Subset(_) => "subset",
            Operator::Not(_) => "not",
        }
    }
}

impl Operand {
    fn render(&self) -> String {
        match self {
            Operand::Text(text) => quoted(text),
            Operand::Number(text) => text.clone(),
            Operand::Bool(value) => value.to_string(),
            Operand::List(items) => format!("[{}]", items.iter().map(Operand::render).collect::<Vec<_>>().join(", ")),
            Operand::Table(members) => {
                let members: Vec<String> =
                    members.iter().map(|(key, value)| format!("{} = {}", quoted(key), value.render())).collect();
                format!("{{ {} }}", members.join(", "))
            }
        }
    }
}

/// A TOML basic string: JSON's escapes are a part of TOML's.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}
