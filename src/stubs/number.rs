//! Numbers as JSON, TOML and text write them, compared without loss: 2^53 and 2^53 + 1 are two numbers.

use std::cmp::Ordering;

/// A finite number. Whole numbers are always [`Number::Whole`] if they fit, however they were written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A whole number between −2^127 and 2^127.
    Whole(i128),
    /// Any other.
    Float(f64),
}

/// 2^127, the first float that no `i128` holds.
const TOO_LARGE: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;

impl Number {
    /// The number that a float is; none for infinities and NaN.
    pub fn from_float(float: f64) -> Option<Self> {
        if !float.is_finite() {
            return None;
        }
        // The cast is exact: a float without a fraction inside these bounds is an `i128`.
        let is_whole = float.fract() == 0.0 && float.abs() < TOO_LARGE;
        Some(if is_whole { Number::Whole(float as i128) } else { Number::Float(float) })
    }

    /// The number that a JSON number is.
    pub fn from_json(number: &serde_json::Number) -> Option<Self> {
        if let Some(n) = number.as_i64() {
            return Some(Number::Whole(n.into()));
        }
        if let Some(n) = number.as_u64() {
            return Some(Number::Whole(n.into()));
        }
        Number::from_float(number.as_f64()?)
    }

    /// The number that text reads as, all of it: `12`, `-1.5`, `+3e2`; not `inf`, `nan`, nor with white space.
    pub fn from_text(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
            return None;
        }
        match text.parse() {
            Ok(whole) if whole != i128::MIN => Some(Number::Whole(whole)),
            _ => Number::from_float(text.parse().ok()?),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (*self, *other) {
            (Number::Whole(a), Number::Whole(b)) => Some(a.cmp(&b)),
            (Number::Float(a), Number::Float(b)) => a.partial_cmp(&b),
            (Number::Whole(a), Number::Float(b)) => Some(whole_with_float(a, b)),
            (Number::Float(a), Number::Whole(b)) => Some(whole_with_float(b, a).reverse()),
        }
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Number::Whole(whole) => whole.fmt(f),
            Number::Float(float) => float.fmt(f),
        }
    }
}

/// A float of this kind has a fraction or lies outside every `i128`, so it equals no whole number.
fn whole_with_float(whole: i128, float: f64) -> Ordering {
    if float >= TOO_LARGE {
        Ordering::Less
    } else if float <= -TOO_LARGE {
        Ordering::Greater
    } else if whole <= float.floor() as i128 {
        Ordering::Less
    } else {
        Ordering::Greater
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_to_the_last_digit() {
        let ordered = ["-1e300", "-2.5", "-2", "0", "0.5", "1", "9007199254740992", "9007199254740993", "1e300"];
        let numbers: Vec<Number> = ordered.iter().map(|text| Number::from_text(text.as_bytes()).unwrap()).collect();
        for (i, a) in numbers.iter().enumerate() {
            for (j, b) in numbers.iter().enumerate() {
                assert_eq!(a.partial_cmp(b), Some(i.cmp(&j)), "{a} {b}");
            }
        }
    }

    #[test]
    fn one_number_is_one_however_it_is_written() {
        for text in ["100", "1e2", "100.0", "+100", "0100"] {
            assert_eq!(Number::from_text(text.as_bytes()), Some(Number::Whole(100)), "{text}");
        }
        for text in ["", "inf", "-inf", "NaN", "1 ", " 1", "1x", "-", "0x10", "1e999"] {
            assert_eq!(Number::from_text(text.as_bytes()), None, "{text}");
        }
    }
}
