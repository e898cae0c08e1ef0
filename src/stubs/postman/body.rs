//! Bodies in forms in which equal ones are equal bytes: so they can be looked up.
//!
//! A body is compared whole. JSON is compared by value, a form as a multiset of pairs, all else byte by byte. Which of
//! the three an example's body is, the example says; a request's body is read as each kind that it can be.

use serde_json::Value;

use super::multipart;
use crate::stubs::Map;
use crate::stubs::json::scalar_key;
use crate::stubs::request::{NoValue, RequestView, pairs};

/// The request body of an example; never an empty one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Body {
    /// JSON, its canonical form.
    Json(Box<[u8]>),
    /// A form, its canonical form.
    Form(Box<[u8]>),
    /// Text, as it is.
    Text(Box<[u8]>),
}

impl Body {
    /// A JSON body.
    pub fn json(value: &Value) -> Self {
        let mut out = Vec::new();
        canonical(value, &mut out);
        Body::Json(out.into())
    }

    /// A form; none without pairs.
    pub fn form<T: AsRef<[u8]>>(pairs: impl IntoIterator<Item = (T, T)>) -> Option<Self> {
        form_key(pairs.into_iter()).map(|key| Body::Form(key.into()))
    }

    /// A body that is written as text; `content_type` is what the example says of it. A text that is said to be a form
    /// is one; one that is said to be JSON, or that is an object or array of JSON, is compared as JSON.
    pub fn text(text: &str, content_type: Option<&str>) -> Option<Self> {
        let essence = content_type.map(|value| essence(value.as_bytes()).to_ascii_lowercase()).unwrap_or_default();
        if essence == b"application/x-www-form-urlencoded" {
            return Body::form(pairs(text.as_bytes()));
        }
        let is_json = essence.ends_with(b"/json") || essence.ends_with(b"+json");
        match serde_json::from_str::<Value>(text) {
            Ok(value) if is_json || value.is_object() || value.is_array() => Some(Body::json(&value)),
            _ if text.is_empty() => None,
            _ => Some(Body::Text(text.as_bytes().into())),
        }
    }

    /// Whether a request's body equals it.
    ///
    /// # Errors
    /// Where that body was not read, cannot be looked at, or is compressed.
    pub fn equals(&self, view: &RequestView<'_>) -> Result<bool, NoValue> {
        let body = view.body()?;
        Ok(match self {
            Body::Json(_) => view.json().is_ok_and(|value| Body::json(value) == *self),
            Body::Form(own) => form_of(view, body).as_deref() == Some(own),
            Body::Text(own) => **own == *body,
        })
    }
}

/// The bodies of a collection by number.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    json: Map<Box<[u8]>, u32>,
    form: Map<Box<[u8]>, u32>,
    text: Map<Box<[u8]>, u32>,
}

impl Bodies {
    /// The number of a body: the next one where it is new.
    pub(super) fn number(&mut self, body: &Body) -> u32 {
        let fresh = (self.json.len() + self.form.len() + self.text.len()) as u32;
        let (kind, key) = match body {
            Body::Json(key) => (&mut self.json, key),
            Body::Form(key) => (&mut self.form, key),
            Body::Text(key) => (&mut self.text, key),
        };
        *kind.entry(key.clone()).or_insert(fresh)
    }

    /// The numbers of the bodies that the request's body equals: at most one of each kind.
    ///
    /// # Errors
    /// Where it was not read, cannot be looked at, or is compressed.
    pub(super) fn of(&self, view: &RequestView<'_>) -> Result<[Option<u32>; 3], NoValue> {
        let body = view.body()?;
        let mut found = [None; 3];
        if !self.json.is_empty()
            && let Ok(value) = view.json()
        {
            let mut key = Vec::with_capacity(body.len());
            canonical(value, &mut key);
            found[0] = self.json.get(key.as_slice()).copied();
        }
        if !self.form.is_empty() {
            found[1] = form_of(view, body).and_then(|key| self.form.get(key.as_slice()).copied());
        }
        found[2] = self.text.get(body).copied();
        Ok(found)
    }
}

/// The canonical form of a request's body, if it is a form: `application/x-www-form-urlencoded` or without a stated
/// type, or the text fields of `multipart/form-data`.
fn form_of(view: &RequestView<'_>, body: &[u8]) -> Option<Vec<u8>> {
    let content_type = view.header("content-type").unwrap_or_default();
    if essence(content_type).eq_ignore_ascii_case(b"multipart/form-data") {
        return form_key(multipart::text_fields(content_type, body)?.into_iter());
    }
    form_key(view.form().ok()?.iter().map(|(key, value)| (key, value)))
}

/// A media type without its parameters.
fn essence(content_type: &[u8]) -> &[u8] {
    content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii()
}

fn form_key<T: AsRef<[u8]>>(pairs: impl Iterator<Item = (T, T)>) -> Option<Vec<u8>> {
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> =
        pairs.map(|(key, value)| (key.as_ref().to_owned(), value.as_ref().to_owned())).collect();
    pairs.sort_unstable();
    let mut out = Vec::new();
    for (key, value) in &pairs {
        text(key, &mut out);
        text(value, &mut out);
    }
    (!pairs.is_empty()).then_some(out)
}

/// Writes text so that nothing can be mistaken for its end.
fn text(text: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(text.len() as u64).to_le_bytes());
    out.extend_from_slice(text);
}

/// Writes JSON so that equal values become equal bytes: members sorted, numbers by their value. Of duplicate members
/// the last counts, as the parser has it. The depth is that of the parser, at most 128.
fn canonical(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Array(items) => {
            out.push(b'[');
            items.iter().for_each(|item| canonical(item, out));
            out.push(b']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(key, _)| *key);
            out.push(b'{');
            for (key, value) in members {
                out.push(b'k');
                text(key.as_bytes(), out);
                canonical(value, out);
            }
            out.push(b'}');
        }
        scalar => {
            let key = scalar_key(scalar).unwrap_or_default();
            out.push(b'v');
            text(&key, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stubs::request::{BodyView, HeaderField};

    fn equal(body: &Body, media: &str, sent: &[u8]) -> bool {
        let headers = [HeaderField { name: "Content-Type", value: media.as_bytes() }];
        let headers = if media.is_empty() { &[] } else { &headers[..] };
        let view = RequestView::new("POST", b"/", headers, BodyView::Whole(sent)).unwrap();
        let mut bodies = Bodies::default();
        let number = bodies.number(body);
        let found = bodies.of(&view).unwrap().contains(&Some(number));
        assert_eq!(body.equals(&view), Ok(found), "{}", String::from_utf8_lossy(sent));
        found
    }

    #[test]
    fn json_is_compared_by_value_whatever_its_type() {
        let body = Body::json(&json!({"a": [1, "x"], "b": null}));
        for media in ["application/json", "application/json; charset=utf-8", "text/plain", ""] {
            assert!(equal(&body, media, b" { \"b\": null, \"a\": [1.0, \"x\"] }"), "{media}");
        }
        for other in
            ["{}", "{\"a\": [1, \"x\"]}", "{\"a\": [\"x\", 1], \"b\": null}", "[", "", "{\"a\":[1,\"x\"],\"b\":0}"]
        {
            assert!(!equal(&body, "application/json", other.as_bytes()), "{other}");
        }
        assert!(!equal(&Body::json(&json!([[1], 2])), "", b"[[1, 2]]"));
    }

    #[test]
    fn a_text_is_json_or_a_form_where_it_is_said_or_seen_to_be() {
        let of = |text, media| Body::text(text, media).unwrap();
        assert_eq!(of("{\"a\": 1}", None), Body::json(&json!({"a": 1.0})));
        assert_eq!(of("1.0", Some("application/json")), Body::json(&json!(1)));
        assert_eq!(of("1.0", None), Body::Text((*b"1.0").into()));
        assert_eq!(of("{", Some("application/json")), Body::Text((*b"{").into()));
        assert_eq!(
            of("b=2&a=1", Some("application/x-www-form-urlencoded")),
            Body::form([("a", "1"), ("b", "2")]).unwrap()
        );
        assert_eq!(Body::text("", None), None);
        assert!(equal(&of("<a/>", Some("application/xml")), "text/xml", b"<a/>"));
        assert!(!equal(&of("<a/>", None), "", b"<a/> "));
    }

    #[test]
    fn a_form_is_a_multiset_of_pairs() {
        let body = Body::form([("a", "1"), ("b", "x y"), ("a", "2")]).unwrap();
        let media = "application/x-www-form-urlencoded; charset=utf-8";
        assert!(equal(&body, media, b"a=2&b=x+y&a=1"));
        assert!(!equal(&body, media, b"a=2&b=x+y"));
        assert!(!equal(&body, "text/plain", b"a=2&b=x+y&a=1"));
        let parts = b"--B\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\nx y\r\n\
            --B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n\0\r\n\
            --B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
            --B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n2\r\n--B--\r\n";
        assert!(equal(&body, "multipart/form-data; boundary=B", parts));
    }
}
