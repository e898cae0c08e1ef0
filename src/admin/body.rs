//! Bodies of requests: JSON of a known shape, of a limited length, within a limited time.

use std::marker::PhantomData;
use std::time::Duration;

use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::error::{ApiError, Fault};
use crate::problem::nearest;

/// How long a body may be, bytes.
const LONGEST: usize = 1 << 20;
/// How long a body may take, whether it rests or trickles.
const SLOWEST: Duration = Duration::from_secs(10);

/// A JSON body. An empty one counts as `{}`.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            let error = ApiError::new(Fault::NotJson, "a body is sent as application/json");
            return Err(error.help("send `content-type: application/json`, also without a body"));
        }
        let body = Limited::new(request.into_body(), LONGEST).collect();
        let bytes = match tokio::time::timeout(SLOWEST, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                return Err(ApiError::new(Fault::BodyTooLarge, format!("the body is longer than {LONGEST} bytes")));
            }
            Ok(Err(_)) => return Err(ApiError::new(Fault::BadBody, "the body breaks off")),
            Err(_) => return Err(ApiError::new(Fault::BodyTimeout, "the body did not arrive within 10 s")),
        };
        let text = if bytes.trim_ascii().is_empty() { &b"{}"[..] } else { &bytes };
        read(text).map(Body)
    }
}

/// Whether a request says that it carries JSON. A form of a foreign page cannot, without the browser asking us first.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, ApiError> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let Object(value) = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let message = error.inner().to_string().replace("expected u64", "expected a whole number, 0 or more");
        let what = if matches!(&*path, "." | "?") { "the body".to_owned() } else { format!("`{path}`") };
        let refused = ApiError::new(Fault::BadBody, format!("{what}: {message}"));
        match meant(&message) {
            Some(help) => refused.help(help),
            None => refused,
        }
    })?;
    json.end().map_err(|error| ApiError::new(Fault::BadBody, format!("behind the JSON: {error}")))?;
    Ok(value)
}

/// What is an object and nothing else: by itself serde takes a list as well, whose items are members by their order.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = T;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        from.deserialize_map(Members(PhantomData)).map(Object)
    }
}

/// Reads a member that is an object, for `deserialize_with`.
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Object::deserialize(from).map(|Object(value)| value)
}

/// The same of a member that may be missing, or null.
pub fn some_object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(from).map(|some| some.map(|Object(value)| value))
}

/// The same of a list of them.
pub fn some_objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<Vec<T>>, D::Error> {
    let list = Option::<Vec<Object<T>>>::deserialize(from)?;
    Ok(list.map(|list| list.into_iter().map(|Object(value)| value).collect()))
}

/// What was probably meant by an unknown member or word: serde names it first, and then all that it knows.
fn meant(message: &str) -> Option<String> {
    if !message.starts_with("unknown ") {
        return None;
    }
    let mut words = message.split('`').skip(1).step_by(2);
    let unknown = words.next()?;
    let known: Vec<&str> = words.collect();
    match nearest(unknown, known.iter().copied()) {
        Some(slip) => Some(format!("did you mean `{slip}`?")),
        None => Some(format!("one of {}", known.join(", "))).filter(|_| !known.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[serde(default, deserialize_with = "some_object")]
        inner: Option<Inner>,
        #[serde(default, deserialize_with = "some_objects")]
        list: Option<Vec<Inner>>,
        #[serde(default)]
        kind: Option<Kind>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        at_least: u64,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Jsonl,
        Har,
    }

    #[test]
    fn only_json_says_that_it_is_json() {
        let says = |kind: &str| is_json(&[(CONTENT_TYPE, kind.parse().unwrap())].into_iter().collect());
        assert!(says("application/json") && says("Application/JSON; charset=utf-8"));
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonl", ""]
        {
            assert!(!says(kind), "{kind}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }

    #[test]
    fn a_mistake_is_told_by_its_place_and_by_what_was_meant() {
        for (text, detail, help) in [
            (r#"{"inne": 1}"#, "unknown field `inne`", Some("did you mean `inner`?")),
            (r#"{"inner": {"at_leest": 1}}"#, "`inner", Some("did you mean `at_least`?")),
            (r#"{"inner": {"at_least": "x"}}"#, "`inner.at_least`: invalid type: string \"x\"", None),
            (r#"{"inner": {}}"#, "missing field `at_least`", None),
            (r#"{"kind": "hare"}"#, "unknown variant `hare`", Some("did you mean `har`?")),
            ("{} x", "behind the JSON", None),
            ("[", "the body: invalid type: sequence, expected an object", None),
            (r#"[{"at_least": 2}, "har"]"#, "the body: invalid type: sequence, expected an object", None),
            (r#"{"inner": [2]}"#, "`inner`: invalid type: sequence, expected an object", None),
            (r#"{"list": [[2]]}"#, "`list[0]`: invalid type: sequence, expected an object", None),
            (r#"{"inner": {"at_least": -1}}"#, "`inner.at_least`: invalid value: integer `-1`, expected a whole", None),
            ("{", "the body: EOF while parsing", None),
        ] {
            let error = format!("{:?}", read::<Outer>(text.as_bytes()).unwrap_err());
            assert!(error.contains(&detail.escape_default().to_string()), "{text}: {error}");
            assert_eq!(help.is_some_and(|help| error.contains(help)), help.is_some(), "{text}: {error}");
        }
        let read = read::<Outer>(br#"{"inner": {"at_least": 2}, "kind": "jsonl", "list": [{"at_least": 1}]}"#).unwrap();
        assert_eq!(read.list.map(|list| list.len()), Some(1));
        assert_eq!(read.inner.map(|inner| inner.at_least), Some(2));
        assert!(matches!(read.kind, Some(Kind::Jsonl | Kind::Har)));
    }
}
