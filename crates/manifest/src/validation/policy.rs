//! Autoscalers, disruption budgets, quotas, limit ranges, priority classes.

use super::error::{Errors, IMMUTABLE};
use super::field::Field;
use super::meta::label_selector;
use super::resources::{amount, container_name, quantity, quota_name};
use super::workloads::{not_over_100, positive_int_or_percent};
use crate::golang::quote;
use crate::print::to_json;
use crate::quantity::Quantity;
use crate::value::{Map, Seen, Value};

const SCOPES: &[&str] = &[
    "BestEffort",
    "NotBestEffort",
    "Terminating",
    "NotTerminating",
    "PriorityClass",
    "CrossNamespacePodAffinity",
    "VolumeAttributesClass",
];

const KINDS: &[(&str, &str)] = &[
    ("ContainerResource", "containerResource"),
    ("External", "external"),
    ("Object", "object"),
    ("Pods", "pods"),
    ("Resource", "resource"),
];

/// `ValidateHorizontalPodAutoscaler`
pub(super) fn autoscaler(root: &Field<'_>, errors: &mut Errors) {
    let spec = root.child("spec");
    let (min, max) = (spec.child("minReplicas"), spec.child("maxReplicas"));
    if min.int().is_some_and(|min| min < 1) {
        errors.invalid(&min, "must be greater than or equal to 1");
    }
    let most = max.int().unwrap_or(0);
    if most < 1 {
        errors.invalid_raw(&max, most.to_string(), "must be greater than 0");
    }
    if min.int().is_some_and(|min| most < min) {
        errors.invalid_raw(&max, most.to_string(), "must be greater than or equal to `minReplicas`");
    }
    reference(&spec.child("scaleTargetRef"), errors);
    for metric in spec.child("metrics").items() {
        self::metric(&metric, errors);
    }
    for direction in ["scaleUp", "scaleDown"] {
        let rules = spec.at(&["behavior", direction]);
        if rules.is_set() {
            scaling_rules(&rules, errors);
        }
    }
}

/// `ValidateCrossVersionObjectReference`
fn reference(reference: &Field<'_>, errors: &mut Errors) {
    for name in ["kind", "name"] {
        let part = reference.child(name);
        if part.text().is_empty() {
            errors.required(&part, "");
        }
    }
    let version = reference.child("apiVersion");
    if version.text().split('/').count() > 2 {
        let detail = ["unexpected GroupVersion string: ", version.text()].concat();
        errors.invalid_text(&version, version.text(), detail);
    }
}

/// `validateMetricSpec`
fn metric(metric: &Field<'_>, errors: &mut Errors) {
    let kind = metric.child("type");
    let expected = KINDS.iter().find(|(word, _)| *word == kind.text()).map(|(_, name)| *name);
    if kind.text().is_empty() {
        errors.required(&kind, "must specify a metric source type");
    }
    if expected.is_none() {
        let words: Vec<&str> = KINDS.iter().map(|(word, _)| *word).collect();
        errors.not_supported(&kind, &words);
    }
    // The first source that is there is looked at, in the order of the server.
    let present: Vec<&str> = ["object", "external", "pods", "resource", "containerResource"]
        .into_iter()
        .filter(|name| metric.child(name).is_set())
        .collect();
    if let Some(first) = present.first() {
        source(&metric.child(first), first, errors);
    }
    let Some(expected) = expected else { return };
    if !present.contains(&expected) {
        errors.required(&metric.child(expected), "must populate information for the given metric source");
    }
    if present.len() != 1 {
        for other in present.iter().filter(|name| **name != expected) {
            errors.forbidden(&metric.child(other), "must populate the given metric source only");
        }
    }
}

fn source(source: &Field<'_>, kind: &str, errors: &mut Errors) {
    if kind == "object" {
        reference(&source.child("describedObject"), errors);
    }
    let of_resource = matches!(kind, "resource" | "containerResource");
    let name = if of_resource { source.child("name") } else { source.at(&["metric", "name"]) };
    if name.text().is_empty() {
        let what = if of_resource { "must specify a resource name" } else { "must specify a metric name" };
        errors.required(&name, what);
    }
    let container = source.child("container");
    if kind == "containerResource" && container.text().is_empty() {
        errors.required(&container, "must specify a container");
    }
    let target = source.child("target");
    let (value, average, percent) =
        (target.child("value"), target.child("averageValue"), target.child("averageUtilization"));
    metric_target(&target, errors);
    match kind {
        "resource" | "containerResource" => {
            if !percent.is_set() && !average.is_set() {
                errors.required(&percent, "must set either a target raw value or a target utilization");
            }
            if percent.is_set() && average.is_set() {
                errors.forbidden(&average, "may not set both a target raw value and a target utilization");
            }
        }
        "pods" => {
            if !average.is_set() || amount(average.value) <= Quantity::default() {
                errors.required(&average, "must specify a positive target averageValue");
            }
        }
        "object" => {
            if !value.is_set() && !average.is_set() {
                errors.required(&average, "must set either a target value or averageValue");
            }
        }
        _ => {
            if !value.is_set() && !average.is_set() {
                errors.required(&average, "must set either a target value for metric or a per-pod target");
            }
            if value.is_set() && average.is_set() {
                errors.forbidden(&value, "may not set both a target value for metric and a per-pod target");
            }
        }
    }
}

/// `validateMetricTarget`
fn metric_target(target: &Field<'_>, errors: &mut Errors) {
    let kind = target.child("type");
    if kind.text().is_empty() {
        errors.required(&kind, "must specify a metric target type");
    }
    if !matches!(kind.text(), "Utilization" | "Value" | "AverageValue") {
        errors.invalid_text(&kind, kind.text(), "must be either Utilization, Value, or AverageValue");
    }
    for name in ["value", "averageValue"] {
        let value = target.child(name);
        if value.is_set() && amount(value.value) <= Quantity::default() {
            errors.invalid_raw(&value, quote(&amount(value.value).to_string()), "must be positive");
        }
    }
    let percent = target.child("averageUtilization");
    if percent.int().is_some_and(|percent| percent < 1) {
        errors.invalid(&percent, "must be greater than 0");
    }
}

fn scaling_rules(rules: &Field<'_>, errors: &mut Errors) {
    let window = rules.child("stabilizationWindowSeconds");
    if window.int().is_some_and(|seconds| seconds < 0) {
        errors.invalid(&window, "must be greater than or equal to zero");
    }
    if window.int().is_some_and(|seconds| seconds > 3600) {
        errors.invalid(&window, "must be less than or equal to 3600");
    }
    let select = rules.child("selectPolicy");
    if select.is_set() && !matches!(select.text(), "Max" | "Min" | "Disabled") {
        errors.not_supported(&select, &["Disabled", "Max", "Min"]);
    }
    let policies = rules.child("policies");
    if policies.is_empty() {
        errors.required(&policies, "must specify at least one Policy");
    }
    for policy in policies.items() {
        let kind = policy.child("type");
        if !matches!(kind.text(), "Pods" | "Percent") {
            errors.not_supported(&kind, &["Percent", "Pods"]);
        }
        for name in ["value", "periodSeconds"] {
            let field = policy.child(name);
            let number = field.int().unwrap_or(0);
            if number <= 0 {
                errors.invalid_raw(&field, number.to_string(), "must be greater than zero");
            }
            if name == "periodSeconds" && number > 1800 {
                errors.invalid(&field, "must be less than or equal to 1800");
            }
        }
    }
    let tolerance = rules.child("tolerance");
    if tolerance.is_set() && amount(tolerance.value) < Quantity::default() {
        let shown = quote(&amount(tolerance.value).to_string());
        errors.invalid_raw(&tolerance, shown, "must be greater than or equal to 0");
    }
}

/// `ValidatePodDisruptionBudget`
pub(super) fn disruption_budget(root: &Field<'_>, errors: &mut Errors) {
    let spec = root.child("spec");
    let (least, most) = (spec.child("minAvailable"), spec.child("maxUnavailable"));
    if least.is_set() && most.is_set() {
        let shown = format!(
            "{{\"MinAvailable\":{},\"Selector\":{},\"MaxUnavailable\":{},\"UnhealthyPodEvictionPolicy\":{}}}",
            to_json(least.value),
            to_json(spec.child("selector").value),
            to_json(most.value),
            to_json(spec.child("unhealthyPodEvictionPolicy").value)
        );
        errors.invalid_raw(&spec, shown, "minAvailable and maxUnavailable cannot be both set");
    }
    for field in [&least, &most] {
        if field.is_set() {
            positive_int_or_percent(field, errors);
            not_over_100(field, errors);
        }
    }
    label_selector(&spec.child("selector"), errors);
    let policy = spec.child("unhealthyPodEvictionPolicy");
    if policy.is_set() && !matches!(policy.text(), "IfHealthyBudget" | "AlwaysAllow") {
        errors.not_supported(&policy, &["AlwaysAllow", "IfHealthyBudget"]);
    }
}

/// `ValidateResourceQuotaSpec`
pub(super) fn quota(root: &Field<'_>, errors: &mut Errors) {
    for (resource, hard) in root.at(&["spec", "hard"]).entries() {
        quota_name(&hard, resource, errors);
        quantity(&hard, resource, errors);
    }
    let scopes = root.at(&["spec", "scopes"]);
    for scope in scopes.items() {
        if !SCOPES.contains(&scope.text()) {
            errors.invalid(&scopes, "unsupported scope");
        }
    }
}

/// `ValidateLimitRange`
pub(super) fn limit_range(root: &Field<'_>, errors: &mut Errors) {
    let mut seen = Seen::default();
    for item in root.at(&["spec", "limits"]).items() {
        let kind = item.child("type");
        if !seen.insert(kind.text()) {
            errors.duplicate(&kind);
        }
        let mut resources = Map::new();
        for bound in ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] {
            let field = item.child(bound);
            if kind.text() == "Pod" && bound.starts_with("default") {
                if !field.is_empty() {
                    errors.forbidden(&field, "may not be specified when `type` is 'Pod'");
                }
                continue;
            }
            for (resource, value) in field.entries() {
                if matches!(kind.text(), "Pod" | "Container") {
                    container_name(&value, resource, errors);
                }
                resources.insert(resource.to_owned(), Value::Null);
            }
        }
        for resource in resources.keys() {
            bounds(&item, resource, errors);
        }
    }
}

fn bounds(item: &Field<'_>, resource: &str, errors: &mut Errors) {
    let of = |bound: &'static str| {
        let field = item.child(bound).key(resource);
        field.is_set().then(|| amount(field.value))
    };
    // (lesser, greater, field named, which of the two is shown, words)
    let rules: [(&str, &str, &str, bool, &str, &str); 6] = [
        ("min", "max", "min", true, "min value", "max value"),
        ("min", "defaultRequest", "defaultRequest", false, "min value", "default request value"),
        ("defaultRequest", "max", "defaultRequest", true, "default request value", "max value"),
        ("defaultRequest", "default", "defaultRequest", true, "default request value", "default limit value"),
        ("min", "default", "default", true, "min value", "default value"),
        ("default", "max", "default", false, "default value", "max value"),
    ];
    let find = |name: &str| match name {
        "min" => of("min"),
        "max" => of("max"),
        "default" => of("default"),
        _ => of("defaultRequest"),
    };
    for (low, high, field, show_low, low_words, high_words) in rules {
        if let (Some(low), Some(high)) = (find(low), find(high))
            && low > high
        {
            let shown = if show_low { low } else { high };
            let detail = format!("{low_words} {low} is greater than {high_words} {high}");
            errors.invalid_raw(&item.child(field).key(resource), quote(&shown.to_string()), detail);
        }
    }
    if let Some(ratio) = of("maxLimitRequestRatio")
        && ratio < Quantity::whole(1)
    {
        let field = item.child("maxLimitRequestRatio").key(resource);
        errors.invalid_raw(&field, quote(&ratio.to_string()), format!("ratio {ratio} is less than 1"));
    }
}

/// `ValidatePriorityClass`
pub(super) fn priority_class(root: &Field<'_>, old: Option<&Field<'_>>, errors: &mut Errors) {
    let (name, value) = (root.at(&["metadata", "name"]), root.child("value"));
    if name.text().starts_with("system-") {
        errors
            .forbidden(&name, "priority class names with 'system-' prefix are reserved for system use only");
    }
    if value.int().is_some_and(|value| value > 1_000_000_000) {
        errors.forbidden(&value, "maximum allowed value of a user defined priority is 1000000000");
    }
    if let Some(old) = old
        && !value.same(&old.child("value"))
    {
        let shown = if value.is_set() { value.value.clone() } else { Value::Int(0) };
        errors.invalid_raw(&value, to_json(&shown), IMMUTABLE);
    }
}
