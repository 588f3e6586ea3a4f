//! Values, and how one kind becomes another.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::number;

/// A value of an expression.
#[derive(Clone, Debug, Default)]
pub enum Data {
    /// `null`
    #[default]
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number, always of double precision.
    Number(f64),
    /// A text.
    String(Arc<str>),
    /// An array; the flag says that it came from an object filter (`.*`).
    Array(Arc<Vec<Data>>, bool),
    /// An object.
    Object(Arc<Object>),
}

/// An object: keys in their order, found without regard to case.
#[derive(Clone, Debug, Default)]
pub struct Object {
    entries: Vec<(String, Data)>,
    index: BTreeMap<String, usize>,
}

impl Object {
    /// Adds an entry, unless there is one of that name.
    pub fn insert(&mut self, key: impl Into<String>, value: Data) {
        let key = key.into();
        let lower = key.to_lowercase();
        if !self.index.contains_key(&lower) {
            self.index.insert(lower, self.entries.len());
            self.entries.push((key, value));
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Data> {
        let index = self.index.get(&key.to_lowercase())?;
        self.entries.get(*index).map(|(_, value)| value)
    }

    /// Puts a value in place of the one there, or adds it.
    pub fn set(&mut self, key: &str, value: Data) {
        match self.index.get(&key.to_lowercase()).and_then(|index| self.entries.get_mut(*index)) {
            Some(entry) => entry.1 = value,
            None => self.insert(key, value),
        }
    }

    /// Keys and values in their order.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Data)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value))
    }
}

impl<K: Into<String>> FromIterator<(K, Data)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, Data)>>(entries: I) -> Self {
        let mut object = Object::default();
        for (key, value) in entries {
            object.insert(key, value);
        }
        object
    }
}

impl From<&str> for Data {
    fn from(text: &str) -> Self {
        Data::String(text.into())
    }
}

impl From<String> for Data {
    fn from(text: String) -> Self {
        Data::String(text.into())
    }
}

impl From<bool> for Data {
    fn from(bool: bool) -> Self {
        Data::Bool(bool)
    }
}

impl From<f64> for Data {
    fn from(number: f64) -> Self {
        Data::Number(number)
    }
}

impl From<Object> for Data {
    fn from(object: Object) -> Self {
        Data::Object(Arc::new(object))
    }
}

impl From<Vec<Data>> for Data {
    fn from(items: Vec<Data>) -> Self {
        Data::Array(Arc::new(items), false)
    }
}

impl Data {
    /// The name of its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Data::Null => "Null",
            Data::Bool(_) => "Boolean",
            Data::Number(_) => "Number",
            Data::String(_) => "String",
            Data::Array(..) => "Array",
            Data::Object(_) => "Object",
        }
    }

    /// Whether it is neither array nor object.
    pub fn is_primitive(&self) -> bool {
        !matches!(self, Data::Array(..) | Data::Object(_))
    }

    /// What it counts as in a condition.
    pub fn is_truthy(&self) -> bool {
        match self {
            Data::Null => false,
            Data::Bool(bool) => *bool,
            Data::Number(number) => *number != 0.0 && !number.is_nan(),
            Data::String(text) => !text.is_empty(),
            Data::Array(..) | Data::Object(_) => true,
        }
    }

    /// As a text.
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Data::Null => "".into(),
            Data::Bool(bool) => if *bool { "true" } else { "false" }.into(),
            Data::Number(value) => number::rounded_text(*value).into(),
            Data::String(text) => (&**text).into(),
            Data::Array(..) | Data::Object(_) => self.kind().into(),
        }
    }

    /// As a number.
    pub fn to_number(&self) -> f64 {
        match self {
            Data::Null => 0.0,
            Data::Bool(bool) => f64::from(u8::from(*bool)),
            Data::Number(number) => *number,
            Data::String(text) => number::parse(text),
            Data::Array(..) | Data::Object(_) => f64::NAN,
        }
    }

    /// The member of an object, or nothing.
    pub fn get(&self, key: &str) -> Option<&Data> {
        if let Data::Object(object) = self { object.get(key) } else { None }
    }

    /// `a == b`: like the loose equality of JavaScript, but texts without regard to case, and arrays and objects only
    /// with themselves.
    pub fn equals(&self, other: &Data) -> bool {
        match coerce(self, other) {
            (Data::Null, Data::Null) => true,
            (Data::Number(left), Data::Number(right)) => left.partial_cmp(&right) == Some(Ordering::Equal),
            (Data::String(left), Data::String(right)) => upper(&left) == upper(&right),
            (Data::Bool(left), Data::Bool(right)) => left == right,
            (Data::Array(left, _), Data::Array(right, _)) => Arc::ptr_eq(&left, &right),
            (Data::Object(left), Data::Object(right)) => Arc::ptr_eq(&left, &right),
            _ => false,
        }
    }

    /// `a > b`
    pub fn is_greater(&self, other: &Data) -> bool {
        match coerce(self, other) {
            (Data::Number(left), Data::Number(right)) => left > right,
            (Data::String(left), Data::String(right)) => {
                upper(&left).encode_utf16().gt(upper(&right).encode_utf16())
            }
            (Data::Bool(left), Data::Bool(right)) => left && !right,
            _ => false,
        }
    }

    /// `a < b`
    pub fn is_less(&self, other: &Data) -> bool {
        match coerce(self, other) {
            (Data::Number(left), Data::Number(right)) => left < right,
            (Data::String(left), Data::String(right)) => {
                upper(&left).encode_utf16().lt(upper(&right).encode_utf16())
            }
            (Data::Bool(left), Data::Bool(right)) => !left && right,
            _ => false,
        }
    }
}

/// Brings two values to one kind, where one becomes a number.
fn coerce(left: &Data, right: &Data) -> (Data, Data) {
    let simple = |data: &Data| matches!(data, Data::Null | Data::Bool(_));
    let number = |data: &Data| Data::Number(data.to_number());
    match (left, right) {
        _ if left.kind() == right.kind() => (left.clone(), right.clone()),
        (Data::Number(_), Data::String(_)) => (left.clone(), number(right)),
        (Data::String(_), Data::Number(_)) => (number(left), right.clone()),
        _ if simple(left) => coerce(&number(left), right),
        _ if simple(right) => coerce(left, &number(right)),
        _ => (left.clone(), right.clone()),
    }
}

/// Upper case, character by character as .NET's `OrdinalIgnoreCase` does: what would become two characters stays, and so
/// does the dotless i.
pub(super) fn upper(text: &str) -> String {
    text.chars()
        .map(|c| {
            let mut upper = c.to_uppercase();
            match (upper.next(), upper.next()) {
                (Some(single), None) if c != 'ı' => single,
                _ => c,
            }
        })
        .collect()
}
