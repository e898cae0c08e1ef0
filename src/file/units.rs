//! Durations, sizes and rates, each with its unit.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::Spanned;
use toml::de::DeValue;

use super::read::{Read, Reader};
use crate::problem::{Code, Problem};

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

/// A number of calls in a time, such as "120/min".
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// So many.
    pub count: u64,
    /// In so many seconds.
    pub seconds: u32,
}

const RATE: &str = r"^[0-9]+/(s|min|h)$";

impl Read for Rate {
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self> {
        let place = reader.place(value.span());
        let Some(text) = value.get_ref().as_str() else {
            return reader.wrong_type_with(&value, "a rate in quotes", Some("write it as \"120/min\"".to_owned()));
        };
        let rate = text.split_once('/').and_then(|(count, unit)| {
            let seconds = match unit {
                "s" => 1,
                "min" => 60,
                "h" => 3_600,
                _ => return None,
            };
            let is_count = !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit());
            Some(Rate { count: is_count.then(|| count.parse().ok()).flatten()?, seconds })
        });
        rate.or_else(|| {
            reader.fail(
                Problem::at(Code::OutOfRange, place, format!("{text:?} is no rate"))
                    .label("expected a number of calls and a time")
                    .help("write a whole number, a slash and one of s, min, h: \"120/min\""),
            )
        })
    }
}

impl JsonSchema for Rate {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": RATE, "examples": ["120/min"] })
    }
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
