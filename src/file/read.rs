//! Reads spanned TOML into the file's types, so that one pass reports every mistake.
//!
//! Serde's derive stops at the first error, and `Spanned` does not survive its untagged enums. Here each key is
//! read by itself: a bad value costs that key alone, an unknown key is explained, and everything keeps its place.
//! One declaration (`keys!`) yields the struct, its reader and its JSON Schema, so that the
//! three cannot drift apart.

use std::borrow::Cow;

use schemars::JsonSchema;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub use super::reader::{At, Origin, Reader, Unread};
pub use super::unknown::{described, listed, not_available, unknown_key};

use super::syntax;
use crate::problem::Place;

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
                    $crate::file::shape::property(
                        &mut properties,
                        $crate::file::read::keys!(@key $field $($key)?),
                        concat!($($doc, "\n"),+),
                        generator.subschema_for::<$kind>(),
                    );
                )*
                $( $(
                    let taken_in = <$fkind as schemars::JsonSchema>::json_schema(generator);
                    $crate::file::shape::take_in(&mut properties, taken_in);
                )+ )?
                let required: &[&str] = &[$( $($required),* )?];
                $crate::file::shape::table_schema(concat!($($about, "\n"),+), properties, required)
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
