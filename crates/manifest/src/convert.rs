//! Objects in other served versions than the one that is stored: `autoscaling/v1`, which has a field for the cpu and
//! annotations for everything else (Kubernetes v1.36: pkg/apis/autoscaling/v1/conversion.go).

use crate::print::to_json;
use crate::tree::{Limits, parse};
use crate::value::{Map, Value};

const V1: &str = "autoscaling/v1";
const V2: &str = "autoscaling/v2";
const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const CURRENT: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";

/// What an object is in the version that is stored; none: it is in that version.
pub fn stored(value: &Value) -> Option<Value> {
    is_autoscaler(value, V1).then(|| from_v1(value))
}

/// An object in another version that is served; as it is if there is none.
#[must_use]
pub fn served(value: Value, api_version: &str) -> Value {
    if api_version == V1 && is_autoscaler(&value, V2) { to_v1(&value) } else { value }
}

fn is_autoscaler(value: &Value, api_version: &str) -> bool {
    value.str_at(&["apiVersion"]) == Some(api_version)
        && value.str_at(&["kind"]) == Some("HorizontalPodAutoscaler")
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(
        entries
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    )
}

/// The JSON in an annotation.
fn json(text: &str) -> Option<Value> {
    let start = crate::diagnostic::Position { line: 1, column: 1, offset: 0 };
    let parsed = parse(text, start, Limits::default());
    parsed.diagnostics.is_empty().then_some(parsed.root?.to_value())
}

fn member(value: &Value, path: &[&str]) -> Value {
    value.at(path).cloned().unwrap_or_default()
}

fn annotations(root: &mut Map) -> Option<&mut Map> {
    root.get_mut("metadata")?.as_map_mut()?.get_mut("annotations")?.as_map_mut()
}

fn from_v1(value: &Value) -> Value {
    let mut root = value.as_map().cloned().unwrap_or_default();
    root.insert("apiVersion".to_owned(), V2.into());
    let mut take = |key: &str| {
        let text = annotations(&mut root)?.remove(key)?;
        json(text.as_str()?)
    };
    let (metrics, current, behavior, conditions) =
        (take(METRICS), take(CURRENT), take(BEHAVIOR), take(CONDITIONS));
    if let Some(Value::Map(spec)) = root.get_mut("spec") {
        let mut all = Vec::new();
        if let Some(percent) = spec.remove("targetCPUUtilizationPercentage").filter(|value| !value.is_null())
        {
            let target = map([("averageUtilization", percent), ("type", "Utilization".into())]);
            let resource = map([("name", "cpu".into()), ("target", target)]);
            all.push(map([("resource", resource), ("type", "Resource".into())]));
        }
        let others = metrics.as_ref().and_then(Value::as_list).unwrap_or_default();
        all.extend(others.iter().map(|metric| metric_from_v1(metric, "target")));
        if !all.is_empty() {
            spec.insert("metrics".to_owned(), Value::List(all));
        }
        if let Some(behavior) = behavior {
            spec.insert("behavior".to_owned(), behavior);
        }
    }
    if let Some(Value::Map(status)) = root.get_mut("status") {
        status.remove("currentCPUUtilizationPercentage");
        if let Some(Value::List(current)) = current {
            let all = current.iter().map(|metric| metric_from_v1(metric, "current")).collect();
            status.insert("currentMetrics".to_owned(), Value::List(all));
        }
        if let Some(conditions) = conditions {
            status.insert("conditions".to_owned(), conditions);
        }
    }
    Value::Map(root)
}

fn to_v1(value: &Value) -> Value {
    let mut root = value.as_map().cloned().unwrap_or_default();
    root.insert("apiVersion".to_owned(), V1.into());
    let mut kept: Vec<(&str, Value)> = Vec::new();
    if let Some(Value::Map(spec)) = root.get_mut("spec") {
        let mut others = Vec::new();
        for metric in spec.remove("metrics").as_ref().and_then(Value::as_list).unwrap_or_default() {
            let percent = metric.at(&["resource", "target", "averageUtilization"]);
            match percent.filter(|_| metric.str_at(&["resource", "name"]) == Some("cpu")) {
                Some(percent) => {
                    spec.insert("targetCPUUtilizationPercentage".to_owned(), percent.clone());
                }
                None => others.push(metric_to_v1(metric, "target")),
            }
        }
        if !others.is_empty() {
            kept.push((METRICS, Value::List(others)));
        }
        kept.extend(spec.remove("behavior").map(|behavior| (BEHAVIOR, behavior)));
    }
    if let Some(Value::Map(status)) = root.get_mut("status") {
        let current = status.remove("currentMetrics");
        let current = current.as_ref().and_then(Value::as_list).unwrap_or_default();
        let cpu = current.iter().find(|metric| metric.str_at(&["resource", "name"]) == Some("cpu"));
        if let Some(percent) = cpu.and_then(|cpu| cpu.at(&["resource", "current", "averageUtilization"])) {
            status.insert("currentCPUUtilizationPercentage".to_owned(), percent.clone());
        }
        if !current.is_empty() {
            let all = current.iter().map(|metric| metric_to_v1(metric, "current")).collect();
            kept.push((CURRENT, Value::List(all)));
        }
        kept.extend(status.remove("conditions").map(|conditions| (CONDITIONS, conditions)));
        status.entry("currentReplicas".to_owned()).or_insert(Value::Int(0));
    }
    if !kept.is_empty()
        && let Some(Value::Map(metadata)) = root.get_mut("metadata")
    {
        metadata.entry("annotations".to_owned()).or_insert_with(|| Map::new().into());
        for (key, value) in kept {
            if let Some(annotations) = annotations(&mut root) {
                annotations.insert(key.to_owned(), to_json(&value).into());
            }
        }
    }
    Value::Map(root)
}

/// `which`: `target` or `current`, the beginning of the names of the old fields.
fn metric_from_v1(metric: &Value, which: &str) -> Value {
    let kind = metric.str_at(&["type"]).unwrap_or_default();
    let Some((key, source)) = source(metric, kind) else { return metric.clone() };
    let old = |name: &str| member(source, &[&[which, name].concat()]);
    let named = |name: &str, selector: &str| {
        let selector = member(source, &[selector]);
        map([("name", member(source, &[name])), ("selector", selector)])
    };
    let target = |value: Value, average: Value, percent: Value| {
        let kind = match (which, average.is_null(), percent.is_null()) {
            ("current", ..) => Value::Null,
            (_, false, _) => "AverageValue".into(),
            (_, _, false) => "Utilization".into(),
            _ => "Value".into(),
        };
        let value = if average.is_null() { value } else { Value::Null };
        map([("averageUtilization", percent), ("averageValue", average), ("type", kind), ("value", value)])
    };
    let new = match kind {
        "Resource" | "ContainerResource" => map([
            ("container", member(source, &["container"])),
            ("name", member(source, &["name"])),
            (which, target(Value::Null, old("AverageValue"), old("AverageUtilization"))),
        ]),
        "Pods" => map([
            ("metric", named("metricName", "selector")),
            (which, target(Value::Null, old("AverageValue"), Value::Null)),
        ]),
        "Object" => map([
            ("describedObject", member(source, &["target"])),
            ("metric", named("metricName", "selector")),
            (which, target(old("Value"), member(source, &["averageValue"]), Value::Null)),
        ]),
        _ => map([
            ("metric", named("metricName", "metricSelector")),
            (which, target(old("Value"), old("AverageValue"), Value::Null)),
        ]),
    };
    map([(key, new), ("type", kind.into())])
}

fn metric_to_v1(metric: &Value, which: &str) -> Value {
    let kind = metric.str_at(&["type"]).unwrap_or_default();
    let Some((key, source)) = source(metric, kind) else { return metric.clone() };
    let amount = |name: &str| member(source, &[which, name]);
    let (value, average) = ([which, "Value"].concat(), [which, "AverageValue"].concat());
    let percent = [which, "AverageUtilization"].concat();
    let (name, selector) = (member(source, &["metric", "name"]), member(source, &["metric", "selector"]));
    let old = match kind {
        "Resource" | "ContainerResource" => map([
            ("container", member(source, &["container"])),
            ("name", member(source, &["name"])),
            (&percent, amount("averageUtilization")),
            (&average, amount("averageValue")),
        ]),
        "Pods" => map([("metricName", name), ("selector", selector), (&average, amount("averageValue"))]),
        "Object" => map([
            ("target", member(source, &["describedObject"])),
            ("metricName", name),
            ("selector", selector),
            ("averageValue", amount("averageValue")),
            (&value, amount("value")),
        ]),
        _ => map([
            ("metricName", name),
            ("metricSelector", selector),
            (&average, amount("averageValue")),
            (&value, amount("value")),
        ]),
    };
    map([(key, old), ("type", kind.into())])
}

/// The source of a metric, with the name of its field.
fn source<'a>(metric: &'a Value, kind: &str) -> Option<(&'static str, &'a Value)> {
    let key = match kind {
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        "Pods" => "pods",
        "Object" => "object",
        "External" => "external",
        _ => return None,
    };
    Some((key, metric.get(key)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn an_old_autoscaler_is_stored_as_a_new_one() {
        let old = value(
            r#"{"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler","metadata":{"name":"web"},
            "spec":{"maxReplicas":5,"targetCPUUtilizationPercentage":60,"scaleTargetRef":{"kind":"Deployment","name":"web"}}}"#,
        );
        let new = stored(&old).unwrap();
        let want = r#"[{"resource":{"name":"cpu","target":{"averageUtilization":60,"type":"Utilization"}},"type":"Resource"}]"#;
        assert_eq!(new.at(&["spec", "metrics"]), Some(&value(want)));
        assert_eq!(new.at(&["spec", "targetCPUUtilizationPercentage"]), None);
        assert_eq!(stored(&new), None);
        assert_eq!(served(new, V1), old);
    }

    #[test]
    fn what_the_old_version_has_no_field_for_comes_back() {
        let new = value(
            r#"{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"web","annotations":{"a":"b"}},
            "spec":{"maxReplicas":5,"behavior":{"scaleDown":{"selectPolicy":"Disabled"}},"metrics":[
              {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}},
              {"type":"ContainerResource","containerResource":{"name":"memory","container":"c","target":{"type":"AverageValue","averageValue":"10Mi"}}},
              {"type":"Pods","pods":{"metric":{"name":"rps"},"target":{"type":"AverageValue","averageValue":"5"}}},
              {"type":"Object","object":{"describedObject":{"kind":"Ingress","name":"door"},"metric":{"name":"hits"},"target":{"type":"Value","value":"2"}}},
              {"type":"External","external":{"metric":{"name":"queue","selector":{"matchLabels":{"q":"x"}}},"target":{"type":"AverageValue","averageValue":"30"}}}]},
            "status":{"currentReplicas":2,"desiredReplicas":3,"conditions":[{"type":"AbleToScale","status":"True"}],
              "currentMetrics":[{"type":"Resource","resource":{"name":"cpu","current":{"averageUtilization":25,"averageValue":"25m"}}}]}}"#,
        );
        let old = served(new.clone(), V1);
        assert_eq!(old.at(&["spec", "targetCPUUtilizationPercentage"]), Some(&Value::Int(50)));
        assert_eq!(old.at(&["status", "currentCPUUtilizationPercentage"]), Some(&Value::Int(25)));
        assert_eq!(old.at(&["metadata", "annotations"]).and_then(Value::as_map).map(Map::len), Some(5));
        assert_eq!(stored(&old), Some(new));
    }
}
