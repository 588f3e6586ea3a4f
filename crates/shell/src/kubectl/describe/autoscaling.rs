//! HorizontalPodAutoscalers (`describeHorizontalPodAutoscalerV2`).

use opscape_manifest::value::Value;

use super::{Page, date};
use crate::kubectl::print::{at, list, number, scalar, text};

pub(super) fn autoscaler(object: &Value, page: &mut Page) -> bool {
    page.head(object);
    page.pair("CreationTimestamp", &date(text(object, "metadata.creationTimestamp")));
    let kind = text(object, "spec.scaleTargetRef.kind");
    page.pair("Reference", &format!("{kind}/{}", text(object, "spec.scaleTargetRef.name")));
    page.line("Metrics:\t( current / target )");
    let current = list(object, "status.currentMetrics");
    for (index, spec) in list(object, "spec.metrics").iter().enumerate() {
        let (name, amounts) = metric(spec, current.get(index).unwrap_or(&Value::Null));
        page.pair(&name, &amounts);
    }
    page.pair("Min replicas", &at(object, "spec.minReplicas").map_or("<unset>".to_owned(), scalar));
    page.pair("Max replicas", &number(object, "spec.maxReplicas").to_string());
    if at(object, "spec.behavior").is_some() {
        page.line("Behavior:");
        for (field, title) in
            [("spec.behavior.scaleUp", "Scale Up"), ("spec.behavior.scaleDown", "Scale Down")]
        {
            if let Some(rules) = at(object, field) {
                direction(title, rules, page);
            }
        }
    }
    let (now, wanted) = (number(object, "status.currentReplicas"), number(object, "status.desiredReplicas"));
    page.pair(&format!("{kind} pods"), &format!("{now} current / {wanted} desired"));
    let conditions = list(object, "status.conditions");
    if !conditions.is_empty() {
        page.line("Conditions:\n  Type\tStatus\tReason\tMessage\n  ----\t------\t------\t-------");
        for condition in conditions {
            let part = |field: &str| text(condition, field);
            let (kind, status) = (part("type"), part("status"));
            page.line(&format!("  {kind}\t{status}\t{}\t{}", part("reason"), part("message")));
        }
    }
    true
}

/// A metric's name with its kind, and `current / target`.
fn metric(spec: &Value, status: &Value) -> (String, String) {
    let kind = text(spec, "type");
    let key = match kind {
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        "Pods" => "pods",
        "Object" => "object",
        "External" => "external",
        other => return (format!("  <unknown metric type \"{other}\">"), String::new()),
    };
    let none = Value::Null;
    let source = at(spec, key).unwrap_or(&none);
    let wanted = |field: &str| at(source, &format!("target.{field}")).map(scalar);
    let present = |field: &str| at(status, &format!("{key}.current.{field}")).map(scalar);
    let unknown = || "<unknown>".to_owned();
    let plain = |field: &str| {
        let (now, target) = (present(field).unwrap_or_else(unknown), wanted(field).unwrap_or_default());
        format!("{now} / {target}")
    };
    let (metric, average) = (text(source, "metric.name"), wanted("averageValue").is_some());
    let which = if average { ("averageValue", "target average value") } else { ("value", "target value") };
    match kind {
        "External" => (format!("  \"{metric}\" ({})", which.1), plain(which.0)),
        "Pods" => (format!("  \"{metric}\" on pods"), plain("averageValue")),
        "Object" => {
            let (kind, name) = (text(source, "describedObject.kind"), text(source, "describedObject.name"));
            (format!("  \"{metric}\" on {kind}/{name} ({})", which.1), plain(which.0))
        }
        _ => {
            let resource = text(source, "name");
            let of = match text(source, "container") {
                "" => String::new(),
                container => format!(" of container \"{container}\""),
            };
            if average {
                return (format!("  resource {resource}{of} on pods"), plain("averageValue"));
            }
            let now = match (present("averageUtilization"), present("averageValue")) {
                (Some(percent), Some(amount)) => format!("{percent}% ({amount})"),
                _ => unknown(),
            };
            let target =
                wanted("averageUtilization").map_or("<auto>".to_owned(), |wanted| format!("{wanted}%"));
            let name = format!("  resource {resource}{of} on pods  (as a percentage of request)");
            (name, format!("{now} / {target}"))
        }
    }
}

/// `printDirectionBehavior`
fn direction(title: &str, rules: &Value, page: &mut Page) {
    page.line(&format!("  {title}:"));
    if let Some(window) = at(rules, "stabilizationWindowSeconds") {
        page.line(&format!("    Stabilization Window: {} seconds", scalar(window)));
    }
    let policies = list(rules, "policies");
    if policies.is_empty() {
        return;
    }
    let select = text(rules, "selectPolicy");
    page.line(&format!("    Select Policy: {}", if select.is_empty() { "Max" } else { select }));
    page.line("    Policies:");
    for policy in policies {
        let (value, period) = (number(policy, "value"), number(policy, "periodSeconds"));
        page.line(&format!(
            "      - Type: {}\tValue: {value}\tPeriod: {period} seconds",
            text(policy, "type")
        ));
    }
}
