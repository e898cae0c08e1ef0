//! Everything below one base path: a hash map for literal paths, and a segment trie for templates.
//!
//! The trie is walked with backtracking, so *all* templates that fit are visited: literal before parameter before rest,
//! which is rank order. Each leaf holds its stubs by method.

use smallvec::SmallVec;

use super::Map;
use super::bucket::Bucket;
use super::path::NormalPath;
use super::path_template::{Segment, Template, literal_path};
use super::rank::{Closeness, StubRank};
use super::scenario::{Scenario, Stub};

/// All mocks that share host and base path.
#[derive(Debug)]
pub(super) struct Base {
    /// The first of them in file order: calls that no stub fits are its.
    owner: u32,
    shapes: Shapes,
    leaves: Vec<Leaf>,
    /// The mocks with Postman's matching, in file order: their stubs are in no leaf.
    pub(super) postman: Vec<u32>,
    /// How close the path of each leaf is, where there are such mocks.
    closeness: Vec<Closeness>,
}

/// Path shapes, numbered in the order in which they came.
#[derive(Debug)]
pub(super) struct Shapes {
    literal: Map<Box<[u8]>, u32>,
    nodes: Vec<Node>,
    count: u32,
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
        Base { owner, shapes: Shapes::default(), leaves: Vec::new(), postman: Vec::new(), closeness: Vec::new() }
    }

    /// Compiles what was gathered for each leaf.
    pub(super) fn compile(&mut self, leaves: Vec<Methods>, stubs: &[Stub], scenarios: &[impl AsRef<Scenario>]) {
        if !self.postman.is_empty() {
            let path = |methods: &Methods| methods.first().and_then(|(_, stubs)| stubs.first()).copied();
            let closeness = |methods| path(methods).map(|stub| Closeness::of_stub(&stubs[stub as usize].path));
            self.closeness = leaves.iter().filter_map(closeness).collect(); // no leaf is without stubs
        }
        self.leaves = leaves.into_iter().map(|methods| Leaf::build(methods, stubs, scenarios)).collect();
    }

    /// The first of its mocks in file order.
    pub(super) fn owner(&self) -> u32 {
        self.owner
    }

    /// The leaf of a path shape, made where there is none.
    pub(super) fn leaf_of<T: Default>(&mut self, path: &Template, leaves: &mut Vec<T>) -> u32 {
        let leaf = self.shapes.number_of(path.segments());
        if leaf as usize == leaves.len() {
            leaves.push(T::default());
        }
        leaf
    }

    /// Visits every leaf that fits, in rank order.
    pub(super) fn visit<'t>(&'t self, path: &NormalPath<'_>, mut found: impl FnMut(&'t Leaf)) {
        self.shapes.visit(path.as_bytes(), &mut |leaf| found(&self.leaves[leaf as usize]));
    }

    /// How close the first stub that fits is, in rank order. Known only beside mocks with Postman's matching.
    pub(super) fn closeness(&self, path: &NormalPath<'_>, method: &str) -> Option<Closeness> {
        let mut first = None;
        self.shapes.visit(path.as_bytes(), &mut |leaf| {
            if first.is_none() && self.leaves[leaf as usize].for_method(method).next().is_some() {
                first = self.closeness.get(leaf as usize).copied();
            }
        });
        first
    }
}

impl Default for Shapes {
    fn default() -> Self {
        Shapes { literal: Map::default(), nodes: vec![Node::default()], count: 0 }
    }
}

impl Shapes {
    /// Whether a path fits a template: the index of this template alone, for whoever explains.
    pub(super) fn fits(segments: &[Segment], path: &[u8]) -> bool {
        let (mut shapes, mut fits) = (Shapes::default(), false);
        shapes.number_of(segments);
        shapes.visit(path, &mut |_| fits = true);
        fits
    }

    /// The number of a path shape: the next one where it is new.
    pub(super) fn number_of(&mut self, segments: &[Segment]) -> u32 {
        let fresh = self.count;
        let number = match literal_path(segments) {
            Some(literal) => *self.literal.entry(literal.into()).or_insert(fresh),
            None => self.number_of_template(segments, fresh),
        };
        self.count += u32::from(number == fresh);
        number
    }

    fn number_of_template(&mut self, segments: &[Segment], fresh: u32) -> u32 {
        let mut at = 0;
        for segment in segments {
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

    /// Visits the number of every shape that fits, in rank order.
    pub(super) fn visit(&self, path: &[u8], found: &mut impl FnMut(u32)) {
        if let Some(number) = self.literal.get(path) {
            found(*number);
        }
        if self.nodes.len() > 1 || self.nodes[0].rest.is_some() {
            self.walk(0, path.strip_prefix(b"/"), found);
        }
    }

    /// `rest` is what follows the slash behind the last segment; `None` at the end of the path.
    fn walk(&self, at: u32, rest: Option<&[u8]>, found: &mut impl FnMut(u32)) {
        let node = &self.nodes[at as usize];
        let Some(rest) = rest else {
            node.leaf.into_iter().for_each(found);
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
        node.rest.into_iter().for_each(found);
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
