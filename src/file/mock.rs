//! A file under `mocks`: one mock with its settings, server stubs and stubs.

use std::borrow::Cow;
use std::collections::HashMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::Spanned;
use toml::de::DeValue;

use super::leaf::{List, Named, OneOrMany, ServerStubScope, Span, Status, Text, Value};
use super::read::{At, Read, Reader, keys, read_table};
use super::when::WhenTable;
use crate::problem::{Code, Place, Problem};

keys! {
    /// One mock: a named set of stubs with its own settings.
    MockFile "a mock file" {
        /// Named 5xx answers that can be activated for the whole mock or used by a scenario.
        server_stub: List<ServerStubTable>,
        /// Endpoint stubs.
        stub: List<StubTable>,
    }
    flat {
        /// The settings of the mock.
        settings: MockTable,
    }
    later [
        "url", "limit", "matching", "closest", "environment", "environments", "release", "releases", "postman",
        "openapi", "owner", "record", "seed",
    ]
}

keys! {
    /// The settings of a mock.
    MockTable "the mock's settings (the top of its file; [default] in standin.toml)" {
        /// The name. Default: the file's stem.
        name: Text,
    }
    flat {
        /// What the mock `default` has too.
        common: DefaultTable,
    }
}

keys! {
    /// The settings of the mock `default`, whose stubs stand in standin.toml.
    DefaultTable "[default]" {
        /// Only these hosts: exact, or "*.x". Default: every host.
        hosts: List<Text>,
        /// A path that all stubs lie below, at a segment border.
        base_path: Text,
        /// Where this mock's calls go that no stub answers. Default: the proxy's upstream.
        upstream: Text,
        /// A delay for every answer of the mock.
        delay: DelayValue,
        /// Whether Standin answers preflights and adds CORS headers. Default: true.
        cors: CorsValue,
        /// Who may use the mock. Default: everybody.
        access: AccessTable,
        /// The server stub that answers for the mock. Absent: none.
        active_server_stub: Text,
        /// Which calls an active server stub answers. Default: "mocked".
        server_stub_scope: ServerStubScope,
        /// Whether `x-mock-response-*` headers choose the answer. Default: "on".
        selectors: SelectorsValue,
    }
    later [
        "url", "limit", "matching", "closest", "environment", "environments", "release", "releases", "postman",
        "openapi", "owner", "seed",
    ]
    unknown unknown_in_default
}

fn unknown_in_default(key: &str, place: Place, _: &Spanned<DeValue<'_>>, reader: &mut Reader<'_>) {
    if key == "name" {
        reader.problems.push(
            Problem::at(Code::ReservedName, place, "the mock of standin.toml is always called `default`")
                .label("it has no other name")
                .help("move its stubs into a file under `mocks` to give the mock a name of its own"),
        );
    } else {
        super::read::unknown_key::<DefaultTable>(key, place, reader);
    }
}

keys! {
    /// A named 5xx answer.
    ServerStubTable "[[server_stub]]" {
        /// The name.
        name: Text,
        /// A delay before the answer.
        delay: DelayValue,
    }
    flat {
        /// The response.
        response: ResponseKeys,
    }
    required ["name", "status"]
    later ["template", "fault", "throttle"]
}

keys! {
    /// An endpoint stub: method and path, with scenarios or, in the short form, one response.
    StubTable "[[stub]]" {
        /// The name. Default: made from `match`.
        name: Text,
        /// `METHOD /path/{param}/{rest...}?key=value`; `ANY` for any method, `*` for one anonymous segment.
        r#match = "match": Text,
        /// A delay for every scenario of the stub.
        delay: DelayValue,
        /// The ways in which the stub answers.
        scenario: List<ScenarioTable>,
    }
    flat {
        /// Its only scenario, in the short form.
        short: ShortKeys,
    }
    required ["match"]
    later [
        "stage", "owner", "expires", "share", "fallback", "shadow", "capacity", "sequence", "example", "then", "seed",
        "template", "fault", "throttle", "record",
    ]
}

keys! {
    /// What a scenario has beside its name and delay.
    ShortKeys "[[stub]]" {
        /// What `x-mock-response-id` names. Default: "stub/scenario".
        id: Text,
        /// Conditions, all of which must hold.
        when: WhenTable,
        /// A server stub that answers in place of status and body.
        server_stub: Text,
    }
    flat {
        /// The response.
        response: ResponseKeys,
    }
}

keys! {
    /// One way in which a stub answers.
    ScenarioTable "[[stub.scenario]]" {
        /// The name. Default: "default" without conditions, else the position from 1.
        name: Text,
        /// A delay before the answer; beats that of the stub and the mock.
        delay: DelayValue,
    }
    flat {
        /// Conditions and response.
        short: ShortKeys,
    }
    later ["template", "fault", "throttle", "sequence", "then", "share", "capacity", "seed"]
}

keys! {
    /// A response: status, headers and one body.
    ResponseKeys "a response" {
        /// 200 to 599. Default: 200.
        status: Status,
        /// Header fields; a repeated one is an array.
        headers: HeaderMap,
        /// A JSON body, written as a TOML value.
        json: Value,
        /// A text body.
        body: Text,
        /// What `body` or `file` is: "json", "text", "html", "xml" or a media type.
        r#type = "type": Text,
        /// A body file.
        file: Text,
        /// A binary body in base64.
        base64: Text,
    }
}

keys! {
    /// Who may use a mock.
    AccessTable "access" {
        /// Whether a key is needed.
        private: bool,
        /// The keys, each `{ env = "NAME" }` or `{ file = "PATH" }`.
        keys: List<SecretValue>,
        /// The header that carries the key. Default: "x-api-key".
        header: Text,
        /// Whether forwarded calls need a key too. Default: false.
        forwarded: bool,
    }
}

keys! {
    /// Where a secret comes from.
    SecretTable "a secret" {
        /// An environment variable.
        env: Text,
        /// A file; the line end at its end does not count.
        file: Text,
    }
}

/// A secret: never the secret itself.
#[derive(Clone, Debug)]
pub struct SecretValue(pub SecretTable);

impl Read for SecretValue {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        if value.get_ref().is_str() {
            let place = reader.place(value.span());
            return reader.fail(
                Problem::at(Code::PlainSecret, place, "a secret does not stand in a configuration file")
                    .label("name where it comes from")
                    .help("write `{ env = \"NAME\" }` or `{ file = \"PATH\" }`"),
            );
        }
        read_table(value, reader).map(SecretValue)
    }
}

impl JsonSchema for SecretValue {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<SecretTable>()
    }
}

keys! {
    /// Cross-origin access.
    CorsTable "cors" {
        /// The origins that may read answers.
        origins: List<Text>,
        /// Whether they may send cookies. Default: false.
        credentials: bool,
    }
    required ["origins"]
}

/// `true`, `false`, or a table.
#[derive(Clone, Debug)]
pub enum CorsValue {
    /// On for everybody, or off.
    Switch(bool),
    /// On for some.
    Table(CorsTable),
}

impl Read for CorsValue {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.get_ref() {
            DeValue::Boolean(on) => Some(CorsValue::Switch(*on)),
            DeValue::Table(_) => read_table(value, reader).map(CorsValue::Table),
            _ => reader.wrong_type(&value, "`true`, `false` or `{ origins = [..], credentials = true }`"),
        }
    }
}

impl JsonSchema for CorsValue {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Cors".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<CorsTable>();
        json_schema!({ "anyOf": [{ "type": "boolean" }, table] })
    }
}

keys! {
    /// Who may choose answers.
    TrustTable "selectors" {
        /// Ranges of addresses of the socket's peer, such as "10.0.0.0/8".
        trust: List<Text>,
    }
    required ["trust"]
}

/// `"on"`, `"off"`, or a table.
#[derive(Clone, Debug)]
pub enum SelectorsValue {
    /// For everybody, or for nobody.
    Switch(bool),
    /// For callers in some ranges.
    Table(TrustTable),
}

impl Read for SelectorsValue {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        if value.get_ref().is_table() {
            return read_table(value, reader).map(SelectorsValue::Table);
        }
        super::leaf::word(&value, &[("on", true), ("off", false)], &[], reader).map(SelectorsValue::Switch)
    }
}

impl JsonSchema for SelectorsValue {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Selectors".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<TrustTable>();
        json_schema!({ "anyOf": [{ "enum": ["on", "off"] }, table] })
    }
}

keys! {
    /// A delay drawn evenly from a range.
    DelayTable "delay" {
        /// The shortest.
        min: Span,
        /// The longest.
        max: Span,
    }
    required ["min", "max"]
    later ["p50", "p90", "p99", "p999", "median", "sigma", "mean", "seed"]
}

/// A duration, a preset, or a range.
#[derive(Clone, Debug)]
pub enum DelayValue {
    /// Always as long.
    Fixed(Span),
    /// Drawn from a range.
    Range(DelayTable),
}

/// Postman's presets: reference, section 7.
const PRESETS: &[(&str, u64)] = &[("2g", 300), ("3g", 100)];

impl Read for DelayValue {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        if let Some(preset) = value.get_ref().as_str().and_then(|text| PRESETS.iter().find(|(name, _)| *name == text)) {
            return Some(DelayValue::Fixed(Span(std::time::Duration::from_millis(preset.1))));
        }
        if value.get_ref().is_table() {
            return read_table(value, reader).map(DelayValue::Range);
        }
        Span::read(value, reader).map(DelayValue::Fixed)
    }
}

impl JsonSchema for DelayValue {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Delay".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let fixed = generator.subschema_for::<Span>();
        let range = generator.subschema_for::<DelayTable>();
        json_schema!({ "anyOf": [{ "enum": ["2g", "3g"] }, fixed, range] })
    }
}

/// Header fields with the places of their names.
#[derive(Clone, Debug)]
pub struct HeaderMap(pub Vec<(At<String>, OneOrMany<HeaderText>)>);

/// A header value: text, or a scalar that has a text.
#[derive(Clone, Debug)]
pub struct HeaderText(pub String);

impl Read for HeaderText {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.get_ref() {
            DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) => {
                Value::read(value, reader)?.text.map(HeaderText)
            }
            _ => {
                let help = "write it in quotes; several values of one header stand in an array".to_owned();
                reader.wrong_type_with(&value, "a header value", Some(help))
            }
        }
    }
}

impl JsonSchema for HeaderText {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "HeaderText".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}

impl Read for HeaderMap {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        if !value.get_ref().is_table() {
            let help = "write `headers = { name = \"value\" }`".to_owned();
            return reader.wrong_type_with(&value, "a table of header fields", Some(help));
        }
        let DeValue::Table(table) = value.into_inner() else { return None };
        let mut seen: HashMap<String, Place> = HashMap::new();
        let mut out = Vec::new();
        for (key, value) in table {
            let place = reader.place(key.span());
            let name = key.into_inner().into_owned();
            if let Some(first) = seen.get(&name.to_ascii_lowercase()) {
                reader.problems.push(
                    Problem::at(Code::HeaderTwice, place, format!("the header `{name}` stands twice"))
                        .label("the same header, spelled otherwise")
                        .also(*first, "first here")
                        .help("header names ignore case; for several values write one array"),
                );
                continue;
            }
            seen.insert(name.to_ascii_lowercase(), place);
            if let DeValue::Table(inner) = value.get_ref()
                && let Some(key) = inner.keys().next()
            {
                let end = reader.place(key.span()).end;
                let dotted = format!("{name}.{}", key.get_ref());
                reader.problems.push(dotted_key(Place { end, ..place }, &name, &dotted));
                continue;
            }
            if let Some(values) = OneOrMany::read(value, reader) {
                out.push((At { value: name, place }, values));
            }
        }
        Some(HeaderMap(out))
    }
}

/// The report for a name with a dot that was not quoted.
pub(super) fn dotted_key(place: Place, name: &str, dotted: &str) -> Problem {
    Problem::at(Code::DottedKey, place, format!("TOML made a table `{name}` of a name with a dot"))
        .label("TOML splits a bare key at its dots")
        .help(format!("put the whole name in quotes: \"{dotted}\""))
}

impl JsonSchema for HeaderMap {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Headers".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Named<OneOrMany<HeaderText>>>()
    }
}
