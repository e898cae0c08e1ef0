//! What both readers build the tree with.

use std::collections::HashMap;

use super::{DEEPEST, Item, REPEATED, SEARCHED, Tree, Value};
use crate::problem::{Code, Place, Problem, SourceId};

/// A tree that is not complete yet.
pub(super) struct Builder {
    pub(super) tree: Tree,
    /// How many nodes each has, itself included, every alias written out.
    sizes: Vec<u64>,
    /// How many nodes aliases have repeated.
    repeated: u64,
}

impl Builder {
    pub(super) fn new(source: SourceId) -> Self {
        Builder {
            tree: Tree { items: Vec::new(), sorted: HashMap::new(), root: 0, source },
            sizes: Vec::new(),
            repeated: 0,
        }
    }

    pub(super) fn place(&self, id: u32) -> Place {
        self.tree.node(id).place()
    }

    pub(super) fn add(&mut self, (start, end): (u32, u32), value: Value) -> u32 {
        let size = |ids: &mut dyn Iterator<Item = u32>| ids.map(|id| self.sizes[id as usize]).sum::<u64>();
        let below = match &value {
            Value::List(items) => size(&mut items.iter().copied()),
            Value::Object(members) => size(&mut members.iter().map(|(_, value)| *value)),
            _ => 0,
        };
        self.sizes.push(below.saturating_add(1));
        self.tree.items.push(Item { start, end, value });
        (self.tree.items.len() - 1) as u32
    }

    /// Adds an object; no name stands in it twice.
    pub(super) fn object(&mut self, span: (u32, u32), members: Vec<(u32, u32)>) -> Result<u32, Box<Problem>> {
        let mut sorted = members.clone();
        sorted.sort_by(|a, b| self.tree.text_of(a.0).cmp(self.tree.text_of(b.0)));
        let is_same = |pair: &&[(u32, u32)]| self.tree.text_of(pair[0].0) == self.tree.text_of(pair[1].0);
        if let Some([first, second]) = sorted.windows(2).find(is_same) {
            let name = self.tree.text_of(first.0);
            return Err(Box::new(
                Problem::at(Code::DuplicateKey, self.place(second.0), format!("`{name}` stands twice in one object"))
                    .label("the second")
                    .also(self.place(first.0), "the first")
                    .help("nobody can tell which of the two counts: leave one out"),
            ));
        }
        let many = members.len() > SEARCHED;
        let id = self.add(span, Value::Object(members.into()));
        if many {
            self.tree.sorted.insert(id, sorted.into());
        }
        Ok(id)
    }

    /// Counts what an alias repeats: a few lines can stand for more nodes than any memory holds.
    pub(super) fn repeat(&mut self, id: u32, place: Place) -> Result<(), Box<Problem>> {
        self.repeated = self.repeated.saturating_add(self.sizes[id as usize]);
        if self.repeated <= REPEATED {
            return Ok(());
        }
        let title =
            format!("aliases make the document larger than can be held: they repeat more than {REPEATED} values");
        Err(Box::new(
            Problem::at(Code::YamlSyntax, place, title)
                .help("write what they stand for once, and refer to it by `$ref`"),
        ))
    }

    pub(super) fn finish(mut self, root: u32) -> Tree {
        self.tree.root = root;
        self.tree.items.shrink_to_fit();
        self.tree
    }
}

pub(super) fn too_deep(place: Place) -> Box<Problem> {
    let title = format!("objects and lists lie in each other more than {DEEPEST} deep");
    Box::new(Problem::at(Code::TooDeep, place, title).help("no interface is described so: look at what wrote the file"))
}
