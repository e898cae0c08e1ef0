//! Texts and numbers.

use rand::{Rng as _, RngExt as _};
use serde_json::Value as Json;

use super::kinds::{least_of, most};
use super::{Fail, Maker};
use crate::import::json::Kind;
use crate::import::tree::Node;

/// The longest text that a schema can ask for, characters.
const LONGEST: usize = 100_000;
/// How many values a range has that is open at one end.
const SPAN: i128 = 1000;
/// How often a text is made anew where patterns beside the first refuse it.
const ATTEMPTS: usize = 8;

/// Plain words, by which one sees that a text was made up.
const WORDS: [&str; 24] = [
    "amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "indigo", "juniper", "kestrel", "lagoon",
    "maple", "nectar", "onyx", "pebble", "quartz", "river", "saffron", "tundra", "umber", "velvet", "willow", "zephyr",
];

/// A bound, and whether it is itself allowed.
#[derive(Clone, Copy)]
struct Bound {
    at: f64,
    is_open: bool,
}

impl<'t> Maker<'_, 't> {
    /// A text.
    pub(super) fn text(&mut self, parts: &[Node<'t>]) -> Result<Json, Fail> {
        let least = most(parts, "minLength").unwrap_or(0);
        let limit = least_of(parts, "maxLength").unwrap_or(usize::MAX);
        if least > LONGEST || least > limit {
            return Err(if least > LONGEST { Fail::Large } else { Fail::Never });
        }
        let patterns: Vec<&'t str> = parts.iter().filter_map(|part| part.text_at("pattern")).collect();
        if let Some(first) = patterns.first() {
            for attempt in 0..ATTEMPTS {
                let mut dice = self.dice(&attempt.to_string());
                let Some(text) = super::pattern::text(first, (least, limit), &mut dice) else { break };
                let value = Json::String(text);
                if parts.iter().all(|part| self.fits(&value, *part)) {
                    return Ok(value);
                }
            }
        }
        let format = parts.iter().find_map(|part| part.text_at("format"));
        let encoding = parts.iter().find_map(|part| part.text_at("contentEncoding"));
        let formatted = self.formatted(encoding.filter(|encoding| *encoding == "base64").or(format).unwrap_or(""));
        if let Some(text) = formatted.filter(|text| (least..=limit).contains(&text.chars().count())) {
            return Ok(text.into());
        }
        let mut dice = self.dice("");
        let mut text = WORDS[dice.random_range(0..WORDS.len())].to_owned();
        if text.len() < least {
            while text.len() < least {
                text.push(' ');
                text.push_str(WORDS[dice.random_range(0..WORDS.len())]);
            }
            text.truncate(least);
        }
        text.truncate(limit);
        // A space at its end is easily lost.
        if text.ends_with(' ') {
            text.pop();
            text.push('x');
        }
        Ok(text.into())
    }

    /// A text of a format that JSON Schema or OpenAPI names.
    fn formatted(&self, format: &str) -> Option<String> {
        let mut dice = self.dice("format");
        let word = WORDS[dice.random_range(0..WORDS.len())];
        let mut number = |below: u32| dice.random_range(0..below);
        let date = format!("{}-{:02}-{:02}", 2020 + number(6), 1 + number(12), 1 + number(28));
        let time = format!("{:02}:{:02}:{:02}Z", number(24), number(60), number(60));
        Some(match format {
            "date" => date,
            "time" => time,
            "date-time" => format!("{date}T{time}"),
            "duration" => format!("P{}D", 1 + number(30)),
            "email" | "idn-email" => format!("{word}@example.com"),
            "hostname" | "idn-hostname" => format!("{word}.example.com"),
            // RFC 5737 and RFC 3849: addresses that are nobody's.
            "ipv4" | "ip" => format!("192.0.2.{}", 1 + number(254)),
            "ipv6" => format!("2001:db8::{:x}", 1 + number(0xfffe)),
            "uri" | "url" | "iri" => format!("https://example.com/{word}"),
            "uri-reference" | "iri-reference" => format!("/{word}"),
            "uri-template" => format!("https://example.com/{word}/{{id}}"),
            "json-pointer" => format!("/{word}"),
            "relative-json-pointer" => "0".to_owned(),
            "regex" => format!("^{word}$"),
            "byte" | "base64" => base64::Engine::encode(&base64::engine::general_purpose::STANDARD, word),
            "uuid" | "guid" => {
                let mut bytes = [0; 16];
                dice.fill_bytes(&mut bytes);
                uuid(bytes)
            }
            // Numbers that are too long for those who read JSON into floating points.
            "int32" | "int64" | "decimal" | "number" => (1 + number(1000)).to_string(),
            _ => return None,
        })
    }

    /// A number.
    pub(super) fn number(&mut self, parts: &[Node<'t>]) -> Result<Json, Fail> {
        let types: Vec<Vec<(Kind, bool)>> = parts.iter().filter_map(|part| self.types(*part)).collect();
        let only_whole = |types: &Vec<(Kind, bool)>| !types.contains(&(Kind::Number, false));
        let is_whole = types.iter().any(only_whole);
        let format = parts.iter().find_map(|part| part.text_at("format"));
        let (low, high) = bounds(parts);
        let steps: Vec<f64> = parts.iter().filter_map(|part| part.get("multipleOf")?.number()?.as_f64()).collect();
        let steps: Vec<f64> = steps.into_iter().filter(|step| *step > 0.0).collect();
        // Whole numbers are numbers of any kind: first one of those that all steps divide.
        let (first, last) = whole(low, high, format);
        if let Some(step) = common(&steps) {
            let (first, last) =
                (first.div_euclid(step) + i128::from(first.rem_euclid(step) != 0), last.div_euclid(step));
            if first <= last {
                let last = last.min(first + SPAN);
                let chosen = self.dice("number").random_range(first..=last) * step;
                let fits_type =
                    i64::try_from(chosen).map(Json::from).or_else(|_| u64::try_from(chosen).map(Json::from));
                if is_whole || !steps.is_empty() {
                    return fits_type.map_err(|_| Fail::Never);
                }
            }
        }
        if is_whole {
            return Err(Fail::Never);
        }
        self.fraction(low, high, &steps)
    }

    /// A number that need not be whole.
    fn fraction(&self, low: Option<Bound>, high: Option<Bound>, steps: &[f64]) -> Result<Json, Fail> {
        let (from, to) = match (low, high) {
            (None, None) => (1.0, SPAN as f64),
            (Some(low), None) => (low.at, low.at + SPAN as f64),
            (None, Some(high)) => (high.at - SPAN as f64, high.at),
            (Some(low), Some(high)) => (low.at, high.at),
        };
        let inside = |x: f64| {
            low.is_none_or(|low| x > low.at || (x == low.at && !low.is_open))
                && high.is_none_or(|high| x < high.at || (x == high.at && !high.is_open))
        };
        // In steps of the schema, else in hundredths, else what lies between.
        let step = steps.first().copied().unwrap_or(0.01);
        let (first, last) = ((from / step).ceil(), (to / step).floor());
        let mut candidates = Vec::new();
        if first <= last {
            let count = (last - first).min(SPAN as f64) as u64;
            let at = first + self.dice("fraction").random_range(0..=count) as f64;
            candidates.extend([at, first, first + 1.0].map(|at| rounded(at * step)));
        }
        if steps.is_empty() {
            candidates.extend([from + (to - from) / 2.0, from, to]);
        }
        let found = candidates.into_iter().find(|x| inside(*x)).and_then(serde_json::Number::from_f64);
        found.map(Json::Number).ok_or(Fail::Never)
    }
}

/// A number as people write it: `0.1 * 3` is 0.3.
fn rounded(x: f64) -> f64 {
    format!("{x:.9}").parse().unwrap_or(x)
}

/// A UUID of version 4 (RFC 9562).
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// The narrowest bounds of all parts, in both dialects: of 3.0 `exclusiveMinimum` is `true`, of 3.1 a number.
fn bounds(parts: &[Node<'_>]) -> (Option<Bound>, Option<Bound>) {
    let (mut low, mut high): (Option<Bound>, Option<Bound>) = (None, None);
    for part in parts {
        let number = |key: &str| part.get(key)?.number()?.as_f64();
        for (at, is_open) in [(number("minimum"), part.is_true("exclusiveMinimum")), (number("exclusiveMinimum"), true)]
        {
            let Some(at) = at else { continue };
            if low.is_none_or(|low| at > low.at || (at == low.at && is_open)) {
                low = Some(Bound { at, is_open });
            }
        }
        for (at, is_open) in [(number("maximum"), part.is_true("exclusiveMaximum")), (number("exclusiveMaximum"), true)]
        {
            let Some(at) = at else { continue };
            if high.is_none_or(|high| at < high.at || (at == high.at && is_open)) {
                high = Some(Bound { at, is_open });
            }
        }
    }
    (low, high)
}

/// The whole numbers within bounds; of an open end [`SPAN`] of them.
fn whole(low: Option<Bound>, high: Option<Bound>, format: Option<&str>) -> (i128, i128) {
    let first = low.map(|low| (low.at.ceil() as i128).saturating_add(i128::from(low.is_open && low.at.fract() == 0.0)));
    let last =
        high.map(|high| (high.at.floor() as i128).saturating_sub(i128::from(high.is_open && high.at.fract() == 0.0)));
    let (least, most) = match format {
        Some("int32") => (i128::from(i32::MIN), i128::from(i32::MAX)),
        _ => (i128::from(i64::MIN), i128::from(i64::MAX)),
    };
    let (first, last) = match (first, last) {
        (None, None) => (1, SPAN),
        (Some(first), None) => (first, first.saturating_add(SPAN)),
        (None, Some(last)) => (last.saturating_sub(SPAN), last),
        (Some(first), Some(last)) => (first, last),
    };
    (first.max(least), last.min(most))
}

/// The least whole number that all steps divide; none where there is none, or it is too large.
fn common(steps: &[f64]) -> Option<i128> {
    let mut common: i128 = 1;
    for step in steps {
        // A step of hundredths divides every whole number; one of 2.5 divides every fifth.
        let whole = (1..=1000_i128).map(|n| (n, *step * n as f64)).find(|(_, x)| (x - x.round()).abs() < 1e-9)?;
        let step = whole.1.round() as i128;
        if step == 0 || step > i128::from(i64::MAX) {
            return None;
        }
        let (mut a, mut b) = (common, step);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        common = common.checked_mul(step / a)?;
    }
    Some(common)
}
