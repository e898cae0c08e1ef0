//! Values that are made: times, numbers, made-up data.

use super::parts::Part;
use crate::import::postman::answer::string;

pub(super) fn now(named: &[(&str, &Part)]) -> Option<String> {
    let mut format = "%Y-%m-%dT%H:%M:%SZ".to_owned();
    let mut offset = None;
    for (name, part) in named {
        let Part::Text(text) = part else { return None };
        match *name {
            "format" if text == "epoch" => format = "unix_ms".to_owned(),
            "format" if text == "unix" => format = "unix".to_owned(),
            "format" => format = date_format(text)?,
            "offset" => offset = Some(self::offset(text)?),
            "timezone" if matches!(text.as_str(), "UTC" | "GMT" | "Z") => {}
            _ => return None,
        }
    }
    let offset = offset.map(|offset| format!(", {}", string(&offset))).unwrap_or_default();
    Some(format!("now({}{offset})", string(&format)))
}

/// `3 days`, `-2 hours`: a number and a unit.
fn offset(text: &str) -> Option<String> {
    let (number, unit) = text.trim().split_once(' ')?;
    number.parse::<i32>().ok()?;
    let unit = unit.trim().trim_end_matches('s');
    matches!(unit, "second" | "minute" | "hour" | "day" | "month" | "year").then(|| format!("{number} {unit}s"))
}

/// A format of Java's `SimpleDateFormat`, as strftime writes it.
fn date_format(java: &str) -> Option<String> {
    const LETTERS: &[(&str, &str)] = &[
        ("yyyy", "%Y"),
        ("yy", "%y"),
        ("MMMM", "%B"),
        ("MMM", "%b"),
        ("MM", "%m"),
        ("dd", "%d"),
        ("HH", "%H"),
        ("hh", "%I"),
        ("mm", "%M"),
        ("ss", "%S"),
        ("SSS", "%3f"),
        ("EEEE", "%A"),
        ("EEE", "%a"),
        ("a", "%p"),
        ("Z", "+0000"),
        ("XXX", "Z"),
        ("X", "Z"),
    ];
    let mut out = String::new();
    let mut rest = java;
    while let Some(c) = rest.chars().next() {
        if c == '\'' {
            let (quoted, after) = rest[1..].split_once('\'')?;
            out.push_str(if quoted.is_empty() { "'" } else { quoted });
            rest = after;
        } else if c.is_ascii_alphabetic() {
            let length = rest.len() - rest.trim_start_matches(c).len();
            let (_, own) = LETTERS.iter().find(|(letters, _)| *letters == &rest[..length])?;
            out.push_str(own);
            rest = &rest[length..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    (!java.contains('%')).then_some(out)
}

pub(super) fn random_int(named: &[(&str, &Part)]) -> Option<String> {
    let number = |name: &str| {
        let found = named.iter().find(|(own, _)| *own == name).map(|(_, part)| *part)?;
        if let Part::Word(word) = found { word.parse::<i64>().ok() } else { None }
    };
    let (lower, upper) = (number("lower")?, number("upper")?);
    // The upper end is none of the numbers.
    (named.len() == 2 && lower < upper).then(|| format!("random_int({lower}, {})", upper - 1))
}

/// Names of the faker extension whose values ours has too.
pub(super) fn fake(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "Name.first_name" | "Name.firstName" => "randomFirstName",
        "Name.last_name" | "Name.lastName" => "randomLastName",
        "Name.full_name" | "Name.fullName" => "randomFullName",
        "Address.city" => "randomCity",
        "Address.country" => "randomCountry",
        "Internet.email_address" | "Internet.emailAddress" => "randomEmail",
        "Company.name" => "randomCompanyName",
        _ => return None,
    })
}
