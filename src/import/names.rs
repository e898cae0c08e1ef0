//! Names that are short and plain, and that nobody else has.

use std::collections::HashMap;

/// How long a made name is at most, bytes. Names have room for 200 characters; a number may follow.
const LONGEST: usize = 120;

/// A text in lower case, everything but letters and digits turned to dashes.
pub fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() {
            slug.extend(c.to_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= LONGEST {
            break;
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// A name as it was given, made fit to be one: a line of at most 200 characters. None where nothing is left.
pub fn tidy(text: &str) -> Option<String> {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    let line = line.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// Names that were given out.
#[derive(Default)]
pub struct Unique(HashMap<String, usize>);

impl Unique {
    /// The name, or the name with the next number that is free.
    pub fn take(&mut self, name: &str) -> String {
        let mut number = match self.0.get(name) {
            None => {
                self.0.insert(name.to_owned(), 1);
                return name.to_owned();
            }
            Some(last) => *last,
        };
        loop {
            number += 1;
            let numbered = format!("{name}-{number}");
            if !self.0.contains_key(&numbered) {
                self.0.insert(name.to_owned(), number);
                self.0.insert(numbered.clone(), 1);
                return numbered;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_nobody_has_one_twice() {
        assert_eq!(slug("  Orders / Create ORDER (v2) "), "orders-create-order-v2");
        assert_eq!(slug("Café №7"), "café-7");
        assert!(slug(&"x".repeat(500)).len() <= LONGEST);
        assert_eq!(tidy(" a\tb\n"), Some("a b".to_owned()));
        assert_eq!((tidy(" \n"), tidy(&"x".repeat(500)).unwrap().len()), (None, 200));
        let mut unique = Unique::default();
        let taken = ["a", "a", "a-2", "a", "b"].map(|name| unique.take(name));
        assert_eq!(taken, ["a", "a-2", "a-2-2", "a-3", "b"]);
    }
}
