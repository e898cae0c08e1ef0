//! What a reader carries along: the source, its places, and what is wrong with it.

use std::collections::HashSet;
use std::ops::{Deref, Range};

use toml::Spanned;
use toml::de::DeValue;

use super::pieces::Pieces;
use super::unknown::described;
use crate::problem::{Code, Place, Problem, SourceId};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub place: Place,
}

impl<T> Deref for At<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> At<T> {
    /// The same place with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> At<U> {
        At { value: f(self.value), place: self.place }
    }
}

/// What a source is: it decides how scalars are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A TOML file.
    File,
    /// An environment variable or a flag: one value, lists by comma, text without quotes.
    Word,
}

/// Keys that stand in a file but could not be taken in: what they leave unsaid is no second mistake.
#[derive(Debug, Default, PartialEq)]
pub struct Unread {
    keys: HashSet<(SourceId, u32, String)>,
    tables: HashSet<(SourceId, u32)>,
}

impl Unread {
    /// Whether this key of the table at `place` is there, but could not be read in full.
    pub fn key(&self, place: Place, key: &str) -> bool {
        self.table(place) && self.keys.contains(&(place.source, place.start, key.to_owned()))
    }

    /// Whether some key of the table at `place` was reported.
    pub fn table(&self, place: Place) -> bool {
        self.tables.contains(&(place.source, place.start))
    }

    pub(super) fn add(&mut self, place: Place, key: &str) {
        self.tables.insert((place.source, place.start));
        self.keys.insert((place.source, place.start, key.to_owned()));
    }
}

/// Reads one source and collects what is wrong with it.
pub struct Reader<'a> {
    source: SourceId,
    pub(super) text: &'a str,
    /// Where in the text the spans begin that it is given.
    offset: usize,
    /// What the next list of stubs consists of, if it is not to be read at once.
    pub(super) later: Option<Pieces>,
    origin: Origin,
    /// Everything found so far.
    pub problems: &'a mut Vec<Problem>,
    pub(super) unread: &'a mut Unread,
}

impl<'a> Reader<'a> {
    /// A reader of one source.
    pub fn new(
        source: SourceId,
        text: &'a str,
        origin: Origin,
        problems: &'a mut Vec<Problem>,
        unread: &'a mut Unread,
    ) -> Self {
        Reader { source, text, offset: 0, later: None, origin, problems, unread }
    }

    /// Reads something whose spans count from `offset` on.
    pub(super) fn within<T>(&mut self, offset: usize, read: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.offset, offset);
        let out = read(self);
        self.offset = outer;
        out
    }

    /// The source.
    pub fn source(&self) -> SourceId {
        self.source
    }

    /// The text of a place of this source.
    pub fn text_at(&self, place: Place) -> &'a str {
        self.text.get(place.start as usize..place.end as usize).unwrap_or("")
    }

    /// The name before the dot that the key at this place follows, as in `a.key = 1` or `[a.key]`.
    pub fn before_dot(&self, place: Place) -> Option<&'a str> {
        let before = self.text.get(..place.start as usize)?.trim_end_matches([' ', '\t']).strip_suffix('.')?;
        before.rsplit(['.', '[', ' ', '\t', '\n', '{', ',']).next()
    }

    /// Whether the source is a TOML file or a single word.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The whole text of the source.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The place of a span of this source.
    pub fn place(&self, span: Range<usize>) -> Place {
        let at = |byte: usize| (self.offset + byte) as u32;
        Place { source: self.source, start: at(span.start), end: at(span.end) }
    }

    /// Reports an error and yields nothing, so that readers can end with it.
    pub fn fail<T>(&mut self, problem: Problem) -> Option<T> {
        self.problems.push(problem);
        None
    }

    /// Reports a value of the wrong type.
    pub fn wrong_type<T>(&mut self, value: &Spanned<DeValue<'_>>, expected: &str) -> Option<T> {
        self.wrong_type_with(value, expected, None)
    }

    /// Reports a value of the wrong type, with a way to mend it.
    pub fn wrong_type_with<T>(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        expected: &str,
        help: Option<String>,
    ) -> Option<T> {
        let place = self.place(value.span());
        self.fail(
            Problem::at(Code::WrongType, place, format!("expected {expected}"))
                .label(format!("this is {}", described(value.get_ref())))
                .maybe_help(help),
        )
    }
}
