//! `apps/v1`: Deployment and ReplicaSet. Source: k8s.io/api/apps/v1, Kubernetes v1.36.

use std::sync::Arc;

use super::meta::{IntOrString, LabelSelector, ObjectMeta, Str, Timestamp};
use super::pod::PodTemplateSpec;
use crate::codec::fields;

/// A Deployment: keeps ReplicaSets, one per revision of its pod template, and moves replicas between them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deployment {
    /// Name, labels, owner.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: DeploymentSpec,
    /// What the controller saw last.
    pub status: DeploymentStatus,
}

fields! {
    Deployment:
    metadata "metadata",
    spec "spec",
    status "status",
}

/// `spec` of a Deployment. Optional fields are set by defaulting.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeploymentSpec {
    /// Wanted pods; default 1, at least 0.
    pub replicas: Option<i32>,
    /// Which pods belong to it; immutable; must match the template's labels.
    pub selector: Option<LabelSelector>,
    /// The pods to make.
    pub template: Arc<PodTemplateSpec>,
    /// How old pods are replaced.
    pub strategy: DeploymentStrategy,
    /// Seconds a pod must be ready to count as available; default 0.
    pub min_ready_seconds: i32,
    /// Old ReplicaSets kept for rollback; default 10.
    pub revision_history_limit: Option<i32>,
    /// No rollout while true.
    pub paused: bool,
    /// Seconds without progress until Progressing becomes False; default 600; must exceed minReadySeconds.
    pub progress_deadline_seconds: Option<i32>,
}

fields! {
    DeploymentSpec:
    replicas "replicas",
    selector "selector",
    template "template",
    strategy "strategy",
    min_ready_seconds "minReadySeconds",
    revision_history_limit "revisionHistoryLimit",
    paused "paused",
    progress_deadline_seconds "progressDeadlineSeconds",
}

/// `spec.strategy` of a Deployment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeploymentStrategy {
    /// `RollingUpdate` (default) or `Recreate`.
    pub kind: Option<Str>,
    /// Only for `RollingUpdate`.
    pub rolling_update: Option<RollingUpdateDeployment>,
}

fields! {
    DeploymentStrategy:
    kind "type",
    rolling_update "rollingUpdate",
}

/// How far a rolling update may leave the wanted number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RollingUpdateDeployment {
    /// Pods that may be missing: a number, or a percentage rounded down; default 25%.
    pub max_unavailable: Option<IntOrString>,
    /// Pods that may be extra: a number, or a percentage rounded up; default 25%.
    pub max_surge: Option<IntOrString>,
}

fields! {
    RollingUpdateDeployment:
    max_unavailable "maxUnavailable",
    max_surge "maxSurge",
}

/// `status` of a Deployment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeploymentStatus {
    /// The generation the controller has seen.
    pub observed_generation: i64,
    /// Pods of all ReplicaSets that are not terminating.
    pub replicas: i32,
    /// Pods of the newest template.
    pub updated_replicas: i32,
    /// Pods with Ready=True.
    pub ready_replicas: i32,
    /// Pods ready for at least minReadySeconds.
    pub available_replicas: i32,
    /// Pods still needed for full availability.
    pub unavailable_replicas: i32,
    /// Pods with a deletionTimestamp that are not finished (feature DeploymentReplicaSetTerminatingReplicas).
    pub terminating_replicas: Option<i32>,
    /// Available, Progressing, ReplicaFailure.
    pub conditions: Vec<DeploymentCondition>,
    /// Counts hash collisions of template hashes.
    pub collision_count: Option<i32>,
}

fields! {
    DeploymentStatus:
    observed_generation "observedGeneration",
    replicas "replicas",
    updated_replicas "updatedReplicas",
    ready_replicas "readyReplicas",
    available_replicas "availableReplicas",
    unavailable_replicas "unavailableReplicas",
    terminating_replicas "terminatingReplicas",
    conditions "conditions",
    collision_count "collisionCount",
}

/// A condition of a Deployment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeploymentCondition {
    /// `Available`, `Progressing` or `ReplicaFailure`.
    pub kind: Str,
    /// `True`, `False` or `Unknown`.
    pub status: Str,
    /// One word for programs.
    pub reason: Str,
    /// A sentence for people.
    pub message: Str,
    /// Last time the condition was updated.
    pub last_update_time: Option<Timestamp>,
    /// Last time the status changed.
    pub last_transition_time: Option<Timestamp>,
}

fields! {
    DeploymentCondition:
    kind "!type",
    status "!status",
    reason "!reason",
    message "!message",
    last_update_time "lastUpdateTime",
    last_transition_time "lastTransitionTime",
}

/// A ReplicaSet: keeps a number of pods of one template.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReplicaSet {
    /// Name, labels, owner.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: ReplicaSetSpec,
    /// What the controller saw last.
    pub status: ReplicaSetStatus,
}

fields! {
    ReplicaSet:
    metadata "metadata",
    spec "spec",
    status "status",
}

/// `spec` of a ReplicaSet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReplicaSetSpec {
    /// Wanted pods; default 1.
    pub replicas: Option<i32>,
    /// Seconds a pod must be ready to count as available.
    pub min_ready_seconds: i32,
    /// Which pods belong to it; immutable.
    pub selector: Option<LabelSelector>,
    /// The pods to make.
    pub template: Arc<PodTemplateSpec>,
}

fields! {
    ReplicaSetSpec:
    replicas "replicas",
    min_ready_seconds "minReadySeconds",
    selector "selector",
    template "template",
}

/// `status` of a ReplicaSet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReplicaSetStatus {
    /// Pods that are not terminating.
    pub replicas: i32,
    /// Pods whose labels match the template's.
    pub fully_labeled_replicas: i32,
    /// Pods with Ready=True.
    pub ready_replicas: i32,
    /// Pods ready for at least minReadySeconds.
    pub available_replicas: i32,
    /// Pods with a deletionTimestamp that are not finished.
    pub terminating_replicas: Option<i32>,
    /// The generation the controller has seen.
    pub observed_generation: i64,
    /// `ReplicaFailure`.
    pub conditions: Vec<ReplicaSetCondition>,
}

fields! {
    ReplicaSetStatus:
    replicas "!replicas",
    fully_labeled_replicas "fullyLabeledReplicas",
    ready_replicas "readyReplicas",
    available_replicas "availableReplicas",
    terminating_replicas "terminatingReplicas",
    observed_generation "observedGeneration",
    conditions "conditions",
}

/// A condition of a ReplicaSet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReplicaSetCondition {
    /// `ReplicaFailure`.
    pub kind: Str,
    /// `True`, `False` or `Unknown`.
    pub status: Str,
    /// One word for programs.
    pub reason: Str,
    /// A sentence for people.
    pub message: Str,
    /// Last time the status changed.
    pub last_transition_time: Option<Timestamp>,
}

fields! {
    ReplicaSetCondition:
    kind "!type",
    status "!status",
    reason "!reason",
    message "!message",
    last_transition_time "lastTransitionTime",
}
