//! The closed list of what can be wrong with a configuration.

use std::fmt;

/// Declares the codes with their printed names; the list of all codes lets a test demand a golden report for each.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident $text:literal,)+) => {
        /// The closed list of what can be wrong. The printed name is stable: scripts may match on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($(#[doc = $doc])+ $name,)+ }

        impl Code {
            /// Every code, in the order of this list.
            pub const ALL: &'static [Code] = &[$(Code::$name,)+];

            /// The name printed in reports and on `/readyz`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)+ }
            }

            /// One line that says what the code means, as the README lists it.
            pub fn meaning(self) -> &'static str {
                match self { $(Code::$name => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

codes! {
    // --- files ---
    /// No configuration was named and none was found.
    NoConfig "no-config",
    /// A file cannot be read, or is no UTF-8 text.
    UnreadableFile "unreadable-file",
    /// A file is larger than 64 MiB.
    FileTooLarge "file-too-large",
    /// Files kept changing while they were read.
    FilesMoving "files-moving",
    /// A `mocks` pattern is malformed, or names one file that is not there.
    BadPattern "bad-pattern",
    /// A `mocks` pattern fits no file (a warning).
    EmptyPattern "empty-pattern",
    // --- the language ---
    /// The text is no TOML.
    TomlSyntax "toml-syntax",
    /// The same key stands twice in one table.
    DuplicateKey "duplicate-key",
    /// The same header stands twice, in two spellings.
    HeaderTwice "header-twice",
    /// The key does not exist.
    UnknownKey "unknown-key",
    /// The key exists, but in another table.
    MisplacedKey "misplaced-key",
    /// A name with a dot was not quoted, so TOML made a table of it.
    DottedKey "dotted-key",
    /// The key or value belongs to a later version.
    NotAvailable "not-available",
    /// The value has another type than the key takes.
    WrongType "wrong-type",
    /// The key takes one of a few words, and this is none of them.
    UnknownValue "unknown-value",
    /// A number stands where a unit is needed.
    BareNumber "bare-number",
    /// A duration, size or number is malformed or out of its range.
    OutOfRange "out-of-range",
    /// A key that must be there is missing.
    MissingKey "missing-key",
    /// Two keys exclude each other.
    ConflictingKeys "conflicting-keys",
    /// A `STANDIN_…__…` variable names no key.
    UnknownVariable "unknown-variable",
    // --- addresses ---
    /// A `listen` address is no `IP:port`.
    BadAddress "bad-address",
    /// Two listeners want the same address.
    AddressTwice "address-twice",
    /// The admin listener is bound beyond loopback, and has not got a token and TLS.
    AdminExposed "admin-exposed",
    /// The token of the admin listener can be guessed, or cannot be sent.
    WeakToken "weak-token",
    /// An upstream URL is malformed.
    BadUrl "bad-url",
    /// An upstream is the sidecar's own listener.
    OwnListener "own-listener",
    /// A name under `upstream` is not defined.
    UnknownUpstream "unknown-upstream",
    /// A certificate, a key or an authority cannot be used.
    BadCertificate "bad-certificate",
    /// A certificate has expired, or is not valid yet.
    ExpiredCertificate "expired-certificate",
    // --- mocks, stubs, scenarios ---
    /// A name is empty, too long, or holds control characters.
    BadName "bad-name",
    /// The name `default` belongs to the mock of standin.toml.
    ReservedName "reserved-name",
    /// Two mocks, stubs, scenarios or server stubs have one name.
    DuplicateName "duplicate-name",
    /// A host pattern, or an origin, is malformed.
    BadHost "bad-host",
    /// A base path is malformed.
    BadBasePath "bad-base-path",
    /// A `match` line is malformed.
    BadMatch "bad-match",
    /// Nothing can tell two stubs apart, so the second would never answer.
    SameMatch "same-match",
    /// Two mocks claim one route, so the second would never answer.
    RouteTaken "route-taken",
    /// A scenario is never reached (a warning).
    UnreachableScenario "unreachable-scenario",
    /// Another mock takes all requests that a stub answers (a warning).
    ShadowedStub "shadowed-stub",
    /// The request of an example is malformed, or it must get what the stub does not have.
    BadExample "bad-example",
    /// An example does not get what it must get.
    ExampleFailed "example-failed",
    /// A scenario that another is an alternative to is not there, or is an alternative itself.
    UnknownScenario "unknown-scenario",
    /// A server stub that is used is not defined.
    UnknownServerStub "unknown-server-stub",
    /// A private mock has no key.
    NoKeys "no-keys",
    /// A secret stands in the file itself.
    PlainSecret "plain-secret",
    /// Something in the file has the form of a secret (a warning).
    LikelySecret "likely-secret",
    /// A secret's variable or file is missing or empty.
    MissingSecret "missing-secret",
    // --- conditions ---
    /// A condition uses an operator that does not exist.
    UnknownOperator "unknown-operator",
    /// An operand does not fit its operator.
    BadOperand "bad-operand",
    /// A regular expression is malformed.
    BadRegex "bad-regex",
    /// A regular expression without an anchor holds wherever it is found (a warning).
    UnanchoredRegex "unanchored-regex",
    /// A JSONPath is malformed.
    BadJsonPath "bad-jsonpath",
    /// A condition or a template names a path parameter that `match` does not have.
    UnknownParameter "unknown-parameter",
    /// A condition can never hold.
    NeverHolds "never-holds",
    /// A condition has no meaning in Postman's matching, which knows equality only.
    NotInPostman "not-in-postman",
    /// A CIDR range is malformed.
    BadRange "bad-range",
    // --- responses ---
    /// A status lies outside what the table allows.
    BadStatus "bad-status",
    /// A header name or value is malformed, or the header is Standin's own business.
    BadHeader "bad-header",
    /// A status that has no body was given one.
    BodyNotAllowed "body-not-allowed",
    /// A media type is malformed.
    BadType "bad-type",
    /// A body said to be JSON is none.
    BadJson "bad-json",
    /// A `base64` body is malformed.
    BadBase64 "bad-base64",
    /// A value has no JSON form.
    NoJsonForm "no-json-form",
    /// A body file, a collection, an environment or an OpenAPI document lies outside its directory.
    FileOutside "file-outside",
    // --- templates ---
    /// A template is malformed.
    BadTemplate "bad-template",
    /// A template uses a name, function, filter, test or kind of made-up data that does not exist.
    UnknownInTemplate "unknown-in-template",
    /// No environment of the mock has a variable that a template uses; a warning where only the active one lacks it.
    UndefinedVariable "undefined-variable",
    /// A name under `environment` is not defined.
    UnknownEnvironment "unknown-environment",
    /// A name under `release` is not defined.
    UnknownRelease "unknown-release",
    // --- collections ---
    /// The file is no JSON.
    JsonSyntax "json-syntax",
    /// The file is no YAML, or more than JSON can say.
    YamlSyntax "yaml-syntax",
    /// Objects and lists lie in each other too deeply.
    TooDeep "too-deep",
    /// The file is no OpenAPI document of version 3.0 or 3.1.
    BadSpec "bad-openapi",
    /// A `$ref` leads nowhere, to itself, or out of its document.
    BadRef "bad-ref",
    /// The file is no Postman collection of version 2.
    BadCollection "bad-collection",
    /// The file is no Postman environment.
    BadEnvironment "bad-environment",
    /// The file holds no mappings of WireMock, or too many.
    BadMapping "bad-mapping",
    /// The file is no HAR archive.
    BadArchive "bad-archive",
    /// Something in a collection or an OpenAPI document has no form here and was left out or changed (a warning).
    NotTranslated "not-translated",
    /// A collection has no saved example, or a document no operation, that can be answered (a warning).
    NoExamples "no-examples",
    // --- reload ---
    /// A change takes effect at a restart only.
    NeedsRestart "needs-restart",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_written_in_kebab_case() {
        let mut names: Vec<_> = Code::ALL.iter().map(|c| c.as_str()).collect();
        assert!(names.iter().all(|n| n.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
