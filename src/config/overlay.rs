//! What the admin API lays over the files: other settings of a mock, forced scenarios, stubs that are switched off.
//!
//! An entry keeps what was asked for, in the words of the API, which are those of the files. It is read, checked and
//! reported as a file is, each time it is laid over a table; that compiles no stub. Only another environment or release
//! makes other stubs: `choose` puts it into the files before they are compiled.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::access::{delay, no_keys};
use super::drafts::MockDraft;
use super::files::Files;
use super::mocks::unknown_server_stub;
use super::{Context, Large, conditions};
use crate::file::leaf::ServerStubScope;
use crate::file::read::{self, At, Keys, Origin, Reader, Unread};
use crate::file::{ChangeTable, OverrideTable};
use crate::import::toml_value;
use crate::problem::{Code, Problem, Problems, Severity, Sources};
use crate::settings::Limits;
use crate::stubs::matcher::Conditions;
use crate::stubs::overlay::{Effect, Left, Override};
use crate::stubs::scenario::{Mock, Scenario, Scope};
use crate::stubs::table::Table;

/// The settings of a mock that can be changed, which are the ids of their entries.
pub const SETTINGS: &[&str] = &["access", "delay", "environment", "release", "active_server_stub"];

/// One change that lies over the files.
#[derive(Debug)]
pub struct Entry {
    /// What it is undone by: the name of the setting, or a name of its own.
    pub id: String,
    /// The mock that it is about.
    pub mock: String,
    /// What was asked for: one setting, or an override.
    pub change: Map<String, Value>,
    /// When it was made.
    pub since: SystemTime,
    /// When it is over; `None` for one that lasts.
    pub until: Option<SystemTime>,
    /// How many more requests it is for; `None` for all.
    pub left: Option<Arc<Left>>,
}

impl Entry {
    /// Whether it is about a setting, and not about a stub.
    pub fn is_setting(&self) -> bool {
        SETTINGS.contains(&self.id.as_str())
    }

    /// Whether it chooses an environment or a release, so that stubs are compiled anew.
    pub fn is_choice(&self) -> bool {
        matches!(self.id.as_str(), "environment" | "release")
    }

    /// Whether its time is over, or its requests have come.
    pub fn is_over(&self, now: SystemTime) -> bool {
        self.until.is_some_and(|until| until <= now) || self.left.as_ref().is_some_and(|left| left.count() == 0)
    }

    /// Reads `ttl` and `count` of an override that begins now.
    ///
    /// # Errors
    /// Everything that is wrong with the override.
    pub fn begin(mut self, now: SystemTime) -> Result<Self, Problems> {
        let mut files = Files::default();
        let environment = HashMap::new();
        let mut cx = context(&mut files, &environment);
        let OverrideTable { ttl, count, .. } = parse(&self.change, &mut cx);
        for (place, is_nothing) in [
            ttl.as_ref().map(|ttl| (ttl.place, ttl.value.0.is_zero())),
            count.as_ref().map(|count| (count.place, count.value.0 == 0)),
        ]
        .into_iter()
        .flatten()
        {
            if is_nothing {
                let problem = Problem::at(Code::OutOfRange, place, "an override for nothing has no effect");
                cx.report(problem.help("write a time or a number of requests that is more than nothing"));
            }
        }
        if let Err(Fault::Refused(problems)) = refuse(cx) {
            return Err(problems);
        }
        self.until = ttl.and_then(|ttl| now.checked_add(ttl.value.0));
        self.left = count.map(|count| Arc::new(Left::new(count.value.0)));
        Ok(self)
    }
}

/// Why an entry has no effect.
#[derive(Debug)]
pub enum Fault {
    /// What it is about is not there.
    Gone(String),
    /// It would not stand in a file.
    Refused(Problems),
}

/// Lays entries, oldest first, over a table. Those with a fault are left out.
pub fn lay(table: &Table, entries: &[Arc<Entry>], limits: &Limits) -> (Table, Vec<(Arc<Entry>, Fault)>) {
    let mut laying = Laying { table, limits, mocks: table.filed().to_vec(), overrides: Vec::new() };
    let mut faults = Vec::new();
    for entry in entries {
        if let Err(fault) = laying.entry(entry) {
            faults.push((entry.clone(), fault));
        }
    }
    (table.under(laying.mocks, laying.overrides), faults)
}

struct Laying<'t> {
    table: &'t Table,
    limits: &'t Limits,
    mocks: Vec<Arc<Mock>>,
    overrides: Vec<Override>,
}

impl Laying<'_> {
    fn entry(&mut self, entry: &Entry) -> Result<(), Fault> {
        let gone = || Fault::Gone(format!("there is no mock `{}`", entry.mock));
        let at = self.mocks.iter().position(|mock| *mock.name == *entry.mock).ok_or_else(gone)?;
        let mut files = Files::default();
        let environment = HashMap::new();
        let mut cx = context(&mut files, &environment);
        if !entry.is_setting() {
            return self.forced(entry, at, cx);
        }
        let mut mock = (*self.mocks[at]).clone();
        self.setting(entry, &mut mock, &mut cx)?;
        refuse(cx)?;
        self.mocks[at] = Arc::new(mock);
        Ok(())
    }

    fn setting(&self, entry: &Entry, mock: &mut Mock, cx: &mut Context<'_>) -> Result<(), Fault> {
        let ChangeTable { access, delay: wait, environment, release, active_server_stub, server_stub_scope } =
            parse(&entry.change, cx);
        let missed = |chosen: Option<At<String>>, own: &Option<Box<str>>| {
            let chosen = chosen.map(|chosen| chosen.value);
            match chosen.as_deref() == own.as_deref() {
                true => Ok(()),
                false => {
                    Err(Fault::Gone(format!("there is no {} `{}` any more", entry.id, chosen.unwrap_or_default())))
                }
            }
        };
        match entry.id.as_str() {
            "access" => {
                let private = access.and_then(|access| access.value.private);
                if let Some(private) = private {
                    if private.value && mock.access.keys.is_empty() {
                        cx.report(no_keys(private.place));
                    }
                    mock.access.private = private.value;
                }
            }
            "delay" => mock.delay = wait.and_then(|wait| delay(wait, self.limits.delay, cx)),
            "environment" => missed(environment, &mock.about.environment)?,
            "release" => missed(release, &mock.about.release)?,
            _ => {
                let scope = match server_stub_scope.map(|scope| scope.value) {
                    Some(ServerStubScope::All) => Scope::All,
                    Some(ServerStubScope::Mocked) => Scope::Mocked,
                    None => mock.active.as_ref().map_or(Scope::Mocked, |(_, scope)| *scope),
                };
                let own = || self.table.server_stubs().iter().filter(|stub| stub.mock == mock.name);
                let active = active_server_stub.map(|used| {
                    let found = own().find(|stub| *stub.name == *used.value).cloned();
                    if found.is_none() {
                        cx.report(unknown_server_stub(&used, own().map(|stub| &*stub.name).collect()));
                    }
                    found
                });
                mock.active = active.flatten().map(|stub| (stub, scope));
            }
        }
        Ok(())
    }

    fn forced(&mut self, entry: &Entry, mock: usize, mut cx: Context<'_>) -> Result<(), Fault> {
        let OverrideTable { stub, scenario, off, ttl: _, count: _, r#if } = parse(&entry.change, &mut cx);
        let conditions = r#if.map_or_else(Conditions::default, |when| {
            let (place, before) = (when.place, cx.problems.len());
            let conditions = conditions::gate(when.value, &mut cx);
            if conditions.is_empty() && cx.is_sound(place, before) {
                let problem = Problem::at(Code::BadOperand, place, "a condition without conditions always holds");
                cx.report(problem.help("give it one, such as `if.header.x-user = \"7\"`, or leave it out"));
            }
            conditions
        });
        let table = self.table;
        refuse(cx)?;
        let name = stub.map(|stub| stub.value).unwrap_or_default();
        let mut stubs = table.stubs().iter().zip(0..);
        let found = stubs.find(|(stub, _)| stub.mock as usize == mock && *stub.name == *name);
        let (stub, number) = found.ok_or_else(|| Fault::Gone(format!("there is no stub `{name}`")))?;
        let effect = match scenario {
            Some(wanted) if off.is_none_or(|off| !off.value) => {
                let wanted_one = |number: &&u32, name: fn(&Scenario) -> &str| {
                    name(&table.scenarios()[**number as usize]) == wanted.value
                };
                let mut own = stub.scenarios.iter();
                // Names of saved examples may repeat; their ids tell them apart.
                let by_name = own.find(|number| wanted_one(number, |scenario| &scenario.name));
                let by_id = || stub.scenarios.iter().find(|number| wanted_one(number, |scenario| &scenario.id));
                let gone = || Fault::Gone(format!("the stub `{name}` has no scenario `{}`", wanted.value));
                Effect::Force(*by_name.or_else(by_id).ok_or_else(gone)?)
            }
            _ => Effect::Off,
        };
        let since_epoch = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        self.overrides.push(Override {
            stub: number,
            effect,
            conditions,
            until: entry.until.map(since_epoch),
            left: entry.left.clone(),
        });
        Ok(())
    }
}

/// Ends with what was reported: nobody reads the warnings of a change, so they refuse it too.
fn refuse(cx: Context<'_>) -> Result<(), Fault> {
    let Context { mut problems, sources, .. } = cx;
    if problems.is_empty() {
        return Ok(());
    }
    problems.iter_mut().for_each(|problem| problem.severity = Severity::Error);
    Err(Fault::Refused(Problems::new(problems, sources)))
}

/// Puts the environments and releases that entries choose into drafts.
pub(super) fn choose(drafts: &mut [MockDraft], entries: &[Arc<Entry>], cx: &mut Context<'_>) {
    for entry in entries.iter().filter(|entry| entry.is_choice()) {
        let Some(draft) = drafts.iter_mut().find(|draft| draft.name.value == entry.mock) else { continue };
        let ChangeTable { environment, release, .. } = parse(&entry.change, cx);
        match entry.id.as_str() {
            "environment" => draft.settings.environment = environment,
            _ => draft.settings.release = release,
        }
    }
}

/// Reads a change as a file is read. A member that is null is one that is not there.
fn parse<T: Keys>(change: &Map<String, Value>, cx: &mut Context<'_>) -> T {
    let lines = change.iter().filter(|(_, value)| !value.is_null());
    let text: String = lines.map(|(key, value)| format!("{key} = {}\n", toml_value(value))).collect();
    let source = cx.sources.add("request", text.as_str());
    read::parse(&mut Reader::new(source, &text, Origin::File, &mut cx.problems, &mut cx.unread))
}

/// A load that has not begun.
pub(super) fn context<'a>(files: &'a mut Files, environment: &'a HashMap<String, String>) -> Context<'a> {
    Context {
        files,
        sources: Sources::default(),
        problems: Vec::new(),
        environment,
        memory: None,
        unread: Unread::default(),
        effective: Vec::new(),
        incomplete: false,
        large: Large::AsWholes,
        torn: false,
        mistaken: false,
        ask_examples: false,
        examples: 0,
    }
}
