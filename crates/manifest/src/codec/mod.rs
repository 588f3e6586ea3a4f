//! Between [`Value`] trees and typed objects.
//!
//! [`to_value`] leaves out what Go's `omitempty` leaves out: absent options, empty lists and maps, zeros; empty structs
//! stay (`strategy: {}`), and so does everything inside a plain [`Value`] (`emptyDir: {}`).

mod fields;
mod plain;

use std::fmt;
use std::sync::Arc;

pub(crate) use fields::fields;
pub use fields::{Fields, read_fields, write_fields};

use crate::api::{Kind, Object, Other};
use crate::value::{Map, Value};

/// Why a value does not fit a type, in words for a person. The strict check against the field table
/// ([`crate::schema`]) comes first and says it as the API server does; this is what is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(pub String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// A type that is read from and written to [`Value`]s.
pub trait Codec {
    /// Takes on a value; what the value does not say stays.
    ///
    /// # Errors
    /// Where the value has another type.
    fn read(&mut self, value: &Value) -> Result<(), Error>;
    /// Its value; `Null` for nothing.
    fn write(&self) -> Value;
    /// Whether it is nothing that Go would write.
    fn is_empty(&self) -> bool {
        false
    }
}

/// The tree of a typed value.
pub fn to_value<T: Codec + ?Sized>(typed: &T) -> Value {
    typed.write()
}

/// The typed value of a tree. Unknown fields are ignored; `null` means absent.
///
/// # Errors
/// Where a value has another type than the field.
pub fn from_value<T: Codec + Default>(value: &Value) -> Result<T, Error> {
    let mut typed = T::default();
    typed.read(value)?;
    Ok(typed)
}

macro_rules! typed_kinds {
    ($($kind:ident),*) => {
        impl Object {
            /// The object of a document, by its `apiVersion` and `kind`, in the version that is stored.
            ///
            /// # Errors
            /// Where a value has another type than the field.
            pub fn from_value(value: &Value) -> Result<Object, Error> {
                let stored = crate::convert::stored(value);
                let value = stored.as_ref().unwrap_or(value);
                let api_version = value.str_at(&["apiVersion"]).unwrap_or_default();
                let kind = value.str_at(&["kind"]).unwrap_or_default();
                match Kind::of(api_version, kind) {
                    $(Kind::$kind => Ok(Object::$kind(Arc::new(from_value(value)?))),)*
                    Kind::Other => {
                        let metadata = value.get("metadata").map(from_value).transpose()?.unwrap_or_default();
                        let mut body = value.as_map().cloned().unwrap_or_default();
                        for key in ["apiVersion", "kind", "metadata"] {
                            body.remove(key);
                        }
                        let other = Other { api_version: api_version.into(), kind: kind.into(), metadata, body };
                        Ok(Object::Other(Arc::new(other)))
                    }
                }
            }

            /// The whole object as a document, with `apiVersion` and `kind`.
            pub fn to_value(&self) -> Value {
                let tree = match self {
                    $(Object::$kind(object) => to_value(&**object),)*
                    Object::Other(other) => {
                        let mut map = other.body.clone();
                        map.insert("metadata".to_owned(), to_value(&other.metadata));
                        Value::Map(map)
                    }
                };
                let mut map = if let Value::Map(map) = tree { map } else { Map::new() };
                map.insert("apiVersion".to_owned(), self.api_version().into());
                map.insert("kind".to_owned(), self.kind_name().into());
                Value::Map(map)
            }
        }
    };
}

typed_kinds!(
    Namespace,
    Node,
    ConfigMap,
    Secret,
    Service,
    Pod,
    Event,
    ReplicaSet,
    Deployment,
    EndpointSlice,
    HorizontalPodAutoscaler,
    Rollout,
    AnalysisTemplate,
    AnalysisRun
);

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[(&str, Value)]) -> Value {
        Value::Map(entries.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect())
    }

    #[test]
    fn a_deployment_goes_there_and_back() {
        let labels = map(&[("app", "web".into())]);
        let container = map(&[("image", "nginx".into()), ("name", "c".into()), ("resources", map(&[]))]);
        let value = map(&[
            ("apiVersion", "apps/v1".into()),
            ("kind", "Deployment".into()),
            ("metadata", map(&[("name", "web".into()), ("labels", labels.clone())])),
            (
                "spec",
                map(&[
                    ("replicas", Value::Int(0)),
                    ("selector", map(&[("matchLabels", labels.clone())])),
                    ("strategy", map(&[])),
                    (
                        "template",
                        map(&[
                            ("metadata", map(&[("labels", labels)])),
                            (
                                "spec",
                                map(&[
                                    ("containers", Value::List(vec![container])),
                                    (
                                        "volumes",
                                        Value::List(vec![map(&[
                                            ("name", "v".into()),
                                            ("emptyDir", map(&[])),
                                        ])]),
                                    ),
                                ]),
                            ),
                        ]),
                    ),
                ]),
            ),
            ("status", map(&[])),
        ]);
        let object = Object::from_value(&value).unwrap();
        assert_eq!(object.kind(), Kind::Deployment);
        assert_eq!(object.to_value(), value);
    }

    #[test]
    fn other_kinds_keep_their_fields() {
        let value = map(&[
            ("apiVersion", "networking.k8s.io/v1".into()),
            ("kind", "Ingress".into()),
            ("metadata", map(&[("name", "i".into())])),
            ("spec", map(&[("rules", Value::List(vec![map(&[])]))])),
        ]);
        assert_eq!(Object::from_value(&value).unwrap().to_value(), value);
    }

    #[test]
    fn wrong_types_are_refused() {
        let value = map(&[
            ("apiVersion", "v1".into()),
            ("kind", "Pod".into()),
            ("spec", map(&[("containers", "x".into())])),
        ]);
        assert!(Object::from_value(&value).is_err());
    }
}
