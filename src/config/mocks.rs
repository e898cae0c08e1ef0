//! From drafts of mocks to the mocks, stubs and scenarios that run.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::Context;
use super::access::open_access;
use super::collections::Texts;
use super::drafts::{DEFAULT, MockDraft};
use super::hosts::{base, host};
use super::lint::Origins;
use super::names::{self, Given};
use super::postman;
use super::response::{self, Bodies, Statuses};
use super::templates::Templating;
use crate::file::leaf::ServerStubScope;
use crate::file::pieces::Stubs;
use crate::file::read::At;
use crate::file::{DefaultTable, ServerStubTable};
use crate::problem::{Code, Problem, nearest};
use crate::settings::Limits;
use crate::stubs::answer::Answer;
use crate::stubs::cors::Cors;
use crate::stubs::limit::Limiter;
use crate::stubs::marker::Marker;
use crate::stubs::path_template::Template;
use crate::stubs::postman::Settings;
use crate::stubs::scenario::{About, Mock, Scope, Selectors, ServerStub};
use crate::stubs::table::Parts;
use crate::stubs::template::{self, Engine, Known, Variables};

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
    /// Limits on delays and templates.
    pub limits: Limits,
    pub(super) mocks: Given,
    /// What was read of collections and environments.
    pub(super) texts: Texts,
    /// The directory that secrets' files are relative to: that of the file which names them.
    pub(super) beside: PathBuf,
}

/// What stubs and scenarios inherit from their mock.
pub(super) struct Inherited {
    pub number: u32,
    pub name: Arc<str>,
    pub base: Option<Template>,
    /// What its templates share.
    pub engine: Engine,
    /// The variables that its templates can use.
    pub variables: Variables,
    server_stubs: HashMap<String, Arc<ServerStub>>,
    names: Given,
    /// The directory that body files are relative to.
    directory: PathBuf,
    /// Whether the closest example answers.
    pub is_postman: bool,
}

impl<'a, 'c> Compiler<'a, 'c> {
    pub fn new(
        cx: &'a mut Context<'c>,
        files: Option<PathBuf>,
        limits: Limits,
        texts: Texts,
        resolve: &'a mut dyn FnMut(&At<String>, &mut Context<'_>) -> Option<crate::stubs::scenario::Destination>,
    ) -> Self {
        Compiler {
            cx,
            parts: Parts::default(),
            origins: Origins::default(),
            files,
            resolve,
            key_headers: Vec::new(),
            limits,
            mocks: Given::default(),
            texts,
            beside: PathBuf::new(),
        }
    }

    pub fn mock(&mut self, draft: MockDraft) {
        let MockDraft { name, settings, table, beside, files, collection, released } = draft;
        // The reserved name was reported; that it is taken follows from it.
        if name.value != DEFAULT || self.parts.mocks.is_empty() {
            self.mocks.take("mock", &name.value, name.place, false, self.cx);
        }
        let number = self.parts.mocks.len() as u32;
        let DefaultTable {
            hosts,
            base_path,
            upstream,
            url,
            owner,
            delay,
            cors,
            access,
            limit,
            active_server_stub,
            server_stub_scope,
            selectors,
            matching,
            closest,
            match_body,
            match_headers,
            environment,
            environments,
            release,
            releases: _, // whoever drafts a mock has chosen its stubs
        } = settings;
        self.beside = beside;
        let boxed = |name: &At<String>| name.value.as_str().into();
        let about = About {
            owner: owner.map(|owner| names::checked(&owner, self.cx).into()),
            collection: files.iter().rev().find_map(|file| file.collection.as_ref()).map(|file| file.shown().into()),
            environment: environment.as_ref().map(boxed),
            environments: environments.iter().flat_map(|all| &all.value.0).map(|(name, _)| boxed(name)).collect(),
            release: release.as_ref().map(boxed),
            releases: released.into(),
        };
        let environment = self.environment(&name.value, environment, environments);
        let limits = template::Limits { work: self.limits.template_work, output: self.limits.template_output };
        let matching = postman::Keys { matching, closest, match_body, match_headers };
        let postman = matching.settings(table, collection, self.cx);
        let has_base = base_path.is_some();
        let mut inherited = Inherited {
            number,
            name: name.value.as_str().into(),
            base: base_path.and_then(|path| base(&path, self.cx)),
            engine: Engine::new(&environment.values, limits),
            variables: environment.names,
            server_stubs: HashMap::new(),
            names: Given::default(),
            directory: PathBuf::new(),
            is_postman: postman.is_some(),
        };
        let mut stubs: Vec<(Stubs, PathBuf)> = Vec::with_capacity(files.len());
        for file in files {
            let directory = self.files.clone().unwrap_or(file.directory);
            inherited.directory.clone_from(&directory);
            for table in file.server_stubs.into_iter().flat_map(|list| list.value.0) {
                self.server_stub(table, &mut inherited);
            }
            let collected = file.collection.and_then(|file| self.collection(&file, &directory, &environment.variables));
            let specified = file.spec.and_then(|spec| self.spec(&spec, &directory, has_base, inherited.is_postman));
            let own = file.stubs.map(|stubs| stubs.value).unwrap_or_default();
            let sources = [own, collected.unwrap_or_default(), specified.unwrap_or_default()];
            stubs.extend(sources.map(|list| (list, directory.clone())));
        }
        let has_examples = stubs.iter().any(|(stubs, _)| !stubs.is_empty());
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
            limit: limit
                .and_then(|limit| super::limit::compile(limit, self.cx))
                .map(|limit| Arc::new(Limiter::new(limit))),
            secrets: environment.secrets.into(),
            about: Box::new(about),
            url: url.and_then(|url| super::hosts::mock_url(&url, self.cx)),
            postman: postman.map(|settings| Box::new(Settings { has_examples, ..settings })),
        };
        self.parts.mocks.push(Arc::new(mock));
        let mut given = Given::default();
        let mut ids = Given::default();
        for (mut stubs, directory) in stubs {
            inherited.directory = directory;
            while let Some(tables) = self.cx.next_stubs(&mut stubs) {
                for table in tables {
                    self.stub(table, &inherited, &mut given, &mut ids);
                }
            }
        }
    }

    fn server_stub(&mut self, table: At<ServerStubTable>, inherited: &mut Inherited) {
        let ServerStubTable { name, delay, template, response } = table.value;
        let Some(name) = name else {
            self.cx.missing("name", table.place, "a server stub is used by its name: `name = \"maintenance\"`");
            return;
        };
        if response.status.is_none() {
            self.cx.missing("status", table.place, "a server stub has a status from 500 to 599: `status = 503`");
        }
        let text = names::checked(&name, self.cx);
        let on = template.is_none_or(|on| on.value);
        let answer = self.response(response, Statuses::ServerErrors, inherited, (on, None));
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
        self.cx.report(unknown_server_stub(used, inherited.server_stubs.keys().map(String::as_str).collect()));
        None
    }

    pub(super) fn response(
        &mut self,
        keys: crate::file::ResponseKeys,
        statuses: Statuses,
        inherited: &Inherited,
        (on, path): (bool, Option<&Template>),
    ) -> Answer {
        let known = Known { path, variables: &inherited.variables };
        let templating = Templating { engine: &inherited.engine, known, on };
        response::compile(keys, statuses, &Bodies { directory: &inherited.directory }, templating, self.cx)
    }
}

/// What is said of a server stub that a mock, which has these, has not.
pub(super) fn unknown_server_stub(used: &At<String>, mut known: Vec<&str>) -> Problem {
    known.sort_unstable();
    let help = match nearest(&used.value, known.iter().copied()) {
        Some(slip) => format!("did you mean `{slip}`?"),
        None if known.is_empty() => "the mock has no server stubs: add a `[[server_stub]]` with this name".to_owned(),
        None => format!("the mock has {}", crate::file::read::listed(&known)),
    };
    Problem::at(Code::UnknownServerStub, used.place, format!("the mock has no server stub `{}`", used.value)).help(help)
}
