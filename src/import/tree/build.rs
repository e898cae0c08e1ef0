//! From a text to the tree.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, Span, Tag};

use super::{DEEPEST, Item, REPEATED, SEARCHED, Tree, Value};
use crate::import::json::{self, Kind};
use crate::problem::{Code, Place, Problem, SourceId};

/// A tree that is not complete yet.
struct Builder {
    tree: Tree,
    /// How many nodes each has, itself included, every alias written out.
    sizes: Vec<u64>,
    /// How many nodes aliases have repeated.
    repeated: u64,
}

impl Builder {
    fn new(source: SourceId) -> Self {
        Builder {
            tree: Tree { items: Vec::new(), sorted: HashMap::new(), root: 0, source },
            sizes: Vec::new(),
            repeated: 0,
        }
    }

    fn place(&self, id: u32) -> Place {
        self.tree.node(id).place()
    }

    fn add(&mut self, (start, end): (u32, u32), value: Value) -> u32 {
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
    fn object(&mut self, span: (u32, u32), members: Vec<(u32, u32)>) -> Result<u32, Box<Problem>> {
        let mut sorted = members.clone();
        sorted.sort_by(|a, b| self.tree.text_of(a.0).cmp(self.tree.text_of(b.0)));
        if let Some([first, second]) =
            sorted.array_windows().find(|[a, b]| self.tree.text_of(a.0) == self.tree.text_of(b.0))
        {
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
    fn repeat(&mut self, id: u32, place: Place) -> Result<(), Box<Problem>> {
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

    fn finish(mut self, root: u32) -> Tree {
        self.tree.root = root;
        self.tree.items.shrink_to_fit();
        self.tree
    }
}

fn too_deep(place: Place) -> Box<Problem> {
    let title = format!("objects and lists lie in each other more than {DEEPEST} deep");
    Box::new(Problem::at(Code::TooDeep, place, title).help("no interface is described so: look at what wrote the file"))
}

pub(super) fn json(text: &str, source: SourceId) -> Result<Tree, Box<Problem>> {
    let root = json::parse(text, source).map_err(|problem| {
        let cut = text.trim_end().ends_with('}');
        let help = if cut { "mend it, or write it again" } else { "the file ends too early: copy it whole" };
        Box::new(problem.help(help))
    })?;
    let mut builder = Builder::new(source);
    let root = json_node(root, 0, &mut builder)?;
    Ok(builder.finish(root))
}

fn json_node(node: json::Node<'_>, depth: usize, builder: &mut Builder) -> Result<u32, Box<Problem>> {
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
                node.items().into_iter().map(|item| json_node(item, depth + 1, builder)).collect();
            Value::List(items?.into())
        }
        Kind::Object => {
            let mut members = Vec::new();
            for (name, value) in node.members() {
                let value = json_node(value, depth + 1, builder)?;
                let name = builder.add(name_span(node, &name), Value::Text(name.into()));
                members.push((name, value));
            }
            return builder.object(span, members);
        }
    };
    Ok(builder.add(span, value))
}

/// Where a name stands, its quotes included; of one with escapes in it nobody knows, and its object is named.
fn name_span(object: json::Node<'_>, name: &Cow<'_, str>) -> (u32, u32) {
    let place = object.place();
    match name {
        Cow::Borrowed(name) => {
            let offset = name.as_ptr() as usize - object.raw().as_ptr() as usize;
            let start = place.start + offset as u32 - 1;
            (start, start + name.len() as u32 + 2)
        }
        Cow::Owned(_) => (place.start, place.start + 1),
    }
}

/// A collection of YAML that is not closed yet.
struct Open {
    start: usize,
    anchor: usize,
    is_object: bool,
    items: Vec<u32>,
    members: Vec<(u32, u32)>,
    /// What `<<` takes in.
    merged: Vec<u32>,
    name: Option<Name>,
}

/// A name that waits for its value.
enum Name {
    Plain(u32),
    Merge,
}

pub(super) fn yaml(text: &str, source: SourceId) -> Result<Tree, Box<Problem>> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.simple_key_max_lookahead = 64 * 1024; // a path with many parameters is a long key
    options.block_nesting_limit = DEEPEST;
    options.flow_nesting_limit = DEEPEST;
    let mut builder = Builder::new(source);
    let mut anchors: HashMap<usize, u32> = HashMap::new();
    let (mut open, mut root): (Vec<Open>, Option<u32>) = (Vec::new(), None);
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = next.map_err(|error| not_yaml(text, source, &error))?;
        let range = bytes(&span);
        let at = |(start, end): (usize, usize)| Place { source, start: start as u32, end: end as u32 };
        if let Some(tag) = event.tag().filter(|tag| !is_known(tag)) {
            return Err(unknown_tag(tag, at(range)));
        }
        let (id, anchor) = match event {
            Event::Scalar(value, style, anchor, tag) => {
                let is_text = tag.as_deref().is_some_and(is_text);
                // YAML 1.1's merge, which OpenAPI's readers know too.
                let waits = open.last().is_some_and(|open| open.is_object && open.name.is_none());
                if waits && value == "<<" && style == ScalarStyle::Plain {
                    if let Some(open) = open.last_mut() {
                        open.name = Some(Name::Merge);
                    }
                    continue;
                }
                let plain = style == ScalarStyle::Plain && !is_text && !waits;
                let value = if plain { resolved(&value) } else { Value::Text(value.into()) };
                (builder.add((range.0 as u32, range.1 as u32), value), anchor)
            }
            Event::SequenceStart(_, anchor, _) | Event::MappingStart(_, anchor, _) => {
                if open.last().is_some_and(|open| open.is_object && open.name.is_none()) {
                    return Err(no_name(at(range)));
                }
                let is_object = matches!(event, Event::MappingStart(..));
                let (items, members, merged) = (Vec::new(), Vec::new(), Vec::new());
                open.push(Open { start: range.0, anchor, is_object, items, members, merged, name: None });
                if open.len() > DEEPEST {
                    return Err(too_deep(at((range.0, range.0 + 1))));
                }
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(closed) = open.pop() else { continue };
                let end = text[..range.1.min(text.len())].trim_end().len().max(closed.start);
                let span = (closed.start as u32, end as u32);
                let anchor = closed.anchor;
                let id = match closed.is_object {
                    true => {
                        let members = merged(closed, &builder)?;
                        builder.object(span, members)?
                    }
                    false => builder.add(span, Value::List(closed.items.into())),
                };
                (id, anchor)
            }
            Event::Alias(anchor) => match anchors.get(&anchor) {
                None => return Err(within_itself(at(range))),
                Some(id) if open.last().is_some_and(|open| open.is_object && open.name.is_none()) => {
                    // As a name an alias is the text that it names.
                    match builder.tree.node(*id).text() {
                        Some(_) => (*id, 0),
                        None => return Err(no_name(at(range))),
                    }
                }
                Some(id) => {
                    builder.repeat(*id, at(range))?;
                    (*id, 0)
                }
            },
            Event::DocumentStart(..) if root.is_some() => return Err(second_document(at(range))),
            _ => continue,
        };
        if anchor != 0 {
            anchors.insert(anchor, id);
        }
        let Some(parent) = open.last_mut() else {
            root = Some(id);
            continue;
        };
        match (parent.is_object, parent.name.take()) {
            (false, _) => parent.items.push(id),
            (true, None) => parent.name = Some(Name::Plain(id)),
            (true, Some(Name::Plain(name))) => parent.members.push((name, id)),
            (true, Some(Name::Merge)) => parent.merged.push(id),
        }
    }
    match root {
        Some(root) => Ok(builder.finish(root)),
        None => {
            let nowhere = Place { source, start: 0, end: 0 };
            Err(Box::new(Problem::at(Code::YamlSyntax, nowhere, "the file is empty").help("copy it again")))
        }
    }
}

/// The members of an object, those behind them that it takes in by `<<` and does not have itself.
fn merged(closed: Open, builder: &Builder) -> Result<Vec<(u32, u32)>, Box<Problem>> {
    let mut members = closed.members;
    if closed.merged.is_empty() {
        return Ok(members);
    }
    let mut known: HashSet<&str> = members.iter().map(|(name, _)| builder.tree.text_of(*name)).collect();
    let mut taken: Vec<(u32, u32)> = Vec::new();
    for source in closed.merged {
        let node = builder.tree.node(source);
        let several: Vec<_> = if node.kind() == Kind::Array { node.items().collect() } else { vec![node] };
        for object in several {
            let Value::Object(theirs) = object.value() else {
                return Err(Box::new(
                    Problem::at(Code::YamlSyntax, object.place(), "`<<` takes in objects, and this is none")
                        .help("write an alias of an object, or a list of such aliases"),
                ));
            };
            taken.extend(theirs.iter().filter(|(name, _)| known.insert(builder.tree.text_of(*name))).copied());
        }
    }
    members.extend(taken);
    Ok(members)
}

/// What a plain scalar is, by the core schema of YAML 1.2 (section 10.3.2).
fn resolved(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let numeric = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    match numeric.then(|| number(text)).flatten() {
        Some(number) => Value::Number(number),
        None => Value::Text(text.into()),
    }
}

/// A number; none for what JSON has no number for, such as `.inf`, which stays text.
fn number(text: &str) -> Option<serde_json::Number> {
    if let Some(digits) = text.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).ok().map(Into::into);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return u64::from_str_radix(digits, 8).ok().map(Into::into);
    }
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = bare.bytes().any(|b| b.is_ascii_digit())
        && bare.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && bare.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    if !is_number {
        return None;
    }
    let whole = text.strip_prefix('+').unwrap_or(text);
    let integer = whole.parse::<i64>().map(Into::into).or_else(|_| whole.parse::<u64>().map(Into::into));
    integer.ok().or_else(|| serde_json::Number::from_f64(whole.parse().ok()?))
}

/// The bytes of a span; spans of a text that is in memory always have them.
fn bytes(span: &Span) -> (usize, usize) {
    let range = span.byte_range().unwrap_or_default();
    (range.start, range.end)
}

const CORE: [&str; 9] = ["str", "int", "float", "bool", "null", "map", "seq", "binary", "timestamp"];

/// Whether a tag says no more than how a scalar is read.
fn is_known(tag: &Tag) -> bool {
    let whole = tag.to_string();
    whole == "!" || tag_word(&whole).is_some_and(|word| CORE.contains(&word))
}

/// Whether a tag makes text of a plain scalar.
fn is_text(tag: &Tag) -> bool {
    let whole = tag.to_string();
    whole == "!" || matches!(tag_word(&whole), Some("str" | "binary" | "timestamp"))
}

fn tag_word(whole: &str) -> Option<&str> {
    whole.strip_prefix("tag:yaml.org,2002:").or_else(|| whole.strip_prefix("!!"))
}

fn unknown_tag(tag: &Tag, place: Place) -> Box<Problem> {
    Box::new(
        Problem::at(Code::YamlSyntax, place, format!("the tag `{tag}` is none of JSON's"))
            .label("what it makes of this value is known to another program only")
            .help("let that program write the document out, and import what it wrote"),
    )
}

fn no_name(place: Place) -> Box<Problem> {
    let title = "an object or a list stands where a name belongs";
    Box::new(Problem::at(Code::YamlSyntax, place, title).help("put quotes around it if it is text: `\"{id}\": …`"))
}

fn within_itself(place: Place) -> Box<Problem> {
    let title = "the alias stands within what it names";
    Box::new(Problem::at(Code::YamlSyntax, place, title).help("a schema refers to itself by `$ref`"))
}

fn second_document(place: Place) -> Box<Problem> {
    let title = "a second document begins here";
    Box::new(Problem::at(Code::YamlSyntax, place, title).help("put each document into a file of its own"))
}

/// The report for a text that is no YAML.
fn not_yaml(text: &str, source: SourceId, error: &ScanError) -> Box<Problem> {
    let start = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
    let start = (0..=start).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let end = text[start..].chars().next().map_or(start, |c| start + c.len_utf8());
    let place = Place { source, start: start as u32, end: end as u32 };
    let help = match text.trim_start().chars().next() {
        Some('<') => "this looks like a web page: save the file itself, not the page that shows it",
        _ if text.contains("{{") => "if it is a template, render it first",
        _ if start + 1 >= text.trim_end().len() || error.info().contains("unclosed") => {
            "the file ends too early, or something in it is not closed"
        }
        _ => "mend it, or write it again",
    };
    let title = "the file is no YAML";
    Box::new(Problem::at(Code::YamlSyntax, place, title).label(error.info().to_string()).help(help))
}
