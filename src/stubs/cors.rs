//! Cross-origin access: which headers go on what Standin writes for a mock, and how it answers a preflight.
//!
//! The rules are those of the Fetch standard, section "CORS protocol". Forwarded answers are never touched.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, VARY,
};
use http::{HeaderName, HeaderValue};
use smallvec::SmallVec;

use super::request::RequestView;

/// Header fields that an answer gets.
pub type Fields = SmallVec<[(HeaderName, HeaderValue); 4]>;

/// A mock's cross-origin policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cors {
    /// Standin adds nothing, and preflights are ordinary requests.
    Off,
    /// Everybody may read, nobody with cookies.
    Anyone,
    /// These origins may read.
    Origins {
        /// Serialised origins, such as `https://app.test`.
        origins: Box<[Box<str>]>,
        /// Whether they may send cookies.
        credentials: bool,
    },
}

/// How long a browser may remember a preflight: ten minutes, what Chromium and Firefox both accept.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

impl Cors {
    /// Whether preflights are answered.
    pub fn is_on(&self) -> bool {
        *self != Cors::Off
    }

    /// Whether every request gets the same fields.
    pub fn is_static(&self) -> bool {
        !matches!(self, Cors::Origins { .. })
    }

    /// The fields of an answer to this request.
    pub fn fields(&self, view: &RequestView<'_>) -> Fields {
        let mut fields = Fields::new();
        match self {
            Cors::Off => {}
            Cors::Anyone => {
                fields.push((ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")));
                fields.push((ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*")));
            }
            Cors::Origins { origins, credentials } => {
                // The answer differs by origin even where this one is not allowed, so caches must know.
                fields.push((VARY, HeaderValue::from_static("Origin")));
                let origin = view.header("origin").and_then(|sent| {
                    let known = origins.iter().find(|known| known.as_bytes() == sent)?;
                    HeaderValue::from_str(known).ok()
                });
                if let Some(origin) = origin {
                    fields.push((ACCESS_CONTROL_ALLOW_ORIGIN, origin));
                    if *credentials {
                        fields.push((ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true")));
                    }
                }
            }
        }
        fields
    }

    /// The fields of the answer to a preflight: what was asked for is allowed, if the origin is.
    pub fn preflight_fields(&self, view: &RequestView<'_>) -> Fields {
        let mut fields = self.fields(view);
        fields.retain(|(name, _)| *name != ACCESS_CONTROL_EXPOSE_HEADERS && *name != VARY);
        if fields.iter().any(|(name, _)| *name == ACCESS_CONTROL_ALLOW_ORIGIN) {
            let reflect = [
                ("access-control-request-method", ACCESS_CONTROL_ALLOW_METHODS),
                ("access-control-request-headers", ACCESS_CONTROL_ALLOW_HEADERS),
            ];
            for (asked, allowed) in reflect {
                if let Some(value) = view.header(asked).and_then(|value| HeaderValue::from_bytes(value).ok()) {
                    fields.push((allowed, value));
                }
            }
            fields.push((ACCESS_CONTROL_MAX_AGE, MAX_AGE));
        }
        fields.push((
            VARY,
            HeaderValue::from_static("Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
        ));
        fields
    }
}

/// The method that a preflight asks about, if the request is one.
pub fn preflight_method<'a>(view: &RequestView<'a>) -> Option<&'a str> {
    if view.method != "OPTIONS" || view.header("origin").is_none() {
        return None;
    }
    std::str::from_utf8(view.header("access-control-request-method")?).ok()
}
