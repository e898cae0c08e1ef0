//! The stubs of a large file, read a few at a time.
//!
//! A parsed file takes twenty times the memory of its text, and a reload happens while another table is in force. A
//! `[[stub]]` table says nothing of others, so a text can be cut before each of them and parsed piece by piece. A cut in
//! the wrong place, such as within a text of several lines, leaves pieces that are no TOML or define something else:
//! then the file is read as a whole, as it is wherever the parser finds a mistake.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::StubTable;
use super::leaf::List;
use super::read::{At, Keys, Read as _, Reader, read_table};
use crate::problem::{Place, SourceId};

/// Files from this size on are read in pieces, bytes.
pub const LARGE: usize = 256 << 10;

/// Each piece has at least so many bytes, and the rest of a stub: enough that what a piece costs by itself does not count.
const PIECE: usize = 32 << 10;

/// The stubs of a file, of which only the places are known.
#[derive(Clone, Debug)]
pub struct Pieces {
    source: SourceId,
    /// Where each piece begins, and at the end where the last one ends.
    borders: Vec<u32>,
}

impl Pieces {
    /// Reads all of a text but its stubs, with what is needed to read these later. Nothing, not even a report, where the
    /// text must be read as a whole.
    pub fn of<T: Keys>(reader: &mut Reader<'_>) -> Option<(T, Pieces)> {
        Self::cut(reader, PIECE)
    }

    fn cut<T: Keys>(reader: &mut Reader<'_>, size: usize) -> Option<(T, Pieces)> {
        let text = reader.text();
        let mut borders: Vec<u32> = Vec::new();
        for start in stubs(text) {
            if borders.last().is_none_or(|last| start - *last as usize >= size) {
                borders.push(start as u32);
            }
        }
        let head = *borders.first()? as usize;
        borders.push(text.len() as u32);
        let (table, errors) = DeTable::parse_recoverable(&text[..head]);
        if !errors.is_empty() || table.get_ref().contains_key(STUB) {
            return None;
        }
        let root = Spanned::new(table.span(), DeValue::Table(table.into_inner()));
        let file = read_table(root, reader)?;
        Some((file, Pieces { source: reader.source(), borders }))
    }

    /// The text that they are pieces of.
    pub fn source(&self) -> SourceId {
        self.source
    }

    /// The place of the first of them.
    pub fn place(&self) -> Place {
        let start = self.borders.first().copied().unwrap_or(0);
        Place { source: self.source, start, end: start + HEADER.len() as u32 }
    }

    /// The pieces.
    pub fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        self.borders.windows(2).map(|pair| pair[0] as usize..pair[1] as usize)
    }
}

/// Reads one piece. `None` where the text must be read as a whole after all.
pub fn read(piece: Range<usize>, reader: &mut Reader<'_>) -> Option<Vec<At<StubTable>>> {
    let (table, errors) = DeTable::parse_recoverable(&reader.text()[piece.clone()]);
    let mut table = table.into_inner();
    let stubs = table.remove(STUB)?;
    if !errors.is_empty() || !table.is_empty() {
        return None;
    }
    let before = reader.problems.len();
    let list = reader.within(piece.start, |reader| List::<StubTable>::read(stubs, reader))?;
    if reader.problems.len() > before {
        let whole = Place { source: reader.source(), start: 0, end: 0 };
        reader.unread.add(whole, STUB);
    }
    Some(list.0)
}

const STUB: &str = "stub";
const HEADER: &str = "[[stub]]";

/// Where lines begin that seem to begin a stub.
fn stubs(text: &str) -> impl Iterator<Item = usize> {
    memchr::memmem::find_iter(text.as_bytes(), HEADER).filter(|at| *at == 0 || text.as_bytes()[at - 1] == b'\n')
}

#[cfg(test)]
mod tests {
    use super::super::MockFile;
    use super::super::read::{Origin, Unread, parse};
    use super::*;
    use crate::problem::{Problem, Sources};

    /// All that a reading comes to, as text.
    fn told(file: MockFile, stubs: Vec<At<StubTable>>, problems: &[Problem]) -> String {
        let rest = MockFile { stub: None, ..file };
        let mut problems: Vec<_> = problems.iter().map(|problem| format!("{problem:?}")).collect();
        problems.sort();
        format!("{rest:?}\n{stubs:#?}\n{problems:#?}")
    }

    fn as_a_whole(text: &str) -> (String, Unread) {
        let (mut problems, mut unread) = (Vec::new(), Unread::default());
        let source = Sources::default().add("x", text);
        let mut file: MockFile = parse(&mut Reader::new(source, text, Origin::File, &mut problems, &mut unread));
        let stubs = file.stub.take().map(|list| list.value.0).unwrap_or_default();
        (told(file, stubs, &problems), unread)
    }

    fn in_pieces(text: &str, size: usize) -> Option<(String, Unread)> {
        let (mut problems, mut unread) = (Vec::new(), Unread::default());
        let source = Sources::default().add("x", text);
        let mut reader = Reader::new(source, text, Origin::File, &mut problems, &mut unread);
        let (file, pieces) = Pieces::cut::<MockFile>(&mut reader, size)?;
        let mut stubs = Vec::new();
        for piece in pieces.ranges() {
            stubs.extend(read(piece, &mut reader)?);
        }
        Some((told(file, stubs, &problems), unread))
    }

    /// Pieces of any size say the same as the whole; says whether the text can be cut at all.
    fn same(text: &str) -> bool {
        let whole = as_a_whole(text);
        let pieces: Vec<_> = [0, 60, 1000].into_iter().filter_map(|size| in_pieces(text, size)).collect();
        for pieces in &pieces {
            assert_eq!(*pieces, whole, "{text}");
        }
        !pieces.is_empty()
    }

    #[test]
    fn pieces_say_what_the_whole_says() {
        for text in [
            "name = 'm'\n[[stub]]\nmatch = 'GET /a'\njson = { a = 1 }\n[[stub]]\nmatch = 'GET /b'\n[[stub.scenario]]\n\
             status = 201\n[stub.scenario.headers]\nx = '1'\n",
            "[[stub]]\nmatch = 7\nnonsense = 1\n\n[[stub]] # the second\nstatus = 'x'\n[[stub.scenario]]\n\
             when.query.a = { lt = 'x', no = 1 }",
            "base_path = '/x'\n[[server_stub]]\nname = 's'\nstatus = 503\n[[stub]]\r\nmatch = 'GET /\u{e9}'\r\n[[stub]]\r\n\
             match = 'GET /b'\r\n",
            "[[stub]]\nmatch = 'GET /a'\nbody = '''\n [[stub]]\n'''\n[[stub]]\nmatch = 'GET /b'\n[[ stub ]]\n",
        ] {
            assert!(same(text), "{text}");
        }
    }

    #[test]
    fn the_mistakes_of_the_reports_are_found_in_pieces_too() {
        let mut cut = 0;
        let cases = ["codes", "files"].into_iter().flat_map(|folder| {
            let folder = format!("{}/tests/config_errors/{folder}", env!("CARGO_MANIFEST_DIR"));
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())
        });
        for path in cases.filter(|path| path.extension().is_some_and(|extension| extension == "case")) {
            let case = std::fs::read_to_string(path).unwrap();
            cut += case.split("\n-- ").filter(|file| same(file.split_once('\n').map_or("", |(_, text)| text))).count();
        }
        assert!(cut >= 50, "{cut} of them have stubs");
    }

    #[test]
    fn what_is_no_stub_by_itself_is_read_as_a_whole() {
        for text in [
            "",
            "name = 'm'",
            "[[stub]]\nmatch = 'GET /a'\n[[server_stub]]\nname = 's'\n",
            "[[ stub ]]\nmatch = 'GET /a'\n[[stub]]\nmatch = 'GET /b'\n",
            "stub = [{ match = 'GET /a' }]\n[[stub]]\nmatch = 'GET /b'\n",
            "[[stub]]\nmatch = 'GET /a'\nbody = '''\n[[stub]]\n'''\n",
            "[[stub]]\nmatch = 'GET /a'\nmatch = 'GET /b'\n[[stub]]\nmatch = 'GET /c'\n",
            "[[stub]]\nmatch = \n[[stub]]\nmatch = 'GET /c'\n",
            "name =\n[[stub]]\nmatch = 'GET /c'\n",
        ] {
            assert_eq!(in_pieces(text, 0), None, "{text}");
        }
    }
}
