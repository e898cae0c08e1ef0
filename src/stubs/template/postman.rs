//! The helpers of Postman's templates, with its semantics: what cannot be resolved is the default or nothing, text comes
//! as it is, and everything else as compact JSON (reference, section 4.1).

use minijinja::{Error, State, Value};

use super::functions::failed;
use super::request::Request;

/// `{{$body}}`, `{{$body 'a.b.0.c' 'default'}}`.
pub(super) fn body(state: &State<'_, '_>, path: Option<Value>, default: Option<Value>) -> Result<String, Error> {
    let request = Request::of(state)?;
    let found = match path.filter(|path| !path.is_undefined()) {
        None => request.text.clone(),
        Some(path) => follow(&request.body, &shown(&path)?)
            .filter(|value| !value.is_undefined())
            .map(|v| shown(&v))
            .transpose()?,
    };
    or_default(found, default)
}

/// `{{$queryParams 'k'}}`.
pub(super) fn query(state: &State<'_, '_>, name: Value, default: Option<Value>) -> Result<String, Error> {
    let request = Request::of(state)?;
    or_default(request.query.first(&shown(&name)?).map(str::to_owned), default)
}

/// `{{$headers 'k'}}`; the name in any case.
pub(super) fn header(state: &State<'_, '_>, name: Value, default: Option<Value>) -> Result<String, Error> {
    let request = Request::of(state)?;
    or_default(request.header.first(&shown(&name)?).map(str::to_owned), default)
}

/// `{{$pathSegments '1'}}`, counted from zero.
pub(super) fn segment(state: &State<'_, '_>, at: Value, default: Option<Value>) -> Result<String, Error> {
    let request = Request::of(state)?;
    let at = shown(&at)?.trim().parse::<usize>().ok();
    or_default(at.and_then(|at| request.segments.get(at)).cloned(), default)
}

fn or_default(found: Option<String>, default: Option<Value>) -> Result<String, Error> {
    match (found, default) {
        (Some(found), _) => Ok(found),
        (None, Some(default)) => shown(&default),
        (None, None) => Ok(String::new()),
    }
}

/// A value as Postman inserts it.
pub(super) fn shown(value: &Value) -> Result<String, Error> {
    match value.as_str() {
        Some(text) => Ok(text.to_owned()),
        None if value.is_undefined() => Ok(String::new()),
        None => serde_json::to_string(value).map_err(|error| failed(format!("the value has no JSON form: {error}"))),
    }
}

/// Follows an object path: names and indexes between dots, `\.` for a dot in a name.
fn follow(value: &Value, path: &str) -> Option<Value> {
    let mut names = vec![String::new()];
    let mut signs = path.chars();
    while let Some(sign) = signs.next() {
        match (sign, names.last_mut()) {
            ('.', _) => names.push(String::new()),
            ('\\', Some(name)) => name.extend(signs.next()),
            (sign, Some(name)) => name.push(sign),
            (_, None) => {}
        }
    }
    names.iter().try_fold(value.clone(), |value, name| {
        let found = match name.parse::<usize>() {
            Ok(at) if value.kind() == minijinja::value::ValueKind::Seq => value.get_item_by_index(at),
            _ => value.get_attr(name),
        };
        found.ok().filter(|found| !found.is_undefined())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_paths_lead_through_names_indexes_and_escaped_dots() {
        let body = serde_json::json!({"a": {"b": [{"c": 1}, null]}, "a.a": {"0": "zero"}, "": {"x": true}});
        let body = Value::from(minijinja::value::Serde(body));
        let found = |path: &str| follow(&body, path).map(|value| shown(&value).unwrap());
        for (path, expected) in [
            ("a.b.0.c", Some("1")),
            ("a.b.1", Some("null")),
            ("a.b", Some("[{\"c\":1},null]")),
            ("a\\.a.0", Some("zero")),
            (".x", Some("true")),
            ("a.b.2", None),
            ("a.b.c", None),
            ("a.x.y", None),
            ("", Some("{\"x\":true}")),
        ] {
            assert_eq!(found(path).as_deref(), expected, "{path}");
        }
    }
}
