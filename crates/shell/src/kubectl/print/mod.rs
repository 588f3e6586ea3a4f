//! The tables of `kubectl get`: columns and cells of each kind (pkg/printers/internalversion/printers.go).
//!
//! A kind has a line of columns, separated by `|`, a `*` behind those of `-o wide`, and a function that fills the cells of
//! all of them. What has no entry here is printed with its name and age.

mod autoscaling;
mod config;
mod event;
mod network;
mod node;
mod pod;
mod storage;
mod workloads;

use opscape_manifest::api::meta::{MicroTime, parse_rfc3339};
use opscape_manifest::duration;
use opscape_manifest::value::Value;

pub(crate) use node::roles as node_roles;
pub(crate) use storage::access_mode;

use super::Resource;

/// Columns and cells of a kind.
#[derive(Clone, Copy)]
pub(crate) struct Printer {
    /// `NAME|READY|IP*`.
    pub columns: &'static str,
    /// The cells of one object, for all columns.
    pub cells: fn(&Value, MicroTime) -> Vec<String>,
}

/// How a resource is printed.
pub(crate) fn printer(resource: &Resource) -> Printer {
    let family = match resource.plural {
        "pods" => Some(pod::printer()),
        "nodes" => Some(node::printer()),
        "events" => Some(event::printer()),
        "deployments"
        | "replicasets"
        | "rollouts"
        | "analysisruns"
        | "statefulsets"
        | "daemonsets"
        | "jobs"
        | "cronjobs"
        | "controllerrevisions"
        | "replicationcontrollers" => workloads::printer(resource.plural),
        "services" | "ingresses" | "networkpolicies" | "endpoints" | "endpointslices" | "ingressclasses"
        | "gatewayclasses" | "gateways" | "httproutes" => network::printer(resource.plural),
        #[cfg(feature = "unsimulated")]
        "persistentvolumes" | "persistentvolumeclaims" | "storageclasses" => {
            storage::printer(resource.plural)
        }
        "horizontalpodautoscalers" => Some(autoscaling::autoscalers()),
        #[cfg(feature = "unsimulated")]
        "poddisruptionbudgets" | "priorityclasses" => autoscaling::printer(resource.plural),
        other => config::printer(other),
    };
    family.unwrap_or(Printer {
        columns: "NAME|AGE",
        cells: |object, now| vec![name(object), age_of(object, now)],
    })
}

/// The text at a path of keys separated by dots; empty if there is none.
pub(crate) fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    at(value, path).and_then(Value::as_str).unwrap_or("")
}

/// The value at a path of keys separated by dots.
pub(crate) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, key| value.get(key))
}

/// The number at a path; 0 if there is none.
pub(crate) fn number(value: &Value, path: &str) -> i64 {
    at(value, path).and_then(Value::as_int).unwrap_or(0)
}

/// The list at a path; empty if there is none.
pub(crate) fn list<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    at(value, path).and_then(Value::as_list).unwrap_or_default()
}

/// A scalar as Go's `%v` prints it.
pub(crate) fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Int(int) => int.to_string(),
        Value::Bool(true) => "true".to_owned(),
        Value::Bool(false) => "false".to_owned(),
        Value::Null => "<nil>".to_owned(),
        other => opscape_manifest::print::to_json(other),
    }
}

pub(crate) fn name(object: &Value) -> String {
    text(object, "metadata.name").to_owned()
}

/// `<none>` for nothing.
pub(crate) fn or_none(text: &str) -> String {
    if text.is_empty() { "<none>".to_owned() } else { text.to_owned() }
}

/// How long ago a time was: `5m`; `<unknown>` without one.
pub(crate) fn since(time: &str, now: MicroTime) -> String {
    match parse_rfc3339(time) {
        Some(then) => duration::age((now.0 - then) as f64 / 1e6),
        None => "<unknown>".to_owned(),
    }
}

/// The AGE of an object.
pub(crate) fn age_of(object: &Value, now: MicroTime) -> String {
    since(text(object, "metadata.creationTimestamp"), now)
}

/// `a=b,c=d` of a map; `<none>` if it is empty (`labels.FormatLabels`).
pub(crate) fn labels(map: Option<&Value>) -> String {
    let pairs: Vec<String> = map
        .and_then(Value::as_map)
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or("")))
        .collect();
    or_none(&pairs.join(","))
}

/// A label selector in one line (`metav1.FormatLabelSelector`); `<none>` if it selects everything.
pub(crate) fn selector(selector: Option<&Value>) -> String {
    let Some(selector) = selector else { return "<none>".to_owned() };
    // A blank sorts before all that a key may hold, so the keys alone decide.
    let mut parts: Vec<String> = at(selector, "matchLabels")
        .and_then(Value::as_map)
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key} {key}={}", value.as_str().unwrap_or("")))
        .collect();
    for expression in list(selector, "matchExpressions") {
        let key = text(expression, "key");
        let mut values: Vec<String> =
            list(expression, "values").iter().filter_map(Value::as_str).map(str::to_owned).collect();
        crate::sorted::texts(&mut values);
        let values = values.join(",");
        let part = match text(expression, "operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            other => format!("{key} {other} ({values})"),
        };
        parts.push(format!("{key} {part}"));
    }
    crate::sorted::texts(&mut parts);
    let parts: Vec<&str> =
        parts.iter().filter_map(|part| part.split_once(' ')).map(|(_, part)| part).collect();
    or_none(&parts.join(","))
}

/// Names and images of the containers of a pod spec, as the last columns of `-o wide`.
pub(crate) fn containers(spec: Option<&Value>) -> [String; 2] {
    let containers = spec.map_or(&[][..], |spec| list(spec, "containers"));
    let join = |field: &str| containers.iter().map(|c| text(c, field)).collect::<Vec<_>>().join(",");
    [join("name"), join("image")]
}

/// The status of a condition.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    list(object, "status.conditions").iter().find(|condition| text(condition, "type") == kind)
}
