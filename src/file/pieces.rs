//! The stubs of a file: read with it or, where the file is large, a few at a time.
//!
//! A parsed file takes thirty times the memory of its text, and a reload happens while another table is in force. A
//! `[[stub]]` table says nothing of others, so a text can be cut before each of them and parsed piece by piece. A cut in
//! the wrong place, such as within a text of several lines, leaves pieces that are no TOML or define something else.
//!
//! Such pieces, and mistakes that the parser finds, need the whole file to be understood, but not the pieces that are
//! sound: these are blanked out for it and read by themselves. Only if that finds no mistake, for which the load is
//! refused, the file is parsed as a whole.

use std::borrow::Cow;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::StubTable;
use super::leaf::List;
use super::read::{At, Keys, Read, Reader, read_table};
use crate::problem::{Place, SourceId};

/// Files from this size on are read in pieces, bytes.
pub const LARGE: usize = 256 << 10;

/// Each piece has at least so many bytes, and the rest of a stub: enough that what a piece costs by itself does not
/// count.
const PIECE: usize = 32 << 10;

const STUB: &str = "stub";
const HEADER: &str = "[[stub]]";

/// The `[[stub]]` tables of a file.
#[derive(Clone, Debug, Default)]
pub struct Stubs {
    read: Vec<At<StubTable>>,
    later: Option<Pieces>,
}

/// Where stubs stand that have not been read.
#[derive(Clone, Debug)]
pub struct Pieces {
    source: SourceId,
    ranges: std::vec::IntoIter<Range<usize>>,
}

/// A text that cannot be read in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Torn;

/// Parses a file of the shape `T`, but for its stubs.
///
/// # Errors
/// Where more must be parsed to understand it. Nothing is reported then.
pub fn parse<T: Keys>(reader: &mut Reader<'_>) -> Result<T, Torn> {
    if headers(reader.text()).next().is_none() {
        return Ok(super::read::parse(reader));
    }
    cut(reader, PIECE).ok_or(Torn)
}

fn cut<T: Keys>(reader: &mut Reader<'_>, size: usize) -> Option<T> {
    let text = reader.text();
    let ranges = ranges(text, size);
    let head = ranges.first()?.start;
    let (table, errors) = DeTable::parse_recoverable(&text[..head]);
    if !errors.is_empty() || table.get_ref().contains_key(STUB) || !T::keys().contains(&STUB) {
        return None;
    }
    let mut file: T = read_table(Spanned::new(table.span(), DeValue::Table(table.into_inner())), reader)?;
    reader.later = Some(Pieces { source: reader.source(), ranges: ranges.into_iter() });
    set_later(&mut file, head, reader);
    Some(file)
}

/// Pieces of a text that are sound by themselves, and the text without them: everything else keeps its place.
pub fn without_sound(text: &str, source: SourceId) -> (String, Pieces) {
    apart(text, source, PIECE)
}

fn apart(text: &str, source: SourceId, size: usize) -> (String, Pieces) {
    let mut sound = ranges(text, size);
    // What follows on a mistake decides what the parser makes of it, so it stays. The head may hold one too.
    let mut follows_sound = false;
    sound.retain(|piece| {
        let is_sound = stubs(&text[piece.clone()]).is_some();
        is_sound & std::mem::replace(&mut follows_sound, is_sound)
    });
    let mut rest = String::with_capacity(text.len());
    for piece in &sound {
        rest.push_str(&text[rest.len()..piece.start]);
        rest.extend(std::iter::repeat_n(' ', piece.len() - 1));
        rest.push('\n');
    }
    rest.push_str(&text[rest.len()..]);
    (rest, Pieces { source, ranges: sound.into_iter() })
}

/// Parses what [`without_sound`] has left, and reports what is wrong with it.
pub fn parse_rest<T: Keys>(sound: Pieces, reader: &mut Reader<'_>) -> T {
    let start = sound.ranges.as_slice().first().map(|piece| piece.start);
    reader.later = Some(sound);
    let mut file: T = super::read::parse(reader);
    if let (Some(_), Some(start)) = (&reader.later, start) {
        set_later(&mut file, start, reader);
    }
    file
}

/// Gives a file without stubs those that are read later.
fn set_later<T: Keys>(file: &mut T, start: usize, reader: &mut Reader<'_>) {
    let none = Spanned::new(start..start + HEADER.len(), DeValue::Array(toml::de::DeArray::new()));
    // A file that takes no stubs has reported the others.
    let _ = file.set(STUB, none, reader);
}

/// Where the pieces of a text lie. The text before the first is none of them.
fn ranges(text: &str, size: usize) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    for start in headers(text) {
        match out.last_mut() {
            Some(last) if start - last.start < size => {}
            last => {
                if let Some(last) = last {
                    last.end = start;
                }
                out.push(start..text.len());
            }
        }
    }
    out
}

/// Where lines begin that seem to begin a stub.
fn headers(text: &str) -> impl Iterator<Item = usize> {
    let begins_line = |at: &usize| at.checked_sub(1).is_none_or(|before| text.as_bytes()[before] == b'\n');
    memchr::memmem::find_iter(text.as_bytes(), HEADER).filter(begins_line)
}

/// The stubs of a piece, if it has nothing else.
fn stubs(piece: &str) -> Option<Spanned<DeValue<'_>>> {
    let (table, errors) = DeTable::parse_recoverable(piece);
    let mut table = table.into_inner();
    let stubs = table.remove(STUB)?;
    (errors.is_empty() && table.is_empty()).then_some(stubs)
}

impl From<List<StubTable>> for Stubs {
    fn from(list: List<StubTable>) -> Self {
        Stubs { read: list.0, later: None }
    }
}

impl Stubs {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.read.is_empty() && self.later.as_ref().is_none_or(|pieces| pieces.ranges.len() == 0)
    }

    /// The text that is still to be read; none where all is.
    pub fn source(&self) -> Option<SourceId> {
        self.later.as_ref().map(|pieces| pieces.source)
    }

    /// The next of them; `None` at their end.
    ///
    /// # Errors
    /// Where more of the text must be parsed at once. What was reported of it until then does not count.
    pub fn next(&mut self, reader: &mut Reader<'_>) -> Result<Option<Vec<At<StubTable>>>, Torn> {
        if !self.read.is_empty() {
            return Ok(Some(std::mem::take(&mut self.read)));
        }
        let Some(piece) = self.later.as_mut().and_then(|pieces| pieces.ranges.next()) else { return Ok(None) };
        read(piece, reader).map(Some).ok_or(Torn)
    }
}

/// Reads one piece.
fn read(piece: Range<usize>, reader: &mut Reader<'_>) -> Option<Vec<At<StubTable>>> {
    let stubs = stubs(reader.text().get(piece.clone())?)?;
    let before = reader.problems.len();
    let list = reader.within(piece.start, |reader| List::<StubTable>::read(stubs, reader))?;
    if reader.problems.len() > before {
        let file = Place { source: reader.source(), start: 0, end: 0 };
        reader.unread.add(file, STUB);
    }
    Some(list.0)
}

impl Read for Stubs {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        let later = reader.later.take();
        List::read(value, reader).map(|list| Stubs { read: list.0, later })
    }
}

impl JsonSchema for Stubs {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        List::<StubTable>::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        List::<StubTable>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests;
