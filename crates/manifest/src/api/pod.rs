//! `v1`: Pod and what it is made of. Source: k8s.io/api/core/v1, Kubernetes v1.36.
//! Fields whose content is kept and printed but not acted on are plain [`Value`]s.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::meta::{
    LabelSelector, LabelSelectorRequirement, ObjectMeta, Str, Timestamp, is_false, is_zero, is_zero_i32,
    str_is_empty,
};
use crate::quantity::Quantity;
use crate::value::Value;

/// Amounts by resource name, such as `cpu: 250m`.
pub type ResourceList = BTreeMap<Str, Quantity>;

/// A Pod: containers that are scheduled, started and ended together on one node.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Pod {
    /// Name, labels, owner.
    pub metadata: ObjectMeta,
    /// What is wanted; shared by the pods of one template until one of them is bound or patched.
    pub spec: Arc<PodSpec>,
    /// What the kubelet and the scheduler say of it.
    pub status: PodStatus,
}

/// A pod to be made by a controller.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodTemplateSpec {
    /// Labels and annotations of the pods.
    pub metadata: ObjectMeta,
    /// Their spec.
    pub spec: Arc<PodSpec>,
}

/// `spec` of a Pod.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec {
    /// Volumes by name; validated, not mounted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<Value>,
    /// Run one after the other before the containers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub init_containers: Vec<Container>,
    /// At least one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<Container>,
    /// Kept, not simulated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ephemeral_containers: Vec<Value>,
    /// `Always` (default), `OnFailure`, `Never`.
    pub restart_policy: Option<Str>,
    /// Seconds between the TERM and the KILL signal; default 30.
    pub termination_grace_period_seconds: Option<i64>,
    /// Seconds the pod may run.
    pub active_deadline_seconds: Option<i64>,
    /// Default `ClusterFirst`.
    pub dns_policy: Option<Str>,
    /// Labels the node must have.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<Str, Str>,
    /// Default `default`.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub service_account_name: Str,
    /// Old name of `serviceAccountName`.
    #[serde(rename = "serviceAccount", skip_serializing_if = "str_is_empty")]
    pub service_account: Str,
    /// Kept, not simulated.
    pub automount_service_account_token: Option<bool>,
    /// Kept, not simulated.
    #[serde(skip_serializing_if = "is_false")]
    pub host_network: bool,
    /// Kept, not simulated.
    #[serde(rename = "hostPID", skip_serializing_if = "is_false")]
    pub host_pid: bool,
    /// Kept, not simulated.
    #[serde(rename = "hostIPC", skip_serializing_if = "is_false")]
    pub host_ipc: bool,
    /// Kept, not simulated.
    pub share_process_namespace: Option<bool>,
    /// Kept, not simulated.
    pub security_context: Option<Value>,
    /// Kept, not simulated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub image_pull_secrets: Vec<Value>,
    /// Kept, not simulated.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub hostname: Str,
    /// Kept, not simulated.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub subdomain: Str,
    /// Rules for choosing the node.
    pub affinity: Option<Affinity>,
    /// Default `default-scheduler`.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub scheduler_name: Str,
    /// Taints the pod accepts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,
    /// Kept, not simulated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub host_aliases: Vec<Value>,
    /// Gives `priority`.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub priority_class_name: Str,
    /// Higher is scheduled first and may preempt.
    pub priority: Option<i32>,
    /// `PreemptLowerPriority` (default) or `Never`.
    pub preemption_policy: Option<Str>,
    /// Kept, not simulated.
    pub dns_config: Option<Value>,
    /// Kept, not simulated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub readiness_gates: Vec<Value>,
    /// Kept, not simulated.
    pub runtime_class_name: Option<Str>,
    /// Kept, not simulated.
    pub enable_service_links: Option<bool>,
    /// Added to the requests.
    pub overhead: ResourceList,
    /// How evenly the pods spread over nodes, zones, ....
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub topology_spread_constraints: Vec<TopologySpreadConstraint>,
    /// Kept, not simulated.
    #[serde(rename = "setHostnameAsFQDN")]
    pub set_hostname_as_fqdn: Option<bool>,
    /// Kept, not simulated.
    pub os: Option<Value>,
    /// Kept, not simulated.
    pub host_users: Option<bool>,
    /// The scheduler waits until this is empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scheduling_gates: Vec<PodSchedulingGate>,
    /// Kept, not simulated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource_claims: Vec<Value>,
    /// Requests and limits of the whole pod.
    pub resources: Option<ResourceRequirements>,
    /// Kept, not simulated.
    pub hostname_override: Option<Str>,
    /// Kept, not simulated.
    pub scheduling_group: Option<Value>,
    /// The node the pod is bound to; set by the scheduler.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub node_name: Str,
}

/// A reason not to schedule the pod yet.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSchedulingGate {
    /// Name of the gate.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub name: Str,
}

/// A container of a pod.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    /// Unique in the pod; a DNS label.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub name: Str,
    /// Name and tag.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub image: Str,
    /// Replaces the entry point.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<Str>,
    /// Arguments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<Str>,
    /// Kept, not simulated.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub working_dir: Str,
    /// Ports it serves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<ContainerPort>,
    /// Kept, not simulated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env_from: Vec<Value>,
    /// Environment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvVar>,
    /// What it reserves and may use at most.
    pub resources: ResourceRequirements,
    /// Kept, not simulated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resize_policy: Vec<Value>,
    /// `Always` makes an init container a sidecar.
    pub restart_policy: Option<Str>,
    /// Kept, not simulated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub restart_policy_rules: Vec<Value>,
    /// Validated, not mounted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volume_mounts: Vec<Value>,
    /// Kept, not simulated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volume_devices: Vec<Value>,
    /// Failing restarts the container.
    pub liveness_probe: Option<Probe>,
    /// Failing takes the pod out of its Services.
    pub readiness_probe: Option<Probe>,
    /// Holds the others back until it succeeds.
    pub startup_probe: Option<Probe>,
    /// postStart and preStop.
    pub lifecycle: Option<Value>,
    /// Kept, not simulated.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub termination_message_path: Str,
    /// Kept, not simulated.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub termination_message_policy: Str,
    /// `Always`, `IfNotPresent`, `Never`; by the tag if not given.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub image_pull_policy: Str,
    /// Kept, not simulated.
    pub security_context: Option<Value>,
    /// Kept, not simulated.
    #[serde(skip_serializing_if = "is_false")]
    pub stdin: bool,
    /// Kept, not simulated.
    #[serde(skip_serializing_if = "is_false")]
    pub stdin_once: bool,
    /// Kept, not simulated.
    #[serde(skip_serializing_if = "is_false")]
    pub tty: bool,
}

/// A port a container serves.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerPort {
    /// For named target ports.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub name: Str,
    /// A port of the node; 0: none.
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub host_port: i32,
    /// 1 to 65535.
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub container_port: i32,
    /// `TCP` (default), `UDP`, `SCTP`.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub protocol: Str,
    /// Kept, not simulated.
    #[serde(rename = "hostIP", skip_serializing_if = "str_is_empty")]
    pub host_ip: Str,
}

/// An environment variable.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnvVar {
    /// Printable ASCII without `=`.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub name: Str,
    /// Its text.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub value: Str,
    /// Where the text comes from.
    pub value_from: Option<Value>,
}

/// Requests and limits.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceRequirements {
    /// May use at most.
    pub limits: ResourceList,
    /// Reserved on the node.
    pub requests: ResourceList,
    /// Kept, not simulated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Value>,
}

/// A check of a container.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Probe {
    /// Run a command.
    pub exec: Option<Value>,
    /// GET a path.
    pub http_get: Option<Value>,
    /// Connect.
    pub tcp_socket: Option<Value>,
    /// Ask over gRPC.
    pub grpc: Option<Value>,
    /// Seconds after start.
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub initial_delay_seconds: i32,
    /// Default 1.
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub timeout_seconds: i32,
    /// Default 10.
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub period_seconds: i32,
    /// Default 1.
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub success_threshold: i32,
    /// Default 3.
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub failure_threshold: i32,
    /// Kept, not simulated.
    pub termination_grace_period_seconds: Option<i64>,
}

/// A taint the pod accepts.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Toleration {
    /// Empty with `Exists`: all.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub key: Str,
    /// `Equal` (default) or `Exists`.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub operator: Str,
    /// For `Equal`.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub value: Str,
    /// Empty: all effects.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub effect: Str,
    /// How long a NoExecute taint is accepted; none: for ever.
    pub toleration_seconds: Option<i64>,
}

/// Rules for choosing a node.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Affinity {
    /// By labels of the node.
    pub node_affinity: Option<NodeAffinity>,
    /// Near pods.
    pub pod_affinity: Option<PodAffinity>,
    /// Away from pods.
    pub pod_anti_affinity: Option<PodAffinity>,
}

/// By labels of the node.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeAffinity {
    /// Must hold.
    pub required_during_scheduling_ignored_during_execution: Option<NodeSelector>,
    /// Adds to the score.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub preferred_during_scheduling_ignored_during_execution: Vec<PreferredSchedulingTerm>,
}

/// Any of the terms.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSelector {
    /// Any of them.
    pub node_selector_terms: Vec<NodeSelectorTerm>,
}

/// All of the requirements.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSelectorTerm {
    /// By labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<LabelSelectorRequirement>,
    /// By `metadata.name`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub match_fields: Vec<LabelSelectorRequirement>,
}

/// A weighted term.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PreferredSchedulingTerm {
    /// 1 to 100.
    pub weight: i32,
    /// The term.
    pub preference: NodeSelectorTerm,
}

/// Near to, or away from, pods.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodAffinity {
    /// Must hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub required_during_scheduling_ignored_during_execution: Vec<PodAffinityTerm>,
    /// Adds to the score.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub preferred_during_scheduling_ignored_during_execution: Vec<WeightedPodAffinityTerm>,
}

/// A weighted term.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WeightedPodAffinityTerm {
    /// 1 to 100.
    pub weight: i32,
    /// The term.
    pub pod_affinity_term: PodAffinityTerm,
}

/// Pods, and what counts as the same place.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodAffinityTerm {
    /// Which pods.
    pub label_selector: Option<LabelSelector>,
    /// Default: the own one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<Str>,
    /// Node label whose equal values are one place.
    pub topology_key: Str,
    /// More namespaces.
    pub namespace_selector: Option<LabelSelector>,
    /// Keys taken from the own labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub match_label_keys: Vec<Str>,
    /// Keys that must differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mismatch_label_keys: Vec<Str>,
}

/// How evenly the pods spread.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TopologySpreadConstraint {
    /// Largest difference allowed; at least 1.
    pub max_skew: i32,
    /// Node label of the domains.
    pub topology_key: Str,
    /// `DoNotSchedule` or `ScheduleAnyway`.
    pub when_unsatisfiable: Str,
    /// Which pods are counted.
    pub label_selector: Option<LabelSelector>,
    /// Least number of domains.
    pub min_domains: Option<i32>,
    /// Default `Honor`.
    pub node_affinity_policy: Option<Str>,
    /// Default `Ignore`.
    pub node_taints_policy: Option<Str>,
    /// Keys taken from the own labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub match_label_keys: Vec<Str>,
}

/// `status` of a Pod.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodStatus {
    /// The generation the kubelet has seen.
    #[serde(skip_serializing_if = "is_zero")]
    pub observed_generation: i64,
    /// Where the pod is in its life.
    pub phase: Phase,
    /// PodScheduled, Initialized, ContainersReady, Ready, ....
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<PodCondition>,
    /// For people.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub message: Str,
    /// For programs, as `Evicted`.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub reason: Str,
    /// Where a preemption makes room.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub nominated_node_name: Str,
    /// Address of the node.
    #[serde(rename = "hostIP", skip_serializing_if = "str_is_empty")]
    pub host_ip: Str,
    /// Kept, not simulated.
    #[serde(rename = "hostIPs", skip_serializing_if = "Vec::is_empty")]
    pub host_ips: Vec<Value>,
    /// Address of the pod.
    #[serde(rename = "podIP", skip_serializing_if = "str_is_empty")]
    pub pod_ip: Str,
    /// Kept, not simulated.
    #[serde(rename = "podIPs", skip_serializing_if = "Vec::is_empty")]
    pub pod_ips: Vec<Value>,
    /// When the kubelet saw it.
    pub start_time: Option<Timestamp>,
    /// By init container.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub init_container_statuses: Vec<ContainerStatus>,
    /// By container.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub container_statuses: Vec<ContainerStatus>,
    /// `Guaranteed`, `Burstable`, `BestEffort`.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub qos_class: Str,
}

/// Where a pod is in its life.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize,
)]
pub enum Phase {
    /// Not all containers have been started.
    #[default]
    Pending,
    /// Bound, and at least one container runs or is being restarted.
    Running,
    /// All containers ended well and are not restarted.
    Succeeded,
    /// All containers ended, at least one badly.
    Failed,
    /// The node does not answer.
    Unknown,
}

/// A condition of a Pod.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodCondition {
    /// `Ready`, `PodScheduled`, ....
    #[serde(rename = "type")]
    pub kind: Str,
    /// `True`, `False`, `Unknown`.
    pub status: Str,
    /// One word.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub reason: Str,
    /// A sentence.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub message: Str,
    /// Last change of the status.
    pub last_transition_time: Option<Timestamp>,
    /// The generation it speaks of.
    #[serde(skip_serializing_if = "is_zero")]
    pub observed_generation: i64,
}

/// State of one container.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerStatus {
    /// Of the container.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub name: Str,
    /// Now.
    pub state: ContainerState,
    /// Before the last restart.
    pub last_state: ContainerState,
    /// Whether it passes its readiness probe.
    pub ready: bool,
    /// How often it was restarted.
    pub restart_count: i32,
    /// The image it runs.
    pub image: Str,
    /// Its digest.
    #[serde(rename = "imageID")]
    pub image_id: Str,
    /// Of the runtime.
    #[serde(rename = "containerID", skip_serializing_if = "str_is_empty")]
    pub container_id: Str,
    /// Startup probe passed.
    pub started: Option<bool>,
}

/// One of the three, or none: waiting.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerState {
    /// Not running, will be.
    pub waiting: Option<ContainerStateWaiting>,
    /// Running.
    pub running: Option<ContainerStateRunning>,
    /// Ended.
    pub terminated: Option<ContainerStateTerminated>,
}

/// Not running yet.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerStateWaiting {
    /// `ContainerCreating`, `CrashLoopBackOff`, `ImagePullBackOff`, ....
    #[serde(skip_serializing_if = "str_is_empty")]
    pub reason: Str,
    /// A sentence.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub message: Str,
}

/// Running.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerStateRunning {
    /// Since.
    pub started_at: Option<Timestamp>,
}

/// Ended.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerStateTerminated {
    /// 0: well.
    pub exit_code: i32,
    /// The signal.
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub signal: i32,
    /// `Completed`, `Error`, `OOMKilled`.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub reason: Str,
    /// A sentence.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub message: Str,
    /// From.
    pub started_at: Option<Timestamp>,
    /// To.
    pub finished_at: Option<Timestamp>,
    /// Of the runtime.
    #[serde(rename = "containerID", skip_serializing_if = "str_is_empty")]
    pub container_id: Str,
}
