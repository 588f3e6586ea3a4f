//! `status` of a Rollout.

use crate::api::apps::DeploymentCondition;
use crate::api::meta::{Str, Timestamp};
use crate::codec::fields;

/// `status` of a Rollout.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RolloutStatus {
    /// Whether the update was given up.
    pub abort: bool,
    /// Why it waits.
    pub pause_conditions: Vec<PauseCondition>,
    /// Whether the controller itself paused it.
    pub controller_pause: bool,
    /// Since when it is aborted.
    pub aborted_at: Option<Timestamp>,
    /// Hash of the present template.
    pub current_pod_hash: Str,
    /// Hash of the steps.
    pub current_step_hash: Str,
    /// Pods of all ReplicaSets that are not terminating.
    pub replicas: i32,
    /// Pods of the present template.
    pub updated_replicas: i32,
    /// Pods with Ready=True.
    pub ready_replicas: i32,
    /// Pods ready for at least minReadySeconds.
    pub available_replicas: i32,
    /// The step it is at; as many as there are steps: all are done.
    pub current_step_index: Option<i32>,
    /// Counts collisions of template hashes.
    pub collision_count: Option<i32>,
    /// The generation the controller has seen, as a text.
    pub observed_generation: Str,
    /// The generation of the workload that it refers to, as far as the controller has seen it.
    pub workload_observed_generation: Str,
    /// Available, Progressing, Paused, Healthy, Completed, InvalidSpec, ReplicaFailure.
    pub conditions: Vec<DeploymentCondition>,
    /// Of a canary.
    pub canary: CanaryStatus,
    /// Of blue-green.
    pub blue_green: BlueGreenStatus,
    /// Pods an autoscaler looks at.
    pub hpa_replicas: i32,
    /// Selects these pods.
    pub selector: Str,
    /// Hash of the stable ReplicaSet.
    pub stable_rs: Str,
    /// Up to when pods were restarted.
    pub restarted_at: Option<Timestamp>,
    /// Whether all steps are to be skipped.
    pub promote_full: bool,
    /// `Healthy`, `Degraded`, `Progressing` or `Paused`.
    pub phase: Str,
    /// Why.
    pub message: Str,
}

fields! {
    RolloutStatus:
    abort "abort",
    pause_conditions "pauseConditions",
    controller_pause "controllerPause",
    aborted_at "abortedAt",
    current_pod_hash "currentPodHash",
    current_step_hash "currentStepHash",
    replicas "replicas",
    updated_replicas "updatedReplicas",
    ready_replicas "readyReplicas",
    available_replicas "availableReplicas",
    current_step_index "currentStepIndex",
    collision_count "collisionCount",
    observed_generation "observedGeneration",
    workload_observed_generation "workloadObservedGeneration",
    conditions "conditions",
    canary "canary",
    blue_green "blueGreen",
    hpa_replicas "HPAReplicas",
    selector "selector",
    stable_rs "stableRS",
    restarted_at "restartedAt",
    promote_full "promoteFull",
    phase "phase",
    message "message",
}

/// Why a Rollout waits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PauseCondition {
    /// `CanaryPauseStep`, `BlueGreenPause` or `InconclusiveAnalysisRun`.
    pub reason: Str,
    /// Since when.
    pub start_time: Timestamp,
}

fields! {
    PauseCondition:
    reason "!reason",
    start_time "!startTime",
}

/// `status.canary`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CanaryStatus {
    /// The AnalysisRun of the present step.
    pub current_step_analysis_run_status: Option<RolloutAnalysisRunStatus>,
    /// The AnalysisRun in the background.
    pub current_background_analysis_run_status: Option<RolloutAnalysisRunStatus>,
    /// The weights that were set last.
    pub weights: Option<TrafficWeights>,
}

fields! {
    CanaryStatus:
    current_step_analysis_run_status "currentStepAnalysisRunStatus",
    current_background_analysis_run_status "currentBackgroundAnalysisRunStatus",
    weights "weights",
}

/// The weights that were set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrafficWeights {
    /// Of the new version.
    pub canary: WeightDestination,
    /// Of the old version.
    pub stable: WeightDestination,
}

fields! {
    TrafficWeights:
    canary "canary",
    stable "stable",
}

/// A weight and where it leads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WeightDestination {
    /// Percent.
    pub weight: i32,
    /// The Service.
    pub service_name: Str,
    /// Hash of the ReplicaSet.
    pub pod_template_hash: Str,
}

fields! {
    WeightDestination:
    weight "!weight",
    service_name "serviceName",
    pod_template_hash "podTemplateHash",
}

/// `status.blueGreen`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BlueGreenStatus {
    /// Hash that the preview Service selects.
    pub preview_selector: Str,
    /// Hash that the active Service selects.
    pub active_selector: Str,
    /// Whether the preview may grow to full size.
    pub scale_up_preview_check_point: bool,
    /// The AnalysisRun before the switch.
    pub pre_promotion_analysis_run_status: Option<RolloutAnalysisRunStatus>,
    /// The AnalysisRun after the switch.
    pub post_promotion_analysis_run_status: Option<RolloutAnalysisRunStatus>,
}

fields! {
    BlueGreenStatus:
    preview_selector "previewSelector",
    active_selector "activeSelector",
    scale_up_preview_check_point "scaleUpPreviewCheckPoint",
    pre_promotion_analysis_run_status "prePromotionAnalysisRunStatus",
    post_promotion_analysis_run_status "postPromotionAnalysisRunStatus",
}

/// How an AnalysisRun does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RolloutAnalysisRunStatus {
    /// Its name.
    pub name: Str,
    /// Its phase.
    pub status: Str,
    /// Why.
    pub message: Str,
}

fields! {
    RolloutAnalysisRunStatus:
    name "!name",
    status "!status",
    message "message",
}
