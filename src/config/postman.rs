//! Postman's matching: a mock's settings for it, and the saved request of each example.

use super::conditions::{header_names, named, no_array};
use super::operators::{Kind, operand};
use super::{Context, response};
use crate::file::leaf::{Closest, List, Matching, Named, Scalar};
use crate::file::read::At;
use crate::file::{Condition, OperatorTable, WhenTable};
use crate::problem::{Code, Place, Problem};
use crate::stubs::operator::Operand;
use crate::stubs::path_template::{Segment, Template};
use crate::stubs::postman::body::Body;
use crate::stubs::postman::example::{Example, Header, Pair};
use crate::stubs::postman::{self, Settings};

/// What a mock says of Postman's matching.
pub(super) struct Keys {
    pub matching: Option<At<Matching>>,
    pub closest: Option<At<Closest>>,
    pub match_body: Option<At<bool>>,
    pub match_headers: Option<At<List<String>>>,
}

impl Keys {
    /// The settings; `None` where matching is strict, as it is unless the mock has a collection. `table` is where the
    /// mock's settings begin, `collection` where a collection is named.
    pub(super) fn settings(
        self,
        table: Place,
        collection: Option<Option<Place>>,
        cx: &mut Context<'_>,
    ) -> Option<Settings> {
        let Keys { matching, closest, match_body, match_headers } = self;
        let strict = matching.as_ref().filter(|matching| matching.value == Matching::Strict);
        if let (Some(strict), Some(collection)) = (&strict, collection) {
            let problem =
                Problem::at(Code::ConflictingKeys, strict.place, "a collection is matched as Postman matches it")
                    .label("its saved requests are no conditions that all must hold")
                    .help("leave `matching` out; or make a mock file with `standin import postman`, and edit it");
            cx.report(collection.into_iter().fold(problem, |problem, place| problem.also(place, "the collection")));
        }
        let is_postman =
            collection.is_some() || matching.as_ref().is_some_and(|matching| matching.value == Matching::Postman);
        if !is_postman {
            let own = [
                closest.map(|key| ("closest", key.place)),
                match_body.map(|key| ("match_body", key.place)),
                match_headers.map(|key| ("match_headers", key.place)),
            ];
            let unread = cx.unread.key(table, "matching");
            for (key, place) in own.into_iter().flatten().filter(|_| !unread) {
                let title = format!("`{key}` has no effect without `matching = \"postman\"`");
                cx.report(
                    Problem::at(Code::MissingKey, place, title)
                        .help("write `matching = \"postman\"` beside it, or leave it out"),
                );
            }
            return None;
        }
        let mut headers: Vec<Box<str>> = Vec::new();
        for name in match_headers.into_iter().flat_map(|list| list.value.0) {
            match http::HeaderName::from_bytes(name.value.as_bytes()) {
                Ok(name) => headers.push(name.as_str().into()),
                Err(_) => cx.report(response::bad_header_name(&name)),
            }
        }
        Some(Settings {
            closest: match closest.map(|word| word.value) {
                Some(Closest::Fuzzy) => postman::Closest::Fuzzy,
                Some(Closest::Wildcard) | None => postman::Closest::Wildcard,
            },
            match_body: match_body.is_some_and(|on| on.value),
            match_headers: headers.into(),
            has_examples: false, // nobody has counted them yet
        })
    }
}

/// Whether Postman's matching can do with this `match`; reports why not.
pub(super) fn check_line(method: &str, path: &Template, place: Place, cx: &mut Context<'_>) -> bool {
    let problem = if method == "ANY" {
        Problem::at(Code::BadMatch, place, "Postman's matching has no `ANY`: a saved request has one method")
            .help("write one stub for each method, or use `matching = \"strict\"`")
    } else if path.segments().contains(&Segment::Rest) {
        Problem::at(Code::BadMatch, place, "Postman's matching has no `{name...}`: a wildcard is one whole segment")
            .help("write `{name}` for each segment, or use `matching = \"strict\"`")
    } else {
        return true;
    };
    cx.report(problem);
    false
}

/// The saved request of an example: `when`, and the query that `match` has.
pub(super) fn example(when: Option<WhenTable>, query: &[(String, String)], cx: &mut Context<'_>) -> Example {
    let WhenTable { path, query: more, header, cookie, form, json, body, target, any } = when.unwrap_or_default();
    let strange = [
        ("path", path.map(|key| key.place), "a wildcard takes any segment"),
        ("cookie", cookie.map(|key| key.place), "cookies are not compared"),
        ("target", target.map(|key| key.place), "path and query are compared by themselves"),
        ("any", any.map(|key| key.place), "an example is one request"),
    ];
    for (key, place, why) in strange {
        if let Some(place) = place {
            cx.report(
                Problem::at(Code::NotInPostman, place, format!("Postman's matching has no `{key}`: {why}"))
                    .help("leave it out, or use `matching = \"strict\"`"),
            );
        }
    }
    let bytes = |text: &str| text.as_bytes().into();
    let mut pairs: Vec<Pair> = query.iter().map(|(key, value)| (bytes(key), bytes(value))).collect();
    for (key, condition) in named(more) {
        pairs.extend(texts(condition, cx).into_iter().map(|value| (bytes(&key.value), value)));
    }
    let mut headers: Vec<Header> = Vec::new();
    for (name, condition) in header_names(header, cx) {
        headers.extend(texts(condition, cx).into_iter().map(|value| (name.as_str().into(), value)));
    }
    let media = headers.iter().find(|(name, _)| **name == *"content-type");
    let media = media.and_then(|(_, value)| std::str::from_utf8(value).ok());
    let body = self::body(form, json, body, media, cx);
    Example { query: pairs.into(), headers: headers.into(), body, has_id: false }
}

/// The body of a saved request; it has at most one.
fn body(
    form: Option<At<Named<Condition>>>,
    json: Option<At<Named<Condition>>>,
    text: Option<At<Condition>>,
    media: Option<&str>,
    cx: &mut Context<'_>,
) -> Option<Body> {
    let given = [
        form.as_ref().map(|key| ("form", key.place)),
        json.as_ref().map(|key| ("json", key.place)),
        text.as_ref().map(|key| ("body", key.place)),
    ];
    let given: Vec<_> = given.into_iter().flatten().collect();
    if let [(first, at), (second, place), ..] = given.as_slice() {
        cx.report(
            Problem::at(Code::ConflictingKeys, *place, format!("`{second}` stands beside `{first}`"))
                .also(*at, "the first")
                .help("a saved request has one body: keep the one that says what it was"),
        );
    }
    if let Some(form) = form {
        let mut pairs = Vec::new();
        for (key, condition) in named(Some(form)) {
            let key: Box<[u8]> = key.value.into_bytes().into();
            pairs.extend(texts(condition, cx).into_iter().map(|value| (key.clone(), value)));
        }
        return Body::form(pairs);
    }
    let mut found = None;
    for (path, condition) in named(json) {
        if path.value == "$" {
            found = equality(condition, Kind::Json, cx).map(|operand| Body::json(&operand.json));
            continue;
        }
        cx.report(
            Problem::at(Code::NotInPostman, path.place, "Postman's matching compares the whole body")
                .help("write it as `when.json.\"$\" = { eq = … }`, or use `matching = \"strict\"`"),
        );
    }
    let text = text.and_then(|condition| equality(condition, Kind::Text, cx)).and_then(|operand| operand.text);
    found.or_else(|| Body::text(std::str::from_utf8(&text?).ok()?, media))
}

/// The values of a query key, a header or a form key: one, or an array of them.
fn texts(condition: At<Condition>, cx: &mut Context<'_>) -> Vec<Box<[u8]>> {
    if let Condition::Values(list) = condition.value {
        let text = |scalar: At<Scalar>| scalar.value.0.text.map(|text| text.into_bytes().into());
        return list.value.0.into_iter().filter_map(text).collect();
    }
    equality(condition, Kind::Text, cx).and_then(|operand| operand.text).into_iter().collect()
}

/// The operand of a condition that is an equality; reports every other.
fn equality(condition: At<Condition>, kind: Kind, cx: &mut Context<'_>) -> Option<Operand> {
    let table = match condition.value {
        Condition::Equals(value) => return operand(value, kind, cx),
        Condition::Values(list) => {
            let help = "write `{ eq = [..] }` for a JSON array; a body of text is one string";
            cx.report(no_array(list.place).help(help));
            return None;
        }
        Condition::Operators(table) => table,
    };
    let OperatorTable { eq, ne, gt, ge, lt, le, r#in, contains, prefix, suffix, re, present, absent, subset, not } =
        *table.value;
    let others = [
        ("ne", ne.map(|key| key.place)),
        ("gt", gt.map(|key| key.place)),
        ("ge", ge.map(|key| key.place)),
        ("lt", lt.map(|key| key.place)),
        ("le", le.map(|key| key.place)),
        ("in", r#in.map(|key| key.place)),
        ("contains", contains.map(|key| key.place)),
        ("prefix", prefix.map(|key| key.place)),
        ("suffix", suffix.map(|key| key.place)),
        ("re", re.map(|key| key.place)),
        ("present", present.map(|key| key.place)),
        ("absent", absent.map(|key| key.place)),
        ("subset", subset.map(|key| key.place)),
        ("not", not.map(|key| key.place)),
    ];
    let found = others.into_iter().find_map(|(name, place)| Some((name, place?)));
    if let Some((name, place)) = found {
        cx.report(
            Problem::at(
                Code::NotInPostman,
                place,
                format!("Postman's matching has no `{name}`: it knows equality only"),
            )
            .help("write the value that the saved request has, or use `matching = \"strict\"`"),
        );
        return None;
    }
    eq.and_then(|value| operand(value, kind, cx))
}
