//! Names: what they may be, and what stubs and scenarios are called that have none.

use crate::file::read::At;
use crate::problem::{Code, Place, Problem};

use super::Context;

/// The longest name, in characters: it is a path segment of the API, a label and a header parameter.
const LONGEST: usize = 200;

/// A name as it was given, checked.
pub fn checked(name: &At<String>, cx: &mut Context<'_>) -> String {
    let text = name.value.trim();
    let why = if text.is_empty() {
        Some("a name is not empty")
    } else if text.chars().count() > LONGEST {
        Some("a name has at most 200 characters")
    } else if text.chars().any(char::is_control) {
        Some("a name holds no control characters")
    } else if text.len() != name.value.len() {
        Some("a name neither begins nor ends with white space")
    } else {
        None
    };
    if let Some(why) = why {
        cx.report(Problem::at(Code::BadName, name.place, why).help(
            "it stands in headers, labels and paths of the API: keep it short and plain, such as \"create-order\"",
        ));
    }
    text.to_owned()
}

/// The name of a stub that has none: its `match` in lower case, everything but letters and digits turned to dashes.
pub fn from_match(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() {
            name.extend(c.to_lowercase());
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    name.truncate(name.trim_end_matches('-').len());
    name
}

/// Names that were given out, with their places.
#[derive(Default)]
pub struct Given(std::collections::HashMap<String, Place>);

impl Given {
    /// Takes a name; reports the second of a kind with the place of the first. Says whether it was free.
    pub fn take(&mut self, what: &str, name: &str, place: Place, made: bool, cx: &mut Context<'_>) -> bool {
        match self.0.get(name) {
            None => {
                self.0.insert(name.to_owned(), place);
                true
            }
            Some(first) => {
                let help = if made {
                    format!("the name was made by Standin: give one of the two a `name`, other than {name:?}")
                } else {
                    "names are unique: rename one of the two".to_owned()
                };
                cx.report(
                    Problem::at(Code::DuplicateName, place, format!("two {what}s are called `{name}`"))
                        .label("the second")
                        .also(*first, "the first")
                        .help(help),
                );
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stub_is_named_after_its_match() {
        for (text, name) in [
            ("GET /users?id=123", "get-users-id-123"),
            ("POST /orders/{kind}", "post-orders-kind"),
            ("GET /", "get"),
            ("ANY /a/*/b/{rest...}", "any-a-b-rest"),
            ("GET /Café", "get-café"),
        ] {
            assert_eq!(from_match(text), name);
        }
    }
}
