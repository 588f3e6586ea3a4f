//! A value together with its path, as the checks walk down.

use crate::value::{Map, Value};

static NULL: Value = Value::Null;

/// A field: its value (`Null` if absent) and its path as messages have it.
#[derive(Clone)]
pub(super) struct Field<'a> {
    pub(super) value: &'a Value,
    pub(super) path: String,
}

impl<'a> Field<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self { value, path: String::new() }
    }

    /// A field of this one.
    pub(super) fn child(&self, name: &str) -> Field<'a> {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Field { value: self.value.get(name).unwrap_or(&NULL), path }
    }

    /// A field at several steps down.
    pub(super) fn at(&self, names: &[&str]) -> Field<'a> {
        let mut field = self.clone();
        for name in names {
            field = field.child(name);
        }
        field
    }

    /// An entry of a map whose keys are data.
    pub(super) fn key(&self, key: &str) -> Field<'a> {
        Field { value: self.value.get(key).unwrap_or(&NULL), path: format!("{}[{key}]", self.path) }
    }

    /// The items of a list.
    pub(super) fn items(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let path = self.path.clone();
        self.value
            .as_list()
            .unwrap_or_default()
            .iter()
            .enumerate()
            .map(move |(i, value)| Field { value, path: format!("{path}[{i}]") })
    }

    /// The entries of a map whose keys are data, with their keys.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, Field<'a>)> + use<'a> {
        let path = self.path.clone();
        self.map()
            .into_iter()
            .flatten()
            .map(move |(key, value)| (key.as_str(), Field { value, path: format!("{path}[{key}]") }))
    }

    pub(super) fn map(&self) -> Option<&'a Map> {
        self.value.as_map()
    }

    /// The text, or nothing.
    pub(super) fn text(&self) -> &'a str {
        self.value.as_str().unwrap_or_default()
    }

    pub(super) fn int(&self) -> Option<i64> {
        self.value.as_int()
    }

    pub(super) fn is_true(&self) -> bool {
        self.value.as_bool() == Some(true)
    }

    /// Whether it is there and not `null`.
    pub(super) fn is_set(&self) -> bool {
        !self.value.is_null()
    }

    /// How many items or entries.
    pub(super) fn len(&self) -> usize {
        match self.value {
            Value::List(list) => list.len(),
            Value::Map(map) => map.len(),
            _ => 0,
        }
    }

    /// Whether there are no items or entries.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Equal as Go sees it: nothing and an empty list or map are the same.
    pub(super) fn same(&self, other: &Field<'_>) -> bool {
        same(self.value, other.value)
    }
}

/// Semantic equality: absent, `null`, empty lists and maps are alike at any depth.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    let nothing = |value: &Value| match value {
        Value::Null => true,
        Value::List(list) => list.is_empty(),
        _ => false,
    };
    match (a, b) {
        (Value::Map(a), Value::Map(b)) => {
            a.iter().all(|(key, value)| same(value, b.get(key).unwrap_or(&NULL)))
                && b.iter().all(|(key, value)| a.contains_key(key) || same(value, &NULL))
        }
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        _ => a == b || (nothing(a) && nothing(b)),
    }
}
