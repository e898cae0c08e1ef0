//! What templates can call: time, identifiers, counters, random numbers and made-up data.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use minijinja::value::Kwargs;
use minijinja::{Environment, Error, ErrorKind, State, Value};
use rand::{Rng, RngExt as _};

use super::request::Request;
use super::{fake, postman};

/// The functions, beside those that MiniJinja brings along.
pub const FUNCTIONS: &[&str] = &[
    "now",
    "uuid",
    "seq",
    "fake",
    "random_int",
    "postman_body",
    "postman_query",
    "postman_header",
    "postman_segment",
    "range",
    "dict",
    "namespace",
];

/// What one call costs beside its instructions, in steps: making a paragraph takes longer than adding two numbers.
const COST: u64 = 25;

/// Adds the functions to an environment.
pub(super) fn add(environment: &mut Environment<'static>) {
    environment.add_function("now", now);
    environment.add_function("uuid", |state: &State<'_, '_>| {
        state.consume_fuel(COST)?;
        Ok::<_, Error>(uuid(&mut Request::of(state)?.dice.throw()))
    });
    environment.add_function("seq", |state: &State<'_, '_>, name: &str| {
        let next = Request::of(state)?.counters.next(name);
        next.ok_or_else(|| failed("`seq` counts by 10,000 names at most".to_owned()))
    });
    environment.add_function("random_int", |state: &State<'_, '_>, min: i64, max: i64| {
        if min > max {
            return Err(failed(format!("`random_int` goes up: {min} is more than {max}")));
        }
        Ok(Request::of(state)?.dice.throw().random_range(min..=max))
    });
    environment.add_function("fake", |state: &State<'_, '_>, name: &str| {
        state.consume_fuel(COST)?;
        let request = Request::of(state)?;
        fake::value(name, request.dice.throw(), request.now).ok_or_else(|| failed(format!("`fake` knows no {name:?}")))
    });
    environment.add_function("postman_body", postman::body);
    environment.add_function("postman_query", postman::query);
    environment.add_function("postman_header", postman::header);
    environment.add_function("postman_segment", postman::segment);
    // It shows everything at once, and variables may be secrets.
    environment.remove_global("debug");
}

pub(super) fn failed(why: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, why)
}

/// A random UUID (RFC 9562, section 5.4).
pub(super) fn uuid(rng: &mut impl Rng) -> String {
    let bits = rng.random::<u128>() & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{bits:032x}");
    let [a, b, c, d, e] = [0..8, 8..12, 12..16, 16..20, 20..32].map(|at| &hex[at]);
    format!("{a}-{b}-{c}-{d}-{e}")
}

/// The time: `now()`, `now("%Y-%m-%d")`, `now(offset="-2h")`.
fn now(state: &State<'_, '_>, format: Option<String>, offset: Option<String>, named: Kwargs) -> Result<Value, Error> {
    let format = format.or(named.get::<Option<String>>("format")?);
    let offset = offset.or(named.get::<Option<String>>("offset")?);
    named.assert_all_used()?;
    let since = Request::of(state)?.now;
    let mut time = moment(since.as_secs(), since.subsec_millis());
    if let Some(offset) = offset {
        time = shifted(&time, &offset).map_err(failed)?;
    }
    formatted(&time, format.as_deref().unwrap_or("iso")).map_err(failed)
}

/// A moment in UTC, by seconds and milliseconds since 1970.
pub(super) fn moment(seconds: u64, millis: u32) -> Zoned {
    let nanos = i32::try_from(millis).unwrap_or(0) * 1_000_000;
    let at = Timestamp::new(i64::try_from(seconds).unwrap_or(i64::MAX), nanos).unwrap_or(Timestamp::MAX);
    at.to_zoned(TimeZone::UTC)
}

/// A time that lies so much later: `2h`, `-1 day`, `3 months`.
pub(super) fn shifted(time: &Zoned, offset: &str) -> Result<Zoned, String> {
    let span: Span = offset
        .trim()
        .parse()
        .map_err(|_| format!("{offset:?} is no span of time: write \"2h\", \"-30m\", \"1 day\" or \"3 months\""))?;
    time.checked_add(span).map_err(|_| format!("{offset:?} leads out of the calendar"))
}

/// A time as text, or as a number for `unix` and `unix_ms`.
pub(super) fn formatted(time: &Zoned, format: &str) -> Result<Value, String> {
    let strftime = match format {
        "unix" => return Ok(time.timestamp().as_second().into()),
        "unix_ms" => return Ok(time.timestamp().as_millisecond().into()),
        "iso" => "%Y-%m-%dT%H:%M:%S.%3fZ",
        "http" => "%a, %d %b %Y %H:%M:%S GMT",
        other => other,
    };
    let text = jiff::fmt::strtime::format(strftime, time);
    text.map(Value::from).map_err(|error| format!("{format:?} is no format of a time: {error}"))
}

/// Whether this can be written as a time, whatever the time is.
pub(super) fn is_format(format: &str) -> Result<(), String> {
    let any = DateTime::constant(2026, 2, 1, 12, 0, 0, 0);
    any.to_zoned(TimeZone::UTC).map_err(|error| error.to_string()).and_then(|any| formatted(&any, format)).map(drop)
}
