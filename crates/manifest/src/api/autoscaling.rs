//! `autoscaling/v2`: HorizontalPodAutoscaler. Source: k8s.io/api/autoscaling/v2, Kubernetes v1.36.
//!
//! The five sources of metrics have much in common; one struct serves them all, in `spec` and in `status`.

use super::meta::{LabelSelector, ObjectMeta, Str, Timestamp};
use crate::codec::fields;
use crate::quantity::Quantity;

/// Keeps the number of pods of a workload such that metrics meet their targets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HorizontalPodAutoscaler {
    /// Name.
    pub metadata: ObjectMeta,
    /// What to scale, and by which metrics.
    pub spec: HorizontalPodAutoscalerSpec,
    /// What it saw and decided last.
    pub status: HorizontalPodAutoscalerStatus,
}

fields! {
    HorizontalPodAutoscaler:
    metadata "metadata",
    spec "spec",
    status "status",
}

/// `spec` of a HorizontalPodAutoscaler.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HorizontalPodAutoscalerSpec {
    /// The workload.
    pub scale_target_ref: CrossVersionObjectReference,
    /// Default 1.
    pub min_replicas: Option<i32>,
    /// At least `min_replicas`.
    pub max_replicas: i32,
    /// Of several, the one that asks for most counts. Default: 80 % of the cpu requested.
    pub metrics: Vec<Metric>,
    /// How fast it may go up and down.
    pub behavior: Option<Behavior>,
}

fields! {
    HorizontalPodAutoscalerSpec:
    scale_target_ref "scaleTargetRef",
    min_replicas "minReplicas",
    max_replicas "!maxReplicas",
    metrics "metrics",
    behavior "behavior",
}

/// An object of the same namespace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CrossVersionObjectReference {
    /// As `Deployment`.
    pub kind: Str,
    /// Its name.
    pub name: Str,
    /// As `apps/v1`.
    pub api_version: Str,
}

fields! {
    CrossVersionObjectReference:
    kind "!kind",
    name "!name",
    api_version "apiVersion",
}

/// A metric with its target (`MetricSpec`), or with its present value (`MetricStatus`). One source is set, as `kind` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metric {
    /// `Resource`, `ContainerResource`, `Pods`, `Object`, `External`; empty in the status of a metric that could not be had.
    pub kind: Str,
    /// cpu or memory of all containers of a pod.
    pub resource: Option<MetricSource>,
    /// cpu or memory of one container of each pod.
    pub container_resource: Option<MetricSource>,
    /// A metric of each pod, from the custom metrics API.
    pub pods: Option<MetricSource>,
    /// A metric of another object, from the custom metrics API.
    pub object: Option<MetricSource>,
    /// A metric of something outside, from the external metrics API.
    pub external: Option<MetricSource>,
}

fields! {
    Metric:
    kind "!type",
    resource "resource",
    container_resource "containerResource",
    pods "pods",
    object "object",
    external "external",
}

impl Metric {
    /// The source that is set.
    pub fn source(&self) -> Option<&MetricSource> {
        match &*self.kind {
            "Resource" => self.resource.as_ref(),
            "ContainerResource" => self.container_resource.as_ref(),
            "Pods" => self.pods.as_ref(),
            "Object" => self.object.as_ref(),
            "External" => self.external.as_ref(),
            _ => None,
        }
    }

    /// A metric with one source.
    pub fn with_source(kind: &str, source: MetricSource) -> Metric {
        let mut metric = Metric { kind: kind.into(), ..Metric::default() };
        let slot = match kind {
            "Resource" => &mut metric.resource,
            "ContainerResource" => &mut metric.container_resource,
            "Pods" => &mut metric.pods,
            "Object" => &mut metric.object,
            _ => &mut metric.external,
        };
        *slot = Some(source);
        metric
    }
}

/// Where a metric comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetricSource {
    /// `Resource`, `ContainerResource`: `cpu` or `memory`.
    pub name: Str,
    /// `ContainerResource`: which one.
    pub container: Str,
    /// `Pods`, `Object`, `External`: its name.
    pub metric: Option<MetricIdentifier>,
    /// `Object`: which one.
    pub described_object: Option<CrossVersionObjectReference>,
    /// In a spec.
    pub target: Option<MetricValue>,
    /// In a status.
    pub current: Option<MetricValue>,
}

fields! {
    MetricSource:
    name "name",
    container "container",
    metric "metric",
    described_object "describedObject",
    target "target",
    current "current",
}

/// The name of a custom or external metric.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetricIdentifier {
    /// Its name.
    pub name: Str,
    /// Which of several with this name.
    pub selector: Option<LabelSelector>,
}

fields! {
    MetricIdentifier:
    name "!name",
    selector "selector",
}

/// What a metric shall be, or is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetricValue {
    /// In a target: `Utilization`, `Value`, `AverageValue`.
    pub kind: Str,
    /// In all.
    pub value: Option<Quantity>,
    /// Per pod.
    pub average_value: Option<Quantity>,
    /// Per pod, in per cent of what it requests.
    pub average_utilization: Option<i32>,
}

fields! {
    MetricValue:
    kind "type",
    value "value",
    average_value "averageValue",
    average_utilization "averageUtilization",
}

/// How fast an autoscaler may go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Behavior {
    /// Default: no window; at most 4 pods or 100 % in 15 s, whichever is more.
    pub scale_up: Option<ScalingRules>,
    /// Default: the highest recommendation of the last 300 s; any number of pods.
    pub scale_down: Option<ScalingRules>,
}

fields! {
    Behavior:
    scale_up "scaleUp",
    scale_down "scaleDown",
}

/// Rules for one direction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScalingRules {
    /// Recommendations of this time are considered: up goes to the lowest, down to the highest.
    pub stabilization_window_seconds: Option<i32>,
    /// Which policy counts: `Max` (default), `Min`, `Disabled`.
    pub select_policy: Option<Str>,
    /// How much in how long.
    pub policies: Vec<ScalingPolicy>,
    /// How far off its target a metric may be without any act; default 0.1.
    pub tolerance: Option<Quantity>,
}

fields! {
    ScalingRules:
    stabilization_window_seconds "stabilizationWindowSeconds",
    select_policy "selectPolicy",
    policies "policies",
    tolerance "tolerance",
}

/// How much in how long.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScalingPolicy {
    /// `Pods`, `Percent`.
    pub kind: Str,
    /// So many, or so many per cent.
    pub value: i32,
    /// In this time.
    pub period_seconds: i32,
}

fields! {
    ScalingPolicy:
    kind "!type",
    value "!value",
    period_seconds "!periodSeconds",
}

/// `status` of a HorizontalPodAutoscaler.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HorizontalPodAutoscalerStatus {
    /// Kept, not simulated: the controller does not write it.
    pub observed_generation: Option<i64>,
    /// When it changed the size last.
    pub last_scale_time: Option<Timestamp>,
    /// The size it saw.
    pub current_replicas: i32,
    /// The size it asked for.
    pub desired_replicas: i32,
    /// One for each metric of the spec; none before the first look.
    pub current_metrics: Vec<Metric>,
    /// `AbleToScale`, `ScalingActive`, `ScalingLimited`.
    pub conditions: Vec<AutoscalerCondition>,
}

fields! {
    HorizontalPodAutoscalerStatus:
    observed_generation "observedGeneration",
    last_scale_time "lastScaleTime",
    current_replicas "currentReplicas",
    desired_replicas "!desiredReplicas",
    current_metrics "?currentMetrics",
    conditions "conditions",
}

/// A condition of a HorizontalPodAutoscaler.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AutoscalerCondition {
    /// `AbleToScale`, `ScalingActive`, `ScalingLimited`.
    pub kind: Str,
    /// `True`, `False`, `Unknown`.
    pub status: Str,
    /// Last change of `status`.
    pub last_transition_time: Option<Timestamp>,
    /// One word.
    pub reason: Str,
    /// A sentence.
    pub message: Str,
}

fields! {
    AutoscalerCondition:
    kind "!type",
    status "!status",
    last_transition_time "lastTransitionTime",
    reason "reason",
    message "message",
}
