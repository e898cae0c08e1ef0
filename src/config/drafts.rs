//! From mock files to drafts: what is to be compiled, in file order.

use std::path::{Path, PathBuf};

use super::collections::Collection;
use super::openapi::{Spec, sources_conflict};
use super::{Context, MockSource, names};
use crate::file::leaf::List;
use crate::file::pieces::Stubs;
use crate::file::read::At;
use crate::file::{DefaultTable, MockFile, MockTable, ServerStubTable};
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
    /// Whether a collection is among its sources, be it that of a release, and where it is named.
    pub collection: Option<Option<Place>>,
    /// The names of its releases.
    pub released: Vec<Box<str>>,
}

impl MockDraft {
    /// A mock with the stubs of its own file.
    pub fn new(name: At<String>, settings: DefaultTable, table: Place, file: Drafted) -> Self {
        let own = file.collection.as_ref().map(Collection::place);
        let mut releases = settings.releases.iter().flat_map(|releases| &releases.value.0);
        let released = || releases.find_map(|(_, release)| release.value.postman.as_ref().map(|name| Some(name.place)));
        let collection = own.or_else(released);
        let releases = settings.releases.iter().flat_map(|releases| &releases.value.0);
        let released = releases.map(|(name, _)| name.value.as_str().into()).collect();
        MockDraft { name, table, beside: file.directory.clone(), files: vec![file], collection, released, settings }
    }
}

/// The stubs of one file.
#[derive(Clone, Default)]
pub struct Drafted {
    pub server_stubs: Option<At<List<ServerStubTable>>>,
    pub stubs: Option<At<Stubs>>,
    /// A collection, whose stubs come behind those of the file.
    pub collection: Option<Collection>,
    /// An OpenAPI document, whose stubs come behind those.
    pub spec: Option<Spec>,
    /// The directory of the file.
    pub directory: PathBuf,
}

/// Gathers all mocks in file order: that of standin.toml first, if it has anything.
pub fn drafts(
    default: Option<At<DefaultTable>>,
    server_stubs: Option<At<List<ServerStubTable>>>,
    stubs: Option<At<Stubs>>,
    directory: &Path,
    files: Vec<MockSource>,
    cx: &mut Context<'_>,
) -> Vec<MockDraft> {
    let mut out = Vec::new();
    let place =
        [default.as_ref().map(|v| v.place), server_stubs.as_ref().map(|v| v.place), stubs.as_ref().map(|v| v.place)]
            .into_iter()
            .flatten()
            .next();
    if let Some(place) = place {
        let settings = default.map(|table| table.value).unwrap_or_default();
        let name = At { value: DEFAULT.to_owned(), place };
        let file = Drafted { server_stubs, stubs, directory: directory.to_owned(), ..Drafted::default() };
        out.push(MockDraft::new(name, settings, place, file));
    }
    for MockSource { file, source, path } in files {
        let MockFile { server_stub, stub, postman, openapi, settings: MockTable { name, common } } = file;
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
        let collection = postman.and_then(|table| {
            if table.value.collection.is_none() {
                cx.missing("collection", table.place, "name the file: `collection = \"shop.postman_collection.json\"`");
            }
            table.value.collection.map(Collection::Within)
        });
        let spec = openapi.and_then(|table| Spec::named(table, cx));
        let spec = match &collection {
            Some(collection) => spec.filter(|spec| !sources_conflict(collection.place(), spec.place(), cx)),
            None => spec,
        };
        let file = Drafted { server_stubs: server_stub, stubs: stub, collection, spec, directory };
        out.push(MockDraft::new(name, common, table, file));
    }
    out
}
