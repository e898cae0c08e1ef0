//! The texts that problems point into, and places in them.

use std::sync::Arc;

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
    /// Where lines begin: a file of 100,000 stubs may have as many mistakes, and each has a line.
    lines: Arc<[u32]>,
}

impl Source {
    /// The line that holds a byte, counted from 0.
    pub(super) fn line_of(&self, at: u32) -> usize {
        self.lines.partition_point(|start| *start <= at) - 1
    }

    /// The text from the first of some lines to the end of the last, with the byte it begins at.
    pub(super) fn excerpt(&self, first: usize, last: usize) -> (&str, usize) {
        let start = self.lines[first] as usize;
        let end = self.lines.get(last + 1).map_or(self.text.len(), |next| *next as usize);
        (&self.text[start..end], start)
    }
}

/// All texts of one load.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Adds a text.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> SourceId {
        let text = text.into();
        let breaks = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at as u32 + 1);
        let lines = std::iter::once(0).chain(breaks).collect();
        self.0.push(Source { name: name.into(), text, lines });
        SourceId((self.0.len() - 1) as u32)
    }

    /// The text behind `id`.
    pub fn get(&self, id: SourceId) -> &Source {
        &self.0[id.0 as usize]
    }

    /// All texts, in the order in which they were added.
    pub fn all(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        (0..).map(SourceId).zip(&self.0)
    }

    /// Puts asterisks over a place, so that no report shows what stands there. Every byte keeps its place.
    pub(super) fn mask(&mut self, place: Place) {
        let source = &mut self.0[place.source.0 as usize];
        let (start, end) = (place.start as usize, place.end as usize);
        if let (Some(before), Some(secret), Some(after)) =
            (source.text.get(..start), source.text.get(start..end), source.text.get(end..))
        {
            let stars: String = secret.bytes().map(|b| if b == b'\n' { '\n' } else { '*' }).collect();
            source.text = format!("{before}{stars}{after}").into();
        }
    }

    /// The line and column of a place, both counted from 1; the column in characters.
    pub fn line_column(&self, place: Place) -> (usize, usize) {
        let source = self.get(place.source);
        let mut at = (place.start as usize).min(source.text.len());
        while !source.text.is_char_boundary(at) {
            at -= 1;
        }
        let line = source.line_of(at as u32);
        let column = source.text[source.lines[line] as usize..at].chars().count() + 1;
        (line + 1, column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let mut sources = Sources::default();
        let source = sources.add("x", "a\nüb = 1\n");
        let place = Place { source, start: 4, end: 5 };
        assert_eq!(sources.line_column(place), (2, 2));
        assert_eq!(sources.line_column(Place { source, start: 9, end: 9 }), (2, 7));
        assert_eq!(sources.line_column(Place { source, start: 10, end: 10 }), (3, 1));
    }

    #[test]
    fn a_mask_keeps_every_byte_in_its_place() {
        let mut sources = Sources::default();
        let source = sources.add("x", "a = \"päss\" # b");
        sources.mask(Place { source, start: 4, end: 11 });
        assert_eq!(&*sources.get(source).text, "a = ******* # b");
    }
}
