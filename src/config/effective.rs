//! What is in force, value by value: for `check --effective`.

use std::fmt;
use std::time::Duration;

use super::{Context, drafts};
use crate::file::read::At;
use crate::problem::Place;

/// One value, with where it came from and when a change of it takes effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// The key, such as `proxy.listen` or `mock orders: delay`.
    pub key: String,
    /// The value as a file would write it.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
    /// When a change of it takes effect.
    pub takes_effect: TakesEffect,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A file and its line, a variable, or a flag.
    Set(String),
}

/// When a change takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakesEffect {
    /// At the next reload.
    Reload,
    /// At the next start.
    Restart,
}

impl fmt::Display for Effective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = match &self.origin {
            Origin::Default => "default",
            Origin::Set(place) => place,
        };
        let scope = match self.takes_effect {
            TakesEffect::Reload => "",
            TakesEffect::Restart => ", needs a restart",
        };
        write!(f, "{} = {}  # {origin}{scope}", self.key, self.value)
    }
}

pub(super) fn origin(cx: &Context<'_>, place: Place) -> Origin {
    let source = cx.sources.get(place.source);
    let (line, _) = cx.sources.line_column(place);
    // A variable or a flag is one word, and its name says it all.
    let file = source.name.contains(['.', '/']);
    Origin::Set(if file { format!("{}:{line}", source.name) } else { source.name.clone() })
}

pub(super) fn show(
    cx: &mut Context<'_>,
    key: &str,
    set: Option<(String, Place)>,
    default: &str,
    takes_effect: TakesEffect,
) {
    let (value, origin) = match set {
        Some((value, place)) => (value, origin(cx, place)),
        None => (default.to_owned(), Origin::Default),
    };
    cx.effective.push(Effective { key: key.to_owned(), value, origin, takes_effect });
}

pub(super) fn list(cx: &mut Context<'_>, key: &str, set: Option<(Vec<String>, Place)>) {
    let set = set.map(|(values, place)| (format!("{values:?}"), place));
    show(cx, key, set, "[]", TakesEffect::Reload);
}

/// A value or its default, shown as it is in force.
pub(super) fn value<T>(
    cx: &mut Context<'_>,
    key: &str,
    set: Option<At<T>>,
    default: T,
    show_as: impl Fn(&T) -> String,
) -> T {
    let shown = set.as_ref().map(|at| (show_as(&at.value), at.place));
    show(cx, key, shown, &show_as(&default), TakesEffect::Reload);
    set.map_or(default, |at| at.value)
}

pub(super) fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// A duration as a file would write it.
pub(super) fn shown(duration: Duration) -> String {
    let micros = duration.as_micros();
    match micros {
        0 => "0s".to_owned(),
        n if n % 1_000_000 == 0 => format!("{}s", n / 1_000_000),
        n if n % 1_000 == 0 => format!("{}ms", n / 1_000),
        n => format!("{n}us"),
    }
}

pub(super) fn shown_size(bytes: &u64) -> String {
    let text = match *bytes {
        0 => "0B".to_owned(),
        n if n % (1 << 30) == 0 => format!("{}GiB", n >> 30),
        n if n % (1 << 20) == 0 => format!("{}MiB", n >> 20),
        n if n % (1 << 10) == 0 => format!("{}KiB", n >> 10),
        n => format!("{n}B"),
    };
    quoted(&text)
}

pub(super) fn show_mock(draft: &drafts::MockDraft, cx: &mut Context<'_>) {
    let key = |key: &str| format!("mock {}: {key}", draft.name.value);
    let settings = &draft.settings;
    let texts = |list: &Option<At<crate::file::leaf::List<String>>>| {
        list.as_ref().map(|l| (format!("{:?}", l.value.0.iter().map(|t| &t.value).collect::<Vec<_>>()), l.place))
    };
    let text = |t: &Option<At<String>>| t.as_ref().map(|t| (quoted(&t.value), t.place));
    let source = |place: Place, cx: &Context<'_>| {
        let source = cx.sources.get(place.source);
        source.text.get(place.start as usize..place.end as usize).unwrap_or("").to_owned()
    };
    type Row<'r> = (&'r str, Option<(String, Place)>, &'r str);
    fn names<T>(tables: &Option<At<crate::file::leaf::Named<T>>>) -> Option<(String, Place)> {
        let tables = tables.as_ref()?;
        let names: Vec<&str> = tables.value.0.iter().map(|(name, _)| name.value.as_str()).collect();
        Some((format!("{names:?}"), tables.place))
    }
    let matching = if draft.collection.is_some() { "\"postman\"" } else { "\"strict\"" };
    let rows: [Row<'_>; 20] = [
        ("hosts", texts(&settings.hosts), "every host"),
        ("base_path", text(&settings.base_path), "none"),
        ("upstream", text(&settings.upstream), "that of the proxy"),
        ("url", text(&settings.url), "that of the data listener"),
        ("owner", text(&settings.owner), "none"),
        ("delay", settings.delay.as_ref().map(|v| (source(v.place, cx), v.place)), "none"),
        ("cors", settings.cors.as_ref().map(|v| (source(v.place, cx), v.place)), "true"),
        ("access", settings.access.as_ref().map(|v| (source(v.place, cx), v.place)), "everybody"),
        ("limit", settings.limit.as_ref().map(|v| (source(v.place, cx), v.place)), "as often as it is asked"),
        ("active_server_stub", text(&settings.active_server_stub), "none"),
        (
            "server_stub_scope",
            settings.server_stub_scope.as_ref().map(|v| (quoted(v.value.as_str()), v.place)),
            "\"mocked\"",
        ),
        ("selectors", settings.selectors.as_ref().map(|v| (source(v.place, cx), v.place)), "\"on\""),
        ("environment", text(&settings.environment), "none"),
        ("environments", names(&settings.environments), "none"),
        ("release", text(&settings.release), "none"),
        ("releases", names(&settings.releases), "none"),
        ("matching", settings.matching.as_ref().map(|v| (quoted(v.value.as_str()), v.place)), matching),
        ("closest", settings.closest.as_ref().map(|v| (quoted(v.value.as_str()), v.place)), "\"wildcard\""),
        ("match_body", settings.match_body.as_ref().map(|v| (v.value.to_string(), v.place)), "false"),
        ("match_headers", texts(&settings.match_headers), "none"),
    ];
    for (name, set, default) in rows {
        show(cx, &key(name), set, default, TakesEffect::Reload);
    }
}
