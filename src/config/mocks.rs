//! From mock files to the mocks, stubs and scenarios that run.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::conditions::{self, Compiled};
use super::lint::Origins;
use super::names::{self, Given};
use super::response::{self, Bodies, Statuses, exclusive};
use super::{Context, MockSource};
use crate::file::leaf::{List, ServerStubScope};
use crate::file::read::At;
use crate::file::{
    AccessTable, CorsTable, CorsValue, DefaultTable, DelayTable, DelayValue, MockFile, MockTable, ScenarioTable,
    SecretTable, SecretValue, SelectorsValue, ServerStubTable, ShortKeys, StubTable, TrustTable,
};
use crate::problem::{Code, Place, Problem, nearest};
use crate::stubs::answer::Answer;
use crate::stubs::cors::Cors;
use crate::stubs::delay::Delay;
use crate::stubs::marker::Marker;
use crate::stubs::path::{Template, TemplateFault};
use crate::stubs::rank::ScenarioRank;
use crate::stubs::scenario::{Access, HostPattern, Key, Mock, Scenario, Scope, Selectors, ServerStub, Stub};
use crate::stubs::table::Parts;

/// The name of the mock whose stubs stand in standin.toml.
pub const DEFAULT: &str = "default";

/// What other tools call `match`.
const OTHER_WORDS: &[&str] = &["request", "method", "path", "url", "urlPath", "urlPattern", "route", "endpoint"];

/// One mock to compile.
pub struct MockDraft {
    pub name: At<String>,
    pub settings: DefaultTable,
    /// Where the table of the settings begins.
    pub table: Place,
    pub server_stubs: Option<At<List<ServerStubTable>>>,
    pub stubs: Option<At<List<StubTable>>>,
    /// The directory of the file that it stands in.
    pub directory: PathBuf,
}

/// Gathers all mocks in file order: that of standin.toml first, if it has anything.
pub fn drafts(
    default: Option<At<DefaultTable>>,
    server_stubs: Option<At<List<ServerStubTable>>>,
    stubs: Option<At<List<StubTable>>>,
    directory: &Path,
    files: Vec<MockSource>,
    cx: &mut Context<'_>,
) -> Vec<MockDraft> {
    let mut out = Vec::new();
    let place =
        [default.as_ref().map(|v| v.place), server_stubs.as_ref().map(|v| v.place), stubs.as_ref().map(|v| v.place)]
            .into_iter()
            .flatten()
            .next();
    if let Some(place) = place {
        let settings = default.map(|table| table.value).unwrap_or_default();
        let name = At { value: DEFAULT.to_owned(), place };
        out.push(MockDraft { name, settings, table: place, server_stubs, stubs, directory: directory.to_owned() });
    }
    for MockSource { file, source, path } in files {
        let MockFile { server_stub, stub, settings: MockTable { name, common } } = file;
        let name = match name {
            Some(name) => At { value: names::checked(&name, cx), place: name.place },
            None => At {
                value: path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(),
                place: Place { source, start: 0, end: 0 },
            },
        };
        if name.value == DEFAULT {
            cx.report(
                Problem::at(Code::ReservedName, name.place, "the name `default` belongs to the mock of standin.toml")
                    .help("give this mock a `name` of its own"),
            );
        }
        let directory = path.parent().unwrap_or(Path::new("")).to_owned();
        let table = Place { source, start: 0, end: 0 };
        out.push(MockDraft { name, settings: common, table, server_stubs: server_stub, stubs: stub, directory });
    }
    out
}

/// Compiles mocks, one after the other, into the parts of a table.
pub struct Compiler<'a, 'c> {
    pub cx: &'a mut Context<'c>,
    pub parts: Parts,
    pub origins: Origins,
    /// The directory that `[proxy] files` names.
    pub files: Option<PathBuf>,
    /// Finds the upstream of a name or URL.
    pub resolve: &'a mut dyn FnMut(&At<String>, &mut Context<'_>) -> Option<crate::stubs::scenario::Destination>,
    /// Header names that carry keys, for redaction.
    pub key_headers: Vec<Box<str>>,
    /// The longest delay.
    pub delay_cap: std::time::Duration,
    mocks: Given,
    /// The directory that secrets' files are relative to: that of the file which names them.
    beside: PathBuf,
}

/// What stubs and scenarios inherit from their mock.
struct Inherited {
    number: u32,
    name: Arc<str>,
    base: Option<Template>,
    server_stubs: HashMap<String, Arc<ServerStub>>,
    names: Given,
    directory: PathBuf,
}

/// What scenarios inherit from their stub.
struct OfStub<'s> {
    name: Arc<str>,
    path: &'s Template,
    query: &'s Compiled,
    /// Whether no other stub has its name.
    fresh: bool,
    delay: Option<Delay>,
}

impl<'a, 'c> Compiler<'a, 'c> {
    pub fn new(
        cx: &'a mut Context<'c>,
        files: Option<PathBuf>,
        delay_cap: std::time::Duration,
        resolve: &'a mut dyn FnMut(&At<String>, &mut Context<'_>) -> Option<crate::stubs::scenario::Destination>,
    ) -> Self {
        Compiler {
            cx,
            parts: Parts::default(),
            origins: Origins::default(),
            files,
            resolve,
            key_headers: Vec::new(),
            delay_cap,
            mocks: Given::default(),
            beside: PathBuf::new(),
        }
    }

    pub fn mock(&mut self, draft: MockDraft) {
        let MockDraft { name, settings, table, server_stubs, stubs, directory } = draft;
        // The reserved name was reported; that it is taken follows from it.
        if name.value != DEFAULT || self.parts.mocks.is_empty() {
            self.mocks.take("mock", &name.value, name.place, false, self.cx);
        }
        let number = self.parts.mocks.len() as u32;
        let DefaultTable {
            hosts,
            base_path,
            upstream,
            delay,
            cors,
            access,
            active_server_stub,
            server_stub_scope,
            selectors,
        } = settings;
        self.beside = directory.clone();
        let directory = self.files.clone().unwrap_or(directory);
        let mut inherited = Inherited {
            number,
            name: name.value.as_str().into(),
            base: base_path.and_then(|path| base(&path, self.cx)),
            server_stubs: HashMap::new(),
            names: Given::default(),
            directory,
        };
        for table in server_stubs.into_iter().flat_map(|list| list.value.0) {
            self.server_stub(table, &mut inherited);
        }
        let scope = match server_stub_scope.as_ref().map(|scope| scope.value) {
            Some(ServerStubScope::All) => Scope::All,
            Some(ServerStubScope::Mocked) | None => Scope::Mocked,
        };
        let unread = self.cx.unread.key(table, "active_server_stub");
        if let (Some(scope), None, false) = (&server_stub_scope, &active_server_stub, unread) {
            self.cx.report(
                Problem::at(
                    Code::MissingKey,
                    scope.place,
                    "`server_stub_scope` without `active_server_stub` has no effect",
                )
                .help("name the active server stub, or leave the scope out"),
            );
        }
        let active =
            active_server_stub.and_then(|used| self.used_server_stub(&used, &inherited)).map(|stub| (stub, scope));
        let mock = Mock {
            number,
            name: inherited.name.clone(),
            hosts: hosts.into_iter().flat_map(|list| list.value.0).filter_map(|text| host(&text, self.cx)).collect(),
            base: inherited.base.clone(),
            upstream: upstream.and_then(|text| (self.resolve)(&text, self.cx)),
            delay: delay.and_then(|delay| self.delay(delay)),
            cors: cors.map_or(Cors::Anyone, |cors| self.cors(cors)),
            access: access.map_or_else(open_access, |access| self.access(access)),
            active,
            selectors: selectors.map_or(Selectors::On, |selectors| self.selectors(selectors)),
        };
        self.parts.mocks.push(Arc::new(mock));
        let mut given = Given::default();
        let mut ids = Given::default();
        for table in stubs.into_iter().flat_map(|list| list.value.0) {
            self.stub(table, &inherited, &mut given, &mut ids);
        }
    }

    fn server_stub(&mut self, table: At<ServerStubTable>, inherited: &mut Inherited) {
        let ServerStubTable { name, delay, response } = table.value;
        let Some(name) = name else {
            self.cx.missing("name", table.place, "a server stub is used by its name: `name = \"maintenance\"`");
            return;
        };
        if response.status.is_none() {
            self.cx.missing("status", table.place, "a server stub has a status from 500 to 599: `status = 503`");
        }
        let text = names::checked(&name, self.cx);
        let answer = self.response(response, Statuses::ServerErrors, inherited);
        let stub = Arc::new(ServerStub {
            number: self.parts.server_stubs.len() as u32,
            mock: inherited.name.clone(),
            name: text.as_str().into(),
            answer,
            delay: delay.and_then(|delay| self.delay(delay)),
            marker: Marker::new("server_stub").name("mock", &inherited.name).name("stub", &text),
        });
        if inherited.names.take("server stub", &text, name.place, false, self.cx) {
            inherited.server_stubs.insert(text, stub.clone());
            self.parts.server_stubs.push(stub);
        }
    }

    fn used_server_stub(&mut self, used: &At<String>, inherited: &Inherited) -> Option<Arc<ServerStub>> {
        if let Some(stub) = inherited.server_stubs.get(&used.value) {
            return Some(stub.clone());
        }
        if self.cx.incomplete {
            return None;
        }
        let mut known: Vec<&str> = inherited.server_stubs.keys().map(String::as_str).collect();
        known.sort_unstable();
        let help = match nearest(&used.value, known.iter().copied()) {
            Some(slip) => format!("did you mean `{slip}`?"),
            None if known.is_empty() => {
                "the mock has no server stubs: add a `[[server_stub]]` with this name".to_owned()
            }
            None => format!("the mock has {}", crate::file::read::listed(&known)),
        };
        self.cx.report(
            Problem::at(Code::UnknownServerStub, used.place, format!("the mock has no server stub `{}`", used.value))
                .help(help),
        );
        None
    }

    fn stub(&mut self, table: At<StubTable>, inherited: &Inherited, given: &mut Given, ids: &mut Given) {
        let place = table.place;
        let StubTable { name, r#match, delay, scenario, short } = table.value;
        let Some(line) = r#match else {
            // Whoever wrote it in the words of another tool was told about `match` already.
            if !OTHER_WORDS.iter().any(|word| self.cx.unread.key(place, word)) {
                self.cx.missing("match", place, "a stub says what it matches: `match = \"GET /users/{id}\"`");
            }
            return;
        };
        let Some(Line { method, path, query }) = match_line(&line, self.cx) else { return };
        let made = name.is_none();
        let (name, name_place) = match name {
            Some(name) => (names::checked(&name, self.cx), name.place),
            None => (names::from_match(&line.value), line.place),
        };
        let fresh = given.take("stub", &name, name_place, made, self.cx);
        let path = match &inherited.base {
            Some(base) => path.below(base),
            None => path,
        };
        let query = conditions::query_of_match(&query);
        let of_stub = OfStub {
            name: name.as_str().into(),
            path: &path,
            query: &query,
            fresh,
            delay: delay.and_then(|delay| self.delay(delay)),
        };
        let scenarios = self.scenarios(scenario, short, (place, line.place), &of_stub, inherited, ids);
        let stub = Stub {
            mock: inherited.number,
            name: of_stub.name.clone(),
            method: (method != "ANY").then(|| method.into()),
            query: query.conditions.clone(),
            scenarios,
            path,
        };
        self.origins.stubs.push(line.place);
        self.parts.stubs.push(stub);
    }

    /// The scenarios of a stub, numbered in the order in which they are tried.
    fn scenarios(
        &mut self,
        list: Option<At<List<ScenarioTable>>>,
        short: ShortKeys,
        (stub, line): (Place, Place),
        of_stub: &OfStub<'_>,
        inherited: &Inherited,
        ids: &mut Given,
    ) -> Box<[u32]> {
        let whole = |cx: &Context<'_>, table: Place| !cx.unread.key(table, "when");
        let is_short = list.is_none();
        let tables = match list {
            None => vec![At { value: ScenarioTable { name: None, delay: None, short }, place: line }],
            Some(list) => {
                if let Some((key, place)) = short_place(&short) {
                    self.cx.report(
                        Problem::at(Code::ConflictingKeys, place, format!("`{key}` stands in a stub that has scenarios"))
                            .also(list.place, "its scenarios")
                            .help("a stub either carries its only response itself or has `[[stub.scenario]]` tables: move the key into one of them"),
                    );
                }
                if list.value.0.is_empty() {
                    self.cx.report(
                        Problem::at(Code::MissingKey, list.place, "a stub has at least one scenario")
                            .help("add a `[[stub.scenario]]`, or leave `scenario` out"),
                    );
                }
                list.value.0
            }
        };
        let mut given = Given::default();
        let mut ranked = Vec::new();
        for (at, table) in tables.into_iter().enumerate() {
            let number = self.parts.scenarios.len() as u32;
            let whole = whole(self.cx, if is_short { stub } else { table.place });
            let conditions = self.scenario(table, (at, whole), number, of_stub, inherited, (&mut given, ids));
            ranked.push((ScenarioRank::new(conditions, at as u32), number));
        }
        ranked.sort();
        ranked.into_iter().map(|(_, number)| number).collect()
    }

    fn scenario(
        &mut self,
        table: At<ScenarioTable>,
        (at, whole): (usize, bool),
        number: u32,
        of_stub: &OfStub<'_>,
        inherited: &Inherited,
        (given, ids): (&mut Given, &mut Given),
    ) -> u32 {
        let place = table.place;
        let ScenarioTable { name, delay, short: ShortKeys { id, when, server_stub, response } } = table.value;
        let before = self.cx.problems.len();
        let compiled = when.map(|when| conditions::when(when.value, of_stub.path, self.cx)).unwrap_or_default();
        // Conditions with a mistake are no conditions yet: neither name nor reach can be judged by them.
        let whole = whole && self.cx.problems.len() == before;
        let made = name.is_none();
        let (name, name_place) = match name {
            Some(name) => (names::checked(&name, self.cx), name.place),
            None if compiled.conditions.is_empty() && whole => ("default".to_owned(), place),
            None => ((at + 1).to_string(), place),
        };
        let fresh = given.take("scenario", &name, name_place, made, self.cx);
        let (id, id_place, made) = match id {
            Some(id) => (names::checked(&id, self.cx), id.place, false),
            None => (format!("{}/{name}", of_stub.name), name_place, true),
        };
        if fresh && of_stub.fresh {
            ids.take("scenario id", &id, id_place, made, self.cx);
        }
        let used = server_stub.and_then(|used| {
            if let Some((key, place)) = response::first_key(&response) {
                self.cx.report(
                    Problem::at(Code::ConflictingKeys, place, format!("`{key}` has no effect beside `server_stub`"))
                        .also(used.place, "this server stub answers, with its own status, headers and body")
                        .help("keep either `server_stub` or the response"),
                );
            }
            self.used_server_stub(&used, inherited)
        });
        let own = delay.and_then(|delay| self.delay(delay));
        let (answer, delay) = match used {
            Some(stub) => (stub.answer.clone(), own.or(stub.delay).or(of_stub.delay)),
            None => (self.response(response, Statuses::Any, inherited), own.or(of_stub.delay)),
        };
        let marker =
            Marker::new("mocked").name("mock", &inherited.name).name("stub", &of_stub.name).name("scenario", &name);
        let mut key = compiled.key;
        key.extend(of_stub.query.key.iter().cloned());
        key.sort();
        self.origins.scenarios.push((place, whole.then_some(key)));
        let count = compiled.conditions.count();
        self.parts.scenarios.push(Arc::new(Scenario {
            number,
            mock: inherited.name.clone(),
            stub: of_stub.name.clone(),
            name: name.as_str().into(),
            id: id.as_str().into(),
            conditions: compiled.conditions,
            answer,
            delay,
            marker,
        }));
        count
    }

    fn response(&mut self, keys: crate::file::ResponseKeys, statuses: Statuses, inherited: &Inherited) -> Answer {
        response::compile(keys, statuses, &Bodies { directory: &inherited.directory }, self.cx)
    }

    fn delay(&mut self, delay: At<DelayValue>) -> Option<Delay> {
        let place = delay.place;
        let (delay, longest) = match delay.value {
            DelayValue::Fixed(span) => (Delay::Fixed(span.0), span.0),
            DelayValue::Range(DelayTable { min, max }) => {
                let (Some(min), Some(max)) = (min, max) else {
                    if !self.cx.unread.table(place) {
                        let help = "write `{ min = \"10ms\", max = \"30ms\" }`";
                        self.cx.missing_at("min", place, place, "a range has both ends".to_owned(), help);
                    }
                    return None;
                };
                if min.value.0 > max.value.0 {
                    self.cx.report(
                        Problem::at(Code::OutOfRange, min.place, "the shortest delay is longer than the longest")
                            .also(max.place, "the longest")
                            .help("swap the two"),
                    );
                    return None;
                }
                (Delay::Even { min: min.value.0, max: max.value.0 }, max.value.0)
            }
        };
        if longest > self.delay_cap {
            self.cx.report(
                Problem::at(Code::OutOfRange, place, "the delay is longer than `limits.delay` and will be cut to it")
                    .warning()
                    .label(format!("the limit is {}", super::settings::shown(self.delay_cap)))
                    .help("raise `[limits] delay`, or shorten the delay"),
            );
        }
        Some(delay)
    }

    fn cors(&mut self, cors: At<CorsValue>) -> Cors {
        let CorsTable { origins, credentials } = match cors.value {
            CorsValue::Switch(true) => return Cors::Anyone,
            CorsValue::Switch(false) => return Cors::Off,
            CorsValue::Table(table) => table,
        };
        let credentials = credentials.is_some_and(|on| on.value);
        let Some(origins) = origins.filter(|list| !list.value.0.is_empty()) else {
            let help = "write `cors = { origins = [\"https://app.test\"] }`, or `cors = true` for every origin";
            self.cx.missing("origins", cors.place, help);
            return Cors::Anyone;
        };
        let any = origins.value.0.iter().find(|origin| origin.value == "*");
        if let Some(any) = any {
            if credentials || origins.value.0.len() > 1 {
                self.cx.report(
                    Problem::at(
                        Code::ConflictingKeys,
                        any.place,
                        "every origin cannot be allowed together with credentials or with others",
                    )
                    .help("browsers refuse `*` with credentials: list the origins, or write `cors = true`"),
                );
            }
            return Cors::Anyone;
        }
        let origins = origins.value.0.into_iter().filter_map(|text| origin(&text, self.cx)).collect();
        Cors::Origins { origins, credentials }
    }

    fn access(&mut self, access: At<AccessTable>) -> Access {
        let AccessTable { private, keys, header, forwarded } = access.value;
        let private_place = private.as_ref().map(|p| p.place);
        let private = private.is_some_and(|on| on.value);
        let given = keys.as_ref().is_some_and(|keys| !keys.value.0.is_empty());
        let keys: Box<[Key]> =
            keys.into_iter().flat_map(|list| list.value.0).filter_map(|key| self.secret(key)).collect();
        if private && !given && !self.cx.unread.key(access.place, "keys") {
            self.cx.report(
                Problem::at(Code::NoKeys, private_place.unwrap_or(access.place), "a private mock needs a key")
                    .help("add `keys = [{ env = \"NAME\" }]`, or `{ file = \"PATH\" }`"),
            );
        }
        let header = match header {
            None => "x-api-key".into(),
            Some(name) => match http::HeaderName::from_bytes(name.value.as_bytes()) {
                Ok(name) => name.as_str().into(),
                Err(_) => {
                    self.cx.report(response::bad_header_name(&name));
                    "x-api-key".into()
                }
            },
        };
        self.key_headers.push(header);
        let header = self.key_headers.last().cloned().unwrap_or_default();
        Access { private, keys, header, forwarded: forwarded.is_some_and(|on| on.value) }
    }

    fn secret(&mut self, secret: At<SecretValue>) -> Option<Key> {
        let place = secret.place;
        let SecretTable { env, file } = secret.value.0;
        exclusive(
            &[("env", env.as_ref().map(|v| v.place)), ("file", file.as_ref().map(|v| v.place))],
            "a secret has one source",
            self.cx,
        );
        let fail = |why: String, help: &str| Problem::at(Code::MissingSecret, place, why).help(help);
        let set = "set it in the environment of the sidecar; a container gets it from its manifest";
        let write = "the path is relative to the directory of this file; the file holds the key and nothing else";
        match (env, file) {
            (Some(name), _) => match self.cx.environment.get(&name.value) {
                Some(value) if !value.is_empty() => return Some(Key::new(value)),
                Some(_) => self.cx.report(fail(format!("the variable `{}` is empty", name.value), set)),
                None => self.cx.report(fail(format!("the variable `{}` is not set", name.value), set)),
            },
            (None, Some(path)) => match self.cx.files.read_text(&self.beside.join(&path.value)) {
                Ok(text) => match text.strip_suffix('\n').map(|t| t.strip_suffix('\r').unwrap_or(t)).unwrap_or(&text) {
                    "" => self.cx.report(fail(format!("the file `{}` is empty", path.value), write)),
                    key => return Some(Key::new(key)),
                },
                Err(error) => self.cx.report(fail(format!("cannot read `{}`: {error}", path.value), write)),
            },
            (None, None) if self.cx.unread.table(place) => {}
            (None, None) => {
                let help = "write `{ env = \"NAME\" }` or `{ file = \"PATH\" }`";
                self.cx.missing_at("env", place, place, "a secret has a source".to_owned(), help);
            }
        }
        None
    }

    fn selectors(&mut self, selectors: At<SelectorsValue>) -> Selectors {
        let TrustTable { trust } = match selectors.value {
            SelectorsValue::Switch(true) => return Selectors::On,
            SelectorsValue::Switch(false) => return Selectors::Off,
            SelectorsValue::Table(table) => table,
        };
        let Some(trust) = trust else {
            let help = "write `selectors = { trust = [\"10.0.0.0/8\"] }`, \"on\" or \"off\"";
            self.cx.missing("trust", selectors.place, help);
            return Selectors::Off;
        };
        let ranges = trust.value.0.iter().filter_map(|text| {
            let single = || text.value.parse::<std::net::IpAddr>().ok().map(ipnet::IpNet::from);
            let range = text.value.parse::<ipnet::IpNet>().ok().or_else(single);
            if range.is_none() {
                self.cx.report(
                    Problem::at(Code::BadRange, text.place, format!("{:?} is no range of addresses", text.value))
                        .help("write it as \"10.0.0.0/8\", \"fd00::/8\" or a single address"),
                );
            }
            range
        });
        Selectors::Trust(ranges.collect())
    }
}

fn open_access() -> Access {
    Access { private: false, keys: Box::default(), header: "x-api-key".into(), forwarded: false }
}

/// The first key of a response or condition that a stub carries itself.
fn short_place(short: &ShortKeys) -> Option<(&'static str, Place)> {
    let ShortKeys { id, when, server_stub, response } = short;
    let own = [
        id.as_ref().map(|v| ("id", v.place)),
        when.as_ref().map(|v| ("when", v.place)),
        server_stub.as_ref().map(|v| ("server_stub", v.place)),
    ];
    own.into_iter().flatten().chain(response::first_key(response)).min_by_key(|(_, place)| place.start)
}

/// A `match` line, taken apart.
struct Line {
    method: String,
    path: Template,
    query: Vec<(String, String)>,
}

fn match_line(line: &At<String>, cx: &mut Context<'_>) -> Option<Line> {
    let bad = |why: String| Problem::at(Code::BadMatch, line.place, why);
    let shape = "write it in HTTP order: `METHOD /path/{param}?key=value`";
    let text = line.value.trim();
    let Some((method, target)) = text.split_once(char::is_whitespace).map(|(m, target)| (m, target.trim_start()))
    else {
        let problem = bad("`match` has a method and a path".to_owned()).help(shape);
        let path = text.starts_with('/').then(|| format!("did you mean \"GET {text}\"?"));
        cx.report(problem.maybe_help(path));
        return None;
    };
    // HTTP allows methods with `*` or `|` in them; nobody has one, and many mean something by it.
    if method.is_empty() || !method.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
        let help = match method {
            "*" => "did you mean `ANY`?",
            _ if method.contains([',', '|']) => "a stub has one method: write one stub for each, or `ANY` for all",
            _ => shape,
        };
        cx.report(bad(format!("`{method}` is no method")).help(help));
        return None;
    }
    let upper = method.to_ascii_uppercase();
    if upper != method && (upper == "ANY" || http::Method::from_bytes(upper.as_bytes()).is_ok_and(|m| is_standard(&m)))
    {
        cx.report(
            bad(format!("methods are case-sensitive: `{method}` is not `{upper}`"))
                .help(format!("did you mean `{upper}`?")),
        );
        return None;
    }
    if method == "CONNECT" {
        cx.report(bad("CONNECT asks for a tunnel, which Standin refuses".to_owned()).help("leave the stub out"));
        return None;
    }
    if let Some((target, version)) = target.split_once(' ')
        && version.trim_start().starts_with("HTTP/")
    {
        cx.report(bad("`match` holds no HTTP version".to_owned()).help(format!("did you mean \"{method} {target}\"?")));
        return None;
    }
    if target.starts_with("{{") {
        cx.report(
            bad("`match` holds a path, no variable".to_owned())
                .help("leave the variable out: the path begins behind it; the host belongs into `hosts` of the mock"),
        );
        return None;
    }
    if target.contains("://") {
        cx.report(
            bad("`match` holds a path, no URL".to_owned())
                .help("the host belongs into `hosts` of the mock: leave scheme and host out"),
        );
        return None;
    }
    if target.contains([' ', '#']) || target.chars().any(char::is_control) {
        cx.report(bad("a path holds no white space and no `#`".to_owned()).help("percent-encode them: `%20`, `%23`"));
        return None;
    }
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let path = match Template::parse(path) {
        Ok(path) => path,
        Err(fault) => {
            cx.report(bad(fault.to_string()).help(template_help(&fault)));
            return None;
        }
    };
    // As a literal it would match nobody's request: it is how Express, Postman and others write parameters.
    if let Some(name) = target.split(['/', '?']).find_map(|segment| segment.strip_prefix(':').filter(|n| !n.is_empty()))
    {
        cx.report(
            bad(format!("`:{name}` is written `{{{name}}}` here"))
                .help(format!("write `{{{name}}}` for a parameter; a literal colon is `%3A`")),
        );
        return None;
    }
    let mut pairs = Vec::new();
    for pair in query.into_iter().flat_map(|query| query.split('&')) {
        if !pair.contains('=') {
            cx.report(bad(format!("the query condition `{pair}` has no value")).help(
                "`?key=value` means that the key has this value; for \"any value\" write `when.query.key = { present = true }`",
            ));
            return None;
        }
        if let Some((key, value)) = pair.split_once('=')
            && value.strip_prefix('{').and_then(|name| name.strip_suffix('}')).is_some_and(is_name)
        {
            cx.report(bad(format!("`{pair}`: the query of `match` has values, no parameters")).help(format!(
                "for \"any value\" write `when.query.{key} = {{ present = true }}`; literal braces are `%7B` and `%7D`"
            )));
            return None;
        }
        pairs
            .extend(form_urlencoded::parse(pair.as_bytes()).map(|(key, value)| (key.into_owned(), value.into_owned())));
    }
    Some(Line { method: method.to_owned(), path, query: pairs })
}

fn is_name(text: &str) -> bool {
    let name = text.trim_matches(['{', '}', ' ']);
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn is_standard(method: &http::Method) -> bool {
    ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT"].contains(&method.as_str())
}

fn template_help(fault: &TemplateFault) -> &'static str {
    match fault {
        TemplateFault::NotAbsolute => "write it in HTTP order: `GET /users/{id}`",
        TemplateFault::PartialParameter(_) => {
            "match the whole segment as `{name}`, and narrow it with `when.path.name = { re = … }`"
        }
        TemplateFault::PartialStar(_) => {
            "`*` is one whole segment, `{rest...}` is all that is left; a literal star is `%2A`"
        }
        TemplateFault::BadParameter(_) => "write `{id}`, or `{rest...}` at the end",
        TemplateFault::DuplicateParameter(_) => "give each parameter a name of its own, or use `*`",
        TemplateFault::RestNotLast(_) => "move it to the end, or use `{name}` for one segment",
        TemplateFault::NeverNormal(_) => {
            "no request path has this in its normal form; such requests are refused with 400"
        }
        TemplateFault::Collapsed => "write the path as it is after resolving them",
        TemplateFault::TooLong => "shorten it",
    }
}

fn base(text: &At<String>, cx: &mut Context<'_>) -> Option<Template> {
    let bad = |why: String| {
        let meant = (!text.value.is_empty() && !text.value.contains(['/', ':']))
            .then(|| format!("did you mean \"/{}\"?", text.value));
        let url =
            text.value.contains("://").then(|| "the host belongs into `hosts`: leave scheme and host out".to_owned());
        Problem::at(Code::BadBasePath, text.place, why)
            .help("write a literal path such as \"/api/v1\", or leave `base_path` out")
            .maybe_help(meant.or(url))
    };
    let path = text.value.strip_suffix('/').unwrap_or(&text.value);
    if path.is_empty() && !text.value.is_empty() {
        return None; // "/" is below everything
    }
    match Template::parse(path) {
        Ok(template) if template.literal_path().is_some() && !path.contains(['?', '#', ' ']) => Some(template),
        Ok(_) => {
            cx.report(bad("a base path has no parameters, no query and no white space".to_owned()));
            None
        }
        Err(fault) => {
            cx.report(bad(fault.to_string()));
            None
        }
    }
}

fn host(text: &At<String>, cx: &mut Context<'_>) -> Option<HostPattern> {
    let lower = text.value.to_ascii_lowercase();
    let bare = match lower.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => &lower,
    };
    // As of a request's host, a final dot says nothing.
    let bare = bare.strip_suffix('.').unwrap_or(bare);
    let (name, below) = match bare.strip_prefix("*.") {
        Some(rest) => (rest, true),
        None => (bare, false),
    };
    let sound = !name.is_empty()
        && !name.starts_with('.')
        && match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_')),
        };
    if !sound {
        let rest = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
        let meant = rest.split('/').next().filter(|host| *host != lower && !host.is_empty());
        cx.report(
            Problem::at(Code::BadHost, text.place, format!("{:?} is no host", text.value))
                .help("write a host such as \"orders.local\", or \"*.local\" for all below; leave `hosts` out for every host")
                .maybe_help(meant.map(|host| format!("did you mean {host:?}? Paths stand in `match` and `base_path`"))),
        );
        return None;
    }
    Some(if below { HostPattern::Below(format!(".{name}").into()) } else { HostPattern::Exact(name.into()) })
}

fn origin(text: &At<String>, cx: &mut Context<'_>) -> Option<Box<str>> {
    let sound = text.value == "null"
        || text.value.parse::<http::Uri>().is_ok_and(|uri| {
            uri.scheme().is_some()
                && uri.host().is_some_and(|host| !host.contains('*'))
                && uri.path() == "/"
                && !text.value.ends_with('/')
                && uri.query().is_none()
        });
    if !sound {
        cx.report(
            Problem::at(Code::BadHost, text.place, format!("{:?} is no origin", text.value))
                .help("an origin is scheme, host and port as browsers send it: \"https://app.test\", without a path"),
        );
        return None;
    }
    Some(text.value.to_ascii_lowercase().into())
}
