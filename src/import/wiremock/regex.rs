//! Regular expressions of Java as those of the crate `regex`.
//!
//! What differs is said otherwise: `\d`, `\w` and `\s` mean ASCII in Java and Unicode here, and Java holds an
//! expression against the whole text. Look-around, back-references and what else has no counterpart is refused.

use std::cell::RefCell;
use std::collections::HashMap;

/// Expressions that were made ready once: to make one ready takes a thousand times as long as to hold it against a path.
#[derive(Default)]
pub struct Ready(RefCell<HashMap<String, Option<regex::Regex>>>);

impl Ready {
    /// Whether an expression that was translated holds for a text. What is no expression holds for none.
    pub fn holds(&self, re: &str, text: &str) -> bool {
        let mut known = self.0.borrow_mut();
        if let Some(found) = known.get(re) {
            return found.as_ref().is_some_and(|found| found.is_match(text));
        }
        let made = regex::Regex::new(re).ok();
        let holds = made.as_ref().is_some_and(|made| made.is_match(text));
        known.insert(re.to_owned(), made);
        holds
    }
}

/// Classes that Java takes for ASCII, and what they stand for; inside brackets they nest.
const CLASSES: &[(char, &str)] = &[
    ('d', "[0-9]"),
    ('D', "[^0-9]"),
    ('w', "[0-9A-Za-z_]"),
    ('W', "[^0-9A-Za-z_]"),
    ('s', r"[\t\n\x0B\f\r ]"),
    ('S', r"[^\t\n\x0B\f\r ]"),
    ('h', r"[ \t]"),
];

/// An expression that holds for the texts that Java's holds for as a whole; none where there is no such one.
pub fn whole(java: &str) -> Option<String> {
    let inner = translate(java)?;
    let plain = inner.strip_prefix('^').unwrap_or(&inner);
    let is_ended = plain.ends_with('$') && !plain.ends_with("\\$");
    let plain = if is_ended { &plain[..plain.len() - 1] } else { plain };
    // An anchor may belong to one alternative alone.
    let whole = if has_alternatives(&inner) { format!("^(?:{inner})$") } else { format!("^{plain}$") };
    regex::Regex::new(&whole).is_ok().then_some(whole)
}

/// An expression that matches what Java's does.
pub fn translate(java: &str) -> Option<String> {
    let mut out = String::with_capacity(java.len() + 8);
    let mut chars = java.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let escaped = chars.next()?;
        if let Some((_, class)) = CLASSES.iter().find(|(name, _)| *name == escaped) {
            out.push_str(class);
        } else if matches!(escaped, 'b' | 'B') {
            out.push_str(&format!(r"(?-u:\{escaped})"));
        } else if escaped == 'Q' {
            let rest = chars.as_str();
            let (quoted, after) = rest.split_once("\\E").unwrap_or((rest, ""));
            out.push_str(&regex::escape(quoted));
            chars = after.chars();
        } else if matches!(escaped, 't' | 'n' | 'r' | 'f') || !escaped.is_alphanumeric() {
            out.extend(['\\', escaped]);
        } else {
            // Properties are those of ASCII in Java; `\R`, `\Z`, back-references and the like have no counterpart.
            return None;
        }
    }
    // Possessive quantifiers would be read as repeated ones.
    let is_possessive = ["*+", "++", "?+", "}+"].iter().any(|possessive| out.contains(possessive));
    (!is_possessive && regex::Regex::new(&out).is_ok()).then_some(out)
}

/// Whether an expression has alternatives outside groups: then no part of it stands for the whole.
pub fn has_alternatives(re: &str) -> bool {
    let (mut depth, mut in_class) = (0_usize, false);
    let mut chars = re.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => depth += 1,
            ')' if !in_class => depth = depth.saturating_sub(1),
            '|' if !in_class && depth == 0 => return true,
            _ => {}
        }
    }
    false
}

/// Whether an expression that was translated holds for a text. What is no expression holds for none.
pub fn holds(re: &str, text: &str) -> bool {
    regex::Regex::new(re).is_ok_and(|re| re.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_of_java_hold_for_the_same_texts() {
        for (java, text, expected) in [
            ("[a-z]{4}", "abcd", true),
            ("[a-z]{4}", "abcde", false),
            (r"\d+", "12", true),
            (r"\d+", "\u{0661}", false),
            (r"[\w.]+", "a_1.", true),
            (r"[^\d]+", "ab", true),
            (r"[^\d]+", "a1", false),
            (r"\Qa.b\E+", "a.b", true),
            (r"\Qa.b\E+", "axb", false),
            ("^a|b$", "ac", false),
            ("^a|b$", "b", true),
            ("^/a/.*$", "/a/b/c", true),
            (r"a\$", "a$", true),
            (r"\/a", "/a", true),
            ("(?i)ABC", "abc", true),
        ] {
            let re = whole(java).unwrap_or_else(|| panic!("{java}"));
            assert_eq!(holds(&re, text), expected, "{java} {re} {text}");
        }
    }

    #[test]
    fn what_has_no_counterpart_is_refused() {
        for java in [r"(?=a)b", r"(a)\1", r"a*+b", r"\p{Alpha}", "a{", "[", r"\R", r"\"] {
            assert_eq!(whole(java), None, "{java}");
        }
    }
}
