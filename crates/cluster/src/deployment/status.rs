//! The status of a Deployment (pkg/controller/deployment/sync.go: `calculateStatus`, progress.go).

use opscape_manifest::api::ReplicaSet;
use opscape_manifest::api::apps::{Deployment, DeploymentCondition, DeploymentStatus};
use opscape_manifest::api::meta::{MicroTime, Str, Timestamp};

use super::rollout::Limits;
use super::sets::replicas;
use crate::conditions::{find, remove, set};
use crate::words;

/// A condition that was just found; `now` is when.
pub(super) fn condition(
    kind: Str,
    status: Str,
    reason: &str,
    message: &str,
    now: Timestamp,
) -> DeploymentCondition {
    DeploymentCondition {
        kind,
        status,
        reason: reason.into(),
        message: message.into(),
        last_update_time: Some(now),
        last_transition_time: Some(now),
    }
}

/// Whether progress is watched at all.
pub(super) fn has_deadline(deployment: &Deployment) -> bool {
    deployment.spec.progress_deadline_seconds.is_some_and(|seconds| seconds != i32::MAX)
}

/// The numbers, and the condition Available.
pub(super) fn calculate<'a>(
    all: impl Iterator<Item = &'a ReplicaSet>,
    new: Option<&ReplicaSet>,
    deployment: &Deployment,
    now: Timestamp,
) -> DeploymentStatus {
    let mut status = DeploymentStatus {
        observed_generation: deployment.metadata.generation,
        updated_replicas: new.map_or(0, |new| new.status.replicas),
        collision_count: deployment.status.collision_count,
        conditions: deployment.status.conditions.clone(),
        terminating_replicas: Some(0),
        ..DeploymentStatus::default()
    };
    let mut wanted = 0;
    for set in all {
        wanted += replicas(set);
        status.replicas += set.status.replicas;
        status.ready_replicas += set.status.ready_replicas;
        status.available_replicas += set.status.available_replicas;
        if let (Some(sum), Some(own)) = (&mut status.terminating_replicas, set.status.terminating_replicas) {
            *sum += own;
        }
    }
    status.unavailable_replicas = (wanted - status.available_replicas).max(0);
    let available = status.available_replicas >= Limits::of(&deployment.spec).min_available();
    let (value, reason, message) = if available {
        (words::yes(), "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        (words::no(), "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    set(&mut status, condition(words::available(), value, reason, message, now));
    status
}

/// `DeploymentComplete`
pub(super) fn is_complete(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    let wanted = deployment.spec.replicas.unwrap_or(1);
    status.updated_replicas == wanted
        && status.replicas == wanted
        && status.available_replicas == wanted
        && status.observed_generation >= deployment.metadata.generation
}

/// `DeploymentProgressing`: more new pods, fewer old ones, more ready or more available ones than before.
fn is_progressing(before: &DeploymentStatus, status: &DeploymentStatus) -> bool {
    let old = |status: &DeploymentStatus| status.replicas - status.updated_replicas;
    status.updated_replicas > before.updated_replicas
        || old(status) < old(before)
        || status.ready_replicas > before.ready_replicas
        || status.available_replicas > before.available_replicas
}

/// `DeploymentTimedOut`
fn is_timed_out(deployment: &Deployment, status: &DeploymentStatus, now: MicroTime) -> bool {
    let Some(condition) = find(status, "Progressing") else { return false };
    match &*condition.reason {
        "NewReplicaSetAvailable" => return false,
        "ProgressDeadlineExceeded" => return true,
        _ => {}
    }
    let deadline = i64::from(deployment.spec.progress_deadline_seconds.unwrap_or(i32::MAX));
    let from = condition.last_update_time.unwrap_or_default();
    (from.0 + deadline).saturating_mul(1_000_000) < now.0
}

/// The condition Progressing during a rollout (`syncRolloutStatus`).
pub(super) fn progress(
    deployment: &Deployment,
    new: Option<&ReplicaSet>,
    status: &mut DeploymentStatus,
    now: MicroTime,
) {
    if !has_deadline(deployment) {
        remove(status, "Progressing");
        return;
    }
    let second = Timestamp(now.0.div_euclid(1_000_000));
    let current = find(&deployment.status, "Progressing").cloned();
    let done_before = status.replicas == status.updated_replicas
        && current.as_ref().is_some_and(|current| &*current.reason == "NewReplicaSetAvailable");
    if done_before {
        return;
    }
    let text = |end: &str| {
        let (kind, name) = match new {
            Some(new) => ("ReplicaSet", &new.metadata.name),
            None => ("Deployment", &deployment.metadata.name),
        };
        [kind, " \"", name, "\" ", end].concat()
    };
    let progressing = words::progressing;
    if is_complete(deployment, status) {
        let text = text("has successfully progressed.");
        set(status, condition(progressing(), words::yes(), "NewReplicaSetAvailable", &text, second));
    } else if is_progressing(&deployment.status, status) {
        let text = text("is progressing.");
        let mut condition = condition(progressing(), words::yes(), "ReplicaSetUpdated", &text, second);
        // The time of the last update moves with each bit of progress, also where the reason stays.
        if let Some(current) = current {
            if &*current.status == "True" {
                condition.last_transition_time = current.last_transition_time;
            }
            remove(status, "Progressing");
        }
        set(status, condition);
    } else if is_timed_out(deployment, status, now) {
        let text = text("has timed out progressing.");
        set(status, condition(progressing(), words::no(), "ProgressDeadlineExceeded", &text, second));
    }
}
