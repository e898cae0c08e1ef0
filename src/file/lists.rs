//! Lists, and tables whose keys are names of the user's own.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::Spanned;
use toml::de::DeValue;

use super::read::{At, Origin, Read, Reader};

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
