//! From mock files to drafts: what is to be compiled, in file order.

use std::path::{Path, PathBuf};

use super::{Context, MockSource, names};
use crate::file::leaf::List;
use crate::file::pieces::Pieces;
use crate::file::read::At;
use crate::file::{DefaultTable, MockFile, MockTable, ServerStubTable, StubTable};
use crate::problem::{Code, Place, Problem};

/// The name of the mock whose stubs stand in standin.toml.
pub const DEFAULT: &str = "default";

/// One mock to compile.
#[derive(Clone)]
pub struct MockDraft {
    pub name: At<String>,
    pub settings: DefaultTable,
    /// Where the table of the settings begins.
    pub table: Place,
    /// The directory of the file that its settings stand in.
    pub beside: PathBuf,
    /// Its stubs: those of the file itself, and those of a release.
    pub files: Vec<Drafted>,
}

/// The stubs of one file.
#[derive(Clone)]
pub struct Drafted {
    pub server_stubs: Option<At<List<ServerStubTable>>>,
    pub stubs: Option<At<List<StubTable>>>,
    /// Stubs that have not been read.
    pub pieces: Option<Pieces>,
    /// The directory of the file.
    pub directory: PathBuf,
}

/// Gathers all mocks in file order: that of standin.toml first, if it has anything.
pub fn drafts(
    default: Option<At<DefaultTable>>,
    server_stubs: Option<At<List<ServerStubTable>>>,
    (stubs, pieces): (Option<At<List<StubTable>>>, Option<Pieces>),
    directory: &Path,
    files: Vec<MockSource>,
    cx: &mut Context<'_>,
) -> Vec<MockDraft> {
    let mut out = Vec::new();
    let stubs_place = stubs.as_ref().map(|v| v.place).or(pieces.as_ref().map(Pieces::place));
    let place = [default.as_ref().map(|v| v.place), server_stubs.as_ref().map(|v| v.place), stubs_place]
        .into_iter()
        .flatten()
        .next();
    if let Some(place) = place {
        let settings = default.map(|table| table.value).unwrap_or_default();
        let name = At { value: DEFAULT.to_owned(), place };
        let files = vec![Drafted { server_stubs, stubs, pieces, directory: directory.to_owned() }];
        out.push(MockDraft { name, settings, table: place, beside: directory.to_owned(), files });
    }
    for MockSource { file, pieces, source, path } in files {
        let MockFile { server_stub, stub, settings: MockTable { name, common } } = file;
        let name = match name {
            Some(name) => At { value: names::checked(&name, cx), place: name.place },
            None => At {
                value: path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(),
                place: Place { source, start: 0, end: 0 },
            },
        };
        if name.value == DEFAULT {
            cx.report(
                Problem::at(Code::ReservedName, name.place, "the name `default` belongs to the mock of standin.toml")
                    .help("give this mock a `name` of its own"),
            );
        }
        let directory = path.parent().unwrap_or(Path::new("")).to_owned();
        let table = Place { source, start: 0, end: 0 };
        let files = vec![Drafted { server_stubs: server_stub, stubs: stub, pieces, directory: directory.clone() }];
        out.push(MockDraft { name, settings: common, table, beside: directory, files });
    }
    out
}
