//! `fromJSON` and `toJSON`.

use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Data, Object, number};

/// A JSON text as a value; `None`: it is none.
pub fn from_json(text: &str) -> Option<Data> {
    serde_json::from_str(text).ok()
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DataVisitor;

        impl<'de> Visitor<'de> for DataVisitor {
            type Value = Data;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("a JSON value")
            }

            fn visit_unit<E>(self) -> Result<Data, E> {
                Ok(Data::Null)
            }

            fn visit_bool<E>(self, bool: bool) -> Result<Data, E> {
                Ok(Data::Bool(bool))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Data, E> {
                Ok(Data::Number(number as f64))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Data, E> {
                Ok(Data::Number(number as f64))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Data, E> {
                Ok(Data::Number(number))
            }

            fn visit_str<E>(self, text: &str) -> Result<Data, E> {
                Ok(text.into())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Data, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Data::Array(Arc::new(list), false))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Data, A::Error> {
                let mut object = Object::default();
                while let Some((key, value)) = entries.next_entry::<String, Data>()? {
                    object.set(&key, value);
                }
                Ok(object.into())
            }
        }

        deserializer.deserialize_any(DataVisitor)
    }
}

/// A value as JSON with two blanks of indentation.
pub fn to_json(data: &Data) -> String {
    let mut out = String::new();
    write(data, 0, &mut out);
    out
}

fn write(data: &Data, depth: usize, out: &mut String) {
    match data {
        Data::Null => out.push_str("null"),
        Data::Bool(bool) => out.push_str(if *bool { "true" } else { "false" }),
        Data::Number(value) if !value.is_finite() => out.push_str("null"),
        Data::Number(value) => out.push_str(&number::text(*value)),
        Data::String(text) => quote(text, out),
        Data::Array(items, _) => {
            list(items.iter(), ('[', ']'), depth, out, |item, out| write(item, depth + 1, out));
        }
        Data::Object(object) => {
            list(object.entries(), ('{', '}'), depth, out, |(key, value), out| {
                quote(key, out);
                out.push_str(": ");
                write(value, depth + 1, out);
            });
        }
    }
}

fn list<T>(
    items: impl Iterator<Item = T>,
    (open, close): (char, char),
    depth: usize,
    out: &mut String,
    mut each: impl FnMut(T, &mut String),
) {
    out.push(open);
    let mut any = false;
    for item in items {
        out.push_str(if any { ",\n" } else { "\n" });
        out.push_str(&"  ".repeat(depth + 1));
        each(item, out);
        any = true;
    }
    if any {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    }
    out.push(close);
}

/// A text as `JSON.stringify` writes it.
fn quote(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}
