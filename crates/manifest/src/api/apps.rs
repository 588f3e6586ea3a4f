//! `apps/v1`: Deployment and ReplicaSet. Source: k8s.io/api/apps/v1, Kubernetes v1.36.

use std::sync::Arc;

use super::meta::{IntOrString, LabelSelector, ObjectMeta, Str, Timestamp, is_false, is_zero, is_zero_i32};
use super::pod::PodTemplateSpec;

/// A Deployment: keeps ReplicaSets, one per revision of its pod template, and moves replicas between them.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Deployment {
    /// Name, labels, owner.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: DeploymentSpec,
    /// What the controller saw last.
    pub status: DeploymentStatus,
}

/// `spec` of a Deployment. Optional fields are set by defaulting.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
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
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub min_ready_seconds: i32,
    /// Old ReplicaSets kept for rollback; default 10.
    pub revision_history_limit: Option<i32>,
    /// No rollout while true.
    #[serde(skip_serializing_if = "is_false")]
    pub paused: bool,
    /// Seconds without progress until Progressing becomes False; default 600; must exceed minReadySeconds.
    pub progress_deadline_seconds: Option<i32>,
}

/// `spec.strategy` of a Deployment.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeploymentStrategy {
    /// `RollingUpdate` (default) or `Recreate`.
    #[serde(rename = "type")]
    pub kind: Option<Str>,
    /// Only for `RollingUpdate`.
    pub rolling_update: Option<RollingUpdateDeployment>,
}

/// How far a rolling update may leave the wanted number.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RollingUpdateDeployment {
    /// Pods that may be missing: a number, or a percentage rounded down; default 25%.
    pub max_unavailable: Option<IntOrString>,
    /// Pods that may be extra: a number, or a percentage rounded up; default 25%.
    pub max_surge: Option<IntOrString>,
}

/// `status` of a Deployment.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeploymentStatus {
    /// The generation the controller has seen.
    #[serde(skip_serializing_if = "is_zero")]
    pub observed_generation: i64,
    /// Pods of all ReplicaSets that are not terminating.
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub replicas: i32,
    /// Pods of the newest template.
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub updated_replicas: i32,
    /// Pods with Ready=True.
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub ready_replicas: i32,
    /// Pods ready for at least minReadySeconds.
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub available_replicas: i32,
    /// Pods still needed for full availability.
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub unavailable_replicas: i32,
    /// Pods with a deletionTimestamp that are not finished (feature DeploymentReplicaSetTerminatingReplicas).
    pub terminating_replicas: Option<i32>,
    /// Available, Progressing, ReplicaFailure.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<DeploymentCondition>,
    /// Counts hash collisions of template hashes.
    pub collision_count: Option<i32>,
}

/// A condition of a Deployment.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeploymentCondition {
    /// `Available`, `Progressing` or `ReplicaFailure`.
    #[serde(rename = "type")]
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

/// A ReplicaSet: keeps a number of pods of one template.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReplicaSet {
    /// Name, labels, owner.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: ReplicaSetSpec,
    /// What the controller saw last.
    pub status: ReplicaSetStatus,
}

/// `spec` of a ReplicaSet.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReplicaSetSpec {
    /// Wanted pods; default 1.
    pub replicas: Option<i32>,
    /// Seconds a pod must be ready to count as available.
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub min_ready_seconds: i32,
    /// Which pods belong to it; immutable.
    pub selector: Option<LabelSelector>,
    /// The pods to make.
    pub template: Arc<PodTemplateSpec>,
}

/// `status` of a ReplicaSet.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReplicaSetStatus {
    /// Pods that are not terminating.
    pub replicas: i32,
    /// Pods whose labels match the template's.
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub fully_labeled_replicas: i32,
    /// Pods with Ready=True.
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub ready_replicas: i32,
    /// Pods ready for at least minReadySeconds.
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub available_replicas: i32,
    /// Pods with a deletionTimestamp that are not finished.
    pub terminating_replicas: Option<i32>,
    /// The generation the controller has seen.
    #[serde(skip_serializing_if = "is_zero")]
    pub observed_generation: i64,
    /// `ReplicaFailure`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ReplicaSetCondition>,
}

/// A condition of a ReplicaSet.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReplicaSetCondition {
    /// `ReplicaFailure`.
    #[serde(rename = "type")]
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
