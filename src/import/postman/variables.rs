//! Variables of a collection and its environment, and how they are filled in.
//!
//! The rules are those of Postman's collection library (reference, section 4): a token is replaced by the variable's
//! text, again and again until nothing changes, at most 19 times; what is no variable stays as it is written; of a name
//! that stands twice the last one that is not disabled counts. The environment wins over the collection.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;

use super::token::{Piece, pieces};
use crate::file::read::{At, listed};
use crate::import::Note;
use crate::import::json::{Node, Object};

/// How often a text is gone over; Postman's number.
const PASSES: usize = 19;

/// How much all variables together may add to a collection, bytes: a few lines of them can mean terabytes.
const GROWTH: usize = 64 << 20;

/// A variable that has a text.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name, and where it stands.
    pub name: At<String>,
    /// Its text, as it is written.
    pub value: String,
    /// Whether it is to be shown nowhere.
    pub secret: bool,
}

/// Variables that have a text.
#[derive(Debug, Default)]
pub struct Variables {
    values: HashMap<String, String>,
    /// How much has been added so far.
    grown: Cell<usize>,
}

impl Variables {
    /// Those of an environment over those of a collection. Variables that refer to each other in a circle are taken out
    /// and reported.
    pub fn new(collection: &[Variable], environment: &[Variable], notes: &mut Vec<Note>) -> Self {
        let mut places = HashMap::new();
        let mut values = HashMap::new();
        for Variable { name, value, .. } in collection.iter().chain(environment) {
            places.insert(name.value.as_str(), name.place);
            values.insert(name.value.clone(), value.clone());
        }
        let circles = in_circles(&values);
        if !circles.is_empty() {
            let place = circles.iter().find_map(|name| places.get(name.as_str())).copied();
            let listed = listed(&circles.iter().map(String::as_str).collect::<Vec<_>>());
            notes.push(Note::lost(
                place,
                "variables",
                "left as written: variables that refer to each other in a circle",
                listed,
            ));
            values.retain(|name, _| circles.binary_search(name).is_err());
        }
        Variables { values, grown: Cell::new(0) }
    }

    /// The text of a variable, with the variables in it filled in; none where tokens remain in it.
    pub fn plain(&self, name: &str) -> Option<String> {
        let text = self.fill(self.values.get(name)?);
        let is_plain = pieces(&text).all(|piece| matches!(piece, Piece::Text(_)));
        is_plain.then(|| text.into_owned())
    }

    /// A text with its variables filled in.
    pub fn fill<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut filled = Cow::Borrowed(text);
        for _ in 0..PASSES {
            match self.pass(&filled) {
                Some(next) => filled = Cow::Owned(next),
                None => break,
            }
        }
        filled
    }

    /// Whether filling in came to more than is allowed: what was filled in then is incomplete.
    pub fn are_too_long(&self) -> bool {
        self.grown.get() > GROWTH
    }

    /// Every token of a variable replaced; none where there is none.
    fn pass(&self, text: &str) -> Option<String> {
        if self.values.is_empty() || memchr::memmem::find(text.as_bytes(), b"{{").is_none() {
            return None;
        }
        let mut out = String::new();
        let mut changed = false;
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Token(name) => match self.values.get(name) {
                    Some(value) => {
                        self.grown.set(self.grown.get().saturating_add(value.len()));
                        if self.are_too_long() {
                            return None;
                        }
                        changed = true;
                        out.push_str(value);
                    }
                    None => out.extend(["{{", name, "}}"]),
                },
            }
        }
        changed.then_some(out)
    }
}

/// Reads a list of variables, of a collection or of an environment. Only texts, numbers and booleans are inserted.
pub fn read(list: Option<Node<'_>>, notes: &mut Vec<Note>) -> Vec<Variable> {
    let mut read: Vec<Variable> = Vec::new();
    for node in list.map(|list| list.items()).unwrap_or_default() {
        let variable = Object::of(node);
        let Some(name) = variable.text("key").or_else(|| variable.text("id")).filter(|name| !name.is_empty()) else {
            notes.push(Note::lost(
                Some(node.place()),
                "variables",
                "left out: a variable without a name",
                String::new(),
            ));
            continue;
        };
        if variable.is_disabled() {
            continue;
        }
        let Some(value) = variable.scalar("value") else {
            let detail = match variable.get("value") {
                Some(value) => format!("`{name}` is {}", value.described()),
                None => format!("`{name}`"),
            };
            notes.push(Note::lost(Some(node.place()), "variables", "left out: a variable without a text", detail));
            continue;
        };
        let secret = variable.text("type").as_deref() == Some("secret");
        let name = node.at(name.into_owned());
        read.push(Variable { name, value: value.into_owned(), secret });
    }
    // Of a name that stands twice the last one counts.
    let mut last: HashMap<String, usize> = HashMap::new();
    for (at, variable) in read.iter().enumerate() {
        last.insert(variable.name.value.clone(), at);
    }
    let mut at = 0..;
    read.retain(|variable| at.next() == last.get(&variable.name.value).copied());
    read
}

/// The variables that refer to each other in circles, sorted. One that merely leads into a circle is none of them.
fn in_circles(values: &HashMap<String, String>) -> Vec<String> {
    let mut names: Vec<&str> = values.keys().map(String::as_str).collect();
    names.sort_unstable();
    let numbers: HashMap<&str, usize> = names.iter().enumerate().map(|(number, name)| (*name, number)).collect();
    let mut edges: Vec<(usize, usize)> = Vec::new();
    for (from, name) in names.iter().enumerate() {
        let tokens =
            pieces(&values[*name]).filter_map(|piece| if let Piece::Token(name) = piece { Some(name) } else { None });
        edges.extend(tokens.filter_map(|name| numbers.get(name)).map(|to| (from, *to)));
    }
    edges.sort_unstable();
    edges.dedup();
    // What has no way out, and then what has no way in, lies on no circle; nor does what has none once those are gone.
    let inward = edges.iter().map(|(from, to)| (*to, *from)).collect();
    let mut kept = vec![true; names.len()];
    peel(edges, &mut kept);
    peel(inward, &mut kept);
    names.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(name, _)| name.to_owned()).collect()
}

/// Takes out every node that no edge to a kept node leaves, until each that is left has one.
fn peel(edges: Vec<(usize, usize)>, kept: &mut [bool]) {
    let mut leaving = vec![0_usize; kept.len()];
    let mut arriving: Vec<Vec<usize>> = vec![Vec::new(); kept.len()];
    for (from, to) in edges.into_iter().filter(|(from, to)| kept[*from] && kept[*to]) {
        leaving[from] += 1;
        arriving[to].push(from);
    }
    let mut open: Vec<usize> = (0..kept.len()).filter(|node| kept[*node] && leaving[*node] == 0).collect();
    while let Some(node) = open.pop() {
        kept[node] = false;
        for from in &arriving[node] {
            leaving[*from] -= 1;
            if leaving[*from] == 0 {
                open.push(*from);
            }
        }
    }
}

/// Variables for tests.
#[cfg(test)]
pub(super) fn known(pairs: &[(&str, &str)]) -> Vec<Variable> {
    let place = crate::problem::Place { source: crate::problem::SourceId::NONE, start: 0, end: 0 };
    let variable = |(name, value): &(&str, &str)| {
        let name = At { value: (*name).to_owned(), place };
        Variable { name, value: (*value).to_owned(), secret: false }
    };
    pairs.iter().map(variable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> (Variables, Vec<Note>) {
        let mut notes = Vec::new();
        (Variables::new(&known(pairs), &[], &mut notes), notes)
    }

    #[test]
    fn tokens_are_filled_in_until_nothing_changes() {
        let (variables, notes) = variables(&[("a", "{{b}}/{{c}}"), ("b", "1"), ("n", "b"), ("empty", "")]);
        for (text, expected) in [
            ("{{a}}", "1/{{c}}"),
            ("{{{{n}}}}", "1"),
            ("{{ b }}", "{{ b }}"),
            ("x{{empty}}y", "xy"),
            ("none", "none"),
            ("{{$guid}}", "{{$guid}}"),
        ] {
            assert_eq!(variables.fill(text), expected, "{text}");
        }
        assert_eq!((variables.plain("b").as_deref(), variables.plain("a")), (Some("1"), None));
        assert!(notes.is_empty());
    }

    #[test]
    fn circles_are_reported_and_stay_as_they_are_written() {
        let (variables, notes) = variables(&[
            ("a", "{{b}}"),
            ("b", "{{a}}!"),
            ("c", "{{a}}"),
            ("d", "{{e}}"),
            ("e", "1"),
            ("f", "{{f}}{{f}}"),
        ]);
        assert_eq!(notes.len(), 1);
        assert_eq!(notes[0].detail, "`a`, `b` and `f`");
        assert_eq!(variables.fill("{{a}} {{c}} {{d}} {{f}}"), "{{a}} {{a}} 1 {{f}}");
    }

    #[test]
    fn what_would_grow_without_end_is_cut_off_and_told() {
        let levels: Vec<(String, String)> =
            (0..18).map(|level| (format!("v{level}"), format!("{{{{v{}}}}}", level + 1).repeat(10))).collect();
        let pairs: Vec<(&str, &str)> = levels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let (many, _) = variables(&pairs);
        assert!(many.fill("{{v0}}").len() <= 2 * GROWTH && many.are_too_long());
        let (few, _) = variables(&pairs[16..]);
        assert!(few.fill("{{v16}}").len() > 100 && !few.are_too_long());
    }
}
