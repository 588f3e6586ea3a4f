//! Writing typed values to a [`Value`].

use serde::Serialize;
use serde::ser::{self, Impossible, Serializer};

use super::Error;
use crate::value::{Map, VALUE_NAME, Value};

/// Writes one value.
#[derive(Clone, Copy)]
pub(super) struct Writer {
    /// Inside a plain [`Value`]: nothing is left out.
    pub(super) keep_empty: bool,
}

/// A list or a map being written.
pub(super) struct Many {
    keep_empty: bool,
    list: Vec<Value>,
    map: Map,
    key: String,
}

impl Many {
    fn new(writer: Writer) -> Self {
        Self { keep_empty: writer.keep_empty, list: Vec::new(), map: Map::new(), key: String::new() }
    }

    fn write<T: Serialize + ?Sized>(&self, value: &T) -> Result<Value, Error> {
        value.serialize(Writer { keep_empty: self.keep_empty })
    }

    fn insert(&mut self, key: String, value: Value) {
        if self.keep_empty || !value.is_null() {
            self.map.insert(key, value);
        }
    }
}

fn unsupported() -> Error {
    Error("not representable as JSON".to_owned())
}

impl Serializer for Writer {
    type Ok = Value;
    type Error = Error;
    type SerializeSeq = Many;
    type SerializeTuple = Many;
    type SerializeTupleStruct = Many;
    type SerializeTupleVariant = Impossible<Value, Error>;
    type SerializeMap = Many;
    type SerializeStruct = Many;
    type SerializeStructVariant = Impossible<Value, Error>;

    fn serialize_bool(self, v: bool) -> Result<Value, Error> {
        Ok(Value::Bool(v))
    }
    fn serialize_i8(self, v: i8) -> Result<Value, Error> {
        Ok(Value::Int(i64::from(v)))
    }
    fn serialize_i16(self, v: i16) -> Result<Value, Error> {
        Ok(Value::Int(i64::from(v)))
    }
    fn serialize_i32(self, v: i32) -> Result<Value, Error> {
        Ok(Value::Int(i64::from(v)))
    }
    fn serialize_i64(self, v: i64) -> Result<Value, Error> {
        Ok(Value::Int(v))
    }
    fn serialize_u8(self, v: u8) -> Result<Value, Error> {
        Ok(Value::Int(i64::from(v)))
    }
    fn serialize_u16(self, v: u16) -> Result<Value, Error> {
        Ok(Value::Int(i64::from(v)))
    }
    fn serialize_u32(self, v: u32) -> Result<Value, Error> {
        Ok(Value::Int(i64::from(v)))
    }
    fn serialize_u64(self, v: u64) -> Result<Value, Error> {
        Ok(i64::try_from(v).map_or(Value::Float(v as f64), Value::Int))
    }
    fn serialize_f32(self, v: f32) -> Result<Value, Error> {
        Ok(Value::Float(f64::from(v)))
    }
    fn serialize_f64(self, v: f64) -> Result<Value, Error> {
        Ok(Value::Float(v))
    }
    fn serialize_char(self, v: char) -> Result<Value, Error> {
        Ok(Value::String(v.to_string()))
    }
    fn serialize_str(self, v: &str) -> Result<Value, Error> {
        Ok(Value::String(v.to_owned()))
    }
    fn serialize_bytes(self, _v: &[u8]) -> Result<Value, Error> {
        Err(unsupported())
    }
    fn serialize_none(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, Error> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }
    fn serialize_unit_struct(self, _name: &'static str) -> Result<Value, Error> {
        Ok(Value::Null)
    }
    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _i: u32,
        variant: &'static str,
    ) -> Result<Value, Error> {
        Ok(Value::String(variant.to_owned()))
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        value.serialize(Writer { keep_empty: self.keep_empty || name == VALUE_NAME })
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _i: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<Value, Error> {
        Err(unsupported())
    }
    fn serialize_seq(self, _len: Option<usize>) -> Result<Many, Error> {
        Ok(Many::new(self))
    }
    fn serialize_tuple(self, _len: usize) -> Result<Many, Error> {
        Ok(Many::new(self))
    }
    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<Many, Error> {
        Ok(Many::new(self))
    }
    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _i: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Err(unsupported())
    }
    fn serialize_map(self, _len: Option<usize>) -> Result<Many, Error> {
        Ok(Many::new(self))
    }
    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Many, Error> {
        Ok(Many::new(self))
    }
    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _i: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        Err(unsupported())
    }
}

impl ser::SerializeSeq for Many {
    type Ok = Value;
    type Error = Error;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let value = self.write(value)?;
        self.list.push(value);
        Ok(())
    }
    fn end(self) -> Result<Value, Error> {
        Ok(Value::List(self.list))
    }
}

impl ser::SerializeTuple for Many {
    type Ok = Value;
    type Error = Error;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        ser::SerializeSeq::serialize_element(self, value)
    }
    fn end(self) -> Result<Value, Error> {
        Ok(Value::List(self.list))
    }
}

impl ser::SerializeTupleStruct for Many {
    type Ok = Value;
    type Error = Error;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        ser::SerializeSeq::serialize_element(self, value)
    }
    fn end(self) -> Result<Value, Error> {
        Ok(Value::List(self.list))
    }
}

impl ser::SerializeMap for Many {
    type Ok = Value;
    type Error = Error;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.key = match self.write(key)? {
            Value::String(key) => key,
            Value::Int(key) => key.to_string(),
            _ => return Err(unsupported()),
        };
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let value = self.write(value)?;
        let key = std::mem::take(&mut self.key);
        self.insert(key, value);
        Ok(())
    }
    fn end(self) -> Result<Value, Error> {
        if self.map.is_empty() && !self.keep_empty {
            return Ok(Value::Null);
        }
        Ok(Value::Map(self.map))
    }
}

impl ser::SerializeStruct for Many {
    type Ok = Value;
    type Error = Error;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        let value = self.write(value)?;
        self.insert(key.to_owned(), value);
        Ok(())
    }
    fn end(self) -> Result<Value, Error> {
        Ok(Value::Map(self.map))
    }
}
