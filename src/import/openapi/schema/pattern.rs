//! Texts that a pattern fits.
//!
//! The pattern is taken apart by `regex-syntax`. Of each class a sign is taken that people can read, of each repetition
//! the fewest, and more where the text would be too short. Anchors and borders of words are not looked at: whether the text
//! fits is asked of the pattern as a whole.

use rand::RngExt as _;
use rand::rngs::Xoshiro256PlusPlus;
use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind};

use super::Maker;

/// How large a compiled pattern may be, bytes; those of schemas are far smaller.
const LARGEST: usize = 1 << 20;
/// How many compiled patterns are kept, so that all of them together stay below 100 MiB.
const KEPT: usize = 100;
/// How long a text may become whatever the pattern demands, bytes.
const LONGEST: usize = 100_000;

impl Maker<'_, '_> {
    /// A pattern, compiled once where few are in use; none where it is malformed, or of a kind that needs to look around.
    pub(super) fn pattern(&mut self, pattern: &str) -> Option<Regex> {
        if let Some(known) = self.patterns.get(pattern) {
            return known.clone();
        }
        let compiled = RegexBuilder::new(&ascii(pattern)).size_limit(LARGEST).build().ok();
        if self.patterns.len() >= KEPT {
            self.patterns.clear();
        }
        self.patterns.insert(pattern.to_owned(), compiled.clone());
        compiled
    }
}

/// A text that a pattern fits, of a length in characters; none where the pattern cannot be read.
pub fn text(pattern: &str, (least, most): (usize, usize), dice: &mut Xoshiro256PlusPlus) -> Option<String> {
    let hir = regex_syntax::ParserBuilder::new().nest_limit(100).build().parse(&ascii(pattern)).ok()?;
    // More of each repetition until it is long enough, as long as it is not too long.
    let mut best = String::new();
    for more in [0, 1, 2, 4, 8, 16, 64, 256, 1024] {
        let mut text = String::new();
        write(&hir, more, &mut text, dice)?;
        let length = text.chars().count();
        if length >= least || length > most {
            // An unanchored pattern may stand anywhere in a text: one that is too short is filled up behind.
            best = if length > most && !best.is_empty() { best } else { text };
            break;
        }
        best = text;
    }
    let missing = least.saturating_sub(best.chars().count());
    if missing > 0 && missing < LONGEST {
        best.extend(std::iter::repeat_n('x', missing));
    }
    Some(best)
}

/// A pattern of ECMA 262, where `\d`, `\w` and `\s` mean signs of ASCII, and `\/` a slash.
fn ascii(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut signs = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(sign) = signs.next() {
        match sign {
            '[' => {
                // Within a class it is a sign like others.
                out.push_str(if in_class { "\\[" } else { "[" });
                in_class = true;
            }
            ']' => {
                in_class = false;
                out.push(']');
            }
            '\\' => {
                let open = if in_class { ("", "") } else { ("[", "]") };
                match signs.next() {
                    Some('d') => out.extend([open.0, "0-9", open.1]),
                    Some('w') => out.extend([open.0, "A-Za-z0-9_", open.1]),
                    Some('s') => out.extend([open.0, " \\t\\r\\n", open.1]),
                    Some('D') if !in_class => out.push_str("[^0-9]"),
                    Some('W') if !in_class => out.push_str("[^A-Za-z0-9_]"),
                    Some('S') if !in_class => out.push_str("[^ \\t\\r\\n]"),
                    Some(plain @ ('/' | '"' | '\'' | '@' | '%' | ',' | ':' | ';' | '=' | '!' | '_' | '`')) => {
                        out.push(plain)
                    }
                    Some(other) => out.extend(['\\', other]),
                    None => out.push('\\'),
                }
            }
            // Set operations of the library, which ECMA does not have.
            '&' | '~' if in_class && signs.peek() == Some(&sign) => out.extend(['\\', sign]),
            _ => out.push(sign),
        }
    }
    out
}

fn write(hir: &Hir, more: u32, out: &mut String, dice: &mut Xoshiro256PlusPlus) -> Option<()> {
    if out.len() > LONGEST {
        return None;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(Class::Unicode(class)) => out.push(sign(class, dice)?),
        HirKind::Class(Class::Bytes(class)) => out.push(char::from(class.ranges().first()?.start())),
        HirKind::Capture(capture) => write(&capture.sub, more, out, dice)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| write(part, more, out, dice))?,
        HirKind::Alternation(parts) => write(parts.get(dice.random_range(0..parts.len().max(1)))?, more, out, dice)?,
        HirKind::Repetition(repetition) => {
            // One of what may be absent tells more than nothing.
            let wanted = repetition.min.max(1).saturating_add(more);
            let times = repetition.max.map_or(wanted, |max| wanted.min(max));
            let times = times.max(repetition.min);
            for _ in 0..times {
                write(&repetition.sub, more, out, dice)?;
            }
        }
    }
    Some(())
}

/// A sign of a class: a letter or a digit, else one that can be seen, else any.
fn sign(class: &ClassUnicode, dice: &mut Xoshiro256PlusPlus) -> Option<char> {
    let plain = [('a', 'z'), ('A', 'Z'), ('0', '9')];
    let within = |ranges: &[(char, char)]| {
        let mut wanted = ClassUnicode::new(ranges.iter().map(|(from, to)| ClassUnicodeRange::new(*from, *to)));
        wanted.intersect(class);
        wanted
    };
    let found = [within(&plain), within(&[('!', '~')]), class.clone()];
    let found = found.into_iter().find(|class| !class.ranges().is_empty())?;
    let count: u32 = found.ranges().iter().map(|range| range.end() as u32 - range.start() as u32 + 1).sum();
    let mut at = dice.random_range(0..count);
    for range in found.ranges() {
        let size = range.end() as u32 - range.start() as u32 + 1;
        if at < size {
            return char::from_u32(range.start() as u32 + at).or(Some(range.start()));
        }
        at -= size;
    }
    None
}
