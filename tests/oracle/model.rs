//! A configuration as plain values.
//!
//! These types are the oracle's own: nothing of the product's reading of files is used on this side, so a slip there
//! cannot hide a slip in matching.

/// A whole configuration.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Whether `[proxy]` names an upstream.
    pub upstream: bool,
    pub gate: Option<Gate>,
    pub mocks: Vec<Mock>,
}

#[derive(Clone, Debug)]
pub struct Gate {
    /// `default = "real"`.
    pub closed: bool,
    pub real_when: Vec<Condition>,
    pub mock_when: Vec<Condition>,
}

#[derive(Clone, Debug)]
pub struct Mock {
    /// `standin.toml` or `mocks/NAME.toml`.
    pub file: String,
    pub name: String,
    pub hosts: Vec<String>,
    /// The segments of `base_path`; none where it is absent.
    pub base: Vec<String>,
    pub upstream: bool,
    pub cors: bool,
    /// Private mocks take the key [`KEY`].
    pub private: bool,
    pub server_stub: Option<Scope>,
    pub stubs: Vec<Stub>,
}

/// The key of every private mock, and the variable that holds it.
pub const KEY: (&str, &str) = ("ORACLE_KEY", "sesame");

/// `server_stub_scope` of an active server stub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Mocked,
    All,
}

#[derive(Clone, Debug)]
pub struct Stub {
    pub name: String,
    pub method: String,
    /// The template without the mock's base path; a last empty literal is a trailing slash.
    pub path: Vec<Segment>,
    pub query: Vec<(String, String)>,
    /// Written without `[[stub.scenario]]`; there is exactly one scenario then.
    pub short: bool,
    pub scenarios: Vec<Scenario>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    Literal(String),
    Parameter(String),
    Star,
    Rest(String),
}

#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: String,
    /// `id`, where the default does not do.
    pub id: Option<String>,
    pub when: When,
    pub status: u16,
}

#[derive(Clone, Debug, Default)]
pub struct When {
    pub all: Vec<Condition>,
    /// The branches of `any`; none where there is no `any`.
    pub any: Vec<Vec<Condition>>,
}

#[derive(Clone, Debug)]
pub struct Condition {
    pub place: Place,
    /// Empty for `body`, and for the `path` of a gate.
    pub name: String,
    pub test: Test,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    Path,
    Query,
    Header,
    Cookie,
    Form,
    Json,
    Body,
    Target,
}

#[derive(Clone, Debug)]
pub enum Test {
    /// A scalar in place of a table.
    Is(Operand),
    Table(Vec<Operator>),
}

#[derive(Clone, Debug)]
pub enum Operator {
    Eq(Operand),
    Ne(Operand),
    Gt(Operand),
    Ge(Operand),
    Lt(Operand),
    Le(Operand),
    In(Vec<Operand>),
    Contains(Operand),
    Prefix(String),
    Suffix(String),
    Re(String),
    Present,
    Absent,
    Subset(Operand),
    Not(Vec<Operator>),
}

/// A TOML value; numbers keep the text that they have in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    Text(String),
    Number(String),
    Bool(bool),
    List(Vec<Operand>),
    Table(Vec<(String, Operand)>),
}
