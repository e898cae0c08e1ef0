//! Words of other tools, and what they are called here: people bring their habits along.

/// Operators of other tools, in lower case without `$`, `_` and `-`.
const OPERATORS: &[(&str, &str)] = &[
    ("equals", "eq"),
    ("equal", "eq"),
    ("equalto", "eq"),
    ("is", "eq"),
    ("value", "eq"),
    ("equaltojson", "eq"),
    ("notequals", "ne"),
    ("notequal", "ne"),
    ("neq", "ne"),
    ("gte", "ge"),
    ("lte", "le"),
    ("min", "ge"),
    ("max", "le"),
    ("greaterthan", "gt"),
    ("lessthan", "lt"),
    ("oneof", "in"),
    ("anyof", "in"),
    ("includes", "contains"),
    ("startswith", "prefix"),
    ("endswith", "suffix"),
    ("matches", "re"),
    ("match", "re"),
    ("regex", "re"),
    ("regexp", "re"),
    ("pattern", "re"),
    ("like", "re"),
    ("doesnotmatch", "not"),
    ("doesnotcontain", "not"),
    ("exists", "present"),
    ("exist", "present"),
    ("required", "present"),
    ("missing", "absent"),
    ("isnull", "absent"),
    ("partial", "subset"),
];

/// Keys of other tools, in the same spelling, with what to write in their place. A line is used only in a table that
/// has the first key it names.
const KEYS: &[(&str, &str)] = &[
    ("method", "method and path stand in one key: `match = \"GET /users/{id}\"`"),
    ("path", "method and path stand in one key: `match = \"GET /users/{id}\"`"),
    ("url", "method and path stand in one key: `match = \"GET /users/{id}\"`"),
    ("urlpath", "method and path stand in one key: `match = \"GET /users/{id}\"`"),
    ("urlpattern", "method and path stand in one key: `match = \"GET /users/{id}\"`"),
    ("route", "method and path stand in one key: `match = \"GET /users/{id}\"`"),
    ("endpoint", "method and path stand in one key: `match = \"GET /users/{id}\"`"),
    ("request", "`match` holds method and path, `when` the conditions; both are keys of the stub itself"),
    ("response", "`status`, `headers` and a body stand in the stub or scenario itself, without a table around them"),
    ("conditions", "conditions stand in `when`"),
    ("jsonbody", "a JSON body is written as a TOML value: `json = { … }`"),
    ("bodyfilename", "a body file is named with `file`"),
    ("bodyfile", "a body file is named with `file`"),
    ("base64body", "a binary body stands in `base64`"),
    ("contenttype", "say it with `type`, or as a header"),
    ("mediatype", "say it with `type`, or as a header"),
    ("statuscode", "it is called `status`"),
    ("code", "it is called `status`"),
    ("fixeddelaymilliseconds", "it is called `delay`, with a unit: \"200ms\""),
    ("delayms", "it is called `delay`, with a unit: \"200ms\""),
    ("latency", "it is called `delay`, with a unit: \"200ms\""),
    ("query", "conditions stand in `when`: `when.query.key = \"value\"`"),
    ("header", "conditions stand in `when`: `when.header.name = \"value\"`; headers of the answer in `headers`"),
    ("header", "write `real_when.header.x-mock = \"off\"`"),
    ("priority", "which stub answers follows from `match`: literal before parameter, then the order of the file"),
    ("port", "the port is part of `listen`: \"0.0.0.0:8080\""),
    ("host", "the address stands in `listen`, or in `url` for an upstream"),
    ("address", "it is called `listen`: \"0.0.0.0:8080\""),
    ("bind", "it is called `listen`: \"0.0.0.0:8080\""),
    ("target", "it is called `upstream`"),
    ("backend", "it is called `upstream`"),
    ("timeout", "there are `connect_timeout`, `read_timeout`, `write_timeout` and `idle_timeout`"),
    ("prefix", "it is called `base_path`"),
    ("basepath", "it is called `base_path`"),
    ("baseurl", "it is called `base_path`; a host goes into `hosts`"),
];

fn plain(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '$' | '_' | '-')).collect::<String>().to_lowercase()
}

/// The operator that another tool calls so.
pub fn operator(word: &str) -> Option<&'static str> {
    let word = plain(word);
    OPERATORS.iter().find(|(habit, _)| *habit == word).map(|(_, own)| *own)
}

/// What to write for a key that another tool calls so, in a table that has these keys.
pub fn key(word: &str, own: &[&str]) -> Option<&'static str> {
    let word = plain(word);
    let fits = |help: &str| own.iter().any(|own| help.contains(&format!("`{own}")));
    KEYS.iter().find(|(habit, help)| *habit == word && fits(help)).map(|(_, help)| *help)
}
