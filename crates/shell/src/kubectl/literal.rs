//! Values written in place, and changes inside values.

use opscape_manifest::value::{Map, Value};

/// A map; members that are `null` are left out.
pub(crate) fn map<const N: usize>(members: [(&str, Value); N]) -> Value {
    from_members(Vec::from(members))
}

/// One for all numbers of members. (Collecting would sort first, with code of its own.)
fn from_members(members: Vec<(&str, Value)>) -> Value {
    let mut map = Map::new();
    for (key, value) in members {
        if !value.is_null() {
            map.insert(key.to_owned(), value);
        }
    }
    Value::Map(map)
}

/// A list of texts; `null` if there are none.
pub(crate) fn texts<T: AsRef<str>>(texts: &[T]) -> Value {
    if texts.is_empty() {
        return Value::Null;
    }
    Value::List(texts.iter().map(|text| Value::from(text.as_ref())).collect())
}

/// A list; `null` if it is empty.
pub(crate) fn some_list(list: Vec<Value>) -> Value {
    if list.is_empty() { Value::Null } else { Value::List(list) }
}

/// A text; `null` if it is empty.
pub(crate) fn some_text(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { Value::from(text) }
}

/// A map of texts; `null` if it is empty.
pub(crate) fn some_map(pairs: &[(String, String)]) -> Value {
    if pairs.is_empty() {
        return Value::Null;
    }
    from_members(pairs.iter().map(|(key, value)| (key.as_str(), Value::from(value.as_str()))).collect())
}

/// The member at a path of keys, made if it is not there (as maps).
pub(crate) fn slot<'a>(value: &'a mut Value, path: &[&str]) -> &'a mut Value {
    path.iter().fold(value, |value, key| {
        if !matches!(value, Value::Map(_)) {
            *value = Value::Map(Map::new());
        }
        // Always a map here; another arm would be needed only to please the types.
        match value {
            Value::Map(map) => map.entry((*key).to_owned()).or_default(),
            other => other,
        }
    })
}

/// Removes the member at a path of keys, and gives it.
pub(crate) fn remove(value: &mut Value, path: &[&str]) -> Option<Value> {
    let (last, parents) = path.split_last()?;
    let mut value = value;
    for key in parents {
        value = value.as_map_mut()?.get_mut(*key)?;
    }
    value.as_map_mut()?.remove(*last)
}

/// Changes the list at a path of keys; a missing one is empty, and one that becomes empty is removed.
pub(crate) fn edit_list(value: &mut Value, path: &[&str], edit: impl FnOnce(&mut Vec<Value>)) {
    let mut list = match slot(value, path) {
        Value::List(list) => std::mem::take(list),
        _ => Vec::new(),
    };
    edit(&mut list);
    if list.is_empty() {
        remove(value, path);
    } else {
        *slot(value, path) = Value::List(list);
    }
}

/// The path of the pod spec of a kind.
pub(crate) fn pod_spec_path(kind: &str) -> Option<&'static [&'static str]> {
    match kind {
        "Pod" => Some(&["spec"]),
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" | "ReplicationController" => {
            Some(&["spec", "template", "spec"])
        }
        "CronJob" => Some(&["spec", "jobTemplate", "spec", "template", "spec"]),
        _ => None,
    }
}
