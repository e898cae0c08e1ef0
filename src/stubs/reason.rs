//! Why a call was not answered by a stub: a closed list, used by the `standin` field, the log and the metric labels.

/// Declares the reasons with their printed names.
macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident $text:literal,)+) => {
        /// Why a call was not answered by a stub.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason { $($(#[doc = $doc])+ $name,)+ }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Reason] = &[$(Reason::$name,)+];

            /// The name in the `standin` field, the log and the metrics.
            pub fn as_str(self) -> &'static str {
                match self { $(Reason::$name => $text,)+ }
            }

            /// One line that says what it means, as the README lists it.
            pub fn meaning(self) -> &'static str {
                match self { $(Reason::$name => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

reasons! {
    /// No stub has this path.
    Path "path",
    /// A stub has this path, but for another method.
    Method "method",
    /// A path parameter of the closest stub did not hold.
    Parameter "parameter",
    /// A query condition of the closest stub did not hold.
    Query "query",
    /// A header condition of the closest stub did not hold.
    Header "header",
    /// A cookie condition of the closest stub did not hold.
    Cookie "cookie",
    /// A form condition of the closest stub did not hold.
    Form "form",
    /// A JSON condition of the closest stub did not hold.
    Json "json",
    /// A condition on the body's text did not hold.
    Body "body",
    /// None of the branches of `any` held.
    Any "any",
    /// A stub looks at JSON, but the body is none.
    BodyNotJson "body-not-json",
    /// A stub looks at a form, but the body is none.
    BodyNotForm "body-not-form",
    /// A stub looks at the body, but it is compressed.
    BodyEncoded "body-encoded",
    /// A stub looks at the body, but it is longer than `limits.match_body`.
    BodyTooLong "body-too-long",
    /// A stub looks at the body, but `limits.match_body_total` was used up by other calls.
    BodyBudget "body-budget",
    /// A stub looks at the body, but it did not arrive within `limits.match_body_timeout`.
    BodyTimeout "body-timeout",
    /// An `x-mock-response-*` header names no scenario of the stubs that fit.
    Selector "selector",
    /// The gate is closed for this request.
    Gate "gate",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Reason::ALL.iter().map(|r| r.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Reason::ALL.len());
    }
}
