//! Changes of a text: additions to mappings and lists in the style in which they are written, and replaced scalars.

use serde_json::{Map, Value};

use super::yaml::{Kind, Manifest, Node};
use super::{Fault, write};

/// Changes that were decided on.
pub struct Edits<'a> {
    text: &'a str,
    manifest: &'a Manifest,
    list: Vec<Edit>,
}

/// These bytes become this text.
struct Edit {
    start: usize,
    end: usize,
    text: String,
}

impl<'a> Edits<'a> {
    pub fn new(text: &'a str, manifest: &'a Manifest) -> Edits<'a> {
        Edits { text, manifest, list: Vec::new() }
    }

    /// The text with all changes; `None` where nothing is to be changed.
    pub fn apply(mut self) -> Option<String> {
        if self.list.is_empty() {
            return None;
        }
        self.list.sort_by_key(|edit| edit.start); // stable: what goes to one place keeps its order
        let end_of_line = if self.text.contains("\r\n") { "\r\n" } else { "\n" };
        let mut out = String::with_capacity(self.text.len() + 4096);
        let mut from = 0;
        for edit in &self.list {
            out.push_str(self.text.get(from..edit.start).unwrap_or_default());
            out.push_str(&edit.text.replace('\n', end_of_line));
            from = edit.end;
        }
        out.push_str(self.text.get(from..).unwrap_or_default());
        Some(out)
    }

    /// Puts a value in place of a scalar.
    ///
    /// # Errors
    /// Where the node is no scalar, or is repeated elsewhere.
    pub fn replace(&mut self, node: &Node, value: &Value) -> Result<(), Fault> {
        self.refuse_repeated(node)?;
        if !matches!(node.kind, Kind::Scalar { .. }) {
            return Err(node.fault(format!("one value belongs here, such as {value}")));
        }
        self.list.push(Edit { start: node.start, end: node.end, text: value.to_string() });
        Ok(())
    }

    /// Gives a key that has no value, or null, its value.
    ///
    /// # Errors
    /// Where the text is written in a way that cannot be changed.
    pub fn fill(&mut self, key: &Node, null: &Node, value: &Value) -> Result<(), Fault> {
        if null.start < null.end {
            return self.replace(null, value);
        }
        let after = self.text.get(key.end..).unwrap_or_default();
        let colon = after.find(':').ok_or_else(|| unusual(key))?;
        if !after.get(..colon).unwrap_or_default().trim_matches([' ', '\t']).is_empty() {
            return Err(unusual(key));
        }
        let at = key.end + colon + 1;
        self.list.push(Edit { start: at, end: at, text: format!(" {value}") });
        Ok(())
    }

    /// Adds entries at the beginning of a mapping.
    ///
    /// # Errors
    /// Where the text is written in a way that cannot be changed.
    pub fn add_entries(&mut self, mapping: &Node, new: Map<String, Value>) -> Result<(), Fault> {
        match &mapping.kind {
            Kind::Mapping { is_flow: true, entries } => self.add_flow(mapping, &Value::Object(new), entries.is_empty()),
            Kind::Mapping { is_flow: false, entries } => {
                self.refuse_repeated(mapping)?;
                let (first, _) = entries.first().ok_or_else(|| unusual(mapping))?;
                self.add_block(first, first.start, &write::block(&Value::Object(new)))
            }
            _ => Err(unusual(mapping)),
        }
    }

    /// Adds an item at the beginning of a list.
    ///
    /// # Errors
    /// Where the text is written in a way that cannot be changed.
    pub fn add_item(&mut self, list: &Node, item: Value) -> Result<(), Fault> {
        let item = Value::Array(vec![item]);
        match &list.kind {
            Kind::Sequence { is_flow: true, items } => self.add_flow(list, &item, items.is_empty()),
            Kind::Sequence { is_flow: false, items } => {
                self.refuse_repeated(list)?;
                let first = items.first().ok_or_else(|| unusual(list))?;
                let dash = self.dash_before(first).ok_or_else(|| unusual(first))?;
                self.add_block(first, dash, &write::block(&item))
            }
            _ => Err(unusual(list)),
        }
    }

    /// In flow style, as in JSON: behind the bracket that opens the collection.
    fn add_flow(&mut self, collection: &Node, new: &Value, is_empty: bool) -> Result<(), Fault> {
        self.refuse_repeated(collection)?;
        let json = new.to_string();
        let inner = json.get(1..json.len() - 1).unwrap_or_default();
        if self.text.get(collection.start..).and_then(|rest| rest.chars().next()) != json.chars().next() {
            return Err(unusual(collection));
        }
        let at = collection.start + 1;
        let is_spaced = self.text.get(at..).is_some_and(|rest| rest.starts_with(char::is_whitespace));
        let text = match (is_empty, is_spaced) {
            (true, _) => inner.to_owned(),
            (false, true) => format!(" {inner},"),
            (false, false) => format!("{inner}, "),
        };
        self.list.push(Edit { start: at, end: at, text });
        Ok(())
    }

    /// In block style: lines above the first entry, which begins at `at`, and above the comment that belongs to it.
    fn add_block(&mut self, first: &Node, at: usize, lines: &str) -> Result<(), Fault> {
        let mut line = self.text.get(..at).unwrap_or_default().rfind('\n').map_or(0, |end| end + 1);
        let lead = self.text.get(line..at).unwrap_or_default();
        let indent = " ".repeat(lead.chars().count());
        let mut text = String::new();
        let start = if lead.trim_matches(' ').is_empty() {
            // Above the first entry there is nothing but comments up to the key that it belongs to.
            while let Some(above) = self.line_above(line)
                && self.text.get(above..line).is_some_and(|comment| comment.trim_start().starts_with('#'))
            {
                line = above;
            }
            lines.lines().for_each(|added| text.extend([indent.as_str(), added, "\n"]));
            line
        } else if lead.trim_matches([' ', '-']).is_empty() {
            // Behind a dash: `- name: app`.
            lines.lines().for_each(|added| text.extend([added, "\n", indent.as_str()]));
            at
        } else {
            return Err(unusual(first));
        };
        self.list.push(Edit { start, end: start, text });
        Ok(())
    }

    /// Where the line above the one that begins at `line` begins.
    fn line_above(&self, line: usize) -> Option<usize> {
        let end = line.checked_sub(1)?;
        Some(self.text.get(..end)?.rfind('\n').map_or(0, |end| end + 1))
    }

    /// The dash of a list's first item: at the beginning of its line, or of a line above.
    fn dash_before(&self, first: &Node) -> Option<usize> {
        let mut line = self.text.get(..first.start)?.rfind('\n').map_or(0, |end| end + 1);
        loop {
            let rest = self.text.get(line..)?;
            let content = rest.trim_start_matches(' ');
            if content.starts_with("- ") || content.starts_with("-\n") || content.starts_with("-\r") {
                return Some(line + rest.len() - content.len());
            }
            let is_skipped = line > first.start || content.starts_with(['#', '\n', '\r', '&', '!']);
            let is_own_line = rest.find('\n').is_none_or(|end| line + end > first.start);
            if !is_skipped && !is_own_line {
                return None;
            }
            line = self.line_above(line)?;
        }
    }

    fn refuse_repeated(&self, node: &Node) -> Result<(), Fault> {
        if self.manifest.is_repeated(node) {
            let fault = node.fault("this has an anchor, and an alias elsewhere repeats it");
            return Err(fault.help("write it out in both places: a change here would reach the other too"));
        }
        Ok(())
    }
}

fn unusual(node: &Node) -> Fault {
    node.fault("this is written in a way that cannot be changed safely")
        .help("write it plainly: a line for each key, and lists with `- `")
}
