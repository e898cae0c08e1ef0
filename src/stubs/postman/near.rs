//! Row 8: which paths are like a request's, segment by segment.
//!
//! The paths of a method lie in a trie. A walk goes on only where a segment is like the request's: where no more edits
//! lie between the two than a quarter of the request's length, so that a segment shorter than four bytes must be equal,
//! case aside. Children of a node are sorted by length, so that only those of about the same length are looked at, and
//! a set of the bytes that a segment has rules most of these out. The cost is that of the paths that branch off the
//! walk: with 100,000 paths that differ in one segment only, about a millisecond; and it is spent only where no example
//! of the mock fits by another row.

use super::row::{edits_allowed, is_id, is_within};
use crate::stubs::path_template::Segment;

/// Paths by their segments, folded.
#[derive(Debug)]
pub(super) struct Near {
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    wildcard: Option<u32>,
    children: Vec<Child>,
    /// What ends here.
    groups: Vec<u32>,
}

#[derive(Debug)]
struct Child {
    text: Box<[u8]>,
    /// Which bytes it has, by their lowest six bits.
    bytes: u64,
    is_id: bool,
    node: u32,
}

impl Near {
    /// Compiles paths without their trailing slash and in lower case; each with its number.
    pub(super) fn build<'p>(paths: impl Iterator<Item = (&'p [Segment], u32)>) -> Self {
        let mut near = Near { nodes: vec![Node::default()] };
        let mut known: std::collections::HashMap<(u32, &[u8]), u32> = std::collections::HashMap::new();
        for (segments, group) in paths {
            let mut at = 0;
            for segment in segments {
                let next = near.nodes.len() as u32;
                let node = &mut near.nodes[at as usize];
                let child = match segment {
                    Segment::Literal(text) => *known.entry((at, text)).or_insert_with(|| {
                        let child = Child { text: text.clone(), bytes: bytes_of(text), is_id: is_id(text), node: next };
                        node.children.push(child);
                        next
                    }),
                    Segment::Param | Segment::Rest => *node.wildcard.get_or_insert(next),
                };
                if child == next {
                    near.nodes.push(Node::default());
                }
                at = child;
            }
            near.nodes[at as usize].groups.push(group);
        }
        for node in &mut near.nodes {
            node.children.sort_by_key(|child| child.text.len());
        }
        near
    }

    /// The numbers of the paths that are like this one, which is folded.
    pub(super) fn like(&self, path: &[u8]) -> Vec<u32> {
        let mut found = Vec::new();
        self.walk(0, path.strip_prefix(b"/"), &mut found);
        found
    }

    fn walk(&self, at: u32, rest: Option<&[u8]>, found: &mut Vec<u32>) {
        let node = &self.nodes[at as usize];
        let Some(rest) = rest else { return found.extend(&node.groups) };
        let (segment, next) = match memchr::memchr(b'/', rest) {
            Some(end) => (&rest[..end], Some(&rest[end + 1..])),
            None => (rest, None),
        };
        if let Some(child) = node.wildcard {
            self.walk(child, next, found);
        }
        if node.children.is_empty() {
            return;
        }
        let (id, bytes, limit) = (is_id(segment), bytes_of(segment), edits_allowed(segment.len()));
        let is_like = |child: &Child| {
            let differ = (child.bytes & !bytes).count_ones().max((bytes & !child.bytes).count_ones());
            differ as usize <= limit && is_within(&child.text, segment, limit)
        };
        let from = node.children.partition_point(|child| child.text.len() < segment.len() - limit);
        let to = node.children.partition_point(|child| child.text.len() <= segment.len() + limit);
        for (at, child) in node.children.iter().enumerate() {
            if id && child.is_id || (from..to).contains(&at) && is_like(child) {
                self.walk(child.node, next, found);
            }
        }
    }
}

fn bytes_of(text: &[u8]) -> u64 {
    text.iter().fold(0, |set, byte| set | 1 << (byte & 63))
}
