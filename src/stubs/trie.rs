//! Everything below one base path: a hash map for literal paths, and a segment trie for templates.
//!
//! The trie is walked with backtracking, so *all* templates that fit are visited: literal before parameter before rest,
//! which is rank order. Each leaf holds its stubs by method.

use smallvec::SmallVec;

use super::Map;
use super::bucket::Bucket;
use super::path::NormalPath;
use super::path_template::{Segment, Template};
use super::rank::StubRank;
use super::scenario::{Scenario, Stub};

/// All mocks that share host and base path.
#[derive(Debug)]
pub(super) struct Base {
    /// The first of them in file order: calls that no stub fits are its.
    owner: u32,
    literal: Map<Box<[u8]>, u32>,
    nodes: Vec<Node>,
    leaves: Vec<Leaf>,
}

/// A place in the trie: what the next segment may be.
#[derive(Debug, Default)]
struct Node {
    literals: Map<Box<[u8]>, u32>,
    param: Option<u32>,
    rest: Option<u32>,
    leaf: Option<u32>,
}

/// Everything at one path shape.
#[derive(Debug)]
pub(super) struct Leaf {
    /// By method; the empty one stands for any.
    buckets: SmallVec<[(SmallVec<[u8; 8]>, Bucket); 1]>,
}

/// Stubs at one path shape by their methods, not yet compiled.
pub(super) type Methods = Vec<(Option<Box<str>>, Vec<u32>)>;

impl Base {
    /// Nothing yet below a base path whose first mock is `owner`.
    pub(super) fn new(owner: u32) -> Self {
        Base { owner, literal: Map::default(), nodes: vec![Node::default()], leaves: Vec::new() }
    }

    /// Compiles what was gathered for each leaf.
    pub(super) fn compile(&mut self, leaves: Vec<Methods>, stubs: &[Stub], scenarios: &[impl AsRef<Scenario>]) {
        self.leaves = leaves.into_iter().map(|methods| Leaf::build(methods, stubs, scenarios)).collect();
    }

    /// The first of its mocks in file order.
    pub(super) fn owner(&self) -> u32 {
        self.owner
    }

    /// The leaf of a path shape, made where there is none.
    pub(super) fn leaf_of<T: Default>(&mut self, path: &Template, leaves: &mut Vec<T>) -> u32 {
        let fresh = leaves.len() as u32;
        let leaf = match path.literal_path() {
            Some(literal) => *self.literal.entry(literal.into()).or_insert(fresh),
            None => self.leaf_of_template(path, fresh),
        };
        if leaf == fresh {
            leaves.push(T::default());
        }
        leaf
    }

    fn leaf_of_template(&mut self, path: &Template, fresh: u32) -> u32 {
        let mut at = 0;
        for segment in path.segments() {
            let next = self.nodes.len() as u32;
            let node = &mut self.nodes[at as usize];
            at = match segment {
                Segment::Literal(bytes) => *node.literals.entry(bytes.clone()).or_insert(next),
                Segment::Param => *node.param.get_or_insert(next),
                Segment::Rest => return *node.rest.get_or_insert(fresh),
            };
            if at == next {
                self.nodes.push(Node::default());
            }
        }
        *self.nodes[at as usize].leaf.get_or_insert(fresh)
    }

    /// Visits every leaf that fits, in rank order.
    pub(super) fn visit<'t>(&'t self, path: &NormalPath<'_>, found: &mut dyn FnMut(&'t Leaf)) {
        if let Some(leaf) = self.literal.get(path.as_bytes()) {
            found(&self.leaves[*leaf as usize]);
        }
        if self.nodes.len() > 1 || self.nodes[0].rest.is_some() {
            self.walk(0, path.as_bytes().strip_prefix(b"/"), found);
        }
    }

    /// `rest` is what follows the slash behind the last segment; `None` at the end of the path.
    fn walk<'t>(&'t self, at: u32, rest: Option<&[u8]>, found: &mut dyn FnMut(&'t Leaf)) {
        let node = &self.nodes[at as usize];
        let Some(rest) = rest else {
            if let Some(leaf) = node.leaf {
                found(&self.leaves[leaf as usize]);
            }
            return;
        };
        let (segment, next) = match memchr::memchr(b'/', rest) {
            Some(end) => (&rest[..end], Some(&rest[end + 1..])),
            None => (rest, None),
        };
        if !node.literals.is_empty()
            && let Some(child) = node.literals.get(segment)
        {
            self.walk(*child, next, found);
        }
        if let Some(child) = node.param
            && !segment.is_empty()
        {
            self.walk(child, next, found);
        }
        if let Some(leaf) = node.rest {
            found(&self.leaves[leaf as usize]);
        }
    }
}

impl Leaf {
    fn build(methods: Methods, stubs: &[Stub], scenarios: &[impl AsRef<Scenario>]) -> Self {
        let buckets = methods.into_iter().map(|(method, mut numbers)| {
            numbers.sort_by_key(|number| StubRank::new(stubs[*number as usize].query.count(), *number));
            (method.unwrap_or_default().as_bytes().into(), Bucket::build(&numbers, stubs, scenarios))
        });
        Leaf { buckets: buckets.collect() }
    }

    /// The buckets for a method, in rank order: its own, for HEAD that of GET, then ANY.
    pub(super) fn for_method<'t>(&'t self, method: &str) -> impl Iterator<Item = &'t Bucket> {
        let of =
            |wanted: &str| self.buckets.iter().find(|(own, _)| **own == *wanted.as_bytes()).map(|(_, bucket)| bucket);
        let get = if method == "HEAD" { of("GET") } else { None };
        of(method).into_iter().chain(get).chain(of(""))
    }
}
