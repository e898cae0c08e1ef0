//! Turns a sketch into a request, by what the aimed scenario asks for.

use serde_json::{Value, json};

use super::facts::Request;
use super::model::{Condition, Config, Mock, Operand, Operator, Place, Scenario, Segment, Stub, Test};
use super::sketch::{Aim, Body, Selector, Sketch, Spelling};

/// A request in the making.
struct Draft {
    method: String,
    host: Option<String>,
    path: Vec<String>,
    query: Vec<String>,
    headers: Vec<(String, String)>,
    cookies: Vec<String>,
    json: Value,
    form: Vec<String>,
    body: Body,
}

impl Sketch {
    /// The request.
    pub fn request(&self, config: &Config) -> Request {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let mut draft = Draft {
            method: self.method.into(),
            host: self.host.map(str::to_owned),
            path: owned(&self.path),
            query: owned(&self.query),
            headers: self.headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            cookies: owned(&self.cookies),
            json: self.json.clone(),
            form: owned(&self.form),
            body: self.body,
        };
        let aimed = self.aim.as_ref().and_then(|aim| aim.target(config));
        if let (Some((mock, stub, scenario)), Some(aim)) = (aimed, &self.aim) {
            draft.aim(aim, mock, stub, scenario);
        }
        let at = self.at.index(draft.path.len().max(1));
        spell(&mut draft.path, self.spelling, at);
        if self.preflight {
            let wanted = std::mem::replace(&mut draft.method, "OPTIONS".into());
            draft.header("Origin", "http://o");
            draft.header("Access-Control-Request-Method", &wanted);
        }
        let selectors = &self.selectors;
        let of = aimed.map(|(_, stub, scenario)| (stub, scenario));
        let id = |(stub, scenario): (&Stub, &Scenario)| {
            scenario.id.clone().unwrap_or_else(|| format!("{}/{}", stub.name, scenario.name))
        };
        draft.select("x-mock-response-code", selectors.code, of.map(|(_, scenario)| scenario.status.to_string()));
        draft.select("x-mock-response-id", selectors.id, of.map(id));
        draft.select("x-mock-response-name", selectors.name, of.map(|(_, scenario)| scenario.name.clone()));
        if let Some(key) = self.key {
            draft.header("X-Api-Key", key);
        }
        draft.finish(self.content_type)
    }
}

impl Aim {
    fn target<'a>(&self, config: &'a Config) -> Option<(&'a Mock, &'a Stub, &'a Scenario)> {
        let mocks: Vec<&Mock> = config.mocks.iter().filter(|mock| !mock.stubs.is_empty()).collect();
        if mocks.is_empty() {
            return None;
        }
        let mock = *self.mock.get(&mocks);
        let stub = self.stub.get(&mock.stubs);
        Some((mock, stub, self.scenario.get(&stub.scenarios)))
    }
}

impl Draft {
    fn aim(&mut self, aim: &Aim, mock: &Mock, stub: &Stub, scenario: &Scenario) {
        match stub.method.as_str() {
            "ANY" => {}
            "GET" if aim.askew => self.method = "HEAD".into(),
            method => self.method = method.into(),
        }
        if let Some(host) = mock.hosts.first() {
            self.host = Some(host.replace('*', "q"));
        }
        let noise = std::mem::take(&mut self.path);
        self.path.extend(mock.base.iter().cloned());
        for (i, segment) in stub.path.iter().enumerate() {
            let fill = noise.get(i).filter(|text| !text.is_empty()).cloned().unwrap_or("a".into());
            self.path.push(match segment {
                Segment::Literal(text) => encoded(text, ""),
                Segment::Parameter(_) | Segment::Star => fill,
                Segment::Rest(_) => noise.get(i..).unwrap_or(&[]).join("/"),
            });
        }
        self.query.extend(stub.query.iter().map(|(key, value)| format!("{key}={value}")));
        let branch = if scenario.when.any.is_empty() { &[][..] } else { aim.branch.get(&scenario.when.any) };
        for condition in scenario.when.all.iter().chain(branch) {
            if let Some(operand) = witness(&condition.test) {
                self.suit(condition, &operand, mock.base.len(), stub, aim.askew);
            }
        }
    }

    fn suit(&mut self, condition: &Condition, operand: &Operand, base: usize, stub: &Stub, askew: bool) {
        let name = &condition.name;
        match condition.place {
            Place::Path => {
                let position = stub.path.iter().position(|segment| match segment {
                    Segment::Parameter(parameter) | Segment::Rest(parameter) => parameter == name,
                    Segment::Literal(_) | Segment::Star => false,
                });
                self.path[base + position.unwrap()] = encoded(&operand.text(), "");
            }
            Place::Query => self.query.push(format!("{name}={}", form_encoded(&operand.text()))),
            Place::Header => self.headers.push((name.to_uppercase(), operand.text())),
            Place::Cookie => self.cookies.push(format!("{name}={}", operand.text())),
            Place::Form => {
                self.form.push(format!("{name}={}", form_encoded(&operand.text())));
                self.body = Body::Form;
            }
            Place::Json => {
                let value = match &condition.test {
                    Test::Table(operators) => surrounded(operand.json(), operators, askew),
                    Test::Is(_) => operand.json(),
                };
                put(&mut self.json, name, value);
                self.body = Body::Json;
            }
            Place::Body => self.body = Body::Text("ab 1"),
            // It is what the path and the query make of it.
            Place::Target => {}
        }
    }

    fn header(&mut self, name: &str, value: &str) {
        self.headers.push((name.into(), value.into()));
    }

    fn select(&mut self, name: &str, selector: Selector, aimed: Option<String>) {
        match (selector, aimed) {
            (Selector::Text(text), _) => self.header(name, text),
            (Selector::Aimed, Some(text)) => self.header(name, &text),
            (Selector::Aimed, None) | (Selector::None, _) => {}
        }
    }

    fn finish(mut self, content_type: Option<&str>) -> Request {
        let mut target = format!("/{}", self.path.join("/"));
        if !self.query.is_empty() {
            target = format!("{target}?{}", self.query.join("&"));
        }
        if let Some(host) = self.host.take() {
            self.header("Host", &host);
        }
        if let [first, rest @ ..] = self.cookies.clone().as_slice() {
            // One line for the first cookie and one for the others: both count.
            self.header("Cookie", first);
            if !rest.is_empty() {
                self.header("cookie", &rest.join("; "));
            }
        }
        let (natural, body) = match self.body {
            Body::Json => ("application/json", self.json.to_string()),
            Body::Form => ("application/x-www-form-urlencoded", self.form.join("&")),
            Body::Text(text) => ("text/plain", text.to_owned()),
        };
        if let Some(media) = content_type {
            // A form needs its own type or none; the sketch's type is right for it often enough only this way.
            let media = if matches!(self.body, Body::Form) && media == "application/json" { natural } else { media };
            self.header("Content-Type", media);
        }
        Request { method: self.method, target, headers: self.headers, body }
    }
}

/// A value that the test holds for, where it names one.
fn witness(test: &Test) -> Option<Operand> {
    let number =
        |operand: &Operand, by: f64| Operand::Number(format!("{:?}", operand.text().parse::<f64>().unwrap() + by));
    match test {
        Test::Is(operand) => Some(operand.clone()),
        Test::Table(operators) => operators.iter().find_map(|operator| match operator {
            Operator::Eq(operand) | Operator::Contains(operand) | Operator::Subset(operand) => Some(operand.clone()),
            Operator::In(list) => list.last().cloned(),
            Operator::Gt(operand) | Operator::Ge(operand) => Some(number(operand, 0.75)),
            Operator::Lt(operand) | Operator::Le(operand) => Some(number(operand, -0.5)),
            Operator::Prefix(text) => Some(Operand::Text(format!("{text}b"))),
            Operator::Suffix(text) => Some(Operand::Text(format!("a{text}"))),
            Operator::Re(_) => Some(Operand::Text("ab1".into())),
            Operator::Present => Some(Operand::Text("a".into())),
            Operator::Ne(_) | Operator::Absent | Operator::Not(_) => None,
        }),
    }
}

/// The value among others, for operators that look inside; `askew` turns arrays round.
fn surrounded(value: Value, operators: &[Operator], askew: bool) -> Value {
    let looks_inside = |operator: &Operator| matches!(operator, Operator::Contains(_) | Operator::Subset(_));
    match value {
        _ if !operators.iter().any(looks_inside) => value,
        Value::Array(mut elements) => {
            elements.insert(elements.len() / 2, json!(null));
            if askew {
                elements.reverse();
            }
            elements.into()
        }
        Value::Object(mut members) => {
            if let Some((_, inner)) = members.iter_mut().next() {
                *inner = surrounded(inner.take(), operators, askew);
            }
            members.insert("z".into(), json!(1));
            members.into()
        }
        scalar if askew => json!([null, scalar]),
        scalar => scalar,
    }
}

/// Puts a value where one of the known paths looks.
fn put(root: &mut Value, path: &str, value: Value) {
    if path == "$" {
        *root = value;
        return;
    }
    if !root.is_object() {
        *root = json!({});
    }
    match path {
        "$.a" | "$['a']" | "$..a" => root["a"] = value,
        "$.b" => root["b"] = value,
        "$.l" => root["l"] = value,
        "$.l[*]" => root["l"] = json!([null, value]),
        "$.l[0]" => root["l"] = json!([value]),
        "$.a.b" => root["a"] = json!({ "b": value }),
        other => unreachable!("{other} is none of the paths that are generated"),
    }
}

fn spell(path: &mut Vec<String>, spelling: Spelling, at: usize) {
    match spelling {
        Spelling::Plain => {}
        Spelling::Encoded => {
            if let Some(segment) = path.get_mut(at).filter(|segment| !segment.contains('%')) {
                *segment = encoded(segment, &segment.chars().take(1).collect::<String>());
            }
        }
        Spelling::Doubled if at < path.len() => path.insert(at, String::new()),
        Spelling::Dot if at < path.len() => path.insert(at, "%2E".into()),
        Spelling::DotDot if at < path.len() => drop(path.splice(at..at, ["z".into(), "..".into()])),
        Spelling::Doubled | Spelling::Dot | Spelling::DotDot => path.push(".".into()),
        Spelling::SlashAdded => path.push(String::new()),
        Spelling::SlashTaken => drop(path.pop()),
        Spelling::Upper => path.iter_mut().for_each(|segment| *segment = segment.to_uppercase()),
    }
}

/// Percent-encoded where it must be, and where `also` asks for it.
fn encoded(text: &str, also: &str) -> String {
    let plain =
        |byte: u8| (byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)) && !also.as_bytes().contains(&byte);
    text.bytes().map(|byte| if plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn form_encoded(text: &str) -> String {
    encoded(text, "").replace("%20", "+")
}
