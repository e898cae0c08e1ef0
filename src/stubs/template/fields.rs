//! Queries, header fields, cookies and forms, as templates see them: a map of first values, with a way to all.

use std::sync::Arc;

use minijinja::value::{Enumerator, Object};
use minijinja::{Error, ErrorKind, State, Value};

/// Named values in the order in which they came; names may repeat.
#[derive(Debug)]
pub(super) struct Fields {
    pairs: Vec<(String, String)>,
    /// Whether names ignore case, and `_` stands for `-`: `header.x_plan`.
    loose: bool,
}

impl Fields {
    /// Fields whose names are compared as they are.
    pub(super) fn exact<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Arc<Self> {
        Arc::new(Fields { pairs: pairs.map(|(name, value)| (text(name), text(value))).collect(), loose: false })
    }

    /// Header fields, their names in lower case.
    pub(super) fn headers<'a>(pairs: impl Iterator<Item = (&'a str, &'a [u8])>) -> Arc<Self> {
        let pairs = pairs.map(|(name, value)| (name.to_ascii_lowercase(), text(value))).collect();
        Arc::new(Fields { pairs, loose: true })
    }

    /// The values of a name.
    pub(super) fn all<'f>(&'f self, name: &str) -> impl Iterator<Item = &'f str> {
        self.pairs.iter().filter(move |(own, _)| self.is_same(own, name)).map(|(_, value)| value.as_str())
    }

    /// The first value of a name.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(own, _)| self.is_same(own, name)).map(|(_, value)| value.as_str())
    }

    fn is_same(&self, own: &str, name: &str) -> bool {
        if !self.loose {
            return own == name;
        }
        let dashed = |byte: u8| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
        own.len() == name.len() && own.bytes().map(dashed).eq(name.bytes().map(dashed))
    }
}

/// Bytes as text; what is no UTF-8 is replaced.
pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Object for Fields {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.first(key).map(Value::from)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in &self.pairs {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        Enumerator::Values(names.into_iter().map(Value::from).collect())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, arguments: &[Value]) -> Result<Value, Error> {
        match (method, arguments) {
            ("all", [name]) if name.as_str().is_some() => {
                Ok(self.all(name.as_str().unwrap_or_default()).map(Value::from).collect())
            }
            ("all", _) => Err(Error::new(ErrorKind::InvalidOperation, "`all` takes one name")),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}
