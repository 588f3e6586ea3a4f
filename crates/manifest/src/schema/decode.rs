//! Strict decoding: what the API server says of unknown fields and wrong types, before it looks at their meaning.

use super::{Field, Holds, Type, nearest};
use crate::golang::{base64_decode, float, quote};
use crate::quantity::Quantity;
use crate::value::{Map, Value};

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FindingKind {
    /// The type has no such field; the nearest one it has.
    Unknown {
        /// A field that is probably meant.
        nearest: Option<&'static str>,
    },
    /// The value has another type than the field, or is not readable as what the field holds.
    Type {
        /// What the field holds, in the table's words (`int32`, `string`, `list`, `map`, a type's name).
        wanted: &'static str,
    },
}

/// One finding of strict decoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The field with indices, e.g. `spec.template.spec.containers[0].imagePullPolcy`.
    pub path: String,
    /// What is wrong.
    pub kind: FindingKind,
    /// Go's words: `unknown field "..."`, `json: cannot unmarshal ...`.
    pub message: String,
    /// The words of the converter on the way of a patch, e.g. `unrecognized type: int32`.
    pub patch_message: String,
}

/// All findings of one document, in the order of its (sorted) keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Fields the type does not have.
    pub unknown: Vec<Finding>,
    /// Values of a wrong type.
    pub wrong: Vec<Finding>,
}

impl Report {
    /// What the server says first: the first wrong type, else all unknown fields.
    pub fn message(&self) -> Option<String> {
        if let Some(first) = self.wrong.first() {
            return Some(first.message.clone());
        }
        self.strict_message()
    }

    fn strict_message(&self) -> Option<String> {
        if self.unknown.is_empty() {
            return None;
        }
        let all: Vec<&str> = self.unknown.iter().map(|finding| finding.message.as_str()).collect();
        Some(format!("strict decoding error: {}", all.join(", ")))
    }
}

/// Compares a document with its type.
pub fn inspect(value: &Value, ty: Type) -> Report {
    let mut walk = Walk { report: Report::default(), path: String::new(), json: String::new() };
    walk.object(value, ty);
    walk.report
}

/// What the API server answers (400 BadRequest) to a document with these findings when it is created.
pub fn bad_request(kind: &str, api_version: &str, report: &Report) -> Option<String> {
    let version = api_version.rsplit('/').next().unwrap_or_default();
    let message = report.message()?;
    Some(format!("{kind} in version {} cannot be handled as a {kind}: {message}", quote(version)))
}

/// What the API server says of a patched object with these findings, behind `patch: Invalid value: "map[...]": `.
pub fn patch_refusal(report: &Report) -> Option<String> {
    if let Some(first) = report.wrong.first() {
        return Some(first.patch_message.clone());
    }
    report.strict_message()
}

/// The document as it is after a trip through Go's types: without `null`s, unknown fields and empty lists and maps
/// (`omitempty`), quantities canonical.
pub fn normalize(value: &Value, ty: Type) -> Value {
    let Value::Map(map) = value else { return value.clone() };
    let fields = map.iter().filter(|(_, value)| !value.is_null()).filter_map(|(key, value)| {
        let field = ty.field(key)?;
        let empty = match (field.holds, value) {
            (Holds::List(_), Value::List(items)) => items.is_empty(),
            (Holds::Map(_) | Holds::MapOfLists(_), Value::Map(map)) => map.is_empty(),
            _ => false,
        };
        if empty && !field.required {
            return None;
        }
        let one = |value: &Value| normalize_one(value, field.holds.type_name());
        let value = match (field.holds, value) {
            (Holds::List(_), Value::List(items)) => Value::List(items.iter().map(one).collect()),
            (Holds::Map(_), Value::Map(map)) => {
                Value::Map(map.iter().map(|(key, value)| (key.clone(), one(value))).collect::<Map>())
            }
            (Holds::One(_), value) => one(value),
            (_, value) => value.clone(),
        };
        Some((key.clone(), value))
    });
    Value::Map(fields.collect())
}

fn normalize_one(value: &Value, ty: &str) -> Value {
    match (ty, value) {
        ("quantity", Value::String(text)) => {
            Quantity::parse(text).map_or_else(|_| value.clone(), |quantity| quantity.to_string().into())
        }
        ("quantity", Value::Int(int)) => {
            quantity_of_number(&int.to_string()).unwrap_or_else(|| value.clone())
        }
        ("quantity", Value::Float(number)) => {
            quantity_of_number(&float(*number)).unwrap_or_else(|| value.clone())
        }
        ("string" | "raw", _) => value.clone(),
        (_, Value::Map(_)) => Type::named(ty).map_or_else(|| value.clone(), |ty| normalize(value, ty)),
        _ => value.clone(),
    }
}

fn quantity_of_number(text: &str) -> Option<Value> {
    Some(Quantity::parse(text).ok()?.to_string().into())
}

struct Walk {
    report: Report,
    /// With indices.
    path: String,
    /// As Go's JSON decoder keeps it: field names only.
    json: String,
}

impl Walk {
    fn object(&mut self, value: &Value, ty: Type) {
        let Value::Map(map) = value else { return };
        for (key, value) in map {
            let Some(field) = ty.field(key) else {
                self.unknown(key, ty);
                continue;
            };
            if value.is_null() {
                continue;
            }
            let (path, json) = (self.path.len(), self.json.len());
            for text in [&mut self.path, &mut self.json] {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(key);
            }
            self.field(value, field, ty);
            self.path.truncate(path);
            self.json.truncate(json);
        }
    }

    fn unknown(&mut self, key: &str, ty: Type) {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        let message = format!("unknown field {}", quote(&path));
        let nearest = nearest(key, ty.fields().map(|field| field.name));
        self.report.unknown.push(Finding {
            path,
            kind: FindingKind::Unknown { nearest },
            patch_message: message.clone(),
            message,
        });
    }

    fn field(&mut self, value: &Value, field: Field, owner: Type) {
        match (field.holds, value) {
            (Holds::One(ty), _) => self.one(value, ty, owner),
            (Holds::List(ty), Value::List(items)) => self.items(items, ty, owner),
            (Holds::List(ty), _) => self.mismatch(value, &format!("[]{}", go_type(ty)), "list", owner),
            (Holds::Map(ty), Value::Map(map)) => {
                for (key, value) in map {
                    let path = self.path.len();
                    push_index(&mut self.path, key);
                    self.one(value, ty, owner);
                    self.path.truncate(path);
                }
            }
            (Holds::MapOfLists(ty), Value::Map(map)) => {
                for (key, value) in map {
                    let path = self.path.len();
                    push_index(&mut self.path, key);
                    if let Value::List(items) = value {
                        self.items(items, ty, owner);
                    } else {
                        self.mismatch(value, &format!("[]{}", go_type(ty)), "list", owner);
                    }
                    self.path.truncate(path);
                }
            }
            (Holds::Map(ty) | Holds::MapOfLists(ty), _) => {
                // Maps of quantities have a name of their own in Go.
                let go = if ty == "quantity" {
                    "v1.ResourceList".to_owned()
                } else {
                    format!("map[string]{}", go_type(ty))
                };
                self.mismatch(value, &go, "map", owner);
            }
        }
    }

    fn items(&mut self, items: &[Value], ty: &'static str, owner: Type) {
        for (i, item) in items.iter().enumerate() {
            let path = self.path.len();
            push_index(&mut self.path, &i.to_string());
            self.one(item, ty, owner);
            self.path.truncate(path);
        }
    }

    fn one(&mut self, value: &Value, ty: &'static str, owner: Type) {
        match (ty, value) {
            (_, Value::Null)
            | ("string" | "intstr" | "text", Value::String(_))
            | ("bool", Value::Bool(_))
            | ("number" | "duration", Value::Int(_) | Value::Float(_))
            | ("raw", _)
            | ("int64", Value::Int(_)) => {}
            ("int32" | "intstr", Value::Int(int)) if i32::try_from(*int).is_ok() => {}
            ("int32" | "int64", Value::Int(_) | Value::Float(_)) => self.bad_number(value, ty, owner),
            ("intstr", _) => {
                let message =
                    format!("json: cannot unmarshal {} into Go value of type int32", json_kind(value));
                self.wrong(message.clone(), message, ty);
            }
            ("quantity", _) => self.quantity(value, ty),
            ("duration", Value::String(text)) => {
                if let Err(message) = crate::duration::parse_go(text) {
                    self.wrong(message.clone(), message, ty);
                }
            }
            ("text", Value::Map(map)) => {
                for (language, words) in map {
                    let path = self.path.len();
                    self.path.push('.');
                    self.path.push_str(language);
                    if !matches!(language.as_str(), "en" | "ko") {
                        let message = format!("unknown field {}", quote(&self.path));
                        self.report.unknown.push(Finding {
                            path: self.path.clone(),
                            kind: FindingKind::Unknown {
                                nearest: nearest(language, ["en", "ko"].into_iter()),
                            },
                            patch_message: message.clone(),
                            message,
                        });
                    } else if !matches!(words, Value::String(_)) {
                        self.mismatch(words, "string", "string", owner);
                    }
                    self.path.truncate(path);
                }
            }
            ("time" | "microtime", _) => self.time(value, ty),
            ("bytes", Value::String(text)) => {
                if let Err(at) = base64_decode(text) {
                    let message = format!("illegal base64 data at input byte {at}");
                    self.wrong(message.clone(), message, ty);
                }
            }
            _ => match Type::named(ty) {
                Some(inner) if matches!(value, Value::Map(_)) => self.object(value, inner),
                _ => self.mismatch(value, &go_type(ty), ty, owner),
            },
        }
    }

    fn quantity(&mut self, value: &Value, ty: &'static str) {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Int(int) => int.to_string(),
            Value::Float(number) => float(*number),
            _ => "{".to_owned(),
        };
        if let Err(error) = Quantity::parse(&text) {
            self.wrong(error.to_string(), error.to_string(), ty);
        }
    }

    fn time(&mut self, value: &Value, ty: &'static str) {
        let message = match value {
            Value::String(text) if crate::api::meta::parse_rfc3339(text).is_some() => return,
            Value::String(text) => {
                let text = quote(text);
                let layout = if ty == "time" {
                    "2006-01-02T15:04:05Z07:00"
                } else {
                    "2006-01-02T15:04:05.000000Z07:00"
                };
                format!("parsing time {text} as {}: cannot parse {text} as \"2006\"", quote(layout))
            }
            _ => format!("json: cannot unmarshal {} into Go value of type string", json_kind(value)),
        };
        self.wrong(message.clone(), message, ty);
    }

    fn bad_number(&mut self, value: &Value, ty: &'static str, owner: Type) {
        let text =
            if let Value::Float(number) = value { float(*number) } else { crate::print::to_json(value) };
        let message = format!(
            "json: cannot unmarshal number {text} into Go struct field {}.{} of type {ty}",
            owner.struct_name(),
            self.json
        );
        let patch = if matches!(value, Value::Float(_)) {
            format!("cannot convert float64 to {ty}")
        } else {
            message.clone()
        };
        self.wrong(message, patch, ty);
    }

    fn mismatch(&mut self, value: &Value, go: &str, wanted: &'static str, owner: Type) {
        let message = format!(
            "json: cannot unmarshal {} into Go struct field {}.{} of type {go}",
            json_kind(value),
            owner.struct_name(),
            self.json
        );
        let from = match value {
            Value::String(_) => "string",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int64",
            Value::Float(_) => "float64",
            Value::List(_) => "slice",
            Value::Map(_) => "map",
            Value::Null => "invalid",
        };
        // runtime.DefaultUnstructuredConverter has words of its own.
        let patch = match wanted {
            "list" => format!("cannot restore slice from {from}"),
            "map" => format!("cannot restore map from {from}"),
            "string" if matches!(value, Value::Int(_)) => "cannot convert int64 to string".to_owned(),
            "string" | "bool" | "int32" | "int64" => format!("unrecognized type: {wanted}"),
            _ => format!("cannot restore struct from: {from}"),
        };
        self.wrong(message, patch, wanted);
    }

    fn wrong(&mut self, message: String, patch_message: String, wanted: &'static str) {
        let path = self.path.clone();
        self.report.wrong.push(Finding { path, kind: FindingKind::Type { wanted }, message, patch_message });
    }
}

fn push_index(path: &mut String, index: &str) {
    path.push('[');
    path.push_str(index);
    path.push(']');
}

fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Float(_) => "number",
        Value::String(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
    }
}

fn go_type(ty: &str) -> String {
    match ty {
        "bytes" => "[]uint8".to_owned(),
        "number" => "float64".to_owned(),
        _ => Type::named(ty).map_or_else(|| ty.to_owned(), Type::go_name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: &str, version: &str, json: &str) -> Option<String> {
        let value: Value = serde_json::from_str(json).unwrap();
        inspect(&value, Type::of(version, kind).unwrap()).message()
    }

    #[test]
    fn go_types_in_words() {
        let deploy = |json: &str| message("Deployment", "apps/v1", json);
        for (json, want) in [
            (
                r#"{"spec":{"replicas":"two"}}"#,
                "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
            ),
            (
                r#"{"spec":{"replicas":2.5}}"#,
                "json: cannot unmarshal number 2.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
            ),
            (
                r#"{"spec":{"replicas":3000000000}}"#,
                "json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32",
            ),
            (
                r#"{"spec":[]}"#,
                "json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec",
            ),
            (
                r#"{"spec":{"template":{"spec":{"containers":{}}}}}"#,
                "json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container",
            ),
            (
                r#"{"spec":{"foo":1,"template":{"spec":{"containers":[{"imge":1}]}}}}"#,
                "strict decoding error: unknown field \"spec.foo\", unknown field \"spec.template.spec.containers[0].imge\"",
            ),
            (
                r#"{"spec":{"template":{"spec":{"containers":[{"env":[{"name":"A","value":1}]}]}}}}"#,
                "json: cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string",
            ),
        ] {
            assert_eq!(deploy(json).as_deref(), Some(want));
        }
        assert_eq!(deploy(r#"{"spec":{"replicas":null,"paused":true}}"#), None);
        assert_eq!(
            message("Secret", "v1", r#"{"data":{"a":"not base64!"}}"#).as_deref(),
            Some("illegal base64 data at input byte 3")
        );
        assert_eq!(
            message("Service", "v1", r#"{"spec":{"ports":[{"targetPort":true}]}}"#).as_deref(),
            Some("json: cannot unmarshal bool into Go value of type int32")
        );
    }

    #[test]
    fn slips_have_suggestions() {
        let value: Value = serde_json::from_str(r#"{"spec":{"replcas":1}}"#).unwrap();
        let report = inspect(&value, Type::of("apps/v1", "Deployment").unwrap());
        assert_eq!(report.unknown[0].kind, FindingKind::Unknown { nearest: Some("replicas") });
    }

    #[test]
    fn values_are_normalized() {
        let value: Value = serde_json::from_str(
            r#"{"spec":{"nope":1,"nodeName":null,"containers":[{"resources":{"limits":{"cpu":0.5,"memory":"1024Mi"}}}]}}"#,
        )
        .unwrap();
        let want: Value = serde_json::from_str(
            r#"{"spec":{"containers":[{"resources":{"limits":{"cpu":"500m","memory":"1Gi"}}}]}}"#,
        )
        .unwrap();
        assert_eq!(normalize(&value, Type::of("v1", "Pod").unwrap()), want);
    }
}
