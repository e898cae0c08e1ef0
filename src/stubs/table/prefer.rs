//! `Prefer: code=404, example=cat` (RFC 7240): a selector that callers of other mock servers send.

use crate::stubs::accept::split;
use crate::stubs::request::RequestView;

/// What `Prefer` asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::stubs) struct Prefer {
    pub(in crate::stubs) code: Option<String>,
    pub(in crate::stubs) example: Option<String>,
}

impl Prefer {
    /// Of a preference that stands twice the first counts; what follows a semicolon belongs to one that is known to others.
    pub(in crate::stubs) fn by(view: &RequestView<'_>) -> Self {
        let mut prefer = Prefer::default();
        for field in view.header_values("prefer") {
            let Ok(field) = std::str::from_utf8(field) else { continue };
            for preference in split(field, ',') {
                let preference = split(preference, ';').next().unwrap_or_default();
                let Some((name, value)) = preference.split_once('=') else { continue };
                let place = match name.trim() {
                    name if name.eq_ignore_ascii_case("code") => &mut prefer.code,
                    name if name.eq_ignore_ascii_case("example") => &mut prefer.example,
                    _ => continue,
                };
                place.get_or_insert_with(|| word(value.trim()));
            }
        }
        prefer
    }

    pub(in crate::stubs) fn is_empty(&self) -> bool {
        self.code.is_none() && self.example.is_none()
    }
}

/// A word as it is meant: of a quoted one what stands in the quotes.
fn word(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else { return text.to_owned() };
    let mut out = String::with_capacity(inner.len());
    let mut signs = inner.chars();
    while let Some(sign) = signs.next() {
        out.extend(if sign == '\\' { signs.next() } else { Some(sign) });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stubs::request::{BodyView, HeaderField};

    #[test]
    fn preferences_are_read_as_rfc_7240_writes_them() {
        for (fields, code, example) in [
            (&["code=404"][..], Some("404"), None),
            (&["code=404, example=cat"], Some("404"), Some("cat")),
            (&["respond-async", "Example = \"a, b\\\"c\" , wait=10"], None, Some("a, b\"c")),
            (&["code=200;example=cat"], Some("200"), None),
            (&["code=1, code=2", "code=3"], Some("1"), None),
            (&["return=minimal", "code", "\"code=4\""], None, None),
        ] {
            let headers: Vec<HeaderField<'_>> =
                fields.iter().map(|value| HeaderField { name: "prefer", value: value.as_bytes() }).collect();
            let view = RequestView::new("GET", b"/", &headers, BodyView::Whole(b"")).unwrap();
            let prefer = Prefer::by(&view);
            assert_eq!((prefer.code.as_deref(), prefer.example.as_deref()), (code, example), "{fields:?}");
        }
    }
}
