//! Structs as lists of named fields. Each struct says once, with `fields!`, which of its fields has which name; two
//! functions that know no struct do the rest, which is what keeps the code small (derived serializers are several times
//! as large).

use super::{Codec, Error};
use crate::value::{Map, Value};

/// A struct whose fields are read and written by name. Made by `fields!`.
pub trait Fields {
    /// The names as in documents; a leading `!` marks fields that are written even if they are empty or zero, `?` those that
    /// are `null` then (slices in Go, without `omitempty`).
    fn names(&self) -> &'static [&'static str];
    /// The field of a name's place.
    fn field(&self, place: usize) -> Option<&dyn Codec>;
    /// The field of a name's place, to be read.
    fn field_mut(&mut self, place: usize) -> Option<&mut dyn Codec>;
}

/// Implements [`Fields`] and [`Codec`] for a struct: `fields! { Pod: metadata "metadata", spec "spec" }`.
macro_rules! fields {
    ($ty:ident: $($field:ident $name:literal),* $(,)?) => {
        impl $crate::codec::Fields for $ty {
            fn names(&self) -> &'static [&'static str] {
                &[$($name),*]
            }

            fn field(&self, place: usize) -> Option<&dyn $crate::codec::Codec> {
                let mut at = 0..;
                $(
                    if at.next() == Some(place) {
                        return Some(&self.$field);
                    }
                )*
                None
            }

            fn field_mut(&mut self, place: usize) -> Option<&mut dyn $crate::codec::Codec> {
                let mut at = 0..;
                $(
                    if at.next() == Some(place) {
                        return Some(&mut self.$field);
                    }
                )*
                None
            }
        }

        impl $crate::codec::Codec for $ty {
            fn read(&mut self, value: &$crate::value::Value) -> Result<(), $crate::codec::Error> {
                $crate::codec::read_fields(self, value)
            }

            fn write(&self) -> $crate::value::Value {
                $crate::codec::write_fields(self)
            }
        }
    };
}
pub(crate) use fields;

/// Reads the fields of a map; names that the struct does not have are passed over, `null` means absent.
pub fn read_fields(target: &mut dyn Fields, value: &Value) -> Result<(), Error> {
    let map = match value {
        Value::Map(map) => map,
        Value::Null => return Ok(()),
        _ => return Err(Error("expected a map".to_owned())),
    };
    let names = target.names();
    for (key, value) in map {
        if value.is_null() {
            continue;
        }
        let place = names.iter().position(|name| name.strip_prefix(['!', '?']).unwrap_or(name) == key);
        if let Some(field) = place.and_then(|place| target.field_mut(place)) {
            field.read(value).map_err(|error| Error([key, ": ", &error.0].concat()))?;
        }
    }
    Ok(())
}

/// Writes the fields that Go would write.
pub fn write_fields(source: &dyn Fields) -> Value {
    let mut map = Map::new();
    for (place, name) in source.names().iter().enumerate() {
        let Some(field) = source.field(place) else { continue };
        let kept = name.strip_prefix('!');
        if kept.is_none() && field.is_empty() {
            if let Some(name) = name.strip_prefix('?') {
                map.insert(name.to_owned(), Value::Null);
            }
            continue;
        }
        let value = field.write();
        if !value.is_null() {
            map.insert(kept.or(name.strip_prefix('?')).unwrap_or(name).to_owned(), value);
        }
    }
    Value::Map(map)
}
