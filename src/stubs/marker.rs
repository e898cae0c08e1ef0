//! The `standin` header field: what was done with a request, as one structured field (RFC 9651).
//!
//! `mocked; mock="orders"; stub="create-order"; scenario="gold customer"; generation=7`. Names that are not ASCII become
//! display strings. What is known at load is put together then; the rest is appended per request.

use std::fmt::Write as _;

use sfv::{ItemSerializer, RefBareItem, StringRef};

/// The start of a `standin` field: a decision and parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker(String);

impl Marker {
    /// A field that says only what was decided.
    pub fn new(decision: &str) -> Self {
        let mut text = String::with_capacity(96);
        text.push_str(decision);
        Marker(text)
    }

    /// Adds a name, unless it is empty.
    pub fn name(mut self, key: &str, value: &str) -> Self {
        if !value.is_empty() {
            let _ = write!(self.0, "; {key}={}", quoted(value));
        }
        self
    }

    /// Adds a number.
    pub fn number(mut self, key: &str, value: u64) -> Self {
        let _ = write!(self.0, "; {key}={value}");
        self
    }

    /// The field's value so far.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The field's value.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// A structured-field string, or a display string where the text is not printable ASCII.
fn quoted(text: &str) -> String {
    let item = ItemSerializer::new();
    match StringRef::from_str(text) {
        Ok(plain) => item.bare_item(plain).finish(),
        Err(_) => item.bare_item(RefBareItem::DisplayString(text)).finish(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_others_than_ascii_become_display_strings() {
        let marker = Marker::new("mocked")
            .name("mock", "or\"ders")
            .name("stub", "café")
            .name("scenario", "")
            .number("generation", 7);
        assert_eq!(marker.as_str(), r#"mocked; mock="or\"ders"; stub=%"caf%c3%a9"; generation=7"#);
    }

    #[test]
    fn the_field_parses_as_a_structured_field() {
        let marker =
            Marker::new("mocked").name("mock", "orders").name("scenario", "gold customer").number("generation", 7);
        let item: sfv::Item = sfv::Parser::new(marker.as_str()).parse().unwrap();
        assert_eq!(item.params.len(), 3);
    }
}
