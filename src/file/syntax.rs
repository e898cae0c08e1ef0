//! What the TOML parser found, in words that say how to mend it.
//!
//! The parser recovers from most mistakes. From some it does not: a quote or a bracket that never closes swallows what
//! follows, and a key without `=` ends all parsing. Such a line is blanked out and the text parsed again, so that one
//! report still holds every mistake.

use std::borrow::Cow;
use std::collections::HashSet;

use toml::Spanned;
use toml::de::{DeTable, Error};

use super::read::Reader;
use crate::problem::{Code, Problem};

/// How many lines are blanked out in turn, each for one more parse of the whole file.
const MAX_BLANKED: usize = 20;

/// A mistake, in the order of the text.
struct Fault {
    start: usize,
    end: usize,
    message: String,
}

/// Parses a text, reports what is wrong with it, and hands over what could be read.
pub fn parse<T>(reader: &mut Reader<'_>, read: impl FnOnce(Spanned<DeTable<'_>>, &mut Reader<'_>) -> T) -> T {
    let mut text = Cow::Borrowed(reader.text());
    let mut faults: Vec<Fault> = Vec::new();
    loop {
        let (table, errors) = DeTable::parse_recoverable(&text);
        let fault = |open| errors.iter().find_map(|error| swallows(error, &text, open));
        // A quote that is not closed may swallow the bracket that closes.
        match fault(Open::Line).or_else(|| fault(Open::Bracket)).filter(|_| faults.len() < MAX_BLANKED) {
            Some((fault, line)) => {
                faults.push(fault);
                text = Cow::Owned(without_line(&text, line));
            }
            None => {
                faults.extend(errors.iter().map(Fault::of));
                report(faults, reader);
                return read(table, reader);
            }
        }
    }
}

/// What a mistake leaves open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// A quote, or a key without value.
    Line,
    /// A bracket.
    Bracket,
}

impl Fault {
    fn of(error: &Error) -> Fault {
        let span = error.span().unwrap_or(0..0);
        let message = error.message().lines().next().unwrap_or("").trim().to_owned();
        Fault { start: span.start, end: span.end, message }
    }
}

/// Whether an error makes nonsense of what follows; then with the start of the line to leave out.
fn swallows(error: &Error, text: &str, open: Open) -> Option<(Fault, usize)> {
    let fault = Fault::of(error);
    let start = fault.start.min(text.len());
    let line = line_start(text, start);
    let single = |message: &str| {
        message.starts_with("key with no value")
            || message.starts_with("invalid basic string")
            || message.starts_with("invalid literal string")
    };
    if open == Open::Line {
        return single(&fault.message).then_some((fault, line));
    }
    // An element that begins a line where a comma is missing is no element: the bracket above was meant to close.
    let unclosed = fault.message.starts_with("unclosed array, ") || fault.message.starts_with("unclosed inline table");
    let missing = fault.message.starts_with("missing comma") && text[line..start].trim().is_empty();
    if !unclosed && !missing {
        return None;
    }
    let opening = last_open(&text[..start]).map(|at| (at, line_start(text, at)))?;
    let message = "the bracket is not closed".to_owned();
    Some((Fault { start: opening.0, end: opening.0 + 1, message }, opening.1))
}

/// The last bracket that nothing behind it closes. Brackets in strings count too: this finds words for a mistake, it
/// does not read the file.
fn last_open(text: &str) -> Option<usize> {
    let mut closed = 0;
    for (at, byte) in text.bytes().enumerate().rev() {
        match byte {
            b']' | b'}' => closed += 1,
            b'[' | b'{' if closed == 0 => return Some(at),
            b'[' | b'{' => closed -= 1,
            _ => {}
        }
    }
    None
}

/// The text with the line at `start` blanked out; everything else keeps its place.
fn without_line(text: &str, start: usize) -> String {
    let end = start + line_at(text, start).len();
    format!("{}{}{}", &text[..start], " ".repeat(end - start), &text[end..])
}

/// Reports one mistake for each line, for what follows in a line is the parser finding its feet.
fn report(mut faults: Vec<Fault>, reader: &mut Reader<'_>) {
    faults.sort_by_key(|fault| fault.start);
    let text = reader.text();
    let mut lines = HashSet::new();
    // The whole of a table that was opened a second time repeats the first: its keys are no mistakes of their own.
    let mut repeated = 0..0;
    for Fault { start, end, message } in faults {
        let start = start.min(text.len());
        if !lines.insert(line_start(text, start)) || repeated.contains(&start) {
            continue;
        }
        let line = line_at(text, start);
        let place = reader.place(start..end);
        let problem = if message.contains("duplicate") {
            if line.trim_start().starts_with('[') {
                repeated = start..table_end(text, start);
            }
            duplicate(reader.text_at(place), line).at(place)
        } else if text[start..].starts_with("null") {
            Problem::at(Code::TomlSyntax, place, "TOML has no null")
                .help("leave the key out; JSON with null is given as text, as in `body = '{\"a\": null}'`")
        } else {
            let help = help(&message, line);
            Problem::at(Code::TomlSyntax, place, message).maybe_help(help.map(str::to_owned))
        };
        reader.problems.push(problem);
    }
}

/// What is said of a key or table that stands twice.
struct Duplicate {
    title: String,
    help: String,
}

fn duplicate(name: &str, line: &str) -> Duplicate {
    if line.trim_start().starts_with('[') {
        let help =
            format!("put all its keys into one `[{name}]`; of stubs there may be several, each written `[[stub]]`");
        return Duplicate { title: format!("the table `[{name}]` is opened twice"), help };
    }
    Duplicate {
        title: format!("the key `{name}` stands twice in one table"),
        help: "TOML allows each key once: keep one of the two".to_owned(),
    }
}

impl Duplicate {
    fn at(self, place: crate::problem::Place) -> Problem {
        Problem::at(Code::DuplicateKey, place, self.title).label("the second").help(self.help)
    }
}

/// How to mend what people write most often.
fn help(message: &str, line: &str) -> Option<&'static str> {
    let (key, value) = line.split_once('=').unwrap_or((line, ""));
    let value = value.trim();
    let odd = |quote: char| message.contains("string") && value.matches(quote).count() % 2 == 1;
    Some(if message.contains("bracket") {
        "put `]` or `}` at its end"
    } else if message.contains("escape") {
        "single quotes keep backslashes as they are: '\\d+'"
    } else if line.trim_start().starts_with('[') {
        "a table is opened by `[name]` on a line of its own, a stub by `[[stub]]`"
    } else if key.contains('$') && !key.contains(['"', '\'']) {
        "quote a JSONPath key: `when.json.\"$.total\" = 5`"
    } else if odd('"') {
        "the text is not closed: put `\"` at its end; several lines stand between `\"\"\"` and `\"\"\"`"
    } else if odd('\'') {
        "the text is not closed: put `'` at its end; several lines stand between `'''` and `'''`"
    } else if (key.contains(':') && value.is_empty()) || line.contains("\":") || line.contains("\" :") {
        "TOML writes `key = value`, in `{ … }` too: put `=` in place of `:`"
    } else if value.is_empty() {
        "write `key = value`"
    } else if value.starts_with(|c: char| c.is_alphabetic() || c == '/') {
        "text wants quotes: `key = \"text\"`"
    } else {
        return None;
    })
}

fn line_start(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().rposition(|b| *b == b'\n').map_or(0, |found| found + 1)
}

fn line_at(text: &str, at: usize) -> &str {
    text.get(line_start(text, at)..).and_then(|rest| rest.lines().next()).unwrap_or("")
}

/// What is not to be trusted after an error at `at`: its line and, where that opens a table, the whole table.
pub fn broken_by(text: &str, at: usize) -> std::ops::Range<usize> {
    let start = line_start(text, at.min(text.len()));
    let line = line_at(text, start);
    let end = if line.trim_start().starts_with('[') { table_end(text, start) } else { start + line.len() + 1 };
    start..end
}

/// Where the table that begins on this line ends: before the next line that opens one.
fn table_end(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.find("\n[")).map_or(text.len(), |found| at + found + 1)
}
