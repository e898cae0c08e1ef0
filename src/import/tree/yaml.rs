//! YAML as a tree.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, Span, Tag};

use super::build::{Builder, too_deep};
use super::{DEEPEST, Tree, Value};
use crate::import::json::Kind;
use crate::problem::{Code, Place, Problem, SourceId};

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

/// Reads a text.
///
/// # Errors
/// As of [`Tree::parse`].
pub(super) fn read(text: &str, source: SourceId) -> Result<Tree, Box<Problem>> {
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
                let end = text.get(..range.1).unwrap_or(text).trim_end().len().max(closed.start);
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
