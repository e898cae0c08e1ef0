//! Renders templated answers: gives the core the time, a seed and counters, and says where a template failed.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::DataPlane;
use super::answer::{Local, STANDIN};
use crate::live::Snapshot;
use crate::stubs::answer::Answer;
use crate::stubs::decision::{Action, Decision};
use crate::stubs::marker::Marker;
use crate::stubs::request::RequestView;
use crate::stubs::template::{Counters, RenderError, Scope, seed};
use crate::words::Failure;

/// How often a stub whose template fails is logged.
const LOG_EVERY: Duration = Duration::from_secs(60);
/// How many stubs are remembered for that; beyond, the oldest are forgotten and may be logged early.
const LOGGED: usize = 1_000;

/// A stub: its mock's name and its own.
type Name = (Arc<str>, Arc<str>);

/// What templates keep between requests, whatever the configuration.
#[derive(Debug)]
pub struct Memory {
    counters: Arc<Counters>,
    /// The seed where the configuration has none.
    seed: u64,
    /// When stubs were logged last.
    logged: Mutex<HashMap<Name, Instant>>,
}

impl Default for Memory {
    fn default() -> Self {
        Memory { counters: Arc::default(), seed: fastrand::u64(..), logged: Mutex::default() }
    }
}

/// Who answers, by name.
struct Who<'t> {
    mock: &'t Arc<str>,
    stub: &'t Arc<str>,
    scenario: Option<&'t Arc<str>>,
}

/// An answer that was rendered, or why not; `None` where there is nothing to render.
type Rendered = Option<Result<Answer, RenderError>>;

/// Renders the answer of a decision, where it has templates. A panic ends this request and nothing else: the decision
/// is lost with it.
pub fn render<'s>(
    plane: &DataPlane,
    snapshot: &Snapshot,
    decision: Option<Decision<'s>>,
    view: &RequestView<'_>,
) -> (Option<Decision<'s>>, Rendered) {
    let Some(decision) = decision else { return (None, None) };
    match catch_unwind(AssertUnwindSafe(|| rendered(plane, snapshot, &decision, view))) {
        Ok(rendered) => (Some(decision), rendered),
        Err(_) => (None, None),
    }
}

fn rendered(plane: &DataPlane, snapshot: &Snapshot, decision: &Decision<'_>, view: &RequestView<'_>) -> Rendered {
    let (answer, path) = match &decision.action {
        Action::Scenario(scenario, _) => (&scenario.answer, Some(&*scenario.path)),
        Action::ServerStub(stub, _) => (&stub.answer, None),
        _ => return None,
    };
    let template = answer.template.as_ref()?;
    let who = who(decision)?;
    let settings = &snapshot.settings.random;
    let names = [&**who.mock, &**who.stub, who.scenario.map_or("", |name| &**name)].map(str::as_bytes);
    let within = seed(settings.seed.unwrap_or(plane.templates.seed), &names);
    let seed = match settings.header.as_deref().and_then(|name| view.header(name)) {
        Some(value) => seed(within, &[b"header", value]),
        None => seed(within, &[b"call", &plane.templates.counters.call(seed(0, &names)).to_be_bytes()]),
    };
    let scope = Scope {
        view,
        path,
        base: decision.mock.and_then(|mock| mock.base.as_ref()).map_or(0, |base| base.segments().len()),
        now: SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default(),
        seed,
        counters: &plane.templates.counters,
    };
    Some(template.render(answer.status, &scope))
}

fn who<'t>(decision: &Decision<'t>) -> Option<Who<'t>> {
    match &decision.action {
        Action::Scenario(s, _) => Some(Who { mock: &s.mock, stub: &s.stub, scenario: Some(&s.name) }),
        Action::ServerStub(s, _) => Some(Who { mock: &s.mock, stub: &s.name, scenario: None }),
        _ => None,
    }
}

/// The answer where a template failed. Counts it, and logs it unless the stub was logged a moment ago.
pub fn failed(
    plane: &DataPlane,
    snapshot: &Snapshot,
    decision: &Decision<'_>,
    view: &RequestView<'_>,
    error: &RenderError,
) -> Option<Local> {
    let Who { mock, stub, scenario } = who(decision)?;
    plane.metrics.template_failed(mock, stub);
    // What went wrong may name the value that it went wrong with.
    let shown = |text: &str| String::from_utf8_lossy(&snapshot.redactor.text(text.as_bytes())).into_owned();
    if plane.templates.is_to_be_logged(mock, stub) {
        let RenderError { part, file, line, reason } = error;
        let reason = shown(reason);
        let scenario = scenario.map_or("", |name| &**name);
        tracing::warn!(%mock, %stub, scenario, part, %file, line, %reason, "a template failed");
    }
    let cors = decision.mock.map(|mock| mock.cors.fields(view)).unwrap_or_default();
    let word = Failure::Template.as_str();
    let mut local = Local::problem(Failure::Template.status(), word, &shown(&error.to_string()), cors);
    if snapshot.settings.proxy.marker {
        let mut marker = Marker::new("failed").name("mock", mock).name("stub", stub);
        if let Some(scenario) = scenario {
            marker = marker.name("scenario", scenario);
        }
        local.add(STANDIN, marker.number("generation", snapshot.generation).name("kind", word).as_str());
    }
    Some(local)
}

impl Memory {
    fn is_to_be_logged(&self, mock: &Arc<str>, stub: &Arc<str>) -> bool {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if logged.len() >= LOGGED {
            logged.retain(|_, at| now.duration_since(*at) < LOG_EVERY);
        }
        if logged.len() >= LOGGED {
            logged.clear();
        }
        match logged.get_mut(&(mock.clone(), stub.clone())) {
            Some(at) if now.duration_since(*at) < LOG_EVERY => false,
            Some(at) => {
                *at = now;
                true
            }
            None => logged.insert((mock.clone(), stub.clone()), now).is_none(),
        }
    }
}
