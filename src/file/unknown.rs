//! Keys that a table does not have, and values of another type: what was meant, and where it belongs.

use toml::de::DeValue;

use super::habits;
use super::read::{Keys, Origin, Reader};
use crate::problem::{Code, Place, Problem, nearest};

/// Reports a key that `T` does not have: a key of a later version, of another table, a slip, or a word of another tool.
pub fn unknown_key<T: Keys>(key: &str, place: Place, reader: &mut Reader<'_>) {
    if T::LATER.contains(&key) {
        reader.problems.push(not_available(place, &format!("`{key}`")));
        return;
    }
    let own = T::keys();
    let elsewhere = super::tables_with(key).filter(|table| *table != T::TABLE).collect::<Vec<_>>();
    let slip = nearest(key, own.iter().copied());
    let word = reader.origin() == Origin::Word;
    let habit = habits::key(key, &own);
    if !elsewhere.is_empty() && slip.is_none() && habit.is_none() && !word {
        let problem = Problem::at(Code::MisplacedKey, place, format!("`{key}` is no key of {}", T::TABLE))
            .label(format!("it is a key of {}", either(&elsewhere)));
        let help = if T::TABLE.contains("[[") {
            format!(
                "TOML gives every key below a `[[…]]` line to that table: move `{key}` above it, to {}",
                either(&elsewhere)
            )
        } else {
            format!("move it to {}", either(&elsewhere))
        };
        reader.problems.push(problem.help(help));
        return;
    }
    let help = match (slip, habit) {
        (Some(slip), _) => format!("did you mean `{slip}`?"),
        (None, Some(help)) => help.to_owned(),
        (None, _) if word && !elsewhere.is_empty() => format!("`{key}` is a key of {}", either(&elsewhere)),
        (None, _) => format!("{} takes {}", T::TABLE, listed(&own)),
    };
    reader.problems.push(if word {
        let title = format!("the variable names no key: there is no `{key}` in {}", T::TABLE);
        Problem::at(Code::UnknownVariable, place, title).help(help)
    } else {
        let title = format!("unknown key `{key}` in {}", T::TABLE);
        Problem::at(Code::UnknownKey, place, title).label("not a key here").help(help)
    });
}

/// The report for what a later version brings.
pub fn not_available(place: Place, what: &str) -> Problem {
    Problem::at(Code::NotAvailable, place, format!("{what} is not available in this version"))
        .label("comes with a later version")
        .help("leave it out; Standin accepts no key that has no effect")
}

/// A value as a report names it.
pub fn described(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) if text.chars().count() <= 40 => format!("the string {text:?}"),
        DeValue::String(_) => "a string".to_owned(),
        DeValue::Integer(number) => format!("the integer `{number}`"),
        DeValue::Float(number) => format!("the number `{number}`"),
        DeValue::Boolean(value) => format!("`{value}`"),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "an array".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// `a`, `b` and `c`, each in backquotes.
pub fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => "no keys".to_owned(),
    }
}

fn either(tables: &[&str]) -> String {
    match tables.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => tables.join(""),
    }
}
