//! A file under `mocks`: one mock with its settings, server stubs and stubs.

use toml::Spanned;
use toml::de::DeValue;

use super::either::{CorsValue, DelayValue, SecretValue, SelectorsValue};
use super::header::HeaderMap;
use super::leaf::{
    Closest, Count, ExpectedDecision, List, Matching, Named, Per, Rate, ServerStubScope, Status, Text, Value,
};
use super::pieces::Stubs;
use super::read::{Reader, keys};
use super::variants::{EnvironmentTable, ReleaseTable};
use super::when::WhenTable;
use crate::problem::{Code, Place, Problem};

keys! {
    /// One mock: a named set of stubs with its own settings.
    MockFile "a mock file" {
        /// Named 5xx answers that can be activated for the whole mock or used by a scenario.
        server_stub: List<ServerStubTable>,
        /// Endpoint stubs.
        stub: Stubs,
        /// A collection of Postman, whose saved examples are stubs too.
        postman: PostmanTable,
        /// An OpenAPI document, whose operations are stubs too.
        openapi: OpenapiTable,
    }
    flat {
        /// The settings of the mock.
        settings: MockTable,
    }
    later ["record"]
}

keys! {
    /// A collection of Postman as the source of a mock.
    PostmanTable "[postman]" {
        /// The exported collection, version 2.0 or 2.1: a path relative to this file's directory, or to `[proxy] files`.
        collection: Text,
    }
    required ["collection"]
}

keys! {
    /// An OpenAPI document as the source of a mock.
    OpenapiTable "[openapi]" {
        /// The document, version 3.0 or 3.1, JSON or YAML: a path relative to this file's directory, or to `[proxy] files`.
        spec: Text,
        /// What made-up values derive from. Default: 0.
        seed: Count,
    }
    required ["spec"]
}

keys! {
    /// The settings of a mock.
    MockTable "the mock's settings (the top of its file; [default] in standin.toml)" {
        /// The name. Default: the file's stem.
        name: Text,
    }
    flat {
        /// What the mock `default` has too.
        common: DefaultTable,
    }
}

keys! {
    /// The settings of the mock `default`, whose stubs stand in standin.toml.
    DefaultTable "[default]" {
        /// Only these hosts: exact, or "*.x". Default: every host.
        hosts: List<Text>,
        /// A path that all stubs lie below, at a segment border.
        base_path: Text,
        /// Where this mock's calls go that no stub answers. Default: the proxy's upstream.
        upstream: Text,
        /// How callers reach the mock: scheme, host and port. Default: that of the data listener.
        url: Text,
        /// Whose it is: a team or a person, for those who look at it.
        owner: Text,
        /// A delay for every answer of the mock.
        delay: DelayValue,
        /// Whether Standin answers preflights and adds CORS headers. Default: true.
        cors: CorsValue,
        /// Who may use the mock. Default: everybody.
        access: AccessTable,
        /// How often the mock answers; beyond, 429. Default: as often as it is asked.
        limit: LimitTable,
        /// The server stub that answers for the mock. Absent: none.
        active_server_stub: Text,
        /// Which calls an active server stub answers. Default: "mocked".
        server_stub_scope: ServerStubScope,
        /// Whether `x-mock-response-*` headers choose the answer. Default: "on".
        selectors: SelectorsValue,
        /// Whether every condition must hold, or the closest example answers, as in Postman. Default: "strict".
        matching: Matching,
        /// The lowest row of Postman's table by which a path may fit. Default: "wildcard".
        closest: Closest,
        /// In Postman's matching: whether an example must have the request's body. Default: false.
        match_body: bool,
        /// In Postman's matching: headers that an example must share with the request.
        match_headers: List<Text>,
        /// The environment whose variables templates see. Default: none.
        environment: Text,
        /// Environments: sets of variables.
        environments: Named<EnvironmentTable>,
        /// The release whose stubs answer beside those of this file. Default: none.
        release: Text,
        /// Releases: sets of stubs in files of their own.
        releases: Named<ReleaseTable>,
    }
    unknown unknown_in_default
}

fn unknown_in_default(key: &str, place: Place, _: &Spanned<DeValue<'_>>, reader: &mut Reader<'_>) {
    if key == "name" {
        reader.problems.push(
            Problem::at(Code::ReservedName, place, "the mock of standin.toml is always called `default`")
                .label("it has no other name")
                .help("move its stubs into a file under `mocks` to give the mock a name of its own"),
        );
    } else {
        super::read::unknown_key::<DefaultTable>(key, place, reader);
    }
}

keys! {
    /// A named 5xx answer.
    ServerStubTable "[[server_stub]]" {
        /// The name.
        name: Text,
        /// A delay before the answer.
        delay: DelayValue,
        /// Whether strings with `{{` or `{%` are templates. Default: true.
        template: bool,
    }
    flat {
        /// The response.
        response: ResponseKeys,
    }
    required ["name", "status"]
    later ["fault", "throttle"]
}

keys! {
    /// An endpoint stub: method and path, with scenarios or, in the short form, one response.
    StubTable "[[stub]]" {
        /// The name. Default: made from `match`.
        name: Text,
        /// `METHOD /path/{param}/{rest...}?key=value`; `ANY` for any method, `*` for one anonymous segment.
        r#match = "match": Text,
        /// Whose it is. Default: as the mock says.
        owner: Text,
        /// A delay for every scenario of the stub.
        delay: DelayValue,
        /// Whether strings with `{{` or `{%` in the answers of the stub are templates. Default: true.
        template: bool,
        /// The ways in which the stub answers.
        scenario: List<ScenarioTable>,
        /// Requests, each with what it must get: `standin check` asks them.
        example: List<ExampleTable>,
    }
    flat {
        /// Its only scenario, in the short form.
        short: ShortKeys,
    }
    required ["match"]
    later [
        "stage", "expires", "share", "fallback", "shadow", "capacity", "sequence", "then", "fault",
        "throttle", "record",
    ]
}

keys! {
    /// What a scenario has beside its name and delay.
    ShortKeys "[[stub]]" {
        /// What `x-mock-response-id` names. Default: "stub/scenario".
        id: Text,
        /// Conditions, all of which must hold.
        when: WhenTable,
        /// A server stub that answers in place of status and body.
        server_stub: Text,
    }
    flat {
        /// The response.
        response: ResponseKeys,
    }
}

keys! {
    /// One way in which a stub answers.
    ScenarioTable "[[stub.scenario]]" {
        /// The name. Default: "default" without conditions, else the position from 1.
        name: Text,
        /// A delay before the answer; beats that of the stub and the mock.
        delay: DelayValue,
        /// Whether strings with `{{` or `{%` are templates. Default: as the stub says.
        template: bool,
        /// Whether it answers only where a selector chooses it. Default: false.
        only_selected: bool,
        /// The scenario of this stub in whose place it answers where `Accept` prefers its media type. Default: none.
        alternative_to: Text,
    }
    flat {
        /// Conditions and response.
        short: ShortKeys,
    }
    later ["fault", "throttle", "sequence", "then", "share", "capacity"]
}

keys! {
    /// A request, and what it must get: an answer of this stub, unless `gets` says otherwise.
    ExampleTable "[[stub.example]]" {
        /// `METHOD /path?key=value`, as callers send it: with the mock's base path, percent-encoded.
        request: Text,
        /// Header fields; a repeated one is an array. A host and a key of the mock are added where they are missing.
        headers: HeaderMap,
        /// A JSON body, written as a TOML value.
        json: Value,
        /// A text body.
        body: Text,
        /// What the request must get. Default: an answer of this stub.
        gets: GetsTable,
    }
    required ["request"]
}

keys! {
    /// What the request of an example must get.
    GetsTable "gets" {
        /// What is done with it. Default: "mocked", by this stub.
        decision: ExpectedDecision,
        /// The scenario of this stub that answers. Default: any.
        scenario: Text,
        /// The status of the answer. Default: any.
        status: Status,
    }
}

keys! {
    /// A response: status, headers and one body.
    ResponseKeys "a response" {
        /// 200 to 599. Default: 200.
        status: Status,
        /// Header fields; a repeated one is an array.
        headers: HeaderMap,
        /// A JSON body, written as a TOML value.
        json: Value,
        /// A text body.
        body: Text,
        /// What `body` or `file` is: "json", "text", "html", "xml" or a media type.
        r#type = "type": Text,
        /// A body file.
        file: Text,
        /// A binary body in base64.
        base64: Text,
    }
}

keys! {
    /// Who may use a mock.
    AccessTable "access" {
        /// Whether a key is needed.
        private: bool,
        /// The keys, each `{ env = "NAME" }` or `{ file = "PATH" }`.
        keys: List<SecretValue>,
        /// The header that carries the key. Default: "x-api-key".
        header: Text,
        /// Whether forwarded calls need a key too. Default: false.
        forwarded: bool,
    }
}

keys! {
    /// How often a mock answers.
    LimitTable "limit" {
        /// So many calls in each window.
        calls: Count,
        /// How long a window of `calls` is: "hour" or "day", by UTC.
        per: Per,
        /// A rate, such as "120/min"; per `s`, `min` or `h`.
        rate: Rate,
    }
}

keys! {
    /// Where a secret comes from.
    SecretTable "a secret" {
        /// An environment variable.
        env: Text,
        /// A file; the line end at its end does not count.
        file: Text,
    }
}
