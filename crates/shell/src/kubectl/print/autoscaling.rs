//! HorizontalPodAutoscalers, PodDisruptionBudgets, PriorityClasses.

use opscape_manifest::api::meta::MicroTime;
use opscape_manifest::value::Value;

use super::{Printer, age_of, at, list, name, number, scalar, text};

#[cfg(feature = "unsimulated")]
pub(super) fn printer(plural: &str) -> Option<Printer> {
    let (columns, cells): (_, fn(&Value, MicroTime) -> Vec<String>) = match plural {
        "poddisruptionbudgets" => ("NAME|MIN AVAILABLE|MAX UNAVAILABLE|ALLOWED DISRUPTIONS|AGE", budget),
        "priorityclasses" => ("NAME|VALUE|GLOBAL-DEFAULT|AGE|PREEMPTIONPOLICY", |object, now| {
            let default = at(object, "globalDefault") == Some(&Value::Bool(true));
            let policy = match text(object, "preemptionPolicy") {
                "" => "PreemptLowerPriority",
                policy => policy,
            };
            let value = number(object, "value").to_string();
            vec![name(object), value, default.to_string(), age_of(object, now), policy.to_owned()]
        }),
        _ => return None,
    };
    Some(Printer { columns, cells })
}

pub(super) fn autoscalers() -> Printer {
    Printer { columns: "NAME|REFERENCE|TARGETS|MINPODS|MAXPODS|REPLICAS|AGE", cells: autoscaler }
}

/// The metrics of an autoscaler, `cpu: 40%/80%` (`formatHPAMetrics`).
pub(crate) fn targets(object: &Value) -> String {
    let wanted = list(object, "spec.metrics");
    if wanted.is_empty() {
        return "<none>".to_owned();
    }
    let current = list(object, "status.currentMetrics");
    let mut shown = Vec::new();
    for (index, metric) in wanted.iter().enumerate() {
        let now = current.get(index).filter(|now| text(now, "type") == text(metric, "type"));
        let (source, label) = match text(metric, "type") {
            "Resource" => ("resource", true),
            "ContainerResource" => ("containerResource", true),
            "Pods" => ("pods", false),
            "Object" => ("object", false),
            "External" => ("external", false),
            _ => continue,
        };
        let target = metric.get(source).and_then(|source| source.get("target"));
        let now = now.and_then(|now| now.get(source)).and_then(|source| source.get("current"));
        let part = |value: Option<&Value>, field: &str| value.and_then(|value| value.get(field)).map(scalar);
        let target_of_average = part(target, "averageValue").is_some();
        let (now, target) = match part(target, "averageUtilization") {
            Some(percent) => (
                part(now, "averageUtilization").map_or("<unknown>".to_owned(), |now| format!("{now}%")),
                format!("{percent}%"),
            ),
            None => match part(target, "averageValue") {
                Some(value) => (part(now, "averageValue").unwrap_or("<unknown>".to_owned()), value),
                None => (
                    part(now, "value").unwrap_or("<unknown>".to_owned()),
                    part(target, "value").unwrap_or("<auto>".to_owned()),
                ),
            },
        };
        let name = metric.get(source).map_or("", |source| text(source, "name"));
        let average = target_of_average && matches!(source, "object" | "external");
        let whose = if label { format!("{name}: ") } else { String::new() };
        let shared = if average { " (avg)" } else { "" };
        shown.push(format!("{whose}{now}/{target}{shared}"));
    }
    let most = 2;
    match shown.len().checked_sub(most) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} + {more} more...", shown.get(..most).unwrap_or_default().join(", ")),
    }
}

fn autoscaler(object: &Value, now: MicroTime) -> Vec<String> {
    let target =
        format!("{}/{}", text(object, "spec.scaleTargetRef.kind"), text(object, "spec.scaleTargetRef.name"));
    vec![
        name(object),
        target,
        targets(object),
        at(object, "spec.minReplicas").map_or("<unset>".to_owned(), scalar),
        number(object, "spec.maxReplicas").to_string(),
        number(object, "status.currentReplicas").to_string(),
        age_of(object, now),
    ]
}

#[cfg(feature = "unsimulated")]
fn budget(object: &Value, now: MicroTime) -> Vec<String> {
    let limit = |field: &str| at(object, field).map_or("N/A".to_owned(), scalar);
    vec![
        name(object),
        limit("spec.minAvailable"),
        limit("spec.maxUnavailable"),
        number(object, "status.disruptionsAllowed").to_string(),
        age_of(object, now),
    ]
}
