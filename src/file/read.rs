//! Reads spanned TOML into the file's types, so that one pass reports every mistake.
//!
//! Serde's derive stops at the first error, and `Spanned` does not survive its untagged enums. Here each key is
//! read by itself: a bad value costs that key alone, an unknown key is explained, and everything keeps its place.
//! One declaration (`keys!`) yields the struct, its reader and its JSON Schema, so that the
//! three cannot drift apart.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::{Deref, Range};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{habits, syntax};
use crate::problem::{Code, Place, Problem, SourceId, nearest};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub place: Place,
}

impl<T> Deref for At<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> At<T> {
    /// The same place with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> At<U> {
        At { value: f(self.value), place: self.place }
    }
}

/// What a source is: it decides how scalars are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A TOML file.
    File,
    /// An environment variable or a flag: one value, lists by comma, text without quotes.
    Word,
}

/// Keys that stand in a file but could not be taken in: what they leave unsaid is no second mistake.
#[derive(Debug, Default)]
pub struct Unread {
    keys: HashSet<(SourceId, u32, String)>,
    tables: HashSet<(SourceId, u32)>,
}

impl Unread {
    /// Whether this key of the table at `place` is there, but could not be read in full.
    pub fn key(&self, place: Place, key: &str) -> bool {
        self.table(place) && self.keys.contains(&(place.source, place.start, key.to_owned()))
    }

    /// Whether some key of the table at `place` was reported.
    pub fn table(&self, place: Place) -> bool {
        self.tables.contains(&(place.source, place.start))
    }

    fn add(&mut self, place: Place, key: &str) {
        self.tables.insert((place.source, place.start));
        self.keys.insert((place.source, place.start, key.to_owned()));
    }
}

/// Reads one source and collects what is wrong with it.
pub struct Reader<'a> {
    source: SourceId,
    text: &'a str,
    origin: Origin,
    /// Everything found so far.
    pub problems: &'a mut Vec<Problem>,
    unread: &'a mut Unread,
}

impl<'a> Reader<'a> {
    /// A reader of one source.
    pub fn new(
        source: SourceId,
        text: &'a str,
        origin: Origin,
        problems: &'a mut Vec<Problem>,
        unread: &'a mut Unread,
    ) -> Self {
        Reader { source, text, origin, problems, unread }
    }

    /// The text of a place of this source.
    pub fn text_at(&self, place: Place) -> &'a str {
        self.text.get(place.start as usize..place.end as usize).unwrap_or("")
    }

    /// The name before the dot that the key at this place follows, as in `a.key = 1` or `[a.key]`.
    pub fn before_dot(&self, place: Place) -> Option<&'a str> {
        let before = self.text.get(..place.start as usize)?.trim_end_matches([' ', '\t']).strip_suffix('.')?;
        before.rsplit(['.', '[', ' ', '\t', '\n', '{', ',']).next()
    }

    /// Whether the source is a TOML file or a single word.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The whole text of the source.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The place of a span of this source.
    pub fn place(&self, span: Range<usize>) -> Place {
        Place { source: self.source, start: span.start as u32, end: span.end as u32 }
    }

    /// Reports an error and yields nothing, so that readers can end with it.
    pub fn fail<T>(&mut self, problem: Problem) -> Option<T> {
        self.problems.push(problem);
        None
    }

    /// Reports a value of the wrong type.
    pub fn wrong_type<T>(&mut self, value: &Spanned<DeValue<'_>>, expected: &str) -> Option<T> {
        self.wrong_type_with(value, expected, None)
    }

    /// Reports a value of the wrong type, with a way to mend it.
    pub fn wrong_type_with<T>(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        expected: &str,
        help: Option<String>,
    ) -> Option<T> {
        let place = self.place(value.span());
        self.fail(
            Problem::at(Code::WrongType, place, format!("expected {expected}"))
                .label(format!("this is {}", described(value.get_ref())))
                .maybe_help(help),
        )
    }
}

/// A type that can stand as a value in a file.
pub trait Read: Sized + JsonSchema {
    /// Reads the value; reports and yields nothing where it does not fit.
    fn read(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<Self>;

    /// Lays a value of higher precedence over this one: tables merge, all else is replaced.
    fn overlay(&mut self, over: Self) {
        *self = over;
    }
}

/// A table with a closed list of keys. Made by `keys!`.
pub trait Keys: Default {
    /// What a report calls the table.
    const TABLE: &'static str;
    /// Keys that product documents name for a later version.
    const LATER: &'static [&'static str];
    /// The keys, with those of tables that it takes in.
    fn keys() -> Vec<&'static str>;
    /// Reads one key; gives the value back where the key is not its own.
    fn set<'v>(
        &mut self,
        key: &str,
        value: Spanned<DeValue<'v>>,
        reader: &mut Reader<'_>,
    ) -> Result<(), Spanned<DeValue<'v>>>;
    /// Reports a key that is not its own; the default looks for a slip and for the table it belongs to.
    fn unknown(key: &str, place: Place, _value: &Spanned<DeValue<'_>>, reader: &mut Reader<'_>) {
        unknown_key::<Self>(key, place, reader);
    }
}

/// Declares a table: the struct, its reader and its schema.
///
/// `flat` takes in the keys of other tables, `required` lists the keys that the schema asks for (`config` does for the
/// reader, which can tell a missing key from a bad one), `later` lists keys of later versions. A field whose key is a word of
/// Rust is written `field = "key"`.
macro_rules! keys {
    (
        $(#[doc = $about:literal])+
        $name:ident $table:literal {
            $( $(#[doc = $doc:literal])+ $field:ident $(= $key:literal)? : $kind:ty, )*
        }
        $( flat { $( $(#[doc = $fdoc:literal])+ $flat:ident : $fkind:ty, )+ } )?
        $( required [ $($required:literal),* $(,)? ] )?
        $( later [ $($later:literal),* $(,)? ] )?
        $( unknown $unknown:path )?
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, Default)]
        pub struct $name {
            $( $(#[doc = $doc])+ pub $field: Option<$crate::file::read::At<$kind>>, )*
            $( $( $(#[doc = $fdoc])+ pub $flat: $fkind, )+ )?
        }

        impl $crate::file::read::Keys for $name {
            const TABLE: &'static str = $table;
            const LATER: &'static [&'static str] = &[$( $($later),* )?];

            fn keys() -> Vec<&'static str> {
                #[allow(unused_mut)]
                let mut keys = vec![$( $crate::file::read::keys!(@key $field $($key)?) ),*];
                $( $( keys.extend(<$fkind as $crate::file::read::Keys>::keys()); )+ )?
                keys
            }

            fn set<'v>(
                &mut self,
                key: &str,
                value: toml::Spanned<toml::de::DeValue<'v>>,
                reader: &mut $crate::file::read::Reader<'_>,
            ) -> Result<(), toml::Spanned<toml::de::DeValue<'v>>> {
                #[allow(unused_variables)]
                let place = reader.place(value.span());
                match key {
                    $( $crate::file::read::keys!(@key $field $($key)?) => {
                        self.$field = <$kind as $crate::file::read::Read>::read(value, reader)
                            .map(|value| $crate::file::read::At { value, place });
                        Ok(())
                    } )*
                    _ => {
                        #[allow(unused_mut)]
                        let mut rest = Err(value);
                        $( $(
                            if let Err(value) = rest {
                                rest = <$fkind as $crate::file::read::Keys>::set(&mut self.$flat, key, value, reader);
                            }
                        )+ )?
                        rest
                    }
                }
            }

            $(
                fn unknown(
                    key: &str,
                    place: $crate::problem::Place,
                    value: &toml::Spanned<toml::de::DeValue<'_>>,
                    reader: &mut $crate::file::read::Reader<'_>,
                ) {
                    $unknown(key, place, value, reader);
                }
            )?
        }

        impl $crate::file::read::Read for $name {
            fn read(
                value: toml::Spanned<toml::de::DeValue<'_>>,
                reader: &mut $crate::file::read::Reader<'_>,
            ) -> Option<Self> {
                $crate::file::read::read_table(value, reader)
            }

            fn overlay(&mut self, over: Self) {
                let Self { $( $field, )* $( $( $flat, )+ )? } = over;
                $( $crate::file::read::overlay(&mut self.$field, $field); )*
                $( $( <$fkind as $crate::file::read::Read>::overlay(&mut self.$flat, $flat); )+ )?
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                #[allow(unused_mut)]
                let mut properties = serde_json::Map::new();
                $(
                    $crate::file::read::property(
                        &mut properties,
                        $crate::file::read::keys!(@key $field $($key)?),
                        concat!($($doc, "\n"),+),
                        generator.subschema_for::<$kind>(),
                    );
                )*
                $( $(
                    let taken_in = <$fkind as schemars::JsonSchema>::json_schema(generator);
                    $crate::file::read::take_in(&mut properties, taken_in);
                )+ )?
                let required: &[&str] = &[$( $($required),* )?];
                $crate::file::read::table_schema(concat!($($about, "\n"),+), properties, required)
            }
        }
    };
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
}
pub(crate) use keys;

/// Parses a file of the shape `T`; what cannot be read is reported and left out.
pub fn parse<T: Keys>(reader: &mut Reader<'_>) -> T {
    syntax::parse(reader, |table, reader| {
        let value = Spanned::new(table.span(), DeValue::Table(table.into_inner()));
        read_table(value, reader).unwrap_or_default()
    })
}

/// Reads one word (a variable or a flag) as the value of the key at `path`, such as `proxy.listen`.
pub fn parse_word<T: Keys>(path: &[&str], reader: &mut Reader<'_>) -> T {
    let text = reader.text;
    // What reads as a TOML scalar, array or table is one; all else is text, so that addresses need no quotes.
    let value = match DeValue::parse(text.trim()) {
        Ok(value) => Spanned::new(0..text.len(), value.into_inner()),
        Err(_) => Spanned::new(0..text.len(), DeValue::String(Cow::Borrowed(text.trim()))),
    };
    let nested = path.iter().rev().fold(value, |value, key| {
        let mut table = DeTable::new();
        table.insert(Spanned::new(0..text.len(), Cow::Owned((*key).to_owned())), value);
        Spanned::new(0..text.len(), DeValue::Table(table))
    });
    read_table(nested, reader).unwrap_or_default()
}

/// Reads a table key by key.
pub fn read_table<T: Keys>(value: Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<T> {
    if !value.get_ref().is_table() {
        let help = format!("{} takes {}", T::TABLE, listed(&T::keys()));
        return reader.wrong_type_with(&value, "a table", Some(help));
    }
    let own = reader.place(value.span());
    let DeValue::Table(table) = value.into_inner() else { return None };
    let mut out = T::default();
    for (key, value) in table {
        let place = reader.place(key.span());
        let before = reader.problems.len();
        if let Err(value) = out.set(key.get_ref(), value, reader) {
            T::unknown(key.get_ref(), place, &value, reader);
        }
        if reader.problems.len() > before {
            reader.unread.add(own, key.get_ref());
        }
    }
    Some(out)
}

/// Merges an optional field of higher precedence over one of lower.
pub fn overlay<T: Read>(under: &mut Option<At<T>>, over: Option<At<T>>) {
    match (under.as_mut(), over) {
        (Some(under), Some(over)) => {
            under.place = over.place;
            under.value.overlay(over.value);
        }
        (None, over @ Some(_)) => *under = over,
        (_, None) => {}
    }
}

/// Reports a key that `T` does not have: a key of a later version, of another table, a slip, or a word of another tool.
pub fn unknown_key<T: Keys>(key: &str, place: Place, reader: &mut Reader<'_>) {
    if T::LATER.contains(&key) {
        reader.problems.push(not_available(place, &format!("`{key}`")));
        return;
    }
    let own = T::keys();
    let elsewhere = super::tables_with(key).filter(|table| *table != T::TABLE).collect::<Vec<_>>();
    let slip = nearest(key, own.iter().copied());
    let word = reader.origin == Origin::Word;
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

// --- schema ---

/// Adds a described property.
pub fn property(properties: &mut serde_json::Map<String, serde_json::Value>, key: &str, doc: &str, schema: Schema) {
    let mut schema = schema;
    if schema.get("description").is_none() {
        schema.insert("description".to_owned(), tidy(doc).into());
    }
    properties.insert(key.to_owned(), schema.to_value());
}

/// Takes in the properties of a flattened table; the taking table's own win.
pub fn take_in(properties: &mut serde_json::Map<String, serde_json::Value>, schema: Schema) {
    let Some(serde_json::Value::Object(inner)) = schema.get("properties").cloned() else { return };
    for (key, value) in inner {
        properties.entry(key).or_insert(value);
    }
}

/// A table that takes these properties and no others.
pub fn table_schema(about: &str, properties: serde_json::Map<String, serde_json::Value>, required: &[&str]) -> Schema {
    let mut schema = schemars::json_schema!({
        "type": "object",
        "description": tidy(about),
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    schema
}

fn tidy(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
