//! The values that keys take: text, numbers, durations, sizes, lists, maps and the few either-or forms.
//!
//! Units are checked here, meaning is not: whether a host, a URL or a regular expression is sound is for `config`.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::Spanned;
use toml::de::DeValue;

use super::read::{At, Origin, Read, Reader};
use crate::problem::{Code, Place, Problem, nearest};

/// Text.
pub type Text = String;

impl Read for String {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        if reader.origin() == Origin::Word && !value.get_ref().is_str() {
            return Some(reader.text().trim().to_owned());
        }
        match value.get_ref() {
            DeValue::String(text) => Some(text.clone().into_owned()),
            _ => reader.wrong_type(&value, "a string"),
        }
    }
}

impl Read for bool {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.get_ref().as_bool() {
            Some(value) => Some(value),
            None => {
                let word = value.get_ref().as_str().map(str::to_lowercase);
                let help = match word.as_deref() {
                    Some("true" | "yes" | "on" | "1") => Some("write `true`, without quotes".to_owned()),
                    Some("false" | "no" | "off" | "0") => Some("write `false`, without quotes".to_owned()),
                    _ => None,
                };
                reader.wrong_type_with(&value, "`true` or `false`", help)
            }
        }
    }
}

/// A whole number that counts something.
#[derive(Clone, Copy, Debug)]
pub struct Count(pub u64);

impl Read for Count {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        let place = reader.place(value.span());
        match value.get_ref().as_integer() {
            Some(number) => match u64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Some(Count(number)),
                Err(_) => reader.fail(
                    Problem::at(Code::OutOfRange, place, format!("{} is no count", number.as_str()))
                        .help("write a whole number from 0 to 2^64 - 1"),
                ),
            },
            None => {
                let text = value.get_ref().as_str().unwrap_or("");
                let digits = &text[..text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())];
                let help = (!digits.is_empty()).then(|| format!("write the bare number: {digits}"));
                reader.wrong_type_with(&value, "a whole number", help)
            }
        }
    }
}

impl JsonSchema for Count {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Count".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 0 })
    }
}

/// A status code. Its range is checked by `config`, for a server stub allows less than a stub.
#[derive(Clone, Copy, Debug)]
pub struct Status(pub u64);

impl Read for Status {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        Count::read(value, reader).map(|count| Status(count.0))
    }
}

impl JsonSchema for Status {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Status".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 200, "maximum": 599 })
    }
}

/// A duration with its unit, such as "40ms".
#[derive(Clone, Copy, Debug)]
pub struct Span(pub Duration);

const SPAN: &str = r"^[0-9]+(\.[0-9]+)?(us|ms|s|m|h)$";

impl Read for Span {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        let place = reader.place(value.span());
        let text = with_unit(&value, "a duration", ["ms", "s"], reader)?;
        match duration(&text) {
            Some(duration) => Some(Span(duration)),
            None => reader.fail(
                Problem::at(Code::OutOfRange, place, format!("{text:?} is no duration"))
                    .label("expected a number and a unit")
                    .help("write one number and one of the units us, ms, s, m, h: \"40ms\", \"1.5s\", \"2m\"")
                    .maybe_help(unit_meant(&text, SPAN_UNITS, |text| duration(text).is_some())),
            ),
        }
    }
}

impl JsonSchema for Span {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": SPAN, "examples": ["40ms", "1.5s"] })
    }
}

/// Reads "40ms"; one number, one unit, at most a century.
pub fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    if !matches!(&text[unit..], "us" | "ms" | "s" | "m" | "h") || !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let span: jiff::SignedDuration = text.parse().ok()?;
    let span = Duration::try_from(span).ok()?;
    (span <= Duration::from_secs(100 * 366 * 86_400)).then_some(span)
}

/// A size with its unit, such as "64KiB".
#[derive(Clone, Copy, Debug)]
pub struct Size(pub u64);

const SIZE: &str = r"^[0-9]+(\.[0-9]+)?(B|KiB|MiB|GiB|KB|MB|GB)$";

impl Read for Size {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        let place = reader.place(value.span());
        let text = with_unit(&value, "a size", ["B", "KiB"], reader)?;
        match size(&text) {
            Some(size) => Some(Size(size)),
            None => reader.fail(
                Problem::at(Code::OutOfRange, place, format!("{text:?} is no size"))
                    .label("expected a number and a unit")
                    .help("write one number and one of the units B, KiB, MiB, GiB, KB, MB, GB: \"64KiB\"; at most 1024GiB")
                    .maybe_help(unit_meant(&text, SIZE_UNITS, |text| size(text).is_some())),
            ),
        }
    }
}

impl JsonSchema for Size {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": SIZE, "examples": ["64KiB", "1MiB"] })
    }
}

/// Reads "64KiB"; at most 1 TiB.
pub fn size(text: &str) -> Option<u64> {
    let unit = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    if !matches!(&text[unit..], "B" | "KiB" | "MiB" | "GiB" | "KB" | "MB" | "GB")
        || !text.starts_with(|c: char| c.is_ascii_digit())
        || text[..unit].ends_with('.')
    {
        return None;
    }
    let size = text.parse::<bytesize::ByteSize>().ok()?.as_u64();
    (size <= 1 << 40).then_some(size)
}

/// Other spellings of the units of time.
const SPAN_UNITS: &[(&str, &str)] = &[
    ("us", "us µs usec usecs microsecond microseconds"),
    ("ms", "ms msec msecs milli millis millisecond milliseconds"),
    ("s", "s sec secs second seconds"),
    ("m", "m min mins minute minutes"),
    ("h", "h hr hrs hour hours"),
];

/// Other spellings of the units of size. Who writes "16M" means memory, so the binary unit is proposed.
const SIZE_UNITS: &[(&str, &str)] =
    &[("B", "b byte bytes"), ("KiB", "k kb kib ki"), ("MiB", "m mb mib mi"), ("GiB", "g gb gib gi")];

/// The value that was probably meant by a number with a unit in another spelling.
fn unit_meant(text: &str, units: &[(&str, &str)], sound: fn(&str) -> bool) -> Option<String> {
    let at = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let unit = text[at..].trim().to_lowercase();
    let (own, _) = units.iter().find(|(_, other)| other.split(' ').any(|other| other == unit))?;
    let meant = format!("{}{own}", &text[..at]);
    sound(&meant).then(|| format!("did you mean {meant:?}?"))
}

/// The text of a value that needs a unit; numbers get their own report.
fn with_unit(value: &Spanned<DeValue<'_>>, what: &str, units: [&str; 2], reader: &mut Reader<'_>) -> Option<String> {
    let number = match value.get_ref() {
        DeValue::String(text) if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') && !text.is_empty() => &**text,
        DeValue::String(text) => return Some(text.clone().into_owned()),
        DeValue::Integer(number) => number.as_str(),
        DeValue::Float(number) => number.as_str(),
        _ => {
            let help = format!("write it as \"10{}\"", units[0]);
            return reader.wrong_type_with(value, &format!("{what} in quotes"), Some(help));
        }
    };
    let whole = number.parse::<u64>().ok().filter(|n| units[0] == "B" && *n > 0 && n % 1024 == 0);
    let small = format!("\"{number}{}\"", units[0]);
    let large = format!("\"{}{}\"", whole.map_or(number.to_owned(), |n| (n / 1024).to_string()), units[1]);
    let place = reader.place(value.span());
    reader.fail(
        Problem::at(Code::BareNumber, place, format!("{what} needs a unit"))
            .label("which unit?")
            .help(format!("write {small} or {large}")),
    )
}

/// A list, or one value that stands for a list of one.
#[derive(Clone, Debug)]
pub struct OneOrMany<T>(pub Vec<At<T>>);

impl<T: Read> Read for OneOrMany<T> {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        if value.get_ref().is_array() || reader.origin() == Origin::Word {
            return List::read(value, reader).map(|list| OneOrMany(list.0));
        }
        let place = reader.place(value.span());
        Some(OneOrMany(vec![At { value: T::read(value, reader)?, place }]))
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

/// A list. In a variable its elements are separated by commas.
#[derive(Clone, Debug)]
pub struct List<T>(pub Vec<At<T>>);

impl<T: Read> Read for List<T> {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        let span = value.span();
        match value.into_inner() {
            DeValue::Array(array) => Some(List(
                array
                    .into_iter()
                    .filter_map(|item| {
                        let place = reader.place(item.span());
                        T::read(item, reader).map(|value| At { value, place })
                    })
                    .collect(),
            )),
            word if reader.origin() == Origin::Word && !word.is_table() => Some(List(
                reader
                    .text()
                    .split(',')
                    .map(str::trim)
                    .filter(|word| !word.is_empty())
                    .filter_map(|word| {
                        let place = reader.place(span.clone());
                        let word = DeValue::String(Cow::Owned(word.to_owned()));
                        T::read(Spanned::new(span.clone(), word), reader).map(|value| At { value, place })
                    })
                    .collect(),
            )),
            other => {
                let text = reader.text_at(reader.place(span.clone()));
                let help = match &other {
                    DeValue::Table(_) if text.starts_with('[') => {
                        format!("write `[{text}]`: each such line begins one more of them")
                    }
                    DeValue::Table(_) => "put each table into the brackets of an array: `[{ … }]`".to_owned(),
                    _ => format!("put it into brackets: [{text}]"),
                };
                reader.wrong_type_with(&Spanned::new(span, other), "an array", Some(help))
            }
        }
    }
}

impl<T: JsonSchema> JsonSchema for List<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("List_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let item = generator.subschema_for::<T>();
        json_schema!({ "type": "array", "items": item })
    }
}

/// A table whose keys are names of the user's own.
#[derive(Clone, Debug)]
pub struct Named<T>(pub Vec<(At<String>, At<T>)>);

impl<T: Read> Read for Named<T> {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        if !value.get_ref().is_table() {
            return reader.wrong_type(&value, "a table");
        }
        let DeValue::Table(table) = value.into_inner() else { return None };
        let mut out = Vec::with_capacity(table.len());
        for (key, value) in table {
            let key = At { place: reader.place(key.span()), value: key.into_inner().into_owned() };
            let place = reader.place(value.span());
            if let Some(value) = T::read(value, reader) {
                out.push((key, At { value, place }));
            }
        }
        Some(Named(out))
    }

    fn overlay(&mut self, over: Self) {
        for (key, value) in over.0 {
            match self.0.iter_mut().find(|(own, _)| own.value == key.value) {
                Some((_, own)) => {
                    own.place = value.place;
                    own.value.overlay(value.value);
                }
                None => self.0.push((key, value)),
            }
        }
    }
}

impl<T: JsonSchema> JsonSchema for Named<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Named_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": value })
    }
}

/// Any TOML value in its JSON form, with the text a scalar has in the file.
#[derive(Clone, Debug)]
pub struct Value {
    /// The JSON form.
    pub json: serde_json::Value,
    /// The text of a scalar: what it equals in a query, a header, a cookie or a form.
    pub text: Option<String>,
}

impl Read for Value {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = match value.get_ref() {
            DeValue::String(text) => Some(text.clone().into_owned()),
            DeValue::Integer(number) => {
                i64::from_str_radix(number.as_str(), number.radix()).ok().map(|n| n.to_string())
            }
            DeValue::Float(number) => Some(number.as_str().to_owned()),
            DeValue::Boolean(value) => Some(value.to_string()),
            _ => None,
        };
        Some(Value { json: json(value, reader)?, text })
    }
}

impl JsonSchema for Value {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

/// A scalar: text, a number, `true` or `false`.
#[derive(Clone, Debug)]
pub struct Scalar(pub Value);

impl Read for Scalar {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.get_ref() {
            DeValue::Array(_) | DeValue::Table(_) | DeValue::Datetime(_) => {
                let date = matches!(value.get_ref(), DeValue::Datetime(_));
                let help = date.then(|| "put quotes around a date: it is compared as text".to_owned());
                reader.wrong_type_with(&value, "a string, a number, `true` or `false`", help)
            }
            _ => Value::read(value, reader).map(Scalar),
        }
    }
}

impl JsonSchema for Scalar {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Scalar".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}

/// The JSON form of a TOML value. Dates, `inf` and `nan` have none.
pub fn json(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<serde_json::Value> {
    let place = reader.place(value.span());
    Some(match value.into_inner() {
        DeValue::String(text) => serde_json::Value::String(text.into_owned()),
        DeValue::Boolean(value) => value.into(),
        DeValue::Integer(number) => {
            let digits = number.as_str();
            match (i64::from_str_radix(digits, number.radix()), u64::from_str_radix(digits, number.radix())) {
                (Ok(number), _) => number.into(),
                (_, Ok(number)) => number.into(),
                _ => return reader.fail(no_json_form(place, "the number is larger than 64 bits hold")),
            }
        }
        DeValue::Float(number) => match number.as_str().parse().ok().and_then(serde_json::Number::from_f64) {
            Some(number) => serde_json::Value::Number(number),
            None => return reader.fail(no_json_form(place, "JSON has no `inf` and no `nan`")),
        },
        DeValue::Datetime(_) => {
            return reader.fail(no_json_form(place, "JSON has no dates: put quotes around it"));
        }
        DeValue::Array(items) => {
            let items: Vec<_> = items.into_iter().map(|item| json(item, reader)).collect();
            serde_json::Value::Array(items.into_iter().collect::<Option<_>>()?)
        }
        DeValue::Table(table) => {
            let mut map = serde_json::Map::new();
            let mut whole = true;
            for (key, value) in table {
                match json(value, reader) {
                    Some(value) => drop(map.insert(key.into_inner().into_owned(), value)),
                    None => whole = false,
                }
            }
            if !whole {
                return None;
            }
            serde_json::Value::Object(map)
        }
    })
}

fn no_json_form(place: Place, why: &str) -> Problem {
    Problem::at(Code::NoJsonForm, place, "the value has no JSON form").label(why)
}

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
    /// What the gate does where none of its conditions holds.
    GateDefault {
        /// Mocks are on.
        Mock = "mock",
        /// Mocks are off.
        Real = "real",
    }
}
