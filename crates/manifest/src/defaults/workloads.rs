//! Controllers of pods (pkg/apis/{apps,batch,autoscaling}/*/defaults.go).

use super::{child, each, existing, has, pod, set, set_zero, text};
use crate::value::{Map, Value};

pub(super) fn deployment(root: &mut Map) {
    pod::spec_of(root, &["spec", "template", "spec"]);
    let Some(spec) = child(root, "spec") else { return };
    set(spec, "replicas", 1);
    set(spec, "revisionHistoryLimit", 10);
    set(spec, "progressDeadlineSeconds", 600);
    let Some(strategy) = child(spec, "strategy") else { return };
    set_zero(strategy, "type", "RollingUpdate");
    if text(strategy, "type") == "RollingUpdate"
        && let Some(rolling) = child(strategy, "rollingUpdate")
    {
        set(rolling, "maxUnavailable", "25%");
        set(rolling, "maxSurge", "25%");
    }
}

pub(super) fn replica_set(root: &mut Map) {
    pod::spec_of(root, &["spec", "template", "spec"]);
    if let Some(spec) = child(root, "spec") {
        set(spec, "replicas", 1);
    }
}

pub(super) fn replication_controller(root: &mut Map) {
    pod::spec_of(root, &["spec", "template", "spec"]);
    let labels = template_labels(root, &["spec", "template", "metadata", "labels"]);
    if let Some(spec) = child(root, "spec") {
        set(spec, "replicas", 1);
        if let Some(labels) = &labels {
            set(spec, "selector", labels.clone());
        }
    }
    inherit_labels(root, labels);
}

fn template_labels(root: &Map, path: &[&str]) -> Option<Map> {
    let (first, rest) = path.split_first()?;
    let labels = root.get(*first)?.at(rest)?.as_map()?;
    (!labels.is_empty()).then(|| labels.clone())
}

/// Objects without labels take their template's (batch and the old core kinds do so).
fn inherit_labels(root: &mut Map, labels: Option<Map>) {
    if let Some(labels) = labels
        && let Some(metadata) = child(root, "metadata")
    {
        set(metadata, "labels", labels);
    }
}

pub(super) fn stateful_set(root: &mut Map) {
    pod::spec_of(root, &["spec", "template", "spec"]);
    let Some(spec) = child(root, "spec") else { return };
    set_zero(spec, "podManagementPolicy", "OrderedReady");
    set(spec, "replicas", 1);
    set(spec, "revisionHistoryLimit", 10);
    if let Some(strategy) = child(spec, "updateStrategy") {
        set_zero(strategy, "type", "RollingUpdate");
        if text(strategy, "type") == "RollingUpdate"
            && let Some(rolling) = child(strategy, "rollingUpdate")
        {
            set(rolling, "partition", 0);
        }
    }
    if let Some(retention) = child(spec, "persistentVolumeClaimRetentionPolicy") {
        set_zero(retention, "whenDeleted", "Retain");
        set_zero(retention, "whenScaled", "Retain");
    }
    for claim in each(spec, "volumeClaimTemplates") {
        set(claim, "apiVersion", "v1");
        set(claim, "kind", "PersistentVolumeClaim");
        super::cluster::claim(claim);
    }
}

pub(super) fn daemon_set(root: &mut Map) {
    pod::spec_of(root, &["spec", "template", "spec"]);
    let Some(spec) = child(root, "spec") else { return };
    set(spec, "revisionHistoryLimit", 10);
    let Some(strategy) = child(spec, "updateStrategy") else { return };
    set_zero(strategy, "type", "RollingUpdate");
    if text(strategy, "type") == "RollingUpdate"
        && let Some(rolling) = child(strategy, "rollingUpdate")
    {
        set(rolling, "maxUnavailable", 1);
        set(rolling, "maxSurge", 0);
    }
}

pub(super) fn job(root: &mut Map) {
    pod::spec_of(root, &["spec", "template", "spec"]);
    let labels = template_labels(root, &["spec", "template", "metadata", "labels"]);
    inherit_labels(root, labels);
    let Some(spec) = child(root, "spec") else { return };
    if !has(spec, "completions") && !has(spec, "parallelism") {
        set(spec, "completions", 1);
    }
    set(spec, "parallelism", 1);
    let per_index = has(spec, "backoffLimitPerIndex");
    set(spec, "backoffLimit", if per_index { i64::from(i32::MAX) } else { 6 });
    set(spec, "completionMode", "NonIndexed");
    set(spec, "suspend", false);
    set(spec, "manualSelector", false);
    let policy = has(spec, "podFailurePolicy");
    set(spec, "podReplacementPolicy", if policy { "Failed" } else { "TerminatingOrFailed" });
    if let Some(policy) = existing(spec, "podFailurePolicy") {
        for rule in each(policy, "rules") {
            for condition in each(rule, "onPodConditions") {
                set_zero(condition, "status", "True");
            }
        }
    }
}

pub(super) fn cron_job(root: &mut Map) {
    pod::spec_of(root, &["spec", "jobTemplate", "spec", "template", "spec"]);
    let Some(spec) = child(root, "spec") else { return };
    set_zero(spec, "concurrencyPolicy", "Allow");
    set(spec, "suspend", false);
    set(spec, "successfulJobsHistoryLimit", 3);
    set(spec, "failedJobsHistoryLimit", 1);
}

pub(super) fn autoscaler(root: &mut Map) {
    let v1 = text(root, "apiVersion") == "autoscaling/v1";
    let Some(spec) = child(root, "spec") else { return };
    set(spec, "minReplicas", 1);
    if v1 {
        return;
    }
    if spec.get("metrics").and_then(Value::as_list).is_none_or(<[Value]>::is_empty) {
        let target = entry(&[("averageUtilization", Value::Int(80)), ("type", "Utilization".into())]);
        let resource = entry(&[("name", "cpu".into()), ("target", target)]);
        let metric = entry(&[("resource", resource), ("type", "Resource".into())]);
        spec.insert("metrics".to_owned(), Value::List(vec![metric]));
    }
    let Some(behavior) = existing(spec, "behavior") else { return };
    let percent = |kind: &str, value: i64| {
        entry(&[("type", kind.into()), ("value", Value::Int(value)), ("periodSeconds", Value::Int(15))])
    };
    if let Some(up) = child(behavior, "scaleUp") {
        set(up, "selectPolicy", "Max");
        set(up, "stabilizationWindowSeconds", 0);
        set(up, "policies", vec![percent("Pods", 4), percent("Percent", 100)]);
    }
    if let Some(down) = child(behavior, "scaleDown") {
        set(down, "selectPolicy", "Max");
        set(down, "policies", vec![percent("Percent", 100)]);
    }
}

fn entry(fields: &[(&str, Value)]) -> Value {
    Value::Map(fields.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect())
}
