//! ReplicaSets of Rollouts: names, labels, annotations (utils/replicaset/replicaset.go, utils/annotations).

use std::sync::Arc;

use opscape_manifest::api::meta::{LabelSelector, ObjectMeta, Timestamp, parse_rfc3339};
use opscape_manifest::api::pod::PodTemplateSpec;
use opscape_manifest::api::{Object, ReplicaSet, Rollout};
use opscape_manifest::{codec, defaults, value::Value};

use super::replicas::{self, Size};
use crate::deployment::{hash, same_but_for};

/// The label with the hash of the template (`DefaultRolloutUniqueLabelKey`).
pub const HASH: &str = "rollouts-pod-template-hash";
/// The annotation with the revision.
pub const REVISION: &str = "rollout.argoproj.io/revision";
/// The annotation with the time at which a ReplicaSet goes.
pub const SCALE_DOWN_DEADLINE: &str = "scale-down-deadline";
const HISTORY: &str = "rollout.argoproj.io/revision-history";
const DESIRED: &str = "rollout.argoproj.io/desired-replicas";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

pub(super) type Set = Arc<ReplicaSet>;

pub(super) fn size(set: &Set) -> Size {
    Size {
        spec: set.spec.replicas.unwrap_or(1),
        created: set.status.replicas,
        available: set.status.available_replicas,
    }
}

/// The hash of a ReplicaSet's template.
pub(super) fn hash_of(set: &ReplicaSet) -> &str {
    set.metadata.label(HASH).unwrap_or_default()
}

/// The hash of a Rollout's present template.
pub(super) fn present_hash(rollout: &Rollout) -> String {
    hash(&rollout.spec.template, rollout.status.collision_count)
}

/// `ComputeStepHash`; upstream hashes their JSON, this their fields: another text, as stable.
pub(super) fn step_hash(rollout: &Rollout) -> String {
    let Some(canary) = &rollout.spec.strategy.canary else { return String::new() };
    crate::deployment::hash_of_value(&codec::to_value(&canary.steps))
}

pub(super) fn revision(meta: &ObjectMeta) -> i64 {
    meta.annotation(REVISION).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The ReplicaSet of a hash.
pub(super) fn by_hash<'a>(sets: &'a [Set], hash: &str) -> Option<&'a Set> {
    sets.iter().find(|set| !hash.is_empty() && hash_of(set) == hash)
}

/// The ReplicaSet of the present template: by its hash, else by a template that is the same once defaults are filled in
/// (`FindNewReplicaSet`).
pub(super) fn find_new<'a>(rollout: &Rollout, by_age: &'a [Set]) -> Option<&'a Set> {
    if let Some(set) = by_hash(by_age, &present_hash(rollout)) {
        return Some(set);
    }
    if by_age.is_empty() {
        return None;
    }
    let wanted = defaulted(&rollout.spec.template)?;
    by_age.iter().find(|set| same_but_for(HASH, &set.spec.template, &wanted))
}

/// A template with the defaults that it has in a ReplicaSet.
fn defaulted(template: &PodTemplateSpec) -> Option<PodTemplateSpec> {
    let set = ReplicaSet {
        spec: opscape_manifest::api::apps::ReplicaSetSpec {
            template: Arc::new(template.clone()),
            ..Default::default()
        },
        ..ReplicaSet::default()
    };
    let mut value: Value = Object::ReplicaSet(Arc::new(set)).to_value();
    defaults::apply(&mut value);
    match Object::from_value(&value) {
        Ok(Object::ReplicaSet(set)) => Some(PodTemplateSpec::clone(&set.spec.template)),
        _ => None,
    }
}

/// Takes over the Rollout's annotations and the revision (`SetNewReplicaSetAnnotations`). Says whether anything changed.
pub(super) fn annotate(rollout: &Rollout, meta: &mut ObjectMeta, new_revision: i64, exists: bool) -> bool {
    let mut changed = false;
    for (key, value) in rollout.metadata.annotations.iter() {
        if !matches!(&**key, LAST_APPLIED | REVISION | HISTORY | DESIRED) {
            changed |= meta.set_annotation(key, value);
        }
    }
    let before = meta.annotation(REVISION).map(str::to_owned);
    if before.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0) < new_revision {
        changed |= meta.set_annotation(REVISION, &new_revision.to_string());
        if let Some(before) = before {
            let history = match meta.annotation(HISTORY) {
                None | Some("") => before,
                Some(history) => [history, ",", &before].concat(),
            };
            meta.set_annotation(HISTORY, &history);
        }
    }
    if !exists {
        changed |= annotate_size(rollout, meta);
    }
    changed
}

/// Notes the Rollout's size, by which scaling is told from rolling out (`SetReplicasAnnotations`).
pub(super) fn annotate_size(rollout: &Rollout, meta: &mut ObjectMeta) -> bool {
    meta.set_annotation(DESIRED, &replicas::wanted(rollout).to_string())
}

pub(super) fn desired(set: &ReplicaSet) -> Option<i32> {
    set.metadata.annotation(DESIRED)?.parse().ok()
}

/// `IsSaturated`
pub(super) fn is_saturated(rollout: &Rollout, set: &Set) -> bool {
    let wanted = replicas::wanted(rollout);
    let size = size(set);
    size.spec == wanted && desired(set) == Some(wanted) && size.available == wanted
}

/// When a ReplicaSet goes, if that was said.
pub(super) fn deadline(set: &ReplicaSet) -> Option<Timestamp> {
    let micros = parse_rfc3339(set.metadata.annotation(SCALE_DOWN_DEADLINE)?)?;
    Some(Timestamp(micros.div_euclid(1_000_000)))
}

pub(super) fn has_deadline(set: &ReplicaSet) -> bool {
    set.metadata.annotation(SCALE_DOWN_DEADLINE).is_some_and(|text| !text.is_empty())
}

/// A selector as `kubectl` writes it (`metav1.FormatLabelSelector`).
pub(super) fn selector_text(selector: Option<&LabelSelector>) -> String {
    let Some(selector) = selector else { return "<none>".to_owned() };
    let labels = selector.match_labels.iter().map(|(key, value)| format!("{key}={value}"));
    let others = selector.match_expressions.iter().map(|one| {
        let values: Vec<&str> = one.values.iter().map(AsRef::as_ref).collect();
        match &*one.operator {
            "In" => format!("{} in ({})", one.key, values.join(",")),
            "NotIn" => format!("{} notin ({})", one.key, values.join(",")),
            "DoesNotExist" => format!("!{}", one.key),
            _ => one.key.to_string(),
        }
    });
    labels.chain(others).collect::<Vec<_>>().join(",")
}
