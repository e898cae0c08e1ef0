//! Diagnostics: what is wrong with a configuration, where, and how to mend it.
//!
//! A [`Problem`] names one mistake by a stable [`Code`], points at a [`Place`] and carries a `help` line;
//! [`Problems`] holds all of them with the texts they point into, and renders them the way rustc does. The
//! drawing is left to `annotate-snippets`, rustc's own renderer.
//!
//! This room lies below `file`, because the reader of files makes most problems.

use std::fmt;
use std::sync::Arc;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

/// Declares the codes with their printed names; the list of all codes lets a test demand a golden report for each.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident $text:literal,)+) => {
        /// The closed list of what can be wrong. The printed name is stable: scripts may match on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($(#[doc = $doc])+ $name,)+ }

        impl Code {
            /// Every code, in the order of this list.
            pub const ALL: &'static [Code] = &[$(Code::$name,)+];

            /// The name printed in reports and on `/readyz`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)+ }
            }

            /// One line that says what the code means, as the README lists it.
            pub fn meaning(self) -> &'static str {
                match self { $(Code::$name => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

codes! {
    // --- files ---
    /// No configuration was named and none was found.
    NoConfig "no-config",
    /// A file cannot be read, or is no UTF-8 text.
    UnreadableFile "unreadable-file",
    /// A file is larger than 64 MiB.
    FileTooLarge "file-too-large",
    /// Files kept changing while they were read.
    FilesMoving "files-moving",
    /// A `mocks` pattern is malformed, or names one file that is not there.
    BadPattern "bad-pattern",
    /// A `mocks` pattern fits no file (a warning).
    EmptyPattern "empty-pattern",
    // --- the language ---
    /// The text is no TOML.
    TomlSyntax "toml-syntax",
    /// The same key, or the same header in two spellings, stands twice in one table.
    DuplicateKey "duplicate-key",
    /// The same header stands twice, in two spellings.
    HeaderTwice "header-twice",
    /// The key does not exist.
    UnknownKey "unknown-key",
    /// The key exists, but in another table.
    MisplacedKey "misplaced-key",
    /// A name with a dot was not quoted, so TOML made a table of it.
    DottedKey "dotted-key",
    /// The key or value belongs to a later version.
    NotAvailable "not-available",
    /// The value has another type than the key takes.
    WrongType "wrong-type",
    /// The key takes one of a few words, and this is none of them.
    UnknownValue "unknown-value",
    /// A number stands where a unit is needed.
    BareNumber "bare-number",
    /// A duration, size or number is malformed or out of its range.
    OutOfRange "out-of-range",
    /// A key that must be there is missing.
    MissingKey "missing-key",
    /// Two keys exclude each other.
    ConflictingKeys "conflicting-keys",
    /// A `STANDIN_…__…` variable names no key.
    UnknownVariable "unknown-variable",
    // --- addresses ---
    /// A `listen` address is no `IP:port`.
    BadAddress "bad-address",
    /// Two listeners want the same address.
    AddressTwice "address-twice",
    /// The admin listener is bound beyond loopback.
    AdminExposed "admin-exposed",
    /// An upstream URL is malformed.
    BadUrl "bad-url",
    /// An upstream is the sidecar's own listener.
    OwnListener "own-listener",
    /// A name under `upstream` is not defined.
    UnknownUpstream "unknown-upstream",
    // --- mocks, stubs, scenarios ---
    /// A name is empty, too long, or holds control characters.
    BadName "bad-name",
    /// The name `default` belongs to the mock of standin.toml.
    ReservedName "reserved-name",
    /// Two mocks, stubs, scenarios or server stubs have one name.
    DuplicateName "duplicate-name",
    /// A host pattern is malformed.
    BadHost "bad-host",
    /// A base path is malformed.
    BadBasePath "bad-base-path",
    /// A `match` line is malformed.
    BadMatch "bad-match",
    /// Nothing can tell two stubs apart, so the second would never answer.
    SameMatch "same-match",
    /// Two mocks claim one route, so the second would never answer.
    RouteTaken "route-taken",
    /// A scenario is never reached (a warning).
    UnreachableScenario "unreachable-scenario",
    /// A server stub that is used is not defined.
    UnknownServerStub "unknown-server-stub",
    /// A private mock has no key.
    NoKeys "no-keys",
    /// A secret stands in the file itself.
    PlainSecret "plain-secret",
    /// A secret's variable or file is missing or empty.
    MissingSecret "missing-secret",
    // --- conditions ---
    /// A condition uses an operator that does not exist.
    UnknownOperator "unknown-operator",
    /// An operand does not fit its operator.
    BadOperand "bad-operand",
    /// A regular expression is malformed.
    BadRegex "bad-regex",
    /// A JSONPath is malformed.
    BadJsonPath "bad-jsonpath",
    /// A condition names a path parameter that `match` does not have.
    UnknownParameter "unknown-parameter",
    /// A condition can never hold.
    NeverHolds "never-holds",
    /// A CIDR range is malformed.
    BadRange "bad-range",
    // --- responses ---
    /// A status lies outside what the table allows.
    BadStatus "bad-status",
    /// A header name or value is malformed, or the header is Standin's own business.
    BadHeader "bad-header",
    /// A status that has no body was given one.
    BodyNotAllowed "body-not-allowed",
    /// A media type is malformed.
    BadType "bad-type",
    /// A body said to be JSON is none.
    BadJson "bad-json",
    /// A `base64` body is malformed.
    BadBase64 "bad-base64",
    /// A value has no JSON form.
    NoJsonForm "no-json-form",
    /// A body file lies outside its directory.
    FileOutside "file-outside",
    /// A string holds a template.
    TemplateNotAvailable "template-not-available",
    // --- reload ---
    /// A change takes effect at a restart only.
    NeedsRestart "needs-restart",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The number of a text in [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(u32);

impl SourceId {
    /// No source: of values that Standin itself added.
    pub const NONE: SourceId = SourceId(u32::MAX);
}

/// A stretch of a source, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The text.
    pub source: SourceId,
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

/// A text that problems point into: a file, an environment variable or a flag.
#[derive(Clone, Debug)]
pub struct Source {
    /// What the reader of a report knows it by, such as `mocks/orders.toml` or `STANDIN_OPS__LISTEN`.
    pub name: String,
    /// The text itself; empty where there is none to show.
    pub text: Arc<str>,
}

/// All texts of one load.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Adds a text.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> SourceId {
        self.0.push(Source { name: name.into(), text: text.into() });
        SourceId((self.0.len() - 1) as u32)
    }

    /// The text behind `id`.
    pub fn get(&self, id: SourceId) -> &Source {
        &self.0[id.0 as usize]
    }

    /// Puts asterisks over a place, so that no report shows what stands there.
    fn mask(&mut self, place: Place) {
        let source = &mut self.0[place.source.0 as usize];
        let (start, end) = (place.start as usize, place.end as usize);
        if let (Some(before), Some(secret), Some(after)) =
            (source.text.get(..start), source.text.get(start..end), source.text.get(end..))
        {
            let stars: String = secret.chars().map(|c| if c == '\n' { c } else { '*' }).collect();
            source.text = format!("{before}{stars}{after}").into();
        }
    }

    /// The line and column of a place, both counted from 1; the column in characters.
    pub fn line_column(&self, place: Place) -> (usize, usize) {
        let text = &self.get(place.source).text;
        let mut end = (place.start as usize).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &text[..end];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The configuration is refused.
    Error,
    /// The configuration is taken; somebody should look.
    Warning,
}

/// One mistake.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Which of the closed list.
    pub code: Code,
    /// Whether the configuration is refused for it.
    pub severity: Severity,
    /// One lowercase line without a full stop.
    pub title: String,
    /// Where it is, with what stands under the caret; absent for what has no text, such as a missing file.
    pub place: Option<(Place, String)>,
    /// A file without a place in it.
    pub file: Option<String>,
    /// Other places that belong to it, such as the first of two definitions.
    pub related: Vec<(Place, String)>,
    /// How to mend it.
    pub help: Option<String>,
}

impl Problem {
    /// An error at a place.
    pub fn at(code: Code, place: Place, title: impl Into<String>) -> Self {
        Problem {
            code,
            severity: Severity::Error,
            title: title.into(),
            place: Some((place, String::new())),
            file: None,
            related: Vec::new(),
            help: None,
        }
    }

    /// An error of a whole file, or of none.
    pub fn of(code: Code, file: Option<String>, title: impl Into<String>) -> Self {
        Problem {
            code,
            severity: Severity::Error,
            title: title.into(),
            place: None,
            file,
            related: Vec::new(),
            help: None,
        }
    }

    /// Makes it a warning.
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Puts a text under the caret.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        if let Some((_, text)) = &mut self.place {
            *text = label.into();
        }
        self
    }

    /// Adds another place.
    pub fn also(mut self, place: Place, label: impl Into<String>) -> Self {
        self.related.push((place, label.into()));
        self
    }

    /// Says how to mend it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says how to mend it, where something can be said.
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }
}

/// Everything that one load found, with the texts.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    list: Vec<Problem>,
    sources: Sources,
}

/// Where the first error is, for `/readyz` and the log: no source text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The code of the first error.
    pub code: Code,
    /// Its file, variable or flag.
    pub file: Option<String>,
    /// Its line, from 1.
    pub line: Option<usize>,
    /// How many errors there are in all.
    pub errors: usize,
}

impl Problems {
    /// Takes the findings of a load; errors come first, each kind in the order of sources and places.
    pub fn new(mut list: Vec<Problem>, mut sources: Sources) -> Self {
        // Reports go to logs, and logs go far.
        for problem in list.iter().filter(|problem| problem.code == Code::PlainSecret) {
            if let Some((place, _)) = &problem.place {
                sources.mask(*place);
            }
        }
        list.sort_by_key(|p| (p.severity, p.place.as_ref().map_or((u32::MAX, 0), |(at, _)| (at.source.0, at.start))));
        Problems { list, sources }
    }

    /// All findings.
    pub fn list(&self) -> &[Problem] {
        &self.list
    }

    /// How many errors there are; warnings do not count.
    pub fn errors(&self) -> usize {
        self.list.iter().filter(|p| p.severity == Severity::Error).count()
    }

    /// How many warnings there are.
    pub fn warnings(&self) -> usize {
        self.list.len() - self.errors()
    }

    /// The first error in a form that carries no source text.
    pub fn summary(&self) -> Option<Summary> {
        let first = self.list.iter().find(|p| p.severity == Severity::Error)?;
        let (file, line) = match &first.place {
            Some((place, _)) => {
                (Some(self.sources.get(place.source).name.clone()), Some(self.sources.line_column(*place).0))
            }
            None => (first.file.clone(), None),
        };
        Some(Summary { code: first.code, file, line, errors: self.errors() })
    }

    /// The report as rustc would print it, without the closing count; `colour` for terminals.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let mut out = String::new();
        for problem in &self.list {
            out.push_str(&renderer.render(&[self.group(problem)]));
            out.push_str("\n\n");
        }
        out
    }

    fn group<'a>(&'a self, problem: &'a Problem) -> Group<'a> {
        let level = match problem.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = Group::with_title(level.primary_title(problem.title.as_str()).id(problem.code.as_str()));
        match &problem.place {
            Some((place, label)) => {
                for snippet in self.snippets(*place, label, &problem.related) {
                    group = group.element(snippet);
                }
            }
            None => {
                if let Some(file) = &problem.file {
                    group = group.element(Origin::path(file.as_str()));
                }
            }
        }
        match &problem.help {
            Some(help) => group.element(Level::HELP.message(help.as_str())),
            None => group,
        }
    }

    /// One snippet per source, the one of the caret first.
    fn snippets<'a>(
        &'a self,
        place: Place,
        label: &'a str,
        related: &'a [(Place, String)],
    ) -> Vec<Snippet<'a, annotate_snippets::Annotation<'a>>> {
        let mut order = vec![place.source];
        for (other, _) in related {
            if !order.contains(&other.source) {
                order.push(other.source);
            }
        }
        order
            .into_iter()
            .map(|id| {
                let source = self.sources.get(id);
                let mut snippet = Snippet::source(source.text.as_ref()).path(source.name.as_str());
                if id == place.source {
                    let annotation = AnnotationKind::Primary.span(self.span(place));
                    snippet = snippet.annotation(if label.is_empty() { annotation } else { annotation.label(label) });
                }
                for (other, text) in related.iter().filter(|(other, _)| other.source == id) {
                    snippet = snippet.annotation(AnnotationKind::Context.span(self.span(*other)).label(text.as_str()));
                }
                snippet
            })
            .collect()
    }

    /// The span inside its text, cut at the end of its first line: a caret under forty lines helps nobody.
    fn span(&self, place: Place) -> std::ops::Range<usize> {
        let text = &self.sources.get(place.source).text;
        let start = (place.start as usize).min(text.len());
        let end = (place.end as usize).clamp(start, text.len());
        let line = text[start..end].find('\n').map_or(end, |at| start + at);
        start..line
    }
}

/// The word out of `known` that `word` was probably meant to be.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word.to_lowercase(), candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len().max(word.len()) / 3).clamp(1, 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_its_word() {
        assert_eq!(nearest("staus", ["status", "scenario"]), Some("status"));
        assert_eq!(nearest("scenarios", ["status", "scenario"]), Some("scenario"));
        assert_eq!(nearest("nothing-like-it", ["status", "scenario"]), None);
    }

    #[test]
    fn codes_are_unique_and_written_in_kebab_case() {
        let mut names: Vec<_> = Code::ALL.iter().map(|c| c.as_str()).collect();
        assert!(names.iter().all(|n| n.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let mut sources = Sources::default();
        let source = sources.add("x", "a\nüb = 1\n");
        let place = Place { source, start: 4, end: 5 };
        assert_eq!(sources.line_column(place), (2, 2));
    }
}
