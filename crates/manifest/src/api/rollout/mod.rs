//! `argoproj.io/v1alpha1`: Rollout. Source: argo-rollouts v1.8, pkg/apis/rollouts/v1alpha1/types.go. Fields that are plain
//! values here are kept and not simulated.

mod status;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use status::{
    BlueGreenStatus, CanaryStatus, PauseCondition, RolloutAnalysisRunStatus, RolloutStatus, TrafficWeights,
    WeightDestination,
};

use super::meta::{IntOrString, LabelSelector, ObjectMeta, Str, StrMap, Timestamp};
use super::pod::PodTemplateSpec;
use crate::codec::fields;
use crate::value::Value;

/// The name of the plugin that writes weights into HTTPRoutes (argoproj-labs/rollouts-plugin-trafficrouter-gatewayapi).
pub const GATEWAY_PLUGIN: &str = "argoproj-labs/gatewayAPI";

/// A Rollout: as a Deployment, with blue-green and canary strategies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rollout {
    /// Name, labels, owner.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: RolloutSpec,
    /// What the controller saw last.
    pub status: RolloutStatus,
}

fields! {
    Rollout:
    metadata "metadata",
    spec "spec",
    status "status",
}

/// `spec` of a Rollout.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RolloutSpec {
    /// Wanted pods; default 1.
    pub replicas: Option<i32>,
    /// Which pods belong to it.
    pub selector: Option<LabelSelector>,
    /// The pods to make.
    pub template: Arc<PodTemplateSpec>,
    /// A workload whose template is taken; then `template` is empty.
    pub workload_ref: Option<WorkloadRef>,
    /// Seconds a pod must be ready to count as available; default 0.
    pub min_ready_seconds: i32,
    /// How a new template takes the place of the old one.
    pub strategy: RolloutStrategy,
    /// Old ReplicaSets kept; default 10.
    pub revision_history_limit: Option<i32>,
    /// No progress while true.
    pub paused: bool,
    /// Seconds without progress until Progressing becomes False; default 600.
    pub progress_deadline_seconds: Option<i32>,
    /// Whether the end of that time aborts the update.
    pub progress_deadline_abort: bool,
    /// Pods older than this are deleted, one after the other.
    pub restart_at: Option<Timestamp>,
    /// How many AnalysisRuns are kept.
    pub analysis: Option<AnalysisRunStrategy>,
    /// Rolling back to one of the last revisions skips the steps.
    pub rollback_window: Option<RollbackWindow>,
}

fields! {
    RolloutSpec:
    replicas "replicas",
    selector "selector",
    template "template",
    workload_ref "workloadRef",
    min_ready_seconds "minReadySeconds",
    strategy "strategy",
    revision_history_limit "revisionHistoryLimit",
    paused "paused",
    progress_deadline_seconds "progressDeadlineSeconds",
    progress_deadline_abort "progressDeadlineAbort",
    restart_at "restartAt",
    analysis "analysis",
    rollback_window "rollbackWindow",
}

/// `workloadRef`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkloadRef {
    /// As in `apiVersion: apps/v1`.
    pub api_version: Str,
    /// `Deployment`, `ReplicaSet` or `PodTemplate`.
    pub kind: Str,
    /// Its name.
    pub name: Str,
    /// `never`, `onsuccess` or `progressively`: what becomes of a Deployment; default never.
    pub scale_down: Str,
}

fields! {
    WorkloadRef:
    api_version "apiVersion",
    kind "kind",
    name "name",
    scale_down "scaleDown",
}

/// How many AnalysisRuns are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnalysisRunStrategy {
    /// Successful ones; default 5.
    pub successful_run_history_limit: Option<i32>,
    /// Others; default 5.
    pub unsuccessful_run_history_limit: Option<i32>,
}

fields! {
    AnalysisRunStrategy:
    successful_run_history_limit "successfulRunHistoryLimit",
    unsuccessful_run_history_limit "unsuccessfulRunHistoryLimit",
}

/// `rollbackWindow`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RollbackWindow {
    /// How many revisions back.
    pub revisions: i32,
}

fields! {
    RollbackWindow:
    revisions "revisions",
}

/// `strategy`: exactly one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RolloutStrategy {
    /// Two complete sets of pods; traffic is switched at once.
    pub blue_green: Option<BlueGreenStrategy>,
    /// The new version takes over step by step.
    pub canary: Option<CanaryStrategy>,
}

fields! {
    RolloutStrategy:
    blue_green "blueGreen",
    canary "canary",
}

/// `strategy.blueGreen`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BlueGreenStrategy {
    /// The Service that users reach.
    pub active_service: Str,
    /// The Service that leads to the new version before it is promoted.
    pub preview_service: Str,
    /// Pods of the new version before it is promoted; default: all.
    pub preview_replica_count: Option<i32>,
    /// Whether it is promoted by itself; default true.
    pub auto_promotion_enabled: Option<bool>,
    /// Seconds to wait before that.
    pub auto_promotion_seconds: i32,
    /// Pods that may be missing while pods are restarted.
    pub max_unavailable: Option<IntOrString>,
    /// Seconds the old pods stay after the switch; default 30.
    pub scale_down_delay_seconds: Option<i32>,
    /// How many old ReplicaSets may stay for that long.
    pub scale_down_delay_revision_limit: Option<i32>,
    /// Measured before the switch.
    pub pre_promotion_analysis: Option<RolloutAnalysis>,
    /// Measured after the switch.
    pub post_promotion_analysis: Option<RolloutAnalysis>,
    /// Keeps the new pods from the nodes of the old ones.
    pub anti_affinity: Option<AntiAffinity>,
    /// Labels and annotations of the new version's pods, until it is promoted.
    pub preview_metadata: Option<PodTemplateMetadata>,
    /// Those of the pods of the active version.
    pub active_metadata: Option<PodTemplateMetadata>,
    /// Seconds the new pods stay after an abort; default 30; 0: for ever.
    pub abort_scale_down_delay_seconds: Option<i32>,
}

fields! {
    BlueGreenStrategy:
    active_service "activeService",
    preview_service "previewService",
    preview_replica_count "previewReplicaCount",
    auto_promotion_enabled "autoPromotionEnabled",
    auto_promotion_seconds "autoPromotionSeconds",
    max_unavailable "maxUnavailable",
    scale_down_delay_seconds "scaleDownDelaySeconds",
    scale_down_delay_revision_limit "scaleDownDelayRevisionLimit",
    pre_promotion_analysis "prePromotionAnalysis",
    post_promotion_analysis "postPromotionAnalysis",
    anti_affinity "antiAffinity",
    preview_metadata "previewMetadata",
    active_metadata "activeMetadata",
    abort_scale_down_delay_seconds "abortScaleDownDelaySeconds",
}

/// `strategy.canary`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CanaryStrategy {
    /// The Service of the new version.
    pub canary_service: Str,
    /// The Service of the old version.
    pub stable_service: Str,
    /// What happens, one after the other; none: as a rolling update.
    pub steps: Vec<CanaryStep>,
    /// Who divides the traffic; none: the number of pods does.
    pub traffic_routing: Option<TrafficRouting>,
    /// Pods that may be missing; default 25%.
    pub max_unavailable: Option<IntOrString>,
    /// Pods that may be extra; default 25%.
    pub max_surge: Option<IntOrString>,
    /// Measured in the background, all the time.
    pub analysis: Option<RolloutAnalysis>,
    /// Keeps the new pods from the nodes of the old ones.
    pub anti_affinity: Option<AntiAffinity>,
    /// Labels and annotations of the new version's pods, as long as it is the canary.
    pub canary_metadata: Option<PodTemplateMetadata>,
    /// Those of the pods of the stable version.
    pub stable_metadata: Option<PodTemplateMetadata>,
    /// Seconds the old pods stay after the last step, with traffic routing; default 30.
    pub scale_down_delay_seconds: Option<i32>,
    /// How many old ReplicaSets may stay for that long.
    pub scale_down_delay_revision_limit: Option<i32>,
    /// Seconds the new pods stay after an abort, with traffic routing; default 30; 0: for ever.
    pub abort_scale_down_delay_seconds: Option<i32>,
    /// Whether the old pods go as the weight of the new version grows.
    pub dynamic_stable_scale: bool,
    /// Not simulated.
    pub ping_pong: Value,
    /// Pods that each side has at least, if it has any, with traffic routing.
    pub min_pods_per_replica_set: Option<i32>,
}

fields! {
    CanaryStrategy:
    canary_service "canaryService",
    stable_service "stableService",
    steps "steps",
    traffic_routing "trafficRouting",
    max_unavailable "maxUnavailable",
    max_surge "maxSurge",
    analysis "analysis",
    anti_affinity "antiAffinity",
    canary_metadata "canaryMetadata",
    stable_metadata "stableMetadata",
    scale_down_delay_seconds "scaleDownDelaySeconds",
    scale_down_delay_revision_limit "scaleDownDelayRevisionLimit",
    abort_scale_down_delay_seconds "abortScaleDownDelaySeconds",
    dynamic_stable_scale "dynamicStableScale",
    ping_pong "pingPong",
    min_pods_per_replica_set "minPodsPerReplicaSet",
}

/// Labels and annotations that pods have for a time (ephemeral metadata).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodTemplateMetadata {
    /// Labels.
    pub labels: BTreeMap<Str, Str>,
    /// Annotations.
    pub annotations: BTreeMap<Str, Str>,
}

fields! {
    PodTemplateMetadata:
    labels "labels",
    annotations "annotations",
}

/// `antiAffinity`: exactly one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AntiAffinity {
    /// It adds to the score of nodes.
    pub preferred: Option<PreferredAntiAffinity>,
    /// It must hold; there is nothing more to say, so it is an empty map.
    pub required: Value,
}

fields! {
    AntiAffinity:
    preferred "preferredDuringSchedulingIgnoredDuringExecution",
    required "requiredDuringSchedulingIgnoredDuringExecution",
}

/// `antiAffinity.preferredDuringSchedulingIgnoredDuringExecution`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PreferredAntiAffinity {
    /// 1 to 100.
    pub weight: i32,
}

fields! {
    PreferredAntiAffinity:
    weight "!weight",
}

/// A route that steps may make, and that goes with the end of the update.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ManagedRoute {
    /// Its name.
    pub name: Str,
}

fields! {
    ManagedRoute:
    name "!name",
}

/// `setHeaderRoute`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SetHeaderRoute {
    /// One of the managed routes.
    pub name: Str,
    /// All of these must hold; none: the route goes.
    pub matches: Vec<HeaderRoutingMatch>,
}

fields! {
    SetHeaderRoute:
    name "name",
    matches "match",
}

/// A header, and what it must be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeaderRoutingMatch {
    /// Its name.
    pub header_name: Str,
    /// Its value.
    pub header_value: Option<StringMatch>,
}

fields! {
    HeaderRoutingMatch:
    header_name "!headerName",
    header_value "headerValue",
}

/// What a text must be: exactly one of the three.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StringMatch {
    /// The whole of it.
    pub exact: Str,
    /// Its beginning.
    pub prefix: Str,
    /// A regular expression.
    pub regex: Str,
}

fields! {
    StringMatch:
    exact "exact",
    prefix "prefix",
    regex "regex",
}

/// One step of a canary.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CanaryStep {
    /// Percent of the traffic (or, without traffic routing, of the pods) that the new version gets.
    pub set_weight: Option<i32>,
    /// Wait.
    pub pause: Option<RolloutPause>,
    /// Not simulated.
    pub experiment: Value,
    /// Measure, and go on if all is well.
    pub analysis: Option<RolloutAnalysis>,
    /// Pods of the new version, whatever its weight.
    pub set_canary_scale: Option<SetCanaryScale>,
    /// Requests with these headers go to the new version.
    pub set_header_route: Option<SetHeaderRoute>,
    /// Not simulated.
    pub set_mirror_route: Value,
    /// Not simulated.
    pub plugin: Value,
}

fields! {
    CanaryStep:
    set_weight "setWeight",
    pause "pause",
    experiment "experiment",
    analysis "analysis",
    set_canary_scale "setCanaryScale",
    set_header_route "setHeaderRoute",
    set_mirror_route "setMirrorRoute",
    plugin "plugin",
}

impl CanaryStep {
    /// A step in words (`CanaryStepString`).
    pub fn words(&self) -> String {
        if let Some(weight) = self.set_weight {
            return format!("setWeight: {weight}");
        }
        if let Some(pause) = &self.pause {
            return pause
                .duration
                .as_ref()
                .map_or("pause".to_owned(), |duration| format!("pause: {duration}"));
        }
        if !self.experiment.is_null() {
            return "experiment".to_owned();
        }
        if self.analysis.is_some() {
            return "analysis".to_owned();
        }
        match &self.set_canary_scale {
            Some(SetCanaryScale { weight: Some(weight), .. }) => {
                format!("setCanaryScale{{weight: {weight}}}")
            }
            Some(SetCanaryScale { match_traffic_weight: true, .. }) => {
                "setCanaryScale{matchTrafficWeight: true}".to_owned()
            }
            Some(SetCanaryScale { replicas: Some(replicas), .. }) => {
                format!("setCanaryScale{{replicas: {replicas}}}")
            }
            _ => "invalid".to_owned(),
        }
    }
}

/// `pause`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RolloutPause {
    /// Seconds, or a duration such as `10m`; none: until a person promotes it.
    pub duration: Option<IntOrString>,
}

fields! {
    RolloutPause:
    duration "duration",
}

impl RolloutPause {
    /// `DurationSeconds`: 0 without a duration, -1 if it is none.
    pub fn seconds(&self) -> i64 {
        match &self.duration {
            None => 0,
            Some(IntOrString::Int(seconds)) => i64::from(*seconds),
            Some(IntOrString::String(text)) => match text.parse::<i32>() {
                Ok(seconds) => i64::from(seconds),
                Err(_) => crate::duration::parse_go(text).map_or(-1, |micros| micros.div_euclid(1_000_000)),
            },
        }
    }
}

/// `setCanaryScale`: one of the three.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SetCanaryScale {
    /// Percent of `spec.replicas`.
    pub weight: Option<i32>,
    /// Pods.
    pub replicas: Option<i32>,
    /// As many as the weight of the traffic says, again.
    pub match_traffic_weight: bool,
}

fields! {
    SetCanaryScale:
    weight "weight",
    replicas "replicas",
    match_traffic_weight "matchTrafficWeight",
}

/// `trafficRouting`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrafficRouting {
    /// An Ingress of ingress-nginx.
    pub nginx: Option<NginxTrafficRouting>,
    /// By name of the plugin.
    pub plugins: BTreeMap<Str, Value>,
    /// What a weight of 100 % is called; default 100.
    pub max_traffic_weight: Option<i32>,
    /// Routes that steps may make.
    pub managed_routes: Vec<ManagedRoute>,
    /// Not simulated.
    pub istio: Value,
    /// Not simulated.
    pub alb: Value,
    /// Not simulated.
    pub smi: Value,
    /// Not simulated.
    pub ambassador: Value,
    /// Not simulated.
    pub app_mesh: Value,
    /// Not simulated.
    pub traefik: Value,
    /// Not simulated.
    pub apisix: Value,
}

fields! {
    TrafficRouting:
    nginx "nginx",
    plugins "plugins",
    max_traffic_weight "maxTrafficWeight",
    managed_routes "managedRoutes",
    istio "istio",
    alb "alb",
    smi "smi",
    ambassador "ambassador",
    app_mesh "appMesh",
    traefik "traefik",
    apisix "apisix",
}

/// `trafficRouting.nginx`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NginxTrafficRouting {
    /// Before the names of annotations; default `nginx.ingress.kubernetes.io`.
    pub annotation_prefix: Str,
    /// The Ingress that leads to the stable Service.
    pub stable_ingress: Str,
    /// Several of them.
    pub stable_ingresses: Vec<Str>,
    /// More annotations for the canary Ingress.
    pub additional_ingress_annotations: StrMap,
}

fields! {
    NginxTrafficRouting:
    annotation_prefix "annotationPrefix",
    stable_ingress "stableIngress",
    stable_ingresses "stableIngresses",
    additional_ingress_annotations "additionalIngressAnnotations",
}

impl NginxTrafficRouting {
    /// The stable Ingresses.
    pub fn ingresses(&self) -> &[Str] {
        if self.stable_ingresses.is_empty() {
            std::slice::from_ref(&self.stable_ingress)
        } else {
            &self.stable_ingresses
        }
    }
}

/// Which analysis to run, and with what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RolloutAnalysis {
    /// AnalysisTemplates.
    pub templates: Vec<AnalysisTemplateRef>,
    /// Values of their arguments.
    pub args: Vec<AnalysisRunArgument>,
    /// Metrics whose result does not count.
    pub dry_run: Vec<DryRun>,
    /// Not simulated.
    pub measurement_retention: Value,
    /// Not simulated.
    pub analysis_run_metadata: Value,
    /// Of an analysis in the background: the step with which it begins.
    pub starting_step: Option<i32>,
}

fields! {
    RolloutAnalysis:
    templates "templates",
    args "args",
    dry_run "dryRun",
    measurement_retention "measurementRetention",
    analysis_run_metadata "analysisRunMetadata",
    starting_step "startingStep",
}

/// An AnalysisTemplate by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnalysisTemplateRef {
    /// Its name.
    pub template_name: Str,
    /// Whether it is a ClusterAnalysisTemplate.
    pub cluster_scope: bool,
}

fields! {
    AnalysisTemplateRef:
    template_name "templateName",
    cluster_scope "clusterScope",
}

/// The value of an argument.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnalysisRunArgument {
    /// Its name.
    pub name: Str,
    /// Its value.
    pub value: Str,
    /// Or where to take it from.
    pub value_from: Option<ArgumentValueFrom>,
}

fields! {
    AnalysisRunArgument:
    name "name",
    value "value",
    value_from "valueFrom",
}

/// Where to take the value of an argument from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArgumentValueFrom {
    /// `Stable` or `Latest`: the hash of that ReplicaSet.
    pub pod_template_hash_value: Str,
    /// A field of the Rollout.
    pub field_ref: Option<ArgumentFieldRef>,
}

fields! {
    ArgumentValueFrom:
    pod_template_hash_value "podTemplateHashValue",
    field_ref "fieldRef",
}

/// A field by its path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArgumentFieldRef {
    /// As in `metadata.labels['region']`.
    pub field_path: Str,
}

fields! {
    ArgumentFieldRef:
    field_path "fieldPath",
}

/// A metric whose result does not count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DryRun {
    /// Its name, or an expression that matches names.
    pub metric_name: Str,
}

fields! {
    DryRun:
    metric_name "metricName",
}
