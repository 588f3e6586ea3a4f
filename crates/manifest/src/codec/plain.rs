//! How plain values, lists, maps and options are read and written.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Codec, Error};
use crate::api::meta::{IntOrString, MicroTime, Str, Timestamp, Uid, parse_rfc3339};
use crate::api::pod::Phase;
use crate::lab::{Duration, Op, Text};
use crate::quantity::Quantity;
use crate::value::{Map, Value};

fn expected<T>(what: &str) -> Result<T, Error> {
    Err(Error(["expected ", what].concat()))
}

fn text(value: &Value) -> Result<&str, Error> {
    value.as_str().map_or_else(|| expected("a text"), Ok)
}

impl Codec for Value {
    fn read(&mut self, value: &Value) -> Result<(), Error> {
        self.clone_from(value);
        Ok(())
    }
    fn write(&self) -> Value {
        self.clone()
    }
    fn is_empty(&self) -> bool {
        self.is_null()
    }
}

impl Codec for Str {
    fn read(&mut self, value: &Value) -> Result<(), Error> {
        *self = text(value)?.into();
        Ok(())
    }
    fn write(&self) -> Value {
        (&**self).into()
    }
    fn is_empty(&self) -> bool {
        str::is_empty(self)
    }
}

impl Codec for bool {
    fn read(&mut self, value: &Value) -> Result<(), Error> {
        match value.as_bool() {
            Some(bool) => *self = bool,
            None => return expected("true or false"),
        }
        Ok(())
    }
    fn write(&self) -> Value {
        Value::Bool(*self)
    }
    fn is_empty(&self) -> bool {
        !*self
    }
}

impl Codec for i64 {
    fn read(&mut self, value: &Value) -> Result<(), Error> {
        match value.as_int() {
            Some(int) => *self = int,
            None => return expected("a whole number"),
        }
        Ok(())
    }
    fn write(&self) -> Value {
        Value::Int(*self)
    }
    fn is_empty(&self) -> bool {
        *self == 0
    }
}

impl Codec for i32 {
    fn read(&mut self, value: &Value) -> Result<(), Error> {
        match value.as_int().and_then(|int| i32::try_from(int).ok()) {
            Some(int) => *self = int,
            None => return expected("a whole number of 32 bits"),
        }
        Ok(())
    }
    fn write(&self) -> Value {
        Value::Int(i64::from(*self))
    }
    fn is_empty(&self) -> bool {
        *self == 0
    }
}

/// Resource versions: numbers for the store, texts in documents.
impl Codec for u64 {
    fn read(&mut self, value: &Value) -> Result<(), Error> {
        *self = text(value)?.parse().unwrap_or_default();
        Ok(())
    }
    fn write(&self) -> Value {
        self.to_string().into()
    }
    fn is_empty(&self) -> bool {
        *self == 0
    }
}

impl<T: Codec + Default> Codec for Option<T> {
    fn read(&mut self, value: &Value) -> Result<(), Error> {
        self.get_or_insert_default().read(value)
    }
    fn write(&self) -> Value {
        self.as_ref().map_or(Value::Null, Codec::write)
    }
    fn is_empty(&self) -> bool {
        self.is_none()
    }
}

impl<T: Codec + Default + Clone> Codec for Arc<T> {
    fn read(&mut self, value: &Value) -> Result<(), Error> {
        Arc::make_mut(self).read(value)
    }
    fn write(&self) -> Value {
        (**self).write()
    }
    fn is_empty(&self) -> bool {
        (**self).is_empty()
    }
}

impl<T: Codec + Default> Codec for Vec<T> {
    fn read(&mut self, value: &Value) -> Result<(), Error> {
        let Some(list) = value.as_list() else { return expected("a list") };
        for value in list {
            let mut item = T::default();
            if !value.is_null() {
                item.read(value)?;
            }
            self.push(item);
        }
        Ok(())
    }
    fn write(&self) -> Value {
        Value::List(self.iter().map(Codec::write).collect())
    }
    fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }
}

impl<T: Codec + Default> Codec for BTreeMap<Str, T> {
    fn read(&mut self, value: &Value) -> Result<(), Error> {
        let Some(map) = value.as_map() else { return expected("a map") };
        for (key, value) in map {
            let mut item = T::default();
            if !value.is_null() {
                item.read(value)?;
            }
            self.insert(key.as_str().into(), item);
        }
        Ok(())
    }
    fn write(&self) -> Value {
        Value::Map(self.iter().map(|(key, value)| (key.as_ref().to_owned(), value.write())).collect::<Map>())
    }
    fn is_empty(&self) -> bool {
        BTreeMap::is_empty(self)
    }
}

impl Codec for Quantity {
    fn read(&mut self, value: &Value) -> Result<(), Error> {
        *self = match value {
            Value::Int(int) => Quantity::whole(*int),
            Value::Float(number) => parsed(&crate::golang::float(*number))?,
            _ => parsed(text(value)?)?,
        };
        Ok(())
    }
    fn write(&self) -> Value {
        self.to_string().into()
    }
}

fn parsed(text: &str) -> Result<Quantity, Error> {
    Quantity::parse(text).map_err(|error| Error(error.to_string()))
}

impl Codec for Timestamp {
    fn read(&mut self, value: &Value) -> Result<(), Error> {
        match parse_rfc3339(text(value)?) {
            Some(micros) => *self = Timestamp(micros.div_euclid(1_000_000)),
            None => return expected("an RFC 3339 time"),
        }
        Ok(())
    }
    fn write(&self) -> Value {
        self.to_string().into()
    }
}

impl Codec for MicroTime {
    fn read(&mut self, value: &Value) -> Result<(), Error> {
        match parse_rfc3339(text(value)?) {
            Some(micros) => *self = MicroTime(micros),
            None => return expected("an RFC 3339 time"),
        }
        Ok(())
    }
    fn write(&self) -> Value {
        self.to_string().into()
    }
}

impl Codec for Uid {
    fn read(&mut self, value: &Value) -> Result<(), Error> {
        *self = Uid::parse(text(value)?).unwrap_or_default();
        Ok(())
    }
    fn write(&self) -> Value {
        self.to_string().into()
    }
    fn is_empty(&self) -> bool {
        self.is_unset()
    }
}

impl Codec for IntOrString {
    fn read(&mut self, value: &Value) -> Result<(), Error> {
        *self = if let Value::String(text) = value {
            IntOrString::String(text.as_str().into())
        } else {
            let mut int = 0;
            Codec::read(&mut int, value)?;
            IntOrString::Int(int)
        };
        Ok(())
    }
    fn write(&self) -> Value {
        match self {
            IntOrString::Int(int) => Value::Int(i64::from(*int)),
            IntOrString::String(text) => (&**text).into(),
        }
    }
}

/// Enumerations by their words.
macro_rules! words {
    ($ty:ident: $($variant:ident $word:literal),*) => {
        impl Codec for $ty {
            fn read(&mut self, value: &Value) -> Result<(), Error> {
                *self = match text(value)? {
                    $($word => $ty::$variant,)*
                    _ => return expected(concat!("one of", $(" ", $word),*)),
                };
                Ok(())
            }
            fn write(&self) -> Value {
                match self {
                    $($ty::$variant => $word,)*
                }
                .into()
            }
        }
    };
}

words! { Phase: Pending "Pending", Running "Running", Succeeded "Succeeded", Failed "Failed", Unknown "Unknown" }
words! { Op: Equal "==", NotEqual "!=", Less "<", LessOrEqual "<=", Greater ">", GreaterOrEqual ">=", Contains "contains" }

impl Codec for Duration {
    fn read(&mut self, value: &Value) -> Result<(), Error> {
        *self = match value {
            Value::Int(seconds) => Duration(seconds.saturating_mul(1_000_000)),
            Value::Float(seconds) => Duration((seconds * 1e6) as i64),
            _ => Duration(crate::duration::parse_go(text(value)?).map_err(Error)?),
        };
        Ok(())
    }
    fn write(&self) -> Value {
        self.to_string().into()
    }
}

impl Codec for Text {
    fn read(&mut self, value: &Value) -> Result<(), Error> {
        if let Value::Map(map) = value {
            for (language, slot) in [("en", &mut self.en), ("ko", &mut self.ko)] {
                if let Some(words) = map.get(language) {
                    text(words)?.clone_into(slot);
                }
            }
            return Ok(());
        }
        let words = text(value)?;
        words.clone_into(&mut self.en);
        words.clone_into(&mut self.ko);
        Ok(())
    }
    fn write(&self) -> Value {
        if self.en == self.ko {
            return self.en.as_str().into();
        }
        let both = [("en", &self.en), ("ko", &self.ko)];
        let entries = both.into_iter().filter(|(_, words)| !words.is_empty());
        Value::Map(entries.map(|(language, words)| (language.to_owned(), words.as_str().into())).collect())
    }
}
