//! The compact view of an object as fields to compare: without empty values and what is different each time.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::names::Names;

/// Not compared.
const LEFT_OUT: [&str; 5] = ["hash", "labels_hash", "deletionGracePeriodSeconds", "owner", "qos"];
/// Only whether they are set is compared.
const TIMES: [&str; 5] =
    ["startTime", "completionTime", "lastScheduleTime", "lastSuccessfulTime", "lastScaleTime"];

/// The fields of one object.
pub fn fields(names: &Names, kind: &str, object: &serde_json::Map<String, Json>) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for (key, value) in object {
        match (key.as_str(), value) {
            (key, _) if LEFT_OUT.contains(&key) => {}
            ("status", Json::Object(status)) => status_fields(names, kind, object, status, &mut out),
            // Counts the scaling steps, and those may be merged.
            ("generation", _) if kind == "ReplicaSet" => {}
            ("conditions", Json::Array(conditions)) => {
                for condition in conditions.iter().filter_map(Json::as_str) {
                    let (name, value) = condition.split_once('=').unwrap_or((condition, ""));
                    if !value.contains("KubeletHas") {
                        out.insert(format!("condition.{name}"), value.to_owned());
                    }
                }
            }
            ("taints", taints) => {
                let mut taints: Vec<String> = taints.as_array().into_iter().flatten().map(taint).collect();
                taints.sort();
                out.insert(key.clone(), taints.join(" "));
            }
            _ => put(names, key, value, &mut out),
        }
    }
    out.retain(|_, value| !value.is_empty());
    out
}

/// A taint without the time it was added.
fn taint(taint: &Json) -> String {
    let Some(text) = taint.as_str() else { return python_json(taint) };
    let end = text.find(['@', ' ']).unwrap_or(text.len());
    text.get(..end).unwrap_or(text).to_owned()
}

fn status_fields(
    names: &Names,
    kind: &str,
    object: &serde_json::Map<String, Json>,
    status: &serde_json::Map<String, Json>,
    out: &mut BTreeMap<String, String>,
) {
    let mut status = status.clone();
    for condition in status.remove("conditions").as_ref().and_then(Json::as_array).into_iter().flatten() {
        let member = |key: &str| condition.get(key).and_then(Json::as_str);
        let Some(name) = member("type") else { continue };
        let (state, reason) = (member("status").unwrap_or("None"), member("reason").unwrap_or(""));
        out.insert(format!("condition.{name}"), format!("{state}/{reason}"));
        if let Some(message) = member("message").filter(|message| !message.is_empty()) {
            out.insert(format!("condition.{name}.message"), names.text(message, false));
        }
    }
    status.remove("uncountedTerminatedPods");
    if kind == "ReplicaSet" {
        let observed = status.get("observedGeneration").cloned().unwrap_or(Json::from(0));
        let behind = Some(&observed) != object.get("generation");
        status.insert("observedGeneration".to_owned(), Json::from(if behind { "behind" } else { "" }));
    }
    for key in TIMES {
        if status.get(key).is_some_and(|value| !is_empty(value)) {
            status.insert(key.to_owned(), Json::from("set"));
        }
    }
    for key in ["active", "disruptedPods"] {
        let count = match status.get(key) {
            Some(Json::Array(list)) => list.len(),
            Some(Json::Object(map)) => map.len(),
            _ => continue,
        };
        status.insert(key.to_owned(), Json::from(count));
    }
    put(names, "status", &Json::Object(status), out);
}

fn put(names: &Names, key: &str, value: &Json, out: &mut BTreeMap<String, String>) {
    match value {
        Json::Object(map) => {
            for (member, value) in map {
                put(names, &format!("{key}.{member}"), value, out);
            }
        }
        value if is_empty(value) => {}
        Json::String(text) => {
            out.insert(key.to_owned(), names.text(text, true));
        }
        value => {
            out.insert(key.to_owned(), names.text(&python_json(value), true));
        }
    }
}

/// Zero, nothing, false: the same as missing.
pub fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(bool) => !bool,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(list) => list.is_empty(),
        Json::Object(map) => map.is_empty(),
    }
}

/// JSON with the spaces that Python's encoder writes.
pub fn python_json(value: &Json) -> String {
    match value {
        Json::Array(list) => format!("[{}]", list.iter().map(python_json).collect::<Vec<_>>().join(", ")),
        Json::Object(map) => {
            let members: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{}: {}", Json::from(key.as_str()), python_json(value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        other => other.to_string(),
    }
}
