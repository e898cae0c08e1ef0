//! `/v1/config`: which configuration is in force, what the last attempt to replace it came to, and the next one.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Admin;
use super::body::Body;
use super::error::ApiError;
use super::parameters::NoParameters;
use super::session::Change;
use crate::problem::{Problems, Severity};
use crate::reload::{Attempt, Changes, Trigger};

/// The configuration in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct Config {
    /// Its number; the first is 1.
    generation: u64,
    /// Where `standin.toml` was found; null for a plain proxy.
    path: Option<String>,
    /// The last attempt to put a configuration into force.
    last: Last,
}

/// An attempt to put a configuration into force.
#[derive(Debug, Serialize, ToSchema)]
struct Last {
    /// `applied` or `refused`.
    result: &'static str,
    /// What asked for it: `start`, `watch`, `signal`, `admin` or `call`.
    trigger: &'static str,
    /// When it ended, RFC 3339.
    at: String,
    #[serde(flatten)]
    counts: Counts,
    #[serde(flatten)]
    report: Report,
}

/// How many stubs changed.
#[derive(Debug, Default, Serialize, ToSchema)]
struct Counts {
    /// Stubs that are new.
    added: usize,
    /// Stubs that answer otherwise than before.
    changed: usize,
    /// Stubs that are gone.
    removed: usize,
}

/// What is wrong with a configuration.
#[derive(Debug, Serialize, ToSchema)]
struct Report {
    /// How many errors.
    errors: usize,
    /// How many warnings.
    warnings: usize,
    /// All of them.
    problems: Vec<Problem>,
    /// The same as `standin check` prints it.
    report: String,
}

/// One mistake.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `error` or `warning`.
    severity: &'static str,
    /// The problem code.
    code: &'static str,
    /// What is wrong.
    title: String,
    /// The file, variable or flag.
    file: Option<String>,
    /// The line, from 1.
    line: Option<usize>,
    /// The column, from 1, in characters.
    column: Option<usize>,
    /// What stands under the caret.
    label: Option<String>,
    /// How to mend it.
    help: Option<String>,
}

/// Problems as the API shows them.
pub fn shown(problems: &Problems) -> Vec<Problem> {
    let show = |problem: &crate::problem::Problem| {
        let (file, at) = problems.place(problem);
        Problem {
            severity: if problem.severity == Severity::Error { "error" } else { "warning" },
            code: problem.code.as_str(),
            title: problem.title.clone(),
            file: file.map(str::to_owned),
            line: at.map(|(line, _)| line),
            column: at.map(|(_, column)| column),
            label: problem.place.as_ref().map(|(_, label)| label.clone()).filter(|label| !label.is_empty()),
            help: problem.help.clone(),
        }
    };
    problems.list().iter().map(show).collect()
}

impl From<&Problems> for Report {
    fn from(problems: &Problems) -> Self {
        Report {
            errors: problems.errors(),
            warnings: problems.warnings(),
            problems: shown(problems),
            report: problems.render(false).trim_end().to_owned(),
        }
    }
}

impl From<Changes> for Counts {
    fn from(changes: Changes) -> Self {
        let Changes { generation: _, added, changed, removed } = changes;
        Counts { added, changed, removed }
    }
}

/// The configuration in force, and the report of the last attempt to replace it
#[utoipa::path(get, path = "/v1/config", tag = "config", responses((status = 200, body = Config)))]
pub async fn show(State(admin): State<Arc<Admin>>, _: NoParameters) -> Json<Config> {
    let Attempt { trigger, at, changes, problems } = admin.reloader.last();
    Json(Config {
        generation: admin.live.snapshot().generation,
        path: admin.reloader.path().map(|path| path.display().to_string()),
        last: Last {
            result: if changes.is_some() { "applied" } else { "refused" },
            trigger: trigger.as_str(),
            at: super::time(at),
            counts: changes.map(Counts::from).unwrap_or_default(),
            report: Report::from(&problems),
        },
    })
}

/// Nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// What a reload would come to.
#[derive(Debug, Serialize, ToSchema)]
pub struct Checked {
    /// Whether it would take effect.
    valid: bool,
    #[serde(flatten)]
    counts: Counts,
    #[serde(flatten)]
    report: Report,
}

/// Loads the files as a reload would, and says what would come of it
#[utoipa::path(post, path = "/v1/config/check", tag = "config", request_body = Nothing, responses((status = 200, body = Checked)))]
pub async fn check(State(admin): State<Arc<Admin>>, _: NoParameters, Body(Nothing {}): Body<Nothing>) -> Json<Checked> {
    let (valid, counts, problems) = match admin.reloader.check().await {
        Ok((changes, warnings)) => (true, Counts::from(changes), warnings),
        Err(problems) => (false, Counts::default(), problems),
    };
    Json(Checked { valid, counts, report: Report::from(&problems) })
}

/// What a reload came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reloaded {
    /// The number of the configuration in force.
    generation: u64,
    /// Whether there was anything to take; otherwise no file has changed.
    reloaded: bool,
    #[serde(flatten)]
    counts: Counts,
}

/// Loads the files, and puts them into force if they are valid
#[utoipa::path(post, path = "/v1/config/reload", tag = "config", request_body = Nothing,
    responses((status = 200, body = Reloaded),
              (status = 422, description = "the configuration is refused, the one in force stays", body = super::error::Failure, content_type = "application/problem+json")))]
pub async fn reload(
    State(admin): State<Arc<Admin>>,
    change: Change,
    _: NoParameters,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Reloaded>, ApiError> {
    let before = admin.live.snapshot().generation;
    let changes = admin.reloader.run(Trigger::Admin).await.map_err(ApiError::refused)?;
    change.log(format_args!("configuration loaded, generation {}", changes.generation));
    let reloaded = changes.generation > before;
    Ok(Json(Reloaded { generation: changes.generation, reloaded, counts: Counts::from(changes) }))
}
