//! Words out of a closed list.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::Spanned;
use toml::de::DeValue;

use super::read::{Read, Reader};
use crate::problem::{Code, Problem, nearest};

/// Reads one of a few words.
pub fn word<T: Copy>(
    value: &Spanned<DeValue<'_>>,
    words: &[(&str, T)],
    later: &[&str],
    reader: &mut Reader<'_>,
) -> Option<T> {
    let place = reader.place(value.span());
    let Some(text) = value.get_ref().as_str() else {
        let expected = words.iter().map(|(w, _)| format!("{w:?}")).collect::<Vec<_>>().join(" or ");
        return reader.wrong_type(value, &expected);
    };
    if let Some((_, found)) = words.iter().find(|(word, _)| *word == text) {
        return Some(*found);
    }
    if later.contains(&text) {
        return reader.fail(super::read::not_available(place, &format!("{text:?}")));
    }
    let quoted: Vec<String> = words.iter().map(|(w, _)| format!("{w:?}")).collect();
    let all = match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    };
    let help = match nearest(text, words.iter().map(|(w, _)| *w)) {
        Some(slip) => format!("did you mean {slip:?}? It takes {all}"),
        None => format!("it takes {all}"),
    };
    reader.fail(Problem::at(Code::UnknownValue, place, format!("{text:?} is not known here")).help(help))
}

/// Declares a closed list of words that a key takes.
macro_rules! words {
    ($(#[doc = $about:literal])+ $name:ident { $($(#[doc = $doc:literal])+ $variant:ident = $word:literal,)+ } $(later [$($later:literal),+])?) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[doc = $doc])+ $variant,)+ }

        impl $name {
            const WORDS: &'static [(&'static str, $name)] = &[$(($word, $name::$variant)),+];

            /// The word as it is written in a file.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }
        }

        impl Read for $name {
            fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
                word(&value, Self::WORDS, &[$($($later),+)?], reader)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "enum": [$($word),+] })
            }
        }
    };
}

words! {
    /// What happens to forwarding headers on the way to the upstream.
    Forwarded {
        /// The peer is appended.
        Append = "append",
        /// What the caller sent is replaced.
        Replace = "replace",
        /// What the caller sent passes; nothing is added.
        Pass = "pass",
    }
}

words! {
    /// Which calls get a line in the access log.
    AccessLog {
        /// Misses, errors and rejections.
        Misses = "misses",
        /// Every call.
        All = "all",
        /// None.
        None = "none",
    }
}

words! {
    /// Which calls an active server stub answers.
    ServerStubScope {
        /// Calls that some stub of the mock fits.
        Mocked = "mocked",
        /// Every call of the mock, as in Postman.
        All = "all",
    }
}

words! {
    /// How a mock chooses its answer.
    Matching {
        /// Every condition must hold.
        Strict = "strict",
        /// The closest example answers, as in Postman.
        Postman = "postman",
    }
}

words! {
    /// The lowest row of Postman's table by which a path may fit.
    Closest {
        /// Rows 1 to 5.
        Wildcard = "wildcard",
        /// All rows.
        Fuzzy = "fuzzy",
    }
}

words! {
    /// What the gate does where none of its conditions holds.
    GateDefault {
        /// Mocks are on.
        Mock = "mock",
        /// Mocks are off.
        Real = "real",
    }
}

words! {
    /// How long calls are counted before the count begins anew.
    Per {
        /// With each hour.
        Hour = "hour",
        /// With each day, by UTC.
        Day = "day",
    }
}

words! {
    /// Which requests an upstream is sent by HTTP/2.
    Http2 {
        /// gRPC calls; everything else by HTTP/1.1.
        Grpc = "grpc",
        /// All.
        Always = "always",
        /// None.
        Never = "never",
    }
}

words! {
    /// What is done with the request of an example.
    ExpectedDecision {
        /// A scenario of the stub answers.
        Mocked = "mocked",
        /// The active server stub answers.
        ServerStub = "server_stub",
        /// The upstream answers.
        Forwarded = "forwarded",
        /// A preflight is answered.
        Preflight = "preflight",
        /// No valid key came.
        Denied = "denied",
        /// Nobody answers.
        Unmatched = "unmatched",
    }
}
