//! Postman's matching: the worked vectors and edge cases of its published rules, and an oracle that follows their text.

mod edges;
mod filters;
mod generate;
mod mixed;
mod naive;
mod property;
mod selectors;
mod served;
mod vectors;

use std::fmt;

use standin::stubs::table::Table;

use crate::oracle::facts::Request;
use crate::oracle::naive::{Kind, Reading};
use crate::oracle::product;

/// A mock of saved examples, as the text of its file.
pub struct Mock(Table);

/// A mock file `mocks/m.toml` with Postman's matching and these keys and stubs.
pub fn mock(text: &str) -> Mock {
    let files = [
        ("standin.toml".to_owned(), "mocks = [\"mocks/*.toml\"]\n".to_owned()),
        ("mocks/m.toml".to_owned(), format!("matching = \"postman\"\n{text}")),
    ];
    Mock(product::load(&files).unwrap_or_else(|(_, report)| panic!("{report}")))
}

/// A mock of stubs without conditions, by their `match`; each is named after it.
pub fn stubs(keys: &str, lines: &[&str]) -> Mock {
    let stubs = lines.iter().map(|line| format!("[[stub]]\nname = {line:?}\nmatch = {line:?}\n"));
    mock(&format!("{keys}\n{}", stubs.collect::<String>()))
}

/// A request in the making.
#[derive(Clone)]
pub struct Ask<'m>(&'m Mock, Request);

impl Mock {
    /// A request without headers and body: `GET /a?b=c`.
    pub fn ask(&self, line: &str) -> Ask<'_> {
        let (method, target) = line.split_once(' ').unwrap();
        let (method, target) = (method.to_owned(), target.to_owned());
        Ask(self, Request { method, target, headers: Vec::new(), body: String::new() })
    }

    /// What answers such a request.
    pub fn get(&self, line: &str) -> String {
        self.ask(line).answer()
    }
}

impl Ask<'_> {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.1.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn body(mut self, body: &str) -> Self {
        self.1.body = body.to_owned();
        self
    }

    /// The name of the stub that answers, with that of its scenario where it was given one; else what becomes of it.
    pub fn answer(&self) -> String {
        Answer(self.decide(Reading::Whole)).to_string()
    }

    /// The same as long as nobody has read the body.
    pub fn unread(&self) -> String {
        Answer(self.decide(Reading::Unread)).to_string()
    }

    fn decide(&self, reading: Reading) -> Kind {
        product::decide(&self.0.0, &self.1, reading).unwrap().kind
    }
}

struct Answer(Kind);

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Scenario { stub, scenario } if ["default", "1"].contains(&scenario.as_str()) => f.write_str(stub),
            Kind::Scenario { stub, scenario } => write!(f, "{stub}/{scenario}"),
            kind => write!(f, "{kind:?}"),
        }
    }
}
