//! From mock files to the mocks, stubs and scenarios that run.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::access::open_access;
use super::hosts::{base, host};
use super::lint::Origins;
use super::names::{self, Given};
use super::response::{self, Bodies, Statuses};
use super::{Context, MockSource};
use crate::file::leaf::{List, ServerStubScope};
use crate::file::pieces::Stubs;
use crate::file::read::At;
use crate::file::{DefaultTable, MockFile, MockTable, ServerStubTable};
use crate::problem::{Code, Place, Problem, nearest};
use crate::stubs::answer::Answer;
use crate::stubs::cors::Cors;
use crate::stubs::marker::Marker;
use crate::stubs::path_template::Template;
use crate::stubs::scenario::{Mock, Scope, Selectors, ServerStub};
use crate::stubs::table::Parts;

/// The name of the mock whose stubs stand in standin.toml.
pub const DEFAULT: &str = "default";

/// One mock to compile.
pub struct MockDraft {
    pub name: At<String>,
    pub settings: DefaultTable,
    /// Where the table of the settings begins.
    pub table: Place,
    pub server_stubs: Option<At<List<ServerStubTable>>>,
    pub stubs: Option<At<Stubs>>,
    /// The directory of the file that it stands in.
    pub directory: PathBuf,
}

/// Gathers all mocks in file order: that of standin.toml first, if it has anything.
pub fn drafts(
    default: Option<At<DefaultTable>>,
    server_stubs: Option<At<List<ServerStubTable>>>,
    stubs: Option<At<Stubs>>,
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
    pub(super) beside: PathBuf,
}

/// What stubs and scenarios inherit from their mock.
pub(super) struct Inherited {
    pub number: u32,
    pub name: Arc<str>,
    pub base: Option<Template>,
    server_stubs: HashMap<String, Arc<ServerStub>>,
    names: Given,
    directory: PathBuf,
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
        let mut stubs = stubs.map(|stubs| stubs.value).unwrap_or_default();
        while let Some(tables) = self.cx.next_stubs(&mut stubs) {
            for table in tables {
                self.stub(table, &inherited, &mut given, &mut ids);
            }
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

    pub(super) fn used_server_stub(&mut self, used: &At<String>, inherited: &Inherited) -> Option<Arc<ServerStub>> {
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

    pub(super) fn response(
        &mut self,
        keys: crate::file::ResponseKeys,
        statuses: Statuses,
        inherited: &Inherited,
    ) -> Answer {
        response::compile(keys, statuses, &Bodies { directory: &inherited.directory }, self.cx)
    }
}
