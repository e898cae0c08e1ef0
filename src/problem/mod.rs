//! Diagnostics: what is wrong with a configuration, where, and how to mend it.
//!
//! A [`Problem`] names one mistake by a stable [`Code`], points at a [`Place`] and carries a `help` line;
//! [`Problems`] holds all of them with the texts they point into, and renders them the way rustc does. The
//! drawing is left to `annotate-snippets`, rustc's own renderer.
//!
//! This room lies below `file`, because the reader of files makes most problems.

mod code;
mod report;
mod source;

pub use code::Code;
pub use source::{Place, Source, SourceId, Sources};

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
        list.sort_by_key(|p| {
            (p.severity, p.place.as_ref().map_or((SourceId::NONE, 0), |(at, _)| (at.source, at.start)))
        });
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

    /// File, line and column of a problem, as far as it has them; line and column from 1, the column in characters.
    pub fn place<'p>(&'p self, problem: &'p Problem) -> (Option<&'p str>, Option<(usize, usize)>) {
        match &problem.place {
            Some((place, _)) => (Some(&self.sources.get(place.source).name), Some(self.sources.line_column(*place))),
            None => (problem.file.as_deref(), None),
        }
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
}

/// The word out of `known` that `word` was probably meant to be.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
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
}
