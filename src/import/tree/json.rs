//! JSON as a tree.

use std::borrow::Cow;

use super::build::{Builder, too_deep};
use super::{DEEPEST, Tree, Value};
use crate::import::json::{self, Kind};
use crate::problem::{Place, Problem, SourceId};

/// Reads a text.
///
/// # Errors
/// As of [`Tree::parse`].
pub(super) fn read(text: &str, source: SourceId) -> Result<Tree, Box<Problem>> {
    let root = json::parse(text, source).map_err(|problem| {
        let cut = text.trim_end().ends_with('}');
        let help = if cut { "mend it, or write it again" } else { "the file ends too early: copy it whole" };
        Box::new(problem.help(help))
    })?;
    let mut builder = Builder::new(source);
    let root = node_of(root, 0, &mut builder)?;
    Ok(builder.finish(root))
}

fn node_of(node: json::Node<'_>, depth: usize, builder: &mut Builder) -> Result<u32, Box<Problem>> {
    let place = node.place();
    let span = (place.start, place.end);
    if depth > DEEPEST {
        return Err(too_deep(Place { end: place.start + 1, ..place }));
    }
    let value = match node.kind() {
        Kind::Null => Value::Null,
        Kind::Bool => Value::Bool(node.is_true()),
        Kind::Text => Value::Text(node.text().unwrap_or_default().into()),
        // What `serde_json` has checked as a whole is a number here too.
        Kind::Number => serde_json::from_str(node.raw()).map_or(Value::Null, Value::Number),
        Kind::Array => {
            let items: Result<Vec<u32>, _> =
                node.items().into_iter().map(|item| node_of(item, depth + 1, builder)).collect();
            Value::List(items?.into())
        }
        Kind::Object => {
            let mut members = Vec::new();
            for (name, value) in node.members() {
                let value = node_of(value, depth + 1, builder)?;
                let written = match &name {
                    Cow::Borrowed(name) => Some(*name),
                    Cow::Owned(_) => None,
                };
                let name = builder.add(name_span(node, written), Value::Text(name.into()));
                members.push((name, value));
            }
            return builder.object(span, members);
        }
    };
    Ok(builder.add(span, value))
}

/// Where a name stands, its quotes included; of one with escapes in it, which is no part of the text, nobody knows, and
/// its object is named.
fn name_span(object: json::Node<'_>, name: Option<&str>) -> (u32, u32) {
    let place = object.place();
    match name {
        Some(name) => {
            let offset = name.as_ptr() as usize - object.raw().as_ptr() as usize;
            let start = place.start + offset as u32 - 1;
            (start, start + name.len() as u32 + 2)
        }
        None => (place.start, place.start + 1),
    }
}
