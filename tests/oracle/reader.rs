//! TOML text back into plain values, for the examples: only the keys that they use, and no diagnosis.

use toml::{Table, Value};

use super::model::{
    Condition, Config, Gate, Mock, Operand, Operator, Place, Scenario, Scope, Segment, Stub, Test, When,
};

/// Reads files by name, `standin.toml` first.
pub fn read(files: &[(String, String)]) -> Config {
    let mut config = Config::default();
    for (file, text) in files {
        let mut table: Table = text.parse().unwrap();
        let home = file == "standin.toml";
        let stem = file.trim_start_matches("mocks/").trim_end_matches(".toml");
        if home {
            table.remove("mocks");
            config.upstream = table.remove("proxy").is_some();
            config.gate = table.remove("gate").map(|gate| self::gate(gate.as_table().unwrap()));
            if let Some(Value::Table(settings)) = table.remove("default") {
                table.extend(settings);
            } else if table.is_empty() {
                continue;
            }
        }
        config.mocks.push(mock(file, if home { "default" } else { stem }, &table));
    }
    config
}

fn gate(table: &Table) -> Gate {
    let conditions = |key| table.get(key).map(|when| when_all(when.as_table().unwrap())).unwrap_or_default();
    Gate {
        closed: table.get("default").and_then(Value::as_str) == Some("real"),
        real_when: conditions("real_when"),
        mock_when: conditions("mock_when"),
    }
}

fn mock(file: &str, name: &str, table: &Table) -> Mock {
    let base = |base: &Value| text(base).trim_start_matches('/').split('/').map(str::to_owned).collect();
    let scope = match table.get("server_stub_scope").and_then(Value::as_str) {
        Some("all") => Scope::All,
        _ => Scope::Mocked,
    };
    Mock {
        file: file.into(),
        name: table.get("name").map_or_else(|| name.into(), text),
        hosts: list(table.get("hosts")).iter().map(text).collect(),
        base: table.get("base_path").map(base).unwrap_or_default(),
        upstream: table.contains_key("upstream"),
        cors: table.get("cors").and_then(Value::as_bool) != Some(false),
        private: table.contains_key("access"),
        server_stub: table.get("active_server_stub").map(|_| scope),
        stubs: list(table.get("stub")).iter().map(|stub| self::stub(stub.as_table().unwrap())).collect(),
    }
}

fn stub(table: &Table) -> Stub {
    let line = text(&table["match"]);
    let (method, target) = line.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pair = |pair: &str| pair.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
    let scenarios = list(table.get("scenario"));
    let short = scenarios.is_empty();
    let tables = if short { vec![table] } else { scenarios.iter().map(|one| one.as_table().unwrap()).collect() };
    Stub {
        name: text(&table["name"]),
        method: method.into(),
        path: path[1..].split('/').map(segment).collect(),
        query: query.split('&').filter_map(pair).collect(),
        short,
        scenarios: tables.iter().enumerate().map(|(i, one)| scenario(one, i, short)).collect(),
    }
}

fn segment(text: &str) -> Segment {
    match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        Some(name) => match name.strip_suffix("...") {
            Some(name) => Segment::Rest(name.into()),
            None => Segment::Parameter(name.into()),
        },
        None if text == "*" => Segment::Star,
        None => Segment::Literal(text.into()),
    }
}

fn scenario(table: &Table, index: usize, short: bool) -> Scenario {
    let when = table.get("when").map(|when| self::when(when.as_table().unwrap()));
    let default = if when.is_none() { "default".into() } else { (index + 1).to_string() };
    Scenario {
        name: table.get("name").filter(|_| !short).map_or(default, text),
        id: table.get("id").map(text),
        when: when.unwrap_or_default(),
        status: table.get("status").and_then(Value::as_integer).map_or(200, |status| status as u16),
    }
}

fn when(table: &Table) -> When {
    let branches = list(table.get("any"));
    When { all: when_all(table), any: branches.iter().map(|branch| when_all(branch.as_table().unwrap())).collect() }
}

fn when_all(table: &Table) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for (key, value) in table.iter().filter(|(key, _)| *key != "any") {
        let places = [
            Place::Path,
            Place::Query,
            Place::Header,
            Place::Cookie,
            Place::Form,
            Place::Json,
            Place::Body,
            Place::Target,
        ];
        let place = places.into_iter().find(|place| place.key() == key).unwrap();
        match value.as_table() {
            // A gate's `path`, and `body`, have operators where others have names.
            Some(names)
                if !matches!(place, Place::Body | Place::Target)
                    && !names.keys().any(|name| OPERATORS.contains(&name.as_str())) =>
            {
                let of = |(name, value): (&String, &Value)| Condition { place, name: name.clone(), test: test(value) };
                conditions.extend(names.iter().map(of));
            }
            _ => conditions.push(Condition { place, name: String::new(), test: test(value) }),
        }
    }
    conditions
}

const OPERATORS: [&str; 15] = [
    "eq", "ne", "gt", "ge", "lt", "le", "in", "contains", "prefix", "suffix", "re", "present", "absent", "subset",
    "not",
];

fn test(value: &Value) -> Test {
    match value {
        Value::Table(operators) => Test::Table(self::operators(operators)),
        scalar => Test::Is(operand(scalar)),
    }
}

fn operators(table: &Table) -> Vec<Operator> {
    let operator = |(key, value): (&String, &Value)| match key.as_str() {
        "eq" => Operator::Eq(operand(value)),
        "ne" => Operator::Ne(operand(value)),
        "gt" => Operator::Gt(operand(value)),
        "ge" => Operator::Ge(operand(value)),
        "lt" => Operator::Lt(operand(value)),
        "le" => Operator::Le(operand(value)),
        "in" => Operator::In(list(Some(value)).iter().map(operand).collect()),
        "contains" => Operator::Contains(operand(value)),
        "prefix" => Operator::Prefix(text(value)),
        "suffix" => Operator::Suffix(text(value)),
        "re" => Operator::Re(text(value)),
        "present" => Operator::Present,
        "absent" => Operator::Absent,
        "subset" => Operator::Subset(operand(value)),
        "not" => Operator::Not(operators(value.as_table().unwrap())),
        other => panic!("no operator {other}"),
    };
    table.iter().map(operator).collect()
}

fn operand(value: &Value) -> Operand {
    match value {
        Value::String(text) => Operand::Text(text.clone()),
        Value::Integer(number) => Operand::Number(number.to_string()),
        Value::Float(number) => Operand::Number(format!("{number:?}")),
        Value::Boolean(value) => Operand::Bool(*value),
        Value::Array(items) => Operand::List(items.iter().map(operand).collect()),
        Value::Table(members) => {
            Operand::Table(members.iter().map(|(key, value)| (key.clone(), operand(value))).collect())
        }
        Value::Datetime(_) => panic!("no date stands in a condition"),
    }
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
