//! Controllers of pods (pkg/apis/apps/validation).

use super::error::Errors;
use super::field::Field;
use super::meta::{label_selector, selects};
use super::pod;
use crate::golang::quote;
use crate::intorpercent::is_valid_percent;
use crate::print::to_json;
use crate::value::Value;

pub(super) const EMPTY_SELECTOR: &str = "empty selector is invalid for deployment";
const NO_MATCH: &str = "`selector` does not match template `labels`";
/// `IsValidPercent`'s words.
pub(super) const PERCENT: &str = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

pub(super) fn deployment(root: &Field<'_>, old: Option<&Field<'_>>, errors: &mut Errors) {
    let spec = root.child("spec");
    errors.not_negative(&spec.child("replicas"));
    selector_and_template(&spec, EMPTY_SELECTOR, errors);
    strategy(&spec.child("strategy"), errors);
    let ready = spec.child("minReadySeconds");
    errors.not_negative(&ready);
    errors.not_negative(&spec.child("revisionHistoryLimit"));
    let deadline = spec.child("progressDeadlineSeconds");
    errors.not_negative(&deadline);
    if deadline.int().is_some_and(|seconds| seconds <= ready.int().unwrap_or(0)) {
        errors.invalid(&deadline, "must be greater than minReadySeconds");
    }
    if let Some(old) = old {
        errors.immutable(&spec.child("selector"), &old.at(&["spec", "selector"]));
    }
}

pub(super) fn replica_set(root: &Field<'_>, old: Option<&Field<'_>>, errors: &mut Errors) {
    let spec = root.child("spec");
    errors.not_negative(&spec.child("replicas"));
    errors.not_negative(&spec.child("minReadySeconds"));
    selector_and_template(&spec, EMPTY_SELECTOR, errors);
    if let Some(old) = old {
        errors.immutable(&spec.child("selector"), &old.at(&["spec", "selector"]));
    }
}

pub(super) fn replication_controller(root: &Field<'_>, errors: &mut Errors) {
    let spec = root.child("spec");
    errors.not_negative(&spec.child("minReadySeconds"));
    let selector = spec.child("selector");
    if selector.is_empty() {
        errors.required(&selector, "");
    }
    errors.not_negative(&spec.child("replicas"));
    let template = spec.child("template");
    let labels = template.at(&["metadata", "labels"]);
    let matched =
        selector.map().into_iter().flatten().all(|(key, value)| labels.value.get(key) == Some(value));
    if !matched {
        errors.invalid(&labels, NO_MATCH);
    }
    pod::template(&template, errors);
    always_restart(&template, errors);
}

/// The selector is there and selects the template, and the template is fine.
fn selector_and_template(spec: &Field<'_>, empty: &str, errors: &mut Errors) {
    let selector = spec.child("selector");
    let is_empty = selector.child("matchLabels").is_empty() && selector.child("matchExpressions").is_empty();
    if selector.is_set() {
        label_selector(&selector, errors);
        if is_empty {
            errors.invalid(&selector, empty);
        }
    } else {
        errors.required(&selector, "");
    }
    template_of(spec, errors);
}

/// The selector selects the template, and the template is fine (`ValidatePodTemplateSpecForReplicaSet`).
pub(super) fn template_of(spec: &Field<'_>, errors: &mut Errors) {
    let selector = spec.child("selector");
    let is_empty = selector.child("matchLabels").is_empty() && selector.child("matchExpressions").is_empty();
    let template = spec.child("template");
    let labels = template.at(&["metadata", "labels"]);
    match selects(selector.value, labels.value) {
        None => {
            errors.invalid(&selector, "invalid label selector");
            return;
        }
        // No selector selects nothing, an empty one everything.
        Some(matched) if !selector.is_set() || (!is_empty && !matched) => {
            errors.invalid(&labels, NO_MATCH);
        }
        Some(_) => {}
    }
    pod::template(&template, errors);
    always_restart(&template, errors);
}

fn always_restart(template: &Field<'_>, errors: &mut Errors) {
    let policy = template.at(&["spec", "restartPolicy"]);
    if policy.text() != "Always" {
        errors.not_supported(&policy, &["Always"]);
    }
    let deadline = template.at(&["spec", "activeDeadlineSeconds"]);
    if deadline.is_set() {
        errors.forbidden(&deadline, "activeDeadlineSeconds in ReplicaSet is not Supported");
    }
}

fn strategy(strategy: &Field<'_>, errors: &mut Errors) {
    let rolling = strategy.child("rollingUpdate");
    match strategy.child("type").text() {
        "Recreate" => {
            if rolling.is_set() {
                errors.forbidden(&rolling, "may not be specified when strategy `type` is 'Recreate'");
            }
        }
        "RollingUpdate" => {
            let (unavailable, surge) = (rolling.child("maxUnavailable"), rolling.child("maxSurge"));
            positive_int_or_percent(&unavailable, errors);
            positive_int_or_percent(&surge, errors);
            if number_of(&unavailable) == 0 && number_of(&surge) == 0 {
                errors.invalid(&unavailable, "may not be 0 when `maxSurge` is 0");
            }
            not_over_100(&unavailable, errors);
        }
        word => {
            let shown = format!(
                "{{\"Type\":{},\"RollingUpdate\":{}}}",
                quote(word),
                match rolling.value {
                    Value::Null => "null".to_owned(),
                    rolling => format!(
                        "{{\"MaxUnavailable\":{},\"MaxSurge\":{}}}",
                        to_json(rolling.get("maxUnavailable").unwrap_or(&Value::Int(0))),
                        to_json(rolling.get("maxSurge").unwrap_or(&Value::Int(0)))
                    ),
                }
            );
            errors.not_supported_raw(strategy, shown, &["Recreate", "RollingUpdate"]);
        }
    }
}

/// `ValidatePositiveIntOrPercent`
pub(super) fn positive_int_or_percent(field: &Field<'_>, errors: &mut Errors) {
    match field.value {
        Value::String(text) if !is_valid_percent(text) => errors.invalid(field, PERCENT),
        _ => errors.not_negative(field),
    }
}

/// `getIntOrPercentValue`: the number of either, 0 for other texts.
pub(super) fn number_of(field: &Field<'_>) -> i64 {
    match field.value {
        Value::Int(int) => *int,
        Value::String(text) => text.strip_suffix('%').unwrap_or(text).parse().unwrap_or(0),
        _ => 0,
    }
}

/// `IsNotMoreThan100Percent`
pub(super) fn not_over_100(field: &Field<'_>, errors: &mut Errors) {
    if field.value.as_str().is_some_and(is_valid_percent) && number_of(field) > 100 {
        errors.invalid(field, "must not be greater than 100%");
    }
}

/// `ValidateStatefulSetSpec` and `ValidateStatefulSetUpdate`
pub(super) fn stateful_set(root: &Field<'_>, old: Option<&Field<'_>>, errors: &mut Errors) {
    let spec = root.child("spec");
    let management = spec.child("podManagementPolicy");
    match management.text() {
        "OrderedReady" | "Parallel" => {}
        "" => errors.required(&management, ""),
        _ => errors.invalid(&management, "must be 'OrderedReady' or 'Parallel'"),
    }
    let update = spec.child("updateStrategy");
    let (kind, rolling) = (update.child("type"), update.child("rollingUpdate"));
    match kind.text() {
        "" => errors.required(&update, ""),
        "OnDelete" => {
            if rolling.is_set() {
                errors.invalid(&rolling, "only allowed for updateStrategy 'RollingUpdate'");
            }
        }
        "RollingUpdate" => {
            errors.not_negative(&rolling.child("partition"));
            let unavailable = rolling.child("maxUnavailable");
            if unavailable.is_set() {
                positive_int_or_percent(&unavailable, errors);
                if number_of(&unavailable) == 0 {
                    errors.invalid(&unavailable, "cannot be 0");
                }
                not_over_100(&unavailable, errors);
            }
        }
        _ => errors.invalid(&update, "must be 'RollingUpdate' or 'OnDelete'"),
    }
    let retention = spec.child("persistentVolumeClaimRetentionPolicy");
    for name in ["whenDeleted", "whenScaled"] {
        let policy = retention.child(name);
        if policy.is_set() && !matches!(policy.text(), "Retain" | "Delete") {
            errors.not_supported(&policy, &["Retain", "Delete"]);
        }
    }
    errors.not_negative(&spec.child("replicas"));
    errors.not_negative(&spec.child("minReadySeconds"));
    errors.not_negative(&spec.at(&["ordinals", "start"]));
    errors.not_negative(&spec.child("revisionHistoryLimit"));
    selector_and_template(&spec, "empty selector is invalid for statefulset", errors);
    if let Some(old) = old {
        const MAY: &[&str] = &[
            "replicas",
            "ordinals",
            "template",
            "updateStrategy",
            "revisionHistoryLimit",
            "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds",
        ];
        let before = old.child("spec");
        let keys =
            [spec.map(), before.map()].into_iter().flatten().flat_map(std::collections::BTreeMap::keys);
        if keys
            .filter(|key| !MAY.contains(&key.as_str()))
            .any(|key| !spec.named(key).same(&before.named(key)))
        {
            errors.forbidden(&spec, "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden");
        }
    }
}

/// `ValidateDaemonSetSpec`
pub(super) fn daemon_set(root: &Field<'_>, old: Option<&Field<'_>>, errors: &mut Errors) {
    let spec = root.child("spec");
    let selector = spec.child("selector");
    label_selector(&selector, errors);
    let template = spec.child("template");
    let labels = template.at(&["metadata", "labels"]);
    let is_empty = selector.child("matchLabels").is_empty() && selector.child("matchExpressions").is_empty();
    match selects(selector.value, labels.value) {
        Some(matched) if selector.is_set() && (matched || is_empty) => {}
        _ => errors.invalid(&labels, NO_MATCH),
    }
    if selector.is_set() && is_empty {
        errors.invalid(&selector, "empty selector is invalid for daemonset");
    }
    pod::template(&template, errors);
    always_restart(&template, errors);
    errors.not_negative(&spec.child("minReadySeconds"));
    let update = spec.child("updateStrategy");
    match update.child("type").text() {
        "OnDelete" => {}
        "RollingUpdate" => {
            let rolling = update.child("rollingUpdate");
            let (unavailable, surge) = (rolling.child("maxUnavailable"), rolling.child("maxSurge"));
            positive_int_or_percent(&unavailable, errors);
            positive_int_or_percent(&surge, errors);
            match (number_of(&unavailable), number_of(&surge)) {
                (0, 0) => errors.required(&unavailable, "cannot be 0 when maxSurge is 0"),
                (a, b) if a != 0 && b != 0 => {
                    errors.invalid(&surge, "may not be set when maxUnavailable is non-zero");
                }
                _ => {}
            }
            not_over_100(&unavailable, errors);
            not_over_100(&surge, errors);
        }
        _ => errors.not_supported_raw(
            &update,
            super::error::go_value(update.value),
            &["RollingUpdate", "OnDelete"],
        ),
    }
    errors.not_negative(&spec.child("revisionHistoryLimit"));
    if let Some(old) = old {
        errors.immutable(&selector, &old.at(&["spec", "selector"]));
    }
}
