//! The closed lists of the product's words: what was done with a request, and why.
//!
//! They stand below everything: `standin` field, call log, API and metrics speak them. The README prints their meanings.

/// What events of the operational log are about that say who has changed what.
pub const CHANGES: &str = "standin::changes";

/// Declares a closed list of words.
macro_rules! words {
    ($(#[doc = $about:literal])+ $name:ident { $($(#[doc = $doc:literal])+ $variant:ident $text:literal,)+ }) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[doc = $doc])+ #[serde(rename = $text)] $variant,)+ }

        impl $name {
            /// Every word of the list.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The word as it is printed.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)+ }
            }

            /// What it means, in one line.
            pub fn meaning(self) -> &'static str {
                match self { $($name::$variant => concat!($($doc),+).trim_ascii(),)+ }
            }

            /// The word that is printed so.
            pub fn from_word(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// What was done with a request.
    Decided {
        /// A scenario answered.
        Mocked "mocked",
        /// The mock's active server stub answered.
        ServerStub "server_stub",
        /// The upstream answered.
        Forwarded "forwarded",
        /// Standin answered a CORS preflight.
        Preflight "preflight",
        /// The mock is private and no valid key came: 401.
        Denied "denied",
        /// The mock has answered as often as its `limit` lets it: 429.
        Limited "limited",
        /// No stub answered, and there is no upstream: 404.
        Unmatched "unmatched",
        /// The request was malformed or over a limit, and nobody looked further.
        Rejected "rejected",
        /// The upstream, or Standin itself, failed.
        Failed "failed",
    }
}

words! {
    /// Why a call was not answered by a stub.
    Reason {
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
        /// A condition on path and query as they were sent did not hold.
        Target "target",
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
        /// A selector names no scenario of the stubs that fit, or only a selector chooses what fits.
        Selector "selector",
        /// The gate is closed for this request.
        Gate "gate",
        /// The stub is switched off by an override.
        Off "off",
    }
}

words! {
    /// What probably went wrong where a condition does not hold.
    Slip {
        /// A trailing slash is there, or is not.
        TrailingSlash "trailing-slash",
        /// Upper and lower case differ.
        Case "case",
        /// A percent-encoding too many, too few, or of a slash.
        Encoding "encoding",
        /// The base path is missing, or something stands before the path.
        Prefix "prefix",
        /// A name or a value is spelled otherwise.
        Spelling "spelling",
        /// A path parameter is empty.
        EmptyParameter "empty-parameter",
        /// The route is there, but for another method.
        Method "method",
        /// The mock serves other hosts.
        Host "host",
        /// The request belongs to another mock, which is more specific.
        Mock "mock",
        /// Nothing was sent where something is asked for.
        Missing "missing",
        /// Something was sent that must not be.
        Unwanted "unwanted",
        /// A number where text is asked for, or text where a number is.
        NumberAgainstText "number-against-text",
        /// White space stands around the value.
        WhiteSpace "white-space",
        /// The media type has parameters such as `charset`, or is another one.
        MediaType "media-type",
        /// The body has another form than the condition looks at.
        BodyForm "body-form",
        /// The body is compressed, too long, or did not arrive.
        BodyUnusable "body-unusable",
        /// The saved example is as close as `closest` does not allow.
        Closest "closest",
        /// A selector names something that is not there.
        Selector "selector",
    }
}

words! {
    /// Why a request was rejected.
    Rejection {
        /// The request line is malformed: 400.
        RequestLine "request-line",
        /// The HTTP version is not 1.0 or 1.1: 505.
        Version "version",
        /// The request target is malformed: 400.
        Target "target",
        /// The path has no normal form: a bad percent-encoding, `%00`, a backslash, or a `..` above the root: 400.
        Path "path",
        /// CONNECT asks for a tunnel: 405.
        Connect "connect",
        /// A header field is malformed: 400.
        Header "header",
        /// A line ends without a carriage return: 400.
        BareLineFeed "bare-lf",
        /// `Host` is missing, stands twice, or is malformed: 400.
        Host "host",
        /// `Content-Length` is malformed or stands twice: 400.
        ContentLength "content-length",
        /// `Transfer-Encoding` is malformed, stands beside `Content-Length`, or comes from HTTP/1.0: 400.
        TransferEncoding "transfer-encoding",
        /// The transfer coding is another than `chunked`: 501.
        TransferCoding "transfer-coding",
        /// The chunked framing is malformed: 400.
        Chunk "chunk",
        /// The head is longer than `limits.head`, or has more than 256 fields: 431.
        HeadTooLarge "head-too-large",
        /// The head did not arrive within `limits.head_timeout`: 408.
        HeadTimeout "head-timeout",
        /// The body is longer than `limits.request_body`: 413.
        BodyTooLarge "body-too-large",
        /// The body rested longer than `limits.body_timeout`: 408.
        BodyTimeout "body-timeout",
        /// The TLS handshake failed, the caller's certificate is refused, or the caller speaks plain HTTP to a port with TLS: 400.
        Tls "tls",
        /// HTTP/2 frames or pseudo fields are malformed, or there are too many of them: 400.
        Http2 "http2",
        /// `limits.connections` are open already: 503.
        Connections "connections",
    }
}

words! {
    /// What failed, where a request failed.
    Failure {
        /// The upstream's name does not resolve to an address: 503.
        Dns "dns",
        /// The upstream refuses connections: 502.
        Refused "connect-refused",
        /// Connecting to the upstream took longer than `connect_timeout`: 504.
        ConnectTimeout "connect-timeout",
        /// Connecting to the upstream failed otherwise: 502.
        Connect "connect",
        /// The TLS handshake with the upstream failed: its certificate is not trusted, has expired, or is for another
        /// name: 502.
        Tls "tls",
        /// The upstream was silent for longer than `read_timeout`: 504.
        ReadTimeout "read-timeout",
        /// The upstream took nothing for longer than `write_timeout`: 504.
        WriteTimeout "write-timeout",
        /// The upstream closed the connection before its answer was complete: 502.
        Closed "closed",
        /// The upstream's answer is no HTTP, or another version than was agreed: 502.
        InvalidAnswer "invalid-answer",
        /// The caller left before the answer was complete: no answer.
        CallerLeft "caller-left",
        /// A template of the answer failed: 500.
        Template "template",
        /// Something inside Standin failed: 500.
        Internal "internal",
        /// Code of Standin panicked; the request ended, and nothing else: 500.
        Panic "panic",
    }
}

impl Rejection {
    /// The status of the answer.
    pub fn status(self) -> u16 {
        match self {
            Rejection::Connections => 503,
            Rejection::Version => 505,
            Rejection::Connect => 405,
            Rejection::TransferCoding => 501,
            Rejection::HeadTooLarge => 431,
            Rejection::HeadTimeout | Rejection::BodyTimeout => 408,
            Rejection::BodyTooLarge => 413,
            Rejection::RequestLine
            | Rejection::Target
            | Rejection::Path
            | Rejection::Header
            | Rejection::BareLineFeed
            | Rejection::Host
            | Rejection::Tls
            | Rejection::Http2
            | Rejection::ContentLength
            | Rejection::TransferEncoding
            | Rejection::Chunk => 400,
        }
    }
}

impl Failure {
    /// The status of the answer, where one can still be given.
    pub fn status(self) -> u16 {
        match self {
            Failure::Dns => 503,
            Failure::ConnectTimeout | Failure::ReadTimeout | Failure::WriteTimeout => 504,
            Failure::Refused | Failure::Connect | Failure::Tls | Failure::Closed | Failure::InvalidAnswer => 502,
            Failure::CallerLeft | Failure::Template | Failure::Internal | Failure::Panic => 500,
        }
    }

    /// Whether the upstream is to blame.
    pub fn is_upstream(self) -> bool {
        !matches!(self, Failure::CallerLeft | Failure::Template | Failure::Internal | Failure::Panic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique_within_their_list() {
        fn unique(words: &[&str]) {
            let mut sorted = words.to_vec();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), words.len(), "{words:?}");
        }
        unique(&Decided::ALL.iter().map(|w| w.as_str()).collect::<Vec<_>>());
        unique(&Reason::ALL.iter().map(|w| w.as_str()).collect::<Vec<_>>());
        unique(&Slip::ALL.iter().map(|w| w.as_str()).collect::<Vec<_>>());
        unique(&Rejection::ALL.iter().map(|w| w.as_str()).collect::<Vec<_>>());
        unique(&Failure::ALL.iter().map(|w| w.as_str()).collect::<Vec<_>>());
    }

    #[test]
    fn the_status_of_a_rejection_is_the_one_that_its_meaning_names() {
        for rejection in Rejection::ALL {
            assert!(rejection.meaning().ends_with(&format!(": {}.", rejection.status())), "{rejection}");
        }
    }
}
